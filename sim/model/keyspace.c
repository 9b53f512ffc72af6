/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of key groups from single keys, and the expected number of distinct keys, the sum over
 * keys of 1 - exp(-n p) (each key a Poisson stream), kept as a table over n.
 */
#include "sim/model/keyspace.h"

#include <math.h>

#include "core/graph/key_groups.h"
#include "sim/kernel/real.h"

enum {
    BAND_KEYS_SINGLE = 64, /* this many keys are bands of their own */
    BAND_GROWTH = 16,      /* each further band has 1/16 of the keys before it */
    SEEN_PER_OCTAVE = 8,
    SEEN_OCTAVES = 60,
    POWER_STEP = 64, /* powers are exact every 1/64 of their base, a series between */
};

/* k^-s for k = 1, 2, ...: real_pow at k0, and (1 + d)^-s as a series for k = k0 (1 + d) with
 * d <= 1/64; five terms leave a relative error below 1e-9 for s up to 3. */
struct powers {
    double exponent, base, base_power;
    uint64_t next_base;
};

static double power_of(struct powers *powers, uint64_t k)
{
    if (k >= powers->next_base) {
        powers->base = (double)k;
        powers->base_power = real_pow((double)k, -powers->exponent);
        powers->next_base = k + k / POWER_STEP + 1;
    }
    double d = ((double)k - powers->base) / powers->base, s = powers->exponent;
    double series = 1 - (s + 4) / 5 * d;
    series = 1 - (s + 3) / 4 * d * series;
    series = 1 - (s + 2) / 3 * d * series;
    series = 1 - (s + 1) / 2 * d * series;
    return powers->base_power * (1 - s * d * series);
}

/* Sum of k^-s for k = first ... last by the midpoint rule: the integral from first - 1/2 to
 * last + 1/2. */
static double power_sum(double first, double last, double s)
{
    double low = first - 0.5, high = last + 0.5;
    if (fabs(s - 1) < 1e-9)
        return real_log(high / low);
    return (real_pow(high, 1 - s) - real_pow(low, 1 - s)) / (1 - s);
}

static void spread_evenly(double *array, uint32_t groups, double amount)
{
    for (uint32_t g = 0; g < groups; g++)
        array[g] += amount / groups;
}

/* Raw weights by key: 1 each, or k^-s; into shares[group] and keys[group], not yet scaled. */
static void weigh_keys(const struct vertex_model *vertex, struct keyspace *keyspace, double *shares,
                       double *keys)
{
    double s = vertex->skew == SKEW_ZIPF ? vertex->zipf : 0;
    uint64_t explicit_keys =
        keyspace->keys < KEYS_EXPLICIT_MAX ? (uint64_t)keyspace->keys : (uint64_t)KEYS_EXPLICIT_MAX;
    struct powers powers = { .exponent = s };
    struct key_band band = { 0 };
    for (uint64_t k = 1; k <= explicit_keys; k++) {
        double weight = s > 0 ? power_of(&powers, k) : 1;
        int32_t group = key_group_of_hash((int32_t)(k - 1), (int32_t)keyspace->groups);
        shares[group] += weight;
        keys[group] += 1;
        band.keys += 1;
        band.share += weight;
        if (k <= BAND_KEYS_SINGLE || band.keys * BAND_GROWTH >= (double)k || k == explicit_keys) {
            vec_push(&keyspace->bands, band);
            band = (struct key_band){ 0 };
        }
    }
    double next = (double)explicit_keys + 1;
    spread_evenly(keys, keyspace->groups, keyspace->keys - (double)explicit_keys);
    while (next <= keyspace->keys) {
        double last = fmin(floor(next * (1 + 1.0 / BAND_GROWTH)), keyspace->keys);
        double weight = s > 0 ? power_sum(next, last, s) : last - next + 1;
        vec_push(&keyspace->bands, (struct key_band){ last - next + 1, weight });
        spread_evenly(shares, keyspace->groups, weight);
        next = last + 1;
    }
}

/* Given weights over groups, or no keys at all: each group has its part of the keys. */
static void weigh_groups(const struct vertex_model *vertex, struct keyspace *keyspace,
                         double *shares, double *keys)
{
    uint32_t given = vertex->skew == SKEW_WEIGHTS ? (uint32_t)vertex->weights.count : 0;
    for (uint32_t g = 0; g < keyspace->groups; g++) {
        shares[g] = given ? (g < given ? vertex->weights.items[g] : 0) : 1;
        keys[g] = keyspace->keys / keyspace->groups;
        vec_push(&keyspace->bands, (struct key_band){ keys[g], shares[g] });
    }
}

