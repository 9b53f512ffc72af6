/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys, key groups and distinct keys, and the integral of a load with its inverse.
 */
#include <check.h>
#include <math.h>

#include "core/graph/key_groups.h"
#include "sim/kernel/real.h"
#include "sim/model/curve.h"
#include "sim/model/keyspace.h"
#include "tests/lib/series_look.h"

static struct vertex_model keyed(int64_t keys, double zipf)
{
    return (struct vertex_model){ .keys = keys,
                                  .skew = zipf > 0 ? SKEW_ZIPF : SKEW_NONE,
                                  .zipf = zipf };
}

/* A12, key groups: uniform keys do not make uniform groups; the hash decides. */
START_TEST(uniform_keys_fall_into_the_groups_flink_puts_them)
{
    struct vertex_model vertex = keyed(1000, 0);
    struct keyspace *keyspace = keyspace_create(&vertex, 128);
    double counts[128] = { 0 };
    for (int32_t key = 0; key < 1000; key++)
        counts[key_group_of_hash(key, 128)]++;
    for (uint32_t g = 0; g < 128; g++)
        ck_assert_double_eq_tol(keyspace_record_share(keyspace, g, g), counts[g] / 1000, 1e-12);
    ck_assert_double_eq_tol(keyspace_record_share(keyspace, 0, 127), 1, 1e-12);
    keyspace_destroy(keyspace);
}
END_TEST

START_TEST(zipf_weights_are_those_of_the_single_keys)
{
    struct vertex_model vertex = keyed(50000, 1.1);
    struct keyspace *keyspace = keyspace_create(&vertex, 64);
    double weights[64] = { 0 }, total = 0;
    for (int32_t key = 0; key < 50000; key++) {
        double weight = real_pow(key + 1, -1.1);
        weights[key_group_of_hash(key, 64)] += weight;
        total += weight;
    }
    for (uint32_t g = 0; g < 64; g++)
        ck_assert_double_eq_tol(keyspace_record_share(keyspace, g, g), weights[g] / total, 1e-8);
    keyspace_destroy(keyspace);
}
END_TEST

/* Above KEYS_EXPLICIT_MAX the tail is spread evenly: its total must still be right. */
START_TEST(zipf_tail_beyond_the_explicit_keys_has_its_weight)
{
    struct vertex_model vertex = keyed(5000000, 0.9);
    struct keyspace *keyspace = keyspace_create(&vertex, 1);
    double first = 1, total = 0;
    for (int key = 1; key <= 5000000; key++)
        total += real_pow(key, -0.9);
    ck_assert_double_eq_tol(keyspace->bands.items[0].share, first / total, 1e-8);
    keyspace_destroy(keyspace);
}
END_TEST

START_TEST(given_weights_are_taken_as_they_are)
{
    struct vertex_model vertex = { .skew = SKEW_WEIGHTS };
    vec_push(&vertex.weights, 1);
    vec_push(&vertex.weights, 3);
    struct keyspace *keyspace = keyspace_create(&vertex, 2);
    ck_assert_double_eq_tol(keyspace_record_share(keyspace, 1, 1), 0.75, 1e-12);
    ck_assert_double_eq(keyspace_record_share(keyspace, 1, 0), 0);
    keyspace_destroy(keyspace);
    vec_fini(&vertex.weights);
}
END_TEST

/* Uniform: K (1 - (1 - 1/K)^n). Tolerance 0.5 %: Poisson instead of binomial, and a table. */
START_TEST(distinct_uniform_keys_follow_the_formula)
{
    struct vertex_model vertex = keyed(20000, 0);
    struct keyspace *keyspace = keyspace_create(&vertex, 128);
    for (double n = 1; n < 1e7; n *= 3.3) {
        double exact = 20000 * (1 - real_exp(n * real_log(1 - 1.0 / 20000)));
        ck_assert_double_eq_tol(keyspace_distinct(keyspace, n), exact, 0.005 * exact);
    }
    ck_assert_double_eq(keyspace_distinct(keyspace, 0), 0);
    ck_assert_double_eq_tol(keyspace_distinct(keyspace, 1e15), 20000, 1e-6);
    keyspace_destroy(keyspace);
}
END_TEST

