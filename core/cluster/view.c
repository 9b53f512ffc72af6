/* SPDX-License-Identifier: Apache-2.0
 *
 * Views of the two kinds of node. In: a node between two steps. Out: numbers and names for metrics,
 * expectations and tests; nothing that could change the node. All are constant time, but for what
 * is counted by the execution graph anyway.
 */
#include "core/cluster/view.h"

#include "core/cluster/job_manager.h"
#include "core/cluster/task_executor.h"
#include "core/schedule/adaptive_scheduler.h"
#include "core/schedule/scheduler_row.h"

/* As the resource manager's books have it: a TaskManager that died unnoticed is still in them. */
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

static bool waits_for_slots(const struct execution_graph *graph)
{
    return execution_graph_count(graph, EXECUTION_SCHEDULED) > 0 &&
           execution_graph_count(graph, EXECUTION_DEPLOYING) == 0 &&
           execution_graph_count(graph, EXECUTION_INITIALIZING) == 0;
}

/* Between steps only: within one, wishes and facts may still be on their way. */
struct job_view view_job(const struct node *job_manager, uint32_t index)
{
    const struct dispatcher_job *job = job_at(job_manager, index);
    const struct job_master *master = job->master;
    const struct scheduler *scheduler = &master->scheduler;
    const struct execution_graph *graph = scheduler->graph;
    return (struct job_view){
        .id = job->id,
        .graph = master->graph,
        .status = scheduler->status,
        .scheduler = scheduler->row->name,
        .scheduler_state = scheduler->row->state_name(scheduler),
        .tasks = graph ? graph->task_count : 0,
        .tasks_running = graph ? execution_graph_count(graph, EXECUTION_RUNNING) : 0,
        .waits_for_slots = graph && waits_for_slots(graph),
        .slots_held = (uint32_t)master->pool.slots.count,
        .slots_wanted = (uint32_t)requirements_total(&master->pool.required),
        .restarts = scheduler->restart_count,
        .rescales = scheduler->rescale_count,
        .submitted_at = master->submitted_at,
        .ended_at = job->ended_at,
    };
}

const struct exception_history *view_exceptions(const struct node *job_manager, uint32_t index)
{
    return &job_at(job_manager, index)->master->exceptions;
}

const struct rescale_history *view_rescales(const struct node *job_manager, uint32_t index)
{
    const struct scheduler *scheduler = &job_at(job_manager, index)->master->scheduler;
    return scheduler->row == &adaptive_scheduler_row ? &scheduler->own.adaptive->history : NULL;
}

/* Slots that are given up but whose tasks still end are used. */
uint32_t view_task_manager_slots_used(const struct node *task_manager)
{
    return node_task_executor(task_manager)->used_slots;
}
