/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/cluster/contact.c: when the cluster vouches for a pair, when it takes that back, and
 * that both sides hear of it. Heartbeats are every 10 s and time out after 50 s (Flink's defaults),
 * so that a contact that was broken is sound again for 70 s before it is vouched for.
 */
#include "tests/lib/fake_world.h"

#include <check.h>

static struct fake_world world;
static const struct node_id manager = { 0 };

static void register_at_start(struct fake_world *w, struct node_id self, const struct event *event,
                              struct effects *effects)
{
    (void)w;
    if (self.n != manager.n && event->kind == EVENT_STARTED)
        fake_send(effects, manager, 1);
}

static void start(void)
{
    fake_world_init(&world, register_at_start);
    world.hides_facts = true;
    fake_world_start(&world);
}

/* "tm1" is up, registered and vouched for after 1001 ms. */
static struct node_id begin(void)
{
    start();
    struct node_id node = fake_world_add(&world, NULL);
    fake_world_run(&world, 2 * TIME_S);
    fake_world_forget(&world);
    return node;
}

#define BOTH_DOUBT(at)                                                                             \
    at " jobmanager in doubt tm1, round trip 2000 us\n" at                                         \
       " tm1 in doubt jobmanager, round trip 2000 us\n"
#define BOTH_VOUCHED(at) at " jobmanager vouched tm1\n" at " tm1 vouched jobmanager\n"

START_TEST(contact_is_vouched_for_when_the_first_message_is_heard)
{
    start();
    fake_world_add(&world, NULL);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, "100.000 jobmanager started\n"
                              "1000.000 tm1 started\n"
                              "1001.000 jobmanager message 1 from tm1\n" BOTH_VOUCHED("1001.000"));
    fake_world_fini(&world);
}
END_TEST

START_TEST(contact_broken_by_a_kill_is_told_to_the_survivor_alone)
{
    struct node_id node = begin();
    virtual_cluster_kill(world.cluster, node, NULL);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, "2000.000 jobmanager in doubt tm1, round trip 2000 us\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(contact_broken_by_the_job_managers_death_is_told_to_every_task_manager)
{
    begin();
    fake_world_add(&world, NULL);
    fake_world_run(&world, 4 * TIME_S);
    fake_world_forget(&world);
    virtual_cluster_kill(world.cluster, manager, NULL);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, "4000.000 tm2 in doubt jobmanager, round trip 2000 us\n"
                              "4000.000 tm1 in doubt jobmanager, round trip 2000 us\n");
    fake_world_fini(&world);
}
END_TEST

/* The frozen one is told before it freezes: its monitors must count from then. */
START_TEST(contact_broken_by_a_freeze_is_told_to_both_and_sound_again_70_s_after_it_resumes)
{
    struct node_id node = begin();
    virtual_cluster_freeze(world.cluster, node);
    fake_world_expect(&world, BOTH_DOUBT("2000.000"));
    fake_world_run(&world, 7 * TIME_S);
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, BOTH_VOUCHED("77000.000"));
    fake_world_fini(&world);
}
END_TEST

static void count_cut(void *context, struct node_id peer)
{
    ck_assert(node_id_equal(peer, manager));
    ++*(uint32_t *)context;
}

/* A link cut twice is one that is cut; being cut off is told apart from it. */
static void expect_cut(struct node_id node, uint32_t links, bool off)
{
    struct process_view view = virtual_cluster_process(world.cluster, node);
    uint32_t count = 0;
    virtual_cluster_each_cut(world.cluster, node, count_cut, &count);
    ck_assert_uint_eq(view.cut_links, links);
    ck_assert_uint_eq(count, links);
    ck_assert_int_eq(view.cut_off, off);
}

START_TEST(network_tells_which_links_of_a_host_are_cut)
{
    struct node_id node = begin();
    expect_cut(node, 0, false);
    virtual_cluster_cut(world.cluster, node, node_id_none(), true);
    expect_cut(node, 0, true);
    virtual_cluster_cut(world.cluster, node, manager, true);
    virtual_cluster_cut(world.cluster, manager, node, true);
    virtual_cluster_cut(world.cluster, node, node_id_none(), false);
    expect_cut(node, 1, false);
    virtual_cluster_cut(world.cluster, node, manager, false);
    expect_cut(node, 1, false);
    virtual_cluster_cut(world.cluster, manager, node, false);
    expect_cut(node, 0, false);
    fake_world_fini(&world);
}
END_TEST

START_TEST(contact_broken_by_a_cut_waits_until_no_cut_is_left)
{
    struct node_id node = begin();
    virtual_cluster_cut(world.cluster, node, manager, true);
    virtual_cluster_cut(world.cluster, manager, node_id_none(), true);
    virtual_cluster_cut(world.cluster, node, manager, false);
    fake_world_run(&world, 200 * TIME_S);
    fake_world_expect(&world, BOTH_DOUBT("2000.000"));
    virtual_cluster_cut(world.cluster, manager, node_id_none(), false);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, BOTH_VOUCHED("270000.000"));
    fake_world_fini(&world);
}
END_TEST

START_TEST(contact_broken_again_while_it_settles_waits_anew)
{
    struct node_id node = begin();
    virtual_cluster_set_loss(world.cluster, node, 0.25);
    virtual_cluster_set_loss(world.cluster, node, 0);
    fake_world_run(&world, 60 * TIME_S);
    virtual_cluster_set_loss(world.cluster, manager, 0.25);
    virtual_cluster_set_loss(world.cluster, manager, 0);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, BOTH_DOUBT("2000.000") BOTH_VOUCHED("130000.000"));
    fake_world_fini(&world);
}
END_TEST

