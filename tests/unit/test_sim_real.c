/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/kernel/real.c against the C library's functions, which are good to about 1e-16: only
 * a test may use them, because their last bit differs from machine to machine.
 */
#include "sim/kernel/real.h"

#include <check.h>
#include <math.h>
#include <signal.h>

#include "core/base/rng.h"

static const double allowed = 1e-14;

static void check_near(double ours, double theirs)
{
    double error = fabs(ours - theirs);
    if (fabs(theirs) > 0x1p-1000)
        error /= fabs(theirs);
    ck_assert_msg(ours == theirs || error <= allowed, "%.17g, expected %.17g", ours, theirs);
}

static double between(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_unit(rng);
}

START_TEST(real_exp_agrees_with_the_c_library)
{
    struct rng rng = rng_stream(1, "exp", 0);
    for (int i = 0; i < 200000; i++) {
        double x = between(&rng, -745, 709.7), small = between(&rng, -1, 1);
        check_near(real_exp(x), exp(x));
        check_near(real_exp(small), exp(small));
        check_near(real_exp(small * 1e-9), exp(small * 1e-9));
    }
}
END_TEST

START_TEST(real_log_agrees_with_the_c_library)
{
    struct rng rng = rng_stream(1, "log", 0);
    for (int i = 0; i < 200000; i++) {
        double x = exp(between(&rng, -744, 709)), unit = 1 - rng_unit(&rng);
        double near_one = 1 + between(&rng, -1e-3, 1e-3);
        check_near(real_log(x), log(x));
        check_near(real_log(unit), log(unit));
        check_near(real_log(near_one), log(near_one));
    }
}
END_TEST

START_TEST(real_pow_agrees_with_the_c_library_even_for_large_exponents)
{
    struct rng rng = rng_stream(1, "pow", 0);
    for (int i = 0; i < 200000; i++) {
        double x = exp(between(&rng, -300, 300)), y = between(&rng, -2.3, 2.3);
        check_near(real_pow(x, y), pow(x, y));
        double near_one = 1 + between(&rng, -1e-2, 1e-2), large = between(&rng, -7e4, 7e4);
        check_near(real_pow(near_one, large), pow(near_one, large));
        double n = (double)rng_below(&rng, 1000000) + 1, zipf = between(&rng, 0, 3);
        check_near(real_pow(n, -zipf), pow(n, -zipf));
    }
}
END_TEST

START_TEST(real_functions_handle_the_ends_of_their_ranges)
{
    ck_assert(real_exp(0) == 1);
    ck_assert(real_exp(1000) == INFINITY && real_exp(INFINITY) == INFINITY);
    ck_assert(real_exp(-1000) == 0 && real_exp(-INFINITY) == 0);
    ck_assert(isnan(real_exp(NAN)) && isnan(real_log(NAN)) && isnan(real_pow(NAN, 2)));
    check_near(real_exp(709.78), exp(709.78));
    check_near(real_exp(-745), exp(-745));
    ck_assert(real_log(1) == 0);
    ck_assert(real_log(0) == -INFINITY && real_log(INFINITY) == INFINITY);
    check_near(real_log(0x1p-1074), log(0x1p-1074));
    check_near(real_log(0x1.fffffffffffffp1023), log(0x1.fffffffffffffp1023));
    ck_assert(real_pow(0, 2) == 0 && real_pow(0, -2) == INFINITY && real_pow(0, 0) == 1);
    ck_assert(real_pow(INFINITY, 2) == INFINITY && real_pow(INFINITY, -2) == 0);
    ck_assert(real_pow(2, 10) == 1024 && real_pow(7, 0) == 1 && real_pow(1, 1e300) == 1);
    ck_assert(real_pow(10, 400) == INFINITY && real_pow(10, -400) == 0);
    ck_assert(real_pow(3, 1e-300) == 1);
}
END_TEST

/* Equal bits on every machine, compiler and optimisation level. */
START_TEST(real_functions_give_these_very_bits)
{
    ck_assert(real_exp(1) == 0x1.5bf0a8b14576ap+1);
    ck_assert(real_log(10) == 0x1.26bb1bbb55516p+1);
    ck_assert(real_pow(10, 0.9) == 0x1.fc5ebcec13542p+2);
    ck_assert(real_exp(-20.5) == 0x1.57a3afeed00acp-30);
}
END_TEST

START_TEST(real_time_is_whole_ns_or_never)
{
    ck_assert_int_eq(real_time(0), 0);
    ck_assert_int_eq(real_time(1.9), 1);
    ck_assert_int_eq(real_time(0x1.fffffffffffffp62), INT64_MAX - 1023);
    ck_assert_int_eq(real_time(0x1p63), TIME_NEVER);
    ck_assert_int_eq(real_time(INFINITY), TIME_NEVER);
}
END_TEST

START_TEST(real_time_before_now_is_impossible)
{
    real_time(-1);
}
END_TEST

START_TEST(real_log_of_a_negative_number_is_impossible)
{
    real_log(-1);
}
END_TEST

START_TEST(real_pow_of_a_negative_number_is_impossible)
{
    real_pow(-2, 2);
}
END_TEST

Suite *test_sim_real_suite(void)
{
    Suite *suite = suite_create("sim_real");
    TCase *tcase = tcase_create("real");
    tcase_add_test(tcase, real_exp_agrees_with_the_c_library);
    tcase_add_test(tcase, real_log_agrees_with_the_c_library);
    tcase_add_test(tcase, real_pow_agrees_with_the_c_library_even_for_large_exponents);
    tcase_add_test(tcase, real_functions_handle_the_ends_of_their_ranges);
    tcase_add_test(tcase, real_functions_give_these_very_bits);
    tcase_add_test(tcase, real_time_is_whole_ns_or_never);
    tcase_add_test_raise_signal(tcase, real_time_before_now_is_impossible, SIGABRT);
    tcase_add_test_raise_signal(tcase, real_log_of_a_negative_number_is_impossible, SIGABRT);
    tcase_add_test_raise_signal(tcase, real_pow_of_a_negative_number_is_impossible, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
