/* SPDX-License-Identifier: Apache-2.0
 *
 * What TaskManagers say, or no longer say, of tasks: turned into moves of the attempts meant. In:
 * reports, undelivered requests, reconciliation. Out: moves, and calls of the scheduler's row.
 * Always: only an attempt that is the current one of its task is moved. Source: Execution,
 * DefaultExecutionDeploymentReconciler.
 */
#include "core/schedule/parts.h"
#include "core/schedule/request_token.h"

/* Null: the task is at another attempt by now, or in no graph. */
static const struct execution *current(const struct scheduler *s, struct task_attempt attempt)
{
    if (!s->graph || attempt.task.n >= s->graph->task_count)
        return NULL;
    const struct execution *execution = &s->graph->tasks[attempt.task.n];
    bool is_current = task_attempt_equal(execution_graph_attempt(s->graph, attempt.task), attempt);
    return is_current ? execution : NULL;
}

/* Every move that a report leads to is the row's business, unlike those the row makes itself. */
static void move_and_tell(struct scheduler *s, struct task_id task, enum execution_state to)
{
    scheduler_move_task(s, task, to, CAUSE_NONE);
    s->row->task_moved(s, task);
}

void scheduler_end_or_fail(struct scheduler *s, struct task_attempt attempt,
                           enum failure_cause cause)
{
    const struct execution *execution = current(s, attempt);
    if (!execution || !execution_occupies_slot((enum execution_state)execution->state))
        return;
    if (execution->state == EXECUTION_CANCELING)
        move_and_tell(s, attempt.task, EXECUTION_CANCELED);
    else
        scheduler_fail_task(s, attempt.task, cause);
}

/* Not a request: whether it arrives is not waited for. */
static void tell_cancel(struct scheduler *s, struct node_id node,
                        const struct task_attempt *attempts, size_t count)
{
    struct message message = { .kind = MESSAGE_CANCEL_TASKS };
    message.cancel_tasks = (struct message_cancel_tasks){ s->job, attempts, count };
    if (count)
        effects_send(s->parts.effects, node, &message);
}

/* The attempt itself does not fail, the job does, and all tasks are restarted. An attempt that has
 * ended by now, or is about to, is no reason any more: what ended it has had its own consequences
 * (DefaultExecutionGraph.failGlobalIfExecutionIsStillRunning). */
void scheduler_fail_job_for(struct scheduler *s, struct task_attempt attempt,
                            enum failure_cause cause)
{
    const struct execution *execution = current(s, attempt);
    if (execution &&
        (execution->state == EXECUTION_RUNNING || execution->state == EXECUTION_INITIALIZING))
        scheduler_fail_job(s, cause);
}

/* The TaskManager has no such slot for us (any more): the pool gives it up, or every later attempt
 * would be sent there again (JobMaster.failSlot). In case it has one after all (its contact was
 * being made anew) it is told to free it. */
static void lose_slot_of(struct scheduler *s, struct task_id task)
{
    uint32_t slot = s->slot_of_task.items[task.n];
    struct allocation_id allocation = s->slots.items[slot].allocation;
    const struct pool_slot *held = slot_pool_find(s->parts.pool, allocation);
    if (allocation_id_is_none(allocation) || !held)
        return;
    struct slot_pool_list lost = { 0 };
    struct allocation_item freed = { allocation };
    struct message message = { .kind = MESSAGE_FREE_SLOTS };
    message.free_slots = (struct message_free_slots){ s->job, &freed, 1 };
    effects_send(s->parts.effects, held->node, &message);
    vec_push(&lost.slots, *held);
    slot_pool_release(s->parts.pool, allocation);
    scheduler_on_slots_lost(s, &lost, CAUSE_SLOT_LOST);
    vec_fini(&lost.slots);
}

/* What is reported (down), and what it makes of the attempt (-: old news):
 *
 *                   SCHEDULED   DEPLOYING      INITIALIZING   RUNNING    CANCELING   ended
 *   INITIALIZING    -           INITIALIZING   -              -          -           -
 *   RUNNING         -           RUNNING        RUNNING        -          -           -
 *   FINISHED        -           FINISHED       FINISHED       FINISHED   CANCELED    -
 *   CANCELED        job fails   CANCELED       CANCELED       CANCELED   CANCELED    -
 *   FAILED          FAILED      FAILED         FAILED         FAILED     CANCELED    -
 *
 * FINISHED on the way to CANCELED is an end like any other, and so is CANCELED of what nobody here
 * cancelled: no failure, and nothing follows it (Execution.completeCancelling). Of an attempt that
 * was never deployed it makes no sense, and Flink fails the job. */
