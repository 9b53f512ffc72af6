/* SPDX-License-Identifier: Apache-2.0
 *
 * The resource manager's events. A check of the requirements follows any change after
 * slotmanager.requirement-check.delay, so that many changes cost one plan. Always: the workers in
 * the slot manager's books are those that a monitor watches.
 */
#include "core/cluster/resource_manager.h"

#include "core/base/hash.h"

enum rm_timer { RM_CHECK, RM_STARTED_UP };

/* Standalone: workers come and go on their own account, so the driver names no worker to start. */
void resource_manager_init(struct resource_manager *rm, const struct node_settings *settings,
                           struct effects *effects, struct role_queue *facts)
{
    *rm = (struct resource_manager){ .node = settings->id,
                                     .config = settings->config,
                                     .driver = &standalone_resource_driver,
                                     .effects = effects,
                                     .facts = facts };
    slot_manager_init(&rm->slots, settings->config, &rm->driver->worker);
}

/* The plan's memory is used again by each check and goes here. */
void resource_manager_fini(struct resource_manager *rm)
{
    timers_fini(&rm->timers);
    slot_plan_fini(&rm->plan);
    slot_manager_fini(&rm->slots);
    heartbeats_fini(&rm->monitors);
}

/* The stamp of the event being worked on. */
static time_ns now(const struct resource_manager *rm)
{
    return rm->effects->now;
}

/* Delays count from now. */
static struct timer_handle set_timer(struct resource_manager *rm, enum rm_timer kind, time_ns delay)
{
    return timers_set(&rm->timers, (struct timer){ .at = time_add(now(rm), delay), .kind = kind });
}

/* Decision level: TaskManagers that come and go are what timelines are read for. */
static void log_peer(struct resource_manager *rm, const char *what, struct node_id peer,
                     const char *reason)
{
    effects_log(rm->effects, &(struct log_line){ .level = LOG_DECISION,
                                                 .machine = "resource manager",
                                                 .what = what,
                                                 .subject = LOG_OF_PEER,
                                                 .peer = peer,
                                                 .reason = reason });
}

/* In the books means watched as well (resource_manager_check). */
static bool is_registered(const struct resource_manager *rm, struct node_id node)
{
    return index_map_get(&rm->slots.worker_by_node, node.n) != INDEX_NONE;
}

/* When it was last registered; TIME_NEVER: it is not. */
static time_ns registered_at(const struct resource_manager *rm, struct node_id node)
{
    uint32_t place = index_map_get(&rm->monitors.by_subject, node.n);
    return place == INDEX_NONE ? TIME_NEVER : rm->monitors.targets.items[place].since;
}

/* One check for all changes of the next 50 ms (slotmanager.requirement-check.delay):
 *
 *   change   change          check                       granted          offered to the job
 *   |--------|---------------|-------------------------->|--------------->|
 *   |<------- 50 ms -------->| REQUEST_SLOT, for each slot that is lacking and can be had
 *                            | jobs that cannot be served hear so, once the start-up time is over
 *
 * A change in between sets no second timer, and one right behind the check waits for the next. */
static void plan_check(struct resource_manager *rm)
{
    if (!timers_is_set(&rm->timers, rm->check))
        rm->check = set_timer(rm, RM_CHECK, rm->config->requirement_check_delay);
}

/* The start-up period counts from here, not from a request: until it ends no job is told that slots
 * are missing. A period of no millisecond does not end: in Flink it is its end that lets jobs be
 * told, and none is scheduled (StandaloneResourceManager.startStartupPeriod). */
void resource_manager_start(struct resource_manager *rm)
{
    time_ns period = rm->driver->start_up_time(rm->config);
    heartbeats_init(&rm->monitors, rm->config, true, now(rm));
    if (period >= TIME_MS)
        set_timer(rm, RM_STARTED_UP, period);
}

