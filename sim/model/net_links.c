/* SPDX-License-Identifier: Apache-2.0
 *
 * Cut links inside the network. TCP keeps the data connections of a cut link for minutes, so
 * nothing fails: what should pass jams. A subtask that sends over a shuffle to everybody jams as
 * soon as one reader is out of reach; one that is out of everybody's reach neither gets nor gives.
 */
#include "sim/model/state.h"

static void find_unreachable(struct model *model, uint32_t slot)
{
    struct net *net = &model->net;
    uint32_t host = net->slots.items[slot].host;
    for (uint32_t other = 0; other < net->slots.count; other++) {
        uint32_t other_host = net->slots.items[other].host;
        bool counted = model->hosts.items[other_host].suspect && other < slot; /* by that one */
        if (other == slot || counted || model_can_talk(model, host, other_host))
            continue;
        net->slots.items[slot].unreachable++;
        net->slots.items[other].unreachable++;
    }
}

void net_find_links(struct model *model)
{
    for (uint32_t slot = 0; slot < model->net.slots.count; slot++)
        if (model->hosts.items[model->net.slots.items[slot].host].suspect)
            find_unreachable(model, slot);
}

bool net_slot_jams(const struct net *net, uint32_t slot, bool sends)
{
    uint32_t unreachable = net->slots.items[slot].unreachable;
    return unreachable > 0 && (sends || unreachable + 1 == net->slots.count);
}
