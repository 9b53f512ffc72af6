/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of a process of the virtual cluster (sim/cluster): its life from boot to end, its wake-ups,
 * stops, kills and freezes. What comes to it from outside is in test_sim_cluster.c.
 */
#include "tests/lib/fake_world.h"

#include <check.h>
#include <signal.h>

static struct fake_world world;
static const struct node_id manager = { 0 };

/* The table: every cell. */
START_TEST(process_table_has_these_moves_and_no_others)
{
    static const bool legal[PROCESS_STATE_COUNT][PROCESS_STATE_COUNT] = {
        [PROCESS_BOOTING] = { [PROCESS_RUNNING] = true, [PROCESS_ENDED] = true },
        [PROCESS_RUNNING] = { [PROCESS_STOPPING] = true,
                              [PROCESS_FROZEN] = true,
                              [PROCESS_ENDED] = true },
        [PROCESS_STOPPING] = { [PROCESS_CLOSING] = true,
                               [PROCESS_FROZEN] = true,
                               [PROCESS_ENDED] = true },
        [PROCESS_CLOSING] = { [PROCESS_FROZEN] = true, [PROCESS_ENDED] = true },
        [PROCESS_FROZEN] = { [PROCESS_RUNNING] = true,
                             [PROCESS_STOPPING] = true,
                             [PROCESS_CLOSING] = true,
                             [PROCESS_ENDED] = true },
    };
    ck_assert_uint_eq(process_states.count, PROCESS_STATE_COUNT);
    for (unsigned from = 0; from < PROCESS_STATE_COUNT; from++)
        for (unsigned to = 0; to < PROCESS_STATE_COUNT; to++)
            ck_assert_msg(state_can_move(&process_states, from, to) == legal[from][to], "%s -> %s",
                          state_name(&process_states, from), state_name(&process_states, to));
    ck_assert(state_is_final(&process_states, PROCESS_ENDED));
}
END_TEST

START_TEST(cluster_boots_the_job_manager_and_task_managers)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_start(&world);
    struct node_id node = fake_world_add(&world, NULL);
    ck_assert_int_eq(fake_world_state(&world, node), PROCESS_BOOTING);
    fake_world_run(&world, 2 * TIME_S);
    fake_world_expect(&world, "0.000 jobmanager * added\n"
                              "0.000 tm1 * added\n"
                              "100.000 jobmanager * up\n"
                              "100.000 jobmanager started\n"
                              "1000.000 tm1 * up\n"
                              "1000.000 tm1 started\n");
    struct process_view view = virtual_cluster_process(world.cluster, node);
    ck_assert_int_eq(view.state, PROCESS_RUNNING);
    ck_assert_int_eq(view.added_at, 0);
    ck_assert_int_eq(view.up_at, TIME_S);
    ck_assert_int_eq(view.ended_at, TIME_NEVER);
    ck_assert_ptr_eq(view.machine, &world.scenario.cluster.machine);
    ck_assert_ptr_nonnull(virtual_cluster_node(world.cluster, node));
    ck_assert_uint_eq(virtual_cluster_process_count(world.cluster), 2);
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_stop_lets_the_node_say_goodbye_after_the_shutdown_time)
{
    fake_world_init_quiet(&world, fake_exit_when_asked);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_stop(world.cluster, node, 10 * TIME_S);
    ck_assert_int_eq(fake_world_state(&world, node), PROCESS_STOPPING);
    virtual_cluster_stop(world.cluster, node, TIME_S); /* asked already */
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "1050.000 tm1 asked to stop\n"
                              "1050.000 tm1 * stopped (as asked)\n"
                              "1051.000 jobmanager message 99 from tm1\n");
    ck_assert_int_eq(fake_world_state(&world, node), PROCESS_ENDED);
    ck_assert_ptr_null(virtual_cluster_node(world.cluster, node));
    fake_world_fini(&world);
}
END_TEST

