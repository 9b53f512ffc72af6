/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots at the edges: limits that count what is on its way, workers without slots, books below
 * zero, plans that are used again, and many workers at a time.
 */
#include <check.h>

#include "core/slots/profile.h"
#include "core/slots/shared_slots.h"
#include "core/slots/slot_sharing.h"
#include "tests/lib/allocations.h"
#include "tests/lib/graphs.h"
#include "tests/lib/slot_managers.h"

static struct slot_manager_fixture f;

static void begin(int64_t slots_max)
{
    f.config = config_default();
    f.config.slots_max = slots_max;
    slot_manager_fixture_init(&f, true);
}

/* ResourceProfile.UNKNOWN equals itself only: also a slot of nothing is another one. */
START_TEST(an_unknown_profile_equals_itself_only)
{
    struct resource_profile unknown = profile_unknown(), nothing = { 0 }, figures = unknown;
    figures.cpu_milli = 7;
    ck_assert(profile_equal(&unknown, &unknown));
    ck_assert(profile_equal(&unknown, &figures));
    ck_assert(!profile_equal(&unknown, &nothing));
    ck_assert(!profile_equal(&nothing, &unknown));
}
END_TEST

/* FLIP-56: a TaskManager that names no number of slots is one slot by default. */
START_TEST(a_worker_without_slots_is_one_default_slot)
{
    const struct worker_spec worker = { 4000, 4096, 0 };
    struct resource_profile slot = profile_default_slot(&worker);
    ck_assert_int_eq(slot.cpu_milli, 4000);
    ck_assert_int_eq(slot.memory_bytes, 4096);
}
END_TEST

/* A worker may have reported more than it has: then not even a need of nothing fits. */
START_TEST(books_below_zero_fit_nothing)
{
    struct resource_amount below = amount(-1, 80), nothing = amount(0, 0);
    ck_assert_uint_eq(amount_times(&below, &nothing, 5), 0);
    below = amount(1, 80);
    ck_assert_uint_eq(amount_times(&below, &nothing, 5), 5);
}
END_TEST

START_TEST(taking_none_away_needs_no_row)
{
    struct requirements required = { 0 };
    struct resource_profile unknown = profile_unknown();
    requirements_remove(&required, &unknown, 0);
    ck_assert_uint_eq(required.rows.count, 0);
    requirements_fini(&required);
}
END_TEST

/* A6: without slotmanager.number-of-slots.min there is no minimum, not even of a byte. */
START_TEST(without_a_minimum_the_last_idle_worker_goes)
{
    begin(-1);
    for (int r = 0; r < RESOURCE_COUNT; r++)
        ck_assert_int_eq(f.manager.settings.least.of[r], 0);
    fixture_reconcile(&f, 0);
    ck_assert_uint_eq(f.plan.new_workers, 0);
    ck_assert(fixture_register(&f, 1, 0));
    fixture_reconcile(&f, TIME_H);
    ck_assert_uint_eq(f.plan.releases.count, 1);
    slot_manager_fixture_fini(&f);
}
END_TEST

/* SlotManagerConfiguration.maxSlotNum counts workers that were asked for: no check asks for more,
 * and a stranger is refused as long as they are to come (isMaxTotalResourceExceededAfterAdding). */
START_TEST(the_maximum_counts_workers_on_their_way)
{
    const struct worker_spec stranger = { 2000, 2048, 2 };
    begin(8);
    fixture_require(&f, 0, 8);
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.plan.new_workers, 2);
    fixture_require(&f, 0, 16);
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.new_workers, 0);
    ck_assert_uint_eq(f.manager.pending.count, 2);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    ck_assert(!slot_manager_register(&f.manager, NODE(7), &stranger, NULL, 0, 60));
    ck_assert(fixture_register(&f, 1, 70));
    ck_assert(!slot_manager_register(&f.manager, NODE(7), &stranger, NULL, 0, 80));
    slot_manager_fixture_fini(&f);
}
END_TEST

/* A6, reconcile: a pending worker in use counts towards the minimum as it will when it is there. */
START_TEST(a_worker_on_its_way_counts_towards_the_minimum)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct reconcile_worker busy = { amount(8, 80), amount(0, 0), false };
    struct reconcile_pending coming = { amount(8, 80), amount(0, 0), true };
    struct reconcile_view view = { .settings = &settings,
                                   .registered = &busy,
                                   .registered_count = 1,
                                   .pending = &coming,
                                   .pending_count = 1,
                                   .cluster_total = amount(16, 160) };
    struct reconcile_plan plan = { 0 };
    settings.least = amount(24, 0);
    slot_allocation_reconcile(&view, &plan);
    ck_assert_uint_eq(plan.new_workers, 1);
    settings.least = amount(8, 0); /* the same plan again: nothing of the last answer is left */
    slot_allocation_reconcile(&view, &plan);
    ck_assert_uint_eq(plan.new_workers, 0);
    reconcile_plan_fini(&plan);
}
END_TEST

