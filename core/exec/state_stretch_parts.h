/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of stretches share: a bucket being put back, and whether its entries are where a
 * search finds them, each once; others use state_stretch.h.
 */
#ifndef WEIR_EXEC_STATE_STRETCH_PARTS_H
#define WEIR_EXEC_STATE_STRETCH_PARTS_H

#include "core/exec/state_heap.h"
#include "core/exec/state_stretch.h"

/* The body of a stretch without its tail. */
struct stretch_body {
    const uint8_t *from, *behind; /* entries; then how many each bucket has */
    uint32_t end;                 /* the bucket behind the last */
    size_t distance;              /* bytes to what comes to be read next */
};

/* Puts them all back. Null, or what is wrong with them. */
const char *stretch_put(struct state_stretch_fill *fill, const struct state_layout *layout,
                        struct state_account *account, const struct stretch_body *body);

/* Does a search for the key of this slot end there? */
bool stretch_is_found(const struct state_layout *layout, const struct state_group *group,
                      uint32_t index);

/* What is put into a bucket. */
struct bucket_view {
    uint64_t low, high; /* fifteen bits of the hash of four entries each, in lanes of sixteen */
    uint64_t tags;
    uint32_t strangers; /* a bit for each whose home is another bucket */
};

#define LANES      UINT64_C(0x0001000100010001)
#define LANE_HASH  UINT64_C(0x7fff)
#define LANE_FLAGS UINT64_C(0x8000800080008000)

/* Lanes without an entry hold numbers of their own, so that they are seldom equal to another. */
static inline struct bucket_view bucket_view_begin(void)
{
    return (struct bucket_view){ .low = UINT64_C(0x0001000200030004),
                                 .high = UINT64_C(0x0005000600070008) };
}

/* From slot 0 on. */
static inline void bucket_view_add(struct bucket_view *seen, uint64_t hash, uint32_t slot,
                                   uint32_t bucket, uint32_t bucket_count)
{
    seen->high = seen->high << 16 | seen->low >> 48;
    seen->low = seen->low << 16 | (hash & LANE_HASH);
    seen->tags |= state_tag(hash) << 8 * slot;
    seen->strangers |= (uint32_t)(state_home(hash, bucket_count) != bucket) << slot;
}

/* The low bytes of four lanes. */
static inline uint64_t lanes_narrow(uint64_t lanes)
{
    lanes &= LANES * STATE_TAG_HASH;
    lanes = (lanes | lanes >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (lanes | lanes >> 16) & UINT32_MAX;
}

/* As state_tag of each. */
static inline uint64_t lanes_tags(uint64_t low, uint64_t high)
{
    uint64_t tags = lanes_narrow(low) | lanes_narrow(high) << 32;
    return tags + (state_empty(tags) >> 7);
}

/* The high bit of each lane that is not the same in both. */
static inline uint64_t lanes_differ(uint64_t lanes, uint64_t others)
{
    return (lanes ^ others) + LANES * LANE_HASH;
}

static inline uint64_t lanes_turned(uint64_t lanes, int by)
{
    return lanes << 16 * by | lanes >> (64 - 16 * by);
}

/* Equal keys have equal lanes. */
static inline bool bucket_may_have_twins(const struct bucket_view *seen)
{
    uint64_t low = seen->low, high = seen->high;
    uint64_t all =
        lanes_differ(low, lanes_turned(low, 1)) & lanes_differ(low, lanes_turned(low, 2)) &
        lanes_differ(high, lanes_turned(high, 1)) & lanes_differ(high, lanes_turned(high, 2)) &
        lanes_differ(low, high) & lanes_differ(low, lanes_turned(high, 1)) &
        lanes_differ(low, lanes_turned(high, 2)) & lanes_differ(low, lanes_turned(high, 3));
    return (all & LANE_FLAGS) != LANE_FLAGS;
}

#endif
