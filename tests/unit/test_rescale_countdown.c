/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the countdown of failed checkpoints that triggers a rescale.
 */
#include <check.h>
#include <signal.h>

#include "core/rescale/trigger_countdown.h"

/* A2: each completed checkpoint triggers. */
START_TEST(countdown_triggers_on_every_completed_checkpoint)
{
    struct trigger_countdown countdown;
    trigger_countdown_init(&countdown, 2);
    ck_assert(trigger_countdown_on_completed(&countdown));
    ck_assert(trigger_countdown_on_completed(&countdown));
    trigger_countdown_on_change(&countdown);
    ck_assert(trigger_countdown_on_completed(&countdown));
}
END_TEST

/* A2: without a change nothing counts. */
START_TEST(countdown_ignores_failures_without_a_change)
{
    struct trigger_countdown countdown;
    trigger_countdown_init(&countdown, 1);
    for (int i = 0; i < 5; i++)
        ck_assert(!trigger_countdown_on_failed(&countdown));
}
END_TEST

/* A2: N failures after the first change trigger. */
START_TEST(countdown_triggers_on_the_nth_failure_after_a_change)
{
    for (int n = 1; n <= 4; n++) {
        struct trigger_countdown countdown;
        trigger_countdown_init(&countdown, n);
        trigger_countdown_on_change(&countdown);
        for (int failure = 1; failure < n; failure++)
            ck_assert(!trigger_countdown_on_failed(&countdown));
        ck_assert(trigger_countdown_on_failed(&countdown));
        ck_assert(!trigger_countdown_on_failed(&countdown));
    }
}
END_TEST

START_TEST(countdown_is_not_started_anew_by_a_second_change)
{
    struct trigger_countdown countdown;
    trigger_countdown_init(&countdown, 2);
    trigger_countdown_on_change(&countdown);
    ck_assert(!trigger_countdown_on_failed(&countdown));
    trigger_countdown_on_change(&countdown);
    ck_assert(trigger_countdown_on_failed(&countdown));
}
END_TEST

/* A2: a completed checkpoint disarms; only a later change arms again, with the full count. */
START_TEST(countdown_is_disarmed_by_a_completed_checkpoint)
{
    struct trigger_countdown countdown;
    trigger_countdown_init(&countdown, 2);
    trigger_countdown_on_change(&countdown);
    ck_assert(!trigger_countdown_on_failed(&countdown));
    ck_assert(trigger_countdown_on_completed(&countdown));
    ck_assert(!trigger_countdown_on_failed(&countdown));
    ck_assert(!trigger_countdown_on_failed(&countdown));
    trigger_countdown_on_change(&countdown);
    ck_assert(!trigger_countdown_on_failed(&countdown));
    ck_assert(trigger_countdown_on_failed(&countdown));
}
END_TEST

START_TEST(countdown_hash_tells_the_states_apart)
{
    struct trigger_countdown countdown;
    trigger_countdown_init(&countdown, 2);
    uint64_t idle = trigger_countdown_hash(&countdown);
    trigger_countdown_on_change(&countdown);
    uint64_t armed = trigger_countdown_hash(&countdown);
    trigger_countdown_on_failed(&countdown);
    uint64_t counting = trigger_countdown_hash(&countdown);
    ck_assert_uint_ne(idle, armed);
    ck_assert_uint_ne(armed, counting);
    trigger_countdown_on_completed(&countdown);
    ck_assert_uint_eq(trigger_countdown_hash(&countdown), idle);
}
END_TEST

START_TEST(countdown_refuses_to_count_to_zero)
{
    struct trigger_countdown countdown;
    trigger_countdown_init(&countdown, 0);
}
END_TEST

Suite *test_rescale_countdown_suite(void);
Suite *test_rescale_countdown_suite(void)
{
    Suite *suite = suite_create("rescale_countdown");
    TCase *tcase = tcase_create("countdown");
    tcase_add_test(tcase, countdown_triggers_on_every_completed_checkpoint);
    tcase_add_test(tcase, countdown_ignores_failures_without_a_change);
    tcase_add_test(tcase, countdown_triggers_on_the_nth_failure_after_a_change);
    tcase_add_test(tcase, countdown_is_not_started_anew_by_a_second_change);
    tcase_add_test(tcase, countdown_is_disarmed_by_a_completed_checkpoint);
    tcase_add_test(tcase, countdown_hash_tells_the_states_apart);
    tcase_add_test_raise_signal(tcase, countdown_refuses_to_count_to_zero, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
