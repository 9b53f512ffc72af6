/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking into nodes from outside, for metrics, checkers and whoever looks at a moment of a run:
 * read only, constant time, between steps. Nothing here can change a node.
 */
#ifndef WEIR_CLUSTER_VIEW_H
#define WEIR_CLUSTER_VIEW_H

#include "core/failover/exception_history.h"
#include "core/port/node.h"
#include "core/rescale/rescale_history.h"
#include "core/schedule/job_status.h"

struct job_manager;
struct task_executor;
const struct job_manager *node_job_manager(const struct node *node);
const struct task_executor *node_task_executor(const struct node *node);

struct cluster_view {
    uint32_t task_managers;           /* registered at the resource manager */
    uint32_t slots_total, slots_free; /* as the resource manager counts them */
    uint32_t jobs;
};
struct cluster_view view_cluster(const struct node *job_manager);

struct job_view {
    struct job_id id;
    const struct job_graph *graph;
    enum job_status status;      /* as a client sees it */
    const char *scheduler;       /* Default, Adaptive */
    const char *scheduler_state; /* the scheduler's own */
    uint32_t tasks, tasks_running;
    bool waits_for_slots; /* tasks are SCHEDULED, and none is DEPLOYING or INITIALIZING */
    uint32_t slots_held, slots_wanted; /* wanted: by what is declared now */
    uint32_t restarts, rescales;
    time_ns submitted_at, ended_at; /* TIME_NEVER: not yet */
};
struct job_view view_job(const struct node *job_manager, uint32_t index);

/* Failures that the job keeps; rescales, null where the scheduler keeps none. */
const struct exception_history *view_exceptions(const struct node *job_manager, uint32_t index);
const struct rescale_history *view_rescales(const struct node *job_manager, uint32_t index);

uint32_t view_task_manager_slots_used(const struct node *task_manager);

#endif
