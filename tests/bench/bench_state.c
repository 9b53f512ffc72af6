/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed state. Counting keys in batches of 1024 against a plain loop in C: an open-addressing table
 * at most half full, with prefetch, that knows no key groups, no snapshots and no bound of memory.
 * A snapshot and a restore of 100 MB against copying that many bytes. Bytes per key against one and
 * a half times key and value.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/base/text.h"
#include "core/exec/state_snapshot.h"
#include "tests/bench/bench.h"

enum {
    DRAWS = 1 << 20,
    BATCH = 1024,
    AHEAD = 16,
    GROUPS = 128,
    TEXT = 100,
    TEXT_STRIDE = 112, /* length, text, padding */
    BIG_BYTES = 100000000,
    BIG = BIG_BYTES / 16, /* entries */
    PIECE = 1 << 18,      /* of a snapshot */
    LINE = 80,
};

static const struct snapshot_identity identity = { .name = "count" };

static struct state_spec spec_of(uint32_t key_size, enum key_hash hash)
{
    return (struct state_spec){ .key_size = key_size,
                                .value_size = sizeof(uint64_t),
                                .key_hash = hash,
                                .max_parallelism = GROUPS,
                                .range = { 0, GROUPS - 1 },
                                .incremental = true };
}

/* Ranks from 0, uniform or by Zipf's law with exponent 1. */
static uint32_t *create_ranks(uint32_t keys, bool zipf)
{
    struct rng rng = rng_stream(1, "state", keys);
    uint32_t *ranks = mem_create_array(DRAWS, sizeof *ranks);
    double *sums = mem_create_array(keys, sizeof *sums), sum = 0;
    for (uint32_t i = 0; i < keys; i++)
        sums[i] = sum += zipf ? 1.0 / (i + 1) : 1.0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        double drawn = rng_unit(&rng) * sum;
        uint32_t low = 0, high = keys - 1;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (sums[middle] > drawn)
                high = middle;
            else
                low = middle + 1;
        }
        ranks[i] = low;
    }
    mem_destroy(sums);
    return ranks;
}

/* The plain table: a key of 0 is an empty cell. */
struct cell {
    uint64_t key, count;
};

struct text_cell {
    uint64_t hash, count;
    uint8_t text[TEXT_STRIDE - sizeof(uint64_t)];
};

struct count {
    uint64_t *keys;
    uint8_t *texts; /* in the layout of records */
    uint32_t *at;
    uint16_t *groups; /* null: the table computes them */
    struct state_table *table;
    struct cell *cells;
    struct text_cell *text_cells;
    uint64_t mask;
};

static void count_plain(void *context, uint64_t n)
{
    struct count *count = context;
    const uint64_t mask = count->mask;
    for (uint64_t from = 0; from < n; from += BATCH) {
        const uint64_t *keys = count->keys + from % DRAWS;
        uint64_t at[BATCH];
        for (int i = 0; i < BATCH; i++)
            at[i] = (keys[i] * 0x9e3779b97f4a7c15u >> 32) & mask;
        for (int i = 0; i < BATCH; i++) {
            if (i + AHEAD < BATCH)
                __builtin_prefetch(&count->cells[at[i + AHEAD]], 1);
            uint64_t cell = at[i];
            while (count->cells[cell].key != keys[i] && count->cells[cell].key != 0)
                cell = (cell + 1) & mask;
            count->cells[cell].key = keys[i];
            count->cells[cell].count++;
        }
    }
}

static void count_ours(void *context, uint64_t n)
{
    struct count *count = context;
    void *values[BATCH];
    for (uint64_t from = 0; from < n; from += BATCH) {
        struct key_run keys = { .bytes = (const uint8_t *)(count->keys + from % DRAWS),
                                .count = BATCH,
                                .size = sizeof(uint64_t),
                                .stride = sizeof(uint64_t) };
        const uint16_t *groups = count->groups ? count->groups + from % DRAWS : NULL;
        if (err_is(state_table_resolve(count->table, &keys, groups, values, NULL, NULL)))
            abort();
        for (int i = 0; i < BATCH; i++)
            ++*(uint64_t *)values[i];
    }
}

