/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes, tags and slots: the small steps that all loops over a key group's table are made of. A
 * slot has the number bucket * 8 + place in the bucket; eight tags are compared at a time, as bytes
 * of a word.
 */
#ifndef WEIR_EXEC_STATE_BUCKET_H
#define WEIR_EXEC_STATE_BUCKET_H

#include "core/exec/state_group.h"

static inline uint64_t state_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t state_hash_word(uint64_t key)
{
    return state_mix(key ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
}

/* Sixteen bytes to a multiplication; the last ones are read together with some before them. Inline,
 * for loops that know the size. */
static inline __attribute__((always_inline)) uint64_t state_hash_sized(const uint8_t *bytes,
                                                                       size_t size)
{
    uint64_t hash = state_hash_word(size), a = 0, b = 0;
    const uint8_t *end = bytes + size;
    for (; end - bytes > 16; bytes += 16) {
        memcpy(&a, bytes, sizeof a);
        memcpy(&b, bytes + sizeof a, sizeof b);
        hash = state_mix(a ^ 0x8ebc6af09c88c6e3u, b ^ hash);
    }
    a = b = 0;
    if (end - bytes >= 8) {
        memcpy(&a, bytes, sizeof a);
        memcpy(&b, end - sizeof b, sizeof b);
    } else if (end - bytes >= 4) {
        memcpy(&a, bytes, 4);
        memcpy(&b, end - 4, 4);
    } else {
        for (; bytes < end; bytes++)
            a = a << 8 | *bytes;
    }
    return state_hash_word(state_mix(a ^ 0x8ebc6af09c88c6e3u, b ^ hash));
}

static inline uint64_t state_hash(const struct state_layout *layout, const uint8_t *key,
                                  uint32_t size)
{
    uint64_t word;
    if (layout->key_size != sizeof word)
        return state_hash_bytes(key, size);
    memcpy(&word, key, sizeof word);
    return state_hash_word(word);
}

static inline uint32_t state_home(uint64_t hash, uint32_t bucket_count)
{
    return (uint32_t)((hash >> 32) * bucket_count >> 32);
}

static inline uint64_t state_tag(uint64_t hash)
{
    uint64_t tag = hash & STATE_TAG_HASH;
    return tag + (tag == 0);
}

/* The flag of each slot that holds this tag, of any generation. */
static inline uint64_t state_match(uint64_t word, uint64_t tag)
{
    uint64_t differs = (word & STATE_ONES * STATE_TAG_HASH) ^ tag * STATE_ONES;
    return ~(differs + STATE_ONES * 127) & STATE_FLAGS;
}

static inline uint64_t state_empty(uint64_t word)
{
    return state_match(word, 0);
}

static inline uint64_t state_taken(uint64_t word)
{
    return ~state_empty(word) & STATE_FLAGS;
}

static inline uint32_t state_slot(uint64_t matches)
{
    return (uint32_t)__builtin_ctzll(matches) / 8;
}

static inline uint32_t state_flag_count(uint64_t flags)
{
    return (uint32_t)((flags >> 7) * STATE_ONES >> 56);
}

/* Are the flagged slots the first ones? Mostly they are, however many. */
static inline bool state_are_first(uint64_t flags)
{
    uint64_t bytes = (flags >> 7) * UINT8_MAX;
    return __builtin_expect((bytes & (bytes + 1)) == 0, 1);
}

static inline uint64_t *state_tags(const struct state_group *group, uint32_t bucket)
{
    return group->tags + bucket;
}

static inline uint8_t *state_tag_at(const struct state_group *group, uint32_t index)
{
    return (uint8_t *)group->tags + index;
}

static inline uint8_t *state_entry_at(const struct state_layout *layout,
                                      const struct state_group *group, uint32_t index)
{
    return group->entries + (size_t)index * layout->entry_size;
}

#endif
