/* SPDX-License-Identifier: Apache-2.0
 *
 * State tables one property at a time: what is refused, limits, allocations, bytes, what a snapshot
 * copies and what an increment holds.
 */
#include <check.h>
#include <malloc.h>
#include <signal.h>

#include "core/base/alloc.h"
#include "core/base/hash.h"
#include "core/exec/state_snapshot.h"

enum { GROUPS = 128, BATCH = 256, MILLION = 1000000 };

static const struct snapshot_identity identity = { .name = "count" };
static struct note note;

static struct state_spec words_spec(void)
{
    return (struct state_spec){ .key_size = 8,
                                .value_size = 8,
                                .key_hash = KEY_HASH_LONG,
                                .max_parallelism = GROUPS,
                                .range = { 0, GROUPS - 1 },
                                .incremental = true };
}

static struct state_table *create_words(void)
{
    struct state_spec spec = words_spec();
    return state_table_create(&spec);
}

/* Adds one to each key from `from` on; how many were new. */
static uint64_t count_keys(struct state_table *table, uint64_t from, uint64_t count)
{
    uint64_t keys[BATCH], news = 0;
    void *values[BATCH];
    bool is_new[BATCH];
    for (uint64_t done = 0; done < count; done += BATCH) {
        struct key_run run = { (const uint8_t *)keys, 0, 8, 8, NULL };
        for (; run.count < BATCH && done + run.count < count; run.count++)
            keys[run.count] = hash_mix(from + done + run.count);
        ck_assert(!err_is(state_table_resolve(table, &run, NULL, values, is_new, &note)));
        for (uint32_t i = 0; i < run.count; i++) {
            ++*(uint64_t *)values[i];
            news += is_new[i];
        }
    }
    return news;
}

static struct state_key key_of(const uint64_t *key)
{
    return (struct state_key){ key, sizeof *key, STATE_GROUP_COMPUTED };
}

static bool remove_key(struct state_table *table, uint64_t number)
{
    uint64_t key = hash_mix(number);
    return state_table_remove(table, key_of(&key));
}

START_TEST(resolve_of_a_key_group_outside_changes_nothing)
{
    struct state_spec spec = words_spec();
    spec.range = (struct key_group_range){ 10, 19 };
    struct state_table *table = state_table_create(&spec);
    uint64_t keys[3] = { 1, 2, 3 };
    void *values[3];
    struct key_run run = { (const uint8_t *)keys, 3, 8, 8, NULL };
    static const uint16_t outside[][3] = {
        { 10, 19, 9 }, { 10, 19, 20 }, { 0, 10, 10 }, { 10, 65535, 11 }, { 10, 32778, 11 }
    };
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        struct err e = state_table_resolve(table, &run, outside[i], values, NULL, &note);
        ck_assert_int_eq(e.code, ERR_BAD_VALUE_CODE);
        ck_assert_uint_eq(state_table_memory(table).entries, 0);
    }
    ck_assert_str_eq(note.text, "key group 32778 is not one of 10 to 19");
    ck_assert(!err_is(
        state_table_resolve(table, &run, (const uint16_t[]){ 10, 19, 15 }, values, NULL, &note)));
    ck_assert_uint_eq(state_table_memory(table).entries, 3);
    struct state_key key = { &keys[0], 8, 9 };
    ck_assert(state_table_get(table, key, NULL) == NULL);
    ck_assert(!state_table_remove(table, key));
    ck_assert(err_is(state_table_put(table, key, &keys[1], 8, &note)));
    key.group = 10;
    ck_assert(state_table_get(table, key, NULL) != NULL);
    state_table_destroy(table);
}
END_TEST

