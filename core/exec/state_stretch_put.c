/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting entries back into their buckets: a loop for each way that they lie. A bucket is complete
 * before it is looked at whether a search would find its entries.
 */
#include "core/exec/state_stretch_parts.h"

#include "core/exec/state_fill.h"
#include "core/exec/state_words.h"

#define INLINE     static inline __attribute__((always_inline))
#define NOT_INLINE static __attribute__((noinline))

enum { WORD = 8, CACHE_LINE = 64 };

static const char too_many[] = "a bucket has more entries than there are";
static const char too_few[] = "its buckets have fewer entries than there are";
static const char astray[] = "an entry is not where it is looked for, or is twice";

static const uint64_t first_slots[STATE_SLOTS + 1] = {
    0,
    UINT64_C(0xff),
    UINT64_C(0xffff),
    UINT64_C(0xffffff),
    UINT64_C(0xffffffff),
    UINT64_C(0xffffffffff),
    UINT64_C(0xffffffffffff),
    UINT64_C(0xffffffffffffff),
    UINT64_MAX,
};

bool stretch_is_found(const struct state_layout *layout, const struct state_group *group,
                      uint32_t index)
{
    struct state_entry entry;
    state_group_entry(layout, group, index, &entry);
    uint64_t hash = state_group_hash_at(layout, group, index);
    return state_group_find(layout, group, hash, entry.key, entry.key_size) == index;
}

INLINE uint64_t hash_of(const uint8_t *key, uint32_t size)
{
    return size == WORD ? state_hash_word(word_at(key)) : state_hash_sized(key, size);
}

static inline uint64_t hash_at(const struct state_layout *layout, const struct state_group *group,
                               uint32_t index)
{
    struct state_entry entry;
    if (!layout->in_heap && layout->key_size == WORD)
        return state_hash_word(word_at(state_entry_at(layout, group, index)));
    state_group_entry(layout, group, index, &entry);
    return state_hash(layout, entry.key, entry.key_size);
}

/* Most had no room in their home, a bucket or two before this one, and nothing there looks like
 * them. */
static inline bool is_beside_home(const struct state_stretch_fill *fill, uint32_t bucket,
                                  uint32_t home, uint64_t hash)
{
    const uint64_t *tags = fill->group->tags;
    uint64_t own = (hash & LANE_HASH) * LANES;
    uint64_t differ = lanes_differ(fill->low, own) & lanes_differ(fill->high, own);
    for (; home + 1 < bucket; home++)
        if (state_empty(tags[home]) != 0 || state_match(tags[home], state_tag(hash)) != 0)
            return false;
    return home + 1 == bucket && state_empty(tags[home]) == 0 &&
           (differ & LANE_FLAGS) == LANE_FLAGS;
}

/* Of entries that are not in their home, or not alone with their tag. A search for one whose home
 * is behind its bucket goes round the end of the table, which is not there yet. */
NOT_INLINE bool are_found(struct state_stretch_fill *fill, const struct state_layout *layout,
                          uint32_t bucket, uint32_t slots, bool are_twins)
{
    const struct state_group *group = fill->group;
    for (; slots != 0; slots &= slots - 1) {
        uint32_t index = bucket * STATE_SLOTS + (uint32_t)__builtin_ctz(slots);
        uint64_t hash = hash_at(layout, group, index);
        uint32_t home = state_home(hash, group->bucket_count);
        if (home > bucket)
            fill->wrapped = bucket + 1;
        else if ((are_twins || !is_beside_home(fill, bucket, home, hash)) &&
                 !stretch_is_found(layout, group, index))
            return false;
    }
    return true;
}

INLINE bool end_bucket(struct state_stretch_fill *fill, const struct state_layout *layout,
                       const struct bucket_view *seen, uint32_t bucket, uint32_t count)
{
    bool are_twins = bucket_may_have_twins(seen);
    uint32_t doubtful = __builtin_expect(are_twins, 0) ? (1u << count) - 1 : seen->strangers;
    fill->group->tags[bucket] = seen->tags;
    bool found =
        __builtin_expect(doubtful == 0, 1) || are_found(fill, layout, bucket, doubtful, are_twins);
    fill->low = seen->low;
    fill->high = seen->high;
    return found;
}

INLINE void fetch(const uint8_t *from, size_t size, size_t distance)
{
    for (size_t i = 0; i < size; i += CACHE_LINE)
        __builtin_prefetch(from + distance + i);
}

