/* SPDX-License-Identifier: Apache-2.0
 *
 * Merge sort from the bottom up: runs of 1, 2, 4, ... are merged from one array into the other.
 */
#include "sim/model/order.h"

#include <stdbool.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void order_by_value(uint32_t *indexes, size_t count, const double *values, uint32_t *scratch)
{
    uint32_t *from = indexes, *to = scratch;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t a = start, a_end = least(start + run, count);
            size_t b = a_end, b_end = least(start + 2 * run, count);
            for (size_t out = start; out < b_end; out++) {
                bool take_b = a == a_end || (b < b_end && values[from[b]] < values[from[a]]);
                to[out] = take_b ? from[b++] : from[a++];
            }
        }
        uint32_t *merged = to;
        to = from;
        from = merged;
    }
    if (from != indexes)
        memcpy(indexes, from, count * sizeof *indexes);
}
