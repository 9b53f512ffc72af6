/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/cluster/link_quality.c: pairs with figures of their own, throttles, and what they do
 * to messages and vouching. The JobManager is up after 100 ms, a TaskManager 1 s after it was
 * added; a way takes 1 ms unless something says otherwise.
 */
#include "tests/lib/fake_world.h"

#include <check.h>
#include <string.h>

static struct fake_world world;
static const struct node_id manager = { 0 };
static char tm1[] = "tm1", tm2[] = "tm2", job_manager[] = "jobmanager";

/* A TaskManager sends a number each 100 ms. */
static void send_every_100_ms(struct fake_world *w, struct node_id self, const struct event *event,
                              struct effects *effects)
{
    if (self.n == manager.n)
        return;
    if (event->kind == EVENT_WOKEN)
        fake_send(effects, manager, (uint32_t)(event->at / (100 * TIME_MS)));
    if (event->kind == EVENT_STARTED || event->kind == EVENT_WOKEN)
        w->deadlines[self.n] = event->at + 100 * TIME_MS;
}

static void setup(void)
{
    fake_world_init_quiet(&world, send_every_100_ms);
}

static void teardown(void)
{
    fake_world_fini(&world);
    vec_fini(&world.scenario.cluster.network.links);
}

static void add_link(char *a, char *b, time_ns latency, double bandwidth_bps, double loss)
{
    struct link_spec link = { .ends = { a, b },
                              .latency = distribution_constant(latency),
                              .bandwidth_bps = bandwidth_bps,
                              .loss = loss,
                              .has_latency = true,
                              .has_loss = true };
    vec_push(&world.scenario.cluster.network.links, link);
}

START_TEST(a_link_has_its_own_latency)
{
    add_link(job_manager, tm1, 30 * TIME_MS, 0, 0);
    fake_world_begin(&world);
    fake_world_run(&world, 1150 * TIME_MS);
    fake_world_expect(&world, "1100.000 tm1 woken\n"
                              "1130.000 jobmanager message 11 from tm1\n");
}
END_TEST

/* Said of one pair, in either order, and of no other. */
START_TEST(figures_belong_to_one_pair)
{
    add_link(tm2, tm1, 30 * TIME_MS, 8e6, 0.5);
    world.scenario.cluster.network.bandwidth_bps = 1e9;
    struct node_id a = fake_world_begin(&world), b = fake_world_add(&world, NULL);
    struct link_quality own = virtual_cluster_link(world.cluster, a, b);
    ck_assert(own.is_own);
    ck_assert_double_eq(own.bandwidth_bps, 8e6);
    ck_assert_double_eq(own.loss, 0.5);
    ck_assert_int_eq(distribution_mean(&own.latency), 30 * TIME_MS);
    struct link_quality other = virtual_cluster_link(world.cluster, manager, b);
    ck_assert(!other.is_own);
    ck_assert_double_eq(other.bandwidth_bps, 1e9);
    ck_assert_double_eq(other.loss, 0);
}
END_TEST

static bool has_own_links(struct node_id node)
{
    return virtual_cluster_process(world.cluster, node).own_links;
}

/* No records go to the JobManager: who models them need not look at its links, of which every
 * TaskManager may have one. */
START_TEST(links_to_the_job_manager_are_none_of_the_data_planes)
{
    add_link(job_manager, tm1, 30 * TIME_MS, 0, 0);
    add_link(tm2, tm1, 30 * TIME_MS, 0, 0);
    struct node_id a = fake_world_begin(&world), b = fake_world_add(&world, NULL);
    struct node_id c = fake_world_add(&world, NULL), d = fake_world_add(&world, NULL);
    const struct link_throttle slow = { .latency = 40 * TIME_MS };
    virtual_cluster_throttle(world.cluster, c, manager, &slow);
    ck_assert(virtual_cluster_link(world.cluster, c, manager).is_own);
    ck_assert(has_own_links(a) && has_own_links(b) && !has_own_links(c));
    virtual_cluster_throttle(world.cluster, c, d, &slow);
    ck_assert(has_own_links(c) && has_own_links(d));
}
END_TEST

static void note_peer(void *context, struct node_id peer)
{
    *(uint64_t *)context += (uint64_t)1 << 4 * peer.n;
}

