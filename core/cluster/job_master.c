/* SPDX-License-Identifier: Apache-2.0
 *
 * The JobMaster's events. After each, what its parts wish is carried out (`settle`): orders of the
 * coordinator, requirements for the resource manager, the end of the job.
 */
#include "core/cluster/job_master.h"

#include "core/base/hash.h"
#include "core/checkpoint/coordinator_snapshots.h"
#include "core/schedule/request_token.h"

/* The stamp of the event being worked on. */
static time_ns now(const struct job_master *master)
{
    return master->effects->now;
}

/* The graph is copied: the submission's belongs to the client. Refused before anything is made. */
struct err job_master_create(const struct job_graph *graph, uint64_t seed,
                             struct snapshot_shelf *shelf, struct effects *effects,
                             struct role_queue *facts, struct job_master **out, struct note *note)
{
    CHECK(graph != NULL);
    CHECK(!job_id_is_none(graph->id));
    const struct scheduler_row *row;
    TRY(scheduler_choose(graph, &row, note));
    struct job_master *master = mem_create(sizeof *master);
    master->job = graph->id;
    master->graph = job_graph_create_copy(graph);
    master->effects = effects;
    master->facts = facts;
    master->declare_at = TIME_NEVER;
    master->idle_check_at = TIME_NEVER;
    const struct config *config = &master->graph->config;
    slot_pool_init(&master->pool);
    checkpoint_coordinator_init(&master->checkpoints, config, graph->id, seed);
    checkpoint_coordinator_lend_shelf(&master->checkpoints, shelf);
    restart_strategy_init(&master->restarts, config, seed, graph->id.n);
    exception_history_init(&master->exceptions, (size_t)config->exception_history_size);
    struct scheduler_parts parts = { .job = master->graph,
                                     .config = config,
                                     .pool = &master->pool,
                                     .checkpoints = &master->checkpoints,
                                     .restarts = &master->restarts,
                                     .exceptions = &master->exceptions,
                                     .effects = effects };
    scheduler_init(&master->scheduler, row, &parts, seed);
    *out = master;
    return OK;
}

/* The scheduler first: it may look at what it was lent. */
void job_master_destroy(struct job_master *master)
{
    scheduler_fini(&master->scheduler);
    checkpoint_coordinator_fini(&master->checkpoints);
    restart_strategy_fini(&master->restarts);
    exception_history_fini(&master->exceptions);
    slot_pool_fini(&master->pool);
    heartbeats_fini(&master->monitors);
    index_map_fini(&master->contact_by_node);
    vec_fini(&master->contacts);
    job_graph_destroy(master->graph);
    mem_destroy(master);
}

/* The asker of a stop-with-savepoint, whichever way it went. */
static void answer_stop(struct job_master *master, const struct scheduler_wishes *wishes)
{
    struct effect_answer answer = { .token = wishes->stop_token,
                                    .request = CLIENT_STOP_WITH_SAVEPOINT,
                                    .job = master->job,
                                    .value = wishes->stop_savepoint };
    if (wishes->stop_failed) {
        answer.result = (struct err){ ERR_REFUSED_CODE };
        answer.text = failure_cause_sentence(CAUSE_STOP_FAILED);
    }
    effects_answer(master->effects, &answer);
}

/* To the other roles of the process, by the node's queue. */
static void tell(struct job_master *master, enum role_fact fact)
{
    vec_push(&master->facts->messages,
             (struct role_message){ .fact = fact, .job = master->job, .node = node_id_none() });
}

/* The end of every call. The coordinator first: an order may fail the job, which is a wish of its
 * own. Then the wishes, which are taken as a whole and cleared, because carrying one out makes no
 * other:
 *
 *   answer_stop    the asker of a stop-with-savepoint hears how it went
 *   declare        requirements go out, now or when changes have been gathered long enough
 *   ended          contacts end, dispatcher and resource manager hear; nothing is declared any more
 *
 * Requirements of a job that has ended are nobody's: the resource manager drops them at the end. */
