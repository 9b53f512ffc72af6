/* SPDX-License-Identifier: Apache-2.0
 *
 * Expectations over metrics, ratios, events and invariants: what holds, what does not, and what is
 * said about it.
 */
#include <check.h>
#include <string.h>

#include "sim/check/expectations.h"
#include "tests/lib/fake_run.h"
#include "tests/lib/load_fixture.h"

static struct fake_run run;
static struct recorder recorder;
static struct checkers checkers;
static struct event_watch watch;
static struct check_result result;

static void begin(const char *expectations)
{
    static char yaml[4096];
    snprintf(yaml, sizeof yaml,
             "%scluster: { task-manager: { count: 1, price: 1/h } }\n"
             "compare: { fixed: { seed: 2 } }\nexpect:\n%s",
             LOAD_FIXTURE_BASE, expectations);
    fake_run_init(&run, yaml);
    recorder_init(&recorder, &run.look);
    checkers_init(&checkers, &run.look, &recorder);
    event_watch_init(&watch, run.scenario);
}

static void end(void)
{
    event_watch_fini(&watch);
    checkers_fini(&checkers);
    recorder_fini(&recorder);
    fake_run_fini(&run);
}

static bool judge(size_t index, const struct metrics *of)
{
    struct run_evidence evidence = { run.scenario, &recorder.metrics, &watch, &checkers };
    expectation_judge(&evidence, index, of, &result);
    return result.held;
}

static void fact(time_ns at, const char *word)
{
    event_watch_fact(&watch, at, word);
}

static void line(time_ns at, struct log_line what)
{
    event_watch_line(&watch, at, &what);
}

static void end_at(time_ns at)
{
    recorder_sample(&recorder, at);
}

START_TEST(bounds_hold_up_to_the_bound_and_no_further)
{
    ck_assert(expectation_bound_holds(COMPARE_LE, 2, 2));
    ck_assert(!expectation_bound_holds(COMPARE_LT, 2, 2));
    ck_assert(expectation_bound_holds(COMPARE_GE, 2, 2));
    ck_assert(!expectation_bound_holds(COMPARE_GT, 2, 2));
    ck_assert(expectation_bound_holds(COMPARE_EQ, 0.1 + 0.2, 0.3));
    ck_assert(!expectation_bound_holds(COMPARE_EQ, 2.0001, 2));
}
END_TEST

START_TEST(a_metric_is_judged_by_its_statistic)
{
    begin("  - { name: a, metric: lag_seconds, max: <= 2min }\n"
          "  - { name: b, metric: lag_seconds, p50: below 5s }\n"
          "  - { name: c, metric: lag_seconds, value: at least 3min }\n");
    for (int i = 0; i <= 10; i++) {
        run.flows[0].lag_seconds_max = i == 5 ? 200 : 1;
        recorder_sample(&recorder, i * TIME_S);
    }
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "3 min 20 s");
    ck_assert_str_eq(result.wanted, "<= 2 min");
    ck_assert_str_eq(result.detail, "lag_seconds max");
    ck_assert(judge(1, NULL));
    ck_assert(judge(2, NULL)); /* the value of a lag is its most */
    end();
}
END_TEST

START_TEST(a_total_of_a_rate_is_a_number_of_records)
{
    begin("  - { name: a, metric: offered_rate, total: '>= 500k' }\n"
          "  - { name: b, metric: offered_rate, mean: '>= 500k/s' }\n"
          "  - { name: c, metric: offered_rate, of: fixed, ratio: <= 1, statistic: total }\n");
    recorder_sample(&recorder, 0);
    run.flows[0].offered_total = 600000;
    end_at(10 * TIME_S);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(result.measured, "600 k");
    ck_assert_str_eq(result.wanted, ">= 500 k");
    ck_assert(!judge(1, NULL));
    ck_assert_str_eq(result.measured, "60.0 k/s");
    ck_assert(judge(2, &recorder.metrics));
    ck_assert_str_eq(result.detail, "offered_rate: 600 k / 600 k");
    end();
}
END_TEST

