/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run is held to: its expectations; of a variant those that it says, wherever and however
 * far it does; and what nobody needs to ask for.
 */
#include <check.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

#define HEAD                                                                                       \
    "name: tiny\n"                                                                                 \
    "duration: 10s\n"                                                                              \
    "jobs: [ { name: j, vertices: [ { name: source } ], load: 1/s } ]\n"
#define EXPECT "expect: [ { name: calm, metric: restarts, value: exactly 0 } ]\n"

static void run(const char *yaml, const char *line, int code)
{
    cli_begin();
    cli_put_file("scenario.yaml", yaml);
    ck_assert_int_eq(cli_weir(line), code);
}

START_TEST(what_the_scenario_expects_is_not_asked_of_its_variants)
{
    run(HEAD EXPECT "compare: { v: { seed: 2 } }\n", "run @ --out @/run --no-plots", EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "held  calm"));
    ck_assert_ptr_null(strstr(cli_out(), "v: calm"));
    cli_end();
}
END_TEST

/* A list of its own, another bound in the scenario's, and a list by --set. */
START_TEST(what_a_variant_expects_is_asked_of_it)
{
    run(HEAD EXPECT
        "compare: { v: { expect: [ { name: calm, metric: restarts, value: exactly 7 } ] } }\n",
        "run @ --out @/run --no-plots", EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  v: calm"));
    cli_end();
    run(HEAD EXPECT "compare: { v: { expect: { calm: { value: exactly 7 } } } }\n",
        "run @ --out @/run --no-plots", EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  v: calm"));
    cli_end();
    run(HEAD EXPECT "compare: { v: { seed: 2 } }\n",
        "run @ --out @/run --no-plots "
        "--set compare.v.expect=[{\"name\":\"calm\",\"event\":\"killed\"}]",
        EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  v: calm"));
    cli_end();
}
END_TEST

/* The job of the default scheduler keeps its size. */
START_TEST(a_request_that_is_refused_unexpectedly_fails_the_run)
{
    run(HEAD EXPECT "events: [ { at: 5s, rescale: { all: 1..2 } } ]\n",
        "run @ --out @/run --no-plots", EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_out(), "held    calm"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  rescale"));
    cli_end();
}
END_TEST

Suite *test_cli_variants_suite(void)
{
    Suite *suite = suite_create("cli_variants");
    TCase *tests = tcase_create("variants");
    tcase_add_test(tests, what_the_scenario_expects_is_not_asked_of_its_variants);
    tcase_add_test(tests, what_a_variant_expects_is_asked_of_it);
    tcase_add_test(tests, a_request_that_is_refused_unexpectedly_fails_the_run);
    suite_add_tcase(suite, tests);
    return suite;
}
