/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of a TaskManager that has said goodbye and whose user code still closes (sim/cluster): to
 * all others it is gone, but its process lives until that is over, its JVM is halted, the grace
 * period ends, or something kills it. With a fake data plane, and in whole runs.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/play.h"
#include "tests/lib/fake_world.h"
#include "tests/lib/load_fixture.h"

static struct fake_world world;
static struct node_id node;
static const struct node_id manager = { 0 };

/* A plane whose user code takes `close` to close. */
static time_ns close_takes;
static unsigned plane_ended, plane_frozen, plane_hosts, cluster_ended;

static time_ns closes(void *plane, struct node_id host)
{
    (void)plane;
    (void)host;
    return sim_queue_now(world.queue) + close_takes;
}

static void order(void *plane, struct node_id host, const struct effect_data *effect)
{
    (void)plane;
    (void)host;
    (void)effect;
}

static void ended(void *plane, struct node_id host, bool sudden)
{
    (void)plane;
    (void)host;
    ck_assert(!sudden);
    plane_ended++;
}

static void frozen(void *plane, struct node_id host, bool is_frozen)
{
    (void)plane;
    (void)host;
    (void)is_frozen;
    plane_frozen++;
}

static void host_changed(void *plane, struct node_id host)
{
    (void)plane;
    (void)host;
    plane_hosts++;
}

static void on_end(void *context, struct node_id of)
{
    (void)context;
    ck_assert_uint_eq(of.n, node.n);
    cluster_ended++;
}

static void setup(void)
{
    static const struct data_plane_ops ops = { .order = order,
                                               .process_ended = ended,
                                               .process_frozen = frozen,
                                               .host_changed = host_changed,
                                               .closed_at = closes };
    plane_ended = plane_frozen = plane_hosts = cluster_ended = 0;
    fake_world_init_quiet(&world, fake_exit_when_asked);
    node = fake_world_begin(&world);
    virtual_cluster_set_data_plane(world.cluster, &ops, NULL);
    virtual_cluster_set_end_hook(world.cluster, on_end, NULL);
}

static void teardown(void)
{
    ck_assert_uint_eq(plane_ended, 1); /* not once more when the process ends */
    ck_assert_uint_eq(cluster_ended, 1);
    fake_world_fini(&world);
}

/* TaskExecutor.onStop: the goodbye is said at once, TaskSlotTable.closeAsync waits for the tasks.
 */
START_TEST(a_process_ends_when_its_user_code_has_closed)
{
    close_takes = 3 * TIME_S;
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 4 * TIME_S);
    ck_assert_int_eq(fake_world_state(&world, node), PROCESS_CLOSING);
    ck_assert(virtual_cluster_process(world.cluster, node).gone);
    ck_assert_int_eq(virtual_cluster_process(world.cluster, node).ended_at, TIME_NEVER);
    ck_assert_ptr_null(virtual_cluster_node(world.cluster, node));
    ck_assert_uint_eq(plane_ended, 1);
    ck_assert_uint_eq(cluster_ended, 0);
    virtual_cluster_stop(world.cluster, node, TIME_S); /* asked already */
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "1050.000 tm1 asked to stop\n"
                              "1051.000 jobmanager message 99 from tm1\n"
                              "4050.000 tm1 * stopped (as asked, when user code had closed)\n");
    ck_assert_int_eq(virtual_cluster_process(world.cluster, node).ended_at, 4050 * TIME_MS);
}
END_TEST

/* JvmShutdownSafeguard: 5 s from SIGTERM, not from the goodbye. */
START_TEST(a_process_whose_user_code_does_not_close_is_halted)
{
    close_takes = 20 * TIME_S;
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 2 * TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "1050.000 tm1 asked to stop\n"
                              "1051.000 jobmanager message 99 from tm1\n"
                              "6000.000 tm1 * stopped (halted: user code had not closed 5 s after "
                              "SIGTERM)\n");
}
END_TEST

/* A shutdown that the scenario makes longer than Flink's limit is not cut short by it, but then
 * there is no time left for user code. */
START_TEST(a_goodbye_that_comes_late_leaves_user_code_no_time)
{
    close_takes = 20 * TIME_S;
    world.scenario.cluster.timing.shutdown = distribution_constant(7 * TIME_S);
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 2 * TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "8000.000 tm1 asked to stop\n"
                              "8000.000 tm1 * stopped (halted: user code had not closed 5 s after "
                              "SIGTERM)\n"
                              "8001.000 jobmanager message 99 from tm1\n");
}
END_TEST

START_TEST(a_grace_period_that_ends_first_kills_what_still_closes)
{
    close_takes = 20 * TIME_S;
    virtual_cluster_stop(world.cluster, node, 2 * TIME_S);
    fake_world_run(&world, 2 * TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "1050.000 tm1 asked to stop\n"
                              "1051.000 jobmanager message 99 from tm1\n"
                              "3000.000 tm1 * killed (grace period over)\n");
}
END_TEST

START_TEST(a_kill_ends_what_still_closes)
{
    close_takes = 3 * TIME_S;
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 2 * TIME_S);
    virtual_cluster_kill(world.cluster, node, "power cut");
    fake_world_run(&world, 2 * TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "1050.000 tm1 asked to stop\n"
                              "1051.000 jobmanager message 99 from tm1\n"
                              "2000.000 tm1 * killed (power cut)\n");
}
END_TEST

