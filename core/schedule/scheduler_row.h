/* SPDX-License-Identifier: Apache-2.0
 *
 * What a kind of scheduler is made of: the functions that scheduler.c calls when the JobMaster
 * tells something. An open set: a new kind is a file of its own and a row here
 * (docs/howto/add-a-scheduler.md). All are called with parts.effects set; what they leave in
 * `wishes` is collected after the call.
 */
#ifndef WEIR_SCHEDULE_SCHEDULER_ROW_H
#define WEIR_SCHEDULE_SCHEDULER_ROW_H

#include "core/schedule/scheduler.h"

/* Who calls what, on the way from a TaskManager's report to what the scheduler makes of it:
 *
 *   JobMaster -> scheduler_on_task_states -> scheduler_move_task -> graph, gate, coordinator, log
 *                                        \-> row->slot_left      its shared slot is empty now
 *                                         -> row->task_moved     or row->failed
 *
 * A row decides; moving, deploying, cancelling and ending are in parts.h, so that two schedulers
 * cannot differ in how they do the same thing. */
struct scheduler_row {
    const char *name; /* as jobmanager.scheduler writes it */
    void (*init)(struct scheduler *s, uint64_t seed);
    void (*fini)(struct scheduler *s);
    void (*start)(struct scheduler *s);
    void (*slots_gained)(struct scheduler *s, const struct allocation_id *gained, size_t count);
    /* The RM cannot serve the requirements, for want of so many slots. */
    void (*resources_refused)(struct scheduler *s, uint32_t missing);
    /* The task is FAILED (and counted so); or task none: the job as a whole failed. */
    void (*failed)(struct scheduler *s, struct task_id task, enum failure_cause cause);
    void (*task_moved)(struct scheduler *s, struct task_id task); /* any other move */
    void (*slot_left)(struct scheduler *s, uint32_t slot); /* its last task ended: given back */
    void (*checkpoint_ended)(struct scheduler *s, const struct checkpoint_coordinator_order *order);
    void (*cancel)(struct scheduler *s);
    MUST_CHECK struct err (*stop)(struct scheduler *s, bool drain, uint64_t token,
                                  struct note *note);
    MUST_CHECK struct err (*require)(struct scheduler *s, const struct vertex_bounds *bounds,
                                     size_t count, struct note *note);
    void (*on_timer)(struct scheduler *s, const struct timer *timer);
    void (*on_time)(struct scheduler *s);           /* clocks of its parts; after all due timers */
    time_ns (*deadline)(const struct scheduler *s); /* beside scheduler.timers */
    const char *(*state_name)(const struct scheduler *s);
    uint64_t (*hash)(const struct scheduler *s);
    void (*check)(const struct scheduler *s); /* its own part of the invariant */
};

extern const struct scheduler_row default_scheduler_row;
extern const struct scheduler_row adaptive_scheduler_row;

#endif
