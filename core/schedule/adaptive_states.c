/* SPDX-License-Identifier: Apache-2.0
 *
 * The states of the adaptive scheduler: entering each, and what follows when its work is done.
 * `move` is the only place that changes the state. Follow-ups that Flink posts with delay 0 are
 * timers due now, so that a state is always entered completely before it is left.
 */
#include "core/schedule/adaptive_scheduler.h"

#include "core/base/text.h"

/* Every state may end the job: a cancel or a failure of the whole finds it anywhere. (A state
 * without a graph ends at once, one with a graph by way of Canceling or Failing.) */
#define ENDED STATE(ADAPTIVE_FINISHED)

static const struct state_row rows[ADAPTIVE_STATE_COUNT] = {
    [ADAPTIVE_CREATED] = { "Created", STATE(ADAPTIVE_WAITING_FOR_RESOURCES) | ENDED,
                           STATE_INITIAL },
    [ADAPTIVE_WAITING_FOR_RESOURCES] = { "WaitingForResources",
                                         STATE(ADAPTIVE_CREATING_EXECUTION_GRAPH) | ENDED, 0 },
    [ADAPTIVE_CREATING_EXECUTION_GRAPH] = { "CreatingExecutionGraph",
                                            STATE(ADAPTIVE_EXECUTING) |
                                                STATE(ADAPTIVE_WAITING_FOR_RESOURCES) | ENDED,
                                            0 },
    [ADAPTIVE_EXECUTING] = { "Executing",
                             STATE(ADAPTIVE_RESTARTING) | STATE(ADAPTIVE_CANCELING) |
                                 STATE(ADAPTIVE_FAILING) | STATE(ADAPTIVE_STOP_WITH_SAVEPOINT) |
                                 ENDED,
                             0 },
    [ADAPTIVE_RESTARTING] = { "Restarting",
                              STATE(ADAPTIVE_WAITING_FOR_RESOURCES) |
                                  STATE(ADAPTIVE_CREATING_EXECUTION_GRAPH) |
                                  STATE(ADAPTIVE_CANCELING) | ENDED,
                              0 },
    [ADAPTIVE_CANCELING] = { "Canceling", ENDED, 0 },
    [ADAPTIVE_FAILING] = { "Failing", STATE(ADAPTIVE_CANCELING) | ENDED, STATE_FAILURE },
    [ADAPTIVE_STOP_WITH_SAVEPOINT] = { "StopWithSavepoint",
                                       STATE(ADAPTIVE_EXECUTING) | STATE(ADAPTIVE_RESTARTING) |
                                           STATE(ADAPTIVE_CANCELING) | STATE(ADAPTIVE_FAILING) |
                                           ENDED,
                                       0 },
    [ADAPTIVE_FINISHED] = { "Finished", 0, STATE_FINAL },
};

const struct state_table adaptive_states = { "scheduler", rows, ADAPTIVE_STATE_COUNT };

static struct adaptive_scheduler *own_of(struct scheduler *s)
{
    return s->own.adaptive;
}

/* Which status a client sees in each state; Finished shows how the job has ended. */
static const enum job_status shown[ADAPTIVE_STATE_COUNT] = {
    [ADAPTIVE_CREATED] = JOB_INITIALIZING,
    [ADAPTIVE_WAITING_FOR_RESOURCES] = JOB_CREATED,
    [ADAPTIVE_CREATING_EXECUTION_GRAPH] = JOB_CREATED,
    [ADAPTIVE_EXECUTING] = JOB_RUNNING,
    [ADAPTIVE_RESTARTING] = JOB_RESTARTING,
    [ADAPTIVE_CANCELING] = JOB_CANCELLING,
    [ADAPTIVE_FAILING] = JOB_FAILING,
    [ADAPTIVE_STOP_WITH_SAVEPOINT] = JOB_RUNNING,
};

enum job_status adaptive_shown_status(enum adaptive_state state)
{
    CHECK(state != ADAPTIVE_FINISHED);
    return shown[state];
}

/* Raises the epoch, so that what earlier states have posted is dropped when it comes due. */
static void move(struct scheduler *s, enum adaptive_state to, const char *reason)
{
    struct adaptive_scheduler *own = own_of(s);
    machine_check_move(&adaptive_states, own->state, to);
    effects_log(s->parts.effects,
                &(struct log_line){ .level = LOG_DECISION,
                                    .machine = adaptive_states.machine,
                                    .what = "move",
                                    .from = state_name(&adaptive_states, own->state),
                                    .to = state_name(&adaptive_states, to),
                                    .subject = LOG_OF_JOB,
                                    .job = s->job,
                                    .reason = reason });
    adaptive_history_left_state(s);
    if (own->state == ADAPTIVE_STOP_WITH_SAVEPOINT && to != ADAPTIVE_FINISHED)
        scheduler_answer_stop(s, true);
    own->state = to;
    own->epoch++;
    own->entered_at = scheduler_now(s);
    own->left_for = CAUSE_NONE;
    own->has_target = false;
    if (to != ADAPTIVE_FINISHED)
        scheduler_show_status(s, adaptive_shown_status(to));
}

