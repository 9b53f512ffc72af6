/* SPDX-License-Identifier: Apache-2.0
 *
 * The TaskExecutor's events: registration at the resource manager, heartbeats, the goodbye, and
 * handing on what belongs to slots, jobs and tasks. Always: it is registered, or a timer will make
 * it ask again, or it has ended.
 */
#include "core/cluster/task_executor_parts.h"

#include "core/base/hash.h"

static const struct state_row contact_rows[CONTACT_STATE_COUNT] = {
    [CONTACT_NONE] = { "NONE", STATE(CONTACT_REGISTERING), STATE_INITIAL },
    [CONTACT_REGISTERING] = { "REGISTERING", STATE(CONTACT_NONE) | STATE(CONTACT_MADE), 0 },
    [CONTACT_MADE] = { "MADE", STATE(CONTACT_NONE) | STATE(CONTACT_REGISTERING), 0 },
};

const struct state_table contact_states = { "contact", contact_rows, CONTACT_STATE_COUNT };

/* Slots exist from the start, free; what they hold is cut when they are requested. */
void task_executor_init(struct task_executor *executor, const struct node_settings *settings)
{
    CHECK(settings->worker.slots > 0);
    executor->settings = *settings;
    effects_init(&executor->effects, settings->log_level);
    executor_slots_init(executor);
}

/* What its slots and tasks refer to by number goes with them. */
void task_executor_fini(struct task_executor *executor)
{
    effects_fini(&executor->effects);
    timers_fini(&executor->timers);
    vec_fini(&executor->slots);
    index_map_fini(&executor->slot_by_allocation);
    vec_fini(&executor->tasks);
    index_map_fini(&executor->task_index);
    vec_fini(&executor->waiting);
    vec_fini(&executor->jobs);
    heartbeats_fini(&executor->monitors);
}

/* The stamp of the event being worked on. */
static time_ns now(const struct task_executor *executor)
{
    return executor->effects.now;
}

/* The role speaks for itself; moves of its machines say their own machine. */
void executor_log(struct task_executor *executor, enum log_level level, const char *what,
                  struct job_id job, int64_t value, const char *reason)
{
    unsigned subject = job_id_is_none(job) ? LOG_OF_VALUE : LOG_OF_JOB | LOG_OF_VALUE;
    effects_log(&executor->effects, &(struct log_line){ .level = level,
                                                        .machine = "taskmanager",
                                                        .what = what,
                                                        .subject = subject,
                                                        .job = job,
                                                        .value = value,
                                                        .reason = reason });
}

/* Not a request: what the resource manager misses, the next heartbeat's report tells it again. */
void executor_send_rm(struct task_executor *executor, const struct message *message)
{
    effects_send(&executor->effects, executor->settings.job_manager, message);
}

/* Not logged: what a timeline is read for is that contact was lost, or not to be had, and these
 * have lines of their own. */
static void move_rm(struct task_executor *executor, enum contact_state to)
{
    machine_check_move(&contact_states, executor->rm_contact, to);
    executor->rm_contact = to;
}

/* One handle per wait, so a wait that is begun again replaces itself:
 *
 *   RM_RETRY      ask the resource manager again      no answer yet, refused, or nobody there
 *   RM_PATIENCE   end the process                     no resource manager for too long
 *   SLOT_TIMEOUT  free the slot                       allocated and not taken by its job
 *   JOB_RETRY     ask a JobMaster again               like RM_RETRY
 *   WATCHDOG      look at tasks that do not end       interrupt again, or end the process
 */
void executor_set_timer(struct task_executor *executor, struct timer_handle *handle,
                        enum executor_timer kind, uint32_t subject, time_ns delay)
{
    timers_cancel(&executor->timers, handle);
    *handle = timers_set(
        &executor->timers,
        (struct timer){ .at = time_add(now(executor), delay), .kind = kind, .subject = subject });
}

/* The one wait of the registration: whatever is waited for, it ends in asking again. */
static void retry_rm_after(struct task_executor *executor, time_ns delay)
{
    executor_set_timer(executor, &executor->rm_retry, EXECUTOR_RM_RETRY, 0, delay);
}

/* With the defaults and nobody there, or somebody who does not answer:
 *
 *   not up yet     asked at 0 s, 10 s, 20 s, ...          refused by its host: error-delay
 *   silent         asked at 0 s, 0.1 s, 0.3 s, 0.7 s, ... the wait doubles, to 30 s at most
 *   refused        asked again after 30 s                 the cluster has enough
 *   5 min          the process ends                       whatever it was waiting for
 *
 * Contact to the resource manager: REGISTERING from the start, MADE when it has answered, and back
 * when it is lost. Waits between requests as in task_executor_jobs.c; what is bounded is the whole:
 * after taskmanager.registration.timeout without one the process ends itself, because a TaskManager
 * that nobody knows only costs. */

