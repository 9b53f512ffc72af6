/* SPDX-License-Identifier: Apache-2.0
 *
 * "all tasks RUNNING" as an answer to a fault: it waits for the outage as downtime counts it, and
 * not for what a JobManager believes that has not missed a TaskManager yet.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/lib/command_line.h"
#include "tests/lib/expect_fixture.h"
#include "tests/lib/load_fixture.h"

static struct expect_fixture fixture;

static void begin(const char *expectations)
{
    static char yaml[4096];
    text_format(yaml, sizeof yaml, "%sexpect:\n%s", LOAD_FIXTURE_BASE, expectations);
    expect_fixture_init(&fixture, yaml);
}

static void must_be(size_t index, bool holds, const char *measured)
{
    ck_assert_int_eq(expect_fixture_judge(&fixture, index, NULL), holds);
    ck_assert_str_eq(fixture.result.measured, measured);
}

static void fact(time_ns at, const char *word)
{
    event_watch_fact(&fixture.watch, at, word, NULL);
}

static void all_run(time_ns at, bool is_so)
{
    struct log_line line = fake_fact("job", "all tasks RUNNING");
    line.job = (struct job_id){ 0 };
    event_watch_line(&fixture.watch, at, &line, is_so);
}

static void ends(time_ns at)
{
    struct log_line line = fake_fact("dispatcher", "job ended");
    line.job = (struct job_id){ 0 };
    event_watch_line(&fixture.watch, at, &line, true);
}

static struct incident *down(time_ns fault, time_ns from, time_ns to)
{
    expect_fixture_down(&fixture, 0, fault, from, to);
    return &vec_last(&fixture.recorder.incidents.list);
}

static void end_at(time_ns at)
{
    recorder_sample(&fixture.recorder, at);
}

START_TEST(what_is_not_so_answers_nothing)
{
    begin("  - { name: a, event: all tasks RUNNING, after: kill, within: 6s }\n"
          "  - { name: b, event: all tasks RUNNING, after: kill, within: 20s }\n"
          "  - { name: c, event: all tasks RUNNING, within: 10s }\n"
          "  - { name: d, event: all tasks RUNNING, after: kill, count: 1 }\n");
    all_run(8 * TIME_S, false);
    all_run(11 * TIME_S, true);
    fact(100 * TIME_S, "kill");
    all_run(104 * TIME_S, false);
    all_run(112 * TIME_S, true);
    down(100 * TIME_S, 100 * TIME_S, 112 * TIME_S);
    end_at(TIME_H);
    must_be(0, false, "12 s");
    must_be(1, true, "12 s");
    must_be(2, false, "2 times");
    ck_assert_str_eq(fixture.result.detail, "first at 00:00:11");
    must_be(3, true, "1 time");
    expect_fixture_fini(&fixture);
}
END_TEST

/* A freeze is noticed late; a region fails and comes back meanwhile. */
START_TEST(a_return_from_something_else_is_no_answer)
{
    begin("  - { name: a, event: all tasks RUNNING, after: freeze, within: 10s }\n"
          "  - { name: b, event: all tasks RUNNING, after: freeze, within: 45s }\n");
    all_run(5 * TIME_S, true);
    fact(100 * TIME_S, "freeze");
    down(103 * TIME_S, 103 * TIME_S, 104 * TIME_S);
    all_run(104 * TIME_S, true);
    down(100 * TIME_S, 141 * TIME_S, 142 * TIME_S);
    all_run(142 * TIME_S, true);
    end_at(TIME_H);
    must_be(0, false, "42 s");
    must_be(1, true, "42 s");
    expect_fixture_fini(&fixture);
}
END_TEST

/* One fault brings a job down again and again: up to the end of the time it is not over. */
START_TEST(the_last_outage_by_the_fault_in_time_is_the_answer)
{
    begin("  - { name: a, event: all tasks RUNNING, after: slow, within: 60s }\n"
          "  - { name: b, event: all tasks RUNNING, after: slow, within: 20s }\n"
          "  - { name: c, event: all tasks RUNNING, after: slow }\n");
    all_run(5 * TIME_S, true);
    fact(100 * TIME_S, "slow");
    down(100 * TIME_S, 110 * TIME_S, 112 * TIME_S);
    down(100 * TIME_S, 150 * TIME_S, 155 * TIME_S);
    down(100 * TIME_S, 900 * TIME_S, 901 * TIME_S);
    end_at(TIME_H);
    must_be(0, true, "55 s");
    must_be(1, true, "12 s");
    must_be(2, true, "13 min 21 s");
    expect_fixture_fini(&fixture);
}
END_TEST

