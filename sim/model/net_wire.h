/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections between hosts, while the network is built: in, who is where, what each host loses and
 * what a link carries; out, what a byte costs on the connection that is slowest for its share.
 */
#ifndef WEIR_SIM_MODEL_NET_WIRE_H
#define WEIR_SIM_MODEL_NET_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct model;
struct net;
struct link_quality;

/* Can a connection of the host be full before its NIC? Else nothing else here has to be asked. */
bool net_wire_binds(const struct model *model, uint32_t host);
/* When all are placed and their pairs found: for a byte that a host sends into a shuffle, seconds
 * of the connection that has most to do for it. */
void net_find_wires(struct model *model, struct net *net);
/* What two hosts have between them; and what nearly all have, without anything of their own. */
struct link_quality net_wire_link(const struct model *model, uint32_t a, uint32_t b);
struct link_quality net_wire_plain(const struct model *model);
/* Seconds per byte from slot to slot; 0: no limit. */
double net_wire_seconds(const struct model *model, const struct net *net, uint32_t from,
                        uint32_t to);

#endif
