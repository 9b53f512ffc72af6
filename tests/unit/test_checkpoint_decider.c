/* SPDX-License-Identifier: Apache-2.0
 *
 * Each rule of the request decider: what runs, what waits, what is dropped and when to try again.
 */
#include <check.h>
#include <signal.h>

#include "core/checkpoint/request_decider.h"

static struct request_decider decider;
static const struct decider_situation calm = { .now = 100, .last_completed_at = TIME_NEVER };

static void setup(void)
{
    request_decider_init(&decider, 3, 1, 50);
}

static void teardown(void)
{
    request_decider_fini(&decider);
}

static struct checkpoint_request request(uint64_t token, enum checkpoint_kind kind, bool periodic,
                                         bool forced)
{
    return (struct checkpoint_request){
        .client_token = token, .kind = kind, .periodic = periodic, .forced = forced
    };
}

static struct checkpoint_request periodic(uint64_t token)
{
    return request(token, CHECKPOINT_PERIODIC, true, false);
}

static struct checkpoint_request users(uint64_t token)
{
    return request(token, CHECKPOINT_PERIODIC, false, false);
}

static struct checkpoint_request savepoint(uint64_t token, bool forced)
{
    return request(token, CHECKPOINT_SAVEPOINT, false, forced);
}

/* Puts it into the queue without running anything. */
static void enqueue(struct checkpoint_request what)
{
    struct decider_situation busy = calm;
    busy.triggering = true;
    struct decision decision = request_decider_add(&decider, what, &busy);
    ck_assert(!decision.run);
}

static void assert_runs(const struct decision *decision, uint64_t token)
{
    ck_assert(decision->run);
    ck_assert_uint_eq(decision->request.client_token, token);
}

/* A12: a lone request with nothing in its way runs at once. */
START_TEST(decider_runs_a_request_when_nothing_holds_it_back)
{
    struct decision decision = request_decider_add(&decider, periodic(1), &calm);
    assert_runs(&decision, 1);
    ck_assert_uint_eq(decision.refused_count, 0);
    ck_assert_int_eq(decision.retry_in, TIME_NEVER);
    ck_assert_uint_eq(decider.queue.count, 0);
}
END_TEST

/* A12: nothing runs while one is being triggered. */
START_TEST(decider_runs_nothing_while_one_is_triggering)
{
    struct decider_situation situation = calm;
    situation.triggering = true;
    struct decision decision = request_decider_add(&decider, savepoint(1, true), &situation);
    ck_assert(!decision.run);
    ck_assert_uint_eq(decider.queue.count, 1);
}
END_TEST

/* A12: nothing runs while more than max-concurrent old ones are still being cleaned. */
START_TEST(decider_waits_only_when_more_than_max_concurrent_are_cleaned)
{
    struct decider_situation situation = calm;
    situation.cleaning = 2;
    struct decision decision = request_decider_add(&decider, savepoint(1, true), &situation);
    ck_assert(!decision.run);
    situation.cleaning = 1;
    decision = request_decider_choose(&decider, &situation);
    assert_runs(&decision, 1);
}
END_TEST

/* A12: pending >= max-concurrent: only a forced first request runs. */
START_TEST(decider_runs_only_forced_requests_beside_pending_ones)
{
    struct decider_situation situation = calm;
    situation.pending = 1;
    struct decision decision = request_decider_add(&decider, periodic(1), &situation);
    ck_assert(!decision.run);
    decision = request_decider_add(&decider, savepoint(2, false), &situation);
    ck_assert(!decision.run);
    decision = request_decider_add(&decider, savepoint(3, true), &situation);
    assert_runs(&decision, 3);
    decision = request_decider_choose(&decider, &situation);
    ck_assert(!decision.run);
    ck_assert_uint_eq(decider.queue.count, 2);
}
END_TEST

START_TEST(decider_runs_up_to_max_concurrent)
{
    struct decider_situation situation = calm;
    decider.max_concurrent = 2;
    situation.pending = 1;
    struct decision decision = request_decider_add(&decider, periodic(1), &situation);
    assert_runs(&decision, 1);
    situation.pending = 2;
    decision = request_decider_add(&decider, periodic(2), &situation);
    ck_assert(!decision.run);
}
END_TEST