/* How often each is told, a digit by node from behind. */
static uint64_t peers_of(struct node_id node)
{
    uint64_t peers = 0;
    virtual_cluster_each_own_link(world.cluster, node, note_peer, &peers);
    return peers;
}

/* A pair with figures of the scenario that is throttled as well is told once. */
START_TEST(task_managers_with_figures_of_their_own_are_told_from_both_sides)
{
    add_link(job_manager, tm1, 30 * TIME_MS, 0, 0);
    add_link(tm2, tm1, 30 * TIME_MS, 0, 0);
    struct node_id a = fake_world_begin(&world);
    const struct link_throttle slow = { .latency = 40 * TIME_MS };
    ck_assert_uint_eq(peers_of(a), 0); /* the other one has not come */
    struct node_id b = fake_world_add(&world, NULL), c = fake_world_add(&world, NULL);
    ck_assert_uint_eq(peers_of(a), 0x100);
    ck_assert_uint_eq(peers_of(b), 0x10);
    virtual_cluster_throttle(world.cluster, manager, a, &slow);
    virtual_cluster_throttle(world.cluster, a, b, &slow);
    virtual_cluster_throttle(world.cluster, c, a, &slow);
    ck_assert_uint_eq(peers_of(a), 0x1100);
    ck_assert_uint_eq(peers_of(b), 0x10);
    ck_assert_uint_eq(peers_of(c), 0x10);
    virtual_cluster_kill(world.cluster, b, "test");
    fake_world_add(&world, tm2); /* node 4 comes in its place */
    ck_assert_uint_eq(peers_of(a), 0x11000);
}
END_TEST

/* Whatever the order in which they end, and begin again. */
START_TEST(a_throttle_that_is_over_leaves_nothing_behind)
{
    world.scenario.cluster.network.loss = 0.1;
    struct node_id a = fake_world_begin(&world), others[3], last;
    const struct link_throttle slow = { .latency = 40 * TIME_MS }, none = { 0 };
    for (int i = 0; i < 3; i++) {
        others[i] = fake_world_add(&world, NULL);
        virtual_cluster_throttle(world.cluster, a, others[i], &slow);
        if (i > 0)
            virtual_cluster_throttle(world.cluster, others[i], others[0], &slow);
    }
    last = others[2];
    ck_assert_uint_eq(peers_of(a), 0x11100);
    virtual_cluster_throttle(world.cluster, others[0], a, &none);
    ck_assert_uint_eq(peers_of(a), 0x11000);
    ck_assert_uint_eq(peers_of(others[0]), 0x11000);
    virtual_cluster_throttle(world.cluster, a, last, &none);
    ck_assert_uint_eq(peers_of(last), 0x100);
    ck_assert_uint_eq(peers_of(a), 0x1000);
    virtual_cluster_throttle(world.cluster, last, a, &slow);
    virtual_cluster_throttle(world.cluster, others[0], last, &none);
    virtual_cluster_throttle(world.cluster, a, others[1], &none);
    ck_assert_uint_eq(peers_of(a), 0x10000);
    ck_assert(has_own_links(a) && has_own_links(others[1]));
    virtual_cluster_throttle(world.cluster, a, last, &none);
    ck_assert(!has_own_links(a) && !has_own_links(last) && peers_of(a) == 0);
    struct link_quality link = virtual_cluster_link(world.cluster, a, last);
    ck_assert(!link.is_own && link.loss == 0.1 && link.more_latency == 0);
}
END_TEST

START_TEST(a_throttle_adds_latency_until_it_is_taken_back)
{
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_throttle(world.cluster, node, manager,
                             &(struct link_throttle){ .latency = 40 * TIME_MS });
    fake_world_run(&world, 1150 * TIME_MS);
    virtual_cluster_throttle(world.cluster, manager, node, &(struct link_throttle){ 0 });
    fake_world_run(&world, 1250 * TIME_MS);
    fake_world_expect(&world, "1000.000 tm1 * throttled\n"
                              "1000.000 jobmanager * throttled\n"
                              "1100.000 tm1 woken\n"
                              "1141.000 jobmanager message 11 from tm1\n"
                              "1150.000 jobmanager * unthrottled\n"
                              "1150.000 tm1 * unthrottled\n"
                              "1200.000 tm1 woken\n"
                              "1201.000 jobmanager message 12 from tm1\n");
}
END_TEST

