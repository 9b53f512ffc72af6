/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/quantity.c. The yardstick of number reading is the C library's strtod.
 */
#include "sim/load/quantity.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/rng.h"

START_TEST(number_reads_what_people_write)
{
    static const struct {
        const char *text;
        double value;
    } rows[] = { { "0", 0 },
                 { "1", 1 },
                 { "-2", -2 },
                 { "+3", 3 },
                 { "0.5", 0.5 },
                 { ".5", 0.5 },
                 { "5.", 5 },
                 { " 7 ", 7 },
                 { "1e3", 1000 },
                 { "1.5e-3", 0.0015 },
                 { "1E+2", 100 },
                 { "123456789012345", 123456789012345.0 },
                 { "0.1", 0.1 },
                 { "0.000000000000000000001", 1e-21 },
                 { "1000000000000000000", 1e18 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = 0;
        ck_assert_msg(!err_is(quantity_number(rows[i].text, &value)), "%s", rows[i].text);
        ck_assert_msg(value == rows[i].value, "%s", rows[i].text);
    }
}
END_TEST

START_TEST(number_refuses_all_else)
{
    static const char *const texts[] = { "",    " ",   "x",   "nan", "inf",   "-inf",    "infinity",
                                         "0x1", "1 2", "1,5", "--1", "1e400", "1e19",    "1.2.3",
                                         "e5",  ".",   "-",   "1e",  "1k",    "\xd9\xa1" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = 0;
        ck_assert_msg(err_is(quantity_number(texts[i], &value)), "%s", texts[i]);
    }
}
END_TEST

START_TEST(number_agrees_with_strtod)
{
    struct rng rng = rng_stream(1, "quantity", 0);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        double value = (rng_unit(&rng) - 0.5) * 1e6, ours = 0;
        snprintf(text, sizeof text, i % 2 ? "%.6f" : "%.17g", value);
        double theirs = strtod(text, NULL);
        ck_assert(!err_is(quantity_number(text, &ours)));
        if (i % 2) /* up to 15 digits: exact */
            ck_assert_msg(ours == theirs, "%s", text);
        else /* beyond: an ulp or two */
            ck_assert_msg(fabs(ours - theirs) <= 4.5e-16 * fabs(theirs), "%s", text);
    }
}
END_TEST

typedef struct err reader(const char *text, double *out);

static const struct unit_row {
    reader *read;
    const char *text;
    double value;
} unit_rows[] = {
    { quantity_share, "5%", 0.05 },
    { quantity_share, "0.25", 0.25 },
    { quantity_amount, "2m", 2e6 },
    { quantity_amount, "1.5K", 1500 },
    { quantity_amount, "3g", 3e9 },
    { quantity_rate, "500/s", 500 },
    { quantity_rate, "6k/s", 6000 },
    { quantity_rate, "1.2m/min", 20000 },
    { quantity_rate, "36 /h", 0.01 },
    { quantity_rate, "2/ms", 2000 },
    { quantity_rate, "500 records/s", 500 },
    { quantity_rate, "5 k records / s", 5000 },
    { quantity_rate, "-3/s", -3 },
    { quantity_bits, "10gbit", 10e9 },
    { quantity_bits, "100 Mbit", 100e6 },
    { quantity_bits, "1gbit/s", 1e9 },
    { quantity_bits, "500m/s", 500.0 * 1024 * 1024 * 8 },
    { quantity_bits, "64kb/s", 64.0 * 1024 * 8 },
    { quantity_price, "0.34", 0.34 },
    { quantity_price, "0.34/h", 0.34 },
    { quantity_price, "24/d", 1 },
};

START_TEST(units_scale_the_number)
{
    double value = 0;
    ck_assert_msg(!err_is(unit_rows[_i].read(unit_rows[_i].text, &value)), "%s",
                  unit_rows[_i].text);
    ck_assert_double_eq_tol(value, unit_rows[_i].value, 1e-9 * fabs(unit_rows[_i].value));
}
END_TEST

