/* SPDX-License-Identifier: Apache-2.0
 *
 * Completed checkpoints, newest last, up to num-retained. What each task stored, so that a restore
 * at any parallelism can be planned. Savepoints never come here: Flink hands them to whoever asked
 * and forgets them (CheckpointCoordinator.completePendingCheckpoint adds to the store only what is
 * not a savepoint), so a restart restores the newest checkpoint even if a savepoint is newer.
 * Source: StandaloneCompletedCheckpointStore, CheckpointProperties.
 */
#ifndef WEIR_CHECKPOINT_COMPLETED_STORE_H
#define WEIR_CHECKPOINT_COMPLETED_STORE_H

#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/graph/key_groups.h"
#include "core/port/config.h"
#include "core/port/data.h"

/* Most checkpoints kept at once; a larger num-retained is cut to it. */
enum { COMPLETED_CHECKPOINTS_MAX = 1024 };

struct checkpoint_summary {
    int64_t state_bytes, written_bytes, in_flight_bytes; /* sums over the tasks */
    time_ns alignment_max, sync_max, async_max;
};

struct task_state {
    struct vertex_id vertex;
    uint32_t subtask, parallelism;
    struct key_group_range range; /* at max_parallelism of the vertex */
    int64_t bytes;                /* keyed and operator state */
    int64_t in_flight_bytes;      /* channel state of an unaligned checkpoint */
    bool finished;                /* the task had finished when the checkpoint was taken */
    bool at_end;                  /* its operators had, and it waits for the checkpoint */
};

struct task_states {
    struct task_state *items; /* a VEC: by task id of the graph that took the checkpoint */
    size_t count, capacity;
};

/* One vertex in a checkpoint, summed up so that a restore need not walk all its tasks. In another
 * job's its operators may come from several: a part for each. */
struct vertex_state {
    uint32_t next;               /* of its parts, into vertices; 0: the last */
    uint32_t first, parallelism; /* into states */
    uint32_t finished;           /* subtasks that had; parallelism: the whole vertex had */
    int32_t max_parallelism;
    int64_t bytes, in_flight_bytes;
};

struct completed_checkpoint {
    uint64_t id;
    enum checkpoint_kind kind;
    bool is_incremental; /* of the backend's own files, whose key groups nobody reads one by one */
    time_ns triggered_at, completed_at;
    struct checkpoint_summary summary;
    struct task_states states;
    VEC(struct vertex_state) vertices; /* by vertex id, further parts behind; made by the store */
    size_t vertex_count;               /* of them, without further parts */
};

struct completed_store {
    VEC(struct completed_checkpoint) checkpoints; /* retained ones, oldest first */
    size_t retained_max;
    struct task_states spare; /* memory of the last one that fell out, for the next checkpoint */
};

/* How the job ended, as far as its checkpoints care. */
enum checkpoint_job_end { JOB_END_FINISHED, JOB_END_CANCELED, JOB_END_FAILED, JOB_END_COUNT };

void completed_store_init(struct completed_store *store, size_t retained_max);
void completed_store_fini(struct completed_store *store);
void completed_store_clear(struct completed_store *store); /* forgets all; their files went */
/* Takes the checkpoint (newer than all before, no savepoint) and what belongs to it. The number of
 * the oldest that fell out of the store is returned (0: none did); at most one does each time. */
uint64_t completed_store_add(struct completed_store *store, struct completed_checkpoint *take);
/* What a restart restores; null: nothing yet. */
const struct completed_checkpoint *completed_store_latest(const struct completed_store *store);
/* Gives memory for the states of a new checkpoint: empty, perhaps with capacity. */
struct task_states completed_store_give_states(struct completed_store *store);
/* Does Flink delete the retained checkpoints when the job has ended so? */
bool completed_store_discards_at(enum config_choice_RETENTION retention,
                                 enum checkpoint_job_end end);
uint64_t completed_store_hash(const struct completed_store *store, uint64_t hash);

#endif
