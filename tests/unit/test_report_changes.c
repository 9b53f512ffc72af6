/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run had that its scenario has not: in words, and in the report.
 */
#include <check.h>
#include <string.h>

#include "sim/cli/command.h"
#include "sim/report/changes.h"
#include "tests/lib/command_line.h"

static size_t told(const char *origin, size_t most, char out[CHANGES_TEXT_SIZE])
{
    json_t *summary = json_pack("{s: o}", "origin", json_loads(origin, 0, NULL));
    ck_assert_ptr_nonnull(summary);
    size_t count = changes_text(summary, most, out, CHANGES_TEXT_SIZE);
    json_decref(summary);
    return count;
}

START_TEST(changes_are_told_as_they_were_given)
{
    static const char two[] = "{\"changes\": [[\"a.b\", \"1\"], [\"c\", \"2s\"]], \"until_s\": 90}";
    char out[CHANGES_TEXT_SIZE];
    ck_assert_uint_eq(told("{\"changes\": []}", CHANGES_ALL, out), 0);
    ck_assert_str_eq(out, "");
    ck_assert_uint_eq(told(two, CHANGES_ALL, out), 3);
    ck_assert_str_eq(out, "a.b=1, c=2s, until 1 min 30 s");
    ck_assert_uint_eq(told(two, 1, out), 3);
    ck_assert_str_eq(out, "a.b=1 and 2 more");
    ck_assert_uint_eq(told("{\"changes\": [], \"until_s\": 7}", 1, out), 1);
    ck_assert_str_eq(out, "until 7 s");
}
END_TEST

START_TEST(a_report_says_what_was_changed)
{
    cli_begin();
    cli_put_file("s.yaml", "name: s\n"
                           "duration: 2min\n"
                           "cluster: { task-manager: { count: 1 } }\n"
                           "jobs: [ { name: j, vertices: [ { name: v } ], load: 1/s } ]\n");
    ck_assert_int_eq(cli_weir("run @/s.yaml --no-plots --out @/run --set jobs.j.load=2/s "
                              "--until 90s"),
                     EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_get_file("run/report.html"),
                                 "s, 1 min 30 s of simulated time, with <code>jobs.j.load=2/s, "
                                 "until 1 min 30 s</code></p>"));
    cli_end();
}
END_TEST

Suite *test_report_changes_suite(void);
Suite *test_report_changes_suite(void)
{
    Suite *suite = suite_create("report_changes");
    TCase *tcase = tcase_create("changes");
    tcase_add_test(tcase, changes_are_told_as_they_were_given);
    tcase_add_test(tcase, a_report_says_what_was_changed);
    suite_add_tcase(suite, tcase);
    return suite;
}