/* So that a message of fake_send, with an envelope of 1,000 bytes, takes that long. */
static struct link_throttle throttle_to(time_ns each)
{
    struct message message = { .kind = MESSAGE_FREE_SLOTS };
    double bits = (1000 + (double)message_encoded_size(&message)) * 8;
    return (struct link_throttle){ .bandwidth_bps = bits / (double)each * 1e9 };
}

/* Messages of 250 ms each 100 ms wait for one another. What is left of the third at 1,650 ms, 200
 * ms, and the three behind it come at once when the link is as it was. */
START_TEST(messages_over_a_slow_link_are_sent_one_by_one)
{
    struct node_id node = fake_world_begin(&world);
    struct link_throttle slow = throttle_to(250 * TIME_MS);
    virtual_cluster_throttle(world.cluster, node, manager, &slow);
    world.hides_facts = true;
    fake_world_run(&world, 1650 * TIME_MS);
    virtual_cluster_throttle(world.cluster, manager, node, &(struct link_throttle){ 0 });
    fake_world_run(&world, 1750 * TIME_MS);
    fake_world_expect(&world, "1000.000 tm1 * throttled\n"
                              "1000.000 jobmanager * throttled\n"
                              "1100.000 tm1 woken\n"
                              "1200.000 tm1 woken\n"
                              "1300.000 tm1 woken\n"
                              "1351.000 jobmanager message 11 from tm1\n"
                              "1400.000 tm1 woken\n"
                              "1500.000 tm1 woken\n"
                              "1600.000 tm1 woken\n"
                              "1601.000 jobmanager message 12 from tm1\n"
                              "1651.000 jobmanager message 13 from tm1\n"
                              "1651.000 jobmanager message 14 from tm1\n"
                              "1651.000 jobmanager message 15 from tm1\n"
                              "1651.000 jobmanager message 16 from tm1\n"
                              "1700.000 tm1 woken\n"
                              "1701.000 jobmanager message 17 from tm1\n");
}
END_TEST

/* A message of a quarter of a year each: none comes while it lasts, however many there are. */
START_TEST(messages_over_a_link_of_no_bandwidth_worth_the_name_come_when_it_is_over)
{
    struct node_id node = fake_world_begin(&world);
    struct link_throttle slow = throttle_to(90 * TIME_DAY);
    virtual_cluster_throttle(world.cluster, node, manager, &slow);
    world.hides_facts = true;
    fake_world_run(&world, TIME_MIN);
    fake_world_forget(&world);
    virtual_cluster_throttle(world.cluster, node, manager, &(struct link_throttle){ 0 });
    world.behave = NULL;
    fake_world_run(&world, TIME_MIN + 10 * TIME_MS);
    size_t lines = 0;
    for (const char *at = world.journal; (at = strstr(at, "60001.000 jobmanager message")); at++)
        lines++;
    ck_assert_uint_eq(lines, 590); /* 11 to 600 */
}
END_TEST

/* At 1,200 ms 150 of 250 ms are left, at half the bandwidth 300 ms; the next takes 500 ms. */
START_TEST(what_is_under_way_goes_on_with_the_new_bandwidth)
{
    struct node_id node = fake_world_begin(&world);
    struct link_throttle slow = throttle_to(250 * TIME_MS), slower = throttle_to(500 * TIME_MS);
    virtual_cluster_throttle(world.cluster, node, manager, &slow);
    world.hides_facts = true;
    fake_world_run(&world, 1200 * TIME_MS);
    virtual_cluster_throttle(world.cluster, node, manager, &slower);
    world.behave = NULL;
    fake_world_forget(&world);
    fake_world_run(&world, 3 * TIME_S);
    fake_world_expect(&world, "1300.000 tm1 woken\n"
                              "1501.000 jobmanager message 11 from tm1\n"
                              "2001.000 jobmanager message 12 from tm1\n");
}
END_TEST

/* From 8 mbit/s on an envelope takes no millisecond, which is part of the latency. */
START_TEST(small_messages_cost_nothing_on_a_link_that_is_not_slow)
{
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_throttle(world.cluster, node, manager,
                             &(struct link_throttle){ .bandwidth_bps = 8e6 });
    world.hides_facts = true;
    fake_world_forget(&world);
    fake_world_run(&world, 1150 * TIME_MS);
    fake_world_expect(&world, "1100.000 tm1 woken\n"
                              "1101.000 jobmanager message 11 from tm1\n");
}
END_TEST

