/* SPDX-License-Identifier: Apache-2.0
 *
 * Random calls on tables and the dull array that says what they must hold.
 */
#include "tests/lib/state_oracle.h"

#include <check.h>

#include "core/base/alloc.h"
#include "core/base/hash.h"

enum { BATCH_MOST = 48, SLOT = RECORD_HEAD + ORACLE_KEY_MOST };

static const struct {
    uint32_t key_size, value_size;
    enum key_hash hash;
} shapes[ORACLE_SHAPES] = {
    { 8, 8, KEY_HASH_LONG }, { 4, 8, KEY_HASH_INTEGER }, { 12, 20, KEY_HASH_TEXT },
    { 1, 1, KEY_HASH_TEXT }, { 0, 8, KEY_HASH_TEXT },    { 8, 0, KEY_HASH_LONG },
    { 0, 0, KEY_HASH_TEXT },
};

struct state_spec oracle_spec(int shape, int32_t max_parallelism, struct key_group_range range)
{
    return (struct state_spec){ .key_size = shapes[shape].key_size,
                                .value_size = shapes[shape].value_size,
                                .key_hash = shapes[shape].hash,
                                .max_parallelism = max_parallelism,
                                .range = range,
                                .incremental = true };
}

/* Keys of one byte are the same for many numbers; then the lowest number is the key's. */
static uint32_t lowest(const struct state_spec *spec, uint32_t number)
{
    return spec->key_size == 1 ? number % 256 : number;
}

struct oracle_key oracle_key_of(const struct state_spec *spec, uint32_t number)
{
    struct oracle_key key = { .size = spec->key_size };
    uint64_t draw = hash_mix(lowest(spec, number));
    if (key.size == 0)
        key.size = number % 7 == 0 ? 2 + number / 7 % 12 : 4 + (uint32_t)(draw % 110);
    for (uint32_t i = 0; i < key.size; i++)
        key.bytes[i] = (uint8_t)(hash_mix(draw + i / 3) >> 8 * (i % 3));
    uint32_t name = lowest(spec, number);
    memcpy(key.bytes, &name, key.size < sizeof name ? key.size : sizeof name);
    return key;
}

static struct state_key state_key_of(const struct oracle_key *key)
{
    return (struct state_key){ key->bytes, key->size, STATE_GROUP_COMPUTED };
}

int32_t oracle_group_of(const struct state_spec *spec, uint32_t number)
{
    struct oracle_key key = oracle_key_of(spec, number);
    return key_group_of_hash(key_hash_of(spec->key_hash, key.bytes, key.size),
                             spec->max_parallelism);
}

void oracle_job_init(struct oracle_job *job, int shape, int32_t max_parallelism,
                     int32_t parallelism)
{
    *job = (struct oracle_job){ .parallelism = parallelism };
    ck_assert_int_le(parallelism, ORACLE_TABLES_MOST);
    for (int32_t i = 0; i < parallelism; i++) {
        struct state_spec spec = oracle_spec(shape, max_parallelism,
                                             key_group_range_of(i, parallelism, max_parallelism));
        job->tables[i] = state_table_create(&spec);
    }
    job->slots = mem_create_array(BATCH_MOST, SLOT);
}

void oracle_job_fini(struct oracle_job *job)
{
    for (int32_t i = 0; i < job->parallelism; i++)
        state_table_destroy(job->tables[i]);
    mem_destroy(job->slots);
}

static struct state_table *table_of(struct oracle_job *job, uint32_t number)
{
    const struct state_spec *spec = state_table_spec(job->tables[0]);
    int32_t group = oracle_group_of(spec, number);
    return job->tables[key_group_subtask(group, job->parallelism, spec->max_parallelism)];
}

static void draw_bytes(struct rng *rng, uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)rng_below(rng, 256);
}

static uint32_t draw_size(const struct state_spec *spec, struct rng *rng)
{
    if (spec->value_size != 0)
        return spec->value_size;
    return (uint32_t)rng_below(rng, rng_below(rng, 4) ? 40 : ORACLE_VALUE_MOST + 1);
}

