/* SPDX-License-Identifier: Apache-2.0
 *
 * State in the memory of a TaskManager: what does not fit fails the task that asked for it, and
 * state with a time to live stays within. State 'seen' of the program growing_state has 400 new
 * entries a second in each of two subtasks, all of which live for half a minute, or for ever.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

/* Runs the program, and wants its expectations to hold. */
static void hold(const char *task_managers, const char *args, const char *expect)
{
    char yaml[2000];
    snprintf(yaml, sizeof yaml,
             "name: memory\n"
             "world: exact\n"
             "duration: 3min\n"
             "cluster: { task-manager: { %s } }\n"
             "config: { parallelism.default: 2, execution.checkpointing.interval: 10s,\n"
             "          restart-strategy.type: none }\n"
             "jobs: [ { program: growing_state, args: [ %s ] } ]\n"
             "expect:\n"
             "%s",
             task_managers, args, expect);
    cli_begin();
    cli_put_file("memory.yaml", yaml);
    int code = cli_weir("run --quiet --no-plots --out @/run @/memory.yaml");
    ck_assert_msg(code == EXIT_HELD, "%d: %s%s", code, cli_out(), cli_errors());
}

#define ENDS_WELL "  - { name: ends well, event: job FINISHED, count: 1 }\n"
#define FAILS                                                                                      \
    "  - { name: fails, event: job FAILED, count: 1, within: 2min }\n"                             \
    "  - { name: takes checkpoints before, metric: checkpoints_completed, value: at least 3 }\n"

START_TEST(state_that_grows_for_ever_fails_the_task)
{
    hold("count: 2, slots: 1, memory: 3m", "150000, 0", FAILS);
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
    const char *why = strstr(cli_out(), "OutOfMemoryError: once: state 'seen' has grown to ");
    ck_assert_msg(why && strstr(why, "room for 3145728"), "%s", cli_out());
    cli_end();
}
END_TEST

START_TEST(state_by_key_may_be_on_disk)
{
    hold("count: 2, slots: 1, memory: 3m",
         "150000, 0 ], config: { state.backend.type: rocksdb }, faults: [ ", ENDS_WELL);
    cli_end();
}
END_TEST

START_TEST(a_time_to_live_keeps_it_within)
{
    hold("count: 2, slots: 1, memory: 3m", "150000", ENDS_WELL);
    cli_end();
}
END_TEST

START_TEST(tasks_of_a_task_manager_share_its_memory)
{
    hold("count: 2, slots: 1, memory: 6m", "150000, 0", ENDS_WELL);
    cli_end();
    hold("count: 1, slots: 2, memory: 6m", "150000, 0", FAILS);
    cli_end();
}
END_TEST

/* Else a second attempt at both, which has it all again, would not get to the end. */
START_TEST(what_a_failed_task_had_is_free_again)
{
    hold("count: 1, slots: 2, memory: 9m",
         "150000, 0 ], config: { restart-strategy.type: fixed-delay, "
         "restart-strategy.fixed-delay.attempts: 1, restart-strategy.fixed-delay.delay: 1s }, "
         "faults: [ { throw: once, after: 80s, attempts: 1 } ",
         ENDS_WELL "  - { name: fails once, event: execution RUNNING -> FAILED, count: 1 }\n"
                   "  - { name: once more, event: all tasks RUNNING, count: 2 }\n");
    cli_end();
}
END_TEST

/* What the scenario says of modelled state counts, whether it is there or not; in both worlds. */
START_TEST(modelled_state_counts_in_both_worlds)
{
    static const char yaml[] =
        "name: memory\n"
        "duration: 3min\n"
        "cluster: { task-manager: { count: 2, slots: 2, memory: 64m } }\n"
        "config: { parallelism.default: 2, restart-strategy.type: none, state.backend.type: %s }\n"
        "jobs:\n"
        "  - name: clicks\n"
        "    vertices: [ { name: source }, { name: count, keys: 100k, state: 2 kb/key } ]\n"
        "    edges: [ source -> count: hash ]\n"
        "    load: 1k/s\n"
        "expect: [ { name: fails, event: execution RUNNING -> FAILED, count: %d, within: 3min } "
        "]\n";
    static const char *const worlds[] = { "virtual", "exact" };
    char text[2000], line[100];
    cli_begin();
    for (int on_disk = 0; on_disk <= 1; on_disk++) {
        snprintf(text, sizeof text, yaml, on_disk ? "rocksdb" : "hashmap", on_disk ? 0 : 1);
        cli_put_file("memory.yaml", text);
        snprintf(line, sizeof line, "run --quiet --no-plots --world %s --out @/run @/memory.yaml",
                 worlds[_i]);
        int code = cli_weir(line);
        ck_assert_msg(code == EXIT_HELD, "%s: %s%s", worlds[_i], cli_out(), cli_errors());
        ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
        ck_assert_msg(on_disk || strstr(cli_out(), "OutOfMemoryError"), "%s", cli_out());
    }
    cli_end();
}
END_TEST

Suite *test_exact_memory_suite(void);
Suite *test_exact_memory_suite(void)
{
    Suite *suite = suite_create("exact memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, state_that_grows_for_ever_fails_the_task);
    tcase_add_test(tcase, state_by_key_may_be_on_disk);
    tcase_add_test(tcase, a_time_to_live_keeps_it_within);
    tcase_add_test(tcase, tasks_of_a_task_manager_share_its_memory);
    tcase_add_test(tcase, what_a_failed_task_had_is_free_again);
    tcase_add_loop_test(tcase, modelled_state_counts_in_both_worlds, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
