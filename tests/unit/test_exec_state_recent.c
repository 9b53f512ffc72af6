/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that came lately are found by the key alone; whatever happens to the table in between, their
 * values are those that an array says.
 */
#include <check.h>

#include "core/base/alloc.h"
#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/exec/state_snapshot.h"

enum { GROUPS = 16, KEYS = 3000, BATCH_MOST = 1024, ROUNDS = 20 };

/* Batches until the table asks again, however seldom keys came back. */
enum { BATCHES = 40 };

static const struct snapshot_identity identity = { .name = "recent" };
static struct note note;

struct counted {
    struct state_table *table;
    uint64_t counts[KEYS]; /* what the table must hold; 0: not there */
    uint64_t id;
};

static struct state_table *create(void)
{
    return state_table_create(&(struct state_spec){ .key_size = 8,
                                                    .value_size = 8,
                                                    .key_hash = KEY_HASH_LONG,
                                                    .max_parallelism = GROUPS,
                                                    .range = { 0, GROUPS - 1 },
                                                    .incremental = true });
}

/* Key 0 is the word 0. */
static uint64_t key_of(uint64_t number)
{
    return number == 0 ? 0 : hash_mix(number);
}

static void count_batch(struct counted *counted, const uint32_t *numbers, uint32_t count)
{
    static uint64_t keys[BATCH_MOST];
    static void *values[BATCH_MOST];
    static bool is_new[BATCH_MOST];
    struct key_run run = { (const uint8_t *)keys, count, 8, 8, NULL };
    for (uint32_t i = 0; i < count; i++)
        keys[i] = key_of(numbers[i]);
    ck_assert(!err_is(state_table_resolve(counted->table, &run, NULL, values, is_new, &note)));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t *at = values[i];
        ck_assert_int_eq(is_new[i], counted->counts[numbers[i]] == 0);
        ck_assert_uint_eq(*at, counted->counts[numbers[i]]);
        counted->counts[numbers[i]] = ++*at;
    }
}

/* Few keys most of the time, so that they are remembered. */
static void count_some(struct counted *counted, struct rng *rng)
{
    static uint32_t numbers[BATCH_MOST];
    uint32_t count = 1 + (uint32_t)rng_below(rng, BATCH_MOST);
    uint64_t among = rng_below(rng, 64) == 0 ? KEYS : 300;
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = (uint32_t)rng_below(rng, among);
    count_batch(counted, numbers, count);
}

static void remove_some(struct counted *counted, struct rng *rng)
{
    for (int i = 0; i < 20; i++) {
        uint64_t number = rng_below(rng, 300), key = key_of(number);
        struct state_key one = { &key, sizeof key, STATE_GROUP_COMPUTED };
        ck_assert_int_eq(state_table_remove(counted->table, one), counted->counts[number] != 0);
        counted->counts[number] = 0;
    }
}

static void write_snapshot(struct counted *counted, bool incremental, struct snapshot_bytes *out)
{
    struct state_snapshot *snapshot =
        state_snapshot_begin(counted->table, &identity, ++counted->id, incremental);
    while (state_snapshot_write(snapshot, out, 4096))
        ;
    state_snapshot_end(snapshot);
}

/* The table as it was at the last snapshot, which is now. */
static void restore_it(struct counted *counted)
{
    struct snapshot_bytes bytes = { 0 };
    write_snapshot(counted, false, &bytes);
    struct state_restore *restore = state_restore_begin(counted->table, &identity);
    ck_assert(!err_is(state_restore_add(restore, bytes.items, bytes.count, &note)));
    ck_assert(!err_is(state_restore_finish(restore, true, &note)));
    snapshot_bytes_fini(&bytes);
}

