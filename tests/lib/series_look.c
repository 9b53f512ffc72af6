/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking into a series by binary search.
 */
#include "tests/lib/series_look.h"

/* How many points are at `at` or before. */
static size_t points_until(const struct series *series, time_ns at)
{
    size_t low = 0, high = series->points.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->points.items[middle].at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double series_look_at(const struct series *series, time_ns at)
{
    size_t until = points_until(series, at);
    return until ? series->points.items[until - 1].value : 0;
}

double series_look_integral(const struct series *series, time_ns from, time_ns to)
{
    double sum = 0;
    size_t next = points_until(series, from);
    double value = next ? series->points.items[next - 1].value : 0;
    while (from < to) {
        bool more = next < series->points.count && series->points.items[next].at < to;
        time_ns until = more ? series->points.items[next].at : to;
        sum += value * ((double)(until - from) / (double)TIME_S);
        if (more)
            value = series->points.items[next++].value;
        from = until;
    }
    return sum;
}