START_TEST(a_metric_of_one_vertex_is_found)
{
    begin("  - { name: a, metric: busy, vertex: count, final: at least 90% }\n");
    recorder_sample(&recorder, 0);
    run.vertices[0][1] =
        (struct model_vertex_view){ .busy_seconds = 19, .idle_seconds = 1, .task_seconds = 20 };
    end_at(10 * TIME_S);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(result.measured, "95 %");
    end();
}
END_TEST

START_TEST(what_has_no_value_fails)
{
    begin("  - { name: a, metric: checkpoint_duration_seconds, max: <= 2min }\n");
    end_at(TIME_S);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "no value");
    end();
}
END_TEST

START_TEST(a_ratio_is_taken_of_the_other_run)
{
    struct metrics other;
    begin("  - { name: a, metric: cost, of: fixed, ratio: <= 0.5 }\n");
    recorder_fact(&recorder, 0, fake_node(1), "added", NULL);
    end_at(2 * TIME_H);
    metrics_init(&other, run.scenario);
    metrics_add_row(&other, 0)[METRIC_cost] = 5;
    ck_assert(judge(0, &other));
    ck_assert_str_eq(result.measured, "0.4");
    ck_assert_str_eq(result.wanted, "<= 0.5 of fixed");
    metrics_add_row(&other, 1)[METRIC_cost] = 3;
    ck_assert(!judge(0, &other));
    metrics_add_row(&other, 2)[METRIC_cost] = 0;
    ck_assert(!judge(0, &other));
    ck_assert_str_eq(result.measured, "no ratio");
    ck_assert(!judge(0, NULL));
    metrics_fini(&other);
    end();
}
END_TEST

START_TEST(an_event_must_follow_each_occurrence_in_time)
{
    begin("  - { name: a, event: job RUNNING, after: kill, within: 90s }\n"
          "  - { name: b, event: job RUNNING, after: kill, within: 50s }\n");
    fact(100 * TIME_S, "kill");
    line(110 * TIME_S, fake_move("job", "RESTARTING", "RUNNING"));
    fact(200 * TIME_S, "kill");
    line(260 * TIME_S, fake_move("job", "RESTARTING", "RUNNING"));
    end_at(TIME_H);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(result.measured, "1 min at most");
    ck_assert_str_eq(result.wanted, "each time after kill within 1 min 30 s");
    ck_assert_str_eq(result.detail, "after 00:03:20");
    ck_assert(!judge(1, NULL));
    end();
}
END_TEST

START_TEST(an_event_that_never_follows_fails)
{
    begin("  - { name: a, event: job RUNNING, after: kill }\n");
    line(50 * TIME_S, fake_move("job", "CREATED", "RUNNING"));
    fact(100 * TIME_S, "kill");
    end_at(TIME_H);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "never");
    end();
}
END_TEST

START_TEST(an_occurrence_cut_off_by_the_end_of_the_run_is_told_and_decides_nothing)
{
    begin("  - { name: a, event: job RUNNING, after: kill, within: 90s }\n"
          "  - { name: b, event: job RUNNING, after: kill, within: 50s }\n");
    fact(100 * TIME_S, "kill");
    line(110 * TIME_S, fake_move("job", "RESTARTING", "RUNNING"));
    fact(150 * TIME_S, "kill");
    end_at(200 * TIME_S);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(result.detail, "after 00:01:40; 1 not judged: the run ended before");
    ck_assert(!judge(1, NULL)); /* had its whole time */
    ck_assert_str_eq(result.measured, "never");
    ck_assert_str_eq(result.detail, "after 00:02:30");
    end();
}
END_TEST

START_TEST(when_all_occurrences_are_cut_off_nothing_has_been_shown)
{
    begin("  - { name: a, event: job RUNNING, after: kill, within: 90s }\n");
    fact(150 * TIME_S, "kill");
    end_at(200 * TIME_S);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "the run ended before");
    end();
}
END_TEST

START_TEST(without_the_event_it_refers_to_an_expectation_fails)
{
    begin("  - { name: a, event: job RUNNING, after: kill, count: 0 }\n");
    end_at(200 * TIME_S);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "'kill' never happened");
    end();
}
END_TEST

