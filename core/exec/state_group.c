/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding, inserting, removing and growing. Nothing is left behind by a removal: what a search
 * would no longer find moves into the hole. Always: an entry that is not in its home has only full
 * buckets from its home up to it, and one slot at least is empty.
 */
#include "core/exec/state_group.h"

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/exec/state_heap.h"
#include "core/exec/state_words.h"

enum {
    BLOCK_ALIGN = 16,
    ALIGNED_LEAST = 16, /* buckets; fewer lie as they come */
    GROW_PART = 5,      /* by a fifth: after that 73 percent of the slots are taken */
    SHRINK_PART = 4,
};

struct state_layout state_layout_of(uint32_t key_size, uint32_t value_size)
{
    struct state_layout layout = { .key_size = key_size, .value_size = value_size };
    layout.in_heap = key_size == 0 || value_size == 0;
    if (layout.in_heap) {
        layout.entry_size = sizeof(struct state_heap_entry);
        return layout;
    }
    uint32_t align = 8;
    while (value_size % align != 0)
        align /= 2;
    layout.value_at = (key_size + align - 1) / align * align;
    layout.entry_size = layout.value_at + value_size;
    return layout;
}

/* Not zeroed: what is taken into use is set by who takes it. */
struct state_block *state_block_create(struct state_account *account, uint64_t bytes)
{
    uint64_t size = sizeof(struct state_block) + bytes;
    struct state_block *block = mem_grow_array(NULL, size, size, 1);
    *block = (struct state_block){ .size = size, .holders = 1 };
    account->live_bytes += size;
    account->all_bytes += size;
    account->allocations++;
    return block;
}

void state_block_release(struct state_account *account, struct state_block *block, bool by_table)
{
    if (!block)
        return;
    if (by_table)
        account->live_bytes -= block->size;
    CHECK(block->holders > 0);
    if (--block->holders > 0)
        return;
    account->all_bytes -= block->size;
    mem_destroy(block);
}

void state_group_init(struct state_group *group)
{
    /* Looked into, never written: there is no room in it. */
    static const uint64_t nothing[WORDS_BUCKET / sizeof(uint64_t)];
    *group = (struct state_group){ .tags = (uint64_t *)(uintptr_t)nothing,
                                   .entries = (uint8_t *)(uintptr_t)nothing,
                                   .bucket_count = 1 };
}

void state_group_release(struct state_account *account, struct state_group *group, bool by_table)
{
    state_block_release(account, group->buckets, by_table);
    state_block_release(account, group->heap, by_table);
    account->moves++;
    state_group_init(group);
}

static size_t entries_size(const struct state_layout *layout, uint32_t bucket_count)
{
    return (size_t)bucket_count * STATE_SLOTS * layout->entry_size;
}

/* Large ones begin where a pair of cache lines does. */
void state_group_allot(const struct state_layout *layout, struct state_account *account,
                       struct state_group *group, uint32_t bucket_count)
{
    size_t entries = entries_size(layout, bucket_count), tags = bucket_count * sizeof(uint64_t);
    size_t spare = bucket_count >= ALIGNED_LEAST ? WORDS_BUCKET - BLOCK_ALIGN : 0;
    group->bucket_count = bucket_count;
    group->buckets = state_block_create(account, entries + tags + spare);
    group->entries = group->buckets->bytes;
    if (spare != 0)
        group->entries += -(uintptr_t)group->entries % WORDS_BUCKET;
    group->tags = (uint64_t *)(void *)(group->entries + entries);
    group->count_max = bucket_count * STATE_SLOTS_MOST;
    group->moved = account->batch;
    account->moves++;
}

uint64_t state_group_hash_at(const struct state_layout *layout, const struct state_group *group,
                             uint32_t index)
{
    if (layout->in_heap)
        return (uint64_t)state_heap_entry_at(group, index).hash << 32 |
               (*state_tag_at(group, index) & STATE_TAG_HASH);
    return state_hash(layout, state_entry_at(layout, group, index), layout->key_size);
}

