/* SPDX-License-Identifier: Apache-2.0
 *
 * The JobManager's loop over its roles. Only the JobMasters an event touched have their deadline
 * looked at, so a step costs the same with one job or a thousand. Always: between steps the queue
 * of facts is empty, and a job's timer stands at its deadline.
 */
#include "core/cluster/job_manager.h"

#include "core/base/hash.h"
#include "core/schedule/request_token.h"
#include "core/slots/sort_items.h"

/* The roles share the step's effects and one queue of facts. */
void job_manager_init(struct job_manager *manager, const struct node_settings *settings)
{
    manager->settings = *settings;
    effects_init(&manager->effects, settings->log_level);
    resource_manager_init(&manager->resources, settings, &manager->effects, &manager->facts);
    dispatcher_init(&manager->dispatcher, settings->seed, &manager->effects, &manager->facts);
}

/* The dispatcher owns the JobMasters, so it goes first. */
void job_manager_fini(struct job_manager *manager)
{
    dispatcher_fini(&manager->dispatcher);
    resource_manager_fini(&manager->resources);
    vec_fini(&manager->facts.messages);
    index_map_fini(&manager->vouched);
    timers_fini(&manager->job_timers);
    vec_fini(&manager->alarms);
    effects_fini(&manager->effects);
}

/* The job's timer follows its deadline. */
static void look_at_deadline(struct job_manager *manager, struct job_id job)
{
    uint32_t place = dispatcher_job_place(&manager->dispatcher, job);
    if (place == INDEX_NONE)
        return;
    if (manager->alarms.count <= place)
        vec_resize(&manager->alarms, place + 1);
    struct job_alarm *alarm = &manager->alarms.items[place];
    time_ns at = job_master_deadline(manager->dispatcher.jobs.items[place].master);
    if (timers_is_set(&manager->job_timers, alarm->timer) && alarm->at == at)
        return;
    timers_cancel(&manager->job_timers, &alarm->timer);
    alarm->at = at;
    if (at != TIME_NEVER)
        alarm->timer =
            timers_set(&manager->job_timers, (struct timer){ .at = at, .subject = job.n });
}

/* Null: no such job, or it has ended; what is said of it is dropped. */
static struct job_master *master_of(struct job_manager *manager, struct job_id job)
{
    return dispatcher_job_master(&manager->dispatcher, job);
}

/* A fact may lead to further ones, which come behind it. */
static void tell_role(struct job_manager *manager, const struct role_message *message)
{
    struct job_master *master = master_of(manager, message->job);
    switch (message->fact) {
    case ROLE_REQUIREMENTS:
        if (master)
            resource_manager_require(&manager->resources, message->job, &master->pool.required);
        break;
    case ROLE_RESOURCES_REFUSED:
        if (master)
            job_master_on_resources_refused(master, message->missing);
        break;
    case ROLE_TASK_MANAGER_GONE:
        for (size_t i = 0; i < manager->dispatcher.jobs.count; i++) {
            struct dispatcher_job *job = &manager->dispatcher.jobs.items[i];
            if (!job->master->ended)
                job_master_on_task_manager_gone(job->master, message->node, message->cause);
            look_at_deadline(manager, job->id);
        }
        break;
    case ROLE_JOB_ENDED:
        dispatcher_on_job_ended(&manager->dispatcher, message->job);
        resource_manager_job_ended(&manager->resources, message->job);
        break;
    case ROLE_FACT_COUNT: IMPOSSIBLE("role fact");
    }
    look_at_deadline(manager, message->job);
}

/* Until nobody has anything to say. The vector may grow meanwhile, so it is walked by index. */
static void tell_roles(struct job_manager *manager)
{
    struct role_queue *facts = &manager->facts;
    while (facts->taken < facts->messages.count) {
        struct role_message message = facts->messages.items[facts->taken++];
        tell_role(manager, &message);
    }
    vec_clear(&facts->messages);
    facts->taken = 0;
}

/* As the world last said; who registers meanwhile begins asleep. Others are not looked up. */
static bool begins_vouched(const struct job_manager *manager, const struct event_message *event)
{
    return message_is_registration(event->message->kind) &&
           index_map_get(&manager->vouched, event->from.n) != INDEX_NONE;
}

