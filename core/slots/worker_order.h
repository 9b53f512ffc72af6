/* SPDX-License-Identifier: Apache-2.0
 *
 * Registration order of TaskManagers that come and go, with marks. Each gets a position when it
 * registers; a position left empty is squeezed out in time. Marks are bit sets over positions, so
 * that a plan walks the marked ones in order without touching the others. Coming, going and marking
 * are constant time (amortised).
 */
#ifndef WEIR_SLOTS_WORKER_ORDER_H
#define WEIR_SLOTS_WORKER_ORDER_H

#include <stdbool.h>

#include "core/base/index_map.h"
#include "core/base/vec.h"

enum worker_mark {
    WORKER_HAS_DEFAULT_SLOT, /* room for one of its default slots */
    WORKER_HAS_LEFTOVER,     /* anything left at all */
    WORKER_MARK_COUNT
};

struct worker_order {
    VEC(uint32_t) at; /* by position: the worker, or INDEX_NONE */
    VEC(uint64_t) marks[WORKER_MARK_COUNT];
    uint32_t live;
};

void worker_order_fini(struct worker_order *order);
/* The position of a new worker, unmarked. */
uint32_t worker_order_append(struct worker_order *order, uint32_t worker);
void worker_order_remove(struct worker_order *order, uint32_t position);
void worker_order_mark(struct worker_order *order, uint32_t position, enum worker_mark mark,
                       bool is_set);
bool worker_order_has_mark(const struct worker_order *order, uint32_t position,
                           enum worker_mark mark);
/* The first marked position at `position` or after, or INDEX_NONE. */
uint32_t worker_order_next(const struct worker_order *order, uint32_t position,
                           enum worker_mark mark);
/* Mostly empty: the owner should squeeze. */
bool worker_order_is_sparse(const struct worker_order *order);
/* Takes the empty positions out; moved[old] = new, for as many as there were. */
void worker_order_squeeze(struct worker_order *order, uint32_t *moved);

#endif
