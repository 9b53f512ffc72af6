/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the plan that fulfils requirements: A6 point by point.
 */
#include <check.h>
#include <signal.h>

#include "tests/lib/allocations.h"

static struct fulfil_plan plan;

static void teardown(void)
{
    fulfil_plan_fini(&plan);
}

static void fulfil(const struct allocation_settings *settings,
                   const struct allocation_worker *registered, uint32_t registered_count,
                   const struct allocation_worker *pending, uint32_t pending_count,
                   const struct allocation_need *needs, uint32_t need_count)
{
    allocations_fulfil(settings, registered, registered_count, pending, pending_count, needs,
                       need_count, &plan);
}

static uint32_t granted(bool on_pending, uint32_t worker, uint32_t need)
{
    return allocations_granted(&plan, on_pending, worker, need);
}

/* A6: registered TaskManagers, then pending ones, then new ones. */
START_TEST(fulfil_asks_registered_then_pending_then_new_workers)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker registered[] = { worker_with(2, 20), worker_with(8, 80) };
    struct allocation_worker pending[] = { worker_with(8, 80) };
    struct allocation_need needs[] = { need_default(0, 14) };
    fulfil(&settings, registered, 2, pending, 1, needs, 1);
    ck_assert_uint_eq(granted(false, 0, 0), 1);
    ck_assert_uint_eq(granted(false, 1, 0), 4);
    ck_assert_uint_eq(granted(true, 0, 0), 4);
    ck_assert_uint_eq(granted(true, 1, 0), 4);
    ck_assert_uint_eq(granted(true, 2, 0), 1);
    ck_assert_uint_eq(plan.new_workers, 2);
    ck_assert_uint_eq(plan.unfulfillable.count, 0);
}
END_TEST

/* A6: a default requirement means one default slot of the TaskManager at hand. */
START_TEST(fulfil_gives_each_worker_its_own_default_slot)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker registered[] = { worker_with(8, 80), worker_with(8, 80) };
    registered[0].slot = amount(8, 80);
    struct allocation_need needs[] = { need_default(0, 3) };
    fulfil(&settings, registered, 2, NULL, 0, needs, 1);
    ck_assert_uint_eq(granted(false, 0, 0), 1);
    ck_assert_uint_eq(granted(false, 1, 0), 2);
    ck_assert_int_eq(plan.on_registered.items[0].slot.of[RESOURCE_CPU], 8);
    ck_assert_int_eq(plan.on_registered.items[1].slot.of[RESOURCE_CPU], 2);
}
END_TEST

/* A6: SLOTS takes the least utilised first. Utilisation is the larger share of the two. */
START_TEST(fulfil_by_slots_evens_out_utilisation)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_SLOTS);
    struct allocation_worker registered[] = { worker_with(8, 40), worker_with(6, 60),
                                              worker_with(8, 80) };
    struct allocation_need needs[] = { need_default(0, 3) };
    fulfil(&settings, registered, 3, NULL, 0, needs, 1);
    ck_assert_uint_eq(granted(false, 0, 0), 0);
    ck_assert_uint_eq(granted(false, 1, 0), 1);
    ck_assert_uint_eq(granted(false, 2, 0), 2);
    ck_assert_uint_eq(plan.on_registered.items[0].worker, 2);
    ck_assert_uint_eq(plan.on_registered.items[1].worker, 1);
}
END_TEST

/* A6: MIN_RESOURCES takes the most utilised first, as long as it fits. */
START_TEST(fulfil_by_min_resources_fills_up_the_fullest)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_MIN_RESOURCES);
    struct allocation_worker registered[] = { worker_with(8, 80), worker_with(1, 80),
                                              worker_with(6, 60), worker_with(4, 40) };
    struct allocation_need needs[] = { need_default(0, 6) };
    fulfil(&settings, registered, 4, NULL, 0, needs, 1);
    ck_assert_uint_eq(granted(false, 1, 0), 0);
    ck_assert_uint_eq(granted(false, 3, 0), 2);
    ck_assert_uint_eq(granted(false, 2, 0), 3);
    ck_assert_uint_eq(granted(false, 0, 0), 1);
}
END_TEST

/* A6: TASKS spreads tasks on the job's side; here it is any match, like NONE. Pending ones always
 * are: with SLOTS they would be half empty both. */
START_TEST(fulfil_takes_pending_workers_in_order_whatever_the_balance)
{
    struct allocation_worker pending[] = { worker_with(8, 80), worker_with(8, 80) };
    struct allocation_need needs[] = { need_default(0, 4) };
    for (int balance = 0; balance < LOAD_BALANCE_COUNT; balance++) {
        struct allocation_settings settings = settings_of((enum config_choice_LOAD_BALANCE)balance);
        fulfil(&settings, NULL, 0, pending, 2, needs, 1);
        ck_assert_uint_eq(granted(true, 0, 0), 4);
    }
    struct allocation_settings settings = settings_of(LOAD_BALANCE_TASKS);
    fulfil(&settings, pending, 2, NULL, 0, needs, 1);
    ck_assert_uint_eq(granted(false, 0, 0), 4);
}
END_TEST

