/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint in progress: which tasks it triggers, which still have to acknowledge, what the
 * others stored; and why a checkpoint can fail. Bookkeeping only: when to trigger, complete or
 * abort is the coordinator's. Memory is reused from one checkpoint to the next, so acknowledging
 * allocates nothing. Source: Flink's PendingCheckpoint, CheckpointFailureReason.
 */
#ifndef WEIR_CHECKPOINT_PENDING_CHECKPOINT_H
#define WEIR_CHECKPOINT_PENDING_CHECKPOINT_H

#include "core/base/timers.h"
#include "core/checkpoint/completed_store.h"
#include "core/checkpoint/shared_state.h"
#include "core/graph/execution_graph.h"
#include "core/graph/task_list.h"

/* X(name, Flink's name, text, counts towards tolerable-failed-checkpoints) */
#define CHECKPOINT_FAILURES(X)                                                                     \
    X(NONE, "", "", false)                                                                         \
    X(EXPIRED, "CHECKPOINT_EXPIRED", "Checkpoint expired before completing", true)                 \
    X(DECLINED, "CHECKPOINT_DECLINED", "Checkpoint was declined", true)                            \
    X(ASYNC_EXCEPTION, "CHECKPOINT_ASYNC_EXCEPTION", "Asynchronous task checkpoint failed", true)  \
    X(IO_EXCEPTION, "IO_EXCEPTION",                                                                \
      "An Exception occurred while triggering the checkpoint, IO-problem detected", true)          \
    X(FINALIZE, "FINALIZE_CHECKPOINT_FAILURE", "Failure to finalize checkpoint", true)             \
    X(TASK_NOT_READY, "CHECKPOINT_DECLINED_TASK_NOT_READY",                                        \
      "Checkpoint was declined (tasks not ready)", false)                                          \
    X(TASK_CLOSING, "CHECKPOINT_DECLINED_TASK_CLOSING",                                            \
      "Checkpoint was declined (task is closing)", false)                                          \
    X(NOT_ALL_RUNNING, "NOT_ALL_REQUIRED_TASKS_RUNNING",                                           \
      "Not all required tasks are currently running", false)                                       \
    X(BLOCKING_OUTPUT, "BLOCKING_OUTPUT_EXIST", "Blocking output edge exists in running tasks",    \
      false)                                                                                       \
    X(TOO_MANY_REQUESTS, "TOO_MANY_CHECKPOINT_REQUESTS",                                           \
      "The maximum number of queued checkpoint requests exceeded", false)                          \
    X(MIN_PAUSE, "MINIMUM_TIME_BETWEEN_CHECKPOINTS",                                               \
      "The minimum time between checkpoints has not been reached", false)                          \
    X(SCHEDULER_SHUTDOWN, "PERIODIC_SCHEDULER_SHUTDOWN",                                           \
      "Periodic checkpoint scheduler is shut down", false)                                         \
    X(TRIGGER_FAILURE, "TRIGGER_CHECKPOINT_FAILURE", "Trigger checkpoint failure", false)          \
    X(TASK_FAILURE, "TASK_FAILURE", "Task has failed", false)                                      \
    X(FAILOVER_REGION, "JOB_FAILOVER_REGION", "FailoverRegion is restarting", false)               \
    X(SUSPENDED, "CHECKPOINT_COORDINATOR_SUSPEND", "Checkpoint Coordinator is suspending", false)  \
    X(SHUTDOWN, "CHECKPOINT_COORDINATOR_SHUTDOWN", "Checkpoint Coordinator shutdown", false)       \
    X(SUBSUMED, "CHECKPOINT_SUBSUMED", "Checkpoint has been subsumed", false)                      \
    X(JOB_FAILURE, "JOB_FAILURE", "The job has failed", false)