/* RetryingRegistration: the wait for an answer doubles up to a maximum. */
static void register_at_rm(struct task_executor *executor)
{
    if (executor->rm_contact != CONTACT_REGISTERING)
        move_rm(executor, CONTACT_REGISTERING);
    const struct worker_spec *worker = &executor->settings.worker;
    struct message message = { .kind = MESSAGE_REGISTER_TASK_MANAGER };
    message.register_task_manager = (struct message_register_task_manager){
        .cpu_milli = worker->cpu_milli, .memory_bytes = worker->memory_bytes, .slots = worker->slots
    };
    message.register_task_manager.held_count =
        executor_slots_report(executor, &message.register_task_manager.held);
    effects_request(&executor->effects, executor->settings.job_manager, &message, 0);
    retry_rm_after(executor, executor->rm_retry_wait);
    time_ns longest = executor->settings.config->registration_max_timeout;
    executor->rm_retry_wait *= 2;
    if (executor->rm_retry_wait > longest)
        executor->rm_retry_wait = longest;
}

/* taskmanager.registration.timeout bounds the whole of it, not one request. */
static void start_registration(struct task_executor *executor)
{
    const struct config *config = executor->settings.config;
    executor->rm_retry_wait = config->registration_initial_timeout;
    executor_set_timer(executor, &executor->rm_patience, EXECUTOR_RM_PATIENCE, 0,
                       config->tm_registration_timeout);
    register_at_rm(executor);
}

/* An answer to a request sent twice comes twice: the second finds the contact made. */
static void on_registered(struct task_executor *executor,
                          const struct message_task_manager_registered *answer)
{
    if (executor->rm_contact != CONTACT_REGISTERING)
        return;
    const struct config *config = executor->settings.config;
    if (answer->refused) {
        executor_log(executor, LOG_DECISION, "registration refused", job_id_none(), 0, NULL);
        retry_rm_after(executor, config->registration_refused_delay);
        executor->rm_retry_wait = config->registration_initial_timeout;
        return;
    }
    timers_cancel(&executor->timers, &executor->rm_retry);
    timers_cancel(&executor->timers, &executor->rm_patience);
    move_rm(executor, CONTACT_MADE);
    heartbeats_watch(&executor->monitors, executor->settings.job_manager, MONITOR_RM,
                     answer->heartbeat_origin, executor->peer_vouched, now(executor));
    struct message message = { .kind = MESSAGE_SLOT_REPORT };
    message.slot_report.slots_count = executor_slots_report(executor, &message.slot_report.slots);
    executor_send_rm(executor, &message);
}

/* Tasks and slots stay: they are their jobs' (TaskExecutor.reconnectToResourceManager). */
static void rm_lost(struct task_executor *executor, const char *why)
{
    if (executor->rm_contact != CONTACT_MADE)
        return;
    executor_log(executor, LOG_DECISION, "resource manager lost", job_id_none(), 0, why);
    heartbeats_forget(&executor->monitors, MONITOR_RM);
    move_rm(executor, CONTACT_NONE);
    start_registration(executor);
}

/* A request of one that has not registered us, or has given us up, is not answered: the answer
 * would keep a contact alive that is none. */
static void answer_rm_heartbeat(struct task_executor *executor, uint64_t round)
{
    if (executor->rm_contact != CONTACT_MADE)
        return;
    heartbeats_heard(&executor->monitors, MONITOR_RM, now(executor));
    struct message message = { .kind = MESSAGE_RM_HEARTBEAT_ANSWER };
    message.rm_heartbeat_answer.round = round;
    message.rm_heartbeat_answer.slots_count =
        executor_slots_report(executor, &message.rm_heartbeat_answer.slots);
    executor_send_rm(executor, &message);
}

/* The same for one of the JobMasters, which lists the slots that it takes for its own
 * (AllocatedSlotReport). The answer lists what runs here, tasks that still wait for an older
 * attempt included, for the JobMaster to compare (ExecutionDeploymentReport). */
