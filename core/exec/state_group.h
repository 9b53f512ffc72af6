/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of one key group: buckets of eight slots, whose tags make one word. For keyed state
 * only (state_parts.h); others use state_table.h. One block of memory holds all of it:
 *
 *     [8 entries] [8 entries] ... [8 tags] [8 tags] ...
 *     tag:    0: empty; else generation (2 bits) and 6 bits of the hash, which are not zero
 *
 * The tags of all buckets lie together, so that they stay in a near cache where the entries do not,
 * and a look-up waits for one line from far away: that of its entry.
 *
 * A key stands in the first bucket from its home on that had room (the last is followed by the
 * first), so a search ends at a bucket with an empty slot. Homes rise with the hash, so that a
 * rebuilt table is filled front to back. Entries: key and value themselves, or, where sizes vary,
 * 32 bits of the hash and where the record lies in the group's heap, in words of 8 bytes:
 *
 *     value of one size: [key size u32, 0 u32]  value  key
 *     value that varies: [key size u32, 0 u32, where keys vary]  key  [value size u32, 0 u32] value
 */
#ifndef WEIR_EXEC_STATE_GROUP_H
#define WEIR_EXEC_STATE_GROUP_H

#include <stdbool.h>
#include <string.h>

#include "core/exec/record.h"

enum {
    STATE_SLOTS = 8,      /* to a bucket */
    STATE_SLOTS_MOST = 7, /* of them taken, on average, before a group grows */
    STATE_BUCKETS_MOST = 1 << 28,
    STATE_TAG_HASH = 63,
    STATE_GENERATION_SHIFT = 6,
    STATE_HEAP_WORD = 8,
};

#define STATE_INDEX_NONE UINT32_MAX
#define STATE_ONES       UINT64_C(0x0101010101010101)
#define STATE_FLAGS      UINT64_C(0x8080808080808080) /* a bit for each slot */

struct state_layout {
    uint32_t key_size, value_size; /* 0: they vary */
    uint32_t entry_size, value_at; /* in the buckets; value_at only where not in_heap */
    bool in_heap;
};

/* Counted, and shared between a table and its snapshots. */
struct state_block {
    uint64_t size; /* of all of it */
    uint32_t holders;
    uint32_t used, garbage; /* words of a heap: taken, and of those no longer needed */
    _Alignas(16) uint8_t bytes[];
};

/* What all groups of a table have in common. */
struct state_account {
    uint64_t live_bytes, all_bytes; /* held by the table; by snapshots too */
    uint64_t allocations;           /* ever */
    uint64_t moves;                 /* grows when entries move or go */
    uint32_t batch;                 /* number of the batch under way */
};

/* A cache line. A zeroed one is not valid: state_group_init. */
struct state_group {
    uint64_t *tags; /* a word for each bucket */
    uint8_t *entries;
    uint32_t bucket_count;
    uint32_t count;
    uint32_t count_max;          /* then it grows */
    uint32_t moved;              /* the batch in which entries last moved */
    struct state_block *buckets; /* null: nothing yet */
    struct state_block *heap;    /* null: not in_heap, or nothing yet */
    uint64_t epoch;              /* of the table when it was made ready for writing */
    uint64_t mark;               /* generation of what is written now, shifted */
};

struct state_layout state_layout_of(uint32_t key_size, uint32_t value_size);

struct state_block *state_block_create(struct state_account *account, uint64_t bytes);
/* by_table: the table lets go of it, else a snapshot. */
void state_block_release(struct state_account *account, struct state_block *block, bool by_table);

void state_group_init(struct state_group *group);
void state_group_release(struct state_account *account, struct state_group *group, bool by_table);
/* New buckets instead of those that it has, whose block is left to the caller; neither tags nor
 * entries are set. */
void state_group_allot(const struct state_layout *layout, struct state_account *account,
                       struct state_group *group, uint32_t bucket_count);
void state_group_reserve(const struct state_layout *layout, struct state_account *account,
                         struct state_group *group, uint64_t count);
/* One that has become almost empty gets fewer buckets. */
void state_group_shrink(const struct state_layout *layout, struct state_account *account,
                        struct state_group *group);
/* Gives it blocks of its own, entries where they were. */
void state_group_unshare(const struct state_layout *layout, struct state_account *account,
                         struct state_group *group);

/* Index of the slot: bucket * 8 + slot. */
uint32_t state_group_find(const struct state_layout *layout, const struct state_group *group,
                          uint64_t hash, const uint8_t *key, uint32_t size);
/* The same, or the slot that was taken for the key: *is_new, and what is in it is not set. Its tag
 * says that it was written now, and it counts. The group must have an empty slot. */
uint32_t state_group_find_or_take(const struct state_layout *layout, struct state_group *group,
                                  uint64_t hash, const uint8_t *key, uint32_t size, bool *is_new);
/* Of a key that is not there; the value is zero, of value_size bytes where sizes vary. */
uint32_t state_group_insert(const struct state_layout *layout, struct state_account *account,
                            struct state_group *group, uint64_t hash, const uint8_t *key,
                            uint32_t size, uint32_t value_size);
void state_group_remove(const struct state_layout *layout, struct state_group *group,
                        uint32_t index);
uint64_t state_hash_bytes(const uint8_t *bytes, size_t size);
uint64_t state_group_hash_at(const struct state_layout *layout, const struct state_group *group,
                             uint32_t index);

#endif
