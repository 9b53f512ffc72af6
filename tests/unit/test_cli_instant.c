/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir explain --at --task`: a task's channels and the barriers in them, of a run made again.
 */
#include <check.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

/* The reader is slow, so barriers wait: checkpoint 2 is under way for most of a second. */
#define SLOW                                                                                       \
    "name: slow\n"                                                                                 \
    "world: exact\n"                                                                               \
    "duration: 14s\n"                                                                              \
    "config: { parallelism.default: 2, execution.checkpointing.interval: 3s }\n"                   \
    "cluster:\n"                                                                                   \
    "  task-manager: { cores: 2, slots: 1, boot: 1s, network: 1gbit }\n"                           \
    "  task-managers: [ tm1, tm2, tm3, tm4 ]\n"                                                    \
    "jobs:\n"                                                                                      \
    "  - name: job\n"                                                                              \
    "    vertices:\n"                                                                              \
    "      - { name: source, group: a, cost: 10us, bytes: 100 }\n"                                 \
    "      - { name: count, group: b, keys: 1k, cost: 400us }\n"                                   \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 20k/s\n"

static void begin(void)
{
    cli_begin();
    cli_put_file("slow.yaml", SLOW);
    ck_assert_int_eq(cli_weir("run --quiet --no-plots --out @/run @/slow.yaml"), EXIT_HELD);
}

static bool said(const char *text)
{
    return strstr(cli_out(), text) != NULL;
}

START_TEST(barriers_are_found_where_they_wait)
{
    begin();
    ck_assert_int_eq(cli_weir("explain @/run --at 5300ms --task source/0"), EXIT_HELD);
    ck_assert(said("At 5.300 s:\n  source/0, attempt 0 on tm"));
    ck_assert(said("backpressured: no room in an output"));
    ck_assert_msg(said("barrier of checkpoint 2 behind "), "%s", cli_out());
    ck_assert(!said("source/1"));
    ck_assert_int_eq(cli_weir("explain @/run --at 5300ms --task count"), EXIT_HELD);
    ck_assert(said("count/0, attempt 0") && said("count/1, attempt 0"));
    ck_assert(said("busy: it is on a core") && said("from source/1: ") && said(" free"));
    cli_end();
}
END_TEST

START_TEST(what_cannot_be_looked_at_is_refused_in_one_line)
{
    static const char *const wrong[][2] = {
        { "explain @/run --task count", "--task: goes with --at TIME\n" },
        { "explain @/run --at 1h --task count",
          "expected a time in the run, which is 14 s long\n" },
        { "explain @/run --at 9s --task counts", "--task: found 'counts', expected a vertex" },
        { "explain @/run --at 9s --task count/2",
          "--task: found subtask 2, the vertex has 2 at that time\n" },
        { "explain @/other --at 9s --task count", "one of the virtual world" },
    };
    begin();
    ck_assert_int_eq(cli_weir("run --quiet --no-plots --world virtual --out @/other @/slow.yaml"),
                     EXIT_HELD);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(cli_weir(wrong[i][0]), EXIT_INPUT);
        ck_assert_msg(strstr(cli_errors(), wrong[i][1]) != NULL, "%s", cli_errors());
        ck_assert_ptr_eq(strchr(cli_errors(), '\n'), strrchr(cli_errors(), '\n'));
    }
    cli_end();
}
END_TEST

/* One timer for each session of the 100 users: what is open at that time. */
START_TEST(timers_that_are_set_are_counted)
{
    cli_begin();
    cli_put_file("sessions.yaml", "name: sessions\n"
                                  "world: exact\n"
                                  "duration: 20s\n"
                                  "cluster: { task-manager: { count: 1, slots: 1 } }\n"
                                  "jobs: [ { program: sessions, args: [60000] } ]\n");
    ck_assert_int_eq(cli_weir("run --quiet --no-plots --out @/run @/sessions.yaml"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("explain @/run --at 15s --task visits"), EXIT_HELD);
    ck_assert_msg(said(" of keyed state, ") && said(" timers set, watermark "), "%s", cli_out());
    ck_assert_int_eq(cli_weir("explain @/run --at 15s --task clicks"), EXIT_HELD);
    ck_assert_msg(!said("timer set") && !said("timers set"), "%s", cli_out());
    cli_end();
}
END_TEST

START_TEST(a_scenario_that_was_changed_is_noticed)
{
    begin();
    cli_put_file("slow.yaml", SLOW "events: [ { at: 4s, kill: tm1 } ]\n");
    ck_assert_int_eq(cli_weir("explain @/run --at 9s --task count"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "is not what it was; run it anew"));
    cli_end();
}
END_TEST

Suite *test_cli_instant_suite(void)
{
    Suite *suite = suite_create("cli: instant");
    TCase *tcase = tcase_create("instant");
    tcase_add_test(tcase, barriers_are_found_where_they_wait);
    tcase_add_test(tcase, what_cannot_be_looked_at_is_refused_in_one_line);
    tcase_add_test(tcase, timers_that_are_set_are_counted);
    tcase_add_test(tcase, a_scenario_that_was_changed_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}
