/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections between two hosts: their bandwidth, and the packets they lose. Two TaskManagers share
 * one TCP connection each way (taskmanager.network.max-num-tcp-connections 1), and how fast TCP
 * sends over a lossy one tcp.h says. A host's row is full when the connection that has most to
 * carry for its rate is: loads are seconds of that one per record.
 *
 * Hosts of equal loss are one kind, so the worst connection of a shuffle is found among kinds, and
 * among those that have something of their own, one by one. A bandwidth at or above the NIC's holds
 * nothing up that the NIC does not, and is left out. Cost: hosts by kinds, and pairs of the latter.
 */
#include "sim/model/net_wire.h"

#include <math.h>

#include "sim/model/state.h"

static bool loses(const struct model *model)
{
    return model->lossy > 0 || model->scenario->cluster.network.loss > 0;
}

bool net_wire_binds(const struct model *model, uint32_t host)
{
    const struct model_host *h = &model->hosts.items[host];
    double link_bps = model->scenario->cluster.network.bandwidth_bps;
    return loses(model) || h->own_links ||
           link_quality_binding_bps(link_bps, h->life.machine->network_bps) > 0;
}

static double seconds_per_byte(const struct model_host *host, const struct link_quality *link,
                               double other_loss)
{
    return link_quality_seconds_per_byte(link, host->life.machine->network_bps, host->loss,
                                         other_loss);
}

static const struct model_host *host_of(const struct model *model, const struct net *net,
                                        uint32_t slot)
{
    return &model->hosts.items[net->slots.items[slot].host];
}

struct link_quality net_wire_plain(const struct model *model)
{
    const struct network_spec *network = &model->scenario->cluster.network;
    return (struct link_quality){ .latency = network->latency,
                                  .bandwidth_bps = network->bandwidth_bps,
                                  .loss = network->loss };
}

struct link_quality net_wire_link(const struct model *model, uint32_t a, uint32_t b)
{
    if (!model->hosts.items[a].own_links || !model->hosts.items[b].own_links ||
        !model->life.world.link)
        return net_wire_plain(model);
    return model->life.world.link(model->life.world.context, (struct node_id){ a },
                                  (struct node_id){ b });
}

static double loss_of(const struct model *model, const struct net *net, uint32_t slot)
{
    return host_of(model, net, slot)->loss;
}

double net_wire_seconds(const struct model *model, const struct net *net, uint32_t from,
                        uint32_t to)
{
    struct link_quality link =
        net_wire_link(model, net->slots.items[from].host, net->slots.items[to].host);
    return seconds_per_byte(host_of(model, net, from), &link, loss_of(model, net, to));
}

static bool any_binds(const struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_slot, slot, &net->slots))
        if (net_wire_binds(model, slot->host))
            return true;
    return false;
}

static uint32_t kind_of(struct net *net, double loss)
{
    uint32_t kind = 0;
    while (kind < net->wire_losses.count && net->wire_losses.items[kind] != loss)
        kind++;
    if (kind == net->wire_losses.count)
        vec_push(&net->wire_losses, loss);
    return kind;
}

static const struct shuffle_end *end_at(const struct net *net, const struct component *component,
                                        uint32_t place, uint32_t shuffle)
{
    const struct net_place *p = &net->places.items[component->first_place + place];
    return &net->ends.items[p->first_end + shuffle];
}

static double slower(double worst, double part, double seconds)
{
    return part > 0 ? fmax(worst, part * seconds) : worst;
}

/* Links of its own one by one; of the others, by kind, the host that gets most. */
static double worst_of(const struct model *model, struct net *net,
                       const struct component *component, uint32_t place, uint32_t shuffle)
{
    const struct link_quality plain = net_wire_plain(model);
    uint32_t slot = net->places.items[component->first_place + place].slot;
    const struct model_host *host = host_of(model, net, slot);
    struct net_pairs pairs = net_pairs_of(net, slot);
    double worst = 0;
    ranking_ask(&net->ranking);
    ranking_leave_out(&net->ranking, place);
    for (VEC_EACH(const struct net_pair, pair, &pairs)) {
        uint32_t other = net_place_number(net, component, pair->slot);
        if (other == NONE)
            continue;
        ranking_leave_out(&net->ranking, other);
        worst = slower(worst, end_at(net, component, other, shuffle)->consumed,
                       seconds_per_byte(host, &pair->link, loss_of(model, net, pair->slot)));
    }
    for (uint32_t kind = 0; kind < net->wire_losses.count; kind++) {
        uint32_t most = ranking_first(&net->ranking, kind);
        if (most != INDEX_NONE)
            worst = slower(worst, end_at(net, component, most, shuffle)->consumed,
                           seconds_per_byte(host, &plain, net->wire_losses.items[kind]));
    }
    return worst;
}

static void find_shuffle(const struct model *model, struct net *net,
                         const struct component *component, uint32_t shuffle)
{
    const struct net_place *places = &net->places.items[component->first_place];
    ranking_clear(&net->ranking);
    for (uint32_t p = 0; p < component->place_count; p++)
        ranking_add(&net->ranking, end_at(net, component, p, shuffle)->consumed,
                    net->slots.items[places[p].slot].wire_kind);
    ranking_sort(&net->ranking, (uint32_t)net->wire_losses.count);
    for (uint32_t p = 0; p < component->place_count; p++)
        if (end_at(net, component, p, shuffle)->producers > 0)
            net->wires.items[places[p].first_end + shuffle] =
                worst_of(model, net, component, p, shuffle);
}

void net_find_wires(struct model *model, struct net *net)
{
    vec_clear(&net->wire_losses);
    vec_clear(&net->wires);
    vec_resize(&net->wires, net->ends.count);
    if (!any_binds(model, net))
        return;
    for (uint32_t slot = 0; slot < net->slots.count; slot++)
        net->slots.items[slot].wire_kind = kind_of(net, loss_of(model, net, slot));
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        const struct component *component =
            &model->jobs[member->job].components.items[member->component];
        net_number_places(net, component);
        for (uint32_t e = 0; e < component->shuffle_count; e++)
            find_shuffle(model, net, component, e);
    }
}
