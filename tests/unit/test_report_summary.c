/* SPDX-License-Identifier: Apache-2.0
 *
 * summary.json: what is told of jobs beside their metrics.
 */
#include <check.h>
#include <string.h>

#include "sim/report/summary.h"
#include "tests/lib/fake_run.h"
#include "tests/lib/load_fixture.h"

static struct fake_run run;
static struct recorder recorder;
static json_t *summary;

static void begin(void)
{
    fake_run_init(&run, LOAD_FIXTURE_BASE);
    recorder_init(&recorder, &run.look);
    recorder_sample(&recorder, 0);
}

/* The first job. */
static const json_t *sum_up(void)
{
    const struct event_log log = { .fingerprint = 1 };
    summary = summary_create(&recorder, &log, 7, true);
    return json_array_get(json_object_get(summary, "jobs"), 0);
}

static void end(void)
{
    json_decref(summary);
    recorder_fini(&recorder);
    fake_run_fini(&run);
}

static void must_be(const json_t *found, const char *wanted)
{
    char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));
    ck_assert_str_eq(text, wanted);
    free(text);
}

/* A9: failures that come with a root one stand below it. */
START_TEST(concurrent_exceptions_stand_below_their_root)
{
    begin();
    run.exceptions[0] = (struct look_exception){ .at = 1500 * TIME_MS,
                                                 .exception = "RuntimeException",
                                                 .text = "user code failed",
                                                 .vertex = { 1 },
                                                 .subtask = 3,
                                                 .attempt = 2,
                                                 .node = fake_node(2),
                                                 .remote = node_id_none(),
                                                 .is_root = true };
    run.exceptions[1] = run.exceptions[0];
    run.exceptions[1].is_root = false;
    run.exceptions[1].subtask = 4;
    run.exceptions[2] = (struct look_exception){ .at = 9 * TIME_S,
                                                 .exception = "NoResourceAvailableException",
                                                 .text = "the slots needed cannot be had",
                                                 .vertex = vertex_id_none(),
                                                 .node = node_id_none(),
                                                 .remote = node_id_none(),
                                                 .is_root = true };
    run.exception_count = 3;
    run.exceptions_dropped = true;
    const json_t *job = sum_up();
    must_be(
        json_object_get(job, "exceptions"),
        "[{\"at_s\":1.5,\"exception\":\"RuntimeException\",\"text\":\"user code failed\","
        "\"vertex\":\"count\",\"subtask\":3,\"attempt\":2,\"task_manager\":\"tm2\",\"remote\":null,"
        "\"concurrent\":[{\"at_s\":1.5,\"exception\":\"RuntimeException\","
        "\"text\":\"user code failed\",\"vertex\":\"count\",\"subtask\":4,\"attempt\":2,"
        "\"task_manager\":\"tm2\",\"remote\":null}]},"
        "{\"at_s\":9,\"exception\":\"NoResourceAvailableException\","
        "\"text\":\"the slots needed cannot be had\",\"vertex\":null,\"subtask\":null,"
        "\"attempt\":null,\"task_manager\":null,\"remote\":null,\"concurrent\":[]}]");
    must_be(json_object_get(job, "exceptions_truncated"), "true");
    end();
}
END_TEST

START_TEST(a_rescale_tells_what_was_wanted_and_what_was_acquired)
{
    static const struct look_rescale_numbers numbers[] = { { "count", false, 8, 1, 4, 6 },
                                                           { "default", true, 8, 1, -1, -1 } };
    static const struct look_rescale_span spans[] = {
        { "Executing", 10 * TIME_S, 12 * TIME_S, "TimeoutException" },
        { "Restarting", 12 * TIME_S, 13 * TIME_S, NULL },
    };
    begin();
    run.rescales[0] = (struct look_rescale){ .id = 4,
                                             .requirements = 2,
                                             .attempt = 1,
                                             .cause = "UPDATE_REQUIREMENT",
                                             .state = "COMPLETED",
                                             .reason = "SUCCEEDED",
                                             .started_at = 10 * TIME_S,
                                             .ended_at = 13 * TIME_S,
                                             .numbers = numbers,
                                             .number_count = 2,
                                             .spans = spans,
                                             .span_count = 2 };
    run.rescales[1] = (struct look_rescale){ .id = 5,
                                             .requirements = 2,
                                             .attempt = 2,
                                             .cause = "NEW_RESOURCE_AVAILABLE",
                                             .state = "IN_PROGRESS",
                                             .started_at = 20 * TIME_S,
                                             .ended_at = TIME_NEVER };
    run.rescale_count = 2;
    must_be(json_object_get(sum_up(), "rescale_history"),
            "[{\"id\":4,\"requirements\":2,\"attempt\":1,\"trigger\":\"UPDATE_REQUIREMENT\","
            "\"state\":\"COMPLETED\",\"reason\":\"SUCCEEDED\",\"started_s\":10,\"ended_s\":13,"
            "\"vertices\":[{\"name\":\"count\",\"desired\":8,\"sufficient\":1,\"before\":4,"
            "\"acquired\":6}],"
            "\"slots\":[{\"name\":\"default\",\"desired\":8,\"sufficient\":1,\"before\":null,"
            "\"acquired\":null}],"
            "\"states\":[{\"state\":\"Executing\",\"entered_s\":10,\"left_s\":12,"
            "\"exception\":\"TimeoutException\"},{\"state\":\"Restarting\",\"entered_s\":12,"
            "\"left_s\":13,\"exception\":null}]},"
            "{\"id\":5,\"requirements\":2,\"attempt\":2,\"trigger\":\"NEW_RESOURCE_AVAILABLE\","
            "\"state\":\"IN_PROGRESS\",\"reason\":null,\"started_s\":20,\"ended_s\":null,"
            "\"vertices\":[],\"slots\":[],\"states\":[]}]");
    end();
}
END_TEST

