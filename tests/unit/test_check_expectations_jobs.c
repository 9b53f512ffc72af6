/* SPDX-License-Identifier: Apache-2.0
 *
 * Expectations over events where there are several jobs: which job's events count, and that none
 * stands in for another.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/expect_fixture.h"
#include "tests/lib/load_fixture.h"

static struct expect_fixture fixture;

/* Job 0 is j, job 1 is k. */
static void begin(const char *expectations)
{
    static char yaml[4096];
    snprintf(yaml, sizeof yaml,
             "%s"
             "  - name: k\n"
             "    vertices: [ { name: source }, { name: count, keys: 10 } ]\n"
             "    edges: [ source -> count: hash ]\n"
             "    load: 500/s\n"
             "expect:\n%s",
             LOAD_FIXTURE_BASE, expectations);
    expect_fixture_init(&fixture, yaml);
}

static bool holds(size_t index)
{
    return expect_fixture_judge(&fixture, index, NULL);
}

static void fact(time_ns at, const char *word)
{
    event_watch_fact(&fixture.watch, at, word, NULL);
}

static void end_at(time_ns at)
{
    recorder_sample(&fixture.recorder, at);
}

static void line_of(time_ns at, uint32_t job, struct log_line what)
{
    what.job = (struct job_id){ job };
    event_watch_line(&fixture.watch, at, &what, true);
}

/* By what happened as it went down. */
static void down(uint32_t job, time_ns from, time_ns to)
{
    expect_fixture_down(&fixture, job, from, from, to);
}

static void all_run(time_ns at, uint32_t job)
{
    line_of(at, job, fake_fact("job", "all tasks RUNNING"));
}

