/* SPDX-License-Identifier: Apache-2.0
 *
 * Who reads what at a restart: keyed state by overlap of key-group ranges, operator state by
 * Flink's repartitioners, in-flight data by the channel state mappers. Bytes of keyed state are
 * shared out by the number of key groups in the overlap, but those of an incremental checkpoint are
 * read by whole subtasks. Source: StateAssignmentOperation,
 * RoundRobinOperatorStateRepartitioner, SubtaskStateMapper, VertexFinishedStateChecker.
 */
#ifndef WEIR_CHECKPOINT_RESTORE_PLAN_H
#define WEIR_CHECKPOINT_RESTORE_PLAN_H

#include "core/checkpoint/completed_store.h"
#include "core/graph/execution_graph.h"

enum subtask_mapper {
    MAPPER_ARBITRARY, /* any will do; Flink's is round robin */
    MAPPER_ROUND_ROBIN,
    MAPPER_FIRST,
    MAPPER_FULL,
    MAPPER_RANGE,
    MAPPER_UNSUPPORTED, /* forward, rescale, broadcast: cannot be rescaled with data in flight */
    MAPPER_COUNT
};
extern const char *const subtask_mapper_names[MAPPER_COUNT];
/* Of the data on its way to the consumers of such an edge. */
extern const enum subtask_mapper subtask_mapper_of_partitioner[PARTITIONER_COUNT];

struct subtask_list {
    VEC(uint32_t) subtasks;
};

/* Old subtasks whose channel state new subtask `subtask` reads, ascending; out is cleared first.
 * Refuses UNSUPPORTED, a subtask that is none, and parallelisms outside 1 .. 32768. */
MUST_CHECK struct err subtask_mapper_old(enum subtask_mapper mapper, uint32_t subtask,
                                         uint32_t old_parallelism, uint32_t new_parallelism,
                                         struct subtask_list *out);

/* Bytes of one old subtask's keyed state that lie in `range`: shares of ranges that join without a
 * gap add up to the whole, to the byte. */
int64_t keyed_state_share(const struct task_state *old, struct key_group_range range);

/* Bytes of a vertex' operator state that new subtask `subtask` of `parallelism` reads. states: of
 * the whole checkpoint. SPLIT: an even share, the rest one byte each from subtask 0 on (how many
 * list entries there were is not known); UNION: everything; BROADCAST: the copy of old subtask i
 * mod old parallelism. With the parallelism unchanged SPLIT and BROADCAST keep their own. */
int64_t operator_state_share(enum operator_state mode, const struct vertex_state *vertex,
                             const struct task_states *states, uint32_t subtask,
                             uint32_t parallelism);

/* Fills restore_checkpoint, restore_bytes and the key-group range of each deployment of these
 * tasks. restored null: everything starts empty. Refuses what cannot be restored (max parallelism
 * changed, data in flight on an edge that cannot be rescaled, vertices finished in an order that
 * this graph cannot have) and then changes no deployment. Linear in deployments and in the old
 * subtasks that they read. */
MUST_CHECK struct err restore_plan_fill(const struct completed_checkpoint *restored,
                                        const struct execution_graph *graph,
                                        struct task_deployment *deployments, size_t count,
                                        struct note *note);

#endif
