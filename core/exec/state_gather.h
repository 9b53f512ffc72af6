/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries of buckets as a snapshot has them: one behind the other, key and value, sizes that vary
 * before them,
 *
 *     [key size u32, where it varies] [value size u32, where it varies] key value
 */
#ifndef WEIR_EXEC_STATE_GATHER_H
#define WEIR_EXEC_STATE_GATHER_H

#include "core/exec/snapshot_format.h"
#include "core/exec/state_parts.h"

/* Buckets in a row, and of each the slots that count. */
enum { GATHER_MOST = 16 };

struct gather {
    const struct state_layout *layout;
    const struct state_group *group;
    uint32_t most;  /* buckets at a time: a few KiB, but one at least */
    uint32_t lines; /* cache lines of a record of the heap, to be asked for ahead */
    uint32_t bucket, count;
    uint64_t slots[GATHER_MOST];
};

/* The group has entries. */
struct gather gather_begin(const struct state_layout *layout, const struct state_group *group);
/* Appends the entries of these slots. */
void gather_append(const struct gather *gather, struct snapshot_bytes *out);
/* A key alone. */
void gather_append_key(const struct state_layout *layout, const struct state_entry *entry,
                       struct snapshot_bytes *out);

#endif
