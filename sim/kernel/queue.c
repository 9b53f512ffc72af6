/* SPDX-License-Identifier: Apache-2.0
 *
 * A heap of four children per node over small keys, beside a table of what to run.
 *
 *   heap   [ . . . | root | 4 children | 4 grandchildren | ... ]   16 bytes each
 *   cells  [ action, context, a, b, generation ]                   by slot, freed ones listed
 *
 * Much of what a class pushes comes in the order in which it will run (messages that all take as
 * long). Such a run of events is a chain: only its first has a place in the heap, which goes to the
 * next when that one has run. So what comes in order costs no way through the heap.
 *
 * A key is the time above class, sequence number and slot, so one comparison of 128 bits gives the
 * order and no two keys are equal. Three unused places in front let every group of children lie in
 * one cache line. A cancelled event keeps its place in the heap and is dropped when it reaches the
 * top, or all at once when they are the majority. While an event runs its root stays open: what it
 * pushes first takes over place and slot, which costs one way down instead of one down and one up.
 * But for that the root is always live.
 */
#include "sim/kernel/queue.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/check.h"

enum {
    ARITY = 4,
    ROOT = ARITY - 1, /* place of the root: its children start at ARITY, on a cache line */
    CAPACITY_FIRST = 1024,
    CANCELLED_MIN = 64, /* below this many a clean-up is not worth it */
    CACHE_LINE = 64,
    KEY_SIZE = 16,
};

/* Limits: events pending at once, and events pushed in a run (3 hours at 10 million a second). */
#define SLOT_BITS     24
#define SEQUENCE_BITS 37
#define SLOTS_MAX     ((uint64_t)1 << SLOT_BITS)
#define SEQUENCE_MAX  ((uint64_t)1 << SEQUENCE_BITS)

/* time << 64 | class << 61 | sequence or rank << 24 | slot */
__extension__ typedef unsigned __int128 heap_key;

/* In unused places, so that groups of children are always whole: later than any, and as a time
 * below zero. */
#define KEY_NONE (~(heap_key)0)

/* A run is believed in after so many events in order, and forgotten after as many out of order. A
 * chain for less would cost more than it saves where times are drawn at random. */
enum { RUN_PROVEN = 4, RUN_SURE = 12 };

struct cell {
    sim_action *action; /* null: cancelled */
    void *context;
    uint64_t a, b;
    time_ns at; /* chained: its key's halves */
    uint64_t low;
    uint32_t generation; /* odd while it can be cancelled */
    uint32_t next;       /* 1 + slot of the next in its chain, or of the next free; 0: none */
};

/* Of one class: events pushed in the order in which they will run. */
struct run {
    time_ns at; /* the last one's */
    struct sim_handle last;
    uint32_t length; /* events in order, less those out of order; up to RUN_SURE */
};

struct sim_queue {
    heap_key *heap;
    size_t end; /* one behind the last place in use; ROOT when empty */
    size_t capacity;
    struct cell *cells;
    uint32_t cell_count, cell_capacity;
    uint32_t free_slot; /* 1 + slot; 0: none */
    size_t cancelled;   /* and not yet dropped */
    struct run runs[SIM_CLASS_COUNT];
    uint64_t sequence, ranked_count; /* pushed without and with a rank */
    uint64_t run_count, dropped_count;
    time_ns now;
    bool root_open; /* the root's event has been taken; its place and slot are the next one's */
};

static size_t parent_of(size_t place)
{
    return place / ARITY + ROOT - 1;
}

static heap_key key_of(time_ns at, uint64_t low)
{
    return (heap_key)(uint64_t)at << 64 | low;
}

static uint32_t slot_of(heap_key key)
{
    return (uint32_t)((uint64_t)key & (SLOTS_MAX - 1));
}

static time_ns time_of(heap_key key)
{
    return (time_ns)(uint64_t)(key >> 64);
}

