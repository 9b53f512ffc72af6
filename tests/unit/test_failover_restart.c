/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the restart strategies: Flink's rules point by point, and the recorded runs of Flink
 * 2.3 with the same settings.
 */
#include <check.h>
#include <signal.h>

#include "core/failover/restart_strategy.h"

static struct config config_of(enum config_choice_RESTART choice)
{
    return (struct config){
        .restart_strategy = choice,
        .restart_fixed_attempts = 1,
        .restart_fixed_delay = TIME_S,
        .restart_rate_max = 1,
        .restart_rate_interval = TIME_MIN,
        .restart_rate_delay = TIME_S,
        .restart_exp_initial = TIME_S,
        .restart_exp_max = TIME_MIN,
        .restart_exp_multiplier = 1500000,
        .restart_exp_reset = TIME_H,
        .restart_exp_jitter = 100000,
        .restart_exp_attempts = -1,
        .checkpoint_interval = TIME_NEVER,
    };
}

static struct restart_strategy strategy_of(const struct config *config)
{
    struct restart_strategy strategy;
    restart_strategy_init(&strategy, config, 42, 0);
    return strategy;
}

START_TEST(strategy_not_set_is_none_without_checkpointing)
{
    struct config config = config_of(RESTART_UNSET);
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert_str_eq(strategy.row->name, "none");
    config.checkpoint_interval = 0;
    strategy = strategy_of(&config);
    ck_assert_str_eq(strategy.row->name, "none");
}
END_TEST

START_TEST(strategy_not_set_is_exponential_delay_with_checkpointing)
{
    struct config config = config_of(RESTART_UNSET);
    config.checkpoint_interval = 30 * TIME_S;
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert_str_eq(strategy.row->name, "exponential-delay");
}
END_TEST

START_TEST(strategy_of_each_choice_has_the_row_of_its_name)
{
    static const char *const names[] = { [RESTART_NONE] = "none",
                                         [RESTART_FIXED_DELAY] = "fixed-delay",
                                         [RESTART_FAILURE_RATE] = "failure-rate",
                                         [RESTART_EXPONENTIAL_DELAY] = "exponential-delay" };
    ck_assert_uint_eq(restart_strategy_count, RESTART_COUNT - 1);
    for (int choice = RESTART_NONE; choice < RESTART_COUNT; choice++) {
        struct config config = config_of((enum config_choice_RESTART)choice);
        struct restart_strategy strategy = strategy_of(&config);
        ck_assert_str_eq(strategy.row->name, names[choice]);
    }
}
END_TEST

/* Recording restart-none: FAILING at once. */
START_TEST(none_never_restarts)
{
    struct config config = config_of(RESTART_NONE);
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert(restart_strategy_notify_failure(&strategy, 0));
    ck_assert(!restart_strategy_can_restart(&strategy, 0));
    ck_assert_int_eq(restart_strategy_backoff(&strategy, 0), 0);
}
END_TEST

/* Recording restart-fixed-delay-3-2s: three restarts, FAILED at the fourth failure. */
START_TEST(fixed_delay_3_fails_at_the_fourth_failure)
{
    struct config config = config_of(RESTART_FIXED_DELAY);
    config.restart_fixed_attempts = 3;
    config.restart_fixed_delay = 2 * TIME_S;
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert(restart_strategy_can_restart(&strategy, 0));
    for (int failure = 1; failure <= 5; failure++) {
        time_ns now = failure * TIME_DAY;
        ck_assert(restart_strategy_notify_failure(&strategy, now));
        ck_assert_int_eq(restart_strategy_can_restart(&strategy, now), failure <= 3);
        ck_assert_int_eq(restart_strategy_backoff(&strategy, now), 2 * TIME_S);
    }
}
END_TEST

START_TEST(fixed_delay_0_fails_at_the_first_failure)
{
    struct config config = config_of(RESTART_FIXED_DELAY);
    config.restart_fixed_attempts = 0;
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert(restart_strategy_can_restart(&strategy, 0));
    restart_strategy_notify_failure(&strategy, 0);
    ck_assert(!restart_strategy_can_restart(&strategy, 0));
}
END_TEST

