/* SPDX-License-Identifier: Apache-2.0
 *
 * Small numbers for equal things: the n-th different row of words gets number n. Compares words,
 * not hashes, so no two different rows ever share a number. Neighbours are mostly equal in the
 * model's use: the last row is compared first.
 */
#ifndef WEIR_SIM_MODEL_INTERN_H
#define WEIR_SIM_MODEL_INTERN_H

#include "core/base/index_map.h"
#include "core/base/vec.h"

struct interned {
    size_t first, count; /* into words */
    uint32_t next;       /* another row with the same hash; UINT32_MAX: none */
};

struct intern {
    struct index_map by_hash;
    VEC(struct interned) rows;
    VEC(uint64_t) words;
    uint32_t last;
};

/* A zeroed struct is empty and valid. */
void intern_fini(struct intern *intern);
void intern_clear(struct intern *intern);
uint32_t intern_number(struct intern *intern, const uint64_t *words, size_t count);
uint64_t intern_word(double value); /* its bits; both zeros are one */
/* One for values that rounding tells apart. Two of them may still fall on both sides of a border.
 */
uint64_t intern_near(double value);

#endif