static const struct wrong_row {
    reader *read;
    const char *text;
    enum err_code code;
} wrong_rows[] = {
    { quantity_rate, "500", ERR_BAD_UNIT_CODE },
    { quantity_rate, "500/parsec", ERR_BAD_UNIT_CODE },
    { quantity_rate, "500 apples/s", ERR_BAD_UNIT_CODE },
    { quantity_rate, "many/s", ERR_BAD_VALUE_CODE },
    { quantity_rate, "nan/s", ERR_BAD_VALUE_CODE },
    { quantity_bits, "10", ERR_BAD_UNIT_CODE },
    { quantity_bits, "10 gbyte", ERR_BAD_UNIT_CODE },
    { quantity_bits, "fast", ERR_BAD_VALUE_CODE },
    { quantity_bits, "5 apples/s", ERR_BAD_UNIT_CODE },
    { quantity_price, "0.34/gb", ERR_BAD_UNIT_CODE },
    { quantity_share, "5 percent", ERR_BAD_UNIT_CODE },
    { quantity_amount, "5kk", ERR_BAD_UNIT_CODE },
};

START_TEST(wrong_units_and_wrong_numbers_are_told_apart)
{
    double value = 0;
    ck_assert_int_eq(wrong_rows[_i].read(wrong_rows[_i].text, &value).code, wrong_rows[_i].code);
}
END_TEST

START_TEST(count_is_whole)
{
    int64_t count = 0;
    ck_assert(!err_is(quantity_count("2m", &count)));
    ck_assert_int_eq(count, 2000000);
    ck_assert(!err_is(quantity_count("1.5k", &count)));
    ck_assert_int_eq(count, 1500);
    ck_assert(err_is(quantity_count("1.5", &count)));
    ck_assert(err_is(quantity_count("1e17", &count)));
}
END_TEST

START_TEST(duration_needs_its_unit)
{
    time_ns t = 0;
    ck_assert(!err_is(quantity_duration("1.5s", &t)));
    ck_assert_int_eq(t, 1500 * TIME_MS);
    ck_assert(!err_is(quantity_duration("0", &t)));
    ck_assert_int_eq(t, 0);
    ck_assert_int_eq(quantity_duration("90", &t).code, ERR_BAD_UNIT_CODE);
    ck_assert_int_eq(quantity_duration("5 parsecs", &t).code, ERR_BAD_UNIT_CODE);
    ck_assert_int_eq(quantity_duration("soon", &t).code, ERR_BAD_VALUE_CODE);
}
END_TEST

/* Weir says "2 h 30 min"; what it says it also reads. */
START_TEST(duration_may_have_parts)
{
    static const char *const wrong[] = { "30min 2h", "2h 90min", "2h 30",   "2h2h",
                                         "2h 60min", "2h, 3min", "h 3min",  "1e3 s",
                                         "",         "-1h 3min", "300y 1s", "2h - 5min" };
    time_ns t = 0;
    ck_assert(!err_is(quantity_duration("2h 30min", &t)));
    ck_assert_int_eq(t, 150 * TIME_MIN);
    ck_assert(!err_is(quantity_duration("2 h 30 min", &t)));
    ck_assert_int_eq(t, 150 * TIME_MIN);
    ck_assert(!err_is(quantity_duration("1d2h3min4s5ms", &t)));
    ck_assert_int_eq(t, 26 * TIME_H + 3 * TIME_MIN + 4 * TIME_S + 5 * TIME_MS);
    ck_assert(!err_is(quantity_duration("1min 2.5s", &t)));
    ck_assert_int_eq(t, 62500 * TIME_MS);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(err_is(quantity_duration(wrong[i], &t)), "%s", wrong[i]);
    ck_assert(err_is(quantity_duration("106751d 23h 59min", &t))); /* past 64 bits */
}
END_TEST

