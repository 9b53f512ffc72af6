/* SPDX-License-Identifier: Apache-2.0
 *
 * From keys to hash codes and key groups, whole runs of keys at a time. A run is keys that lie a
 * stride apart or where `at` says; keys of varying size have their length as a u64 before them, as
 * payloads in record.h have. Sources: Java's hashCode of Long, Integer and String (a text is taken
 * as Latin-1: each byte a char); core/graph/key_groups.h for the way from there to a key group.
 */
#ifndef WEIR_EXEC_KEY_HASH_H
#define WEIR_EXEC_KEY_HASH_H

#include <stdint.h>
#include <string.h>

#include "core/exec/record.h"

enum key_hash { KEY_HASH_LONG, KEY_HASH_INTEGER, KEY_HASH_TEXT, KEY_HASH_COUNT };

struct key_run {
    const uint8_t *bytes; /* belongs to the caller, for the call */
    uint32_t count;
    uint32_t size;      /* of every key; 0: it stands before each */
    uint32_t stride;    /* from one key to the next; 0: `at` says */
    const uint32_t *at; /* where each key begins, in bytes */
};

static inline const uint8_t *key_run_at(const struct key_run *keys, uint32_t i)
{
    return keys->bytes + (keys->stride ? (size_t)i * keys->stride : keys->at[i]);
}

static inline uint32_t key_run_size(const struct key_run *keys, uint32_t i)
{
    uint64_t size = keys->size;
    if (size == 0)
        memcpy(&size, key_run_at(keys, i) - RECORD_HEAD, sizeof size);
    return (uint32_t)size;
}

/* The whole payload of each record is its key. */
static inline struct key_run key_run_of_batch(const struct batch *batch)
{
    size_t head = (batch->layout.timestamped ? RECORD_HEAD : 0) +
                  (batch->layout.size == 0 ? (size_t)RECORD_HEAD : 0);
    return (struct key_run){ .bytes = batch->slots + head,
                             .count = batch->count,
                             .size = batch->layout.size,
                             .stride = batch->stride,
                             .at = batch->at };
}

/* Long.hashCode */
static inline int32_t key_hash_long(int64_t key)
{
    return (int32_t)(uint32_t)((uint64_t)key ^ (uint64_t)key >> 32);
}

/* String.hashCode of a Latin-1 text: s[0] * 31^(n-1) + ... + s[n-1], without sign */
int32_t key_hash_text(const uint8_t *text, size_t size);

/* Of a key of 8 bytes, of 4, or of any number. */
int32_t key_hash_of(enum key_hash kind, const uint8_t *key, uint32_t size);

/* The key group of each; max_parallelism at most 32768. KEY_HASH_LONG wants keys of 8 bytes,
 * KEY_HASH_INTEGER of 4. */
void key_groups_of_run(const struct key_run *keys, enum key_hash kind, int32_t max_parallelism,
                       uint16_t *groups);

#endif
