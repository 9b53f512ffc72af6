/* SPDX-License-Identifier: Apache-2.0
 *
 * What two hosts have between them, beside their NICs and losses of their own: the network's
 * figures, the pair's own of the scenario, and what throttles the pair now.
 */
#ifndef WEIR_SIM_CLUSTER_LINK_QUALITY_H
#define WEIR_SIM_CLUSTER_LINK_QUALITY_H

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

#endif
