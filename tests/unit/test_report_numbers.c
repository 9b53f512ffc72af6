/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as a person says them, and statistics over samples.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "core/base/rng.h"
#include "sim/kernel/real.h"
#include "sim/report/number_text.h"
#include "sim/report/statistics.h"

static const char *said(double value, enum metric_unit unit)
{
    static char text[NUMBER_TEXT_SIZE];
    number_text(value, unit, text);
    return text;
}

static const char *moment(time_ns at, time_ns duration)
{
    static char text[NUMBER_TEXT_SIZE];
    number_text_moment(at, duration, text);
    return text;
}

START_TEST(large_numbers_have_a_prefix_and_never_an_exponent)
{
    ck_assert_str_eq(said(0, METRIC_COUNT), "0");
    ck_assert_str_eq(said(9999, METRIC_COUNT), "9999");
    ck_assert_str_eq(said(10000, METRIC_COUNT), "10.0 k");
    ck_assert_str_eq(said(1234567, METRIC_RECORDS), "1.23 M");
    ck_assert_str_eq(said(999999, METRIC_RECORDS), "1.00 M");
    ck_assert_str_eq(said(1e12, METRIC_RECORDS), "1.00 T");
    ck_assert_str_eq(said(0.5, METRIC_COUNT), "0.5");
    ck_assert_str_eq(said(34800, METRIC_RATE), "34.8 k/s");
    ck_assert_str_eq(said(number_none(), METRIC_RATE), "-");
}
END_TEST

START_TEST(each_unit_is_said_in_its_own_way)
{
    ck_assert_str_eq(said(0.625, METRIC_SHARE), "62.5 %");
    ck_assert_str_eq(said(512, METRIC_BYTES), "512 B");
    ck_assert_str_eq(said(3.0 * 1024 * 1024, METRIC_BYTES), "3.00 MiB");
    ck_assert_str_eq(said(31.2, METRIC_MONEY), "31.20");
    ck_assert_str_eq(said(0.1, METRIC_MONEY), "0.10");
    ck_assert_str_eq(said(0.00133, METRIC_MONEY), "0.0013");
    ck_assert_str_eq(said(0, METRIC_MONEY), "0.00");
    ck_assert_str_eq(said(384, METRIC_HOURS), "384 h");
}
END_TEST

START_TEST(durations_have_at_most_two_units)
{
    ck_assert_str_eq(said(0, METRIC_SECONDS), "0 s");
    ck_assert_str_eq(said(0.0000021, METRIC_SECONDS), "2.1 us");
    ck_assert_str_eq(said(0.521, METRIC_SECONDS), "521 ms");
    ck_assert_str_eq(said(45, METRIC_SECONDS), "45 s");
    ck_assert_str_eq(said(59.7, METRIC_SECONDS), "1 min");
    ck_assert_str_eq(said(200, METRIC_SECONDS), "3 min 20 s");
    ck_assert_str_eq(said(7200, METRIC_SECONDS), "2 h");
    ck_assert_str_eq(said(97200, METRIC_SECONDS), "1 d 3 h");
    ck_assert_str_eq(said(-90, METRIC_SECONDS), "-1 min 30 s");
}
END_TEST

START_TEST(moments_are_said_as_the_length_of_the_run_suggests)
{
    ck_assert_str_eq(moment(300 * TIME_S + 5 * TIME_MS, 8 * TIME_MIN), "300.005 s");
    ck_assert_str_eq(moment(14 * TIME_H + 5 * TIME_MIN, TIME_DAY), "14:05:00");
    ck_assert_str_eq(moment(2 * TIME_DAY + 90 * TIME_MIN, 87 * TIME_DAY), "day 3 01:30");
}
END_TEST

START_TEST(files_get_plain_numbers)
{
    char text[NUMBER_TEXT_SIZE];
    number_plain(1.0 / 3, text);
    ck_assert_str_eq(text, "0.333333333333");
    number_plain(123456789012.0, text);
    ck_assert_str_eq(text, "123456789012");
    number_plain(number_none(), text);
    ck_assert_str_eq(text, "");
}
END_TEST

