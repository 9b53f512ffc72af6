/* SPDX-License-Identifier: Apache-2.0
 *
 * Links between hosts and the letters under way on them, for the files of this folder only. The
 * rules are at the head of network.c.
 */
#ifndef WEIR_SIM_CLUSTER_NETWORK_H
#define WEIR_SIM_CLUSTER_NETWORK_H

#include "core/base/vec.h"
#include "core/port/effect.h"
#include "sim/cluster/letter.h"

struct process;
struct virtual_cluster;

/* One direction of a link. Messages arrive in the order they were sent, as on a connection. A
 * heartbeat never delays others: what would overtake it pulls it along (see contact.c for why). */
struct lane {
    time_ns last_arrival;            /* of what is no heartbeat */
    VEC(struct letter *) heartbeats; /* under way, in order */
};

struct link {
    struct lane lanes[2];   /* from ends[i] */
    struct node_id ends[2]; /* lesser first */
    uint32_t cuts;
    VEC(struct letter *) stranded; /* were under way when the link was cut */
    VEC(struct letter *) waiting;  /* sent since */
};

void network_send(struct virtual_cluster *cluster, struct process *from,
                  const struct effect_send *send);
bool network_can_talk(const struct virtual_cluster *cluster, const struct process *a,
                      const struct process *b);
/* The other ends of its links that are cut by name. */
void network_each_cut(const struct virtual_cluster *cluster, const struct process *process,
                      void (*visit)(void *context, struct node_id peer), void *context);
/* Does the link lose nothing, and is nothing under way for longer? */
bool network_is_harmless(const struct virtual_cluster *cluster, const struct process *a,
                         const struct process *b, time_ns latency_most);
/* Mean, of small messages. */
time_ns network_round_trip(const struct virtual_cluster *cluster, const struct process *a,
                           const struct process *b);
/* The request in this letter was not taken yet: unless it is in time, its sender hears of that. */
void network_expect(struct virtual_cluster *cluster, struct letter *letter);
void network_cut(struct virtual_cluster *cluster, struct process *process, struct process *peer,
                 bool cut); /* peer null: everybody */
void network_fini(struct virtual_cluster *cluster);

#endif
