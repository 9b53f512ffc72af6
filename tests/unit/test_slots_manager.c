/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the slot manager on a standalone cluster: registrations, reports, requirements,
 * answers, and what a check makes of them (A6), with every cell of the slot's state table.
 */
#include <check.h>
#include <signal.h>

#include "tests/lib/slot_managers.h"

static struct slot_manager_fixture f;

static void setup(void)
{
    f.config = config_default();
    slot_manager_fixture_init(&f, false);
}

static void teardown(void)
{
    slot_manager_fixture_fini(&f);
}

/* Flink's SlotState: a slot is requested, confirmed, freed; a report may skip the request. */
static const bool slot_moves[MANAGED_SLOT_STATE_COUNT][MANAGED_SLOT_STATE_COUNT] = {
    [MANAGED_SLOT_FREE] = { false, true, true },
    [MANAGED_SLOT_PENDING] = { true, false, true },
    [MANAGED_SLOT_ALLOCATED] = { true, false, false },
};

START_TEST(slot_states_allow_exactly_these_moves)
{
    for (unsigned from = 0; from < MANAGED_SLOT_STATE_COUNT; from++)
        for (unsigned to = 0; to < MANAGED_SLOT_STATE_COUNT; to++)
            ck_assert_int_eq(state_can_move(&managed_slot_states, from, to), slot_moves[from][to]);
}
END_TEST

/* Each legal cell through the functions that make the move. */
START_TEST(slot_makes_every_legal_move)
{
    struct managed_worker worker;
    struct resource_profile slot = fixture_slot();
    managed_worker_init(&worker, NODE(1), &fixture_worker, 5);
    uint32_t a = managed_worker_take(&worker, MANAGED_SLOT_PENDING, JOB(1), ALLOCATION(1), &slot);
    uint32_t b = managed_worker_take(&worker, MANAGED_SLOT_ALLOCATED, JOB(1), ALLOCATION(2), &slot);
    ck_assert_int_eq(worker.idle_since, TIME_NEVER);
    managed_worker_confirm(&worker, a);
    managed_worker_check(&worker);
    managed_worker_free(&worker, a, 6);
    a = managed_worker_take(&worker, MANAGED_SLOT_PENDING, JOB(1), ALLOCATION(3), &slot);
    managed_worker_free(&worker, a, 7);
    managed_worker_check(&worker);
    ck_assert_int_eq(worker.idle_since, TIME_NEVER);
    managed_worker_free(&worker, b, 8);
    managed_worker_check(&worker);
    ck_assert_int_eq(worker.idle_since, 8);
    ck_assert_uint_eq(worker.slots.count, 2);
    managed_worker_fini(&worker);
}
END_TEST

/* Each illegal cell that a function could try: FREE -> FREE, FREE -> ALLOCATED by an answer,
 * ALLOCATED -> ALLOCATED; the others by the table itself. */
START_TEST(slot_refuses_every_illegal_move)
{
    struct managed_worker worker;
    struct resource_profile slot = fixture_slot();
    managed_worker_init(&worker, NODE(1), &fixture_worker, 0);
    uint32_t a = managed_worker_take(&worker, MANAGED_SLOT_ALLOCATED, JOB(1), ALLOCATION(1), &slot);
    uint32_t b = managed_worker_take(&worker, MANAGED_SLOT_ALLOCATED, JOB(1), ALLOCATION(2), &slot);
    managed_worker_free(&worker, b, 0);
    switch (_i) {
    case 0: managed_worker_free(&worker, b, 0); break;
    case 1: managed_worker_confirm(&worker, b); break;
    case 2: managed_worker_confirm(&worker, a); break;
    case 3:
        machine_check_move(&managed_slot_states, MANAGED_SLOT_PENDING, MANAGED_SLOT_PENDING);
        break;
    case 4:
        machine_check_move(&managed_slot_states, MANAGED_SLOT_ALLOCATED, MANAGED_SLOT_PENDING);
        break;
    default: break;
    }
}
END_TEST

