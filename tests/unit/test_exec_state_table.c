/* SPDX-License-Identifier: Apache-2.0
 *
 * State tables against an array of all keys: every shape of keys and values, one and several
 * subtasks, few and many key groups.
 */
#include <check.h>
#include <signal.h>

#include "core/base/alloc.h"
#include "core/base/hash.h"
#include "tests/lib/state_oracle.h"

static const struct {
    int32_t max_parallelism, parallelism;
} settings[] = { { 1, 1 }, { 5, 2 }, { 128, 3 }, { 4096, 1 } };

enum { SETTINGS = sizeof settings / sizeof *settings };

START_TEST(state_table_agrees_with_an_array_under_random_work)
{
    struct rng rng = rng_stream(11, "state table", (uint64_t)_i);
    struct oracle_job *job = mem_create(sizeof *job);
    oracle_job_init(job, _i % ORACLE_SHAPES, settings[_i / ORACLE_SHAPES].max_parallelism,
                    settings[_i / ORACLE_SHAPES].parallelism);
    for (int step = 0; step < 4000; step++) {
        oracle_job_step(job, &rng);
        if (step % 100 == 0)
            oracle_job_check(job);
    }
    oracle_job_check(job);
    oracle_job_fini(job);
    mem_destroy(job);
}
END_TEST

/* More than the near caches hold, so that keys are looked up some ahead of one another. */
enum {
    LARGE_KEYS = 60000,
    LARGE_BATCH = 1000,
    LARGE_ROUNDS = 400,
    LARGE_AGAIN = 150, /* keys apart, at most, when one comes again while it is under way */
    LARGE_REMOVED = 100,
};

static const struct snapshot_identity identity = { .name = "large" };

struct large {
    struct state_table *table;
    uint64_t counts[LARGE_KEYS];
    uint64_t keys[LARGE_BATCH];
    uint32_t numbers[LARGE_BATCH];
    void *values[LARGE_BATCH];
    bool is_new[LARGE_BATCH];
};

/* Draws a batch; the keys that may come grow in number, so that it is new ones all the time. */
static struct key_run large_draw(struct large *large, struct rng *rng, uint64_t among)
{
    for (uint64_t i = 0; i < LARGE_BATCH; i++) {
        uint64_t back = rng_below(rng, 4 * LARGE_AGAIN) + 1;
        large->numbers[i] = back <= LARGE_AGAIN && back <= i ? large->numbers[i - back]
                                                             : (uint32_t)rng_below(rng, among);
        large->keys[i] = hash_mix(large->numbers[i]);
    }
    return (struct key_run){ (const uint8_t *)large->keys, LARGE_BATCH, 8, 8, NULL };
}

static void large_count(struct large *large, struct rng *rng, uint64_t among)
{
    struct note note;
    struct key_run run = large_draw(large, rng, among);
    struct err e =
        state_table_resolve(large->table, &run, NULL, large->values, large->is_new, &note);
    bool agrees = !err_is(e);
    for (int i = 0; i < LARGE_BATCH; i++) {
        uint64_t *value = large->values[i], *count = &large->counts[large->numbers[i]];
        agrees &= large->is_new[i] == (*count == 0) && *value == *count;
        *count = ++*value;
    }
    ck_assert(agrees);
}

/* Leaves holes in full buckets. */
static void large_remove(struct large *large, struct rng *rng, uint64_t among)
{
    for (int i = 0; i < LARGE_REMOVED; i++) {
        uint64_t number = rng_below(rng, among), word = hash_mix(number);
        struct state_key key = { (const uint8_t *)&word, sizeof word, STATE_GROUP_COMPUTED };
        ck_assert(state_table_remove(large->table, key) == (large->counts[number] != 0));
        large->counts[number] = 0;
    }
}

static void large_look(struct large *large, struct rng *rng)
{
    struct note note;
    struct key_run run = large_draw(large, rng, LARGE_KEYS);
    const void *values[LARGE_BATCH];
    bool agrees = true;
    ck_assert(!err_is(state_table_find(large->table, &run, NULL, values, &note)));
    for (int i = 0; i < LARGE_BATCH; i++) {
        const uint64_t *value = values[i];
        agrees &= (value ? *value : 0) == large->counts[large->numbers[i]];
    }
    ck_assert(agrees);
}

static void large_write(struct large *large, uint64_t id, struct snapshot_bytes *bytes)
{
    struct state_snapshot *snapshot = state_snapshot_begin(large->table, &identity, id, true);
    while (state_snapshot_write(snapshot, bytes, 1 << 16))
        ;
    state_snapshot_end(snapshot);
    ck_assert(!err_is(state_table_confirm(large->table, id)));
}

