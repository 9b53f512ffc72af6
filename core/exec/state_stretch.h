/* SPDX-License-Identifier: Apache-2.0
 *
 * A stretch of a key group's table as the body of a block: the entries of some buckets in a row,
 * and how many each of them has. So a table of as many buckets can be made without a search: every
 * entry goes to where it was, and it is only checked that a search finds it there.
 *
 *     entries, by bucket (state_gather.h)        a byte for each bucket: how many
 *     [first bucket u32, buckets of the group u32, buckets of the stretch u32, 0]
 *
 * Always: stretches of a group follow one another, and with the last its table is complete.
 */
#ifndef WEIR_EXEC_STATE_STRETCH_H
#define WEIR_EXEC_STATE_STRETCH_H

#include "core/exec/snapshot_format.h"
#include "core/exec/state_group.h"

/* Has it so many entries that no reader shrinks from making its table? */
bool state_stretch_fits(const struct state_group *group);
/* Appends the block that begins with the bucket; gives the bucket behind it. */
uint32_t state_stretch_write(const struct state_layout *layout, const struct state_group *group,
                             int32_t number, uint32_t bucket, struct snapshot_bytes *out);

/* A group being filled. Zeroed to begin with. */
struct state_stretch_fill {
    struct state_group *group;
    uint64_t section_size; /* bytes of all its blocks */
    uint32_t next;         /* bucket */
    uint32_t wrapped;      /* no bucket from here on has an entry whose home is behind it */
    uint64_t low, high;    /* what the bucket before looks like: struct bucket_view */
};

/* The next stretch of the group; every byte of it is hostile. */
struct err state_stretch_place(struct state_stretch_fill *fill, const struct state_layout *layout,
                               struct state_account *account, const struct snapshot_block *block,
                               struct note *note) MUST_CHECK;
/* That was the last one; a group without any is fine too. */
struct err state_stretch_end(const struct state_stretch_fill *fill,
                             const struct state_layout *layout, int32_t group,
                             struct note *note) MUST_CHECK;

#endif