START_TEST(check_grants_what_jobs_lack_in_order_of_registration)
{
    fixture_register(&f, 7, 0);
    fixture_register(&f, 3, 0);
    ck_assert(fixture_require(&f, 0, 6));
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.grants.count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        const struct slot_grant *grant = &f.plan.grants.items[i];
        ck_assert_uint_eq(grant->node.n, i < 4 ? 7 : 3);
        ck_assert_uint_eq(grant->allocation.n, i);
        ck_assert_uint_eq(grant->job_master.n, 1000);
        ck_assert_int_eq(grant->profile.cpu_milli, 1000);
    }
    ck_assert_uint_eq(fixture_count(&f, 7, MANAGED_SLOT_PENDING), 4);
    ck_assert_uint_eq(slot_manager_slots_total(&f.manager), 8);
    ck_assert_uint_eq(slot_manager_slots_free(&f.manager), 2);
    fixture_confirm(&f);
    ck_assert_uint_eq(fixture_count(&f, 7, MANAGED_SLOT_ALLOCATED), 4);
    fixture_check(&f, 100);
    ck_assert_uint_eq(f.plan.grants.count, 0);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 0);
}
END_TEST

/* Slots of a TaskManager that died unnoticed: nobody else knows, so they are granted. */
START_TEST(check_counts_a_dead_worker_as_available_until_it_is_unregistered)
{
    fixture_register(&f, 1, 0);
    fixture_register(&f, 2, 0);
    fixture_require(&f, 0, 8);
    fixture_check(&f, 0);
    fixture_confirm(&f);
    /* The JobMaster has given up node 1 and frees its slots; the resource manager has not. */
    for (uint32_t i = 0; i < 4; i++)
        ck_assert(slot_manager_freed(&f.manager, NODE(1), ALLOCATION(i), 10));
    fixture_check(&f, 60);
    ck_assert_uint_eq(f.plan.grants.count, 4);
    ck_assert_uint_eq(f.plan.grants.items[0].node.n, 1);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 0);
    ck_assert(slot_manager_unregister(&f.manager, NODE(1)));
    fixture_check(&f, 110);
    ck_assert_uint_eq(f.plan.grants.count, 0);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
}
END_TEST

START_TEST(check_asks_elsewhere_after_a_refusal)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 0);
    ck_assert(slot_manager_refused(&f.manager, NODE(1), ALLOCATION(0), 5));
    slot_manager_check_invariant(&f.manager);
    ck_assert_int_eq(fixture_find(&f, NODE(1))->idle_since, 5);
    fixture_check(&f, 55);
    ck_assert_uint_eq(f.plan.grants.count, 1);
    ck_assert_uint_eq(f.plan.grants.items[0].allocation.n, 1);
    ck_assert(!slot_manager_refused(&f.manager, NODE(1), ALLOCATION(0), 60));
    fixture_confirm(&f);
    ck_assert(!slot_manager_refused(&f.manager, NODE(1), ALLOCATION(1), 60));
    ck_assert_uint_eq(fixture_count(&f, 1, MANAGED_SLOT_ALLOCATED), 1);
}
END_TEST

START_TEST(answers_from_strangers_change_nothing)
{
    fixture_register(&f, 1, 0);
    fixture_register(&f, 2, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 0);
    uint64_t hash = slot_manager_hash(&f.manager);
    ck_assert(!slot_manager_granted(&f.manager, NODE(2), ALLOCATION(0)));
    ck_assert(!slot_manager_granted(&f.manager, NODE(9), ALLOCATION(0)));
    ck_assert(!slot_manager_freed(&f.manager, NODE(2), ALLOCATION(0), 1));
    ck_assert(!slot_manager_freed(&f.manager, NODE(1), ALLOCATION(8), 1));
    ck_assert(!slot_manager_refused(&f.manager, NODE(9), ALLOCATION(0), 1));
    ck_assert(!slot_manager_report(&f.manager, NODE(9), NULL, 0, 1));
    ck_assert(!slot_manager_unregister(&f.manager, NODE(9)));
    ck_assert(!slot_manager_block(&f.manager, NODE(9), true));
    ck_assert(!slot_manager_clear_job(&f.manager, JOB(9)));
    ck_assert(slot_manager_hash(&f.manager) == hash);
}
END_TEST

