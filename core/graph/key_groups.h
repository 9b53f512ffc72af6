/* SPDX-License-Identifier: Apache-2.0
 *
 * Key groups: the atoms of keyed state. Source: Flink's KeyGroupRangeAssignment and
 * MathUtils.murmurHash; all int arithmetic, so that the same key lands where Flink puts it.
 */
#ifndef WEIR_GRAPH_KEY_GROUPS_H
#define WEIR_GRAPH_KEY_GROUPS_H

#include <stdint.h>

struct key_group_range {
    int32_t first, last; /* both inclusive; first > last when a subtask has none */
};

int32_t key_group_murmur(int32_t key_hash); /* never negative */
int32_t key_group_of_hash(int32_t key_hash, int32_t max_parallelism);
int32_t key_group_subtask(int32_t group, int32_t parallelism, int32_t max_parallelism);
struct key_group_range key_group_range_of(int32_t subtask, int32_t parallelism,
                                          int32_t max_parallelism);
/* Flink's default for a parallelism: clamp(nextPow2(p + p/2), 128, 32768). */
int32_t key_group_default_max_parallelism(int32_t parallelism);

/* How many; none where `first` is right behind `last`. */
static inline int32_t key_group_range_size(struct key_group_range range)
{
    return range.last - range.first + 1;
}
/* Key groups in both; where there are none, `first` is behind `last`. */
struct key_group_range key_group_range_both(struct key_group_range a, struct key_group_range b);
/* The number of key groups in both ranges. */
int32_t key_group_range_overlap(struct key_group_range a, struct key_group_range b);

#endif