static void answer_jm_heartbeat(struct task_executor *executor,
                                const struct message_jm_heartbeat *asked)
{
    struct executor_job *job = executor_jobs_find(executor, asked->job);
    if (!job || job->contact != CONTACT_MADE)
        return;
    heartbeats_heard(&executor->monitors, 1 + asked->job.n, now(executor));
    struct message message = { .kind = MESSAGE_JM_HEARTBEAT_ANSWER };
    message.jm_heartbeat_answer.job = asked->job;
    message.jm_heartbeat_answer.round = asked->round;
    message.jm_heartbeat_answer.running_count =
        executor_tasks_running(executor, asked->job, &message.jm_heartbeat_answer.running);
    effects_send(&executor->effects, job->job_master, &message);
    executor_jobs_fail_missing(executor, job, asked->allocations, asked->allocations_count);
    executor_jobs_free_unlisted(executor, asked->job, asked->allocations, asked->allocations_count);
}

/* Only slots of the job that says so. */
static void free_slots(struct task_executor *executor, const struct message_free_slots *freed)
{
    for (size_t i = 0; i < freed->freed_count; i++) {
        uint32_t slot = executor_slots_find(executor, freed->freed[i].allocation);
        if (slot != ID_NONE && job_id_equal(executor->slots.items[slot].job, freed->job))
            executor_slots_free(executor, slot);
    }
}

/* What only a TaskManager sends is refused: no correct world delivers it here. */
static struct err take_message(struct task_executor *executor, const struct message *message)
{
    switch (message->kind) {
    case MESSAGE_TASK_MANAGER_REGISTERED:
        on_registered(executor, &message->task_manager_registered);
        return OK;
    case MESSAGE_REQUEST_SLOT:
        executor_slots_on_request(executor, &message->request_slot);
        return OK;
    case MESSAGE_RM_HEARTBEAT:
        answer_rm_heartbeat(executor, message->rm_heartbeat.round);
        return OK;
    case MESSAGE_RM_DISCONNECT: rm_lost(executor, "it disconnected"); return OK;
    case MESSAGE_JOB_CONTACT_MADE:
        executor_jobs_on_contact(executor, &message->job_contact_made);
        return OK;
    case MESSAGE_SLOTS_ACCEPTED:
        executor_jobs_on_accepted(executor, &message->slots_accepted);
        return OK;
    case MESSAGE_FREE_SLOTS: free_slots(executor, &message->free_slots); return OK;
    case MESSAGE_SUBMIT_TASKS: executor_tasks_submit(executor, &message->submit_tasks); return OK;
    case MESSAGE_CANCEL_TASKS:
        executor_tasks_cancel(executor, message->cancel_tasks.job, message->cancel_tasks.tasks,
                              message->cancel_tasks.tasks_count);
        return OK;
    case MESSAGE_TRIGGER_CHECKPOINT:
        executor_checkpoints_trigger(executor, &message->trigger_checkpoint);
        return OK;
    case MESSAGE_CHECKPOINT_COMPLETE:
        executor_checkpoints_notify(executor, DATA_CHECKPOINT_COMPLETE,
                                    message->checkpoint_complete.job,
                                    message->checkpoint_complete.checkpoint);
        return OK;
    case MESSAGE_CHECKPOINT_ABORTED:
        executor_checkpoints_notify(executor, DATA_CHECKPOINT_ABORTED,
                                    message->checkpoint_aborted.job,
                                    message->checkpoint_aborted.checkpoint);
        return OK;
    case MESSAGE_JM_HEARTBEAT: answer_jm_heartbeat(executor, &message->jm_heartbeat); return OK;
    case MESSAGE_JM_DISCONNECT:
        executor_jobs_lost(executor, message->jm_disconnect.job, "it disconnected");
        return OK;
    case MESSAGE_REGISTER_TASK_MANAGER:
    case MESSAGE_SLOT_REPORT:
    case MESSAGE_SLOT_GRANTED:
    case MESSAGE_SLOT_AVAILABLE:
    case MESSAGE_RM_HEARTBEAT_ANSWER:
    case MESSAGE_JOB_OFFER_CONTACT:
    case MESSAGE_OFFER_SLOTS:
    case MESSAGE_TASK_STATES:
    case MESSAGE_CHECKPOINT_ACKNOWLEDGED:
    case MESSAGE_CHECKPOINT_DECLINED:
    case MESSAGE_END_OF_DATA:
    case MESSAGE_CHECKPOINT_SHARES:
    case MESSAGE_SOURCE_BACKLOG:
    case MESSAGE_JM_HEARTBEAT_ANSWER:
    case MESSAGE_FAIL_SLOTS:
    case MESSAGE_KIND_COUNT: break;
    }
    return err_note(NULL, ERR_REFUSED_CODE, "a TaskManager does not take this message");
}