static void settle(struct job_master *master)
{
    job_checkpoints_follow(master);
    struct scheduler_wishes wishes = master->scheduler.wishes;
    master->scheduler.wishes = (struct scheduler_wishes){ 0 };
    if (wishes.answer_stop)
        answer_stop(master, &wishes);
    if (wishes.declare) {
        time_ns at = wishes.declare_now
                         ? now(master)
                         : time_add(now(master), master->graph->config.slot_request_max_interval);
        if (at < master->declare_at)
            master->declare_at = at;
    }
    if (wishes.ended && !master->ended) {
        master->ended = true;
        master->declare_at = TIME_NEVER;
        master->idle_check_at = TIME_NEVER;
        job_contacts_end_all(master);
        tell(master, ROLE_JOB_ENDED);
    } else if (master->declare_at <= now(master)) {
        master->declare_at = TIME_NEVER;
        tell(master, ROLE_REQUIREMENTS);
    }
}

/* The heartbeat grid of this JobMaster begins here, apart from the resource manager's: the two
 * declare TaskManagers dead independently. */
void job_master_start(struct job_master *master)
{
    const struct config *config = &master->graph->config;
    master->submitted_at = now(master);
    heartbeats_init(&master->monitors, config, true, now(master));
    master->idle_check_at = time_add(now(master), config->slot_idle_timeout);
    scheduler_start(&master->scheduler);
    settle(master);
}

/* The messages that a TaskManager addresses to a job. The switch has no default, so a new kind of
 * message must say here whether it is one of them. */
struct job_id job_master_of_message(const struct message *message)
{
    switch (message->kind) {
    case MESSAGE_JOB_OFFER_CONTACT: return message->job_offer_contact.job;
    case MESSAGE_OFFER_SLOTS: return message->offer_slots.job;
    case MESSAGE_TASK_STATES: return message->task_states.job;
    case MESSAGE_CHECKPOINT_ACKNOWLEDGED: return message->checkpoint_acknowledged.job;
    case MESSAGE_CHECKPOINT_DECLINED: return message->checkpoint_declined.job;
    case MESSAGE_END_OF_DATA: return message->end_of_data.job;
    case MESSAGE_CHECKPOINT_SHARES: return message->checkpoint_shares.job;
    case MESSAGE_SOURCE_BACKLOG: return message->source_backlog.job;
    case MESSAGE_JM_HEARTBEAT_ANSWER: return message->jm_heartbeat_answer.job;
    case MESSAGE_JM_DISCONNECT: return message->jm_disconnect.job;
    case MESSAGE_FAIL_SLOTS: return message->fail_slots.job;
    case MESSAGE_REGISTER_TASK_MANAGER:
    case MESSAGE_TASK_MANAGER_REGISTERED:
    case MESSAGE_SLOT_REPORT:
    case MESSAGE_REQUEST_SLOT:
    case MESSAGE_SLOT_GRANTED:
    case MESSAGE_SLOT_AVAILABLE:
    case MESSAGE_RM_HEARTBEAT:
    case MESSAGE_RM_HEARTBEAT_ANSWER:
    case MESSAGE_RM_DISCONNECT:
    case MESSAGE_JOB_CONTACT_MADE:
    case MESSAGE_SLOTS_ACCEPTED:
    case MESSAGE_FREE_SLOTS:
    case MESSAGE_SUBMIT_TASKS:
    case MESSAGE_CANCEL_TASKS:
    case MESSAGE_TRIGGER_CHECKPOINT:
    case MESSAGE_CHECKPOINT_COMPLETE:
    case MESSAGE_CHECKPOINT_ABORTED:
    case MESSAGE_JM_HEARTBEAT:
    case MESSAGE_KIND_COUNT: break;
    }
    return job_id_none();
}

