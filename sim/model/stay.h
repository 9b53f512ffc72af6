/* SPDX-License-Identifier: Apache-2.0
 *
 * How long records wait at a vertex and are worked on there, from rates as they are now: one stay
 * for all subtasks that are about equally loaded. What is in the backlog of a source, in its
 * partitions or in buffers, waits there and is not counted here. See docs/model.md, latency.
 */
#ifndef WEIR_SIM_MODEL_STAY_H
#define WEIR_SIM_MODEL_STAY_H

#include "sim/model/delay.h"
#include "sim/model/queueing.h"

struct model;
struct model_job;
struct component;
struct model_vertex;

struct stays {
    VEC(struct stay) items;
    double rho, reach; /* means over the records: utilisation; wait after Poisson arrivals, alone */
    struct variation departures;
};

/* Of a vertex that records come to; after contention_now. Waits as after Poisson arrivals. */
void stays_find(const struct model *model, struct model_job *job, const struct component *component,
                struct model_vertex *vertex, struct stays *stays);
/* Corrects the waits for how regularly records arrive, which the vertices before it and the wire
 * decide. stays: by vertex of the job. */
void stays_correct(struct model *model, struct model_job *job, const struct component *component,
                   const struct model_vertex *vertex, struct stays *stays);
/* Those that hardly differ become one. */
void stays_merge(struct stays *stays);
/* Means over the records: the wait; the wait and the service. */
double stays_wait(const struct stays *stays);
double stays_mean(const struct stays *stays);

#endif
