/* SPDX-License-Identifier: Apache-2.0
 *
 * Two faults within seconds, on different TaskManagers: what an outage began with, what it was
 * noticed by and what the job FAILED by are three questions, and everybody who is asked answers
 * each of them the same.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

#define RESTARTS_NONE "restart-strategy.type: none"

/* Six chains of two tasks on four machines, a region each, or all of them one. */
#define REGIONS(config, events)                                                                    \
    "name: two faults\nduration: 20min\nsample: 1s\n"                                              \
    "config: { parallelism.default: 6, jobmanager.scheduler: default, " config " }\n"              \
    "cluster: { task-manager: { count: 4, slots: 2 } }\n"                                          \
    "jobs:\n"                                                                                      \
    "  - name: j\n"                                                                                \
    "    vertices: [ { name: a, cost: 2us }, { name: b, cost: 6us } ]\n"                           \
    "    edges: [ a -> b: forward ]\n"                                                             \
    "    load: 100/s\n"                                                                            \
    "events:\n" events
#define WHOLE(events)                                                                              \
    "name: two faults\nduration: 20min\nsample: 1s\n"                                              \
    "config: { parallelism.default: 6, " RESTARTS_NONE " }\n"                                      \
    "cluster: { task-manager: { count: 4, slots: 2 } }\n"                                          \
    "jobs:\n"                                                                                      \
    "  - name: j\n"                                                                                \
    "    vertices: [ { name: a, cost: 2us }, { name: b, cost: 6us, keys: 1k } ]\n"                 \
    "    edges: [ a -> b: hash ]\n"                                                                \
    "    load: 100/s\n"                                                                            \
    "events:\n" events

static const struct story {
    const char *scenario;
    const char *failed;        /* by what, as the job's end is told everywhere */
    const char *recovery;      /* in the summary, where the outage is */
    const char *outage, *told; /* in explain */
} stories[] = {
    /* The code of a living machine fails before anybody misses the dead one. */
    { REGIONS(RESTARTS_NONE, "  - { at: 10min, kill: tm1 }\n"
                             "  - { at: 603s, fail: { vertex: b, subtask: 3 } }\n"),
      "00:10:03: fail b 3 (RuntimeException: user code failed), after kill tm1 at 00:10:00",
      "\"failed_by\": \"fail b 3\"",
      "The script did what it says (kill tm1). Before that was noticed, 3 s later, subtask 3 of b "
      "on tm2 FAILED (RuntimeException: user code failed) by another fault (fail b 3). No task "
      "failed by what the outage began with. ",
      "The job FAILED 3.02 s after that: fail b 3. Nothing of it ran" },
    /* One that is asked to stop says so at once. */
    { WHOLE("  - { at: 10min, kill: tm1 }\n  - { at: 10min, stop: tm2 }\n"),
      "00:10:10: stop tm2 (FlinkExpectedException: TaskManager is shutting down), after kill tm1 "
      "at 00:10:00",
      "\"failed_by\": \"stop tm2\"",
      "by another fault (stop tm2). No task failed by what the outage began with. The resource "
      "manager gave up tm2 20.1 ms after stop tm2 (TaskManager is shutting down). ",
      "The job FAILED 10 s after that: stop tm2." },
    /* The outage begins with a failure that nobody can tell of. */
    { WHOLE("  - { at: 595s, cut: tm1 }\n  - { at: 10min, fail: { vertex: b, subtask: 0 } }\n"),
      "00:10:41: cut tm1 (TimeoutException: heartbeat of a TaskManager timed out), after fail b 0 "
      "at 00:10:00",
      "\"failed_by\": \"cut tm1\"",
      "The script did what it says (fail b 0). Before that was noticed, 41 s later, subtask 0 of a "
      "on tm1 FAILED",
      "The resource manager gave up tm1 46 s after cut tm1 (heartbeat of a TaskManager timed "
      "out). The job FAILED 41 s after that: cut tm1." },
    /* The second fault is noticed later than the first, or not at all: there is but one. */
    { WHOLE("  - { at: 10min, fail: { vertex: b, subtask: 3 } }\n  - { at: 10min, stop: tm2 }\n"),
      "00:10:00: fail b 3 (RuntimeException: user code failed)\n", "\"failed_by\": null",
      "The script did what it says (fail b 3). It was noticed 100 us later: subtask 3 of b on tm2",
      "The job FAILED 20.3 ms after that. Nothing of it ran" },
};
enum { STORY_COUNT = sizeof stories / sizeof *stories };

