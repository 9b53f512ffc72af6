/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeded streams of random numbers (xoshiro256**, Blackman and Vigna 2018). A stream is named: its
 * seed comes from the run's seed and the name, so that one more draw here moves nothing elsewhere.
 * The machine that draws owns its stream. Integers only; the model's distributions are in sim/.
 */
#ifndef WEIR_BASE_RNG_H
#define WEIR_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* `number` tells equal names apart (the node's or job's id); 0 where there is only one. */
struct rng rng_stream(uint64_t seed, const char *name, uint64_t number);

uint64_t rng_next(struct rng *rng);

/* Uniform in [0, bound), without bias; bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Uniform in [least, most], both inclusive. */
int64_t rng_between(struct rng *rng, int64_t least, int64_t most);

/* Uniform in [0, 1) with 53 bits; for the model only, never for a decision of the core. */
double rng_unit(struct rng *rng);

#endif
