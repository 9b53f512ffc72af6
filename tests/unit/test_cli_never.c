/* SPDX-License-Identifier: Apache-2.0
 *
 * What a scenario plans and a run does not do: told by runs, tests and explanations, of whole runs.
 */
#include <check.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

/* A script that waits for what never comes is likely to be a mistake. */
START_TEST(a_run_tells_what_never_happened)
{
    cli_begin();
    cli_put_file("s.yaml",
                 "name: s\nduration: 1min\n"
                 "jobs:\n  - name: j\n    vertices: [ { name: source } ]\n    load: 1/s\n"
                 "  - { name: late, at: 61s, vertices: [ { name: source } ], load: 1/s }\n"
                 "events:\n"
                 "  - { on: job FAILED, nth: 2, kill: tm1 }\n"
                 "  - { on: job RUNNING, nth: 2, kill: tm1 }\n"
                 "  - { at: 20s, savepoint: j }\n"
                 "  - { on: client savepoint done, add: tm2, after: 1h }\n"
                 "  - { at: 2min, kill: tm1 }\n"
                 "compare: { calm: { events: null } }\n"
                 "expect: [ { name: a, metric: restarts, max: exactly 0 } ]\n");
    static const char *const lines[] = {
        "never happened: kill tm1: waits for 'job FAILED' 2 times, seen 0 times\n",
        "never happened: kill tm1: waits for 'job RUNNING' 2 times, seen 1 time\n",
        ("never happened: add tm2: waits for 'client savepoint done', and the run ended before its "
         "wait was over\n"),
        "never happened: kill tm1: its time is after the end\n",
        "never happened: submission of job late: its time is after the end\n",
        "never happened: calm: submission of job late: its time is after the end\n",
    };
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(cli_out(), lines[i]) != NULL, "%s", cli_out());
    ck_assert_ptr_null(strstr(cli_out(), "savepoint j"));
    ck_assert_ptr_null(strstr(cli_out(), "calm: kill"));
    ck_assert_ptr_null(strstr(cli_out(), "submission of job j"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/summary.json"), "\"never_happened\": [\n    {"));
    ck_assert_int_eq(cli_weir("test @/s.yaml"), EXIT_HELD);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(cli_out(), lines[i]) != NULL, "%s", cli_out());
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots --until 30s"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_out(), "never happened"));
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots --until 1min"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots --until 61s"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "--until: found a time after the end of the run"));
    cli_end();
}
END_TEST

/* Legal in Flink, and likely to be forgotten: the backend that it is for. */
START_TEST(a_run_tells_what_is_left_unheard)
{
    cli_begin();
    cli_put_file("s.yaml",
                 "name: s\nduration: 1min\n"
                 "config: { execution.checkpointing.interval: 10s, "
                 "execution.checkpointing.incremental: true }\n"
                 "jobs: [ { name: j, vertices: [ { name: source } ], load: 1/s } ]\n"
                 "compare: { disk: { config: { state.backend.type: rocksdb } },\n"
                 "           quick: { config: { execution.checkpointing.interval: 1s } } }\n");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "no effect: j: execution.checkpointing.incremental, "
                                            "for state.backend.type is hashmap"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "no effect: quick: j: "));
    ck_assert_ptr_null(strstr(cli_out(), "no effect: disk"));
    cli_end();
}
END_TEST

