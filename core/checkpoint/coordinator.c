/* SPDX-License-Identifier: Apache-2.0
 *
 * When a checkpoint is asked for and when the asking becomes one: the periodic grid, the queue, the
 * pause, the coordinator's timers. In: starts, stops, requests, time. Out: chosen requests, and
 * orders for those that fail. Always: at most one request is between choice and plan.
 */
#include "core/checkpoint/coordinator_parts.h"
#include "core/checkpoint/coordinator_snapshots.h"

#include "core/base/hash.h"

/* Times of the same instant keep the order of setting (base/timers.h), so a plan that is posted
 * while something else is due runs behind it. That is the whole of Flink's threading that a log can
 * show: its timer thread posts plans to the main thread. */

/* Flink cuts the pause so that sums of times cannot run over. */
#define MIN_PAUSE_MAX (365 * TIME_DAY)

static time_ns min_pause_of(const struct config *config)
{
    time_ns pause = config->checkpoint_min_pause;
    return pause > MIN_PAUSE_MAX ? MIN_PAUSE_MAX : pause;
}

/* Never more often than min-pause allows. */
static time_ns base_interval(const struct checkpoint_coordinator *coordinator)
{
    time_ns interval = coordinator->config->checkpoint_interval;
    time_ns pause = coordinator->decider.min_pause;
    return interval < pause ? pause : interval;
}

/* TIME_NEVER: no periodic checkpoints for now. */
static time_ns current_interval(const struct checkpoint_coordinator *coordinator)
{
    time_ns backlog = coordinator->config->checkpoint_interval_backlog;
    if (coordinator->backlog_count == 0 || backlog == TIME_NEVER)
        return base_interval(coordinator);
    if (backlog == 0)
        return TIME_NEVER;
    time_ns pause = coordinator->decider.min_pause;
    return backlog < pause ? pause : backlog;
}

/* The field triggerDelay of 2.3: drawn when the coordinator is made, used by its first start only
 * (surprise 4). With sources that wait for the first checkpoint (2.4) it is drawn nearer. */
static time_ns draw_first_delay(struct checkpoint_coordinator *coordinator)
{
    const struct config *config = coordinator->config;
    time_ns pause = coordinator->decider.min_pause, most = base_interval(coordinator);
    if (config->pause_sources_until_first && config->flink_version == FLINK_2_4)
        most = 2 * pause;
    return rng_between(&coordinator->rng, pause, most);
}

/* Without an interval it still serves savepoints. The stream of its draws is of this job only, so
 * that a job more does not move the grids of the others. */
void checkpoint_coordinator_init(struct checkpoint_coordinator *coordinator,
                                 const struct config *config, struct job_id job, uint64_t seed)
{
    time_ns interval = config->checkpoint_interval;
    *coordinator = (struct checkpoint_coordinator){
        .config = config,
        .job = job,
        .rng = rng_stream(seed, "checkpoint coordinator", job.n),
        .next_id = 1,
        .periodic = interval > 0 && interval != TIME_NEVER,
        .next_trigger_at = TIME_NEVER,
        .last_completed_at = TIME_NEVER,
    };
    request_decider_init(&coordinator->decider, CHECKPOINT_REQUESTS_MAX,
                         config->checkpoint_max_concurrent, min_pause_of(config));
    int64_t retained = config->checkpoint_retained;
    completed_store_init(&coordinator->store, retained > 0 ? (size_t)retained : 1);
}

void checkpoint_coordinator_fini(struct checkpoint_coordinator *coordinator)
{
    for (VEC_EACH(struct pending_checkpoint, each, &coordinator->pending))
        pending_checkpoint_fini(each);
    for (VEC_EACH(struct pending_checkpoint, each, &coordinator->spare))
        pending_checkpoint_fini(each);
    vec_fini(&coordinator->pending);
    vec_fini(&coordinator->spare);
    vec_fini(&coordinator->template_states);
    vec_fini(&coordinator->in_backlog);
    vec_fini(&coordinator->at_end);
    vec_fini(&coordinator->at_end_of);
    vec_fini(&coordinator->orders.queue);
    timers_fini(&coordinator->timers);
    request_decider_fini(&coordinator->decider);
    completed_store_fini(&coordinator->store);
    shared_state_fini(&coordinator->shared);
}

/* next_trigger and next_trigger_at say the same twice: the timer, and the beat of the grid that it
 * stands for. They are set and cancelled together. */
