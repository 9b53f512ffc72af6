/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/fault/actions.c: what each row of the table does, and how it is taken back.
 */
#include "sim/fault/actions.h"

#include <check.h>
#include <string.h>

#include "sim/load/event_words.h"
#include "tests/lib/fake_script.h"

static struct fake_script fake;
static const struct node_id manager = { 0 };
static char tm2[] = "tm2", nobody[] = "nobody";

START_TEST(action_table_has_every_row_complete)
{
    for (int kind = 0; kind < ACTION_KIND_COUNT; kind++) {
        ck_assert(action_rows[kind].begin != NULL);
        ck_assert_msg(event_words_has_fact("script", action_words[kind]), "%s", action_words[kind]);
    }
}
END_TEST

START_TEST(action_add_starts_the_named_one_unless_it_is_there)
{
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_ADD, 2 * TIME_S)->task_manager = nobody;
    fake_script_event(&fake, ACTION_ADD, 3 * TIME_S)->task_manager = nobody;
    fake_script_start(&fake, 0);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 - * add (the label)\n"
                                   "2000.000 nobody * added\n"
                                   "2000.000 nobody * up\n"
                                   "2000.000 nobody started\n"
                                   "3000.000 - * missed (the label)\n");
    ck_assert_uint_eq(script_outcome(fake.script, 0).missed, 0);
    ck_assert_uint_eq(script_outcome(fake.script, 1).missed, 1);
    fake_script_fini(&fake);
}
END_TEST

START_TEST(action_stop_gives_the_grace_period)
{
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_STOP, 2 * TIME_S)->grace = TIME_S;
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * stop (the label)\n"
                                   "2000.000 tm1 * stopping\n"
                                   "2050.000 tm1 asked to stop\n"
                                   "3000.000 tm1 * killed (grace period over)\n");
    fake_script_fini(&fake);
}
END_TEST

START_TEST(action_freeze_ends_after_its_duration)
{
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_FREEZE, 2 * TIME_S)->duration = 5 * TIME_S;
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * freeze (the label)\n"
                                   "2000.000 tm1 * frozen\n"
                                   "7000.000 tm1 * resumed\n");
    fake_script_fini(&fake);
}
END_TEST

START_TEST(action_cut_separates_from_everybody_or_from_one_peer_for_its_duration)
{
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_CUT, 2 * TIME_S)->duration = TIME_S;
    struct scripted_event *pair = fake_script_event(&fake, ACTION_CUT, 5 * TIME_S);
    pair->duration = TIME_S;
    pair->peer = tm2;
    fake_script_start(&fake, 2);
    struct node_id a = { 1 }, b = { 2 };
    fake_world_run(&fake.world, 2 * TIME_S);
    ck_assert(!virtual_cluster_can_talk(fake.world.cluster, a, b));
    ck_assert(!virtual_cluster_can_talk(fake.world.cluster, a, manager));
    fake_world_run(&fake.world, 3 * TIME_S);
    ck_assert(virtual_cluster_can_talk(fake.world.cluster, a, b));
    fake_world_run(&fake.world, 5 * TIME_S);
    ck_assert(!virtual_cluster_can_talk(fake.world.cluster, a, b));
    ck_assert(virtual_cluster_can_talk(fake.world.cluster, a, manager));
    fake_world_run(&fake.world, 6 * TIME_S);
    ck_assert(virtual_cluster_can_talk(fake.world.cluster, a, b));
    fake_script_fini(&fake);
}
END_TEST

static double speed_of_tm1(void)
{
    return virtual_cluster_process(fake.world.cluster, (struct node_id){ 1 }).speed;
}

START_TEST(action_slow_multiplies_with_others_that_last_and_is_taken_back)
{
    fake_script_init(&fake);
    fake.world.scenario.cluster.machine.speed = 2;
    struct scripted_event *event = fake_script_event(&fake, ACTION_SLOW, 2 * TIME_S);
    event->duration = 10 * TIME_S;
    event->factor = 0.5;
    event = fake_script_event(&fake, ACTION_SLOW, 5 * TIME_S);
    event->duration = 10 * TIME_S;
    event->factor = 0.25;
    fake_script_start(&fake, 1);
    static const double expected[] = { 2, 1, 0.25, 0.5, 2 };
    static const time_ns at[] = { TIME_S, 4 * TIME_S, 6 * TIME_S, 13 * TIME_S, 16 * TIME_S };
    for (int i = 0; i < 5; i++) {
        fake_world_run(&fake.world, at[i]);
        ck_assert(speed_of_tm1() == expected[i]);
    }
    fake_script_fini(&fake);
}
END_TEST

