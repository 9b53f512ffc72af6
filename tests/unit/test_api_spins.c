/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions and mains that spin without ever calling weir.h: the run ends by the CPU's time, says
 * who it was, and leaves its files.
 */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/kernel/guard.h"
#include "tests/lib/command_line.h"

#define BEHIND " has not come back within 300 ms of CPU time (weir.call.cpu-max)\n"

static void put_scenario(const char *place, const char *expect)
{
    char yaml[1000];
    text_format(yaml, sizeof yaml,
                "name: spins\n"
                "world: exact\n"
                "duration: 5min\n"
                "config: { execution.checkpointing.interval: 1s, parallelism.default: 2,\n"
                "          weir.call.cpu-max: 300ms }\n"
                "cluster: { task-manager: { count: 2, slots: 1 } }\n"
                "jobs: [ { program: spins, args: ['%s'] } ]\n%s",
                place, expect);
    cli_put_file("s.yaml", yaml);
}

static const struct {
    const char *place, *who;
} places[] = {
    { "make, timestamp", "operator 'in', subtask 0: 'make, timestamp'" },
    { "on_record", "operator 'process', subtask 1: 'on_record'" },
    { "on_event_time", "operator 'process', subtask 1: 'on_event_time'" },
    { "flat", "operator 'flat', subtask 0: 'map'" },
    { "map", "operator 'map', subtask 0: 'map'" },
    { "partitioner", "operator 'map', subtask 0: 'partitioner'" },
    { "format", "operator 'lines', subtask 0: 'format'" },
    { "main", "main of program 'spins'" },
};
enum { PLACES = sizeof places / sizeof *places };

START_TEST(a_function_that_spins_ends_the_run)
{
    char line[300];
    put_scenario(places[_i].place, "");
    text_format(line, sizeof line, "weir run: %s%s", places[_i].who, BEHIND);
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), line);
    ck_assert_ptr_nonnull(strstr(cli_out(), "Stopped early: the scenario itself"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/summary.json"), "\"complete\": false"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/events.jsonl"), "\"what\":\"added\""));
    ck_assert_ptr_nonnull(cli_get_file("o/report.html"));
    ck_assert_ptr_nonnull(cli_get_file("o/metrics.csv"));
}
END_TEST

/* What had been committed when it got stuck is there. */
START_TEST(what_was_written_before_is_left)
{
    put_scenario("on_record", "");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_INPUT);
    char pattern[200];
    glob_t found;
    text_format(pattern, sizeof pattern, "%s/o/output/lines/part-*", cli_folder());
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    ck_assert_uint_gt(found.gl_pathc, 0);
    globfree(&found);
}
END_TEST

START_TEST(a_complete_run_stays_in_its_place)
{
    put_scenario("none", "");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    put_scenario("map", "");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/summary.json"), "\"complete\": true"));
    ck_assert_ptr_nonnull(
        strstr(cli_get_file("o.interrupted/summary.json"), "\"complete\": false"));
}
END_TEST

START_TEST(a_main_that_spins_in_its_plan_is_refused)
{
    put_scenario("plan", "");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(
        strstr(cli_errors(), "s.yaml:7: jobs.0.program: main, asked for its plan," BEHIND));
    ck_assert_ptr_null(cli_get_file("o/summary.json"));
}
END_TEST

/* The run is complete by then. */
START_TEST(a_main_that_spins_behind_the_run_is_named)
{
    put_scenario("end", "");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: main of program 'spins'" BEHIND);
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/summary.json"), "\"complete\": true"));
}
END_TEST

START_TEST(an_expectation_that_spins_does_not_hold)
{
    put_scenario("weir_expected", "expect: [ { name: right, output: lines, equals: program } ]\n");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_FAILED);
    ck_assert_ptr_nonnull(
        strstr(cli_out(), "weir_expected of program 'spins', sink 'lines', has not come back"));
}
END_TEST

