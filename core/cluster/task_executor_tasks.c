/* SPDX-License-Identifier: Apache-2.0
 *
 * The tasks of a TaskManager: orders of their JobMasters go to the data plane, what the data plane
 * says goes back, and a watchdog ends the process when a task does not end. A task is forgotten
 * when it has ended. Always: the data plane has one attempt of a task at a time; a newer one waits
 * until it has let go of the older. Source: Flink's Task (TaskCanceler, TaskCancelerWatchDog).
 */
#include "core/cluster/task_executor_parts.h"

#include "core/graph/execution_graph.h"

/* So many tasks are walked more quickly than looked up, and have no index. */
enum { FEW = 4 };

/* Attempts of one task share a key: the data plane has one of them at a time. */
static uint64_t task_key(struct job_id job, struct task_id task)
{
    return (uint64_t)job.n << 32 | task.n;
}

/* Of the task's attempt here; INDEX_NONE: there is none. */
static uint32_t place_of(const struct task_executor *executor, struct job_id job,
                         struct task_id task)
{
    if (executor->tasks.count > FEW)
        return index_map_get(&executor->task_index, task_key(job, task));
    for (uint32_t i = 0; i < executor->tasks.count; i++) {
        const struct executor_task *known = &executor->tasks.items[i];
        if (job_id_equal(known->job, job) && task_id_equal(known->attempt.task, task))
            return i;
    }
    return INDEX_NONE;
}

/* The last task is new. With the first that is one too many all are put in. */
static void add_to_index(struct task_executor *executor)
{
    size_t count = executor->tasks.count;
    for (size_t i = count == FEW + 1 ? 0 : count - 1; count > FEW && i < count; i++) {
        const struct executor_task *task = &executor->tasks.items[i];
        index_map_put(&executor->task_index, task_key(task->job, task->attempt.task), (uint32_t)i);
    }
}

struct executor_task *executor_tasks_find(struct task_executor *executor, struct job_id job,
                                          struct task_attempt attempt)
{
    uint32_t place = place_of(executor, job, attempt.task);
    if (place == INDEX_NONE)
        return NULL;
    struct executor_task *task = &executor->tasks.items[place];
    return task_attempt_equal(task->attempt, attempt) ? task : NULL;
}

/* To the JobMaster's process even when the contact is being made anew: it may still hold the task
 * (Flink's TaskManagerActions keep the gateway they were made with). A request: a task whose
 * JobMaster does not learn of it is of no use to the job. */
static void send_states(struct task_executor *executor, struct job_id id,
                        const struct task_report *reports, size_t count)
{
    const struct executor_job *job = executor_jobs_find(executor, id);
    struct node_id to = job ? job->job_master : executor->settings.job_manager;
    struct message message = { .kind = MESSAGE_TASK_STATES };
    message.task_states = (struct message_task_states){ id, reports, count };
    if (count)
        effects_request(&executor->effects, to, &message, ++executor->report_count);
}

/* For the rare cases of one task; what the data plane reports goes out in one message. */
static void send_state(struct task_executor *executor, struct job_id job,
                       struct task_attempt attempt, enum execution_state state,
                       enum failure_cause cause)
{
    send_states(executor, job, &(struct task_report){ attempt, state, cause, node_id_none(), 0 },
                1);
}

/* The last task takes its place. Its slot may be free by this, and the job's contact over. */
static void forget(struct task_executor *executor, struct executor_task *task)
{
    uint32_t index = (uint32_t)(task - executor->tasks.items);
    uint32_t slot = task->slot.n;
    index_map_remove(&executor->task_index, task_key(task->job, task->attempt.task));
    vec_remove_swap(&executor->tasks, index);
    if (executor->tasks.count <= FEW) {
        index_map_fini(&executor->task_index);
    } else if (index < executor->tasks.count) {
        const struct executor_task *moved = &executor->tasks.items[index];
        index_map_put(&executor->task_index, task_key(moved->job, moved->attempt.task), index);
    }
    executor_slots_task_ended(executor, slot);
}

/* A task from order to end. What its JobMaster hears of each step is its report; who has ended it
 * (the JobMaster, or we because the JobMaster or the slot is gone) decides what the end is called:
 *
 *   submit   -> DEPLOYING -> INITIALIZING -> RUNNING -> FINISHED or FAILED by itself
 *   cancel   -> CANCELING -> CANCELED
 *   we fail  -> CANCELING -> FAILED, with our cause
 */

