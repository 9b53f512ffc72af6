/* SPDX-License-Identifier: Apache-2.0
 *
 * The heartbeat monitors by themselves: when a target is asked, when it is given up, and how a
 * sleeping one wakes. A8.
 */
#include <check.h>

#include "core/cluster/heartbeat.h"

#define INTERVAL (10 * TIME_S)
#define TIMEOUT  (50 * TIME_S)
#define WAY      (1 * TIME_MS)
#define ORIGIN   (3 * TIME_S)

static const struct node_id peer = { 7 }, other = { 8 };
enum { SUBJECT = 7, OTHER = 8 };

static struct heartbeats monitors;

static void open_monitors(bool sender)
{
    struct config config = config_default();
    heartbeats_init(&monitors, &config, sender, ORIGIN);
    heartbeats_check(&monitors);
}

static void open_sender(void)
{
    open_monitors(true);
}

static void close_monitors(void)
{
    heartbeats_fini(&monitors);
}

static void watch(struct node_id node, uint32_t subject, bool vouched, time_ns now)
{
    heartbeats_watch(&monitors, node, subject, ORIGIN, vouched, now);
    heartbeats_check(&monitors);
}

static const struct heartbeat_target *target_of(uint32_t subject)
{
    uint32_t index = index_map_get(&monitors.by_subject, subject);
    ck_assert_uint_ne(index, INDEX_NONE);
    return &monitors.targets.items[index];
}

/* Rounds. */

START_TEST(the_sender_asks_on_a_grid_from_its_own_start)
{
    watch(peer, SUBJECT, false, 5 * TIME_S);
    for (time_ns at = ORIGIN + INTERVAL; at < 2 * TIME_MIN; at += INTERVAL) {
        heartbeats_heard(&monitors, SUBJECT, at - 1);
        ck_assert_int_eq(heartbeats_deadline(&monitors) <= at, 1);
        ck_assert(!heartbeats_take_round(&monitors, at - 1));
        ck_assert(heartbeats_take_round(&monitors, at));
        ck_assert(!heartbeats_take_round(&monitors, at));
        heartbeats_check(&monitors);
    }
    ck_assert_uint_eq(monitors.round, 11);
}
END_TEST

START_TEST(a_target_registered_on_the_grid_is_asked_at_once)
{
    watch(peer, SUBJECT, false, ORIGIN + INTERVAL);
    ck_assert(heartbeats_take_round(&monitors, ORIGIN + INTERVAL));
    watch(other, OTHER, false, ORIGIN + INTERVAL);
    ck_assert_msg(!heartbeats_take_round(&monitors, ORIGIN + INTERVAL), "but only once");
}
END_TEST

START_TEST(nobody_to_ask_means_nothing_to_do)
{
    ck_assert_int_eq(heartbeats_deadline(&monitors), TIME_NEVER);
    watch(peer, SUBJECT, false, 5 * TIME_S);
    heartbeats_forget(&monitors, SUBJECT);
    heartbeats_forget(&monitors, SUBJECT);
    ck_assert_int_eq(heartbeats_deadline(&monitors), TIME_NEVER);
    heartbeats_check(&monitors);
}
END_TEST

START_TEST(a_receiver_never_asks)
{
    close_monitors();
    open_monitors(false);
    watch(peer, SUBJECT, false, 5 * TIME_S);
    ck_assert_int_eq(heartbeats_deadline(&monitors), 55 * TIME_S);
    ck_assert(!heartbeats_take_round(&monitors, 5 * TIME_MIN));
}
END_TEST

/* Giving up. */

