/* SPDX-License-Identifier: Apache-2.0
 *
 * The lives of tasks in the data plane: deployed, restored, run, cancelled, failed by user code, by
 * a broken connection or with their process; frozen and cut off. Times: deploy 100 ms, initialize
 * 50 ms, cancel 20 ms, connection loss 300 ms, all constant.
 */
#include <check.h>

#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t two_hosts[] = { 1, 2 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;

static void setup(void)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 1000);
    static const uint32_t parallelism[] = { 2, 2 };
    two_by_two = (struct fixture_deployment){
        .job = job_0, .parallelism = parallelism, .hosts = two_hosts, .host_count = 2
    };
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void add_fault(struct planned_fault fault)
{
    vec_push(&f.scenario.jobs.items[0].faults, fault);
}

static double served_rate(void)
{
    return model_fixture_job(&f, job_0).served_rate;
}

START_TEST(a_task_initializes_after_deploying_and_runs_after_initializing)
{
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    for (uint32_t task = 0; task < 4; task++) {
        ck_assert_int_eq(model_fixture_reported(&f, task, EXECUTION_INITIALIZING), 100 * TIME_MS);
        ck_assert_int_eq(model_fixture_reported(&f, task, EXECUTION_RUNNING), 150 * TIME_MS);
    }
    ck_assert_uint_eq(f.lines.count, 8);
    ck_assert_uint_eq(f.reports, 4); /* one per host and instant */
}
END_TEST

/* Half the speed, twice the time, by the speed at which a step begins; the user's close() is not
 * ours to judge. Connections break in the network, which does not get slower. */
START_TEST(a_slow_host_takes_longer_for_what_is_work)
{
    f.scenario.jobs.items[0].vertices.items[1].close = TIME_S;
    f.hosts[2].speed = 0.5;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 250 * TIME_MS); /* initializing until 300 ms */
    f.hosts[2].speed = 0.1;
    model_ops()->host_changed(f.model, (struct node_id){ 2 });
    model_fixture_run(&f, TIME_S);
    static const time_ns running[] = { 150, 300, 150, 300 };
    for (uint32_t task = 0; task < 4; task++)
        ck_assert_int_eq(model_fixture_reported(&f, task, EXECUTION_RUNNING),
                         running[task] * TIME_MS);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    static const time_ns canceled[] = { 1020, 1200, 2020, 2200 };
    for (uint32_t task = 0; task < 4; task++)
        ck_assert_int_eq(model_fixture_reported(&f, task, EXECUTION_CANCELED),
                         canceled[task] * TIME_MS);
}
END_TEST

/* Two orders to one host at one instant: one draw, one report. */
START_TEST(tasks_of_one_instant_are_reported_together)
{
    model_fixture_start(&f);
    for (uint32_t v = 0; v < 2; v++)
        for (uint32_t s = 0; s < 2; s++)
            model_fixture_deploy_one(&f, &two_by_two, v, s);
    model_fixture_run(&f, TIME_S);
    ck_assert_uint_eq(f.lines.count, 8);
    ck_assert_uint_eq(f.reports, 4);
}
END_TEST

/* State is read before initializing ends; tasks without state do not wait for it. */
START_TEST(state_is_read_before_a_task_runs)
{
    model_fixture_start(&f);
    two_by_two.restore_bytes = 500000000;
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, 0, EXECUTION_RUNNING), 150 * TIME_MS);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_INITIALIZING), 100 * TIME_MS);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_RUNNING), 650 * TIME_MS);
}
END_TEST

START_TEST(nothing_flows_before_all_tasks_run)
{
    model_fixture_start(&f);
    two_by_two.restore_bytes = 2000000000;
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 2 * TIME_S);
    ck_assert(!model_fixture_job(&f, job_0).flowing);
    ck_assert_double_eq(model_fixture_job(&f, job_0).served_total, 0);
    model_fixture_run(&f, 3 * TIME_S);
    ck_assert(model_fixture_job(&f, job_0).flowing);
}
END_TEST

START_TEST(cancelling_takes_the_draw_and_the_users_close)
{
    f.scenario.jobs.items[0].vertices.items[1].close = 1500 * TIME_MS;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 5 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, 0, EXECUTION_CANCELED), 1020 * TIME_MS);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_CANCELED), 2520 * TIME_MS);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_CANCELED), 4);
    ck_assert_double_eq(served_rate(), 0);
}
END_TEST

