/* SPDX-License-Identifier: Apache-2.0
 *
 * Contact to the JobMasters of the jobs that have slots here: register, offer slots, and let go
 * when the JobMaster is lost. One offer is out at a time; slots that come meanwhile follow in the
 * next one.
 */
#include "core/cluster/task_executor_parts.h"

static time_ns now(const struct task_executor *executor)
{
    return executor->effects.now;
}

/* There are at most as many jobs as slots in use. */
struct executor_job *executor_jobs_find(struct task_executor *executor, struct job_id job)
{
    for (VEC_EACH(struct executor_job, known, &executor->jobs))
        if (job_id_equal(known->job, job))
            return known;
    return NULL;
}

struct executor_job *executor_jobs_find_or_add(struct task_executor *executor, struct job_id job,
                                               struct node_id job_master)
{
    struct executor_job *known = executor_jobs_find(executor, job);
    if (known)
        return known;
    vec_push(&executor->jobs, (struct executor_job){ .job = job, .job_master = job_master });
    return &vec_last(&executor->jobs);
}

static void move(struct executor_job *job, enum contact_state to)
{
    machine_check_move(&contact_states, job->contact, to);
    job->contact = to;
}

/* Contact to one JobMaster, from the first slot that its job gets here to the last that it loses:
 *
 *   NONE --first slot--> REGISTERING --accepted--> MADE --disconnected, heartbeat timeout--> NONE
 *                          |    ^                                                             |
 *                          +----+ no answer: 100 ms, doubling to 30 s                         |
 *                            ^    unreachable: 10 s; refused: 30 s                            |
 *                            +----------------------- at once --------------------------------+
 *
 * Nothing ends the asking but the end of the slots, which time out unless they are taken. */

/* One timer per contact; a new wait replaces the old one. */
static void set_retry(struct task_executor *executor, struct executor_job *job, time_ns delay)
{
    executor_set_timer(executor, &job->retry, EXECUTOR_JOB_RETRY, job->job.n, delay);
}

/* RegisteredRpcConnection: the wait for an answer doubles up to a maximum. */
static void ask(struct task_executor *executor, struct executor_job *job)
{
    struct message message = { .kind = MESSAGE_JOB_OFFER_CONTACT };
    message.job_offer_contact.job = job->job;
    effects_request(&executor->effects, job->job_master, &message, job->job.n);
    set_retry(executor, job, job->retry_wait);
    time_ns longest = executor->settings.config->registration_max_timeout;
    job->retry_wait = job->retry_wait * 2 < longest ? job->retry_wait * 2 : longest;
}

/* From the start, with the shortest wait. */
void executor_jobs_contact(struct task_executor *executor, struct executor_job *job)
{
    job->retry_wait = executor->settings.config->registration_initial_timeout;
    move(job, CONTACT_REGISTERING);
    ask(executor, job);
}

void executor_jobs_on_retry(struct task_executor *executor, struct job_id id)
{
    struct executor_job *job = executor_jobs_find(executor, id);
    if (job && job->contact == CONTACT_REGISTERING)
        ask(executor, job);
}

/* Slots that wait for this are offered at once. */
void executor_jobs_on_contact(struct task_executor *executor,
                              const struct message_job_contact_made *answer)
{
    struct executor_job *job = executor_jobs_find(executor, answer->job);
    if (!job || job->contact != CONTACT_REGISTERING)
        return;
    const struct config *config = executor->settings.config;
    if (answer->refused) {
        set_retry(executor, job, config->registration_refused_delay);
        job->retry_wait = config->registration_initial_timeout;
        return;
    }
    timers_cancel(&executor->timers, &job->retry);
    move(job, CONTACT_MADE);
    heartbeats_watch(&executor->monitors, job->job_master, 1 + job->job.n, answer->heartbeat_origin,
                     executor->peer_vouched, now(executor));
    executor_jobs_offer(executor, job);
}