/* A12: a non-forced periodic request inside min-pause is dropped, the timer goes to its end. */
START_TEST(decider_drops_a_periodic_request_inside_the_pause)
{
    struct decider_situation situation = calm;
    situation.last_completed_at = 70;
    struct decision decision = request_decider_add(&decider, periodic(1), &situation);
    ck_assert(!decision.run);
    ck_assert_uint_eq(decision.refused_count, 1);
    ck_assert(decision.refused[0].for_pause);
    ck_assert_uint_eq(decision.refused[0].request.client_token, 1);
    ck_assert_int_eq(decision.retry_in, 20);
    ck_assert_uint_eq(decider.queue.count, 0);
}
END_TEST

START_TEST(decider_ends_the_pause_to_the_nanosecond)
{
    struct decider_situation situation = calm;
    situation.last_completed_at = 51;
    ck_assert_int_eq(request_decider_add(&decider, periodic(1), &situation).retry_in, 1);
    situation.last_completed_at = 50;
    struct decision decision = request_decider_add(&decider, periodic(2), &situation);
    assert_runs(&decision, 2);
}
END_TEST

START_TEST(decider_drops_one_request_at_a_time_for_the_pause)
{
    struct decider_situation situation = calm;
    situation.last_completed_at = 70;
    enqueue(periodic(1));
    enqueue(periodic(2));
    struct decision decision = request_decider_choose(&decider, &situation);
    ck_assert_uint_eq(decision.refused_count, 1);
    ck_assert_uint_eq(decision.refused[0].request.client_token, 1);
    ck_assert_uint_eq(decider.queue.count, 1);
}
END_TEST

/* A12: users' checkpoints and savepoints do not wait for the pause, forced or not. */
START_TEST(decider_ignores_the_pause_for_what_is_not_periodic)
{
    struct decider_situation situation = calm;
    situation.last_completed_at = 99;
    struct decision decision = request_decider_add(&decider, users(1), &situation);
    assert_runs(&decision, 1);
    decision = request_decider_add(&decider, savepoint(2, false), &situation);
    assert_runs(&decision, 2);
    decision =
        request_decider_add(&decider, request(3, CHECKPOINT_PERIODIC, true, true), &situation);
    assert_runs(&decision, 3);
}
END_TEST

/* A12: savepoint before checkpoint, forced first, user before periodic, older first. */
START_TEST(decider_orders_by_kind_force_asker_and_age)
{
    decider.queue_limit = 10;
    enqueue(periodic(8));
    enqueue(users(6));
    enqueue(request(5, CHECKPOINT_PERIODIC, true, true));
    enqueue(savepoint(3, false));
    enqueue(periodic(9));
    enqueue(savepoint(1, true));
    enqueue(request(2, CHECKPOINT_STOP_DRAIN, false, true));
    enqueue(savepoint(4, false));
    enqueue(users(7));
    for (uint64_t expected = 1; expected <= 9; expected++) {
        struct decision decision = request_decider_choose(&decider, &calm);
        assert_runs(&decision, expected);
    }
    ck_assert(!request_decider_choose(&decider, &calm).run);
}
END_TEST

/* A new request is a chance for another one. */
START_TEST(decider_may_run_another_than_the_new_request)
{
    enqueue(savepoint(1, true));
    struct decision decision = request_decider_add(&decider, periodic(2), &calm);
    assert_runs(&decision, 1);
    ck_assert_uint_eq(decider.queue.count, 1);
}
END_TEST

/* A12: queue full of users' requests: the new one fails. */
START_TEST(decider_refuses_a_new_request_when_only_users_wait)
{
    for (uint64_t i = 1; i <= 3; i++)
        enqueue(users(i));
    struct decision decision = request_decider_add(&decider, savepoint(4, true), &calm);
    ck_assert(!decision.run);
    ck_assert_uint_eq(decision.refused_count, 1);
    ck_assert(!decision.refused[0].for_pause);
    ck_assert_uint_eq(decision.refused[0].request.client_token, 4);
    ck_assert_uint_eq(decider.queue.count, 3);
}
END_TEST

/* A12: queue full with a periodic one last: that one fails and the new one is queued. */
START_TEST(decider_puts_the_last_periodic_request_out_for_a_new_one)
{
    struct decider_situation busy = calm;
    busy.pending = 1;
    enqueue(periodic(1));
    enqueue(users(2));
    enqueue(periodic(3));
    struct decision decision = request_decider_add(&decider, users(4), &busy);
    ck_assert_uint_eq(decision.refused_count, 1);
    ck_assert(!decision.refused[0].for_pause);
    ck_assert_uint_eq(decision.refused[0].request.client_token, 3);
    ck_assert_uint_eq(decider.queue.items[0].client_token, 2);
    ck_assert_uint_eq(decider.queue.items[1].client_token, 4);
    ck_assert_uint_eq(decider.queue.items[2].client_token, 1);
}
END_TEST