/* The first empty slot from the home on, taken with this tag. */
static uint32_t take_slot(struct state_group *group, uint64_t hash, uint64_t tag)
{
    uint32_t bucket = state_home(hash, group->bucket_count);
    uint64_t empty;
    while ((empty = state_empty(*state_tags(group, bucket))) == 0)
        bucket = bucket + 1 == group->bucket_count ? 0 : bucket + 1;
    uint32_t index = bucket * STATE_SLOTS + state_slot(empty);
    *state_tag_at(group, index) = (uint8_t)tag;
    return index;
}

/* Entries into empty buckets. How many each has is counted apart: a tag that was just stored would
 * hold up the next one who loads the whole word. */
static inline __attribute__((always_inline)) void move_entries(const struct state_layout *layout,
                                                               const struct state_group *from,
                                                               const struct state_group *to,
                                                               bool words)
{
    const size_t size = words ? WORDS_ENTRY : layout->entry_size;
    const uint32_t bucket_count = to->bucket_count;
    uint8_t *counts = mem_create(bucket_count), *tags = (uint8_t *)to->tags, *entries = to->entries;
    for (uint32_t bucket = 0; bucket < from->bucket_count; bucket++) {
        const uint8_t *next = from->entries + (size_t)bucket * STATE_SLOTS * size + WORDS_AHEAD;
        uint64_t word = from->tags[bucket];
        __builtin_prefetch(next);
        __builtin_prefetch(next + WORDS_BUCKET / 2);
        for (uint64_t taken = state_taken(word); taken != 0; taken &= taken - 1) {
            uint32_t slot = state_slot(taken), index = bucket * STATE_SLOTS + slot;
            const uint8_t *entry = from->entries + (size_t)index * size;
            uint64_t hash =
                words ? state_hash_word(word_at(entry)) : state_group_hash_at(layout, from, index);
            uint32_t at = state_home(hash, bucket_count);
            while (__builtin_expect(counts[at] == STATE_SLOTS, 0))
                at = at + 1 == bucket_count ? 0 : at + 1;
            size_t place = (size_t)at * STATE_SLOTS + counts[at]++;
            tags[place] = (uint8_t)(word >> 8 * slot);
            memcpy(entries + place * size, entry, size);
        }
    }
    mem_destroy(counts);
}

/* The entries in other buckets, which belong to nobody else. */
static void rebuild(const struct state_layout *layout, struct state_account *account,
                    struct state_group *group, uint32_t bucket_count)
{
    struct state_group old = *group;
    state_group_allot(layout, account, group, bucket_count);
    memset(group->tags, 0, bucket_count * sizeof *group->tags);
    if (state_is_words(layout))
        move_entries(layout, &old, group, true);
    else
        move_entries(layout, &old, group, false);
    state_block_release(account, old.buckets, true);
}

void state_group_reserve(const struct state_layout *layout, struct state_account *account,
                         struct state_group *group, uint64_t count)
{
    if (count <= group->count_max)
        return;
    uint64_t wanted = (count + STATE_SLOTS_MOST - 1) / STATE_SLOTS_MOST;
    uint64_t grown = group->buckets ? group->bucket_count + group->bucket_count / GROW_PART : 0;
    if (wanted < grown)
        wanted = grown;
    CHECK(wanted <= STATE_BUCKETS_MOST);
    rebuild(layout, account, group, (uint32_t)wanted);
}

void state_group_shrink(const struct state_layout *layout, struct state_account *account,
                        struct state_group *group)
{
    if (group->count < group->count_max / SHRINK_PART)
        rebuild(layout, account, group, group->count / (STATE_SLOTS - 2) + 1);
}

void state_group_unshare(const struct state_layout *layout, struct state_account *account,
                         struct state_group *group)
{
    struct state_block *shared = group->buckets;
    const uint8_t *entries = group->entries;
    if (shared && shared->holders > 1) {
        state_group_allot(layout, account, group, group->bucket_count);
        memcpy(group->entries, entries,
               entries_size(layout, group->bucket_count) +
                   group->bucket_count * sizeof *group->tags);
        state_block_release(account, shared, true);
    }
    if (group->heap && group->heap->holders > 1)
        state_heap_reserve(layout, account, group, 0);
}

static bool entry_is(const struct state_layout *layout, const struct state_group *group,
                     uint32_t index, uint64_t hash, const uint8_t *key, uint32_t size)
{
    if (!layout->in_heap)
        return memcmp(state_entry_at(layout, group, index), key, size) == 0;
    struct state_heap_entry entry = state_heap_entry_at(group, index);
    return entry.hash == (uint32_t)(hash >> 32) &&
           state_record_is(layout, state_heap_record(group, entry.at), key, size);
}

