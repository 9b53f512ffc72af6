/* SPDX-License-Identifier: Apache-2.0
 *
 * The cores of a host, dealt out as a fair scheduler does it: who works has an even share of them,
 * one core at most, and the tasks of a slot that was cut to a profile no more than its cores
 * together. What some may not use goes to the others. In: tasks that begin a step and what it
 * costs. Out: when that is over.
 */
#ifndef WEIR_SIM_EXACT_CORES_H
#define WEIR_SIM_EXACT_CORES_H

#include "core/base/ids.h"
#include "core/base/time.h"

struct exact;

struct exact_slot {
    struct allocation_id allocation;
    uint32_t job, tasks, working; /* tasks: 0, the place is free */
    double cores;
};

/* The step takes so long on a core of its own; run_work_is_over is called behind it. */
void cores_begin(struct exact *exact, uint32_t task, time_ns cost);
/* It does not go on with what it has begun. */
void cores_leave(struct exact *exact, uint32_t task);
/* Its process is frozen, or goes on. */
void cores_host_changed(struct exact *exact, uint32_t host);

/* A task comes to its host, and goes. */
void cores_take_slot(struct exact *exact, uint32_t task);
void cores_leave_slot(struct exact *exact, uint32_t task);

#endif
