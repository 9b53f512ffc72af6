/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a bounded input where edges are forward, so that each pipeline restarts for itself
 * (FLIP-147 with region failover): two of them, 20,000 records/s for 5 s, which each carries half
 * of as they come; no checkpoints.
 */
#include <check.h>

#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment how;

static void setup(void)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, TIME_US);
    model_fixture_vertex(&f, job_0, "sink", 128, 10 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_FORWARD);
    model_fixture_load(&f, job_0, 0, 0, 20e3);
    model_fixture_load(&f, job_0, 0, 5 * TIME_S, 0);
    f.scenario.jobs.items[0].load_bounded.items[0] = true;
    how = model_fixture_two_by_two();
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void start(time_ns source_close, time_ns sink_close)
{
    f.scenario.jobs.items[0].vertices.items[0].close = source_close;
    f.scenario.jobs.items[0].vertices.items[1].close = sink_close;
    f.config.checkpoint_interval = TIME_NEVER;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
}

/* The pipeline of the host that was lost, on a new one. */
static void restart_second(void)
{
    static const uint32_t hosts[] = { 1, 3 };
    how.hosts = hosts;
    how.attempt = 1;
    model_fixture_deploy_one(&f, &how, 0, 1);
    model_fixture_deploy_one(&f, &how, 1, 1);
}

static time_ns finished_at(uint32_t task)
{
    return model_fixture_reported(&f, task, EXECUTION_FINISHED);
}

/* The sink waits for its own source, not for all of them; and the pipeline that has begun anew
 * comes to its end although the other one was on its way out when it had. Sources close at 7 s,
 * sinks until 27 s. */
START_TEST(a_pipeline_begins_anew_while_the_other_one_finishes)
{
    start(2 * TIME_S, 20 * TIME_S);
    model_fixture_run(&f, 6 * TIME_S);
    ck_assert(model_fixture_job(&f, job_0).whole);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 0, 1e-3);
    model_fixture_end_process(&f, 2);
    ck_assert(!model_fixture_job(&f, job_0).whole);
    ck_assert_double_ge(model_fixture_job(&f, job_0).backlog, 50e3 - 1e-3);
    model_fixture_run(&f, 8 * TIME_S);
    restart_second();
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_int_eq(finished_at(2) - finished_at(0), 20 * TIME_S + 20 * TIME_MS);
    ck_assert_int_lt(finished_at(2), 28 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.replayed_total, 50e3, 1e-3);
    ck_assert_double_eq_tol(view.served_total, 150e3, 1e-3);
    ck_assert(view.whole);
}
END_TEST

/* What a finished source has read is to be read again when its reader is lost, be it about to
 * finish too; what the other pipeline has read is not. */
START_TEST(only_the_lost_pipeline_is_set_back)
{
    start(0, 20 * TIME_S);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 2);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.backlog, 0, 1e-3);
    ck_assert_int_eq(model_broken_at(f.model, job_0), TIME_NEVER);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 12 * TIME_S);
    view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.backlog, 50e3, 1e-3);
    ck_assert_double_eq_tol(view.lag_seconds, 12, 0.1);
    ck_assert_int_eq(model_broken_at(f.model, job_0), 10 * TIME_S);
    ck_assert(!view.whole);
    restart_second();
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).replayed_total, 50e3, 1e-3);
}
END_TEST

/* The same while the source closes and its reader, on another host, waits for it. */
START_TEST(a_reader_that_is_lost_in_time_sets_its_source_back)
{
    static const uint32_t others[] = { 3, 4 };
    f.scenario.jobs.items[0].vertices.items[0].close = 2 * TIME_S;
    f.config.checkpoint_interval = TIME_NEVER;
    model_fixture_start(&f);
    for (uint32_t s = 0; s < 2; s++) {
        how.hosts = model_fixture_two_by_two().hosts;
        model_fixture_deploy_one(&f, &how, 0, s);
        how.hosts = others;
        model_fixture_deploy_one(&f, &how, 1, s);
    }
    model_fixture_run(&f, 6 * TIME_S);
    ck_assert(model_fixture_job(&f, job_0).whole);
    model_fixture_end_process(&f, 4);
    ck_assert(!model_fixture_job(&f, job_0).whole);
    ck_assert_double_ge(model_fixture_job(&f, job_0).backlog, 50e3 - 1e-3);
}
END_TEST

/* Running means deployed: where it goes on from is known a little later, when several pipelines
 * that have begun are taken together. Here the other one finishes in between. */
START_TEST(a_task_that_has_just_begun_is_not_at_its_end)
{
    start(0, 20 * TIME_S);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_end_process(&f, 2);
    time_ns other_ends = finished_at(0) + 20 * TIME_S + 20 * TIME_MS;
    model_fixture_run(&f, other_ends - 151 * TIME_MS); /* 100 ms to deploy, 50 ms to initialize */
    restart_second();
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_int_eq(finished_at(2), other_ends);
    ck_assert_int_gt(finished_at(1), other_ends + 500 * TIME_MS);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_total, 150e3, 1e-3);
}
END_TEST

Suite *test_model_end_pipelines_suite(void)
{
    Suite *suite = suite_create("model_end_pipelines");
    TCase *tests = tcase_create("pipelines");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_pipeline_begins_anew_while_the_other_one_finishes);
    tcase_add_test(tests, only_the_lost_pipeline_is_set_back);
    tcase_add_test(tests, a_reader_that_is_lost_in_time_sets_its_source_back);
    tcase_add_test(tests, a_task_that_has_just_begun_is_not_at_its_end);
    suite_add_tcase(suite, tests);
    return suite;
}
