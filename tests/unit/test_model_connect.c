/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks that set up their input channels to TaskManagers that are dead or out of reach: killed
 * while both ends are being deployed, before the order came, before state was read; and those that
 * must not fail: another try, another pipeline, a link that heals. Times: deploy 100 ms, initialize
 * 50 ms, connection loss 300 ms, all constant.
 */
#include <check.h>

#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t two_hosts[] = { 1, 2 };
static const uint32_t two_each[] = { 2, 2 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;

enum { COUNT_0 = 2, COUNT_1 = 3 }; /* numbers of tasks */

static void start(enum partitioner partitioner)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, partitioner);
    model_fixture_load(&f, job_0, 0, 0, 1000);
    two_by_two = (struct fixture_deployment){
        .job = job_0, .parallelism = two_each, .hosts = two_hosts, .host_count = 2
    };
    model_fixture_start(&f);
}

static void deploy_on_host_1(void)
{
    model_fixture_deploy_one(&f, &two_by_two, 0, 0);
    model_fixture_deploy_one(&f, &two_by_two, 1, 0);
}

static time_ns failed(uint32_t task)
{
    return model_fixture_reported(&f, task, EXECUTION_FAILED);
}

static void expect_remotes(uint32_t of_count_0, uint32_t of_count_1)
{
    size_t failures = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines)) {
        if (line->task.state != EXECUTION_FAILED)
            continue;
        bool is_first = line->task.attempt.task.n == COUNT_0;
        ck_assert_uint_eq(line->task.remote.n, is_first ? of_count_0 : of_count_1);
        failures++;
    }
    ck_assert_uint_eq(failures, 2);
}

/* A8, surprise 1: the task has no connection yet at the kill; it finds nobody when it wants one. */
START_TEST(a_reader_being_deployed_at_the_kill_fails_when_it_connects)
{
    start(PARTITION_HASH);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 30 * TIME_MS);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, COUNT_0, EXECUTION_INITIALIZING), 100 * TIME_MS);
    ck_assert_int_eq(failed(COUNT_0), 400 * TIME_MS);
    ck_assert_int_eq(vec_last(&f.lines).task.cause, CAUSE_CONNECTION_LOST);
    ck_assert_uint_eq(vec_last(&f.lines).task.remote.n, 2);          /* refused there */
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 1); /* its source reads nothing */
    model_fixture_fini(&f);
}
END_TEST

/* The producer had not come up either: the connection to its TaskManager breaks all the same. */
START_TEST(a_reader_that_waits_for_a_producer_being_deployed_loses_the_connection)
{
    start(PARTITION_HASH);
    deploy_on_host_1();
    model_fixture_run(&f, 120 * TIME_MS);
    model_fixture_deploy_one(&f, &two_by_two, 0, 1);
    model_fixture_run(&f, 130 * TIME_MS);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_int_eq(failed(COUNT_0), 430 * TIME_MS);
    model_fixture_fini(&f);
}
END_TEST

/* Nothing that the dead one's system says gets through, until it says so again: 200 ms behind the
 * end, then each time twice as much later, of which 12.6 s is the first behind the cut. */
START_TEST(a_reader_beyond_a_cut_notices_at_the_next_retry)
{
    for (int from_all = 0; from_all < 2; from_all++) {
        start(PARTITION_HASH);
        model_fixture_deploy(&f, &two_by_two);
        model_fixture_run(&f, TIME_S);
        if (from_all)
            model_fixture_cut(&f, 2, true);
        else
            model_fixture_cut_link(&f, 1, 2, true);
        model_fixture_end_process(&f, 2);
        model_fixture_run(&f, 10 * TIME_S);
        ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
        if (from_all)
            model_fixture_cut(&f, 2, false);
        else
            model_fixture_cut_link(&f, 1, 2, false);
        model_fixture_run(&f, 30 * TIME_S);
        ck_assert_int_eq(failed(COUNT_0), 13600 * TIME_MS);
        model_fixture_fini(&f);
    }
}
END_TEST

/* Nobody refuses it: it is given up as any that cannot be made. */
START_TEST(a_connection_to_a_dead_process_beyond_a_cut_is_given_up_late)
{
    start(PARTITION_HASH);
    model_fixture_cut_link(&f, 1, 2, true);
    deploy_on_host_1();
    model_fixture_lose(&f, &two_by_two, 0, 1);
    model_fixture_run(&f, 300 * TIME_S);
    ck_assert_int_eq(failed(COUNT_0), 100 * TIME_MS + 120 * TIME_S);
    ck_assert_uint_eq(vec_last(&f.lines).task.remote.n, 2);
    model_fixture_fini(&f);
}
END_TEST

