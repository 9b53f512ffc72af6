/* SPDX-License-Identifier: Apache-2.0
 *
 * The yardstick of event queues: a plain heap of four children per node, ordered by time and order
 * of pushing, that calls a function pointer. It can neither cancel nor tell classes apart. All in
 * this header, so that the compiler sees through it as it would in a program that has no other.
 */
#ifndef WEIR_TESTS_BENCH_PLAIN_HEAP_H
#define WEIR_TESTS_BENCH_PLAIN_HEAP_H

#include <stdbool.h>

#include "core/base/alloc.h"
#include "core/base/time.h"

typedef void plain_action(void *context, uint64_t a);

struct plain_event {
    time_ns at;
    uint64_t sequence;
    plain_action *action;
    uint64_t a;
};

struct plain_queue { /* zeroed: empty */
    struct plain_event *heap;
    size_t count, capacity;
    uint64_t sequence;
};

static inline bool plain_before(const struct plain_event *x, const struct plain_event *y)
{
    return x->at != y->at ? x->at < y->at : x->sequence < y->sequence;
}

static inline void plain_push(struct plain_queue *queue, time_ns at, plain_action *action,
                              uint64_t a)
{
    if (queue->count == queue->capacity) {
        size_t capacity = queue->capacity ? 2 * queue->capacity : 1024;
        queue->heap = mem_grow_array(queue->heap, queue->capacity, capacity, sizeof *queue->heap);
        queue->capacity = capacity;
    }
    struct plain_event event = { at, queue->sequence++, action, a };
    size_t place = queue->count++;
    while (place > 0) {
        size_t parent = (place - 1) / 4;
        if (!plain_before(&event, &queue->heap[parent]))
            break;
        queue->heap[place] = queue->heap[parent];
        place = parent;
    }
    queue->heap[place] = event;
}

static inline struct plain_event plain_pop(struct plain_queue *queue)
{
    struct plain_event top = queue->heap[0];
    struct plain_event last = queue->heap[--queue->count];
    size_t place = 0;
    for (;;) {
        size_t child = 4 * place + 1;
        if (child >= queue->count)
            break;
        size_t end = child + 4 < queue->count ? child + 4 : queue->count, least = child;
        for (size_t i = child + 1; i < end; i++)
            if (plain_before(&queue->heap[i], &queue->heap[least]))
                least = i;
        if (!plain_before(&queue->heap[least], &last))
            break;
        queue->heap[place] = queue->heap[least];
        place = least;
    }
    queue->heap[place] = last;
    return top;
}

#endif
