/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-ups of keys of a word whose values are a word too, with the same stages as state_resolve.c.
 */
#include "core/exec/state_lookup.h"
#include "core/exec/state_words.h"

enum { RING = 64, AHEAD = 16 };

#define NEAR_BYTES (1u << 19)

/* A key and a value of a word each. */
struct words_pipe {
    uint64_t hash[RING];
    struct state_group *group[RING];
    uint8_t *tag[RING], *entry[RING]; /* of the slot that may be it */
};

/* The bucket that may hold the key, and there the slot with its tag, else the first that is empty.
 * A home that is full of others is passed over without a branch: a mask and no condition, which the
 * compiler would make a jump that is hard to foresee. The bucket behind it hardly ever is, too. */
INLINE void choose_slot(struct words_pipe *pipe, uint32_t i)
{
    const struct state_group *group = pipe->group[i % RING];
    uint64_t hash = pipe->hash[i % RING], tag = state_tag(hash);
    uint64_t *tags = words_home(group, hash);
    uint64_t reasons = state_match(*tags, tag) | state_empty(*tags);
    uint64_t passes = ((reasons - 1) & ~reasons) >> 63;
    tags += (words_next(group, tags) - tags) * (ptrdiff_t)passes;
    uint64_t matches = state_match(*tags, tag), empty = state_empty(*tags);
    while (__builtin_expect((matches | empty) == 0, 0)) {
        tags = words_next(group, tags);
        matches = state_match(*tags, tag);
        empty = state_empty(*tags);
    }
    uint32_t shift = words_shift(matches ? matches : empty);
    uint8_t *entry = words_entry(group, tags, shift);
    __builtin_prefetch(entry, 1);
    pipe->tag[i % RING] = (uint8_t *)tags + shift / 8;
    pipe->entry[i % RING] = entry;
}

/* The entry by the long way, inserted if need be. Where something moved, slots are chosen again for
 * the keys up to `end`, which are in the pipe. */
NOT_INLINE uint8_t *find_far(struct lookup *lookup, struct words_pipe *pipe, uint32_t i,
                             uint32_t end, struct state_group *group, uint64_t hash, bool writes)
{
    struct state_table *table = lookup->table;
    uint64_t words[] = { word_at(key_run_at(lookup->keys, i)), 0 };
    uint8_t *entry, *tag;
    bool is_new;
    if (writes && group->count < group->count_max) {
        entry = words_find_or_take(group, hash, words[0], &is_new);
        if (!is_new)
            return entry;
        memcpy(entry, words, sizeof words);
        group->count++;
        table->entries++;
        if (lookup->is_new)
            lookup->is_new[i] = true;
        return entry;
    }
    tag = words_find(group, hash, words[0], &entry);
    if (tag && writes)
        *tag = (uint8_t)(group->mark | state_tag(hash));
    if (tag || !writes)
        return tag ? entry : NULL;
    uint32_t index = state_lookup_insert(lookup, i, group, hash);
    for (uint32_t k = i + 1; group->moved == table->account.batch && k < end; k++)
        if (pipe->group[k % RING] == group)
            choose_slot(pipe, k);
    return state_entry_at(&table->layout, group, index);
}

