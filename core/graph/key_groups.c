/* SPDX-License-Identifier: Apache-2.0
 *
 * Java's 32-bit arithmetic, written with unsigned numbers where Java wraps around. In: hash codes
 * and parallelisms. Out: key groups and subtasks. Every key group belongs to exactly one subtask.
 */
#include "core/graph/key_groups.h"

#include "core/base/check.h"

enum { MAX_PARALLELISM_LEAST = 128, MAX_PARALLELISM_MOST = 1 << 15 };

/* Integer.rotateLeft; 0 < by < 32. */
static uint32_t rotate_left(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

/* MathUtils.murmurHash: one round of murmur3 over the four bytes, then its finaliser. */
int32_t key_group_murmur(int32_t key_hash)
{
    uint32_t h = (uint32_t)key_hash * 0xcc9e2d51u;
    h = rotate_left(h, 15) * 0x1b873593u;
    h = rotate_left(h, 13) * 5 + 0xe6546b64u;
    h ^= 4; /* the length in bytes */
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    h ^= h >> 16;
    /* Java's negation leaves Integer.MIN_VALUE negative, so Flink maps it to 0. */
    if (h <= INT32_MAX)
        return (int32_t)h;
    return h == 0x80000000u ? 0 : (int32_t)(0 - h);
}

int32_t key_group_of_hash(int32_t key_hash, int32_t max_parallelism)
{
    CHECK(max_parallelism > 0);
    CHECK(max_parallelism <= MAX_PARALLELISM_MOST);
    return key_group_murmur(key_hash) % max_parallelism;
}

/* KeyGroupRangeAssignment.computeOperatorIndexForKeyGroup. The product stays below 2^30. */
int32_t key_group_subtask(int32_t group, int32_t parallelism, int32_t max_parallelism)
{
    CHECK(group >= 0);
    CHECK(group < max_parallelism);
    CHECK(parallelism > 0);
    CHECK(parallelism <= MAX_PARALLELISM_MOST);
    CHECK(max_parallelism <= MAX_PARALLELISM_MOST);
    return group * parallelism / max_parallelism;
}

/* computeKeyGroupRangeForOperatorIndex: the inverse of key_group_subtask, rounding up below and
 * down above. With parallelism <= max parallelism no range is empty. */
struct key_group_range key_group_range_of(int32_t subtask, int32_t parallelism,
                                          int32_t max_parallelism)
{
    CHECK(subtask >= 0);
    CHECK(subtask < parallelism);
    CHECK(parallelism <= MAX_PARALLELISM_MOST);
    CHECK(max_parallelism > 0);
    CHECK(max_parallelism <= MAX_PARALLELISM_MOST);
    return (struct key_group_range){
        .first = (subtask * max_parallelism + parallelism - 1) / parallelism,
        .last = ((subtask + 1) * max_parallelism - 1) / parallelism,
    };
}

/* computeDefaultMaxParallelism: half as much again, so that a job can grow, up to a power of two.
 */
int32_t key_group_default_max_parallelism(int32_t parallelism)
{
    CHECK(parallelism > 0);
    CHECK(parallelism <= MAX_PARALLELISM_MOST);
    int32_t wanted = parallelism + parallelism / 2, max = MAX_PARALLELISM_LEAST;
    while (max < wanted && max < MAX_PARALLELISM_MOST)
        max *= 2;
    return max;
}

struct key_group_range key_group_range_both(struct key_group_range a, struct key_group_range b)
{
    return (struct key_group_range){ a.first > b.first ? a.first : b.first,
                                     a.last < b.last ? a.last : b.last };
}

int32_t key_group_range_overlap(struct key_group_range a, struct key_group_range b)
{
    struct key_group_range both = key_group_range_both(a, b);
    return both.first > both.last ? 0 : key_group_range_size(both);
}