/* Given up is decided, however soon the run ends; what was ended by request is not. */
START_TEST(a_job_that_ends_while_it_is_down_does_not_come_back)
{
    begin("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n"
          "  - { name: b, event: all tasks RUNNING, after: stop, within: 90s }\n"
          "  - { name: c, event: all tasks RUNNING, after: stop, within: 5s }\n");
    all_run(5 * TIME_S, true);
    if (_i == 0) {
        fact(100 * TIME_S, "kill");
        down(100 * TIME_S, 100 * TIME_S, TIME_NEVER)->failed_at = 110 * TIME_S;
    } else {
        fact(100 * TIME_S, "stop");
        down(100 * TIME_S, 100 * TIME_S, TIME_NEVER)->over_at = 110 * TIME_S;
    }
    ends(110 * TIME_S);
    end_at(120 * TIME_S);
    if (_i == 0) {
        must_be(0, false, "never");
    } else {
        must_be(1, false, "the job ended before");
        must_be(2, false, "never");
    }
    expect_fixture_fini(&fixture);
}
END_TEST

START_TEST(a_job_that_had_ended_is_not_waited_for)
{
    begin("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n");
    all_run(5 * TIME_S, true);
    fact(100 * TIME_S, "kill");
    down(100 * TIME_S, 100 * TIME_S, 110 * TIME_S);
    ends(200 * TIME_S);
    fact(300 * TIME_S, "kill");
    end_at(TIME_H);
    must_be(0, true, "10 s at most");
    ck_assert_str_eq(fixture.result.detail, "after 00:01:40; 1 not judged: no task stopped");
    expect_fixture_fini(&fixture);
}
END_TEST

/* Regions: the JobManager says that all tasks run at 4.07 s, of which tm1 had some. */
START_TEST(a_region_that_restarts_does_not_answer_for_another)
{
    cli_begin();
    cli_put_file("regions.yaml",
                 "name: regions\nduration: 12min\n"
                 "config: { parallelism.default: 4, jobmanager.scheduler: default,\n"
                 "          execution.checkpointing.interval: 10s }\n"
                 "cluster: { task-manager: { count: 2, slots: 2 } }\n"
                 "jobs:\n"
                 "  - name: j\n"
                 "    vertices: [ { name: a, cost: 2us }, { name: b, cost: 6us } ]\n"
                 "    edges: [ a -> b: forward ]\n"
                 "    load: 100/s\n"
                 "events:\n"
                 "  - { at: 10min, kill: tm1 }\n"
                 "  - { at: 10min 3s, fail: { vertex: b, subtask: 3 } }\n"
                 "  - { at: 10min 5s, add: 1 }\n"
                 "expect:\n"
                 "  - { name: comes back, event: all tasks RUNNING, after: kill, within: 6s }\n"
                 "  - { name: twice, event: all tasks RUNNING, count: 2 }\n");
    ck_assert_int_eq(cli_weir(_i == 0 ? "run @/regions.yaml --out @/o --no-plots"
                                      : "run --world exact @/regions.yaml --out @/o --no-plots"),
                     1);
    ck_assert(strstr(cli_out(), "comes back     12.5 s  each time after kill within 6 s"));
    ck_assert(strstr(cli_out(), "twice         2 times  2 times"));
    cli_end();
}
END_TEST

/* Before all tasks have run once: those of tm1 run, and are gone when the others do at 15 s. */
START_TEST(a_start_is_over_when_all_tasks_run_at_once)
{
    cli_begin();
    cli_put_file("start.yaml",
                 "name: start\nduration: 60s\n"
                 "config: { parallelism.default: 4, jobmanager.scheduler: default,\n"
                 "          execution.checkpointing.interval: 10s }\n"
                 "cluster: { task-manager: { count: 2, slots: 2 }, timing: { initialize: 5s } }\n"
                 "jobs:\n"
                 "  - name: j\n"
                 "    vertices: [ { name: a, cost: 2us }, { name: b, cost: 6us } ]\n"
                 "    edges: [ a -> b: forward ]\n"
                 "    load: 100/s\n"
                 "events:\n"
                 "  - { at: 9s, fail: { vertex: b, subtask: 3 } }\n"
                 "  - { at: 12s, kill: tm1 }\n"
                 "  - { at: 13s, add: 1 }\n"
                 "expect:\n"
                 "  - { name: comes up, event: all tasks RUNNING, within: 20s }\n");
    ck_assert_int_eq(cli_weir("run @/start.yaml --out @/o --no-plots"), 1);
    ck_assert(strstr(cli_out(), "first at 37.493 s"));
    cli_end();
}
END_TEST

Suite *test_check_returns_suite(void)
{
    Suite *suite = suite_create("check: all tasks run again");
    TCase *tcase = tcase_create("returns");
    tcase_add_test(tcase, what_is_not_so_answers_nothing);
    tcase_add_test(tcase, a_return_from_something_else_is_no_answer);
    tcase_add_test(tcase, the_last_outage_by_the_fault_in_time_is_the_answer);
    tcase_add_loop_test(tcase, a_job_that_ends_while_it_is_down_does_not_come_back, 0, 2);
    tcase_add_test(tcase, a_job_that_had_ended_is_not_waited_for);
    tcase_add_loop_test(tcase, a_region_that_restarts_does_not_answer_for_another, 0, 2);
    tcase_add_test(tcase, a_start_is_over_when_all_tasks_run_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