/* The TaskManager's word on why decides whether it counts against the job's patience. */
static void on_declined(struct job_master *master, const struct message_checkpoint_declined *said)
{
    /* A task that is not running, or not ready, is no failure of the checkpoint's own doing. What
     * could not be stored is told by AsyncCheckpointRunnable.handleExecutionException. */
    enum checkpoint_failure failure = CHECKPOINT_FAILURE_DECLINED;
    if (said->cause == CAUSE_TASK_UNKNOWN)
        failure = CHECKPOINT_FAILURE_TASK_NOT_READY;
    else if (said->cause == CAUSE_SNAPSHOT)
        failure = CHECKPOINT_FAILURE_ASYNC_EXCEPTION;
    if (said->tasks_count)
        checkpoint_coordinator_on_decline(&master->checkpoints, said->checkpoint, said->tasks[0],
                                          failure, master->effects);
}

/* SourceCoordinatorContext.setIsProcessingBacklog: the enumerator has heard it from a reader. */
static void on_backlog(struct job_master *master, const struct message_source_backlog *said)
{
    struct task_attempt by = { said->task, said->attempt, said->graph };
    checkpoint_coordinator_on_backlog(&master->checkpoints, by, said->in_backlog != 0,
                                      master->effects);
}

/* Of one that has been given up meanwhile nothing is taken: its tasks have failed already. */
static void on_heartbeat(struct job_master *master, struct node_id from,
                         const struct message_jm_heartbeat_answer *answer)
{
    if (index_map_get(&master->contact_by_node, from.n) == INDEX_NONE)
        return;
    heartbeats_heard(&master->monitors, from.n, now(master));
    scheduler_on_reconcile(&master->scheduler, from, answer->running, answer->running_count);
}

/* Each kind is one call; what follows from it is settled at the end.
 *
 *   JOB_OFFER_CONTACT          contacts: registered and watched, or refused; answered
 *   OFFER_SLOTS                contacts: the pool takes or leaves each, the scheduler hears of it
 *   FAIL_SLOTS                 contacts: these are lost
 *   JM_DISCONNECT              contacts: its slots are lost, for the cause it gives
 *   JM_HEARTBEAT_ANSWER        its monitor; then the scheduler compares what runs there
 *   TASK_STATES                scheduler
 *   CHECKPOINT_ACKNOWLEDGED    coordinator
 *   CHECKPOINT_SHARES          coordinator
 *   CHECKPOINT_DECLINED        coordinator
 *   END_OF_DATA                coordinator
 *   SOURCE_BACKLOG             coordinator
 */
void job_master_on_message(struct job_master *master, const struct event_message *event,
                           bool vouched)
{
    const struct message *message = event->message;
    struct node_id from = event->from;
    if (message->kind == MESSAGE_JOB_OFFER_CONTACT)
        job_contacts_asked(master, event, vouched);
    else if (message->kind == MESSAGE_OFFER_SLOTS)
        job_contacts_offered(master, from, &message->offer_slots);
    else if (message->kind == MESSAGE_FAIL_SLOTS)
        job_contacts_slots_failed(master, from, &message->fail_slots);
    else if (message->kind == MESSAGE_TASK_STATES)
        scheduler_on_task_states(&master->scheduler, from, message->task_states.tasks,
                                 message->task_states.tasks_count);
    else if (message->kind == MESSAGE_CHECKPOINT_ACKNOWLEDGED)
        checkpoint_coordinator_on_acknowledge(
            &master->checkpoints, message->checkpoint_acknowledged.checkpoint,
            message->checkpoint_acknowledged.acks, message->checkpoint_acknowledged.acks_count,
            master->effects);
    else if (message->kind == MESSAGE_CHECKPOINT_SHARES)
        checkpoint_coordinator_on_shared(
            &master->checkpoints, message->checkpoint_shares.checkpoint,
            message->checkpoint_shares.files, message->checkpoint_shares.files_count);
    else if (message->kind == MESSAGE_CHECKPOINT_DECLINED)
        on_declined(master, &message->checkpoint_declined);
    else if (message->kind == MESSAGE_END_OF_DATA)
        checkpoint_coordinator_on_end_of_data(&master->checkpoints, message->end_of_data.tasks,
                                              message->end_of_data.tasks_count, master->effects);
    else if (message->kind == MESSAGE_SOURCE_BACKLOG)
        on_backlog(master, &message->source_backlog);
    else if (message->kind == MESSAGE_JM_HEARTBEAT_ANSWER)
        on_heartbeat(master, from, &message->jm_heartbeat_answer);
    else if (message->kind == MESSAGE_JM_DISCONNECT)
        job_contacts_close(master, from, (enum failure_cause)message->jm_disconnect.cause);
    else
        IMPOSSIBLE("message not for a JobMaster");
    settle(master);
}

