/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/cluster/network.c and retransmission.c: heartbeats among other messages of the same
 * connection, over links that are cut and lossy at times. They keep their place and hold up nobody.
 */
#include "tests/lib/fake_world.h"

#include <check.h>

static struct fake_world world;
static const struct node_id manager = { 0 };

static void start(fake_behaviour *behave)
{
    fake_world_init_quiet(&world, behave);
    world.hides_facts = true;
    world.scenario.config.ask_timeout = 250 * TIME_MS;
}

/* Messages every 10 ms, and heartbeats in between when `beats`, until `silent`. */
static bool beats, silent;
static uint32_t chattered;

static void chatter(struct fake_world *w, struct node_id self, const struct event *event,
                    struct effects *effects)
{
    if (self.n == manager.n)
        return;
    if (event->kind == EVENT_WOKEN && !silent) {
        chattered++;
        if (beats)
            fake_heartbeat(effects, manager, 1);
        fake_send(effects, manager, (uint32_t)(event->at / (10 * TIME_MS)));
        if (beats)
            fake_heartbeat(effects, manager, 2);
    }
    if ((event->kind == EVENT_STARTED || event->kind == EVENT_WOKEN) && !silent)
        w->deadlines[self.n] = event->at + 10 * TIME_MS;
}

/* Cuts and losses come and go, at times that fall before, into and behind messages under way. */
static void run_disturbed(time_ns until)
{
    const struct node_id node = { 1 };
    struct rng rng = rng_stream(7, "disturbed", 0);
    for (time_ns at = TIME_S; at < until; at += 37 * TIME_MS) {
        double loss = rng_unit(&rng);
        bool cut = rng_unit(&rng) < 0.3;
        virtual_cluster_set_loss(world.cluster, node, loss < 0.5 ? 0 : loss);
        if (cut)
            virtual_cluster_cut(world.cluster, node, manager, true);
        fake_world_run(&world, at);
        if (cut)
            virtual_cluster_cut(world.cluster, node, manager, false);
    }
    virtual_cluster_set_loss(world.cluster, node, 0);
    silent = true;
    fake_world_run(&world, until + TIME_MIN);
}

static char *journal_of_chatter(bool with_heartbeats, bool disturbed)
{
    start(chatter);
    world.scenario.cluster.network.latency =
        (struct distribution){ DRAW_EXPONENTIAL, 15 * TIME_MS, 0 };
    beats = with_heartbeats;
    silent = false;
    fake_world_begin(&world);
    if (disturbed)
        run_disturbed(3 * TIME_S);
    fake_world_run(&world, 3 * TIME_S);
    char *journal = mem_copy_text(world.journal);
    fake_world_fini(&world);
    return journal;
}

START_TEST(network_heartbeats_change_the_time_of_no_other_message)
{
    for (int disturbed = 0; disturbed < 2; disturbed++) {
        char *with = journal_of_chatter(true, disturbed);
        char *without = journal_of_chatter(false, disturbed);
        ck_assert_str_eq(with, without);
        mem_destroy(with);
        mem_destroy(without);
    }
}
END_TEST

static uint32_t heard_last;
static uint64_t heard_order[1024];
static size_t heard_count;

static void remember_order(struct fake_world *w, struct node_id self, const struct event *event,
                           struct effects *effects)
{
    chatter(w, self, event, effects);
    if (self.n != manager.n || event->kind != EVENT_MESSAGE)
        return;
    const struct message *message = event->message.message;
    bool is_beat = message->kind == MESSAGE_RM_HEARTBEAT;
    heard_order[heard_count++] = is_beat ? message->rm_heartbeat.round : 3;
    if (is_beat)
        return;
    ck_assert_uint_gt(message->free_slots.job.n, heard_last);
    heard_last = message->free_slots.job.n;
}

/* Each waking sends heartbeat 1, a message, heartbeat 2: they must be heard in that order, each
 * once, whatever becomes of the link meanwhile. */
START_TEST(network_heartbeats_keep_their_place_between_messages)
{
    start(remember_order);
    world.scenario.cluster.network.latency =
        (struct distribution){ DRAW_EXPONENTIAL, 15 * TIME_MS, 0 };
    beats = true;
    silent = false;
    heard_count = chattered = heard_last = 0;
    fake_world_begin(&world);
    if (_i)
        run_disturbed(3 * TIME_S);
    fake_world_run(&world, 3 * TIME_S);
    ck_assert_uint_gt(chattered, 150);
    ck_assert(heard_count == 3 * chattered || (!_i && heard_count > 300));
    for (size_t i = 0; i + 2 < heard_count; i += 3) {
        ck_assert_uint_eq(heard_order[i], 1);
        ck_assert_uint_eq(heard_order[i + 1], 3);
        ck_assert_uint_eq(heard_order[i + 2], 2);
    }
    fake_world_fini(&world);
}
END_TEST

Suite *test_sim_heartbeats_suite(void)
{
    Suite *suite = suite_create("sim_heartbeats");
    TCase *tcase = tcase_create("heartbeats");
    tcase_add_test(tcase, network_heartbeats_change_the_time_of_no_other_message);
    tcase_add_loop_test(tcase, network_heartbeats_keep_their_place_between_messages, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
