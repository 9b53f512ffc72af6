/* SPDX-License-Identifier: Apache-2.0
 *
 * From a 64-bit key to a 32-bit index, by open addressing. It cannot be walked on purpose: the
 * order of a hash must never reach a decision. Keep the things themselves in an array and walk
 * that.
 */
#ifndef WEIR_BASE_INDEX_MAP_H
#define WEIR_BASE_INDEX_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE UINT32_MAX

struct index_map {
    struct index_map_cell *cells; /* a power of two of them, or none */
    size_t capacity, count;
};

/* A zeroed map is empty and valid. */
void index_map_fini(struct index_map *map);
uint32_t index_map_get(const struct index_map *map, uint64_t key); /* INDEX_NONE when absent */
void index_map_put(struct index_map *map, uint64_t key, uint32_t index); /* adds or replaces */
bool index_map_remove(struct index_map *map, uint64_t key);              /* was it there? */
void index_map_clear(struct index_map *map);

#endif