static struct slot_status status_of(uint32_t job, uint32_t allocation)
{
    return (struct slot_status){ 0, 0, JOB(job), ALLOCATION(allocation), 1000, 1024 };
}

/* DefaultSlotStatusSyncer: what is allocated and not reported is free, what is requested stays. */
START_TEST(report_corrects_the_books_but_leaves_open_requests)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 2);
    fixture_check(&f, 0);
    fixture_confirm(&f);
    fixture_require(&f, 0, 3);
    fixture_check(&f, 50);
    struct slot_status reported[] = { status_of(0, 1), { .free = 1 } };
    ck_assert(slot_manager_report(&f.manager, NODE(1), reported, 2, 60));
    slot_manager_check_invariant(&f.manager);
    ck_assert_uint_eq(fixture_count(&f, 1, MANAGED_SLOT_ALLOCATED), 1);
    ck_assert_uint_eq(fixture_count(&f, 1, MANAGED_SLOT_PENDING), 1);
    ck_assert(!slot_manager_report(&f.manager, NODE(1), reported, 2, 70));
    fixture_check(&f, 110);
    ck_assert_uint_eq(f.plan.grants.count, 1);
}
END_TEST

START_TEST(report_confirms_a_request_and_teaches_unknown_slots)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 0);
    struct slot_status reported[] = { status_of(0, 0), status_of(5, 40) };
    ck_assert(slot_manager_report(&f.manager, NODE(1), reported, 2, 10));
    slot_manager_check_invariant(&f.manager);
    ck_assert_uint_eq(fixture_count(&f, 1, MANAGED_SLOT_ALLOCATED), 2);
    /* Allocations given out later do not collide, and job 5 needs no second slot. */
    ck_assert(fixture_require(&f, 5, 2));
    fixture_check(&f, 60);
    ck_assert_uint_eq(f.plan.grants.count, 1);
    ck_assert_uint_eq(f.plan.grants.items[0].allocation.n, 41);
}
END_TEST

START_TEST(report_of_a_slot_that_another_worker_has_is_left_alone)
{
    fixture_register(&f, 1, 0);
    fixture_register(&f, 2, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 0);
    struct slot_status reported = status_of(0, 0);
    ck_assert(!slot_manager_report(&f.manager, NODE(2), &reported, 1, 10));
    slot_manager_check_invariant(&f.manager);
    ck_assert_uint_eq(fixture_find(&f, NODE(2))->used_count, 0);
}
END_TEST

/* More reported than there is: nothing is granted there until it fits again. */
START_TEST(report_may_overbook_a_worker)
{
    struct slot_status reported[5];
    for (uint32_t i = 0; i < 5; i++)
        reported[i] = status_of(3, i);
    ck_assert(slot_manager_register(&f.manager, NODE(1), &fixture_worker, reported, 5, 0));
    slot_manager_check_invariant(&f.manager);
    ck_assert_int_eq(fixture_find(&f, NODE(1))->available.cpu_milli, -1000);
    ck_assert_uint_eq(slot_manager_slots_free(&f.manager), 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.grants.count, 0);
    slot_manager_freed(&f.manager, NODE(1), ALLOCATION(0), 60);
    fixture_check(&f, 110);
    ck_assert_uint_eq(f.plan.grants.count, 0);
    slot_manager_freed(&f.manager, NODE(1), ALLOCATION(1), 120);
    fixture_check(&f, 170);
    ck_assert_uint_eq(f.plan.grants.count, 1);
}
END_TEST

START_TEST(registering_twice_changes_nothing)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 0);
    fixture_confirm(&f);
    uint64_t hash = slot_manager_hash(&f.manager);
    ck_assert(fixture_register(&f, 1, 99));
    ck_assert(slot_manager_hash(&f.manager) == hash);
}
END_TEST

