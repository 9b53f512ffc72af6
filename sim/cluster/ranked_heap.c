/* SPDX-License-Identifier: Apache-2.0
 *
 * The heap with its table of places.
 */
#include "sim/cluster/ranked_heap.h"

void ranked_heap_fini(struct ranked_heap *heap)
{
    vec_fini(&heap->heap);
    vec_fini(&heap->places);
}

static bool before(struct ranked a, struct ranked b)
{
    return a.key != b.key ? a.key < b.key : a.item < b.item;
}

static void put_at(struct ranked_heap *heap, size_t place, struct ranked ranked)
{
    heap->heap.items[place] = ranked;
    heap->places.items[ranked.item] = (uint32_t)place + 1;
}

/* Puts `ranked` at the free place or above or below it, where it belongs. */
static void settle(struct ranked_heap *heap, size_t place, struct ranked ranked)
{
    const struct ranked *items = heap->heap.items;
    while (place > 0 && before(ranked, items[(place - 1) / 2])) {
        put_at(heap, place, items[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= heap->heap.count)
            break;
        if (child + 1 < heap->heap.count && before(items[child + 1], items[child]))
            child++;
        if (!before(items[child], ranked))
            break;
        put_at(heap, place, items[child]);
        place = child;
    }
    put_at(heap, place, ranked);
}

void ranked_heap_put(struct ranked_heap *heap, uint32_t item, double key)
{
    if (item >= heap->places.count)
        vec_resize(&heap->places, (size_t)item + 1);
    size_t place = heap->places.items[item];
    if (!place) {
        vec_resize(&heap->heap, heap->heap.count + 1);
        place = heap->heap.count;
    }
    settle(heap, place - 1, (struct ranked){ key, item });
}

void ranked_heap_remove(struct ranked_heap *heap, uint32_t item)
{
    if (item >= heap->places.count || !heap->places.items[item])
        return;
    size_t place = heap->places.items[item] - 1;
    heap->places.items[item] = 0;
    struct ranked last = vec_last(&heap->heap);
    heap->heap.count--;
    if (last.item != item)
        settle(heap, place, last);
}

bool ranked_heap_is_empty(const struct ranked_heap *heap)
{
    return heap->heap.count == 0;
}

struct ranked ranked_heap_least(const struct ranked_heap *heap)
{
    CHECK(heap->heap.count > 0);
    return heap->heap.items[0];
}
