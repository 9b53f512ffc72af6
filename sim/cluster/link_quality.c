/* SPDX-License-Identifier: Apache-2.0
 *
 * What two hosts have between them: the network's latency, bandwidth and loss, or those that the
 * scenario gives this pair, and on top what throttles the pair now. In: the scenario's links,
 * throttles. Out: one quality per pair. Nearly all pairs have nothing of their own, which is seen
 * by looking at either host. A host that comes, or is asked for its links, costs as many as it has.
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

static void put_first(struct own_links *own, const char *name, uint32_t end)
{
    uint64_t key = hash_add_text(0, name);
    own->next_end.items[end] = index_map_get(&own->first_end, key);
    index_map_put(&own->first_end, key, end);
}

void link_quality_init(struct virtual_cluster *cluster)
{
    const struct network_spec *network = &cluster->scenario->cluster.network;
    struct own_links *own = &cluster->own_links;
    cluster->plain_link = (struct link_quality){ .latency = network->latency,
                                                 .bandwidth_bps = network->bandwidth_bps,
                                                 .loss = network->loss };
    vec_resize(&own->next_end, 2 * network->links.count);
    for (uint32_t i = (uint32_t)network->links.count; i-- > 0;) {
        const struct link_spec *link = &network->links.items[i];
        index_map_put(&own->named, key_of_names(link->ends[0], link->ends[1]), i);
        put_first(own, link->ends[0], 2 * i);
        put_first(own, link->ends[1], 2 * i + 1);
    }
}

void link_quality_fini(struct virtual_cluster *cluster)
{
    struct own_links *own = &cluster->own_links;
    index_map_fini(&own->named);
    index_map_fini(&own->first_end);
    index_map_fini(&own->throttled);
    vec_fini(&own->next_end);
    vec_fini(&own->throttles);
    vec_fini(&own->free_throttles);
}

/* Of the scenario's links those that name the process: ends of it there. */
static uint32_t first_end(const struct virtual_cluster *cluster, const struct process *process)
{
    return index_map_get(&cluster->own_links.first_end, hash_add_text(0, process->name));
}

static uint32_t next_end(const struct virtual_cluster *cluster, uint32_t end)
{
    return cluster->own_links.next_end.items[end];
}

static const struct link_spec *spec_of(const struct virtual_cluster *cluster, uint32_t end)
{
    return &cluster->scenario->cluster.network.links.items[end / 2];
}

static const char *other_name(const struct virtual_cluster *cluster, uint32_t end)
{
    return spec_of(cluster, end)->ends[1 - end % 2];
}

void link_quality_count(const struct virtual_cluster *cluster, struct process *process)
{
    for (uint32_t end = first_end(cluster, process); end != INDEX_NONE;
         end = next_end(cluster, end)) {
        process->own_links++;
        process->worker_links += !text_equal(other_name(cluster, end), "jobmanager");
    }
}

void link_quality_meet(struct virtual_cluster *cluster, struct process *process)
{
    for (uint32_t end = first_end(cluster, process); end != INDEX_NONE;
         end = next_end(cluster, end)) {
        const struct link_spec *link = spec_of(cluster, end);
        if (!link->has_loss || link->loss < 1)
            continue;
        struct node_id peer = virtual_cluster_find(cluster, other_name(cluster, end));
        if (node_id_is_none(peer))
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
    const struct own_links *own = &cluster->own_links;
    uint32_t spec = index_map_get(&own->named, key_of_names(a->name, b->name));
    uint32_t throttle = index_map_get(&own->throttled, key_of_nodes(a->id, b->id));
    if (spec != INDEX_NONE)
        apply_spec(&cluster->scenario->cluster.network.links.items[spec], room);
    if (throttle != INDEX_NONE)
        apply_throttle(&own->throttles.items[throttle].throttle, room);
    return room;
}

bool link_throttle_does_any(const struct link_throttle *throttle)
{
    return throttle->latency > 0 || throttle->bandwidth_bps > 0 || throttle->loss > 0;
}

static uint32_t begin_throttle(struct virtual_cluster *cluster, struct process *const ends[2])
{
    struct own_links *own = &cluster->own_links;
    if (own->free_throttles.count == 0) {
        vec_push(&own->free_throttles, (uint32_t)own->throttles.count);
        vec_push(&own->throttles, (struct throttled_pair){ 0 });
    }
    uint32_t index = own->free_throttles.items[--own->free_throttles.count];
    for (int e = 0; e < 2; e++) {
        own->throttles.items[index].ends[e] = ends[e]->id;
        own->throttles.items[index].places[e] = (uint32_t)ends[e]->throttles.count;
        vec_push(&ends[e]->throttles, index);
        ends[e]->own_links++;
        ends[e]->worker_links += ends[1 - e]->kind == NODE_TASK_MANAGER;
    }
    index_map_put(&own->throttled, key_of_nodes(ends[0]->id, ends[1]->id), index);
    return index;
}

/* The last of its list takes the place of each. */
static void end_throttle(struct virtual_cluster *cluster, struct process *const ends[2],
                         uint32_t index)
{
    struct own_links *own = &cluster->own_links;
    struct throttled_pair *pair = &own->throttles.items[index];
    for (int e = 0; e < 2; e++) {
        bool is_second = !node_id_equal(pair->ends[0], ends[e]->id);
        uint32_t place = pair->places[is_second];
        struct throttled_pair *last = &own->throttles.items[vec_last(&ends[e]->throttles)];
        last->places[!node_id_equal(last->ends[0], ends[e]->id)] = place;
        vec_remove_swap(&ends[e]->throttles, place);
        ends[e]->own_links--;
        ends[e]->worker_links -= ends[1 - e]->kind == NODE_TASK_MANAGER;
    }
    index_map_remove(&own->throttled, key_of_nodes(ends[0]->id, ends[1]->id));
    vec_push(&own->free_throttles, index);
}

void link_quality_throttle(struct virtual_cluster *cluster, struct process *a, struct process *b,
                           const struct link_throttle *throttle)
{
    struct process *const ends[] = { a, b };
    bool any = link_throttle_does_any(throttle);
    uint32_t index = index_map_get(&cluster->own_links.throttled, key_of_nodes(a->id, b->id));
    if (!any && index != INDEX_NONE)
        end_throttle(cluster, ends, index);
    if (!any)
        return;
    if (index == INDEX_NONE)
        index = begin_throttle(cluster, ends);
    cluster->own_links.throttles.items[index].throttle = *throttle;
}

static void visit_worker(const struct virtual_cluster *cluster, struct node_id peer,
                         void (*visit)(void *context, struct node_id peer), void *context)
{
    if (!node_id_is_none(peer) && cluster_process(cluster, peer)->kind == NODE_TASK_MANAGER)
        visit(context, peer);
}

void link_quality_each(const struct virtual_cluster *cluster, const struct process *process,
                       void (*visit)(void *context, struct node_id peer), void *context)
{
    const struct own_links *own = &cluster->own_links;
    for (uint32_t end = first_end(cluster, process); end != INDEX_NONE;
         end = next_end(cluster, end))
        visit_worker(cluster, virtual_cluster_find(cluster, other_name(cluster, end)), visit,
                     context);
    for (VEC_EACH(const uint32_t, index, &process->throttles)) {
        const struct throttled_pair *pair = &own->throttles.items[*index];
        struct node_id peer = pair->ends[node_id_equal(pair->ends[0], process->id)];
        const char *name = cluster_process(cluster, peer)->name;
        if (index_map_get(&own->named, key_of_names(process->name, name)) == INDEX_NONE)
            visit_worker(cluster, peer, visit, context);
    }
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
