/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed state of one subtask: (key group, key) -> value, for its range of key groups. One table of
 * open addressing per key group, so that growth is short and snapshots, restore and rescaling go
 * by key group. Look-ups come in batches. Source: Flink's CopyOnWriteStateTable, with the memory
 * of a group, not an entry, as what is copied on the first write after a snapshot began.
 *
 * A pointer to a value holds until the next call that may change the table (resolve, put, resize,
 * remove, iteration with removal, restore). Values are aligned to 8 where their size is a multiple
 * of 8 or varies, to 4 where of 4, to 2 where of 2. New ones are zero.
 */
#ifndef WEIR_EXEC_STATE_TABLE_H
#define WEIR_EXEC_STATE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/exec/key_hash.h"
#include "core/graph/key_groups.h"

enum {
    STATE_KEY_MAX = 1 << 16,   /* bytes of a key */
    STATE_VALUE_MAX = 1 << 28, /* bytes of a value */
    STATE_UNSETTLED_MAX = 32,  /* snapshots begun, neither confirmed nor aborted */
    STATE_GROUP_COMPUTED = -1,
};

struct state_spec {
    uint32_t key_size, value_size; /* bytes of every one; 0: they vary */
    enum key_hash key_hash;
    int32_t max_parallelism;
    struct key_group_range range; /* not empty */
    bool incremental;             /* snapshots may leave out what is in a confirmed one */
    bool stamped; /* a value begins with a stamp, i64: see state_table_set_horizon */
};

/* One key. Where the group is given, the table believes it (map state: the group of the key, not
 * that of key and map key). */
struct state_key {
    const void *bytes;
    uint32_t size;
    int32_t group; /* or STATE_GROUP_COMPUTED */
};

struct state_table *state_table_create(const struct state_spec *spec);
void state_table_destroy(struct state_table *table); /* all its snapshots must have ended */

/* The value of every key of the run; missing ones are inserted. The same key twice gives the same
 * value, and is_new (which may be null) only the first time. groups: the key group of each, or
 * null: computed. All counts as written. Refused, with nothing changed: BAD_VALUE, a key group
 * outside the range or a key of a size that cannot be. */
struct err state_table_resolve(struct state_table *table, const struct key_run *keys,
                               const uint16_t *groups, void **values, bool *is_new,
                               struct note *note) MUST_CHECK;

/* The same of one key, whose size does not vary. */
struct err state_table_resolve_one(struct state_table *table, struct state_key key, void **value,
                                   bool *is_new, struct note *note) MUST_CHECK;

/* The same, but only looks: null where there is none. */
struct err state_table_find(struct state_table *table, const struct key_run *keys,
                            const uint16_t *groups, const void **values,
                            struct note *note) MUST_CHECK;

/* Null when there is none, or the key belongs to another subtask. size may be null. */
const void *state_table_get(const struct state_table *table, struct state_key key, uint32_t *size);

/* Of a value of varying size, got from any of these functions. */
uint32_t state_value_size(const struct state_table *table, const void *value);

/* Inserts or replaces. */
struct err state_table_put(struct state_table *table, struct state_key key, const void *value,
                           uint32_t size, struct note *note) MUST_CHECK;

/* The value with another size (only where sizes vary): what was there up to it stays, the rest is
 * zero. Inserts the key where it is missing. */
struct err state_table_resize(struct state_table *table, struct state_key key, uint32_t size,
                              void **value, struct note *note) MUST_CHECK;

/* What is to be written and lies in the table, in this group, may move while room is made for it:
 * then a copy, which the caller destroys; else the bytes themselves. */
const void *state_table_set_aside(const struct state_table *table, int32_t group, const void *bytes,
                                  uint32_t size, void **copy);

/* Was it there? */
bool state_table_remove(struct state_table *table, struct state_key key);

/* Entries of a key group, one after the other; the order follows from the calls made, never from
 * addresses. Removing the one it stands on is allowed: then some may be seen twice, none is missed.
 */
struct state_entry {
    const void *key;
    const void *value;
    uint32_t key_size, value_size;
};

struct state_cursor {
    int32_t group;
    uint64_t next; /* 0 to begin with */
};

bool state_table_next(const struct state_table *table, struct state_cursor *cursor,
                      struct state_entry *entry);
void state_table_remove_at(struct state_table *table, struct state_cursor *cursor);

/* Of a stamped table: full snapshots that begin from now on leave out entries whose stamp is not
 * above this one (StateTtlConfig.cleanupFullSnapshot). The table itself keeps them. */
void state_table_set_horizon(struct state_table *table, int64_t stamp);

/* What it holds. Blocks that only snapshots hold count in held, not in live. */
struct state_memory {
    uint64_t entries;
    uint64_t live_bytes, held_bytes;
    uint64_t allocations; /* of blocks, ever */
};

struct state_memory state_table_memory(const struct state_table *table);
const struct state_spec *state_table_spec(const struct state_table *table);

/* The snapshot with this id is complete everywhere: the next incremental one holds what changed
 * after it. STALE for one that is not waited for (aborted, older than a confirmed one). */
struct err state_table_confirm(struct state_table *table, uint64_t id) MUST_CHECK;
/* It never will be: its changes belong to the next one too. Unknown ids are ignored. */
void state_table_abort(struct state_table *table, uint64_t id);

/* Checks everything that always holds; for tests, linear. */
void state_table_check(const struct state_table *table);

#endif
