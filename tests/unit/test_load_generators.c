/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/load.c and generator.c: each kind of load against its formula, and how loads
 * are scaled, compressed, repeated and added.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/load_fixture.h"
#include "tests/lib/series_look.h"

static struct scenario *scenario;

static void teardown(void)
{
    scenario_destroy(scenario);
    scenario = NULL;
}

static const struct series *load_over(const char *duration, const char *load)
{
    char yaml[2048];
    snprintf(yaml, sizeof yaml,
             "name: t\nduration: %s\njobs: [ { name: j, vertices: [ { name: s } ], load: %s } ]\n",
             duration, load);
    scenario_destroy(scenario);
    scenario = load_fixture_scenario(yaml);
    return &scenario->jobs.items[0].loads.items[0];
}

static double at(const struct series *series, time_ns time)
{
    return series_look_at(series, time);
}

static double highest(const struct series *series)
{
    double most = 0;
    for (VEC_EACH(const struct series_point, point, &series->points))
        most = fmax(most, point->value);
    return most;
}

static const double tau = 6.283185307179586;

START_TEST(constant_is_one_point)
{
    ck_assert_double_eq(at(load_over("1h", "500/s"), 30 * TIME_MIN), 500);
    const struct series *s = load_over("1h", "{ constant: 6k/s, scale: 0.5 }");
    ck_assert_uint_eq(s->points.count, 1);
    ck_assert_double_eq(at(s, 0), 3000);
    ck_assert_uint_eq(load_over("1h", "0/s")->points.count, 0);
}
END_TEST

START_TEST(step_changes_once)
{
    const struct series *s = load_over("1h", "{ step: { from: 10/s, to: 30/s, at: 10min } }");
    ck_assert_uint_eq(s->points.count, 2);
    ck_assert_double_eq(at(s, 10 * TIME_MIN - 1), 10);
    ck_assert_double_eq(at(s, 10 * TIME_MIN), 30);
    s = load_over("1h", "{ step: { from: 10/s, to: 30/s, at: 2h } }"); /* after the end */
    ck_assert_uint_eq(s->points.count, 1);
}
END_TEST

/* The middle of each step lies on the line, so the records of a whole ramp are exact. */
START_TEST(ramp_is_a_straight_line)
{
    const struct series *s =
        load_over("1h", "{ ramp: { from: 0/s, to: 60/s, over: 10min, start: 5min, step: 10s } }");
    ck_assert_double_eq(at(s, 5 * TIME_MIN - 1), 0);
    ck_assert_double_eq_tol(at(s, 5 * TIME_MIN), 0.5, 1e-12);
    ck_assert_double_eq_tol(at(s, 10 * TIME_MIN), 30.5, 1e-12);
    ck_assert_double_eq(at(s, 15 * TIME_MIN), 60);
    ck_assert_double_eq_tol(series_look_integral(s, 5 * TIME_MIN, 15 * TIME_MIN), 30 * 600, 1e-6);
    s = load_over("1h", "{ ramp: { from: 60/s, to: 0/s, over: 1h } }");
    ck_assert_uint_eq(s->points.count, 60);
    ck_assert_double_eq_tol(series_look_integral(s, 0, TIME_H), 30 * 3600, 1e-6);
}
END_TEST

START_TEST(sine_follows_the_formula)
{
    const struct series *s =
        load_over("2h", "{ sine: { mean: 100/s, amplitude: 40/s, period: 1h, step: 1s } }");
    for (int i = 0; i < 7200; i += 7) {
        double expected = 100 + 40 * sin(tau * (i + 0.5) / 3600);
        ck_assert_double_eq_tol(at(s, i * TIME_S), expected, 1e-9);
    }
    ck_assert_double_eq_tol(series_look_integral(s, 0, TIME_H), 100 * 3600, 1e-5);
    s = load_over("1h", "{ sine: { mean: 1/s, amplitude: 1/s, period: 20min, peak-at: 7min } }");
    ck_assert_double_eq_tol(at(s, 27 * TIME_MIN), 2, 1e-3);
    ck_assert_double_eq_tol(at(s, 17 * TIME_MIN), 0, 1e-3);
    s = load_over("1h", "{ sine: { mean: 1/s, amplitude: 1/s, period: 20min, peak-at: 47min } }");
    ck_assert_double_eq_tol(at(s, 7 * TIME_MIN), 2, 1e-3); /* whole periods before it, too */
    ck_assert_double_eq_tol(at(s, 57 * TIME_MIN), 0, 1e-3);
}
END_TEST