/* A6: a profile larger than one whole worker marks the job; the other rows are still served. */
START_TEST(fulfil_says_which_job_wants_more_than_a_whole_worker)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_need needs[] = { need_of(3, 1, 9, 10), need_of(3, 1, 1, 81),
                                       need_default(3, 1), need_default(4, 1) };
    fulfil(&settings, NULL, 0, NULL, 0, needs, 4);
    ck_assert_uint_eq(plan.unfulfillable.count, 1);
    ck_assert_uint_eq(plan.unfulfillable.items[0], 3);
    ck_assert_uint_eq(plan.new_workers, 1);
    ck_assert_uint_eq(granted(true, 0, 2), 1);
    ck_assert_uint_eq(granted(true, 0, 3), 1);
}
END_TEST

/* ... unless a registered TaskManager is large enough. */
START_TEST(fulfil_serves_a_large_profile_from_a_large_worker)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker large = { amount(16, 160), amount(16, 160), amount(16, 160) };
    struct allocation_need needs[] = { need_of(0, 1, 9, 10) };
    fulfil(&settings, &large, 1, NULL, 0, needs, 1);
    ck_assert_uint_eq(plan.unfulfillable.count, 0);
    ck_assert_uint_eq(plan.new_workers, 0);
}
END_TEST

START_TEST(fulfil_shares_one_list_among_all_jobs)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker registered[] = { worker_with(8, 80) };
    struct allocation_need needs[] = { need_default(0, 3), need_of(1, 1, 1, 5),
                                       need_default(1, 2) };
    fulfil(&settings, registered, 1, NULL, 0, needs, 3);
    ck_assert_uint_eq(granted(false, 0, 0), 3);
    ck_assert_uint_eq(granted(false, 0, 1), 1);
    ck_assert_uint_eq(granted(false, 0, 2), 0);
    ck_assert_uint_eq(granted(true, 0, 2), 2);
}
END_TEST

START_TEST(fulfil_counts_named_resources_like_the_others)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    settings.worker = amount_custom(8, 80, 2);
    struct allocation_worker registered[] = { worker_with(8, 80) };
    registered[0].total = registered[0].available = amount_custom(8, 80, 1);
    struct allocation_need needs[] = { need_of(0, 4, 1, 1), need_of(1, 1, 1, 1) };
    needs[0].slot = amount_custom(1, 1, 1);
    needs[1].slot = amount_custom(1, 1, 3);
    fulfil(&settings, registered, 1, NULL, 0, needs, 2);
    ck_assert_uint_eq(granted(false, 0, 0), 1);
    ck_assert_uint_eq(granted(true, 0, 0), 2);
    ck_assert_uint_eq(granted(true, 1, 0), 1);
    ck_assert_uint_eq(plan.unfulfillable.count, 1);
    ck_assert_uint_eq(plan.unfulfillable.items[0], 1);
}
END_TEST

/* A6: after matching, workers are added until redundancy and minimum are met. */
START_TEST(fulfil_adds_workers_for_redundancy_and_minimum)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker registered[] = { worker_with(8, 80) };
    struct allocation_need needs[] = { need_default(0, 2) };
    settings.redundant = 1;
    fulfil(&settings, registered, 1, NULL, 0, needs, 1);
    ck_assert_uint_eq(plan.new_workers, 1);
    settings.redundant = 0;
    settings.least = amount(17, 0);
    fulfil(&settings, registered, 1, NULL, 0, needs, 1);
    ck_assert_uint_eq(plan.new_workers, 2);
    settings.redundant = 3;
    fulfil(&settings, registered, 1, registered, 1, needs, 0);
    ck_assert_uint_eq(plan.new_workers, 1);
    settings.least = amount(0, 321);
    fulfil(&settings, registered, 1, registered, 1, needs, 0);
    ck_assert_uint_eq(plan.new_workers, 3);
}
END_TEST

/* A6: a new worker is not requested if it would pass the maximum. */
START_TEST(fulfil_stops_at_the_maximum)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker registered[] = { worker_with(0, 0) };
    struct allocation_need needs[] = { need_default(0, 3), need_default(1, 9), need_default(2, 1) };
    settings.most = amount(1000, 3 * 80);
    settings.most.of[RESOURCE_CUSTOM_FIRST] = INT64_MAX;
    fulfil(&settings, registered, 1, NULL, 0, needs, 3);
    ck_assert_uint_eq(plan.new_workers, 2);
    ck_assert_uint_eq(granted(true, 0, 0), 3);
    ck_assert_uint_eq(granted(true, 0, 1) + granted(true, 1, 1), 5);
    ck_assert_uint_eq(plan.unfulfillable.count, 2);
    ck_assert_uint_eq(plan.unfulfillable.items[0], 1);
    ck_assert_uint_eq(plan.unfulfillable.items[1], 2);
    settings.redundant = 5;
    fulfil(&settings, registered, 1, NULL, 0, needs, 0);
    ck_assert_uint_eq(plan.new_workers, 2);
}
END_TEST

