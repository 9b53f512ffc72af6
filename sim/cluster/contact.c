/* SPDX-License-Identifier: Apache-2.0
 *
 * Vouching: while a TaskManager and the JobManager both run and their link is whole and lossless,
 * heartbeats between them cannot change anything, so the cluster tells both that they may leave
 * them out, and tells them at the very instant when that ends (core/port/event.h).
 *
 * No decision may depend on it. Hence heartbeats draw from streams of their own and delay no other
 * message (network.c), and after a disturbance the cluster waits until every monitor that heard its
 * last heartbeat before has run out: then no side can still wait for one that the other has ceased
 * to send. The round trip told is the one that the contact had, not the one that broke it: exact
 * for a constant latency; for a drawn one it is the mean, and decisions that follow from a time-out
 * agree to within the spread of the latency.
 */
#include "sim/cluster/parts.h"

/* A latency this small against heartbeat.timeout cannot make a heartbeat late. */
enum { LATENCY_SHARE_MAX = 16 };

static bool is_sound(const struct virtual_cluster *cluster, const struct process *task_manager)
{
    const struct process *manager = cluster_process(cluster, (struct node_id){ JOB_MANAGER });
    return cluster->vouching && task_manager->contact.is_made && process_is_up(manager) &&
           process_is_up(task_manager) && network_can_talk(cluster, manager, task_manager) &&
           network_is_harmless(cluster, manager, task_manager,
                               cluster->scenario->config.heartbeat_timeout / LATENCY_SHARE_MAX);
}

static void tell_if_up(struct virtual_cluster *cluster, struct process *process,
                       struct event *event)
{
    if (process_is_up(process))
        process_step(cluster, process, event);
}

static void vouch(struct virtual_cluster *cluster, struct process *task_manager)
{
    struct process *manager = cluster_process(cluster, (struct node_id){ JOB_MANAGER });
    task_manager->contact.is_vouched = true;
    struct event event = { .kind = EVENT_PEER_VOUCHED, .vouched.peer = task_manager->id };
    tell_if_up(cluster, manager, &event);
    event.vouched.peer = manager->id;
    tell_if_up(cluster, task_manager, &event);
}

static void on_settled(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct process *task_manager = cluster_process(cluster, (struct node_id){ (uint32_t)a });
    task_manager->contact.settled = (struct sim_handle){ 0 };
    CHECK(is_sound(cluster, task_manager));
    vouch(cluster, task_manager);
}

static void break_one(struct virtual_cluster *cluster, struct process *task_manager)
{
    struct contact *contact = &task_manager->contact;
    sim_queue_cancel(cluster->queue, &contact->settled);
    contact->was_broken = true;
    if (!contact->is_vouched)
        return;
    contact->is_vouched = false;
    struct process *manager = cluster_process(cluster, (struct node_id){ JOB_MANAGER });
    struct event event = { .kind = EVENT_PEER_IN_DOUBT,
                           .in_doubt = { task_manager->id, contact->round_trip } };
    tell_if_up(cluster, manager, &event);
    event.in_doubt.peer = manager->id;
    tell_if_up(cluster, task_manager, &event);
}

static time_ns round_trip_now(const struct virtual_cluster *cluster,
                              const struct process *task_manager)
{
    const struct process *manager = cluster_process(cluster, (struct node_id){ JOB_MANAGER });
    return network_round_trip(cluster, manager, task_manager);
}

/* From when on the link is as slow as it is. What is sent now arrives behind what still comes at an
 * earlier, greater latency. */
static time_ns ordinary_from(const struct virtual_cluster *cluster,
                             const struct process *task_manager)
{
    time_ns now = cluster_now(cluster), at = now;
    uint32_t index = cluster->manager_links.items[task_manager->id.n];
    for (int side = 0; index != INDEX_NONE && side < 2; side++) {
        const struct lane *lane = &cluster->links.items[index].lanes[side];
        at = lane->last_arrival > at ? lane->last_arrival : at;
        if (lane->heartbeats.count > 0 && vec_last(&lane->heartbeats)->arrives_at > at)
            at = vec_last(&lane->heartbeats)->arrives_at;
    }
    return at - now > task_manager->contact.round_trip ? at : now;
}

/* A new latency breaks the contact even where it is harmless: the heartbeats before it, which a
 * later doubt would have to place, took the old one. */
static void review_one(struct virtual_cluster *cluster, struct process *task_manager)
{
    struct contact *contact = &task_manager->contact;
    time_ns round_trip = round_trip_now(cluster, task_manager);
    if (!is_sound(cluster, task_manager) || round_trip != contact->round_trip) {
        break_one(cluster, task_manager);
        contact->round_trip = round_trip;
        if (!is_sound(cluster, task_manager)) /* hearing of it may have ended either */
            return;
    }
    if (contact->is_vouched || contact->settled.generation)
        return;
    if (!contact->was_broken) {
        vouch(cluster, task_manager);
        return;
    }
    const struct config *config = &cluster->scenario->config;
    time_ns wait = time_add(config->heartbeat_timeout, 2 * config->heartbeat_interval);
    contact->settled = sim_queue_push_ranked(
        cluster->queue, time_add(ordinary_from(cluster, task_manager), wait), SIM_CLASS_WAKE,
        RANK_SETTLED(task_manager->id), on_settled, cluster, task_manager->id.n, 0);
}

static void each(struct virtual_cluster *cluster, struct process *process,
                 void (*act)(struct virtual_cluster *cluster, struct process *task_manager))
{
    if (process->kind == NODE_TASK_MANAGER) {
        act(cluster, process);
        return;
    }
    for (size_t i = 0; i < cluster->living.count; i++) {
        struct process *other = cluster_process(cluster, cluster->living.items[i]);
        if (other->contact.is_made)
            act(cluster, other);
    }
}

void contact_make(struct virtual_cluster *cluster, struct process *task_manager)
{
    if (task_manager->contact.is_made)
        return;
    task_manager->contact.is_made = true;
    task_manager->contact.round_trip = round_trip_now(cluster, task_manager);
    review_one(cluster, task_manager);
}

void contact_break(struct virtual_cluster *cluster, struct process *process)
{
    each(cluster, process, break_one);
}

void contact_review(struct virtual_cluster *cluster, struct process *process)
{
    each(cluster, process, review_one);
    way_back_review(cluster, process);
}
