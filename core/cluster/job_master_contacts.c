/* SPDX-License-Identifier: Apache-2.0
 *
 * A JobMaster's TaskManagers: who may offer slots, which offers are taken, and what goes when
 * contact ends. The JobMaster declares a TaskManager dead by its own monitor, or because the
 * resource manager did. Always: the pool holds slots of registered TaskManagers only.
 */
#include "core/cluster/job_master.h"

#include "core/schedule/request_token.h"

static const char no_slot_left[] = "it has no slot of the job left";

/* The stamp of the event being worked on. */
static time_ns now(const struct job_master *master)
{
    return master->effects->now;
}

/* Registered here and not given up. What others say is for a contact that is over. */
static bool is_contact(const struct job_master *master, struct node_id node)
{
    return index_map_get(&master->contact_by_node, node.n) != INDEX_NONE;
}

/* Decision level: contacts made and lost are what timelines are read for. */
static void log_peer(struct job_master *master, const char *what, struct node_id peer,
                     const char *reason)
{
    effects_log(master->effects, &(struct log_line){ .level = LOG_DECISION,
                                                     .machine = "job master",
                                                     .what = what,
                                                     .subject = LOG_OF_JOB | LOG_OF_PEER,
                                                     .job = master->job,
                                                     .peer = peer,
                                                     .reason = reason });
}

static void make_contact(struct job_master *master, struct node_id node, bool vouched)
{
    index_map_put(&master->contact_by_node, node.n, (uint32_t)master->contacts.count);
    vec_push(&master->contacts, (struct job_contact){ node });
    heartbeats_watch(&master->monitors, node, node.n, master->monitors.origin, vouched,
                     now(master));
}

/* One that is known already asks again because our answer was late, or because it lost us before we
 * lost it: it keeps its slots, and what it failed meanwhile it says itself (JobMaster.
 * registerTaskManager with the same session, which looks for no way back). */
void job_contacts_asked(struct job_master *master, const struct event_message *event, bool vouched)
{
    bool is_known = is_contact(master, event->from), refused = !is_known && event->is_one_way;
    if (refused)
        log_peer(master, "refuses", event->from, failure_cause_sentence(CAUSE_UNREACHABLE));
    else if (!is_known)
        make_contact(master, event->from, vouched);
    struct message answer = { .kind = MESSAGE_JOB_CONTACT_MADE };
    answer.job_contact_made =
        (struct message_job_contact_made){ master->job, refused, master->monitors.origin };
    effects_send(master->effects, event->from, &answer);
}

/* Taken are those that fill an outstanding requirement, or are held already; whatever is not named
 * in the answer is refused. New ones are told to the scheduler all at once: an offer of four slots
 * is one change to the adaptive scheduler and one round of matching to the default one, however
 * they came together. An offer that is repeated, because our answer was late, is answered the same
 * way and is news to nobody. */
void job_contacts_offered(struct job_master *master, struct node_id node,
                          const struct message_offer_slots *offer)
{
    if (!is_contact(master, node))
        return;
    struct allocation_item *accepted =
        arena_take(&master->effects->arena, (offer->offers_count + 1) * sizeof *accepted);
    struct allocation_id *gained =
        arena_take(&master->effects->arena, (offer->offers_count + 1) * sizeof *gained);
    size_t count = 0, gained_count = 0;
    for (size_t i = 0; i < offer->offers_count; i++) {
        struct allocation_id allocation = offer->offers[i].allocation;
        bool held = slot_pool_find(&master->pool, allocation) != NULL;
        if (!slot_pool_offer(&master->pool, node, &offer->offers[i], now(master)))
            continue;
        accepted[count++] = (struct allocation_item){ allocation };
        if (!held)
            gained[gained_count++] = allocation;
    }
    struct message answer = { .kind = MESSAGE_SLOTS_ACCEPTED };
    answer.slots_accepted = (struct message_slots_accepted){ master->job, accepted, count };
    effects_send(master->effects, node, &answer);
    if (gained_count)
        scheduler_on_slots_gained(&master->scheduler, gained, gained_count);
}

/* Nothing is sent. */
static void forget(struct job_master *master, struct node_id node)
{
    uint32_t index = index_map_get(&master->contact_by_node, node.n);
    index_map_remove(&master->contact_by_node, node.n);
    vec_remove_swap(&master->contacts, index);
    if (index < master->contacts.count)
        index_map_put(&master->contact_by_node, master->contacts.items[index].node.n, index);
    heartbeats_forget(&master->monitors, node.n);
}

/* One that is not dead after all then knows at once that its tasks are nobody's. */
static void say_goodbye(struct job_master *master, struct node_id node, enum failure_cause cause)
{
    struct message message = { .kind = MESSAGE_JM_DISCONNECT };
    message.jm_disconnect = (struct message_jm_disconnect){ master->job, cause };
    effects_send(master->effects, node, &message);
}

/* Contact first, then the slots, so that what follows from the failures of their tasks no longer
 * counts on them (JobMaster.disconnectTaskManager). Without a cause the TaskManager has said that
 * it holds nothing of the job: a slot that the pool still has was given up on the way. */
void job_contacts_close(struct job_master *master, struct node_id node, enum failure_cause cause)
{
    if (!is_contact(master, node))
        return;
    bool is_bare = cause == CAUSE_NONE;
    forget(master, node);
    struct slot_pool_list lost = { 0 };
    slot_pool_release_node(&master->pool, node, &lost);
    scheduler_on_slots_lost(&master->scheduler, &lost, is_bare ? CAUSE_SLOT_LOST : cause);
    vec_fini(&lost.slots);
    log_peer(master, "disconnects", node, is_bare ? no_slot_left : failure_cause_sentence(cause));
    if (!is_bare && cause != CAUSE_TASK_MANAGER_SHUTDOWN)
        say_goodbye(master, node, cause);
}

