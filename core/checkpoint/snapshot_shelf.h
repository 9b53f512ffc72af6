/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots that outlive the job they were taken of: savepoints, and the checkpoints that
 * externalized-checkpoint-retention leaves behind. It stands for what lies in shared storage for a
 * later job to start from; one shelf for all jobs of a cluster. Source: CompletedCheckpointStorage-
 * Location, AbstractFsCheckpointStorageAccess.resolveCheckpointPointer.
 */
#ifndef WEIR_CHECKPOINT_SNAPSHOT_SHELF_H
#define WEIR_CHECKPOINT_SNAPSHOT_SHELF_H

#include "core/checkpoint/completed_store.h"
#include "core/graph/job_graph.h"
#include "core/port/snapshot_path.h"

/* Most snapshots remembered at once; with one more the oldest can no longer be started from. The
 * bound is for our memory: Flink leaves savepoints to whoever asked for them. */
enum { SNAPSHOTS_KEPT_MAX = 1024 };

struct kept_snapshot {
    const struct job_graph *graph; /* of the job it is of; borrowed, outlives the shelf */
    bool is_savepoint;
    struct completed_checkpoint checkpoint; /* owned; states by task id of that job's graph then */
};

struct snapshot_shelf {
    VEC(struct kept_snapshot) snapshots; /* in order of completion */
};

/* What the job was started from, while that is in the store. */
struct restored_snapshot {
    uint64_t id; /* 0: started empty */
    struct job_id job;
    bool is_savepoint;
    bool owned; /* CLAIM: goes like a checkpoint of the job's own; else it is never removed */
};

void snapshot_shelf_fini(struct snapshot_shelf *shelf);
/* Takes the checkpoint and what belongs to it. */
void snapshot_shelf_add(struct snapshot_shelf *shelf, const struct job_graph *graph,
                        bool is_savepoint, struct completed_checkpoint *take);
/* Its files have been removed; nothing happens when it is not there (any more). */
void snapshot_shelf_remove(struct snapshot_shelf *shelf, struct job_id job, bool is_savepoint,
                           uint64_t id);
/* Null: nothing lies there. */
const struct kept_snapshot *snapshot_shelf_find(const struct snapshot_shelf *shelf,
                                                const struct snapshot_path *path);
uint64_t snapshot_shelf_hash(const struct snapshot_shelf *shelf, uint64_t hash);

/* A snapshot laid over the vertices of another job, by the ids of their operators: `out` has their
 * states in the order of the job's vertices, each at its old parallelism, and belongs to the
 * caller. A vertex whose operators were in several has a stretch for each of these.
 * max_parallelism, by vertex, is what the job would use: where the job does not fix it, the
 * snapshot's replaces it. Refused are, in Flink's words: state of a vertex that the job has not,
 * unless unclaimed state is ignored; a fixed max parallelism that is another one now; a parallelism
 * above the snapshot's max parallelism. Then nothing is changed. Source: Checkpoints.
 * loadAndValidateCheckpoint, StateAssignmentOperation.checkParallelismPreconditions. */
MUST_CHECK struct err snapshot_lay_out(const struct kept_snapshot *from,
                                       const struct job_graph *job, const int32_t *parallelism,
                                       bool ignore_unclaimed, int32_t *max_parallelism,
                                       struct completed_checkpoint *out, struct note *note);

#endif
