/* SPDX-License-Identifier: Apache-2.0
 *
 * A world that tells of links is asked once for each host: both ends tell of a pair. Cost: hosts,
 * and pairs that have something of their own.
 */
#include "sim/model/net_pair.h"

#include "sim/model/net_wire.h"
#include "sim/model/state.h"

struct finder {
    const struct model *model;
    struct net *net;
    uint32_t slot;
};

static void meet(void *visitor, struct node_id peer)
{
    const struct finder *f = visitor;
    if (peer.n >= f->model->hosts.count)
        return; /* nothing ever ran there */
    const struct model_host *host = &f->model->hosts.items[peer.n];
    if (host->slot_round != f->net->round || !host->own_links)
        return;
    vec_push(&f->net->scratch, f->slot);
    vec_push(&f->net->scratch, host->slot);
    f->net->slots.items[host->slot].pair_count++;
}

/* Each pair has been met from both sides, so slots come to their lists in ascending order. */
static void sort_in(const struct model *model, struct net *net)
{
    uint32_t end = 0;
    for (VEC_EACH(struct net_slot, slot, &net->slots)) {
        slot->first_pair = end;
        end += slot->pair_count;
        slot->pair_count = 0;
    }
    vec_resize(&net->pairs, end);
    for (size_t i = 0; i < net->scratch.count; i += 2) {
        uint32_t other = net->scratch.items[i];
        struct net_slot *slot = &net->slots.items[net->scratch.items[i + 1]];
        net->pairs.items[slot->first_pair + slot->pair_count++] =
            (struct net_pair){ other,
                               net_wire_link(model, slot->host, net->slots.items[other].host) };
    }
}

void net_find_pairs(struct model *model, struct net *net)
{
    const struct plane_world *world = &model->life.world;
    vec_clear(&net->scratch);
    for (uint32_t s = 0; s < net->slots.count && world->each_own_link; s++) {
        struct finder f = { model, net, s };
        struct node_id host = { net->slots.items[s].host };
        if (model->hosts.items[host.n].own_links)
            world->each_own_link(world->context, host, meet, &f);
    }
    sort_in(model, net);
}

struct net_pairs net_pairs_of(const struct net *net, uint32_t slot)
{
    const struct net_slot *s = &net->slots.items[slot];
    if (s->pair_count == 0)
        return (struct net_pairs){ NULL, 0 };
    return (struct net_pairs){ &net->pairs.items[s->first_pair], s->pair_count };
}
