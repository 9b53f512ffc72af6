/* SPDX-License-Identifier: Apache-2.0
 *
 * The way back to who registers: the JobManager's RPC layer connects to a TaskManager before its
 * roles count on it (core/port/event.h). In: registrations that the JobManager would hear now. Out:
 * the same, when the way stands or is known not to. Connecting takes no time where the sender runs
 * and the link carries packets. Always: of one sender to one role the newest alone waits.
 */
#include "sim/cluster/parts.h"

static const struct node_id manager = { JOB_MANAGER };

static bool stands(const struct virtual_cluster *cluster, const struct process *sender)
{
    return process_is_up(sender) &&
           network_carries(cluster, cluster_process(cluster, manager), sender);
}

static bool is_to_same_role(const struct letter *a, const struct letter *b)
{
    return a->message->kind == b->message->kind &&
           (a->message->kind != MESSAGE_JOB_OFFER_CONTACT ||
            job_id_equal(a->message->job_offer_contact.job, b->message->job_offer_contact.job));
}

static void stop_waiting(struct process *sender, const struct letter *letter)
{
    size_t place = 0;
    while (sender->connecting.items[place] != letter)
        CHECK(++place < sender->connecting.count);
    vec_remove_ordered(&sender->connecting, place);
}

/* ResourceManager.taskExecutorGatewayFutures: an older one is outdated. */
static void drop_older(struct virtual_cluster *cluster, struct process *sender,
                       const struct letter *letter)
{
    for (VEC_EACH(struct letter *, waiting, &sender->connecting)) {
        struct letter *older = *waiting;
        if (!is_to_same_role(older, letter))
            continue;
        stop_waiting(sender, older);
        sim_queue_cancel(cluster->queue, &older->arrival);
        letter_destroy(cluster, older);
        return;
    }
}

static void on_connected(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct letter *letter = (struct letter *)(uintptr_t)a;
    struct process *sender = cluster_process(cluster, letter->from);
    stop_waiting(sender, letter);
    letter->arrival = (struct sim_handle){ 0 };
    letter->way_back = stands(cluster, sender) ? WAY_BACK_STANDS : WAY_BACK_NONE;
    process_hear(cluster, cluster_process(cluster, letter->to), letter);
}

static void look_at(struct virtual_cluster *cluster, struct letter *letter, time_ns at)
{
    sim_queue_cancel(cluster->queue, &letter->arrival);
    letter->arrival = sim_queue_push(cluster->queue, at, SIM_CLASS_DELIVERY, on_connected, cluster,
                                     (uint64_t)(uintptr_t)letter, 0);
}

/* The host of one that is gone refuses after a round trip, as it does requests; who is silent has
 * pekko.ask.timeout. */
static time_ns patience(const struct virtual_cluster *cluster, const struct process *sender)
{
    bool is_refused = process_is_gone(sender) && cluster_now(cluster) >= sender->refused_from;
    return is_refused ? network_round_trip(cluster, cluster_process(cluster, manager), sender)
                      : cluster->scenario->config.ask_timeout;
}

bool way_back_is_awaited(struct virtual_cluster *cluster, struct letter *letter)
{
    if (letter->kind != EVENT_MESSAGE || letter->way_back != WAY_BACK_UNKNOWN ||
        !message_is_registration(letter->message->kind))
        return false;
    CHECK(letter->to.n == JOB_MANAGER);
    struct process *sender = cluster_process(cluster, letter->from);
    drop_older(cluster, sender, letter);
    if (stands(cluster, sender)) {
        letter->way_back = WAY_BACK_STANDS;
        return false;
    }
    letter_taken(cluster, letter);
    vec_push(&sender->connecting, letter);
    look_at(cluster, letter, time_add(cluster_now(cluster), patience(cluster, sender)));
    return true;
}

/* Behind what is under way now: a node may be in the midst of a step. */
static void review_one(struct virtual_cluster *cluster, const struct process *sender)
{
    if (sender->connecting.count == 0 || !stands(cluster, sender))
        return;
    for (VEC_EACH(struct letter *, letter, &sender->connecting))
        look_at(cluster, *letter, cluster_now(cluster));
}

void way_back_review(struct virtual_cluster *cluster, const struct process *process)
{
    if (process->kind == NODE_TASK_MANAGER) {
        review_one(cluster, process);
        return;
    }
    for (VEC_EACH(const struct node_id, node, &cluster->living))
        review_one(cluster, cluster_process(cluster, *node));
}
