/* SPDX-License-Identifier: Apache-2.0
 *
 * The structures every machine stands on: timers against a plain binary heap that cannot cancel,
 * maps and arenas by how their cost grows when the number of things doubles.
 */
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/index_map.h"
#include "core/base/rng.h"
#include "core/base/timers.h"
#include "tests/bench/bench.h"

enum { PENDING = 1000, WAIT_NS_MAX = 1000000, WORK = 1 << 16 };

/* Each timer that fires sets the next one: `n` times with PENDING set at any moment. */
static void hold_timers(void *context, uint64_t n)
{
    struct rng *rng = context;
    struct timers timers = { 0 };
    for (int i = 0; i < PENDING; i++)
        timers_set(&timers, (struct timer){ .at = (time_ns)rng_below(rng, WAIT_NS_MAX) });
    for (uint64_t i = 0; i < n; i++) {
        struct timer timer;
        timers_take_due(&timers, timers_next(&timers), &timer);
        timer.at += (time_ns)rng_below(rng, WAIT_NS_MAX);
        timers_set(&timers, timer);
    }
    bench_keep((uint64_t)timers_next(&timers));
    timers_fini(&timers);
}

/* The yardstick: the same on a heap of whole timers, without handles and without order of equals.
 */
struct plain_heap {
    struct timer items[PENDING + 1];
    size_t count;
};

static void plain_push(struct plain_heap *heap, struct timer timer)
{
    size_t i = heap->count++;
    for (; i > 0 && timer.at < heap->items[(i - 1) / 2].at; i = (i - 1) / 2)
        heap->items[i] = heap->items[(i - 1) / 2];
    heap->items[i] = timer;
}

static struct timer plain_pop(struct plain_heap *heap)
{
    struct timer first = heap->items[0], last = heap->items[--heap->count];
    size_t i = 0;
    for (size_t child = 1; child < heap->count; child = 2 * i + 1) {
        if (child + 1 < heap->count && heap->items[child + 1].at < heap->items[child].at)
            child++;
        if (last.at <= heap->items[child].at)
            break;
        heap->items[i] = heap->items[child];
        i = child;
    }
    heap->items[i] = last;
    return first;
}

static void hold_plain(void *context, uint64_t n)
{
    struct rng *rng = context;
    struct plain_heap *heap = mem_create(sizeof *heap);
    for (int i = 0; i < PENDING; i++)
        plain_push(heap, (struct timer){ .at = (time_ns)rng_below(rng, WAIT_NS_MAX) });
    for (uint64_t i = 0; i < n; i++) {
        struct timer timer = plain_pop(heap);
        timer.at += (time_ns)rng_below(rng, WAIT_NS_MAX);
        plain_push(heap, timer);
    }
    bench_keep((uint64_t)heap->items[0].at);
    mem_destroy(heap);
}

static void fill_timers(void *context, uint64_t n)
{
    struct rng *rng = context;
    struct timers timers = { 0 };
    struct timer timer;
    for (uint64_t i = 0; i < n; i++)
        timers_set(&timers, (struct timer){ .at = (time_ns)rng_below(rng, WAIT_NS_MAX) });
    while (timers_take_due(&timers, WAIT_NS_MAX, &timer))
        bench_keep((uint64_t)timer.at);
    timers_fini(&timers);
}

static void fill_map(void *context, uint64_t n)
{
    (void)context;
    struct index_map map = { 0 };
    for (uint64_t i = 0; i < n; i++)
        index_map_put(&map, i << 32 | i, (uint32_t)i);
    for (uint64_t i = 0; i < n; i++)
        bench_keep(index_map_get(&map, i << 32 | i));
    for (uint64_t i = 0; i < n; i++)
        index_map_remove(&map, i << 32 | i);
    index_map_fini(&map);
}

static void fill_arena(void *context, uint64_t n)
{
    (void)context;
    struct arena arena;
    arena_init(&arena);
    for (uint64_t i = 0; i < n; i++)
        bench_keep((uint64_t)(uintptr_t)arena_take(&arena, 24 + i % 40));
    arena_fini(&arena);
}

int main(void)
{
    struct rng rng = rng_stream(1, "bench", 0);
    bench_against("a node's own timers, 1000 set", hold_timers, hold_plain, &rng, WORK);
    bench_growth("a node's own timers: set n, take n (n log n)", fill_timers, &rng, WORK);
    bench_growth("index map: put, get, remove n", fill_map, NULL, WORK);
    bench_growth("arena: take n", fill_arena, NULL, WORK);
    return 0;
}
