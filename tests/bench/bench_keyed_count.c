/* SPDX-License-Identifier: Apache-2.0
 *
 * A keyed count by whole tasks: source -> hash exchange -> count -> sink, two tasks stepped in turn
 * by one thread, items and credits carried by hand. Against plain C: keys into batches of a ring,
 * counted from there in an open-addressing table of twice the keys with prefetch; no buffers, no
 * credits, no key groups, nothing that could be snapshotted or rescaled. Once in one thread, and
 * once with a thread on either side of the ring, which is what tasks in threads would be. All draw
 * their keys in the same way, inside what is timed. Texts have 100 bytes and come from a pool of
 * all of them. With checkpoints: one after each second of processor time, written and thrown away.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/exec/discard_sink.h"
#include "core/exec/keyed_reduce.h"
#include "core/exec/log_source.h"
#include "tests/bench/count_line.h"

enum { POOL = 1 << 22, BATCH = 1024, RING = 64, AHEAD = 16, NAME = 64, TURNS = 9 };

/* At least so many of plain C's records per second of processor time. */
#define OF_RING              0.6
#define CHECKPOINTS_COST_MAX 1.05

struct draw {
    uint64_t keys, state;
    const uint64_t *pool; /* Zipf: drawn beforehand, walked in order; null: uniform */
    uint64_t at;
};

static inline uint64_t draw_key(struct draw *draw)
{
    if (draw->pool)
        return draw->pool[draw->at++ & (POOL - 1)];
    uint64_t x = draw->state;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    draw->state = x;
    return hash_mix((uint64_t)(((unsigned __int128)x * draw->keys) >> 64) + 1);
}

static const struct draw draw_start = { .state = 88172645463325252u };

struct plain_cell {
    uint64_t key, count;
};

struct count_bench {
    uint64_t keys;
    const uint64_t *pool;
    struct draw draw;
    struct plain_cell *cells;
    uint64_t mask;
    uint64_t ring[RING][BATCH];
    /* Of the ring between two threads: batches written, batches read. */
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) _Atomic uint64_t tail;
    uint64_t records;
};

static void begin_draw(struct count_bench *bench)
{
    bench->draw = draw_start;
    bench->draw.keys = bench->keys;
    bench->draw.pool = bench->pool;
}

/* Plain C. */

static inline void count_plain(struct count_bench *bench, uint64_t key)
{
    for (uint64_t i = key & bench->mask;; i = (i + 1) & bench->mask) {
        struct plain_cell *cell = &bench->cells[i];
        if (cell->key == key) {
            cell->count++;
            return;
        }
        if (!cell->key) {
            *cell = (struct plain_cell){ key, 1 };
            return;
        }
    }
}

static void draw_batch(struct count_bench *bench, uint64_t *batch)
{
    for (int i = 0; i < BATCH; i++)
        batch[i] = draw_key(&bench->draw);
}

static void count_batch(struct count_bench *bench, const uint64_t *batch)
{
    for (int i = 0; i < BATCH; i++) {
        __builtin_prefetch(&bench->cells[batch[(i + AHEAD) % BATCH] & bench->mask], 1);
        count_plain(bench, batch[i]);
    }
}

static void run_plain(void *context, uint64_t n)
{
    struct count_bench *bench = context;
    begin_draw(bench);
    memset(bench->cells, 0, (bench->mask + 1) * sizeof *bench->cells);
    for (uint64_t done = 0, head = 0; done < n; done += BATCH, head++) {
        draw_batch(bench, bench->ring[head % RING]);
        count_batch(bench, bench->ring[head % RING]);
    }
    bench_keep(bench->cells[0].count);
}

/* Who waits looks some times, then lets others have the core: on a busy machine the other side may
 * not be running at all. */
static void wait_while(_Atomic uint64_t *at, uint64_t value)
{
    enum { LOOKS = 64 };
    for (int i = 0; atomic_load_explicit(at, memory_order_acquire) == value; i++) {
        if (i >= LOOKS)
            sched_yield();
    }
}

static void *draw_into_ring(void *context)
{
    struct count_bench *bench = context;
    for (uint64_t done = 0, head = 0; done < bench->records; done += BATCH, head++) {
        wait_while(&bench->tail, head - RING);
        draw_batch(bench, bench->ring[head % RING]);
        atomic_store_explicit(&bench->head, head + 1, memory_order_release);
    }
    return NULL;
}