/* The watchdog. */

/* When it next has to look at a task that is being cancelled: to interrupt it again, or to give the
 * process up. */
static time_ns next_look(const struct config *config, time_ns since, time_ns now)
{
    time_ns at = TIME_NEVER, interval = config->cancellation_interval;
    if (interval > 0)
        at = since + ((now - since) / interval + 1) * interval;
    if (config->cancellation_timeout > 0 && since + config->cancellation_timeout < at)
        at = since + config->cancellation_timeout;
    return at;
}

/* The first task to be cancelled is the first to be looked at; later ones set it back only when it
 * has fired. */
static void set_watchdog(struct task_executor *executor)
{
    time_ns now = executor->effects.now, at = TIME_NEVER;
    for (VEC_EACH(const struct executor_task, task, &executor->tasks)) {
        if (task->state != EXECUTION_CANCELING)
            continue;
        time_ns look = next_look(executor->settings.config, task->cancel_since, now);
        at = look < at ? look : at;
    }
    if (at != TIME_NEVER)
        executor_set_timer(executor, &executor->watchdog, EXECUTOR_WATCHDOG, 0, at - now);
}

void executor_tasks_on_watchdog(struct task_executor *executor)
{
    const struct config *config = executor->settings.config;
    for (VEC_EACH(const struct executor_task, task, &executor->tasks)) {
        time_ns age = executor->effects.now - task->cancel_since;
        if (task->state != EXECUTION_CANCELING || age == 0)
            continue;
        if (config->cancellation_timeout > 0 && age >= config->cancellation_timeout) {
            executor_log(executor, LOG_DECISION, "task did not end in time", task->job,
                         task->attempt.task.n, "task.cancellation.timeout");
            executor_end(executor, EXIT_CANCELLATION_TIMEOUT);
            return;
        }
        if (config->cancellation_interval > 0 && age % config->cancellation_interval == 0)
            executor_log(executor, LOG_TASK, "task is interrupted again", task->job,
                         task->attempt.task.n, NULL);
    }
    set_watchdog(executor);
}

/* Cancelling. */

/* Its three minutes begin. */
static void begin_cancel(struct task_executor *executor, struct executor_task *task)
{
    machine_check_move(&execution_states, task->state, EXECUTION_CANCELING);
    task->state = EXECUTION_CANCELING;
    task->cancel_since = executor->effects.now;
}

/* The watchdog is set by the first that is cancelled; it finds the others by itself. */
static void order_cancel(struct task_executor *executor, struct job_id job,
                         const struct task_attempt *attempts, size_t count)
{
    if (count == 0)
        return;
    if (!timers_is_set(&executor->timers, executor->watchdog))
        set_watchdog(executor);
    effects_data(&executor->effects,
                 &(struct effect_data){
                     .kind = DATA_CANCEL, .job = job, .attempts = attempts, .count = count });
}

/* A deployment that waits has nothing to end; it is over when its place in the list is. */
static void end_waiting(struct task_executor *executor, size_t index, enum execution_state state,
                        enum failure_cause cause)
{
    struct waiting_task task = executor->waiting.items[index];
    vec_remove_ordered(&executor->waiting, index);
    send_state(executor, task.job, task.deployment.attempt, state, cause);
    executor_slots_task_ended(executor, task.slot.n);
}

/* True: it was waiting, and is over by this. */
static bool cancel_waiting(struct task_executor *executor, struct job_id job,
                           struct task_attempt attempt)
{
    for (size_t i = 0; i < executor->waiting.count; i++) {
        const struct waiting_task *task = &executor->waiting.items[i];
        const struct task_attempt *own = &task->deployment.attempt;
        if (job_id_equal(task->job, job) && task_attempt_equal(*own, attempt)) {
            end_waiting(executor, i, EXECUTION_CANCELED, CAUSE_NONE);
            return true;
        }
    }
    return false;
}

/* A cancel for a task that is not here is answered as Flink's TaskExecutor does: it is not running,
 * so the JobMaster may take it as ended. */
