/* SPDX-License-Identifier: Apache-2.0
 *
 * Expectations over metrics, ratios, events and invariants: what holds, what does not, and what is
 * said about it. What is expected of several jobs is in test_check_expectations_jobs.c.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/expect_fixture.h"
#include "tests/lib/load_fixture.h"

static struct expect_fixture fixture;

static void begin(const char *expectations)
{
    static char yaml[4096];
    snprintf(yaml, sizeof yaml,
             "%scluster: { task-manager: { count: 1, price: 1/h } }\n"
             "compare: { fixed: { seed: 2 } }\nexpect:\n%s",
             LOAD_FIXTURE_BASE, expectations);
    expect_fixture_init(&fixture, yaml);
}

static void end(void)
{
    expect_fixture_fini(&fixture);
}

static bool judge(size_t index, const struct metrics *of)
{
    return expect_fixture_judge(&fixture, index, of);
}

static void fact(time_ns at, const char *word)
{
    event_watch_fact(&fixture.watch, at, word, NULL);
}

static void line(time_ns at, struct log_line what)
{
    event_watch_line(&fixture.watch, at, &what, true);
}

static void end_at(time_ns at)
{
    recorder_sample(&fixture.recorder, at);
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
        fixture.run.flows[0].lag_seconds_max = i == 5 ? 200 : 1;
        recorder_sample(&fixture.recorder, i * TIME_S);
    }
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(fixture.result.measured, "3 min 20 s");
    ck_assert_str_eq(fixture.result.wanted, "<= 2 min");
    ck_assert_str_eq(fixture.result.detail, "lag_seconds max");
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
    recorder_sample(&fixture.recorder, 0);
    fixture.run.flows[0].offered_total = 600000;
    end_at(10 * TIME_S);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(fixture.result.measured, "600 k");
    ck_assert_str_eq(fixture.result.wanted, ">= 500 k");
    ck_assert(!judge(1, NULL));
    ck_assert_str_eq(fixture.result.measured, "60.0 k/s");
    ck_assert(judge(2, &fixture.recorder.metrics));
    ck_assert_str_eq(fixture.result.detail, "offered_rate: 600 k / 600 k");
    end();
}
END_TEST

START_TEST(a_metric_of_one_vertex_is_found)
{
    begin("  - { name: a, metric: busy, vertex: count, final: at least 90% }\n");
    recorder_sample(&fixture.recorder, 0);
    fixture.run.vertices[0][1] =
        (struct model_vertex_view){ .busy_seconds = 19, .idle_seconds = 1, .task_seconds = 20 };
    end_at(10 * TIME_S);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(fixture.result.measured, "95 %");
    end();
}
END_TEST

START_TEST(what_has_no_value_fails)
{
    begin("  - { name: a, metric: checkpoint_duration_seconds, max: <= 2min }\n");
    end_at(TIME_S);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(fixture.result.measured, "no value");
    end();
}
END_TEST

START_TEST(a_ratio_is_taken_of_the_other_run)
{
    struct metrics other;
    begin("  - { name: a, metric: cost, of: fixed, ratio: <= 0.5 }\n");
    recorder_fact(&fixture.recorder, 0, fake_node(1), "added", NULL);
    end_at(2 * TIME_H);
    metrics_init(&other, fixture.run.scenario);
    metrics_add_row(&other, 0)[METRIC_cost] = 5;
    ck_assert(judge(0, &other));
    ck_assert_str_eq(fixture.result.measured, "0.4");
    ck_assert_str_eq(fixture.result.wanted, "<= 0.5 of fixed");
    metrics_add_row(&other, 1)[METRIC_cost] = 3;
    ck_assert(!judge(0, &other));
    metrics_add_row(&other, 2)[METRIC_cost] = 0;
    ck_assert(!judge(0, &other));
    ck_assert_str_eq(fixture.result.measured, "no ratio");
    ck_assert(!judge(0, NULL));
    metrics_fini(&other);
    end();
}
END_TEST

/* "No worse than the other" must hold when neither has ever failed. */
START_TEST(nothing_is_as_much_as_nothing)
{
    struct metrics other;
    begin("  - { name: a, metric: cost, of: fixed, ratio: <= 1 }\n"
          "  - { name: b, metric: cost, of: fixed, ratio: <= 0.9 }\n");
    end_at(2 * TIME_H);
    metrics_init(&other, fixture.run.scenario);
    metrics_add_row(&other, 0)[METRIC_cost] = 0;
    ck_assert(judge(0, &other));
    ck_assert_str_eq(fixture.result.measured, "1");
    ck_assert(!judge(1, &other));
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
    ck_assert_str_eq(fixture.result.measured, "1 min at most");
    ck_assert_str_eq(fixture.result.wanted, "each time after kill within 1 min 30 s");
    ck_assert_str_eq(fixture.result.detail, "after 00:03:20");
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
    ck_assert_str_eq(fixture.result.measured, "never");
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
    ck_assert_str_eq(fixture.result.detail, "after 00:01:40; 1 not judged: the run ended before");
    ck_assert(!judge(1, NULL)); /* had its whole time */
    ck_assert_str_eq(fixture.result.measured, "never");
    ck_assert_str_eq(fixture.result.detail, "after 00:02:30");
    end();
}
END_TEST

