/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the slot manager where workers can be started: pending workers and what is planned on
 * them, limits, redundancy, release of idle ones (A6). Workers have 4 cores, 4096 bytes, 4 slots.
 */
#include <check.h>
#include <signal.h>

#include "tests/lib/slot_managers.h"

static struct slot_manager_fixture f;

static void setup(void)
{
    f.config = config_default();
    slot_manager_fixture_init(&f, true);
}

static void teardown(void)
{
    slot_manager_fixture_fini(&f);
}

static void restart_with(int64_t slots_max, int64_t slots_min, int64_t redundant)
{
    slot_manager_fixture_fini(&f);
    f.config.slots_max = slots_max;
    f.config.slots_min = slots_min;
    f.config.redundant_tms = redundant;
    slot_manager_fixture_init(&f, true);
}

/* A6: each check starts over, so what is planned already is not asked for again. */
START_TEST(check_asks_for_workers_once)
{
    fixture_require(&f, 0, 9);
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.plan.new_workers, 3);
    ck_assert_uint_eq(f.manager.pending_in_use, 3);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 0);
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.new_workers, 0);
    fixture_require(&f, 0, 13);
    fixture_check(&f, 100);
    ck_assert_uint_eq(f.plan.new_workers, 1);
    ck_assert_uint_eq(f.manager.pending.count, 4);
}
END_TEST

/* A worker that registers stands in for a pending one and gets what was planned there at once. */
START_TEST(a_worker_gets_what_was_planned_for_it)
{
    fixture_require(&f, 2, 6);
    fixture_check(&f, 0);
    ck_assert(fixture_register(&f, 1, 10));
    ck_assert_uint_eq(f.manager.pending.count, 1);
    struct slot_plan claimed = { 0 };
    slot_manager_claim(&f.manager, &claimed);
    ck_assert_uint_eq(claimed.grants.count, 2);
    ck_assert_uint_eq(claimed.grants.items[0].node.n, 1);
    ck_assert_uint_eq(claimed.grants.items[0].job_master.n, 1002);
    ck_assert(claimed.grants.items[0].by_default);
    slot_manager_claim(&f.manager, &claimed);
    ck_assert_uint_eq(claimed.grants.count, 2);
    slot_plan_fini(&claimed);
    ck_assert(fixture_register(&f, 2, 20));
    fixture_check(&f, 70);
    ck_assert_uint_eq(f.plan.grants.count, 4);
    ck_assert_uint_eq(f.plan.new_workers, 0);
    ck_assert_uint_eq(f.manager.pending.count, 0);
}
END_TEST

/* Better a worker that is here than one that is planned: the check moves the plan over. */
START_TEST(check_prefers_a_registered_worker_to_the_planned_one)
{
    struct worker_spec small = { 2000, 2048, 2 };
    fixture_require(&f, 0, 2);
    fixture_check(&f, 0);
    ck_assert(slot_manager_register(&f.manager, NODE(5), &small, NULL, 0, 10));
    ck_assert_uint_eq(f.manager.pending.count, 1);
    fixture_check(&f, 60);
    ck_assert_uint_eq(f.plan.grants.count, 2);
    ck_assert_uint_eq(f.plan.grants.items[0].node.n, 5);
    ck_assert_uint_eq(f.plan.pending_releases.count, 1);
    ck_assert_uint_eq(f.plan.pending_releases.items[0], 0);
    ck_assert_uint_eq(f.manager.pending.count, 0);
}
END_TEST

/* FineGrainedSlotManager: one that holds slots already is no new worker. */
START_TEST(a_worker_that_holds_slots_stands_in_for_nobody)
{
    struct slot_status held = { 0, 0, JOB(0), ALLOCATION(70), 1000, 1024 };
    fixture_require(&f, 0, 4);
    fixture_check(&f, 0);
    ck_assert(slot_manager_register(&f.manager, NODE(1), &fixture_worker, &held, 1, 10));
    slot_manager_check_invariant(&f.manager);
    ck_assert_uint_eq(f.manager.pending.count, 1);
    fixture_check(&f, 60);
    ck_assert_uint_eq(f.plan.grants.count, 3);
    ck_assert_uint_eq(f.plan.pending_releases.count, 1);
}
END_TEST

