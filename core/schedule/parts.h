/* SPDX-License-Identifier: Apache-2.0
 *
 * What the schedulers have in common, for their own files only: moving statuses and tasks with all
 * that hangs on it (log, gate, slots), deploying, cancelling, ending.
 */
#ifndef WEIR_SCHEDULE_PARTS_H
#define WEIR_SCHEDULE_PARTS_H

#include "core/schedule/scheduler.h"
#include "core/schedule/scheduler_row.h"

/* Attempts of tasks: what they are may change while the list is worked through. */
struct attempt_list {
    VEC(struct task_attempt) items;
};

/* scheduler.c */
time_ns scheduler_now(const struct scheduler *s);

/* A decision-level line about the job. */
void scheduler_log(struct scheduler *s, const char *machine, const char *what, int64_t value,
                   const char *reason);

/* Moves the execution graph's status. */
void scheduler_move_graph_status(struct scheduler *s, enum job_status to, const char *reason);
void scheduler_show_status(struct scheduler *s, enum job_status status); /* what clients see */
/* The job's status became RUNNING: the checkpoint gate acts from now on (again). */
void scheduler_open_gate(struct scheduler *s);

/* Takes a new graph (and destroys the old one): all slots unassigned, gate and counters as new. */
void scheduler_set_graph(struct scheduler *s, struct execution_graph *graph,
                         const struct shared_slots *shared);

/* One move of one task: graph, gate, slot use, log. */
void scheduler_move_task(struct scheduler *s, struct task_id task, enum execution_state to,
                         enum failure_cause cause);
/* The same to FAILED, and the scheduler's `failed` hears of it. */
void scheduler_fail_task(struct scheduler *s, struct task_id task, enum failure_cause cause);

/* Before a graph of these parallelisms is made: what the job is to start from is taken, if it knows
 * no checkpoint yet, and max_parallelism becomes the snapshot's where the job leaves it open.
 * False: it cannot be; the log says why, and the job is to end. */
bool scheduler_restore_snapshot(struct scheduler *s, const int32_t *parallelism,
                                int32_t *max_parallelism);
/* What the tasks of a new graph or region begin from, which the log hears; null: nothing. */
const struct completed_checkpoint *scheduler_log_restore(struct scheduler *s);
/* For a status that the graph does not have itself. */
void scheduler_log_archived(struct scheduler *s, enum job_status status, const char *reason);

/* Into the exception history. Task none: the job as a whole. Not a root: it came with the last. */
void scheduler_remember(struct scheduler *s, struct task_id task, enum failure_cause cause,
                        bool is_root);

/* The strategy's wait before a restart, and never none at all. */
time_ns scheduler_restart_delay(const struct scheduler *s);

/* A stop-with-savepoint begins: its savepoint is asked for. */
void scheduler_begin_stop(struct scheduler *s, bool drain, uint64_t token);
/* Is it that savepoint that has ended? */
bool scheduler_is_of_stop(const struct scheduler *s,
                          const struct checkpoint_coordinator_order *order);
/* Its asker hears; nothing when there is none. */
void scheduler_answer_stop(struct scheduler *s, bool failed);

/* The status is final: everything the job holds is let go, and whoever waits is answered. */
void scheduler_end(struct scheduler *s, enum job_status status);

/* task_slots.c */
void scheduler_assign_slot(struct scheduler *s, uint32_t slot, const struct pool_slot *pool_slot);
/* The slot leaves this graph; `kept` when the pool still has it. */
void scheduler_leave_slot(struct scheduler *s, uint32_t slot, bool kept);
/* The live attempts in all slots of a TaskManager, in order of assignment. */
void scheduler_list_node(const struct scheduler *s, struct node_id node, struct attempt_list *out);
/* From SCHEDULED on, although the slot may not be there yet: what waits for a slot keeps it from
 * being given back. */
static inline bool execution_occupies_slot(enum execution_state state)
{
    return state != EXECUTION_CREATED && !execution_state_is_terminal(state);
}
void scheduler_check_slots(const struct scheduler *s);

/* task_reports.c: a failure from outside. If the attempt is being cancelled already, its end is
 * all that matters (Execution.processFail); if it is another one by now, nothing is. */
void scheduler_end_or_fail(struct scheduler *s, struct task_attempt attempt,
                           enum failure_cause cause);

/* deployment.c. Tasks whose slots are assigned: SCHEDULED to DEPLOYING, and one submit per
 * TaskManager. `restored`: what they start from, null for nothing. A restore that cannot be planned
 * fails the job. */
void scheduler_deploy(struct scheduler *s, const struct task_id *tasks, size_t count,
                      const struct completed_checkpoint *restored);
/* All of these that have not ended: CANCELED at once or CANCELING, one cancel per TaskManager. */
void scheduler_cancel_tasks(struct scheduler *s, const struct task_id *tasks, size_t count);
void scheduler_cancel_all_tasks(struct scheduler *s);

#endif
