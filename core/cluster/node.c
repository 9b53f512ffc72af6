/* SPDX-License-Identifier: Apache-2.0
 *
 * The border's functions (port/node.h) over the two kinds of node.
 */
#include "core/port/node.h"

#include "core/cluster/job_manager.h"
#include "core/cluster/task_executor.h"
#include "core/cluster/view.h"

struct node {
    enum node_kind kind;
    bool check_invariants;
    union {
        struct job_manager *job_manager;
        struct task_executor *task_executor;
    };
};

struct node *node_create(const struct node_settings *settings)
{
    struct node *node = mem_create(sizeof *node);
    node->kind = settings->kind;
    node->check_invariants = settings->check_invariants;
    switch (settings->kind) {
    case NODE_JOB_MANAGER: node->job_manager = job_manager_create(settings); break;
    case NODE_TASK_MANAGER: node->task_executor = task_executor_create(settings); break;
    case NODE_KIND_COUNT: IMPOSSIBLE("node kind");
    }
    return node;
}

void node_destroy(struct node *node)
{
    if (node->kind == NODE_JOB_MANAGER)
        job_manager_destroy(node->job_manager);
    else
        task_executor_destroy(node->task_executor);
    mem_destroy(node);
}

struct err node_step(struct node *node, const struct event *event, const struct effects **out)
{
    struct err result;
    if (node->kind == NODE_JOB_MANAGER) {
        result = job_manager_step(node->job_manager, event);
        *out = &node->job_manager->effects;
        if (node->check_invariants)
            job_manager_check(node->job_manager);
    } else {
        result = task_executor_step(node->task_executor, event);
        *out = &node->task_executor->effects;
        if (node->check_invariants)
            task_executor_check(node->task_executor);
    }
    return result;
}

time_ns node_deadline(const struct node *node)
{
    return node->kind == NODE_JOB_MANAGER ? job_manager_deadline(node->job_manager)
                                          : task_executor_deadline(node->task_executor);
}

uint64_t node_state_hash(const struct node *node)
{
    return node->kind == NODE_JOB_MANAGER ? job_manager_hash(node->job_manager)
                                          : task_executor_hash(node->task_executor);
}

const struct job_manager *node_job_manager(const struct node *node)
{
    CHECK(node->kind == NODE_JOB_MANAGER);
    return node->job_manager;
}

const struct task_executor *node_task_executor(const struct node *node)
{
    CHECK(node->kind == NODE_TASK_MANAGER);
    return node->task_executor;
}