/* A task that has not begun to run has nothing open: no close(). */
START_TEST(a_task_being_deployed_is_cancelled_without_close)
{
    f.scenario.jobs.items[0].vertices.items[1].close = 1500 * TIME_MS;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 50 * TIME_MS);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 5 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_INITIALIZING), 0);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_CANCELED), 70 * TIME_MS);
}
END_TEST

/* The fixture's storage refuses to cancel a transfer that is not under way. */
START_TEST(cancelling_stops_the_reading_of_state)
{
    model_fixture_start(&f);
    two_by_two.restore_bytes = 2000000000;
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 500 * TIME_MS);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_CANCELED), 4);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_RUNNING), 2); /* those without state */
}
END_TEST

/* recording restart-fixed-delay-2s-slow-cancel: throws 1 s after start, close() sleeps 1.5 s, and
 * only then FAILED is reported; nothing flows meanwhile. */
START_TEST(user_code_that_throws_closes_before_it_has_failed)
{
    f.scenario.jobs.items[0].vertices.items[1].close = 1500 * TIME_MS;
    add_fault((struct planned_fault){
        .kind = FAULT_THROW, .vertex = { 1 }, .subtask = 0, .after_start = TIME_S, .attempts = 2 });
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 2 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert_double_eq(served_rate(), 0);
    model_fixture_run(&f, 5 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_FAILED), 2650 * TIME_MS);
    ck_assert_int_eq(vec_last(&f.lines).task.cause, CAUSE_USER_CODE);
}
END_TEST

START_TEST(planned_throws_stop_after_their_attempts)
{
    add_fault((struct planned_fault){
        .kind = FAULT_THROW, .vertex = { 1 }, .after_start = TIME_S, .attempts = 1 });
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 3 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 1);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 4 * TIME_S);
    two_by_two.attempt = 1;
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 1);
    ck_assert_double_eq_tol(served_rate(), 1000, 1e-6);
}
END_TEST

START_TEST(a_failing_task_that_is_cancelled_ends_as_canceled)
{
    f.scenario.jobs.items[0].vertices.items[1].close = 1500 * TIME_MS;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    model_ops()->fail_task(f.model, job_0, (struct vertex_id){ 1 }, 0);
    model_fixture_run(&f, 1500 * TIME_MS);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_CANCELED), 4);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_CANCELED), 2500 * TIME_MS);
}
END_TEST

START_TEST(failing_a_task_that_is_not_there_does_nothing)
{
    model_fixture_start(&f);
    model_ops()->fail_task(f.model, job_0, (struct vertex_id){ 1 }, 0);
    model_ops()->fail_task(f.model, job_0, (struct vertex_id){ 1 }, 77);
    model_fixture_run(&f, TIME_S);
    ck_assert_uint_eq(f.lines.count, 0);
    ck_assert(!model_ops()->has_task(f.model, job_0, (struct vertex_id){ 1 }, 0));
    ck_assert(!model_ops()->has_task(f.model, job_0, (struct vertex_id){ 1 }, 77));
}
END_TEST

START_TEST(a_task_is_there_while_its_code_can_fail)
{
    f.scenario.jobs.items[0].vertices.items[1].close = 1500 * TIME_MS;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    ck_assert(model_ops()->has_task(f.model, job_0, (struct vertex_id){ 1 }, 0));
    ck_assert(!model_ops()->has_task(f.model, job_0, (struct vertex_id){ 1 }, 2));
    model_ops()->fail_task(f.model, job_0, (struct vertex_id){ 1 }, 0);
    ck_assert(!model_ops()->has_task(f.model, job_0, (struct vertex_id){ 1 }, 0));
}
END_TEST

/* Surprise 1: the consumers of a dead TaskManager fail through their data connections; its
 * producers and its own tasks say nothing. */
START_TEST(readers_of_a_dead_process_lose_their_connection)
{
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 1);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_FAILED), 1300 * TIME_MS);
    ck_assert_int_eq(vec_last(&f.lines).task.cause, CAUSE_CONNECTION_LOST);
    ck_assert_uint_eq(vec_last(&f.lines).task.remote.n, 2);
    ck_assert_double_eq(served_rate(), 0);
}
END_TEST