static __attribute__((noinline)) void heap_grow(struct sim_queue *queue)
{
    size_t capacity = queue->capacity ? queue->capacity * 2 : CAPACITY_FIRST;
    heap_key *grown = aligned_alloc(CACHE_LINE, capacity * sizeof *grown);
    CHECK(grown != NULL);
    size_t used = queue->heap ? queue->end : 0;
    if (used)
        memcpy(grown, queue->heap, used * sizeof *grown);
    memset(grown + used, 0xff, (capacity - used) * sizeof *grown);
    free(queue->heap);
    queue->heap = grown;
    queue->capacity = capacity;
}

struct sim_queue *sim_queue_create(void)
{
    struct sim_queue *queue = mem_create(sizeof *queue);
    queue->end = ROOT;
    heap_grow(queue);
    return queue;
}

void sim_queue_destroy(struct sim_queue *queue)
{
    if (!queue)
        return;
    free(queue->heap);
    mem_destroy(queue->cells);
    mem_destroy(queue);
}

static __attribute__((noinline)) void sift_up(heap_key *heap, size_t place, heap_key key)
{
    while (place > ROOT) {
        size_t parent = parent_of(place);
        if (heap[parent] < key)
            break;
        heap[place] = heap[parent];
        place = parent;
    }
    heap[place] = key;
}

static inline heap_key *key_at(heap_key *heap, size_t offset)
{
    return (heap_key *)(void *)((char *)heap + offset);
}

/* The offset of the lesser of the keys at x and behind it. Its outcome cannot be guessed, so there
 * must be no branch: gcc turns a choice into a move, clang only arithmetic. */
static inline size_t lesser_of_two(heap_key *heap, size_t x)
{
    bool is_second = *key_at(heap, x + KEY_SIZE) < *key_at(heap, x);
#ifdef __clang__
    return x + is_second * (size_t)KEY_SIZE;
#else
    return is_second ? x + KEY_SIZE : x;
#endif
}

/* Puts key at `place` or below, moving lesser ones up. All in offsets of bytes: the children's is
 * four times the parent's less a constant, and computing addresses is most of what is done here.
 * The capacity is a multiple of four, so all four children are there if one is. */
static inline void sift_down(heap_key *heap, size_t end, size_t place, heap_key key)
{
    size_t hole = place * KEY_SIZE, limit = end * KEY_SIZE;
    for (;;) {
        size_t child = ARITY * hole - (ROOT - 1) * ARITY * KEY_SIZE;
        if (child >= limit)
            break;
        size_t left = lesser_of_two(heap, child);
        size_t right = lesser_of_two(heap, child + 2 * KEY_SIZE);
        size_t from = *key_at(heap, right) < *key_at(heap, left) ? right : left;
        heap_key least = *key_at(heap, from);
        if (key < least)
            break;
        *key_at(heap, hole) = least;
        hole = from;
    }
    *key_at(heap, hole) = key;
}

static __attribute__((noinline)) uint32_t slot_add(struct sim_queue *queue)
{
    if (queue->cell_count == queue->cell_capacity) {
        uint32_t capacity = queue->cell_capacity ? queue->cell_capacity * 2 : CAPACITY_FIRST;
        queue->cells =
            mem_grow_array(queue->cells, queue->cell_capacity, capacity, sizeof *queue->cells);
        queue->cell_capacity = capacity;
    }
    CHECK(queue->cell_count < SLOTS_MAX);
    return queue->cell_count++;
}

static inline uint32_t slot_take(struct sim_queue *queue)
{
    if (!queue->free_slot)
        return slot_add(queue);
    uint32_t slot = queue->free_slot - 1;
    queue->free_slot = queue->cells[slot].next;
    return slot;
}

static void slot_give(struct sim_queue *queue, uint32_t slot)
{
    queue->cells[slot].next = queue->free_slot;
    queue->free_slot = slot + 1;
}

static heap_key chained_key(const struct sim_queue *queue, uint32_t slot)
{
    return key_of(queue->cells[slot].at, queue->cells[slot].low);
}