START_TEST(a_target_times_out_after_the_last_heartbeat_not_after_the_first)
{
    uint32_t lost;
    watch(peer, SUBJECT, false, 5 * TIME_S);
    heartbeats_heard(&monitors, SUBJECT, 17 * TIME_S);
    ck_assert(!heartbeats_take_timeout(&monitors, 66 * TIME_S, &lost));
    ck_assert(!heartbeats_take_timeout(&monitors, 67 * TIME_S - 1, &lost));
    ck_assert(heartbeats_take_timeout(&monitors, 67 * TIME_S, &lost));
    ck_assert_uint_eq(lost, SUBJECT);
    ck_assert_int_eq(target_of(SUBJECT)->state, HEARTBEAT_TIMEOUT);
    ck_assert(!heartbeats_take_timeout(&monitors, 68 * TIME_S, &lost));
}
END_TEST

/* When the timers were set follows from who was heard when, and from who slept; who is lost at one
 * instant is told in order of subject all the same. Here the watching side was out for longer than
 * the time-out and has everything due at once. */
START_TEST(targets_lost_at_one_instant_come_in_order_of_subject)
{
    static const uint32_t order[] = { 3, 9, 1, 7, 2 };
    for (size_t i = 0; i < 5; i++)
        watch((struct node_id){ order[i] }, order[i], order[i] == 7, 5 * TIME_S);
    heartbeats_heard(&monitors, 1, 29 * TIME_S);
    heartbeats_heard(&monitors, 2, 11 * TIME_S);
    heartbeats_doubt(&monitors, (struct node_id){ 7 }, 2 * WAY, 30 * TIME_S);
    static const uint32_t sorted[] = { 1, 2, 3, 7, 9 };
    uint32_t lost;
    for (size_t i = 0; i < 5; i++) {
        ck_assert(heartbeats_take_timeout(&monitors, 10 * TIME_MIN, &lost));
        ck_assert_uint_eq(lost, sorted[i]);
        heartbeats_forget(&monitors, lost);
    }
    ck_assert(!heartbeats_take_timeout(&monitors, 10 * TIME_MIN, &lost));
    heartbeats_check(&monitors);
}
END_TEST

/* What follows from one loss may end the contact to another that is due as well. */
START_TEST(a_target_let_go_meanwhile_is_not_lost)
{
    uint32_t lost;
    watch(peer, SUBJECT, false, 5 * TIME_S);
    watch(other, OTHER, false, 5 * TIME_S);
    ck_assert(heartbeats_take_timeout(&monitors, 10 * TIME_MIN, &lost));
    ck_assert_uint_eq(lost, SUBJECT);
    heartbeats_forget(&monitors, SUBJECT);
    heartbeats_forget(&monitors, OTHER);
    ck_assert(!heartbeats_take_timeout(&monitors, 10 * TIME_MIN, &lost));
    heartbeats_check(&monitors);
}
END_TEST

START_TEST(two_requests_refused_in_a_row_make_a_target_unreachable)
{
    watch(peer, SUBJECT, false, 5 * TIME_S);
    ck_assert(!heartbeats_unreachable(&monitors, SUBJECT));
    heartbeats_heard(&monitors, SUBJECT, 5 * TIME_S); /* also at the instant of its registration */
    ck_assert(!heartbeats_unreachable(&monitors, SUBJECT));
    ck_assert(heartbeats_unreachable(&monitors, SUBJECT));
    ck_assert_int_eq(target_of(SUBJECT)->state, HEARTBEAT_UNREACHABLE);
    ck_assert_msg(!heartbeats_unreachable(&monitors, SUBJECT), "it is lost once");
}
END_TEST

START_TEST(without_a_threshold_refused_requests_do_not_count)
{
    close_monitors();
    struct config config = config_default();
    config.heartbeat_rpc_failures = -1;
    heartbeats_init(&monitors, &config, true, ORIGIN);
    watch(peer, SUBJECT, false, 5 * TIME_S);
    for (int i = 0; i < 10; i++)
        ck_assert(!heartbeats_unreachable(&monitors, SUBJECT));
}
END_TEST