/* One draw for all: their connections break together. */
START_TEST(all_readers_of_a_dead_process_notice_together)
{
    static const uint32_t hosts[] = { 1, 2, 3, 4 }, parallelism[] = { 8, 8 };
    f.scenario.cluster.timing.connection_loss =
        (struct distribution){ DRAW_UNIFORM, 100 * TIME_MS, 600 * TIME_MS };
    struct fixture_deployment wide = {
        .job = job_0, .parallelism = parallelism, .hosts = hosts, .host_count = 4
    };
    model_fixture_start(&f);
    model_fixture_deploy(&f, &wide);
    model_fixture_run(&f, TIME_S);
    f.reports = 0;
    model_fixture_end_process(&f, 3);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 6); /* count on 3 hosts */
    ck_assert_uint_eq(f.reports, 3);
    time_ns first = model_fixture_reported(&f, 8, EXECUTION_FAILED);
    ck_assert(first >= 1100 * TIME_MS && first <= 1600 * TIME_MS);
    for (uint32_t subtask = 0; subtask < 8; subtask++)
        ck_assert_int_eq(model_fixture_reported(&f, 8 + subtask, EXECUTION_FAILED),
                         subtask % 4 == 2 ? TIME_NEVER : first);
}
END_TEST

START_TEST(readers_cancelled_before_they_notice_do_not_fail)
{
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    model_fixture_end_process(&f, 2);
    struct fixture_deployment rest = two_by_two;
    rest.host_count = 1;
    static const uint32_t parallelism[] = { 2, 2 };
    rest.parallelism = parallelism;
    model_fixture_cancel(&f, &rest); /* names all four; host 1 has two of them */
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_CANCELED), 2);
}
END_TEST

/* recording default-kill9-regions-forward-job: without data between TaskManagers nobody notices. */
START_TEST(pipelines_elsewhere_do_not_notice_a_dead_process)
{
    struct job_id job = model_fixture_add_job(&f);
    model_fixture_vertex(&f, job, "source", 128, 0)->partitions = 2;
    model_fixture_vertex(&f, job, "map", 128, 0);
    model_fixture_edge(&f, job, 0, 1, PARTITION_FORWARD);
    model_fixture_load(&f, job, 0, 0, 1000);
    two_by_two.job = job;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert_double_eq_tol(model_fixture_job(&f, job).served_rate, 500, 1e-6);
    /* without a checkpoint: what the lost one had read will be read again as well */
    ck_assert_double_eq_tol(model_fixture_job(&f, job).lag_seconds, 10, 0.02);
}
END_TEST

/* recording reactive-sigstop-20s: no failure; nothing moves; all goes on afterwards. */
START_TEST(a_frozen_process_holds_up_the_job_without_failing_it)
{
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_freeze(&f, 2, true);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_double_eq(served_rate(), 0);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 20000, 1e-3);
    struct model_vertex_view source = model_fixture_view(&f, job_0, 0);
    ck_assert_double_eq_tol(source.backpressured_seconds, 20, 0.05); /* the one on host 1 */
    model_fixture_freeze(&f, 2, false);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 0, 1e-6);
}
END_TEST

START_TEST(what_comes_due_while_frozen_happens_when_resumed)
{
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 50 * TIME_MS);
    model_fixture_freeze(&f, 2, true);
    model_fixture_run(&f, 5 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, 0, EXECUTION_RUNNING), 150 * TIME_MS);
    ck_assert_int_eq(model_fixture_reported(&f, 1, EXECUTION_INITIALIZING), TIME_NEVER);
    model_fixture_freeze(&f, 2, false);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, 1, EXECUTION_INITIALIZING), 5 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, 1, EXECUTION_RUNNING), 5050 * TIME_MS);
}
END_TEST

/* A cut link keeps its TCP connections: data jams, nothing fails. */
START_TEST(data_to_a_host_that_is_cut_off_jams)
{
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    f.hosts[2].cut = true;
    model_ops()->host_changed(f.model, (struct node_id){ 2 });
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_double_eq(served_rate(), 0);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    f.hosts[2].cut = false;
    model_ops()->host_changed(f.model, (struct node_id){ 2 });
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 0, 1e-6);
}
END_TEST

/* An attempt on a host out of reach may run on; the newer one has taken its place. */
START_TEST(a_newer_attempt_elsewhere_takes_the_place_of_the_old_one)
{
    static const uint32_t others[] = { 3, 4 };
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    struct fixture_deployment again = two_by_two;
    again.hosts = others;
    again.attempt = 1;
    model_fixture_deploy(&f, &again);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_double_eq_tol(served_rate(), 1000, 1e-6);
    model_fixture_cancel(&f, &two_by_two); /* the old ones: no concern of the flow */
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_CANCELED), 4);
    ck_assert_double_eq_tol(served_rate(), 1000, 1e-6);
}
END_TEST