/* Full snapshot and increment together are the table: nothing written went unmarked. */
static void large_check_files(struct large *large, const struct snapshot_bytes files[2])
{
    struct note note;
    struct state_table *whole = state_table_create(state_table_spec(large->table)), *old;
    struct state_restore *restore = state_restore_begin(whole, &identity);
    for (int i = 0; i < 2; i++)
        ck_assert(!err_is(state_restore_add(restore, files[i].items, files[i].count, &note)));
    ck_assert(!err_is(state_restore_finish(restore, true, &note)));
    old = large->table;
    large->table = whole;
    struct rng rng = rng_stream(13, "large look", 0);
    for (int i = 0; i < LARGE_ROUNDS / 4; i++)
        large_look(large, &rng);
    ck_assert_uint_eq(state_table_memory(whole).entries, state_table_memory(old).entries);
    large->table = old;
    state_table_destroy(whole);
}

START_TEST(large_state_table_agrees_with_an_array)
{
    struct rng rng = rng_stream(12, "large state table", (uint64_t)_i);
    struct large *large = mem_create(sizeof *large);
    struct snapshot_bytes files[2] = { { 0 } };
    struct state_spec spec = { .key_size = 8,
                               .value_size = 8,
                               .key_hash = KEY_HASH_LONG,
                               .max_parallelism = settings[_i].max_parallelism,
                               .range = { 0, settings[_i].max_parallelism - 1 },
                               .incremental = true };
    large->table = state_table_create(&spec);
    for (uint64_t round = 1; round <= LARGE_ROUNDS; round++) {
        large_count(large, &rng, LARGE_KEYS * round / LARGE_ROUNDS);
        large_look(large, &rng);
        large_remove(large, &rng, LARGE_KEYS * round / LARGE_ROUNDS);
        if (round == LARGE_ROUNDS - 10)
            large_write(large, 1, &files[0]);
    }
    large_write(large, 2, &files[1]);
    ck_assert_uint_lt(files[1].count, files[0].count / 2);
    state_table_check(large->table);
    large_check_files(large, files);
    snapshot_bytes_fini(&files[0]);
    snapshot_bytes_fini(&files[1]);
    state_table_destroy(large->table);
    mem_destroy(large);
}
END_TEST

/* As those of records that vary in size do. */
START_TEST(state_table_finds_words_that_lie_anywhere)
{
    enum { WORDS = 7 };
    static const uint32_t at[WORDS] = { 48, 0, 16, 56, 8, 40, 24 };
    uint64_t bytes[WORDS + 1];
    void *values[WORDS];
    const void *found[WORDS];
    bool is_new[WORDS];
    struct note note;
    struct state_spec spec = { .key_size = 8,
                               .value_size = 8,
                               .key_hash = KEY_HASH_LONG,
                               .max_parallelism = 5,
                               .range = { 0, 4 } };
    struct state_table *table = state_table_create(&spec);
    struct key_run run = { (const uint8_t *)bytes, WORDS, sizeof *bytes, 0, at };
    for (uint64_t i = 0; i <= WORDS; i++)
        bytes[i] = hash_mix(i);
    ck_assert(!err_is(state_table_resolve(table, &run, NULL, values, is_new, &note)));
    for (uint64_t i = 0; i < WORDS; i++) {
        ck_assert(is_new[i]);
        *(uint64_t *)values[i] = at[i];
    }
    ck_assert(!err_is(state_table_find(table, &run, NULL, found, &note)));
    for (int i = 0; i < WORDS; i++) {
        struct state_key key = { &bytes[at[i] / 8], sizeof *bytes, STATE_GROUP_COMPUTED };
        const uint64_t *value = state_table_get(table, key, NULL);
        ck_assert(value && *value == at[i]);
        ck_assert(found[i] == values[i]);
    }
    state_table_destroy(table);
}
END_TEST

Suite *test_exec_state_table_suite(void);
Suite *test_exec_state_table_suite(void)
{
    Suite *suite = suite_create("exec_state_table");
    TCase *tcase = tcase_create("state table");
    tcase_add_loop_test(tcase, state_table_agrees_with_an_array_under_random_work, 0,
                        ORACLE_SHAPES * SETTINGS);
    tcase_add_loop_test(tcase, large_state_table_agrees_with_an_array, 0, SETTINGS);
    tcase_add_test(tcase, state_table_finds_words_that_lie_anywhere);
    suite_add_tcase(suite, tcase);
    return suite;
}