/* Time-outs of registrations are the business of their own patience. */
static void on_send_failed(struct task_executor *executor, const struct event_send_failed *failed)
{
    if (failed->kind == MESSAGE_TASK_STATES) {
        executor_tasks_on_report_failed(executor, (uint32_t)failed->token);
        return;
    }
    if (failed->kind != MESSAGE_REGISTER_TASK_MANAGER) {
        executor_jobs_on_send_failed(executor, failed);
        return;
    }
    /* No resource manager there: not a matter of patience but of cluster.registration.error-delay.
     */
    if (executor->rm_contact == CONTACT_REGISTERING && failed->failure == SEND_UNREACHABLE)
        retry_rm_after(executor, executor->settings.config->registration_error_delay);
}

/* TaskExecutor.onStop: everybody hears before the process ends, so nobody waits for a time-out. The
 * wait for tasks whose user code closes, which comes after that (TaskSlotTable.closeAsync), is the
 * world's: nobody is left who would hear of it. A process that gives up by itself ends in the same
 * way (TaskManagerRunner.onFatalError closes the services unless the JVM is broken). */
void executor_end(struct task_executor *executor, enum exit_reason reason)
{
    CHECK(!executor->ended);
    CHECK(reason < EXIT_REASON_COUNT);
    struct message message = { .kind = MESSAGE_RM_DISCONNECT };
    message.rm_disconnect.cause = CAUSE_TASK_MANAGER_SHUTDOWN;
    if (executor->rm_contact == CONTACT_MADE)
        executor_send_rm(executor, &message);
    for (VEC_EACH(struct executor_job, job, &executor->jobs)) {
        message = (struct message){ .kind = MESSAGE_JM_DISCONNECT };
        message.jm_disconnect =
            (struct message_jm_disconnect){ job->job, CAUSE_TASK_MANAGER_SHUTDOWN };
        if (job->contact == CONTACT_MADE)
            effects_send(&executor->effects, job->job_master, &message);
    }
    executor->ended = true;
    effects_exit(&executor->effects, reason);
}

/* Whatever ends the process leaves the other timers alone. */
static void on_timer(struct task_executor *executor, const struct timer *timer)
{
    switch ((enum executor_timer)timer->kind) {
    case EXECUTOR_RM_RETRY: register_at_rm(executor); break;
    case EXECUTOR_RM_PATIENCE:
        executor_log(executor, LOG_DECISION, "gives up: no resource manager", job_id_none(), 0,
                     NULL);
        executor_end(executor, EXIT_REGISTRATION_TIMEOUT);
        break;
    case EXECUTOR_SLOT_TIMEOUT: executor_slots_on_timeout(executor, timer->subject); break;
    case EXECUTOR_JOB_RETRY:
        executor_jobs_on_retry(executor, (struct job_id){ timer->subject });
        break;
    case EXECUTOR_WATCHDOG: executor_tasks_on_watchdog(executor); break;
    }
}

/* Timers in order, then monitors; both stop when one of them has ended the process. */
static void on_time(struct task_executor *executor)
{
    struct timer timer;
    uint32_t subject;
    while (!executor->ended && timers_take_due(&executor->timers, now(executor), &timer))
        on_timer(executor, &timer);
    while (!executor->ended &&
           heartbeats_take_timeout(&executor->monitors, now(executor), &subject)) {
        if (subject == MONITOR_RM)
            rm_lost(executor, "heartbeat timeout");
        else
            executor_jobs_lost(executor, (struct job_id){ subject - 1 }, "heartbeat timeout");
    }
}

/* Its monitors only listen: a TaskManager answers heartbeats and never asks (surprise 14), so all
 * it can notice of a dead JobManager is silence. */
static void start(struct task_executor *executor)
{
    executor->started = true;
    heartbeats_init(&executor->monitors, executor->settings.config, false, now(executor));
    start_registration(executor);
}

/* Stores and clients are JobManager matters; nothing of a TaskManager outlives its process. */
static struct err take(struct task_executor *executor, const struct event *event)
{
    switch (event->kind) {
    case EVENT_STARTED: start(executor); return OK;
    case EVENT_WOKEN: on_time(executor); return OK;
    case EVENT_MESSAGE: return take_message(executor, event->message.message);
    case EVENT_SEND_FAILED: on_send_failed(executor, &event->send_failed); return OK;
    case EVENT_PEER_VOUCHED:
        executor->peer_vouched = true;
        heartbeats_vouch(&executor->monitors, event->vouched.peer);
        return OK;
    case EVENT_PEER_IN_DOUBT:
        executor->peer_vouched = false;
        heartbeats_doubt(&executor->monitors, event->in_doubt.peer, event->in_doubt.round_trip,
                         now(executor));
        return OK;
    case EVENT_DATA: executor_tasks_on_data(executor, &event->data); return OK;
    case EVENT_STOPPING: executor_end(executor, EXIT_STOPPED); return OK;
    case EVENT_STORE_DONE:
    case EVENT_CLIENT:
    case EVENT_KIND_COUNT: break;
    }
    return err_note(NULL, ERR_REFUSED_CODE, "a TaskManager does not take this event");
}

