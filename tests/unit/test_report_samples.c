/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading metrics.csv back: the columns that are wanted, whatever their order, names and number.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/number_text.h"
#include "sim/report/sample_file.h"
#include "tests/lib/load_fixture.h"

enum { MANY = 4096 };

START_TEST(columns_are_found_by_their_names_and_read_in_the_order_asked)
{
    static const char *const names[] = { "busy.c", "time_s", "busy.a,\"b\"", "missing" };
    struct note note = { "" };
    struct sample_file samples;
    double values[4];
    const char *path =
        load_fixture_file("metrics.csv", "time_s,other,\"busy.a,\"\"b\"\"\",busy.c\r\n0,,,\n"
                                         "10.5,7,0.25,1e-3\r\n20,7,0.5\n");
    ck_assert(!err_is(sample_file_begin(&samples, path, names, 4, &note)));
    ck_assert(sample_file_next(&samples, values));
    ck_assert(values[1] == 0);
    ck_assert(number_is_none(values[0]) && number_is_none(values[2]) && number_is_none(values[3]));
    ck_assert(sample_file_next(&samples, values));
    ck_assert(values[0] == 1e-3 && values[1] == 10.5 && values[2] == 0.25);
    ck_assert(number_is_none(values[3]));
    ck_assert(sample_file_next(&samples, values)); /* a line that was cut off */
    ck_assert(number_is_none(values[0]) && values[1] == 20 && values[2] == 0.5);
    ck_assert(!sample_file_next(&samples, values));
    sample_file_end(&samples);
}
END_TEST

START_TEST(a_file_may_have_thousands_of_columns)
{
    static const char *const names[] = { "v4095", "v0" };
    static char text[MANY * 16];
    struct note note = { "" };
    struct sample_file samples;
    double values[2];
    size_t length = 0;
    for (int line = 0; line < 2; line++)
        for (int i = 0; i < MANY; i++)
            length += text_format(text + length, sizeof text - length, "%s%d%s", line ? "" : "v", i,
                                  i + 1 < MANY ? "," : "\n");
    const char *path = load_fixture_file("metrics.csv", text);
    ck_assert(!err_is(sample_file_begin(&samples, path, names, 2, &note)));
    ck_assert(sample_file_next(&samples, values));
    ck_assert(values[0] == MANY - 1 && values[1] == 0);
    sample_file_end(&samples);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_said_to_be_missing)
{
    static const char *const names[] = { "time_s" };
    struct note note = { "" };
    struct sample_file samples;
    double value;
    ck_assert(err_is(sample_file_begin(&samples, "/nowhere/metrics.csv", names, 1, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "/nowhere/metrics.csv"));
    sample_file_end(&samples);
    const char *path = load_fixture_file("empty.csv", "");
    ck_assert(!err_is(sample_file_begin(&samples, path, names, 1, &note)));
    ck_assert(!sample_file_next(&samples, &value));
    sample_file_end(&samples);
}
END_TEST

Suite *test_report_samples_suite(void)
{
    Suite *suite = suite_create("report: samples");
    TCase *tcase = tcase_create("samples");
    tcase_add_test(tcase, columns_are_found_by_their_names_and_read_in_the_order_asked);
    tcase_add_test(tcase, a_file_may_have_thousands_of_columns);
    tcase_add_test(tcase, a_file_that_is_not_there_is_said_to_be_missing);
    suite_add_tcase(suite, tcase);
    return suite;
}
