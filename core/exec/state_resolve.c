/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-ups in batches. Each key goes through stages, some keys apart, so that what a stage needs
 * has been fetched from memory when it comes:
 *
 *     locate   hash and group; fetches the tags of the home bucket
 *     match    the first slot there whose tag agrees; fetches its entry
 *     verify   the key itself, or the long way; where sizes vary, `read` comes before and fetches
 *              the record
 *
 * Inserting may move entries of the group: what stands in the pipe is matched again, and values
 * already given out are looked up again at the end of the batch.
 */
#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/exec/state_heap.h"
#include "core/exec/state_lookup.h"
#include "core/exec/state_words.h"

enum { RING = 64, APART = 12 }; /* keys between two stages */

/* What a key has become so far, by its number modulo RING. */
struct pipe {
    uint64_t hash[RING];
    struct state_group *group[RING];
    uint32_t index[RING]; /* of the slot that may be it */
};

/* Four at a time in one word. With the top bit of a lane set, taking the first of the range away
 * leaves it set exactly when the number is not below; the last of the range with the top bit set,
 * less the number, when it is not above. Numbers of the job have no top bit. */
static bool are_inside(const struct state_table *table, const uint16_t *groups, uint32_t count)
{
    const uint64_t ones = UINT64_C(0x0001000100010001), tops = ones << 15;
    const struct key_group_range *range = &table->spec.range;
    const uint64_t first = ones * (uint64_t)range->first,
                   last = ones * (uint64_t)range->last | tops;
    uint64_t inside = tops, word;
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        memcpy(&word, groups + i, sizeof word);
        inside &= ~word & ((word | tops) - first) & (last - (word & ~tops));
    }
    for (; i < count; i++)
        if (groups[i] < range->first || groups[i] > range->last)
            return false;
    return inside == tops;
}

static struct err check_sizes(const struct state_table *table, const struct key_run *keys,
                              struct note *note)
{
    uint32_t wanted = table->spec.key_size;
    if (keys->size != wanted)
        return err_note(note, ERR_BAD_VALUE_CODE, "keys of %u bytes where %u are expected",
                        keys->size, wanted);
    for (uint32_t i = 0; wanted == 0 && i < keys->count; i++)
        if (key_run_size(keys, i) > STATE_KEY_MAX)
            return err_note(note, ERR_BAD_VALUE_CODE, "a key of %u bytes; %u is the most",
                            key_run_size(keys, i), (unsigned)STATE_KEY_MAX);
    return OK;
}

/* Sets lookup->groups, and everything is in order. */
static struct err check_batch(struct lookup *lookup, const uint16_t *groups, struct note *note)
{
    struct state_table *table = lookup->table;
    const struct state_spec *spec = &table->spec;
    uint32_t count = lookup->keys->count;
    TRY(check_sizes(table, lookup->keys, note));
    if (!groups) {
        if (count > table->batch_capacity) {
            table->batch_groups = mem_grow_array(table->batch_groups, table->batch_capacity, count,
                                                 sizeof *table->batch_groups);
            table->batch_capacity = count;
        }
        key_groups_of_run(lookup->keys, spec->key_hash, spec->max_parallelism, table->batch_groups);
        groups = table->batch_groups;
    }
    lookup->groups = groups;
    if (are_inside(table, groups, count))
        return OK;
    for (uint32_t i = 0; i < count; i++)
        if ((uint32_t)(groups[i] - spec->range.first) >= table->group_count)
            return err_note(note, ERR_BAD_VALUE_CODE, "key group %u is not one of %d to %d",
                            groups[i], spec->range.first, spec->range.last);
    IMPOSSIBLE("a key group outside that is inside");
}

/* Marks the entry as written. Mostly it is already; and a byte that was just stored would hold up
 * the next one who loads the whole word. */
INLINE void set_tag(const struct state_group *group, uint32_t index, uint64_t tag)
{
    uint8_t *at = state_tag_at(group, index), wanted = (uint8_t)(group->mark | tag);
    if (__builtin_expect(*at != wanted, 0))
        *at = wanted;
}

INLINE uint64_t hash_key(const struct lookup *lookup, uint32_t i)
{
    const uint8_t *key = key_run_at(lookup->keys, i);
    return state_hash(&lookup->table->layout, key, key_run_size(lookup->keys, i));
}

INLINE void locate(const struct lookup *lookup, struct pipe *pipe, uint32_t i, bool writes)
{
    struct state_table *table = lookup->table;
    uint64_t hash = hash_key(lookup, i);
    uint32_t at = (uint32_t)(lookup->groups[i] - table->spec.range.first);
    struct state_group *group = writes ? state_table_ready(table, at) : &table->groups[at];
    __builtin_prefetch(state_tags(group, state_home(hash, group->bucket_count)), 1);
    pipe->hash[i % RING] = hash;
    pipe->group[i % RING] = group;
}