/* Why, from the fault to the exception that was the last. */
START_TEST(a_job_that_failed_says_when_and_why)
{
    char text[SUMMARY_FAILED_SIZE];
    begin();
    must_be(json_object_get(sum_up(), "failure"), "null");
    ck_assert(!summary_failed_text(summary, 0, text));
    json_decref(summary);
    run.exceptions[0] = (struct look_exception){ .at = 9 * TIME_S,
                                                 .exception = "NoResourceAvailableException",
                                                 .text = "the slots needed cannot be had",
                                                 .vertex = vertex_id_none(),
                                                 .node = node_id_none(),
                                                 .remote = node_id_none(),
                                                 .is_root = true };
    run.exception_count = 1;
    run.jobs[0].status = "FAILED";
    run.jobs[0].ended_at = 9 * TIME_S;
    recorder_fact(&recorder, 8 * TIME_S, fake_node(1), "killed", NULL);
    struct log_line failed = fake_move("job", "RUNNING", "FAILED");
    recorder_line(&recorder, 9 * TIME_S, fake_node(0), &failed);
    recorder_sample(&recorder, 20 * TIME_S);
    const json_t *job = sum_up();
    must_be(json_object_get(job, "failure"), "\"the slots needed cannot be had\"");
    must_be(json_object_get(job, "downtime_s"), "11");
    ck_assert(summary_failed_text(summary, 0, text));
    ck_assert_str_eq(text, "job j FAILED at 9.000 s: the slots needed cannot be had");
    const json_t *one = json_array_get(json_object_get(summary, "recoveries"), 0);
    must_be(json_object_get(one, "recovered_after_s"), "null");
    end();
}
END_TEST

START_TEST(a_job_without_histories_has_empty_ones)
{
    begin();
    const json_t *job = sum_up();
    must_be(json_object_get(job, "exceptions"), "[]");
    must_be(json_object_get(job, "exceptions_truncated"), "false");
    must_be(json_object_get(job, "rescale_history"), "[]");
    end();
}
END_TEST

/* Each statistic is its own: of 1 to 100 s of lag, the 95th and the 99th. */
START_TEST(quantiles_of_the_summary_are_those_they_say)
{
    begin();
    for (int i = 1; i <= 100; i++) {
        run.flows[0].lag_seconds_max = i;
        recorder_sample(&recorder, i * TIME_S);
    }
    recorder.metrics.cells.items[METRIC_lag_seconds] = 1; /* of the row at 0 */
    sum_up();
    ck_assert_double_eq(summary_number(summary, "lag_seconds", "p50"), 50);
    ck_assert_double_eq(summary_number(summary, "lag_seconds", "p95"), 95);
    ck_assert_double_eq(summary_number(summary, "lag_seconds", "p99"), 99);
    ck_assert_double_eq(summary_number(summary, "lag_seconds", "min"), 1);
    ck_assert_double_eq(summary_number(summary, "lag_seconds", "max"), 100);
    ck_assert_double_eq(summary_number(summary, "lag_seconds", "final"), 100);
    end();
}
END_TEST

Suite *test_report_summary_suite(void)
{
    Suite *suite = suite_create("report: summary");
    TCase *jobs = tcase_create("jobs");
    tcase_add_test(jobs, concurrent_exceptions_stand_below_their_root);
    tcase_add_test(jobs, a_rescale_tells_what_was_wanted_and_what_was_acquired);
    tcase_add_test(jobs, a_job_that_failed_says_when_and_why);
    tcase_add_test(jobs, a_job_without_histories_has_empty_ones);
    tcase_add_test(jobs, quantiles_of_the_summary_are_those_they_say);
    suite_add_tcase(suite, jobs);
    return suite;
}
