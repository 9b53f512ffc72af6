/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the virtual cluster (sim/cluster): what comes to a node from outside (clients, reports,
 * storage), names of processes, and what the data plane hears. The life of a process is in
 * test_sim_process.c, messages are in test_sim_network.c, vouching in test_sim_contact.c.
 */
#include "tests/lib/fake_world.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/graph/job_graph.h"

static struct fake_world world;
static const struct node_id manager = { 0 };

/* From outside. */

START_TEST(cluster_takes_a_submission_after_the_submit_time_with_a_copy_of_its_graph)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_begin(&world);
    struct job_graph *graph = job_graph_create("job", (struct job_id){ 0 }, &world.scenario.config);
    struct vertex_bounds bounds[2] = { 0 };
    struct event_client request = {
        .request = CLIENT_SUBMIT_JOB, .graph = graph, .bounds = bounds, .bound_count = 2
    };
    virtual_cluster_ask(world.cluster, &request);
    job_graph_destroy(graph);
    request.request = CLIENT_LIST_JOBS;
    request.graph = NULL;
    virtual_cluster_ask(world.cluster, &request);
    fake_world_run(&world, 2 * TIME_S);
    fake_world_expect(&world, "1001.000 jobmanager client asks list, 2 bounds\n"
                              "1500.000 jobmanager client asks submit, 2 bounds\n");
    fake_world_fini(&world);
}
END_TEST

/* The submission is work of the JobManager's, 500 ms at speed 1; a question is not. */
START_TEST(cluster_takes_submissions_later_while_the_job_manager_is_slow)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_begin(&world);
    struct job_graph *graph = job_graph_create("job", (struct job_id){ 0 }, &world.scenario.config);
    struct event_client request = { .request = CLIENT_SUBMIT_JOB, .graph = graph };
    virtual_cluster_set_speed(world.cluster, manager, 0.25);
    virtual_cluster_ask(world.cluster, &request);
    job_graph_destroy(graph);
    virtual_cluster_ask(world.cluster, &(struct event_client){ .request = CLIENT_LIST_JOBS });
    fake_world_run(&world, 4 * TIME_S);
    fake_world_expect(&world, "1000.000 jobmanager * slowed\n"
                              "1001.000 jobmanager client asks list, 0 bounds\n"
                              "3000.000 jobmanager client asks submit, 0 bounds\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_keeps_a_clients_request_until_the_job_manager_is_up)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_start(&world);
    virtual_cluster_ask(world.cluster, &(struct event_client){ .request = CLIENT_LIST_JOBS });
    fake_world_run(&world, TIME_S);
    fake_world_expect(&world, "0.000 jobmanager * added\n"
                              "100.000 jobmanager * up\n"
                              "100.000 jobmanager started\n"
                              "100.000 jobmanager client asks list, 0 bounds\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_refuses_a_clients_request_when_the_job_manager_is_dead)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_begin(&world);
    virtual_cluster_kill(world.cluster, manager, "test");
    virtual_cluster_ask(world.cluster,
                        &(struct event_client){ .request = CLIENT_CANCEL_JOB, .token = 5 });
    fake_world_run(&world, 2 * TIME_S);
    fake_world_expect(&world,
                      "1000.000 jobmanager * killed (test)\n"
                      "1001.000 - answer 5: refused in this state, no JobManager is running\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_delivers_a_report_at_once_or_a_copy_on_resuming_and_drops_it_for_the_dead)
{
    fake_world_init_quiet(&world, NULL);
    struct node_id node = fake_world_begin(&world);
    struct task_report tasks[3] = { 0 };
    struct checkpoint_ack acks[2] = { 0 };
    struct event_data report = { .job = { 1 }, .tasks = tasks, .task_count = 3 };
    virtual_cluster_report(world.cluster, node, &report);
    fake_world_expect(&world, "1000.000 tm1 data of job 1: 3 tasks, 0 acks\n");
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_report(world.cluster, node, &report);
    report = (struct event_data){ .job = { 2 }, .acks = acks, .ack_count = 2 };
    virtual_cluster_report(world.cluster, node, &report);
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, TIME_S);
    virtual_cluster_kill(world.cluster, node, NULL);
    virtual_cluster_report(world.cluster, node, &report);
    fake_world_run(&world, 2 * TIME_S);
    fake_world_expect(&world, "1000.000 tm1 * frozen\n"
                              "1000.000 tm1 * resumed\n"
                              "1000.000 tm1 data of job 1: 3 tasks, 0 acks\n"
                              "1000.000 tm1 data of job 2: 0 tasks, 2 acks\n"
                              "1000.000 tm1 * killed\n");
    fake_world_fini(&world);
}
END_TEST

/* Storage: 1000 bytes per second, 10 ms latency. */

static void write_at_start(struct fake_world *w, struct node_id self, const struct event *event,
                           struct effects *effects)
{
    (void)w;
    if (self.n != manager.n && event->kind == EVENT_STARTED)
        for (uint64_t token = 1; token <= 2; token++)
            effects_store(effects, EFFECT_STORE_WRITE,
                          &(struct effect_store){ .object = STORE_CHECKPOINT,
                                                  .bytes = 500 * (int64_t)token,
                                                  .token = token });
}

START_TEST(cluster_answers_store_writes_when_their_bytes_are_there)
{
    fake_world_init_quiet(&world, write_at_start);
    fake_world_begin(&world);
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "2010.000 tm1 stored token 1\n" /* 1000 bytes for both by then */
                              "2510.000 tm1 stored token 2\n");
    fake_world_fini(&world);
}
END_TEST

static void note_time(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    ((time_ns *)context)[a] = sim_queue_now(world.queue);
}

START_TEST(cluster_transfers_of_one_node_share_its_nic)
{
    fake_world_init_quiet(&world, NULL);
    world.scenario.cluster.machine.network_bps = 800; /* 100 bytes per second */
    time_ns ended[3] = { 0 };
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 50, note_time, ended, 0, 0);
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 50, note_time, ended, 1, 0);
    virtual_cluster_dfs_transfer(world.cluster, manager, TRANSFER_OUT, 900, note_time, ended, 2, 0);
    fake_world_run(&world, TIME_MIN);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ended[i], 2010 * TIME_MS);
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_cancels_transfers_in_both_phases_and_ignores_the_late)
{
    fake_world_init_quiet(&world, NULL);
    time_ns ended[3] = { 0 };
    struct node_id node = fake_world_begin(&world);
    struct transfer_id waiting =
        virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 50, note_time, ended, 0, 0);
    virtual_cluster_dfs_cancel(world.cluster, waiting);
    struct transfer_id moving = virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT,
                                                             5000, note_time, ended, 1, 0);
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 500, note_time, ended, 2, 0);
    fake_world_run(&world, 1510 * TIME_MS);
    virtual_cluster_dfs_cancel(world.cluster, moving);
    virtual_cluster_dfs_cancel(world.cluster, moving);
    virtual_cluster_dfs_cancel(world.cluster, waiting);
    virtual_cluster_dfs_cancel(world.cluster, (struct transfer_id){ 0 });
    fake_world_run(&world, TIME_MIN);
    ck_assert_int_eq(ended[0], 0);
    ck_assert_int_eq(ended[1], 0);
    ck_assert_int_eq(ended[2], 1760 * TIME_MS);
    fake_world_fini(&world);
}
END_TEST

