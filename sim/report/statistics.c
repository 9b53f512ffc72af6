/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums are plain and in order, so they are the same everywhere.
 */
#include "sim/report/statistics.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "sim/report/number_text.h"

static void merge(const double *from, double *to, size_t low, size_t middle, size_t high)
{
    size_t a = low, b = middle;
    for (size_t i = low; i < high; i++) {
        bool left = a < middle && (b >= high || from[a] <= from[b]);
        to[i] = left ? from[a++] : from[b++];
    }
}

void statistics_sort(double *values, size_t count)
{
    double *other = mem_create_array(count, sizeof *other);
    double *from = values, *to = other;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = low + 2 * width < count ? low + 2 * width : count;
            merge(from, to, low, middle, high);
        }
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != values)
        memcpy(values, from, count * sizeof *values);
    mem_destroy(other);
}

/* Nearest rank: the smallest value that `percent` of them do not exceed. */
static double percentile(const double *sorted, size_t count, unsigned percent)
{
    CHECK(count > 0);
    CHECK(percent <= 100);
    size_t rank = (count * percent + 99) / 100;
    return sorted[rank > 0 ? rank - 1 : 0];
}

struct statistics statistics_of(const double *values, size_t count)
{
    double none = number_none();
    struct statistics s = { 0, none, none, none, none, none, none, none, none };
    double *sorted = mem_create_array(count, sizeof *sorted);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (number_is_none(values[i]))
            continue;
        sorted[s.count++] = values[i];
        sum += values[i];
        s.last = values[i];
    }
    if (s.count > 0) {
        statistics_sort(sorted, s.count);
        s.p50 = percentile(sorted, s.count, 50);
        s.p95 = percentile(sorted, s.count, 95);
        s.p99 = percentile(sorted, s.count, 99);
        s.min = sorted[0];
        s.max = sorted[s.count - 1];
        s.mean = sum / (double)s.count;
        s.sum = sum;
    }
    mem_destroy(sorted);
    return s;
}