START_TEST(decider_puts_a_new_periodic_request_out_when_it_is_last)
{
    struct decider_situation busy = calm;
    busy.pending = 1;
    for (uint64_t i = 1; i <= 3; i++)
        enqueue(periodic(i));
    struct decision decision = request_decider_add(&decider, periodic(4), &busy);
    ck_assert_uint_eq(decision.refused[0].request.client_token, 4);
    ck_assert_uint_eq(decider.queue.count, 3);
}
END_TEST

START_TEST(decider_can_refuse_for_the_queue_and_for_the_pause_at_once)
{
    struct decider_situation situation = calm;
    situation.last_completed_at = 99;
    for (uint64_t i = 1; i <= 3; i++)
        enqueue(periodic(i));
    struct decision decision = request_decider_add(&decider, periodic(4), &situation);
    ck_assert_uint_eq(decision.refused_count, 2);
    ck_assert(!decision.refused[0].for_pause);
    ck_assert_uint_eq(decision.refused[0].request.client_token, 4);
    ck_assert(decision.refused[1].for_pause);
    ck_assert_uint_eq(decision.refused[1].request.client_token, 1);
    ck_assert_int_eq(decision.retry_in, 49);
}
END_TEST

START_TEST(decider_queue_holds_its_limit_and_no_more)
{
    decider.queue_limit = CHECKPOINT_REQUESTS_MAX;
    for (uint64_t i = 0; i < CHECKPOINT_REQUESTS_MAX; i++)
        enqueue(users(i));
    ck_assert_uint_eq(decider.queue.count, CHECKPOINT_REQUESTS_MAX);
    struct decision decision = request_decider_add(&decider, users(9999), &calm);
    ck_assert_uint_eq(decision.refused_count, 1);
    ck_assert_uint_eq(decider.queue.count, CHECKPOINT_REQUESTS_MAX);
}
END_TEST

START_TEST(decider_hands_out_the_queue_best_first_when_it_is_drained)
{
    enqueue(periodic(2));
    enqueue(savepoint(1, true));
    struct checkpoint_request out;
    ck_assert(request_decider_take(&decider, &out));
    ck_assert_uint_eq(out.client_token, 1);
    ck_assert(request_decider_take(&decider, &out));
    ck_assert_uint_eq(out.client_token, 2);
    ck_assert(!request_decider_take(&decider, &out));
}
END_TEST

START_TEST(decider_without_room_for_a_checkpoint_is_a_fault)
{
    request_decider_init(&decider, 3, 0, 0);
}
END_TEST

Suite *test_checkpoint_decider_suite(void)
{
    Suite *suite = suite_create("checkpoint/request_decider");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, setup, teardown);
    tcase_add_test(rules, decider_runs_a_request_when_nothing_holds_it_back);
    tcase_add_test(rules, decider_runs_nothing_while_one_is_triggering);
    tcase_add_test(rules, decider_waits_only_when_more_than_max_concurrent_are_cleaned);
    tcase_add_test(rules, decider_runs_only_forced_requests_beside_pending_ones);
    tcase_add_test(rules, decider_runs_up_to_max_concurrent);
    tcase_add_test(rules, decider_drops_a_periodic_request_inside_the_pause);
    tcase_add_test(rules, decider_ends_the_pause_to_the_nanosecond);
    tcase_add_test(rules, decider_drops_one_request_at_a_time_for_the_pause);
    tcase_add_test(rules, decider_ignores_the_pause_for_what_is_not_periodic);
    tcase_add_test(rules, decider_orders_by_kind_force_asker_and_age);
    tcase_add_test(rules, decider_may_run_another_than_the_new_request);
    tcase_add_test(rules, decider_refuses_a_new_request_when_only_users_wait);
    tcase_add_test(rules, decider_puts_the_last_periodic_request_out_for_a_new_one);
    tcase_add_test(rules, decider_puts_a_new_periodic_request_out_when_it_is_last);
    tcase_add_test(rules, decider_can_refuse_for_the_queue_and_for_the_pause_at_once);
    tcase_add_test(rules, decider_queue_holds_its_limit_and_no_more);
    tcase_add_test(rules, decider_hands_out_the_queue_best_first_when_it_is_drained);
    tcase_add_test_raise_signal(rules, decider_without_room_for_a_checkpoint_is_a_fault, SIGABRT);
    suite_add_tcase(suite, rules);
    return suite;
}
