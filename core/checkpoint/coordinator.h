/* SPDX-License-Identifier: Apache-2.0
 *
 * The checkpoint coordinator of one job: when to trigger, what is pending, what completed, what
 * failed and whether that fails the job. Speaks in orders that the JobMaster carries out; keeps its
 * timers in a list the owner asks for its deadline. Source: Flink's CheckpointCoordinator,
 * CheckpointRequestDecider, CheckpointFailureManager; the surprises of 2.3 in docs/checkpoint.md.
 */
#ifndef WEIR_CHECKPOINT_COORDINATOR_H
#define WEIR_CHECKPOINT_COORDINATOR_H

#include "core/base/rng.h"
#include "core/base/timers.h"
#include "core/checkpoint/coordinator_order.h"
#include "core/checkpoint/pending_checkpoint.h"
#include "core/checkpoint/request_decider.h"
#include "core/checkpoint/snapshot_shelf.h"

struct checkpoint_coordinator {
    const struct config *config;
    struct execution_graph *graph; /* borrowed; replaced by checkpoint_coordinator_set_graph */
    struct job_id job;
    struct rng rng;
    struct timers timers;
    struct request_decider decider;
    struct completed_store store;
    struct snapshot_shelf *shelf; /* lent; null: nothing outlives the job */
    struct restored_snapshot restored;
    struct shared_state_registry shared;
    VEC(struct pending_checkpoint) pending; /* oldest first */
    VEC(struct pending_checkpoint) spare;   /* ended ones, for their memory */
    struct task_states template_states;     /* what is the same for all checkpoints of the graph */
    uint64_t next_id;                       /* always moves on, over graphs and failovers */
    bool scheduler_running;                 /* periodic requests are made */
    bool periodic;                          /* an interval is configured */
    VEC(bool) in_backlog;                   /* by vertex, as far as one has said so */
    uint32_t backlog_count;                 /* sources that are */
    VEC(uint32_t) at_end;                   /* by task: 1 + attempt whose input has ended; 0 */
    VEC(uint32_t) at_end_of;                /* by vertex: how many of them are not 0 */
    uint32_t at_end_count;                  /* in all */
    bool triggering;                        /* `chosen` waits for its plan */
    bool fail_ordered; /* a FAIL_JOB waits to be taken, and what else is due waits for it */
    struct checkpoint_request chosen;
    struct timer_handle next_trigger, active_retry;
    time_ns next_trigger_at;   /* TIME_NEVER: none */
    time_ns first_delay;       /* the next start's; drawn once, then min-pause (surprise 4) */
    time_ns last_completed_at; /* min-pause counts from here; TIME_NEVER: none yet */
    uint64_t failure_count;    /* continuous, counted */
    uint64_t last_success;     /* only failures of later checkpoints count */
    struct checkpoint_orders orders;
};

void checkpoint_coordinator_init(struct checkpoint_coordinator *coordinator,
                                 const struct config *config, struct job_id job, uint64_t seed);
void checkpoint_coordinator_fini(struct checkpoint_coordinator *coordinator);

/* Default keeps its coordinator and graph; adaptive sets a new graph, which makes "a new
 * coordinator" of it: timers and failure counts as new, ids and the completed store kept. What was
 * still pending or queued ends as SHUTDOWN (orders, no log line). */
void checkpoint_coordinator_set_graph(struct checkpoint_coordinator *coordinator,
                                      struct execution_graph *graph);

/* Takes the next thing to be done, oldest first; false: nothing. Whoever carries it out may call
 * the coordinator again. */
bool checkpoint_coordinator_next_order(struct checkpoint_coordinator *coordinator,
                                       struct checkpoint_coordinator_order *out);
/* Appends the tasks of a TRIGGER order; none when the checkpoint has ended meanwhile. */
void checkpoint_coordinator_tasks_to_trigger(const struct checkpoint_coordinator *coordinator,
                                             uint64_t checkpoint, struct task_list *out);

/* The periodic timer on and off, as the "all running" gate of schedule/ decides (which logs it).
 * Starting one that runs aborts what is pending and queued (SUSPENDED); starting one that does not
 * aborts nothing. No interval: nothing starts. */