/* Which role a message is for is known by its kind, which JobMaster by its job. */
static struct err on_message(struct job_manager *manager, const struct event_message *event)
{
    const struct message *message = event->message;
    bool vouched = begins_vouched(manager, event);
    if (resource_manager_takes(message->kind)) {
        resource_manager_on_message(&manager->resources, event, vouched);
        return OK;
    }
    struct job_id job = job_master_of_message(message);
    if (job_id_is_none(job))
        return err_note(NULL, ERR_REFUSED_CODE, "a JobManager does not take this message");
    struct job_master *master = master_of(manager, job);
    if (master)
        job_master_on_message(master, event, vouched);
    look_at_deadline(manager, job);
    return OK;
}

/* The token says whose request it was; the resource manager's are known by their kind. */
static void on_send_failed(struct job_manager *manager, const struct event_send_failed *failed)
{
    if (failed->kind == MESSAGE_RM_HEARTBEAT || failed->kind == MESSAGE_REQUEST_SLOT) {
        resource_manager_on_send_failed(&manager->resources, failed);
        return;
    }
    struct job_id job = request_token_job(failed->token);
    struct job_master *master = master_of(manager, job);
    if (master)
        job_master_on_send_failed(master, failed);
    look_at_deadline(manager, job);
}

/* Checkpoint 0 is none: then it was the job's plan. */
static void on_stored(struct job_manager *manager, const struct event_store_done *done)
{
    struct job_id job = request_token_job(done->token);
    uint64_t checkpoint = request_token_value(done->token);
    struct job_master *master = master_of(manager, job);
    if (checkpoint == 0)
        dispatcher_on_plan_stored(&manager->dispatcher, job, done->failed);
    else if (master)
        job_master_on_stored(master, checkpoint, done->failed);
    look_at_deadline(manager, job);
}

/* The jobs whose time has come, in order of submission: the order in which their timers were set
 * depends on heartbeats, and no decision may. */
static void run_due_jobs(struct job_manager *manager)
{
    VEC(struct sort_item) due = { 0 };
    struct timer timer;
    while (timers_take_due(&manager->job_timers, manager->effects.now, &timer))
        vec_push(&due, (struct sort_item){ index_map_get(&manager->dispatcher.by_id, timer.subject),
                                           timer.subject });
    sort_items(due.items, due.count);
    for (size_t i = 0; i < due.count; i++) {
        struct job_id job = { due.items[i].index };
        struct job_master *master = master_of(manager, job);
        if (master)
            job_master_on_time(master);
        tell_roles(manager);
        look_at_deadline(manager, job); /* due again at once: in a step of its own */
    }
    vec_fini(&due);
}

/* The resource manager first: what it knows of TaskManagers the JobMasters hear before they look
 * themselves. */
static void on_time(struct job_manager *manager)
{
    resource_manager_on_time(&manager->resources);
    tell_roles(manager);
    run_due_jobs(manager);
}

/* Both kinds of monitors go on from what they would have heard. */
static void on_in_doubt(struct job_manager *manager, const struct event_in_doubt *doubt)
{
    index_map_remove(&manager->vouched, doubt->peer.n);
    resource_manager_on_doubt(&manager->resources, doubt);
    for (VEC_EACH(struct dispatcher_job, job, &manager->dispatcher.jobs)) {
        if (job->master->ended)
            continue;
        job_master_on_doubt(job->master, doubt);
        look_at_deadline(manager, job->id);
    }
}

/* Remembered for those who register later. */
static void on_vouched(struct job_manager *manager, struct node_id peer)
{
    index_map_put(&manager->vouched, peer.n, 1);
    heartbeats_vouch(&manager->resources.monitors, peer);
    for (VEC_EACH(struct dispatcher_job, job, &manager->dispatcher.jobs)) {
        if (job->master->ended)
            continue;
        heartbeats_vouch(&job->master->monitors, peer);
        look_at_deadline(manager, job->id);
    }
}