/* RecipientUnreachableException and TimeoutException. */
static enum failure_cause send_failure_cause(enum send_failure failure)
{
    return failure == SEND_UNREACHABLE ? CAUSE_UNREACHABLE : CAUSE_RPC_TIMEOUT;
}

/* Which request it was: kind and token. Each kind has one who waits for it:
 *
 *   SUBMIT_TASKS          the tasks of that batch on that TaskManager fail
 *   CANCEL_TASKS          sent again, or the tasks count as ended
 *   TRIGGER_CHECKPOINT    the checkpoint is aborted, uncounted
 *   JM_HEARTBEAT          unreachable counts towards the threshold; a time-out is no sign of death
 */
void job_master_on_send_failed(struct job_master *master, const struct event_send_failed *failed)
{
    uint64_t value = request_token_value(failed->token);
    if (failed->kind == MESSAGE_SUBMIT_TASKS)
        scheduler_on_submit_failed(&master->scheduler, failed->to, (uint32_t)value,
                                   send_failure_cause(failed->failure));
    else if (failed->kind == MESSAGE_CANCEL_TASKS)
        scheduler_on_cancel_failed(&master->scheduler, failed->to, value);
    else if (failed->kind == MESSAGE_TRIGGER_CHECKPOINT)
        checkpoint_coordinator_on_trigger_failed(&master->checkpoints, value, master->effects);
    else if (failed->kind == MESSAGE_JM_HEARTBEAT && failed->failure == SEND_UNREACHABLE &&
             heartbeats_unreachable(&master->monitors, failed->to.n))
        job_contacts_close(master, failed->to, CAUSE_HEARTBEAT_UNREACHABLE);
    settle(master);
}

/* Of checkpoints and savepoints; the job's plan is the dispatcher's business. */
void job_master_on_stored(struct job_master *master, uint64_t checkpoint, bool failed)
{
    checkpoint_coordinator_on_stored(&master->checkpoints, checkpoint, failed, master->effects);
    settle(master);
}

/* NoResourceAvailableException, as declared unfulfillable by the resource manager
 * (JobMaster.notifyNotEnoughResourcesAvailable). */
void job_master_on_resources_refused(struct job_master *master, uint32_t missing)
{
    scheduler_on_resources_refused(&master->scheduler, missing);
    settle(master);
}

/* The resource manager has closed its contact (FLINK-34526). The reverse is not told: what this
 * JobMaster decides for itself is no news for the resource manager. */
void job_master_on_task_manager_gone(struct job_master *master, struct node_id node,
                                     enum failure_cause cause)
{
    CHECK(!node_id_is_none(node));
    CHECK(cause != CAUSE_NONE);
    job_contacts_close(master, node, cause);
    settle(master);
}

/* The client is answered at once: a cancel is accepted, not awaited. */
void job_master_cancel(struct job_master *master)
{
    scheduler_cancel(&master->scheduler);
    settle(master);
}