void executor_tasks_cancel(struct task_executor *executor, struct job_id job,
                           const struct task_attempt *attempts, size_t count)
{
    struct task_attempt *ending =
        arena_take_unset(&executor->effects.arena, (count + 1) * sizeof *ending);
    struct task_report *unknown =
        arena_take_unset(&executor->effects.arena, (count + 1) * sizeof *unknown);
    size_t ending_count = 0, unknown_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct executor_task *task = executor_tasks_find(executor, job, attempts[i]);
        if (!task && !cancel_waiting(executor, job, attempts[i])) {
            unknown[unknown_count++] =
                (struct task_report){ attempts[i], EXECUTION_CANCELED, CAUSE_TASK_UNKNOWN,
                                      node_id_none(), 0 };
        } else if (task && task->state != EXECUTION_CANCELING) {
            begin_cancel(executor, task);
            ending[ending_count++] = attempts[i];
        }
    }
    send_states(executor, job, unknown, unknown_count);
    order_cancel(executor, job, ending, ending_count);
}

/* They are cancelled, but reported as what they are: failed for this cause. */
void executor_tasks_fail(struct task_executor *executor, struct job_id job, struct slot_id slot,
                         enum failure_cause cause)
{
    struct task_attempt *ending =
        arena_take_unset(&executor->effects.arena, (executor->tasks.count + 1) * sizeof *ending);
    size_t count = 0;
    for (VEC_EACH(struct executor_task, task, &executor->tasks)) {
        if (!job_id_equal(task->job, job) || task->state == EXECUTION_CANCELING)
            continue;
        if (!slot_id_is_none(slot) && !slot_id_equal(task->slot, slot))
            continue;
        begin_cancel(executor, task);
        task->cause = cause;
        ending[count++] = task->attempt;
    }
    order_cancel(executor, job, ending, count);
    for (size_t i = executor->waiting.count; i-- > 0;) {
        const struct waiting_task *task = &executor->waiting.items[i];
        if (job_id_equal(task->job, job) &&
            (slot_id_is_none(slot) || slot_id_equal(task->slot, slot)))
            end_waiting(executor, i, EXECUTION_FAILED, cause);
    }
}

/* What the JobMaster was not told in time (pekko.ask.timeout), or could not be, ends the task that
 * it was about (TaskExecutor.updateTaskExecutionState: failTask). Of one that has ended meanwhile
 * nothing is left to fail: its end is found out by reconciliation. */
void executor_tasks_on_report_failed(struct task_executor *executor, uint32_t report)
{
    CHECK(report != 0);
    CHECK(report <= executor->report_count);
    struct task_attempt *ending =
        arena_take_unset(&executor->effects.arena, (executor->tasks.count + 1) * sizeof *ending);
    struct job_id job = job_id_none();
    size_t count = 0;
    for (VEC_EACH(struct executor_task, task, &executor->tasks)) {
        bool is_meant = task->told_initializing == report || task->told_running == report;
        if (!is_meant || task->state == EXECUTION_CANCELING)
            continue;
        CHECK(count == 0 || job_id_equal(task->job, job)); /* a report is about one job */
        begin_cancel(executor, task);
        task->cause = CAUSE_REPORT_FAILED;
        job = task->job;
        ending[count++] = task->attempt;
    }
    order_cancel(executor, job, ending, count);
}

/* Deploying. */

/* From here on the task counts: for the slot, the reconciliation, the watchdog. */
static void run(struct task_executor *executor, struct job_id job, struct slot_id slot,
                const struct task_deployment *deployment)
{
    vec_push(&executor->tasks, (struct executor_task){ .job = job,
                                                       .attempt = deployment->attempt,
                                                       .slot = slot,
                                                       .state = EXECUTION_DEPLOYING });
    add_to_index(executor);
}

/* One order for all tasks of a submit: the data plane starts them together. */
static void order_deploy(struct task_executor *executor, struct job_id job,
                         const struct task_deployment *deployments, size_t count)
{
    if (count)
        effects_data(&executor->effects, &(struct effect_data){ .kind = DATA_DEPLOY,
                                                                .job = job,
                                                                .deployments = deployments,
                                                                .count = count });
}

/* A JobMaster that deploys a task anew has given its older attempts up: they need not be told.
 *
 *   attempt 1    RUNNING ----------- CANCELING --------| ended
 *   attempt 2              submit ---- waits ----------|-- DEPLOYING ...
 *   attempt 3                 submit: 2 is over, it was never deployed, and 3 waits in its place
 *
 * Each that waits keeps its slot, which may be another one than that of the attempt it waits for.
 */