static void must_say(const char *text, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted) != NULL, "wanted %s in %.2000s", wanted, text);
}

/* What explain says, its lines joined. */
static const char *explained(void)
{
    static char out[16384];
    size_t length = 0;
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
    for (const char *p = cli_out(); *p && length + 1 < sizeof out; p++) {
        if (*p == ' ' && length > 0 && out[length - 1] == ' ')
            continue;
        out[length++] = *p == '\n' ? ' ' : *p;
    }
    out[length] = '\0';
    return out;
}

START_TEST(what_began_an_outage_and_what_failed_the_job_are_told_apart)
{
    const struct story *story = &stories[_i];
    cli_begin();
    cli_put_file("scenario.yaml", story->scenario);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    must_say(cli_out(), story->failed);
    must_say(cli_get_file("run/summary.json"), story->recovery);
    const char *words = explained();
    must_say(words, story->outage);
    must_say(words, story->told);
    cli_end();
}
END_TEST

/* The report, JUnit and the end's own chapter. */
START_TEST(every_report_tells_what_failed_the_job)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 REGIONS(RESTARTS_NONE,
                         "  - { at: 10min, kill: tm1 }\n"
                         "  - { at: 603s, fail: { vertex: b, subtask: 3 } }\n"
                         "expect: [ { name: never fails, event: job FAILED, count: 0 } ]\n"));
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_FAILED);
    must_say(cli_get_file("run/report.html"), "kill tm1; FAILED: fail b 3</td>");
    must_say(cli_get_file("run/recovery.csv"), "\"FAILED: fail b 3\"");
    must_say(explained(), "j ends The job ended as FAILED. What it FAILED by: fail b 3 "
                          "(RuntimeException: user code failed), after kill tm1 at 00:10:00. ");
    ck_assert_int_eq(cli_weir("test @/scenario.yaml --junit @/j.xml"), EXIT_FAILED);
    must_say(strstr(cli_get_file("j.xml"), "message=\""),
             "FAILED at 00:10:03: fail b 3 (RuntimeException: user code failed), after kill tm1");
    cli_end();
}
END_TEST

/* A stop is heard of at once, a kill with the heartbeat; what the JobManager takes to run in
 * between does not, and is drawn so. Each region's failure restarts its own tasks, and those of one
 * back-off are one restart. */
START_TEST(a_kill_is_not_noticed_by_the_failure_of_another_region)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 REGIONS("execution.checkpointing.interval: 10s", "  - { at: 5min, kill: tm1 }\n"
                                                                  "  - { at: 302s, stop: tm2 }\n"));
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    const char *words = explained();
    must_say(words, "(kill tm1). Before that was noticed, 2.02 s later, subtask 2 of a on tm2 "
                    "FAILED (FlinkExpectedException: TaskManager is shutting down) by another "
                    "fault (stop tm2). What the outage began with was noticed 11 s after that: "
                    "subtask 0 of a on tm1 FAILED (ResourceManagerException: TaskManager no "
                    "longer reachable)");
    must_say(words, "gave up tm2 20.1 ms after stop tm2 (TaskManager is shutting down). The "
                    "resource manager gave up tm1 11 s after the fault (TaskManager no longer "
                    "reachable). ");
    must_say(words, "failures, each of a region of 2 of its 12 tasks (those within one back-off "
                    "count as one restart)");
    must_say(cli_get_file("run/states.csv"), ",311.0002,0,0,tasks gone\n");
    cli_end();
}
END_TEST