START_TEST(no_job_stands_in_for_another)
{
    begin("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n"
          "  - { name: b, event: all tasks RUNNING, after: kill, within: 90s, job: j }\n"
          "  - { name: c, event: all tasks RUNNING, after: kill, within: 90s, job: k }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    fact(100 * TIME_S, "kill");
    all_run(110 * TIME_S, 0);
    fact(300 * TIME_S, "kill");
    all_run(310 * TIME_S, 1);
    all_run(320 * TIME_S, 0);
    down(0, 100 * TIME_S, 110 * TIME_S);
    down(1, 100 * TIME_S, 310 * TIME_S);
    down(0, 300 * TIME_S, 320 * TIME_S);
    end_at(TIME_H);
    ck_assert(!holds(0));
    ck_assert_str_eq(fixture.result.measured, "3 min 30 s at most");
    ck_assert_str_eq(fixture.result.detail, "after 00:01:40, job k");
    ck_assert(holds(1));
    ck_assert_str_eq(fixture.result.measured, "20 s at most");
    ck_assert(!holds(2));
    expect_fixture_fini(&fixture);
}
END_TEST

START_TEST(an_event_is_waited_for_from_the_jobs_that_ran)
{
    begin("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n"
          "  - { name: b, event: all tasks RUNNING, after: freeze, within: 90s }\n"
          "  - { name: c, event: all tasks RUNNING, after: process up, within: 90s }\n");
    fact(1 * TIME_S, "up");
    all_run(5 * TIME_S, 0);
    fact(100 * TIME_S, "kill");
    all_run(110 * TIME_S, 0);
    all_run(200 * TIME_S, 1);
    line_of(250 * TIME_S, 0, fake_fact("dispatcher", "job ended"));
    fact(300 * TIME_S, "freeze");
    all_run(310 * TIME_S, 1);
    down(0, 100 * TIME_S, 110 * TIME_S);
    down(1, 300 * TIME_S, 310 * TIME_S);
    end_at(TIME_H);
    ck_assert(holds(0)); /* the other did not run then */
    ck_assert_str_eq(fixture.result.measured, "10 s");
    ck_assert(holds(1)); /* one has ended */
    ck_assert(holds(2)); /* none ran */
    ck_assert_str_eq(fixture.result.measured, "4 s");
    expect_fixture_fini(&fixture);
}
END_TEST

START_TEST(what_happens_to_a_job_is_followed_by_an_event_of_that_job)
{
    begin("  - { name: a, event: all tasks RUNNING, after: job RESTARTING, within: 90s }\n"
          "  - { name: b, event: process up, after: job RESTARTING, within: 90s }\n"
          "  - { name: c, event: all tasks RUNNING, after: job RESTARTING, job: j }\n"
          "  - { name: d, event: job RESTARTING, job: j, count: 0 }\n"
          "  - { name: e, event: job RESTARTING, count: 1 }\n"
          "  - { name: f, event: all tasks RUNNING, after: job FAILING, within: 90s }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    line_of(100 * TIME_S, 1, fake_move("job", "RUNNING", "RESTARTING"));
    all_run(110 * TIME_S, 0);
    fact(120 * TIME_S, "up");
    line_of(200 * TIME_S, 0, fake_move("job", "RUNNING", "FAILING"));
    all_run(210 * TIME_S, 0);
    end_at(TIME_H);
    ck_assert(!holds(0));
    ck_assert_str_eq(fixture.result.measured, "never");
    ck_assert_str_eq(fixture.result.detail, "after 00:01:40, job k");
    ck_assert(holds(1)); /* a process serves all jobs */
    ck_assert(!holds(2));
    ck_assert_str_eq(fixture.result.measured, "'job RESTARTING' never happened");
    ck_assert(holds(3));
    ck_assert(holds(4));
    ck_assert_str_eq(fixture.result.detail, "first at 00:01:40, job k");
    ck_assert(holds(5)); /* nothing happened to the other */
    expect_fixture_fini(&fixture);
}
END_TEST

/* One back in time and one still open: the occurrence is not decided by the former. */
START_TEST(an_occurrence_is_open_as_long_as_one_job_is)
{
    begin("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    fact(100 * TIME_S, "kill");
    all_run(110 * TIME_S, 0);
    down(0, 100 * TIME_S, 110 * TIME_S);
    down(1, 100 * TIME_S, TIME_NEVER);
    end_at(120 * TIME_S);
    ck_assert(!holds(0));
    ck_assert_str_eq(fixture.result.measured, "the run ended before");
    expect_fixture_fini(&fixture);
}
END_TEST

/* The first kill stops k for 10 s, the second one j for 80 s, the third one nobody. */
START_TEST(a_job_that_a_fault_did_not_touch_need_not_come_back)
{
    begin("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n"
          "  - { name: b, event: all tasks RUNNING, after: kill, within: 50s }\n"
          "  - { name: c, event: all tasks RUNNING, after: kill, within: 50s, job: k }\n"
          "  - { name: d, event: all tasks RUNNING, after: freeze, within: 50s }\n"
          "  - { name: e, event: all tasks RUNNING, after: freeze, job: j }\n"
          "  - { name: f, event: job RESTARTING, after: freeze, within: 50s }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    fact(100 * TIME_S, "kill");
    all_run(110 * TIME_S, 1);
    fact(150 * TIME_S, "kill"); /* within the time of the first */
    all_run(230 * TIME_S, 0);
    fact(300 * TIME_S, "kill");
    fact(400 * TIME_S, "freeze");
    down(1, 100 * TIME_S, 110 * TIME_S);
    down(0, 150 * TIME_S, 230 * TIME_S);
    end_at(TIME_H);
    ck_assert(holds(0));
    ck_assert_str_eq(fixture.result.measured, "1 min 20 s at most");
    ck_assert_str_eq(fixture.result.detail, "after 00:02:30, job j; 1 not judged: no task stopped");
    ck_assert(!holds(1));
    ck_assert(holds(2));
    ck_assert_str_eq(fixture.result.measured, "10 s at most");
    ck_assert(!holds(3)); /* a drill that hits nobody */
    ck_assert_str_eq(fixture.result.measured, "no task stopped");
    ck_assert_str_eq(fixture.result.detail, "'freeze' did not touch any job, at 00:06:40");
    ck_assert(!holds(4));
    ck_assert_str_eq(fixture.result.detail, "'freeze' did not touch job j, at 00:06:40");
    ck_assert(!holds(5)); /* other events say nothing of what was down */
    ck_assert_str_eq(fixture.result.measured, "never");
    expect_fixture_fini(&fixture);
}
END_TEST

/* Noticed, or fatal, only later: by heartbeats, by a checkpoint that expires. */
START_TEST(a_job_may_be_touched_long_after)
{
    begin("  - { name: a, event: all tasks RUNNING, after: cut, within: 30s, job: j }\n"
          "  - { name: b, event: all tasks RUNNING, after: cut, within: 3min, job: k }\n"
          "  - { name: c, event: all tasks RUNNING, after: kill, within: 90s, job: j }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    fact(100 * TIME_S, "cut");
    fact(155 * TIME_S, "kill");
    all_run(160 * TIME_S, 0);
    all_run(240 * TIME_S, 1);
    expect_fixture_down(&fixture, 0, 100 * TIME_S, 150 * TIME_S, 160 * TIME_S);
    expect_fixture_down(&fixture, 1, 200 * TIME_S, 200 * TIME_S, 240 * TIME_S);
    end_at(TIME_H);
    ck_assert(!holds(0)); /* by this, though behind its time */
    ck_assert_str_eq(fixture.result.measured, "1 min");
    ck_assert(holds(1)); /* put down to nothing else */
    ck_assert_str_eq(fixture.result.measured, "2 min 20 s");
    ck_assert(holds(2)); /* down already */
    ck_assert_str_eq(fixture.result.measured, "5 s");
    expect_fixture_fini(&fixture);
}
END_TEST

START_TEST(an_answer_is_about_its_job)
{
    struct effect_answer answer = { .request = CLIENT_CANCEL_JOB, .job = { 1 } };
    begin("  - { name: a, event: client cancel done, job: j, count: 0 }\n"
          "  - { name: b, event: client cancel done, job: k }\n");
    event_watch_answer(&fixture.watch, TIME_S, &answer);
    end_at(TIME_MIN);
    ck_assert(holds(0));
    ck_assert(holds(1));
    expect_fixture_fini(&fixture);
}
END_TEST

Suite *test_check_expectations_jobs_suite(void)
{
    Suite *suite = suite_create("check: expectations of several jobs");
    TCase *tcase = tcase_create("events");
    tcase_add_test(tcase, no_job_stands_in_for_another);
    tcase_add_test(tcase, an_event_is_waited_for_from_the_jobs_that_ran);
    tcase_add_test(tcase, what_happens_to_a_job_is_followed_by_an_event_of_that_job);
    tcase_add_test(tcase, an_occurrence_is_open_as_long_as_one_job_is);
    tcase_add_test(tcase, a_job_that_a_fault_did_not_touch_need_not_come_back);
    tcase_add_test(tcase, a_job_may_be_touched_long_after);
    tcase_add_test(tcase, an_answer_is_about_its_job);
    suite_add_tcase(suite, tcase);
    return suite;
}