/* Zipf: the sum over keys of 1 - (1 - p)^n, key by key. Tolerance 1 %: Poisson. */
START_TEST(distinct_zipf_keys_agree_with_the_sum_over_keys)
{
    enum { KEYS = 10000 };
    struct vertex_model vertex = keyed(KEYS, 1);
    struct keyspace *keyspace = keyspace_create(&vertex, 128);
    double total = 0;
    for (int k = 1; k <= KEYS; k++)
        total += 1.0 / k;
    for (double n = 1; n <= 1e7; n *= 7.7) {
        double exact = 0;
        for (int k = 1; k <= KEYS; k++)
            exact += 1 - real_exp(n * real_log(1 - 1.0 / k / total));
        ck_assert_double_eq_tol(keyspace_distinct(keyspace, n), exact, 0.01 * exact);
    }
    keyspace_destroy(keyspace);
}
END_TEST

static struct series steps(void)
{
    static const struct series_point points[] = {
        { 0, 10 }, { 10 * TIME_S, 0 }, { 20 * TIME_S, 100 }, { 30 * TIME_S, 50 }
    };
    struct series series = { 0 };
    for (size_t i = 0; i < 4; i++)
        vec_push(&series.points, points[i]);
    return series;
}

START_TEST(arrivals_are_the_integral_of_the_load)
{
    struct series series = steps();
    struct curve curve;
    curve_init(&curve, &series, 5 * TIME_S);
    ck_assert_double_eq(curve_amount(&curve, 5 * TIME_S), 0);
    ck_assert_double_eq(curve_amount(&curve, 15 * TIME_S), 50);
    ck_assert_double_eq(curve_amount(&curve, 25 * TIME_S), 550);
    ck_assert_double_eq(curve_amount(&curve, 40 * TIME_S), 1550);
    ck_assert_double_eq(curve_amount(&curve, 7 * TIME_S), 20); /* going back is fine */
    for (time_ns t = 5 * TIME_S; t < 50 * TIME_S; t += TIME_S / 4)
        ck_assert_double_eq_tol(curve_amount(&curve, t),
                                series_look_integral(&series, 5 * TIME_S, t), 1e-9);
    ck_assert_double_eq(curve_rate(&curve, 21 * TIME_S), 100);
    ck_assert_double_eq(curve_rate(&curve, 4 * TIME_S), 0);
    ck_assert_int_eq(curve_next_change(&curve, 21 * TIME_S), 30 * TIME_S);
    ck_assert_int_eq(curve_next_change(&curve, 31 * TIME_S), TIME_NEVER);
    curve_fini(&curve);
    series_fini(&series);
}
END_TEST

START_TEST(the_next_record_arrives_when_the_integral_passes_it)
{
    struct series series = steps();
    struct curve curve;
    curve_init(&curve, &series, 5 * TIME_S);
    ck_assert_int_eq(curve_time(&curve, 0, 0), 5 * TIME_S);
    ck_assert_int_eq(curve_time(&curve, 20, 0), 7 * TIME_S);
    ck_assert_int_eq(curve_time(&curve, 50, 0), 20 * TIME_S); /* behind the pause */
    ck_assert_int_eq(curve_time(&curve, 1150, 0), 32 * TIME_S);
    curve_fini(&curve);
    vec_last(&series.points).value = 0;
    curve_init(&curve, &series, 5 * TIME_S);
    ck_assert_int_eq(curve_time(&curve, 1050, 0), TIME_NEVER);
    curve_fini(&curve);
    series_fini(&series);
}
END_TEST

Suite *test_model_keyspace_suite(void)
{
    Suite *suite = suite_create("model_keyspace");
    TCase *tests = tcase_create("keys and arrivals");
    tcase_add_test(tests, uniform_keys_fall_into_the_groups_flink_puts_them);
    tcase_add_test(tests, zipf_weights_are_those_of_the_single_keys);
    tcase_add_test(tests, zipf_tail_beyond_the_explicit_keys_has_its_weight);
    tcase_add_test(tests, given_weights_are_taken_as_they_are);
    tcase_add_test(tests, distinct_uniform_keys_follow_the_formula);
    tcase_add_test(tests, distinct_zipf_keys_agree_with_the_sum_over_keys);
    tcase_add_test(tests, arrivals_are_the_integral_of_the_load);
    tcase_add_test(tests, the_next_record_arrives_when_the_integral_passes_it);
    suite_add_tcase(suite, tests);
    return suite;
}