/* Each job by its own task, whatever the events are called; both fail at once. */
START_TEST(two_jobs_that_are_made_to_fail_each_fail_by_their_own)
{
    const char *one = _i ? "bug of one" : "fail in 0 of one";
    const char *two = _i ? "bug of two" : "fail in 0 of two";
    const char *done = _i ? ": subtask 0 of in was to fail" : "";
    char text[1024];
    cli_begin();
    text_format(text, sizeof text,
                "name: both\n"
                "duration: 5min\n"
                "config: { restart-strategy.type: none }\n"
                "cluster: { task-manager: { count: 2, slots: 1 } }\n"
                "jobs:\n"
                "  - { name: one, vertices: [ { name: in } ], load: 1k/s }\n"
                "  - { name: two, vertices: [ { name: in } ], load: 1k/s }\n"
                "events:\n"
                "  - { at: 60s, fail: { job: one, vertex: in }, label: %s }\n"
                "  - { at: 60s, fail: { job: two, vertex: in }, label: %s }\n",
                one, two);
    cli_put_file("scenario.yaml", text);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    for (int i = 0; i < 2; i++) {
        text_format(text, sizeof text, "job %s FAILED at 60.000 s: %s (Runtime", i ? "two" : "one",
                    i ? two : one);
        must_say(cli_out(), text);
    }
    const char *words = explained();
    for (int i = 0; i < 2; i++) {
        text_format(text, sizeof text,
                    "%s goes down The script did what it says (%s)%s. It was noticed 100 us "
                    "later: ",
                    i ? "two" : "one", i ? two : one, done);
        must_say(words, text);
    }
    cli_end();
}
END_TEST

/* Where one label is of several tasks, the log does not say which. */
START_TEST(a_label_of_several_tasks_names_none)
{
    cli_begin();
    cli_put_file("scenario.yaml", REGIONS("execution.checkpointing.interval: 10s",
                                          "  - { at: 60s, fail: { vertex: b, subtask: 3 } }\n"
                                          "  - { at: 70s, fail: a, label: bug }\n"
                                          "  - { at: 80s, fail: b, label: bug }\n"));
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    const char *log = cli_get_file("run/events.jsonl");
    must_say(log, "\"what\":\"fail\",\"job\":\"j\",\"vertex\":\"b\",\"subtask\":3,"
                  "\"reason\":\"fail b 3\"");
    must_say(log, "\"what\":\"fail\",\"reason\":\"bug\"");
    cli_end();
}
END_TEST

/* Two machines are given up at one instant, one that was killed and one that could be reached no
 * more. */
START_TEST(what_is_given_up_at_one_instant_is_told_by_its_fault)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 WHOLE("  - { at: 2min, cut: { task-manager: jobmanager, for: 70s } }\n"
                       "  - { at: 130s, kill: tm1 }\n"));
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    must_say(explained(),
             "The resource manager gave up tm1 31 s after the fault (heartbeat of a TaskManager "
             "timed out). The resource manager gave up tm2, tm3 and tm4 41 s after cut jobmanager "
             "(heartbeat of a TaskManager timed out). ");
    cli_end();
}
END_TEST

/* Two outages by two faults of one instant: the second, later, tells nothing of the first. */
START_TEST(what_another_outage_gave_up_is_not_told_again)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 REGIONS("execution.checkpointing.interval: 10s",
                         "  - { at: 2min, kill: tm1 }\n"
                         "  - { at: 2min, freeze: { task-manager: tm2, for: 70s } }\n"));
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    const char *second = strstr(explained(), "41 s before, the script did what it says (freeze");
    ck_assert_ptr_nonnull(second);
    must_say(second, "The resource manager gave up tm2 41 s after the fault");
    ck_assert_ptr_null(strstr(second, "kill tm1"));
    cli_end();
}
END_TEST

