/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of hosts with figures of their own, while the network is built and as long as it lasts. In:
 * who is where, and what the world says of their links. Out: of each host the others of the network
 * with which it has some. All other pairs have what the network has, and need not be looked at.
 */
#ifndef WEIR_SIM_MODEL_NET_PAIR_H
#define WEIR_SIM_MODEL_NET_PAIR_H

#include "sim/cluster/link_quality.h"

struct model;
struct net;

struct net_pair {
    uint32_t slot; /* of the other one */
    struct link_quality link;
};

struct net_pairs {
    const struct net_pair *items; /* by slot, ascending */
    uint32_t count;
};

/* When all are placed. */
void net_find_pairs(struct model *model, struct net *net);
struct net_pairs net_pairs_of(const struct net *net, uint32_t slot);

#endif
