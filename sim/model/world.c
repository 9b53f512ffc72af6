/* SPDX-License-Identifier: Apache-2.0
 *
 * The model in the virtual cluster: its world's functions are the cluster's.
 */
#include "sim/model/model.h"

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
    return virtual_cluster_can_talk(context, a, b);
}

static struct transfer_id transfer(void *context, struct node_id node, double bytes,
                                   transfer_done *done, void *done_context, uint64_t a, uint64_t b)
{
    return virtual_cluster_dfs_transfer(context, node, bytes, done, done_context, a, b);
}

static void transfer_cancel(void *context, struct transfer_id id)
{
    virtual_cluster_dfs_cancel(context, id);
}

struct model *model_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                           struct sim_queue *queue)
{
    const struct model_world world = { .context = cluster,
                                       .report = report,
                                       .process = process,
                                       .can_talk = can_talk,
                                       .transfer = transfer,
                                       .transfer_cancel = transfer_cancel };
    return model_create_in(scenario, &world, queue);
}