/* A stop is answered when it is over (settle); a refusal at once, by the dispatcher. */
struct err job_master_stop(struct job_master *master, bool drain, uint64_t token, struct note *note)
{
    struct err result = scheduler_stop(&master->scheduler, drain, token, note);
    settle(master);
    return result;
}

/* Refused here only where there is nothing to take a savepoint of; else the coordinator says why
 * not. */
struct err job_master_savepoint(struct job_master *master, enum checkpoint_kind kind,
                                uint64_t token, struct note *note)
{
    if (master->ended || !master->scheduler.graph)
        return err_note(note, ERR_REFUSED_CODE, "the job is not running");
    checkpoint_coordinator_request(&master->checkpoints, kind, token, master->effects);
    settle(master);
    return OK;
}

/* Durable by now; what the scheduler says is the client's answer. */
struct err job_master_require(struct job_master *master, const struct vertex_bounds *bounds,
                              size_t count, struct note *note)
{
    struct err result = scheduler_require(&master->scheduler, bounds, count, note);
    settle(master);
    return result;
}

/* Contacts first, then checkpoints, then the scheduler: what a lost TaskManager leads to comes
 * before what was planned for this instant. */
void job_master_on_time(struct job_master *master)
{
    if (master->ended)
        return;
    job_contacts_on_time(master);
    checkpoint_coordinator_on_time(&master->checkpoints, master->effects);
    job_checkpoints_follow(master);
    scheduler_on_time(&master->scheduler);
    if (master->idle_check_at <= now(master)) {
        job_contacts_check_idle(master);
        master->idle_check_at = time_add(now(master), master->graph->config.slot_idle_timeout);
    }
    settle(master);
}

/* The earliest of its parts. */
time_ns job_master_deadline(const struct job_master *master)
{
    if (master->ended)
        return TIME_NEVER;
    time_ns deadlines[] = { heartbeats_deadline(&master->monitors),
                            checkpoint_coordinator_deadline(&master->checkpoints),
                            scheduler_deadline(&master->scheduler), master->declare_at,
                            master->idle_check_at };
    time_ns least = TIME_NEVER;
    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
        if (deadlines[i] < least)
            least = deadlines[i];
    return least;
}

/* Every part a later step can depend on. */
uint64_t job_master_hash(const struct job_master *master)
{
    uint64_t hash = hash_add(master->contacts.count, master->ended);
    for (VEC_EACH(const struct job_contact, contact, &master->contacts))
        hash = hash_add(hash, contact->node.n);
    hash = hash_add(hash, (uint64_t)master->declare_at);
    hash = hash_add(hash, (uint64_t)master->idle_check_at);
    hash = hash_add(hash, slot_pool_hash(&master->pool));
    hash = hash_add(hash, checkpoint_coordinator_hash(&master->checkpoints));
    hash = hash_add(hash, restart_strategy_hash(&master->restarts));
    hash = hash_add(hash, scheduler_hash(&master->scheduler));
    return hash_add(hash, heartbeats_hash(&master->monitors));
}

/* Contacts and monitors are the same TaskManagers, and no slot is of a stranger. */
void job_master_check(const struct job_master *master)
{
    slot_pool_check(&master->pool);
    checkpoint_coordinator_invariant(&master->checkpoints);
    heartbeats_check(&master->monitors);
    scheduler_check(&master->scheduler);
    CHECK(master->monitors.targets.count == master->contacts.count);
    for (size_t i = 0; i < master->contacts.count; i++) {
        CHECK(index_map_get(&master->contact_by_node, master->contacts.items[i].node.n) == i);
        CHECK(!master->ended);
    }
    for (SLOT_POOL_EACH(slot, &master->pool))
        CHECK(index_map_get(&master->contact_by_node, slot->node.n) != INDEX_NONE);
    CHECK(master->ended == scheduler_is_ended(&master->scheduler));
    CHECK(!master->scheduler.wishes.declare);
}