/* A submission names its job in the graph only. */
static void on_client(struct job_manager *manager, const struct event_client *request)
{
    bool is_new = request->request == CLIENT_SUBMIT_JOB;
    dispatcher_on_client(&manager->dispatcher, request);
    look_at_deadline(manager, is_new ? request->graph->id : request->job);
}

/* The dispatcher has nothing to do before the first job. */
static void start(struct job_manager *manager)
{
    manager->started = true;
    resource_manager_start(&manager->resources);
}

/* A JobManager without a standby leaves nothing behind to hand over: its process just ends. */
static void stop(struct job_manager *manager)
{
    manager->ended = true;
    effects_exit(&manager->effects, EXIT_STOPPED);
}

/* Before the start nothing is heard, and after it no second one. The data plane is a TaskManager's.
 */
static struct err take(struct job_manager *manager, const struct event *event)
{
    if (manager->started == (event->kind == EVENT_STARTED))
        return err_note(NULL, ERR_REFUSED_CODE, "a process starts once, and first");
    switch (event->kind) {
    case EVENT_STARTED: start(manager); return OK;
    case EVENT_WOKEN: on_time(manager); return OK;
    case EVENT_MESSAGE: return on_message(manager, &event->message);
    case EVENT_SEND_FAILED: on_send_failed(manager, &event->send_failed); return OK;
    case EVENT_PEER_VOUCHED: on_vouched(manager, event->vouched.peer); return OK;
    case EVENT_PEER_IN_DOUBT: on_in_doubt(manager, &event->in_doubt); return OK;
    case EVENT_STORE_DONE: on_stored(manager, &event->store_done); return OK;
    case EVENT_CLIENT: on_client(manager, &event->client); return OK;
    case EVENT_STOPPING: stop(manager); return OK;
    case EVENT_DATA:
    case EVENT_KIND_COUNT: break;
    }
    return err_note(NULL, ERR_REFUSED_CODE, "a JobManager does not take this event");
}

/* One event, from the outside in:
 *
 *   take        which role is it for? one call of that role
 *     role      changes its own state, adds effects, leaves facts for other roles in the queue
 *   tell_roles  fact after fact, until none is left; each is one call of another role
 *     alarms    of every job that was touched: its timer follows its deadline
 *
 * Facts are handled before the step ends, so that between steps nothing is half told. */
struct err job_manager_step(struct job_manager *manager, const struct event *event)
{
    effects_begin(&manager->effects, event->at);
    if (manager->ended)
        return OK;
    TRY(take(manager, event));
    tell_roles(manager);
    return OK;
}

/* Constant time, whatever the number of jobs. */
time_ns job_manager_deadline(const struct job_manager *manager)
{
    if (manager->ended || !manager->started)
        return TIME_NEVER;
    time_ns jobs = timers_next(&manager->job_timers);
    time_ns resources = resource_manager_deadline(&manager->resources);
    return jobs < resources ? jobs : resources;
}

/* Timers of jobs follow from their deadlines. Who is vouched for is in the monitors, but for those
 * who have not registered yet: their number stands for them. */
uint64_t job_manager_hash(const struct job_manager *manager)
{
    uint64_t hash = hash_add(manager->started, manager->ended);
    hash = hash_add(hash, manager->vouched.count);
    hash = hash_add(hash, resource_manager_hash(&manager->resources));
    return hash_add(hash, dispatcher_hash(&manager->dispatcher));
}

/* Each role's invariant, and that no job waits without an alarm. */
void job_manager_check(const struct job_manager *manager)
{
    CHECK(manager->facts.messages.count == 0);
    CHECK(manager->alarms.count <= manager->dispatcher.jobs.count);
    resource_manager_check(&manager->resources);
    dispatcher_check(&manager->dispatcher);
    for (size_t place = 0; place < manager->alarms.count; place++) {
        const struct job_alarm *alarm = &manager->alarms.items[place];
        time_ns due = job_master_deadline(manager->dispatcher.jobs.items[place].master);
        bool is_set = timers_is_set(&manager->job_timers, alarm->timer);
        CHECK(is_set == (due != TIME_NEVER));
        CHECK(!is_set || alarm->at == due);
    }
}