/* The contact ends: slots are given up here, and every JobMaster hears of it. */
static void close_contact(struct resource_manager *rm, struct node_id node,
                          enum failure_cause cause)
{
    if (!is_registered(rm, node))
        return;
    log_peer(rm, "closes", node, failure_cause_sentence(cause));
    heartbeats_forget(&rm->monitors, node.n);
    slot_manager_unregister(&rm->slots, node);
    vec_push(&rm->facts->messages, (struct role_message){ .fact = ROLE_TASK_MANAGER_GONE,
                                                          .job = job_id_none(),
                                                          .node = node,
                                                          .cause = cause });
    struct message message = { .kind = MESSAGE_RM_DISCONNECT };
    message.rm_disconnect.cause = cause;
    effects_send(rm->effects, node, &message);
    plan_check(rm);
}

/* The allocation id is the token: a failure names the slot. */
static void request_slots(struct resource_manager *rm)
{
    for (VEC_EACH(const struct slot_grant, grant, &rm->plan.grants)) {
        struct message message = { .kind = MESSAGE_REQUEST_SLOT };
        message.request_slot =
            (struct message_request_slot){ .job = grant->job,
                                           .allocation = grant->allocation,
                                           .by_default = grant->by_default,
                                           .cpu_milli = grant->profile.cpu_milli,
                                           .memory_bytes = grant->profile.memory_bytes,
                                           .job_master = grant->job_master };
        effects_request(rm->effects, grant->node, &message, grant->allocation.n);
    }
}

static void answer_registration(struct resource_manager *rm, struct node_id node, bool refused)
{
    struct message answer = { .kind = MESSAGE_TASK_MANAGER_REGISTERED };
    answer.task_manager_registered =
        (struct message_task_manager_registered){ refused, rm->monitors.origin };
    effects_send(rm->effects, node, &answer);
}

/* Refused is who would pass the maximum; the slot manager knows. With the slots that it holds, so
 * that nobody is promised what the TaskManager has given away. One that stands in for a worker that
 * was asked for is asked at once for what was planned there (FineGrainedSlotManager.
 * registerTaskManager). */
static void on_register(struct resource_manager *rm, struct node_id from,
                        const struct message_register_task_manager *request, bool vouched)
{
    struct worker_spec spec = { request->cpu_milli, request->memory_bytes, request->slots };
    if (registered_at(rm, from) == now(rm)) {
        /* What the network has held up comes all at once. Flink connects back to the sender first
         * and has by then forgotten all but the newest (registerTaskExecutor, "outdated"): one is
         * served, and the slots are those of the last. */
        slot_manager_report(&rm->slots, from, request->held, request->held_count, now(rm));
        plan_check(rm);
        return;
    }
    if (is_registered(rm, from)) {
        /* It lost us and comes back before we lost it; or its request crossed our answer. */
        slot_manager_unregister(&rm->slots, from);
        heartbeats_forget(&rm->monitors, from.n);
    }
    bool taken =
        slot_manager_register(&rm->slots, from, &spec, request->held, request->held_count, now(rm));
    log_peer(rm, taken ? "registers" : "refuses", from, NULL);
    if (taken)
        heartbeats_watch(&rm->monitors, from, from.n, rm->monitors.origin, vouched, now(rm));
    answer_registration(rm, from, !taken);
    vec_clear(&rm->plan.grants);
    slot_manager_claim(&rm->slots, &rm->plan);
    request_slots(rm);
    plan_check(rm);
}

/* What is registered of it already stays: it will be missed if it is gone. One that lives hears a
 * RegistrationResponse.Failure, and asks again as after a refusal. */
static void on_registration(struct resource_manager *rm, const struct event_message *event,
                            bool vouched)
{
    if (!event->is_one_way) {
        on_register(rm, event->from, &event->message->register_task_manager, vouched);
        return;
    }
    log_peer(rm, "refuses", event->from, failure_cause_sentence(CAUSE_UNREACHABLE));
    answer_registration(rm, event->from, true);
}

