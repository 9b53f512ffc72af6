/* SPDX-License-Identifier: Apache-2.0
 *
 * `wanted` beside a record of machines: at each moment there are as many as are both to be had and
 * wanted. Scenarios come in as text; the series of machines, or the complaint, is looked at.
 */
#include <check.h>
#include <stdio.h>

#include "tests/lib/load_fixture.h"
#include "tests/lib/series_look.h"

static struct scenario *s;

static void teardown(void)
{
    scenario_destroy(s);
    s = NULL;
}

static const struct series *machines(const char *churn)
{
    char yaml[1024];
    teardown();
    snprintf(yaml, sizeof yaml, "%scluster:\n  churn: %s\n", LOAD_FIXTURE_BASE, churn);
    s = load_fixture_scenario(yaml);
    ck_assert_int_eq(s->cluster.churn.kind, CHURN_SERIES);
    return &s->cluster.churn.count;
}

static void expect_points(const struct series *series, const struct series_point *points,
                          size_t count)
{
    ck_assert_uint_eq(series->points.count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(series->points.items[i].at, points[i].at);
        ck_assert_double_eq(series->points.items[i].value, points[i].value);
    }
}

#define EXPECT_POINTS(series, ...)                                                                 \
    expect_points(series, (const struct series_point[]){ __VA_ARGS__ },                            \
                  sizeof((const struct series_point[]){ __VA_ARGS__ }) /                           \
                      sizeof(struct series_point))

START_TEST(there_are_as_many_machines_as_are_available_and_wanted)
{
    EXPECT_POINTS(machines("{ steps: [[0s, 5], [10min, 2], [20min, 9]],"
                           "  wanted: { steps: [[0s, 3], [15min, 1], [30min, 12]] } }"),
                  { 0, 3 }, { 10 * TIME_MIN, 2 }, { 15 * TIME_MIN, 1 }, { 30 * TIME_MIN, 9 });
}
END_TEST

/* A change of one record under the limit of the other is no change: nobody is taken away. */
START_TEST(changes_that_the_other_record_hides_make_no_step)
{
    EXPECT_POINTS(machines("{ steps: [[0s, 8], [5min, 6], [10min, 9]],"
                           "  wanted: { steps: [[0s, 4]] } }"),
                  { 0, 4 });
    EXPECT_POINTS(machines("{ steps: [[0s, 4]],"
                           "  wanted: { steps: [[0s, 8], [5min, 6], [10min, 9]] } }"),
                  { 0, 4 });
}
END_TEST

/* Both records begin with nothing, and both hold their last count. */
START_TEST(before_the_first_wish_nothing_is_wanted)
{
    EXPECT_POINTS(machines("{ steps: [[0s, 4]], wanted: { steps: [[10min, 2]] } }"),
                  { 10 * TIME_MIN, 2 });
    EXPECT_POINTS(machines("{ steps: [[10min, 4]], wanted: { steps: [[0s, 2], [50min, 7]] } }"),
                  { 10 * TIME_MIN, 2 }, { 50 * TIME_MIN, 4 });
    ck_assert_double_eq(series_look_at(&s->cluster.churn.count, 59 * TIME_MIN), 4);
}
END_TEST

/* Scale, rounding down, repeat and max belong to the record they stand in. */
START_TEST(wanted_is_stretched_by_its_own_keys)
{
    EXPECT_POINTS(machines("{ steps: [[0s, 4]], scale: 2,"
                           "  wanted: { steps: [[0s, 2], [10min, 6], [20min, 2]], scale: 1.3,"
                           "            repeat: true, max: 7 } }"),
                  { 0, 2 }, { 10 * TIME_MIN, 7 }, { 20 * TIME_MIN, 2 }, { 30 * TIME_MIN, 7 },
                  { 40 * TIME_MIN, 2 }, { 50 * TIME_MIN, 7 });
    /* 90 times 0.7 is 63, in binary fractions a little less */
    EXPECT_POINTS(machines("{ steps: [[0s, 90]], scale: 0.7 }"), { 0, 63 });
    EXPECT_POINTS(machines("{ steps: [[0s, 9]],"
                           "  wanted: { steps: [[0s, 2], [10min, 6]], compress: 2 } }"),
                  { 0, 2 }, { 5 * TIME_MIN, 6 });
}
END_TEST

