/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch of keys being looked up: what the files that do it share.
 */
#ifndef WEIR_EXEC_STATE_LOOKUP_H
#define WEIR_EXEC_STATE_LOOKUP_H

#include "core/exec/state_parts.h"

#define INLINE     static inline __attribute__((always_inline))
#define NOT_INLINE static __attribute__((noinline))

struct lookup {
    struct state_table *table;
    const struct key_run *keys;
    const uint16_t *groups; /* as numbered in the job */
    void **values;
    bool *is_new;   /* or null */
    uint32_t ahead; /* keys from the last stage to the first */
    bool moved;     /* something has, in this batch */
};

/* Inserts a key that is not there, and notes when that has moved others; the index of its slot. */
uint32_t state_lookup_insert(struct lookup *lookup, uint32_t i, struct state_group *group,
                             uint64_t hash);
/* Of a table whose keys and values are a word each; groups are known and checked. */
void state_lookup_words(struct lookup *lookup, bool writes);

#endif
