/* SPDX-License-Identifier: Apache-2.0
 *
 * A node is one process of the cluster. Everything it does is one of these functions, and nothing
 * in it can reach outside: one event in, effects out, run to completion. One loop drives it in
 * every world.
 */
#ifndef WEIR_PORT_NODE_H
#define WEIR_PORT_NODE_H

#include "core/port/config.h"
#include "core/port/effect.h"
#include "core/port/event.h"

enum node_kind { NODE_JOB_MANAGER, NODE_TASK_MANAGER, NODE_KIND_COUNT };

/* What a TaskManager brings along. */
struct worker_spec {
    int32_t cpu_milli;    /* 1000 = one core */
    int64_t memory_bytes; /* task memory that slots share */
    uint32_t slots;
};

/* When a node holds all it knows against its invariants, which costs time linear in that. */
enum node_checks {
    NODE_CHECKS_NONE,
    NODE_CHECKS_ALL,     /* after each step */
    NODE_CHECKS_SPARING, /* after each that had an effect, each 16th of the others, and at the end
                          */
    NODE_CHECKS_COUNT
};

struct node_settings {
    enum node_kind kind;
    struct node_id id;
    uint64_t seed;               /* the run's; streams are named after machine and node */
    const struct config *config; /* outlives the node */
    struct node_id job_manager;  /* TaskManager: where to register */
    struct worker_spec worker;   /* TaskManager only */
    enum log_level log_level;
    enum node_checks check_invariants;
    /* Where the effects of a step are put together. Nodes that are stepped in turn may share one,
     * which then stays warm; it outlives them. Null: the node has its own. */
    struct effects *effects;
};

struct node;

struct node *node_create(const struct node_settings *settings);
void node_destroy(struct node *node);

/* One event. The effects stay valid until the next step of this node, or of another that shares
 * them. An err is a refusal of input that no correct world gives (ERR_REJECTED); the state is then
 * unchanged. */
MUST_CHECK struct err node_step(struct node *node, const struct event *event,
                                const struct effects **out);

/* When the node next wants EVENT_WOKEN; TIME_NEVER when nothing is due. Constant time. */
time_ns node_deadline(const struct node *node);

/* A hash over everything a later step could depend on: equal histories give equal hashes. */
uint64_t node_state_hash(const struct node *node);

#endif