/* Refused before anything is touched, so that a refusal leaves the state as it was. */
struct err task_executor_step(struct task_executor *executor, const struct event *event)
{
    effects_begin(&executor->effects, event->at);
    if (executor->ended)
        return OK; /* the world is still delivering to a process that has said it exits */
    if (executor->started == (event->kind == EVENT_STARTED))
        return err_note(NULL, ERR_REFUSED_CODE, "a process starts once, and first");
    return take(executor, event);
}

/* Constant time. */
time_ns task_executor_deadline(const struct task_executor *executor)
{
    if (executor->ended || !executor->started)
        return TIME_NEVER;
    time_ns timers = timers_next(&executor->timers);
    time_ns beats = heartbeats_deadline(&executor->monitors);
    return timers < beats ? timers : beats;
}

/* In the order of the list, which follows from the events alone. */
static uint64_t hash_jobs(const struct task_executor *executor, uint64_t hash)
{
    for (VEC_EACH(const struct executor_job, job, &executor->jobs)) {
        hash = hash_add(hash, (uint64_t)job->job.n << 32 | job->slot_count);
        hash = hash_add(hash, (uint64_t)job->contact << 1 | job->offer_out);
        hash = hash_add(hash, (uint64_t)job->retry_wait);
    }
    return hash;
}

/* Slots, tasks and contacts; what is derived from them is left out. */
uint64_t task_executor_hash(const struct task_executor *executor)
{
    uint64_t hash = hash_add(executor->rm_contact, executor->tasks.count);
    hash = hash_add(hash, (uint64_t)executor->started << 2 | (uint64_t)executor->ended << 1 |
                              executor->peer_vouched);
    hash = hash_add(hash, (uint64_t)executor->rm_retry_wait);
    hash = hash_add(hash, executor->report_count);
    hash = hash_add(hash, (uint64_t)timers_next(&executor->timers));
    for (VEC_EACH(const struct executor_slot, slot, &executor->slots)) {
        hash = hash_add(hash, (uint64_t)slot->state << 33 | (uint64_t)slot->offered << 32 |
                                  slot->task_count);
        hash = hash_add(hash, (uint64_t)slot->job.n << 32 | slot->allocation.n);
    }
    for (VEC_EACH(const struct executor_task, task, &executor->tasks)) {
        hash = hash_add(hash, (uint64_t)task->job.n << 32 | task->attempt.task.n);
        hash = hash_add(hash, (uint64_t)task->attempt.attempt << 32 | task->slot.n);
        hash = hash_add(hash, (uint64_t)task->state << 8 | task->cause);
        hash = hash_add(hash, (uint64_t)task->cancel_since);
        hash = hash_add(hash, (uint64_t)task->told_initializing << 32 | task->told_running);
    }
    for (VEC_EACH(const struct waiting_task, task, &executor->waiting)) {
        hash = hash_add(hash, (uint64_t)task->job.n << 32 | task->deployment.attempt.task.n);
        hash = hash_add(hash, task->deployment.attempt.attempt);
    }
    return hash_add(hash_jobs(executor, hash), heartbeats_hash(&executor->monitors));
}

/* Each contact that is being made has a timer that will ask again, and each that is made a monitor.
 */
void task_executor_check(const struct task_executor *executor)
{
    if (!executor->started || executor->ended)
        return;
    bool asks = executor->rm_contact == CONTACT_REGISTERING;
    CHECK(asks || executor->rm_contact == CONTACT_MADE);
    CHECK(timers_is_set(&executor->timers, executor->rm_retry) == asks);
    CHECK(timers_is_set(&executor->timers, executor->rm_patience) == asks);
    heartbeats_check(&executor->monitors);
    executor_slots_check(executor);
    executor_tasks_check(executor);
    uint32_t slots = 0, contacts = executor->rm_contact == CONTACT_MADE;
    for (VEC_EACH(const struct executor_job, job, &executor->jobs)) {
        CHECK(job->slot_count > 0);
        CHECK(timers_is_set(&executor->timers, job->retry) ==
              (job->contact == CONTACT_REGISTERING));
        CHECK(!job->offer_out || job->contact == CONTACT_MADE);
        slots += job->slot_count;
        contacts += job->contact == CONTACT_MADE;
    }
    CHECK(slots == executor->used_slots);
    CHECK(contacts == executor->monitors.targets.count);
}
