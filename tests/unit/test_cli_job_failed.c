/* SPDX-License-Identifier: Apache-2.0
 *
 * By what did a job FAIL? Everybody who is asked says the same: the terminal, the summary, JUnit,
 * the exception history and the explanation.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

static const char starving[] =
    "name: starving\n"
    "duration: 20min\n"
    "config: { jobmanager.scheduler: adaptive, parallelism.default: 4,\n"
    "          execution.checkpointing.interval: 30s,\n"
    "          jobmanager.adaptive-scheduler.submission.resource-wait-timeout: 2min }\n"
    "cluster: { task-manager: { slots: 2 }, task-managers: [ tm1, tm2 ] }\n"
    "jobs:\n"
    "  - name: j\n"
    "    vertices: [ { name: in }, { name: out } ]\n"
    "    edges: [ in -> out: hash ]\n"
    "    load: 1k/s\n"
    "events:\n"
    "  - { at: 3min, rescale: { all: 3..4 } }\n"
    "  - { at: 5min, fail: out }\n"
    "  - { at: 10min, stop: tm2 }\n"
    "expect: [ { name: never fails, event: job FAILED, count: 0 } ]\n";

static void must_say(const char *text, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted) != NULL, "wanted %s in %s", wanted, text);
}

/* A2, CreatingExecutionGraph -> Finished: what the job had survived is not what it FAILED by. */
START_TEST(a_job_that_starved_failed_for_want_of_slots)
{
    static const char why[] = "NoResourceAvailableException: not enough slots for the lower "
                              "bounds, after stop tm2 at 00:10:00";
    static const char failed[] = "job j FAILED at 00:12:0";
    cli_begin();
    cli_put_file("scenario.yaml", starving);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_FAILED);
    must_say(cli_out(), failed);
    must_say(cli_out(), why);
    must_say(cli_get_file("run/summary.json"), "\"failure\": \"NoResourceAvailableException: not");
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
    must_say(cli_out(), "The job ended as FAILED: not enough slots for the lower bounds.");
    must_say(cli_out(), "NoResourceAvailableException: not enough slots for the lower bounds\n");
    ck_assert_int_eq(cli_weir("test @/scenario.yaml --junit @/j.xml"), EXIT_FAILED);
    const char *message = strstr(cli_get_file("j.xml"), "message=\"");
    ck_assert_ptr_nonnull(message);
    must_say(message, failed);
    must_say(message, why);
    cli_end();
}
END_TEST

/* The second fault strikes while the job is on its way back from the first, which it survives. */
START_TEST(a_job_that_failed_on_its_way_back_failed_by_what_struck_it_then)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: twice\n"
                 "duration: 5min\n"
                 "config: { parallelism.default: 2, restart-strategy.type: fixed-delay,\n"
                 "          restart-strategy.fixed-delay.attempts: 1,\n"
                 "          restart-strategy.fixed-delay.delay: 1s }\n"
                 "cluster: { task-manager: { count: 2, slots: 2 } }\n"
                 "jobs:\n"
                 "  - name: j\n"
                 "    vertices: [ { name: in }, { name: out, state: 1gb } ]\n"
                 "    edges: [ in -> out: hash ]\n"
                 "    load: 1k/s\n"
                 "events:\n"
                 "  - { at: 60s, fail: out }\n"
                 "  - { at: 61060ms, fail: out }\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    must_say(cli_out(), "FAILED at 61.");
    must_say(cli_out(), ": fail out 0 (RuntimeException: user code failed), after fail out 0 at "
                        "60.000 s\n");
    cli_end();
}
END_TEST

