/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages under way. Each pair of hosts has one connection: what is sent arrives, once and in
 * order, after the drawn latency and, when it is large, its transmission time. As on TCP a lost
 * packet is not a lost message but a delay: it is sent again after 200 ms, then after twice as long
 * each time. A cut holds messages back until it heals. Only a receiver that is gone, or 15 minutes
 * without an acknowledgement, loses them.
 *
 * A request that was not taken within pekko.ask.timeout is reported to its sender as timed out,
 * though it may be taken later. One to a process that is gone is refused after a round trip, if it
 * was sent when the sender's RPC layer knew; before, it hangs and times out.
 */
#include "sim/cluster/network.h"

#include "core/base/hash.h"
#include "sim/cluster/parts.h"

#define RETRANSMIT_FIRST (200 * TIME_MS)    /* Linux: TCP_RTO_MIN */
#define RETRANSMIT_MAX   (120 * TIME_S)     /* TCP_RTO_MAX */
#define GIVE_UP          (924600 * TIME_MS) /* sum of the waits of tcp_retries2 = 15 */

enum {
    RETRANSMITS_MAX = 15,
    SMALL_BYTES = 16 * 1024, /* up to here a message's transmission is part of its latency */
};

static bool is_heartbeat(enum message_kind kind)
{
    return kind == MESSAGE_RM_HEARTBEAT || kind == MESSAGE_RM_HEARTBEAT_ANSWER ||
           kind == MESSAGE_JM_HEARTBEAT || kind == MESSAGE_JM_HEARTBEAT_ANSWER;
}

/* INDEX_NONE: these two have never exchanged anything. Nearly all links are the JobManager's. */
static uint32_t find_link(const struct virtual_cluster *cluster, struct node_id low,
                          struct node_id high)
{
    CHECK(low.n < high.n);
    if (low.n == JOB_MANAGER)
        return cluster->manager_links.items[high.n];
    return index_map_get(&cluster->by_ends, (uint64_t)low.n << 32 | high.n);
}

static uint32_t link_between(struct virtual_cluster *cluster, struct node_id a, struct node_id b)
{
    struct node_id low = a.n < b.n ? a : b, high = a.n < b.n ? b : a;
    uint32_t index = find_link(cluster, low, high);
    if (index != INDEX_NONE)
        return index;
    index = (uint32_t)cluster->links.count;
    vec_push(&cluster->links, (struct link){ .ends = { low, high } });
    vec_push(&cluster_process(cluster, low)->links, index);
    vec_push(&cluster_process(cluster, high)->links, index);
    if (low.n == JOB_MANAGER)
        cluster->manager_links.items[high.n] = index;
    else
        index_map_put(&cluster->by_ends, (uint64_t)low.n << 32 | high.n, index);
    return index;
}

static struct link *link_of(struct virtual_cluster *cluster, const struct letter *letter)
{
    return &cluster->links.items[letter->link];
}

static struct lane *lane_of(struct virtual_cluster *cluster, const struct letter *letter)
{
    return &link_of(cluster, letter)->lanes[letter->from.n < letter->to.n ? 0 : 1];
}

bool network_can_talk(const struct virtual_cluster *cluster, const struct process *a,
                      const struct process *b)
{
    if (a->cuts || b->cuts)
        return false;
    struct node_id low = a->id.n < b->id.n ? a->id : b->id;
    struct node_id high = a->id.n < b->id.n ? b->id : a->id;
    uint32_t index = find_link(cluster, low, high);
    return index == INDEX_NONE || cluster->links.items[index].cuts == 0;
}

void network_each_cut(const struct virtual_cluster *cluster, const struct process *process,
                      void (*visit)(void *context, struct node_id peer), void *context)
{
    for (size_t i = 0; process->cut_links > 0 && i < process->links.count; i++) {
        const struct link *link = &cluster->links.items[process->links.items[i]];
        bool is_low = node_id_equal(link->ends[0], process->id);
        if (link->cuts > 0)
            visit(context, link->ends[is_low]);
    }
}

