/* SPDX-License-Identifier: Apache-2.0
 *
 * Cut links inside the networks. TCP keeps the data connections of a cut link for minutes, so
 * nothing fails: what should pass jams. A subtask that sends over a shuffle to everybody jams as
 * soon as one reader is out of reach; one that is out of everybody's reach neither gets nor gives.
 * Out of reach of a place are all hosts that are cut off from everybody, and those that its host's
 * own links are cut to: cost is that of the places and of the links cut by name.
 */
#include "sim/model/state.h"

/* The links of one host, seen from its place. */
struct reach {
    const struct model *model;
    const struct component *component;
    struct net *net;
    struct net_place *place;
};

static void meet_cut(void *visitor, struct node_id peer)
{
    struct reach *reach = visitor;
    const struct net *net = reach->net;
    if (peer.n >= reach->model->hosts.count)
        return; /* nothing ever ran there */
    const struct model_host *host = &reach->model->hosts.items[peer.n];
    if (host->slot_round != net->round || host->cut_off)
        return; /* no task of the network, or counted with those that nobody reaches */
    uint32_t place = net->slots.items[host->slot].place;
    reach->place->unreachable +=
        place >= reach->component->first_place &&
        place < reach->component->first_place + reach->component->place_count;
}

static void find_unreachable(struct model *model, struct net *net, struct component *component)
{
    struct net_place *places = net->places.items + component->first_place;
    uint32_t count = component->place_count, cut_off = 0;
    for (uint32_t p = 0; p < count; p++) {
        net->slots.items[places[p].slot].place = component->first_place + p;
        cut_off += model->hosts.items[net->slots.items[places[p].slot].host].cut_off;
    }
    for (uint32_t p = 0; p < count; p++) {
        uint32_t host = net->slots.items[places[p].slot].host;
        struct reach reach = { model, component, net, &places[p] };
        places[p].unreachable = model->hosts.items[host].cut_off ? count - 1 : cut_off;
        if (model->hosts.items[host].suspect && !model->hosts.items[host].cut_off &&
            model->world.each_cut)
            model->world.each_cut(model->world.context, (struct node_id){ host }, meet_cut, &reach);
    }
}

void net_find_links(struct model *model, struct net *net)
{
    for (size_t i = 0; model->suspects > 0 && i < net->members.count; i++) {
        struct net_member member = net->members.items[i];
        find_unreachable(model, net, &model->jobs[member.job].components.items[member.component]);
    }
}

bool net_place_jams(const struct component *component, const struct net_place *place, bool sends)
{
    return place->unreachable > 0 && (sends || place->unreachable + 1 == component->place_count);
}