#define X(name, flink_name, text, counted) CHECKPOINT_FAILURE_##name,
enum checkpoint_failure { CHECKPOINT_FAILURES(X) CHECKPOINT_FAILURE_COUNT };
#undef X
const char *checkpoint_failure_text(enum checkpoint_failure failure);
const char *checkpoint_failure_name(enum checkpoint_failure failure); /* Flink's constant */
bool checkpoint_failure_is_counted(enum checkpoint_failure failure);

extern const char *const checkpoint_kind_names[CHECKPOINT_KIND_COUNT];
bool checkpoint_kind_is_savepoint(enum checkpoint_kind kind);
bool checkpoint_kind_is_synchronous(enum checkpoint_kind kind); /* of stop-with-savepoint */

enum pending_state {
    PENDING_TRIGGERED,  /* sources were told, acknowledgements come in */
    PENDING_FINALIZING, /* all acknowledged, metadata being written */
    PENDING_COMPLETED,
    PENDING_ABORTED,
    PENDING_STATE_COUNT
};
extern const struct state_table pending_checkpoint_states;

struct pending_checkpoint {
    uint64_t id;
    enum pending_state state; /* written by pending_checkpoint_move */
    enum checkpoint_kind kind;
    bool periodic;
    uint64_t request;      /* number of the request it came from */
    uint64_t client_token; /* of the savepoint's asker; 0: nobody */
    time_ns triggered_at;
    struct timer_handle expiry; /* set while TRIGGERED */
    uint32_t to_acknowledge;    /* tasks that have not yet */
    VEC(uint32_t) acknowledged; /* bitset by task id; set from the start for finished tasks */
    VEC(uint32_t) attempts;     /* by task id: the attempt that is to acknowledge */
    struct task_list to_trigger;
    struct checkpoint_summary summary;
    struct task_states states;        /* by task id: what each acknowledged */
    struct shared_state_files shared; /* that it will stand on */
    uint64_t stands_on; /* its tasks may build on this checkpoint still; UINT64_MAX: on none */
};

/* What of each task is the same for all checkpoints of a graph: `states` with sizes of zero. */
void task_states_of_graph(const struct execution_graph *graph, struct task_states *out);

/* Decides whether a checkpoint can be taken now, and of which tasks: fills to_trigger,
 * to_acknowledge, acknowledged, attempts and states of an empty checkpoint. NONE: it can.
 * Triggered are sources and, behind finished tasks, those whose producers have all finished; all
 * that have not finished acknowledge. Linear in tasks. Source: DefaultCheckpointPlanCalculator. */
enum checkpoint_failure pending_checkpoint_plan(struct pending_checkpoint *pending,
                                                const struct execution_graph *graph,
                                                const struct task_states *template_states,
                                                bool allow_finished);

/* The one way to change the state: checks the table, logs at task level. */
void pending_checkpoint_move(struct pending_checkpoint *pending, enum pending_state to,
                             struct job_id job, struct effects *effects);

/* Takes one acknowledgement; false: not this checkpoint's attempt, or acknowledged before. */
bool pending_checkpoint_acknowledge(struct pending_checkpoint *pending,
                                    const struct checkpoint_ack *ack);
/* Those of tasks that are yet to acknowledge. */
void pending_checkpoint_add_shared(struct pending_checkpoint *pending,
                                   const struct shared_file *files, size_t count);
/* Does the checkpoint still wait for this very attempt? */
bool pending_checkpoint_waits_for(const struct pending_checkpoint *pending,
                                  struct task_attempt attempt);

/* True when a vertex with union list state has finished in part only: its state could not be told
 * apart at a restore, so the checkpoint may not complete. */
bool pending_checkpoint_splits_union(const struct pending_checkpoint *pending,
                                     const struct job_graph *job);

void pending_checkpoint_invariant(const struct pending_checkpoint *pending);
uint64_t pending_checkpoint_hash(const struct pending_checkpoint *pending, uint64_t hash);
void pending_checkpoint_fini(struct pending_checkpoint *pending);

#endif