void checkpoint_coordinator_start_periodic(struct checkpoint_coordinator *coordinator,
                                           struct effects *effects);
void checkpoint_coordinator_stop_periodic(struct checkpoint_coordinator *coordinator,
                                          enum checkpoint_failure why, struct effects *effects);
/* A user's or scheduler's request, queued like Flink's: not periodic. A synchronous savepoint stops
 * the periodic timer first; whoever asked for it resumes the timer when it has failed. Returns the
 * request's number, which no other has: clients may use a token again. */
uint64_t checkpoint_coordinator_request(struct checkpoint_coordinator *coordinator,
                                        enum checkpoint_kind kind, uint64_t client_token,
                                        struct effects *effects);
/* The stop-with-savepoint has failed: the periodic timer runs again, from min-pause on. */
void checkpoint_coordinator_resume_periodic(struct checkpoint_coordinator *coordinator,
                                            struct effects *effects);
/* 2.4: a rescale is near, so a checkpoint now saves replay. Skipped while one is in flight; inside
 * min-pause one retry waits for its end, which the caller cancels when the rescale is off. */
void checkpoint_coordinator_request_active(struct checkpoint_coordinator *coordinator,
                                           struct effects *effects);
void checkpoint_coordinator_cancel_active(struct checkpoint_coordinator *coordinator);
/* The source of this task works off a backlog, or does no longer; while any does,
 * interval-during-backlog counts. Attempts that are over have no say. */
void checkpoint_coordinator_on_backlog(struct checkpoint_coordinator *coordinator,
                                       struct task_attempt by, bool backlog,
                                       struct effects *effects);

/* All input of these tasks has ended and is worked off. Once that is so of all tasks of a vertex
 * it has no backlog any more; once of all tasks, one more checkpoint is asked for at once. */
void checkpoint_coordinator_on_end_of_data(struct checkpoint_coordinator *coordinator,
                                           const struct task_attempt *tasks, size_t count,
                                           struct effects *effects);

void checkpoint_coordinator_on_time(struct checkpoint_coordinator *coordinator,
                                    struct effects *effects);
/* Files that parts of it stand on, before these are acknowledged. */
void checkpoint_coordinator_on_shared(struct checkpoint_coordinator *coordinator,
                                      uint64_t checkpoint, const struct shared_file *files,
                                      size_t count);
void checkpoint_coordinator_on_acknowledge(struct checkpoint_coordinator *coordinator,
                                           uint64_t checkpoint, const struct checkpoint_ack *acks,
                                           size_t count, struct effects *effects);
void checkpoint_coordinator_on_decline(struct checkpoint_coordinator *coordinator,
                                       uint64_t checkpoint, struct task_attempt by,
                                       enum checkpoint_failure failure, struct effects *effects);
/* The TRIGGER could not be delivered to a TaskManager (time-out, unreachable). */
void checkpoint_coordinator_on_trigger_failed(struct checkpoint_coordinator *coordinator,
                                              uint64_t checkpoint, struct effects *effects);
void checkpoint_coordinator_on_stored(struct checkpoint_coordinator *coordinator,
                                      uint64_t checkpoint, bool failed, struct effects *effects);
/* Tasks are restarted or cancelled: pending checkpoints end, queued requests stay. */
void checkpoint_coordinator_abort_pending(struct checkpoint_coordinator *coordinator,
                                          enum checkpoint_failure why, struct effects *effects);
/* The job has ended: everything pending fails, checkpoints go as externalized-checkpoint-retention
 * says. */
void checkpoint_coordinator_shutdown(struct checkpoint_coordinator *coordinator,
                                     enum checkpoint_job_end end, struct effects *effects);

time_ns checkpoint_coordinator_deadline(const struct checkpoint_coordinator *coordinator);
bool checkpoint_coordinator_is_periodic(const struct checkpoint_coordinator *coordinator);
void checkpoint_coordinator_invariant(const struct checkpoint_coordinator *coordinator);
uint64_t checkpoint_coordinator_hash(const struct checkpoint_coordinator *coordinator);

#endif
