/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks restart with a failed one. Region: the failed region, the producers of partitions
 * that cannot be read again, and all consumers of what is restarted. Full: all tasks. Source:
 * RestartPipelinedRegionFailoverStrategy, RestartAllFailoverStrategy.
 */
#ifndef WEIR_FAILOVER_REGION_FAILOVER_H
#define WEIR_FAILOVER_REGION_FAILOVER_H

#include "core/graph/regions.h"
#include "core/graph/task_list.h"

/* Is the partition that `producer` made for `edge` still there to be read again? Partitions of
 * types that cannot be read again are never asked for. */
struct partition_tracker_view {
    bool (*is_available)(const void *context, struct task_id producer, uint32_t edge);
    const void *context; /* null function: all are available */
};

/* The failed task's input over `edge` from `producer` could not be read (a PartitionException);
 * edge ID_NONE when the failure was another. */
struct failed_input {
    uint32_t edge;
    struct task_id producer;
};

/* Tasks to restart, ascending, without those in CREATED; out is cleared first. */
void region_failover_tasks(const struct execution_graph *graph, const struct regions *regions,
                           struct task_id failed, struct failed_input input,
                           const struct partition_tracker_view *partitions, struct task_list *out);
/* Every task, ascending; out is cleared first. */
void full_failover_tasks(const struct execution_graph *graph, struct task_list *out);

#endif
