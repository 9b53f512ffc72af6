/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes of our own choosing, so that they are the same everywhere: a 64-bit mixer for maps, seeds
 * and fingerprints. Flink's key hash is in graph/key_groups.h.
 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* splitmix64's finaliser (Steele, Lea, Flood 2014). */
static inline uint64_t hash_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t hash_add(uint64_t hash, uint64_t value)
{
    return hash_mix(hash ^ (value * 0xff51afd7ed558ccdu));
}

uint64_t hash_add_bytes(uint64_t hash, const void *bytes, size_t count);
uint64_t hash_add_text(uint64_t hash, const char *text);

#endif
