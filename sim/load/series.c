/* SPDX-License-Identifier: Apache-2.0
 *
 * Step functions over time: looked up by binary search, built in ascending order.
 */
#include "sim/load/series.h"

#include "core/base/check.h"

void series_fini(struct series *series)
{
    vec_fini(&series->points);
}

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

double series_value_at(const struct series *series, time_ns at)
{
    size_t until = points_until(series, at);
    return until ? series->points.items[until - 1].value : 0;
}

time_ns series_next_change(const struct series *series, time_ns after)
{
    size_t until = points_until(series, after);
    return until < series->points.count ? series->points.items[until].at : TIME_NEVER;
}

double series_max(const struct series *series)
{
    double most = 0;
    for (size_t i = 0; i < series->points.count; i++)
        if (series->points.items[i].value > most)
            most = series->points.items[i].value;
    return most;
}

double series_integral(const struct series *series, time_ns from, time_ns to)
{
    CHECK(from <= to);
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

void series_push(struct series *series, time_ns at, double value)
{
    size_t count = series->points.count;
    if (count == 0 ? value == 0 : vec_last(&series->points).value == value)
        return;
    if (count && vec_last(&series->points).at == at) {
        vec_last(&series->points).value = value;
        return;
    }
    CHECK(count == 0 || vec_last(&series->points).at < at);
    vec_push(&series->points, (struct series_point){ at, value });
}

/* Walks both, and pushes what `join` makes of their values wherever one of them has a point. */
static void join_pointwise(struct series *series, const struct series *other,
                           double (*join)(double, double))
{
    struct series joined = { 0 };
    size_t a = 0, b = 0, a_count = series->points.count, b_count = other->points.count;
    double a_value = 0, b_value = 0;
    while (a < a_count || b < b_count) {
        time_ns a_at = a < a_count ? series->points.items[a].at : TIME_NEVER;
        time_ns b_at = b < b_count ? other->points.items[b].at : TIME_NEVER;
        time_ns at = a_at < b_at ? a_at : b_at;
        if (a_at == at)
            a_value = series->points.items[a++].value;
        if (b_at == at)
            b_value = other->points.items[b++].value;
        series_push(&joined, at, join(a_value, b_value));
    }
    series_fini(series);
    *series = joined;
}

static double sum_of(double a, double b)
{
    return a + b;
}

static double lower_of(double a, double b)
{
    return a < b ? a : b;
}

void series_add(struct series *series, const struct series *other)
{
    join_pointwise(series, other, sum_of);
}

void series_limit(struct series *series, const struct series *other)
{
    join_pointwise(series, other, lower_of);
}