/* Closes the root with the last one of the heap. */
static void drop_root(struct sim_queue *queue)
{
    CHECK(queue->end > ROOT);
    heap_key last = queue->heap[--queue->end];
    queue->heap[queue->end] = KEY_NONE;
    if (queue->end > ROOT)
        sift_down(queue->heap, queue->end, ROOT, last);
}

/* The root's slot is given back; the next of its chain takes its place, or the last of the heap. */
static void advance_root(struct sim_queue *queue)
{
    heap_key root = queue->heap[ROOT];
    uint32_t next = queue->cells[slot_of(root)].next;
    slot_give(queue, slot_of(root));
    if (next)
        sift_down(queue->heap, queue->end, ROOT, chained_key(queue, next - 1));
    else
        drop_root(queue);
}

static void drop_cancelled_roots(struct sim_queue *queue)
{
    while (queue->cancelled && queue->end > ROOT &&
           !queue->cells[slot_of(queue->heap[ROOT])].action) {
        queue->cancelled--;
        queue->dropped_count++;
        advance_root(queue);
    }
}

static void close_root(struct sim_queue *queue)
{
    if (!queue->root_open)
        return;
    queue->root_open = false;
    advance_root(queue);
    if (queue->cancelled)
        drop_cancelled_roots(queue);
}

static inline __attribute__((always_inline)) void heap_push(struct sim_queue *queue, heap_key key)
{
    if (queue->root_open) {
        queue->root_open = false;
        sift_down(queue->heap, queue->end, ROOT, key);
        if (queue->cancelled)
            drop_cancelled_roots(queue);
        return;
    }
    if (queue->end == queue->capacity)
        heap_grow(queue);
    sift_up(queue->heap, queue->end++, key);
}

/* Nothing can be chained behind what has run or was cancelled, nor before it. */
static bool run_takes(const struct sim_queue *queue, const struct run *run, heap_key key)
{
    const struct cell *last = &queue->cells[run->last.slot];
    return last->generation == run->last.generation && key_of(run->at, last->low) < key;
}

/* An event was pushed. One out of order is borne by a run that is longer; else a new run begins
 * with it. */
static inline void run_note(struct run *run, time_ns at, struct sim_handle handle)
{
    bool is_in_order = at >= run->at;
    bool is_borne = !is_in_order && run->length > 0;
    run->at = is_borne ? run->at : at;
    run->last = is_borne ? run->last : handle;
    run->length += is_in_order ? run->length < RUN_SURE : -(uint32_t)is_borne;
}

static inline __attribute__((always_inline)) struct sim_handle
push(struct sim_queue *queue, time_ns at, enum sim_class class, uint64_t rank, sim_action *action,
     void *context, uint64_t a, uint64_t b)
{
    CHECK(at >= queue->now && at < TIME_NEVER);
    CHECK(action != NULL);
    CHECK(rank < SEQUENCE_MAX);
    uint64_t order = (uint64_t) class << (SEQUENCE_BITS + SLOT_BITS) | rank << SLOT_BITS;
    struct run *run = &queue->runs[class];
    bool in_root = queue->root_open;
    bool in_chain = !in_root && run->length >= RUN_PROVEN && at >= run->at &&
                    run_takes(queue, run, key_of(at, order));
    uint32_t slot = in_root ? slot_of(queue->heap[ROOT]) : slot_take(queue);
    struct cell *cell = &queue->cells[slot];
    cell->action = action;
    cell->context = context;
    cell->a = a;
    cell->b = b;
    cell->low = order | slot;
    cell->generation++;
    cell->next = 0;
    struct sim_handle handle = { slot, cell->generation };
    if (in_chain) {
        cell->at = at;
        queue->cells[run->last.slot].next = slot + 1;
    } else {
        heap_push(queue, key_of(at, cell->low));
    }
    if (!in_root)
        run_note(run, at, handle);
    return handle;
}

struct sim_handle sim_queue_push(struct sim_queue *queue, time_ns at, enum sim_class class,
                                 sim_action *action, void *context, uint64_t a, uint64_t b)
{
    if (at == TIME_NEVER)
        return (struct sim_handle){ 0 };
    return push(queue, at, class, queue->sequence++, action, context, a, b);
}

