/* SPDX-License-Identifier: Apache-2.0
 *
 * A keyed count of 64-bit keys by whole tasks: source -> hash exchange -> count -> sink, two tasks
 * stepped in turn by one thread, items and credits carried by hand. Against plain C doing the same
 * in one thread: keys into batches of a ring, counted from there in an open-addressing table of
 * twice the keys with prefetch; no buffers, no credits, no key groups, nothing that could be
 * snapshotted or rescaled. Both draw their keys in the same way, inside what is timed.
 */
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/exec/discard_sink.h"
#include "core/exec/keyed_reduce.h"
#include "core/exec/log_source.h"
#include "core/exec/task.h"
#include "tests/bench/bench.h"

enum { GROUPS = 128, BUFFER = 32768, POOL = 1 << 22, BATCH = 1024, RING = 64, AHEAD = 16 };

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

static void run_plain(void *context, uint64_t n)
{
    struct count_bench *bench = context;
    begin_draw(bench);
    memset(bench->cells, 0, (bench->mask + 1) * sizeof *bench->cells);
    for (uint64_t done = 0, head = 0; done < n; done += BATCH, head++) {
        uint64_t *batch = bench->ring[head % RING];
        for (int i = 0; i < BATCH; i++)
            batch[i] = draw_key(&bench->draw);
        for (int i = 0; i < BATCH; i++) {
            __builtin_prefetch(&bench->cells[batch[(i + AHEAD) % BATCH] & bench->mask], 1);
            count_plain(bench, batch[i]);
        }
    }
    bench_keep(bench->cells[0].count);
}

/* Ours. */

/* The draw goes on from batch to batch; a log would be read again from an offset instead. */
static void make_records(const void *context, uint32_t split, uint64_t from, uint32_t count,
                         uint8_t *slots)
{
    struct draw *draw = *(struct draw *const *)context;
    uint64_t *keys = (uint64_t *)(void *)slots;
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

static struct exec_task *create_source(const struct operator_spec *spec)
{
    static const struct chain_binding binding = { 0, 0 };
    struct note note;
    struct task_output_config output = { .partition = { .layout = key_layout[0],
                                                        .partitioner = PARTITION_HASH,
                                                        .subpartitions = 1,
                                                        .max_parallelism = GROUPS,
                                                        .buffer_size = BUFFER,
                                                        .buffers = 10,
                                                        .per_channel_max = 10,
                                                        .overdraft_max = 5 },
                                         .key = { KEY_HASH_LONG, 0, 8 } };
    struct exec_task *task =
        exec_task_create(&(struct exec_task_config){ .identity = { 1, 1, 0, 1, GROUPS, 0 },
                                                     .groups = { 0, GROUPS - 1 },
                                                     .operators = spec,
                                                     .operator_count = 1,
                                                     .outputs = &output,
                                                     .bindings = &binding,
                                                     .output_count = 1,
                                                     .buffer_timeout = 100 * TIME_MS },
                         &note);
    CHECK(task);
    exec_task_open(task, NULL, 0, 0);
    return task;
}

static struct exec_task *create_counter(void)
{
    struct note note;
    struct exec_input_config input = { .gate = { .channels = 1, .exclusive = 2, .floating = 8 },
                                       .layout = key_layout[0],
                                       .buffer_size = BUFFER,
                                       .partitioner = PARTITION_HASH,
                                       .key = { KEY_HASH_LONG, 0, 8 } };
    struct exec_task *task =
        exec_task_create(&(struct exec_task_config){ .identity = { 1, 2, 0, 1, GROUPS, 0 },
                                                     .groups = { 0, GROUPS - 1 },
                                                     .operators = count_specs,
                                                     .operator_count = 2,
                                                     .inputs = &input,
                                                     .input_count = 1 },
                         &note);
    CHECK(task);
    exec_task_open(task, NULL, 0, 0);
    return task;
}

static void carry(struct exec_task *source, struct exec_task *counter)
{
    struct result_partition *output = exec_task_output(source, 0);
    struct input_gate *gate = exec_task_gate(counter, 0);
    struct channel_item item;
    uint32_t channel, credits, backlog;
    while (input_gate_take_credit(gate, &channel, &credits))
        result_partition_add_credit(output, 0, credits);
    while (result_partition_next_ready(output, &channel))
        while (result_partition_take(output, channel, &item, &backlog))
            input_gate_receive(gate, 0, &item, backlog);
}

static void run_tasks(void *context, uint64_t n)
{
    struct count_bench *bench = context;
    struct draw *draw = &bench->draw;
    struct log_source_params params = { .splits = 1, .make = make_records, .context = &draw };
    struct operator_spec spec = { .name = "source",
                                  .class = &log_source_class,
                                  .params = &params,
                                  .outputs = { key_layout, 1, 1 } };
    struct exec_task *source = create_source(&spec), *counter = create_counter();
    begin_draw(bench);
    exec_task_set_arrived(source, n, true);
    while (exec_task_state(counter) != EXEC_FINISHED) {
        carry(source, counter);
        exec_task_step(source, 0);
        exec_task_step(counter, 0);
    }
    bench_keep(exec_task_chain(counter)->operators[1]->records_in);
    exec_task_destroy(source);
    exec_task_destroy(counter);
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
    enum { RECORDS = 16 << 20, NAME = 64 };
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
