/* SPDX-License-Identifier: Apache-2.0
 *
 * Job graphs for tests, written as text:
 *
 *   "source 4; count 4 /128 @hot %1; sink 2; source -> count hash; count -> sink rescale blocking"
 *
 * A vertex: name, parallelism (0: not given), then in any order /max parallelism, @slot sharing
 * group, %co-location number, &chained operator; behind each operator what it keeps: +keyed,
 * +split, +union, +broadcast. An edge: producer -> consumer, partitioner, result type (left out:
 * pipelined_bounded). A text that is wrong fails the test.
 */
#ifndef WEIR_TESTS_LIB_GRAPHS_H
#define WEIR_TESTS_LIB_GRAPHS_H

#include "core/graph/execution_graph.h"
#include "core/graph/job_graph.h"

/* Job 0, named "job", with Flink's defaults; finished, so its vertices are in topological order. */
struct job_graph *graphs_job(const char *text);
/* The same with a configuration (null: the defaults). */
struct job_graph *graphs_job_with(const char *text, const struct config *config);
/* Not finished: for tests of what job_graph_finish refuses. */
struct job_graph *graphs_unfinished(const char *text, const struct config *config);

/* With the parallelisms that the job says, at time 0. Borrows the job. */
struct execution_graph *graphs_execution(const struct job_graph *job);

struct vertex_id graphs_vertex(const struct job_graph *job, const char *name);
struct task_id graphs_task(const struct execution_graph *graph, const char *name, uint32_t subtask);

/* Moves a task along the ordinary way (SCHEDULED, DEPLOYING, INITIALIZING, RUNNING) up to `to`,
 * which is one of those or an end; tells nobody. */
void graphs_move_to(struct execution_graph *graph, struct task_id task, enum execution_state to);

#endif
