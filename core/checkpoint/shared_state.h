/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that checkpoints share: what a task stored for one and later ones add to. In: the names
 * that a completed checkpoint stands on. Out: files that no checkpoint needs any more. A file has
 * the number of the newest completed checkpoint that names it; it may go when all that are still
 * needed are younger. Source: Flink's SharedStateRegistryImpl (unregisterUnusedState).
 */
#ifndef WEIR_CHECKPOINT_SHARED_STATE_H
#define WEIR_CHECKPOINT_SHARED_STATE_H

#include "core/base/ids.h"
#include "core/base/index_map.h"
#include "core/base/vec.h"

struct shared_state_file {
    struct vertex_id vertex;
    uint64_t checkpoint; /* that it was stored for */
    uint32_t subtask;    /* by which, as it was then */
};

struct shared_state_entry {
    struct shared_state_file file;
    uint64_t used_by; /* the newest completed checkpoint that names it */
};

struct shared_state_files {
    struct shared_state_file *items;
    size_t count, capacity;
};

struct shared_state_registry {
    VEC(struct shared_state_entry) entries; /* as they were first named */
    struct index_map places;
};

void shared_state_fini(struct shared_state_registry *registry);
/* A checkpoint that has completed stands on this file. */
void shared_state_use(struct shared_state_registry *registry, const struct shared_state_file *file,
                      uint64_t checkpoint);
/* Appends what only checkpoints below `lowest` named, and forgets it. Linear. */
void shared_state_release(struct shared_state_registry *registry, uint64_t lowest,
                          struct shared_state_files *out);

#endif