START_TEST(diurnal_peaks_at_its_hour_every_day)
{
    const struct series *s = load_over("3d", "{ diurnal: { low: 100/s, high: 900/s } }");
    ck_assert_uint_le(s->points.count, 3 * 288);
    for (int day = 0; day < 3; day++) {
        ck_assert_double_eq_tol(at(s, day * TIME_DAY + 14 * TIME_H), 900, 0.2);
        ck_assert_double_eq_tol(at(s, day * TIME_DAY + 2 * TIME_H), 100, 0.2);
        ck_assert_double_eq_tol(at(s, day * TIME_DAY + 8 * TIME_H), 500, 5);
    }
    s = load_over("1d", "{ diurnal: { low: 0/s, high: 100/s, sharpness: 3, peak-at: 12h } }");
    ck_assert_double_eq_tol(at(s, 6 * TIME_H), 100 * 0.125, 1);
    ck_assert_double_eq_tol(highest(s), 100, 0.1);
}
END_TEST

START_TEST(spike_comes_once_or_again_and_again)
{
    const struct series *s =
        load_over("1h", "{ spike: { base: 10/s, peak: 100/s, at: 5min, for: 30s } }");
    ck_assert_uint_eq(s->points.count, 3);
    ck_assert_double_eq(series_look_integral(s, 0, TIME_H), 36000 + 90 * 30);
    s = load_over("1h", "{ spike: { base: 10/s, peak: 100/s, at: 5min, for: 30s, every: 10min } }");
    ck_assert_double_eq(series_look_integral(s, 0, TIME_H), 36000 + 6 * 90 * 30);
    ck_assert_double_eq(at(s, 55 * TIME_MIN + 10 * TIME_S), 100);
}
END_TEST

START_TEST(flash_crowd_rises_stays_and_halves)
{
    const struct series *s =
        load_over("3h", "{ flash-crowd: { base: 100/s, peak: 1100/s, at: 30min, "
                        "rise: 2min, hold: 5min, fall: 10min, step: 1s } }");
    ck_assert_double_eq(at(s, 30 * TIME_MIN - 1), 100);
    ck_assert_double_eq_tol(at(s, 31 * TIME_MIN), 600, 5);
    ck_assert_double_eq(at(s, 34 * TIME_MIN), 1100);
    ck_assert_double_eq_tol(at(s, 47 * TIME_MIN), 600, 1);
    ck_assert_double_eq_tol(at(s, 57 * TIME_MIN), 350, 1);
    ck_assert_double_eq_tol(at(s, 137 * TIME_MIN - TIME_S), 101, 0.1);
    ck_assert_double_eq(at(s, 137 * TIME_MIN + TIME_S), 100); /* ten halvings later */
}
END_TEST

/* Steps are counted where there are some: not over all of a run that is much longer. */
START_TEST(short_shapes_fit_into_long_runs)
{
    const struct series *s = load_over(
        "87d", "{ flash-crowd: { base: 100/s, peak: 1100/s, at: 30d, rise: 1s, hold: 5s } }");
    ck_assert_double_eq(at(s, 30 * TIME_DAY + 2 * TIME_S), 1100);
    s = load_over("87d", "{ ramp: { from: 100/s, to: 200/s, over: 10s, start: 1h } }");
    ck_assert_double_eq_tol(at(s, TIME_H + 5 * TIME_S), 150, 1);
    ck_assert_double_eq(at(s, TIME_H + 11 * TIME_S), 200);
    ck_assert_uint_lt(s->points.count, 100);
}
END_TEST

START_TEST(random_walk_stays_inside_and_repeats_with_the_seed)
{
    static const char walk[] =
        "{ random-walk: { start: 100/s, volatility: 20%, every: 1min, low: 40/s, high: 150/s } }";
    const struct series *s = load_over("1d", walk);
    ck_assert_uint_gt(s->points.count, 1400);
    double least = 1e9, most = 0;
    for (size_t i = 0; i < s->points.count; i++) {
        least = fmin(least, s->points.items[i].value);
        most = fmax(most, s->points.items[i].value);
    }
    ck_assert_double_ge(least, 40);
    ck_assert_double_le(most, 150);
    ck_assert_double_gt(most - least, 60);
    double noon = at(s, 12 * TIME_H);
    ck_assert_double_eq(at(load_over("1d", walk), 12 * TIME_H), noon);
}
END_TEST

enum { WALK_STEPS = 20 };