INLINE void match(const struct state_layout *layout, struct pipe *pipe, uint32_t i)
{
    const struct state_group *group = pipe->group[i % RING];
    uint64_t hash = pipe->hash[i % RING], tag = state_tag(hash);
    uint32_t bucket = state_home(hash, group->bucket_count);
    uint64_t word = *state_tags(group, bucket), matches = state_match(word, tag);
    while (__builtin_expect(matches == 0, 0) && state_empty(word) == 0) {
        bucket = bucket + 1 == group->bucket_count ? 0 : bucket + 1;
        word = *state_tags(group, bucket);
        matches = state_match(word, tag);
    }
    uint32_t index = matches ? bucket * STATE_SLOTS + state_slot(matches) : STATE_INDEX_NONE;
    if (matches)
        __builtin_prefetch(state_entry_at(layout, group, index), 1);
    pipe->index[i % RING] = index;
}

INLINE void read_entry(struct pipe *pipe, uint32_t i)
{
    uint32_t index = pipe->index[i % RING];
    if (index == STATE_INDEX_NONE)
        return;
    const struct state_group *group = pipe->group[i % RING];
    const uint8_t *record = state_heap_record(group, state_heap_entry_at(group, index).at);
    for (size_t line = 0; line < 2; line++)
        __builtin_prefetch(record + 64 * line, 1);
}

/* Inserts a key that is not there, and notes when that has moved others. */
uint32_t state_lookup_insert(struct lookup *lookup, uint32_t i, struct state_group *group,
                             uint64_t hash)
{
    struct state_table *table = lookup->table;
    uint32_t index =
        state_group_insert(&table->layout, &table->account, group, hash,
                           key_run_at(lookup->keys, i), key_run_size(lookup->keys, i), 0);
    table->entries++;
    if (lookup->is_new)
        lookup->is_new[i] = true;
    if (group->moved == table->account.batch)
        lookup->moved = true;
    return index;
}

/* Another slot than the one that was looked into, or a new one. */
NOT_INLINE uint32_t go_the_long_way(struct lookup *lookup, struct pipe *pipe, uint32_t i)
{
    struct state_table *table = lookup->table;
    const struct state_layout *layout = &table->layout;
    struct state_group *group = pipe->group[i % RING];
    uint64_t hash = pipe->hash[i % RING];
    uint32_t index = state_group_find(layout, group, hash, key_run_at(lookup->keys, i),
                                      key_run_size(lookup->keys, i));
    if (index != STATE_INDEX_NONE)
        return index;
    index = state_lookup_insert(lookup, i, group, hash);
    if (group->moved != table->account.batch)
        return index;
    for (uint32_t next = i + 1; next < lookup->keys->count && next <= i + lookup->ahead; next++)
        if (pipe->group[next % RING] == group)
            match(layout, pipe, next);
    return index;
}

INLINE bool verify_bytes(const struct lookup *lookup, const struct pipe *pipe, uint32_t i)
{
    const struct state_layout *layout = &lookup->table->layout;
    const struct state_group *group = pipe->group[i % RING];
    const uint8_t *key = key_run_at(lookup->keys, i);
    uint32_t index = pipe->index[i % RING], size = key_run_size(lookup->keys, i);
    if (index == STATE_INDEX_NONE)
        return false;
    if (!layout->in_heap)
        return memcmp(state_entry_at(layout, group, index), key, size) == 0;
    struct state_heap_entry entry = state_heap_entry_at(group, index);
    return entry.hash == (uint32_t)(pipe->hash[i % RING] >> 32) &&
           state_record_is(layout, state_heap_record(group, entry.at), key, size);
}

INLINE void *value_at(const struct state_layout *layout, const struct state_group *group,
                      uint32_t index)
{
    if (!layout->in_heap)
        return state_entry_at(layout, group, index) + layout->value_at;
    return state_record_value(layout,
                              state_heap_record(group, state_heap_entry_at(group, index).at));
}

INLINE void verify(struct lookup *lookup, struct pipe *pipe, uint32_t i, bool writes)
{
    const struct state_layout *layout = &lookup->table->layout;
    bool found = verify_bytes(lookup, pipe, i);
    uint32_t index = pipe->index[i % RING];
    struct state_group *group = pipe->group[i % RING];
    if (__builtin_expect(!found, 0)) {
        if (!writes) {
            index = state_group_find(layout, group, pipe->hash[i % RING],
                                     key_run_at(lookup->keys, i), key_run_size(lookup->keys, i));
            lookup->values[i] = index == STATE_INDEX_NONE ? NULL : value_at(layout, group, index);
            return;
        }
        index = go_the_long_way(lookup, pipe, i);
    }
    if (writes)
        set_tag(group, index, state_tag(pipe->hash[i % RING]));
    lookup->values[i] = value_at(layout, group, index);
}