/* All slots of the job that it has not taken yet, in one message, one message at a time. */
void executor_jobs_offer(struct task_executor *executor, struct executor_job *job)
{
    if (job->offer_out)
        return;
    struct slot_offer *offers =
        arena_take(&executor->effects.arena, (executor->slots.count + 1) * sizeof *offers);
    struct message message = { .kind = MESSAGE_OFFER_SLOTS };
    message.offer_slots.job = job->job;
    message.offer_slots.offers = offers;
    for (uint32_t i = 0; i < executor->slots.count; i++) {
        struct executor_slot *slot = &executor->slots.items[i];
        if (slot->state != TASK_SLOT_ALLOCATED || !job_id_equal(slot->job, job->job))
            continue;
        slot->offered = true;
        offers[message.offer_slots.offers_count++] =
            (struct slot_offer){ slot->allocation, i, slot->cpu_milli, slot->memory_bytes };
    }
    if (message.offer_slots.offers_count == 0)
        return;
    job->offer_out = true;
    effects_request(&executor->effects, job->job_master, &message, job->job.n);
}

/* What was part of the offer and is still not taken. */
static void free_if_offered(struct task_executor *executor, struct job_id job)
{
    for (uint32_t i = 0; i < executor->slots.count; i++) {
        const struct executor_slot *slot = &executor->slots.items[i];
        if (slot->state == TASK_SLOT_ALLOCATED && slot->offered && job_id_equal(slot->job, job))
            executor_slots_free(executor, i);
    }
}

static bool is_given(const struct task_executor *executor, const struct executor_job *job,
                     struct allocation_id allocation)
{
    uint32_t i = executor_slots_find(executor, allocation);
    const struct executor_slot *slot = i == ID_NONE ? NULL : &executor->slots.items[i];
    return slot && slot->state != TASK_SLOT_RELEASING && job_id_equal(slot->job, job->job);
}

/* They were given up while the JobMaster could not hear of it (TaskExecutor.
 * failNoLongerAllocatedSlots). */
void executor_jobs_fail_missing(struct task_executor *executor, const struct executor_job *job,
                                const struct allocation_item *items, size_t count)
{
    struct allocation_item *failed =
        arena_take(&executor->effects.arena, (count + 1) * sizeof *failed);
    struct message message = { .kind = MESSAGE_FAIL_SLOTS };
    message.fail_slots = (struct message_fail_slots){ job->job, failed, 0 };
    for (size_t i = 0; i < count; i++)
        if (!is_given(executor, job, items[i].allocation))
            failed[message.fail_slots.failed_count++] = items[i];
    if (message.fail_slots.failed_count > 0)
        effects_send(&executor->effects, job->job_master, &message);
}

/* What it has freed while nobody here could hear of it. Slots that are not its own yet wait for
 * their acceptance, which may be behind this list (TaskExecutor.freeNoLongerUsedSlots). */
void executor_jobs_free_unlisted(struct task_executor *executor, struct job_id job,
                                 const struct allocation_item *items, size_t count)
{
    struct index_map listed = { 0 };
    for (size_t i = 0; i < count; i++)
        index_map_put(&listed, items[i].allocation.n, 1);
    for (uint32_t i = 0; i < executor->slots.count; i++) {
        const struct executor_slot *slot = &executor->slots.items[i];
        if (slot->state != TASK_SLOT_ACTIVE || !job_id_equal(slot->job, job) ||
            index_map_get(&listed, slot->allocation.n) != INDEX_NONE)
            continue;
        executor_log(executor, LOG_DECISION, "slot no longer allocated", job, i, NULL);
        executor_slots_free(executor, i);
    }
    index_map_fini(&listed);
}

/* Of what was offered, the job keeps the accepted slots; the others are free at once. The
 * JobMaster hears of an accepted one that has timed out meanwhile. */