/* Two words in one go, where all of it is in the nearest caches anyway. */
INLINE void run_near(struct lookup *lookup, bool writes)
{
    struct state_table *table = lookup->table;
    const uint64_t epoch = table->epoch;
    const uint16_t *number = lookup->groups, *end = number + lookup->keys->count;
    struct state_group *first = table->groups - table->spec.range.first;
    const uint8_t *at = lookup->keys->bytes;
    const size_t stride = lookup->keys->stride;
    void **value = lookup->values;
    for (; number < end; number++, value++, at += stride) {
        uint64_t key = word_at(at), hash = state_hash_word(key);
        struct state_group *group = first + *number;
        if (writes && __builtin_expect(group->epoch != epoch, 0))
            state_table_prepare(table, (uint32_t)(group - table->groups), true);
        uint64_t *tags = words_home(group, hash);
        uint64_t differs = *tags ^ (group->mark | state_tag(hash)) * STATE_ONES;
        uint64_t matches = state_match(differs, 0);
        uint32_t shift = words_shift(matches);
        uint8_t *entry = words_entry(group, tags, shift);
        if (__builtin_expect(matches == 0 || word_at(entry) != key, 0) ||
            (writes && __builtin_expect((uint8_t)(differs >> shift) != 0, 0)))
            entry =
                find_far(lookup, NULL, (uint32_t)(number - lookup->groups), 0, group, hash, writes);
        *value = writes || entry ? entry + sizeof key : NULL;
    }
}

INLINE uint32_t end_of(uint32_t from, uint32_t count)
{
    return from + AHEAD < count ? from + AHEAD : count;
}

/* Where the keys from `from` on live; fetches their tags. */
INLINE void locate_words(const struct lookup *lookup, struct words_pipe *pipe, uint32_t from,
                         bool writes)
{
    struct state_table *table = lookup->table;
    const uint64_t epoch = table->epoch;
    const uint16_t *numbers = lookup->groups;
    struct state_group *first = table->groups - table->spec.range.first;
    const uint8_t *keys = lookup->keys->bytes;
    const size_t stride = lookup->keys->stride;
    uint32_t end = end_of(from, lookup->keys->count);
    for (uint32_t i = from; i < end; i++) {
        uint64_t hash = state_hash_word(word_at(keys + i * stride));
        struct state_group *group = first + numbers[i];
        if (writes && __builtin_expect(group->epoch != epoch, 0))
            state_table_prepare(table, (uint32_t)(group - table->groups), true);
        __builtin_prefetch(words_home(group, hash), 1);
        pipe->hash[i % RING] = hash;
        pipe->group[i % RING] = group;
    }
}

/* Two words with memory far away. */
INLINE void run_words(struct lookup *lookup, bool writes)
{
    struct words_pipe pipe;
    const uint32_t count = lookup->keys->count;
    const uint8_t *keys = lookup->keys->bytes;
    const size_t stride = lookup->keys->stride;
    const uint8_t differs_in = writes ? UINT8_MAX : STATE_TAG_HASH;
    void **values = lookup->values;
    locate_words(lookup, &pipe, 0, writes);
    locate_words(lookup, &pipe, AHEAD, writes);
    for (uint32_t i = 0; i < end_of(0, count); i++)
        choose_slot(&pipe, i);
    for (uint32_t from = 0; from < count; from += AHEAD) {
        uint32_t end = end_of(from, count), chosen = end_of(end, count);
        locate_words(lookup, &pipe, from + 2 * AHEAD, writes);
        for (uint32_t i = end; i < chosen; i++)
            choose_slot(&pipe, i);
        for (uint32_t i = from; i < end; i++) {
            uint64_t hash = pipe.hash[i % RING];
            struct state_group *group = pipe.group[i % RING];
            uint8_t *entry = pipe.entry[i % RING];
            uint8_t differs = (uint8_t)(*pipe.tag[i % RING] ^ (group->mark | state_tag(hash)));
            if (__builtin_expect((differs & differs_in) != 0, 0) ||
                __builtin_expect(word_at(entry) != word_at(keys + i * stride), 0))
                entry = find_far(lookup, &pipe, i, chosen, group, hash, writes);
            values[i] = writes || entry ? entry + sizeof hash : NULL;
        }
    }
}

void state_lookup_words(struct lookup *lookup, bool writes)
{
    bool near = lookup->table->account.live_bytes < NEAR_BYTES;
    if (near && writes)
        run_near(lookup, true);
    else if (near)
        run_near(lookup, false);
    else if (writes)
        run_words(lookup, true);
    else
        run_words(lookup, false);
}