/* The lesser bandwidth counts, losses combine: 1 - 0.9 * 0.8. */
START_TEST(a_throttle_and_a_links_own_figures_combine)
{
    add_link(job_manager, tm1, TIME_MS, 8e6, 0.1);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_throttle(world.cluster, node, manager,
                             &(struct link_throttle){ .bandwidth_bps = 9e6, .loss = 0.2 });
    struct link_quality link = virtual_cluster_link(world.cluster, node, manager);
    ck_assert_double_eq(link.bandwidth_bps, 8e6);
    ck_assert_double_eq_tol(link.loss, 0.28, 1e-12);
    virtual_cluster_throttle(world.cluster, node, manager,
                             &(struct link_throttle){ .bandwidth_bps = 7e6 });
    ck_assert_double_eq(virtual_cluster_link(world.cluster, node, manager).bandwidth_bps, 7e6);
}
END_TEST

static void count_peer(void *context, struct node_id peer)
{
    (void)peer;
    ++*(uint32_t *)context;
}

/* The figures of both ends agree. */
static void expect_carries(struct node_id a, struct node_id b, bool carries, uint32_t severed)
{
    const struct node_id ends[] = { a, b };
    ck_assert_int_eq(virtual_cluster_carries(world.cluster, a, b), carries);
    ck_assert_int_eq(virtual_cluster_carries(world.cluster, b, a), carries);
    for (int i = 0; i < 2; i++) {
        uint32_t count = 0;
        virtual_cluster_each_cut(world.cluster, ends[i], count_peer, &count);
        ck_assert_uint_eq(count, severed);
        ck_assert_uint_eq(virtual_cluster_process(world.cluster, ends[i]).cut_links, severed);
    }
}

/* Messages are still sent again over it, so it is not a link that is cut. */
START_TEST(a_link_that_loses_every_packet_carries_nothing)
{
    struct node_id a = fake_world_begin(&world), b = fake_world_add(&world, NULL);
    expect_carries(a, b, true, 0);
    virtual_cluster_throttle(world.cluster, a, b, &(struct link_throttle){ .loss = 0.99 });
    expect_carries(a, b, true, 0);
    virtual_cluster_throttle(world.cluster, a, b, &(struct link_throttle){ .loss = 1 });
    expect_carries(a, b, false, 1);
    ck_assert(virtual_cluster_can_talk(world.cluster, a, b));
    virtual_cluster_cut(world.cluster, a, b, true);
    expect_carries(a, b, false, 1);
    virtual_cluster_throttle(world.cluster, a, b, &(struct link_throttle){ 0 });
    expect_carries(a, b, false, 1);
    virtual_cluster_cut(world.cluster, a, b, false);
    expect_carries(a, b, true, 0);
    virtual_cluster_set_loss(world.cluster, b, 1);
    expect_carries(a, b, false, 0);
}
END_TEST

START_TEST(a_link_may_lose_every_packet_from_the_beginning)
{
    add_link(tm2, tm1, TIME_MS, 0, 1);
    struct node_id a = fake_world_begin(&world), b = fake_world_add(&world, tm2);
    expect_carries(a, b, false, 1);
    struct node_id c = fake_world_add(&world, NULL);
    expect_carries(c, c, true, 0);
}
END_TEST

/* Uploads and downloads of one node pass its NIC in different directions: 100 bytes per second
 * each way, 300 bytes, 10 ms of latency. */
static void note_time(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    ((time_ns *)context)[a] = sim_queue_now(world.queue);
}

START_TEST(transfers_in_and_out_do_not_share_the_nic)
{
    world.behave = NULL;
    world.scenario.cluster.machine.network_bps = 800;
    struct node_id node = fake_world_begin(&world);
    time_ns ended[3] = { 0 };
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 300, note_time, ended, 0, 0);
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_IN, 300, note_time, ended, 1, 0);
    fake_world_run(&world, 2010 * TIME_MS); /* 200 bytes to go: at 50 per second 4 s */
    virtual_cluster_dfs_limit(world.cluster, node, TRANSFER_IN, 50);
    fake_world_run(&world, TIME_MIN);
    ck_assert_int_eq(ended[0], 4010 * TIME_MS);
    ck_assert_int_eq(ended[1], 6010 * TIME_MS);
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_IN, 50, note_time, ended, 2, 0);
    fake_world_run(&world, 2 * TIME_MIN);
    ck_assert_int_eq(ended[2], TIME_MIN + 1010 * TIME_MS); /* the limit stays */
}
END_TEST