/* Recording restart-failure-rate-3-per-30s: three restarts, FAILED at the fourth in 30 s. */
START_TEST(failure_rate_3_fails_at_the_fourth_failure_inside_the_interval)
{
    struct config config = config_of(RESTART_FAILURE_RATE);
    config.restart_rate_max = 3;
    config.restart_rate_interval = 30 * TIME_S;
    struct restart_strategy strategy = strategy_of(&config);
    for (int failure = 1; failure <= 6; failure++) {
        time_ns now = failure * 3 * TIME_S;
        ck_assert(restart_strategy_notify_failure(&strategy, now));
        ck_assert_int_eq(restart_strategy_can_restart(&strategy, now), failure <= 3);
        ck_assert_int_eq(restart_strategy_backoff(&strategy, now), TIME_S);
    }
    restart_strategy_fini(&strategy);
}
END_TEST

/* A9: failure-rate refuses when its queue is full and the oldest is within the interval, which
 * includes its end. */
START_TEST(failure_rate_counts_the_end_of_the_interval_as_inside)
{
    struct config config = config_of(RESTART_FAILURE_RATE);
    struct restart_strategy strategy = strategy_of(&config);
    restart_strategy_notify_failure(&strategy, 0);
    restart_strategy_notify_failure(&strategy, TIME_MIN);
    ck_assert(!restart_strategy_can_restart(&strategy, TIME_MIN));
    ck_assert(restart_strategy_can_restart(&strategy, TIME_MIN + 1));
    restart_strategy_fini(&strategy);
}
END_TEST

START_TEST(failure_rate_forgets_the_oldest_failure_for_the_newest)
{
    struct config config = config_of(RESTART_FAILURE_RATE);
    config.restart_rate_max = 2;
    struct restart_strategy strategy = strategy_of(&config);
    for (int failure = 0; failure < 50; failure++) {
        time_ns now = failure * 31 * TIME_S; /* three of them span 62 s */
        restart_strategy_notify_failure(&strategy, now);
        ck_assert(restart_strategy_can_restart(&strategy, now));
    }
    ck_assert_uint_eq(strategy.failures.count, 3);
    restart_strategy_notify_failure(&strategy, 49 * 31 * TIME_S + 29 * TIME_S);
    ck_assert(!restart_strategy_can_restart(&strategy, 49 * 31 * TIME_S + 29 * TIME_S));
    restart_strategy_fini(&strategy);
}
END_TEST

static struct config exponential_without_jitter(void)
{
    struct config config = config_of(RESTART_EXPONENTIAL_DELAY);
    config.restart_exp_jitter = 0;
    return config;
}

/* A9: exponential, n counted from 0, clamped to the maximum. */
START_TEST(exponential_delay_grows_to_its_maximum)
{
    static const int64_t waits_ms[] = { 1000,  1500,  2250,  3375,  5062,  7593, 11390,
                                        17085, 25628, 38443, 57665, 60000, 60000 };
    struct config config = exponential_without_jitter();
    struct restart_strategy strategy = strategy_of(&config);
    time_ns now = 0;
    for (int n = 0; n < 13; n++) {
        ck_assert(restart_strategy_notify_failure(&strategy, now));
        ck_assert(restart_strategy_can_restart(&strategy, now));
        ck_assert_int_eq(restart_strategy_backoff(&strategy, now), waits_ms[n] * TIME_MS);
        now += waits_ms[n] * TIME_MS + 1;
    }
}
END_TEST

/* A9: a failure at or before the planned restart belongs to the same attempt (FLIP-364), and its
 * wait is what is left. */
START_TEST(exponential_delay_merges_failures_up_to_the_planned_restart)
{
    struct config config = exponential_without_jitter();
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert(restart_strategy_notify_failure(&strategy, 5 * TIME_S));
    ck_assert(!restart_strategy_notify_failure(&strategy, 5 * TIME_S));
    ck_assert(!restart_strategy_notify_failure(&strategy, 5 * TIME_S + 400 * TIME_MS));
    ck_assert_int_eq(restart_strategy_backoff(&strategy, 5 * TIME_S + 400 * TIME_MS),
                     600 * TIME_MS);
    ck_assert(!restart_strategy_notify_failure(&strategy, 6 * TIME_S));
    ck_assert_int_eq(restart_strategy_backoff(&strategy, 6 * TIME_S), 0);
    ck_assert_int_eq(strategy.attempts, 1);
    ck_assert(restart_strategy_notify_failure(&strategy, 6 * TIME_S + 1));
    ck_assert_int_eq(restart_strategy_backoff(&strategy, 6 * TIME_S + 1), 1500 * TIME_MS);
    ck_assert_int_eq(strategy.attempts, 2);
}
END_TEST