START_TEST(a_cleared_job_leaves_nothing_planned)
{
    fixture_require(&f, 0, 4);
    fixture_require(&f, 1, 6);
    fixture_require(&f, 2, 3);
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.manager.pending_in_use, 4);
    ck_assert(slot_manager_clear_job(&f.manager, JOB(1)));
    slot_manager_check_invariant(&f.manager);
    ck_assert_uint_eq(f.manager.pending_in_use, 3);
    /* Those still wanted are taken before the others. */
    fixture_register(&f, 1, 10);
    ck_assert_uint_eq(f.manager.pending_in_use, 2);
    ck_assert_uint_gt(f.manager.claims.count, 0);
    slot_manager_clear_job(&f.manager, JOB(0));
    slot_manager_clear_job(&f.manager, JOB(2));
    ck_assert_uint_eq(f.manager.pending_in_use, 0);
    fixture_check(&f, 60);
    ck_assert_uint_eq(f.plan.pending_releases.count, 3);
}
END_TEST

START_TEST(a_worker_that_leaves_takes_its_claims_along)
{
    fixture_require(&f, 0, 8);
    fixture_check(&f, 0);
    fixture_register(&f, 1, 10);
    fixture_register(&f, 2, 10);
    ck_assert(slot_manager_unregister(&f.manager, NODE(1)));
    slot_manager_check_invariant(&f.manager);
    fixture_check(&f, 60);
    ck_assert_uint_eq(f.plan.grants.count, 4);
    for (VEC_EACH(struct slot_grant, grant, &f.plan.grants))
        ck_assert_uint_eq(grant->node.n, 2);
    ck_assert_uint_eq(f.plan.new_workers, 1);
}
END_TEST

/* A6: no new worker beyond the maximum, which follows from the slots; one that comes by itself is
 * refused unless it stands in for a pending one. */
START_TEST(the_maximum_holds_for_new_and_for_uninvited_workers)
{
    restart_with(10, 0, 0);
    ck_assert_int_eq(f.manager.settings.most.of[RESOURCE_CPU], 10000);
    ck_assert_int_eq(f.manager.settings.most.of[RESOURCE_MEMORY], 10240);
    fixture_require(&f, 0, 9);
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.plan.new_workers, 2);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    ck_assert(fixture_register(&f, 1, 10));
    ck_assert(fixture_register(&f, 2, 10));
    ck_assert(!fixture_register(&f, 3, 10));
    struct worker_spec tiny = { 2000, 2048, 2 };
    ck_assert(slot_manager_register(&f.manager, NODE(3), &tiny, NULL, 0, 10));
    tiny.cpu_milli = 0;
    tiny.memory_bytes = 1;
    ck_assert(!slot_manager_register(&f.manager, NODE(4), &tiny, NULL, 0, 10));
    slot_manager_check_invariant(&f.manager);
}
END_TEST

START_TEST(totals_given_outright_come_before_those_from_slots)
{
    f.config.cpu_max = 9500000;
    f.config.memory_max = 5000;
    f.config.cpu_min = 2500000;
    f.config.memory_min = 77;
    restart_with(100, 50, 0);
    ck_assert_int_eq(f.manager.settings.most.of[RESOURCE_CPU], 9500);
    ck_assert_int_eq(f.manager.settings.most.of[RESOURCE_MEMORY], 5000);
    ck_assert_int_eq(f.manager.settings.least.of[RESOURCE_CPU], 2500);
    ck_assert_int_eq(f.manager.settings.least.of[RESOURCE_MEMORY], 77);
    f.config.cpu_max = f.config.memory_max = -1;
    f.config.cpu_min = f.config.memory_min = -1;
    restart_with(INT64_MAX, 6, 0);
    ck_assert_int_eq(f.manager.settings.most.of[RESOURCE_MEMORY], INT64_MAX);
    ck_assert_int_eq(f.manager.settings.least.of[RESOURCE_CPU], 6000);
    ck_assert_int_eq(f.manager.settings.least.of[RESOURCE_MEMORY], 6144);
}
END_TEST

