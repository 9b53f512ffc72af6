/* SPDX-License-Identifier: Apache-2.0
 *
 * The generator and its streams.
 */
#include "core/base/rng.h"

#include "core/base/check.h"
#include "core/base/hash.h"

struct rng rng_stream(uint64_t seed, const char *name, uint64_t number)
{
    /* Splitmix fills the state, as the generator's authors advise; it cannot give four zeros, the
     * one state that xoshiro never leaves. */
    struct rng rng;
    uint64_t h = hash_add(hash_add_text(hash_mix(seed), name), number);
    for (int i = 0; i < 4; i++) {
        h = hash_mix(h);
        rng.s[i] = h;
    }
    return rng;
}

static uint64_t rotate_left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    CHECK(bound > 0);
    /* 2^64 is not a multiple of the bound: without the first 2^64 mod bound values each remainder
     * has the same number of values. */
    uint64_t refuse = (0 - bound) % bound;
    uint64_t x;
    do
        x = rng_next(rng);
    while (x < refuse);
    return x % bound;
}

int64_t rng_between(struct rng *rng, int64_t least, int64_t most)
{
    CHECK(least <= most);
    /* Unsigned, because the range of two signed ends may pass the signed limit. */
    uint64_t range = (uint64_t)most - (uint64_t)least;
    uint64_t x = range == UINT64_MAX ? rng_next(rng) : rng_below(rng, range + 1);
    return (int64_t)((uint64_t)least + x);
}

double rng_unit(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}
