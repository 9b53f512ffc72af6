/* SPDX-License-Identifier: Apache-2.0
 *
 * The adaptive scheduler: every call of the JobMaster as an event for the state it is in. Any task
 * failure restarts the whole job; slots that come or go, and new requirements, rescale it.
 */
#include "core/schedule/adaptive_scheduler.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/schedule/bounds.h"

/* Only two states look for a better size; in the others changes are not minded, they are seen when
 * one of the two is entered again. */
static bool has_manager(const struct adaptive_scheduler *own)
{
    return own->state == ADAPTIVE_WAITING_FOR_RESOURCES || own->state == ADAPTIVE_EXECUTING;
}

/* Does the state own a graph with tasks that may still be alive? */
static bool has_graph(const struct adaptive_scheduler *own)
{
    return own->state == ADAPTIVE_EXECUTING || own->state == ADAPTIVE_RESTARTING ||
           own->state == ADAPTIVE_STOP_WITH_SAVEPOINT || own->state == ADAPTIVE_CANCELING ||
           own->state == ADAPTIVE_FAILING;
}

/* Bounds and max parallelism come from the job once; the rest is filled state by state. The history
 * is there even when it is off, so that nobody has to ask. */
static void adaptive_init(struct scheduler *s, uint64_t seed)
{
    (void)seed; /* the adaptive scheduler draws nothing of its own */
    struct adaptive_scheduler *own = mem_create(sizeof *own);
    s->own.adaptive = own;
    adaptive_resources_init(s);
    rescale_history_init(&own->history, (size_t)s->parts.config->rescale_history_size,
                         s->parts.job->vertices.count, s->parts.job->groups.count);
}

/* The current graph and its slots are the shared part's (scheduler_fini). */
static void adaptive_fini(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    adaptive_resources_fini(own, s->parts.job->vertices.count);
    rescale_history_fini(&own->history);
    mem_destroy(own);
}

/* The requirements first: what the cluster has is on its way while the wait begins. */
static void adaptive_start(struct scheduler *s)
{
    s->own.adaptive->entered_at = scheduler_now(s); /* Created */
    scheduler_show_status(s, JOB_CREATED);
    adaptive_history_begin(s, RESCALE_CAUSE_INITIAL_SCHEDULE, true);
    adaptive_declare(s);
    adaptive_enter_waiting(s, NULL);
}

/* What a transition manager hears (DefaultStateTransitionManager: onChange, which tells new slots
 * from new bounds for the history's sake, onTrigger, and its own scheduled actions), so that what
 * follows from its answer is written down once:
 *
 *   SLOTS, BOUNDS   there are others              it may begin to wait, or go on waiting
 *   TRIGGER         a good moment has come        it may go on what it has waited for
 *   TIME            one of its own waits is over  both
 */
enum manager_call { CALL_SLOTS, CALL_BOUNDS, CALL_TRIGGER, CALL_TIME };

/* What it answers is carried out by tell_manager; it does nothing to the scheduler itself. */
static struct transition_outcome call_manager(struct scheduler *s, enum manager_call call)
{
    struct transition_manager *manager = &s->own.adaptive->manager;
    switch (call) {
    case CALL_SLOTS:
    case CALL_BOUNDS: return transition_manager_on_change(manager, s->parts.effects);
    case CALL_TRIGGER: return transition_manager_on_trigger(manager, s->parts.effects);
    case CALL_TIME: break;
    }
    return transition_manager_on_time(manager, s->parts.effects);
}

/* While executing: new slots by which another size can be had are a record, of the moment in which
 * the manager begins to count. Coming to rest, it has found that there is none: what was wished for
 * is off. */
static void record_phase(struct scheduler *s, enum manager_call call,
                         const struct transition_manager *before)
{
    const struct adaptive_scheduler *own = s->own.adaptive;
    if (own->state != ADAPTIVE_EXECUTING)
        return;
    bool counts = own->manager.first_change != TIME_NEVER && before->first_change == TIME_NEVER;
    if (counts && call == CALL_SLOTS)
        adaptive_history_begin(s, RESCALE_CAUSE_NEW_RESOURCE_AVAILABLE, false);
    if (own->manager.phase == PHASE_IDLING && before->phase != PHASE_IDLING)
        adaptive_history_came_to_nothing(s);
}