/* What nothing was survived of is told as it was: the fault first. */
START_TEST(a_job_that_may_not_restart_failed_by_the_fault)
{
    cli_begin();
    cli_put_file("scenario.yaml", "name: once\n"
                                  "duration: 2min\n"
                                  "config: { restart-strategy.type: none }\n"
                                  "cluster: { task-manager: { count: 1, slots: 1 } }\n"
                                  "jobs:\n"
                                  "  - name: j\n"
                                  "    vertices: [ { name: in } ]\n"
                                  "    load: 1k/s\n"
                                  "events: [ { at: 60s, fail: in } ]\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    must_say(cli_out(), ": fail in 0 (RuntimeException: user code failed)\n");
    cli_end();
}
END_TEST

START_TEST(a_long_reason_is_told_to_its_end)
{
    static const char end[] = "new program. Cannot map operator count with max parallelism 8 to "
                              "new program with max parallelism 16";
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: refused\n"
                 "duration: 10min\n"
                 "config: { execution.checkpointing.interval: 30s }\n"
                 "cluster: { task-manager: { count: 1, slots: 1 } }\n"
                 "jobs:\n"
                 "  - name: a\n"
                 "    vertices: [ { name: in }, { name: count, keys: 10, max-parallelism: 8 } ]\n"
                 "    edges: [ in -> count: hash ]\n"
                 "    load: 1k/s\n"
                 "  - name: b\n"
                 "    at: 5min\n"
                 "    vertices: [ { name: in }, { name: count, keys: 10, max-parallelism: 16 } ]\n"
                 "    edges: [ in -> count: hash ]\n"
                 "    config: { execution.state-recovery.path: savepoint of a }\n"
                 "events: [ { at: 4min, stop-with-savepoint: a } ]\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    must_say(cli_out(), end);
    must_say(cli_get_file("run/summary.json"), end);
    cli_end();
}
END_TEST

/* And not by the machine that came last, long before: with either scheduler, once. */
START_TEST(a_job_that_cannot_start_from_a_snapshot_failed_by_that)
{
    static const char *const schedulers[] = { "default", "adaptive" };
    static const char why[] =
        "Cannot find checkpoint or savepoint file/directory 'checkpoint of a'";
    static const char exception[] = "the job: JobException: ";
    char line[120];
    cli_begin();
    cli_put_file("scenario.yaml", "name: refused\n"
                                  "duration: 10min\n"
                                  "config: { execution.checkpointing.interval: 30s }\n"
                                  "cluster: { task-manager: { count: 1, slots: 1 } }\n"
                                  "jobs:\n"
                                  "  - { name: a, vertices: [ { name: in } ], load: 1k/s }\n"
                                  "  - name: b\n"
                                  "    at: 5min\n"
                                  "    vertices: [ { name: in } ]\n"
                                  "    config: { execution.state-recovery.path: checkpoint of a }\n"
                                  "events: [ { at: 2min, add: 1 }, { at: 4min, cancel: a } ]\n");
    snprintf(line, sizeof line, "run @ --out @/run --no-plots --set config.jobmanager.scheduler=%s",
             schedulers[_i]);
    ck_assert_int_eq(cli_weir(line), EXIT_HELD);
    must_say(cli_out(), "job b FAILED at 300.0");
    must_say(cli_out(), " s: Cannot find checkpoint or savepoint file/directory");
    must_say(cli_get_file("run/summary.json"), why);
    ck_assert_ptr_null(strstr(cli_get_file("run/summary.json"), "\"cause\": \"add 1\""));
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
    const char *said = strstr(cli_out(), exception);
    ck_assert_ptr_nonnull(said);
    ck_assert_ptr_null(strstr(said + 1, exception));
    cli_end();
}
END_TEST

/* What the job that it was to go on from has written is all there, and says nothing of it: the one
 * is refused, the other waits for slots until the run ends. */
START_TEST(a_job_that_never_ran_has_not_written_what_another_has)
{
    static const char *const why[] = { "pipeline.max-parallelism: 64", "parallelism.default: 5" };
    char yaml[1500];
    snprintf(yaml, sizeof yaml,
             "name: t\n"
             "world: exact\n"
             "duration: 1min\n"
             "config: { parallelism.default: 2, execution.checkpointing.interval: 1s }\n"
             "cluster: { task-manager: { count: 4, slots: 1, boot: 1s } }\n"
             "jobs:\n"
             "  - { program: keyed_count, name: one, args: [20000] }\n"
             "  - program: keyed_count\n"
             "    name: two\n"
             "    args: [20000]\n"
             "    at: 40s\n"
             "    config: { execution.state-recovery.path: savepoint of one, %s }\n"
             "events: [ { at: 10s, savepoint: one } ]\n"
             "expect:\n"
             "  - { name: first, job: one, output: counts, equals: program }\n"
             "  - { name: then, job: two, output: counts, equals: program }\n",
             why[_i]);
    cli_begin();
    cli_put_file("scenario.yaml", yaml);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_FAILED);
    must_say(cli_out(), "held    first                20000 lines  20000 lines");
    must_say(cli_out(), "FAILED  then         job 'two' never ran  lines");
    cli_end();
}
END_TEST

Suite *test_cli_job_failed_suite(void);
Suite *test_cli_job_failed_suite(void)
{
    Suite *suite = suite_create("cli job failed");
    TCase *tcase = tcase_create("why");
    tcase_add_test(tcase, a_job_that_starved_failed_for_want_of_slots);
    tcase_add_test(tcase, a_job_that_failed_on_its_way_back_failed_by_what_struck_it_then);
    tcase_add_test(tcase, a_job_that_may_not_restart_failed_by_the_fault);
    tcase_add_test(tcase, a_long_reason_is_told_to_its_end);
    tcase_add_loop_test(tcase, a_job_that_cannot_start_from_a_snapshot_failed_by_that, 0, 2);
    tcase_add_loop_test(tcase, a_job_that_never_ran_has_not_written_what_another_has, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