static void cancel_trigger(struct checkpoint_coordinator *coordinator)
{
    timers_cancel(&coordinator->timers, &coordinator->next_trigger);
    coordinator->next_trigger_at = TIME_NEVER;
}

static void set_trigger(struct checkpoint_coordinator *coordinator, time_ns at)
{
    timers_cancel(&coordinator->timers, &coordinator->next_trigger);
    coordinator->next_trigger_at = at;
    coordinator->next_trigger =
        timers_set(&coordinator->timers, (struct timer){ .at = at, .kind = TIMER_TRIGGER });
}

/* Requests that fail here were never checkpoints: no number, no failure counted; whoever asked for
 * one hears of it. */
static void drain_queue(struct checkpoint_coordinator *coordinator, enum checkpoint_failure why,
                        struct effects *effects)
{
    struct checkpoint_request request;
    while (request_decider_take(&coordinator->decider, &request))
        coordinator_refuse(coordinator, &request, why, effects);
}

/* The coordinator of the old graph would be shut down and a new one made (DefaultExecutionGraph.
 * enableCheckpointing), with the id counter and the store handed on: that is what stays here. */
void checkpoint_coordinator_set_graph(struct checkpoint_coordinator *coordinator,
                                      struct execution_graph *graph)
{
    CHECK(graph != NULL);
    drain_queue(coordinator, CHECKPOINT_FAILURE_SHUTDOWN, NULL);
    if (coordinator->triggering)
        coordinator_refuse(coordinator, &coordinator->chosen, CHECKPOINT_FAILURE_SHUTDOWN, NULL);
    coordinator_drop_all(coordinator, CHECKPOINT_FAILURE_SHUTDOWN);
    timers_fini(&coordinator->timers);
    coordinator->graph = graph;
    coordinator->triggering = false;
    coordinator->scheduler_running = false;
    vec_clear(&coordinator->in_backlog);
    coordinator->backlog_count = 0;
    vec_clear(&coordinator->at_end);
    vec_clear(&coordinator->at_end_of);
    coordinator->at_end_count = 0;
    coordinator->next_trigger = coordinator->active_retry = (struct timer_handle){ 0 };
    coordinator->next_trigger_at = TIME_NEVER;
    coordinator->last_completed_at = TIME_NEVER;
    coordinator->failure_count = 0;
    coordinator->last_success = 0;
    if (coordinator->periodic)
        coordinator->first_delay = draw_first_delay(coordinator);
    task_states_of_graph(graph, &coordinator->template_states);
    checkpoint_coordinator_invariant(coordinator);
}

/* Taking one by one lets the taker call the coordinator in between: what that orders comes behind.
 * The memory is used again once all are taken. */
bool checkpoint_coordinator_next_order(struct checkpoint_coordinator *coordinator,
                                       struct checkpoint_coordinator_order *out)
{
    struct checkpoint_orders *orders = &coordinator->orders;
    if (orders->taken == orders->queue.count) {
        vec_clear(&orders->queue);
        orders->taken = 0;
        return false;
    }
    *out = orders->queue.items[orders->taken++];
    if (out->kind == ORDER_FAIL_JOB)
        coordinator->fail_ordered = false;
    return true;
}

/* stopCheckpointScheduler. A request between choice and plan is out of reach of both loops, in
 * Flink too: its plan is refused when it comes to it. */
static void stop(struct checkpoint_coordinator *coordinator, enum checkpoint_failure why,
                 struct effects *effects)
{
    coordinator->scheduler_running = false;
    cancel_trigger(coordinator);
    timers_cancel(&coordinator->timers, &coordinator->active_retry);
    drain_queue(coordinator, why, effects);
    coordinator_abort_all(coordinator, why, effects);
}

/* startCheckpointScheduler. A timer that runs takes with it what is pending; one that does not has
 * nothing to take, and a savepoint that is under way goes on (FLINK-34519). */
void checkpoint_coordinator_start_periodic(struct checkpoint_coordinator *coordinator,
                                           struct effects *effects)
{
    if (!coordinator->periodic)
        return;
    CHECK(coordinator->graph != NULL);
    if (coordinator->scheduler_running)
        stop(coordinator, CHECKPOINT_FAILURE_SUSPENDED, effects);
    coordinator->scheduler_running = true;
    set_trigger(coordinator, effects->now + coordinator->first_delay);
    coordinator->first_delay = coordinator->decider.min_pause;
    checkpoint_coordinator_invariant(coordinator);
}

