/* SPDX-License-Identifier: Apache-2.0
 *
 * Restarts of the default scheduler: which tasks, after what delay. The delay runs beside the
 * cancelling, so a restart happens at the later of the two. A task taken into a newer restart is
 * left to that one. Always: `waiting` counts a plan's own tasks that have not ended; the job is
 * RESTARTING while a plan holds a task. Source: DefaultScheduler.restartTasksWithDelay,
 * ExecutionFailureHandler.
 */
#include "core/schedule/default_scheduler.h"

#include "core/base/hash.h"
#include "core/base/text.h"

/* After the graph is there. */
void default_failover_init(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    vec_resize(&own->restart_of_task, s->graph->task_count);
    for (uint32_t i = 0; i < s->graph->task_count; i++)
        own->restart_of_task.items[i] = ID_NONE;
}

/* Plans that were never carried out go with their tasks. */
void default_failover_fini(struct default_scheduler *own)
{
    for (VEC_EACH(struct planned_restart, restart, &own->restarts))
        vec_fini(&restart->tasks);
    vec_fini(&own->restarts);
    vec_fini(&own->free_restarts);
    vec_fini(&own->restart_of_task);
}

/* A plan from failure to restart. Whichever of its two conditions comes last starts it; a later
 * failure that takes some of its tasks over leaves it with the rest:
 *
 *   failure                        all its tasks have ended        restart
 *   |--- cancelling ---------------|                               |
 *   |--- back-off delay -------------------------------------------|
 *   |         failure of one of its regions again
 *   |         |--- that region's tasks now wait for the newer plan only
 */

/* Plans are places in an array, because timers name them; places are used again. */
static uint32_t take_restart(struct default_scheduler *own)
{
    if (own->free_restarts.count)
        return own->free_restarts.items[--own->free_restarts.count];
    vec_push(&own->restarts, (struct planned_restart){ 0 });
    return (uint32_t)own->restarts.count - 1;
}

static bool has_ended(const struct scheduler *s, struct task_id task)
{
    return execution_state_is_terminal((enum execution_state)s->graph->tasks[task.n].state);
}

/* The task leaves its plan for a newer one; the old plan no longer waits for it. */
static void supersede(struct scheduler *s, struct task_id task, uint32_t by)
{
    struct default_scheduler *own = s->own.pipelined;
    uint32_t old = own->restart_of_task.items[task.n];
    if (old == ID_NONE)
        own->tasks_to_restart++;
    else if (!has_ended(s, task))
        own->restarts.items[old].waiting--;
    own->restart_of_task.items[task.n] = by;
}

/* Its timer may still be set when all its tasks were taken over. */
static void forget_restart(struct scheduler *s, uint32_t index)
{
    struct default_scheduler *own = s->own.pipelined;
    timers_cancel(&s->timers, &own->restarts.items[index].delay);
    vec_clear(&own->restarts.items[index].tasks);
    vec_push(&own->free_restarts, index);
}

/* The plan's own tasks begin anew: CREATED with the next attempt, then scheduled by regions. What
 * is pending ends only now (SchedulerBase.restoreState): a checkpoint that they had acknowledged
 * may have completed during the delay, and then they begin from it. */
static void restart_tasks(struct scheduler *s, const struct task_list *tasks)
{
    struct default_scheduler *own = s->own.pipelined;
    own->tasks_to_restart -= (uint32_t)tasks->ids.count;
    if (own->tasks_to_restart == 0) {
        default_scheduler_move(s, JOB_RUNNING, NULL);
        scheduler_open_gate(s);
    }
    for (size_t i = 0; i < tasks->ids.count; i++) {
        own->restart_of_task.items[tasks->ids.items[i].n] = ID_NONE;
        execution_graph_reset(s->graph, tasks->ids.items[i], scheduler_now(s));
    }
    checkpoint_coordinator_abort_pending(s->parts.checkpoints, CHECKPOINT_FAILURE_FAILOVER_REGION,
                                         s->parts.effects);
    scheduler_log_restore(s);
    default_scheduler_start_regions(s, tasks->ids.items, tasks->ids.count);
}

