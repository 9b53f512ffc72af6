/* SPDX-License-Identifier: Apache-2.0
 *
 * A keyed count of texts of 100 bytes by whole tasks, against plain C in one thread: texts into a
 * batch, counted from there in an open-addressing table with prefetch. Both take the texts in the
 * same order from an array that holds all of them, inside what is timed.
 */
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/exec/discard_sink.h"
#include "core/exec/keyed_reduce.h"
#include "core/exec/log_source.h"
#include "tests/bench/count_line.h"

enum { TEXT = 100, TEXT_SLOT = 112, TEXT_BATCH = 256, NAME = 64, TURNS = 9 };

#define DRAW_START UINT64_C(88172645463325252)

/* At least so many of plain C's records per second of processor time. */
#define OF_TEXTS 0.5

static struct record_layout text_layout[] = { { TEXT, false } };
static struct record_layout count_layout[] = { { sizeof(uint64_t), false } };

/* What goes on of a text is its count. */
static void count_texts(const void *context, struct operator* op, const struct batch *batch,
                        void *const *values, const bool *is_new)
{
    struct collector *out = op->outs[0];
    (void)context;
    (void)is_new;
    for (uint32_t i = 0; i < batch->count;) {
        uint32_t room = collector_room(out, sizeof(uint64_t)), left = batch->count - i;
        uint64_t *slots = (uint64_t *)(void *)out->at;
        uint32_t run = left < room ? left : room;
        for (uint32_t k = 0; k < run; k++, i++)
            slots[k] = ++*(uint64_t *)values[i];
        out->at += run * sizeof *slots;
    }
}

static const struct keyed_reduce_params text_params = {
    .key = { KEY_HASH_TEXT, 0, TEXT },
    .state = { .name = "count", .key_size = TEXT, .value_size = 8, .key_hash = KEY_HASH_TEXT },
    .apply = count_texts
};
static const struct operator_spec text_specs[] = { { .name = "count",
                                                     .class = &keyed_reduce_class,
                                                     .params = &text_params,
                                                     .outputs = { count_layout, 1, 1 } },
                                                   { .name = "sink",
                                                     .class = &discard_sink_class } };

struct text_cell {
    uint64_t hash, count;
    uint8_t text[TEXT_SLOT - sizeof(uint64_t)];
};

struct text_bench {
    uint64_t keys, state;
    uint8_t (*texts)[TEXT];
    struct text_cell *cells;
    uint64_t mask;
    uint8_t batch[TEXT_BATCH][TEXT];
};

static inline const uint8_t *draw_text(struct text_bench *bench)
{
    uint64_t x = bench->state;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    bench->state = x;
    return bench->texts[(uint64_t)(((unsigned __int128)x * bench->keys) >> 64)];
}

static void make_texts(const void *context, uint32_t split, uint64_t from, uint32_t count,
                       uint8_t *slots, void **room)
{
    struct text_bench *bench = *(struct text_bench *const *)context;
    (void)room;
    (void)split;
    (void)from;
    for (uint32_t i = 0; i < count; i++, slots += record_padded(TEXT))
        memcpy(slots, draw_text(bench), TEXT);
}

static void run_text_tasks(void *context, uint64_t n)
{
    struct text_bench *bench = context;
    struct log_source_params params = { .splits = 1, .make = make_texts, .context = &bench };
    struct operator_spec spec = { .name = "source",
                                  .class = &log_source_class,
                                  .params = &params,
                                  .outputs = { text_layout, 1, 1 } };
    bench->state = DRAW_START;
    run_line(&(struct count_line){ &spec, text_specs, text_layout[0], text_params.key }, n, false);
}

static inline uint64_t hash_text(const uint8_t *text)
{
    uint64_t hash = 0, word;
    for (size_t i = 0; i < TEXT; i += sizeof word) {
        memcpy(&word, text + (i + sizeof word <= TEXT ? i : TEXT - sizeof word), sizeof word);
        hash = (hash ^ word) * 0x9fb21c651e98df25u;
        hash ^= hash >> 32;
    }
    return (hash ^ hash >> 29) | 1;
}

static inline void count_text(struct text_bench *bench, const uint8_t *text, uint64_t hash)
{
    for (uint64_t i = hash >> 1 & bench->mask;; i = (i + 1) & bench->mask) {
        struct text_cell *cell = &bench->cells[i];
        if (cell->hash == hash && memcmp(cell->text, text, TEXT) == 0) {
            cell->count++;
            return;
        }
        if (cell->hash == 0) {
            *cell = (struct text_cell){ .hash = hash, .count = 1 };
            memcpy(cell->text, text, TEXT);
            return;
        }
    }
}

static void run_plain_texts(void *context, uint64_t n)
{
    struct text_bench *bench = context;
    bench->state = DRAW_START;
    memset(bench->cells, 0, (bench->mask + 1) * sizeof *bench->cells);
    for (uint64_t done = 0; done < n; done += TEXT_BATCH) {
        uint64_t hashes[TEXT_BATCH];
        for (int i = 0; i < TEXT_BATCH; i++)
            memcpy(bench->batch[i], draw_text(bench), TEXT);
        for (int i = 0; i < TEXT_BATCH; i++) {
            hashes[i] = hash_text(bench->batch[i]);
            const struct text_cell *cell = &bench->cells[hashes[i] >> 1 & bench->mask];
            __builtin_prefetch(cell, 1);
            __builtin_prefetch((const uint8_t *)cell + 64);
        }
        for (int i = 0; i < TEXT_BATCH; i++)
            count_text(bench, bench->batch[i], hashes[i]);
    }
    bench_keep(bench->cells[0].count);
}

static void measure_texts(uint64_t keys)
{
    enum { RECORDS = 2 << 20 };
    struct text_bench *bench = mem_create(sizeof *bench);
    uint64_t cells = 1;
    char name[NAME];
    while (cells < 2 * keys)
        cells *= 2;
    bench->keys = keys;
    bench->mask = cells - 1;
    bench->cells = mem_create_array(cells, sizeof *bench->cells);
    bench->texts = mem_create_array(keys, TEXT);
    for (uint64_t i = 0; i < keys; i++)
        for (uint32_t k = 0; k < TEXT; k++)
            bench->texts[i][k] = (uint8_t)('a' + (hash_mix(i) >> k % 59) % 16);
    text_format(name, sizeof name, "keyed count, %llu texts of 100 B", (unsigned long long)keys);
    bench_goal(name, run_text_tasks, run_plain_texts, bench, RECORDS, TURNS, 1 / OF_TEXTS);
    mem_destroy(bench->texts);
    mem_destroy(bench->cells);
    mem_destroy(bench);
}

int main(void)
{
    measure_texts(1000);
    measure_texts(100000);
    return EXIT_SUCCESS;
}