START_TEST(a_count_is_exact_and_within_its_time)
{
    begin("  - { name: a, event: process killed, count: 2 }\n"
          "  - { name: b, event: process killed, after: freeze, within: 10s, count: 1 }\n"
          "  - { name: c, event: job FAILED, count: 0 }\n"
          "  - { name: d, event: killed, count: 0 }\n");
    fact(1 * TIME_S, "killed");
    fact(5 * TIME_S, "freeze");
    fact(15 * TIME_S, "killed");
    end_at(TIME_MIN);
    ck_assert(judge(0, NULL));
    ck_assert(judge(1, NULL));
    ck_assert_str_eq(result.wanted, "1 times, each time after freeze within 10 s");
    ck_assert(judge(2, NULL));
    ck_assert_str_eq(result.wanted, "never");
    ck_assert(!judge(3, NULL));
    ck_assert_str_eq(result.measured, "2 times");
    end();
}
END_TEST

START_TEST(a_count_holds_after_each_occurrence)
{
    begin("  - { name: a, event: killed, after: freeze, within: 10s, count: 1 }\n"
          "  - { name: b, event: killed, after: freeze, count: 3 }\n"
          "  - { name: c, event: healed, after: freeze, within: 10s, count: 0 }\n"
          "  - { name: d, event: healed, after: freeze, within: 9s, count: 0 }\n");
    fact(10 * TIME_S, "freeze");
    fact(15 * TIME_S, "killed");
    fact(50 * TIME_S, "freeze");
    fact(55 * TIME_S, "killed");
    fact(60 * TIME_S, "killed");
    fact(60 * TIME_S, "healed");
    end_at(TIME_H);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "2 times");
    ck_assert_str_eq(result.detail, "after 00:00:50, first at 00:00:55");
    ck_assert(!judge(1, NULL)); /* without a time of its own: to the end of the run */
    ck_assert_str_eq(result.measured, "2 times");
    ck_assert(!judge(2, NULL));
    ck_assert_str_eq(result.wanted, "never, each time after freeze within 10 s");
    ck_assert(judge(3, NULL));
    end();
}
END_TEST

START_TEST(a_count_cut_off_by_the_end_of_the_run_decides_only_what_is_too_many)
{
    begin("  - { name: a, event: killed, after: freeze, within: 10s, count: 1 }\n"
          "  - { name: b, event: killed, after: resumed, within: 1min, count: 1 }\n"
          "  - { name: c, event: killed, after: resumed, within: 1min, count: 0 }\n");
    fact(10 * TIME_S, "freeze");
    fact(15 * TIME_S, "killed");
    fact(50 * TIME_S, "resumed");
    fact(55 * TIME_S, "freeze");
    fact(58 * TIME_S, "killed");
    end_at(TIME_MIN);
    ck_assert(judge(0, NULL));
    ck_assert_ptr_nonnull(strstr(result.detail, "; 1 not judged: the run ended before"));
    ck_assert(!judge(1, NULL));
    ck_assert_str_eq(result.measured, "the run ended before");
    ck_assert(!judge(2, NULL));
    ck_assert_str_eq(result.measured, "1 times");
    end();
}
END_TEST

/* Two jobs; both have all tasks RUNNING after 5 s. */
static void begin_two(const char *expectations)
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
    fake_run_init(&run, yaml);
    recorder_init(&recorder, &run.look);
    checkers_init(&checkers, &run.look, &recorder);
    event_watch_init(&watch, run.scenario);
}

static void line_of(time_ns at, uint32_t job, struct log_line what)
{
    what.job = (struct job_id){ job };
    event_watch_line(&watch, at, &what);
}

static void all_run(time_ns at, uint32_t job)
{
    line_of(at, job, fake_fact("job", "all tasks RUNNING"));
}

START_TEST(no_job_stands_in_for_another)
{
    begin_two("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n"
              "  - { name: b, event: all tasks RUNNING, after: kill, within: 90s, job: j }\n"
              "  - { name: c, event: all tasks RUNNING, after: kill, within: 90s, job: k }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    fact(100 * TIME_S, "kill");
    all_run(110 * TIME_S, 0);
    fact(300 * TIME_S, "kill");
    all_run(310 * TIME_S, 1);
    all_run(320 * TIME_S, 0);
    end_at(TIME_H);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "3 min 30 s at most");
    ck_assert_str_eq(result.detail, "after 00:01:40, job k");
    ck_assert(judge(1, NULL));
    ck_assert_str_eq(result.measured, "20 s at most");
    ck_assert(!judge(2, NULL));
    end();
}
END_TEST