START_TEST(wanted_may_be_a_file)
{
    char churn[512];
    snprintf(churn, sizeof churn,
             "{ steps: [[0s, 5]], wanted: { trace: %s, time: t, count: machines, from: 60s } }",
             load_fixture_file("wanted.csv", "machines,t\n9,0\n2,60\n7,120\n"));
    EXPECT_POINTS(machines(churn), { 0, 2 }, { 60 * TIME_S, 5 });
}
END_TEST

#define COMPLAINT(churn) load_fixture_complaint(LOAD_FIXTURE_BASE "cluster:\n  churn: " churn "\n")

START_TEST(wanted_without_a_record_is_refused)
{
    ck_assert_str_eq(COMPLAINT("{ wanted: { steps: [[0s, 1]] } }"),
                     "t.yaml:9: cluster.churn: found a map, expected a map with one of trace, "
                     "steps or exponential");
    ck_assert_str_eq(COMPLAINT("{ exponential: { mean: 1h }, wanted: { steps: [[0s, 1]] } }"),
                     "t.yaml:9: cluster.churn.wanted: found a key that goes with trace or steps, "
                     "expected none here");
}
END_TEST

START_TEST(wanted_is_one_record_and_nothing_else)
{
    ck_assert_str_eq(COMPLAINT("{ steps: [[0s, 1]], wanted: { max: 4 } }"),
                     "t.yaml:9: cluster.churn.wanted: found a map, expected a map with one of "
                     "trace or steps");
    ck_assert_str_eq(COMPLAINT("{ steps: [[0s, 1]], wanted: { trace: a, steps: [[0s, 1]] } }"),
                     "t.yaml:9: cluster.churn.wanted.steps: found a second kind of record beside "
                     "'trace', expected one of trace or steps");
    ck_assert_str_eq(COMPLAINT("{ steps: [[0s, 1]], wanted: { steps: [[0s, 1]], notice: 9s } }"),
                     "t.yaml:9: cluster.churn.wanted.notice: found a key that goes with churn "
                     "itself, expected none here");
    ck_assert_str_eq(COMPLAINT("{ steps: [[0s, 1]], wanted: { steps: [[0s, 1]], from: 9s } }"),
                     "t.yaml:9: cluster.churn.wanted.from: found a key that goes with trace, "
                     "expected none here");
    ck_assert_str_eq(COMPLAINT("{ steps: [[0s, 1]], wanted: { steps: [[0s, -1]] } }"),
                     "t.yaml:9: cluster.churn.wanted.steps.0.1: found '-1', expected a number such "
                     "as 200, 1.5k or 2m, at least 0");
    ck_assert_str_eq(COMPLAINT("{ steps: [[0s, 1]], wanted: 4 }"),
                     "t.yaml:9: cluster.churn.wanted: found '4', expected a map");
}
END_TEST

Suite *test_load_churn_wanted_suite(void)
{
    Suite *suite = suite_create("load_churn_wanted");
    TCase *tcase = tcase_create("wanted");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, there_are_as_many_machines_as_are_available_and_wanted);
    tcase_add_test(tcase, changes_that_the_other_record_hides_make_no_step);
    tcase_add_test(tcase, before_the_first_wish_nothing_is_wanted);
    tcase_add_test(tcase, wanted_is_stretched_by_its_own_keys);
    tcase_add_test(tcase, wanted_may_be_a_file);
    tcase_add_test(tcase, wanted_without_a_record_is_refused);
    tcase_add_test(tcase, wanted_is_one_record_and_nothing_else);
    suite_add_tcase(suite, tcase);
    return suite;
}