/* From the key's home on; a search for one that is not there ends in a bucket with an empty slot.
 */
static inline uint32_t search(const struct state_layout *layout, const struct state_group *group,
                              uint64_t hash, const uint8_t *key, uint32_t size, uint32_t *end)
{
    uint32_t bucket = *end = state_home(hash, group->bucket_count);
    for (;;) {
        uint64_t word = *state_tags(group, bucket);
        for (uint64_t match = state_match(word, state_tag(hash)); match != 0; match &= match - 1) {
            uint32_t index = bucket * STATE_SLOTS + state_slot(match);
            if (entry_is(layout, group, index, hash, key, size))
                return index;
        }
        if (state_empty(word) != 0)
            return STATE_INDEX_NONE;
        bucket = *end = bucket + 1 == group->bucket_count ? 0 : bucket + 1;
    }
}

uint32_t state_group_find(const struct state_layout *layout, const struct state_group *group,
                          uint64_t hash, const uint8_t *key, uint32_t size)
{
    uint32_t end;
    return search(layout, group, hash, key, size, &end);
}

uint32_t state_group_find_or_take(const struct state_layout *layout, struct state_group *group,
                                  uint64_t hash, const uint8_t *key, uint32_t size, bool *is_new)
{
    uint32_t end, index = search(layout, group, hash, key, size, &end);
    *is_new = index == STATE_INDEX_NONE;
    if (!*is_new)
        return index;
    uint32_t slot = state_slot(state_empty(*state_tags(group, end)));
    *state_tags(group, end) |= (group->mark | state_tag(hash)) << (slot * 8);
    group->count++;
    return end * STATE_SLOTS + slot;
}

uint32_t state_group_insert(const struct state_layout *layout, struct state_account *account,
                            struct state_group *group, uint64_t hash, const uint8_t *key,
                            uint32_t size, uint32_t value_size)
{
    struct state_heap_entry entry = { .hash = (uint32_t)(hash >> 32) };
    state_group_reserve(layout, account, group, (uint64_t)group->count + 1);
    if (layout->in_heap)
        entry.at = state_heap_append(layout, account, group, key, size, value_size);
    uint32_t index = take_slot(group, hash, group->mark | state_tag(hash));
    uint8_t *to = state_entry_at(layout, group, index);
    if (layout->in_heap) {
        memcpy(to, &entry, sizeof entry);
    } else {
        memset(to, 0, layout->entry_size);
        memcpy(to, key, size);
    }
    group->count++;
    return index;
}

/* Closes the hole with an entry behind it whose home is not behind the hole; only where the bucket
 * of the hole was full can there be one, and the entry leaves the next hole. */
void state_group_remove(const struct state_layout *layout, struct state_group *group,
                        uint32_t index)
{
    uint32_t count = group->bucket_count;
    uint32_t hole = index, bucket = index / STATE_SLOTS;
    if (layout->in_heap)
        state_heap_drop(layout, group, state_heap_entry_at(group, index).at);
    group->count--;
    bool was_full = state_empty(*state_tags(group, bucket)) == 0;
    for (uint32_t next = bucket; was_full;) {
        next = next + 1 == count ? 0 : next + 1;
        if (next == hole / STATE_SLOTS)
            break;
        was_full = state_empty(*state_tags(group, next)) == 0;
        uint32_t behind = (next + count - hole / STATE_SLOTS) % count;
        uint64_t taken = state_taken(*state_tags(group, next));
        for (; taken != 0; taken &= taken - 1) {
            uint32_t from = next * STATE_SLOTS + state_slot(taken);
            uint32_t home = state_home(state_group_hash_at(layout, group, from), count);
            if ((next + count - home) % count < behind)
                continue;
            *state_tag_at(group, hole) = *state_tag_at(group, from);
            memcpy(state_entry_at(layout, group, hole), state_entry_at(layout, group, from),
                   layout->entry_size);
            hole = from;
            break;
        }
    }
    *state_tag_at(group, hole) = 0;
}

uint64_t state_hash_bytes(const uint8_t *bytes, size_t size)
{
    return state_hash_sized(bytes, size);
}