/* JobScopedResourceTracker: slots beyond a shrunk requirement wait as excess and fill it again. */
START_TEST(excess_slots_fill_a_requirement_that_grows_again)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 3);
    fixture_check(&f, 0);
    fixture_confirm(&f);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 50);
    ck_assert_uint_eq(fixture_count(&f, 1, MANAGED_SLOT_ALLOCATED), 3);
    fixture_require(&f, 0, 4);
    fixture_check(&f, 100);
    ck_assert_uint_eq(f.plan.grants.count, 1);
}
END_TEST

START_TEST(a_job_is_forgotten_with_its_last_requirement_and_slot)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 0);
    ck_assert(slot_manager_clear_job(&f.manager, JOB(0)));
    ck_assert_uint_eq(f.manager.jobs.count, 1);
    ck_assert(!slot_manager_clear_job(&f.manager, JOB(0)));
    slot_manager_freed(&f.manager, NODE(1), ALLOCATION(0), 9);
    slot_manager_check_invariant(&f.manager);
    ck_assert_uint_eq(f.manager.jobs.count, 0);
}
END_TEST

/* A6, standalone: too few slots make the job unfulfillable, told at once and once, until a worker
 * or a requirement changes. What there is is granted all the same. */
START_TEST(a_job_that_cannot_be_served_is_told_once)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 4, 128000);
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.grants.count, 4);
    ck_assert_uint_eq(f.plan.new_workers, 0);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    ck_assert_uint_eq(f.plan.unfulfillable.items[0].n, 4);
    fixture_check(&f, 60);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 0);
    ck_assert(f.manager.jobs.items[0].unfulfillable);
    fixture_require(&f, 4, 128000);
    fixture_check(&f, 70);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    fixture_register(&f, 2, 80);
    fixture_check(&f, 80);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    fixture_require(&f, 4, 8);
    fixture_check(&f, 90);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 0);
    ck_assert(!f.manager.jobs.items[0].unfulfillable);
}
END_TEST

START_TEST(a_blocked_worker_gets_no_new_slots)
{
    fixture_register(&f, 1, 0);
    fixture_require(&f, 0, 1);
    fixture_check(&f, 0);
    ck_assert(slot_manager_block(&f.manager, NODE(1), true));
    slot_manager_check_invariant(&f.manager);
    ck_assert(!slot_manager_block(&f.manager, NODE(1), true));
    fixture_require(&f, 0, 2);
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.grants.count, 0);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    ck_assert(slot_manager_block(&f.manager, NODE(1), false));
    fixture_check(&f, 100);
    ck_assert_uint_eq(f.plan.grants.count, 1);
}
END_TEST

/* Specific profiles are cut out of what default slots left over, and the other way round. */
START_TEST(slots_of_specific_profiles_share_a_worker_with_default_ones)
{
    struct resource_profile small = { false, 500, 512 };
    fixture_register(&f, 1, 0);
    fixture_require_profile(&f, 0, 1, small);
    fixture_require(&f, 1, 4);
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.plan.grants.count, 4);
    ck_assert_int_eq(f.plan.grants.items[0].profile.cpu_milli, 500);
    ck_assert(!f.plan.grants.items[0].by_default && f.plan.grants.items[1].by_default);
    ck_assert_uint_eq(f.plan.unfulfillable.count, 1);
    fixture_require_profile(&f, 0, 2, small);
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.grants.count, 1);
    ck_assert_int_eq(fixture_find(&f, NODE(1))->available.memory_bytes, 0);
}
END_TEST

/* StandaloneResourceManagerFactory takes the limits away; nothing is reconciled. */
START_TEST(standalone_knows_no_limits_and_never_releases)
{
    slot_manager_fixture_fini(&f);
    f.config.slots_max = 4;
    f.config.slots_min = 100;
    f.config.redundant_tms = 3;
    slot_manager_fixture_init(&f, false);
    ck_assert(fixture_register(&f, 1, 0));
    ck_assert(fixture_register(&f, 2, 0));
    fixture_reconcile(&f, 100 * TIME_H);
    ck_assert_uint_eq(f.plan.releases.count, 0);
    ck_assert_uint_eq(f.plan.new_workers, 0);
}
END_TEST

