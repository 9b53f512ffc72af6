/* SPDX-License-Identifier: Apache-2.0
 *
 * Broadcast state: a map that every subtask holds alike, since all of them get the same records.
 * Entries keep the order in which their keys were first put. Source: Flink's HeapBroadcastState.
 */
#ifndef WEIR_EXEC_BROADCAST_MAP_H
#define WEIR_EXEC_BROADCAST_MAP_H

#include "core/base/err.h"
#include "core/base/index_map.h"
#include "core/base/vec.h"
#include "core/exec/snapshot_format.h"
#include "core/exec/state_list.h"

enum { BROADCAST_ENTRY_MAX = 1 << 24 }; /* bytes of a key or a value */

struct broadcast_spec {
    const char *name;
    struct snapshot_serializer value; /* of both; another version is refused at restore */
};

struct broadcast_entry {
    uint8_t *bytes; /* key, padded to 8, then value; null: removed */
    uint32_t key_size, value_size;
    uint32_t next;   /* entry whose key has the same hash; INDEX_NONE: none */
    uint32_t number; /* rises with their coming */
};

struct broadcast_map {
    const struct broadcast_spec *spec;
    VEC(struct broadcast_entry) entries;
    struct index_map index; /* hash of the key -> entry */
    size_t removed;
    uint32_t numbers; /* given away */
    uint64_t bytes;   /* of keys and values */
};

void broadcast_map_init(struct broadcast_map *map, const struct broadcast_spec *spec);
void broadcast_map_fini(struct broadcast_map *map);

/* Null: there is none. size may be null. Valid until the map changes. */
const void *broadcast_map_get(const struct broadcast_map *map, const void *key, uint32_t key_size,
                              uint32_t *size);
/* FULL: it is larger than an entry may be. */
struct err broadcast_map_put(struct broadcast_map *map, const void *key, uint32_t key_size,
                             const void *value, uint32_t size) MUST_CHECK;
bool broadcast_map_remove(struct broadcast_map *map, const void *key, uint32_t key_size);

/* The next entry of those that were there when the walk began and are still; *at: 0 to begin with,
 * then the number to go on from, and above it the one to end before. */
bool broadcast_map_next(const struct broadcast_map *map, size_t *at, const void **key,
                        uint32_t *key_size, const void **value, uint32_t *size);

uint64_t broadcast_map_bytes(const struct broadcast_map *map); /* in memory */

/* All maps of an operator as list entries, and back; entries of maps that are not there are left.
 */
void broadcast_maps_save(const struct broadcast_map *maps, uint32_t count, struct state_list *out);
struct err broadcast_maps_load(struct broadcast_map *maps, uint32_t count,
                               const struct state_list *in, struct note *note) MUST_CHECK;

#endif
