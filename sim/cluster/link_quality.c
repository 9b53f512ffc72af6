/* SPDX-License-Identifier: Apache-2.0
 *
 * What two hosts have between them: the network's latency, bandwidth and loss, or those that the
 * scenario gives this pair, and on top what throttles the pair now. In: the scenario's links,
 * throttles. Out: one quality per pair. Nearly all pairs have nothing of their own, which is seen
 * by looking at either host.
 */
#include "sim/cluster/link_quality.h"

#include <math.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/cluster/network.h"
#include "sim/cluster/parts.h"
#include "sim/cluster/tcp.h"

static uint64_t key_of_names(const char *a, const char *b)
{
    uint64_t x = hash_add_text(0, a), y = hash_add_text(0, b);
    return x < y ? hash_add(x, y) : hash_add(y, x);
}

static uint64_t key_of_nodes(struct node_id a, struct node_id b)
{
    return a.n < b.n ? (uint64_t)a.n << 32 | b.n : (uint64_t)b.n << 32 | a.n;
}

void link_quality_init(struct virtual_cluster *cluster)
{
    const struct network_spec *network = &cluster->scenario->cluster.network;
    cluster->plain_link = (struct link_quality){ .latency = network->latency,
                                                 .bandwidth_bps = network->bandwidth_bps,
                                                 .loss = network->loss };
    for (size_t i = 0; i < network->links.count; i++)
        index_map_put(
            &cluster->own_links,
            key_of_names(network->links.items[i].ends[0], network->links.items[i].ends[1]),
            (uint32_t)i);
}

void link_quality_fini(struct virtual_cluster *cluster)
{
    index_map_fini(&cluster->own_links);
    index_map_fini(&cluster->throttle_of);
    vec_fini(&cluster->throttles);
}

void link_quality_count(const struct virtual_cluster *cluster, struct process *process)
{
    for (VEC_EACH(const struct link_spec, link, &cluster->scenario->cluster.network.links)) {
        bool is_first = text_equal(link->ends[0], process->name);
        if (!is_first && !text_equal(link->ends[1], process->name))
            continue;
        process->own_links++;
        process->worker_links += !text_equal(link->ends[is_first], "jobmanager");
    }
}

void link_quality_meet(struct virtual_cluster *cluster, struct process *process)
{
    for (VEC_EACH(const struct link_spec, link, &cluster->scenario->cluster.network.links)) {
        bool is_first = text_equal(link->ends[0], process->name);
        if (!link->has_loss || link->loss < 1 ||
            !(is_first || text_equal(link->ends[1], process->name)))
            continue;
        struct node_id peer = virtual_cluster_find(cluster, link->ends[is_first]);
        if (node_id_is_none(peer) || node_id_equal(peer, process->id))
            continue; /* when it comes, it meets this one */
        network_silence(cluster, process, cluster_process(cluster, peer), true);
        if (cluster_process(cluster, peer)->kind == NODE_TASK_MANAGER && cluster->plane_ops &&
            cluster->plane_ops->host_changed)
            cluster->plane_ops->host_changed(cluster->plane, peer);
    }
}

static void apply_spec(const struct link_spec *spec, struct link_quality *quality)
{
    quality->is_own = true;
    if (spec->has_latency)
        quality->latency = spec->latency;
    if (spec->bandwidth_bps > 0)
        quality->bandwidth_bps = spec->bandwidth_bps;
    if (spec->has_loss)
        quality->loss = spec->loss;
}

static void apply_throttle(const struct link_throttle *throttle, struct link_quality *quality)
{
    quality->is_own = true;
    quality->more_latency = throttle->latency;
    quality->loss = 1 - (1 - quality->loss) * (1 - throttle->loss);
    if (throttle->bandwidth_bps > 0 &&
        (quality->bandwidth_bps <= 0 || throttle->bandwidth_bps < quality->bandwidth_bps))
        quality->bandwidth_bps = throttle->bandwidth_bps;
}

const struct link_quality *link_quality_between(const struct virtual_cluster *cluster,
                                                const struct process *a, const struct process *b,
                                                struct link_quality *room)
{
    if (a->own_links == 0 || b->own_links == 0)
        return &cluster->plain_link;
    *room = cluster->plain_link;
    uint32_t spec = index_map_get(&cluster->own_links, key_of_names(a->name, b->name));
    uint32_t throttle = index_map_get(&cluster->throttle_of, key_of_nodes(a->id, b->id));
    if (spec != INDEX_NONE)
        apply_spec(&cluster->scenario->cluster.network.links.items[spec], room);
    if (throttle != INDEX_NONE)
        apply_throttle(&cluster->throttles.items[throttle], room);
    return room;
}

/* A pair that was throttled once keeps its place. */
void link_quality_throttle(struct virtual_cluster *cluster, struct process *a, struct process *b,
                           const struct link_throttle *throttle)
{
    uint32_t index = index_map_get(&cluster->throttle_of, key_of_nodes(a->id, b->id));
    if (index == INDEX_NONE) {
        index = (uint32_t)cluster->throttles.count;
        vec_push(&cluster->throttles, *throttle);
        index_map_put(&cluster->throttle_of, key_of_nodes(a->id, b->id), index);
        a->own_links++;
        b->own_links++;
        a->worker_links += b->kind == NODE_TASK_MANAGER;
        b->worker_links += a->kind == NODE_TASK_MANAGER;
    }
    cluster->throttles.items[index] = *throttle;
}

double link_quality_binding_bps(double link_bps, double nic_bps)
{
    return link_bps > 0 && (nic_bps <= 0 || link_bps < nic_bps) ? link_bps : 0;
}

double link_quality_seconds_per_byte(const struct link_quality *link, double nic_bps, double loss,
                                     double other_loss)
{
    double passes = (1 - link->loss) * (1 - loss) * (1 - other_loss);
    double bytes_per_s = link_quality_binding_bps(link->bandwidth_bps, nic_bps) / 8;
    double again = tcp_seconds_per_byte(
        1 - passes, time_add(distribution_mean(&link->latency), link->more_latency));
    return fmax(again, bytes_per_s > 0 ? 1 / bytes_per_s : 0);
}