START_TEST(keys_and_values_are_taken_up_to_their_limits)
{
    struct state_spec spec = words_spec();
    spec.key_size = spec.value_size = 0;
    spec.key_hash = KEY_HASH_TEXT;
    struct state_table *table = state_table_create(&spec);
    uint8_t *bytes = mem_create(STATE_KEY_MAX + RECORD_HEAD + 1);
    void *value;
    struct state_key key = { bytes, STATE_KEY_MAX + 1, STATE_GROUP_COMPUTED };
    ck_assert(err_is(state_table_put(table, key, "x", 1, &note)));
    ck_assert(err_is(state_table_resize(table, key, 1, &value, &note)));
    key.size = STATE_KEY_MAX;
    ck_assert(err_is(state_table_resize(table, key, STATE_VALUE_MAX + 1, &value, &note)));
    ck_assert_uint_eq(state_table_memory(table).entries, 0);
    ck_assert(!err_is(state_table_resize(table, key, STATE_VALUE_MAX, &value, &note)));
    ck_assert_uint_eq(state_value_size(table, value), STATE_VALUE_MAX);
    ck_assert_uint_eq(((uint8_t *)value)[STATE_VALUE_MAX - 1], 0);
    uint32_t at = RECORD_HEAD;
    for (uint64_t size = STATE_KEY_MAX; size <= STATE_KEY_MAX + 1; size++) {
        memcpy(bytes, &size, sizeof size);
        struct key_run run = { .bytes = bytes, .count = 1, .at = &at };
        ck_assert_int_eq(err_is(state_table_resolve(table, &run, NULL, &value, NULL, &note)),
                         size > STATE_KEY_MAX);
    }
    key.size = 0;
    ck_assert(!err_is(state_table_put(table, key, "", 0, &note)));
    state_table_check(table);
    state_table_destroy(table);
    mem_destroy(bytes);
}
END_TEST

START_TEST(nothing_is_allocated_while_known_keys_are_counted)
{
    struct state_table *table = create_words();
    ck_assert_uint_eq(count_keys(table, 0, 50000), 50000);
    uint64_t allocations = state_table_memory(table).allocations;
    size_t used = mallinfo2().uordblks;
    for (int i = 0; i < 20; i++)
        ck_assert_uint_eq(count_keys(table, 0, 50000), 0);
    ck_assert_uint_eq(state_table_memory(table).allocations, allocations);
    ck_assert_uint_eq(mallinfo2().uordblks, used);
    state_table_destroy(table);
}
END_TEST