/* Frozen beyond it: ends when it resumes. Shorter: ends when it would have. */
START_TEST(a_process_that_freezes_while_it_closes_ends_no_sooner_than_it_resumes)
{
    close_takes = 3 * TIME_S;
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 2 * TIME_S);
    virtual_cluster_freeze(world.cluster, node);
    ck_assert_int_eq(fake_world_state(&world, node), PROCESS_FROZEN);
    fake_world_run(&world, (_i ? 3 : 9) * TIME_S);
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world,
                      _i ? "1000.000 tm1 * stopping\n"
                           "1050.000 tm1 asked to stop\n"
                           "1051.000 jobmanager message 99 from tm1\n"
                           "2000.000 tm1 * frozen\n"
                           "3000.000 tm1 * resumed\n"
                           "4050.000 tm1 * stopped (as asked, when user code had closed)\n"
                         : "1000.000 tm1 * stopping\n"
                           "1050.000 tm1 asked to stop\n"
                           "1051.000 jobmanager message 99 from tm1\n"
                           "2000.000 tm1 * frozen\n"
                           "9000.000 tm1 * resumed\n"
                           "9000.000 tm1 * stopped (as asked, when user code had closed)\n");
    ck_assert_uint_eq(plane_frozen, 0); /* nothing of it is in the plane any more */
}
END_TEST

/* The JobManager asks it something before it has said goodbye, and something at 3 s. */
static void ask(struct fake_world *w, struct node_id self, const struct event *event,
                struct effects *effects)
{
    if (self.n == manager.n && event->kind == EVENT_MESSAGE)
        fake_request(effects, node, 7, 1);
    fake_exit_when_asked(w, self, event, effects);
}

/* As of one that has ended with a goodbye; frozen or not. And its host is of no interest. */
START_TEST(a_process_that_closes_refuses_requests)
{
    close_takes = 4 * TIME_S;
    world.behave = ask;
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 1050500 * TIME_US);
    if (_i)
        virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_set_speed(world.cluster, node, 0.5);
    virtual_cluster_set_loss(world.cluster, node, 0.1);
    virtual_cluster_set_loss(world.cluster, node, 0);
    fake_world_run(&world, 4 * TIME_S);
    ck_assert_ptr_nonnull(
        strstr(world.journal, "jobmanager send failed to tm1 token 1: unreachable\n"));
    ck_assert_uint_eq(plane_hosts, 0);
    virtual_cluster_kill(world.cluster, node, NULL);
}
END_TEST

/* Whole runs: three TaskManagers at 1 per second for ten minutes, of which the first is asked to
 * stop at 5 min, with a minute of grace. */
static double bill(const char *close, const char *world_name)
{
    struct note note = { "" };
    struct play_settings settings = { .until = TIME_NEVER, .quiet = true };
    struct plays plays = { 0 };
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "name: t\nduration: 10min\n%s"
             "config: { execution.checkpointing.interval: 10s, parallelism.default: 2 }\n"
             "cluster:\n"
             "  task-manager: { slots: 1, price: 3600/h }\n"
             "  task-managers: [ tm1, tm2, tm3 ]\n"
             "jobs:\n"
             "  - name: a\n"
             "    vertices: [ { name: in }, { name: out, close: %s } ]\n"
             "    edges: [ in -> out: hash ]\n"
             "    load: 10/s\n"
             "events: [ { at: 5min, stop: { task-manager: tm1, grace: 60s } } ]\n",
             world_name, close);
    vec_push(&plays.list, (struct play){ .scenario = load_fixture_scenario(yaml) });
    ck_assert_msg(!err_is(plays_run(&plays, &settings, &note)), "%s", note.text);
    double out[STATISTIC_COUNT];
    metrics_summarise(&plays.list.items[0].recorder.metrics, METRIC_cost, out);
    plays_fini(&plays);
    return out[STATISTIC_FINAL];
}

/* 20 ms of shutdown; then nothing, 3 s, or what is left of 5 s. */
START_TEST(a_machine_is_paid_for_until_user_code_has_closed)
{
    static const char *const worlds[] = { "", "world: exact\n" };
    ck_assert_double_eq_tol(bill("0s", worlds[_i]), 1200 + 300.02, 1e-6);
    ck_assert_double_eq_tol(bill("3s", worlds[_i]), 1200 + 303.02, 1e-6);
    ck_assert_double_eq_tol(bill("20s", worlds[_i]), 1200 + 305, 1e-6);
}
END_TEST

Suite *test_sim_closing_suite(void)
{
    Suite *suite = suite_create("sim_closing");
    TCase *tcase = tcase_create("process");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_process_ends_when_its_user_code_has_closed);
    tcase_add_test(tcase, a_process_whose_user_code_does_not_close_is_halted);
    tcase_add_test(tcase, a_goodbye_that_comes_late_leaves_user_code_no_time);
    tcase_add_test(tcase, a_grace_period_that_ends_first_kills_what_still_closes);
    tcase_add_test(tcase, a_kill_ends_what_still_closes);
    tcase_add_loop_test(
        tcase, a_process_that_freezes_while_it_closes_ends_no_sooner_than_it_resumes, 0, 2);
    tcase_add_loop_test(tcase, a_process_that_closes_refuses_requests, 0, 2);
    suite_add_tcase(suite, tcase);
    TCase *runs = tcase_create("runs");
    tcase_add_loop_test(runs, a_machine_is_paid_for_until_user_code_has_closed, 0, 2);
    suite_add_tcase(suite, runs);
    return suite;
}