/* Its values, of the same draws whatever the walk; no bound is near. */
static void walk(const char *volatility, const char *pull, double values[WALK_STEPS])
{
    char load[128];
    snprintf(load, sizeof load, "{ random-walk: { start: 100/s, volatility: %s, pull: %s } }",
             volatility, pull);
    const struct series *s = load_over("20min", load);
    for (int i = 0; i < WALK_STEPS; i++)
        values[i] = at(s, i * TIME_MIN);
}

/* Twice the volatility goes twice as far: it is of the start, not of where the walk has come to. */
START_TEST(a_random_walk_draws_of_its_start)
{
    double once[WALK_STEPS], twice[WALK_STEPS];
    walk("3%", "0%", once);
    walk("6%", "0%", twice);
    for (int i = 0; i < WALK_STEPS; i++)
        ck_assert_double_eq_tol(twice[i] - 100, 2 * (once[i] - 100), 1e-9);
    ck_assert_double_gt(fabs(once[WALK_STEPS - 1] - 100), 1);
}
END_TEST

/* Each step is that of the walk that nothing pulls, and a quarter of the way back to the start. */
START_TEST(a_random_walk_is_pulled_to_its_start)
{
    double freely[WALK_STEPS], pulled[WALK_STEPS];
    walk("3%", "0%", freely);
    walk("3%", "25%", pulled);
    for (int i = 1; i < WALK_STEPS; i++)
        ck_assert_double_eq_tol(
            pulled[i], pulled[i - 1] + 0.25 * (100 - pulled[i - 1]) + freely[i] - freely[i - 1],
            1e-9);
}
END_TEST

START_TEST(random_walks_of_two_sources_differ)
{
    scenario = load_fixture_scenario(
        "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: a }, { name: b } ]\n"
        "    loads:\n      a: { random-walk: { start: 100/s, volatility: 5% } }\n"
        "      b: { random-walk: { start: 100/s, volatility: 5% } }\n");
    const struct series *loads = scenario->jobs.items[0].loads.items;
    ck_assert_double_ne(at(&loads[0], 30 * TIME_MIN), at(&loads[1], 30 * TIME_MIN));
}
END_TEST

START_TEST(random_walks_of_a_sum_differ)
{
    const struct series *s =
        load_over("1h", "{ sum: [ { random-walk: { start: 100/s, volatility: 5% } }, "
                        "{ random-walk: { start: 100/s, volatility: 5% } } ] }");
    const struct series one = *s;
    double both = at(&one, 30 * TIME_MIN);
    double twice =
        2 * at(load_over("1h", "{ random-walk: { start: 100/s, volatility: 5% } }"), 30 * TIME_MIN);
    ck_assert_double_ne(both, twice);
}
END_TEST

START_TEST(points_hold_until_the_next_and_the_last_for_ever)
{
    const struct series *s =
        load_over("3h", "{ points: [[0s, 10/s], [30min, 5/s], [1h, 20/s]], scale: 2 }");
    ck_assert_double_eq(at(s, 45 * TIME_MIN), 10);
    ck_assert_double_eq(at(s, 2 * TIME_H), 40);
}
END_TEST

/* With repeat the last point says where the period ends. */
START_TEST(points_repeat_with_the_last_as_the_end)
{
    const struct series *s =
        load_over("5h", "{ points: [[0s, 10/s], [30min, 5/s], [1h, 99/s]], repeat: true }");
    ck_assert_double_eq(highest(s), 10);
    ck_assert_double_eq(at(s, 4 * TIME_H), 10);
    ck_assert_double_eq(at(s, 4 * TIME_H + 30 * TIME_MIN), 5);
}
END_TEST

START_TEST(points_that_begin_late_begin_with_nothing_in_each_period)
{
    const struct series *s =
        load_over("2h", "{ points: [[10min, 10/s], [1h, 99/s]], repeat: true }");
    ck_assert_double_eq(at(s, TIME_H + 5 * TIME_MIN), 0);
    ck_assert_double_eq(at(s, TIME_H + 10 * TIME_MIN), 10);
}
END_TEST

START_TEST(steps_last_equally_long_and_then_end)
{
    const struct series *s =
        load_over("4h", "{ steps: { every: 1h, per: 1h, values: [3600, 7200, 36k] } }");
    ck_assert_double_eq(at(s, 30 * TIME_MIN), 1);
    ck_assert_double_eq(at(s, 90 * TIME_MIN), 2);
    ck_assert_double_eq(at(s, 150 * TIME_MIN), 10);
    ck_assert_double_eq(at(s, 3 * TIME_H), 0);
    s = load_over("4h", "{ steps: { every: 1h, values: [1/s, 2/s] }, repeat: true }");
    ck_assert_double_eq(at(s, 210 * TIME_MIN), 2);
}
END_TEST

