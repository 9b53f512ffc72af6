/* SPDX-License-Identifier: Apache-2.0
 *
 * Merge sort from the bottom up: runs of 1, 2, 4, ... items, merged between two arrays in turn.
 */
#include "core/slots/sort_items.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/alloc.h"

/* Merges from[first..middle) and from[middle..last) into to[first..last). */
static void merge(const struct sort_item *from, struct sort_item *to, size_t first, size_t middle,
                  size_t last)
{
    size_t left = first, right = middle;
    for (size_t i = first; i < last; i++) {
        bool take_left = left < middle && (right == last || from[left].key <= from[right].key);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* The last run may be short or missing. */
static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Stable, so that equal keys keep the caller's order on every C library. */
void sort_items(struct sort_item *items, size_t count)
{
    struct sort_item *other = mem_create_array(count, sizeof *other);
    struct sort_item *from = items, *to = other;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t first = 0; first < count; first += 2 * width)
            merge(from, to, first, lesser(first + width, count), lesser(first + 2 * width, count));
        struct sort_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
    mem_destroy(other);
}