/* A resource of which a worker has one unit limits as any other. */
START_TEST(a_maximum_of_single_units_is_kept)
{
    struct allocation_settings settings = settings_of(LOAD_BALANCE_NONE);
    struct resource_amount none = amount(0, 0);
    settings.worker = amount(1, 80);
    settings.least = amount(0, 800);
    settings.most = amount_custom(3, 8000, 0);
    ck_assert_uint_eq(allocation_workers_lacking(&settings, &none, &none, &none), 3);
}
END_TEST

/* A6, SLOTS: a slot at a time to the least utilised, over more workers than one level of a heap
 * holds. A dull reference looks at all of them for each slot. */
START_TEST(many_workers_are_evened_out)
{
    enum { WORKERS = 40, SLOTS = 60 };
    struct allocation_settings settings = settings_of(LOAD_BALANCE_SLOTS);
    struct allocation_worker workers[WORKERS];
    struct fulfil_plan plan = { 0 };
    uint32_t expected[WORKERS] = { 0 };
    int64_t left[WORKERS];
    for (uint32_t i = 0; i < WORKERS; i++) {
        left[i] = 2 * (int64_t)((7 * i + 3) % 5);
        workers[i] = worker_with(left[i], 10 * left[i]);
    }
    for (int s = 0; s < SLOTS; s++) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < WORKERS; i++)
            if (left[i] > left[best])
                best = i;
        expected[best]++;
        left[best] -= 2;
    }
    struct allocation_need needs[] = { need_default(0, SLOTS) };
    allocations_fulfil(&settings, workers, WORKERS, NULL, 0, needs, 1, &plan);
    for (uint32_t i = 0; i < WORKERS; i++)
        ck_assert_uint_eq(allocations_granted(&plan, false, i, 0), expected[i]);
    fulfil_plan_fini(&plan);
}
END_TEST

/* TASKS: co-located subtasks have left the turn where a place is not the emptiest; a vertex as wide
 * as its group takes every place and moves nothing, co-located or not. */
START_TEST(a_colocated_vertex_of_full_width_leaves_the_turn)
{
    static const char *const texts[] = { "p 1 %1; q 1 %1; b 2; w 3 %2; c 1",
                                         "p 1 %1; q 1 %1; b 2; w 3; c 1" };
    for (int i = 0; i < 2; i++) {
        struct job_graph *job = graphs_job(texts[i]);
        struct execution_graph *graph = graphs_execution(job);
        struct shared_slots shared = { 0 };
        slot_sharing_balanced(graph, &shared);
        uint32_t last = graphs_task(graph, "c", 0).n, first = graphs_task(graph, "p", 0).n;
        bool together = false;
        for (VEC_EACH(struct shared_slot, slot, &shared.slots)) {
            bool has_first = false, has_last = false;
            for (uint32_t t = 0; t < slot->count; t++) {
                has_first |= shared.tasks.items[slot->first + t].n == first;
                has_last |= shared.tasks.items[slot->first + t].n == last;
            }
            together |= has_first && has_last;
        }
        ck_assert(together);
        shared_slots_fini(&shared);
        execution_graph_destroy(graph);
        job_graph_destroy(job);
    }
}
END_TEST

/* A maximum of slots that no memory can be counted for is no maximum of memory. */
START_TEST(a_maximum_beyond_all_bytes_is_the_largest_number)
{
    begin(INT64_MAX / fixture_worker.memory_bytes * fixture_worker.slots + fixture_worker.slots);
    ck_assert_int_eq(f.manager.settings.most.of[RESOURCE_MEMORY], INT64_MAX);
    slot_manager_fixture_fini(&f);
    begin(fixture_worker.slots * 1000);
    ck_assert_int_eq(f.manager.settings.most.of[RESOURCE_MEMORY],
                     1000 * fixture_worker.memory_bytes);
    slot_manager_fixture_fini(&f);
}
END_TEST

Suite *test_slots_limits_suite(void)
{
    Suite *suite = suite_create("slots_limits");
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, an_unknown_profile_equals_itself_only);
    tcase_add_test(limits, a_worker_without_slots_is_one_default_slot);
    tcase_add_test(limits, books_below_zero_fit_nothing);
    tcase_add_test(limits, taking_none_away_needs_no_row);
    tcase_add_test(limits, without_a_minimum_the_last_idle_worker_goes);
    tcase_add_test(limits, the_maximum_counts_workers_on_their_way);
    tcase_add_test(limits, a_worker_on_its_way_counts_towards_the_minimum);
    tcase_add_test(limits, a_maximum_of_single_units_is_kept);
    tcase_add_test(limits, a_maximum_beyond_all_bytes_is_the_largest_number);
    tcase_add_test(limits, many_workers_are_evened_out);
    tcase_add_test(limits, a_colocated_vertex_of_full_width_leaves_the_turn);
    suite_add_tcase(suite, limits);
    return suite;
}
