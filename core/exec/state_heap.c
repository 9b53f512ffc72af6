/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending, dropping and copying together. The heap grows by a quarter; when it is full and an
 * eighth of it is garbage, only what is alive moves, in the order of the buckets. Always: words
 * used = words of the live records + garbage.
 */
#include "core/exec/state_heap.h"

#include "core/base/check.h"

enum { WORDS_FIRST = 64 };

static uint64_t record_words(const struct state_layout *layout, uint8_t *record)
{
    uint32_t value_size = state_record_value_size(layout, state_record_value(layout, record));
    return state_heap_words(layout, state_record_key_size(layout, record), value_size);
}

static uint64_t capacity_of(const struct state_block *heap)
{
    return heap ? (heap->size - sizeof *heap) / STATE_HEAP_WORD : 0;
}

static void copy_alive(const struct state_layout *layout, struct state_group *group,
                       struct state_block *heap)
{
    for (uint32_t index = 0; index < group->bucket_count * STATE_SLOTS; index++) {
        if (*state_tag_at(group, index) == 0)
            continue;
        struct state_heap_entry entry = state_heap_entry_at(group, index);
        uint8_t *record = state_heap_record(group, entry.at);
        uint64_t words = record_words(layout, record);
        memcpy(heap->bytes + (size_t)heap->used * STATE_HEAP_WORD, record, words * STATE_HEAP_WORD);
        entry.at = heap->used;
        heap->used += (uint32_t)words;
        memcpy(state_entry_at(layout, group, index), &entry, sizeof entry);
    }
}

void state_heap_reserve(const struct state_layout *layout, struct state_account *account,
                        struct state_group *group, uint64_t words)
{
    struct state_block *old = group->heap;
    uint64_t used = old ? old->used : 0, garbage = old ? old->garbage : 0;
    if (used + words <= capacity_of(old) && (!old || old->holders == 1))
        return;
    bool compacts = garbage > used / 8;
    uint64_t wanted = used - (compacts ? garbage : 0) + words;
    uint64_t capacity = wanted + (old ? wanted / 4 : 0);
    if (capacity < WORDS_FIRST)
        capacity = WORDS_FIRST;
    CHECK(capacity <= UINT32_MAX);
    struct state_block *heap = state_block_create(account, capacity * STATE_HEAP_WORD);
    if (compacts) {
        copy_alive(layout, group, heap);
    } else if (old) {
        memcpy(heap->bytes, old->bytes, used * STATE_HEAP_WORD);
        heap->used = (uint32_t)used;
        heap->garbage = (uint32_t)garbage;
    }
    state_block_release(account, old, true);
    group->heap = heap;
    group->moved = account->batch;
}

uint32_t state_heap_append(const struct state_layout *layout, struct state_account *account,
                           struct state_group *group, const uint8_t *key, uint32_t key_size,
                           uint32_t value_size)
{
    uint64_t words = state_heap_words(layout, key_size, value_size);
    state_heap_reserve(layout, account, group, words);
    uint32_t at = group->heap->used;
    group->heap->used += (uint32_t)words;
    uint8_t *value =
        state_record_begin(layout, state_heap_record(group, at), key, key_size, value_size);
    memset(value, 0, state_record_room(layout, value_size));
    return at;
}

void state_heap_drop(const struct state_layout *layout, struct state_group *group, uint32_t at)
{
    group->heap->garbage += (uint32_t)record_words(layout, state_heap_record(group, at));
}

uint8_t *state_heap_resize(const struct state_layout *layout, struct state_account *account,
                           struct state_group *group, uint32_t index, uint32_t value_size)
{
    struct state_heap_entry entry = state_heap_entry_at(group, index);
    uint8_t *record = state_heap_record(group, entry.at);
    uint8_t *value = state_record_value(layout, record);
    uint32_t old_size = state_record_value_size(layout, value);
    uint32_t least = old_size < value_size ? old_size : value_size;
    if (state_record_room(layout, old_size) == state_record_room(layout, value_size)) {
        if (value_size < old_size) /* what is behind a value is zero, always */
            memset(value + value_size, 0, old_size - value_size);
        memcpy(value - STATE_HEAP_WORD, &value_size, sizeof value_size);
        return value;
    }
    uint32_t key_size = state_record_key_size(layout, record);
    /* First the room, then look where the record has gone: the key lies in it. */
    state_heap_reserve(layout, account, group, state_heap_words(layout, key_size, value_size));
    entry = state_heap_entry_at(group, index);
    record = state_heap_record(group, entry.at);
    uint32_t at = state_heap_append(layout, account, group, state_record_key(layout, record),
                                    key_size, value_size);
    uint8_t *moved = state_record_value(layout, state_heap_record(group, at));
    memcpy(moved, state_record_value(layout, record), least);
    state_heap_drop(layout, group, entry.at);
    entry.at = at;
    memcpy(state_entry_at(layout, group, index), &entry, sizeof entry);
    return moved;
}
