/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries in an array, found by the hash of their key; removed ones leave a hole until there are
 * more holes than entries. Rules are few and seldom change: an entry is a piece of memory.
 */
#include "core/exec/broadcast_map.h"

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/exec/record.h"

enum { HASH_MASK = (1 << 16) - 1, WALK_SHIFT = 32 };

void broadcast_map_init(struct broadcast_map *map, const struct broadcast_spec *spec)
{
    *map = (struct broadcast_map){ .spec = spec };
}

void broadcast_map_fini(struct broadcast_map *map)
{
    for (VEC_EACH(struct broadcast_entry, entry, &map->entries))
        mem_destroy(entry->bytes);
    vec_fini(&map->entries);
    index_map_fini(&map->index);
    map->bytes = 0;
}

static bool is_key(const struct broadcast_entry *entry, const void *key, uint32_t size)
{
    return entry->key_size == size && memcmp(entry->bytes, key, size) == 0;
}

/* Few bits: keys are few, and equal hashes are nothing that never happens. */
static uint64_t hash_of(const void *key, uint32_t size)
{
    return hash_add_bytes(0, key, size) & HASH_MASK;
}

static uint32_t find(const struct broadcast_map *map, const void *key, uint32_t size)
{
    uint32_t i = index_map_get(&map->index, hash_of(key, size));
    while (i != INDEX_NONE && !is_key(&map->entries.items[i], key, size))
        i = map->entries.items[i].next;
    return i;
}

static const uint8_t *value_of(const struct broadcast_entry *entry)
{
    return entry->bytes + record_padded(entry->key_size);
}

const void *broadcast_map_get(const struct broadcast_map *map, const void *key, uint32_t key_size,
                              uint32_t *size)
{
    uint32_t i = find(map, key, key_size);
    if (i == INDEX_NONE)
        return NULL;
    if (size)
        *size = map->entries.items[i].value_size;
    return value_of(&map->entries.items[i]);
}

static void link_in(struct broadcast_map *map, uint32_t i)
{
    struct broadcast_entry *entry = &map->entries.items[i];
    uint64_t hash = hash_of(entry->bytes, entry->key_size);
    entry->next = index_map_get(&map->index, hash);
    index_map_put(&map->index, hash, i);
}

static void link_out(struct broadcast_map *map, uint32_t i)
{
    struct broadcast_entry *entries = map->entries.items;
    uint64_t hash = hash_of(entries[i].bytes, entries[i].key_size);
    uint32_t first = index_map_get(&map->index, hash);
    if (first == i && entries[i].next == INDEX_NONE) {
        index_map_remove(&map->index, hash);
    } else if (first == i) {
        index_map_put(&map->index, hash, entries[i].next);
    } else {
        while (entries[first].next != i)
            first = entries[first].next;
        entries[first].next = entries[i].next;
    }
}

static size_t size_of(const struct broadcast_entry *entry)
{
    return (size_t)record_padded(entry->key_size) + entry->value_size;
}

static uint8_t *bytes_of(const void *key, uint32_t key_size, const void *value, uint32_t size)
{
    uint8_t *bytes = mem_create((size_t)record_padded(key_size) + size);
    if (key_size > 0)
        memcpy(bytes, key, key_size);
    if (size > 0)
        memcpy(bytes + record_padded(key_size), value, size);
    return bytes;
}

static void close_holes(struct broadcast_map *map)
{
    size_t kept = 0;
    index_map_clear(&map->index);
    for (size_t i = 0; i < map->entries.count; i++)
        if (map->entries.items[i].bytes) {
            map->entries.items[kept] = map->entries.items[i];
            link_in(map, (uint32_t)kept++);
        }
    map->entries.count = kept;
    map->removed = 0;
}

/* A walk under way may then meet some twice, or end: once in four thousand million keys. */
static void number_anew(struct broadcast_map *map)
{
    close_holes(map);
    for (map->numbers = 0; map->numbers < map->entries.count; map->numbers++)
        map->entries.items[map->numbers].number = map->numbers;
}

struct err broadcast_map_put(struct broadcast_map *map, const void *key, uint32_t key_size,
                             const void *value, uint32_t size)
{
    if (key_size > BROADCAST_ENTRY_MAX || size > BROADCAST_ENTRY_MAX)
        return (struct err){ ERR_FULL_CODE };
    uint32_t i = find(map, key, key_size);
    uint8_t *bytes = bytes_of(key, key_size, value, size);
    if (i != INDEX_NONE) {
        struct broadcast_entry *entry = &map->entries.items[i];
        mem_destroy(entry->bytes);
        map->bytes += (uint64_t)size - entry->value_size;
        entry->bytes = bytes;
        entry->value_size = size;
        return OK;
    }
    if (map->numbers == UINT32_MAX)
        number_anew(map);
    vec_push(&map->entries,
             (struct broadcast_entry){ bytes, key_size, size, INDEX_NONE, map->numbers++ });
    map->bytes += size_of(&vec_last(&map->entries));
    link_in(map, (uint32_t)(map->entries.count - 1));
    return OK;
}

