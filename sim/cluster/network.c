/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages under way. Each pair of hosts has one connection: what is sent arrives, once and in
 * order, after the drawn latency and, when it is large, its transmission time; over a slow link
 * each has one, and they are sent one by one. As on TCP a lost packet is not a lost message but a
 * delay: it is sent again (retransmission.c). A cut link loses every packet. Only a receiver that
 * is gone, or 15 minutes without an acknowledgement, loses messages.
 *
 * A request that was not taken within pekko.ask.timeout is reported to its sender as timed out,
 * though it may be taken later. One to a process that is gone is refused after a round trip, if it
 * was sent when the sender's RPC layer knew; before, it hangs and times out.
 */
#include "sim/cluster/network.h"

#include "core/base/hash.h"
#include "sim/cluster/parts.h"

/* Up to here a message's transmission is part of its latency, unless the link is slow. */
enum { SMALL_BYTES = 16 * 1024 };
/* What an RPC of Flink's is on the wire beside its payload, about: both ends' paths and the names
 * of classes, method and parameter types (RemoteRpcInvocation in Java's serialization, in an
 * envelope of Pekko's). */
enum { ENVELOPE_BYTES = 1000 };
/* That takes a millisecond. */
static const double slow_bps = ENVELOPE_BYTES * 8e3;