START_TEST(action_slow_leaves_the_least_speed_and_gives_back_what_it_took)
{
    fake_script_init(&fake);
    for (int i = 0; i < 400; i++) { /* 0.1^400 is 0 */
        struct scripted_event *event =
            fake_script_event(&fake, ACTION_SLOW, 2 * TIME_S + i * TIME_MS);
        event->duration = i == 0 ? TIME_MIN : 10 * TIME_S;
        event->factor = 0.1;
    }
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, 2 * TIME_S + 4 * TIME_MS);
    ck_assert_double_eq_tol(speed_of_tm1(), 1e-5, 1e-15);
    fake_world_run(&fake.world, 10 * TIME_S);
    ck_assert(speed_of_tm1() == MACHINE_SPEED_MIN);
    fake_world_run(&fake.world, 30 * TIME_S);
    ck_assert(speed_of_tm1() == 0.1);
    fake_script_fini(&fake);
}
END_TEST

START_TEST(action_slow_of_a_machine_that_dies_meanwhile_ends_quietly)
{
    fake_script_init(&fake);
    struct scripted_event *event = fake_script_event(&fake, ACTION_SLOW, 2 * TIME_S);
    event->duration = 10 * TIME_S;
    event->factor = 0.5;
    fake_script_event(&fake, ACTION_KILL, 3 * TIME_S);
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * slow (the label)\n"
                                   "2000.000 tm1 * slowed\n"
                                   "3000.000 tm1 * kill (the label)\n"
                                   "3000.000 tm1 * killed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

START_TEST(action_loss_lasts_and_is_taken_back)
{
    fake_script_init(&fake);
    struct scripted_event *event = fake_script_event(&fake, ACTION_LOSS, 2 * TIME_S);
    event->duration = 10 * TIME_S;
    event->factor = 0.5;
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * loss (the label)\n"
                                   "2000.000 tm1 * lossy\n"
                                   "12000.000 tm1 * lossless\n");
    fake_script_fini(&fake);
}
END_TEST

/* The second one comes while the first lasts, and is taken back after it. */
static void put_overlapping(enum action_kind kind, int i)
{
    static char other[] = "jobmanager";
    struct scripted_event *event = fake_script_event(&fake, kind, (2 + 3 * i) * TIME_S);
    event->duration = 10 * TIME_S;
    event->factor = i ? 0.25 : 0.5;
    event->more_latency = (i ? 30 : 40) * TIME_MS;
    event->bandwidth_bps = i ? 4e6 : 1e6;
    event->peer = kind == ACTION_THROTTLE ? other : NULL;
}

START_TEST(action_losses_that_overlap_must_all_be_escaped)
{
    static const double expected[] = { 0, 0.5, 0.625, 0.25, 0 };
    static const time_ns at[] = { TIME_S, 4 * TIME_S, 6 * TIME_S, 13 * TIME_S, 16 * TIME_S };
    fake_script_init(&fake);
    put_overlapping(ACTION_LOSS, 0);
    put_overlapping(ACTION_LOSS, 1);
    fake_script_start(&fake, 1);
    for (int i = 0; i < 5; i++) {
        fake_world_run(&fake.world, at[i]);
        ck_assert_double_eq(virtual_cluster_process(fake.world.cluster, (struct node_id){ 1 }).loss,
                            expected[i]);
    }
    fake_script_fini(&fake);
}
END_TEST

/* Latencies add up, the least bandwidth counts. */
START_TEST(action_throttles_that_overlap_combine)
{
    static const double loss[] = { 0.5, 0.625, 0.25 }, bps[] = { 1e6, 1e6, 4e6 };
    static const time_ns more[] = { 40 * TIME_MS, 70 * TIME_MS, 30 * TIME_MS };
    static const time_ns at[] = { 4 * TIME_S, 6 * TIME_S, 13 * TIME_S };
    fake_script_init(&fake);
    put_overlapping(ACTION_THROTTLE, 0);
    put_overlapping(ACTION_THROTTLE, 1);
    fake_script_start(&fake, 1);
    for (int i = 0; i < 3; i++) {
        fake_world_run(&fake.world, at[i]);
        struct link_quality link =
            virtual_cluster_link(fake.world.cluster, (struct node_id){ 1 }, manager);
        ck_assert_double_eq(link.loss, loss[i]);
        ck_assert_double_eq(link.bandwidth_bps, bps[i]);
        ck_assert_int_eq(link.more_latency, more[i]);
    }
    fake_script_fini(&fake);
}
END_TEST

START_TEST(actions_on_jobs_are_clients_requests_with_tokens_of_their_own)
{
    fake_script_init(&fake);
    static const enum action_kind kinds[] = { ACTION_CANCEL, ACTION_STOP_JOB, ACTION_SAVEPOINT,
                                              ACTION_RESCALE };
    for (int i = 0; i < 4; i++)
        fake_script_event(&fake, kinds[i], (2 + i) * TIME_S);
    vec_push(&vec_last(&fake.world.scenario.events).bounds, (struct vertex_bounds){ { 0 }, 1, 2 });
    fake_script_start(&fake, 0);
    virtual_cluster_kill(fake.world.cluster, manager, NULL); /* then the answers show the tokens */
    fake_world_forget(&fake.world);
    fake_world_run(&fake.world, 2500 * TIME_MS);
    fake_world_expect(&fake.world,
                      "2000.000 - * cancel (the label)\n"
                      "2001.000 - answer 4294967297: refused in this state, no JobManager "
                      "is running\n");
    fake_world_run(&fake.world, 4500 * TIME_MS);
    fake_world_forget(&fake.world);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world,
                      "5000.000 - * rescale (the label)\n"
                      "5001.000 - answer 4294967300: refused in this state, no JobManager "
                      "is running\n");
    vec_fini(&vec_last(&fake.world.scenario.events).bounds);
    fake_script_fini(&fake);
}
END_TEST

