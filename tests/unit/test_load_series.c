/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/series.c and of draws of lengths of time (sim/load/distribution.c).
 */
#include "sim/load/series.h"

#include <check.h>
#include <math.h>
#include <signal.h>

#include "sim/load/distribution.h"
#include "tests/lib/series_look.h"

static struct series steps(void)
{
    struct series series = { 0 };
    series_push(&series, 10 * TIME_S, 2);
    series_push(&series, 20 * TIME_S, 5);
    series_push(&series, 30 * TIME_S, 0);
    return series;
}

START_TEST(series_holds_a_value_until_the_next_point)
{
    struct series series = steps();
    ck_assert_double_eq(series_look_at(&series, 0), 0);
    ck_assert_double_eq(series_look_at(&series, 10 * TIME_S - 1), 0);
    ck_assert_double_eq(series_look_at(&series, 10 * TIME_S), 2);
    ck_assert_double_eq(series_look_at(&series, 20 * TIME_S - 1), 2);
    ck_assert_double_eq(series_look_at(&series, 100 * TIME_S), 0);
    series_fini(&series);
}
END_TEST

START_TEST(series_leaves_out_points_that_change_nothing)
{
    struct series series = { 0 };
    series_push(&series, 0, 0);
    series_push(&series, 1, 3);
    series_push(&series, 2, 3);
    series_push(&series, 3, 4);
    series_push(&series, 3, 5);
    ck_assert_uint_eq(series.points.count, 2);
    ck_assert_double_eq(series_look_at(&series, 3), 5);
    series_fini(&series);
}
END_TEST

START_TEST(series_refuses_a_point_in_the_past)
{
    struct series series = steps();
    series_push(&series, 5, 1);
}
END_TEST

START_TEST(series_adds_another_point_by_point)
{
    struct series a = steps(), b = { 0 };
    series_push(&b, 0, 1);
    series_push(&b, 20 * TIME_S, 10);
    series_push(&b, 25 * TIME_S, 0);
    series_add(&a, &b);
    ck_assert_uint_eq(a.points.count, 5);
    ck_assert_double_eq(series_look_at(&a, 5 * TIME_S), 1);
    ck_assert_double_eq(series_look_at(&a, 15 * TIME_S), 3);
    ck_assert_double_eq(series_look_at(&a, 20 * TIME_S), 15);
    ck_assert_double_eq(series_look_at(&a, 26 * TIME_S), 5);
    ck_assert_double_eq(series_look_at(&a, 31 * TIME_S), 0);
    series_fini(&a);
    series_fini(&b);
}
END_TEST

enum { DRAWS = 20001 };

/* The draws of a distribution in ascending order (insertion into buckets would do; this is a
 * merge sort, as qsort is not stable). */
static void sort(time_ns *items, time_ns *spare, size_t count)
{
    if (count < 2)
        return;
    size_t half = count / 2, a = 0, b = half;
    sort(items, spare, half);
    sort(items + half, spare, count - half);
    for (size_t i = 0; i < count; i++)
        spare[i] = a < half && (b == count || items[a] <= items[b]) ? items[a++] : items[b++];
    for (size_t i = 0; i < count; i++)
        items[i] = spare[i];
}

static time_ns draws[DRAWS], spare[DRAWS];

static double draw_all(struct distribution distribution)
{
    struct rng rng = rng_stream(7, "draws", 0);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        draws[i] = distribution_draw(&distribution, &rng);
        ck_assert_int_ge(draws[i], 0);
        sum += (double)draws[i];
    }
    sort(draws, spare, DRAWS);
    return sum / DRAWS;
}

static double quantile(double p)
{
    return (double)draws[(int)(p * (DRAWS - 1))];
}

START_TEST(constant_draws_nothing)
{
    struct rng rng = rng_stream(7, "draws", 0), before = rng;
    struct distribution d = distribution_constant(5 * TIME_S);
    ck_assert_int_eq(distribution_draw(&d, &rng), 5 * TIME_S);
    ck_assert_int_eq(distribution_mean(&d), 5 * TIME_S);
    ck_assert_mem_eq(&rng, &before, sizeof rng);
}
END_TEST