START_TEST(strangers_change_nothing)
{
    watch(peer, SUBJECT, false, 5 * TIME_S);
    uint64_t before = heartbeats_hash(&monitors);
    heartbeats_heard(&monitors, OTHER, 6 * TIME_S);
    ck_assert(!heartbeats_unreachable(&monitors, OTHER));
    heartbeats_vouch(&monitors, other);
    ck_assert(!heartbeats_doubt(&monitors, other, 2 * WAY, 6 * TIME_S));
    ck_assert(!heartbeats_doubt(&monitors, peer, 2 * WAY, 6 * TIME_S)); /* was never vouched for */
    heartbeats_forget(&monitors, OTHER);
    ck_assert_uint_eq(heartbeats_hash(&monitors), before);
}
END_TEST

/* Sleep. */

START_TEST(a_vouched_target_sleeps)
{
    watch(peer, SUBJECT, true, 5 * TIME_S);
    ck_assert_int_eq(heartbeats_deadline(&monitors), TIME_NEVER);
    watch(other, OTHER, false, 5 * TIME_S);
    ck_assert_int_eq(heartbeats_deadline(&monitors), ORIGIN + INTERVAL);
    heartbeats_vouch(&monitors, other);
    heartbeats_vouch(&monitors, other);
    ck_assert_int_eq(heartbeats_deadline(&monitors), TIME_NEVER);
    heartbeats_check(&monitors);
}
END_TEST

/* Where the doubt falls between a request of grid point G and the answer to it, and what each side
 * makes of that: when it has heard the other last, and whether the request must be made up for. */
struct doubt_row {
    time_ns after_grid;   /* doubt, after G */
    time_ns sender_heard; /* after G; < 0: the exchange before it */
    time_ns receiver_heard;
    bool asks;
    time_ns next_round; /* after G */
};

#define BEFORE_IT (-INTERVAL)

static const struct doubt_row doubts[] = {
    /* At G itself the world strikes before the request leaves: it leaves all the same, but awake.
     */
    { 0, BEFORE_IT + 2 * WAY, BEFORE_IT + WAY, false, 0 },
    /* The request is under way: it will be heard, the sender will not hear of it. */
    { 1, BEFORE_IT + 2 * WAY, WAY, true, INTERVAL },
    { WAY - 1, BEFORE_IT + 2 * WAY, WAY, true, INTERVAL },
    { WAY, BEFORE_IT + 2 * WAY, WAY, true, INTERVAL },
    /* It has arrived, so the answer is under way, and comes. */
    { WAY + 1, 2 * WAY, WAY, false, INTERVAL },
    { 2 * WAY, 2 * WAY, WAY, false, INTERVAL },
    { 2 * WAY + 1, 2 * WAY, WAY, false, INTERVAL },
    { INTERVAL - 1, 2 * WAY, WAY, false, INTERVAL },
};
enum { DOUBTS = sizeof doubts / sizeof *doubts };

START_TEST(a_sender_wakes_as_if_it_had_not_slept)
{
    const struct doubt_row *row = &doubts[_i];
    time_ns grid = ORIGIN + 9 * INTERVAL;
    watch(peer, SUBJECT, true, 5 * TIME_S);
    ck_assert_int_eq(heartbeats_doubt(&monitors, peer, 2 * WAY, grid + row->after_grid), row->asks);
    ck_assert_int_eq(target_of(SUBJECT)->last_heard, grid + row->sender_heard);
    ck_assert_int_eq(monitors.next_round, grid + row->next_round);
    heartbeats_check(&monitors);
    ck_assert_msg(!heartbeats_doubt(&monitors, peer, 2 * WAY, grid + row->after_grid),
                  "doubted already");
}
END_TEST

START_TEST(a_receiver_wakes_as_if_it_had_not_slept)
{
    const struct doubt_row *row = &doubts[_i];
    time_ns grid = ORIGIN + 9 * INTERVAL;
    close_monitors();
    open_monitors(false);
    watch(peer, SUBJECT, true, 5 * TIME_S);
    ck_assert(!heartbeats_doubt(&monitors, peer, 2 * WAY, grid + row->after_grid));
    ck_assert_int_eq(target_of(SUBJECT)->last_heard, grid + row->receiver_heard);
    ck_assert_int_eq(heartbeats_deadline(&monitors), grid + row->receiver_heard + TIMEOUT);
    heartbeats_check(&monitors);
}
END_TEST