/* Tells the transition manager and does what it asks for; true when the state was left. */
static bool tell_manager(struct scheduler *s, enum manager_call call)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    struct transition_manager before = own->manager;
    struct transition_outcome outcome = call_manager(s, call);
    if (outcome.request_checkpoint)
        checkpoint_coordinator_request_active(s->parts.checkpoints, s->parts.effects);
    record_phase(s, call, &before);
    if (!outcome.transition)
        return false;
    const char *reason = outcome.desired ? "desired resources" : "sufficient resources";
    if (own->state == ADAPTIVE_WAITING_FOR_RESOURCES)
        adaptive_enter_creating(s, reason);
    else
        adaptive_enter_restarting(s, 0, CAUSE_NONE, reason);
    return true;
}

/* One phase may end in the instant in which it begins (waits of no length), hence the loop. True
 * when the state was left: its manager is then another one, or none. */
static bool run_manager_timers(struct scheduler *s)
{
    while (transition_manager_deadline(&s->own.adaptive->manager) <= scheduler_now(s))
        if (tell_manager(s, CALL_TIME))
            return true;
    return false;
}

/* On entering a state, and while waiting on every change. Timers that are due come first. */
static void change_then_trigger(struct scheduler *s, enum manager_call change)
{
    if (!run_manager_timers(s) && !tell_manager(s, change))
        tell_manager(s, CALL_TRIGGER);
}

/* Slots or requirements changed. Waiting, each change is a trigger as well; running, only
 * checkpoints and delays are. */
static void on_change(struct scheduler *s, enum manager_call change)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (own->state == ADAPTIVE_WAITING_FOR_RESOURCES) {
        change_then_trigger(s, change);
    } else if (own->state == ADAPTIVE_EXECUTING) {
        trigger_countdown_on_change(&own->countdown);
        tell_manager(s, change);
    }
}

/* How many, and where, is read off the pool. */
static void adaptive_slots_gained(struct scheduler *s, const struct allocation_id *gained,
                                  size_t count)
{
    (void)gained;
    (void)count;
    on_change(s, CALL_SLOTS);
}

/* NoResourceAvailable is for slot requests, and this scheduler makes none: it declares. */
static void adaptive_resources_refused(struct scheduler *s, uint32_t missing)
{
    (void)missing;
    (void)s; /* Flink's adaptive scheduler goes on with what it has, or waits for its time-out */
}

/* Any failure of any task restarts the job: there is no regional failover. The strategy hears of
 * each; a failure is recorded before it is known whether the job survives it. */
static void restart_or_fail(struct scheduler *s, struct task_id task, enum failure_cause cause)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    time_ns now = scheduler_now(s);
    restart_strategy_notify_failure(s->parts.restarts, now);
    scheduler_remember(s, task, cause, true);
    own->left_for = cause;
    if (failure_cause_is_recoverable(cause) &&
        restart_strategy_can_restart(s->parts.restarts, now)) {
        adaptive_history_on_failover(s);
        adaptive_enter_restarting(s, scheduler_restart_delay(s), cause,
                                  failure_cause_sentence(cause));
        return;
    }
    char text[96];
    text_format(text, sizeof text, "recovery is suppressed by restart strategy %s",
                s->parts.restarts->row->name);
    adaptive_enter_failing(
        s, cause, failure_cause_is_recoverable(cause) ? text : failure_cause_sentence(cause));
}

/* Before there is a graph nothing can be restarted; while one is being cancelled a failure is only
 * the end of one more task. */
static void adaptive_failed(struct scheduler *s, struct task_id task, enum failure_cause cause)
{
    switch (s->own.adaptive->state) {
    case ADAPTIVE_CREATED:
    case ADAPTIVE_WAITING_FOR_RESOURCES:
    case ADAPTIVE_CREATING_EXECUTION_GRAPH: adaptive_fail_without_graph(s, cause); break;
    case ADAPTIVE_EXECUTING:
    case ADAPTIVE_STOP_WITH_SAVEPOINT: restart_or_fail(s, task, cause); break;
    case ADAPTIVE_RESTARTING:
    case ADAPTIVE_CANCELING:
    case ADAPTIVE_FAILING: adaptive_on_tasks_ended(s); break;
    case ADAPTIVE_FINISHED:
    case ADAPTIVE_STATE_COUNT: break;
    }
}

