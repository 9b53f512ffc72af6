/* SPDX-License-Identifier: Apache-2.0
 *
 * What two hosts have between them, beside their NICs and losses of their own: the network's
 * figures, the pair's own of the scenario, and what throttles the pair now.
 */
#ifndef WEIR_SIM_CLUSTER_LINK_QUALITY_H
#define WEIR_SIM_CLUSTER_LINK_QUALITY_H

#include "core/base/ids.h"
#include "core/base/index_map.h"
#include "core/base/vec.h"
#include "sim/load/distribution.h"

struct process;
struct virtual_cluster;

struct link_quality {
    bool is_own; /* not just the network's */
    struct distribution latency;
    time_ns more_latency; /* on top, one way */
    double bandwidth_bps; /* each way; 0: no limit */
    double loss;
};

/* What is done to the link of a pair; zeroed: nothing. */
struct link_throttle {
    time_ns latency;      /* on top, one way */
    double bandwidth_bps; /* at most; 0: no limit */
    double loss;          /* beside what is lost anyway */
};

bool link_throttle_does_any(const struct link_throttle *throttle);

/* A pair that is throttled now, and where that stands in the list of each. */
struct throttled_pair {
    struct node_id ends[2];
    uint32_t places[2];
    struct link_throttle throttle;
};

/* Pairs that have something of their own. */
struct own_links {
    struct index_map named;     /* pairs of names: place in the scenario's list */
    struct index_map first_end; /* a name: the first end so named there, 2 x place, or 1 more */
    VEC(uint32_t) next_end;     /* by end: the next one of that name; INDEX_NONE */
    struct index_map throttled; /* pairs of nodes: place below */
    VEC(struct throttled_pair) throttles;
    VEC(uint32_t) free_throttles;
};

/* Of a connection at the sender's NIC: 0 where the NIC is full before the link is. */
double link_quality_binding_bps(double link_bps, double nic_bps);
/* What TCP takes for a byte beside NICs, where both ends lose packets of their own too: of those
 * sent 1 - p arrive. 0: nothing holds it up. */
double link_quality_seconds_per_byte(const struct link_quality *link, double nic_bps, double loss,
                                     double other_loss);

/* For the files of this folder. Count: pairs of the scenario that name the new process. */
void link_quality_init(struct virtual_cluster *cluster);
void link_quality_fini(struct virtual_cluster *cluster);
void link_quality_count(const struct virtual_cluster *cluster, struct process *process);
/* Links of a new process that lose every packet: what the data plane knows of the others changes.
 */
void link_quality_meet(struct virtual_cluster *cluster, struct process *process);
/* That of the network, which nearly all pairs have, or one put together in `room`. */
const struct link_quality *link_quality_between(const struct virtual_cluster *cluster,
                                                const struct process *a, const struct process *b,
                                                struct link_quality *room);
void link_quality_throttle(struct virtual_cluster *cluster, struct process *a, struct process *b,
                           const struct link_throttle *throttle);
/* The TaskManagers with which this one, that has not ended, has something of its own. */
void link_quality_each(const struct virtual_cluster *cluster, const struct process *process,
                       void (*visit)(void *context, struct node_id peer), void *context);

#endif