START_TEST(an_event_is_waited_for_from_the_jobs_that_ran)
{
    begin_two("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n"
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
    end_at(TIME_H);
    ck_assert(judge(0, NULL)); /* the other did not run then */
    ck_assert_str_eq(result.measured, "10 s");
    ck_assert(judge(1, NULL)); /* one has ended */
    ck_assert(judge(2, NULL)); /* none ran */
    ck_assert_str_eq(result.measured, "4 s");
    end();
}
END_TEST

START_TEST(what_happens_to_a_job_is_followed_by_an_event_of_that_job)
{
    begin_two("  - { name: a, event: all tasks RUNNING, after: job RESTARTING, within: 90s }\n"
              "  - { name: b, event: process up, after: job RESTARTING, within: 90s }\n"
              "  - { name: c, event: all tasks RUNNING, after: job RESTARTING, job: j }\n"
              "  - { name: d, event: job RESTARTING, job: j, count: 0 }\n"
              "  - { name: e, event: job RESTARTING, count: 1 }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    line_of(100 * TIME_S, 1, fake_move("job", "RUNNING", "RESTARTING"));
    all_run(110 * TIME_S, 0);
    fact(120 * TIME_S, "up");
    end_at(TIME_H);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "never");
    ck_assert_str_eq(result.detail, "after 00:01:40, job k");
    ck_assert(judge(1, NULL)); /* a process serves all jobs */
    ck_assert(!judge(2, NULL));
    ck_assert_str_eq(result.measured, "'job RESTARTING' never happened");
    ck_assert(judge(3, NULL));
    ck_assert(judge(4, NULL));
    ck_assert_str_eq(result.detail, "first at 00:01:40, job k");
    end();
}
END_TEST

/* One back in time and one still open: the occurrence is not decided by the former. */
START_TEST(an_occurrence_is_open_as_long_as_one_job_is)
{
    begin_two("  - { name: a, event: all tasks RUNNING, after: kill, within: 90s }\n");
    all_run(5 * TIME_S, 0);
    all_run(5 * TIME_S, 1);
    fact(100 * TIME_S, "kill");
    all_run(110 * TIME_S, 0);
    end_at(120 * TIME_S);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(result.measured, "the run ended before");
    end();
}
END_TEST

START_TEST(an_answer_is_about_its_job)
{
    struct effect_answer answer = { .request = CLIENT_CANCEL_JOB, .job = { 1 } };
    begin_two("  - { name: a, event: client cancel done, job: j, count: 0 }\n"
              "  - { name: b, event: client cancel done, job: k }\n");
    event_watch_answer(&watch, TIME_S, &answer);
    end_at(TIME_MIN);
    ck_assert(judge(0, NULL));
    ck_assert(judge(1, NULL));
    end();
}
END_TEST

START_TEST(an_event_alone_must_happen_and_in_time)
{
    begin("  - { name: a, event: all tasks RUNNING, within: 10s }\n"
          "  - { name: b, event: all tasks RUNNING, within: 5s }\n"
          "  - { name: c, event: job FINISHED }\n");
    line(7 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    end_at(TIME_MIN);
    ck_assert(judge(0, NULL));
    ck_assert(!judge(1, NULL));
    ck_assert(!judge(2, NULL));
    ck_assert_str_eq(result.measured, "never");
    end();
}
END_TEST

START_TEST(answers_to_clients_are_events_too)
{
    struct effect_answer refused = { .request = CLIENT_UPDATE_REQUIREMENTS,
                                     .result = { ERR_REFUSED_CODE } };
    begin("  - { name: a, event: client rescale refused }\n"
          "  - { name: b, event: client rescale done, count: 0 }\n");
    event_watch_answer(&watch, TIME_S, &refused);
    end_at(TIME_MIN);
    ck_assert(judge(0, NULL));
    ck_assert(judge(1, NULL));
    end();
}
END_TEST

/* A job that was never taken would hold whatever is expected not to happen. */
START_TEST(a_refusal_that_nobody_expects_is_a_failure)
{
    struct effect_answer refused = { .request = CLIENT_SUBMIT_JOB,
                                     .result = { ERR_REFUSED_CODE },
                                     .text = "batch jobs are not supported yet" };
    struct effect_answer rescale = { .request = CLIENT_UPDATE_REQUIREMENTS,
                                     .result = { ERR_REFUSED_CODE } };
    begin("  - { name: never fails, event: job FAILED, count: 0 }\n"
          "  - { name: refused, event: client rescale refused }\n");
    event_watch_answer(&watch, TIME_S, &refused);
    event_watch_answer(&watch, TIME_S, &rescale);
    ck_assert_uint_eq(watch.refused.count, 1);
    ck_assert(!watch.refused.items[0].held);
    ck_assert_str_eq(watch.refused.items[0].name, "submit");
    ck_assert_str_eq(watch.refused.items[0].measured, "refused");
    ck_assert_ptr_nonnull(strstr(watch.refused.items[0].detail, "batch jobs are not supported"));
    end();
}
END_TEST

START_TEST(finer_lines_are_not_looked_at)
{
    begin("  - { name: a, event: execution *, count: 0 }\n");
    struct log_line fine = fake_move("execution", "INITIALIZING", "RUNNING");
    fine.level = LOG_TASK;
    line(TIME_S, fine);
    end_at(TIME_MIN);
    ck_assert(judge(0, NULL)); /* the same at every --log */
    end();
}
END_TEST

START_TEST(an_invariant_is_judged_by_its_checkers)
{
    begin("  - { name: a, invariant: exactly-once }\n");
    end_at(TIME_S);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(result.measured, "always");
    run.broken_books = "lost one";
    checkers_sample(&checkers, TIME_S, true);
    ck_assert(!judge(0, NULL));
    ck_assert_ptr_nonnull(strstr(result.detail, "lost one"));
    end();
}
END_TEST

Suite *test_check_expectations_suite(void)
{
    Suite *suite = suite_create("check: expectations");
    TCase *metrics = tcase_create("metrics"), *events = tcase_create("events");
    tcase_add_test(metrics, bounds_hold_up_to_the_bound_and_no_further);
    tcase_add_test(metrics, a_metric_is_judged_by_its_statistic);
    tcase_add_test(metrics, a_total_of_a_rate_is_a_number_of_records);
    tcase_add_test(metrics, a_metric_of_one_vertex_is_found);
    tcase_add_test(metrics, what_has_no_value_fails);
    tcase_add_test(metrics, a_ratio_is_taken_of_the_other_run);
    tcase_add_test(metrics, an_invariant_is_judged_by_its_checkers);
    tcase_add_test(events, an_event_must_follow_each_occurrence_in_time);
    tcase_add_test(events, an_event_that_never_follows_fails);
    tcase_add_test(events, an_occurrence_cut_off_by_the_end_of_the_run_is_told_and_decides_nothing);
    tcase_add_test(events, when_all_occurrences_are_cut_off_nothing_has_been_shown);
    tcase_add_test(events, without_the_event_it_refers_to_an_expectation_fails);
    tcase_add_test(events, a_count_is_exact_and_within_its_time);
    tcase_add_test(events, a_count_holds_after_each_occurrence);
    tcase_add_test(events, a_count_cut_off_by_the_end_of_the_run_decides_only_what_is_too_many);
    tcase_add_test(events, no_job_stands_in_for_another);
    tcase_add_test(events, an_event_is_waited_for_from_the_jobs_that_ran);
    tcase_add_test(events, what_happens_to_a_job_is_followed_by_an_event_of_that_job);
    tcase_add_test(events, an_occurrence_is_open_as_long_as_one_job_is);
    tcase_add_test(events, an_answer_is_about_its_job);
    tcase_add_test(events, an_event_alone_must_happen_and_in_time);
    tcase_add_test(events, answers_to_clients_are_events_too);
    tcase_add_test(events, a_refusal_that_nobody_expects_is_a_failure);
    tcase_add_test(events, finer_lines_are_not_looked_at);
    suite_add_tcase(suite, metrics);
    suite_add_tcase(suite, events);
    return suite;
}