/* Stage k is at key step - k * APART. */
INLINE void run(struct lookup *lookup, bool in_heap, bool writes)
{
    struct pipe pipe;
    const struct state_layout *layout = &lookup->table->layout;
    uint32_t count = lookup->keys->count, last = in_heap ? 3 * APART : 2 * APART;
    uint32_t step = 0;
    lookup->ahead = last;
    for (; step < last && step < count; step++) {
        locate(lookup, &pipe, step, writes);
        if (step >= APART)
            match(layout, &pipe, step - APART);
        if (in_heap && step >= 2 * APART)
            read_entry(&pipe, step - 2 * APART);
    }
    for (; step < count; step++) {
        locate(lookup, &pipe, step, writes);
        match(layout, &pipe, step - APART);
        if (in_heap)
            read_entry(&pipe, step - 2 * APART);
        verify(lookup, &pipe, step - last, writes);
    }
    for (; step < count + last; step++) {
        if (step - APART < count)
            match(layout, &pipe, step - APART);
        if (in_heap && step - 2 * APART < count)
            read_entry(&pipe, step - 2 * APART);
        if (step - last < count)
            verify(lookup, &pipe, step - last, writes);
    }
}

/* The values in groups where something has moved since they were given out. */
NOT_INLINE void look_again(struct lookup *lookup)
{
    struct state_table *table = lookup->table;
    for (uint32_t i = 0; i < lookup->keys->count; i++) {
        struct state_group *group = &table->groups[lookup->groups[i] - table->spec.range.first];
        if (group->moved != table->account.batch)
            continue;
        uint32_t index =
            state_group_find(&table->layout, group, hash_key(lookup, i),
                             key_run_at(lookup->keys, i), key_run_size(lookup->keys, i));
        lookup->values[i] = value_at(&table->layout, group, index);
    }
}

/* For the loops that are made for words, which want them a stride apart. */
static bool are_words(const struct state_table *table, const struct key_run *keys)
{
    return state_is_words(&table->layout) && keys->stride != 0;
}

static MUST_CHECK struct err resolve(struct state_table *table, const struct key_run *keys,
                                     const uint16_t *groups, void **values, bool *is_new,
                                     struct note *note)
{
    struct lookup lookup = { .table = table, .keys = keys, .values = values, .is_new = is_new };
    TRY(check_batch(&lookup, groups, note));
    if (is_new)
        memset(is_new, 0, keys->count * sizeof *is_new);
    table->account.batch++;
    if (are_words(table, keys))
        state_lookup_words(&lookup, true);
    else if (table->layout.in_heap)
        run(&lookup, true, true);
    else
        run(&lookup, false, true);
    if (lookup.moved)
        look_again(&lookup);
    return OK;
}

/* Looks up only the keys that are not remembered. When that moves entries, so may have what was
 * remembered, and all are looked up. */
static MUST_CHECK struct err resolve_rest(struct state_table *table, const struct key_run *keys,
                                          void **values, bool *is_new, struct note *note)
{
    uint64_t moves = table->account.moves;
    struct state_recent *recent =
        state_recent_begin(table->recent, table->epoch, moves, keys->count);
    table->recent = recent;
    uint32_t count = state_recent_look(recent, keys, values);
    struct key_run rest = { .bytes = (const uint8_t *)recent->keys,
                            .count = count,
                            .size = sizeof *recent->keys,
                            .stride = sizeof *recent->keys };
    TRY(resolve(table, &rest, NULL, recent->values, is_new ? recent->is_new : NULL, note));
    for (uint32_t k = 0; k < count; k++)
        values[recent->at[k]] = recent->values[k];
    if (is_new)
        memset(is_new, 0, keys->count * sizeof *is_new);
    for (uint32_t k = 0; is_new && k < count; k++)
        is_new[recent->at[k]] = recent->is_new[k];
    if (table->account.moves != moves)
        return resolve(table, keys, NULL, values, NULL, note);
    state_recent_remember(recent, count);
    return OK;
}

struct err state_table_resolve(struct state_table *table, const struct key_run *keys,
                               const uint16_t *groups, void **values, bool *is_new,
                               struct note *note)
{
    if (!groups && keys->size == sizeof(uint64_t) && are_words(table, keys) &&
        state_recent_is_wanted(table->recent, keys->count))
        return resolve_rest(table, keys, values, is_new, note);
    return resolve(table, keys, groups, values, is_new, note);
}

struct err state_table_resolve_one(struct state_table *table, struct state_key key, void **value,
                                   bool *is_new, struct note *note)
{
    struct key_run run = { .bytes = key.bytes, .count = 1, .size = key.size, .stride = key.size };
    uint16_t group = (uint16_t)key.group;
    CHECK(key.size > 0);
    return state_table_resolve(table, &run, key.group == STATE_GROUP_COMPUTED ? NULL : &group,
                               value, is_new, note);
}

struct err state_table_find(struct state_table *table, const struct key_run *keys,
                            const uint16_t *groups, const void **values, struct note *note)
{
    struct lookup lookup = { .table = table, .keys = keys, .values = (void **)(uintptr_t)values };
    TRY(check_batch(&lookup, groups, note));
    if (are_words(table, keys))
        state_lookup_words(&lookup, false);
    else if (table->layout.in_heap)
        run(&lookup, true, false);
    else
        run(&lookup, false, false);
    return OK;
}