START_TEST(a_million_small_keys_take_at_most_half_as_much_again_as_their_bytes)
{
    struct state_table *table = create_words();
    for (uint64_t count = 0; count < MILLION; count += 20000) {
        count_keys(table, count, 20000);
        struct state_memory memory = state_table_memory(table);
        if (count > 200000)
            ck_assert_msg(memory.live_bytes <= memory.entries * 24, "%llu bytes of %llu",
                          (unsigned long long)memory.live_bytes,
                          (unsigned long long)memory.entries);
    }
    ck_assert_uint_eq(state_table_memory(table).entries, MILLION);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

/* Keys come and go; what is left behind does not pile up. */
START_TEST(garbage_in_the_heap_stays_within_bounds)
{
    struct state_spec spec = words_spec();
    spec.value_size = 0;
    struct state_table *table = state_table_create(&spec);
    uint8_t value[100] = { 0 };
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t key = hash_mix(i % 1000);
        uint32_t size = (uint32_t)(hash_mix(i) % sizeof value);
        ck_assert(!err_is(state_table_put(table, key_of(&key), value, size, &note)));
    }
    ck_assert_uint_lt(state_table_memory(table).live_bytes, 300000);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

START_TEST(table_that_has_become_almost_empty_gives_memory_back)
{
    struct state_table *table = create_words();
    count_keys(table, 0, 100000);
    uint64_t bytes = state_table_memory(table).live_bytes;
    for (uint64_t i = 1000; i < 100000; i++)
        ck_assert(remove_key(table, i));
    state_snapshot_end(state_snapshot_begin(table, &identity, 1, false));
    ck_assert_uint_eq(count_keys(table, 0, 1000), 0);
    ck_assert_uint_lt(state_table_memory(table).live_bytes, bytes / 10);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

START_TEST(a_snapshot_copies_the_groups_written_to_while_it_holds_them)
{
    struct state_table *table = create_words();
    count_keys(table, 0, 100000);
    uint64_t allocations = state_table_memory(table).allocations;
    struct state_snapshot *first = state_snapshot_begin(table, &identity, 1, false);
    struct state_snapshot *second = state_snapshot_begin(table, &identity, 2, false);
    uint64_t key = hash_mix(5);
    ck_assert(state_table_get(table, key_of(&key), NULL) != NULL);
    ck_assert(!remove_key(table, MILLION));
    ck_assert_uint_eq(state_table_memory(table).allocations, allocations); /* reading is free */
    count_keys(table, 5, 1);
    count_keys(table, 5, 1);
    ck_assert_uint_eq(state_table_memory(table).allocations, allocations + 1);
    ck_assert_uint_gt(state_table_memory(table).held_bytes, 0);
    state_snapshot_end(first);
    ck_assert_uint_gt(state_table_memory(table).held_bytes, 0);
    state_snapshot_end(second);
    ck_assert_uint_eq(state_table_memory(table).held_bytes, 0);
    count_keys(table, 0, 100000);
    ck_assert_uint_eq(state_table_memory(table).allocations, allocations + 1);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

struct held {
    uint64_t entries, removed;
};

/* Takes an incremental snapshot and says how much is in it. */
static struct held take(struct state_table *table, uint64_t id)
{
    struct held held = { 0 };
    struct snapshot_bytes bytes = { 0 };
    struct snapshot_file file;
    struct state_snapshot *snapshot = state_snapshot_begin(table, &identity, id, true);
    while (state_snapshot_write(snapshot, &bytes, 1))
        ;
    state_snapshot_end(snapshot);
    ck_assert(!err_is(snapshot_open(bytes.items, bytes.count, &file, &note)));
    for (int32_t group = 0; group < GROUPS; group++) {
        uint64_t from, to;
        ck_assert(!err_is(snapshot_section(&file, group, &from, &to, &note)));
        while (from < to) {
            struct snapshot_block block;
            ck_assert(!err_is(snapshot_read_block(&file, group, &from, to, &block, &note)));
            if (block.kind == SNAPSHOT_BLOCK_REMOVED)
                held.removed += block.entries;
            else
                held.entries += block.entries;
        }
    }
    snapshot_bytes_fini(&bytes);
    return held;
}

#define EXPECT_HELD(table, id, entry_count, removed_count)                                         \
    do {                                                                                           \
        struct held held_ = take(table, id);                                                       \
        ck_assert_uint_eq(held_.entries, entry_count);                                             \
        ck_assert_uint_eq(held_.removed, removed_count);                                           \
    } while (0)

START_TEST(an_increment_holds_what_changed_after_the_confirmed_one)
{
    struct state_table *table = create_words();
    count_keys(table, 0, 1000);
    EXPECT_HELD(table, 10, 1000, 0);
    EXPECT_HELD(table, 11, 1000, 0); /* 10 is not confirmed: there is no base */
    ck_assert(!err_is(state_table_confirm(table, 11)));
    EXPECT_HELD(table, 12, 0, 0);
    count_keys(table, 100, 10);
    for (uint64_t i = 0; i < 5; i++)
        ck_assert(remove_key(table, i));
    EXPECT_HELD(table, 13, 10, 5);
    state_table_abort(table, 13);
    count_keys(table, 4, 1); /* comes back */
    EXPECT_HELD(table, 14, 11, 5);
    ck_assert(!err_is(state_table_confirm(table, 14)));
    EXPECT_HELD(table, 15, 0, 0);
    ck_assert(remove_key(table, 900));
    EXPECT_HELD(table, 16, 0, 1);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

START_TEST(removals_that_a_confirmed_snapshot_knows_of_are_forgotten)
{
    struct state_table *table = create_words();
    for (uint64_t id = 1; id <= 100; id++) {
        count_keys(table, id * 1000, 1000);
        for (uint64_t i = 0; i < 1000; i++)
            ck_assert(remove_key(table, id * 1000 + i));
        EXPECT_HELD(table, id, 0, id == 1 ? 0 : 1000);
        ck_assert(!err_is(state_table_confirm(table, id)));
    }
    ck_assert_uint_lt(state_table_memory(table).live_bytes, 250000);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

START_TEST(increments_under_way_at_the_same_time_keep_their_changes_apart)
{
    struct state_table *table = create_words();
    count_keys(table, 0, 1000);
    EXPECT_HELD(table, 1, 1000, 0);
    ck_assert(!err_is(state_table_confirm(table, 1)));
    count_keys(table, 0, 10);
    EXPECT_HELD(table, 2, 10, 0);
    count_keys(table, 10, 7);
    remove_key(table, 500);
    EXPECT_HELD(table, 3, 17, 1);
    count_keys(table, 20, 3);
    ck_assert(!err_is(state_table_confirm(table, 2)));
    EXPECT_HELD(table, 4, 10, 1);
    ck_assert(!err_is(state_table_confirm(table, 4)));
    ck_assert_int_eq(state_table_confirm(table, 3).code, ERR_STALE_CODE); /* too late */
    EXPECT_HELD(table, 5, 0, 0);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

START_TEST(only_so_many_snapshots_are_waited_for)
{
    struct state_table *table = create_words();
    for (uint64_t id = 1; id <= STATE_UNSETTLED_MAX + 1; id++)
        state_snapshot_end(state_snapshot_begin(table, &identity, id, true));
    ck_assert_int_eq(state_table_confirm(table, 1).code, ERR_STALE_CODE);
    state_table_abort(table, 1);
    ck_assert(!err_is(state_table_confirm(table, 2)));
    ck_assert_int_eq(state_table_confirm(table, 2).code, ERR_STALE_CODE);
    ck_assert(!err_is(state_table_confirm(table, STATE_UNSETTLED_MAX + 1)));
    ck_assert_int_eq(state_table_confirm(table, STATE_UNSETTLED_MAX + 2).code, ERR_STALE_CODE);
    state_table_check(table);
    state_table_destroy(table);
}
END_TEST

START_TEST(snapshot_ids_must_rise)
{
    struct state_table *table = create_words();
    state_snapshot_end(state_snapshot_begin(table, &identity, 7, false));
    state_snapshot_begin(table, &identity, 7, false);
}
END_TEST

START_TEST(table_must_not_go_before_its_snapshots)
{
    struct state_table *table = create_words();
    state_snapshot_begin(table, &identity, 7, false);
    state_table_destroy(table);
}
END_TEST

Suite *test_exec_state_books_suite(void);
Suite *test_exec_state_books_suite(void)
{
    Suite *suite = suite_create("exec_state_books");
    TCase *tcase = tcase_create("books");
    tcase_add_test(tcase, resolve_of_a_key_group_outside_changes_nothing);
    tcase_add_test(tcase, keys_and_values_are_taken_up_to_their_limits);
    tcase_add_test(tcase, nothing_is_allocated_while_known_keys_are_counted);
    tcase_add_test(tcase, a_million_small_keys_take_at_most_half_as_much_again_as_their_bytes);
    tcase_add_test(tcase, garbage_in_the_heap_stays_within_bounds);
    tcase_add_test(tcase, table_that_has_become_almost_empty_gives_memory_back);
    tcase_add_test(tcase, a_snapshot_copies_the_groups_written_to_while_it_holds_them);
    tcase_add_test(tcase, an_increment_holds_what_changed_after_the_confirmed_one);
    tcase_add_test(tcase, removals_that_a_confirmed_snapshot_knows_of_are_forgotten);
    tcase_add_test(tcase, increments_under_way_at_the_same_time_keep_their_changes_apart);
    tcase_add_test(tcase, only_so_many_snapshots_are_waited_for);
    tcase_add_test_raise_signal(tcase, snapshot_ids_must_rise, SIGABRT);
    tcase_add_test_raise_signal(tcase, table_must_not_go_before_its_snapshots, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