static void compare(uint32_t key_count, bool zipf, bool groups_given)
{
    struct state_spec spec = spec_of(sizeof(uint64_t), KEY_HASH_LONG);
    struct count count = { .table = state_table_create(&spec), .mask = 1 };
    uint32_t *ranks = create_ranks(key_count, zipf);
    count.keys = mem_create_array(DRAWS, sizeof *count.keys);
    for (uint32_t i = 0; i < DRAWS; i++)
        count.keys[i] = hash_mix(ranks[i]);
    while (count.mask + 1 < 2 * (uint64_t)key_count)
        count.mask = count.mask * 2 + 1;
    count.cells = mem_create_array(count.mask + 1, sizeof *count.cells);
    if (groups_given) {
        struct key_run keys = { (const uint8_t *)count.keys, DRAWS, 8, 8, NULL };
        count.groups = mem_create_array(DRAWS, sizeof *count.groups);
        key_groups_of_run(&keys, KEY_HASH_LONG, GROUPS, count.groups);
    }
    char name[LINE];
    text_format(name, sizeof name, "state: count, %u keys, %s%s", key_count,
                zipf ? "zipf" : "uniform", groups_given ? ", groups known" : "");
    bench_against(name, count_ours, count_plain, &count, DRAWS);
    state_table_destroy(count.table);
    mem_destroy(count.cells);
    mem_destroy(count.groups);
    mem_destroy(count.keys);
    mem_destroy(ranks);
}

static uint64_t plain_text_hash(const uint8_t *text)
{
    uint64_t hash = 0, word;
    for (size_t i = 0; i + sizeof word <= TEXT; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    memcpy(&word, text + TEXT - sizeof word, sizeof word);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
    return hash | 1;
}

static void count_texts_plain(void *context, uint64_t n)
{
    struct count *count = context;
    for (uint64_t from = 0; from < n; from += BATCH) {
        const uint8_t *texts = count->texts + from % DRAWS * TEXT_STRIDE;
        uint64_t hash[BATCH];
        for (int i = 0; i < BATCH; i++)
            hash[i] = plain_text_hash(texts + i * TEXT_STRIDE + RECORD_HEAD);
        for (int i = 0; i < BATCH; i++) {
            if (i + AHEAD < BATCH) {
                const struct text_cell *next = &count->text_cells[hash[i + AHEAD] & count->mask];
                __builtin_prefetch(next, 1);
                __builtin_prefetch((const uint8_t *)next + 64);
            }
            const uint8_t *text = texts + i * TEXT_STRIDE + RECORD_HEAD;
            uint64_t at = hash[i] & count->mask;
            while (count->text_cells[at].hash != 0 &&
                   (count->text_cells[at].hash != hash[i] ||
                    memcmp(count->text_cells[at].text, text, TEXT) != 0))
                at = (at + 1) & count->mask;
            if (count->text_cells[at].hash == 0) {
                count->text_cells[at].hash = hash[i];
                memcpy(count->text_cells[at].text, text, TEXT);
            }
            count->text_cells[at].count++;
        }
    }
}

static void count_texts_ours(void *context, uint64_t n)
{
    struct count *count = context;
    void *values[BATCH];
    for (uint64_t from = 0; from < n; from += BATCH) {
        struct key_run keys = { .bytes = count->texts + from % DRAWS * TEXT_STRIDE,
                                .count = BATCH,
                                .at = count->at };
        if (err_is(state_table_resolve(count->table, &keys, NULL, values, NULL, NULL)))
            abort();
        for (int i = 0; i < BATCH; i++)
            ++*(uint64_t *)values[i];
    }
}

static void compare_texts(uint32_t key_count, bool zipf)
{
    struct state_spec spec = spec_of(0, KEY_HASH_TEXT);
    struct count count = { .table = state_table_create(&spec), .mask = 1 };
    uint32_t *ranks = create_ranks(key_count, zipf);
    count.texts = mem_create_array(DRAWS, TEXT_STRIDE);
    count.at = mem_create_array(BATCH, sizeof *count.at);
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint64_t size = TEXT, name = hash_mix(ranks[i]);
        uint8_t *slot = count.texts + (size_t)i * TEXT_STRIDE;
        memcpy(slot, &size, sizeof size);
        for (uint32_t k = 0; k < TEXT; k++)
            slot[RECORD_HEAD + k] = (uint8_t)('a' + (name >> k % 59) % 16);
    }
    for (uint32_t i = 0; i < BATCH; i++)
        count.at[i] = i * TEXT_STRIDE + RECORD_HEAD;
    while (count.mask + 1 < 2 * (uint64_t)key_count)
        count.mask = count.mask * 2 + 1;
    count.text_cells = mem_create_array(count.mask + 1, sizeof *count.text_cells);
    char name[LINE];
    text_format(name, sizeof name, "state: count, %u texts of 100 B, %s", key_count,
                zipf ? "zipf" : "uniform");
    bench_against(name, count_texts_ours, count_texts_plain, &count, DRAWS);
    struct state_memory memory = state_table_memory(count.table);
    text_format(name, sizeof name, "state: bytes per text of %u", key_count);
    bench_line(name, (double)memory.live_bytes / (double)memory.entries,
               1.5 * (TEXT + sizeof(uint64_t)), "B", 1);
    state_table_destroy(count.table);
    mem_destroy(count.text_cells);
    mem_destroy(count.texts);
    mem_destroy(count.at);
    mem_destroy(ranks);
}