START_TEST(remembered_keys_have_the_values_of_the_table_under_random_work)
{
    struct counted *counted = mem_create(sizeof *counted);
    struct rng rng = rng_stream(7, "recent", (uint64_t)_i);
    struct state_snapshot *held = NULL;
    counted->table = create();
    for (int round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 1 + rng_below(&rng, BATCHES); i > 0; i--)
            count_some(counted, &rng);
        switch (rng_below(&rng, 4)) {
        case 0: remove_some(counted, &rng); break;
        case 1:
            if (held)
                state_snapshot_end(held);
            held = state_snapshot_begin(counted->table, &identity, ++counted->id, false);
            break;
        case 2: restore_it(counted); break;
        default: break;
        }
    }
    if (held)
        state_snapshot_end(held);
    state_table_check(counted->table);
    state_table_destroy(counted->table);
    mem_destroy(counted);
}
END_TEST

START_TEST(key_removed_is_new_when_it_comes_again)
{
    struct counted *counted = mem_create(sizeof *counted);
    uint32_t numbers[BATCH_MOST];
    counted->table = create();
    for (uint32_t i = 0; i < BATCH_MOST; i++)
        numbers[i] = i % 50;
    for (int i = 0; i < BATCHES; i++)
        count_batch(counted, numbers, BATCH_MOST);
    uint64_t key = key_of(7);
    struct state_key one = { &key, sizeof key, STATE_GROUP_COMPUTED };
    ck_assert(state_table_remove(counted->table, one));
    counted->counts[7] = 0;
    count_batch(counted, numbers, BATCH_MOST / 2);
    state_table_destroy(counted->table);
    mem_destroy(counted);
}
END_TEST

/* The keys of `was` with their counts, and the snapshot holds no others. */
static void check_snapshot(const struct snapshot_bytes *bytes, const uint64_t *was, uint64_t keys)
{
    struct state_table *copy = create();
    struct state_restore *restore = state_restore_begin(copy, &identity);
    ck_assert(!err_is(state_restore_add(restore, bytes->items, bytes->count, &note)));
    ck_assert(!err_is(state_restore_finish(restore, true, &note)));
    ck_assert_uint_eq(state_table_memory(copy).entries, keys);
    for (uint64_t number = 0; number < keys; number++) {
        uint64_t key = key_of(number), count;
        struct state_key one = { &key, sizeof key, STATE_GROUP_COMPUTED };
        const void *value = state_table_get(copy, one, NULL);
        ck_assert_ptr_nonnull(value);
        memcpy(&count, value, sizeof count);
        ck_assert_uint_eq(count, was[number]);
    }
    state_table_destroy(copy);
}

START_TEST(what_is_written_to_remembered_keys_is_not_in_a_snapshot_begun_before)
{
    enum { FEW = 10 }; /* none takes the place of another */
    struct counted *counted = mem_create(sizeof *counted);
    struct snapshot_bytes bytes = { 0 };
    uint32_t numbers[BATCH_MOST];
    uint64_t was[FEW];
    counted->table = create();
    for (uint32_t i = 0; i < BATCH_MOST; i++)
        numbers[i] = i % FEW;
    for (int i = 0; i < BATCHES; i++)
        count_batch(counted, numbers, BATCH_MOST);
    memcpy(was, counted->counts, sizeof was);
    struct state_snapshot *snapshot = state_snapshot_begin(counted->table, &identity, 1, false);
    count_batch(counted, numbers, BATCH_MOST);
    while (state_snapshot_write(snapshot, &bytes, 4096))
        ;
    state_snapshot_end(snapshot);
    check_snapshot(&bytes, was, FEW);
    snapshot_bytes_fini(&bytes);
    state_table_destroy(counted->table);
    mem_destroy(counted);
}
END_TEST

Suite *test_exec_state_recent_suite(void);
Suite *test_exec_state_recent_suite(void)
{
    Suite *suite = suite_create("exec_state_recent");
    TCase *tcase = tcase_create("recent");
    tcase_add_loop_test(tcase, remembered_keys_have_the_values_of_the_table_under_random_work, 0,
                        10);
    tcase_add_test(tcase, key_removed_is_new_when_it_comes_again);
    tcase_add_test(tcase, what_is_written_to_remembered_keys_is_not_in_a_snapshot_begun_before);
    suite_add_tcase(suite, tcase);
    return suite;
}
