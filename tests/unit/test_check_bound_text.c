/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told of an expectation: the bound as it was written, and a value beside it that shows on
 * which side it is.
 */
#include <check.h>

#include "sim/check/bound_text.h"

static const struct {
    enum metric_unit unit;
    double value, bound;
    const char *measured, *wanted;
} lines[] = {
    { METRIC_MONEY, 0.33337, 0.3333, "0.3334", "0.3333" },
    { METRIC_MONEY, 23.67, 25, "23.67", "25.00" },
    { METRIC_MONEY, 0.004, 0.003, "0.004", "0.003" },
    { METRIC_SECONDS, 5.1206, 5.12, "5.121 s", "5.12 s" },
    { METRIC_SECONDS, 60.1, 60, "60.1 s", "1 min" },
    { METRIC_SECONDS, 7229, 7200, "7229 s", "2 h" },
    { METRIC_SECONDS, 8000, 7229, "2 h 13 min", "7229 s" },
    { METRIC_SECONDS, 0.0405, 0.0404, "40.5 ms", "40.4 ms" },
    { METRIC_SECONDS, 200, 200, "3 min 20 s", "3 min 20 s" },
    { METRIC_HOURS, 0.33194, 0.332, "0.3319 h", "0.332 h" },
    { METRIC_SHARE, 0.70004, 0.7, "70.004 %", "70 %" },
    { METRIC_SHARE, 0.2, 0.123456, "20 %", "12.3456 %" },
    { METRIC_RATE, 19999, 20000, "19999/s", "20.0 k/s" },
    { METRIC_COUNT, 1234567, 1230000, "1234567", "1.23 M" },
    { METRIC_BYTES, 3221225473, 3221225472, "3221225473 B", "3.00 GiB" },
    { METRIC_COUNT, 0, 0, "0", "0" },
};
enum { LINES = sizeof lines / sizeof *lines };

START_TEST(bound_and_value_are_told_apart)
{
    char text[NUMBER_TEXT_SIZE];
    bound_text(lines[_i].bound, lines[_i].unit, text);
    ck_assert_str_eq(text, lines[_i].wanted);
    bound_text_measured(lines[_i].value, lines[_i].bound, lines[_i].unit, text);
    ck_assert_str_eq(text, lines[_i].measured);
}
END_TEST

START_TEST(ratios_have_as_many_digits_as_it_takes)
{
    char text[NUMBER_TEXT_SIZE];
    bound_text_ratio(200.07 / 333.33, 0.6, text);
    ck_assert_str_eq(text, "0.6002");
    bound_text_ratio(0.32104, 0.34, text);
    ck_assert_str_eq(text, "0.321");
    bound_text_measured(number_none(), 1, METRIC_COUNT, text);
    ck_assert_str_eq(text, "-");
}
END_TEST

Suite *test_check_bound_text_suite(void);
Suite *test_check_bound_text_suite(void)
{
    Suite *suite = suite_create("check_bound_text");
    TCase *tcase = tcase_create("bounds");
    tcase_add_loop_test(tcase, bound_and_value_are_told_apart, 0, LINES);
    tcase_add_test(tcase, ratios_have_as_many_digits_as_it_takes);
    suite_add_tcase(suite, tcase);
    return suite;
}
