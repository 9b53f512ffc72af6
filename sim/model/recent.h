/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues whose load has changed a short while ago: in, the stays at a vertex as they are in the
 * long run, and the load's last steps; out, the stays as they are by now. Nothing is kept between
 * two looks, and queues that have had the time are left as they are.
 */
#ifndef WEIR_SIM_MODEL_RECENT_H
#define WEIR_SIM_MODEL_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/time.h"

struct component;
struct model;
struct model_job;
struct model_vertex;
struct stays;

/* What was before that many steps is taken for what had always been. */
enum { LOAD_STEPS_MAX = 24 };

/* Of a load that stayed the same. */
struct load_step {
    time_ns since;
    double seconds;
    double part;     /* of the rate of now */
    bool held;       /* a backlog waited in front of the vertex, or of the source that it is */
    double offered;  /* held: what came per record read, until the backlog was too long to end */
    bool from_start; /* held: the backlog was there when the tasks began */
};

/* Into one vertex at one instant, newest first; found as far as some queue remembers. For whoever
 * looks at several of its queues; all zero at first. */
struct load_history {
    uint32_t found;
    struct load_step steps[LOAD_STEPS_MAX];
};

/* After stays_find, and whatever corrects waits. */
void stays_relax(const struct model *model, struct model_job *job,
                 const struct component *component, const struct model_vertex *vertex,
                 struct load_history *history, struct stays *stays);

#endif
