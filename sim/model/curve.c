/* SPDX-License-Identifier: Apache-2.0
 *
 * Corners of the integral beside the points of the series, and a place that moves on with time.
 */
#include "sim/model/curve.h"

#include <math.h>

static double seconds(time_ns length)
{
    return (double)length / (double)TIME_S;
}

void curve_init(struct curve *curve, const struct series *series, time_ns from)
{
    *curve = (struct curve){ .series = series, .from = from };
    size_t count = series->points.count;
    curve->before = mem_create_array(count, sizeof *curve->before);
    double sum = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        const struct series_point *point = &series->points.items[i];
        time_ns start = point->at > from ? point->at : from, end = point[1].at;
        if (end > start)
            sum += point->value * seconds(end - start);
        curve->before[i + 1] = sum;
    }
}

void curve_fini(struct curve *curve)
{
    mem_destroy(curve->before);
    *curve = (struct curve){ 0 };
}

/* Moves `near` to the point in force at `at`; false: none is, or the curve has not started. */
static bool find(struct curve *curve, time_ns at)
{
    const struct series_point *points = curve->series->points.items;
    size_t count = curve->series->points.count, i = curve->near;
    if (count == 0 || at < points[0].at || at < curve->from)
        return false;
    if (points[i].at <= at) { /* gallop on: usually no or one step */
        size_t step = 1;
        while (i + step < count && points[i + step].at <= at) {
            i += step;
            step *= 2;
        }
    } else {
        i = points[i - 1].at <= at ? i - 1 : 0;
    }
    size_t high = count;
    while (i + 1 < high) { /* points[i] is in force or before; points[high] is not */
        size_t middle = i + (high - i) / 2;
        if (points[middle].at <= at)
            i = middle;
        else
            high = middle;
        if (i + 1 < count && points[i + 1].at > at)
            break;
    }
    curve->near = i;
    return true;
}

double curve_rate(struct curve *curve, time_ns at)
{
    return find(curve, at) ? curve->series->points.items[curve->near].value : 0;
}

time_ns curve_next_change(struct curve *curve, time_ns at)
{
    const struct series_point *points = curve->series->points.items;
    size_t count = curve->series->points.count;
    if (count == 0)
        return TIME_NEVER;
    if (at < curve->from)
        return curve->from;
    if (!find(curve, at))
        return points[0].at;
    return curve->near + 1 < count ? points[curve->near + 1].at : TIME_NEVER;
}

time_ns curve_last_change(struct curve *curve, time_ns at)
{
    if (!find(curve, at))
        return 0;
    time_ns last = curve->series->points.items[curve->near].at;
    return last > curve->from ? last : curve->from;
}

double curve_amount(struct curve *curve, time_ns at)
{
    if (!find(curve, at))
        return 0;
    const struct series_point *point = &curve->series->points.items[curve->near];
    time_ns start = point->at > curve->from ? point->at : curve->from;
    return curve->before[curve->near] + point->value * seconds(at - start);
}

size_t curve_corner(const struct curve *curve, double amount)
{
    size_t low = 0, high = curve->series->points.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (curve->before[middle] <= amount)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

time_ns curve_corner_time(const struct curve *curve, size_t corner)
{
    CHECK(corner < curve->series->points.count);
    time_ns at = curve->series->points.items[corner].at;
    return at > curve->from ? at : curve->from;
}

time_ns curve_time(const struct curve *curve, double amount, double slack)
{
    const struct series_point *points = curve->series->points.items;
    if (curve->series->points.count == 0)
        return TIME_NEVER;
    size_t beyond = curve_corner(curve, amount + slack);
    size_t low = beyond > 0 ? beyond - 1 : 0; /* the last corner reached */
    if (!(points[low].value > 0))
        return TIME_NEVER; /* only the last piece can be flat here, or the amount is in none */
    time_ns start = points[low].at > curve->from ? points[low].at : curve->from;
    double rest_ns = (amount - curve->before[low]) / points[low].value * (double)TIME_S;
    return rest_ns < 9e18 - (double)start ? start + (time_ns)fmax(rest_ns, 0) : TIME_NEVER;
}