bool network_is_heartbeat(const struct letter *letter)
{
    enum message_kind kind = letter->message->kind;
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

static struct lane *lane_of(const struct virtual_cluster *cluster, const struct letter *letter)
{
    struct link *link = &cluster->links.items[letter->link];
    return &link->lanes[letter->from.n < letter->to.n ? 0 : 1];
}

static uint32_t find_link_of(const struct virtual_cluster *cluster, const struct process *a,
                             const struct process *b)
{
    struct node_id low = a->id.n < b->id.n ? a->id : b->id;
    struct node_id high = a->id.n < b->id.n ? b->id : a->id;
    return find_link(cluster, low, high);
}

bool network_can_talk(const struct virtual_cluster *cluster, const struct process *a,
                      const struct process *b)
{
    if (a->cuts || b->cuts)
        return false;
    uint32_t index = find_link_of(cluster, a, b);
    return index == INDEX_NONE || cluster->links.items[index].cuts == 0;
}

static bool is_severed(const struct link *link)
{
    return link->cuts > 0 || link->silent;
}

bool network_carries(const struct virtual_cluster *cluster, const struct process *a,
                     const struct process *b)
{
    if (a->cuts || b->cuts || a->loss >= 1 || b->loss >= 1)
        return false;
    uint32_t index = find_link_of(cluster, a, b);
    return index == INDEX_NONE || !is_severed(&cluster->links.items[index]);
}

static void count_severed(struct process *a, struct process *b, bool before, bool after)
{
    a->cut_links += (uint32_t)after - (uint32_t)before;
    b->cut_links += (uint32_t)after - (uint32_t)before;
}

void network_silence(struct virtual_cluster *cluster, struct process *a, struct process *b,
                     bool silent)
{
    if (!silent && find_link_of(cluster, a, b) == INDEX_NONE)
        return;
    uint32_t index = link_between(cluster, a->id, b->id);
    struct link *link = &cluster->links.items[index];
    bool before = is_severed(link);
    link->silent = silent;
    count_severed(a, b, before, is_severed(link));
}

void network_each_cut(const struct virtual_cluster *cluster, const struct process *process,
                      void (*visit)(void *context, struct node_id peer), void *context)
{
    for (size_t i = 0; process->cut_links > 0 && i < process->links.count; i++) {
        const struct link *link = &cluster->links.items[process->links.items[i]];
        bool is_low = node_id_equal(link->ends[0], process->id);
        if (is_severed(link))
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

static double bps_between(const struct process *a, const struct process *b,
                          const struct link_quality *link)
{
    return lesser(link->bandwidth_bps, lesser(nic_bps(a), nic_bps(b)));
}

static bool is_slow(double bps)
{
    return bps > 0 && bps < slow_bps;
}

/* Later than any run lasts; latencies may still be added to it. */
static const time_ns far = 4 * (TIME_NEVER / 10);

static time_ns scaled(double ns)
{
    return ns < (double)far ? (time_ns)ns : far;
}

static time_ns behind(time_ns at, time_ns length)
{
    time_ns sum = time_add(at, length);
    return sum < far ? sum : far;
}

static time_ns transmission(double bytes, double bps)
{
    return bps > 0 ? scaled(bytes * 8e9 / bps) : 0;
}

/* From now to the last byte's being on the wire. On a slow link that is behind those sent before.
 */
static time_ns send_bytes(struct virtual_cluster *cluster, struct letter *letter, double bps)
{
    size_t bytes = message_encoded_size(letter->message);
    letter->transmission = 0;
    if (!is_slow(bps))
        return bytes <= SMALL_BYTES ? 0 : transmission((double)bytes, bps);
    struct lane *lane = lane_of(cluster, letter);
    time_ns now = cluster_now(cluster);
    letter->transmission = 1 + transmission((double)bytes + ENVELOPE_BYTES, bps); /* not 0 */
    lane->free_at = behind(lane->free_at > now ? lane->free_at : now, letter->transmission);
    letter->sent_by = lane->free_at;
    return letter->sent_by - now;
}

static double loss_between(const struct virtual_cluster *cluster, const struct process *from,
                           const struct process *to, const struct link_quality *link)
{
    if (cluster->lossy == 0) /* mostly; saves looking far into memory */
        return 1 - (1 - link->loss);
    return 1 - (1 - link->loss) * (1 - from->loss) * (1 - to->loss);
}

static bool holds_nothing(const struct virtual_cluster *cluster, const struct process *a,
                          const struct process *b)
{
    if (cluster->holding == 0) /* mostly */
        return true;
    struct node_id low = a->id.n < b->id.n ? a->id : b->id;
    uint32_t index = find_link(cluster, low, low.n == a->id.n ? b->id : a->id);
    const struct link *link = index == INDEX_NONE ? NULL : &cluster->links.items[index];
    return !link || (!link->lanes[0].held && !link->lanes[1].held);
}

bool network_is_harmless(const struct virtual_cluster *cluster, const struct process *a,
                         const struct process *b, time_ns latency_most)
{
    struct link_quality room;
    const struct link_quality *link = link_quality_between(cluster, a, b, &room);
    time_ns low = link->latency.low, high = link->latency.high;
    return holds_nothing(cluster, a, b) && loss_between(cluster, a, b, link) <= 0 &&
           time_add(high > low ? high : low, link->more_latency) <= latency_most &&
           !is_slow(bps_between(a, b, link));
}

time_ns network_round_trip(const struct virtual_cluster *cluster, const struct process *a,
                           const struct process *b)
{
    struct link_quality room;
    const struct link_quality *link = link_quality_between(cluster, a, b, &room);
    return 2 * (distribution_mean(&link->latency) + link->more_latency);
}

/* A heartbeat's draws depend on nothing but its ends and the instants of sending, so that leaving
 * heartbeats out (contact.c) moves no other draw. */
bool network_try(struct virtual_cluster *cluster, struct letter *letter)
{
    if (!letter_can_pass(cluster, letter))
        return false;
    struct process *from = cluster_process(cluster, letter->from);
    const struct process *to = cluster_process(cluster, letter->to);
    struct rng heartbeat, *rng = &from->network;
    if (network_is_heartbeat(letter)) {
        time_ns now = cluster_now(cluster);
        uint64_t which = hash_add((uint64_t)from->id.n << 32 | to->id.n, letter->message->kind);
        if (now > letter->sent_at)
            which = hash_add(which, (uint64_t)letter->sent_at);
        heartbeat =
            rng_stream(cluster->scenario->seed, "heartbeat", hash_add(which, (uint64_t)now));
        rng = &heartbeat;
    }
    struct link_quality room;
    const struct link_quality *link = link_quality_between(cluster, from, to, &room);
    letter->way = distribution_draw(&link->latency, rng) + link->more_latency;
    double loss = loss_between(cluster, from, to, link);
    bool passes = loss <= 0 || rng_unit(rng) >= loss;
    if (passes)
        letter->way =
            time_add(letter->way, send_bytes(cluster, letter, bps_between(from, to, link)));
    return passes;
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

static void forget_crossing(struct lane *lane, const struct letter *letter)
{
    for (size_t i = 0; i < lane->crossing.count; i++) {
        if (lane->crossing.items[i] == letter) {
            vec_remove_ordered(&lane->crossing, i);
            return;
        }
    }
    IMPOSSIBLE("letter over a slow link in no lane");
}

static void on_arrival(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct letter *letter = (struct letter *)(uintptr_t)a;
    struct process *to = cluster_process(cluster, letter->to);
    letter->arrival = (struct sim_handle){ 0 };
    if (network_is_heartbeat(letter))
        forget_heartbeat(lane_of(cluster, letter), letter);
    if (letter->transmission > 0)
        forget_crossing(lane_of(cluster, letter), letter);
    if (!letter_can_pass(cluster, letter)) {
        network_hold(cluster, letter, true, cluster_now(cluster) - letter->way);
    } else if (cluster->holding && network_is_behind(lane_of(cluster, letter), letter)) {
        network_hold(cluster, letter, false, cluster_now(cluster));
    } else if (to->state == PROCESS_BOOTING || process_is_gone(to)) {
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

void network_set_out(struct virtual_cluster *cluster, struct letter *letter, time_ns at)
{
    struct lane *lane = lane_of(cluster, letter);
    if (network_is_heartbeat(letter)) {
        at = heartbeat_arrival(lane, letter, at);
    } else {
        if (at < lane->last_arrival)
            at = lane->last_arrival;
        pull_heartbeats(cluster, lane, at);
        lane->last_arrival = at;
    }
    if (letter->transmission > 0)
        vec_push(&lane->crossing, letter);
    push_arrival(cluster, letter, at);
}

/* Each goes on behind the one before with what is left of its bytes, which take so much as long as
 * they did, and is on its way after that for as long as before. */
static void requicken(struct virtual_cluster *cluster, struct lane *lane, double factor)
{
    time_ns sent_by = cluster_now(cluster), arrival = sent_by;
    for (VEC_EACH(struct letter *, crossing, &lane->crossing)) {
        struct letter *letter = *crossing;
        time_ns left = letter->sent_by - cluster_now(cluster), way;
        way = letter->arrives_at > letter->sent_by ? letter->arrives_at - letter->sent_by : 0;
        left = left < 0 ? 0 : left < letter->transmission ? left : letter->transmission;
        letter->transmission = 1 + scaled((double)left * factor);
        letter->sent_by = sent_by = behind(sent_by, letter->transmission);
        arrival = time_add(sent_by, way) > arrival ? time_add(sent_by, way) : arrival;
        sim_queue_cancel(cluster->queue, &letter->arrival);
        push_arrival(cluster, letter, arrival);
        if (!network_is_heartbeat(letter))
            lane->last_arrival = arrival;
    }
    lane->free_at = sent_by;
}

double network_bandwidth(const struct virtual_cluster *cluster, const struct process *a,
                         const struct process *b)
{
    struct link_quality room;
    return bps_between(a, b, link_quality_between(cluster, a, b, &room));
}

void network_requicken(struct virtual_cluster *cluster, const struct process *a,
                       const struct process *b, double before_bps)
{
    uint32_t index = find_link_of(cluster, a, b);
    double bps = network_bandwidth(cluster, a, b);
    for (int side = 0; index != INDEX_NONE && bps != before_bps && side < 2; side++)
        requicken(cluster, &cluster->links.items[index].lanes[side],
                  bps > 0 ? before_bps / bps : 0);
}

static void dispatch(struct virtual_cluster *cluster, struct letter *letter)
{
    struct lane *lane = lane_of(cluster, letter);
    letter->place = lane->sent++;
    bool passes = network_try(cluster, letter);
    time_ns now = cluster_now(cluster);
    if (!passes || lane->held) {
        network_hold(cluster, letter, !passes, passes ? now + letter->way : now);
        return;
    }
    network_set_out(cluster, letter, now + letter->way);
    if (letter->arrives_at > time_add(letter->sent_at, cluster->scenario->config.ask_timeout))
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

void network_cut(struct virtual_cluster *cluster, struct process *process, struct process *peer,
                 bool cut)
{
    uint32_t index = peer ? link_between(cluster, process->id, peer->id) : 0;
    uint32_t *cuts = peer ? &cluster->links.items[index].cuts : &process->cuts;
    CHECK(cut || *cuts > 0);
    bool before = peer && is_severed(&cluster->links.items[index]);
    *cuts += cut ? 1 : -1u;
    if (peer)
        count_severed(process, peer, before, is_severed(&cluster->links.items[index]));
    cluster->cuts += cut ? 1 : -1u;
}

void network_fini(struct virtual_cluster *cluster)
{
    for (VEC_EACH(struct link, link, &cluster->links)) {
        for (int side = 0; side < 2; side++) {
            vec_fini(&link->lanes[side].heartbeats);
            vec_fini(&link->lanes[side].crossing);
            network_forget_held(&link->lanes[side]);
        }
    }
    vec_fini(&cluster->links);
    vec_fini(&cluster->manager_links);
    index_map_fini(&cluster->by_ends);
}