/* Turns amounts into running shares of their total: [0] = 0 ... [groups] = 1. */
static double *running_shares(const double *amounts, uint32_t groups)
{
    double *before = mem_create_array(groups + 1, sizeof *before), total = 0, sum = 0;
    for (uint32_t g = 0; g < groups; g++)
        total += amounts[g];
    for (uint32_t g = 0; g < groups && total > 0; g++) {
        sum += amounts[g];
        before[g + 1] = sum / total;
    }
    return before;
}

/* Band shares become those of one key; then the table of distinct keys. */
static void tabulate_seen(struct keyspace *keyspace)
{
    double total = 0;
    for (VEC_EACH(struct key_band, band, &keyspace->bands))
        total += band->share;
    for (VEC_EACH(struct key_band, band, &keyspace->bands))
        band->share = total > 0 && band->keys > 0 ? band->share / total / band->keys : 0;
    double step = real_pow(2, 1.0 / SEEN_PER_OCTAVE);
    for (int octave = 0; octave < SEEN_OCTAVES; octave++) {
        double n = real_pow(2, octave), most = keyspace->keys * (1 - 1e-12);
        for (int part = 0; part < SEEN_PER_OCTAVE; part++, n *= step) {
            double seen = 0;
            for (VEC_EACH(struct key_band, band, &keyspace->bands))
                seen += band->keys * (1 - real_exp(-n * band->share));
            vec_push(&keyspace->seen, seen);
        }
        if (vec_last(&keyspace->seen) >= most)
            break;
    }
}

struct keyspace *keyspace_create(const struct vertex_model *vertex, uint32_t groups)
{
    CHECK(groups > 0);
    struct keyspace *keyspace = mem_create(sizeof *keyspace);
    keyspace->groups = groups;
    keyspace->keys = (double)vertex->keys;
    double *shares = mem_create_array(groups, sizeof *shares);
    double *keys = mem_create_array(groups, sizeof *keys);
    if (vertex->keys > 0 && vertex->skew != SKEW_WEIGHTS)
        weigh_keys(vertex, keyspace, shares, keys);
    else
        weigh_groups(vertex, keyspace, shares, keys);
    keyspace->share_before = running_shares(shares, groups);
    keyspace->keys_before = running_shares(keys, groups);
    if (vertex->keys > 0)
        tabulate_seen(keyspace);
    mem_destroy(shares);
    mem_destroy(keys);
    return keyspace;
}

void keyspace_destroy(struct keyspace *keyspace)
{
    if (!keyspace)
        return;
    mem_destroy(keyspace->share_before);
    mem_destroy(keyspace->keys_before);
    vec_fini(&keyspace->bands);
    vec_fini(&keyspace->seen);
    mem_destroy(keyspace);
}

double keyspace_record_share(const struct keyspace *keyspace, uint32_t first, uint32_t last)
{
    if (first > last)
        return 0;
    CHECK(last < keyspace->groups);
    return keyspace->share_before[last + 1] - keyspace->share_before[first];
}

double keyspace_key_share(const struct keyspace *keyspace, uint32_t first, uint32_t last)
{
    if (first > last)
        return 0;
    CHECK(last < keyspace->groups);
    return keyspace->keys_before[last + 1] - keyspace->keys_before[first];
}

/* 2^octave <= x: the octave, from the exponent bits. */
static int octave_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)(bits >> 52 & 0x7ff) - 1023;
}

static double distinct_of(const struct keyspace *keyspace, double records)
{
    static const double part_of_octave[SEEN_PER_OCTAVE + 1] = { 1.0,
                                                                1.0905077326652577,
                                                                1.189207115002721,
                                                                1.2968395546510096,
                                                                1.4142135623730951,
                                                                1.5422108254079407,
                                                                1.681792830507429,
                                                                1.8340080864093424,
                                                                2.0 };
    if (!(records > 0) || keyspace->seen.count == 0)
        return 0;
    if (records < 1)
        return records * keyspace->seen.items[0];
    int octave = octave_of(records), part = 0;
    double scaled = records;
    for (int i = 0; i < octave; i++)
        scaled /= 2;
    while (part + 1 < SEEN_PER_OCTAVE && scaled >= part_of_octave[part + 1])
        part++;
    size_t i = (size_t)octave * SEEN_PER_OCTAVE + (size_t)part;
    if (i + 1 >= keyspace->seen.count)
        return vec_last(&keyspace->seen);
    double low = part_of_octave[part], high = part_of_octave[part + 1];
    double along = (scaled - low) / (high - low);
    return keyspace->seen.items[i] +
           along * (keyspace->seen.items[i + 1] - keyspace->seen.items[i]);
}

double keyspace_distinct(struct keyspace *keyspace, double records)
{
    if (keyspace->asked != records) {
        keyspace->distinct = distinct_of(keyspace, records);
        keyspace->asked = records;
    }
    return keyspace->distinct;
}
