/* SPDX-License-Identifier: Apache-2.0
 *
 * Three kinds of expectation. An event with `after` must follow every occurrence of that event
 * whose time to do so is not cut off by the end of the run; with `count`, what counts is the number
 * of events from the first occurrence on.
 */
#include "sim/check/expectations.h"

#include <math.h>

#include "core/base/text.h"
#include "sim/report/number_text.h"

#define EQUAL_TOLERANCE 1e-9

static const char *const comparison_signs[] = {
    [COMPARE_LE] = "<=", [COMPARE_LT] = "<", [COMPARE_GE] = ">=",
    [COMPARE_GT] = ">",  [COMPARE_EQ] = "=",
};

bool expectation_bound_holds(enum comparison comparison, double value, double bound)
{
    switch (comparison) {
    case COMPARE_LE: return value <= bound;
    case COMPARE_LT: return value < bound;
    case COMPARE_GE: return value >= bound;
    case COMPARE_GT: return value > bound;
    case COMPARE_EQ: return fabs(value - bound) <= EQUAL_TOLERANCE * fmax(1, fabs(bound));
    }
    IMPOSSIBLE("comparison");
}

/* Metrics. */

static enum metric metric_named(const char *name)
{
    for (int m = 0; m < METRIC_NAME_COUNT; m++)
        if (text_equal(metric_rows[m].name, name))
            return (enum metric)m;
    IMPOSSIBLE("the scenario's reader knows its metrics");
}

static enum statistic statistic_named(const char *name)
{
    for (int s = 0; name && s < STATISTIC_COUNT; s++)
        if (text_equal(statistic_names[s], name))
            return (enum statistic)s;
    return STATISTIC_VALUE;
}

static double measure(const struct metrics *metrics, const struct expectation *expectation)
{
    double values[STATISTIC_COUNT];
    size_t column = metrics_find(metrics, metric_named(expectation->subject), expectation->job,
                                 expectation->vertex);
    if (column == SIZE_MAX)
        return number_none();
    metrics_summarise(metrics, column, values);
    return values[statistic_named(expectation->statistic)];
}

static void judge_plain(const struct run_evidence *run, const struct expectation *expectation,
                        struct check_result *out)
{
    enum metric metric = metric_named(expectation->subject);
    enum metric_unit unit = metric_statistic_unit(metric, expectation->statistic);
    enum statistic statistic = statistic_named(expectation->statistic);
    double value = measure(run->metrics, expectation);
    char text[NUMBER_TEXT_SIZE];
    number_text(expectation->value, unit, text);
    text_format(out->wanted, sizeof out->wanted, "%s %s", comparison_signs[expectation->comparison],
                text);
    number_text(value, unit, text);
    text_format(out->measured, sizeof out->measured, "%s", text);
    text_format(
        out->detail, sizeof out->detail, "%s %s", expectation->subject,
        statistic_names[statistic == STATISTIC_VALUE ? metric_rules[metric].value : statistic]);
    out->held = !number_is_none(value) &&
                expectation_bound_holds(expectation->comparison, value, expectation->value);
    if (number_is_none(value))
        text_format(out->measured, sizeof out->measured, "no value");
}

static void judge_ratio(const struct run_evidence *run, const struct expectation *expectation,
                        const struct metrics *of, struct check_result *out)
{
    double own = measure(run->metrics, expectation);
    double other = of ? measure(of, expectation) : number_none();
    double ratio = own / other;
    enum metric_unit unit =
        metric_statistic_unit(metric_named(expectation->subject), expectation->statistic);
    char bound[NUMBER_TEXT_SIZE], a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE];
    snprintf(bound, sizeof bound, "%.4g", expectation->value);
    text_format(out->wanted, sizeof out->wanted, "%s %s of %s",
                comparison_signs[expectation->comparison], bound, expectation->of);
    number_text(own, unit, a);
    number_text(other, unit, b);
    text_format(out->detail, sizeof out->detail, "%s: %s / %s", expectation->subject, a, b);
    bool has_ratio = !number_is_none(own) && !number_is_none(other) && other != 0;
    out->held =
        has_ratio && expectation_bound_holds(expectation->comparison, ratio, expectation->value);
    if (has_ratio)
        snprintf(out->measured, sizeof out->measured, "%.3g", ratio);
    else
        text_format(out->measured, sizeof out->measured, "no ratio");
}

/* Events. */

