/* SPDX-License-Identifier: Apache-2.0
 *
 * The one connection that all channels from one host to another share, where it carries less than
 * the sender's NIC: for its bandwidth, or because TCP sends again what is lost. In: items of wires.
 * Out: when each may arrive. Nothing is lost and nothing overtakes; a connection is there only
 * while something waits in it.
 */
#ifndef WEIR_SIM_EXACT_CONNECTION_H
#define WEIR_SIM_EXACT_CONNECTION_H

#include "core/base/vec.h"
#include "sim/cluster/link_quality.h"
#include "sim/kernel/queue.h"

struct exact;

struct connection_item {
    uint32_t wire, generation;
    double bytes;
};

struct connection {
    uint32_t from, to;                 /* hosts */
    VEC(struct connection_item) items; /* from `first` on; that one is being sent */
    size_t first;
    double left, seconds_per_byte; /* bytes of the first one, as of `since` */
    time_ns since, earliest;       /* earliest: when NICs and latency let it arrive */
    struct sim_handle sent;
};

/* What carry.c put into the wire last is sent when its turn comes. */
void connection_send(struct exact *exact, uint32_t wire, double bytes);
/* It loses other packets, or has another bandwidth: what is left goes on at the new pace. */
void connections_host_changed(struct exact *exact, uint32_t host);
/* What a byte takes from host to host beside NICs and latency; 0: nothing. */
double connection_seconds_per_byte(const struct exact *exact, uint32_t from, uint32_t to);
time_ns connection_latency(const struct exact *exact, uint32_t from, uint32_t to);
void connections_destroy(struct exact *exact);

#endif