/* A run of keys of one table, some twice; each value got is written anew. */
static void resolve_some(struct oracle_job *job, struct rng *rng)
{
    uint32_t numbers[BATCH_MOST], at[BATCH_MOST];
    void *values[BATCH_MOST];
    bool is_new[BATCH_MOST];
    uint32_t first = (uint32_t)rng_below(rng, ORACLE_KEYS), count = 0;
    struct state_table *table = table_of(job, first);
    const struct state_spec *spec = state_table_spec(table);
    uint32_t wanted = 1 + (uint32_t)rng_below(rng, BATCH_MOST);
    for (uint32_t tries = 0; tries < 4 * wanted && count < wanted; tries++) {
        uint32_t number = lowest(spec, (uint32_t)rng_below(rng, ORACLE_KEYS));
        if (table_of(job, number) != table)
            continue;
        struct oracle_key key = oracle_key_of(spec, number);
        uint64_t size = key.size;
        uint8_t *slot = job->slots + (size_t)count * SLOT;
        memcpy(slot, &size, sizeof size);
        memcpy(slot + RECORD_HEAD, key.bytes, key.size);
        at[count] = RECORD_HEAD + count * SLOT;
        numbers[count++] = number;
    }
    struct key_run keys = {
        .bytes = spec->key_size ? job->slots + RECORD_HEAD : job->slots,
        .count = count,
        .size = spec->key_size,
        .stride = spec->key_size ? SLOT : 0,
        .at = spec->key_size ? NULL : at,
    };
    struct note note;
    ck_assert(!err_is(state_table_resolve(table, &keys, NULL, values, is_new, &note)));
    for (uint32_t i = 0; i < count; i++) {
        struct oracle_value *value = &job->oracle.values[numbers[i]];
        ck_assert_int_eq(is_new[i], !value->is_there);
        if (!value->is_there)
            *value = (struct oracle_value){ .is_there = true, .size = spec->value_size };
        ck_assert_uint_eq(state_value_size(table, values[i]), value->size);
        ck_assert(memcmp(values[i], value->bytes, value->size) == 0);
        draw_bytes(rng, value->bytes, value->size);
        memcpy(values[i], value->bytes, value->size);
    }
    const void *found[BATCH_MOST];
    ck_assert(!err_is(state_table_find(table, &keys, NULL, found, &note)));
    for (uint32_t i = 0; i < count; i++)
        ck_assert_ptr_eq(found[i], values[i]);
}

static void put_one(struct oracle_job *job, uint32_t number, struct rng *rng)
{
    struct state_table *table = table_of(job, number);
    struct oracle_value *value = &job->oracle.values[number];
    struct oracle_key key = oracle_key_of(state_table_spec(table), number);
    uint8_t bytes[ORACLE_VALUE_MOST];
    uint32_t size = draw_size(state_table_spec(table), rng);
    draw_bytes(rng, bytes, size);
    ck_assert(!err_is(state_table_put(table, state_key_of(&key), bytes, size, NULL)));
    *value = (struct oracle_value){ .is_there = true, .size = size };
    memcpy(value->bytes, bytes, size);
}

static void resize_one(struct oracle_job *job, uint32_t number, struct rng *rng)
{
    struct state_table *table = table_of(job, number);
    struct oracle_value *value = &job->oracle.values[number];
    struct oracle_key key = oracle_key_of(state_table_spec(table), number);
    uint32_t size = draw_size(state_table_spec(table), rng);
    void *resized;
    if (state_table_spec(table)->value_size != 0)
        return;
    ck_assert(!err_is(state_table_resize(table, state_key_of(&key), size, &resized, NULL)));
    for (uint32_t i = value->is_there ? value->size : 0; i < size; i++)
        value->bytes[i] = 0;
    value->is_there = true;
    value->size = size;
    ck_assert(memcmp(resized, value->bytes, size) == 0);
}