START_TEST(a_profile_larger_than_a_whole_worker_is_unfulfillable)
{
    fixture_require_profile(&f, 0, 1, (struct resource_profile){ false, 4001, 1 });
    fixture_require_profile(&f, 1, 1, (struct resource_profile){ false, 4000, 4096 });
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    ck_assert_uint_eq(f.plan.unfulfillable.items[0].n, 0);
    ck_assert_uint_eq(f.plan.new_workers, 1);
}
END_TEST

/* A6: the reconcile runs every resourcemanager.taskmanager-timeout; idle for that long goes. */
START_TEST(reconcile_releases_workers_idle_for_the_timeout)
{
    fixture_register(&f, 1, 0);
    fixture_register(&f, 2, 5 * TIME_S);
    fixture_reconcile(&f, 30 * TIME_S - 1);
    ck_assert_uint_eq(f.plan.releases.count, 0);
    fixture_reconcile(&f, 30 * TIME_S);
    ck_assert_uint_eq(f.plan.releases.count, 1);
    ck_assert_uint_eq(f.plan.releases.items[0].n, 1);
    /* It stays in the books, and is named again, until it has gone. */
    fixture_reconcile(&f, 60 * TIME_S);
    ck_assert_uint_eq(f.plan.releases.count, 2);
    slot_manager_unregister(&f.manager, NODE(1));
    fixture_reconcile(&f, 90 * TIME_S);
    ck_assert_uint_eq(f.plan.releases.count, 1);
}
END_TEST

START_TEST(a_worker_in_use_is_idle_only_after_its_last_slot)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, TIME_S);
    fixture_confirm(&f);
    fixture_reconcile(&f, TIME_H);
    ck_assert_uint_eq(f.plan.releases.count, 0);
    fixture_require(&f, 0, 0);
    slot_manager_freed(&f.manager, NODE(1), ALLOCATION(0), TIME_H);
    fixture_reconcile(&f, TIME_H + 29 * TIME_S);
    ck_assert_uint_eq(f.plan.releases.count, 0);
    fixture_reconcile(&f, TIME_H + 30 * TIME_S);
    ck_assert_uint_eq(f.plan.releases.count, 1);
}
END_TEST

START_TEST(redundant_workers_are_started_and_kept)
{
    restart_with(-1, 0, 1);
    fixture_reconcile(&f, 0);
    ck_assert_uint_eq(f.plan.new_workers, 1);
    fixture_register(&f, 1, 1);
    fixture_require(&f, 0, 2);
    fixture_check(&f, 2);
    ck_assert_uint_eq(f.plan.grants.count, 2);
    ck_assert_uint_eq(f.plan.new_workers, 1);
    fixture_register(&f, 2, 3);
    fixture_check(&f, 4);
    fixture_reconcile(&f, TIME_H);
    ck_assert_uint_eq(f.plan.new_workers, 0);
    ck_assert_uint_eq(f.plan.releases.count, 0);
    fixture_register(&f, 3, TIME_H);
    fixture_reconcile(&f, 2 * TIME_H);
    ck_assert_uint_eq(f.plan.releases.count, 1);
    ck_assert_uint_eq(f.plan.releases.items[0].n, 3);
}
END_TEST

START_TEST(the_minimum_is_started_and_kept)
{
    restart_with(-1, 8, 0);
    fixture_reconcile(&f, 0);
    ck_assert_uint_eq(f.plan.new_workers, 2);
    fixture_register(&f, 1, 1);
    fixture_register(&f, 2, 1);
    fixture_reconcile(&f, TIME_H);
    ck_assert_uint_eq(f.plan.releases.count, 0);
    ck_assert_uint_eq(f.plan.new_workers, 0);
    slot_manager_unregister(&f.manager, NODE(1));
    fixture_reconcile(&f, TIME_H);
    ck_assert_uint_eq(f.plan.new_workers, 1);
}
END_TEST