static void check_as_printf(double value)
{
    char text[NUMBER_TEXT_SIZE], expected[NUMBER_TEXT_SIZE];
    number_plain(value, text);
    snprintf(expected, sizeof expected, "%.12g", value);
    ck_assert_str_eq(text, expected);
}

/* Of all sizes, and where rounding is hard: halves, nines, and both sides of each power of ten. */
START_TEST(plain_numbers_are_those_of_the_c_library)
{
    static const double odd[] = { 0,       -0.0,   1e-9, 1e12, 999999999999,     999999999999.5,
                                  1e300,   5e-324, 0.5,  1e-4, 9.99999999999e-5, 99999.9999999949,
                                  INFINITY };
    struct rng rng = rng_stream(1, "numbers", 0);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        check_as_printf(odd[i]);
        check_as_printf(-odd[i]);
    }
    for (int power = -12; power < 14; power++) {
        double value = real_pow(10, power);
        for (int i = 0; i < 3; i++, value = nextafter(value, 0))
            check_as_printf(value);
        check_as_printf(nextafter(real_pow(10, power), INFINITY));
        for (int i = 0; i < 2000; i++) {
            double unit = rng_unit(&rng);
            check_as_printf(unit * real_pow(10, power));
            check_as_printf(floor(unit * 4e12) / 8 * real_pow(2, power));
            check_as_printf(-floor(unit * 1e6) / 1000);
        }
    }
}
END_TEST

START_TEST(percentiles_are_those_of_nearest_rank)
{
    double values[200];
    for (int i = 0; i < 200; i++)
        values[i] = (double)((i * 37) % 200 + 1);
    struct statistics s = statistics_of(values, 200);
    ck_assert_double_eq(s.p50, 100);
    ck_assert_double_eq(s.p95, 190);
    ck_assert_double_eq(s.p99, 198);
    ck_assert_double_eq(s.min, 1);
    ck_assert_double_eq(s.max, 200);
    ck_assert_double_eq(s.mean, 100.5);
    ck_assert_double_eq(s.last, values[199]);
    ck_assert_double_eq(s.sum, 20100);
    ck_assert_double_eq(values[1], 38); /* the list itself stays in its order */
}
END_TEST

START_TEST(what_has_no_value_does_not_count)
{
    const double values[] = { number_none(), 3, number_none(), 1, number_none() };
    struct statistics s = statistics_of(values, 5);
    ck_assert_uint_eq(s.count, 2);
    ck_assert_double_eq(s.p50, 1);
    ck_assert_double_eq(s.p99, 3);
    ck_assert_double_eq(s.last, 1);
    s = statistics_of(values, 1);
    ck_assert_uint_eq(s.count, 0);
    ck_assert(number_is_none(s.mean) && number_is_none(s.max) && number_is_none(s.last));
}
END_TEST

START_TEST(sorting_works_at_every_length)
{
    double values[70];
    for (size_t count = 0; count <= 70; count++) {
        for (size_t i = 0; i < count; i++)
            values[i] = (double)((i * 29 + 11) % 31);
        statistics_sort(values, count);
        for (size_t i = 1; i < count; i++)
            ck_assert_double_le(values[i - 1], values[i]);
    }
}
END_TEST

Suite *test_report_numbers_suite(void)
{
    Suite *suite = suite_create("report: numbers");
    TCase *texts = tcase_create("texts"), *statistics = tcase_create("statistics");
    tcase_add_test(texts, large_numbers_have_a_prefix_and_never_an_exponent);
    tcase_add_test(texts, each_unit_is_said_in_its_own_way);
    tcase_add_test(texts, durations_have_at_most_two_units);
    tcase_add_test(texts, moments_are_said_as_the_length_of_the_run_suggests);
    tcase_add_test(texts, files_get_plain_numbers);
    tcase_add_test(texts, plain_numbers_are_those_of_the_c_library);
    tcase_add_test(statistics, percentiles_are_those_of_nearest_rank);
    tcase_add_test(statistics, what_has_no_value_does_not_count);
    tcase_add_test(statistics, sorting_works_at_every_length);
    suite_add_tcase(suite, texts);
    suite_add_tcase(suite, statistics);
    return suite;
}