/* INITIALIZING and RUNNING lead to nothing here; the checkpoint gate has seen them already. */
static void adaptive_task_moved(struct scheduler *s, struct task_id task)
{
    enum execution_state state = (enum execution_state)s->graph->tasks[task.n].state;
    if (execution_state_is_terminal(state))
        adaptive_on_tasks_ended(s);
}

/* Slots stay required while the bounds want them, also between two graphs: a restart would
 * otherwise give back what it is about to take. */
static void adaptive_slot_left(struct scheduler *s, uint32_t slot)
{
    (void)s; /* what is required does not follow what is in use */
    (void)slot;
}

/* Without its savepoint the job goes on. Whoever leaves the state answers the stop (move). */
static void on_stop_checkpoint(struct scheduler *s,
                               const struct checkpoint_coordinator_order *order)
{
    CHECK(s->own.adaptive->state == ADAPTIVE_STOP_WITH_SAVEPOINT);
    if (order->kind == ORDER_COMPLETED) {
        s->stop_savepoint = order->checkpoint;
        return;
    }
    checkpoint_coordinator_resume_periodic(s->parts.checkpoints, s->parts.effects);
    adaptive_begin_executing(s, "the savepoint failed");
}

/* Completed checkpoints are good moments to rescale, and so are too many failed ones: nothing is
 * lost that would not be lost anyway (FLIP-461). */
static void adaptive_checkpoint_ended(struct scheduler *s,
                                      const struct checkpoint_coordinator_order *order)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (scheduler_is_of_stop(s, order)) {
        on_stop_checkpoint(s, order);
        return;
    }
    if (own->state != ADAPTIVE_EXECUTING)
        return;
    bool trigger = false;
    if (order->kind == ORDER_COMPLETED)
        trigger = trigger_countdown_on_completed(&own->countdown);
    else if (order->counted)
        trigger = trigger_countdown_on_failed(&own->countdown);
    if (trigger)
        tell_manager(s, CALL_TRIGGER);
}

/* States without a graph have nothing to cancel and end at once. */
static void adaptive_cancel(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (own->state == ADAPTIVE_CANCELING)
        return;
    if (has_graph(own))
        adaptive_enter_canceling(s);
    else
        adaptive_enter_finished(s, JOB_CANCELED, NULL);
}

/* Only from Executing (StopWithSavepoint is a transition of Executing alone): during a restart
 * there is nothing that could take a savepoint. */
static struct err adaptive_stop(struct scheduler *s, bool drain, uint64_t token, struct note *note)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (own->state != ADAPTIVE_EXECUTING)
        return err_note(note, ERR_REFUSED_CODE, "the job is not executing");
    adaptive_enter_stopping(s, drain, token);
    return OK;
}

/* The dispatcher has checked and stored the bounds; they are checked here once more, because only
 * the scheduler knows whether it takes any. Bounds equal to those in force are no change. */
static struct err adaptive_require(struct scheduler *s, const struct vertex_bounds *bounds,
                                   size_t count, struct note *note)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (own->reactive)
        return err_note(note, ERR_REFUSED_CODE,
                        "reactive mode does not take resource requirements");
    size_t vertices = s->parts.job->vertices.count;
    struct parallelism_bounds *checked = mem_create_array(vertices, sizeof *checked);
    struct err result = bounds_check(s->parts.job, bounds, count, checked, note);
    if (!err_is(result) && memcmp(own->bounds, checked, vertices * sizeof *checked) != 0) {
        memcpy(own->bounds, checked, vertices * sizeof *checked);
        adaptive_history_begin(s, RESCALE_CAUSE_UPDATE_REQUIREMENT, true);
        adaptive_declare(s);
        on_change(s, CALL_BOUNDS);
    }
    mem_destroy(checked);
    return result;
}

/* runIfState: what was posted by a state that has been left is dropped. */
static void adaptive_on_timer(struct scheduler *s, const struct timer *timer)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    if (timer->epoch != own->epoch)
        return;
    switch ((enum adaptive_timer)timer->kind) {
    case TIMER_CHECK_ON_ENTRY: change_then_trigger(s, CALL_SLOTS); break;
    case TIMER_RESOURCE_WAIT: adaptive_enter_creating(s, "the wait for resources is over"); break;
    case TIMER_BUILD_GRAPH: adaptive_build_graph(s); break;
    case TIMER_BACKOFF: adaptive_leave_restarting(s); break;
    }
}

