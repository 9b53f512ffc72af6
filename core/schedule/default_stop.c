/* SPDX-License-Identifier: Apache-2.0
 *
 * Stop-with-savepoint of the default scheduler: first the savepoint, then the end of all tasks of
 * that time. Both must succeed, else the job goes on: without the savepoint as if nothing had been
 * asked, with it through a global failover, because some tasks have finished and some have not.
 * Source: StopWithSavepointTerminationHandlerImpl.
 */
#include "core/schedule/default_scheduler.h"

/* Attempts are remembered, because a restart that a failure has begun runs beside the stop, and its
 * new attempts are none of those the stop waits for. A stop that still waits for its savepoint
 * gives way to a new one, because the coordinator is stopped again (SchedulerBase.stopWithSavepoint
 * has no guard). One that has its savepoint does not: its tasks are about to finish, and in Flink
 * the second finds them gone. */
struct err default_stop(struct scheduler *s, bool drain, uint64_t token, struct note *note)
{
    struct default_scheduler *own = s->own.pipelined;
    if (s->status != JOB_RUNNING && s->status != JOB_RESTARTING)
        return err_note(note, ERR_REFUSED_CODE, "the job is %s",
                        state_name(&job_statuses, s->status));
    if (s->stop_token && s->stop_savepoint)
        return err_note(note, ERR_REFUSED_CODE, "a stop-with-savepoint is in progress");
    scheduler_answer_stop(s, true);
    vec_resize(&own->stop_attempts, s->graph->task_count);
    own->stop_waiting = 0;
    for (uint32_t i = 0; i < s->graph->task_count; i++) {
        const struct execution *execution = &s->graph->tasks[i];
        own->stop_attempts.items[i] = execution->attempt;
        own->stop_waiting += !execution_state_is_terminal((enum execution_state)execution->state);
    }
    scheduler_begin_stop(s, drain, token);
    return OK;
}

/* A savepoint that failed has stopped nothing but the periodic timer. That of a stop that has given
 * way to another fails as well, and the timer then runs beside the other's savepoint. */
void default_stop_on_checkpoint(struct scheduler *s,
                                const struct checkpoint_coordinator_order *order)
{
    bool is_current = scheduler_is_of_stop(s, order);
    if (is_current && order->kind == ORDER_COMPLETED) {
        s->stop_savepoint = order->checkpoint;
        return;
    }
    if (!is_current && !checkpoint_kind_is_synchronous(order->how.kind))
        return;
    if (is_current)
        scheduler_answer_stop(s, true);
    if (s->status == JOB_RUNNING || s->status == JOB_RESTARTING)
        checkpoint_coordinator_resume_periodic(s->parts.checkpoints, s->parts.effects);
}

/* A task has ended. When all of the savepoint's time have, and not all well, the savepoint is there
 * and the job is neither stopped nor running: it is restarted as a whole. */
void default_stop_on_ended(struct scheduler *s, struct task_id task)
{
    struct default_scheduler *own = s->own.pipelined;
    if (s->stop_token == 0 || own->stop_attempts.items[task.n] != s->graph->tasks[task.n].attempt)
        return;
    CHECK(own->stop_waiting > 0);
    own->stop_waiting--;
    if (own->stop_waiting > 0 || s->stop_savepoint == 0 ||
        (s->status != JOB_RUNNING && s->status != JOB_RESTARTING))
        return;
    scheduler_answer_stop(s, true);
    scheduler_fail_job(s, CAUSE_STOP_FAILED);
}
