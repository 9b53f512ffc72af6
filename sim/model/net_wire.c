/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections between two hosts: their bandwidth, and the packets they lose. Two TaskManagers share
 * one TCP connection each way (taskmanager.network.max-num-tcp-connections 1), and how fast TCP
 * sends over a lossy one tcp.h says. A host's row is full when the connection that has most to
 * carry for its rate is: loads are seconds of that one per record.
 *
 * Hosts of equal loss are one kind, so the worst connection of a shuffle is found among kinds. A
 * bandwidth at or above the NIC's holds nothing up that the NIC does not, and is left out.
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

/* Without anything of its own. */
static struct link_quality network_of(const struct model *model)
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
        return network_of(model);
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

static void add_end(struct net_wire *wire, uint32_t slot, double part)
{
    if (part > wire->most) {
        wire->next = wire->most;
        wire->most = part;
        wire->slot = slot;
    } else if (part > wire->next) {
        wire->next = part;
    }
}

/* Of each shuffle and kind: the host that gets most of it, and how much the next one gets. */
void net_find_wires(struct model *model, struct net *net)
{
    vec_clear(&net->wire_losses);
    vec_clear(&net->wires);
    if (!any_binds(model, net))
        return;
    for (uint32_t slot = 0; slot < net->slots.count; slot++)
        net->slots.items[slot].wire_kind = kind_of(net, loss_of(model, net, slot));
    vec_resize(&net->wires, net->wire_losses.count * net->shuffle_count);
    for (VEC_EACH(const struct net_place, place, &net->places)) {
        struct net_member member = net->members.items[place->member];
        const struct component *component =
            &model->jobs[member.job].components.items[member.component];
        size_t kind = net->slots.items[place->slot].wire_kind;
        for (uint32_t e = 0; e < component->shuffle_count; e++)
            add_end(&net->wires.items[kind * net->shuffle_count + component->first_shuffle + e],
                    place->slot, net->ends.items[place->first_end + e].consumed);
    }
}

/* Its connections differ: each is looked at. */
static double worst_of_own(const struct model *model, const struct net *net,
                           const struct component *component, uint32_t slot, uint32_t shuffle)
{
    double worst = 0;
    for (uint32_t p = 0; p < component->place_count; p++) {
        const struct net_place *place = &net->places.items[component->first_place + p];
        double part = net->ends.items[place->first_end + shuffle].consumed;
        if (place->slot != slot && part > 0)
            worst = fmax(worst, part * net_wire_seconds(model, net, slot, place->slot));
    }
    return worst;
}

double net_wire_of_shuffle(const struct model *model, const struct net *net,
                           const struct component *component, uint32_t slot, uint32_t shuffle)
{
    const struct model_host *host = host_of(model, net, slot);
    const struct link_quality link = network_of(model);
    double worst = 0;
    if (host->own_links)
        return worst_of_own(model, net, component, slot, shuffle);
    for (uint32_t kind = 0; kind < net->wire_losses.count; kind++) {
        const struct net_wire *wire =
            &net->wires
                 .items[(size_t)kind * net->shuffle_count + component->first_shuffle + shuffle];
        double part = wire->slot == slot ? wire->next : wire->most;
        worst = fmax(worst, part * seconds_per_byte(host, &link, net->wire_losses.items[kind]));
    }
    return worst;
}
