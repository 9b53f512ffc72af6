/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads that end: exactly the records asked for, or nothing behind a time; what cannot end is
 * refused in one line.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "tests/lib/load_fixture.h"
#include "tests/lib/series_look.h"

static struct scenario *scenario;

static void teardown(void)
{
    scenario_destroy(scenario);
    scenario = NULL;
}

/* A run of an hour; the job is submitted at `at`. */
static const struct series *load_at(const char *at, const char *load)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "name: t\nduration: 1h\n"
             "jobs: [ { name: j, at: %s, vertices: [ { name: s } ], load: %s } ]\n",
             at, load);
    scenario_destroy(scenario);
    scenario = load_fixture_scenario(yaml);
    return &scenario->jobs.items[0].loads.items[0];
}

/* Records from a time on. */
static double amount_from(const struct series *s, time_ns from)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < s->points.count; i++) {
        time_ns begin = s->points.items[i].at, end = s->points.items[i + 1].at;
        begin = begin > from ? begin : from;
        sum += end > begin ? s->points.items[i].value * (double)(end - begin) / (double)TIME_S : 0;
    }
    return sum;
}

static bool is_bounded(void)
{
    return scenario->jobs.items[0].load_bounded.items[0];
}

START_TEST(a_number_of_records_comes_at_its_rate_and_then_nothing)
{
    const struct series *s = load_at("0s", "{ constant: 7k/s, records: 1m }");
    time_ns end = vec_last(&s->points).at;
    ck_assert(is_bounded());
    ck_assert_double_eq(vec_last(&s->points).value, 0);
    ck_assert_double_eq_tol(amount_from(s, 0), 1e6, 1e-6);
    ck_assert_int_ge(end, 142857142857);
    ck_assert_int_le(end, 142857142858);
}
END_TEST

START_TEST(records_count_from_the_submission_on)
{
    const struct series *s =
        load_at("10min", "{ points: [[0s, 1k/s], [15min, 2k/s]], records: 900k }");
    ck_assert_int_eq(vec_last(&s->points).at, 20 * TIME_MIN);
    ck_assert_double_eq_tol(amount_from(s, 10 * TIME_MIN), 900e3, 1e-6);
    ck_assert_double_eq_tol(series_look_at(s, 16 * TIME_MIN), 2000, 1e-6);
}
END_TEST

/* No double is 1.005 or 4.015; the numbers of records are whole all the same. */
START_TEST(records_in_thousands_are_whole)
{
    ck_assert_double_eq(load_at("0s", "{ records: 1.005k }")->points.items[0].value, 1005e3);
    ck_assert_double_eq(load_at("0s", "{ records: 4.015k }")->points.items[0].value, 4015e3);
}
END_TEST

START_TEST(records_without_a_rate_are_there_at_the_submission)
{
    const struct series *s = load_at("5min", "{ records: 300m }");
    ck_assert(is_bounded());
    ck_assert_int_eq(s->points.items[0].at, 5 * TIME_MIN);
    ck_assert_int_eq(vec_last(&s->points).at, 5 * TIME_MIN + TIME_MS);
    ck_assert_double_eq_tol(amount_from(s, 0), 300e6, 1e-3);
}
END_TEST

START_TEST(a_load_ends_at_a_time)
{
    const struct series *s =
        load_at("0s", "{ points: [[0s, 5/s], [10min, 9/s], [20min, 3/s]], until: 10min }");
    ck_assert(is_bounded());
    ck_assert_uint_eq(s->points.count, 2);
    ck_assert_double_eq(series_look_at(s, 10 * TIME_MIN - 1), 5);
    ck_assert_double_eq(series_look_at(s, 10 * TIME_MIN), 0);
}
END_TEST

START_TEST(other_loads_have_no_end)
{
    load_at("0s", "{ steps: { every: 1min, values: [5/s] } }");
    ck_assert(!is_bounded());
}
END_TEST

#define LOAD(load)                                                                                 \
    "name: t\nduration: 1h\njobs:\n"                                                               \
    "  - { name: j, at: 10min, vertices: [ { name: s } ],\n"                                       \
    "      load: " load " }\n"

static const struct broken {
    const char *yaml, *complaint;
} broken[] = {
    { LOAD("{ records: 0 }"),
      "t.yaml:5: jobs.j.load.records: found '0', expected a number such as 200, 1.5k or 2m, "
      "above 0" },
    { LOAD("{ constant: 5/s, records: -3 }"),
      "t.yaml:5: jobs.j.load.records: found '-3', expected a number such as 200, 1.5k or 2m, "
      "above 0" },
    { LOAD("{ constant: 5/s, records: 1.5 }"),
      "t.yaml:5: jobs.j.load.records: found '1.5', expected a whole number of records" },
    { LOAD("{ records: 600000000.5 }"),
      "t.yaml:5: jobs.j.load.records: found '600000000.5', expected a whole number of records" },
    { LOAD("{ constant: 5/s, records: 20k }"),
      "t.yaml:5: jobs.j.load.records: found more records than arrive from the job's submission to "
      "the end of the run, expected at most 15000" },
    { LOAD("{ constant: 5/s, records: 2k, until: 20min }"),
      "t.yaml:5: jobs.j.load.until: found both records and until, expected one" },
    { LOAD("{ constant: 5/s, until: 2h }"),
      "t.yaml:5: jobs.j.load.until: found '2h', expected a time within the run, which ends "
      "before" },
    { LOAD("{ constant: 5/s, until: 10min }"),
      "t.yaml:5: jobs.j.load.until: found '10min', expected a time behind the job's submission" },
    { LOAD("{ constant: 5/s, per-subtask: true, records: 2k }"),
      "t.yaml:5: jobs.j.load.records: found an end of a load that is each subtask's pace, expected "
      "one for the whole source, or per-subtask: false" },
    { LOAD("{ sum: [ { constant: 5/s, records: 2k } ] }"),
      "t.yaml:5: jobs.j.load.sum.0.records: found a key of the whole load, expected it outside the "
      "sum" },
    { LOAD("{ records: 2k, scale: 2 }"),
      "t.yaml:5: jobs.j.load.scale: found a key that goes with a kind of load, expected none "
      "here" },
    { LOAD("{ until: 20min }"),
      "t.yaml:5: jobs.j.load: found a map, expected a rate such as 500/s, or a map with one of "
      "constant, points, steps, trace, sum, step, ramp, sine, diurnal, spike, flash-crowd or "
      "random-walk" },
};

START_TEST(an_end_that_cannot_be_is_said_in_one_line)
{
    ck_assert_str_eq(load_fixture_complaint(broken[_i].yaml), broken[_i].complaint);
}
END_TEST

Suite *test_load_bounds_suite(void)
{
    Suite *suite = suite_create("load bounds");
    TCase *all = tcase_create("bounds");
    tcase_add_checked_fixture(all, NULL, teardown);
    tcase_add_test(all, a_number_of_records_comes_at_its_rate_and_then_nothing);
    tcase_add_test(all, records_count_from_the_submission_on);
    tcase_add_test(all, records_in_thousands_are_whole);
    tcase_add_test(all, records_without_a_rate_are_there_at_the_submission);
    tcase_add_test(all, a_load_ends_at_a_time);
    tcase_add_test(all, other_loads_have_no_end);
    tcase_add_loop_test(all, an_end_that_cannot_be_is_said_in_one_line, 0,
                        sizeof broken / sizeof *broken);
    suite_add_tcase(suite, all);
    return suite;
}