static void wait_for_older(struct task_executor *executor, struct job_id job, struct slot_id slot,
                           const struct task_deployment *deployment, struct executor_task *older)
{
    for (size_t i = executor->waiting.count; i-- > 0;) {
        const struct waiting_task *task = &executor->waiting.items[i];
        if (job_id_equal(task->job, job) &&
            task_id_equal(task->deployment.attempt.task, deployment->attempt.task))
            end_waiting(executor, i, EXECUTION_CANCELED, CAUSE_NONE);
    }
    vec_push(&executor->waiting, (struct waiting_task){ job, slot, *deployment });
    if (older->state == EXECUTION_CANCELING)
        return;
    struct task_attempt attempt = older->attempt;
    begin_cancel(executor, older);
    order_cancel(executor, job, &attempt, 1);
}

/* Those whose older attempts have ended go out now. */
static void run_waiting(struct task_executor *executor)
{
    size_t kept = 0;
    for (size_t i = 0; i < executor->waiting.count; i++) {
        struct waiting_task task = executor->waiting.items[i];
        if (place_of(executor, task.job, task.deployment.attempt.task) != INDEX_NONE) {
            executor->waiting.items[kept++] = task;
            continue;
        }
        run(executor, task.job, task.slot, &task.deployment);
        order_deploy(executor, task.job, &task.deployment, 1);
    }
    executor->waiting.count = kept;
}

/* The slot the task may run in; ID_NONE: the job has no such slot here. A submit says as well as an
 * acceptance that the job wants the slot (TaskSlotTable.tryMarkSlotActive). */
static uint32_t slot_for(struct task_executor *executor, const struct executor_job *job,
                         struct allocation_id allocation)
{
    uint32_t slot = executor_slots_find(executor, allocation);
    if (!job || job->contact != CONTACT_MADE || slot == ID_NONE)
        return ID_NONE;
    const struct executor_slot *own = &executor->slots.items[slot];
    if (own->state == TASK_SLOT_RELEASING || !job_id_equal(own->job, job->job))
        return ID_NONE;
    executor_slots_activate(executor, slot);
    return slot;
}

/* Task by task: one whose slot is not there is refused by itself, and the JobMaster gives that slot
 * up (CAUSE_SLOT_LOST); one whose older attempt is still ending waits for that; the others go. */
void executor_tasks_submit(struct task_executor *executor,
                           const struct message_submit_tasks *submit)
{
    const struct executor_job *job = executor_jobs_find(executor, submit->job);
    struct task_deployment *taken =
        arena_take_unset(&executor->effects.arena, (submit->tasks_count + 1) * sizeof *taken);
    struct task_report *refused =
        arena_take_unset(&executor->effects.arena, (submit->tasks_count + 1) * sizeof *refused);
    size_t taken_count = 0, refused_count = 0;
    for (size_t i = 0; i < submit->tasks_count; i++) {
        struct task_deployment deployment = submit->tasks[i];
        uint32_t slot = slot_for(executor, job, deployment.allocation);
        if (slot == ID_NONE) {
            refused[refused_count++] = (struct task_report){ deployment.attempt, EXECUTION_FAILED,
                                                             CAUSE_SLOT_LOST, node_id_none(), 0 };
            continue;
        }
        struct executor_slot *own = &executor->slots.items[slot];
        own->task_count++;
        deployment.slot_cpu_milli = own->by_default ? 0 : own->cpu_milli;
        uint32_t older = place_of(executor, submit->job, deployment.attempt.task);
        if (older != INDEX_NONE) {
            wait_for_older(executor, submit->job, (struct slot_id){ slot }, &deployment,
                           &executor->tasks.items[older]);
            continue;
        }
        run(executor, submit->job, (struct slot_id){ slot }, &deployment);
        taken[taken_count++] = deployment;
    }
    send_states(executor, submit->job, refused, refused_count);
    order_deploy(executor, submit->job, taken, taken_count);
}

/* Reports are sent before the ended tasks are forgotten: with the last one its slot may go, and
 * with the slot the contact. */