/* A drill that hits nobody proves nothing. */
START_TEST(a_run_tells_what_found_no_target)
{
    cli_begin();
    cli_put_file(
        "s.yaml",
        "name: s\nduration: 2min\nconfig: { jobmanager.scheduler: adaptive, "
        "execution.checkpointing.interval: 10s }\n"
        "cluster: { task-manager: { count: 2, slots: 1 } }\n"
        "jobs:\n  - { name: j, vertices: [ { name: source } ], load: 1/s }\n"
        "events:\n"
        "  - { at: 30s, freeze: { task-manager: idle, count: 2, for: 1s }, label: frz }\n"
        "  - { at: 30s, fail: { vertex: source, subtask: 7 } }\n"
        "  - { at: 35s, kill: tm1 }\n"
        "  - { at: 36s, kill: tm1, label: drill }\n"
        "  - { at: 20s, every: 20s, slow: { task-manager: random, factor: 0.9, for: 1s } }\n"
        "  - { at: 26s, every: 10s, loss: { task-manager: random, count: 2, "
        "probability: 1%, for: 1s } }\n"
        "  - { at: 110s, kill: { task-manager: random, count: 2 }, label: rest }\n"
        "  - { at: 115s, every: 1s, kill: { task-manager: in-use } }\n"
        "  - { at: 119s, every: 1h, kill: { task-manager: in-use }, label: hourly }\n"
        "  - { at: 3min, kill: tm2, label: faraway }\n"
        "  - { at: 4min, rescale: { all: 1..8 } }\n"
        "expect: [ { name: survives, event: job FAILED, count: 0 } ]\n");
    static const char *const lines[] = {
        "did not happen in full: frz: found 1 of 2 targets\n",
        "never happened: fail source 7: found no target\n",
        "never happened: drill: found no target\n",
        "did not happen each time: slow 1 random: found no target 1 of 6 times\n",
        ("did not happen each time: loss 2 random: found no target 1 of 10 times, found fewer "
         "than 2 targets "
         "8 of 10 times\n"),
        "did not happen in full: rest: found 1 of 2 targets\n",
        "never happened: kill 1 in-use: found no target 6 of 6 times\n",
        "never happened: hourly: found no target 1 of 1 time\n",
    };
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(cli_out(), lines[i]) != NULL, "%s", cli_out());
    ck_assert_ptr_null(strstr(cli_out(), "kill tm1"));
    ck_assert_ptr_nonnull(
        strstr(cli_get_file("o/summary.json"), "\"reason\": \"found 1 of 2 targets\""));
    ck_assert_int_eq(cli_weir("explain @/o"), EXIT_HELD);
    ck_assert_ptr_nonnull(
        strstr(cli_out(), "What the script planned never happened: drill: found no target.\n"));
    ck_assert_ptr_nonnull(strstr(cli_out(),
                                 "What the script planned did not happen each time: slow 1 "
                                 "random: found no target 1 of 6 times.\n"));
    ck_assert_ptr_null(strstr(cli_out(), "faraway"));
    ck_assert_int_eq(cli_weir("test @/s.yaml"), EXIT_HELD);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(cli_out(), lines[i]) != NULL, "%s", cli_out());
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots --until 40s"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "never happened: drill: found no target\n"));
    ck_assert_ptr_null(strstr(cli_out(), "faraway"));
    cli_end();
}
END_TEST

/* The vertex could have four subtasks, and has the two that slots are there for. Checkpoints go to
 * 5 or so. */
