/* SPDX-License-Identifier: Apache-2.0
 *
 * Storage shared by all, on a network of its own that no cut touches. In: transfers of whole files
 * by hosts. Out: a call when one has ended. Part of the virtual cluster's own interface.
 */
#ifndef WEIR_SIM_CLUSTER_STORAGE_H
#define WEIR_SIM_CLUSTER_STORAGE_H

#include "core/base/ids.h"
#include "sim/kernel/queue.h"

struct virtual_cluster;

/* `done` runs when a transfer's last byte is there (latency first). Transfers share one bandwidth,
 * max-min fair; those of a node one way also its NIC, or what the limit leaves them of it (bytes
 * per second, above 0). */
enum transfer_way { TRANSFER_OUT, TRANSFER_IN, TRANSFER_WAY_COUNT }; /* as the node sees it */
typedef sim_action transfer_done;
struct transfer_id {
    uint64_t n; /* 0: none */
};
struct transfer_id virtual_cluster_dfs_transfer(struct virtual_cluster *cluster,
                                                struct node_id node, enum transfer_way way,
                                                double bytes, transfer_done *done, void *context,
                                                uint64_t a, uint64_t b);
void virtual_cluster_dfs_limit(struct virtual_cluster *cluster, struct node_id node,
                               enum transfer_way way, double bytes_per_s);
double virtual_cluster_dfs_rate(const struct virtual_cluster *cluster, struct node_id node,
                                enum transfer_way way);
void virtual_cluster_dfs_cancel(struct virtual_cluster *cluster, struct transfer_id transfer);

/* Requests fail from now on, or no longer: one that reaches the storage meanwhile, and one whose
 * last byte does. Several who say so add up. */
void virtual_cluster_fail_storage(struct virtual_cluster *cluster, bool writes, bool reads,
                                  bool fails);
/* Asked in `done`: has that transfer failed? */
bool virtual_cluster_storage_fails(const struct virtual_cluster *cluster, enum transfer_way way);

#endif
