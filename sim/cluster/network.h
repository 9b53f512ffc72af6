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

struct held;
struct held;
struct process;
struct virtual_cluster;

/* One direction of a link. Messages arrive in the order they were sent, as on a connection. A
 * heartbeat never delays others: what would overtake it pulls it along (see contact.c for why). */
struct lane {
    time_ns last_arrival;            /* of what is no heartbeat */
    VEC(struct letter *) heartbeats; /* under way, in order */
    struct held *held; /* lost, and what waits behind that (retransmission.c); or null */
    VEC(struct letter *) crossing; /* under way over a slow link, in order */
    time_ns free_at;               /* of a slow link: what was sent so far is on the wire */
    uint32_t sent;                 /* letters so far */
};

struct link {
    struct lane lanes[2];   /* from ends[i] */
    struct node_id ends[2]; /* lesser first */
    uint32_t cuts;
    bool silent; /* loses every packet */
};

void network_send(struct virtual_cluster *cluster, struct process *from,
                  const struct effect_send *send);
bool network_can_talk(const struct virtual_cluster *cluster, const struct process *a,
                      const struct process *b);
/* Does any packet get from one to the other? */
bool network_carries(const struct virtual_cluster *cluster, const struct process *a,
                     const struct process *b);
/* The link of these two loses every packet, or does so no longer. */
void network_silence(struct virtual_cluster *cluster, struct process *a, struct process *b,
                     bool silent);
/* The other ends of its links that are cut by name or silent. */
void network_each_cut(const struct virtual_cluster *cluster, const struct process *process,
                      void (*visit)(void *context, struct node_id peer), void *context);
/* Does the link lose nothing, is nothing under way for longer, and nothing to be sent again? */
bool network_is_harmless(const struct virtual_cluster *cluster, const struct process *a,
                         const struct process *b, time_ns latency_most);
/* Mean, of small messages. */
time_ns network_round_trip(const struct virtual_cluster *cluster, const struct process *a,
                           const struct process *b);
/* The least of link and NICs, bits per second; 0: no limit. When it has changed, what is under way
 * goes on with the new one. */
double network_bandwidth(const struct virtual_cluster *cluster, const struct process *a,
                         const struct process *b);
void network_requicken(struct virtual_cluster *cluster, const struct process *a,
                       const struct process *b, double before_bps);
/* The request in this letter was not taken yet: unless it is in time, its sender hears of that. */
void network_expect(struct virtual_cluster *cluster, struct letter *letter);
void network_cut(struct virtual_cluster *cluster, struct process *process, struct process *peer,
                 bool cut); /* peer null: everybody */
void network_fini(struct virtual_cluster *cluster);

/* For retransmission.c. Sends a packet: false, it is lost; else draws its way. */
bool network_try(struct virtual_cluster *cluster, struct letter *letter);
/* It got through, and nothing holds it back: to arrive at `at`, or with what is ahead of it. */
void network_set_out(struct virtual_cluster *cluster, struct letter *letter, time_ns at);
bool network_is_heartbeat(const struct letter *letter);

/* retransmission.c. A letter that was lost, tried at `at`, or one that got through, to arrive then,
 * but may find others before it. */
void network_hold(struct virtual_cluster *cluster, struct letter *letter, bool is_lost, time_ns at);
/* Must it wait for one that was sent earlier, or take one along? */
bool network_is_behind(const struct lane *lane, const struct letter *letter);
void network_forget_held(struct lane *lane);

#endif