/* 20,001 draws: the tolerances are some five standard errors. */
START_TEST(exponential_has_its_mean_and_median)
{
    struct distribution d = { DRAW_EXPONENTIAL, 10 * TIME_S, 10 * TIME_S };
    ck_assert_double_eq_tol(draw_all(d), 10e9, 0.35e9);
    ck_assert_double_eq_tol(quantile(0.5), 6.931e9, 0.36e9);
    ck_assert_double_eq_tol(quantile(0.99), 46.05e9, 3.6e9);
    ck_assert_int_eq(distribution_mean(&d), 10 * TIME_S);
}
END_TEST

START_TEST(lognormal_has_its_median_and_99th_percentile)
{
    struct distribution d = { DRAW_LOGNORMAL, 40 * TIME_S, 180 * TIME_S };
    double mean = draw_all(d);
    ck_assert_double_eq_tol(quantile(0.5), 40e9, 1.2e9);
    ck_assert_double_eq_tol(quantile(0.99), 180e9, 16e9);
    ck_assert_double_eq_tol(mean, (double)distribution_mean(&d), 1.4e9);
}
END_TEST

START_TEST(uniform_stays_between_its_ends)
{
    struct distribution d = { DRAW_UNIFORM, TIME_S, 3 * TIME_S };
    ck_assert_double_eq_tol(draw_all(d), 2e9, 0.021e9);
    ck_assert_int_ge(draws[0], TIME_S);
    ck_assert_int_le(draws[DRAWS - 1], 3 * TIME_S);
    ck_assert_int_eq(distribution_mean(&d), 2 * TIME_S);
}
END_TEST

START_TEST(normal_has_mean_0_and_deviation_1)
{
    struct rng rng = rng_stream(9, "draws", 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = distribution_draw_normal(&rng);
        sum += x;
        squares += x * x;
    }
    ck_assert_double_eq_tol(sum / DRAWS, 0, 0.035);
    ck_assert_double_eq_tol(squares / DRAWS, 1, 0.05);
}
END_TEST

START_TEST(draws_repeat_with_the_seed)
{
    struct distribution d = { DRAW_LOGNORMAL, 40 * TIME_S, 180 * TIME_S };
    struct rng a = rng_stream(3, "boot", 1), b = rng_stream(3, "boot", 1);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(distribution_draw(&d, &a), distribution_draw(&d, &b));
}
END_TEST

/* To the nanosecond, whatever the compiler, its options and the C library. */
START_TEST(draws_are_the_same_on_every_machine)
{
    static const time_ns expected[] = { 118889229331,   40268034383,    88055090211, 52458349352625,
                                        23407335665237, 82099281022825, 1171967771,  1485028519 };
    struct distribution lognormal = { DRAW_LOGNORMAL, 40 * TIME_S, 180 * TIME_S };
    struct distribution exponential = { DRAW_EXPONENTIAL, 10 * TIME_H, 10 * TIME_H };
    struct distribution uniform = { DRAW_UNIFORM, TIME_S, 3 * TIME_S };
    struct rng rng = rng_stream(1, "golden", 0);
    for (int i = 0; i < 8; i++) {
        const struct distribution *d = i < 3 ? &lognormal : i < 6 ? &exponential : &uniform;
        ck_assert_int_eq(distribution_draw(d, &rng), expected[i]);
    }
}
END_TEST

Suite *test_load_series_suite(void)
{
    Suite *suite = suite_create("load_series");
    TCase *tcase = tcase_create("series");
    tcase_add_test(tcase, series_holds_a_value_until_the_next_point);
    tcase_add_test(tcase, series_leaves_out_points_that_change_nothing);
    tcase_add_test_raise_signal(tcase, series_refuses_a_point_in_the_past, SIGABRT);
    tcase_add_test(tcase, series_adds_another_point_by_point);
    tcase_add_test(tcase, constant_draws_nothing);
    tcase_add_test(tcase, exponential_has_its_mean_and_median);
    tcase_add_test(tcase, lognormal_has_its_median_and_99th_percentile);
    tcase_add_test(tcase, uniform_stays_between_its_ends);
    tcase_add_test(tcase, normal_has_mean_0_and_deviation_1);
    tcase_add_test(tcase, draws_repeat_with_the_seed);
    tcase_add_test(tcase, draws_are_the_same_on_every_machine);
    suite_add_tcase(suite, tcase);
    return suite;
}
