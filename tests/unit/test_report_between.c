/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens between two samples, and before the JobManager hears of it: peaks of the backlog,
 * times in which tasks did not run, shares of a moment; with a run that the test makes up.
 */
#include <check.h>

#include "sim/report/recorder.h"
#include "tests/lib/fake_run.h"
#include "tests/lib/load_fixture.h"

static struct fake_run run;
static struct recorder recorder;

static void begin(void)
{
    fake_run_init(&run, LOAD_FIXTURE_BASE);
    recorder_init(&recorder, &run.look);
}

static void end(void)
{
    recorder_fini(&recorder);
    fake_run_fini(&run);
}

static void line(time_ns at, struct log_line what)
{
    recorder_line(&recorder, at, fake_node(0), &what);
}

static double value(enum metric metric, enum statistic statistic)
{
    double out[STATISTIC_COUNT];
    metrics_summarise(&recorder.metrics, metric, out);
    return out[statistic];
}

/* All tasks run from one second on. */
static void start_job(void)
{
    run.jobs[0].tasks = 4;
    run.vertices[0][0].running = run.vertices[0][1].running = 2;
    run.vertices[0][0].parallelism = run.vertices[0][1].parallelism = 2;
    line(TIME_S, fake_fact("job", "all tasks RUNNING"));
}

/* It throws at 101 s on a TaskManager that the JobManager does not hear of until 127 s. */
START_TEST(a_job_is_down_from_when_its_tasks_are_not_from_when_that_is_noticed)
{
    begin();
    start_job();
    run.flows[0].broken_at = run.vertices[0][1].broken_at = 101 * TIME_S;
    recorder_sample(&recorder, 110 * TIME_S);
    ck_assert_double_eq(value(METRIC_downtime_seconds, STATISTIC_FINAL), 9);
    run.jobs[0].status = "RESTARTING";
    line(127 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    run.flows[0].broken_at = run.vertices[0][1].broken_at = TIME_NEVER;
    run.jobs[0].status = "RUNNING";
    line(128 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    recorder_sample(&recorder, 130 * TIME_S);
    ck_assert_int_eq(recorder.incidents.list.items[0].down_at, 101 * TIME_S);
    ck_assert_int_eq(recorder.incidents.list.items[0].at, 101 * TIME_S);
    ck_assert_double_eq(value(METRIC_downtime_seconds, STATISTIC_FINAL), 27);
    end();
}
END_TEST

/* What broke before all tasks ran was an attempt before. */
START_TEST(an_older_failure_does_not_make_a_job_down)
{
    begin();
    run.flows[0].broken_at = run.vertices[0][1].broken_at = TIME_MS;
    start_job();
    recorder_sample(&recorder, 10 * TIME_S);
    ck_assert_double_eq(value(METRIC_downtime_seconds, STATISTIC_FINAL), 0);
    end();
}
END_TEST

START_TEST(the_most_of_the_backlog_is_that_between_the_samples)
{
    begin();
    recorder_sample(&recorder, 0);
    run.flows[0].backlog = 10;
    run.flows[0].backlog_max = 500;
    recorder_sample(&recorder, 10 * TIME_S);
    run.flows[0].backlog_max = 10;
    recorder_sample(&recorder, 20 * TIME_S);
    ck_assert_double_eq(value(METRIC_lag_records, STATISTIC_MAX), 500);
    ck_assert_double_eq(value(METRIC_lag_records, STATISTIC_P99), 500);
    ck_assert_double_eq(value(METRIC_lag_records, STATISTIC_FINAL), 10);
    ck_assert_double_eq_tol(value(METRIC_lag_records, STATISTIC_MEAN), 20.0 / 3, 1e-12);
    end();
}
END_TEST

/* A job that flowed for a tenth of a microsecond late in a long run. */
START_TEST(shares_add_up_however_short_the_time)
{
    begin();
    struct model_vertex_view *source = &run.vertices[0][0];
    size_t first =
        metrics_find(&recorder.metrics, METRIC_busy, (struct job_id){ 0 }, (struct vertex_id){ 0 });
    double sum = 0;
    *source = (struct model_vertex_view){ .busy_seconds = 1e5 / 3,
                                          .idle_seconds = 2e5 / 3,
                                          .backpressured_seconds = 7e4 / 9,
                                          .task_seconds = 1e5 / 3 + 2e5 / 3 + 7e4 / 9 };
    recorder_sample(&recorder, 0);
    source->busy_seconds += 0.3e-7;
    source->backpressured_seconds += 0.7e-7;
    source->task_seconds += 1e-7;
    recorder_sample(&recorder, 10 * TIME_S);
    for (size_t i = 0; i < 3; i++)
        sum += value((enum metric)(first + i), STATISTIC_FINAL);
    ck_assert_double_eq_tol(sum, 1, 1e-12);
    end();
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