/* Keys 0 to n, each counted once. */
static struct state_table *create_filled(uint64_t n)
{
    struct state_spec spec = spec_of(sizeof(uint64_t), KEY_HASH_LONG);
    struct state_table *table = state_table_create(&spec);
    uint64_t keys[BATCH];
    void *values[BATCH];
    for (uint64_t from = 0; from < n; from += BATCH) {
        struct key_run run = { .bytes = (const uint8_t *)keys, .size = 8, .stride = 8 };
        for (; run.count < BATCH && from + run.count < n; run.count++)
            keys[run.count] = hash_mix(from + run.count);
        if (err_is(state_table_resolve(table, &run, NULL, values, NULL, NULL)))
            abort();
        for (uint32_t i = 0; i < run.count; i++)
            ++*(uint64_t *)values[i];
    }
    return table;
}

static void fill(void *context, uint64_t n)
{
    (void)context;
    state_table_destroy(create_filled(n));
}

/* Entries of a shape, n of them; 0 for a size that may vary. */
struct shape {
    const char *name;
    uint32_t key_size, value_size; /* of the table */
    uint32_t key_bytes, value_bytes;
};

static const struct shape texts = { "texts", 0, 8, TEXT, 8 };

static struct state_table *create_of(const struct shape *shape, uint64_t n)
{
    struct state_spec spec =
        spec_of(shape->key_size, shape->key_size == 8 ? KEY_HASH_LONG : KEY_HASH_TEXT);
    spec.value_size = shape->value_size;
    struct state_table *table = state_table_create(&spec);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t key[TEXT / sizeof(uint64_t) + 1], value[TEXT / sizeof(uint64_t)] = { i };
        for (size_t k = 0; k < sizeof key / sizeof *key; k++)
            key[k] = hash_mix(i + k);
        if (err_is(state_table_put(
                table, (struct state_key){ key, shape->key_bytes, STATE_GROUP_COMPUTED }, value,
                shape->value_bytes, NULL)))
            abort();
    }
    return table;
}

struct whole {
    struct state_table *table, *copy;
    struct state_snapshot *snapshot;
    struct snapshot_bytes file;
    uint8_t *plain;
    int descriptor; /* of a file in memory */
    uint64_t id;
};

static void begin_and_end(void *context, uint64_t n)
{
    struct whole *whole = context;
    for (uint64_t i = 0; i < n; i++)
        state_snapshot_end(state_snapshot_begin(whole->table, &identity, ++whole->id, false));
}

static void write_whole(void *context, uint64_t n)
{
    struct whole *whole = context;
    (void)n;
    whole->file.count = 0;
    struct state_snapshot *snapshot =
        state_snapshot_begin(whole->table, &identity, ++whole->id, false);
    while (state_snapshot_write(snapshot, &whole->file, PIECE))
        ;
    state_snapshot_end(snapshot);
}

/* The same, each piece into a file as soon as it is there. */
static void write_to_file(void *context, uint64_t n)
{
    struct whole *whole = context;
    struct snapshot_bytes piece = { 0 };
    off_t at = 0;
    (void)n;
    struct state_snapshot *snapshot =
        state_snapshot_begin(whole->table, &identity, ++whole->id, false);
    for (bool more = true; more; piece.count = 0) {
        more = state_snapshot_write(snapshot, &piece, PIECE);
        if (pwrite(whole->descriptor, piece.items, piece.count, at) != (ssize_t)piece.count)
            abort();
        at += (off_t)piece.count;
    }
    state_snapshot_end(snapshot);
    snapshot_bytes_fini(&piece);
}

static void copy_to_file(void *context, uint64_t n)
{
    struct whole *whole = context;
    (void)n;
    for (size_t at = 0; at < whole->file.count; at += PIECE) {
        size_t size = whole->file.count - at < PIECE ? whole->file.count - at : PIECE;
        if (pwrite(whole->descriptor, whole->file.items + at, size, (off_t)at) != (ssize_t)size)
            abort();
    }
}

static void copy_whole(void *context, uint64_t n)
{
    struct whole *whole = context;
    (void)n;
    memcpy(whole->plain, whole->file.items, whole->file.count);
    bench_keep(whole->plain[whole->file.count / 2]);
}