/* A start on top of a start would begin the grid anew, so this one asks first. */
void checkpoint_coordinator_resume_periodic(struct checkpoint_coordinator *coordinator,
                                            struct effects *effects)
{
    CHECK(coordinator->graph != NULL);
    if (!coordinator->scheduler_running)
        checkpoint_coordinator_start_periodic(coordinator, effects);
}

/* What is pending goes with the grid, savepoints included (stopCheckpointScheduler). */
void checkpoint_coordinator_stop_periodic(struct checkpoint_coordinator *coordinator,
                                          enum checkpoint_failure why, struct effects *effects)
{
    CHECK(why < CHECKPOINT_FAILURE_COUNT);
    CHECK(why != CHECKPOINT_FAILURE_NONE);
    stop(coordinator, why, effects);
    checkpoint_coordinator_invariant(coordinator);
}

/* What the decider has to know, as things stand. */
static struct decider_situation situation_of(const struct checkpoint_coordinator *coordinator,
                                             time_ns now)
{
    /* cleaning: removing files is ordered and not answered, so nothing is known to be left */
    return (struct decider_situation){ .now = now,
                                       .triggering = coordinator->triggering,
                                       .pending = (uint32_t)coordinator->pending.count,
                                       .cleaning = 0,
                                       .last_completed_at = coordinator->last_completed_at };
}

/* The plan is not made here: Flink posts it to the main thread, behind what a failure of the same
 * instant has posted there. A timer that is due at once has the same order. */
static void follow(struct checkpoint_coordinator *coordinator, const struct decision *decision,
                   struct effects *effects)
{
    for (uint32_t i = 0; i < decision->refused_count; i++)
        coordinator_refuse(coordinator, &decision->refused[i].request,
                           decision->refused[i].for_pause ? CHECKPOINT_FAILURE_MIN_PAUSE
                                                          : CHECKPOINT_FAILURE_TOO_MANY_REQUESTS,
                           effects);
    if (decision->retry_in != TIME_NEVER)
        set_trigger(coordinator, effects->now + decision->retry_in);
    if (!decision->run)
        return;
    CHECK(!coordinator->triggering);
    coordinator->triggering = true;
    coordinator->chosen = decision->request;
    timers_set(&coordinator->timers, (struct timer){ .at = effects->now, .kind = TIMER_PLAN });
}

void coordinator_choose(struct checkpoint_coordinator *coordinator, struct effects *effects)
{
    struct decider_situation situation = situation_of(coordinator, effects->now);
    struct decision decision = request_decider_choose(&coordinator->decider, &situation);
    follow(coordinator, &decision, effects);
}

/* A savepoint is forced when checkpoints are aligned: then it cannot disturb an unaligned one
 * (triggerSavepoint: forSavepoint(!unalignedCheckpointsEnabled, ...)). */
static void ask(struct checkpoint_coordinator *coordinator, enum checkpoint_kind kind,
                bool periodic, uint64_t client_token, struct effects *effects)
{
    struct checkpoint_request request = { .kind = kind,
                                          .periodic = periodic,
                                          .client_token = client_token };
    request.forced =
        checkpoint_kind_is_savepoint(kind) && !coordinator->config->checkpoint_unaligned;
    struct decider_situation situation = situation_of(coordinator, effects->now);
    struct decision decision = request_decider_add(&coordinator->decider, request, &situation);
    follow(coordinator, &decision, effects);
}

/* A savepoint that stops the job is its last word: nothing may be under way beside it or begin
 * behind it, so the grid stops first (SchedulerBase.stopWithSavepoint). */
uint64_t checkpoint_coordinator_request(struct checkpoint_coordinator *coordinator,
                                        enum checkpoint_kind kind, uint64_t client_token,
                                        struct effects *effects)
{
    CHECK(kind < CHECKPOINT_KIND_COUNT);
    if (checkpoint_kind_is_synchronous(kind))
        stop(coordinator, CHECKPOINT_FAILURE_SUSPENDED, effects);
    uint64_t number = coordinator->decider.next_seq;
    ask(coordinator, kind, false, client_token, effects);
    checkpoint_coordinator_invariant(coordinator);
    return number;
}

/* What makes an active checkpoint needless: one that will complete soon anyway. */
static bool is_in_flight(const struct checkpoint_coordinator *coordinator)
{
    return coordinator->triggering || coordinator->pending.count > 0;
}

