/* SPDX-License-Identifier: Apache-2.0
 *
 * Random histories of a slot pool against a dull reference: an array in order of acceptance, walked
 * from end to end. The invariant is checked after every event.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/slots/slot_pool.h"

#define ALLOCATION(number) ((struct allocation_id){ number })
#define NODE(number)       ((struct node_id){ number })

static struct slot_pool pool;
static struct slot_pool_list lost;

static struct resource_profile profile_of(int32_t cpu_milli)
{
    return (struct resource_profile){ false, cpu_milli, 1024 };
}

static bool offer(uint32_t node, uint32_t allocation, int32_t cpu_milli, time_ns now)
{
    struct slot_offer made = { ALLOCATION(allocation), allocation % 7, cpu_milli, 1024 };
    return slot_pool_offer(&pool, NODE(node), &made, now);
}

enum { REFERENCE_MAX = 64, PROFILE_COUNT = 3 };
static struct {
    uint32_t allocation, node;
    int fills; /* 0 any, 1 and 2 exactly that one */
    time_ns free_since;
    uint64_t freed; /* order of becoming free */
} reference[REFERENCE_MAX];
static size_t reference_count;
static uint32_t reference_required[PROFILE_COUNT];
static uint64_t freed_count;

static uint32_t reference_filled(int fills)
{
    uint32_t filled = 0;
    for (size_t i = 0; i < reference_count; i++)
        filled += reference[i].fills == fills;
    return filled;
}

static void reference_remove(size_t i)
{
    for (; i + 1 < reference_count; i++)
        reference[i] = reference[i + 1];
    reference_count--;
}

static size_t reference_find(uint32_t allocation)
{
    for (size_t i = 0; i < reference_count; i++)
        if (reference[i].allocation == allocation)
            return i;
    return REFERENCE_MAX;
}

static bool reference_offer(uint32_t node, uint32_t allocation, int profile, time_ns now)
{
    size_t held = reference_find(allocation);
    if (held < REFERENCE_MAX)
        return reference[held].node == node;
    int fills = -1;
    if (reference_filled(profile) < reference_required[profile])
        fills = profile;
    else if (reference_filled(0) < reference_required[0])
        fills = 0;
    if (fills < 0)
        return false;
    reference[reference_count].allocation = allocation;
    reference[reference_count].node = node;
    reference[reference_count].fills = fills;
    reference[reference_count].free_since = now;
    reference[reference_count++].freed = freed_count++;
    return true;
}

/* The next one that release_idle would give back, or REFERENCE_MAX. */
static size_t reference_idle(time_ns now, time_ns timeout)
{
    size_t best = REFERENCE_MAX;
    for (size_t i = 0; i < reference_count; i++) {
        int fills = reference[i].fills;
        if (reference[i].free_since != TIME_NEVER && now - reference[i].free_since >= timeout &&
            reference_filled(fills) > reference_required[fills] &&
            (best == REFERENCE_MAX || reference[i].freed < reference[best].freed))
            best = i;
    }
    return best;
}

static void compare_with_reference(void)
{
    slot_pool_check(&pool);
    ck_assert_uint_eq(pool.slots.count, reference_count);
    size_t i = 0;
    for (SLOT_POOL_EACH(slot, &pool)) {
        ck_assert_uint_eq(slot->allocation.n, reference[i].allocation);
        ck_assert_uint_eq(slot->node.n, reference[i].node);
        ck_assert_int_eq(slot->fills.unknown ? 0 : slot->fills.cpu_milli, reference[i].fills);
        ck_assert_int_eq(slot->free_since, reference[i++].free_since);
    }
}

static void random_require(struct rng *rng)
{
    struct requirements required = { 0 };
    for (int p = 0; p < PROFILE_COUNT; p++) {
        reference_required[p] = (uint32_t)rng_below(rng, 12);
        vec_push(&required.rows, (struct requirement){ p ? profile_of(p) : profile_unknown(),
                                                       reference_required[p] });
    }
    slot_pool_require(&pool, &required);
    requirements_fini(&required);
}