/* Time runs 24 times faster, rates stay: a day of shape in an hour. */
START_TEST(compress_makes_time_run_faster)
{
    const struct series *s =
        load_over("1h", "{ steps: { every: 12h, values: [1/s, 2/s] }, compress: 24 }");
    ck_assert_double_eq(at(s, 29 * TIME_MIN), 1);
    ck_assert_double_eq(at(s, 31 * TIME_MIN), 2);
    ck_assert_uint_eq(s->points.count, 2);
}
END_TEST

START_TEST(compress_may_press_points_onto_each_other)
{
    const struct series *s =
        load_over("1h", "{ points: [[0s, 1/s], [1ns, 2/s], [2ns, 3/s]], compress: 1000 }");
    ck_assert_uint_eq(s->points.count, 1);
    ck_assert_double_eq(at(s, 0), 3);
}
END_TEST

START_TEST(sum_adds_its_parts)
{
    const struct series *s =
        load_over("1h", "{ sum: [ 10/s, { spike: { base: 0/s, peak: 5/s, at: 10min, for: 1min } }, "
                        "{ constant: 1/s, scale: 3 } ], scale: 2 }");
    ck_assert_double_eq(at(s, 0), 26);
    ck_assert_double_eq(at(s, 10 * TIME_MIN), 36);
    ck_assert_double_eq(at(s, 11 * TIME_MIN), 26);
}
END_TEST

START_TEST(per_subtask_is_handed_on)
{
    load_over("1h", "{ constant: 500/s, per-subtask: true }");
    ck_assert(scenario->jobs.items[0].load_per_subtask.items[0]);
    load_over("1h", "{ constant: 500/s }");
    ck_assert(!scenario->jobs.items[0].load_per_subtask.items[0]);
}
END_TEST

START_TEST(trace_file_is_found_and_stretched)
{
    char load[256];
    const char *path = load_fixture_file("t.csv", "when,requests\n0,600\n60,1200\n");
    snprintf(load, sizeof load, "{ trace: %s, per: 1min, scale: 40, repeat: true }", path);
    const struct series *s = load_over("10min", load);
    ck_assert_double_eq(at(s, 0), 400);
    ck_assert_double_eq(at(s, 9 * TIME_MIN + 1), 800);
    snprintf(load, sizeof load, "{ trace: %s, per: step, from: 1min }", path);
    s = load_over("10min", load);
    ck_assert_double_eq(at(s, 0), 20);
    ck_assert_double_eq(at(s, TIME_MIN), 0); /* the trace has ended */
}
END_TEST

Suite *test_load_generators_suite(void)
{
    Suite *suite = suite_create("load_generators");
    TCase *tcase = tcase_create("generators");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, constant_is_one_point);
    tcase_add_test(tcase, step_changes_once);
    tcase_add_test(tcase, ramp_is_a_straight_line);
    tcase_add_test(tcase, sine_follows_the_formula);
    tcase_add_test(tcase, diurnal_peaks_at_its_hour_every_day);
    tcase_add_test(tcase, spike_comes_once_or_again_and_again);
    tcase_add_test(tcase, flash_crowd_rises_stays_and_halves);
    tcase_add_test(tcase, short_shapes_fit_into_long_runs);
    tcase_add_test(tcase, random_walk_stays_inside_and_repeats_with_the_seed);
    tcase_add_test(tcase, a_random_walk_draws_of_its_start);
    tcase_add_test(tcase, a_random_walk_is_pulled_to_its_start);
    tcase_add_test(tcase, random_walks_of_two_sources_differ);
    tcase_add_test(tcase, random_walks_of_a_sum_differ);
    tcase_add_test(tcase, points_hold_until_the_next_and_the_last_for_ever);
    tcase_add_test(tcase, points_repeat_with_the_last_as_the_end);
    tcase_add_test(tcase, points_that_begin_late_begin_with_nothing_in_each_period);
    tcase_add_test(tcase, steps_last_equally_long_and_then_end);
    tcase_add_test(tcase, compress_makes_time_run_faster);
    tcase_add_test(tcase, compress_may_press_points_onto_each_other);
    tcase_add_test(tcase, sum_adds_its_parts);
    tcase_add_test(tcase, per_subtask_is_handed_on);
    tcase_add_test(tcase, trace_file_is_found_and_stretched);
    suite_add_tcase(suite, tcase);
    return suite;
}