/* Who enters which state, and why:
 *
 *   WaitingForResources    the start; a failure's restart without all desired slots;
 *                          a planned slot was lost
 *   CreatingExecutionGraph the manager or the wait time-out; after a restart, when the size it
 *                          was left for, or all that is desired, can be had
 *   Executing              the graph is built on reserved slots; a stop has failed
 *   Restarting             a failure that may restart (then a back-off); a rescale (none)
 *   StopWithSavepoint      a client asks, while Executing
 *   Failing, Canceling     an unrecoverable failure, a cancel, while there are tasks; a cancel of
 *                          a failing job
 *   Finished               all tasks have ended, or there were none
 */

/* What Flink posts to the main thread with a delay, 0 included. It does not run inside the call
 * that posts it, so a state is never left while it is being entered. */
static void post(struct scheduler *s, enum adaptive_timer kind, time_ns delay)
{
    timers_set(&s->timers, (struct timer){ .at = time_add(scheduler_now(s), delay),
                                           .kind = kind,
                                           .epoch = own_of(s)->epoch });
}

/* One manager per visit. The check of what is there already is posted, as in Flink: it comes after
 * the timers of no length that the new manager has. */
static void start_manager(struct scheduler *s, const struct transition_settings *settings)
{
    struct transition_view view = { adaptive_has_sufficient, adaptive_has_desired, s };
    transition_manager_init(&own_of(s)->manager, settings, &view, s->job, scheduler_now(s));
    post(s, TIMER_CHECK_ON_ENTRY, 0);
}

