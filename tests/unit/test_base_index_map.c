/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/index_map.c against a dull reference: an array of all keys.
 */
#include "core/base/index_map.h"

#include <check.h>
#include <signal.h>

#include "core/base/hash.h"
#include "core/base/rng.h"

enum { KEYS = 400 };

/* What the map should say of each key. */
struct reference {
    uint64_t keys[KEYS];
    uint32_t indexes[KEYS];
    size_t count;
};

static void reference_init(struct reference *reference, uint64_t (*key_of)(uint64_t))
{
    *reference = (struct reference){ .count = 0 };
    for (uint64_t i = 0; i < KEYS; i++) {
        reference->keys[i] = key_of(i);
        reference->indexes[i] = INDEX_NONE;
    }
}

static void check_same(const struct index_map *map, const struct reference *reference)
{
    ck_assert_uint_eq(map->count, reference->count);
    for (int i = 0; i < KEYS; i++)
        ck_assert_uint_eq(index_map_get(map, reference->keys[i]), reference->indexes[i]);
}

static void random_step(struct index_map *map, struct reference *reference, struct rng *rng)
{
    size_t i = (size_t)rng_below(rng, KEYS);
    uint32_t *index = &reference->indexes[i];
    if (rng_below(rng, 100) < 55) {
        uint32_t value = (uint32_t)rng_below(rng, INDEX_NONE);
        index_map_put(map, reference->keys[i], value);
        reference->count += *index == INDEX_NONE;
        *index = value;
    } else {
        bool was_there = index_map_remove(map, reference->keys[i]);
        ck_assert_int_eq(was_there, *index != INDEX_NONE);
        reference->count -= *index != INDEX_NONE;
        *index = INDEX_NONE;
    }
}

static uint64_t dense_key(uint64_t i)
{
    return i;
}

static uint64_t packed_key(uint64_t i)
{
    return (i / 20) << 32 | i % 20;
}

static uint64_t scattered_key(uint64_t i)
{
    return UINT64_MAX - hash_mix(i) + (i == 0);
}

/* Keys that all want the same few cells of a small table: long probe chains, hard removals. */
static uint64_t crowded_key(uint64_t i)
{
    uint64_t key = i * 1000003;
    while ((hash_mix(key) & 1023) > 3)
        key++;
    return key;
}

static uint64_t (*const key_kinds[])(uint64_t) = { dense_key, packed_key, scattered_key,
                                                   crowded_key };
enum { KEY_KINDS = sizeof key_kinds / sizeof *key_kinds };

START_TEST(index_map_agrees_with_an_array_under_random_work)
{
    struct rng rng = rng_stream(5, "index map", (uint64_t)_i);
    struct index_map map = { 0 };
    struct reference reference;
    reference_init(&reference, key_kinds[_i]);
    for (int step = 0; step < 20000; step++) {
        random_step(&map, &reference, &rng);
        if (step % 500 == 0)
            check_same(&map, &reference);
    }
    check_same(&map, &reference);
    index_map_fini(&map);
}
END_TEST

START_TEST(index_map_is_empty_and_valid_when_zeroed)
{
    struct index_map map = { 0 };
    ck_assert_uint_eq(index_map_get(&map, 0), INDEX_NONE);
    ck_assert(!index_map_remove(&map, 0));
    index_map_clear(&map);
    ck_assert_uint_eq(map.count, 0);
    index_map_fini(&map);
}
END_TEST

START_TEST(index_map_takes_the_keys_and_indexes_at_the_limits)
{
    struct index_map map = { 0 };
    index_map_put(&map, 0, 0);
    index_map_put(&map, UINT64_MAX, INDEX_NONE - 1);
    ck_assert_uint_eq(index_map_get(&map, 0), 0);
    ck_assert_uint_eq(index_map_get(&map, UINT64_MAX), INDEX_NONE - 1);
    ck_assert_uint_eq(index_map_get(&map, 1), INDEX_NONE);
    index_map_fini(&map);
}
END_TEST

START_TEST(index_map_put_replaces)
{
    struct index_map map = { 0 };
    index_map_put(&map, 7, 1);
    index_map_put(&map, 7, 2);
    ck_assert_uint_eq(map.count, 1);
    ck_assert_uint_eq(index_map_get(&map, 7), 2);
    ck_assert(index_map_remove(&map, 7));
    ck_assert(!index_map_remove(&map, 7));
    index_map_fini(&map);
}
END_TEST

START_TEST(index_map_put_stops_at_the_index_that_means_none)
{
    struct index_map map = { 0 };
    index_map_put(&map, 1, INDEX_NONE);
}
END_TEST

START_TEST(index_map_clear_forgets_all_and_goes_on)
{
    struct index_map map = { 0 };
    for (uint64_t key = 0; key < 1000; key++)
        index_map_put(&map, key, (uint32_t)key);
    index_map_clear(&map);
    for (uint64_t key = 0; key < 1000; key++)
        ck_assert_uint_eq(index_map_get(&map, key), INDEX_NONE);
    index_map_put(&map, 3, 4);
    ck_assert_uint_eq(map.count, 1);
    ck_assert_uint_eq(index_map_get(&map, 3), 4);
    index_map_fini(&map);
}
END_TEST

START_TEST(index_map_stays_small_when_things_come_and_go)
{
    struct index_map map = { 0 };
    for (uint64_t key = 0; key < 100000; key++) {
        index_map_put(&map, key, 1);
        if (key >= 10)
            ck_assert(index_map_remove(&map, key - 10));
    }
    ck_assert_uint_le(map.capacity, 64);
    index_map_fini(&map);
}
END_TEST

Suite *test_base_index_map_suite(void);
Suite *test_base_index_map_suite(void)
{
    Suite *suite = suite_create("base_index_map");
    TCase *tcase = tcase_create("index map");
    tcase_add_loop_test(tcase, index_map_agrees_with_an_array_under_random_work, 0, KEY_KINDS);
    tcase_add_test(tcase, index_map_is_empty_and_valid_when_zeroed);
    tcase_add_test(tcase, index_map_takes_the_keys_and_indexes_at_the_limits);
    tcase_add_test(tcase, index_map_put_replaces);
    tcase_add_test_raise_signal(tcase, index_map_put_stops_at_the_index_that_means_none, SIGABRT);
    tcase_add_test(tcase, index_map_clear_forgets_all_and_goes_on);
    tcase_add_test(tcase, index_map_stays_small_when_things_come_and_go);
    suite_add_tcase(suite, tcase);
    return suite;
}
