/* SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap of slots with back pointers, so that cancelling is logarithmic and leaves nothing.
 */
#include "core/base/timers.h"

#include "core/base/check.h"

/* A cell goes free -> set -> free -> ... and keeps its slot for good. Its generation counts these
 * steps, so a handle, which remembers one generation, is good for one life of the cell only:
 *
 *     cells:   [0] set, place 1   [1] free, place = next free   [2] set, place 0
 *     heap:    [0] = 2            [1] = 0
 */
struct timer_cell {
    struct timer timer;
    uint64_t seq;        /* order of setting: decides between equal times */
    uint32_t generation; /* odd while set; raised when set and when freed */
    uint32_t place;      /* in the heap while set, else 1 + next free slot */
};

void timers_fini(struct timers *timers)
{
    vec_fini(&timers->cells);
    vec_fini(&timers->heap);
    *timers = (struct timers){ 0 };
}

static bool before(const struct timers *timers, uint32_t a, uint32_t b)
{
    const struct timer_cell *x = &timers->cells.items[a], *y = &timers->cells.items[b];
    return x->timer.at != y->timer.at ? x->timer.at < y->timer.at : x->seq < y->seq;
}

/* Heap, back pointer and the time of the first change together, always. */
static void place(struct timers *timers, uint32_t at, uint32_t slot)
{
    timers->heap.items[at] = slot;
    timers->cells.items[slot].place = at;
    if (at == 0)
        timers->next = timers->cells.items[slot].timer.at;
}

/* Both carry the slot in hand and write it once, where it comes to rest. */
static void sift_up(struct timers *timers, uint32_t at)
{
    uint32_t slot = timers->heap.items[at];
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!before(timers, slot, timers->heap.items[parent]))
            break;
        place(timers, at, timers->heap.items[parent]);
        at = parent;
    }
    place(timers, at, slot);
}

static void sift_down(struct timers *timers, uint32_t at)
{
    uint32_t slot = timers->heap.items[at], count = (uint32_t)timers->heap.count;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count &&
            before(timers, timers->heap.items[child + 1], timers->heap.items[child]))
            child++;
        if (!before(timers, timers->heap.items[child], slot))
            break;
        place(timers, at, timers->heap.items[child]);
        at = child;
    }
    place(timers, at, slot);
}

struct timer_handle timers_set(struct timers *timers, struct timer timer)
{
    CHECK(timer.at != TIME_NEVER);
    uint32_t slot;
    if (timers->free_slot) {
        slot = timers->free_slot - 1;
        timers->free_slot = timers->cells.items[slot].place;
    } else {
        slot = (uint32_t)timers->cells.count;
        vec_resize(&timers->cells, timers->cells.count + 1);
    }
    struct timer_cell *cell = &timers->cells.items[slot];
    cell->timer = timer;
    cell->seq = timers->seq++;
    cell->generation++;
    CHECK(cell->generation & 1); /* else a slot in use was on the free list */
    vec_push(&timers->heap, slot);
    sift_up(timers, (uint32_t)timers->heap.count - 1);
    return (struct timer_handle){ slot, timers->cells.items[slot].generation };
}

/* Out of the heap and onto the free list. The last of the heap fills the hole; it may belong above
 * or below it, because it comes from another branch. */
static void remove_slot(struct timers *timers, uint32_t slot)
{
    struct timer_cell *cell = &timers->cells.items[slot];
    uint32_t hole = cell->place;
    CHECK(timers->heap.items[hole] == slot);
    uint32_t last = timers->heap.items[--timers->heap.count];
    if (last != slot) {
        place(timers, hole, last);
        sift_up(timers, hole);
        sift_down(timers, timers->cells.items[last].place);
    }
    cell->generation++;
    cell->place = timers->free_slot;
    timers->free_slot = slot + 1;
}

bool timers_is_set(const struct timers *timers, struct timer_handle handle)
{
    return handle.generation != 0 && handle.slot < timers->cells.count &&
           timers->cells.items[handle.slot].generation == handle.generation;
}

void timers_cancel(struct timers *timers, struct timer_handle *handle)
{
    if (timers_is_set(timers, *handle))
        remove_slot(timers, handle->slot);
    *handle = (struct timer_handle){ 0 };
}

bool timers_take_due(struct timers *timers, time_ns now, struct timer *out)
{
    if (timers_next(timers) > now || !timers->heap.count)
        return false;
    uint32_t slot = timers->heap.items[0];
    *out = timers->cells.items[slot].timer;
    remove_slot(timers, slot);
    return true;
}