/* Names. */

START_TEST(cluster_numbers_unnamed_task_managers_around_the_names_in_use_or_reserved)
{
    static char reserved[] = "tm3";
    fake_world_init_quiet(&world, NULL);
    vec_push(&world.scenario.cluster.named,
             (struct task_manager_spec){ .name = reserved, .at = TIME_NEVER });
    fake_world_start(&world);
    fake_world_add(&world, "tm2");
    for (int i = 0; i < 3; i++)
        fake_world_add(&world, NULL);
    const char *const expected[] = { "jobmanager", "tm2", "tm1", "tm4", "tm5" };
    for (uint32_t i = 0; i < 5; i++) {
        struct node_id node = { i };
        ck_assert_str_eq(virtual_cluster_process(world.cluster, node).name, expected[i]);
        ck_assert_uint_eq(virtual_cluster_find(world.cluster, expected[i]).n, i);
    }
    ck_assert(node_id_is_none(virtual_cluster_find(world.cluster, "tm3")));
    vec_fini(&world.scenario.cluster.named);
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_finds_the_latest_process_of_a_name)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_start(&world);
    struct node_id first = fake_world_add(&world, "a");
    fake_world_run(&world, 2 * TIME_S);
    virtual_cluster_kill(world.cluster, first, NULL);
    struct node_id second = fake_world_add(&world, "a");
    ck_assert_uint_ne(first.n, second.n);
    ck_assert_uint_eq(virtual_cluster_find(world.cluster, "a").n, second.n);
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_name_of_a_living_process_cannot_be_given_again)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_start(&world);
    fake_world_add(&world, "a");
    fake_world_add(&world, "a");
}
END_TEST

START_TEST(cluster_knows_the_living)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_start(&world);
    struct node_id nodes[4];
    for (int i = 0; i < 4; i++)
        nodes[i] = fake_world_add(&world, NULL);
    virtual_cluster_kill(world.cluster, nodes[1], NULL);
    virtual_cluster_kill(world.cluster, nodes[3], NULL);
    const struct node_id *living;
    ck_assert_uint_eq(virtual_cluster_living(world.cluster, &living), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_ne(fake_world_state(&world, living[i]), PROCESS_ENDED);
    fake_world_fini(&world);
}
END_TEST

/* The data plane is told. */

struct plane {
    char told[1024];
    size_t length;
};

static void tell(void *plane, struct node_id node, const char *what)
{
    struct plane *p = plane;
    p->length +=
        (size_t)snprintf(p->told + p->length, sizeof p->told - p->length, "%u %s\n", node.n, what);
    ck_assert_uint_lt(p->length, sizeof p->told);
}

static void plane_order(void *plane, struct node_id node, const struct effect_data *order)
{
    tell(plane, node, order->kind == DATA_CANCEL ? "cancel" : "other order");
}