START_TEST(a_run_tells_which_faults_of_user_code_never_struck)
{
    static const char *const lines[] = {
        "never happened: throw v 3: its subtask never ran\n",
        "never happened: snapshot-throws v 2: its subtask never ran\n",
        "never happened: snapshot-sleeps v 2: its subtask never ran\n",
        "never happened: throw v 1: its subtask never ran for so long\n",
        "never happened: snapshot-throws v 0: no such snapshot of its subtask began\n",
    };
    static const char *const struck[] = { "throw s 0", "sleeps v 0", "throws v 1" };
    cli_begin();
    cli_put_file("s.yaml",
                 "name: s\nduration: 1min\nconfig: { scheduler-mode: reactive, "
                 "pipeline.max-parallelism: 4,\n"
                 "  execution.checkpointing.interval: 10s }\n"
                 "cluster: { task-manager: { count: 2, slots: 1 } }\n"
                 "jobs:\n  - name: j\n    vertices: [ { name: s }, { name: v } ]\n    edges: [ s "
                 "-> v: hash ]\n"
                 "    load: 10/s\n    faults:\n"
                 "      - { throw: v, subtask: 3 }\n      - { snapshot-throws: v, subtask: 2 }\n"
                 "      - { snapshot-sleeps: v, subtask: 2, for: 1s }\n"
                 "      - { throw: v, subtask: 1, after: 10min }\n"
                 "      - { snapshot-throws: v, checkpoint: 1000 }\n"
                 "      - { throw: s, after: 1s, attempts: 1 }\n"
                 "      - { snapshot-sleeps: v, for: 1ms, from: 2 }\n"
                 "      - { snapshot-throws: v, subtask: 1, checkpoint: 3 }\n");
    ck_assert_int_eq(cli_weir(_i ? "run @/s.yaml --out @/o --no-plots --world exact"
                                 : "run @/s.yaml --out @/o --no-plots"),
                     EXIT_HELD);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(cli_out(), lines[i]) != NULL, "%s", cli_out());
    for (size_t i = 0; i < sizeof struck / sizeof *struck; i++)
        ck_assert_ptr_null(strstr(cli_out(), struck[i]));
    ck_assert_int_eq(cli_weir("explain @/o"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "What the script planned never happened: throw v 3: "
                                            "its subtask never ran.\n"));
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots --until 5s"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_out(), "never happened"));
    cli_end();
}
END_TEST

/* With two jobs, what the script does to one of them is followed by events of that one, and the
 * label says which it was. Labels of one's own that are alike say nothing: then the one whose task
 * stopped must come. */
START_TEST(what_is_done_to_one_job_is_answered_for_by_that_job)
{
#define TWO_JOBS(label)                                                                            \
    "name: s\nduration: 10min\n"                                                                   \
    "config: { jobmanager.scheduler: default, execution.checkpointing.interval: 10s }\n"           \
    "cluster: { task-manager: { count: 2, slots: 1 } }\n"                                          \
    "jobs:\n  - { name: a, vertices: [ { name: c, parallelism: 1 } ], load: 1/s }\n"               \
    "  - { name: b, vertices: [ { name: c, parallelism: 1 } ], load: 1/s }\n"                      \
    "events:\n  - { at: 3min, fail: { job: a, vertex: c }" label " }\n"                            \
    "  - { at: 5min, fail: { job: b, vertex: c }" label " }\n  - { at: 7min, cancel: b }\n"        \
    "expect:\n  - { name: back, event: all tasks RUNNING, after: fail, within: 10s }\n"            \
    "  - { name: a is, event: all tasks RUNNING, after: fail, within: 10s, job: a }\n"             \
    "  - { name: gone, event: job CANCELED, after: cancel, within: 1s }\n"
    cli_begin();
    cli_put_file("s.yaml", TWO_JOBS(""));
    ck_assert_msg(cli_weir("run @/s.yaml --out @/o --no-plots") == EXIT_HELD, "%s", cli_out());
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/events.jsonl"), "fail c 0 of a"));
    cli_put_file("s.yaml", TWO_JOBS(", label: drill"));
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    ck_assert_msg(strstr(cli_out(), "; 1 not judged: no task stopped") != NULL, "%s", cli_out());
    cli_end();
#undef TWO_JOBS
}
END_TEST

Suite *test_cli_never_suite(void)
{
    Suite *suite = suite_create("cli_never");
    TCase *tests = tcase_create("never");
    tcase_add_test(tests, a_run_tells_what_never_happened);
    tcase_add_test(tests, a_run_tells_what_is_left_unheard);
    tcase_add_test(tests, a_run_tells_what_found_no_target);
    tcase_add_loop_test(tests, a_run_tells_which_faults_of_user_code_never_struck, 0, 2);
    tcase_add_test(tests, what_is_done_to_one_job_is_answered_for_by_that_job);
    suite_add_tcase(suite, tests);
    return suite;
}
