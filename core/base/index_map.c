/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear probing, load at most 1/2, removal by shifting back (no tombstones, so no decay).
 */
#include "core/base/index_map.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/base/hash.h"

enum { CAPACITY_FIRST = 4 };

struct index_map_cell {
    uint64_t key;
    uint32_t index; /* INDEX_NONE: the cell is empty */
};

void index_map_fini(struct index_map *map)
{
    mem_destroy(map->cells);
    *map = (struct index_map){ 0 };
}

static size_t home(const struct index_map *map, uint64_t key)
{
    return (size_t)hash_mix(key) & (map->capacity - 1);
}

/* The key's cell, or the empty one where it would go. Ends because half the cells are empty. */
static inline size_t find(const struct index_map *map, uint64_t key)
{
    size_t i = home(map, key);
    while (map->cells[i].index != INDEX_NONE && map->cells[i].key != key)
        i = (i + 1) & (map->capacity - 1);
    return i;
}

uint32_t index_map_get(const struct index_map *map, uint64_t key)
{
    return map->capacity ? map->cells[find(map, key)].index : INDEX_NONE;
}

/* Doubles. The order in which cells move does not matter: nobody can walk the map. */
static void grow(struct index_map *map)
{
    struct index_map old = *map;
    map->capacity = old.capacity ? old.capacity * 2 : CAPACITY_FIRST;
    map->cells = mem_create_array(map->capacity, sizeof *map->cells);
    for (size_t i = 0; i < map->capacity; i++)
        map->cells[i].index = INDEX_NONE;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.cells[i].index != INDEX_NONE)
            map->cells[find(map, old.cells[i].key)] = old.cells[i];
    mem_destroy(old.cells);
}

void index_map_put(struct index_map *map, uint64_t key, uint32_t index)
{
    CHECK(index != INDEX_NONE);
    if ((map->count + 1) * 2 > map->capacity)
        grow(map);
    size_t i = find(map, key);
    if (map->cells[i].index == INDEX_NONE)
        map->count++;
    map->cells[i] = (struct index_map_cell){ key, index };
}

/* Closes the hole by moving back what a search would otherwise no longer find. With h the home of a
 * cell that stands at i, a search for it walks from h to i; the hole is on that way unless h lies
 * between hole and i:
 *
 *     hole ... h ... i     stays          h ... hole ... i     moves into the hole, i is the next
 * hole
 */
bool index_map_remove(struct index_map *map, uint64_t key)
{
    if (!map->capacity)
        return false;
    size_t hole = find(map, key);
    if (map->cells[hole].index == INDEX_NONE)
        return false;
    size_t mask = map->capacity - 1;
    for (size_t i = (hole + 1) & mask; map->cells[i].index != INDEX_NONE; i = (i + 1) & mask) {
        if (((i - home(map, map->cells[i].key)) & mask) >= ((i - hole) & mask)) {
            map->cells[hole] = map->cells[i];
            hole = i;
        }
    }
    map->cells[hole].index = INDEX_NONE;
    map->count--;
    return true;
}

void index_map_clear(struct index_map *map)
{
    for (size_t i = 0; i < map->capacity; i++)
        map->cells[i].index = INDEX_NONE;
    map->count = 0;
}
