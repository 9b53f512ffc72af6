/* SPDX-License-Identifier: Apache-2.0
 *
 * Three kinds of expectation. An event with `after` must follow every occurrence of that event, or
 * follow it `count` times. An occurrence whose time to do so is cut off by the end of the run is
 * open: it is told and decides nothing, but where all are open the expectation fails. How long each
 * waited is found in waits.c.
 */
#include "sim/check/expectations.h"

#include "sim/check/check_output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/check/bound_text.h"
#include "sim/check/waits.h"
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
    bound_text(expectation->value, unit, text);
    text_format(out->wanted, sizeof out->wanted, "%s %s", comparison_signs[expectation->comparison],
                text);
    bound_text_measured(value, expectation->value, unit, text);
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
    number_plain(expectation->value, bound);
    text_format(out->wanted, sizeof out->wanted, "%s %s of %s",
                comparison_signs[expectation->comparison], bound, expectation->of);
    number_text(own, unit, a);
    number_text(other, unit, b);
    text_format(out->detail, sizeof out->detail, "%s: %s / %s", expectation->subject, a, b);
    if (own == 0 && other == 0)
        ratio = 1; /* neither has any: as much as the other */
    bool has_ratio = !number_is_none(own) && !number_is_none(other) && (other != 0 || own == 0);
    out->held =
        has_ratio && expectation_bound_holds(expectation->comparison, ratio, expectation->value);
    if (has_ratio)
        bound_text_ratio(ratio, expectation->value, out->measured);
    else
        text_format(out->measured, sizeof out->measured, "no ratio");
}

/* Events. */

static void put_want(const struct expectation *expectation, struct check_result *out)
{
    char within[40] = "", count[32] = "";
    if (expectation->within != TIME_NEVER) {
        char text[NUMBER_TEXT_SIZE];
        bound_text((double)expectation->within / (double)TIME_S, METRIC_SECONDS, text);
        text_format(within, sizeof within, " within %s", text);
    }
    if (expectation->count == 0)
        text_format(count, sizeof count, "never");
    else if (expectation->count > 0)
        text_format(count, sizeof count, "%lld time%s", (long long)expectation->count,
                    expectation->count == 1 ? "" : "s");
    else
        text_format(count, sizeof count, "once or more");
    if (expectation->after)
        text_format(out->wanted, sizeof out->wanted, "%s%seach time after %s%s",
                    expectation->count >= 0 ? count : "", expectation->count >= 0 ? ", " : "",
                    expectation->after, within);
    else
        text_format(out->wanted, sizeof out->wanted, "%s%s", count, within);
}

/* Behind what the detail has already. */
static void add_moment(const struct run_evidence *run, struct event_moment moment,
                       const char *prefix, struct check_result *out)
{
    const struct scenario *scenario = run->scenario;
    bool of_job = scenario->jobs.count > 1 && !job_id_is_none(moment.job);
    size_t length = strlen(out->detail);
    char text[NUMBER_TEXT_SIZE];
    number_text_moment(moment.at, scenario->duration, text);
    text_format(out->detail + length, sizeof out->detail - length, "%s%s%s%s%s", length ? ", " : "",
                prefix, text, of_job ? ", job " : "",
                of_job ? scenario->jobs.items[moment.job.n].name : "");
}

static void add_not_judged(size_t count, const char *why, struct check_result *out)
{
    size_t length = strlen(out->detail);
    if (count)
        text_format(out->detail + length, sizeof out->detail - length, "; %zu not judged: %s",
                    count, why);
}

static void add_open(size_t open, struct check_result *out)
{
    add_not_judged(open, "the run ended before", out);
}

/* Events from `from` on in time; `first` is the place of the first. */
static int64_t count_from(const struct expectation *expectation, const struct event_times *times,
                          time_ns from, size_t *first)
{
    time_ns behind = time_add(time_add(from, expectation->within), 1);
    *first = event_moments_first(times->event.items, times->event.count, from);
    return (int64_t)(event_moments_first(times->event.items, times->event.count, behind) - *first);
}

/* The count after each occurrence, each with a time of its own; told is the one that is furthest
 * from what is wanted. More than wanted is too many however the run would have gone on. */
