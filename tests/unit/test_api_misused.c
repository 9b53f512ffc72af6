/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of main that nothing can come of, and that no environment can keep: the run is refused, or
 * ends, by words that say which.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"
#include "tests/programs/nulls.h"

static const char *errors_of(const char *call)
{
    char yaml[500];
    snprintf(yaml, sizeof yaml,
             "name: misuses\n"
             "world: exact\n"
             "duration: 1min\n"
             "cluster: { task-manager: { count: 1, slots: 1 } }\n"
             "jobs: [ { program: misuses, args: ['%s'] } ]\n",
             call);
    cli_put_file("s.yaml", yaml);
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_INPUT);
    return cli_errors();
}

static const struct {
    const char *call, *words;
} plans[] = {
    { "union of none", "calls weir_union of no streams\n" },
    { "union of null", "calls weir_union of no streams\n" },
    { "union with null", "calls weir_union with null in the place of a stream\n" },
};
enum { PLANS = sizeof plans / sizeof *plans };

START_TEST(what_the_plan_shows_is_refused_before_the_run)
{
    char words[200];
    snprintf(words, sizeof words, "s.yaml:5: jobs.0.program: main, asked for its plan, %s",
             plans[_i].words);
    const char *errors = errors_of(plans[_i].call);
    ck_assert_msg(strstr(errors, words) != NULL, "%s", errors);
    ck_assert_ptr_null(cli_get_file("o/summary.json"));
}
END_TEST

#define NAME(function, parameter, expression) { #function, #parameter },
static const struct {
    const char *call, *parameter;
} nulls[] = { NULL_CALLS(NAME) };
enum { NULLS = sizeof nulls / sizeof *nulls };

START_TEST(null_is_refused_where_there_must_be_something)
{
    char call[100], words[200];
    snprintf(call, sizeof call, "%s %s", nulls[_i].call, nulls[_i].parameter);
    snprintf(words, sizeof words, "calls %s with null for '%s'\n", nulls[_i].call,
             nulls[_i].parameter);
    const char *errors = errors_of(call);
    ck_assert_msg(strstr(errors, words) != NULL, "%s: %s", call, errors);
}
END_TEST

static const struct {
    const char *call, *words;
} runs[] = {
    { "no results", "weir run: main of program 'misuses' calls weir_next_result of no results\n" },
    { "no record",
      "weir run: main of program 'misuses' calls weir_next_result without a place for it\n" },
};
enum { RUNS = sizeof runs / sizeof *runs };

START_TEST(what_comes_in_the_run_ends_it)
{
    ck_assert_str_eq(errors_of(runs[_i].call), runs[_i].words);
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/summary.json"), "\"complete\": false"));
}
END_TEST

Suite *test_api_misused_suite(void);
Suite *test_api_misused_suite(void)
{
    Suite *suite = suite_create("api misused");
    TCase *tcase = tcase_create("mains");
    tcase_add_checked_fixture(tcase, cli_begin, cli_end);
    tcase_add_loop_test(tcase, what_the_plan_shows_is_refused_before_the_run, 0, PLANS);
    tcase_add_loop_test(tcase, null_is_refused_where_there_must_be_something, 0, NULLS);
    tcase_add_loop_test(tcase, what_comes_in_the_run_ends_it, 0, RUNS);
    suite_add_tcase(suite, tcase);
    return suite;
}
