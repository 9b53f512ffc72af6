/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the declarative slot pool: A5 point by point, and proof that the invariant notices
 * broken books.
 */
#include <check.h>
#include <signal.h>

#include "core/slots/slot_pool.h"

#define ALLOCATION(number) ((struct allocation_id){ number })
#define NODE(number)       ((struct node_id){ number })

static struct slot_pool pool;
static struct slot_pool_list lost;

static void setup(void)
{
    slot_pool_init(&pool);
}

static void teardown(void)
{
    slot_pool_fini(&pool);
    vec_fini(&lost.slots);
}

static struct resource_profile profile_of(int32_t cpu_milli)
{
    return (struct resource_profile){ false, cpu_milli, 1024 };
}

/* A profile of 0 cores stands for an unknown one. */
static bool require_rows(int32_t cpu_a, uint32_t count_a, int32_t cpu_b, uint32_t count_b)
{
    struct requirements required = { 0 };
    struct requirement rows[] = { { cpu_a ? profile_of(cpu_a) : profile_unknown(), count_a },
                                  { cpu_b ? profile_of(cpu_b) : profile_unknown(), count_b } };
    for (int i = 0; i < 2; i++)
        vec_push(&required.rows, rows[i]);
    bool differs = slot_pool_require(&pool, &required);
    requirements_fini(&required);
    slot_pool_check(&pool);
    return differs;
}

static bool require_default(uint32_t count)
{
    return require_rows(0, count, 0, 0);
}

static bool offer(uint32_t node, uint32_t allocation, int32_t cpu_milli, time_ns now)
{
    struct slot_offer made = { ALLOCATION(allocation), allocation % 7, cpu_milli, 1024 };
    bool taken = slot_pool_offer(&pool, NODE(node), &made, now);
    slot_pool_check(&pool);
    return taken;
}

static void reserve(uint32_t allocation)
{
    ck_assert(!err_is(slot_pool_reserve(&pool, ALLOCATION(allocation))));
    slot_pool_check(&pool);
}

/* A5: a slot is accepted only if it fills an outstanding requirement. */
START_TEST(pool_refuses_an_offer_nobody_asked_for)
{
    ck_assert(!offer(1, 10, 1000, 0));
    ck_assert(require_default(1));
    ck_assert(offer(1, 10, 1000, 0));
    ck_assert(!offer(1, 11, 1000, 0));
    ck_assert_uint_eq(pool.slots.count, 1);
    ck_assert_uint_eq(pool.free_count, 1);
}
END_TEST

START_TEST(pool_takes_any_slot_for_a_requirement_without_profile)
{
    require_default(3);
    ck_assert(offer(1, 1, 1, 0));
    ck_assert(offer(1, 2, 1000000, 0));
    ck_assert(offer(2, 3, 0, 0));
}
END_TEST

/* DefaultRequirementMatcher: the exact profile first, and a larger slot fills no smaller one. */
START_TEST(pool_matches_the_exact_profile_before_one_that_takes_any)
{
    require_rows(0, 1, 500, 1);
    ck_assert(offer(1, 1, 500, 0));
    ck_assert(!slot_pool_find(&pool, ALLOCATION(1))->fills.unknown);
    ck_assert(offer(1, 2, 500, 0));
    ck_assert(slot_pool_find(&pool, ALLOCATION(2))->fills.unknown);
    ck_assert(!offer(1, 3, 500, 0));
    require_rows(500, 2, 250, 1);
    ck_assert(!offer(1, 4, 1000, 0));
    ck_assert(offer(1, 5, 500, 0));
    ck_assert(offer(1, 6, 250, 0));
}
END_TEST

START_TEST(pool_takes_a_repeated_offer_again_from_the_same_node_only)
{
    require_default(1);
    ck_assert(offer(1, 10, 1000, 0));
    ck_assert(offer(1, 10, 1000, 5));
    ck_assert(!offer(2, 10, 1000, 5));
    ck_assert_uint_eq(pool.slots.count, 1);
    ck_assert_int_eq(slot_pool_find(&pool, ALLOCATION(10))->free_since, 0);
}
END_TEST

