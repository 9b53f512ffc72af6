/* SPDX-License-Identifier: Apache-2.0
 *
 * What an incremental checkpoint stands on, in the model: a full one and what was added since. In:
 * the cuts of a job. Out: what a subtask writes, and what that adds to. The rule is that of
 * core/exec/state_chain.h and of core/exec/keyed_states.c, which says behind which restore.
 */
#ifndef WEIR_SIM_MODEL_INCREMENT_H
#define WEIR_SIM_MODEL_INCREMENT_H

#include "sim/model/state.h"

/* Of a vertex in a checkpoint; good until a cut is added or removed. */
struct increment {
    struct vertex_chains *chains;       /* its own */
    const struct vertex_chains *before; /* that it may build on; null: there are none */
    double records, records_before;     /* into the vertex */
};

/* Bytes of keyed state of one subtask. */
struct increment_bytes {
    double written;
    double older; /* in the files that these add to; 0: there are none */
};

/* Records into the vertex that the checkpoint's positions stand for. */
double records_at_cut(const struct model_job *job, const struct model_vertex *vertex,
                      const struct cut *cut);
struct increment increment_begin(const struct model_job *job, const struct model_vertex *vertex,
                                 struct cut *cut);
/* Once for each subtask; its chain is noted in the cut. */
struct increment_bytes increment_take(const struct model *model, const struct increment *increment,
                                      struct model_vertex *vertex, uint32_t subtask);
/* What a job that goes on with a former one's cut may build on. */
void increment_take_over(const struct model_job *job, struct cut *cut,
                         const struct model_job *former, const struct cut *theirs);

#endif
