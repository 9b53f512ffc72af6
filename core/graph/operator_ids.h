/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids of operators, under which their state is found again when the job has changed, whatever they
 * are chained to. A program's operators bring their own, from their uid or their place in the
 * program (core/api/operator_ids.c); others are known by their name, as if that were a uid.
 * Source: Flink's OperatorID.
 */
#ifndef WEIR_GRAPH_OPERATOR_IDS_H
#define WEIR_GRAPH_OPERATOR_IDS_H

#include "core/graph/job_graph.h"

/* For all operators that have none: by name. A chained one whose name another operator has is known
 * by its head's name and its own. Refuses an id that two operators have. */
MUST_CHECK struct err operator_ids_give(struct job_graph *graph, struct note *note);
/* Behind each change of the vertices' order. */
void operator_ids_map(struct job_graph *graph);

/* The vertex that the operator is chained into; none. */
struct vertex_id operator_ids_find(const struct job_graph *graph, uint64_t id);
/* Has a vertex of `to` operators of several of `from`? */
bool operator_ids_are_joined(const struct job_graph *from, const struct job_graph *to);

#endif
