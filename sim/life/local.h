/* SPDX-License-Identifier: Apache-2.0
 *
 * Local recovery: the copies of snapshots that TaskManagers keep on their own disks, and the disks.
 * In: snapshots that are stored, checkpoints that end, slots in which tasks come back. Out: which
 * restores need not go to shared storage. A copy serves the same subtask in the same allocation
 * with the same key groups only (TaskLocalStateStoreImpl, PrioritizedOperatorSubtaskState).
 */
#ifndef WEIR_SIM_LIFE_LOCAL_H
#define WEIR_SIM_LIFE_LOCAL_H

#include "core/base/ids.h"
#include "sim/cluster/shared_bandwidth.h"

struct local_copy {
    uint32_t job, vertex, subtask, parallelism;
    uint32_t key_group_first, key_group_last;
    struct allocation_id allocation;
    uint64_t checkpoint;
    int64_t bytes;
};

struct job_spec;
struct life;
struct life_task;

/* Are copies made? from-local alone asks for them too (local-backup falls back to it). */
bool local_is_kept(const struct job_spec *job);
/* Does its working state lie on the disk (RocksDB)? */
bool local_has_state(const struct job_spec *job);
/* Bytes that pass the host's disk while so many of state are stored; copied: a copy stays there. */
double local_upload_bytes(const struct job_spec *job, double state_bytes, bool copied);
/* The task's snapshot is on the disk. */
void local_keep(struct life *life, const struct life_task *task, uint64_t checkpoint,
                int64_t bytes);
/* Bytes of what the task restores that lie on its host; 0: none may be used. */
int64_t local_bytes(const struct life *life, const struct life_task *task);
/* Of the job's copies on the host, those of older checkpoints go, or those of this one. */
void local_on_complete(struct life *life, uint32_t host, uint32_t job, uint64_t checkpoint);
void local_on_aborted(struct life *life, uint32_t host, uint32_t job, uint64_t checkpoint);
/* Bytes to or from the host's disk; all that is under way there shares its bandwidth. */
struct share_handle local_transfer(struct life *life, uint32_t host, double bytes, sim_action *done,
                                   void *context, uint64_t a, uint64_t b);
void local_cancel(struct life *life, uint32_t host, struct share_handle *handle);

#endif