static bool letter_can_pass(const struct virtual_cluster *cluster, const struct letter *letter)
{
    return cluster->cuts == 0 || /* mostly; saves looking far into memory */
           (cluster_process(cluster, letter->from)->cuts == 0 &&
            cluster_process(cluster, letter->to)->cuts == 0 &&
            cluster->links.items[letter->link].cuts == 0);
}

/* Delays. */

static double lesser(double a, double b)
{
    return a <= 0 || (b > 0 && b < a) ? b : a;
}

static double nic_bps(const struct process *process)
{
    return process->machine ? process->machine->network_bps : 0;
}

static time_ns transmission(const struct process *from, const struct process *to,
                            const struct link_quality *link, const struct message *message)
{
    size_t bytes = message_encoded_size(message);
    if (bytes <= SMALL_BYTES)
        return 0;
    double bps = lesser(link->bandwidth_bps, lesser(nic_bps(from), nic_bps(to)));
    return bps > 0 ? (time_ns)((double)bytes * 8e9 / bps) : 0;
}

static double loss_between(const struct virtual_cluster *cluster, const struct process *from,
                           const struct process *to, const struct link_quality *link)
{
    if (cluster->lossy == 0) /* mostly; saves looking far into memory */
        return 1 - (1 - link->loss);
    return 1 - (1 - link->loss) * (1 - from->loss) * (1 - to->loss);
}

bool network_is_harmless(const struct virtual_cluster *cluster, const struct process *a,
                         const struct process *b, time_ns latency_most)
{
    struct link_quality room;
    const struct link_quality *link = link_quality_between(cluster, a, b, &room);
    time_ns low = link->latency.low, high = link->latency.high;
    return loss_between(cluster, a, b, link) <= 0 &&
           time_add(high > low ? high : low, link->more_latency) <= latency_most;
}

time_ns network_round_trip(const struct virtual_cluster *cluster, const struct process *a,
                           const struct process *b)
{
    struct link_quality room;
    const struct link_quality *link = link_quality_between(cluster, a, b, &room);
    return 2 * (distribution_mean(&link->latency) + link->more_latency);
}

/* What sending again costs; TIME_NEVER when the connection is given up. */
static time_ns draw_retransmissions(double loss, struct rng *rng)
{
    time_ns delay = 0, wait = RETRANSMIT_FIRST;
    if (loss <= 0)
        return 0;
    for (int i = 0; i <= RETRANSMITS_MAX; i++) {
        if (rng_unit(rng) >= loss)
            return delay;
        delay += wait;
        wait = 2 * wait < RETRANSMIT_MAX ? 2 * wait : RETRANSMIT_MAX;
    }
    return TIME_NEVER;
}

/* How long this letter is under way. A heartbeat's draws depend on nothing but its ends and the
 * instant, so that leaving heartbeats out (contact.c) moves no other draw. */
static time_ns draw_way(struct virtual_cluster *cluster, const struct letter *letter)
{
    struct process *from = cluster_process(cluster, letter->from);
    const struct process *to = cluster_process(cluster, letter->to);
    struct rng heartbeat, *rng = &from->network;
    if (is_heartbeat(letter->message->kind)) {
        uint64_t which = hash_add((uint64_t)from->id.n << 32 | to->id.n, letter->message->kind);
        heartbeat = rng_stream(cluster->scenario->seed, "heartbeat",
                               hash_add(which, (uint64_t)cluster_now(cluster)));
        rng = &heartbeat;
    }
    struct link_quality room;
    const struct link_quality *link = link_quality_between(cluster, from, to, &room);
    time_ns way = distribution_draw(&link->latency, rng) + link->more_latency +
                  transmission(from, to, link, letter->message);
    return time_add(way, draw_retransmissions(loss_between(cluster, from, to, link), rng));
}

/* Failures. */

