/* SPDX-License-Identifier: Apache-2.0
 *
 * What an incremental checkpoint stands on, in the model: a full one and what was added since. In:
 * the cuts of a job. Out: whether the next one adds to them, and to how many bytes. The rule is
 * that of core/exec/state_chain.h, for all subtasks of a vertex at once.
 */
#ifndef WEIR_SIM_MODEL_INCREMENT_H
#define WEIR_SIM_MODEL_INCREMENT_H

#include "sim/model/state.h"

struct increment {
    bool is_one;
    double records_before; /* into the vertex, at the checkpoint it adds to */
    double older, keyed;   /* bytes of all subtasks: of the files it adds to, of keyed state now */
};

/* Records into the vertex that the checkpoint's positions stand for. */
double records_at_cut(const struct model_job *job, const struct model_vertex *vertex,
                      const struct cut *cut);
/* Of this vertex in the checkpoint of this cut, which is noted there. */
struct increment increment_take(const struct model *model, struct model_job *job,
                                struct model_vertex *vertex, struct cut *cut);

#endif
