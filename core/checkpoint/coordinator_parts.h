/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two halves of the coordinator share: coordinator.c asks when (timers, requests, the
 * queue), coordinator_pending.c does what (triggers, collects, completes, aborts). Private to both.
 */
/*
 *   periodic timer --+                   plan refuses: no number is spent
 *   user, scheduler -+-> queue -> chosen ----------> REFUSED
 *   active (2.4) ----+              |
 *                                   | TRIGGER
 *                                   v       all acknowledged              stored
 *                               TRIGGERED ------------------> FINALIZING --------> COMPLETED
 *                                   |        WRITE_METADATA       |
 *                                   +-- expired, declined, restart, not stored
 *                                   v
 *                                ABORTED, perhaps FAIL_JOB
 *
 * Every end is a chance for the queue (coordinator_choose).
 */
#ifndef WEIR_CHECKPOINT_COORDINATOR_PARTS_H
#define WEIR_CHECKPOINT_COORDINATOR_PARTS_H

#include "core/checkpoint/coordinator.h"

enum coordinator_timer {
    TIMER_TRIGGER, /* the next periodic request */
    TIMER_PLAN,    /* the chosen request's plan, "posted with no delay" */
    TIMER_EXPIRY,  /* epoch: the checkpoint's id */
    TIMER_ACTIVE,  /* retry of the active checkpoint at the end of min-pause */
};

enum { SPARE_CHECKPOINTS_MAX = 4 };

/* A chance to run for what is queued (executeQueuedRequest). */
void coordinator_choose(struct checkpoint_coordinator *coordinator, struct effects *effects);

/* `chosen` becomes a pending checkpoint, or is refused. */
void coordinator_trigger_chosen(struct checkpoint_coordinator *coordinator,
                                struct effects *effects);

/* Effects may be null: the order only, no log line. */
void coordinator_refuse(struct checkpoint_coordinator *coordinator,
                        const struct checkpoint_request *request, enum checkpoint_failure why,
                        struct effects *effects);

/* The checkpoint's time is over; it is pending, or its timer would have been cancelled. */
void coordinator_expire(struct checkpoint_coordinator *coordinator, uint64_t checkpoint,
                        struct effects *effects);
/* Ends all pending checkpoints, savepoints too, without a chance for the queue. */
void coordinator_abort_all(struct checkpoint_coordinator *coordinator, enum checkpoint_failure why,
                           struct effects *effects);
/* A checkpoint has left the store and nobody needs it any more: its files go, unless they belong to
 * somebody else. */
void coordinator_discard(struct checkpoint_coordinator *coordinator, uint64_t checkpoint);
/* The end of the job: the store is emptied, or what is in it stays for a later job. */
void coordinator_discard_all(struct checkpoint_coordinator *coordinator);
void coordinator_retain_all(struct checkpoint_coordinator *coordinator);
/* A checkpoint has completed: what it stands on stays, what nobody needs any more goes. */
void coordinator_share(struct checkpoint_coordinator *coordinator,
                       const struct pending_checkpoint *completed);
/* A savepoint that is complete goes to its asker, and on the shelf. Takes the states. */
void coordinator_keep_savepoint(struct checkpoint_coordinator *coordinator,
                                struct completed_checkpoint *take);
/* Forgets pending ones when their graph goes: orders only. */
void coordinator_drop_all(struct checkpoint_coordinator *coordinator, enum checkpoint_failure why);

#endif