/* Everything a TaskManager says to the cluster rather than to a job. */
bool resource_manager_takes(enum message_kind kind)
{
    return kind == MESSAGE_REGISTER_TASK_MANAGER || kind == MESSAGE_SLOT_REPORT ||
           kind == MESSAGE_SLOT_GRANTED || kind == MESSAGE_SLOT_AVAILABLE ||
           kind == MESSAGE_RM_HEARTBEAT_ANSWER || kind == MESSAGE_RM_DISCONNECT;
}

/* A refusal means that the books were wrong: the check is made again. */
static void on_granted(struct resource_manager *rm, struct node_id from,
                       const struct message_slot_granted *answer)
{
    if (answer->refused)
        slot_manager_refused(&rm->slots, from, answer->allocation, now(rm));
    else
        slot_manager_granted(&rm->slots, from, answer->allocation);
    if (answer->refused)
        plan_check(rm);
}

/* After registration only what a registered TaskManager says counts. */
void resource_manager_on_message(struct resource_manager *rm, const struct event_message *event,
                                 bool vouched)
{
    const struct message *message = event->message;
    struct node_id from = event->from;
    CHECK(resource_manager_takes(message->kind));
    if (message->kind == MESSAGE_REGISTER_TASK_MANAGER) {
        on_registration(rm, event, vouched);
        return;
    }
    if (!is_registered(rm, from))
        return; /* given up meanwhile; it will find out and register anew */
    if (message->kind == MESSAGE_SLOT_REPORT) {
        slot_manager_report(&rm->slots, from, message->slot_report.slots,
                            message->slot_report.slots_count, now(rm));
        plan_check(rm);
    } else if (message->kind == MESSAGE_RM_HEARTBEAT_ANSWER) {
        heartbeats_heard(&rm->monitors, from.n, now(rm));
        if (slot_manager_report(&rm->slots, from, message->rm_heartbeat_answer.slots,
                                message->rm_heartbeat_answer.slots_count, now(rm)))
            plan_check(rm);
    } else if (message->kind == MESSAGE_SLOT_GRANTED) {
        on_granted(rm, from, &message->slot_granted);
    } else if (message->kind == MESSAGE_SLOT_AVAILABLE) {
        slot_manager_freed(&rm->slots, from, message->slot_available.allocation, now(rm));
        plan_check(rm);
    } else {
        close_contact(rm, from, (enum failure_cause)message->rm_disconnect.cause);
    }
}

/* A slot that could not be requested is free again, and asked for again, until the TaskManager is
 * declared dead: nobody else knows that it is. */
void resource_manager_on_send_failed(struct resource_manager *rm,
                                     const struct event_send_failed *failed)
{
    if (failed->kind == MESSAGE_RM_HEARTBEAT) {
        if (failed->failure == SEND_UNREACHABLE &&
            heartbeats_unreachable(&rm->monitors, failed->to.n))
            close_contact(rm, failed->to, CAUSE_RM_UNREACHABLE);
    } else if (failed->kind == MESSAGE_REQUEST_SLOT) {
        slot_manager_refused(&rm->slots, failed->to,
                             (struct allocation_id){ (uint32_t)failed->token }, now(rm));
        plan_check(rm);
    }
}

/* Equal requirements are no change. */
void resource_manager_require(struct resource_manager *rm, struct job_id job,
                              const struct requirements *required)
{
    CHECK(!job_id_is_none(job));
    if (slot_manager_require(&rm->slots, job, rm->node, required))
        plan_check(rm);
}

/* Slots stay booked until their TaskManagers report them free. */
void resource_manager_job_ended(struct resource_manager *rm, struct job_id job)
{
    CHECK(!job_id_is_none(job));
    slot_manager_clear_job(&rm->slots, job);
    plan_check(rm);
}

/* To the job's JobMaster, by the node's queue. */
static void tell_refused(struct resource_manager *rm, struct job_id job)
{
    CHECK(rm->started_up);
    vec_push(&rm->facts->messages,
             (struct role_message){ .fact = ROLE_RESOURCES_REFUSED,
                                    .job = job,
                                    .node = node_id_none(),
                                    .missing = slot_manager_missing(&rm->slots, job) });
}

