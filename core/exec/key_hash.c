/* SPDX-License-Identifier: Apache-2.0
 *
 * Hash codes as Java computes them, in 32-bit arithmetic that wraps around, and key groups of runs
 * of keys. The loops are over plain arrays and free of branches: this is done once per record.
 */
#include "core/exec/key_hash.h"

#include "core/base/check.h"

enum { MAX_PARALLELISM_MOST = 1 << 15, WORD = 8, BLOCK = 64, PART = 8 };

/* 31^2, 31^4, 31^8, modulo 2^32 */
#define POWER_2 UINT64_C(961)
#define POWER_4 923521u
#define POWER_8 2487512833u

/* Eight letters in few multiplications: neighbours are joined in 16-bit lanes (255 * 31 + 255
 * fits), those in 32-bit lanes, those in one word. The first letter is the lowest byte. */
static inline uint32_t hash_eight(const uint8_t *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    uint64_t pairs = (word & 0x00ff00ff00ff00ffu) * 31 + (word >> 8 & 0x00ff00ff00ff00ffu);
    uint64_t fours = (pairs & 0x0000ffff0000ffffu) * POWER_2 + (pairs >> 16 & 0x0000ffff0000ffffu);
    return (uint32_t)fours * POWER_4 + (uint32_t)(fours >> 32);
}

int32_t key_hash_text(const uint8_t *text, size_t size)
{
    uint32_t hash = 0;
    for (; size >= WORD; size -= WORD, text += WORD)
        hash = hash * POWER_8 + hash_eight(text);
    for (size_t i = 0; i < size; i++)
        hash = hash * 31 + text[i];
    return (int32_t)hash;
}

int32_t key_hash_of(enum key_hash kind, const uint8_t *key, uint32_t size)
{
    int64_t wide;
    int32_t narrow;
    switch (kind) {
    case KEY_HASH_LONG:
        CHECK(size == sizeof wide);
        memcpy(&wide, key, sizeof wide);
        return key_hash_long(wide);
    case KEY_HASH_INTEGER:
        CHECK(size == sizeof narrow);
        memcpy(&narrow, key, sizeof narrow);
        return narrow;
    case KEY_HASH_TEXT: return key_hash_text(key, size);
    case KEY_HASH_COUNT: break;
    }
    IMPOSSIBLE("a kind of hash that is none");
}

/* MathUtils.murmurHash as in key_group_murmur, to be inlined; a test holds them together. */
static inline uint32_t murmur(uint32_t h)
{
    h *= 0xcc9e2d51u;
    h = (h << 15 | h >> 17) * 0x1b873593u;
    h = (h << 13 | h >> 19) * 5 + 0xe6546b64u;
    h ^= 4;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    h ^= h >> 16;
    uint32_t sign = 0 - (h >> 31);
    return ((h ^ sign) - sign) & INT32_MAX; /* the magnitude; that of INT32_MIN is 0 */
}

/* Hash code -> key group. With a power of two the rest is a mask; else x mod d is the fraction of
 * x / d, in 64 bits, times d (Lemire, Kaser, Kurz 2019). Called with a constant count, for the
 * vectorizer. */
static inline void to_groups(const uint32_t *hashes, uint32_t count, uint32_t groups_most,
                             uint16_t *groups)
{
    uint32_t mask = groups_most - 1, magnitudes[BLOCK];
    for (uint32_t i = 0; i < count; i++)
        magnitudes[i] = murmur(hashes[i]);
    if ((groups_most & mask) == 0) {
        for (uint32_t i = 0; i < count; i++)
            groups[i] = (uint16_t)(magnitudes[i] & mask);
        return;
    }
    uint64_t inverse = UINT64_MAX / groups_most + 1;
    for (uint32_t i = 0; i < count; i++)
        groups[i] = (uint16_t)((unsigned __int128)(inverse * magnitudes[i]) * groups_most >> 64);
}

static void hash_block(const struct key_run *keys, enum key_hash kind, uint32_t from,
                       uint32_t count, uint32_t *hashes)
{
    if (kind != KEY_HASH_LONG || keys->stride == 0) {
        for (uint32_t i = 0; i < count; i++)
            hashes[i] = (uint32_t)key_hash_of(kind, key_run_at(keys, from + i),
                                              key_run_size(keys, from + i));
        return;
    }
    const uint8_t *at = keys->bytes + (size_t)from * keys->stride;
    for (uint32_t i = 0; i < count; i++, at += keys->stride) {
        int64_t key;
        memcpy(&key, at, sizeof key);
        hashes[i] = (uint32_t)key_hash_long(key);
    }
}

void key_groups_of_run(const struct key_run *keys, enum key_hash kind, int32_t max_parallelism,
                       uint16_t *groups)
{
    CHECK(max_parallelism > 0);
    CHECK(max_parallelism <= MAX_PARALLELISM_MOST);
    CHECK(kind != KEY_HASH_LONG || keys->size == sizeof(int64_t));
    uint32_t hashes[BLOCK] = { 0 }, from = 0;
    for (; from + BLOCK <= keys->count; from += BLOCK) {
        hash_block(keys, kind, from, BLOCK, hashes);
        to_groups(hashes, BLOCK, (uint32_t)max_parallelism, groups + from);
    }
    for (; from < keys->count; from += PART) {
        uint16_t last[PART];
        uint32_t left = keys->count - from, count = left < PART ? left : PART;
        hash_block(keys, kind, from, count, hashes);
        to_groups(hashes, PART, (uint32_t)max_parallelism, last);
        memcpy(groups + from, last, count * sizeof *groups);
    }
}