/* Each kind of broken book stops the audit. */
enum breakage {
    BREAK_AVAILABLE,
    BREAK_USED,
    BREAK_IDLE,
    BREAK_FREE_CHAIN,
    BREAK_SUM,
    BREAK_SLOTS_FREE,
    BREAK_MARK,
    BREAK_POSITION,
    BREAK_ALLOCATION_INDEX,
    BREAK_LEDGER,
    BREAK_EXCESS,
    BREAK_JOB_INDEX,
    BREAK_PLANNED,
    BREAK_COUNT
};

START_TEST(the_audit_stops_on_broken_books)
{
    struct slot_manager *m = &f.manager;
    fixture_require(&f, 0, 6);
    fixture_require(&f, 1, 1);
    fixture_check(&f, 0);
    fixture_register(&f, 1, 1);
    struct managed_worker *worker = &m->workers.items[0];
    slot_manager_refused(m, NODE(1), worker->slots.items[0].allocation, 2);
    slot_manager_check_invariant(m);
    switch ((enum breakage)_i) {
    case BREAK_AVAILABLE: worker->available.memory_bytes++; break;
    case BREAK_USED: worker->used_count++; break;
    case BREAK_IDLE: worker->idle_since = 0; break;
    case BREAK_FREE_CHAIN: worker->first_free = INDEX_NONE; break;
    case BREAK_SUM: m->usable_available.of[RESOURCE_CPU]--; break;
    case BREAK_SLOTS_FREE: m->slots_free--; break;
    case BREAK_MARK:
        worker_order_mark(&m->order, worker->position, WORKER_HAS_DEFAULT_SLOT, false);
        break;
    case BREAK_POSITION: m->order.at.items[worker->position] = 7; break;
    case BREAK_ALLOCATION_INDEX: index_map_put(&m->slot_by_allocation, 999, 0); break;
    case BREAK_LEDGER: m->jobs.items[0].ledger.holdings.items[0].count++; break;
    case BREAK_EXCESS: m->jobs.items[0].ledger.holdings.items[0].in_excess = true; break;
    case BREAK_JOB_INDEX: index_map_put(&m->job_by_id, 0, 1); break;
    case BREAK_PLANNED: m->pending_in_use = 0; break;
    case BREAK_COUNT: break;
    }
    slot_manager_check_invariant(m);
}
END_TEST

Suite *test_slots_manager_active_suite(void);
Suite *test_slots_manager_active_suite(void)
{
    TCase *tcase = tcase_create("slot manager, active");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, check_asks_for_workers_once);
    tcase_add_test(tcase, a_worker_gets_what_was_planned_for_it);
    tcase_add_test(tcase, check_prefers_a_registered_worker_to_the_planned_one);
    tcase_add_test(tcase, a_worker_that_holds_slots_stands_in_for_nobody);
    tcase_add_test(tcase, a_cleared_job_leaves_nothing_planned);
    tcase_add_test(tcase, a_worker_that_leaves_takes_its_claims_along);
    tcase_add_test(tcase, the_maximum_holds_for_new_and_for_uninvited_workers);
    tcase_add_test(tcase, totals_given_outright_come_before_those_from_slots);
    tcase_add_test(tcase, a_profile_larger_than_a_whole_worker_is_unfulfillable);
    tcase_add_test(tcase, reconcile_releases_workers_idle_for_the_timeout);
    tcase_add_test(tcase, a_worker_in_use_is_idle_only_after_its_last_slot);
    tcase_add_test(tcase, redundant_workers_are_started_and_kept);
    tcase_add_test(tcase, the_minimum_is_started_and_kept);
    tcase_add_loop_test_raise_signal(tcase, the_audit_stops_on_broken_books, SIGABRT, 0,
                                     BREAK_COUNT);
    Suite *suite = suite_create("slots_manager_active");
    suite_add_tcase(suite, tcase);
    return suite;
}