/* The first time at `from` or later; TIME_NEVER: none. */
static time_ns first_from(const struct event_times *times, time_ns from)
{
    size_t low = 0, high = times->event.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (times->event.items[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < times->event.count ? times->event.items[low] : TIME_NEVER;
}

static void put_want(const struct expectation *expectation, struct check_result *out)
{
    char within[40] = "", count[32] = "";
    if (expectation->within != TIME_NEVER) {
        char text[NUMBER_TEXT_SIZE];
        number_text_seconds((double)expectation->within / (double)TIME_S, text);
        text_format(within, sizeof within, " within %s", text);
    }
    if (expectation->count == 0)
        text_format(count, sizeof count, "never");
    else if (expectation->count > 0)
        text_format(count, sizeof count, "%lld times", (long long)expectation->count);
    else
        text_format(count, sizeof count, "%s", expectation->after ? "each time" : "once or more");
    text_format(out->wanted, sizeof out->wanted, "%s%s%s%s", count,
                expectation->after ? " after " : "", expectation->after ? expectation->after : "",
                within);
}

static void put_moment(time_ns at, const struct run_evidence *run, const char *prefix,
                       struct check_result *out)
{
    char text[NUMBER_TEXT_SIZE];
    number_text_moment(at, run->scenario->duration, text);
    text_format(out->detail, sizeof out->detail, "%s%s", prefix, text);
}

static void judge_count(const struct run_evidence *run, const struct expectation *expectation,
                        const struct event_times *times, struct check_result *out)
{
    time_ns from = expectation->after ? times->after.items[0] : 0;
    time_ns to = time_add(from, expectation->within);
    int64_t count = 0;
    for (VEC_EACH(const time_ns, at, &times->event))
        count += *at >= from && *at <= to;
    text_format(out->measured, sizeof out->measured, "%lld times", (long long)count);
    out->held = count == expectation->count;
    if (count > 0)
        put_moment(first_from(times, from), run, "first at ", out);
}

/* The longest wait of all occurrences of the event it refers to. */
static void judge_each(const struct run_evidence *run, const struct expectation *expectation,
                       const struct event_times *times, struct check_result *out)
{
    time_ns end = metrics_end(run->metrics), worst = -1, worst_at = 0;
    bool missed = false;
    for (VEC_EACH(const time_ns, after, &times->after)) {
        time_ns at = first_from(times, *after);
        time_ns wait = at == TIME_NEVER ? TIME_NEVER : at - *after;
        bool cut_off = at == TIME_NEVER && expectation->within != TIME_NEVER &&
                       time_add(*after, expectation->within) > end;
        if (cut_off)
            continue;
        missed |= at == TIME_NEVER;
        if (wait > worst) {
            worst = wait;
            worst_at = *after;
        }
    }
    out->held = worst >= 0 && !missed && worst <= expectation->within;
    if (worst < 0) {
        text_format(out->measured, sizeof out->measured, "the run ended before");
        return;
    }
    char text[NUMBER_TEXT_SIZE];
    number_text_seconds((double)worst / (double)TIME_S, text);
    text_format(out->measured, sizeof out->measured, "%s%s", missed ? "never" : text,
                !missed && times->after.count > 1 ? " at most" : "");
    put_moment(worst_at, run, "after ", out);
}

static void judge_event(const struct run_evidence *run, size_t index, struct check_result *out)
{
    const struct expectation *expectation = &run->scenario->expect.items[index];
    const struct event_times *times = &run->watch->times.items[index];
    put_want(expectation, out);
    if (expectation->after && times->after.count == 0) {
        out->held = false;
        text_format(out->measured, sizeof out->measured, "'%s' never happened", expectation->after);
        return;
    }
    if (expectation->count >= 0) {
        judge_count(run, expectation, times, out);
        return;
    }
    if (expectation->after) {
        judge_each(run, expectation, times, out);
        return;
    }
    time_ns first = first_from(times, 0);
    out->held = first <= expectation->within && first != TIME_NEVER;
    if (first == TIME_NEVER) {
        text_format(out->measured, sizeof out->measured, "never");
        return;
    }
    text_format(out->measured, sizeof out->measured, "%zu times", times->event.count);
    put_moment(first, run, "first at ", out);
}

void expectation_judge(const struct run_evidence *run, size_t index, const struct metrics *of,
                       struct check_result *out)
{
    const struct expectation *expectation = &run->scenario->expect.items[index];
    *out = (struct check_result){ .held = false };
    text_format(out->name, sizeof out->name, "%s", expectation->name);
    switch (expectation->kind) {
    case EXPECT_METRIC:
        if (expectation->of)
            judge_ratio(run, expectation, of, out);
        else
            judge_plain(run, expectation, out);
        return;
    case EXPECT_EVENT: judge_event(run, index, out); return;
    case EXPECT_INVARIANT: checkers_judge(run->checkers, expectation->subject, out); return;
    }
    IMPOSSIBLE("kind of expectation");
}
