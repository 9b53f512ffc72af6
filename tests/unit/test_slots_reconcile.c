/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the plan that fits the cluster's size to its use: A6, reconcile, point by point.
 */
#include <check.h>

#include "tests/lib/allocations.h"

static struct reconcile_plan size_plan;

static void teardown(void)
{
    reconcile_plan_fini(&size_plan);
}

static void reconcile(const struct allocation_settings *settings,
                      const struct reconcile_worker *registered, uint32_t registered_count,
                      const struct reconcile_pending *pending, uint32_t pending_count)
{
    struct reconcile_view view = { .settings = settings,
                                   .registered = registered,
                                   .registered_count = registered_count,
                                   .pending = pending,
                                   .pending_count = pending_count };
    for (uint32_t i = 0; i < registered_count; i++)
        amount_add(&view.cluster_total, &registered[i].total, 1);
    for (uint32_t i = 0; i < pending_count; i++)
        amount_add(&view.cluster_total, &pending[i].total, 1);
    slot_allocation_reconcile(&view, &size_plan);
}

static struct reconcile_worker idle_worker(void)
{
    return (struct reconcile_worker){ amount(8, 80), amount(8, 80), true };
}

static struct reconcile_worker busy_worker(int64_t cpu, int64_t memory)
{
    return (struct reconcile_worker){ amount(8, 80), amount(cpu, memory), false };
}

static struct reconcile_pending unused_pending(void)
{
    return (struct reconcile_pending){ amount(8, 80), amount(8, 80), false };
}

/* A6: idle for the timeout or longer, and not needed: goes. */
START_TEST(reconcile_releases_timed_out_workers_that_nobody_needs)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct reconcile_worker registered[] = { idle_worker(), busy_worker(8, 80), idle_worker() };
    struct reconcile_pending pending[] = { unused_pending() };
    reconcile(&settings, registered, 3, pending, 1);
    ck_assert_uint_eq(size_plan.releases.count, 2);
    ck_assert_uint_eq(size_plan.releases.items[0], 0);
    ck_assert_uint_eq(size_plan.releases.items[1], 2);
    ck_assert_uint_eq(size_plan.pending_releases.count, 1);
    ck_assert_uint_eq(size_plan.new_workers, 0);
}
END_TEST

/* A6, keep order: timed-out ones one by one, then unused pending ones. */
START_TEST(reconcile_keeps_timed_out_workers_for_redundancy_before_pending_ones)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct reconcile_worker registered[] = { idle_worker(), idle_worker() };
    struct reconcile_pending pending[] = { unused_pending(), unused_pending() };
    settings.redundant = 1;
    reconcile(&settings, registered, 2, pending, 2);
    ck_assert_uint_eq(size_plan.releases.count, 1);
    ck_assert_uint_eq(size_plan.releases.items[0], 1);
    ck_assert_uint_eq(size_plan.pending_releases.count, 2);
    settings.redundant = 3;
    reconcile(&settings, registered, 2, pending, 2);
    ck_assert_uint_eq(size_plan.releases.count, 0);
    ck_assert_uint_eq(size_plan.pending_releases.count, 1);
    ck_assert_uint_eq(size_plan.pending_releases.items[0], 1);
    settings.redundant = 6;
    reconcile(&settings, registered, 2, pending, 2);
    ck_assert_uint_eq(size_plan.pending_releases.count, 0);
    ck_assert_uint_eq(size_plan.new_workers, 2);
}
END_TEST

/* What busy workers have free counts for redundancy, that of pending ones in use only when the
 * first does not suffice. */
START_TEST(reconcile_counts_what_is_left_on_workers_in_use)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct reconcile_worker registered[] = { busy_worker(6, 60), busy_worker(2, 20),
                                             idle_worker() };
    struct reconcile_pending pending[] = { { amount(8, 80), amount(8, 70), true } };
    settings.redundant = 1;
    reconcile(&settings, registered, 3, pending, 1);
    ck_assert_uint_eq(size_plan.releases.count, 1);
    settings.redundant = 2;
    reconcile(&settings, registered, 3, pending, 1);
    ck_assert_uint_eq(size_plan.releases.count, 0);
    pending[0].unused.of[RESOURCE_MEMORY] = 80;
    reconcile(&settings, registered, 3, pending, 1);
    ck_assert_uint_eq(size_plan.releases.count, 1);
    ck_assert_uint_eq(size_plan.pending_releases.count, 0);
}
END_TEST

START_TEST(reconcile_keeps_the_minimum)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct reconcile_worker registered[] = { busy_worker(0, 0), idle_worker(), idle_worker() };
    settings.least = amount(16, 0);
    reconcile(&settings, registered, 3, NULL, 0);
    ck_assert_uint_eq(size_plan.releases.count, 1);
    ck_assert_uint_eq(size_plan.releases.items[0], 2);
    settings.least = amount(0, 401);
    reconcile(&settings, registered, 3, NULL, 0);
    ck_assert_uint_eq(size_plan.releases.count, 0);
    ck_assert_uint_eq(size_plan.new_workers, 3);
    settings.most = amount(1000, 400);
    settings.most.of[RESOURCE_CUSTOM_FIRST] = INT64_MAX;
    reconcile(&settings, registered, 3, NULL, 0);
    ck_assert_uint_eq(size_plan.new_workers, 2);
}
END_TEST

/* Flink takes a busy worker for one default worker, a timed-out one for what it is. */
START_TEST(reconcile_counts_a_busy_worker_as_a_default_one)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct reconcile_worker registered[] = { { amount(2, 20), amount(0, 0), false },
                                             { amount(2, 20), amount(2, 20), true },
                                             { amount(2, 20), amount(2, 20), true } };
    settings.least = amount(9, 0);
    reconcile(&settings, registered, 3, NULL, 0);
    ck_assert_uint_eq(size_plan.releases.count, 1);
    ck_assert_uint_eq(size_plan.releases.items[0], 2);
}
END_TEST

/* A worker without memory never meets a minimum of memory: none is started for it. */
START_TEST(reconcile_does_not_start_workers_that_would_not_help)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    settings.worker = amount(8, 0);
    settings.least = amount(9, 100);
    reconcile(&settings, NULL, 0, NULL, 0);
    ck_assert_uint_eq(size_plan.new_workers, 2);
}
END_TEST

Suite *test_slots_reconcile_suite(void);
Suite *test_slots_reconcile_suite(void)
{
    TCase *tcase = tcase_create("reconcile");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, reconcile_releases_timed_out_workers_that_nobody_needs);
    tcase_add_test(tcase, reconcile_keeps_timed_out_workers_for_redundancy_before_pending_ones);
    tcase_add_test(tcase, reconcile_counts_what_is_left_on_workers_in_use);
    tcase_add_test(tcase, reconcile_keeps_the_minimum);
    tcase_add_test(tcase, reconcile_counts_a_busy_worker_as_a_default_one);
    tcase_add_test(tcase, reconcile_does_not_start_workers_that_would_not_help);
    Suite *suite = suite_create("slots_reconcile");
    suite_add_tcase(suite, tcase);
    return suite;
}
