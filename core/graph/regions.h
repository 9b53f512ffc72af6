/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipelined regions: what must run, and fail, together. Logical regions first (vertices joined by
 * pipelined edges); a logical region with an all-to-all edge inside is one region, others are split
 * into their independent pipelines. Regions that other edges join both ways are merged (Tarjan), so
 * that a topological order exists; co-located subtasks are joined, where Flink refuses the job if
 * they are not. Linear in tasks and edges. Source: DefaultExecutionTopology,
 * SchedulingPipelinedRegionComputeUtil, LogicalPipelinedRegionComputeUtil.
 */
#ifndef WEIR_GRAPH_REGIONS_H
#define WEIR_GRAPH_REGIONS_H

#include "core/graph/execution_graph.h"

struct regions {
    uint32_t count;
    /* By task id. Regions are numbered topologically: in the order of their least tasks, except
     * that what a region needs comes right before it when it has no number yet. */
    struct region_id *of_task;
    uint32_t *first;       /* by region, count + 1 of them: into tasks */
    struct task_id *tasks; /* grouped by region, ascending inside */
};

struct regions *regions_create(const struct execution_graph *graph);
void regions_destroy(struct regions *regions);

#endif
