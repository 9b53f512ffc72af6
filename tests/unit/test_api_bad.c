/* SPDX-License-Identifier: Apache-2.0
 *
 * What user functions must not do, and state whose type is another one by now: the job fails, and
 * main is told of what.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "tests/lib/exact_run.h"

static char book[] = "/tmp/weir-file-XXXXXX";

static void setup(void)
{
    text_format(book, sizeof book, "/tmp/weir-file-XXXXXX");
    int file = mkstemp(book);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void teardown(void)
{
    unlink(book);
}

/* What main was told when the program had these arguments. */
static const char *told(const char *act, const char *more)
{
    static char text[500];
    char yaml[1000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml,
             "name: bad\n"
             "world: exact\n"
             "duration: 2min\n"
             "config: { execution.checkpointing.interval: 5s }\n"
             "cluster: { task-manager: { count: 2, slots: 2 } }\n"
             "jobs: [ { program: bad, args: [%s, %s%s] } ]\n",
             act, book, more);
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    exact_run_fini(&run);
    FILE *file = fopen(book, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static const char *const mistakes[] = { "undeclared", "kind",  "text",  "fails", "timeless",
                                        "side",       "timer", "rules", "wide" };
enum { MISTAKES = 9 };

START_TEST(a_function_that_does_what_it_must_not_fails_its_job)
{
    ck_assert_str_eq(told(mistakes[_i], ""), "RuntimeException: user code failed\n");
}
END_TEST

static const char *const kinds[] = { ", reduce", ", process", ", session", ", window", ", join" };
enum { KINDS = 5 };

START_TEST(state_of_another_version_is_not_restored)
{
    ck_assert_str_eq(told("upgrade", kinds[_i]), "Exception: could not restore the task's state\n");
}
END_TEST

START_TEST(state_of_the_same_version_is)
{
    ck_assert_str_eq(told("same", kinds[_i]), "\n");
}
END_TEST

Suite *test_api_bad_suite(void);
Suite *test_api_bad_suite(void)
{
    Suite *suite = suite_create("api bad");
    TCase *tcase = tcase_create("mistakes");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_function_that_does_what_it_must_not_fails_its_job, 0, MISTAKES);
    tcase_add_loop_test(tcase, state_of_another_version_is_not_restored, 0, KINDS);
    tcase_add_loop_test(tcase, state_of_the_same_version_is, 0, KINDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