START_TEST(exponential_delay_backoff_is_zero_once_the_plan_is_past)
{
    struct config config = exponential_without_jitter();
    struct restart_strategy strategy = strategy_of(&config);
    restart_strategy_notify_failure(&strategy, 0);
    ck_assert_int_eq(restart_strategy_backoff(&strategy, 5 * TIME_S), 0);
}
END_TEST

/* A9: n starts over when the planned restart is reset-backoff-threshold or more ago. */
START_TEST(exponential_delay_starts_over_after_the_quiet_time)
{
    struct config config = exponential_without_jitter();
    struct restart_strategy strategy = strategy_of(&config);
    restart_strategy_notify_failure(&strategy, 0); /* planned at 1 s */
    restart_strategy_notify_failure(&strategy, TIME_S + TIME_H - 1);
    ck_assert_int_eq(strategy.delay, 1500 * TIME_MS);
    time_ns planned = strategy.planned_at;
    restart_strategy_notify_failure(&strategy, planned + TIME_H);
    ck_assert_int_eq(strategy.delay, TIME_S);
    ck_assert_int_eq(strategy.attempts, 1);
}
END_TEST

/* A9: may restart while n <= attempts-before-reset-backoff. */
START_TEST(exponential_delay_gives_up_after_its_attempts)
{
    struct config config = exponential_without_jitter();
    config.restart_exp_attempts = 2;
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert(restart_strategy_can_restart(&strategy, 0));
    for (int failure = 1; failure <= 3; failure++) {
        time_ns now = failure * TIME_MIN;
        restart_strategy_notify_failure(&strategy, now);
        ck_assert(!restart_strategy_notify_failure(&strategy, now));
        ck_assert_int_eq(restart_strategy_can_restart(&strategy, now), failure <= 2);
    }
    restart_strategy_notify_failure(&strategy, 2 * TIME_H);
    ck_assert(restart_strategy_can_restart(&strategy, 2 * TIME_H));
}
END_TEST

/* A9: j uniform in [-floor(d * jitter), +floor(d * jitter)], added before the clamp. */
START_TEST(exponential_delay_jitter_reaches_both_ends_and_no_further)
{
    struct config config = config_of(RESTART_EXPONENTIAL_DELAY);
    config.restart_exp_initial = 100 * TIME_MS;
    config.restart_exp_multiplier = 2000000;
    config.restart_exp_reset = TIME_DAY;
    bool seen[41] = { false }; /* 200 ms, +- 20 */
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct restart_strategy strategy;
        restart_strategy_init(&strategy, &config, seed, 0);
        restart_strategy_notify_failure(&strategy, 0);
        ck_assert_int_ge(strategy.delay, 100 * TIME_MS);
        ck_assert_int_le(strategy.delay, 110 * TIME_MS);
        restart_strategy_notify_failure(&strategy, TIME_S);
        ck_assert_int_eq(strategy.delay % TIME_MS, 0);
        ck_assert_int_ge(strategy.delay, 180 * TIME_MS);
        ck_assert_int_le(strategy.delay, 220 * TIME_MS);
        seen[strategy.delay / TIME_MS - 180] = true;
    }
    for (int i = 0; i < 41; i++)
        ck_assert(seen[i]);
}
END_TEST

/* Recording restart-exponential-delay-defaults: from failure to restart, which is the wait and up
 * to 0.2 s of work. */
