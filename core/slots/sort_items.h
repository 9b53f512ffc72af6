/* SPDX-License-Identifier: Apache-2.0
 *
 * A stable sort by a number, smallest first: what stood first stays first among equals, so that the
 * order of the input decides ties. Sort descending by the complement of the number; sort by several
 * numbers by sorting by the least important one first.
 */
#ifndef WEIR_SLOTS_SORT_ITEMS_H
#define WEIR_SLOTS_SORT_ITEMS_H

#include <stddef.h>
#include <stdint.h>

struct sort_item {
    uint64_t key;
    uint32_t index; /* the caller's */
};

void sort_items(struct sort_item *items, size_t count);

#endif
