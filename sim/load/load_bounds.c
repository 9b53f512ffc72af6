/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads that end: a number of records, or a time. In: the load as it would go on. Out: the same up
 * to its end and 0 behind it, with exactly the records that were asked for. What arrives before the
 * job's submission is not counted, because it is not its load.
 */
#include <math.h>

#include "core/base/check.h"
#include "sim/load/load.h"

/* Records that are there from the beginning have all arrived within this. */
#define LAID_OUT_WITHIN TIME_MS

void load_lay_out(double records, const struct load_context *context, struct series *out)
{
    CHECK(records > 0);
    series_push(out, context->from, records * ((double)TIME_S / (double)LAID_OUT_WITHIN));
    series_push(out, context->from + LAID_OUT_WITHIN, 0);
}

/* Keeps what is before `end`; the step that is cut has so many records. */
static void cut(struct series *series, size_t step, time_ns from, time_ns end, double records)
{
    time_ns begin = series->points.items[step].at;
    begin = begin > from ? begin : from;
    double rate = records * (double)TIME_S / (double)(end - begin);
    series->points.count = step;
    series_push(series, begin, rate);
    series_push(series, end, 0);
}

/* Where the load has given so many; the rate of the last step is made to fit whole nanoseconds. */
static struct err end_at_records(const struct tree_node *node, double records,
                                 const struct load_context *context, struct series *series,
                                 struct note *note)
{
    double given = 0;
    for (size_t i = 0; i < series->points.count; i++) {
        const struct series_point *point = &series->points.items[i];
        time_ns begin = point->at > context->from ? point->at : context->from;
        time_ns end =
            i + 1 < series->points.count ? series->points.items[i + 1].at : context->duration;
        if (end <= begin)
            continue;
        double seconds = (double)(end - begin) / (double)TIME_S;
        double left = records - given;
        if (point->value * seconds >= left) {
            double ns = fmax(ceil(left / point->value * (double)TIME_S), 1);
            time_ns last = begin + (time_ns)ns;
            cut(series, i, context->from, last < end ? last : end, left);
            return OK;
        }
        given += point->value * seconds;
    }
    return tree_error(tree_find(node, "records"), ERR_BAD_VALUE_CODE, note,
                      "found more records than arrive from the job's submission to the end of the "
                      "run, expected at most %lld",
                      (long long)given);
}

struct err load_bound(const struct tree_node *node, const struct load_bounds *bounds,
                      const struct load_context *context, struct series *series, struct note *note)
{
    if (bounds->records > 0)
        return end_at_records(node, bounds->records, context, series, note);
    const struct tree_node *until = tree_find(node, "until");
    if (bounds->until > context->duration)
        return tree_expected(until, ERR_BAD_VALUE_CODE, note,
                             "a time within the run, which ends before");
    if (bounds->until <= context->from)
        return tree_expected(until, ERR_BAD_VALUE_CODE, note, "a time behind the job's submission");
    while (series->points.count > 0 && vec_last(&series->points).at >= bounds->until)
        series->points.count--;
    series_push(series, bounds->until, 0);
    return OK;
}