/* Reactive mode waits for ever and not at all for more than one slot, unless told otherwise. */
static time_ns wait_timeout(const struct scheduler *s)
{
    const struct config *config = s->parts.config;
    if (s->own.adaptive->reactive &&
        !config_is_set(config, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout"))
        return -1;
    return config->adaptive_wait_timeout;
}

/* The same for how long more slots are hoped for. */
static time_ns submission_stabilization(const struct scheduler *s)
{
    const struct config *config = s->parts.config;
    if (s->own.adaptive->reactive &&
        !config_is_set(config,
                       "jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout"))
        return 0;
    return config->adaptive_submission_stabilization;
}

/* Entered at the start, after a failure that cost slots, and when a planned slot was lost: the
 * time-outs of a submission hold each time (WaitingForResources). */
void adaptive_enter_waiting(struct scheduler *s, const char *reason)
{
    move(s, ADAPTIVE_WAITING_FOR_RESOURCES, reason);
    time_ns timeout = wait_timeout(s);
    if (timeout >= 0)
        post(s, TIMER_RESOURCE_WAIT, timeout);
    start_manager(s, &(struct transition_settings){ .cooldown = 0,
                                                    .stabilization = submission_stabilization(s),
                                                    .max_delay = 0,
                                                    .active_checkpoint = false });
}

/* The parallelism is fixed now, from the slots free now; the graph is built in the next turn. */
void adaptive_enter_creating(struct scheduler *s, const char *reason)
{
    struct adaptive_scheduler *own = own_of(s);
    move(s, ADAPTIVE_CREATING_EXECUTION_GRAPH, reason);
    if (!adaptive_parallelism_for(s, s->parts.pool->free_count, own->planned)) {
        adaptive_history_not_built(s, CAUSE_LOWER_BOUNDS);
        adaptive_fail_without_graph(s, CAUSE_LOWER_BOUNDS);
        return;
    }
    post(s, TIMER_BUILD_GRAPH, 0);
}

/* Without a maximal delay of its own the rescale waits for as many checkpoint intervals as failed
 * checkpoints are borne, and one more; without checkpoints it does not wait at all. */
static struct transition_settings executing_settings(const struct scheduler *s)
{
    const struct config *config = s->parts.config;
    time_ns max_delay = config->adaptive_max_delay;
    bool checkpoints = checkpoint_coordinator_is_periodic(s->parts.checkpoints);
    if (max_delay == TIME_NEVER)
        max_delay = checkpoints ? (config->adaptive_max_checkpoint_failures + 1) *
                                      config->checkpoint_interval
                                : 0;
    return (struct transition_settings){
        .cooldown = config->adaptive_cooldown,
        .stabilization = config->adaptive_executing_stabilization,
        .max_delay = max_delay,
        .active_checkpoint =
            checkpoints && config->flink_version == FLINK_2_4 && config->adaptive_active_checkpoint,
    };
}

/* What each visit of Executing begins with, also one that a stop has only interrupted: a cooldown
 * of its own, and no failed checkpoint counted. */
void adaptive_begin_executing(struct scheduler *s, const char *reason)
{
    move(s, ADAPTIVE_EXECUTING, reason);
    trigger_countdown_init(&own_of(s)->countdown,
                           s->parts.config->adaptive_max_checkpoint_failures);
    struct transition_settings settings = executing_settings(s);
    start_manager(s, &settings);
}

/* Flink builds on its IO executor and comes back with the graph; here it is there at once, and the
 * state lasts for that one turn. All tasks are scheduled before the gate opens, so that it finds
 * them. */
void adaptive_build_graph(struct scheduler *s)
{
    struct adaptive_scheduler *own = own_of(s);
    if (!scheduler_restore_snapshot(s, own->planned, own->max_parallelism)) {
        adaptive_fail_without_graph(s, CAUSE_GRAPH);
        return;
    }
    if (!adaptive_create_graph(s)) {
        adaptive_enter_waiting(s, "a planned slot is no longer free");
        return;
    }
    const struct completed_checkpoint *latest = scheduler_log_restore(s);
    checkpoint_coordinator_set_graph(s->parts.checkpoints, s->graph);
    s->graph_status = JOB_CREATED;
    scheduler_move_graph_status(s, JOB_RUNNING, NULL);
    adaptive_begin_executing(s, NULL);
    adaptive_history_executing(s);
    struct task_list all = { 0 };
    for (uint32_t i = 0; i < s->graph->task_count; i++) {
        vec_push(&all.ids, (struct task_id){ i });
        scheduler_move_task(s, (struct task_id){ i }, EXECUTION_SCHEDULED, CAUSE_NONE);
    }
    scheduler_open_gate(s); /* with all tasks in it: it starts nothing before all are RUNNING */
    scheduler_deploy(s, all.ids.items, all.ids.count, latest);
    vec_fini(&all.ids);
}

/* The order is Flink's: attempt numbers are read off the old graph before it is cancelled, pending
 * checkpoints fail before the tasks they wait for end, and a graph whose tasks have all ended
 * already goes on to the back-off in the same call. With a rescale the target is worked out from
 * all slots now; whether it can still be had is asked when the tasks have ended. */
void adaptive_enter_restarting(struct scheduler *s, time_ns backoff, enum failure_cause cause,
                               const char *reason)
{
    struct adaptive_scheduler *own = own_of(s);
    bool is_rescale = cause == CAUSE_NONE;
    CHECK(backoff >= 0);
    s->restart_count++;
    if (is_rescale) {
        bool obtainable = adaptive_parallelism_for(s, adaptive_slot_count(s), own->planned);
        CHECK(obtainable); /* Flink: an exception that ends the process */
        s->rescale_count++;
    }
    adaptive_raise_attempts(s);
    checkpoint_coordinator_cancel_active(s->parts.checkpoints);
    move(s, ADAPTIVE_RESTARTING, reason);
    own->has_target = is_rescale;
    own->backoff = backoff;
    scheduler_move_graph_status(s, JOB_CANCELLING, NULL);
    checkpoint_coordinator_abort_pending(s->parts.checkpoints, CHECKPOINT_FAILURE_SUSPENDED,
                                         s->parts.effects);
    scheduler_cancel_all_tasks(s);
    adaptive_on_tasks_ended(s);
}

/* The graph's own status; a graph whose tasks had all ended before has it already. */
static void end_graph_as(struct scheduler *s, enum job_status status)
{
    if (s->graph_status != status)
        scheduler_move_graph_status(s, status, NULL);
}

/* All tasks of the graph have ended, perhaps: what the state waits for. */
void adaptive_on_tasks_ended(struct scheduler *s)
{
    struct adaptive_scheduler *own = own_of(s);
    if (!execution_graph_all_ended(s->graph))
        return;
    switch (own->state) {
    case ADAPTIVE_RESTARTING:
        if (s->graph_status != JOB_CANCELLING)
            return; /* the wait runs already */
        end_graph_as(s, JOB_CANCELED);
        /* onTerminalState: the graph's coordinator is shut down, what has completed is kept */
        checkpoint_coordinator_stop_periodic(s->parts.checkpoints, CHECKPOINT_FAILURE_SHUTDOWN,
                                             s->parts.effects);
        post(s, TIMER_BACKOFF, own->backoff);
        break;
    case ADAPTIVE_CANCELING:
        end_graph_as(s, JOB_CANCELED);
        adaptive_enter_finished(s, JOB_CANCELED, NULL);
        break;
    case ADAPTIVE_FAILING:
        end_graph_as(s, JOB_FAILED);
        adaptive_enter_finished(s, JOB_FAILED, failure_cause_sentence(own->end_cause));
        break;
    case ADAPTIVE_EXECUTING:
    case ADAPTIVE_STOP_WITH_SAVEPOINT:
        if (execution_graph_count(s->graph, EXECUTION_FINISHED) != s->graph->task_count)
            return;
        end_graph_as(s, JOB_FINISHED);
        adaptive_enter_finished(s, JOB_FINISHED, NULL);
        break;
    case ADAPTIVE_CREATED:
    case ADAPTIVE_WAITING_FOR_RESOURCES:
    case ADAPTIVE_CREATING_EXECUTION_GRAPH:
    case ADAPTIVE_FINISHED:
    case ADAPTIVE_STATE_COUNT: break;
    }
}

/* A rescale knows the size it was left for; if that is still to be had, or everything desired is
 * there, no new waiting for resources is needed (Restarting.onGloballyTerminalState). */
void adaptive_leave_restarting(struct scheduler *s)
{
    struct adaptive_scheduler *own = own_of(s);
    CHECK(own->state == ADAPTIVE_RESTARTING);
    bool straight = own->has_target && adaptive_target_is_obtainable(s);
    if (straight || adaptive_slot_count(s) >= adaptive_desired_slots(s))
        adaptive_enter_creating(s, NULL);
    else
        adaptive_enter_waiting(s, NULL);
}

/* From here there is no way but the end. Tasks still running are cancelled first. */
void adaptive_enter_failing(struct scheduler *s, enum failure_cause cause, const char *reason)
{
    own_of(s)->end_cause = cause;
    move(s, ADAPTIVE_FAILING, reason);
    scheduler_move_graph_status(s, JOB_FAILING, NULL);
    checkpoint_coordinator_abort_pending(s->parts.checkpoints, CHECKPOINT_FAILURE_JOB_FAILURE,
                                         s->parts.effects);
    scheduler_cancel_all_tasks(s);
    adaptive_on_tasks_ended(s);
}

/* From Restarting the graph is being cancelled already and only the purpose changes; from Failing
 * its tasks are, and it ends as CANCELED all the same (Failing.cancel). */
void adaptive_enter_canceling(struct scheduler *s)
{
    move(s, ADAPTIVE_CANCELING, NULL);
    if (s->graph_status == JOB_RUNNING || s->graph_status == JOB_FAILING)
        scheduler_move_graph_status(s, JOB_CANCELLING, NULL);
    checkpoint_coordinator_abort_pending(s->parts.checkpoints, CHECKPOINT_FAILURE_SUSPENDED,
                                         s->parts.effects);
    scheduler_cancel_all_tasks(s);
    adaptive_on_tasks_ended(s);
}

/* The savepoint stops the periodic timer first; no rescale happens meanwhile. */
void adaptive_enter_stopping(struct scheduler *s, bool drain, uint64_t token)
{
    move(s, ADAPTIVE_STOP_WITH_SAVEPOINT, NULL);
    scheduler_begin_stop(s, drain, token);
}

/* A job can end without its graph having done so: it had none, or waited for slots beside one that
 * was cancelled long ago. What is archived has the status all the same
 * (ArchivedExecutionGraph.createSparseArchivedExecutionGraph); no graph moves, so this is no move.
 */
/* The one end. Whoever still waits for an answer gets it in scheduler_end. */
void adaptive_enter_finished(struct scheduler *s, enum job_status status, const char *reason)
{
    move(s, ADAPTIVE_FINISHED, reason);
    scheduler_log_archived(s, status, reason);
    adaptive_history_ended(s, status);
    scheduler_end(s, status);
}

/* What ends a job that has no graph is the failure info of what Flink archives; with the history
 * it makes one list here, of which it is the last root (RootExceptionHistoryEntry's
 * fromGlobalFailure). */
void adaptive_fail_without_graph(struct scheduler *s, enum failure_cause cause)
{
    own_of(s)->end_cause = cause;
    scheduler_remember(s, task_id_none(), cause, true);
    adaptive_enter_finished(s, JOB_FAILED, failure_cause_sentence(cause));
}