static struct letter *create_failure(struct virtual_cluster *cluster, const struct letter *request,
                                     enum send_failure failure)
{
    struct letter *letter = letter_create(cluster, request->from, EVENT_SEND_FAILED);
    letter->event.send_failed = (struct event_send_failed){ .to = request->to,
                                                            .kind = request->message->kind,
                                                            .token = request->token,
                                                            .failure = failure };
    return letter;
}

void network_expect(struct virtual_cluster *cluster, struct letter *letter)
{
    if (!letter->is_request || letter->shadow)
        return;
    time_ns now = cluster_now(cluster);
    time_ns at = time_add(letter->sent_at, cluster->scenario->config.ask_timeout);
    if (at == TIME_NEVER)
        return;
    struct letter *failure = create_failure(cluster, letter, SEND_TIMED_OUT);
    failure->body = letter;
    letter->shadow = failure;
    letter_post(cluster, failure, at > now ? at : now);
}

/* Nobody is there. */
static void not_taken(struct virtual_cluster *cluster, struct letter *letter)
{
    const struct process *to = cluster_process(cluster, letter->to);
    bool is_refused = to->state == PROCESS_BOOTING || letter->sent_at >= to->refused_from;
    if (letter->is_request && is_refused) {
        if (letter->shadow) {
            sim_queue_cancel(cluster->queue, &letter->shadow->arrival);
            letter_destroy(cluster, letter->shadow);
        }
        letter_post(cluster, create_failure(cluster, letter, SEND_UNREACHABLE),
                    time_add(cluster_now(cluster), letter->way));
    } else {
        network_expect(cluster, letter);
    }
    process_miss(cluster, to, letter);
    letter_destroy(cluster, letter); /* a shadow outlives it */
}

/* Arrival. */

static void forget_heartbeat(struct lane *lane, const struct letter *letter)
{
    for (size_t i = 0; i < lane->heartbeats.count; i++) {
        if (lane->heartbeats.items[i] == letter) {
            vec_remove_ordered(&lane->heartbeats, i);
            return;
        }
    }
    IMPOSSIBLE("heartbeat under way in no lane");
}

static void on_arrival(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct letter *letter = (struct letter *)(uintptr_t)a;
    struct process *to = cluster_process(cluster, letter->to);
    letter->arrival = (struct sim_handle){ 0 };
    if (is_heartbeat(letter->message->kind))
        forget_heartbeat(lane_of(cluster, letter), letter);
    if (!letter_can_pass(cluster, letter)) {
        network_expect(cluster, letter);
        vec_push(&link_of(cluster, letter)->stranded, letter);
    } else if (to->state == PROCESS_BOOTING || to->state == PROCESS_ENDED) {
        not_taken(cluster, letter);
    } else {
        process_hear(cluster, to, letter);
    }
}

static void push_arrival(struct virtual_cluster *cluster, struct letter *letter, time_ns at)
{
    letter->arrival = sim_queue_push(cluster->queue, at, SIM_CLASS_DELIVERY, on_arrival, cluster,
                                     (uint64_t)(uintptr_t)letter, 0);
    letter->arrives_at = at;
}

/* A heartbeat arrives behind everything sent before it. */
static time_ns heartbeat_arrival(struct lane *lane, struct letter *letter, time_ns at)
{
    if (at < lane->last_arrival)
        at = lane->last_arrival;
    if (lane->heartbeats.count) {
        const struct letter *last = vec_last(&lane->heartbeats);
        if (at < last->arrives_at)
            at = last->arrives_at;
    }
    vec_push(&lane->heartbeats, letter);
    return at;
}

/* Heartbeats that this message would overtake arrive together with it, in front. */
static void pull_heartbeats(struct virtual_cluster *cluster, struct lane *lane, time_ns at)
{
    for (size_t i = 0; i < lane->heartbeats.count; i++) {
        struct letter *heartbeat = lane->heartbeats.items[i];
        if (heartbeat->arrives_at <= at)
            continue;
        sim_queue_cancel(cluster->queue, &heartbeat->arrival);
        push_arrival(cluster, heartbeat, at);
    }
}