static void take_states(struct task_executor *executor, const struct event_data *data)
{
    struct task_report *reports =
        arena_take_unset(&executor->effects.arena, (data->task_count + 1) * sizeof *reports);
    struct task_attempt *ended =
        arena_take_unset(&executor->effects.arena, (data->task_count + 1) * sizeof *ended);
    size_t count = 0, ended_count = 0;
    for (size_t i = 0; i < data->task_count; i++) {
        struct task_report report = data->tasks[i];
        struct executor_task *task = executor_tasks_find(executor, data->job, report.attempt);
        bool is_end = execution_state_is_terminal(report.state);
        if (!task || execution_state_is_terminal(task->state))
            continue;
        if (!is_end && task->state == EXECUTION_CANCELING)
            continue; /* it became ready while its cancel was on the way */
        if (is_end && task->cause != CAUSE_NONE) {
            report.state = EXECUTION_FAILED;
            report.cause = task->cause;
            report.remote = node_id_none();
            report.detail = 0;
        }
        task->state = report.state;
        if (report.state == EXECUTION_INITIALIZING)
            task->told_initializing = executor->report_count + 1; /* as send_states numbers it */
        if (report.state == EXECUTION_RUNNING)
            task->told_running = executor->report_count + 1;
        reports[count++] = report;
        if (is_end)
            ended[ended_count++] = report.attempt;
    }
    send_states(executor, data->job, reports, count);
    for (size_t i = 0; i < ended_count; i++)
        forget(executor, executor_tasks_find(executor, data->job, ended[i]));
    if (executor->waiting.count)
        run_waiting(executor);
}

/* Late reports are normal: of a task that was forgotten with its slot, of a job that has left. They
 * find nobody and are dropped where they are looked up. */
void executor_tasks_on_data(struct task_executor *executor, const struct event_data *data)
{
    switch (data->kind) {
    case DATA_TASK_STATES: take_states(executor, data); break;
    case DATA_CHECKPOINT_ACKNOWLEDGED: executor_checkpoints_acknowledged(executor, data); break;
    case DATA_CHECKPOINT_DECLINED: executor_checkpoints_declined(executor, data); break;
    case DATA_END_OF_DATA: executor_checkpoints_end_of_data(executor, data); break;
    case DATA_SOURCE_BACKLOG: executor_checkpoints_backlog(executor, data); break;
    case DATA_REPORT_COUNT: IMPOSSIBLE("data report");
    }
}

/* For the heartbeat's answer: what the JobMaster may compare with what it thinks. */
size_t executor_tasks_running(struct task_executor *executor, struct job_id job,
                              const struct task_attempt **out)
{
    size_t most = executor->tasks.count + executor->waiting.count, count = 0;
    struct task_attempt *running =
        arena_take_unset(&executor->effects.arena, (most + 1) * sizeof *running);
    for (VEC_EACH(const struct executor_task, task, &executor->tasks))
        if (job_id_equal(task->job, job))
            running[count++] = task->attempt;
    for (VEC_EACH(const struct waiting_task, task, &executor->waiting))
        if (job_id_equal(task->job, job))
            running[count++] = task->deployment.attempt;
    *out = running;
    return count;
}

/* Index, slots and tasks agree; whoever waits, waits for one that is ending. */
void executor_tasks_check(const struct task_executor *executor)
{
    bool canceling = false;
    CHECK(executor->task_index.count == (executor->tasks.count > FEW ? executor->tasks.count : 0));
    for (size_t i = 0; i < executor->tasks.count; i++) {
        const struct executor_task *task = &executor->tasks.items[i];
        const struct executor_slot *slot = &executor->slots.items[task->slot.n];
        CHECK(place_of(executor, task->job, task->attempt.task) == i);
        CHECK(slot->state != TASK_SLOT_FREE);
        CHECK(job_id_equal(slot->job, task->job));
        CHECK(!execution_state_is_terminal(task->state));
        CHECK(task->cause == CAUSE_NONE || task->state == EXECUTION_CANCELING);
        canceling |= task->state == EXECUTION_CANCELING;
    }
    for (VEC_EACH(const struct waiting_task, task, &executor->waiting)) {
        uint32_t older = place_of(executor, task->job, task->deployment.attempt.task);
        CHECK(older != INDEX_NONE);
        CHECK(executor->tasks.items[older].state == EXECUTION_CANCELING);
    }
    const struct config *config = executor->settings.config;
    CHECK(!canceling || timers_is_set(&executor->timers, executor->watchdog) ||
          (config->cancellation_interval <= 0 && config->cancellation_timeout <= 0));
}