static void plane_ended(void *plane, struct node_id node, bool sudden)
{
    tell(plane, node, sudden ? "ended suddenly" : "ended");
}

static void plane_frozen(void *plane, struct node_id node, bool frozen)
{
    tell(plane, node, frozen ? "frozen" : "resumed");
}

static void plane_host(void *plane, struct node_id node)
{
    tell(plane, node, "host changed");
}

static void plane_fail(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask)
{
    ck_assert_uint_eq(job.n + vertex.n + subtask, 6);
    tell(plane, (struct node_id){ 0 }, "task fails");
}

static void plane_lost(void *plane, struct node_id node, struct job_id job,
                       const struct task_deployment *lost, size_t count)
{
    ck_assert_uint_eq(job.n, 4);
    ck_assert_uint_eq(count, 1);
    tell(plane, node, lost->subtask == 5 ? "deployment lost" : "another one lost");
}

/* To the first TaskManager, when it is asked to stop: it will not be there. */
static void order_cancel_then_exit(struct fake_world *w, struct node_id self,
                                   const struct event *event, struct effects *effects)
{
    if (event->kind == EVENT_STARTED && self.n != manager.n)
        effects_data(effects, &(struct effect_data){ .kind = DATA_CANCEL });
    if (event->kind == EVENT_STOPPING && self.n == 2) {
        static const struct task_deployment task = { .subtask = 5, .parallelism = 6 };
        struct message message = { .kind = MESSAGE_SUBMIT_TASKS };
        message.submit_tasks = (struct message_submit_tasks){ { 4 }, &task, 1 };
        effects_send(effects, (struct node_id){ 1 }, &message);
    }
    fake_exit_when_asked(w, self, event, effects);
}

START_TEST(cluster_tells_the_data_plane_of_orders_and_faults)
{
    static const struct data_plane_ops ops = { plane_order, plane_ended, plane_frozen,
                                               plane_host,  NULL,        plane_fail,
                                               plane_lost,  NULL,        NULL };
    struct plane plane = { "", 0 };
    fake_world_init_quiet(&world, order_cancel_then_exit);
    fake_world_start(&world);
    virtual_cluster_set_data_plane(world.cluster, &ops, &plane);
    struct node_id a = fake_world_add(&world, NULL), b = fake_world_add(&world, NULL);
    fake_world_run(&world, TIME_S);
    virtual_cluster_freeze(world.cluster, a);
    virtual_cluster_resume(world.cluster, a);
    virtual_cluster_set_speed(world.cluster, a, 0.5);
    ck_assert(virtual_cluster_process(world.cluster, a).speed == 0.5);
    virtual_cluster_cut(world.cluster, a, b, true);
    virtual_cluster_cut(world.cluster, a, b, false);
    virtual_cluster_fail_task(world.cluster, (struct job_id){ 1 }, (struct vertex_id){ 2 }, 3);
    virtual_cluster_kill(world.cluster, a, NULL);
    virtual_cluster_stop(world.cluster, b, TIME_MIN);
    virtual_cluster_freeze(world.cluster, manager);
    virtual_cluster_kill(world.cluster, manager, NULL);
    fake_world_run(&world, TIME_MIN);
    ck_assert_str_eq(plane.told, "1 cancel\n2 cancel\n"
                                 "1 frozen\n1 resumed\n1 host changed\n"
                                 "1 host changed\n2 host changed\n"
                                 "1 host changed\n2 host changed\n"
                                 "0 task fails\n"
                                 "1 ended suddenly\n2 ended\n"
                                 "1 deployment lost\n");
    fake_world_fini(&world);
}
END_TEST

Suite *test_sim_cluster_suite(void)
{
    Suite *suite = suite_create("sim_cluster");
    TCase *tcase = tcase_create("outside");
    tcase_add_test(tcase,
                   cluster_takes_a_submission_after_the_submit_time_with_a_copy_of_its_graph);
    tcase_add_test(tcase, cluster_takes_submissions_later_while_the_job_manager_is_slow);
    tcase_add_test(tcase, cluster_keeps_a_clients_request_until_the_job_manager_is_up);
    tcase_add_test(tcase, cluster_refuses_a_clients_request_when_the_job_manager_is_dead);
    tcase_add_test(
        tcase, cluster_delivers_a_report_at_once_or_a_copy_on_resuming_and_drops_it_for_the_dead);
    tcase_add_test(tcase, cluster_answers_store_writes_when_their_bytes_are_there);
    tcase_add_test(tcase, cluster_transfers_of_one_node_share_its_nic);
    tcase_add_test(tcase, cluster_cancels_transfers_in_both_phases_and_ignores_the_late);
    tcase_add_test(tcase,
                   cluster_numbers_unnamed_task_managers_around_the_names_in_use_or_reserved);
    tcase_add_test(tcase, cluster_finds_the_latest_process_of_a_name);
    tcase_add_test_raise_signal(tcase, cluster_name_of_a_living_process_cannot_be_given_again,
                                SIGABRT);
    tcase_add_test(tcase, cluster_knows_the_living);
    tcase_add_test(tcase, cluster_tells_the_data_plane_of_orders_and_faults);
    suite_add_tcase(suite, tcase);
    return suite;
}