/* From the last slot to the first. */
INLINE void look(struct bucket_view *seen, uint64_t *lanes, uint64_t hash, uint32_t bucket,
                 uint32_t bucket_count)
{
    *lanes = *lanes << 16 | (hash & LANE_HASH);
    seen->strangers = seen->strangers * 2 + (state_home(hash, bucket_count) != bucket);
}

/* Of entries of a known size all eight are looked at, taken or not, and written out, for then
 * compilers know all distances. */
INLINE struct bucket_view view_all(const uint8_t *from, uint32_t key_size, size_t size,
                                   uint32_t bucket, uint32_t buckets)
{
    struct bucket_view seen = { 0 };
    look(&seen, &seen.high, hash_of(from + 7 * size, key_size), bucket, buckets);
    look(&seen, &seen.high, hash_of(from + 6 * size, key_size), bucket, buckets);
    look(&seen, &seen.high, hash_of(from + 5 * size, key_size), bucket, buckets);
    look(&seen, &seen.high, hash_of(from + 4 * size, key_size), bucket, buckets);
    look(&seen, &seen.low, hash_of(from + 3 * size, key_size), bucket, buckets);
    look(&seen, &seen.low, hash_of(from + 2 * size, key_size), bucket, buckets);
    look(&seen, &seen.low, hash_of(from + size, key_size), bucket, buckets);
    look(&seen, &seen.low, hash_of(from, key_size), bucket, buckets);
    seen.tags = lanes_tags(seen.low, seen.high);
    return seen;
}

/* What is between key and value is zero, always. */
INLINE void put_entry(uint8_t *to, const uint8_t *from, uint32_t key_size, uint32_t value_size,
                      uint32_t value_at)
{
    memcpy(to, from, key_size);
    memset(to + key_size, 0, value_at - key_size);
    memcpy(to + value_at, from + key_size, value_size);
}

INLINE void put_all(uint8_t *to, const uint8_t *from, uint32_t key_size, uint32_t value_size,
                    uint32_t value_at)
{
    const size_t size = (size_t)key_size + value_size, room = (size_t)value_at + value_size;
    if (size == room)
        memcpy(to, from, STATE_SLOTS * size);
    else
        for (size_t slot = 0; slot < STATE_SLOTS; slot++)
            put_entry(to + slot * room, from + slot * size, key_size, value_size, value_at);
}

/* Sizes that are given as constants make loops of a few instructions. */
INLINE const char *put_known(struct state_stretch_fill *fill, const struct state_layout *layout,
                             const struct stretch_body *body, uint32_t key_size,
                             uint32_t value_size, uint32_t value_at)
{
    enum { KNOWN_MOST = 4 * WORD };
    const struct state_group *group = fill->group;
    const size_t size = (size_t)key_size + value_size, room = (size_t)value_at + value_size;
    const uint8_t *from = body->from, *counts = body->behind;
    uint8_t last[STATE_SLOTS * KNOWN_MOST], *to = group->entries + fill->next * STATE_SLOTS * room;
    for (uint32_t bucket = fill->next; bucket < body->end; bucket++, to += STATE_SLOTS * room) {
        uint32_t count = *counts++;
        const uint8_t *entries = from;
        size_t left = (size_t)(body->behind - from);
        if (count > STATE_SLOTS || left < count * size)
            return too_many;
        if (__builtin_expect(left < STATE_SLOTS * size, 0)) {
            memset(last, 0, sizeof last);
            entries = memcpy(last, from, left);
        }
        fetch(from, STATE_SLOTS * size, body->distance);
        struct bucket_view seen = view_all(entries, key_size, size, bucket, group->bucket_count);
        put_all(to, entries, key_size, value_size, value_at);
        seen.tags &= first_slots[count];
        seen.strangers &= (1u << count) - 1;
        if (!end_bucket(fill, layout, &seen, bucket, count))
            return astray;
        from += count * size;
    }
    return from == body->behind ? NULL : too_few;
}

static const char *put_sized(struct state_stretch_fill *fill, const struct state_layout *layout,
                             const struct stretch_body *body)
{
    const struct state_group *group = fill->group;
    const uint32_t key_size = layout->key_size, value_size = layout->value_size;
    const size_t size = (size_t)key_size + value_size, room = layout->entry_size;
    const uint8_t *from = body->from, *counts = body->behind;
    uint8_t *to = group->entries + fill->next * STATE_SLOTS * room;
    for (uint32_t bucket = fill->next; bucket < body->end; bucket++, to += STATE_SLOTS * room) {
        struct bucket_view seen = bucket_view_begin();
        uint32_t count = *counts++;
        if (count > STATE_SLOTS || (size_t)(body->behind - from) < count * size)
            return too_many;
        for (uint32_t slot = 0; slot < count; slot++, from += size) {
            fetch(from, size, body->distance);
            bucket_view_add(&seen, hash_of(from, key_size), slot, bucket, group->bucket_count);
            put_entry(to + slot * room, from, key_size, value_size, layout->value_at);
        }
        if (!end_bucket(fill, layout, &seen, bucket, count))
            return astray;
    }
    return from == body->behind ? NULL : too_few;
}