void executor_jobs_on_accepted(struct task_executor *executor,
                               const struct message_slots_accepted *accepted)
{
    struct executor_job *job = executor_jobs_find(executor, accepted->job);
    if (!job || job->contact != CONTACT_MADE || !job->offer_out)
        return;
    job->offer_out = false;
    for (size_t i = 0; i < accepted->accepted_count; i++) {
        uint32_t slot = executor_slots_find(executor, accepted->accepted[i].allocation);
        if (slot != ID_NONE && job_id_equal(executor->slots.items[slot].job, accepted->job))
            executor_slots_activate(executor, slot);
    }
    executor_jobs_fail_missing(executor, job, accepted->accepted, accepted->accepted_count);
    free_if_offered(executor, accepted->job);
    job = executor_jobs_find(executor, accepted->job);
    if (job)
        executor_jobs_offer(executor, job); /* what came while the offer was out */
}

/* The JobMaster's end as seen from here. Its slots are kept for taskmanager.slot.timeout, in case
 * it, or one that takes its place, takes them again:
 *
 *   lost             tasks fail, slots wait       10 s: slots that nobody took are free again
 *   |----------------|--------------------------->|
 *   asks at once, then as for a new contact; taken again: offered, with what has ended meanwhile
 *
 * Tasks first: they fail because of this, whatever becomes of their slots (TaskExecutor.
 * disconnectJobManagerConnection). A contact that is only being made is not lost by it. */
void executor_jobs_lost(struct task_executor *executor, struct job_id id, const char *why)
{
    struct executor_job *job = executor_jobs_find(executor, id);
    if (!job || job->contact != CONTACT_MADE)
        return;
    executor_log(executor, LOG_DECISION, "job master lost", id, 0, why);
    heartbeats_forget(&executor->monitors, 1 + id.n);
    move(job, CONTACT_NONE);
    job->offer_out = false;
    executor_tasks_fail(executor, id, slot_id_none(), CAUSE_JOB_MASTER_LOST);
    for (uint32_t i = 0; i < executor->slots.count; i++)
        if (job_id_equal(executor->slots.items[i].job, id))
            executor_slots_deactivate(executor, i);
    job = executor_jobs_find(executor, id);
    CHECK(job != NULL); /* its slots are still here */
    executor_jobs_contact(executor, job);
}

/* An offer that nobody took in time is made again; one to nobody is off, and its slots are the
 * resource manager's again (TaskExecutor.handleAcceptedSlotOffers). */
void executor_jobs_on_send_failed(struct task_executor *executor,
                                  const struct event_send_failed *failed)
{
    struct executor_job *job =
        executor_jobs_find(executor, (struct job_id){ (uint32_t)failed->token });
    if (!job)
        return;
    if (failed->kind == MESSAGE_OFFER_SLOTS) {
        if (job->contact != CONTACT_MADE || !job->offer_out)
            return;
        job->offer_out = false;
        if (failed->failure == SEND_TIMED_OUT)
            executor_jobs_offer(executor, job);
        else
            free_if_offered(executor, job->job);
    } else if (failed->kind == MESSAGE_JOB_OFFER_CONTACT && job->contact == CONTACT_REGISTERING &&
               failed->failure == SEND_UNREACHABLE) {
        set_retry(executor, job, executor->settings.config->registration_error_delay);
    }
}

/* A job without slots here is forgotten; its JobMaster finds out by itself. */
void executor_jobs_slot_gone(struct task_executor *executor, struct job_id id)
{
    struct executor_job *job = executor_jobs_find(executor, id);
    CHECK(job != NULL);
    CHECK(job->slot_count > 0);
    if (--job->slot_count > 0)
        return;
    if (job->contact == CONTACT_MADE) {
        struct message message = { .kind = MESSAGE_JM_DISCONNECT };
        message.jm_disconnect = (struct message_jm_disconnect){ id, CAUSE_NONE };
        effects_send(&executor->effects, job->job_master, &message);
    }
    timers_cancel(&executor->timers, &job->retry);
    heartbeats_forget(&executor->monitors, 1 + id.n);
    vec_remove_swap(&executor->jobs, (size_t)(job - executor->jobs.items));
}
