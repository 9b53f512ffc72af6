/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens between two samples, and before the JobManager hears of it: peaks of the backlog,
 * times in which tasks did not run, shares of a moment; with a run that the test makes up.
 */
#include <check.h>

#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;

/* It throws at 101 s on a TaskManager that the JobManager does not hear of until 127 s. */
START_TEST(a_job_is_down_from_when_its_tasks_are_not_from_when_that_is_noticed)
{
    recorded_begin(&recorded, LOAD_FIXTURE_BASE);
    recorded_start_job(&recorded);
    recorded.run.broken_at[0] = 101 * TIME_S;
    recorder_sample(&recorded.recorder, 110 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_downtime_seconds, STATISTIC_FINAL), 9);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 127 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    recorded.run.broken_at[0] = TIME_NEVER;
    recorded.run.jobs[0].status = "RUNNING";
    recorded_line(&recorded, 128 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    recorder_sample(&recorded.recorder, 130 * TIME_S);
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].down_at, 101 * TIME_S);
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].at, 101 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_downtime_seconds, STATISTIC_FINAL), 27);
    recorded_end(&recorded);
}
END_TEST

/* What broke before all tasks ran was an attempt before. */
START_TEST(an_older_failure_does_not_make_a_job_down)
{
    recorded_begin(&recorded, LOAD_FIXTURE_BASE);
    recorded.run.broken_at[0] = TIME_MS;
    recorded_start_job(&recorded);
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_downtime_seconds, STATISTIC_FINAL), 0);
    recorded_end(&recorded);
}
END_TEST

START_TEST(the_most_of_the_backlog_is_that_between_the_samples)
{
    recorded_begin(&recorded, LOAD_FIXTURE_BASE);
    recorder_sample(&recorded.recorder, 0);
    recorded.run.flows[0].backlog = 10;
    recorded.run.flows[0].backlog_max = 500;
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    recorded.run.flows[0].backlog_max = 10;
    recorder_sample(&recorded.recorder, 20 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_lag_records, STATISTIC_MAX), 500);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_lag_records, STATISTIC_P99), 500);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_lag_records, STATISTIC_FINAL), 10);
    ck_assert_double_eq_tol(recorded_value(&recorded, METRIC_lag_records, STATISTIC_MEAN), 20.0 / 3,
                            1e-12);
    recorded_end(&recorded);
}
END_TEST

/* A job that flowed for a tenth of a microsecond late in a long recorded.run. */
START_TEST(shares_add_up_however_short_the_time)
{
    recorded_begin(&recorded, LOAD_FIXTURE_BASE);
    struct model_vertex_view *source = &recorded.run.vertices[0][0];
    size_t first = metrics_find(&recorded.recorder.metrics, METRIC_busy, (struct job_id){ 0 },
                                (struct vertex_id){ 0 });
    double sum = 0;
    *source = (struct model_vertex_view){ .busy_seconds = 1e5 / 3,
                                          .idle_seconds = 2e5 / 3,
                                          .backpressured_seconds = 7e4 / 9,
                                          .task_seconds = 1e5 / 3 + 2e5 / 3 + 7e4 / 9 };
    recorder_sample(&recorded.recorder, 0);
    source->busy_seconds += 0.3e-7;
    source->backpressured_seconds += 0.7e-7;
    source->task_seconds += 1e-7;
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    for (size_t i = 0; i < 3; i++)
        sum += recorded_value(&recorded, (enum metric)(first + i), STATISTIC_FINAL);
    ck_assert_double_eq_tol(sum, 1, 1e-12);
    recorded_end(&recorded);
}
END_TEST

Suite *test_report_between_suite(void)
{
    Suite *suite = suite_create("report_between");
    TCase *tests = tcase_create("between samples");
    tcase_add_test(tests, a_job_is_down_from_when_its_tasks_are_not_from_when_that_is_noticed);
    tcase_add_test(tests, an_older_failure_does_not_make_a_job_down);
    tcase_add_test(tests, the_most_of_the_backlog_is_that_between_the_samples);
    tcase_add_test(tests, shares_add_up_however_short_the_time);
    suite_add_tcase(suite, tests);
    return suite;
}
