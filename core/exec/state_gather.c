/* SPDX-License-Identifier: Apache-2.0
 *
 * A loop for each way that entries lie: of a known size, all eight of a bucket at once; in the
 * buckets as in the file; there with bytes between key and value; in the heap, whose records are
 * asked for before their turn comes.
 */
#include "core/exec/state_gather.h"

#include "core/exec/state_words.h"

#define INLINE static inline __attribute__((always_inline))

enum {
    WORD = 8,
    RECORDS_AHEAD = 6, /* buckets */
    RECORD_LINES = 8,  /* of a record, fetched at most */
    CACHE_LINE = 64,
    TOGETHER = 4096, /* bytes of buckets */
    PADDING = 8,     /* bytes behind a key or value that are copied with it */
};

/* Up to seven bytes behind `size` are read and written, too. */
static inline void copy_padded(uint8_t *to, const uint8_t *from, uint32_t size)
{
    enum { SMALL = 4 * WORD };
    if (size > SMALL) {
        memcpy(to, from, size);
        return;
    }
    for (uint32_t i = 0; i < size; i += WORD)
        memcpy(to + i, from + i, WORD);
}

/* The table has bytes behind each key and value, and the file gets room for them. */
INLINE void append_entry(const struct state_layout *layout, const struct state_entry *entry,
                         bool with_value, struct snapshot_bytes *out)
{
    bool key_varies = layout->key_size == 0, value_varies = with_value && layout->value_size == 0;
    size_t head =
        (key_varies ? sizeof entry->key_size : 0) + (value_varies ? sizeof entry->value_size : 0);
    size_t size = head + entry->key_size + (with_value ? entry->value_size : 0);
    uint8_t *to = snapshot_bytes_take(out, size + PADDING);
    out->count -= PADDING;
    if (key_varies)
        memcpy(to, &entry->key_size, sizeof entry->key_size);
    if (value_varies)
        memcpy(to + head - sizeof entry->value_size, &entry->value_size, sizeof entry->value_size);
    copy_padded(to + head, entry->key, entry->key_size);
    if (with_value)
        copy_padded(to + head + entry->key_size, entry->value, entry->value_size);
}

void gather_append_key(const struct state_layout *layout, const struct state_entry *entry,
                       struct snapshot_bytes *out)
{
    append_entry(layout, entry, false, out);
}

/* A key and a value of known sizes, whatever lies between them. */
INLINE void copy_entry(uint8_t *to, const uint8_t *from, size_t key_size, size_t value_size,
                       size_t value_at)
{
    memcpy(to, from, key_size);
    memcpy(to + key_size, from + value_at, value_size);
}

/* All eight entries of a bucket are copied, and the end moves only behind those that count. */
INLINE uint8_t *copy_bucket(uint8_t *to, const uint8_t *from, uint64_t slots, size_t key_size,
                            size_t value_size, size_t value_at)
{
    const size_t size = key_size + value_size, room = value_at + value_size;
    for (size_t line = 0; line < STATE_SLOTS * room; line += CACHE_LINE)
        __builtin_prefetch(from + WORDS_AHEAD + line);
    if (size == room && state_are_first(slots)) {
        memcpy(to, from, STATE_SLOTS * size);
        return to + state_flag_count(slots) * size;
    }
    for (uint32_t slot = 0; slot < STATE_SLOTS; slot++) {
        copy_entry(to, from + slot * room, key_size, value_size, value_at);
        to += slots >> (8 * slot + 7) & 1 ? size : 0;
    }
    return to;
}

/* Sizes that are given as constants make loops of a few instructions. */
INLINE void append_known(const struct gather *gather, struct snapshot_bytes *out, size_t key_size,
                         size_t value_size, size_t value_at)
{
    const size_t bucket_room = STATE_SLOTS * (value_at + value_size);
    const uint8_t *from = gather->group->entries + gather->bucket * bucket_room;
    uint8_t *to = snapshot_bytes_take(out, gather->count * STATE_SLOTS * (key_size + value_size));
    for (uint32_t i = 0; i < gather->count; i++, from += bucket_room)
        to = copy_bucket(to, from, gather->slots[i], key_size, value_size, value_at);
    out->count = (size_t)(to - out->items);
}