/* Nothing was exchanged before both knew one another. */
START_TEST(what_was_before_the_registration_does_not_count)
{
    time_ns since = ORIGIN + INTERVAL + 5 * WAY;
    watch(peer, SUBJECT, true, since);
    heartbeats_doubt(&monitors, peer, 2 * WAY, since + 1);
    ck_assert_int_eq(target_of(SUBJECT)->last_heard, since);
    close_monitors();
    open_monitors(false);
    watch(peer, SUBJECT, true, since);
    heartbeats_doubt(&monitors, peer, 2 * WAY, since + 1);
    ck_assert_int_eq(target_of(SUBJECT)->last_heard, since);
}
END_TEST

/* The receiver is registered a way after the sender has begun to watch it, and a request that left
 * in between comes right behind the answer. */
START_TEST(a_request_behind_the_registration_counts)
{
    close_monitors();
    open_monitors(false);
    time_ns grid = ORIGIN + INTERVAL;
    watch(peer, SUBJECT, true, grid + WAY / 2);
    heartbeats_doubt(&monitors, peer, 2 * WAY, grid + WAY / 2 + 1);
    ck_assert_int_eq(target_of(SUBJECT)->last_heard, grid + WAY);
}
END_TEST

/* One subject per JobMaster, all in one process. */
START_TEST(a_receiver_doubts_everybody_in_the_process)
{
    close_monitors();
    open_monitors(false);
    for (uint32_t subject = 0; subject < 3; subject++)
        heartbeats_watch(&monitors, subject == 2 ? other : peer, subject, ORIGIN, true, 5 * TIME_S);
    heartbeats_doubt(&monitors, peer, 2 * WAY, 60 * TIME_S);
    ck_assert_uint_eq(monitors.awake, 2);
    ck_assert(target_of(2)->vouched);
    heartbeats_vouch(&monitors, peer);
    ck_assert_uint_eq(monitors.awake, 0);
    heartbeats_check(&monitors);
}
END_TEST

/* Tables. */

START_TEST(every_move_is_legal_or_stops_the_run)
{
    const struct state_table *table = &heartbeat_states;
    for (unsigned from = 0; from < table->count; from++)
        for (unsigned to = 0; to < table->count; to++)
            ck_assert_int_eq(state_can_move(table, from, to),
                             from == HEARTBEAT_RUNNING && to != HEARTBEAT_RUNNING);
    ck_assert(!state_is_final(table, HEARTBEAT_RUNNING));
}
END_TEST

/* What each call does in each state; a state that ended is transient, until its owner forgets it.
 */
enum call {
    CALL_HEARD,
    CALL_UNREACHABLE,
    CALL_TIMEOUT,
    CALL_FORGET,
    CALL_VOUCH,
    CALL_DOUBT, /* of one that nobody vouches for */
    CALL_COUNT
};

static const enum cell cells[HEARTBEAT_STATE_COUNT][CALL_COUNT] = {
    [HEARTBEAT_RUNNING] = { CELL_HANDLE, CELL_HANDLE, CELL_HANDLE, CELL_HANDLE, CELL_HANDLE,
                            CELL_REJECT },
    [HEARTBEAT_TIMEOUT] = { CELL_HANDLE, CELL_REJECT, CELL_REJECT, CELL_HANDLE, CELL_HANDLE,
                            CELL_REJECT },
    [HEARTBEAT_UNREACHABLE] = { CELL_HANDLE, CELL_REJECT, CELL_REJECT, CELL_HANDLE, CELL_HANDLE,
                                CELL_REJECT },
};