START_TEST(a_producer_ordered_of_a_dead_process_fails_its_readers)
{
    for (int late = 0; late < 2; late++) { /* before and after the reader has set up its channels */
        start(PARTITION_HASH);
        deploy_on_host_1();
        model_fixture_run(&f, late * 110 * TIME_MS);
        model_fixture_lose(&f, &two_by_two, 0, 1);
        model_fixture_run(&f, 10 * TIME_S);
        ck_assert_int_eq(failed(COUNT_0), (late ? 410 : 400) * TIME_MS);
        model_fixture_fini(&f);
    }
}
END_TEST

/* StreamTask asks for partitions when its state is there. */
START_TEST(a_reader_still_reading_its_state_fails_behind_it)
{
    start(PARTITION_HASH);
    two_by_two.restore_bytes = 1000000000; /* 1 s */
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 500 * TIME_MS);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_int_eq(failed(COUNT_0), 1400 * TIME_MS);
    model_fixture_fini(&f);
}
END_TEST

/* The attempt that was lost belongs to the try before; the new one is only late. */
START_TEST(a_producer_lost_in_an_earlier_try_fails_nobody)
{
    start(PARTITION_HASH);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    model_fixture_end_process(&f, 2);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 2 * TIME_S);
    static const uint32_t other_hosts[] = { 1, 3 };
    two_by_two.hosts = other_hosts;
    two_by_two.attempt = 1;
    deploy_on_host_1();
    model_fixture_run(&f, 3 * TIME_S);
    model_fixture_deploy_one(&f, &two_by_two, 0, 1);
    model_fixture_deploy_one(&f, &two_by_two, 1, 1);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert(model_fixture_job(&f, job_0).flowing);
    model_fixture_fini(&f);
}
END_TEST

START_TEST(pipelines_that_read_from_elsewhere_connect)
{
    start(PARTITION_FORWARD);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 30 * TIME_MS);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert_int_eq(model_fixture_reported(&f, COUNT_0, EXECUTION_RUNNING), 150 * TIME_MS);
    model_fixture_fini(&f);
}
END_TEST

/* connectTimeoutSec: nobody refuses, so the attempt takes its time; one that heals is made. */
START_TEST(a_connection_over_a_cut_link_is_given_up_after_two_minutes)
{
    for (int heals = 0; heals < 2; heals++) {
        start(PARTITION_HASH);
        model_fixture_deploy(&f, &two_by_two);
        model_fixture_cut(&f, 2, true);
        model_fixture_run(&f, 60 * TIME_S);
        ck_assert_int_eq(model_fixture_reported(&f, COUNT_0, EXECUTION_RUNNING), 150 * TIME_MS);
        ck_assert_int_eq(failed(COUNT_0), TIME_NEVER);
        if (heals)
            model_fixture_cut(&f, 2, false);
        model_fixture_run(&f, 200 * TIME_S);
        time_ns expected = heals ? TIME_NEVER : 120 * TIME_S + 100 * TIME_MS;
        ck_assert_int_eq(failed(COUNT_0), expected);
        ck_assert_int_eq(failed(COUNT_1), expected);
        if (!heals) /* each names the other end */
            expect_remotes(2, 1);
        model_fixture_fini(&f);
    }
}
END_TEST

/* The job is rescaled and none of the producers comes to be. */
START_TEST(producers_lost_at_another_parallelism_count)
{
    static const uint32_t three_and_one[] = { 3, 1 };
    start(PARTITION_HASH);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 2 * TIME_S);
    struct fixture_deployment rescaled = two_by_two;
    rescaled.parallelism = three_and_one;
    rescaled.attempt = 1;
    for (uint32_t s = 0; s < 3; s++)
        model_fixture_lose(&f, &rescaled, 0, s);
    model_fixture_deploy_one(&f, &rescaled, 1, 0);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_int_eq(failed(3), 2400 * TIME_MS);
    model_fixture_fini(&f);
}
END_TEST

Suite *test_model_connect_suite(void)
{
    Suite *suite = suite_create("model_connect");
    TCase *tests = tcase_create("connect");
    tcase_add_test(tests, a_reader_being_deployed_at_the_kill_fails_when_it_connects);
    tcase_add_test(tests, a_reader_that_waits_for_a_producer_being_deployed_loses_the_connection);
    tcase_add_test(tests, a_reader_beyond_a_cut_notices_at_the_next_retry);
    tcase_add_test(tests, a_connection_to_a_dead_process_beyond_a_cut_is_given_up_late);
    tcase_add_test(tests, a_producer_ordered_of_a_dead_process_fails_its_readers);
    tcase_add_test(tests, a_reader_still_reading_its_state_fails_behind_it);
    tcase_add_test(tests, a_producer_lost_in_an_earlier_try_fails_nobody);
    tcase_add_test(tests, pipelines_that_read_from_elsewhere_connect);
    tcase_add_test(tests, a_connection_over_a_cut_link_is_given_up_after_two_minutes);
    tcase_add_test(tests, producers_lost_at_another_parallelism_count);
    suite_add_tcase(suite, tests);
    return suite;
}
