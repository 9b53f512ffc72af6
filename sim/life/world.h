/* SPDX-License-Identifier: Apache-2.0
 *
 * What a data plane needs of the cluster it runs in: the virtual one, or a test's. Reports are
 * copied by the receiver, which may answer with orders at once.
 */
#ifndef WEIR_SIM_LIFE_WORLD_H
#define WEIR_SIM_LIFE_WORLD_H

#include "sim/cluster/virtual_cluster.h"

struct plane_world {
    void *context;
    void (*report)(void *context, struct node_id node, const struct event_data *report);
    struct process_view (*process)(void *context, struct node_id node);
    /* Does anything get from one host to the other? Null: always. */
    bool (*can_talk)(void *context, struct node_id a, struct node_id b);
    /* The hosts whose link with this one is cut by name, or loses everything; null: none. */
    void (*each_cut)(void *context, struct node_id node,
                     void (*visit)(void *visitor, struct node_id peer), void *visitor);
    /* The hosts with which this one has figures of its own: each says so of the other. Null: none.
     */
    void (*each_own_link)(void *context, struct node_id node,
                          void (*visit)(void *visitor, struct node_id peer), void *visitor);
    /* What two hosts have between them. Null: what the scenario's network says. */
    struct link_quality (*link)(void *context, struct node_id a, struct node_id b);
    struct transfer_id (*transfer)(void *context, struct node_id node, enum transfer_way way,
                                   double bytes, transfer_done *done, void *done_context,
                                   uint64_t a, uint64_t b);
    /* What the host's transfers one way may take of its NIC together, from now on. */
    void (*transfer_limit)(void *context, struct node_id node, enum transfer_way way,
                           double bytes_per_s);
    /* What these move now, bytes per second. Null: nothing. */
    double (*transfer_rate)(void *context, struct node_id node, enum transfer_way way);
    /* Asked when one has ended: has it failed? Null: none does. */
    bool (*transfer_fails)(void *context, enum transfer_way way);
    void (*transfer_cancel)(void *context, struct transfer_id transfer);
};

/* Its functions are the cluster's. */
struct plane_world plane_world_of(struct virtual_cluster *cluster);

/* What has come of a fault that the job's scenario plans. */
struct fault_fate {
    bool ran; /* its subtask has been RUNNING */
    bool struck;
};

#endif