static void bring_to(enum heartbeat_state state)
{
    uint32_t lost;
    watch(peer, SUBJECT, false, 5 * TIME_S);
    if (state == HEARTBEAT_TIMEOUT)
        ck_assert(heartbeats_take_timeout(&monitors, 5 * TIME_S + TIMEOUT, &lost));
    while (state == HEARTBEAT_UNREACHABLE && target_of(SUBJECT)->state != state)
        heartbeats_unreachable(&monitors, SUBJECT);
}

START_TEST(every_cell_of_states_and_calls)
{
    enum heartbeat_state state = (enum heartbeat_state)(_i / CALL_COUNT);
    enum call call = (enum call)(_i % CALL_COUNT);
    bring_to(state);
    uint64_t before = heartbeats_hash(&monitors);
    uint32_t lost;
    bool done = true;
    switch (call) {
    case CALL_HEARD: heartbeats_heard(&monitors, SUBJECT, 6 * TIME_S); break;
    case CALL_UNREACHABLE:
        done = heartbeats_unreachable(&monitors, SUBJECT) || state == HEARTBEAT_RUNNING;
        break;
    case CALL_TIMEOUT: done = heartbeats_take_timeout(&monitors, 10 * TIME_MIN, &lost); break;
    case CALL_FORGET: heartbeats_forget(&monitors, SUBJECT); break;
    case CALL_VOUCH: heartbeats_vouch(&monitors, peer); break;
    case CALL_DOUBT: done = heartbeats_doubt(&monitors, peer, 2 * WAY, 6 * TIME_S); break;
    case CALL_COUNT: break;
    }
    ck_assert_int_eq(done, cells[state][call] == CELL_HANDLE);
    ck_assert_int_eq(heartbeats_hash(&monitors) != before, cells[state][call] == CELL_HANDLE);
}
END_TEST

Suite *test_cluster_heartbeat_suite(void)
{
    Suite *suite = suite_create("cluster: heartbeat");
    TCase *asking = tcase_create("asking");
    tcase_add_checked_fixture(asking, open_sender, close_monitors);
    tcase_add_test(asking, the_sender_asks_on_a_grid_from_its_own_start);
    tcase_add_test(asking, a_target_registered_on_the_grid_is_asked_at_once);
    tcase_add_test(asking, nobody_to_ask_means_nothing_to_do);
    tcase_add_test(asking, a_receiver_never_asks);
    suite_add_tcase(suite, asking);
    TCase *losing = tcase_create("giving up");
    tcase_add_checked_fixture(losing, open_sender, close_monitors);
    tcase_add_test(losing, a_target_times_out_after_the_last_heartbeat_not_after_the_first);
    tcase_add_test(losing, targets_lost_at_one_instant_come_in_order_of_subject);
    tcase_add_test(losing, a_target_let_go_meanwhile_is_not_lost);
    tcase_add_test(losing, two_requests_refused_in_a_row_make_a_target_unreachable);
    tcase_add_test(losing, without_a_threshold_refused_requests_do_not_count);
    tcase_add_test(losing, strangers_change_nothing);
    suite_add_tcase(suite, losing);
    TCase *sleep = tcase_create("sleep");
    tcase_add_checked_fixture(sleep, open_sender, close_monitors);
    tcase_add_test(sleep, a_vouched_target_sleeps);
    tcase_add_loop_test(sleep, a_sender_wakes_as_if_it_had_not_slept, 0, DOUBTS);
    tcase_add_loop_test(sleep, a_receiver_wakes_as_if_it_had_not_slept, 0, DOUBTS);
    tcase_add_test(sleep, what_was_before_the_registration_does_not_count);
    tcase_add_test(sleep, a_request_behind_the_registration_counts);
    tcase_add_test(sleep, a_receiver_doubts_everybody_in_the_process);
    suite_add_tcase(suite, sleep);
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, open_sender, close_monitors);
    tcase_add_test(tables, every_move_is_legal_or_stops_the_run);
    tcase_add_loop_test(tables, every_cell_of_states_and_calls, 0, HEARTBEAT_CANCELED * CALL_COUNT);
    suite_add_tcase(suite, tables);
    return suite;
}