START_TEST(when_all_occurrences_are_cut_off_nothing_has_been_shown)
{
    begin("  - { name: a, event: job RUNNING, after: kill, within: 90s }\n");
    fact(150 * TIME_S, "kill");
    end_at(200 * TIME_S);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(fixture.result.measured, "the run ended before");
    end();
}
END_TEST

START_TEST(without_the_event_it_refers_to_an_expectation_fails)
{
    begin("  - { name: a, event: job RUNNING, after: kill, count: 0 }\n");
    end_at(200 * TIME_S);
    ck_assert(!judge(0, NULL));
    ck_assert_str_eq(fixture.result.measured, "'kill' never happened");
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
    ck_assert_str_eq(fixture.result.wanted, "1 time, each time after freeze within 10 s");
    ck_assert(judge(2, NULL));
    ck_assert_str_eq(fixture.result.wanted, "never");
    ck_assert(!judge(3, NULL));
    ck_assert_str_eq(fixture.result.measured, "2 times");
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
    ck_assert_str_eq(fixture.result.measured, "2 times");
    ck_assert_str_eq(fixture.result.detail, "after 00:00:50, first at 00:00:55");
    ck_assert(!judge(1, NULL)); /* without a time of its own: to the end of the run */
    ck_assert_str_eq(fixture.result.measured, "2 times");
    ck_assert(!judge(2, NULL));
    ck_assert_str_eq(fixture.result.wanted, "never, each time after freeze within 10 s");
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
    ck_assert_ptr_nonnull(strstr(fixture.result.detail, "; 1 not judged: the run ended before"));
    ck_assert(!judge(1, NULL));
    ck_assert_str_eq(fixture.result.measured, "the run ended before");
    ck_assert(!judge(2, NULL));
    ck_assert_str_eq(fixture.result.measured, "1 time");
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
    ck_assert_str_eq(fixture.result.measured, "never");
    end();
}
END_TEST

START_TEST(answers_to_clients_are_events_too)
{
    struct effect_answer refused = { .request = CLIENT_UPDATE_REQUIREMENTS,
                                     .result = { ERR_REFUSED_CODE } };
    begin("  - { name: a, event: client rescale refused }\n"
          "  - { name: b, event: client rescale done, count: 0 }\n");
    event_watch_answer(&fixture.watch, TIME_S, &refused);
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
    event_watch_answer(&fixture.watch, TIME_S, &refused);
    event_watch_answer(&fixture.watch, TIME_S, &rescale);
    ck_assert_uint_eq(fixture.watch.refused.count, 1);
    ck_assert(!fixture.watch.refused.items[0].held);
    ck_assert_str_eq(fixture.watch.refused.items[0].name, "submit");
    ck_assert_str_eq(fixture.watch.refused.items[0].measured, "refused");
    ck_assert_ptr_nonnull(
        strstr(fixture.watch.refused.items[0].detail, "batch jobs are not supported"));
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
    ck_assert_str_eq(fixture.result.measured, "always");
    fixture.run.broken_books = "lost one";
    checkers_sample(&fixture.checkers, TIME_S, true);
    ck_assert(!judge(0, NULL));
    ck_assert_ptr_nonnull(strstr(fixture.result.detail, "lost one"));
    end();
}
END_TEST

/* Records count twice there behind a restore, and no checker sees it. What one sees counts. */
START_TEST(exactly_once_is_not_judged_of_a_job_that_checkpoints_at_least_once)
{
    begin("  - { name: a, invariant: exactly-once }\n  - { name: b, invariant: legal-moves }\n"
          "config: { execution.checkpointing.mode: AT_LEAST_ONCE }\n");
    end_at(TIME_S);
    ck_assert(judge(0, NULL));
    ck_assert_str_eq(fixture.result.measured, "not judged: j checkpoints at least once");
    ck_assert(judge(1, NULL));
    ck_assert_str_eq(fixture.result.measured, "always");
    fixture.run.broken_books = "lost one";
    checkers_sample(&fixture.checkers, TIME_S, true);
    ck_assert(!judge(0, NULL));
    ck_assert_ptr_nonnull(strstr(fixture.result.measured, "violated"));
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
    tcase_add_test(metrics, nothing_is_as_much_as_nothing);
    tcase_add_test(metrics, an_invariant_is_judged_by_its_checkers);
    tcase_add_test(metrics, exactly_once_is_not_judged_of_a_job_that_checkpoints_at_least_once);
    tcase_add_test(events, an_event_must_follow_each_occurrence_in_time);
    tcase_add_test(events, an_event_that_never_follows_fails);
    tcase_add_test(events, an_occurrence_cut_off_by_the_end_of_the_run_is_told_and_decides_nothing);
    tcase_add_test(events, when_all_occurrences_are_cut_off_nothing_has_been_shown);
    tcase_add_test(events, without_the_event_it_refers_to_an_expectation_fails);
    tcase_add_test(events, a_count_is_exact_and_within_its_time);
    tcase_add_test(events, a_count_holds_after_each_occurrence);
    tcase_add_test(events, a_count_cut_off_by_the_end_of_the_run_decides_only_what_is_too_many);
    tcase_add_test(events, an_event_alone_must_happen_and_in_time);
    tcase_add_test(events, answers_to_clients_are_events_too);
    tcase_add_test(events, a_refusal_that_nobody_expects_is_a_failure);
    tcase_add_test(events, finer_lines_are_not_looked_at);
    suite_add_tcase(suite, metrics);
    suite_add_tcase(suite, events);
    return suite;
}
