/* SPDX-License-Identifier: Apache-2.0
 *
 * Step functions over time, built in ascending order and joined point by point.
 */
#include "sim/load/series.h"

#include "core/base/check.h"

void series_fini(struct series *series)
{
    vec_fini(&series->points);
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
