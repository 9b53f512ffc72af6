/* SPDX-License-Identifier: Apache-2.0
 *
 * How parallelism follows from slots, and which subtasks share one: the adaptive scheduler's
 * SlotSharingSlotAllocator, and the default scheduler's LocalInputPreferredSlotSharingStrategy (one
 * shared slot holds at most one subtask of each vertex of its group). Groups without vertices do
 * not exist for any of this. Source: SlotSharingSlotAllocator, DefaultSlotAssigner,
 * StateLocalitySlotAssigner, TaskBalancedExecutionSlotSharingGroupBuilder.
 */
#ifndef WEIR_SLOTS_SLOT_SHARING_H
#define WEIR_SLOTS_SLOT_SHARING_H

#include "core/graph/execution_graph.h"
#include "core/slots/slot_pool.h"

/* Bounds of one vertex as the scheduler has them now. */
struct parallelism_bounds {
    int32_t lower, upper;
};

/* The largest parallelism of each vertex that `slots` slots allow, written to out[vertex]. False
 * when the lower bounds do not fit; out is then untouched. Slots left over by groups of small range
 * flow to the others (groups walked in ascending order of upper - lower, ties in order of group
 * id). */
bool slot_sharing_parallelism(const struct job_graph *graph,
                              const struct parallelism_bounds *bounds, uint32_t slots,
                              int32_t *out);

/* Slots that the bounds would like: sum over groups of the largest upper bound; with `lower`, of
 * the largest lower bound: the fewest that will do. */
uint32_t slot_sharing_required(const struct job_graph *graph,
                               const struct parallelism_bounds *bounds, bool lower);

/* One shared slot to be: the tasks of a slot sharing group that will run in it. */
struct shared_slot {
    struct group_id group;
    uint32_t first, count; /* into tasks */
    uint64_t load;         /* number of tasks, for balancing */
};

struct shared_slots {
    VEC(struct shared_slot) slots; /* group by group */
    VEC(struct task_id) tasks;     /* ascending inside a slot */
};
void shared_slots_fini(struct shared_slots *shared);

/* Adaptive: subtask i of every vertex of a group goes to shared slot i of the group. */
void slot_sharing_by_subtask(const struct execution_graph *graph, struct shared_slots *out);
/* Adaptive and default with load-balance TASKS: tasks spread so that slots hold equal numbers. */
void slot_sharing_balanced(const struct execution_graph *graph, struct shared_slots *out);
/* Default: a task joins the slot of a producer it reads from, else the next with room. Co-location
 * groups stay together. */
void slot_sharing_local_input(const struct execution_graph *graph, struct shared_slots *out);

/* What a task had before, for state-local assignment. */
struct previous_state {
    struct allocation_id allocation;
    struct vertex_id vertex;
    struct key_group_range range;
    int64_t bytes;
};

struct assignment_settings {
    enum config_choice_LOAD_BALANCE balance;
    bool minimal_task_managers; /* first narrow the free slots to as few TaskManagers as will do */
    const struct previous_state *previous; /* local recovery: state-locality first; else null */
    size_t previous_count;
};

/* Which free slot each shared slot gets: assigned[i] = allocation of shared slot i. False when
 * there are not enough free slots; assigned is then untouched. With `previous` the other settings
 * do not matter. */
bool slot_sharing_assign(const struct execution_graph *graph, const struct shared_slots *shared,
                         const struct slot_pool *pool, const struct assignment_settings *settings,
                         struct allocation_id *assigned);

#endif
