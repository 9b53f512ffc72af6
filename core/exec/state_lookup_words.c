/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-ups of keys of a word whose values are a word too, with the same stages as state_resolve.c.
 */
#include "core/exec/state_lookup.h"
#include "core/exec/state_words.h"

enum { RING = 64, AHEAD = 16 };

#define NEAR_BYTES (1u << 19)

/* What a key has become so far, by its number modulo RING. */
struct words_pipe {
    struct state_group *group[RING];
    uint64_t *home[RING];             /* the tags of its home */
    uint64_t pattern[RING];           /* its tag, eight times */
    uint8_t *tag[RING], *entry[RING]; /* of the slot that may be it */
};

/* What the loops read, by value: what lies behind pointers would be read again for each key. */
struct words_run {
    struct state_table *table;
    struct state_group *first; /* key group 0, even where the table does not have it */
    uint64_t epoch;
    const uint8_t *keys;
    size_t stride;
    const uint16_t *groups;
    uint32_t count;
};

INLINE struct words_run run_of(const struct lookup *lookup)
{
    struct state_table *table = lookup->table;
    return (struct words_run){ .table = table,
                               .first = table->groups - table->spec.range.first,
                               .epoch = table->epoch,
                               .keys = lookup->keys->bytes,
                               .stride = lookup->keys->stride,
                               .groups = lookup->groups,
                               .count = lookup->keys->count };
}

/* The group of a key, ready for writing where that is wanted. */
INLINE struct state_group *group_at(const struct words_run *run, uint32_t i, bool writes)
{
    struct state_group *group = run->first + run->groups[i];
    if (writes && __builtin_expect(group->epoch != run->epoch, 0))
        state_table_prepare(run->table, (uint32_t)(group - run->table->groups), true);
    return group;
}

/* Where the key lives; fetches its tags. */
INLINE void locate(const struct words_run *run, struct words_pipe *pipe, uint32_t i, bool writes)
{
    uint64_t hash = state_hash_word(word_at(run->keys + i * run->stride));
    struct state_group *group = group_at(run, i, writes);
    uint64_t *home = words_home(group, hash);
    __builtin_prefetch(home, 1);
    pipe->group[i % RING] = group;
    pipe->home[i % RING] = home;
    pipe->pattern[i % RING] = state_tag(hash) * STATE_ONES;
}

/* The tag of the first slot from here on that may be the key's, else of the first empty one. */
NOT_INLINE uint8_t *choose_far(const struct state_group *group, uint64_t *tags, uint64_t pattern)
{
    for (;; tags = words_next(group, tags)) {
        uint64_t matches = words_lowest(*tags, pattern);
        uint64_t reasons = matches ? matches : words_lowest(*tags, 0);
        if (reasons != 0)
            return (uint8_t *)tags + words_shift(reasons) / 8;
    }
}

/* The slot that may be the key's; fetches its entry. */
INLINE void choose_slot(struct words_pipe *pipe, uint32_t i)
{
    const struct state_group *group = pipe->group[i % RING];
    uint64_t *tags = pipe->home[i % RING];
    uint64_t matches = words_lowest(*tags, pipe->pattern[i % RING]);
    uint8_t *tag = (uint8_t *)tags + words_shift(matches) / 8;
    if (__builtin_expect(matches == 0, 0))
        tag = choose_far(group, tags, pipe->pattern[i % RING]);
    uint8_t *entry = group->entries + (size_t)(tag - (uint8_t *)group->tags) * WORDS_ENTRY;
    __builtin_prefetch(entry, 1);
    pipe->tag[i % RING] = tag;
    pipe->entry[i % RING] = entry;
}

/* The entry by the long way, inserted if need be. Where something moved, the keys up to `end`,
 * which are in the pipe, are located anew. */
NOT_INLINE uint8_t *find_far(struct lookup *lookup, struct words_pipe *pipe, uint32_t i,
                             uint32_t end, struct state_group *group, bool writes)
{
    struct state_table *table = lookup->table;
    uint64_t words[] = { word_at(key_run_at(lookup->keys, i)), 0 };
    uint64_t hash = state_hash_word(words[0]);
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
    struct words_run run = run_of(lookup);
    for (uint32_t k = i + 1; group->moved == table->account.batch && k < end; k++) {
        if (pipe->group[k % RING] != group)
            continue;
        locate(&run, pipe, k, true);
        choose_slot(pipe, k);
    }
    return state_entry_at(&table->layout, group, index);
}

/* Two words in one go, where all of it is in the nearest caches anyway. */
INLINE void run_near(struct lookup *lookup, bool writes)
{
    const struct words_run run = run_of(lookup);
    void **values = lookup->values;
    for (uint32_t i = 0; i < run.count; i++) {
        uint64_t key = word_at(run.keys + i * run.stride), hash = state_hash_word(key);
        struct state_group *group = group_at(&run, i, writes);
        uint64_t *tags = words_home(group, hash);
        uint64_t differs = *tags ^ (group->mark | state_tag(hash)) * STATE_ONES;
        uint64_t matches = state_match(differs, 0);
        uint32_t shift = words_shift(matches);
        uint8_t *entry = words_entry(group, tags, shift);
        if (__builtin_expect(matches == 0 || word_at(entry) != key, 0) ||
            (writes && __builtin_expect((uint8_t)(differs >> shift) != 0, 0)))
            entry = find_far(lookup, NULL, i, 0, group, writes);
        values[i] = writes || entry ? entry + sizeof key : NULL;
    }
}

INLINE uint32_t end_of(uint32_t from, uint32_t count)
{
    return from + AHEAD < count ? from + AHEAD : count;
}

INLINE void locate_some(const struct words_run *run, struct words_pipe *pipe, uint32_t from,
                        bool writes)
{
    uint32_t end = end_of(from, run->count);
    for (uint32_t i = from; i < end; i++)
        locate(run, pipe, i, writes);
}

/* Two words with memory far away. Each stage takes some keys in a row, so that their fetches are
 * under way together. */
INLINE void run_words(struct lookup *lookup, bool writes)
{
    struct words_pipe pipe;
    const struct words_run run = run_of(lookup);
    const uint8_t differs_in = writes ? UINT8_MAX : STATE_TAG_HASH;
    void **values = lookup->values;
    locate_some(&run, &pipe, 0, writes);
    locate_some(&run, &pipe, AHEAD, writes);
    for (uint32_t i = 0; i < end_of(0, run.count); i++)
        choose_slot(&pipe, i);
    for (uint32_t from = 0; from < run.count; from += AHEAD) {
        uint32_t end = end_of(from, run.count), chosen = end_of(end, run.count);
        locate_some(&run, &pipe, from + 2 * AHEAD, writes);
        for (uint32_t i = end; i < chosen; i++)
            choose_slot(&pipe, i);
        for (uint32_t i = from; i < end; i++) {
            struct state_group *group = pipe.group[i % RING];
            uint8_t *entry = pipe.entry[i % RING];
            uint8_t expected = (uint8_t)(group->mark | (uint8_t)pipe.pattern[i % RING]);
            uint8_t differs = (uint8_t)((*pipe.tag[i % RING] ^ expected) & differs_in);
            if (__builtin_expect(differs != 0, 0) ||
                __builtin_expect(word_at(entry) != word_at(run.keys + i * run.stride), 0))
                entry = find_far(lookup, &pipe, i, end_of(chosen, run.count), group, writes);
            values[i] = writes || entry ? entry + sizeof(uint64_t) : NULL;
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