/* The scheduler's own timers have run before (scheduler_on_time); an entry check posted for this
 * instant thus comes before the manager's waits end in it. */
static void adaptive_on_time(struct scheduler *s)
{
    if (has_manager(s->own.adaptive))
        run_manager_timers(s);
}

/* Timers of the scheduler are the shared part's; here only the manager's two clocks. */
static time_ns adaptive_deadline(const struct scheduler *s)
{
    const struct adaptive_scheduler *own = s->own.adaptive;
    return has_manager(own) ? transition_manager_deadline(&own->manager) : TIME_NEVER;
}

/* As Flink's State classes are called: what views and the event log show. */
static const char *adaptive_state_name(const struct scheduler *s)
{
    return state_name(&adaptive_states, s->own.adaptive->state);
}

/* Everything that can change a later decision. The status is in the shared part's hash; `left_for`
 * lives within one call. */
static uint64_t adaptive_hash(const struct scheduler *s)
{
    const struct adaptive_scheduler *own = s->own.adaptive;
    uint64_t hash = hash_add(own->state, own->epoch);
    hash = hash_add(hash, (uint64_t)own->entered_at);
    hash = hash_add(hash, (uint64_t)own->backoff);
    hash = hash_add(hash, (uint64_t)own->has_target << 8 | own->end_cause);
    for (size_t v = 0; v < s->parts.job->vertices.count; v++) {
        const struct parallelism_bounds *bounds = &own->bounds[v];
        hash = hash_add(hash, (uint64_t)bounds->lower << 32 | (uint32_t)bounds->upper);
        hash = hash_add(hash, (uint32_t)own->planned[v]);
        for (VEC_EACH(const uint32_t, number, &own->attempts[v].numbers))
            hash = hash_add(hash, *number);
    }
    if (has_manager(own))
        hash = hash_add(hash, transition_manager_hash(&own->manager));
    hash = hash_add(hash, trigger_countdown_hash(&own->countdown));
    return hash_add(hash, rescale_history_hash(&own->history));
}

/* Requirements follow the bounds, the status follows the state, and only some states have tasks. */
static void adaptive_check(const struct scheduler *s)
{
    const struct adaptive_scheduler *own = s->own.adaptive;
    bool ended = own->state == ADAPTIVE_FINISHED;
    bool live = s->graph && !execution_graph_all_ended(s->graph);
    CHECK(ended ? scheduler_is_ended(s) : s->status == adaptive_shown_status(own->state));
    CHECK(!live || has_graph(own));
    CHECK(s->stop_token == 0 || own->state == ADAPTIVE_STOP_WITH_SAVEPOINT);
    CHECK(requirements_total(&s->parts.pool->required) ==
          (own->state == ADAPTIVE_CREATED ? 0 : adaptive_desired_slots(s)));
    for (size_t v = 0; v < s->parts.job->vertices.count; v++) {
        CHECK(own->bounds[v].lower >= 1);
        CHECK(own->bounds[v].lower <= own->bounds[v].upper);
        CHECK(own->bounds[v].upper <=
              job_graph_max_parallelism(s->parts.job, (struct vertex_id){ (uint32_t)v }));
    }
    if (has_manager(own))
        transition_manager_check(&own->manager);
}

const struct scheduler_row adaptive_scheduler_row = {
    .name = "Adaptive",
    .init = adaptive_init,
    .fini = adaptive_fini,
    .start = adaptive_start,
    .slots_gained = adaptive_slots_gained,
    .resources_refused = adaptive_resources_refused,
    .failed = adaptive_failed,
    .task_moved = adaptive_task_moved,
    .slot_left = adaptive_slot_left,
    .checkpoint_ended = adaptive_checkpoint_ended,
    .cancel = adaptive_cancel,
    .stop = adaptive_stop,
    .require = adaptive_require,
    .on_timer = adaptive_on_timer,
    .on_time = adaptive_on_time,
    .deadline = adaptive_deadline,
    .state_name = adaptive_state_name,
    .hash = adaptive_hash,
    .check = adaptive_check,
};
