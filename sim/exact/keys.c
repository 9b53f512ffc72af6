/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys by Walker's alias method (Vose 1991): a table of the first keys by their weights, drawn by
 * one hash of the record's index. Keys behind the table share the rest of the weight evenly.
 */
#include "core/exec/key_hash.h"
#include "sim/exact/program.h"
#include "sim/kernel/real.h"

enum { KEYS_EXPLICIT_MAX = 1 << 20 };
#define KEYS_OF_NOBODY (1ull << 32) /* no vertex says how many: hash edges spread evenly */

/* Shares of the first keys; the last one stands for itself and all that follow. */
static double *weights_of_zipf(const struct vertex_model *keyed, uint32_t count)
{
    double *weights = mem_create_array(count, sizeof *weights);
    for (uint32_t k = 0; k < count; k++)
        weights[k] = 1 / real_pow(k + 1.0, keyed->zipf);
    double rest = (double)keyed->keys - count;
    weights[count - 1] += rest * weights[count - 1];
    return weights;
}

/* The weight of a key group is shared by its keys. */
static double *weights_by_group(const struct vertex_model *keyed, uint32_t count, uint32_t groups)
{
    double *weights = mem_create_array(count, sizeof *weights);
    uint32_t *members = mem_create_array(groups, sizeof *members);
    for (uint32_t k = 0; k < count; k++)
        members[key_group_of_hash(key_hash_long(k), (int32_t)groups)]++;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t group = (uint32_t)key_group_of_hash(key_hash_long(k), (int32_t)groups);
        double weight = group < keyed->weights.count ? keyed->weights.items[group] : 0;
        weights[k] = weight / members[group];
    }
    mem_destroy(members);
    return weights;
}

static void build_alias(struct key_draw *draw, double *weights, uint32_t count)
{
    uint32_t *small = mem_create_array(count, sizeof *small), smalls = 0;
    uint32_t *large = mem_create_array(count, sizeof *large), larges = 0;
    double sum = 0;
    for (uint32_t k = 0; k < count; k++)
        sum += weights[k];
    draw->alias = mem_create_array(count, sizeof *draw->alias);
    draw->threshold = mem_create_array(count, sizeof *draw->threshold);
    draw->explicit_count = count;
    for (uint32_t k = 0; k < count; k++) {
        weights[k] *= count / sum;
        draw->alias[k] = k;
        draw->threshold[k] = UINT32_MAX;
        if (weights[k] < 1)
            small[smalls++] = k;
        else
            large[larges++] = k;
    }
    while (smalls > 0 && larges > 0) {
        uint32_t less = small[--smalls], more = large[larges - 1];
        draw->alias[less] = more;
        draw->threshold[less] = (uint32_t)(weights[less] * 4294967295.0);
        weights[more] -= 1 - weights[less];
        if (weights[more] < 1) {
            larges--;
            small[smalls++] = more;
        }
    }
    mem_destroy(small);
    mem_destroy(large);
}

void key_draw_init(struct key_draw *draw, const struct vertex_model *keyed, uint64_t seed,
                   uint32_t groups)
{
    *draw = (struct key_draw){ .seed = hash_mix(seed), .keys = KEYS_OF_NOBODY };
    if (!keyed)
        return;
    draw->keys = (uint64_t)keyed->keys;
    if (keyed->skew == SKEW_NONE)
        return;
    uint32_t count =
        draw->keys < KEYS_EXPLICIT_MAX ? (uint32_t)draw->keys : (uint32_t)KEYS_EXPLICIT_MAX;
    double *weights = keyed->skew == SKEW_ZIPF ? weights_of_zipf(keyed, count)
                                               : weights_by_group(keyed, count, groups);
    build_alias(draw, weights, count);
    mem_destroy(weights);
}

void key_draw_fini(struct key_draw *draw)
{
    mem_destroy(draw->alias);
    mem_destroy(draw->threshold);
    *draw = (struct key_draw){ 0 };
}

/* As rng_below without its last grain of bias: a product's upper half. */
static uint64_t below(uint64_t random, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)random * bound) >> 64);
}

uint64_t key_draw_of(const struct key_draw *draw, uint64_t index)
{
    uint64_t random = hash_mix(index ^ draw->seed);
    if (!draw->alias)
        return below(random, draw->keys);
    uint32_t key = (uint32_t)below(random, draw->explicit_count);
    uint64_t again = hash_mix(random);
    if ((uint32_t)again > draw->threshold[key])
        key = draw->alias[key];
    if (key + 1 < draw->explicit_count || draw->keys == draw->explicit_count)
        return key;
    return key + below(hash_mix(again), draw->keys - key);
}