struct sim_handle sim_queue_push_ranked(struct sim_queue *queue, time_ns at, enum sim_class class,
                                        uint64_t rank, sim_action *action, void *context,
                                        uint64_t a, uint64_t b)
{
    if (at == TIME_NEVER)
        return (struct sim_handle){ 0 };
    queue->ranked_count++;
    return push(queue, at, class, rank, action, context, a, b);
}

/* The cancelled ones that were not dropped yet included. */
static uint64_t pending_count(const struct sim_queue *queue)
{
    return queue->sequence + queue->ranked_count - queue->run_count - queue->dropped_count;
}

/* The first that is left, as 1 + slot; 0: none. */
static uint32_t drop_cancelled_of_chain(struct sim_queue *queue, uint32_t first)
{
    uint32_t *link = &first;
    while (*link) {
        uint32_t slot = *link - 1;
        struct cell *cell = &queue->cells[slot];
        if (cell->action) {
            link = &cell->next;
        } else {
            *link = cell->next;
            slot_give(queue, slot);
        }
    }
    return first;
}

/* Throws all cancelled ones out and makes a heap of the rest. Linear, and as at least as many were
 * cancelled since the last time as remain, constant per cancelling. */
static void drop_all_cancelled(struct sim_queue *queue)
{
    size_t end = ROOT;
    for (size_t i = ROOT; i < queue->end; i++) {
        heap_key head = queue->heap[i];
        uint32_t first = drop_cancelled_of_chain(queue, slot_of(head) + 1);
        if (first)
            queue->heap[end++] = first - 1 == slot_of(head) ? head : chained_key(queue, first - 1);
    }
    for (size_t i = end; i < queue->end; i++)
        queue->heap[i] = KEY_NONE;
    queue->end = end;
    queue->dropped_count += queue->cancelled;
    queue->cancelled = 0;
    if (end - ROOT < 2)
        return;
    for (size_t place = parent_of(end - 1) + 1; place-- > ROOT;)
        sift_down(queue->heap, end, place, queue->heap[place]);
}

void sim_queue_cancel(struct sim_queue *queue, struct sim_handle *handle)
{
    struct sim_handle old = *handle;
    *handle = (struct sim_handle){ 0 };
    if (!old.generation || queue->cells[old.slot].generation != old.generation)
        return;
    struct cell *cell = &queue->cells[old.slot];
    CHECK(cell->action != NULL);
    cell->action = NULL;
    cell->generation++;
    close_root(queue);
    queue->cancelled++;
    if (queue->cancelled > CANCELLED_MIN && queue->cancelled > pending_count(queue) / 2)
        drop_all_cancelled(queue);
    else
        drop_cancelled_roots(queue);
}

time_ns sim_queue_now(const struct sim_queue *queue)
{
    return queue->now;
}

const time_ns *sim_queue_clock(const struct sim_queue *queue)
{
    return &queue->now;
}

uint64_t sim_queue_run_count(const struct sim_queue *queue)
{
    return queue->run_count;
}

bool sim_queue_run_one(struct sim_queue *queue, time_ns until)
{
    CHECK(!queue->root_open); /* not from within an event */
    time_ns at = time_of(queue->heap[ROOT]);
    if (at > until || at < 0) { /* or empty */
        if (until > queue->now && until < TIME_NEVER)
            queue->now = until;
        return false;
    }
    uint32_t slot = slot_of(queue->heap[ROOT]);
    struct cell *cell = &queue->cells[slot];
    sim_action *action = cell->action;
    void *context = cell->context;
    uint64_t a = cell->a, b = cell->b;
    CHECK(action != NULL);
    cell->generation++;
    queue->root_open = true;
    if (cell->next)
        close_root(queue);
    queue->now = at;
    queue->run_count++;
    action(context, a, b);
    close_root(queue);
    if (queue->end > ROOT) /* what runs next may lie anywhere in memory */
        __builtin_prefetch(&queue->cells[slot_of(queue->heap[ROOT])]);
    return true;
}