static void note_request(struct fake_world *w, struct node_id self, const struct event *event,
                         struct effects *effects)
{
    (void)effects;
    (void)self;
    (void)w;
    if (event->kind == EVENT_CLIENT && event->client.request == CLIENT_STOP_WITH_SAVEPOINT)
        ck_assert(event->client.drain && event->client.job.n == 3);
    if (event->kind == EVENT_CLIENT && event->client.request == CLIENT_UPDATE_REQUIREMENTS)
        ck_assert(event->client.bound_count == 1 && event->client.bounds[0].upper == 2);
}

START_TEST(actions_on_jobs_carry_what_the_event_says)
{
    fake_script_init(&fake);
    fake.world.behave = note_request;
    struct scripted_event *stop = fake_script_event(&fake, ACTION_STOP_JOB, 2 * TIME_S);
    stop->drain = true;
    stop->job.n = 3;
    fake_script_event(&fake, ACTION_RESCALE, 3 * TIME_S);
    vec_push(&vec_last(&fake.world.scenario.events).bounds, (struct vertex_bounds){ { 0 }, 1, 2 });
    fake_script_start(&fake, 0);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 - * stop-with-savepoint (the label)\n"
                                   "2001.000 jobmanager client asks stop, 0 bounds\n"
                                   "3000.000 - * rescale (the label)\n"
                                   "3001.000 jobmanager client asks rescale, 1 bounds\n");
    vec_fini(&vec_last(&fake.world.scenario.events).bounds);
    fake_script_fini(&fake);
}
END_TEST

static int tasks_failed;

static bool plane_has(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask)
{
    (void)plane;
    ck_assert(job.n == 1 && vertex.n == 2);
    return subtask == 3;
}

static void plane_fail(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask)
{
    (void)plane;
    ck_assert(job.n == 1 && vertex.n == 2 && subtask == 3);
    tasks_failed++;
}

START_TEST(action_fail_reaches_the_data_plane)
{
    static const struct data_plane_ops ops = { .has_task = plane_has, .fail_task = plane_fail };
    fake_script_init(&fake);
    for (uint32_t subtask = 3; subtask <= 4; subtask++) {
        struct scripted_event *event =
            fake_script_event(&fake, ACTION_FAIL_TASK, (subtask - 1) * TIME_S);
        event->job.n = 1;
        event->vertex.n = 2;
        event->subtask = subtask;
    }
    fake_script_start(&fake, 0);
    virtual_cluster_set_data_plane(fake.world.cluster, &ops, NULL);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 - * fail (the label)\n"
                                   "3000.000 - * missed (the label)\n");
    ck_assert_uint_eq(script_outcome(fake.script, 0).missed, 0);
    ck_assert_uint_eq(script_outcome(fake.script, 1).missed, 1);
    ck_assert_int_eq(tasks_failed, 1);
    fake_script_fini(&fake);
}
END_TEST

Suite *test_sim_actions_suite(void)
{
    Suite *suite = suite_create("sim_actions");
    TCase *tcase = tcase_create("actions");
    tcase_add_test(tcase, action_table_has_every_row_complete);
    tcase_add_test(tcase, action_add_starts_the_named_one_unless_it_is_there);
    tcase_add_test(tcase, action_stop_gives_the_grace_period);
    tcase_add_test(tcase, action_freeze_ends_after_its_duration);
    tcase_add_test(tcase, action_cut_separates_from_everybody_or_from_one_peer_for_its_duration);
    tcase_add_test(tcase, action_slow_multiplies_with_others_that_last_and_is_taken_back);
    tcase_add_test(tcase, action_slow_leaves_the_least_speed_and_gives_back_what_it_took);
    tcase_add_test(tcase, action_slow_of_a_machine_that_dies_meanwhile_ends_quietly);
    tcase_add_test(tcase, action_loss_lasts_and_is_taken_back);
    tcase_add_test(tcase, action_losses_that_overlap_must_all_be_escaped);
    tcase_add_test(tcase, action_throttles_that_overlap_combine);
    tcase_add_test(tcase, actions_on_jobs_are_clients_requests_with_tokens_of_their_own);
    tcase_add_test(tcase, actions_on_jobs_carry_what_the_event_says);
    tcase_add_test(tcase, action_fail_reaches_the_data_plane);
    suite_add_tcase(suite, tcase);
    return suite;
}