/* Grants go out, and once the start-up period is over the jobs that cannot be served hear so, once
 * per change. */
static void check(struct resource_manager *rm)
{
    slot_manager_check(&rm->slots, &rm->plan, now(rm));
    request_slots(rm);
    for (VEC_EACH(const struct job_id, job, &rm->plan.unfulfillable))
        if (rm->started_up)
            tell_refused(rm, *job);
}

/* `asked`: an answer is due, so that an undelivered request counts against the TaskManager. */
static void ask(struct resource_manager *rm, struct node_id node, bool asked)
{
    struct message message = { .kind = MESSAGE_RM_HEARTBEAT };
    message.rm_heartbeat.round = rm->monitors.round;
    if (asked)
        effects_request(rm->effects, node, &message, 0);
    else
        effects_send(rm->effects, node, &message);
}

/* In the order of registration, but for places that were filled again: the world delivers by its
 * own order, and no decision depends on this one. */
static void ask_round(struct resource_manager *rm)
{
    for (VEC_EACH(const struct heartbeat_target, target, &rm->monitors.targets))
        if (!target->vouched)
            ask(rm, target->node, true);
}

/* The request that would be under way now is made up for; nobody counts on its arrival. */
void resource_manager_on_doubt(struct resource_manager *rm, const struct event_in_doubt *doubt)
{
    if (heartbeats_doubt(&rm->monitors, doubt->peer, doubt->round_trip, now(rm)))
        ask(rm, doubt->peer, false);
}

/* The end of the start-up period is no check: it tells those whom the last one found without, also
 * when a TaskManager has come since and the next check would serve them
 * (FineGrainedSlotManager.setFailUnfulfillableRequest). */
static void on_timer(struct resource_manager *rm, const struct timer *timer)
{
    switch ((enum rm_timer)timer->kind) {
    case RM_CHECK: check(rm); break;
    case RM_STARTED_UP:
        rm->started_up = true;
        for (VEC_EACH(const struct job_requirements, job, &rm->slots.jobs))
            if (job->unfulfillable)
                tell_refused(rm, job->job);
        break;
    }
}

/* Time-outs before the next round: who is lost is not asked. */
void resource_manager_on_time(struct resource_manager *rm)
{
    struct timer timer;
    uint32_t subject;
    while (timers_take_due(&rm->timers, now(rm), &timer))
        on_timer(rm, &timer);
    while (heartbeats_take_timeout(&rm->monitors, now(rm), &subject))
        close_contact(rm, (struct node_id){ subject }, CAUSE_HEARTBEAT_TIMEOUT);
    if (heartbeats_take_round(&rm->monitors, now(rm)))
        ask_round(rm);
}

/* Constant time: a heap's top and the monitors' next. */
time_ns resource_manager_deadline(const struct resource_manager *rm)
{
    time_ns timers = timers_next(&rm->timers);
    time_ns beats = heartbeats_deadline(&rm->monitors);
    return timers < beats ? timers : beats;
}

/* The plan is made and carried out within one step. */
uint64_t resource_manager_hash(const struct resource_manager *rm)
{
    uint64_t hash = hash_add(slot_manager_hash(&rm->slots), rm->started_up);
    hash = hash_add(hash, (uint64_t)timers_next(&rm->timers));
    return hash_add(hash, heartbeats_hash(&rm->monitors));
}

/* Books and monitors are about the same TaskManagers. */
void resource_manager_check(const struct resource_manager *rm)
{
    slot_manager_check_invariant(&rm->slots);
    if (rm->monitors.interval)
        heartbeats_check(&rm->monitors);
    CHECK(rm->monitors.targets.count == rm->slots.workers.count);
    for (VEC_EACH(const struct heartbeat_target, target, &rm->monitors.targets))
        CHECK(is_registered(rm, target->node));
}
