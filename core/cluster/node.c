/* SPDX-License-Identifier: Apache-2.0
 *
 * The border's functions (port/node.h) over the two kinds of node.
 */
#include "core/port/node.h"

#include <string.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/task_executor.h"
#include "core/cluster/view.h"

/* What a step in silence breaks is still broken a few steps later, and at the end. */
enum { SILENT_STEPS_MAX = 16 };

struct node {
    enum node_kind kind;
    enum node_checks check_invariants;
    uint32_t silent_steps;  /* since the last check */
    struct effects *shared; /* null: the node's own are handed out */
    union {
        struct job_manager job_manager;
        struct task_executor task_executor;
    };
};

/* Which kind a node is never changes. There are many TaskManagers, and they are much the smaller.
 */
static size_t node_size(enum node_kind kind)
{
    return kind == NODE_TASK_MANAGER
               ? offsetof(struct node, task_executor) + sizeof(struct task_executor)
               : sizeof(struct node);
}

struct node *node_create(const struct node_settings *settings)
{
    struct node *node = mem_create(node_size(settings->kind));
    node->kind = settings->kind;
    node->check_invariants = settings->check_invariants;
    node->shared = settings->effects;
    switch (settings->kind) {
    case NODE_JOB_MANAGER: job_manager_init(&node->job_manager, settings); break;
    case NODE_TASK_MANAGER: task_executor_init(&node->task_executor, settings); break;
    case NODE_KIND_COUNT: IMPOSSIBLE("node kind");
    }
    return node;
}

static void check(struct node *node)
{
    node->silent_steps = 0;
    if (node->kind == NODE_JOB_MANAGER)
        job_manager_check(&node->job_manager);
    else
        task_executor_check(&node->task_executor);
}

void node_destroy(struct node *node)
{
    if (node->silent_steps > 0)
        check(node);
    if (node->kind == NODE_JOB_MANAGER)
        job_manager_fini(&node->job_manager);
    else
        task_executor_fini(&node->task_executor);
    mem_destroy(node);
}

/* List and arena are the node's for the length of the step; time and log level stay where they are.
 */
static void take_memory(struct effects *own, struct effects *shared)
{
    own->list = shared->list;
    own->arena = shared->arena;
}

static void give_memory_back(struct effects *own, struct effects *shared)
{
    shared->list = own->list;
    shared->arena = own->arena;
    memset(&own->list, 0, sizeof own->list);
    arena_init(&own->arena);
}

static bool is_check_due(struct node *node, const struct effects *own)
{
    switch (node->check_invariants) {
    case NODE_CHECKS_NONE: return false;
    case NODE_CHECKS_ALL: return true;
    case NODE_CHECKS_SPARING:
        return own->list.count > 0 || ++node->silent_steps == SILENT_STEPS_MAX;
    case NODE_CHECKS_COUNT: break;
    }
    IMPOSSIBLE("when to check");
}

static struct err step(struct node *node, const struct event *event)
{
    bool is_manager = node->kind == NODE_JOB_MANAGER;
    const struct effects *own =
        is_manager ? &node->job_manager.effects : &node->task_executor.effects;
    struct err result = is_manager ? job_manager_step(&node->job_manager, event)
                                   : task_executor_step(&node->task_executor, event);
    if (is_check_due(node, own))
        check(node);
    return result;
}

struct err node_step(struct node *node, const struct event *event, const struct effects **out)
{
    CHECK(event->kind < EVENT_KIND_COUNT);
    struct effects *own =
        node->kind == NODE_JOB_MANAGER ? &node->job_manager.effects : &node->task_executor.effects;
    *out = own;
    if (!node->shared)
        return step(node, event);
    take_memory(own, node->shared);
    struct err result = step(node, event);
    give_memory_back(own, node->shared);
    *out = node->shared;
    return result;
}

time_ns node_deadline(const struct node *node)
{
    return node->kind == NODE_JOB_MANAGER ? job_manager_deadline(&node->job_manager)
                                          : task_executor_deadline(&node->task_executor);
}

uint64_t node_state_hash(const struct node *node)
{
    return node->kind == NODE_JOB_MANAGER ? job_manager_hash(&node->job_manager)
                                          : task_executor_hash(&node->task_executor);
}

const struct job_manager *node_job_manager(const struct node *node)
{
    CHECK(node->kind == NODE_JOB_MANAGER);
    return &node->job_manager;
}

const struct task_executor *node_task_executor(const struct node *node)
{
    CHECK(node->kind == NODE_TASK_MANAGER);
    return &node->task_executor;
}