START_TEST(contact_that_has_never_been_made_is_never_in_doubt)
{
    fake_world_init(&world, NULL);
    world.hides_facts = true;
    fake_world_start(&world);
    struct node_id node = fake_world_add(&world, NULL);
    fake_world_run(&world, 2 * TIME_S);
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_resume(world.cluster, node);
    virtual_cluster_kill(world.cluster, node, NULL);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, "100.000 jobmanager started\n1000.000 tm1 started\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(contact_first_made_over_a_lossy_link_is_vouched_for_when_it_has_settled)
{
    start();
    struct node_id node = fake_world_add(&world, NULL);
    virtual_cluster_set_loss(world.cluster, node, 1e-9);
    fake_world_run(&world, 2 * TIME_S);
    fake_world_forget(&world);
    virtual_cluster_set_loss(world.cluster, node, 0);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, BOTH_VOUCHED("72000.000"));
    fake_world_fini(&world);
}
END_TEST

/* A message at 3 s, for the link that is cut at 2 s. */
static void send_into_the_cut(struct fake_world *w, struct node_id self, const struct event *event,
                              struct effects *effects)
{
    if (self.n == manager.n || (event->kind != EVENT_STARTED && event->kind != EVENT_WOKEN))
        return;
    fake_send(effects, manager, event->kind == EVENT_STARTED ? 1 : 2);
    if (event->kind == EVENT_STARTED)
        w->deadlines[self.n] = 3 * TIME_S;
}

/* The link heals at 110 s, and what TCP holds goes out with the next try, 204.6 s after the first.
 * Until then the link is not sound: heartbeats would wait behind it (retransmission.c). */
START_TEST(contact_is_not_vouched_for_while_anything_is_held)
{
    fake_world_init(&world, send_into_the_cut);
    world.hides_facts = true;
    fake_world_start(&world);
    struct node_id node = fake_world_add(&world, NULL);
    fake_world_run(&world, 2 * TIME_S);
    fake_world_forget(&world);
    virtual_cluster_cut(world.cluster, node, manager, true);
    fake_world_run(&world, 110 * TIME_S);
    virtual_cluster_cut(world.cluster, node, manager, false);
    fake_world_run(&world, TIME_H);
    fake_world_expect(
        &world, BOTH_DOUBT("2000.000") "3000.000 tm1 woken\n"
                                       "207601.000 jobmanager message 2 from tm1\n" BOTH_VOUCHED(
                                           "277600.000"));
    fake_world_fini(&world);
}
END_TEST

static void check_is_not_vouched_for(void)
{
    struct node_id node = fake_world_add(&world, NULL);
    fake_world_run(&world, 2 * TIME_S);
    virtual_cluster_freeze(world.cluster, node);
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, "100.000 jobmanager started\n"
                              "1000.000 tm1 started\n"
                              "1001.000 jobmanager message 1 from tm1\n");
    fake_world_fini(&world);
}

START_TEST(contact_is_not_vouched_for_when_switched_off)
{
    fake_world_init(&world, register_at_start);
    world.hides_facts = true;
    world.vouching_off = true;
    fake_world_start(&world);
    check_is_not_vouched_for();
}
END_TEST

START_TEST(contact_is_not_vouched_for_in_a_network_that_loses_packets)
{
    fake_world_init(&world, register_at_start);
    world.hides_facts = true;
    world.scenario.cluster.network.loss = 1e-9;
    fake_world_start(&world);
    check_is_not_vouched_for();
}
END_TEST

START_TEST(contact_is_not_vouched_for_when_latency_could_make_a_heartbeat_late)
{
    fake_world_init(&world, register_at_start);
    world.hides_facts = true;
    world.scenario.cluster.network.latency = distribution_constant(4 * TIME_S);
    fake_world_start(&world);
    fake_world_add(&world, NULL);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, "100.000 jobmanager started\n"
                              "1000.000 tm1 started\n"
                              "5000.000 jobmanager message 1 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

Suite *test_sim_contact_suite(void)
{
    Suite *suite = suite_create("sim_contact");
    TCase *tcase = tcase_create("contact");
    tcase_add_test(tcase, contact_is_vouched_for_when_the_first_message_is_heard);
    tcase_add_test(tcase, contact_broken_by_a_kill_is_told_to_the_survivor_alone);
    tcase_add_test(tcase, contact_broken_by_the_job_managers_death_is_told_to_every_task_manager);
    tcase_add_test(
        tcase, contact_broken_by_a_freeze_is_told_to_both_and_sound_again_70_s_after_it_resumes);
    tcase_add_test(tcase, network_tells_which_links_of_a_host_are_cut);
    tcase_add_test(tcase, contact_broken_by_a_cut_waits_until_no_cut_is_left);
    tcase_add_test(tcase, contact_broken_again_while_it_settles_waits_anew);
    tcase_add_test(tcase, contact_that_has_never_been_made_is_never_in_doubt);
    tcase_add_test(tcase, contact_first_made_over_a_lossy_link_is_vouched_for_when_it_has_settled);
    tcase_add_test(tcase, contact_is_not_vouched_for_while_anything_is_held);
    tcase_add_test(tcase, contact_is_not_vouched_for_when_switched_off);
    tcase_add_test(tcase, contact_is_not_vouched_for_in_a_network_that_loses_packets);
    tcase_add_test(tcase, contact_is_not_vouched_for_when_latency_could_make_a_heartbeat_late);
    suite_add_tcase(suite, tcase);
    return suite;
}
