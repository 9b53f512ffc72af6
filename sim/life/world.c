/* SPDX-License-Identifier: Apache-2.0
 *
 * A data plane in the virtual cluster: its world's functions are the cluster's.
 */
#include "sim/life/world.h"

static void report(void *context, struct node_id node, const struct event_data *data)
{
    virtual_cluster_report(context, node, data);
}

static struct process_view process(void *context, struct node_id node)
{
    return virtual_cluster_process(context, node);
}

static bool can_talk(void *context, struct node_id a, struct node_id b)
{
    return virtual_cluster_carries(context, a, b);
}

static void each_cut(void *context, struct node_id node,
                     void (*visit)(void *visitor, struct node_id peer), void *visitor)
{
    virtual_cluster_each_cut(context, node, visit, visitor);
}

static void each_own_link(void *context, struct node_id node,
                          void (*visit)(void *visitor, struct node_id peer), void *visitor)
{
    virtual_cluster_each_own_link(context, node, visit, visitor);
}

static struct link_quality link(void *context, struct node_id a, struct node_id b)
{
    return virtual_cluster_link(context, a, b);
}

static struct transfer_id transfer(void *context, struct node_id node, enum transfer_way way,
                                   double bytes, transfer_done *done, void *done_context,
                                   uint64_t a, uint64_t b)
{
    return virtual_cluster_dfs_transfer(context, node, way, bytes, done, done_context, a, b);
}

static void transfer_limit(void *context, struct node_id node, enum transfer_way way,
                           double bytes_per_s)
{
    virtual_cluster_dfs_limit(context, node, way, bytes_per_s);
}

static double transfer_rate(void *context, struct node_id node, enum transfer_way way)
{
    return virtual_cluster_dfs_rate(context, node, way);
}

static bool transfer_fails(void *context, enum transfer_way way)
{
    return virtual_cluster_storage_fails(context, way);
}

static void transfer_cancel(void *context, struct transfer_id id)
{
    virtual_cluster_dfs_cancel(context, id);
}

struct plane_world plane_world_of(struct virtual_cluster *cluster)
{
    return (struct plane_world){ .context = cluster,
                                 .report = report,
                                 .process = process,
                                 .can_talk = can_talk,
                                 .each_cut = each_cut,
                                 .each_own_link = each_own_link,
                                 .link = link,
                                 .transfer = transfer,
                                 .transfer_limit = transfer_limit,
                                 .transfer_rate = transfer_rate,
                                 .transfer_fails = transfer_fails,
                                 .transfer_cancel = transfer_cancel };
}
