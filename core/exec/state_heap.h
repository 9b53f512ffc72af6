/* SPDX-License-Identifier: Apache-2.0
 *
 * The heap of a key group whose keys or values vary in size (layout of records: state_group.h).
 * Records are appended; what is removed or outgrown is garbage until the heap is full and then
 * copied without it. An entry in the buckets says where its record lies.
 */
#ifndef WEIR_EXEC_STATE_HEAP_H
#define WEIR_EXEC_STATE_HEAP_H

#include "core/exec/state_bucket.h"
#include "core/exec/state_record.h"

struct state_heap_entry {
    uint32_t hash; /* the upper half */
    uint32_t at;   /* of the record, in words */
};

static inline struct state_heap_entry state_heap_entry_at(const struct state_group *group,
                                                          uint32_t index)
{
    struct state_heap_entry entry;
    memcpy(&entry, group->entries + (size_t)index * sizeof entry, sizeof entry);
    return entry;
}

static inline uint8_t *state_heap_record(const struct state_group *group, uint32_t at)
{
    return group->heap->bytes + (size_t)at * STATE_HEAP_WORD;
}

/* Words that are free in it. */
static inline uint64_t state_heap_left(const struct state_group *group)
{
    const struct state_block *heap = group->heap;
    return heap ? (heap->size - sizeof *heap) / STATE_HEAP_WORD - heap->used : 0;
}

/* Where the new record lies: its key set, its value zero. Moves the heap when it is full. */
uint32_t state_heap_append(const struct state_layout *layout, struct state_account *account,
                           struct state_group *group, const uint8_t *key, uint32_t key_size,
                           uint32_t value_size);
/* Its record is garbage from now on. */
void state_heap_drop(const struct state_layout *layout, struct state_group *group, uint32_t at);
/* Gives the value of the entry another size; the record may move, and the heap. */
uint8_t *state_heap_resize(const struct state_layout *layout, struct state_account *account,
                           struct state_group *group, uint32_t index, uint32_t value_size);
/* Makes room for so many words more, without garbage. */
void state_heap_reserve(const struct state_layout *layout, struct state_account *account,
                        struct state_group *group, uint64_t words);

#endif
