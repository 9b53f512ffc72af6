/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-ups of keys of a word whose values are a word too, with the same stages as state_resolve.c.
 */
#include "core/exec/state_lookup.h"
#include "core/exec/state_words.h"

enum { AHEAD = 32, RING = 4 * AHEAD };

#define NEAR_BYTES (1u << 19)

/* What a key has become so far. */
struct words_step {
    struct state_group *group;
    uint64_t pattern;     /* its tag, eight times */
    uint8_t *tag, *entry; /* of its home, then of the slot that may be it */
};

/* Keys under way, by their number modulo RING. Those whose entry was not the first one to be looked
 * at are late: what else they may be is fetched while others take their turn, so that none waits
 * for memory. They are done in the order in which they came, and so are all that are new. */
struct words_pipe {
    struct words_step steps[RING];
    uint32_t located, chosen, verified; /* keys that have passed a stage; AHEAD apart */
    uint32_t late[2 * AHEAD];
    uint32_t late_count, fetched; /* of these what is wanted should be here by now */
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
INLINE void locate(const struct words_run *run, struct words_step *step, uint32_t i, bool writes)
{
    uint64_t hash = state_hash_word(word_at(run->keys + i * run->stride));
    struct state_group *group = group_at(run, i, writes);
    size_t bucket = state_home(hash, group->bucket_count);
    step->tag = (uint8_t *)(group->tags + bucket);
    __builtin_prefetch(step->tag, 1);
    step->group = group;
    step->entry = group->entries + bucket * WORDS_BUCKET;
    step->pattern = state_tag(hash) * STATE_ONES;
}

INLINE void choose_slot(struct words_step *step, uint64_t *tags, uint32_t shift)
{
    step->tag = (uint8_t *)tags + shift / 8;
    step->entry = words_entry(step->group, tags, shift);
}

/* The first slot in a bucket behind the home that may be the key's, else the first empty one. */
NOT_INLINE void choose_far(struct words_step *step)
{
    for (uint64_t *tags = (uint64_t *)(void *)step->tag;; tags = words_next(step->group, tags)) {
        uint64_t matches = words_lowest(*tags, step->pattern);
        uint64_t reasons = matches ? matches : words_lowest(*tags, 0);
        if (reasons == 0)
            continue;
        choose_slot(step, tags, words_shift(reasons));
        return;
    }
}

/* The slot that may be the key's; fetches its entry. */
INLINE void choose(struct words_step *step)
{
    uint64_t matches = words_lowest(*(const uint64_t *)(const void *)step->tag, step->pattern);
    uint32_t shift = words_shift(matches);
    if (__builtin_expect(matches == 0, 0)) {
        choose_far(step);
    } else {
        step->tag += shift / 8;
        step->entry += shift * (WORDS_ENTRY / 8);
    }
    __builtin_prefetch(step->entry, 1);
}

/* The next slot that may be the key's, where the one chosen is not; the first empty one is fetched
 * only. */
NOT_INLINE void choose_next(struct words_step *step)
{
    uint32_t slot = (uintptr_t)step->tag % STATE_SLOTS;
    uint64_t *tags = (uint64_t *)(void *)(step->tag - slot), tag = step->pattern & STATE_TAG_HASH;
    uint64_t matches = state_match(*tags, tag) & ~UINT64_C(0) << 8 * slot << 8, empty;
    while (matches == 0) {
        if ((empty = state_empty(*tags)) != 0) {
            __builtin_prefetch(words_entry(step->group, tags, words_shift(empty)), 1);
            return;
        }
        tags = words_next(step->group, tags);
        matches = state_match(*tags, tag);
    }
    choose_slot(step, tags, words_shift(matches));
    __builtin_prefetch(step->entry, 1);
}

/* The entry of a new key, in a slot whose tag is set. */
INLINE uint8_t *begin_entry(struct lookup *lookup, uint32_t i, struct state_group *group,
                            uint8_t *entry, uint64_t key)
{
    uint64_t words[] = { key, 0 };
    memcpy(entry, words, sizeof words);
    group->count++;
    lookup->table->entries++;
    if (lookup->is_new)
        lookup->is_new[i] = true;
    return entry;
}

/* The entry by the long way, inserted if need be. */
NOT_INLINE uint8_t *find_far(struct lookup *lookup, uint32_t i, struct state_group *group,
                             bool writes)
{
    uint64_t key = word_at(key_run_at(lookup->keys, i)), hash = state_hash_word(key);
    uint8_t *entry, *tag;
    bool is_new;
    if (writes && group->count < group->count_max) {
        entry = words_find_or_take(group, hash, key, &is_new);
        return is_new ? begin_entry(lookup, i, group, entry, key) : entry;
    }
    tag = words_find(group, hash, key, &entry);
    if (tag && writes)
        *tag = (uint8_t)(group->mark | state_tag(hash));
    if (tag || !writes)
        return tag ? entry : NULL;
    return state_entry_at(&lookup->table->layout, group,
                          state_lookup_insert(lookup, i, group, hash));
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
            entry = find_far(lookup, i, group, writes);
        values[i] = writes || entry ? entry + sizeof key : NULL;
    }
}