/* What the TaskManager does not have is no place for a task (JobMaster.failSlot). One that is left
 * with none is no contact: should it have been given others, it makes a new one. */
void job_contacts_slots_failed(struct job_master *master, struct node_id node,
                               const struct message_fail_slots *said)
{
    struct slot_pool_list lost = { 0 };
    for (size_t i = 0; i < said->failed_count; i++) {
        const struct pool_slot *slot = slot_pool_find(&master->pool, said->failed[i].allocation);
        if (!slot || !node_id_equal(slot->node, node))
            continue;
        vec_push(&lost.slots, *slot);
        slot_pool_release(&master->pool, said->failed[i].allocation);
    }
    bool is_bare = lost.slots.count > 0 && !slot_pool_has_node(&master->pool, node);
    if (is_bare)
        forget(master, node);
    if (lost.slots.count > 0)
        scheduler_on_slots_lost(&master->scheduler, &lost, CAUSE_SLOT_LOST);
    vec_fini(&lost.slots);
    if (!is_bare)
        return;
    log_peer(master, "disconnects", node, no_slot_left);
    say_goodbye(master, node, CAUSE_NONE);
}

/* Slots given back: one message per TaskManager, in the order of the list. */
static void send_freed(struct job_master *master, const struct slot_pool_list *freed)
{
    size_t count = freed->slots.count;
    struct allocation_item *items =
        arena_take(&master->effects->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i].allocation = freed->slots.items[i].allocation;
    for (size_t first = 0, end; first < count; first = end) {
        struct node_id node = freed->slots.items[first].node;
        for (end = first; end < count && node_id_equal(freed->slots.items[end].node, node);)
            end++;
        struct message message = { .kind = MESSAGE_FREE_SLOTS };
        message.free_slots = (struct message_free_slots){ master->job, items + first, end - first };
        effects_send(master->effects, node, &message);
    }
}

/* The check comes every slot.idle.timeout and looks for slots that have idled as long, so a slot
 * that nobody needs goes after one to two time-outs. Only what exceeds the requirement goes
 * (slot_pool_release_idle); a TaskManager that lends nothing any more is no contact: it is not
 * watched, and its death is none of this job's business. */
void job_contacts_check_idle(struct job_master *master)
{
    time_ns timeout = master->graph->config.slot_idle_timeout;
    struct slot_pool_list freed = { 0 };
    slot_pool_release_idle(&master->pool, now(master), timeout, &freed);
    send_freed(master, &freed);
    for (VEC_EACH(const struct pool_slot, slot, &freed.slots)) {
        if (!is_contact(master, slot->node) || slot_pool_has_node(&master->pool, slot->node))
            continue;
        forget(master, slot->node);
        log_peer(master, "disconnects", slot->node, no_slot_left);
    }
    vec_fini(&freed.slots);
}

/* The job has ended: slots back, goodbye, in the order of the contacts. */
void job_contacts_end_all(struct job_master *master)
{
    struct slot_pool_list freed = { 0 };
    for (VEC_EACH(const struct job_contact, contact, &master->contacts)) {
        slot_pool_release_node(&master->pool, contact->node, &freed);
        send_freed(master, &freed);
        log_peer(master, "disconnects", contact->node, "the JobMaster stops");
        say_goodbye(master, contact->node, CAUSE_NONE);
    }
    vec_fini(&freed.slots);
    while (master->contacts.count)
        forget(master, vec_last(&master->contacts).node);
}

/* With the slots there that it takes for its own (AllocatedSlotReport). `asked`: an answer is due,
 * so that an undelivered request counts against the TaskManager. */
static void ask(struct job_master *master, struct node_id node, bool asked)
{
    struct message message = { .kind = MESSAGE_JM_HEARTBEAT };
    size_t count = 0;
    for (SLOT_POOL_EACH_OF_NODE(slot, &master->pool, node))
        count++;
    struct allocation_item *held = arena_take(&master->effects->arena, (count + 1) * sizeof *held);
    message.jm_heartbeat =
        (struct message_jm_heartbeat){ master->job, master->monitors.round, held, count };
    count = 0;
    for (SLOT_POOL_EACH_OF_NODE(slot, &master->pool, node))
        held[count++].allocation = slot->allocation;
    if (asked)
        effects_request(master->effects, node, &message, request_token(master->job, 0));
    else
        effects_send(master->effects, node, &message);
}

/* Those that the world vouches for would answer, so nothing can be learnt from asking. */
static void ask_round(struct job_master *master)
{
    for (VEC_EACH(const struct heartbeat_target, target, &master->monitors.targets))
        if (!target->vouched)
            ask(master, target->node, true);
}

/* The monitor goes on as if it had never slept; a request that would be under way is made up for.
 */
void job_master_on_doubt(struct job_master *master, const struct event_in_doubt *doubt)
{
    if (heartbeats_doubt(&master->monitors, doubt->peer, doubt->round_trip, now(master)))
        ask(master, doubt->peer, false);
}

/* Time-outs before the next round: who is lost is not asked. */
void job_contacts_on_time(struct job_master *master)
{
    uint32_t subject;
    while (heartbeats_take_timeout(&master->monitors, now(master), &subject))
        job_contacts_close(master, (struct node_id){ subject }, CAUSE_HEARTBEAT_TIMEOUT);
    if (heartbeats_take_round(&master->monitors, now(master)))
        ask_round(master);
}