START_TEST(a_test_names_it_and_goes_on)
{
    cli_make_folder("a");
    cli_make_folder("b");
    put_scenario("map", "");
    char text[2000];
    text_format(text, sizeof text, "%s", cli_get_file("s.yaml"));
    cli_put_file("a/scenario.yaml", text);
    put_scenario("none", "expect: [ { name: right, output: lines, equals: program } ]\n");
    text_format(text, sizeof text, "%s", cli_get_file("s.yaml"));
    cli_put_file("b/scenario.yaml", text);
    cli_weir("test @/a @/b");
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  operator 'map', subtask 0: 'map'" BEHIND));
    ck_assert_msg(strstr(cli_out(), "1 passed, 1 failed") != NULL, "%s", cli_out());
}
END_TEST

/* Work for the guard itself. */

enum { BEATS = 8 };

static void burn(int64_t ns)
{
    struct timespec from, now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while ((now.tv_sec - from.tv_sec) * TIME_S + now.tv_nsec - from.tv_nsec < ns);
}

static void put_who(const void *context, struct note *who)
{
    text_format(who->text, sizeof who->text, "%s", (const char *)context);
}

static void work_with_beats(void *unused)
{
    (void)unused;
    guard_enter(put_who, "somebody");
    for (int i = 0; i < BEATS; i++) {
        burn(100 * TIME_MS);
        guard_beat();
    }
    guard_leave();
}

static void work_outside(void *unused)
{
    (void)unused;
    guard_enter(put_who, "somebody");
    guard_leave();
    burn(800 * TIME_MS);
}

START_TEST(what_beats_or_is_weirs_own_is_never_given_up)
{
    const struct guard_limits limits = { .cpu_max = 400 * TIME_MS };
    struct note note;
    ck_assert(!err_is(guard_run(work_with_beats, NULL, &limits, &note)));
    ck_assert(!err_is(guard_run(work_outside, NULL, &limits, &note)));
    ck_assert(!guard_has_lost());
}
END_TEST

static volatile int sign, gone_on;

static void work_late(void *unused)
{
    (void)unused;
    guard_enter(put_who, "somebody");
    while (!sign)
        ;
    guard_beat();
    gone_on = 1;
}

/* Ever so late: it finds the world taken. */
START_TEST(who_comes_back_too_late_is_held)
{
    const struct guard_limits limits = { .cpu_max = 50 * TIME_MS };
    struct note note, again;
    ck_assert(err_is(guard_run(work_late, NULL, &limits, &note)));
    ck_assert_str_eq(note.text,
                     "somebody has not come back within 50 ms of CPU time (weir.call.cpu-max)");
    ck_assert(guard_has_lost());
    ck_assert(err_is(guard_run(work_outside, NULL, &limits, &again)));
    ck_assert_str_eq(again.text, note.text);
    sign = 1;
    burn(100 * TIME_MS);
    ck_assert_int_eq(gone_on, 0);
}
END_TEST

Suite *test_api_spins_suite(void);
Suite *test_api_spins_suite(void)
{
    Suite *suite = suite_create("api spins");
    TCase *tcase = tcase_create("programs");
    tcase_add_checked_fixture(tcase, cli_begin, cli_end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_function_that_spins_ends_the_run, 0, PLACES);
    tcase_add_test(tcase, what_was_written_before_is_left);
    tcase_add_test(tcase, a_complete_run_stays_in_its_place);
    tcase_add_test(tcase, a_main_that_spins_in_its_plan_is_refused);
    tcase_add_test(tcase, a_main_that_spins_behind_the_run_is_named);
    tcase_add_test(tcase, an_expectation_that_spins_does_not_hold);
    tcase_add_test(tcase, a_test_names_it_and_goes_on);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("guard");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_beats_or_is_weirs_own_is_never_given_up);
    tcase_add_test(tcase, who_comes_back_too_late_is_held);
    suite_add_tcase(suite, tcase);
    return suite;
}
