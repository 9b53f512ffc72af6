/* SPDX-License-Identifier: Apache-2.0
 *
 * A loop for each way that entries lie: of one size, in the buckets themselves, whose bytes are
 * taken by the word; or with their sizes before them, in the heap. Full snapshots without stretches
 * come in the order of their homes and find room made for them, so each entry is one search in a
 * bucket that is near.
 */
#include "core/exec/state_fill.h"

#include "core/exec/state_words.h"

#define INLINE static inline __attribute__((always_inline))

enum { WORD = sizeof(uint64_t) };

static void make_room(const struct state_layout *layout, struct state_account *account,
                      struct state_group *group)
{
    if (__builtin_expect(group->count == group->count_max, 0))
        state_group_reserve(layout, account, group, (uint64_t)group->count + 1);
}

/* Sizes that are given as constants make loops of a few instructions. What is between key and value
 * is zero, always. */
INLINE void put_sized(const struct state_layout *layout, struct state_account *account,
                      struct state_group *group, const struct snapshot_block *block,
                      uint32_t key_size, uint32_t value_size, uint32_t value_at)
{
    const uint8_t *from = block->body;
    for (uint32_t i = 0; i < block->entries; i++, from += key_size + value_size) {
        bool is_new;
        make_room(layout, account, group);
        uint64_t hash =
            key_size == WORD ? state_hash_word(word_at(from)) : state_hash_bytes(from, key_size);
        uint32_t index = state_group_find_or_take(layout, group, hash, from, key_size, &is_new);
        uint8_t *to = group->entries + (size_t)index * (value_at + value_size);
        memcpy(to, from, key_size);
        memset(to + key_size, 0, value_at - key_size);
        memcpy(to + value_at, from + key_size, value_size);
    }
}

static void put_in_buckets(const struct state_layout *layout, struct state_account *account,
                           struct state_group *group, const struct snapshot_block *block)
{
    uint32_t key = layout->key_size, value = layout->value_size;
    if (key == WORD && value == WORD)
        put_sized(layout, account, group, block, WORD, WORD, WORD);
    else if (key == WORD && value == 2 * WORD)
        put_sized(layout, account, group, block, WORD, 2 * WORD, WORD);
    else if (key == WORD && value == 3 * WORD)
        put_sized(layout, account, group, block, WORD, 3 * WORD, WORD);
    else if (key == WORD / 2 && value == WORD)
        put_sized(layout, account, group, block, WORD / 2, WORD, WORD);
    else
        put_sized(layout, account, group, block, key, value, layout->value_at);
}

/* Room for the record comes first: what makes it goes through all slots that are taken. */
static void put_in_heap(const struct state_layout *layout, struct state_account *account,
                        struct state_group *group, const struct state_entry *entry)
{
    bool is_new;
    make_room(layout, account, group);
    state_heap_reserve(layout, account, group,
                       state_heap_words(layout, entry->key_size, entry->value_size));
    uint64_t hash = state_hash(layout, entry->key, entry->key_size);
    uint32_t index =
        state_group_find_or_take(layout, group, hash, entry->key, entry->key_size, &is_new);
    if (is_new) {
        struct state_heap_entry slot = {
            .hash = (uint32_t)(hash >> 32),
            .at = state_heap_append(layout, account, group, entry->key, entry->key_size,
                                    entry->value_size),
        };
        memcpy(state_entry_at(layout, group, index), &slot, sizeof slot);
    } else if (layout->value_size == 0) {
        state_heap_resize(layout, account, group, index, entry->value_size);
    }
    uint8_t *record = state_heap_record(group, state_heap_entry_at(group, index).at);
    memcpy(state_record_value(layout, record), entry->value, entry->value_size);
}

static void remove_key(const struct state_layout *layout, struct state_group *group,
                       const struct state_entry *entry)
{
    uint64_t hash = state_hash(layout, entry->key, entry->key_size);
    uint32_t index = state_group_find(layout, group, hash, entry->key, entry->key_size);
    if (index != STATE_INDEX_NONE)
        state_group_remove(layout, group, index);
}

static struct err fill_one_by_one(const struct state_layout *layout, struct state_account *account,
                                  struct state_group *group, const struct snapshot_block *block,
                                  struct note *note)
{
    bool has_values = block->kind == SNAPSHOT_BLOCK_ENTRIES;
    const uint8_t *at = block->body, *end = block->body + block->size;
    struct state_entry entry;
    for (uint32_t i = 0; i < block->entries; i++) {
        if (!state_fill_take(layout, has_values, &at, end, &entry))
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "an entry of key group %d ends behind its block", block->group);
        if (has_values)
            put_in_heap(layout, account, group, &entry);
        else
            remove_key(layout, group, &entry);
    }
    if (at != end)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "a block of key group %d is longer than its entries", block->group);
    return OK;
}

struct err state_fill(const struct state_layout *layout, struct state_account *account,
                      struct state_group *group, const struct snapshot_block *block,
                      struct note *note)
{
    if (block->kind != SNAPSHOT_BLOCK_ENTRIES || layout->in_heap)
        return fill_one_by_one(layout, account, group, block, note);
    uint64_t wanted = (uint64_t)block->entries * (layout->key_size + layout->value_size);
    if (block->size < wanted)
        return err_note(note, ERR_BAD_VALUE_CODE, "an entry of key group %d ends behind its block",
                        block->group);
    if (block->size > wanted)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "a block of key group %d is longer than its entries", block->group);
    put_in_buckets(layout, account, group, block);
    return OK;
}

/* What is behind the entries of a stretch counts for nothing. */
uint64_t state_fill_heap_words(const struct state_layout *layout,
                               const struct snapshot_block *block)
{
    const uint8_t *at = block->body, *end = block->body + block->size;
    struct state_entry entry;
    uint64_t words = 0;
    for (uint32_t i = 0; i < block->entries && state_fill_take(layout, true, &at, end, &entry); i++)
        words += state_heap_words(layout, entry.key_size, entry.value_size);
    return words;
}