static void remove_one(struct oracle_job *job, uint32_t number)
{
    struct state_table *table = table_of(job, number);
    struct oracle_key key = oracle_key_of(state_table_spec(table), number);
    bool was_there = state_table_remove(table, state_key_of(&key));
    ck_assert_int_eq(was_there, job->oracle.values[number].is_there);
    job->oracle.values[number].is_there = false;
}

/* Walks a key group and removes a part of what it meets. */
static void sweep(struct oracle_job *job, struct rng *rng)
{
    struct state_table *table = job->tables[rng_below(rng, (uint64_t)job->parallelism)];
    const struct state_spec *spec = state_table_spec(table);
    struct state_cursor cursor = { .group = spec->range.first };
    cursor.group += (int32_t)rng_below(rng, (uint64_t)(spec->range.last - spec->range.first) + 1);
    uint64_t salt = rng_next(rng);
    struct state_entry entry;
    while (state_table_next(table, &cursor, &entry)) {
        uint32_t number = 0;
        memcpy(&number, entry.key, entry.key_size < sizeof number ? entry.key_size : sizeof number);
        if (hash_mix(number ^ salt) % 3 == 0)
            state_table_remove_at(table, &cursor);
    }
    for (uint32_t number = 0; number < ORACLE_KEYS; number++) {
        struct oracle_key key = oracle_key_of(spec, number);
        uint32_t name = 0;
        memcpy(&name, key.bytes, key.size < sizeof name ? key.size : sizeof name);
        if (oracle_group_of(spec, number) == cursor.group && hash_mix(name ^ salt) % 3 == 0)
            job->oracle.values[number].is_there = false;
    }
}

void oracle_job_step(struct oracle_job *job, struct rng *rng)
{
    const struct state_spec *spec = state_table_spec(job->tables[0]);
    uint32_t number = lowest(spec, (uint32_t)rng_below(rng, ORACLE_KEYS));
    switch (rng_below(rng, 16)) {
    case 0:
    case 1:
    case 2: resolve_some(job, rng); break;
    case 3:
    case 4:
    case 5:
    case 6: put_one(job, number, rng); break;
    case 7:
    case 8: resize_one(job, number, rng); break;
    case 9: sweep(job, rng); break;
    default: remove_one(job, number); break;
    }
}

static void check_value(const struct oracle_value *expected, const void *value, uint32_t size)
{
    ck_assert_int_eq(value != NULL, expected->is_there);
    if (!expected->is_there)
        return;
    ck_assert_uint_eq(size, expected->size);
    ck_assert(memcmp(value, expected->bytes, size) == 0);
}

static uint64_t count_by_walking(const struct state_table *table)
{
    const struct state_spec *spec = state_table_spec(table);
    uint64_t count = 0;
    for (int32_t group = spec->range.first; group <= spec->range.last; group++) {
        struct state_cursor cursor = { .group = group };
        struct state_entry entry;
        while (state_table_next(table, &cursor, &entry))
            count++;
    }
    return count;
}

void oracle_job_check(struct oracle_job *job)
{
    const struct state_spec *spec = state_table_spec(job->tables[0]);
    uint64_t walked = 0, told = 0, expected = 0;
    for (uint32_t number = 0; number < ORACLE_KEYS; number++) {
        if (lowest(spec, number) != number)
            continue;
        struct oracle_key key = oracle_key_of(spec, number);
        uint32_t size = 0;
        const void *value = state_table_get(table_of(job, number), state_key_of(&key), &size);
        check_value(&job->oracle.values[number], value, size);
        expected += job->oracle.values[number].is_there;
    }
    for (int32_t i = 0; i < job->parallelism; i++) {
        state_table_check(job->tables[i]);
        walked += count_by_walking(job->tables[i]);
        told += state_table_memory(job->tables[i]).entries;
    }
    ck_assert_uint_eq(walked, expected);
    ck_assert_uint_eq(told, expected);
}