/* 50 ms of work at a quarter of the speed. */
START_TEST(cluster_stop_takes_longer_on_a_slow_host)
{
    fake_world_init_quiet(&world, fake_exit_when_asked);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_set_speed(world.cluster, node, 0.25);
    virtual_cluster_stop(world.cluster, node, 10 * TIME_S);
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * slowed\n"
                              "1000.000 tm1 * stopping\n"
                              "1200.000 tm1 asked to stop\n"
                              "1200.000 tm1 * stopped (as asked)\n"
                              "1201.000 jobmanager message 99 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_stop_kills_when_the_grace_period_is_over)
{
    fake_world_init_quiet(&world, NULL);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_stop(world.cluster, node, 10 * TIME_S);
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "1050.000 tm1 asked to stop\n"
                              "11000.000 tm1 * killed (grace period over)\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_stop_without_end_of_grace_never_kills)
{
    fake_world_init_quiet(&world, NULL);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_stop(world.cluster, node, TIME_NEVER);
    fake_world_run(&world, TIME_DAY);
    ck_assert_int_eq(fake_world_state(&world, node), PROCESS_STOPPING);
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_stop_and_kill_of_a_booting_process_end_it_before_it_is_up)
{
    fake_world_init_quiet(&world, NULL);
    fake_world_begin(&world);
    virtual_cluster_stop(world.cluster, fake_world_add(&world, NULL), TIME_S);
    virtual_cluster_kill(world.cluster, fake_world_add(&world, NULL), "test");
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1000.000 tm2 * added\n"
                              "1000.000 tm2 * stopped (before it was up)\n"
                              "1000.000 tm3 * added\n"
                              "1000.000 tm3 * killed (test)\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_kill_of_the_dead_does_nothing)
{
    fake_world_init_quiet(&world, NULL);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_kill(world.cluster, node, "first");
    virtual_cluster_kill(world.cluster, node, "second");
    virtual_cluster_stop(world.cluster, node, TIME_S);
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_resume(world.cluster, node);
    virtual_cluster_set_speed(world.cluster, node, 0.5);
    virtual_cluster_set_loss(world.cluster, node, 0.5);
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * killed (first)\n");
    fake_world_fini(&world);
}
END_TEST

static void exit_at_once(struct fake_world *w, struct node_id self, const struct event *event,
                         struct effects *effects)
{
    (void)w;
    if (self.n == manager.n || event->kind != EVENT_STARTED)
        return;
    effects_exit(effects, EXIT_REGISTRATION_TIMEOUT);
    effects_log(effects, &(struct log_line){ .machine = "fake", .what = "after the exit" });
    fake_send(effects, manager, 1);
}

START_TEST(cluster_carries_out_all_effects_of_a_step_before_an_exit)
{
    fake_world_init_quiet(&world, exit_at_once);
    fake_world_begin(&world);
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1001.000 jobmanager message 1 from tm1\n");
    ck_assert_int_eq(fake_world_state(&world, (struct node_id){ 1 }), PROCESS_ENDED);
    fake_world_fini(&world);
}
END_TEST

/* Wake-ups. */

static void wake_on_a_grid(struct fake_world *w, struct node_id self, const struct event *event,
                           struct effects *effects)
{
    (void)effects;
    if (self.n != manager.n && (event->kind == EVENT_STARTED || event->kind == EVENT_WOKEN))
        w->deadlines[self.n] = event->at + TIME_S;
}

START_TEST(cluster_wakes_a_node_at_its_deadline)
{
    fake_world_init_quiet(&world, wake_on_a_grid);
    fake_world_begin(&world);
    fake_world_run(&world, 3500 * TIME_MS);
    fake_world_expect(&world, "2000.000 tm1 woken\n3000.000 tm1 woken\n");
    fake_world_fini(&world);
}
END_TEST

static void wake_at_3_s(struct fake_world *w, struct node_id self, const struct event *event,
                        struct effects *effects)
{
    (void)effects;
    if (event->kind == EVENT_STARTED)
        w->deadlines[self.n] = 3 * TIME_S;
}

START_TEST(cluster_wakes_nodes_that_are_due_together_by_id)
{
    fake_world_init_quiet(&world, wake_at_3_s);
    fake_world_start(&world);
    for (int i = 4; i > 0; i--) { /* the later added is up the sooner */
        world.scenario.cluster.machine.boot = distribution_constant(i * 100 * TIME_MS);
        fake_world_add(&world, NULL);
    }
    fake_world_run(&world, 2 * TIME_S);
    fake_world_forget(&world);
    fake_world_run(&world, 4 * TIME_S);
    fake_world_expect(&world, "3000.000 jobmanager woken\n"
                              "3000.000 tm1 woken\n"
                              "3000.000 tm2 woken\n"
                              "3000.000 tm3 woken\n"
                              "3000.000 tm4 woken\n");
    fake_world_fini(&world);
}
END_TEST

static void move_the_deadline(struct fake_world *w, struct node_id self, const struct event *event,
                              struct effects *effects)
{
    (void)effects;
    if (event->kind == EVENT_STARTED && self.n != manager.n)
        w->deadlines[self.n] = event->at + 10 * TIME_S;
    if (event->kind == EVENT_DATA) /* the job's number says when, in seconds */
        w->deadlines[self.n] = (time_ns)event->data.job.n * TIME_S;
}

static void set_deadline(struct node_id node, uint32_t at_s)
{
    virtual_cluster_report(world.cluster, node, &(struct event_data){ .job = { at_s } });
    fake_world_run(&world, sim_queue_now(world.queue));
}

START_TEST(cluster_follows_a_deadline_that_moves_both_ways_without_waking_in_between)
{
    fake_world_init_quiet(&world, move_the_deadline);
    struct node_id node = fake_world_begin(&world); /* deadline 11 s */
    set_deadline(node, 20); /* later: the pending wake-up of 11 s stays and looks again */
    fake_world_run(&world, 12 * TIME_S);
    set_deadline(node, 15); /* earlier */
    fake_world_run(&world, 19 * TIME_S);
    set_deadline(node, 3); /* in the past: now */
    fake_world_run(&world, 30 * TIME_S);
    fake_world_expect(&world, "1000.000 tm1 data of job 20: 0 tasks, 0 acks\n"
                              "12000.000 tm1 data of job 15: 0 tasks, 0 acks\n"
                              "15000.000 tm1 woken\n"
                              "19000.000 tm1 data of job 3: 0 tasks, 0 acks\n"
                              "19000.000 tm1 woken\n");
    fake_world_fini(&world);
}
END_TEST

static void never_content(struct fake_world *w, struct node_id self, const struct event *event,
                          struct effects *effects)
{
    (void)effects;
    w->stays_due = true;
    w->deadlines[self.n] = event->at;
    fake_world_forget(w);
}

START_TEST(cluster_stops_a_node_that_wants_waking_for_ever_at_one_instant)
{
    fake_world_init_quiet(&world, never_content);
    fake_world_start(&world);
    fake_world_run(&world, TIME_S);
}
END_TEST

/* Freezing. */

START_TEST(cluster_freeze_holds_everything_back_until_the_process_resumes)
{
    fake_world_init_quiet(&world, wake_on_a_grid);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_report(world.cluster, node, &(struct event_data){ .job = { 4 } });
    fake_world_run(&world, 5500 * TIME_MS);
    fake_world_expect(&world, "1000.000 tm1 * frozen\n");
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, 6 * TIME_S);
    fake_world_expect(&world, "5500.000 tm1 * resumed\n"
                              "5500.000 tm1 data of job 4: 0 tasks, 0 acks\n"
                              "5500.000 tm1 woken\n"); /* late, and once */
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_stop_of_a_frozen_process_waits_for_it_to_resume)
{
    fake_world_init_quiet(&world, fake_exit_when_asked);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 5 * TIME_S);
    ck_assert_int_eq(fake_world_state(&world, node), PROCESS_FROZEN);
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, 6 * TIME_S);
    fake_world_expect(&world, "1000.000 tm1 * frozen\n"
                              "1000.000 tm1 * stopping\n"
                              "5000.000 tm1 * resumed\n"
                              "5050.000 tm1 asked to stop\n"
                              "5050.000 tm1 * stopped (as asked)\n"
                              "5051.000 jobmanager message 99 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_freeze_in_the_middle_of_a_stop_delays_the_goodbye)
{
    fake_world_init_quiet(&world, fake_exit_when_asked);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    fake_world_run(&world, 1020 * TIME_MS);
    virtual_cluster_freeze(world.cluster, node);
    fake_world_run(&world, 5 * TIME_S); /* the goodbye of 1050 ms is in the inbox */
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, 6 * TIME_S);
    fake_world_expect(&world, "1000.000 tm1 * stopping\n"
                              "1020.000 tm1 * frozen\n"
                              "5000.000 tm1 * resumed\n"
                              "5000.000 tm1 asked to stop\n"
                              "5000.000 tm1 * stopped (as asked)\n"
                              "5001.000 jobmanager message 99 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

/* A process hears of a SIGTERM once, however long its hooks take: also when they never end. */
START_TEST(cluster_stop_that_takes_for_ever_begins_once)
{
    fake_world_init_quiet(&world, fake_exit_when_asked);
    world.scenario.cluster.timing.shutdown = distribution_constant(90000 * TIME_DAY);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_set_speed(world.cluster, node, 0.5);
    virtual_cluster_stop(world.cluster, node, TIME_MIN);
    virtual_cluster_set_speed(world.cluster, node, 1e12); /* a second, if it began now */
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, 2 * TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * slowed\n"
                              "1000.000 tm1 * stopping\n"
                              "1000.000 tm1 * full speed\n"
                              "1000.000 tm1 * frozen\n"
                              "1000.000 tm1 * resumed\n"
                              "61000.000 tm1 * killed (grace period over)\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(cluster_kills_a_frozen_process_when_its_grace_period_is_over)
{
    fake_world_init_quiet(&world, fake_exit_when_asked);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_stop(world.cluster, node, TIME_S);
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "1000.000 tm1 * frozen\n"
                              "1000.000 tm1 * stopping\n"
                              "2000.000 tm1 * killed (grace period over)\n");
    fake_world_fini(&world);
}
END_TEST

Suite *test_sim_process_suite(void)
{
    Suite *suite = suite_create("sim_process");
    TCase *tcase = tcase_create("life");
    tcase_add_test(tcase, process_table_has_these_moves_and_no_others);
    tcase_add_test(tcase, cluster_boots_the_job_manager_and_task_managers);
    tcase_add_test(tcase, cluster_stop_lets_the_node_say_goodbye_after_the_shutdown_time);
    tcase_add_test(tcase, cluster_stop_takes_longer_on_a_slow_host);
    tcase_add_test(tcase, cluster_stop_kills_when_the_grace_period_is_over);
    tcase_add_test(tcase, cluster_stop_without_end_of_grace_never_kills);
    tcase_add_test(tcase, cluster_stop_and_kill_of_a_booting_process_end_it_before_it_is_up);
    tcase_add_test(tcase, cluster_kill_of_the_dead_does_nothing);
    tcase_add_test(tcase, cluster_carries_out_all_effects_of_a_step_before_an_exit);
    tcase_add_test(tcase, cluster_wakes_a_node_at_its_deadline);
    tcase_add_test(tcase, cluster_wakes_nodes_that_are_due_together_by_id);
    tcase_add_test(tcase,
                   cluster_follows_a_deadline_that_moves_both_ways_without_waking_in_between);
    tcase_add_test_raise_signal(
        tcase, cluster_stops_a_node_that_wants_waking_for_ever_at_one_instant, SIGABRT);
    tcase_add_test(tcase, cluster_freeze_holds_everything_back_until_the_process_resumes);
    tcase_add_test(tcase, cluster_stop_of_a_frozen_process_waits_for_it_to_resume);
    tcase_add_test(tcase, cluster_freeze_in_the_middle_of_a_stop_delays_the_goodbye);
    tcase_add_test(tcase, cluster_stop_that_takes_for_ever_begins_once);
    tcase_add_test(tcase, cluster_kills_a_frozen_process_when_its_grace_period_is_over);
    suite_add_tcase(suite, tcase);
    return suite;
}