/* Machines that go by themselves have no script's words. */
START_TEST(what_was_lost_meanwhile_is_told_by_its_own_loss)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: lost\n"
                 "duration: 10min\n"
                 "config: { parallelism.default: 6, execution.checkpointing.interval: 10s }\n"
                 "cluster:\n"
                 "  task-manager: { slots: 2 }\n"
                 "  churn: { steps: [ [0s, 5], [120s, 4], [122s, 3] ] }\n"
                 "jobs:\n"
                 "  - name: j\n"
                 "    vertices: [ { name: a }, { name: b, keys: 1k } ]\n"
                 "    edges: [ a -> b: hash ]\n"
                 "    load: 100/s\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    must_say(explained(),
             "The resource manager gave up tm2 11 s after the fault (TaskManager no longer "
             "reachable). The resource manager gave up tm1 19 s after it was killed (TaskManager "
             "no longer reachable). ");
    cli_end();
}
END_TEST

/* Both are asked for at one instant. */
START_TEST(what_the_script_asks_of_one_job_is_no_cause_of_another_s)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: two\nduration: 2min\n"
                 "config: { execution.checkpointing.interval: 10s }\n"
                 "cluster: { task-manager: { count: 2 } }\n"
                 "jobs:\n"
                 "  - { name: a, vertices: [ { name: in } ], load: 1k/s }\n"
                 "  - { name: b, vertices: [ { name: in } ], load: 1k/s }\n"
                 "events: [ { at: 1min, savepoint: a }, { at: 1min, savepoint: b } ]\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("explain @/run --why client*savepoint*"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "client savepoint done, job a"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "script savepoint, job a: savepoint a"));
    cli_end();
}
END_TEST

/* One stop of six, whose words reach the JobManager one after the other. */
START_TEST(task_managers_that_go_together_are_one_fault)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: six\nduration: 6min\n"
                 "config: { parallelism.default: 12, execution.checkpointing.interval: 10s }\n"
                 "cluster:\n"
                 "  task-manager: { count: 12, slots: 2 }\n"
                 "  network: { latency: { median: 200us, p99: 2ms } }\n"
                 "jobs:\n"
                 "  - name: j\n"
                 "    vertices: [ { name: src }, { name: cnt, keys: 10k, state: 100 bytes/key } ]\n"
                 "    edges: [ src -> cnt: hash ]\n"
                 "    load: 20k/s\n"
                 "events: [ { at: 5min, stop: [ tm1, tm2, tm3, tm4, tm5, tm6 ] } ]\n");
    for (int seed = 1; seed <= 4; seed++) {
        char command[100];
        text_format(command, sizeof command, "run @ --seed %d --out @/run --no-plots --quiet",
                    seed);
        ck_assert_int_eq(cli_weir(command), EXIT_HELD);
        ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
        ck_assert_ptr_null(strstr(cli_out(), "another fault"));
        ck_assert_ptr_nonnull(strstr(cli_out(), " and 2 more "));
    }
    cli_end();
}
END_TEST

Suite *test_cli_two_faults_suite(void);
Suite *test_cli_two_faults_suite(void)
{
    Suite *suite = suite_create("cli two faults");
    TCase *tcase = tcase_create("told apart");
    tcase_add_loop_test(tcase, what_began_an_outage_and_what_failed_the_job_are_told_apart, 0,
                        STORY_COUNT);
    tcase_add_test(tcase, every_report_tells_what_failed_the_job);
    tcase_add_test(tcase, a_kill_is_not_noticed_by_the_failure_of_another_region);
    tcase_add_loop_test(tcase, two_jobs_that_are_made_to_fail_each_fail_by_their_own, 0, 2);
    tcase_add_test(tcase, a_label_of_several_tasks_names_none);
    tcase_add_test(tcase, what_is_given_up_at_one_instant_is_told_by_its_fault);
    tcase_add_test(tcase, what_another_outage_gave_up_is_not_told_again);
    tcase_add_test(tcase, what_was_lost_meanwhile_is_told_by_its_own_loss);
    tcase_add_test(tcase, what_the_script_asks_of_one_job_is_no_cause_of_another_s);
    tcase_add_test(tcase, task_managers_that_go_together_are_one_fault);
    suite_add_tcase(suite, tcase);
    return suite;
}