START_TEST(exponential_delay_covers_the_recorded_waits)
{
    static const int64_t recorded_ms[] = { 1060, 1480, 2520, 3440, 5370, 7190, 12400, 15600 };
    struct config config = config_of(RESTART_EXPONENTIAL_DELAY);
    int64_t least[8], most[8];
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct restart_strategy strategy;
        restart_strategy_init(&strategy, &config, seed, 0);
        for (int n = 0; n < 8; n++) {
            restart_strategy_notify_failure(&strategy, (n + 1) * TIME_MIN);
            int64_t wait_ms = strategy.delay / TIME_MS;
            least[n] = seed == 0 || wait_ms < least[n] ? wait_ms : least[n];
            most[n] = seed == 0 || wait_ms > most[n] ? wait_ms : most[n];
        }
    }
    for (int n = 0; n < 8; n++) {
        ck_assert_int_ge(recorded_ms[n], least[n]);
        ck_assert_int_le(recorded_ms[n], most[n] + 200);
    }
}
END_TEST

/* The jitter of the unbounded wait, bounded afterwards: 64 s +- 6.4 s under a maximum of 60 s. */
START_TEST(exponential_delay_bounds_after_the_jitter)
{
    struct config config = config_of(RESTART_EXPONENTIAL_DELAY);
    config.restart_exp_initial = 64 * TIME_S;
    config.restart_exp_max = 66 * TIME_S;
    int at_least = 0, at_most = 0, between = 0;
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct restart_strategy strategy;
        restart_strategy_init(&strategy, &config, seed, 0);
        restart_strategy_notify_failure(&strategy, 0);
        ck_assert_int_ge(strategy.delay, 64 * TIME_S);
        ck_assert_int_le(strategy.delay, 66 * TIME_S);
        at_least += strategy.delay == 64 * TIME_S;
        at_most += strategy.delay == 66 * TIME_S;
        between += strategy.delay > 64 * TIME_S && strategy.delay < 66 * TIME_S;
    }
    ck_assert_int_gt(at_least, 200); /* half, and a bit, of the draws are below */
    ck_assert_int_gt(at_most, 120);  /* a third of them above */
    ck_assert_int_gt(between, 40);
}
END_TEST

START_TEST(exponential_delay_stays_at_its_maximum_after_a_thousand_attempts)
{
    struct config config = config_of(RESTART_EXPONENTIAL_DELAY);
    struct restart_strategy strategy = strategy_of(&config);
    for (int n = 0; n < 1000; n++)
        restart_strategy_notify_failure(&strategy, (n + 1) * 2 * TIME_MIN);
    ck_assert_int_eq(strategy.attempts, 1000);
    ck_assert_int_eq(strategy.delay, TIME_MIN);
}
END_TEST

START_TEST(exponential_delay_with_an_endless_wait_still_plans)
{
    struct config config = exponential_without_jitter();
    config.restart_exp_initial = TIME_NEVER - TIME_S;
    config.restart_exp_max = TIME_NEVER - TIME_S;
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert(restart_strategy_notify_failure(&strategy, TIME_DAY));
    ck_assert(!restart_strategy_notify_failure(&strategy, 2 * TIME_DAY));
    ck_assert_int_gt(restart_strategy_backoff(&strategy, 2 * TIME_DAY), 1000 * TIME_DAY);
}
END_TEST

START_TEST(exponential_delay_has_no_backoff_before_its_first_failure)
{
    struct config config = exponential_without_jitter();
    struct restart_strategy strategy = strategy_of(&config);
    ck_assert(!restart_strategy_has_backoff(&strategy));
    restart_strategy_notify_failure(&strategy, 0);
    ck_assert(restart_strategy_has_backoff(&strategy));
    config.restart_strategy = RESTART_FIXED_DELAY;
    strategy = strategy_of(&config);
    ck_assert(restart_strategy_has_backoff(&strategy));
}
END_TEST

START_TEST(exponential_delay_cannot_be_asked_before_its_first_failure)
{
    struct config config = exponential_without_jitter();
    struct restart_strategy strategy = strategy_of(&config);
    restart_strategy_backoff(&strategy, 0);
}
END_TEST

