/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sample says of a job and its vertices: rates, latency and shares of time, with a run that
 * the test makes up.
 */
#include <check.h>
#include <math.h>

#include "sim/report/number_text.h"
#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;

START_TEST(rates_are_differences_of_totals_between_samples)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorder_sample(&recorded.recorder, 0);
    recorded.run.flows[0].offered_total = 100;
    recorded.run.flows[0].served_total = 60;
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    recorded.run.flows[0].offered_total = 130;
    recorder_sample(&recorded.recorder, 20 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_offered_rate, STATISTIC_MAX), 10);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_offered_rate, STATISTIC_FINAL), 3);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_offered_rate, STATISTIC_MEAN), 6.5);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_served_rate, STATISTIC_TOTAL), 60);
    recorded_end(&recorded);
}
END_TEST

START_TEST(latency_is_of_jobs_that_have_not_ended)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorder_sample(&recorded.recorder, 0);
    recorded.run.flows[0].offered_total = 100;
    recorded.run.flows[0].latency[2] = 3;
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    recorded.run.flows[0].latency[2] = 13;
    recorded.run.flows[0].ended = true;
    recorder_sample(&recorded.recorder, 20 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_latency_p99_seconds, STATISTIC_MAX), 3);
    recorded_end(&recorded);
}
END_TEST

START_TEST(shares_are_of_the_time_in_which_records_could_flow)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    struct model_vertex_view *source = &recorded.run.vertices[0][0],
                             *count = &recorded.run.vertices[0][1];
    recorder_sample(&recorded.recorder, 0);
    *source =
        (struct model_vertex_view){ .busy_seconds = 2, .idle_seconds = 8, .task_seconds = 10 };
    *count = (struct model_vertex_view){ .busy_seconds = 9, .idle_seconds = 1, .task_seconds = 10 };
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_busy, STATISTIC_FINAL), 0.9);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_idle, STATISTIC_FINAL), 0.1);
    size_t column = metrics_find(&recorded.recorder.metrics, METRIC_busy, (struct job_id){ 0 },
                                 (struct vertex_id){ 0 });
    ck_assert_double_eq(recorded_value(&recorded, (enum metric)column, STATISTIC_FINAL), 0.2);
    recorder_sample(&recorded.recorder, 20 * TIME_S); /* nothing flowed: no share */
    ck_assert(number_is_none(vec_last(&recorded.recorder.metrics.cells)));
    recorded_end(&recorded);
}
END_TEST

/* Totals are sums of many parts, and may be rounded down by a last digit. */
START_TEST(no_rate_and_no_share_is_below_zero)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    struct model_vertex_view *source = &recorded.run.vertices[0][0];
    recorded.run.flows[0].offered_total = 1e9;
    *source = (struct model_vertex_view){ .busy_seconds = 1, .busy_most_seconds = 1 };
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    recorded.run.flows[0].offered_total = nextafter(1e9, 0);
    *source = (struct model_vertex_view){ .busy_seconds = nextafter(1, 0),
                                          .busy_most_seconds = nextafter(1, 0),
                                          .idle_seconds = 10 };
    recorder_sample(&recorded.recorder, 20 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_offered_rate, STATISTIC_FINAL), 0);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_busy, STATISTIC_FINAL), 0);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_busy_max, STATISTIC_FINAL), 0);
    recorded_end(&recorded);
}
END_TEST

/* The mean over the subtasks hides that one of them has no time left. */
START_TEST(the_subtasks_with_most_have_shares_of_their_own)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    struct model_vertex_view *count = &recorded.run.vertices[0][1];
    *count = (struct model_vertex_view){ .busy_seconds = 5,
                                         .idle_seconds = 15,
                                         .task_seconds = 20,
                                         .busy_most_seconds = 20,
                                         .backpressured_most_seconds = 1 };
    recorder_sample(&recorded.recorder, 0);
    *count = (struct model_vertex_view){ .busy_seconds = 15,
                                         .idle_seconds = 25,
                                         .task_seconds = 40,
                                         .busy_most_seconds = 38,
                                         .backpressured_most_seconds = 3 };
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    size_t column = metrics_find(&recorded.recorder.metrics, METRIC_busy_max, (struct job_id){ 0 },
                                 (struct vertex_id){ 1 });
    ck_assert_double_eq(recorded_value(&recorded, (enum metric)column, STATISTIC_FINAL), 0.9);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_busy_max, STATISTIC_FINAL), 0.9);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_busy, STATISTIC_FINAL), 0.5);
    ck_assert_str_eq(recorded.recorder.metrics.columns.items[column].name, "busy_max.count");
    column = metrics_find(&recorded.recorder.metrics, METRIC_backpressured_max,
                          (struct job_id){ 0 }, (struct vertex_id){ 1 });
    ck_assert_double_eq(recorded_value(&recorded, (enum metric)column, STATISTIC_FINAL), 0.1);
    recorded_end(&recorded);
}
END_TEST

Suite *test_report_samples_suite(void);
Suite *test_report_samples_suite(void)
{
    Suite *suite = suite_create("report: samples");
    TCase *tcase = tcase_create("samples");
    tcase_add_test(tcase, rates_are_differences_of_totals_between_samples);
    tcase_add_test(tcase, latency_is_of_jobs_that_have_not_ended);
    tcase_add_test(tcase, shares_are_of_the_time_in_which_records_could_flow);
    tcase_add_test(tcase, no_rate_and_no_share_is_below_zero);
    tcase_add_test(tcase, the_subtasks_with_most_have_shares_of_their_own);
    suite_add_tcase(suite, tcase);
    return suite;
}
