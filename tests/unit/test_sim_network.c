/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/cluster/network.c and retransmission.c: what a node hears of messages, and when,
 * over good and bad links; with heartbeats in between in test_sim_heartbeats.c. The JobManager is
 * up after 100 ms, a TaskManager 1 s after it was added; a way takes 1 ms.
 */
#include "tests/lib/fake_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_world world;
static const struct node_id manager = { 0 };

/* A TaskManager that asks numbered things of the JobManager every 100 ms when woken. */
static void ask_every_100_ms(struct fake_world *w, struct node_id self, const struct event *event,
                             struct effects *effects)
{
    if (self.n == manager.n)
        return;
    if (event->kind == EVENT_WOKEN) {
        uint32_t number = (uint32_t)(event->at / (100 * TIME_MS));
        fake_request(effects, manager, number, number);
    }
    if (event->kind == EVENT_STARTED || event->kind == EVENT_WOKEN)
        w->deadlines[self.n] = event->at + 100 * TIME_MS;
}

static void start(fake_behaviour *behave)
{
    fake_world_init_quiet(&world, behave);
    world.hides_facts = true;
    world.scenario.config.ask_timeout = 250 * TIME_MS;
}

START_TEST(network_delivers_after_the_latency)
{
    start(ask_every_100_ms);
    fake_world_begin(&world);
    fake_world_run(&world, 1250 * TIME_MS);
    fake_world_expect(&world, "1100.000 tm1 woken\n"
                              "1101.000 jobmanager message 11 from tm1\n"
                              "1200.000 tm1 woken\n"
                              "1201.000 jobmanager message 12 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

/* It is under way still when its sender gives it up, and is heard all the same. */
START_TEST(network_tells_of_a_request_that_takes_longer_than_the_ask_timeout)
{
    start(ask_every_100_ms);
    world.scenario.cluster.network.latency = distribution_constant(260 * TIME_MS);
    fake_world_begin(&world);
    fake_world_run(&world, 1390 * TIME_MS);
    fake_world_expect(&world, "1100.000 tm1 woken\n"
                              "1200.000 tm1 woken\n"
                              "1300.000 tm1 woken\n"
                              "1350.000 tm1 send failed to jobmanager token 11: timed out\n"
                              "1360.000 jobmanager message 11 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

/* Larger than one burst: 64 KB at 8 Mbit/s take 65 ms and more. */
static void send_large(struct fake_world *w, struct node_id self, const struct event *event,
                       struct effects *effects)
{
    static const struct allocation_item items[16384];
    (void)w;
    if (self.n == manager.n || event->kind != EVENT_STARTED)
        return;
    struct message large = { .kind = MESSAGE_FREE_SLOTS };
    large.free_slots.freed = items;
    large.free_slots.freed_count = 16384;
    large.free_slots.job.n = 1;
    effects_send(effects, manager, &large);
    fake_send(effects, manager, 2);
}

START_TEST(network_charges_large_messages_for_bandwidth_and_keeps_the_order)
{
    start(send_large);
    world.scenario.cluster.network.bandwidth_bps = 1e9;
    world.scenario.cluster.machine.network_bps = 8e6; /* the NIC wins */
    fake_world_begin(&world);
    fake_world_run(&world, 1060 * TIME_MS);
    fake_world_expect(&world, "");
    fake_world_run(&world, 1070 * TIME_MS);
    char *second = strchr(world.journal, '\n');
    ck_assert_ptr_nonnull(strstr(world.journal, "jobmanager message 1 from tm1\n"));
    ck_assert_ptr_nonnull(strstr(second, "jobmanager message 2 from tm1\n"));
    fake_world_fini(&world);
}
END_TEST

static uint32_t heard_last;

static void send_bursts(struct fake_world *w, struct node_id self, const struct event *event,
                        struct effects *effects)
{
    static uint32_t sent;
    if (self.n == manager.n) {
        if (event->kind == EVENT_MESSAGE)
            ck_assert_uint_eq(event->message.message->free_slots.job.n, ++heard_last);
        return;
    }
    for (int i = 0; i < 5; i++)
        fake_send(effects, manager, ++sent);
    w->deadlines[self.n] = event->at + 2 * TIME_MS;
}

/* A connection: later messages do not overtake, whatever latency they draw. */
START_TEST(network_keeps_the_order_of_each_connection)
{
    start(send_bursts);
    world.scenario.cluster.network.latency =
        (struct distribution){ DRAW_EXPONENTIAL, 10 * TIME_MS, 0 };
    world.scenario.cluster.network.loss = 0.01;
    heard_last = 0;
    fake_world_begin(&world);
    for (int i = 0; i < 20; i++) {
        fake_world_run(&world, (1100 + 50 * i) * TIME_MS);
        fake_world_forget(&world);
    }
    ck_assert_uint_gt(heard_last, 1000);
    fake_world_fini(&world);
}
END_TEST

START_TEST(network_sends_lost_packets_again_after_200_ms_and_then_after_longer)
{
    start(ask_every_100_ms);
    world.scenario.config.ask_timeout = TIME_H;
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_set_loss(world.cluster, node, 0.5);
    fake_world_run(&world, 1150 * TIME_MS);
    virtual_cluster_kill(world.cluster, node, NULL);
    fake_world_run(&world, TIME_H);
    char *heard = strstr(world.journal, "jobmanager message 11");
    ck_assert_ptr_nonnull(heard);
    while (heard > world.journal && heard[-1] != '\n')
        heard--;
    double at_ms = strtod(heard, NULL);
    /* one way of 1 ms on top of 0, 200, 200 + 400, ... */
    double waited = at_ms - 1101;
    ck_assert(waited == 0 || waited == 200 || waited == 600 || waited == 1400 || waited == 3000);
    fake_world_fini(&world);
}
END_TEST

/* Every TaskManager says one thing to the JobManager at 2 s. */
static uint32_t in_time;

static void say_one_thing(struct fake_world *w, struct node_id self, const struct event *event,
                          struct effects *effects)
{
    if (self.n == manager.n) {
        in_time += event->kind == EVENT_MESSAGE && event->at < 2100 * TIME_MS;
        return;
    }
    if (event->kind == EVENT_WOKEN)
        fake_send(effects, manager, self.n);
    if (event->kind == EVENT_STARTED)
        w->deadlines[self.n] = 2 * TIME_S;
}

/* Of 400, those that had to be sent again. */
static uint32_t count_late(double loss_sender, double loss_receiver)
{
    enum { SENDERS = 400 };
    start(say_one_thing);
    in_time = 0;
    fake_world_start(&world);
    for (int i = 0; i < SENDERS; i++)
        virtual_cluster_set_loss(world.cluster, fake_world_add(&world, NULL), loss_sender);
    virtual_cluster_set_loss(world.cluster, manager, loss_receiver);
    fake_world_run(&world, 2100 * TIME_MS);
    fake_world_fini(&world);
    return SENDERS - in_time;
}

/* A packet is lost at either end: 1 - (1 - a)(1 - b). Bounds at six standard deviations. */
START_TEST(network_loses_packets_at_both_ends)
{
    ck_assert_uint_eq(count_late(0, 0), 0);
    uint32_t sent = count_late(0.5, 0), received = count_late(0, 0.5), both = count_late(0.5, 0.5);
    ck_assert(sent > 140 && sent < 260);
    ck_assert(received > 140 && received < 260);
    ck_assert(both > 248 && both < 352);
}
END_TEST

/* Compares the lines of the journal about messages and failures. */
static void check_failures(const char *expected)
{
    char text[4096];
    size_t length = 0;
    for (char *line = world.journal; *line;) {
        char *end = strchr(line, '\n');
        *end = '\0';
        if (strstr(line, "failed") || strstr(line, "message"))
            length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", line);
        ck_assert_uint_lt(length, sizeof text);
        line = end + 1;
    }
    text[length] = '\0';
    ck_assert_str_eq(text, expected);
    fake_world_forget(&world);
}

/* What was under way and what was sent since go out when the first of them is sent again: its tries
 * are 200, 600, 1400 ms after the first, whenever the link heals. */
START_TEST(network_sends_again_over_a_healed_link_when_the_timer_says_so_in_order)
{
    start(ask_every_100_ms);
    world.scenario.config.ask_timeout = TIME_H;
    struct node_id node = fake_world_begin(&world);
    fake_world_run(&world, 1100 * TIME_MS); /* message 11 is under way */
    virtual_cluster_cut(world.cluster, node, node_id_none(), true);
    fake_world_run(&world, 1350 * TIME_MS);
    ck_assert(!virtual_cluster_can_talk(world.cluster, node, manager));
    virtual_cluster_cut(world.cluster, node, node_id_none(), false);
    ck_assert(virtual_cluster_can_talk(world.cluster, node, manager));
    fake_world_run(&world, 1850 * TIME_MS);
    check_failures("1701.000 jobmanager message 11 from tm1\n"
                   "1701.000 jobmanager message 12 from tm1\n"
                   "1701.000 jobmanager message 13 from tm1\n"
                   "1701.000 jobmanager message 14 from tm1\n"
                   "1701.000 jobmanager message 15 from tm1\n"
                   "1701.000 jobmanager message 16 from tm1\n"
                   "1701.000 jobmanager message 17 from tm1\n"
                   "1801.000 jobmanager message 18 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

/* A cut strikes what is under way when it would arrive. 12 is lost at once, before 11 is (0), or
 * gets through behind a lost 11 (1): neither overtakes it. */
START_TEST(network_keeps_the_order_when_a_cut_strikes_what_is_under_way)
{
    static const time_ns from[] = { 1190 * TIME_MS, 1240 * TIME_MS };
    static const time_ns to[] = { 1300 * TIME_MS, 1260 * TIME_MS };
    static const char *const expected[] = { "1550.000 jobmanager message 11 from tm1\n"
                                            "1550.000 jobmanager message 12 from tm1\n"
                                            "1550.000 jobmanager message 13 from tm1\n"
                                            "1550.000 jobmanager message 14 from tm1\n",
                                            "1450.000 jobmanager message 11 from tm1\n"
                                            "1450.000 jobmanager message 12 from tm1\n"
                                            "1450.000 jobmanager message 13 from tm1\n"
                                            "1550.000 jobmanager message 14 from tm1\n" };
    start(ask_every_100_ms);
    world.scenario.config.ask_timeout = TIME_H;
    world.scenario.cluster.network.latency = distribution_constant(150 * TIME_MS);
    struct node_id node = fake_world_begin(&world);
    fake_world_run(&world, from[_i]);
    virtual_cluster_cut(world.cluster, node, manager, true);
    fake_world_run(&world, to[_i] - 1);
    virtual_cluster_cut(world.cluster, node, manager, false);
    fake_world_run(&world, 1649 * TIME_MS);
    check_failures(expected[_i]);
    fake_world_fini(&world);
}
END_TEST

/* Whether a packet sent again gets through is a matter of the link at that instant: all is lost for
 * a second, and no longer. 12 to 20 are lost as well, 21 to 24 wait behind the first. */
START_TEST(network_loss_that_is_over_delays_no_message_beyond_its_next_try)
{
    start(ask_every_100_ms);
    world.scenario.config.ask_timeout = TIME_H;
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_throttle(world.cluster, node, manager, &(struct link_throttle){ .loss = 1 });
    fake_world_run(&world, 2050 * TIME_MS);
    virtual_cluster_throttle(world.cluster, node, manager, &(struct link_throttle){ 0 });
    fake_world_run(&world, 2499 * TIME_MS);
    check_failures("");
    fake_world_run(&world, 2650 * TIME_MS);
    char expected[1024];
    size_t length = 0;
    for (int i = 11; i <= 26; i++) /* tries at 1300, 1700 and 2500 ms */
        length +=
            (size_t)snprintf(expected + length, sizeof expected - length,
                             "%d.000 jobmanager message %d from tm1\n", i <= 25 ? 2501 : 2601, i);
    check_failures(expected);
    fake_world_fini(&world);
}
END_TEST

/* The other way round: what is sent again is lost when the loss has begun meanwhile. */
START_TEST(network_sends_in_vain_while_the_loss_lasts_and_gives_up_after_15_tries)
{
    start(ask_every_100_ms);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_set_loss(world.cluster, node, 1);
    fake_world_run(&world, 1150 * TIME_MS);
    virtual_cluster_kill(world.cluster, node, NULL); /* no more messages than 11 */
    fake_world_run(&world, 1100 * TIME_MS + 924599 * TIME_MS);
    fake_world_forget(&world);
    uint64_t before = sim_queue_run_count(world.queue);
    fake_world_run(&world, TIME_H);
    ck_assert_uint_eq(sim_queue_run_count(world.queue), before + 2); /* gives up, looks */
    fake_world_expect(&world, "");
    fake_world_fini(&world);
}
END_TEST

START_TEST(network_cuts_nest)
{
    start(ask_every_100_ms);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_cut(world.cluster, node, manager, true);
    virtual_cluster_cut(world.cluster, manager, node_id_none(), true);
    virtual_cluster_cut(world.cluster, manager, node, true);
    virtual_cluster_cut(world.cluster, node, manager, false);
    ck_assert(!virtual_cluster_can_talk(world.cluster, manager, node));
    virtual_cluster_cut(world.cluster, manager, node_id_none(), false);
    ck_assert(!virtual_cluster_can_talk(world.cluster, manager, node));
    virtual_cluster_cut(world.cluster, manager, node, false);
    ck_assert(virtual_cluster_can_talk(world.cluster, manager, node));
    fake_world_fini(&world);
}
END_TEST

/* A8: an ask that is not taken within pekko.ask.timeout fails; the bytes are in the socket all the
 * same and arrive when the link heals. */
START_TEST(network_reports_a_request_over_a_cut_link_as_timed_out_and_still_delivers_it)
{
    start(ask_every_100_ms);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_cut(world.cluster, node, manager, true);
    fake_world_run(&world, 1360 * TIME_MS);
    virtual_cluster_cut(world.cluster, node, manager, false);
    fake_world_run(&world, 1799 * TIME_MS);
    check_failures("1350.000 tm1 send failed to jobmanager token 11: timed out\n"
                   "1450.000 tm1 send failed to jobmanager token 12: timed out\n"
                   "1550.000 tm1 send failed to jobmanager token 13: timed out\n"
                   "1650.000 tm1 send failed to jobmanager token 14: timed out\n"
                   "1701.000 jobmanager message 11 from tm1\n"
                   "1701.000 jobmanager message 12 from tm1\n"
                   "1701.000 jobmanager message 13 from tm1\n"
                   "1701.000 jobmanager message 14 from tm1\n"
                   "1701.000 jobmanager message 15 from tm1\n"
                   "1701.000 jobmanager message 16 from tm1\n"
                   "1701.000 jobmanager message 17 from tm1\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(network_gives_a_connection_up_after_15_minutes)
{
    start(ask_every_100_ms);
    struct node_id node = fake_world_begin(&world);
    fake_world_run(&world, 1150 * TIME_MS);
    virtual_cluster_cut(world.cluster, node, manager, true);
    fake_world_run(&world, 1250 * TIME_MS);
    virtual_cluster_kill(world.cluster, node, NULL); /* no more messages than 12 */
    fake_world_run(&world, 1200 * TIME_MS + 924601 * TIME_MS);
    fake_world_forget(&world);
    virtual_cluster_cut(world.cluster, node, manager, false);
    fake_world_run(&world, TIME_H);
    fake_world_expect(&world, "");
    fake_world_fini(&world);
}
END_TEST

/* The JobManager asks tm1 every 100 ms from 1.1 s on. */
static void manager_asks(struct fake_world *w, struct node_id self, const struct event *event,
                         struct effects *effects)
{
    struct node_id worker = { 1 };
    if (self.n != manager.n)
        return;
    if (event->kind == EVENT_WOKEN && event->at > TIME_S) {
        uint32_t number = (uint32_t)(event->at / (100 * TIME_MS));
        fake_request(effects, worker, number, number);
    }
    if (event->kind == EVENT_STARTED || event->kind == EVENT_WOKEN)
        w->deadlines[self.n] = event->at + 100 * TIME_MS;
}

/* The recordings' surprise 2: requests sent before the RPC layer sees the broken connection (300 ms
 * after the death here) hang until the ask times out; later ones are refused after a round trip. */
START_TEST(network_requests_to_a_killed_process_hang_at_first_and_are_refused_later)
{
    start(manager_asks);
    struct node_id node = fake_world_begin(&world);
    fake_world_run(&world, 1150 * TIME_MS);
    virtual_cluster_kill(world.cluster, node, "test");
    fake_world_run(&world, 1660 * TIME_MS);
    check_failures("1101.000 tm1 message 11 from jobmanager\n"
                   "1450.000 jobmanager send failed to tm1 token 12: timed out\n"
                   "1502.000 jobmanager send failed to tm1 token 15: unreachable\n"
                   "1550.000 jobmanager send failed to tm1 token 13: timed out\n"
                   "1602.000 jobmanager send failed to tm1 token 16: unreachable\n"
                   "1650.000 jobmanager send failed to tm1 token 14: timed out\n");
    fake_world_fini(&world);
}
END_TEST

static void manager_asks_worker_exits(struct fake_world *w, struct node_id self,
                                      const struct event *event, struct effects *effects)
{
    manager_asks(w, self, event, effects);
    if (event->kind == EVENT_STOPPING)
        effects_exit(effects, EXIT_STOPPED);
}

START_TEST(network_requests_to_a_process_that_said_goodbye_are_refused_at_once)
{
    start(manager_asks_worker_exits);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_stop(world.cluster, node, TIME_NEVER);
    fake_world_run(&world, 1360 * TIME_MS);
    check_failures("1102.000 jobmanager send failed to tm1 token 11: unreachable\n"
                   "1202.000 jobmanager send failed to tm1 token 12: unreachable\n"
                   "1302.000 jobmanager send failed to tm1 token 13: unreachable\n");
    fake_world_fini(&world);
}
END_TEST

START_TEST(network_requests_to_a_frozen_process_time_out_and_are_still_heard_after_resuming)
{
    start(manager_asks);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_freeze(world.cluster, node);
    fake_world_run(&world, 1390 * TIME_MS);
    virtual_cluster_resume(world.cluster, node);
    fake_world_run(&world, 1399 * TIME_MS);
    check_failures("1350.000 jobmanager send failed to tm1 token 11: timed out\n"
                   "1390.000 tm1 message 11 from jobmanager\n"
                   "1390.000 tm1 message 12 from jobmanager\n"
                   "1390.000 tm1 message 13 from jobmanager\n");
    fake_world_run(&world, 1699 * TIME_MS);
    ck_assert_ptr_null(strstr(world.journal, "failed"));
    fake_world_fini(&world);
}
END_TEST

START_TEST(network_requests_in_the_inbox_of_a_frozen_process_fail_when_it_dies)
{
    start(manager_asks);
    struct node_id node = fake_world_begin(&world);
    virtual_cluster_freeze(world.cluster, node);
    fake_world_run(&world, 1150 * TIME_MS);
    virtual_cluster_kill(world.cluster, node, "test");
    fake_world_run(&world, 1360 * TIME_MS);
    check_failures("1350.000 jobmanager send failed to tm1 token 11: timed out\n");
    fake_world_fini(&world);
}
END_TEST

static void ask_at_start(struct fake_world *w, struct node_id self, const struct event *event,
                         struct effects *effects)
{
    (void)w;
    if (self.n != manager.n && event->kind == EVENT_STARTED)
        fake_request(effects, manager, 1, 1);
}

START_TEST(network_requests_to_a_process_that_is_not_up_yet_are_refused)
{
    start(ask_at_start);
    world.scenario.cluster.timing.job_manager_start = distribution_constant(5 * TIME_S);
    fake_world_begin(&world);
    fake_world_run(&world, 2 * TIME_S);
    fake_world_expect(&world, "1002.000 tm1 send failed to jobmanager token 1: unreachable\n");
    fake_world_fini(&world);
}
END_TEST

Suite *test_sim_network_suite(void)
{
    Suite *suite = suite_create("sim_network");
    TCase *tcase = tcase_create("network");
    tcase_add_test(tcase, network_delivers_after_the_latency);
    tcase_add_test(tcase, network_tells_of_a_request_that_takes_longer_than_the_ask_timeout);
    tcase_add_test(tcase, network_charges_large_messages_for_bandwidth_and_keeps_the_order);
    tcase_add_test(tcase, network_keeps_the_order_of_each_connection);
    tcase_add_test(tcase, network_sends_lost_packets_again_after_200_ms_and_then_after_longer);
    tcase_add_test(tcase, network_loses_packets_at_both_ends);
    tcase_add_test(tcase, network_sends_again_over_a_healed_link_when_the_timer_says_so_in_order);
    tcase_add_loop_test(tcase, network_keeps_the_order_when_a_cut_strikes_what_is_under_way, 0, 2);
    tcase_add_test(tcase, network_loss_that_is_over_delays_no_message_beyond_its_next_try);
    tcase_add_test(tcase, network_sends_in_vain_while_the_loss_lasts_and_gives_up_after_15_tries);
    tcase_add_test(tcase, network_cuts_nest);
    tcase_add_test(tcase,
                   network_reports_a_request_over_a_cut_link_as_timed_out_and_still_delivers_it);
    tcase_add_test(tcase, network_gives_a_connection_up_after_15_minutes);
    tcase_add_test(tcase, network_requests_to_a_killed_process_hang_at_first_and_are_refused_later);
    tcase_add_test(tcase, network_requests_to_a_process_that_said_goodbye_are_refused_at_once);
    tcase_add_test(
        tcase, network_requests_to_a_frozen_process_time_out_and_are_still_heard_after_resuming);
    tcase_add_test(tcase, network_requests_in_the_inbox_of_a_frozen_process_fail_when_it_dies);
    tcase_add_test(tcase, network_requests_to_a_process_that_is_not_up_yet_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