static const char *put_in_buckets(struct state_stretch_fill *fill,
                                  const struct state_layout *layout,
                                  const struct stretch_body *body)
{
    uint32_t key = layout->key_size, value = layout->value_size;
    if (key == WORD && value == WORD)
        return put_known(fill, layout, body, WORD, WORD, WORD);
    if (key == WORD && value == 2 * WORD)
        return put_known(fill, layout, body, WORD, 2 * WORD, WORD);
    if (key == WORD && value == 3 * WORD)
        return put_known(fill, layout, body, WORD, 3 * WORD, WORD);
    if (key == WORD / 2 && value == WORD)
        return put_known(fill, layout, body, WORD / 2, WORD, WORD);
    return put_sized(fill, layout, body);
}

/* Appends the record of an entry: where it lies. Nothing in the heap is garbage, so what makes room
 * copies all of it and looks at no slot: those to come are not set. */
INLINE uint32_t append_record(const struct state_layout *layout, struct state_account *account,
                              struct state_group *group, const struct state_entry *entry)
{
    uint64_t words = state_heap_words(layout, entry->key_size, entry->value_size);
    if (__builtin_expect(state_heap_left(group) < words, 0))
        state_heap_reserve(layout, account, group, words);
    uint32_t at = group->heap->used;
    group->heap->used += (uint32_t)words;
    uint8_t *value = state_record_begin(layout, state_heap_record(group, at), entry->key,
                                        entry->key_size, entry->value_size);
    state_record_copy(value, state_record_room(layout, entry->value_size), entry->value,
                      entry->value_size);
    return at;
}

INLINE const char *put_records(struct state_stretch_fill *fill, const struct state_layout *layout,
                               struct state_account *account, const struct stretch_body *body)
{
    struct state_group *group = fill->group;
    const uint8_t *from = body->from, *counts = body->behind;
    for (uint32_t bucket = fill->next; bucket < body->end; bucket++) {
        struct bucket_view seen = bucket_view_begin();
        uint32_t count = *counts++;
        if (count > STATE_SLOTS)
            return too_many;
        for (uint32_t slot = 0; slot < count; slot++) {
            struct state_entry entry;
            fetch(from, 1, body->distance);
            if (!state_fill_take(layout, true, &from, body->behind, &entry))
                return too_many;
            uint64_t hash = layout->key_size == WORD ? state_hash_word(word_at(entry.key))
                                                     : state_hash_bytes(entry.key, entry.key_size);
            struct state_heap_entry put = { .hash = (uint32_t)(hash >> 32),
                                            .at = append_record(layout, account, group, &entry) };
            memcpy(state_entry_at(layout, group, bucket * STATE_SLOTS + slot), &put, sizeof put);
            bucket_view_add(&seen, hash, slot, bucket, group->bucket_count);
        }
        if (!end_bucket(fill, layout, &seen, bucket, count))
            return astray;
    }
    return from == body->behind ? NULL : too_few;
}

/* The same with sizes that the compiler knows. */
INLINE const char *put_shape(struct state_stretch_fill *fill, struct state_account *account,
                             const struct stretch_body *body, uint32_t key_size,
                             uint32_t value_size)
{
    const struct state_layout layout = { .key_size = key_size,
                                         .value_size = value_size,
                                         .entry_size = sizeof(struct state_heap_entry),
                                         .in_heap = true };
    return put_records(fill, &layout, account, body);
}

static const char *put_in_heap(struct state_stretch_fill *fill, const struct state_layout *layout,
                               struct state_account *account, const struct stretch_body *body)
{
    if (layout->key_size == WORD)
        return put_shape(fill, account, body, WORD, 0);
    if (layout->key_size == 0 && layout->value_size == 0)
        return put_shape(fill, account, body, 0, 0);
    if (layout->key_size == 0 && layout->value_size == WORD)
        return put_shape(fill, account, body, 0, WORD);
    return put_records(fill, layout, account, body);
}

const char *stretch_put(struct state_stretch_fill *fill, const struct state_layout *layout,
                        struct state_account *account, const struct stretch_body *body)
{
    if (layout->in_heap)
        return put_in_heap(fill, layout, account, body);
    return put_in_buckets(fill, layout, body);
}