/* Standalone: the workers there are must do. */
START_TEST(fulfil_without_new_workers_leaves_jobs_unfulfillable)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker registered[] = { worker_with(4, 40) };
    struct allocation_need needs[] = { need_default(0, 1), need_default(1, 128000),
                                       need_default(2, 1) };
    settings.can_start = false;
    fulfil(&settings, registered, 1, NULL, 0, needs, 3);
    ck_assert_uint_eq(granted(false, 0, 0), 1);
    ck_assert_uint_eq(granted(false, 0, 1), 1);
    ck_assert_uint_eq(plan.unfulfillable.count, 2);
    ck_assert_uint_eq(plan.new_workers, 0);
}
END_TEST

START_TEST(fulfil_never_takes_from_a_worker_that_holds_too_much)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_SLOTS);
    struct allocation_worker registered[] = { worker_with(-2, 40), worker_with(2, 20) };
    struct allocation_need needs[] = { need_of(0, 2, 0, 10) };
    fulfil(&settings, registered, 2, NULL, 0, needs, 1);
    ck_assert_uint_eq(granted(false, 0, 0), 0);
    ck_assert_uint_eq(granted(false, 1, 0), 2);
}
END_TEST

/* AnyMatchingResourceMatchingStrategy drops a worker that has nothing left, even for a slot of
 * nothing. */
START_TEST(fulfil_forgets_a_worker_with_nothing_left)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_worker registered[] = { worker_with(2, 20), worker_with(2, 20) };
    struct allocation_need needs[] = { need_default(0, 1), need_of(0, 3, 0, 0) };
    fulfil(&settings, registered, 2, NULL, 0, needs, 2);
    ck_assert_uint_eq(granted(false, 0, 1), 0);
    ck_assert_uint_eq(granted(false, 1, 1), 3);
}
END_TEST

START_TEST(fulfil_names_a_limit_for_the_workers_of_one_plan)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    settings.worker = settings.worker_slot = amount(1, 1);
    struct allocation_need needs[] = { need_default(0, ALLOCATION_WORKERS_MAX + 1) };
    fulfil(&settings, NULL, 0, NULL, 0, needs, 1);
    ck_assert_uint_eq(plan.new_workers, ALLOCATION_WORKERS_MAX);
    ck_assert_uint_eq(plan.unfulfillable.count, 1);
}
END_TEST

START_TEST(fulfil_cannot_be_asked_for_no_slot)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct allocation_need needs[] = { need_default(0, 0) };
    fulfil(&settings, NULL, 0, NULL, 0, needs, 1);
}
END_TEST

START_TEST(utilisation_is_compared_exactly)
{
    struct resource_amount third = amount(INT64_MAX / 3 * 3, 3),
                           used = amount(INT64_MAX / 3 * 2, 2);
    struct utilisation a = amount_utilisation(&third, &used);
    ck_assert_int_eq(utilisation_compare(a, (struct utilisation){ 1, 3 }), 0);
    ck_assert_int_lt(utilisation_compare(a, (struct utilisation){ 1000000001, 3000000000 }), 0);
    ck_assert_int_gt(utilisation_compare(a, (struct utilisation){ 999999999, 3000000000 }), 0);
    struct resource_amount nothing = amount(0, 0);
    ck_assert_int_eq(amount_utilisation(&nothing, &nothing).used, 0);
}
END_TEST

Suite *test_slots_fulfil_suite(void);
Suite *test_slots_fulfil_suite(void)
{
    TCase *tcase = tcase_create("fulfil");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, fulfil_asks_registered_then_pending_then_new_workers);
    tcase_add_test(tcase, fulfil_gives_each_worker_its_own_default_slot);
    tcase_add_test(tcase, fulfil_by_slots_evens_out_utilisation);
    tcase_add_test(tcase, fulfil_by_min_resources_fills_up_the_fullest);
    tcase_add_test(tcase, fulfil_takes_pending_workers_in_order_whatever_the_balance);
    tcase_add_test(tcase, fulfil_says_which_job_wants_more_than_a_whole_worker);
    tcase_add_test(tcase, fulfil_serves_a_large_profile_from_a_large_worker);
    tcase_add_test(tcase, fulfil_shares_one_list_among_all_jobs);
    tcase_add_test(tcase, fulfil_counts_named_resources_like_the_others);
    tcase_add_test(tcase, fulfil_adds_workers_for_redundancy_and_minimum);
    tcase_add_test(tcase, fulfil_stops_at_the_maximum);
    tcase_add_test(tcase, fulfil_without_new_workers_leaves_jobs_unfulfillable);
    tcase_add_test(tcase, fulfil_never_takes_from_a_worker_that_holds_too_much);
    tcase_add_test(tcase, fulfil_forgets_a_worker_with_nothing_left);
    tcase_add_test(tcase, fulfil_names_a_limit_for_the_workers_of_one_plan);
    tcase_add_test_raise_signal(tcase, fulfil_cannot_be_asked_for_no_slot, SIGABRT);
    tcase_add_test(tcase, utilisation_is_compared_exactly);
    Suite *suite = suite_create("slots_fulfil");
    suite_add_tcase(suite, tcase);
    return suite;
}