static void copy_to_fresh(void *context, uint64_t n)
{
    struct whole *whole = context;
    (void)n;
    uint8_t *fresh = mem_grow_array(NULL, whole->file.count, whole->file.count, 1);
    memcpy(fresh, whole->file.items, whole->file.count);
    bench_keep(fresh[whole->file.count / 2]);
    mem_destroy(fresh);
}

static void restore_whole(void *context, uint64_t n)
{
    struct whole *whole = context;
    (void)n;
    whole->copy = state_table_create(state_table_spec(whole->table));
    struct state_restore *restore = state_restore_begin(whole->copy, &identity);
    if (err_is(state_restore_add(restore, whole->file.items, whole->file.count, NULL)) ||
        err_is(state_restore_finish(restore, true, NULL)))
        abort();
    state_table_destroy(whole->copy);
}

/* Every group is written to once while a snapshot holds all of them. */
static void copy_on_write(void *context, uint64_t n)
{
    struct whole *whole = context;
    (void)n;
    struct state_snapshot *snapshot =
        state_snapshot_begin(whole->table, &identity, ++whole->id, false);
    uint64_t keys[BATCH];
    void *values[BATCH];
    for (uint64_t i = 0; i < BATCH; i++)
        keys[i] = hash_mix(i);
    struct key_run run = { (const uint8_t *)keys, BATCH, 8, 8, NULL };
    if (err_is(state_table_resolve(whole->table, &run, NULL, values, NULL, NULL)))
        abort();
    state_snapshot_end(snapshot);
}

static struct whole whole_of(struct state_table *table)
{
    struct whole whole = { .table = table };
    write_whole(&whole, 1);
    whole.plain = mem_create(whole.file.count);
    whole.descriptor = memfd_create("snapshot", 0);
    return whole;
}

static void whole_fini(struct whole *whole)
{
    close(whole->descriptor);
    state_table_destroy(whole->table);
    snapshot_bytes_fini(&whole->file);
    mem_destroy(whole->plain);
}

/* Times are per entry of 16 bytes. */
static void compare_snapshots(void)
{
    struct whole whole = whole_of(create_filled(BIG));
    bench_line("state: 100 MB, synchronous part of a snapshot",
               bench_seconds(begin_and_end, &whole, 100) * 1e4, 5e3, "us", 3);
    bench_against("state: 100 MB, snapshot; copying it in memory", write_whole, copy_whole, &whole,
                  BIG);
    bench_against("state: 100 MB, snapshot to a file; its bytes", write_to_file, copy_to_file,
                  &whole, BIG);
    bench_against("state: 100 MB, copy on write; copy to new memory", copy_on_write, copy_to_fresh,
                  &whole, BIG);
    bench_against("state: 100 MB, restore; copy to new memory", restore_whole, copy_to_fresh,
                  &whole, BIG);
    whole_fini(&whole);
}

/* 100 MB of each. */
static void compare_shape(const struct shape *shape)
{
    uint64_t n = BIG_BYTES / (shape->key_bytes + shape->value_bytes);
    struct whole whole = whole_of(create_of(shape, n));
    char name[LINE];
    text_format(name, sizeof name, "state: 100 MB of %s, to file; bytes", shape->name);
    bench_against(name, write_to_file, copy_to_file, &whole, n);
    text_format(name, sizeof name, "state: 100 MB of %s, restore; copy", shape->name);
    bench_against(name, restore_whole, copy_to_fresh, &whole, n);
    whole_fini(&whole);
}

int main(void)
{
    for (int zipf = 0; zipf < 2; zipf++) {
        compare(1000, zipf, false);
        compare(1000, zipf, true);
        compare(1000000, zipf, false);
        compare(1000000, zipf, true);
    }
    compare_texts(1000, false);
    compare_texts(100000, false);
    compare_texts(100000, true);
    bench_growth("state: insert n", fill, NULL, 1 << 18);
    struct state_table *table = create_filled(1000000);
    struct state_memory memory = state_table_memory(table);
    bench_line("state: bytes per key of 1 M of 8 + 8", (double)memory.live_bytes / 1e6, 24, "B", 1);
    state_table_destroy(table);
    compare_snapshots();
    static const struct shape others[] = {
        { "8 + 24 B", 8, 24, 8, 24 },
        { "4 + 8 B", 4, 8, 4, 8 },
        { "8 + up to 40 B", 8, 0, 8, 40 },
        { "up to 100 + 40 B", 0, 0, TEXT, 40 },
    };
    compare_shape(&texts);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        compare_shape(&others[i]);
    return 0;
}