START_TEST(strategy_draws_the_same_jitter_for_the_same_seed_and_job)
{
    struct config config = config_of(RESTART_EXPONENTIAL_DELAY);
    struct restart_strategy a, b, other;
    restart_strategy_init(&a, &config, 7, 3);
    restart_strategy_init(&b, &config, 7, 3);
    restart_strategy_init(&other, &config, 7, 4);
    for (int n = 1; n < 20; n++) {
        restart_strategy_notify_failure(&a, n * TIME_MIN * 2);
        restart_strategy_notify_failure(&b, n * TIME_MIN * 2);
        restart_strategy_notify_failure(&other, n * TIME_MIN * 2);
        ck_assert_uint_eq(restart_strategy_hash(&a), restart_strategy_hash(&b));
        ck_assert_uint_ne(restart_strategy_hash(&a), restart_strategy_hash(&other));
    }
}
END_TEST

START_TEST(strategy_hash_changes_with_failures_and_not_with_questions)
{
    for (int choice = RESTART_FIXED_DELAY; choice < RESTART_COUNT; choice++) {
        struct config config = config_of((enum config_choice_RESTART)choice);
        struct restart_strategy strategy = strategy_of(&config);
        uint64_t before = restart_strategy_hash(&strategy);
        restart_strategy_notify_failure(&strategy, TIME_S);
        uint64_t after = restart_strategy_hash(&strategy);
        ck_assert_uint_ne(before, after);
        restart_strategy_can_restart(&strategy, TIME_S);
        restart_strategy_backoff(&strategy, TIME_S);
        ck_assert_uint_eq(restart_strategy_hash(&strategy), after);
        restart_strategy_fini(&strategy);
    }
}
END_TEST

static TCase *choice_cases(void)
{
    TCase *tcase = tcase_create("choice");
    tcase_add_test(tcase, strategy_not_set_is_none_without_checkpointing);
    tcase_add_test(tcase, strategy_not_set_is_exponential_delay_with_checkpointing);
    tcase_add_test(tcase, strategy_of_each_choice_has_the_row_of_its_name);
    tcase_add_test(tcase, strategy_draws_the_same_jitter_for_the_same_seed_and_job);
    tcase_add_test(tcase, strategy_hash_changes_with_failures_and_not_with_questions);
    return tcase;
}

static TCase *simple_cases(void)
{
    TCase *tcase = tcase_create("none, fixed-delay, failure-rate");
    tcase_add_test(tcase, none_never_restarts);
    tcase_add_test(tcase, fixed_delay_3_fails_at_the_fourth_failure);
    tcase_add_test(tcase, fixed_delay_0_fails_at_the_first_failure);
    tcase_add_test(tcase, failure_rate_3_fails_at_the_fourth_failure_inside_the_interval);
    tcase_add_test(tcase, failure_rate_counts_the_end_of_the_interval_as_inside);
    tcase_add_test(tcase, failure_rate_forgets_the_oldest_failure_for_the_newest);
    return tcase;
}

static TCase *exponential_cases(void)
{
    TCase *tcase = tcase_create("exponential-delay");
    tcase_add_test(tcase, exponential_delay_grows_to_its_maximum);
    tcase_add_test(tcase, exponential_delay_merges_failures_up_to_the_planned_restart);
    tcase_add_test(tcase, exponential_delay_backoff_is_zero_once_the_plan_is_past);
    tcase_add_test(tcase, exponential_delay_starts_over_after_the_quiet_time);
    tcase_add_test(tcase, exponential_delay_gives_up_after_its_attempts);
    tcase_add_test(tcase, exponential_delay_jitter_reaches_both_ends_and_no_further);
    tcase_add_test(tcase, exponential_delay_covers_the_recorded_waits);
    tcase_add_test(tcase, exponential_delay_bounds_after_the_jitter);
    tcase_add_test(tcase, exponential_delay_stays_at_its_maximum_after_a_thousand_attempts);
    tcase_add_test(tcase, exponential_delay_with_an_endless_wait_still_plans);
    tcase_add_test(tcase, exponential_delay_has_no_backoff_before_its_first_failure);
    tcase_add_test_raise_signal(tcase, exponential_delay_cannot_be_asked_before_its_first_failure,
                                SIGABRT);
    return tcase;
}

Suite *test_failover_restart_suite(void);
Suite *test_failover_restart_suite(void)
{
    Suite *suite = suite_create("failover_restart");
    suite_add_tcase(suite, choice_cases());
    suite_add_tcase(suite, simple_cases());
    suite_add_tcase(suite, exponential_cases());
    return suite;
}
