/* SPDX-License-Identifier: Apache-2.0
 *
 * For the files of this folder only: the free slots of a pool as the assignments walk them, and the
 * assignment by state locality that slot_sharing_assign hands over to.
 */
#ifndef WEIR_SLOTS_SLOT_ASSIGN_H
#define WEIR_SLOTS_SLOT_ASSIGN_H

#include "core/slots/slot_sharing.h"

struct free_slots {
    VEC(const struct pool_slot *) slots; /* in order of acceptance */
};

/* `free` holds at least as many as there are shared slots. */
void slot_locality_assign(const struct execution_graph *graph, const struct shared_slots *shared,
                          const struct free_slots *free, const struct previous_state *previous,
                          size_t previous_count, struct allocation_id *assigned);

#endif
