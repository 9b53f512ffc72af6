/* SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap of small numbers (items) by a double key, least first; equal keys go by item, so
 * the order is that of the contents, never of the history. Items can be moved and removed at any
 * time.
 */
#ifndef WEIR_SIM_CLUSTER_RANKED_HEAP_H
#define WEIR_SIM_CLUSTER_RANKED_HEAP_H

#include <stdbool.h>

#include "core/base/vec.h"

struct ranked {
    double key;
    uint32_t item;
};

/* A zeroed one is empty and valid. */
struct ranked_heap {
    VEC(struct ranked) heap;
    VEC(uint32_t) places; /* by item: 1 + place in the heap; 0: absent */
};

void ranked_heap_fini(struct ranked_heap *heap);
void ranked_heap_put(struct ranked_heap *heap, uint32_t item, double key); /* adds or moves */
void ranked_heap_remove(struct ranked_heap *heap, uint32_t item);          /* absent is fine */
bool ranked_heap_is_empty(const struct ranked_heap *heap);
struct ranked ranked_heap_least(const struct ranked_heap *heap); /* not of an empty one */

#endif