/* Of entries that lie in the buckets as they do in the file. */
static void append_plain(const struct gather *gather, struct snapshot_bytes *out)
{
    const size_t size = gather->layout->entry_size;
    const uint8_t *from = gather->group->entries + gather->bucket * STATE_SLOTS * size;
    uint8_t *to = snapshot_bytes_take(out, gather->count * STATE_SLOTS * size);
    for (uint32_t i = 0; i < gather->count; i++, from += STATE_SLOTS * size) {
        uint64_t slots = gather->slots[i];
        if (state_are_first(slots)) {
            size_t bytes = state_flag_count(slots) * size;
            to = (uint8_t *)memcpy(to, from, bytes) + bytes;
            continue;
        }
        for (; slots != 0; slots &= slots - 1, to += size)
            memcpy(to, from + state_slot(slots) * size, size);
    }
    out->count = (size_t)(to - out->items);
}

/* Of a record as long as they are on average, wherever it begins. */
static uint32_t record_lines(const struct state_group *group)
{
    uint64_t words = (group->heap->used - group->heap->garbage) / group->count;
    uint64_t lines = ((words - 1) * STATE_HEAP_WORD + 2 * CACHE_LINE - 1) / CACHE_LINE;
    return lines < RECORD_LINES ? (uint32_t)lines : RECORD_LINES;
}

/* Records lie anywhere in the heap: those of a bucket that is to come are asked for. Inline,
 * because some compilers leave out a call that only fetches. */
INLINE void fetch_records(const struct state_group *group, uint32_t bucket, uint32_t lines)
{
    if (bucket >= group->bucket_count)
        return;
    uint64_t taken = state_taken(*state_tags(group, bucket));
    for (; taken != 0; taken &= taken - 1) {
        uint32_t index = bucket * STATE_SLOTS + state_slot(taken);
        const uint8_t *record = state_heap_record(group, state_heap_entry_at(group, index).at);
        for (size_t line = 0; line < lines; line++)
            __builtin_prefetch(record + line * CACHE_LINE);
    }
}

/* layout: that of the table, or the same as constants. */
INLINE void append_one_by_one(const struct gather *gather, const struct state_layout *layout,
                              struct snapshot_bytes *out)
{
    for (uint32_t i = 0; i < gather->count; i++) {
        uint32_t bucket = gather->bucket + i;
        if (layout->in_heap)
            fetch_records(gather->group, bucket + RECORDS_AHEAD, gather->lines);
        for (uint64_t slots = gather->slots[i]; slots != 0; slots &= slots - 1) {
            struct state_entry entry;
            state_group_entry(layout, gather->group, bucket * STATE_SLOTS + state_slot(slots),
                              &entry);
            append_entry(layout, &entry, true, out);
        }
    }
}

static void append_records(const struct gather *gather, struct snapshot_bytes *out)
{
    static const struct state_layout of_words = { .key_size = WORD, .in_heap = true };
    static const struct state_layout of_texts = { .in_heap = true };
    if (gather->layout->key_size == WORD)
        append_one_by_one(gather, &of_words, out);
    else if (gather->layout->key_size == 0 && gather->layout->value_size == 0)
        append_one_by_one(gather, &of_texts, out);
    else
        append_one_by_one(gather, gather->layout, out);
}

struct gather gather_begin(const struct state_layout *layout, const struct state_group *group)
{
    size_t most = TOGETHER / ((size_t)layout->entry_size * STATE_SLOTS);
    struct gather gather = { .layout = layout, .group = group, .most = GATHER_MOST };
    if (layout->in_heap) {
        gather.lines = record_lines(group);
        gather.most = 1;
    } else if (most < GATHER_MOST) {
        gather.most = most != 0 ? (uint32_t)most : 1;
    }
    return gather;
}

void gather_append(const struct gather *gather, struct snapshot_bytes *out)
{
    uint32_t key = gather->layout->key_size, value = gather->layout->value_size;
    if (key == WORD && value == WORD)
        append_known(gather, out, WORD, WORD, WORD);
    else if (key == WORD && value == 2 * WORD)
        append_known(gather, out, WORD, 2 * WORD, WORD);
    else if (key == WORD && value == 3 * WORD)
        append_known(gather, out, WORD, 3 * WORD, WORD);
    else if (key == WORD / 2 && value == WORD)
        append_known(gather, out, WORD / 2, WORD, WORD);
    else if (!gather->layout->in_heap && gather->layout->value_at == key)
        append_plain(gather, out);
    else
        append_records(gather, out);
}
