/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/time.c: every unit of Flink's TimeUtils and MemorySize, the limits of 64 bits,
 * what is refused and with which words.
 */
#include "core/base/time.h"

#include <check.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/base/text.h"

struct parse_case {
    const char *text;
    int64_t value;
};

typedef struct err parse_function(const char *text, int64_t *out, struct note *note);

static void check_parses(parse_function *parse, const struct parse_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = -1;
        struct note note;
        struct err e = parse(cases[i].text, &value, &note);
        ck_assert_msg(!err_is(e), "'%s' is refused: %s", cases[i].text, note.text);
        ck_assert_msg(value == cases[i].value, "'%s' gives %lld", cases[i].text, (long long)value);
    }
}

/* Refused with this code, with a note that has this in it, and the old value untouched. */
static void check_refuses(parse_function *parse, const char *text, enum err_code code,
                          const char *words)
{
    int64_t value = 77;
    struct note note = { "" };
    struct err e = parse(text, &value, &note);
    ck_assert_msg(e.code == code, "'%s': code %d", text, (int)e.code);
    ck_assert_msg(strstr(note.text, words) != NULL, "'%s': note '%s'", text, note.text);
    ck_assert_int_eq(value, 77);
    ck_assert(parse(text, &value, NULL).code == code);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* flink: TimeUtils.parseDuration, every label in singular and plural. */
START_TEST(duration_parse_knows_every_unit_of_flink)
{
    static const struct parse_case cases[] = {
        { "3", 3 * TIME_MS },
        { "3ns", 3 },
        { "3nano", 3 },
        { "3nanos", 3 },
        { "3nanosecond", 3 },
        { "3nanoseconds", 3 },
        { "3us", 3 * TIME_US },
        { "3\xc2\xb5s", 3 * TIME_US },
        { "3micro", 3 * TIME_US },
        { "3micros", 3 * TIME_US },
        { "3microsecond", 3 * TIME_US },
        { "3microseconds", 3 * TIME_US },
        { "3ms", 3 * TIME_MS },
        { "3milli", 3 * TIME_MS },
        { "3millis", 3 * TIME_MS },
        { "3millisecond", 3 * TIME_MS },
        { "3milliseconds", 3 * TIME_MS },
        { "3s", 3 * TIME_S },
        { "3sec", 3 * TIME_S },
        { "3secs", 3 * TIME_S },
        { "3second", 3 * TIME_S },
        { "3seconds", 3 * TIME_S },
        { "3m", 3 * TIME_MIN },
        { "3min", 3 * TIME_MIN },
        { "3minute", 3 * TIME_MIN },
        { "3minutes", 3 * TIME_MIN },
        { "3h", 3 * TIME_H },
        { "3hour", 3 * TIME_H },
        { "3hours", 3 * TIME_H },
        { "3d", 3 * TIME_DAY },
        { "3day", 3 * TIME_DAY },
        { "3days", 3 * TIME_DAY },
    };
    check_parses(duration_parse, cases, COUNT(cases));
}
END_TEST

START_TEST(duration_parse_bears_blanks_and_capitals)
{
    static const struct parse_case cases[] = {
        { "  90 s ", 90 * TIME_S },
        { "90    S", 90 * TIME_S },
        { "5 Min", 5 * TIME_MIN },
        { "0", 0 },
        { "0 ms", 0 },
        { "00012 ms", 12 * TIME_MS },
        { "100   MilliSeconds", 100 * TIME_MS },
        { " 7 ", 7 * TIME_MS },
    };
    check_parses(duration_parse, cases, COUNT(cases));
}
END_TEST

START_TEST(duration_parse_reads_fractions_of_a_unit)
{
    static const struct parse_case cases[] = {
        { "1.5s", 1500 * TIME_MS },
        { "0.1 s", 100 * TIME_MS },
        { "0.25h", 15 * TIME_MIN },
        { "0.000000001 s", 1 },
        { "1.999999999 d", 2 * TIME_DAY - 86400 },
        { "1.5ns", 1 }, /* there is nothing below a nanosecond */
        { "2.0 min", 2 * TIME_MIN },
    };
    check_parses(duration_parse, cases, COUNT(cases));
}
END_TEST

START_TEST(duration_parse_goes_up_to_64_bits)
{
    static const struct parse_case cases[] = {
        { "9223372036854775807 ns", INT64_MAX },
        { "9223372036854775us", 9223372036854775 * TIME_US },
        { "9223372036854", 9223372036854 * TIME_MS },
        { "9223372036 s", 9223372036 * TIME_S },
        { "9223372036.854775807 s", INT64_MAX },
        { "106751 d", 106751 * TIME_DAY },
    };
    check_parses(duration_parse, cases, COUNT(cases));
    check_refuses(duration_parse, "9223372036854775808 ns", ERR_BAD_VALUE_CODE, "expected");
    check_refuses(duration_parse, "99999999999999999999", ERR_BAD_VALUE_CODE, "expected");
    check_refuses(duration_parse, "9223372036854776us", ERR_BAD_VALUE_CODE, "too large");
    check_refuses(duration_parse, "9223372036855", ERR_BAD_VALUE_CODE, "too large");
    check_refuses(duration_parse, "9223372036.854775808 s", ERR_BAD_VALUE_CODE, "too large");
    check_refuses(duration_parse, "106752 d", ERR_BAD_VALUE_CODE, "too large");
}
END_TEST

START_TEST(duration_parse_refuses_what_is_no_number)
{
    static const char *const texts[] = { "",    " ",   "s",   "-5s",           "+5s",
                                         "abc", ".5s", "5.s", "1.0000000001s", "nan",
                                         "\t5s" };
    for (size_t i = 0; i < COUNT(texts); i++)
        check_refuses(duration_parse, texts[i], ERR_BAD_VALUE_CODE,
                      "expected a duration such as 90s");
}
END_TEST

START_TEST(duration_parse_refuses_what_is_no_unit)
{
    static const char *const texts[] = { "5 parsecs", "5mb", "5 s s", "1m30s", "5 s.", "1e3 s" };
    for (size_t i = 0; i < COUNT(texts); i++)
        check_refuses(duration_parse, texts[i], ERR_BAD_UNIT_CODE, "unknown unit");
    check_refuses(duration_parse, "5 averyveryverylongunit", ERR_BAD_UNIT_CODE, "expected");
    check_refuses(duration_parse, "1.5", ERR_BAD_UNIT_CODE, "expected a unit");
    check_refuses(duration_parse, "1.0", ERR_BAD_UNIT_CODE, "expected a unit");
}
END_TEST

/* flink: MemorySize.MemoryUnit; 1024-based whatever the label. */
START_TEST(size_parse_knows_every_unit_of_flink)
{
    static const struct parse_case cases[] = {
        { "3", 3 },
        { "3b", 3 },
        { "3 bytes", 3 },
        { "3 byte", 3 },
        { "3k", 3LL << 10 },
        { "3kb", 3LL << 10 },
        { "3 kibibytes", 3LL << 10 },
        { "3m", 3LL << 20 },
        { "3 MB", 3LL << 20 },
        { "3mebibytes", 3LL << 20 },
        { "3g", 3LL << 30 },
        { "3gb", 3LL << 30 },
        { "3gibibytes", 3LL << 30 },
        { "3t", 3LL << 40 },
        { "3tb", 3LL << 40 },
        { "3tebibytes", 3LL << 40 },
        { "1.5 kb", 1536 },
        { "0.5g", 1LL << 29 },
    };
    check_parses(size_parse, cases, COUNT(cases));
}
END_TEST

START_TEST(size_parse_goes_up_to_64_bits)
{
    static const struct parse_case cases[] = {
        { "9223372036854775807", INT64_MAX },
        { "8388607t", 8388607LL << 40 },
    };
    check_parses(size_parse, cases, COUNT(cases));
    check_refuses(size_parse, "9223372036854775808", ERR_BAD_VALUE_CODE, "a size such as 512m");
    check_refuses(size_parse, "8388608t", ERR_BAD_VALUE_CODE, "too large");
}
END_TEST

START_TEST(size_parse_refuses_what_is_no_size)
{
    check_refuses(size_parse, "-1m", ERR_BAD_VALUE_CODE, "a size such as 512m");
    check_refuses(size_parse, "", ERR_BAD_VALUE_CODE, "a size such as 512m");
    check_refuses(size_parse, "5 s", ERR_BAD_UNIT_CODE, "unknown unit 's'");
    check_refuses(size_parse, "5 mib", ERR_BAD_UNIT_CODE, "unknown unit 'mib'");
    check_refuses(size_parse, "2.5", ERR_BAD_UNIT_CODE, "expected a unit");
}
END_TEST

START_TEST(time_add_stays_never)
{
    ck_assert_int_eq(time_add(2, 3), 5);
    ck_assert_int_eq(time_add(2, -3), -1);
    ck_assert_int_eq(time_add(TIME_NEVER, 3), TIME_NEVER);
    ck_assert_int_eq(time_add(3, TIME_NEVER), TIME_NEVER);
    ck_assert_int_eq(time_add(TIME_NEVER, -3), TIME_NEVER);
    ck_assert_int_eq(time_add(TIME_NEVER - 3, 2), TIME_NEVER - 1);
    ck_assert_int_eq(time_add(TIME_NEVER - 3, 100), TIME_NEVER);
}
END_TEST

START_TEST(duration_parse_gives_back_what_was_written_in_one_unit)
{
    static const char *const units[] = { "ns", "us", "ms", "s", "min", "h", "d" };
    struct rng rng = rng_stream(3, "time", 0);
    for (int i = 0; i < 5000; i++) {
        int64_t number = rng_between(&rng, 0, 100000);
        const char *unit = units[rng_below(&rng, COUNT(units))];
        char one[32], text[64];
        time_ns factor, value;
        text_format(one, sizeof one, "1%s", unit);
        text_format(text, sizeof text, "%lld %s", (long long)number, unit);
        ck_assert(!err_is(duration_parse(one, &factor, NULL)));
        ck_assert(!err_is(duration_parse(text, &value, NULL)));
        ck_assert_int_eq(value, number * factor);
    }
}
END_TEST

Suite *test_base_time_suite(void);
Suite *test_base_time_suite(void)
{
    Suite *suite = suite_create("base_time");
    TCase *durations = tcase_create("durations");
    tcase_add_test(durations, duration_parse_knows_every_unit_of_flink);
    tcase_add_test(durations, duration_parse_bears_blanks_and_capitals);
    tcase_add_test(durations, duration_parse_reads_fractions_of_a_unit);
    tcase_add_test(durations, duration_parse_goes_up_to_64_bits);
    tcase_add_test(durations, duration_parse_refuses_what_is_no_number);
    tcase_add_test(durations, duration_parse_refuses_what_is_no_unit);
    tcase_add_test(durations, duration_parse_gives_back_what_was_written_in_one_unit);
    tcase_add_test(durations, time_add_stays_never);
    suite_add_tcase(suite, durations);
    TCase *sizes = tcase_create("sizes");
    tcase_add_test(sizes, size_parse_knows_every_unit_of_flink);
    tcase_add_test(sizes, size_parse_goes_up_to_64_bits);
    tcase_add_test(sizes, size_parse_refuses_what_is_no_size);
    suite_add_tcase(suite, sizes);
    return suite;
}
