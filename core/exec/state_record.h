/* SPDX-License-Identifier: Apache-2.0
 *
 * A record in the heap of a key group (state_group.h draws it): how large it is, where in it key
 * and value lie, how it is written. Inline, for loops that know one of the sizes. Always: what is
 * behind key and value up to the end of their room is zero.
 */
#ifndef WEIR_EXEC_STATE_RECORD_H
#define WEIR_EXEC_STATE_RECORD_H

#include "core/exec/state_group.h"

static inline size_t state_heap_padded(size_t size)
{
    return (size + STATE_HEAP_WORD - 1) / STATE_HEAP_WORD * STATE_HEAP_WORD;
}

/* Bytes set aside for a value. Where sizes vary, above 64 in steps of a quarter of the power of two
 * below, so that a list that is appended to moves seldom; follows from the size alone. */
static inline uint64_t state_record_room(const struct state_layout *layout, uint32_t value_size)
{
    enum { CLASS_LEAST = 64, CLASSES = 4 };
    if (layout->value_size != 0)
        return state_heap_padded(layout->value_size);
    uint64_t padded = state_heap_padded(value_size);
    if (padded <= CLASS_LEAST)
        return padded;
    uint64_t step = (UINT64_C(1) << (63 - __builtin_clzll(padded - 1))) / CLASSES;
    return (padded + step - 1) / step * step;
}

/* Words of a record. */
static inline uint64_t state_heap_words(const struct state_layout *layout, uint32_t key_size,
                                        uint32_t value_size)
{
    size_t heads = (size_t)(layout->key_size == 0) + (layout->value_size == 0);
    return heads +
           (state_heap_padded(key_size) + state_record_room(layout, value_size)) / STATE_HEAP_WORD;
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

/* Bytes into a room that is a number of words. */
static inline void state_record_copy(uint8_t *to, size_t room, const uint8_t *from, size_t size)
{
    enum { SMALL = 8 * STATE_HEAP_WORD };
    size_t at = size;
    if (size > SMALL)
        memcpy(to, from, size);
    else
        for (at = 0; at + STATE_HEAP_WORD <= size; at += STATE_HEAP_WORD)
            memcpy(to + at, from + at, STATE_HEAP_WORD);
    if (__builtin_expect(at == room, 1))
        return;
    memset(to + at, 0, room - at);
    memcpy(to + at, from + at, size - at);
}

static inline uint8_t *state_record_put_size(uint8_t *to, uint32_t size)
{
    uint64_t word = size;
    memcpy(to, &word, sizeof word);
    return to + STATE_HEAP_WORD;
}

/* Sets all but the value; gives where that belongs. */
static inline uint8_t *state_record_begin(const struct state_layout *layout, uint8_t *record,
                                          const uint8_t *key, uint32_t key_size,
                                          uint32_t value_size)
{
    uint8_t *to = layout->key_size == 0 ? state_record_put_size(record, key_size) : record;
    uint8_t *key_at = to + state_heap_padded(layout->value_size);
    state_record_copy(key_at, state_heap_padded(key_size), key, key_size);
    if (layout->value_size != 0)
        return to;
    return state_record_put_size(key_at + state_heap_padded(key_size), value_size);
}

#endif