static void take_report(struct scheduler *s, const struct task_report *report)
{
    const struct execution *execution = current(s, report->attempt);
    if (!execution)
        return;
    struct task_id task = report->attempt.task;
    enum execution_state state = (enum execution_state)execution->state;
    bool starting = state == EXECUTION_DEPLOYING || state == EXECUTION_INITIALIZING;
    switch (report->state) {
    case EXECUTION_INITIALIZING:
        if (state == EXECUTION_DEPLOYING)
            move_and_tell(s, task, EXECUTION_INITIALIZING);
        break;
    case EXECUTION_RUNNING:
        if (starting)
            move_and_tell(s, task, EXECUTION_RUNNING);
        break;
    case EXECUTION_FINISHED:
        if (state == EXECUTION_CANCELING)
            move_and_tell(s, task, EXECUTION_CANCELED);
        else if (starting || state == EXECUTION_RUNNING)
            move_and_tell(s, task, EXECUTION_FINISHED);
        break;
    case EXECUTION_CANCELED:
        if (starting || state == EXECUTION_RUNNING || state == EXECUTION_CANCELING)
            move_and_tell(s, task, EXECUTION_CANCELED);
        else if (state == EXECUTION_SCHEDULED)
            scheduler_fail_job(s, CAUSE_TASK_UNKNOWN);
        break;
    case EXECUTION_FAILED:
        if (report->cause == CAUSE_SLOT_LOST && state == EXECUTION_DEPLOYING)
            lose_slot_of(s, task);
        if ((report->cause == CAUSE_CONNECTION_LOST || report->detail > 0) &&
            !execution_state_is_terminal(state))
            execution_graph_blame(s->graph, task,
                                  report->cause == CAUSE_CONNECTION_LOST ? report->remote
                                                                         : node_id_none(),
                                  report->detail);
        scheduler_end_or_fail(s, report->attempt,
                              report->cause == CAUSE_NONE ? CAUSE_TASK_UNKNOWN : report->cause);
        break;
    case EXECUTION_CREATED:
    case EXECUTION_SCHEDULED:
    case EXECUTION_DEPLOYING:
    case EXECUTION_CANCELING:
    case EXECUTION_STATE_COUNT: break; /* a TaskManager does not speak of these */
    }
}

/* Does a TaskManager run what is over for us? In Flink the report's answer is then an exception and
 * the TaskManager fails the task (JobMaster.updateTaskExecutionState); here it is told to end it.
 */
static bool is_over(const struct scheduler *s, const struct task_report *report)
{
    const struct execution *execution = current(s, report->attempt);
    bool runs = report->state == EXECUTION_INITIALIZING || report->state == EXECUTION_RUNNING;
    return runs &&
           (!execution || execution_state_is_terminal((enum execution_state)execution->state));
}

/* In the order the TaskManager said it. */
void scheduler_on_task_states(struct scheduler *s, struct node_id node,
                              const struct task_report *reports, size_t count)
{
    struct attempt_list over = { 0 };
    CHECK(!node_id_is_none(node));
    for (size_t i = 0; i < count; i++)
        if (is_over(s, &reports[i]))
            vec_push(&over.items, reports[i].attempt);
        else
            take_report(s, &reports[i]);
    tell_cancel(s, node, over.items.items, over.items.count);
    vec_fini(&over.items);
}

/* Only what that very request was to start fails by it; a later one may have been delivered. */
void scheduler_on_submit_failed(struct scheduler *s, struct node_id node, uint64_t value,
                                enum failure_cause cause)
{
    struct attempt_list here = { 0 };
    scheduler_list_node(s, node, &here);
    for (VEC_EACH(const struct task_attempt, attempt, &here.items)) {
        const struct execution *execution = current(s, *attempt);
        bool waits = execution && (execution->state == EXECUTION_DEPLOYING ||
                                   execution->state == EXECUTION_CANCELING);
        if (waits && s->batches.items[attempt->task.n].submit == value)
            scheduler_end_or_fail(s, *attempt, cause);
    }
    vec_fini(&here.items);
}

/* What the TaskManager runs and we do not know there; what we do know goes into `known`. */
static void split_running(const struct scheduler *s, struct node_id node,
                          const struct task_attempt *running, size_t count, struct index_map *known,
                          struct attempt_list *surplus)
{
    for (size_t i = 0; i < count; i++) {
        const struct execution *execution = current(s, running[i]);
        bool ours = execution && node_id_equal(execution->node, node) &&
                    !execution_state_is_terminal((enum execution_state)execution->state);
        if (ours)
            index_map_put(known, running[i].task.n, 1);
        else
            vec_push(&surplus->items, running[i]);
    }
}

/* Should the TaskManager know of the attempt? A submit that may still be on its way is no reason to
 * doubt it, not even when the task is to be cancelled by now (ExecutionDeploymentTracker: pending
 * deployments are left out). */
static bool is_confirmed(const struct execution *execution)
{
    const time_ns *entered = execution->entered;
    return execution_occupies_slot((enum execution_state)execution->state) &&
           (entered[EXECUTION_INITIALIZING] != TIME_NEVER ||
            entered[EXECUTION_RUNNING] != TIME_NEVER);
}

void scheduler_on_reconcile(struct scheduler *s, struct node_id node,
                            const struct task_attempt *running, size_t count)
{
    if (!s->graph)
        return;
    struct index_map known = { 0 };
    struct attempt_list surplus = { 0 }, here = { 0 };
    split_running(s, node, running, count, &known, &surplus);
    tell_cancel(s, node, surplus.items.items, surplus.items.count);
    scheduler_list_node(s, node, &here);
    for (VEC_EACH(const struct task_attempt, attempt, &here.items)) {
        const struct execution *execution = current(s, *attempt);
        if (execution && is_confirmed(execution) &&
            index_map_get(&known, attempt->task.n) == INDEX_NONE)
            scheduler_end_or_fail(s, *attempt, CAUSE_TASK_UNKNOWN);
    }
    vec_fini(&here.items);
    vec_fini(&surplus.items);
    index_map_fini(&known);
}
