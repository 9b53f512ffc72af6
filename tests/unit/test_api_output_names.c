/* SPDX-License-Identifier: Apache-2.0
 *
 * Where sinks of all names write: each to a folder of its own, or refused before anything runs.
 */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

static void put_scenario(const char *sinks)
{
    char yaml[1000];
    text_format(yaml, sizeof yaml,
                "name: names\n"
                "world: exact\n"
                "duration: 1min\n"
                "config: { execution.checkpointing.interval: 1s }\n"
                "cluster: { task-manager: { count: 2, slots: 2 } }\n"
                "jobs: [ { program: names, args: [%s] } ]\n",
                sinks);
    cli_put_file("s.yaml", yaml);
}

/* The only file there is one whose lines are the sink. */
static void must_hold(const char *folder, const char *sink)
{
    char pattern[400], line[100] = "";
    glob_t found;
    text_format(pattern, sizeof pattern, "%s/o/output/%s/part-*", cli_folder(), folder);
    ck_assert_msg(glob(pattern, 0, NULL, &found) == 0, "nothing in %s", folder);
    ck_assert_uint_eq(found.gl_pathc, 1);
    FILE *file = fopen(found.gl_pathv[0], "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    fclose(file);
    globfree(&found);
    line[strcspn(line, "\n")] = '\0';
    ck_assert_str_eq(line, sink);
}

START_TEST(each_sink_has_a_folder_of_its_own)
{
    put_scenario("'x:out', 'x:y-out', 'x-y:out', 'x-y:y-out', 'x-y:pay late', 'x-y:pay_late', "
                 "'x-y:x.out', 'x-y:..', 'x-y:a/b', 'x-y:50%', 'x-y:Zähler'");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    must_hold("x.out", "x:out");
    must_hold("x.y-out", "x:y-out");
    must_hold("x-y.out", "x-y:out");
    must_hold("x-y.y-out", "x-y:y-out");
    must_hold("pay%20late", "x-y:pay late");
    must_hold("pay_late", "x-y:pay_late");
    must_hold("x%2Eout", "x-y:x.out");
    must_hold("%2E%2E", "x-y:..");
    must_hold("a%2Fb", "x-y:a/b");
    must_hold("50%25", "x-y:50%");
    must_hold("Zähler", "x-y:Zähler");
}
END_TEST

enum { LETTERS_MAX = 255 - 2 }; /* `x` and a full stop are before it */

START_TEST(a_name_too_long_for_a_folder_is_refused)
{
    char sink[400], letters[LETTERS_MAX + 2];
    memset(letters, 'a', sizeof letters);
    text_format(sink, sizeof sink, "'x:%.*s'", LETTERS_MAX, letters);
    put_scenario(sink);
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    text_format(sink, sizeof sink, "'x:%.*s'", LETTERS_MAX + 1, letters);
    put_scenario(sink);
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/p --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(
        cli_errors(), "s.yaml:6: jobs.0.program: found the sink 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "aaaaaaaaaaaa' of job 'x', expected shorter names: its folder's would "
                      "have 256 letters, and may have 255\n"));
    ck_assert_ptr_null(cli_get_file("p/summary.json"));
}
END_TEST

Suite *test_api_output_names_suite(void);
Suite *test_api_output_names_suite(void)
{
    Suite *suite = suite_create("api output names");
    TCase *tests = tcase_create("names");
    tcase_add_checked_fixture(tests, cli_begin, cli_end);
    tcase_add_test(tests, each_sink_has_a_folder_of_its_own);
    tcase_add_test(tests, a_name_too_long_for_a_folder_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