/* Puts the letter on its way, or holds it while the link is cut. */
static void dispatch(struct virtual_cluster *cluster, struct letter *letter)
{
    if (!letter_can_pass(cluster, letter)) {
        network_expect(cluster, letter);
        vec_push(&link_of(cluster, letter)->waiting, letter);
        return;
    }
    time_ns now = cluster_now(cluster), way = draw_way(cluster, letter);
    if (way == TIME_NEVER) {
        network_expect(cluster, letter);
        letter_destroy(cluster, letter);
        return;
    }
    letter->way = way;
    time_ns at = now + way;
    struct lane *lane = lane_of(cluster, letter);
    if (is_heartbeat(letter->message->kind)) {
        at = heartbeat_arrival(lane, letter, at);
    } else {
        if (at < lane->last_arrival)
            at = lane->last_arrival;
        pull_heartbeats(cluster, lane, at);
        lane->last_arrival = at;
    }
    push_arrival(cluster, letter, at);
    if (at > time_add(letter->sent_at, cluster->scenario->config.ask_timeout))
        network_expect(cluster, letter);
}

void network_send(struct virtual_cluster *cluster, struct process *from,
                  const struct effect_send *send)
{
    CHECK(send->to.n != from->id.n);
    CHECK(send->to.n < cluster->processes.count);
    struct letter *letter = letter_create(cluster, send->to, EVENT_MESSAGE);
    letter->from = from->id;
    letter->link = link_between(cluster, from->id, send->to);
    letter_copy_message(letter, send->message);
    letter->sent_at = cluster_now(cluster);
    letter->is_request = send->is_request;
    letter->token = send->token;
    letter->is_known_sender = from->contact.is_made;
    dispatch(cluster, letter);
}

/* Cuts. */

static void resend(struct virtual_cluster *cluster, struct letter **letters, size_t count)
{
    time_ns now = cluster_now(cluster);
    for (size_t i = 0; i < count; i++) {
        if (now - letters[i]->sent_at > GIVE_UP)
            letter_destroy(cluster, letters[i]);
        else
            dispatch(cluster, letters[i]);
    }
}

/* Lets held messages go, first those that had been under way. */
static void heal(struct virtual_cluster *cluster, uint32_t index)
{
    struct link link = cluster->links.items[index];
    if (!network_can_talk(cluster, cluster_process(cluster, link.ends[0]),
                          cluster_process(cluster, link.ends[1])))
        return;
    memset(&cluster->links.items[index].stranded, 0, sizeof link.stranded);
    memset(&cluster->links.items[index].waiting, 0, sizeof link.waiting);
    resend(cluster, link.stranded.items, link.stranded.count);
    resend(cluster, link.waiting.items, link.waiting.count);
    vec_fini(&link.stranded);
    vec_fini(&link.waiting);
}

void network_cut(struct virtual_cluster *cluster, struct process *process, struct process *peer,
                 bool cut)
{
    uint32_t index = peer ? link_between(cluster, process->id, peer->id) : 0;
    uint32_t *cuts = peer ? &cluster->links.items[index].cuts : &process->cuts;
    CHECK(cut || *cuts > 0);
    *cuts += cut ? 1 : -1u;
    if (peer && *cuts == cut) { /* the first cut of the link, or the last that heals */
        process->cut_links += cut ? 1 : -1u;
        peer->cut_links += cut ? 1 : -1u;
    }
    cluster->cuts += cut ? 1 : -1u;
    if (*cuts)
        return;
    if (peer) {
        heal(cluster, index);
        return;
    }
    for (size_t i = 0; i < process->links.count; i++)
        heal(cluster, process->links.items[i]);
}

void network_fini(struct virtual_cluster *cluster)
{
    for (VEC_EACH(struct link, link, &cluster->links)) {
        vec_fini(&link->lanes[0].heartbeats);
        vec_fini(&link->lanes[1].heartbeats);
        vec_fini(&link->stranded);
        vec_fini(&link->waiting);
    }
    vec_fini(&cluster->links);
    vec_fini(&cluster->manager_links);
    index_map_fini(&cluster->by_ends);
}