START_TEST(pool_says_when_what_is_required_differs)
{
    ck_assert(!require_default(0));
    ck_assert(require_default(2));
    ck_assert(!require_default(2));
    ck_assert(require_rows(0, 2, 500, 1));
    ck_assert(!require_rows(500, 1, 0, 2));
    ck_assert(!require_rows(500, 1, 0, 2));
    ck_assert(require_rows(500, 1, 500, 2));
    ck_assert(!require_rows(500, 3, 250, 0));
    ck_assert(require_default(0));
}
END_TEST

/* A5 rule 9: what is planned is reserved only while it is free. */
START_TEST(pool_reserves_a_slot_once)
{
    require_default(1);
    offer(1, 10, 1000, 0);
    ck_assert_int_eq(slot_pool_reserve(&pool, ALLOCATION(11)).code, ERR_NOT_FOUND_CODE);
    reserve(10);
    ck_assert_uint_eq(pool.free_count, 0);
    ck_assert_int_eq(slot_pool_reserve(&pool, ALLOCATION(10)).code, ERR_REFUSED_CODE);
    slot_pool_free_reserved(&pool, ALLOCATION(10), 7);
    slot_pool_check(&pool);
    ck_assert_int_eq(slot_pool_find(&pool, ALLOCATION(10))->free_since, 7);
    slot_pool_free_reserved(&pool, ALLOCATION(10), 9);
    ck_assert_int_eq(slot_pool_find(&pool, ALLOCATION(10))->free_since, 7);
    slot_pool_free_reserved(&pool, ALLOCATION(99), 9);
    slot_pool_check(&pool);
}
END_TEST

START_TEST(pool_forgets_a_released_slot_and_takes_another_for_it)
{
    require_default(1);
    offer(1, 10, 1000, 0);
    reserve(10);
    ck_assert(slot_pool_release(&pool, ALLOCATION(10)));
    slot_pool_check(&pool);
    ck_assert(!slot_pool_release(&pool, ALLOCATION(10)));
    ck_assert(!slot_pool_has_node(&pool, NODE(1)));
    ck_assert(slot_pool_find(&pool, ALLOCATION(10)) == NULL);
    ck_assert(offer(2, 11, 1000, 1));
}
END_TEST

START_TEST(pool_walks_slots_in_order_of_acceptance_whatever_goes)
{
    require_default(5);
    for (uint32_t i = 0; i < 5; i++)
        offer(i % 2, 10 + i, 1000, 0);
    slot_pool_release(&pool, ALLOCATION(11));
    offer(3, 20, 1000, 0);
    slot_pool_release(&pool, ALLOCATION(10));
    static const uint32_t expected[] = { 12, 13, 14, 20 };
    size_t i = 0;
    for (SLOT_POOL_EACH(slot, &pool))
        ck_assert_uint_eq(slot->allocation.n, expected[i++]);
    ck_assert_uint_eq(i, 4);
}
END_TEST

START_TEST(pool_gives_up_all_slots_of_a_lost_node_in_order)
{
    require_default(7);
    for (uint32_t i = 0; i < 7; i++)
        offer(i % 3, i, 1000, 0);
    reserve(3);
    slot_pool_release_node(&pool, NODE(0), &lost);
    slot_pool_check(&pool);
    ck_assert_uint_eq(lost.slots.count, 3);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(lost.slots.items[i].allocation.n, 3 * i);
    ck_assert(lost.slots.items[1].reserved);
    ck_assert(!slot_pool_has_node(&pool, NODE(0)));
    ck_assert(slot_pool_has_node(&pool, NODE(1)));
    slot_pool_release_node(&pool, NODE(0), &lost);
    ck_assert_uint_eq(lost.slots.count, 0);
    ck_assert_uint_eq(pool.slots.count, 4);
}
END_TEST