/* Runs the plan when its delay is over and its tasks have ended. */
static void try_restart(struct scheduler *s, uint32_t index)
{
    struct default_scheduler *own = s->own.pipelined;
    const struct planned_restart *restart = &own->restarts.items[index];
    if (!restart->delay_over || restart->waiting > 0 || restart->tasks.count == 0)
        return;
    struct task_list still_ours = { 0 };
    for (size_t i = 0; i < restart->tasks.count; i++)
        if (own->restart_of_task.items[restart->tasks.items[i].n] == index)
            vec_push(&still_ours.ids, restart->tasks.items[i]);
    forget_restart(s, index);
    if (still_ours.ids.count)
        restart_tasks(s, &still_ours);
    vec_fini(&still_ours.ids);
}

/* The tasks join the plan; those that another plan had are left to this one. Gives the plans that
 * have lost some. */
static void take_over(struct scheduler *s, const struct task_list *tasks, uint32_t index,
                      struct task_list *older)
{
    struct default_scheduler *own = s->own.pipelined;
    for (VEC_EACH(const struct task_id, task, &tasks->ids)) {
        uint32_t old = own->restart_of_task.items[task->n];
        if (old != ID_NONE && (!older->ids.count || vec_last(&older->ids).n != old))
            vec_push(&older->ids, (struct task_id){ old });
        supersede(s, *task, index);
        default_slots_drop_task(s, *task);
        vec_push(&own->restarts.items[index].tasks, *task);
        s->graph->tasks[task->n].version++;
    }
}

/* Versions are bumped, tasks cancelled and the delay started, all at once. `why`: null where a task
 * that failed says it. */
static void plan_restart(struct scheduler *s, const struct task_list *tasks, time_ns delay,
                         const char *why)
{
    struct default_scheduler *own = s->own.pipelined;
    scheduler_log(s, "job", "tasks will be restarted", (int64_t)tasks->ids.count, why);
    if (s->status == JOB_RUNNING)
        default_scheduler_move(s, JOB_RESTARTING, NULL);
    uint32_t index = take_restart(own);
    struct task_list older = { 0 };
    take_over(s, tasks, index, &older);
    scheduler_cancel_tasks(s, tasks->ids.items, tasks->ids.count);
    struct planned_restart *restart = &own->restarts.items[index];
    restart->waiting = 0;
    restart->delay_over = false;
    for (VEC_EACH(const struct task_id, task, &restart->tasks))
        restart->waiting += !has_ended(s, *task);
    restart->delay = timers_set(&s->timers, (struct timer){ .at = time_add(scheduler_now(s), delay),
                                                            .kind = TIMER_RESTART_DELAY,
                                                            .subject = index });
    /* What an older plan waited for may have been taken from it just now. */
    for (VEC_EACH(const struct task_id, plan, &older.ids))
        try_restart(s, plan->n);
    vec_fini(&older.ids);
}

/* The other: one task less that has not ended. */
void default_failover_on_ended(struct scheduler *s, struct task_id task)
{
    struct default_scheduler *own = s->own.pipelined;
    uint32_t index = own->restart_of_task.items[task.n];
    if (index == ID_NONE)
        return;
    CHECK(own->restarts.items[index].waiting > 0);
    own->restarts.items[index].waiting--;
    try_restart(s, index);
}

/* One of the two things a plan waits for. */
void default_failover_on_delay(struct scheduler *s, uint32_t index)
{
    s->own.pipelined->restarts.items[index].delay_over = true;
    try_restart(s, index);
}

/* The job ends: nothing is to be restarted any more. */
void default_failover_drop_all(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    for (uint32_t i = 0; i < own->restarts.count; i++)
        if (own->restarts.items[i].tasks.count)
            forget_restart(s, i);
    for (size_t i = 0; i < own->restart_of_task.count; i++)
        own->restart_of_task.items[i] = ID_NONE;
    own->tasks_to_restart = 0;
}

