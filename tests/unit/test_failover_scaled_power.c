/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/failover/scaled_power.c: Java's doubles, without doubles. The yardstick is the C
 * library's pow, which misses the nearest double by one unit in about one of ten thousand calls
 * (ours does not, as exact fractions show).
 */
#include <check.h>
#include <math.h>
#include <signal.h>

#include "core/base/rng.h"
#include "core/failover/scaled_power.h"

static int64_t by_doubles(int64_t base, int64_t ratio_ppm, int64_t exponent)
{
    double value = (double)base * pow((double)ratio_ppm / 1e6, (double)exponent);
    return value >= 0x1p63 ? INT64_MAX : (int64_t)value;
}

/* A9: exponential, the delay of attempt n is floor(initial * multiplier^n). */
START_TEST(scaled_power_gives_the_waits_of_flinks_defaults)
{
    static const int64_t waits_ms[] = { 1000, 1500, 2250, 3375, 5062, 7593, 11390, 17085, 25628 };
    for (int n = 0; n < 9; n++)
        ck_assert_int_eq(scaled_power(1000, 1500000, n), waits_ms[n]);
}
END_TEST

START_TEST(scaled_power_cuts_where_a_double_falls_just_short)
{
    ck_assert_int_eq(scaled_power(1000, 1200000, 3), 1727);
    ck_assert_int_eq(scaled_power(1000, 1100000, 3), 1331);
    ck_assert_int_eq(scaled_power(1000, 1200000, 2), 1440);
}
END_TEST

START_TEST(scaled_power_saturates_instead_of_running_over)
{
    ck_assert_int_eq(scaled_power(1000, 1500000, 1000), INT64_MAX);
    ck_assert_int_eq(scaled_power(1, 2000000, 62), (int64_t)1 << 62);
    ck_assert_int_eq(scaled_power(1, 2000000, 63), INT64_MAX);
    ck_assert_int_eq(scaled_power(INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
    ck_assert_int_eq(scaled_power(INT64_MAX, 1000000, 1), INT64_MAX);
}
END_TEST

START_TEST(scaled_power_of_small_things_is_zero)
{
    ck_assert_int_eq(scaled_power(0, 1500000, 7), 0);
    ck_assert_int_eq(scaled_power(0, 1500000, INT64_MAX), 0);
    ck_assert_int_eq(scaled_power(5, 0, 1), 0);
    ck_assert_int_eq(scaled_power(5, 0, 2), 0);
    ck_assert_int_eq(scaled_power(5, 0, 0), 5);
    ck_assert_int_eq(scaled_power(9, 100000, 1), 0);
    ck_assert_int_eq(scaled_power(1000000, 100000, INT64_MAX), 0);
}
END_TEST

START_TEST(scaled_power_of_one_is_the_base_at_any_exponent)
{
    ck_assert_int_eq(scaled_power(123456, 1000000, INT64_MAX), 123456);
}
END_TEST

START_TEST(scaled_power_agrees_with_doubles_on_a_grid)
{
    for (int64_t ratio = 1000001; ratio < 4000000; ratio += 49999)
        for (int64_t n = 0; n < 60; n++)
            ck_assert_int_eq(scaled_power(1000, ratio, n), by_doubles(1000, ratio, n));
}
END_TEST

START_TEST(scaled_power_agrees_with_doubles_on_random_arguments)
{
    struct rng rng = rng_stream(1, "scaled power", 0);
    int different = 0;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = rng_next(&rng);
        int64_t base = (int64_t)(bits >> (1 + rng_below(&rng, 62)));
        int64_t ratio = rng_between(&rng, 0, 3000000);
        int64_t n = rng_between(&rng, 0, 30);
        int64_t ours = scaled_power(base, ratio, n), theirs = by_doubles(base, ratio, n);
        int64_t unit = theirs >> 52 > 0 ? theirs >> 52 : 1;
        ck_assert_int_le(ours > theirs ? ours - theirs : theirs - ours, 2 * unit);
        different += ours != theirs;
    }
    ck_assert_int_lt(different, 40);
}
END_TEST

START_TEST(scaled_power_refuses_negative_arguments)
{
    scaled_power(-1, 1000000, 1);
}
END_TEST

Suite *test_failover_scaled_power_suite(void);
Suite *test_failover_scaled_power_suite(void)
{
    Suite *suite = suite_create("failover_scaled_power");
    TCase *tcase = tcase_create("scaled power");
    tcase_add_test(tcase, scaled_power_gives_the_waits_of_flinks_defaults);
    tcase_add_test(tcase, scaled_power_cuts_where_a_double_falls_just_short);
    tcase_add_test(tcase, scaled_power_saturates_instead_of_running_over);
    tcase_add_test(tcase, scaled_power_of_small_things_is_zero);
    tcase_add_test(tcase, scaled_power_of_one_is_the_base_at_any_exponent);
    tcase_add_test(tcase, scaled_power_agrees_with_doubles_on_a_grid);
    tcase_add_test(tcase, scaled_power_agrees_with_doubles_on_random_arguments);
    tcase_add_test_raise_signal(tcase, scaled_power_refuses_negative_arguments, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
