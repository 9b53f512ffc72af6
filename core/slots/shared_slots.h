/* SPDX-License-Identifier: Apache-2.0
 *
 * For the files of this folder only: how a sharing strategy writes down what it decides. It says
 * for each task which place of its group it goes to (places of a group are numbered from 0 as they
 * are opened); shared_slots_fill turns that into the list of shared slots.
 */
#ifndef WEIR_SLOTS_SHARED_SLOTS_H
#define WEIR_SLOTS_SHARED_SLOTS_H

#include "core/slots/slot_sharing.h"

struct sharing_places {
    uint32_t *of_task;     /* by task: its place in its vertex's group */
    uint32_t *group_count; /* by group: places */
};

struct sharing_places sharing_places_create(const struct execution_graph *graph);
void sharing_places_destroy(struct sharing_places *places);

/* out := one shared slot per place, group by group, places ascending, tasks ascending. */
void shared_slots_fill(const struct execution_graph *graph, const struct sharing_places *places,
                       struct shared_slots *out);

/* The largest number of subtasks of any vertex of each group, by group: as many slots as the
 * group needs whatever the strategy. */
void sharing_largest_parallelism(const struct execution_graph *graph, uint32_t *by_group);

#endif