/* A5: idle slots are given back only when they exceed the declared total. */
START_TEST(pool_keeps_idle_slots_within_the_declared_total)
{
    require_default(3);
    for (uint32_t i = 0; i < 3; i++)
        offer(1, i, 1000, i);
    slot_pool_release_idle(&pool, 1000, 50, &lost);
    ck_assert_uint_eq(lost.slots.count, 0);
    require_default(1);
    slot_pool_release_idle(&pool, 51, 50, &lost);
    slot_pool_check(&pool);
    ck_assert_uint_eq(lost.slots.count, 2);
    ck_assert_uint_eq(lost.slots.items[0].allocation.n, 0);
    ck_assert_uint_eq(lost.slots.items[1].allocation.n, 1);
    slot_pool_release_idle(&pool, 1000, 50, &lost);
    ck_assert_uint_eq(lost.slots.count, 0);
}
END_TEST

START_TEST(pool_gives_back_the_longest_idle_first_and_none_too_early)
{
    require_default(4);
    for (uint32_t i = 0; i < 4; i++)
        offer(1, i, 1000, 10);
    reserve(0);
    reserve(2);
    slot_pool_free_reserved(&pool, ALLOCATION(2), 20);
    slot_pool_free_reserved(&pool, ALLOCATION(0), 30);
    require_default(0);
    slot_pool_release_idle(&pool, 70, 50, &lost);
    slot_pool_check(&pool);
    static const uint32_t expected[] = { 1, 3, 2 };
    ck_assert_uint_eq(lost.slots.count, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(lost.slots.items[i].allocation.n, expected[i]);
}
END_TEST

START_TEST(pool_gives_back_only_the_profile_in_excess)
{
    require_rows(500, 2, 0, 2);
    for (uint32_t i = 0; i < 4; i++)
        offer(1, i, 500, 0);
    require_rows(500, 2, 0, 1);
    slot_pool_release_idle(&pool, 100, 50, &lost);
    slot_pool_check(&pool);
    ck_assert_uint_eq(lost.slots.count, 1);
    ck_assert_uint_eq(lost.slots.items[0].allocation.n, 2);
}
END_TEST

START_TEST(pool_hash_follows_what_matters)
{
    require_default(2);
    offer(1, 1, 1000, 0);
    uint64_t one = slot_pool_hash(&pool);
    offer(1, 2, 1000, 0);
    ck_assert(slot_pool_hash(&pool) != one);
    slot_pool_release(&pool, ALLOCATION(2));
    ck_assert(slot_pool_hash(&pool) == one);
    reserve(1);
    ck_assert(slot_pool_hash(&pool) != one);
    slot_pool_free_reserved(&pool, ALLOCATION(1), 0);
    ck_assert(slot_pool_hash(&pool) == one);
    require_default(3);
    ck_assert(slot_pool_hash(&pool) != one);
}
END_TEST

/* The invariant notices each kind of broken book. */
enum breakage {
    BREAK_FREE_COUNT,
    BREAK_FREE_SINCE,
    BREAK_FILLS,
    BREAK_CHAIN,
    BREAK_RING,
    BREAK_INDEX,
    BREAK_COUNT
};

START_TEST(pool_invariant_stops_on_broken_books)
{
    require_default(4);
    for (uint32_t i = 0; i < 4; i++)
        offer(i / 2, i, 1000, i);
    switch ((enum breakage)_i) {
    case BREAK_FREE_COUNT: pool.free_count--; break;
    case BREAK_FREE_SINCE: pool.slots.items[1].free_since = 99; break;
    case BREAK_FILLS: pool.slots.items[1].fills = profile_of(1000); break;
    case BREAK_CHAIN: pool.slots.items[1].links[POOL_ACCEPTED].next = 3; break;
    case BREAK_RING: pool.slots.items[0].of_node.next = 0; break;
    case BREAK_INDEX: index_map_put(&pool.by_allocation, 2, 3); break;
    case BREAK_COUNT: break;
    }
    slot_pool_check(&pool);
}
END_TEST

START_TEST(pool_cannot_go_back_in_time)
{
    require_default(2);
    offer(1, 1, 1000, 10);
    offer(1, 2, 1000, 9);
}
END_TEST

/* What the resource manager's books do with an excess slot (job_ledger_require), the pool does once
 * the slot is free: else each would wait for the other. */
START_TEST(pool_matches_a_free_slot_anew_when_its_row_has_no_use_for_it)
{
    require_rows(0, 1, 500, 1);
    ck_assert(offer(1, 1, 500, 0)); /* its own row first */
    ck_assert(offer(1, 2, 500, 0)); /* and the row without a profile next */
    reserve(1);
    reserve(2);
    require_rows(500, 2, 0, 0);
    slot_pool_match_anew(&pool, ALLOCATION(2));
    ck_assert_uint_eq(
        requirements_count(&pool.filled, &(struct resource_profile){ false, 500, 1024 }),
        1); /* in use */
    slot_pool_free_reserved(&pool, ALLOCATION(2), 5);
    slot_pool_match_anew(&pool, ALLOCATION(2));
    slot_pool_match_anew(&pool, ALLOCATION(77));
    slot_pool_check(&pool);
    ck_assert(!offer(1, 3, 500, 6));
    require_rows(300, 1, 0, 0); /* nothing like it is wanted */
    uint64_t before = slot_pool_hash(&pool);
    slot_pool_match_anew(&pool, ALLOCATION(2));
    ck_assert_uint_eq(slot_pool_hash(&pool), before);
    require_rows(500, 2, 0, 1); /* it is wanted where it is */
    before = slot_pool_hash(&pool);
    slot_pool_match_anew(&pool, ALLOCATION(2));
    ck_assert_uint_eq(slot_pool_hash(&pool), before);
}
END_TEST

Suite *test_slots_pool_suite(void);
Suite *test_slots_pool_suite(void)
{
    TCase *tcase = tcase_create("slot pool");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, pool_matches_a_free_slot_anew_when_its_row_has_no_use_for_it);
    tcase_add_test(tcase, pool_refuses_an_offer_nobody_asked_for);
    tcase_add_test(tcase, pool_takes_any_slot_for_a_requirement_without_profile);
    tcase_add_test(tcase, pool_matches_the_exact_profile_before_one_that_takes_any);
    tcase_add_test(tcase, pool_takes_a_repeated_offer_again_from_the_same_node_only);
    tcase_add_test(tcase, pool_says_when_what_is_required_differs);
    tcase_add_test(tcase, pool_reserves_a_slot_once);
    tcase_add_test(tcase, pool_forgets_a_released_slot_and_takes_another_for_it);
    tcase_add_test(tcase, pool_walks_slots_in_order_of_acceptance_whatever_goes);
    tcase_add_test(tcase, pool_gives_up_all_slots_of_a_lost_node_in_order);
    tcase_add_test(tcase, pool_keeps_idle_slots_within_the_declared_total);
    tcase_add_test(tcase, pool_gives_back_the_longest_idle_first_and_none_too_early);
    tcase_add_test(tcase, pool_gives_back_only_the_profile_in_excess);
    tcase_add_test(tcase, pool_hash_follows_what_matters);
    tcase_add_loop_test_raise_signal(tcase, pool_invariant_stops_on_broken_books, SIGABRT, 0,
                                     BREAK_COUNT);
    tcase_add_test_raise_signal(tcase, pool_cannot_go_back_in_time, SIGABRT);
    Suite *suite = suite_create("slots_pool");
    suite_add_tcase(suite, tcase);
    return suite;
}
