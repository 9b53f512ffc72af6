/* SPDX-License-Identifier: Apache-2.0
 *
 * The heap of a key group whose keys or values vary in size (layout of records: state_group.h).
 * Records are appended; what is removed or outgrown is garbage until the heap is full and then
 * copied without it. An entry in the buckets says where its record lies.
 */
#ifndef WEIR_EXEC_STATE_HEAP_H
#define WEIR_EXEC_STATE_HEAP_H

#include "core/exec/state_bucket.h"

struct state_heap_entry {
    uint32_t hash; /* the upper half */
    uint32_t at;   /* of the record, in words */
};

static inline size_t state_heap_padded(size_t size)
{
    return (size + STATE_HEAP_WORD - 1) / STATE_HEAP_WORD * STATE_HEAP_WORD;
}

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

static inline uint32_t state_record_key_size(const struct state_layout *layout,
                                             const uint8_t *record)
{
    uint32_t size = layout->key_size;
    if (size == 0)
        memcpy(&size, record, sizeof size);
    return size;
}

static inline const uint8_t *state_record_key(const struct state_layout *layout,
                                              const uint8_t *record)
{
    size_t head = layout->key_size == 0 ? STATE_HEAP_WORD : 0;
    return record + head + (layout->value_size ? state_heap_padded(layout->value_size) : 0);
}

static inline uint8_t *state_record_value(const struct state_layout *layout, uint8_t *record)
{
    size_t head = layout->key_size == 0 ? STATE_HEAP_WORD : 0;
    if (layout->value_size != 0)
        return record + head;
    return record + head + state_heap_padded(state_record_key_size(layout, record)) +
           STATE_HEAP_WORD;
}

/* Of a value that varies: its size stands before it. */
static inline uint32_t state_record_value_size(const struct state_layout *layout,
                                               const uint8_t *value)
{
    uint32_t size = layout->value_size;
    if (size == 0)
        memcpy(&size, value - STATE_HEAP_WORD, sizeof size);
    return size;
}

static inline bool state_record_is(const struct state_layout *layout, const uint8_t *record,
                                   const uint8_t *key, uint32_t size)
{
    return state_record_key_size(layout, record) == size &&
           memcmp(state_record_key(layout, record), key, size) == 0;
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
/* What the records of one key group take that have so many bytes, without their padding. */
uint64_t state_heap_words(const struct state_layout *layout, uint32_t key_size,
                          uint32_t value_size);

#endif
