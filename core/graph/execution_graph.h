/* SPDX-License-Identifier: Apache-2.0
 *
 * The execution graph: one job graph unfolded to subtasks. Tasks are numbered vertex by vertex, so
 * the subtasks of a vertex are neighbours. Edges stay edges: who reads whom is arithmetic over
 * (edge, subtask), never a list of pairs, so the graph is linear in tasks. State moves are made by
 * execution_graph_move only; counters per state make "all are ..." a constant-time question.
 * Source: Flink's DefaultExecutionGraph, ExecutionVertex, Execution, EdgeManagerBuildUtil.
 */
#ifndef WEIR_GRAPH_EXECUTION_GRAPH_H
#define WEIR_GRAPH_EXECUTION_GRAPH_H

#include "core/base/check.h"
#include "core/graph/job_graph.h"
#include "core/graph/key_groups.h"
#include "core/port/data.h"
#include "core/port/effect.h"

/* One subtask and its current attempt. */
struct execution {
    uint8_t state;    /* enum execution_state; written by _move and _reset only */
    uint8_t cause;    /* enum failure_cause, once FAILED; written by _move and _reset only */
    bool cancel_sent; /* a cancel request is out for this attempt; the scheduler's */
    uint32_t attempt;
    uint32_t version; /* raised by each restart that includes the task (default scheduler) */
    struct vertex_id vertex;
    uint32_t subtask;
    struct node_id node;             /* where it runs; none before a slot is assigned */
    struct node_id remote;           /* whose data connection it lost, when it failed by that */
    uint32_t detail;                 /* of its failure, in the world's words; 0: none */
    struct allocation_id allocation; /* the slot's; none before */
    struct allocation_id previous;   /* of the attempt before, for local recovery and affinity */
    /* When this attempt entered each state; TIME_NEVER: it did not. */
    time_ns entered[EXECUTION_STATE_COUNT];
};

struct execution_vertex_range {
    uint32_t first_task, parallelism;
    int32_t max_parallelism;
};

struct execution_graph {
    const struct job_graph *job;             /* borrowed; outlives */
    struct execution_vertex_range *vertices; /* by vertex id */
    struct execution *tasks;                 /* by task id */
    uint32_t task_count;
    uint32_t number; /* the job's how-manieth graph, from 0; written by its owner */
    uint32_t state_counts[EXECUTION_STATE_COUNT];
};

/* parallelism[v] subtasks of vertex v with the max parallelisms given; all CREATED at `now`.
 * attempts[t] is the attempt number task t of the new graph starts from; null: all from 0. */
struct execution_graph *execution_graph_create(const struct job_graph *job,
                                               const int32_t *parallelism,
                                               const int32_t *max_parallelism,
                                               const uint32_t *attempts, time_ns now);
void execution_graph_destroy(struct execution_graph *graph);

/* The current attempt of a task, as messages name it. */
static inline struct task_attempt execution_graph_attempt(const struct execution_graph *graph,
                                                          struct task_id task)
{
    CHECK(task.n < graph->task_count);
    return (struct task_attempt){ task, graph->tasks[task.n].attempt, graph->number };
}

struct task_id execution_graph_task(const struct execution_graph *graph, struct vertex_id vertex,
                                    uint32_t subtask);

/* Moves one task at effects->now: checks the table, stamps, counts, logs at task level (failures at
 * decision level). FAILED has a cause, other states have none. */
void execution_graph_move(struct execution_graph *graph, struct task_id task,
                          enum execution_state to, enum failure_cause cause,
                          struct effects *effects);

/* The TaskManager at the other end of the data connection by which the attempt is about to fail, as
 * Flink's RemoteTransportException names it; the line of the failure then does, too. */
void execution_graph_blame(struct execution_graph *graph, struct task_id task,
                           struct node_id remote, uint32_t detail);

/* A new attempt of a task whose attempt has ended: back to CREATED, attempt + 1, place forgotten;
 * the slot stays known as the previous one. */
void execution_graph_reset(struct execution_graph *graph, struct task_id task, time_ns now);

/* The number of tasks in a state. Constant time, as are the next two. */
uint32_t execution_graph_count(const struct execution_graph *graph, enum execution_state state);
bool execution_graph_all_running_or_finished(const struct execution_graph *graph);
/* Is nothing under way any more? Each task is FINISHED, CANCELED, FAILED or was never begun
 * (CREATED). */
bool execution_graph_all_ended(const struct execution_graph *graph);

static inline bool execution_state_is_terminal(enum execution_state state)
{
    CHECK(state < EXECUTION_STATE_COUNT);
    return state_is_final(&execution_states, state);
}

/* Over all that a later step can depend on; part of a node's state hash. */
uint64_t execution_graph_hash(const struct execution_graph *graph);

/* Who reads whom over an edge, as subtasks of the other end, both inclusive and never empty.
 * All-to-all: everybody. Pointwise: Flink's arithmetic. The two functions agree: p is among the
 * producers of c exactly when c is among the consumers of p. */
struct subtask_range {
    uint32_t first, last;
};
struct subtask_range edge_producers_of(const struct execution_graph *graph, uint32_t edge,
                                       uint32_t consumer_subtask);
struct subtask_range edge_consumers_of(const struct execution_graph *graph, uint32_t edge,
                                       uint32_t producer_subtask);

#endif