/* Without a checkpoint a restart begins at the start of the submission: all of it is replayed. */
START_TEST(a_restart_without_a_checkpoint_reads_everything_again)
{
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 11 * TIME_S);
    two_by_two.attempt = 1;
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 11150 * TIME_MS);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.replayed_total, 10000, 1e-3);
    ck_assert_double_eq_tol(view.backlog, 11150, 1e-3);
    ck_assert_double_eq_tol(view.lag_seconds, 11.15, 1e-6);
}
END_TEST

/* Rescale: same partitions, other readers; nothing is lost or counted twice. */
START_TEST(a_rescale_moves_partitions_with_their_positions)
{
    static const uint32_t parallelism[][2] = { { 3, 3 }, { 1, 1 }, { 7, 5 }, { 2, 2 } };
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    for (uint32_t i = 0; i < 4; i++) {
        model_fixture_run(&f, (10 * (time_ns)i + 10) * TIME_S);
        model_fixture_cancel(&f, &two_by_two);
        model_fixture_run(&f, (10 * (time_ns)i + 11) * TIME_S);
        two_by_two.parallelism = parallelism[i];
        two_by_two.attempt++;
        model_fixture_deploy(&f, &two_by_two);
    }
    model_fixture_run(&f, 100 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.position, 100000, 1e-3);
    ck_assert_double_eq_tol(view.served_total - view.replayed_total, 100000, 1e-3);
    ck_assert_uint_eq(model_fixture_view(&f, job_0, 0).running, 2);
}
END_TEST

/* The same orders at the same times give the same reports, whatever else happened in memory. */
START_TEST(draws_belong_to_hosts)
{
    time_ns seen[2];
    f.scenario.cluster.timing.deploy =
        (struct distribution){ DRAW_UNIFORM, 10 * TIME_MS, 500 * TIME_MS };
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, TIME_S);
    seen[0] = model_fixture_reported(&f, 1, EXECUTION_INITIALIZING);
    teardown();
    setup();
    f.scenario.cluster.timing.deploy =
        (struct distribution){ DRAW_UNIFORM, 10 * TIME_MS, 500 * TIME_MS };
    model_fixture_start(&f);
    model_fixture_deploy_one(&f, &two_by_two, 1, 1); /* only host 2 this time */
    model_fixture_run(&f, TIME_S);
    seen[1] = model_fixture_reported(&f, 3, EXECUTION_INITIALIZING);
    ck_assert_int_eq(seen[0], seen[1]);
}
END_TEST

Suite *test_model_tasks_suite(void)
{
    Suite *suite = suite_create("model_tasks");
    TCase *tests = tcase_create("tasks");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_task_initializes_after_deploying_and_runs_after_initializing);
    tcase_add_test(tests, a_slow_host_takes_longer_for_what_is_work);
    tcase_add_test(tests, tasks_of_one_instant_are_reported_together);
    tcase_add_test(tests, state_is_read_before_a_task_runs);
    tcase_add_test(tests, nothing_flows_before_all_tasks_run);
    tcase_add_test(tests, cancelling_takes_the_draw_and_the_users_close);
    tcase_add_test(tests, a_task_being_deployed_is_cancelled_without_close);
    tcase_add_test(tests, cancelling_stops_the_reading_of_state);
    tcase_add_test(tests, user_code_that_throws_closes_before_it_has_failed);
    tcase_add_test(tests, planned_throws_stop_after_their_attempts);
    tcase_add_test(tests, a_failing_task_that_is_cancelled_ends_as_canceled);
    tcase_add_test(tests, failing_a_task_that_is_not_there_does_nothing);
    tcase_add_test(tests, a_task_is_there_while_its_code_can_fail);
    tcase_add_test(tests, readers_of_a_dead_process_lose_their_connection);
    tcase_add_test(tests, all_readers_of_a_dead_process_notice_together);
    tcase_add_test(tests, readers_cancelled_before_they_notice_do_not_fail);
    tcase_add_test(tests, pipelines_elsewhere_do_not_notice_a_dead_process);
    tcase_add_test(tests, a_frozen_process_holds_up_the_job_without_failing_it);
    tcase_add_test(tests, what_comes_due_while_frozen_happens_when_resumed);
    tcase_add_test(tests, data_to_a_host_that_is_cut_off_jams);
    tcase_add_test(tests, a_newer_attempt_elsewhere_takes_the_place_of_the_old_one);
    tcase_add_test(tests, a_restart_without_a_checkpoint_reads_everything_again);
    tcase_add_test(tests, a_rescale_moves_partitions_with_their_positions);
    tcase_add_test(tests, draws_belong_to_hosts);
    suite_add_tcase(suite, tests);
    return suite;
}
