/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups whose keys and values are a word each: what everybody counts with, so its loops are made
 * for it. A bucket is two neighbouring cache lines: 7 tags, 7 tags more, 7 entries.
 */
#ifndef WEIR_EXEC_STATE_WORDS_H
#define WEIR_EXEC_STATE_WORDS_H

#include "core/exec/state_bucket.h"

enum { WORDS_BUCKET = 128, WORDS_ENTRIES = 16, WORDS_ENTRY = 16, WORDS_LINE = 64 };

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

static inline uint8_t *words_home(const struct state_group *group, uint64_t hash)
{
    return group->base + (size_t)state_home(hash, group->bucket_count) * WORDS_BUCKET;
}

static inline uint8_t *words_next(const struct state_group *group, uint8_t *tags)
{
    const uint8_t *end = group->base + (size_t)group->bucket_count * WORDS_BUCKET;
    tags += WORDS_BUCKET;
    return tags == end ? group->base : tags;
}

/* The flag of each slot whose tags agree; `differs` is the word of tags against the wanted one in
 * every byte. */
static inline uint64_t words_match(const uint8_t *tags, uint64_t hash, uint64_t differs)
{
    uint64_t more = word_at(tags + sizeof more) ^ state_more(hash) * STATE_ONES;
    differs &= STATE_ONES * STATE_TAG_HASH;
    return ~((differs | more) + STATE_ONES * 127) & STATE_FLAGS;
}

/* The first slot of those, as the shift that brings its tag down. 48 when there is none, and then
 * the caller finds another key there. */
static inline uint32_t words_shift(uint64_t matches)
{
    return (uint32_t)__builtin_ctzll(matches | UINT64_C(1) << 55) & 56;
}

static inline uint8_t *words_entry(uint8_t *tags, uint32_t shift)
{
    return tags + WORDS_ENTRIES + shift * (WORDS_ENTRY / 8);
}

/* Where the tag of the key is; null: the key is not there. */
static inline uint8_t *words_find(const struct state_group *group, uint64_t hash, uint64_t key,
                                  uint8_t **entry)
{
    for (uint8_t *tags = words_home(group, hash);; tags = words_next(group, tags)) {
        uint64_t word = word_at(tags);
        uint64_t matches = words_match(tags, hash, word ^ state_tag(hash) * STATE_ONES);
        for (; matches != 0; matches &= matches - 1) {
            *entry = words_entry(tags, words_shift(matches));
            if (word_at(*entry) == key)
                return tags + words_shift(matches) / 8;
        }
        if (state_empty(word) != 0)
            return NULL;
    }
}

/* The first empty slot from this bucket on; its tags are set. The group must have one. */
static inline uint8_t *words_take(const struct state_group *group, uint8_t *tags, uint64_t hash,
                                  uint64_t tag)
{
    uint64_t empty;
    while ((empty = state_empty(word_at(tags))) == 0)
        tags = words_next(group, tags);
    uint32_t slot = state_slot(empty);
    tags[slot] = (uint8_t)tag;
    tags[slot + sizeof empty] = (uint8_t)state_more(hash);
    return tags + WORDS_ENTRIES + slot * WORDS_ENTRY;
}

/* Where the key stands, or the slot that was taken for it, and then *is_new. The group must have an
 * empty one. */
static inline uint8_t *words_find_or_take(const struct state_group *group, uint64_t hash,
                                          uint64_t key, bool *is_new)
{
    for (uint8_t *tags = words_home(group, hash);; tags = words_next(group, tags)) {
        uint64_t word = word_at(tags), tag = state_tag(hash);
        uint64_t matches = words_match(tags, hash, word ^ tag * STATE_ONES);
        for (; __builtin_expect(matches != 0, 0); matches &= matches - 1) {
            uint8_t *entry = words_entry(tags, words_shift(matches));
            *is_new = false;
            if (word_at(entry) == key)
                return entry;
        }
        *is_new = true;
        if (__builtin_expect(state_empty(word) != 0, 1))
            return words_take(group, tags, hash, group->mark | tag);
    }
}

#endif
