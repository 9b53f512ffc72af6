/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups whose keys and values are a word each: what everybody counts with, so its loops are made
 * for it. The entries of a bucket are two neighbouring cache lines.
 */
#ifndef WEIR_EXEC_STATE_WORDS_H
#define WEIR_EXEC_STATE_WORDS_H

#include "core/exec/state_bucket.h"

enum {
    WORDS_ENTRY = 16,
    WORDS_BUCKET = STATE_SLOTS * WORDS_ENTRY,
    WORDS_AHEAD = 2048, /* bytes from what is gathered to what is fetched, across pages */
};

static inline bool state_is_words(const struct state_layout *layout)
{
    return layout->key_size == sizeof(uint64_t) && layout->value_size == sizeof(uint64_t);
}

static inline uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint64_t *words_home(const struct state_group *group, uint64_t hash)
{
    return group->tags + state_home(hash, group->bucket_count);
}

static inline uint64_t *words_next(const struct state_group *group, uint64_t *tags)
{
    return tags + 1 == group->tags + group->bucket_count ? group->tags : tags + 1;
}

/* The first slot of those flagged, as the shift that brings its tag down; 56 when there is none. */
static inline uint32_t words_shift(uint64_t flags)
{
    return (uint32_t)__builtin_ctzll(flags | UINT64_C(1) << 63) & 56;
}

/* Flags the slots whose tag is that of the pattern, of any generation: the lowest one for sure, and
 * it is all that may be asked for. */
static inline uint64_t words_lowest(uint64_t word, uint64_t pattern)
{
    uint64_t differs = (word & STATE_ONES * STATE_TAG_HASH) ^ pattern;
    return (differs - STATE_ONES) & STATE_FLAGS;
}

static inline uint8_t *words_entry(const struct state_group *group, const uint64_t *tags,
                                   uint32_t shift)
{
    return group->entries + (size_t)(tags - group->tags) * WORDS_BUCKET + shift * (WORDS_ENTRY / 8);
}

/* Where the tag of the key is; null: the key is not there. */
static inline uint8_t *words_find(const struct state_group *group, uint64_t hash, uint64_t key,
                                  uint8_t **entry)
{
    for (uint64_t *tags = words_home(group, hash);; tags = words_next(group, tags)) {
        uint64_t matches = state_match(*tags, state_tag(hash));
        for (; matches != 0; matches &= matches - 1) {
            *entry = words_entry(group, tags, words_shift(matches));
            if (word_at(*entry) == key)
                return (uint8_t *)tags + words_shift(matches) / 8;
        }
        if (state_empty(*tags) != 0)
            return NULL;
    }
}

/* The first empty slot from this bucket on; its tag is set, as a whole word, because the next who
 * looks loads one. The group must have an empty slot. */
static inline uint8_t *words_take(const struct state_group *group, uint64_t *tags, uint64_t tag)
{
    uint64_t empty;
    while ((empty = state_empty(*tags)) == 0)
        tags = words_next(group, tags);
    *tags |= tag << words_shift(empty);
    return words_entry(group, tags, words_shift(empty));
}

/* Where the key stands, or the slot that was taken for it, and then *is_new; its tag says that it
 * was written now. The group must have an empty slot. */
static inline uint8_t *words_find_or_take(const struct state_group *group, uint64_t hash,
                                          uint64_t key, bool *is_new)
{
    uint64_t tag = state_tag(hash);
    for (uint64_t *tags = words_home(group, hash);; tags = words_next(group, tags)) {
        uint64_t matches = state_match(*tags, tag);
        for (; __builtin_expect(matches != 0, 0); matches &= matches - 1) {
            uint32_t shift = words_shift(matches);
            uint8_t *entry = words_entry(group, tags, shift);
            *is_new = false;
            if (word_at(entry) != key)
                continue;
            ((uint8_t *)tags)[shift / 8] = (uint8_t)(group->mark | tag);
            return entry;
        }
        *is_new = true;
        if (__builtin_expect(state_empty(*tags) != 0, 1))
            return words_take(group, tags, group->mark | tag);
    }
}

#endif