static void run_ring(void *context, uint64_t n)
{
    struct count_bench *bench = context;
    pthread_t thread;
    begin_draw(bench);
    memset(bench->cells, 0, (bench->mask + 1) * sizeof *bench->cells);
    bench->records = n;
    atomic_store(&bench->head, 0);
    atomic_store(&bench->tail, 0);
    CHECK(pthread_create(&thread, NULL, draw_into_ring, bench) == 0);
    for (uint64_t done = 0, tail = 0; done < n; done += BATCH, tail++) {
        wait_while(&bench->head, tail);
        count_batch(bench, bench->ring[tail % RING]);
        atomic_store_explicit(&bench->tail, tail + 1, memory_order_release);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    bench_keep(bench->cells[0].count);
}

/* Ours. */

/* The draw goes on from batch to batch; a log would be read again from an offset instead. */
static void make_records(const void *context, uint32_t split, uint64_t from, uint32_t count,
                         uint8_t *slots, void **room)
{
    struct draw *draw = *(struct draw *const *)context;
    uint64_t *keys = (uint64_t *)(void *)slots;
    (void)room;
    (void)split;
    (void)from;
    for (uint32_t i = 0; i < count; i++)
        keys[i] = draw_key(draw);
}

struct counted {
    uint64_t key, count;
};

static void count_records(const void *context, struct operator* op, const struct batch *batch,
                          void *const *values, const bool *is_new)
{
    struct collector *out = op->outs[0];
    const uint64_t *keys = (const uint64_t *)(const void *)batch->slots;
    (void)context;
    (void)is_new;
    for (uint32_t i = 0; i < batch->count;) {
        uint32_t room = collector_room(out, sizeof(struct counted)), left = batch->count - i;
        struct counted *slots = (struct counted *)(void *)out->at;
        uint32_t run = left < room ? left : room;
        for (uint32_t k = 0; k < run; k++, i++) {
            uint64_t *count = values[i];
            slots[k] = (struct counted){ keys[i], ++*count };
        }
        out->at += run * sizeof *slots;
    }
}

static const struct keyed_reduce_params count_params = {
    .key = { KEY_HASH_LONG, 0, 8 },
    .state = { .name = "count", .key_size = 8, .value_size = 8, .key_hash = KEY_HASH_LONG },
    .apply = count_records
};
static struct record_layout key_layout[] = { { 8, false } };
static struct record_layout counted_layout[] = { { sizeof(struct counted), false } };
static const struct operator_spec count_specs[] = { { .name = "count",
                                                      .class = &keyed_reduce_class,
                                                      .params = &count_params,
                                                      .outputs = { counted_layout, 1, 1 } },
                                                    { .name = "sink",
                                                      .class = &discard_sink_class } };

static void run_count(struct count_bench *bench, uint64_t n, bool with_checkpoints)
{
    struct draw *draw = &bench->draw;
    struct log_source_params params = { .splits = 1, .make = make_records, .context = &draw };
    struct operator_spec spec = { .name = "source",
                                  .class = &log_source_class,
                                  .params = &params,
                                  .outputs = { key_layout, 1, 1 } };
    begin_draw(bench);
    run_line(&(struct count_line){ &spec, count_specs, key_layout[0], count_params.key }, n,
             with_checkpoints);
}

static void run_tasks(void *context, uint64_t n)
{
    run_count(context, n, false);
}

static void run_with_checkpoints(void *context, uint64_t n)
{
    run_count(context, n, true);
}

/* POOL draws of Zipf(1.0) by its inverse. */
static uint64_t *zipf_pool(uint64_t keys)
{
    double *sums = mem_create_array(keys, sizeof *sums), sum = 0;
    uint64_t *pool = mem_create_array(POOL, sizeof *pool);
    struct draw draw = draw_start;
    for (uint64_t i = 0; i < keys; i++)
        sums[i] = sum += 1.0 / (double)(i + 1);
    for (uint64_t i = 0; i < POOL; i++) {
        draw.keys = UINT64_C(1) << 53;
        draw_key(&draw);
        double wanted = (double)(draw.state >> 11) * 0x1p-53 * sum;
        uint64_t least = 0, most = keys - 1;
        while (least < most) {
            uint64_t middle = (least + most) / 2;
            if (sums[middle] < wanted)
                least = middle + 1;
            else
                most = middle;
        }
        pool[i] = hash_mix(least + 1);
    }
    mem_destroy(sums);
    return pool;
}

static void measure(uint64_t keys, bool zipf)
{
    enum { RECORDS = 16 << 20, LONG = 96 << 20, LONG_TURNS = 3 };
    struct count_bench *bench = mem_create(sizeof *bench);
    uint64_t *pool = zipf ? zipf_pool(keys) : NULL, cells = 1;
    char name[NAME];
    while (cells < 2 * keys)
        cells *= 2;
    bench->keys = keys;
    bench->pool = pool;
    bench->mask = cells - 1;
    bench->cells = mem_create_array(cells, sizeof *bench->cells);
    text_format(name, sizeof name, "keyed count, %s %s keys", keys == 1000 ? "1,000" : "1 M",
                zipf ? "Zipf(1.0)" : "uniform");
    bench_against(name, run_tasks, run_plain, bench, RECORDS);
    size_t length = strlen(name);
    text_format(name + length, sizeof name - length, "; ring");
    bench_goal(name, run_tasks, run_ring, bench, RECORDS, TURNS, 1 / OF_RING);
    text_format(name + length, sizeof name - length, ", checkpoints; none");
    if (!zipf)
        bench_goal(name, run_with_checkpoints, run_tasks, bench, LONG, LONG_TURNS,
                   CHECKPOINTS_COST_MAX);
    mem_destroy(bench->cells);
    mem_destroy(pool);
    mem_destroy(bench);
}

int main(void)
{
    measure(1000, false);
    measure(1000, true);
    measure(1000000, false);
    measure(1000000, true);
    return EXIT_SUCCESS;
}