START_TEST(date_counts_from_1970)
{
    int64_t a = 0, b = 0;
    ck_assert(!err_is(quantity_date("1970-01-01 00:00", &a)));
    ck_assert_int_eq(a, 0);
    ck_assert(!err_is(quantity_date("1998-04-30 21:30:00", &a)));
    ck_assert_int_eq(a, 893971800 * TIME_S);
    ck_assert(!err_is(quantity_date("2023-11-16T18:17:03.9799600Z", &a)));
    ck_assert_int_eq(a, 1700158623 * TIME_S + 979960000);
    ck_assert(!err_is(quantity_date("2000-02-29 23:59:59", &a)));
    ck_assert(!err_is(quantity_date("2000-03-01 00:00:00", &b)));
    ck_assert_int_eq(b - a, TIME_S);
    ck_assert(!err_is(quantity_date("1969-12-31 23:59:59", &a)));
    ck_assert_int_eq(a, -TIME_S);
    ck_assert(!err_is(quantity_date("2024-05-01", &a))); /* midnight */
    ck_assert(!err_is(quantity_date("2024-05-01T00:00Z", &b)));
    ck_assert_int_eq(a, b);
    ck_assert(err_is(quantity_date("2024-05-01Z", &a)));
    ck_assert(err_is(quantity_date("2024-02-30", &a)));
}
END_TEST

/* The same instant by clocks of the world, as ISO 8601 writes them. */
START_TEST(date_may_tell_how_far_its_clock_is_from_utc)
{
    static const char *const texts[] = {
        "2024-05-01T08:00:00Z",      "2024-05-01T10:00:00+02:00",     "2024-05-01 10:00+0200",
        "2024-05-01T10:00+02",       "2024-05-01T02:30:00.000-05:30", "2024-05-01 00:00-08",
        "2024-04-30T18:00:00-14:00", "2024-05-02T07:59:00+23:59",     "2024-05-01 08:00-00:00",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t t = 0;
        ck_assert_msg(!err_is(quantity_date(texts[i], &t)), "%s", texts[i]);
        ck_assert_msg(t == 1714550400 * TIME_S, "%s", texts[i]);
    }
}
END_TEST

START_TEST(date_refuses_offsets_that_are_none)
{
    static const char *const texts[] = {
        "2024-05-01 10:00+",      "2024-05-01 10:00+2",      "2024-05-01 10:00+02:",
        "2024-05-01 10:00+02:0",  "2024-05-01 10:00+020",    "2024-05-01 10:00+02:60",
        "2024-05-01 10:00+24:00", "2024-05-01 10:00Z+02:00", "2024-05-01 10:00+02:00Z",
        "2024-05-01 10:00 +02",   "2024-05-01 10:00+02:000",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t t;
        ck_assert_msg(err_is(quantity_date(texts[i], &t)), "%s", texts[i]);
    }
}
END_TEST

START_TEST(date_refuses_days_that_never_were)
{
    static const char *const texts[] = {
        "1998-02-29 00:00", "1900-02-29 00:00", "1998-13-01 00:00",   "1998-00-01 00:00",
        "1998-01-32 00:00", "1998-01-01 24:00", "1998-01-01 00:60",   "1998-01-01 00:00:60",
        "1998-01-01 ",      "98-01-01 00:00",   "1998-1-1 00:00",     "1998-01-01 00:00 CET",
        "1899-01-01 00:00", "2101-01-01 00:00", "1998-01-01 00:00+2", ""
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t t;
        ck_assert_msg(err_is(quantity_date(texts[i], &t)), "%s", texts[i]);
    }
}
END_TEST

Suite *test_load_quantity_suite(void)
{
    Suite *suite = suite_create("load_quantity");
    TCase *tcase = tcase_create("quantity");
    tcase_add_test(tcase, number_reads_what_people_write);
    tcase_add_test(tcase, number_refuses_all_else);
    tcase_add_test(tcase, number_agrees_with_strtod);
    tcase_add_loop_test(tcase, units_scale_the_number, 0,
                        (int)(sizeof unit_rows / sizeof *unit_rows));
    tcase_add_loop_test(tcase, wrong_units_and_wrong_numbers_are_told_apart, 0,
                        (int)(sizeof wrong_rows / sizeof *wrong_rows));
    tcase_add_test(tcase, count_is_whole);
    tcase_add_test(tcase, duration_needs_its_unit);
    tcase_add_test(tcase, duration_may_have_parts);
    tcase_add_test(tcase, date_counts_from_1970);
    tcase_add_test(tcase, date_refuses_days_that_never_were);
    tcase_add_test(tcase, date_may_tell_how_far_its_clock_is_from_utc);
    tcase_add_test(tcase, date_refuses_offsets_that_are_none);
    suite_add_tcase(suite, tcase);
    return suite;
}