INLINE bool is_it(const struct words_step *step, uint64_t key)
{
    return ((*step->tag ^ step->pattern) & STATE_TAG_HASH) == 0 && word_at(step->entry) == key;
}

/* Mostly it is marked already; and a byte that was just stored would hold up the next one who loads
 * the whole word. */
INLINE void mark_written(const struct words_step *step)
{
    uint8_t tag = (uint8_t)(step->group->mark | (uint8_t)step->pattern);
    if (__builtin_expect(*step->tag != tag, 0))
        *step->tag = tag;
}

INLINE void begin_again(const struct words_run *run, struct words_pipe *pipe, uint32_t i,
                        const struct state_group *group)
{
    struct words_step *step = &pipe->steps[i % RING];
    if (step->group != group)
        return;
    locate(run, step, i, true);
    if (i < pipe->chosen)
        choose(step);
}

/* The group has moved: its keys under way come to the stage in which they are anew. */
NOT_INLINE void begin_all_again(const struct words_run *run, struct words_pipe *pipe,
                                const struct state_group *group)
{
    for (uint32_t k = 0; k < pipe->late_count; k++)
        begin_again(run, pipe, pipe->late[k], group);
    for (uint32_t i = pipe->verified; i < pipe->located; i++)
        begin_again(run, pipe, i, group);
}

/* A late one. An empty slot that was chosen is still the first one where nobody took it, and then
 * the key is new. */
INLINE uint8_t *find_late(struct lookup *lookup, const struct words_step *step, uint32_t i,
                          bool writes)
{
    uint64_t key = word_at(key_run_at(lookup->keys, i));
    struct state_group *group = step->group;
    if (is_it(step, key)) {
        if (writes)
            mark_written(step);
        return step->entry;
    }
    if (!writes || *step->tag != 0 || group->count == group->count_max)
        return find_far(lookup, i, group, writes);
    mark_written(step);
    return begin_entry(lookup, i, group, step->entry, key);
}

/* Those late ones whose memory should be here. */
INLINE void settle_some(struct lookup *lookup, struct words_pipe *pipe, bool writes)
{
    const struct words_run run = run_of(lookup);
    for (uint32_t k = 0; k < pipe->fetched; k++) {
        uint32_t i = pipe->late[k];
        const struct words_step *step = &pipe->steps[i % RING];
        uint64_t moves = run.table->account.moves;
        uint8_t *entry = find_late(lookup, step, i, writes);
        lookup->values[i] = entry ? entry + sizeof(uint64_t) : NULL;
        if (__builtin_expect(run.table->account.moves != moves, 0))
            begin_all_again(&run, pipe, step->group);
    }
    pipe->late_count -= pipe->fetched;
    memmove(pipe->late, pipe->late + pipe->fetched, pipe->late_count * sizeof *pipe->late);
    pipe->fetched = pipe->late_count;
}

INLINE uint32_t end_of(uint32_t from, uint32_t count)
{
    return from + AHEAD < count ? from + AHEAD : count;
}

INLINE void locate_some(const struct words_run *run, struct words_pipe *pipe, bool writes)
{
    uint32_t i = pipe->located, end = end_of(i, run->count);
    struct words_step *step = &pipe->steps[i % RING];
    for (; i < end; i++)
        locate(run, step++, i, writes);
    pipe->located = end;
}

INLINE void choose_some(struct words_pipe *pipe)
{
    uint32_t i = pipe->chosen, end = end_of(i, pipe->located);
    struct words_step *step = &pipe->steps[i % RING];
    for (; i < end; i++)
        choose(step++);
    pipe->chosen = end;
}

INLINE void verify_some(const struct words_run *run, struct words_pipe *pipe, void **values,
                        bool writes)
{
    uint32_t i = pipe->verified, end = end_of(i, pipe->chosen);
    struct words_step *step = &pipe->steps[i % RING];
    for (; i < end; i++, step++) {
        uint64_t key = word_at(run->keys + i * run->stride);
        values[i] = step->entry + sizeof key;
        if (__builtin_expect(is_it(step, key), 1)) {
            if (writes)
                mark_written(step);
            continue;
        }
        if (*step->tag != 0)
            choose_next(step);
        pipe->late[pipe->late_count++] = i;
    }
    pipe->verified = end;
}

/* Two words with memory far away. Each stage takes some keys in a row, so that their fetches are
 * under way together. */
INLINE void run_words(struct lookup *lookup, bool writes)
{
    struct words_pipe pipe;
    const struct words_run run = run_of(lookup);
    pipe.located = pipe.chosen = pipe.verified = pipe.late_count = pipe.fetched = 0;
    locate_some(&run, &pipe, writes);
    locate_some(&run, &pipe, writes);
    choose_some(&pipe);
    while (pipe.verified < run.count) {
        locate_some(&run, &pipe, writes);
        choose_some(&pipe);
        verify_some(&run, &pipe, lookup->values, writes);
        settle_some(lookup, &pipe, writes);
    }
    settle_some(lookup, &pipe, writes);
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