bool broadcast_map_remove(struct broadcast_map *map, const void *key, uint32_t key_size)
{
    uint32_t i = find(map, key, key_size);
    if (i == INDEX_NONE)
        return false;
    link_out(map, i);
    map->bytes -= size_of(&map->entries.items[i]);
    mem_destroy(map->entries.items[i].bytes);
    map->entries.items[i].bytes = NULL;
    if (++map->removed > map->entries.count / 2)
        close_holes(map);
    return true;
}

/* The first entry with this number or a higher one: mostly as far from the first one as it says. */
static size_t place_of(const struct broadcast_map *map, uint32_t number)
{
    size_t from = 0, to = map->entries.count;
    const struct broadcast_entry *entries = map->entries.items;
    uint32_t guess = to > 0 ? number - entries[0].number : 0;
    if (guess < to && entries[guess].number == number)
        return guess;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (entries[middle].number < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

bool broadcast_map_next(const struct broadcast_map *map, size_t *at, const void **key,
                        uint32_t *key_size, const void **value, uint32_t *size)
{
    uint32_t end = *at == 0 ? map->numbers : (uint32_t)(*at >> WALK_SHIFT);
    for (size_t i = place_of(map, (uint32_t)*at); i < map->entries.count; i++) {
        const struct broadcast_entry *entry = &map->entries.items[i];
        if (entry->number >= end)
            break;
        if (!entry->bytes)
            continue;
        *at = (size_t)end << WALK_SHIFT | (entry->number + 1);
        *key = entry->bytes;
        *key_size = entry->key_size;
        *value = value_of(entry);
        *size = entry->value_size;
        return true;
    }
    *at = (size_t)end << WALK_SHIFT | end;
    return false;
}

uint64_t broadcast_map_bytes(const struct broadcast_map *map)
{
    return map->bytes + map->entries.count * sizeof(struct broadcast_entry);
}

/* A list entry: of a map, its name behind the head; of an entry of the map named last, its key and
 * value. */
struct saved {
    uint64_t is_entry, key_size, fingerprint, version;
};

static void add(struct state_list *out, const struct saved *head, const void *bytes, size_t size)
{
    VEC(uint8_t) all = { 0 };
    vec_resize(&all, sizeof *head + size);
    memcpy(all.items, head, sizeof *head);
    memcpy(all.items + sizeof *head, bytes, size);
    state_list_add(out, all.items, all.count);
    vec_fini(&all);
}

void broadcast_maps_save(const struct broadcast_map *maps, uint32_t count, struct state_list *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct broadcast_spec *spec = maps[i].spec;
        add(out, &(struct saved){ 0, 0, spec->value.fingerprint, spec->value.version }, spec->name,
            strlen(spec->name));
        for (VEC_EACH(const struct broadcast_entry, entry, &maps[i].entries))
            if (entry->bytes)
                add(out, &(struct saved){ 1, entry->key_size, 0, 0 }, entry->bytes, size_of(entry));
    }
}

static struct broadcast_map *map_named(struct broadcast_map *maps, uint32_t count,
                                       const uint8_t *name, size_t size)
{
    for (uint32_t i = 0; i < count; i++)
        if (strlen(maps[i].spec->name) == size && memcmp(maps[i].spec->name, name, size) == 0)
            return &maps[i];
    return NULL;
}

struct err broadcast_maps_load(struct broadcast_map *maps, uint32_t count,
                               const struct state_list *in, struct note *note)
{
    struct broadcast_map *map = NULL;
    for (size_t i = 0; i < state_list_count(in); i++) {
        struct saved head;
        size_t size;
        const uint8_t *entry = state_list_entry(in, i, &size);
        if (size < sizeof head)
            return err_note(note, ERR_BAD_VALUE_CODE, "an entry of %zu bytes", size);
        memcpy(&head, entry, sizeof head);
        entry += sizeof head;
        size -= sizeof head;
        if (!head.is_entry) {
            map = map_named(maps, count, entry, size);
            struct snapshot_serializer found = { head.fingerprint, (uint32_t)head.version };
            if (map)
                TRY(snapshot_expect_serializer(&found, &map->spec->value, map->spec->name, "values",
                                               note));
            continue;
        }
        if (head.key_size > BROADCAST_ENTRY_MAX || record_padded((uint32_t)head.key_size) > size)
            return err_note(note, ERR_BAD_VALUE_CODE, "a key that is longer than its entry");
        uint32_t at = record_padded((uint32_t)head.key_size);
        if (map)
            TRY(broadcast_map_put(map, entry, (uint32_t)head.key_size, entry + at,
                                  (uint32_t)(size - at)));
    }
    return OK;
}
