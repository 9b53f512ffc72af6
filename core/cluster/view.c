/* SPDX-License-Identifier: Apache-2.0
 *
 * Views of the two kinds of node.
 */
#include "core/cluster/view.h"

#include "core/cluster/job_manager.h"
#include "core/cluster/task_executor.h"
#include "core/schedule/scheduler_row.h"

struct cluster_view view_cluster(const struct node *job_manager)
{
    const struct job_manager *manager = node_job_manager(job_manager);
    const struct slot_manager *slots = &manager->resources.slots;
    return (struct cluster_view){ .task_managers = (uint32_t)slots->workers.count,
                                  .slots_total = slot_manager_slots_total(slots),
                                  .slots_free = slot_manager_slots_free(slots),
                                  .jobs = (uint32_t)manager->dispatcher.jobs.count };
}

/* By order of submission; ended ones keep their place. */
static const struct dispatcher_job *job_at(const struct node *job_manager, uint32_t index)
{
    const struct dispatcher *dispatcher = &node_job_manager(job_manager)->dispatcher;
    CHECK(index < dispatcher->jobs.count);
    return &dispatcher->jobs.items[index];
}

struct job_view view_job(const struct node *job_manager, uint32_t index)
{
    const struct dispatcher_job *job = job_at(job_manager, index);
    const struct job_master *master = job->master;
    const struct scheduler *scheduler = &master->scheduler;
    const struct execution_graph *graph = scheduler->graph;
    uint32_t held = (uint32_t)master->pool.slots.count;
    return (struct job_view){
        .id = job->id,
        .graph = master->graph,
        .status = scheduler->status,
        .scheduler = scheduler->row->name,
        .scheduler_state = scheduler->row->state_name(scheduler),
        .tasks = graph ? graph->task_count : 0,
        .tasks_running = graph ? execution_graph_count(graph, EXECUTION_RUNNING) : 0,
        .slots_held = held,
        .slots_in_use = held - master->pool.free_count,
        .restarts = scheduler->restart_count,
        .rescales = scheduler->rescale_count,
        .submitted_at = master->submitted_at,
        .ended_at = job->ended_at,
    };
}

uint32_t view_vertex_parallelism(const struct node *job_manager, uint32_t job_index,
                                 struct vertex_id vertex)
{
    const struct execution_graph *graph = job_at(job_manager, job_index)->master->scheduler.graph;
    if (!graph)
        return 0;
    CHECK(vertex.n < graph->job->vertices.count);
    return graph->vertices[vertex.n].parallelism;
}

uint32_t view_task_manager_slots_used(const struct node *task_manager)
{
    return node_task_executor(task_manager)->used_slots;
}