static void random_release_node(struct rng *rng)
{
    uint32_t node = (uint32_t)rng_below(rng, 5);
    slot_pool_release_node(&pool, NODE(node), &lost);
    size_t count = 0;
    for (size_t i = 0; i < reference_count;) {
        if (reference[i].node != node) {
            i++;
            continue;
        }
        ck_assert_uint_eq(lost.slots.items[count++].allocation.n, reference[i].allocation);
        reference_remove(i);
    }
    ck_assert_uint_eq(lost.slots.count, count);
}

static void random_release_idle(struct rng *rng, time_ns now)
{
    time_ns timeout = rng_between(rng, 0, 60);
    slot_pool_release_idle(&pool, now, timeout, &lost);
    for (VEC_EACH(struct pool_slot, slot, &lost.slots)) {
        size_t i = reference_idle(now, timeout);
        ck_assert_uint_lt(i, REFERENCE_MAX);
        ck_assert_uint_eq(slot->allocation.n, reference[i].allocation);
        reference_remove(i);
    }
    ck_assert_uint_eq(reference_idle(now, timeout), REFERENCE_MAX);
}

static void random_reserve_or_free(struct rng *rng, time_ns now)
{
    uint32_t allocation = (uint32_t)rng_below(rng, 80);
    size_t i = reference_find(allocation);
    if (rng_below(rng, 2)) {
        enum err_code expected = ERR_OK_CODE;
        if (i == REFERENCE_MAX)
            expected = ERR_NOT_FOUND_CODE;
        else if (reference[i].free_since == TIME_NEVER)
            expected = ERR_REFUSED_CODE;
        else
            reference[i].free_since = TIME_NEVER;
        ck_assert_int_eq(slot_pool_reserve(&pool, ALLOCATION(allocation)).code, expected);
    } else {
        slot_pool_free_reserved(&pool, ALLOCATION(allocation), now);
        if (i < REFERENCE_MAX && reference[i].free_since == TIME_NEVER) {
            reference[i].free_since = now;
            reference[i].freed = freed_count++;
        }
    }
}

static void random_event(struct rng *rng, time_ns now)
{
    uint64_t draw = rng_below(rng, 100);
    uint32_t allocation = (uint32_t)rng_below(rng, 80), node = (uint32_t)rng_below(rng, 5);
    int profile = (int)rng_below(rng, PROFILE_COUNT - 1) + 1;
    size_t held = reference_find(allocation);
    if (draw < 50) {
        ck_assert_int_eq(offer(node, allocation, profile, now),
                         reference_offer(node, allocation, profile, now));
    } else if (draw < 80) {
        random_reserve_or_free(rng, now);
    } else if (draw < 90) {
        ck_assert_int_eq(slot_pool_release(&pool, ALLOCATION(allocation)), held < REFERENCE_MAX);
        if (held < REFERENCE_MAX)
            reference_remove(held);
    } else if (draw < 93) {
        random_release_node(rng);
    } else if (draw < 97) {
        random_release_idle(rng, now);
    } else {
        random_require(rng);
    }
}

START_TEST(pool_agrees_with_the_dull_reference_on_random_histories)
{
    struct rng rng = rng_stream(1, "slot pool", (uint64_t)_i);
    time_ns now = 0;
    slot_pool_init(&pool);
    random_require(&rng);
    for (int step = 0; step < 3000; step++) {
        now += rng_between(&rng, 0, 10);
        random_event(&rng, now);
        compare_with_reference();
    }
    slot_pool_fini(&pool);
    vec_fini(&lost.slots);
}
END_TEST

Suite *test_slots_pool_random_suite(void);
Suite *test_slots_pool_random_suite(void)
{
    TCase *tcase = tcase_create("slot pool at random");
    tcase_add_loop_test(tcase, pool_agrees_with_the_dull_reference_on_random_histories, 0, 10);
    Suite *suite = suite_create("slots_pool_random");
    suite_add_tcase(suite, tcase);
    return suite;
}