/* Now if the pause allows it, else once at the end of the pause, however often it is asked. */
void checkpoint_coordinator_request_active(struct checkpoint_coordinator *coordinator,
                                           struct effects *effects)
{
    CHECK(coordinator->graph != NULL);
    if (!coordinator->periodic || is_in_flight(coordinator))
        return;
    struct decider_situation situation = situation_of(coordinator, effects->now);
    time_ns left = request_decider_pause_left(&coordinator->decider, &situation);
    if (left <= 0)
        ask(coordinator, CHECKPOINT_PERIODIC, false, 0, effects);
    else if (!timers_is_set(&coordinator->timers, coordinator->active_retry))
        coordinator->active_retry =
            timers_set(&coordinator->timers,
                       (struct timer){ .at = effects->now + left, .kind = TIMER_ACTIVE });
    checkpoint_coordinator_invariant(coordinator);
}

/* The rescale that wanted it is over; a checkpoint that has begun goes on. */
void checkpoint_coordinator_cancel_active(struct checkpoint_coordinator *coordinator)
{
    timers_cancel(&coordinator->timers, &coordinator->active_retry);
}

/* What a task says that has failed meanwhile, or is being cancelled, is nobody's word any more
 * (DefaultOperatorCoordinatorHandler.deliverOperatorEventToCoordinator). */
static bool is_working(enum execution_state state)
{
    return state == EXECUTION_RUNNING || state == EXECUTION_INITIALIZING;
}

/* Only an earlier time moves the timer: one set before a backlog that forbids checkpoints still
 * fires once and then rests (FLINK-39108, open in 2.3). Hearing the same again is no change. */
void checkpoint_coordinator_on_backlog(struct checkpoint_coordinator *coordinator,
                                       struct task_attempt by, bool backlog,
                                       struct effects *effects)
{
    const struct execution_graph *graph = coordinator->graph;
    if (!graph || by.task.n >= graph->task_count ||
        !task_attempt_equal(execution_graph_attempt(graph, by.task), by) ||
        !is_working((enum execution_state)graph->tasks[by.task.n].state))
        return;
    uint32_t vertex = graph->tasks[by.task.n].vertex.n;
    while (coordinator->in_backlog.count <= vertex)
        vec_push(&coordinator->in_backlog, false);
    if (coordinator->in_backlog.items[vertex] == backlog)
        return;
    coordinator->in_backlog.items[vertex] = backlog;
    coordinator->backlog_count += backlog ? 1 : -1u;
    effects_log(effects, &(struct log_line){ .level = LOG_DECISION,
                                             .machine = "checkpoint",
                                             .what = backlog ? "backlog begins" : "backlog ends",
                                             .subject = LOG_OF_JOB | LOG_OF_VERTEX,
                                             .job = coordinator->job,
                                             .vertex = { vertex } });
    time_ns at = time_add(effects->now, current_interval(coordinator));
    if (coordinator->scheduler_running && at < coordinator->next_trigger_at)
        set_trigger(coordinator, at);
    checkpoint_coordinator_invariant(coordinator);
}

/* The grid goes on from when the trigger was due, not from now. */
static void on_trigger_due(struct checkpoint_coordinator *coordinator, struct effects *effects)
{
    CHECK(coordinator->scheduler_running);
    time_ns next = time_add(coordinator->next_trigger_at, current_interval(coordinator));
    if (next == TIME_NEVER)
        cancel_trigger(coordinator);
    else
        set_trigger(coordinator, next);
    ask(coordinator, CHECKPOINT_PERIODIC, true, 0, effects);
}

/* The retry looks again: a checkpoint that began or ended meanwhile serves as well. */
static void on_active_due(struct checkpoint_coordinator *coordinator, struct effects *effects)
{
    struct decider_situation situation = situation_of(coordinator, effects->now);
    if (!is_in_flight(coordinator) &&
        request_decider_pause_left(&coordinator->decider, &situation) <= 0)
        ask(coordinator, CHECKPOINT_PERIODIC, false, 0, effects);
}

/* Fires what is due, the plans it leads to included. Stops at an ordered failure of the job: in
 * Flink that is in the main thread's queue before any plan that the same event leads to, so the
 * plan has to find the tasks already cancelled (recording checkpoint-expires-tolerable-0). */
