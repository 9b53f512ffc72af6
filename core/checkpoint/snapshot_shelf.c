/* SPDX-License-Identifier: Apache-2.0
 *
 * The shelf. In: completed savepoints, retained checkpoints. Out: the one that a path means.
 * Always: what is on the shelf is complete, and no more than SNAPSHOTS_KEPT_MAX are.
 */
#include "core/checkpoint/snapshot_shelf.h"

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"

static void forget(struct snapshot_shelf *shelf, size_t index)
{
    vec_fini(&shelf->snapshots.items[index].checkpoint.states);
    vec_remove_ordered(&shelf->snapshots, index);
}

void snapshot_shelf_fini(struct snapshot_shelf *shelf)
{
    for (VEC_EACH(struct kept_snapshot, each, &shelf->snapshots))
        vec_fini(&each->checkpoint.states);
    vec_fini(&shelf->snapshots);
}

/* Sums by vertex are the store's business, of the job that starts from it. */
void snapshot_shelf_add(struct snapshot_shelf *shelf, const struct job_graph *graph,
                        bool is_savepoint, struct completed_checkpoint *take)
{
    CHECK(graph != NULL);
    CHECK(take->id > 0);
    if (shelf->snapshots.count == SNAPSHOTS_KEPT_MAX)
        forget(shelf, 0);
    vec_fini(&take->vertices);
    vec_push(&shelf->snapshots, (struct kept_snapshot){ graph, is_savepoint, *take });
    *take = (struct completed_checkpoint){ 0 };
}

void snapshot_shelf_remove(struct snapshot_shelf *shelf, struct job_id job, bool is_savepoint,
                           uint64_t id)
{
    for (size_t i = shelf->snapshots.count; i-- > 0;) {
        const struct kept_snapshot *each = &shelf->snapshots.items[i];
        if (each->graph->id.n == job.n && each->is_savepoint == is_savepoint &&
            each->checkpoint.id == id)
            forget(shelf, i);
    }
}

/* From the newest on, so that the first that fits is the one meant. */
const struct kept_snapshot *snapshot_shelf_find(const struct snapshot_shelf *shelf,
                                                const struct snapshot_path *path)
{
    for (size_t i = shelf->snapshots.count; i-- > 0;) {
        const struct kept_snapshot *each = &shelf->snapshots.items[i];
        if (each->is_savepoint == path->is_savepoint &&
            (path->id == 0 || path->id == each->checkpoint.id) &&
            text_equal(each->graph->name, path->job))
            return each;
    }
    return NULL;
}

/* What each task stored was in the hash of the coordinator when it completed. */
uint64_t snapshot_shelf_hash(const struct snapshot_shelf *shelf, uint64_t hash)
{
    hash = hash_add(hash, shelf->snapshots.count);
    for (VEC_EACH(const struct kept_snapshot, each, &shelf->snapshots)) {
        hash = hash_add(hash, (uint64_t)each->graph->id.n << 1 | each->is_savepoint);
        hash = hash_add(hash, each->checkpoint.id);
    }
    return hash;
}