static void judge_count(const struct run_evidence *run, const struct expectation *expectation,
                        const struct event_times *times, struct check_result *out)
{
    const struct event_moment start = { 0, job_id_none() }, *worst = NULL;
    size_t occurrences = expectation->after ? times->after.count : 1, open = 0, worst_first = 0;
    int64_t worst_count = 0, wanted = expectation->count;
    for (size_t i = 0; i < occurrences; i++) {
        const struct event_moment *from = expectation->after ? &times->after.items[i] : &start;
        size_t first;
        int64_t count = count_from(expectation, times, from->at, &first);
        if (expectation->after && count <= wanted && waits_is_cut_off(run, expectation, from->at)) {
            open++;
        } else if (!worst || llabs(count - wanted) > llabs(worst_count - wanted)) {
            worst = from;
            worst_count = count;
            worst_first = first;
        }
    }
    out->held = worst && worst_count == wanted;
    if (!worst) {
        text_format(out->measured, sizeof out->measured, "the run ended before");
        return;
    }
    text_format(out->measured, sizeof out->measured, "%lld time%s", (long long)worst_count,
                worst_count == 1 ? "" : "s");
    if (occurrences > 1)
        add_moment(run, *worst, "after ", out);
    if (worst_count > 0)
        add_moment(run, times->event.items[worst_first], "first at ", out);
    add_open(open, out);
}

/* Nothing was judged. What happens to no job proves nothing of any. */
static void put_none_judged(const struct run_evidence *run, const struct expectation *expectation,
                            const struct event_times *times, const struct waits *waits,
                            struct check_result *out)
{
    const struct scenario *scenario = run->scenario;
    if (waits->open || waits->ended) {
        text_format(out->measured, sizeof out->measured, "the %s ended before",
                    waits->open ? "run" : "job");
        return;
    }
    const char *name = NULL; /* null: any would have done */
    if (!job_id_is_none(expectation->job))
        name = scenario->jobs.items[expectation->job.n].name;
    else if (scenario->jobs.count == 1)
        name = scenario->jobs.items[0].name;
    text_format(out->measured, sizeof out->measured, "no task stopped");
    text_format(out->detail, sizeof out->detail, "'%.*s' did not touch %s%.*s", 60,
                expectation->after, name ? "job " : "any job", 60, name ? name : "");
    if (times->after.count == 1)
        add_moment(run, (struct event_moment){ times->after.items[0].at, job_id_none() }, "at ",
                   out);
}

/* The longest wait of all occurrences of the event it refers to. */
static void judge_each(const struct run_evidence *run, const struct expectation *expectation,
                       const struct event_times *times, struct check_result *out)
{
    struct waits waits;
    waits_find(run, expectation, times, &waits);
    time_ns worst = waits.longest;
    out->held = worst >= 0 && worst != TIME_NEVER && worst <= expectation->within;
    if (worst < 0) {
        put_none_judged(run, expectation, times, &waits, out);
        return;
    }
    char text[NUMBER_TEXT_SIZE] = "never";
    if (worst != TIME_NEVER)
        bound_text_measured((double)worst / (double)TIME_S,
                            (double)expectation->within / (double)TIME_S, METRIC_SECONDS, text);
    text_format(out->measured, sizeof out->measured, "%s%s", text,
                worst != TIME_NEVER && times->after.count > 1 ? " at most" : "");
    add_moment(run, waits.after, "after ", out);
    add_open(waits.open, out);
    add_not_judged(waits.ended, "the job ended before", out);
    add_not_judged(waits.untouched, "no task stopped", out);
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
    if (times->event.count == 0) {
        text_format(out->measured, sizeof out->measured, "never");
        return;
    }
    out->held = times->event.items[0].at <= expectation->within;
    text_format(out->measured, sizeof out->measured, "%zu time%s", times->event.count,
                times->event.count == 1 ? "" : "s");
    add_moment(run, times->event.items[0], "first at ", out);
}

/* A restore of what was stored at least once counts records twice, and no checker knows of it. */
static void judge_invariant(const struct run_evidence *run, const struct expectation *expectation,
                            struct check_result *out)
{
    checkers_judge(run->checkers, expectation->subject, out);
    if (!out->held || !text_equal(expectation->subject, "exactly-once"))
        return;
    for (VEC_EACH(const struct job_spec, job, &run->scenario->jobs))
        if (job->graph->config.checkpoint_mode == CHECKPOINT_MODE_AT_LEAST_ONCE) {
            text_format(out->measured, sizeof out->measured,
                        "not judged: %s checkpoints at least once", job->name);
            return;
        }
}

/* What it found of the job that it was to go on from is not its work. */
static void judge_output(const struct run_evidence *run, const struct expectation *expectation,
                         struct check_result *out)
{
    if (run->scenario->world == WORLD_EXACT &&
        !event_watch_ever_ran(run->watch, expectation->job)) {
        text_format(out->measured, sizeof out->measured, "job '%s' never ran",
                    run->scenario->jobs.items[expectation->job.n].name);
        text_format(out->wanted, sizeof out->wanted, "lines");
        return;
    }
    output_judge(run->scenario, expectation, run->outputs, out);
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
    case EXPECT_INVARIANT: judge_invariant(run, expectation, out); return;
    case EXPECT_OUTPUT: judge_output(run, expectation, out); return;
    }
    IMPOSSIBLE("kind of expectation");
}
