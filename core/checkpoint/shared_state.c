/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry per file, found by its name.
 */
#include "core/checkpoint/shared_state.h"

enum { NUMBER_BITS = 16 }; /* of subtasks, and of vertices */

/* Exact: no two files have the same. */
static uint64_t key_of(const struct shared_state_file *file)
{
    CHECK(file->vertex.n >> NUMBER_BITS == 0);
    CHECK(file->subtask >> NUMBER_BITS == 0);
    CHECK(file->checkpoint >> (2 * NUMBER_BITS) == 0);
    return (file->checkpoint << NUMBER_BITS | file->subtask) << NUMBER_BITS | file->vertex.n;
}

void shared_state_fini(struct shared_state_registry *registry)
{
    vec_fini(&registry->entries);
    index_map_fini(&registry->places);
}

void shared_state_use(struct shared_state_registry *registry, const struct shared_state_file *file,
                      uint64_t checkpoint)
{
    uint64_t key = key_of(file);
    uint32_t place = index_map_get(&registry->places, key);
    CHECK(file->checkpoint <= checkpoint);
    if (place == INDEX_NONE) {
        place = (uint32_t)registry->entries.count;
        index_map_put(&registry->places, key, place);
        vec_push(&registry->entries, (struct shared_state_entry){ *file, checkpoint });
    }
    struct shared_state_entry *entry = &registry->entries.items[place];
    if (entry->used_by < checkpoint)
        entry->used_by = checkpoint;
}

void shared_state_release(struct shared_state_registry *registry, uint64_t lowest,
                          struct shared_state_files *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < registry->entries.count; i++) {
        const struct shared_state_entry entry = registry->entries.items[i];
        if (entry.used_by < lowest) {
            index_map_remove(&registry->places, key_of(&entry.file));
            vec_push(out, entry.file);
            continue;
        }
        index_map_put(&registry->places, key_of(&entry.file), (uint32_t)kept);
        registry->entries.items[kept++] = entry;
    }
    registry->entries.count = kept;
}
