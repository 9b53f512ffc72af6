/* SPDX-License-Identifier: Apache-2.0
 *
 * The event queue of virtual time. Order: time, then class, then the order of pushing, so that
 * equal times are decided by rule and never by the shape of a heap. Events can be cancelled.
 */
#ifndef WEIR_SIM_KERNEL_QUEUE_H
#define WEIR_SIM_KERNEL_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/time.h"

/* Of things due at the same instant: faults strike first, then what arrives, then the data plane,
 * then nodes' own timers, and observers look last. */
enum sim_class {
    SIM_CLASS_FAULT,
    SIM_CLASS_DELIVERY,
    SIM_CLASS_DATA,
    SIM_CLASS_WAKE,
    SIM_CLASS_OBSERVE,
    SIM_CLASS_COUNT
};

typedef void sim_action(void *context, uint64_t a, uint64_t b);

struct sim_handle {
    uint32_t slot, generation; /* zeroed: nothing */
};

struct sim_queue;

struct sim_queue *sim_queue_create(void);
void sim_queue_destroy(struct sim_queue *queue);
/* What is due at TIME_NEVER, beyond the end of time, never happens: nothing is pushed, and the
 * handle is that of nothing. */
struct sim_handle sim_queue_push(struct sim_queue *queue, time_ns at, enum sim_class class,
                                 sim_action *action, void *context, uint64_t a, uint64_t b);
/* The same, but by `rank` instead of the order of pushing among equal time and class: for events
 * whose order must not depend on when they were planned. Below 2^37, and unique there. */
struct sim_handle sim_queue_push_ranked(struct sim_queue *queue, time_ns at, enum sim_class class,
                                        uint64_t rank, sim_action *action, void *context,
                                        uint64_t a, uint64_t b);
/* Fine for what has run or was cancelled; the handle is zeroed. */
void sim_queue_cancel(struct sim_queue *queue, struct sim_handle *handle);
time_ns sim_queue_now(const struct sim_queue *queue); /* time of the event being run */
/* Where that is read from, for as long as the queue lives: for those who ask in every event. */
const time_ns *sim_queue_clock(const struct sim_queue *queue);
uint64_t sim_queue_run_count(const struct sim_queue *queue); /* events run so far */
/* Runs the next event if it is due at `until` or before; else moves now to `until` and says false.
 */
bool sim_queue_run_one(struct sim_queue *queue, time_ns until);

#endif