/* Loss of a host is on its way to storage, for each of the connections that a transfer opens: two
 * of 286,005 bytes per second at 4 % (test_model_wire.c has it by hand). Three transfers have three
 * times that; once nothing is lost they have all of the NIC. */
START_TEST(a_host_that_loses_packets_loses_those_of_its_transfers_too)
{
    world.behave = NULL;
    world.scenario.cluster.machine.network_bps = 80e6;
    world.scenario.cluster.dfs.bandwidth = 1e9;
    world.scenario.cluster.dfs.connections = 2;
    struct node_id node = fake_world_begin(&world);
    time_ns ended[4] = { 0 };
    virtual_cluster_set_loss(world.cluster, node, 0.04);
    time_ns begun = sim_queue_now(world.queue) + 10 * TIME_MS; /* behind the latency */
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 572010, note_time, ended, 0, 0);
    for (uint64_t i = 1; i < 3; i++)
        virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 3 * 572010, note_time,
                                     ended, i, 0);
    virtual_cluster_dfs_transfer(world.cluster, manager, TRANSFER_OUT, 1e6, note_time, ended, 3, 0);
    fake_world_run(&world, begun + 2 * TIME_S);
    ck_assert_int_lt(ended[3] - begun, 2 * TIME_MS); /* it loses nothing */
    ck_assert_double_eq_tol((double)(ended[0] - begun), 1e9, 1e5);
    virtual_cluster_set_loss(world.cluster, node, 0); /* two thirds are done: 572,010 each left */
    fake_world_run(&world, begun + 10 * TIME_S);
    ck_assert_double_eq_tol((double)(ended[1] - begun), 2e9 + 2 * 572010. / 10e6 * 1e9, 1e5);
    ck_assert_int_eq(ended[1], ended[2]);
}
END_TEST

/* It would take longer than any run: it never ends, and holds nobody up beyond its share. */
START_TEST(a_transfer_of_more_than_all_time_never_ends)
{
    world.behave = NULL;
    struct node_id node = fake_world_begin(&world);
    time_ns ended[2] = { 0 };
    virtual_cluster_dfs_transfer(world.cluster, node, TRANSFER_OUT, 1e30, note_time, ended, 0, 0);
    virtual_cluster_dfs_transfer(world.cluster, manager, TRANSFER_OUT, 500, note_time, ended, 1, 0);
    fake_world_run(&world, TIME_MIN);
    ck_assert_int_eq(ended[0], 0);
    ck_assert_int_eq(ended[1], 2010 * TIME_MS); /* half of 1,000 bytes per second */
}
END_TEST

Suite *test_sim_links_suite(void)
{
    Suite *suite = suite_create("sim_links");
    TCase *tcase = tcase_create("links");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_link_has_its_own_latency);
    tcase_add_test(tcase, figures_belong_to_one_pair);
    tcase_add_test(tcase, links_to_the_job_manager_are_none_of_the_data_planes);
    tcase_add_test(tcase, task_managers_with_figures_of_their_own_are_told_from_both_sides);
    tcase_add_test(tcase, a_throttle_that_is_over_leaves_nothing_behind);
    tcase_add_test(tcase, a_throttle_adds_latency_until_it_is_taken_back);
    tcase_add_test(tcase, messages_over_a_slow_link_are_sent_one_by_one);
    tcase_add_test(tcase, messages_over_a_link_of_no_bandwidth_worth_the_name_come_when_it_is_over);
    tcase_add_test(tcase, what_is_under_way_goes_on_with_the_new_bandwidth);
    tcase_add_test(tcase, small_messages_cost_nothing_on_a_link_that_is_not_slow);
    tcase_add_test(tcase, a_throttle_and_a_links_own_figures_combine);
    tcase_add_test(tcase, a_link_that_loses_every_packet_carries_nothing);
    tcase_add_test(tcase, a_link_may_lose_every_packet_from_the_beginning);
    tcase_add_test(tcase, transfers_in_and_out_do_not_share_the_nic);
    tcase_add_test(tcase, a_host_that_loses_packets_loses_those_of_its_transfers_too);
    tcase_add_test(tcase, a_transfer_of_more_than_all_time_never_ends);
    suite_add_tcase(suite, tcase);
    return suite;
}