/* Flink's ExecutionFailureHandler: the strategy is notified of every failure, but a failure that
 * belongs to an attempt already planned is listed under that one and does not count as a restart.
 */
void default_failover_on_failure(struct scheduler *s, struct task_id task, enum failure_cause cause)
{
    struct default_scheduler *own = s->own.pipelined;
    time_ns now = scheduler_now(s);
    bool new_attempt = restart_strategy_notify_failure(s->parts.restarts, now);
    scheduler_remember(s, task, cause, new_attempt);
    if (!failure_cause_is_recoverable(cause)) {
        default_scheduler_fail(s, cause, failure_cause_sentence(cause));
        return;
    }
    if (!restart_strategy_can_restart(s->parts.restarts, now)) {
        char text[96];
        text_format(text, sizeof text, "recovery is suppressed by restart strategy %s",
                    s->parts.restarts->row->name);
        default_scheduler_fail(s, cause, text);
        return;
    }
    if (new_attempt)
        s->restart_count++;
    struct task_list tasks = { 0 };
    if (task_id_is_none(task) || s->parts.config->failover_strategy == FAILOVER_FULL)
        full_failover_tasks(s->graph, &tasks);
    else
        region_failover_tasks(s->graph, own->regions, task,
                              (struct failed_input){ ID_NONE, task_id_none() },
                              &(struct partition_tracker_view){ NULL, NULL }, &tasks);
    plan_restart(s, &tasks, scheduler_restart_delay(s),
                 task_id_is_none(task) ? failure_cause_sentence(cause) : NULL);
    vec_fini(&tasks.ids);
}

/* Delays are in the timers, whose next is in the shared hash; who belongs to which plan is here. */
uint64_t default_failover_hash(const struct default_scheduler *own, uint64_t hash)
{
    hash = hash_add(hash, own->tasks_to_restart);
    for (VEC_EACH(const struct planned_restart, restart, &own->restarts)) {
        hash = hash_add(hash, (uint64_t)restart->tasks.count << 32 | restart->waiting);
        hash = hash_add(hash, restart->delay_over);
    }
    for (VEC_EACH(const uint32_t, plan, &own->restart_of_task))
        hash = hash_add(hash, *plan);
    return hash;
}

/* What a plan says it waits for is counted again from the tasks themselves. */
static void check_plan(const struct scheduler *s, uint32_t index)
{
    const struct default_scheduler *own = s->own.pipelined;
    const struct planned_restart *restart = &own->restarts.items[index];
    uint32_t waiting = 0;
    for (VEC_EACH(const struct task_id, task, &restart->tasks)) {
        bool is_ours = own->restart_of_task.items[task->n] == index;
        CHECK(!is_ours || s->graph->tasks[task->n].state != EXECUTION_CREATED);
        waiting += is_ours && !has_ended(s, *task);
    }
    if (restart->tasks.count == 0)
        return;
    CHECK(restart->waiting == waiting);
    CHECK(waiting > 0 || !restart->delay_over); /* else it would have restarted */
    CHECK(restart->delay_over != timers_is_set(&s->timers, restart->delay));
}

/* Plans and tasks agree on who belongs to whom, and the status with both. */
void default_failover_check(const struct scheduler *s)
{
    const struct default_scheduler *own = s->own.pipelined;
    uint32_t planned = 0;
    for (uint32_t i = 0; i < own->restarts.count; i++)
        check_plan(s, i);
    for (VEC_EACH(const uint32_t, plan, &own->restart_of_task)) {
        CHECK(*plan == ID_NONE || own->restarts.items[*plan].tasks.count > 0);
        planned += *plan != ID_NONE;
    }
    CHECK(planned == own->tasks_to_restart);
    CHECK((planned > 0) == (s->status == JOB_RESTARTING));
}