void checkpoint_coordinator_on_time(struct checkpoint_coordinator *coordinator,
                                    struct effects *effects)
{
    struct timer due;
    while (!coordinator->fail_ordered &&
           timers_take_due(&coordinator->timers, effects->now, &due)) {
        switch ((enum coordinator_timer)due.kind) {
        case TIMER_TRIGGER: on_trigger_due(coordinator, effects); break;
        case TIMER_PLAN: coordinator_trigger_chosen(coordinator, effects); break;
        case TIMER_EXPIRY: coordinator_expire(coordinator, due.epoch, effects); break;
        case TIMER_ACTIVE: on_active_due(coordinator, effects); break;
        }
    }
    checkpoint_coordinator_invariant(coordinator);
}

/* Nothing comes after it but late messages, which find no checkpoint. */
void checkpoint_coordinator_shutdown(struct checkpoint_coordinator *coordinator,
                                     enum checkpoint_job_end end, struct effects *effects)
{
    CHECK(end < JOB_END_COUNT);
    stop(coordinator, CHECKPOINT_FAILURE_SHUTDOWN, effects);
    if (coordinator->triggering)
        coordinator_refuse(coordinator, &coordinator->chosen, CHECKPOINT_FAILURE_SHUTDOWN, effects);
    coordinator->triggering = false;
    timers_fini(&coordinator->timers);
    if (completed_store_discards_at(coordinator->config->checkpoint_retention, end))
        coordinator_discard_all(coordinator);
    else
        coordinator_retain_all(coordinator);
}

time_ns checkpoint_coordinator_deadline(const struct checkpoint_coordinator *coordinator)
{
    return timers_next(&coordinator->timers);
}

bool checkpoint_coordinator_is_periodic(const struct checkpoint_coordinator *coordinator)
{
    return coordinator->periodic;
}

/* Timer and grid agree, ids ascend, and what is pending has not ended. */
void checkpoint_coordinator_invariant(const struct checkpoint_coordinator *coordinator)
{
    bool timer_set = timers_is_set(&coordinator->timers, coordinator->next_trigger);
    CHECK(timer_set == (coordinator->next_trigger_at != TIME_NEVER));
    CHECK(!timer_set || coordinator->scheduler_running);
    CHECK(!coordinator->scheduler_running || coordinator->periodic);
    CHECK(coordinator->decider.queue.count <= coordinator->decider.queue_limit);
    CHECK(coordinator->store.checkpoints.count <= coordinator->store.retained_max);
    uint64_t before = 0;
    for (VEC_EACH(const struct pending_checkpoint, each, &coordinator->pending)) {
        CHECK(each->id > before);
        CHECK(each->state == PENDING_TRIGGERED || each->state == PENDING_FINALIZING);
        before = each->id;
    }
    CHECK(before < coordinator->next_id);
}

/* Everything a later step can depend on; the configuration does not change. */
uint64_t checkpoint_coordinator_hash(const struct checkpoint_coordinator *coordinator)
{
    uint64_t hash = hash_add(coordinator->job.n, coordinator->next_id);
    for (int i = 0; i < 4; i++)
        hash = hash_add(hash, coordinator->rng.s[i]);
    hash = hash_add(hash, (uint64_t)coordinator->scheduler_running << 1 |
                              (uint64_t)coordinator->triggering);
    for (VEC_EACH(const bool, in_backlog, &coordinator->in_backlog))
        hash = hash_add(hash, *in_backlog);
    for (VEC_EACH(const uint32_t, said, &coordinator->at_end))
        hash = hash_add(hash, *said);
    hash = hash_add(hash, (uint64_t)coordinator->next_trigger_at);
    hash = hash_add(hash, (uint64_t)timers_next(&coordinator->timers));
    hash = hash_add(hash, (uint64_t)coordinator->first_delay);
    hash = hash_add(hash, (uint64_t)coordinator->last_completed_at);
    hash = hash_add(hash, coordinator->failure_count);
    hash = hash_add(hash, coordinator->last_success);
    hash = hash_add(hash, coordinator->restored.id << 1 | coordinator->restored.owned);
    hash = hash_add(hash, coordinator->orders.queue.count - coordinator->orders.taken);
    hash = hash_add(hash, coordinator->decider.queue.count);
    for (VEC_EACH(const struct checkpoint_request, request, &coordinator->decider.queue))
        hash = hash_add(hash, request->seq << 4 | (uint64_t)request->kind << 2 |
                                  (uint64_t)request->periodic << 1 | request->forced);
    if (coordinator->triggering)
        hash = hash_add(hash, coordinator->chosen.seq);
    for (VEC_EACH(const struct pending_checkpoint, each, &coordinator->pending))
        hash = pending_checkpoint_hash(each, hash);
    return completed_store_hash(&coordinator->store, hash);
}
