/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of two runs side by side, and what may lie between them.
 */
#include <check.h>
#include <string.h>

#include "sim/compare/ratios.h"
#include "sim/report/number_text.h"
#include "tests/lib/load_fixture.h"

static struct scenario *scenario;
static struct metrics metrics[2];
static struct tolerances tolerances;
static struct ratios ratios;

static void begin(void)
{
    scenario = load_fixture_scenario(LOAD_FIXTURE_BASE);
    for (int side = 0; side < 2; side++) {
        metrics_init(&metrics[side], scenario);
        metrics_add_row(&metrics[side], TIME_S);
    }
    tolerances_init(&tolerances);
}

static void put(enum metric metric, double a, double b)
{
    metrics[0].cells.items[metric] = a;
    metrics[1].cells.items[metric] = b;
}

static void end(void)
{
    ratios_fini(&ratios);
    metrics_fini(&metrics[0]);
    metrics_fini(&metrics[1]);
    scenario_destroy(scenario);
}

static const struct ratio *row(const char *name)
{
    const struct ratio *found = ratios_find(&ratios, name);
    ck_assert_msg(found != NULL, "%s", name);
    return found;
}

START_TEST(a_ratio_is_beyond_its_tolerance_on_either_side)
{
    begin();
    put(METRIC_lag_seconds, 10, 11);
    put(METRIC_lag_records, 10, 11.001);
    put(METRIC_restarts, 10, 9);
    put(METRIC_rescales, 10, 8.999);
    ratios_compare(&ratios, &metrics[0], &metrics[1], &tolerances);
    ck_assert(!row("lag_seconds")->beyond);
    ck_assert(row("lag_records")->beyond);
    ck_assert(!row("restarts")->beyond);
    ck_assert(row("rescales")->beyond);
    ck_assert_uint_eq(ratios.beyond, 2);
    end();
}
END_TEST

START_TEST(nothing_by_nothing_is_one_and_something_by_nothing_is_beyond)
{
    begin();
    put(METRIC_restarts, 0, 0);
    put(METRIC_rescales, 0, 1);
    put(METRIC_lag_seconds, 1, 0);
    put(METRIC_latency_p50_seconds, 1, number_none());
    ratios_compare(&ratios, &metrics[0], &metrics[1], &tolerances);
    ck_assert_double_eq(row("restarts")->ratio, 1);
    ck_assert(!row("restarts")->beyond);
    ck_assert(number_is_none(row("rescales")->ratio));
    ck_assert(row("rescales")->beyond);
    ck_assert_double_eq(row("lag_seconds")->ratio, 0);
    ck_assert(row("lag_seconds")->beyond);
    /* What a run does not know cannot be compared; what neither knows has no row. */
    ck_assert(number_is_none(row("latency_p50_seconds")->ratio));
    ck_assert(!row("latency_p50_seconds")->beyond);
    ck_assert_ptr_null(ratios_find(&ratios, "latency_p99_seconds"));
    end();
}
END_TEST

START_TEST(a_metric_may_have_a_tolerance_of_its_own)
{
    struct note note = { "" };
    begin();
    ck_assert(!err_is(tolerances_read(&tolerances, "5%", &note)));
    ck_assert(!err_is(tolerances_read(&tolerances, "lag_seconds=0.5", &note)));
    put(METRIC_lag_seconds, 10, 14);
    put(METRIC_lag_records, 10, 10.6);
    ratios_compare(&ratios, &metrics[0], &metrics[1], &tolerances);
    ck_assert(!row("lag_seconds")->beyond);
    ck_assert(row("lag_records")->beyond);
    end();
}
END_TEST

static const char *complaint(const char *text)
{
    static struct note note;
    tolerances_init(&tolerances);
    ck_assert(err_is(tolerances_read(&tolerances, text, &note)));
    return note.text;
}

START_TEST(a_tolerance_that_is_none_is_refused_with_what_was_found)
{
    ck_assert_str_eq(complaint("much"), "--tolerance: found 'much', expected a share such as 15% "
                                        "or 0.15");
    ck_assert_ptr_nonnull(strstr(complaint("-5%"), "found '-5%'"));
    ck_assert_ptr_nonnull(strstr(complaint("lag_seconds="), "found ''"));
    ck_assert_ptr_nonnull(strstr(complaint("lag_second=5%"), "did you mean 'lag_seconds'?"));
    ck_assert_ptr_nonnull(strstr(complaint("=5%"), "expected a metric"));
}
END_TEST

Suite *test_compare_ratios_suite(void);

Suite *test_compare_ratios_suite(void)
{
    Suite *suite = suite_create("compare_ratios");
    TCase *tcase = tcase_create("ratios");
    tcase_add_test(tcase, a_ratio_is_beyond_its_tolerance_on_either_side);
    tcase_add_test(tcase, nothing_by_nothing_is_one_and_something_by_nothing_is_beyond);
    tcase_add_test(tcase, a_metric_may_have_a_tolerance_of_its_own);
    tcase_add_test(tcase, a_tolerance_that_is_none_is_refused_with_what_was_found);
    suite_add_tcase(suite, tcase);
    return suite;
}
