/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of words in one array, found by hash, told apart by comparing.
 */
#include "sim/model/intern.h"

#include "core/base/hash.h"

void intern_fini(struct intern *intern)
{
    index_map_fini(&intern->by_hash);
    vec_fini(&intern->rows);
    vec_fini(&intern->words);
}

void intern_clear(struct intern *intern)
{
    index_map_clear(&intern->by_hash);
    vec_clear(&intern->rows);
    vec_clear(&intern->words);
}

static bool is_row(const struct intern *intern, uint32_t row, const uint64_t *words, size_t count)
{
    const struct interned *r = &intern->rows.items[row];
    return r->count == count &&
           memcmp(intern->words.items + r->first, words, count * sizeof *words) == 0;
}

uint32_t intern_number(struct intern *intern, const uint64_t *words, size_t count)
{
    CHECK(count > 0);
    if (intern->rows.count > 0 && is_row(intern, intern->last, words, count))
        return intern->last;
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++)
        hash = hash_add(hash, words[i]);
    uint32_t chain = index_map_get(&intern->by_hash, hash);
    for (uint32_t row = chain; row != INDEX_NONE; row = intern->rows.items[row].next)
        if (is_row(intern, row, words, count))
            return intern->last = row;
    uint32_t number = (uint32_t)intern->rows.count;
    vec_push(&intern->rows, (struct interned){ intern->words.count, count, chain });
    for (size_t i = 0; i < count; i++)
        vec_push(&intern->words, words[i]);
    index_map_put(&intern->by_hash, hash, number);
    return intern->last = number;
}

uint64_t intern_word(double value)
{
    uint64_t word;
    value += 0.0; /* minus zero becomes zero */
    memcpy(&word, &value, sizeof word);
    return word;
}

uint64_t intern_near(double value)
{
    enum { LEFT_OUT = 12 }; /* of 52 bits: 5e-13 of the value */
    return (intern_word(value) + (UINT64_C(1) << (LEFT_OUT - 1))) >> LEFT_OUT;
}