/* Old name of the mode: cluster.evenly-spread-out-slots, unless the mode itself is set. */
START_TEST(spreading_evenly_is_the_old_name_of_slots)
{
    struct note note;
    slot_manager_fixture_fini(&f);
    ck_assert(!err_is(config_set(&f.config, "cluster.evenly-spread-out-slots", "true", &note)));
    slot_manager_fixture_init(&f, false);
    fixture_register(&f, 1, 0);
    fixture_register(&f, 2, 0);
    fixture_require(&f, 0, 2);
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.plan.grants.items[0].node.n, 1);
    ck_assert_uint_eq(f.plan.grants.items[1].node.n, 2);
    slot_manager_fixture_fini(&f);
    ck_assert(!err_is(config_set(&f.config, "taskmanager.load-balance.mode", "none", &note)));
    slot_manager_fixture_init(&f, false);
    ck_assert_int_eq(f.manager.settings.balance, LOAD_BALANCE_NONE);
}
END_TEST

/* Order survives departures, and a sparse order is squeezed. */
START_TEST(registration_order_survives_departures)
{
    for (uint32_t node = 0; node < 300; node++)
        fixture_register(&f, node, 0);
    for (uint32_t node = 0; node < 300; node++)
        if (node % 10 != 3)
            slot_manager_unregister(&f.manager, NODE(node));
    slot_manager_check_invariant(&f.manager);
    ck_assert_uint_lt(f.manager.order.at.count, 100);
    fixture_register(&f, 3000, 0);
    fixture_require(&f, 0, 124);
    fixture_check(&f, 0);
    ck_assert_uint_eq(f.plan.grants.count, 124);
    for (uint32_t i = 0; i < 124; i++)
        ck_assert_uint_eq(f.plan.grants.items[i].node.n, i < 120 ? i / 4 * 10 + 3 : 3000);
}
END_TEST

Suite *test_slots_manager_suite(void);
Suite *test_slots_manager_suite(void)
{
    TCase *tcase = tcase_create("slot manager");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, slot_states_allow_exactly_these_moves);
    tcase_add_test(tcase, slot_makes_every_legal_move);
    tcase_add_loop_test_raise_signal(tcase, slot_refuses_every_illegal_move, SIGABRT, 0, 5);
    tcase_add_test(tcase, check_grants_what_jobs_lack_in_order_of_registration);
    tcase_add_test(tcase, check_counts_a_dead_worker_as_available_until_it_is_unregistered);
    tcase_add_test(tcase, check_asks_elsewhere_after_a_refusal);
    tcase_add_test(tcase, answers_from_strangers_change_nothing);
    tcase_add_test(tcase, report_corrects_the_books_but_leaves_open_requests);
    tcase_add_test(tcase, report_confirms_a_request_and_teaches_unknown_slots);
    tcase_add_test(tcase, report_of_a_slot_that_another_worker_has_is_left_alone);
    tcase_add_test(tcase, report_may_overbook_a_worker);
    tcase_add_test(tcase, registering_twice_changes_nothing);
    tcase_add_test(tcase, excess_slots_fill_a_requirement_that_grows_again);
    tcase_add_test(tcase, a_job_is_forgotten_with_its_last_requirement_and_slot);
    tcase_add_test(tcase, a_job_that_cannot_be_served_is_told_once);
    tcase_add_test(tcase, a_blocked_worker_gets_no_new_slots);
    tcase_add_test(tcase, slots_of_specific_profiles_share_a_worker_with_default_ones);
    tcase_add_test(tcase, standalone_knows_no_limits_and_never_releases);
    tcase_add_test(tcase, spreading_evenly_is_the_old_name_of_slots);
    tcase_add_test(tcase, registration_order_survives_departures);
    Suite *suite = suite_create("slots_manager");
    suite_add_tcase(suite, tcase);
    return suite;
}
