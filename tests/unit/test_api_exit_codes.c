/* SPDX-License-Identifier: Apache-2.0
 *
 * What a main gives back: told of a program in a scenario, the exit code of one that is a binary of
 * its own.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

static void put_scenario(const char *program, const char *act, const char *metric)
{
    char yaml[1000];
    text_format(yaml, sizeof yaml,
                "name: codes\n"
                "world: exact\n"
                "duration: 1min\n"
                "cluster: { task-manager: { count: 2, slots: 2 } }\n"
                "jobs: [ { program: %s, args: [%s] } ]\n"
                "expect: [ { name: any, metric: slots_free, max: at most %s } ]\n",
                program, act, metric);
    cli_put_file("s.yaml", yaml);
}

START_TEST(a_run_tells_of_a_main_that_gives_back_no_0)
{
    static const char line[] = "program story: main gave back 7\n";
    put_scenario("story", "seven", "100");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), line));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/summary.json"), "\"programs_failed\": [\n"));
    ck_assert_int_eq(cli_weir("test @/s.yaml"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), line));
    put_scenario("story", "late-seven", "100");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_out(), "gave back"));
    put_scenario("story", "in-turn", "100");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_out(), "gave back"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/summary.json"), "\"programs_failed\": []"));
}
END_TEST

static void number(uint64_t index, void *value, void *user)
{
    *(uint64_t *)value = index;
    (void)user;
}

/* So many records, of which 0 are without end; gives back the second argument. */
static int own_main(struct weir_env *env, int argc, char **argv)
{
    const struct weir_generator spec = { .type = &weir_long,
                                         .count = strtoull(argc > 1 ? argv[1] : "", NULL, 10),
                                         .rate = 1000,
                                         .make = number };
    weir_discard(weir_from_generator(env, "in", &spec, NULL), "out");
    weir_execute(env, "job");
    return weir_is_planning(env) ? 0 : atoi(argc > 2 ? argv[2] : "");
}

START_TEST(a_binary_gives_back_what_its_main_does)
{
    ck_assert_int_eq(cli_program(own_main, "mine --weir-out @/o 1000 7"), 7);
    ck_assert_int_eq(cli_program(own_main, "mine --weir-out @/o 1000 0"), EXIT_HELD);
    put_scenario("self", "0, 7", "100"); /* it is waiting when the run ends */
    ck_assert_int_eq(cli_program(own_main, "mine --weir-out @/o --weir-scenario @/s.yaml"), 7);
    put_scenario("self", "1000, 7", "0"); /* and what was expected does not hold */
    ck_assert_int_eq(cli_program(own_main, "mine --weir-out @/o --weir-scenario @/s.yaml"), 7);
    put_scenario("self", "1000, 0", "0");
    ck_assert_int_eq(cli_program(own_main, "mine --weir-out @/o --weir-scenario @/s.yaml"),
                     EXIT_FAILED);
    put_scenario("nobody", "1000, 7", "0");
    ck_assert_int_eq(cli_program(own_main, "mine --weir-out @/o --weir-scenario @/s.yaml"),
                     EXIT_INPUT);
}
END_TEST

Suite *test_api_exit_codes_suite(void);
Suite *test_api_exit_codes_suite(void)
{
    Suite *suite = suite_create("api exit codes");
    TCase *tests = tcase_create("codes");
    tcase_add_checked_fixture(tests, cli_begin, cli_end);
    tcase_add_test(tests, a_run_tells_of_a_main_that_gives_back_no_0);
    tcase_add_test(tests, a_binary_gives_back_what_its_main_does);
    suite_add_tcase(suite, tests);
    return suite;
}
