/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots on shared storage: the files of each checkpoint, as the tasks wrote them. A checkpoint
 * is there from its first file on; it is complete when the JobManager said so.
 */
#ifndef WEIR_SIM_EXACT_STORE_H
#define WEIR_SIM_EXACT_STORE_H

#include "core/base/vec.h"
#include "core/exec/task_snapshot.h"
#include "core/port/data.h"

struct stored_file {
    uint32_t vertex, subtask;
    struct snapshot_bytes bytes;
    struct task_snapshot_file file; /* of these bytes, opened */
};

/* What a subtask's state stood for that had finished before. */
struct exact_gone {
    uint32_t vertex, subtask;
    uint64_t records, digest;
};

struct exact_cut {
    uint64_t id;
    enum checkpoint_kind kind;
    bool completed;
    VEC(struct stored_file) files;
    VEC(struct exact_gone) gone;
    double position;       /* records of all sources below the offsets in it */
    VEC(uint64_t) offsets; /* by source, then by split */
};

void stored_file_fini(struct stored_file *file);
void stored_cut_fini(struct exact_cut *cut);

struct exact_job;
struct exact_cut *stored_cut_find(struct exact_job *job, uint64_t id); /* null: none */
struct exact_cut *stored_cut_of(struct exact_job *job, uint64_t id, enum checkpoint_kind kind);
/* What a restart would restore: savepoints are not. Null: nothing. */
const struct exact_cut *stored_cut_newest(const struct exact_job *job);
/* The JobManager knows it to be complete. */
void stored_cut_complete(struct exact_job *job, struct exact_cut *cut);
void stored_cut_remove(struct exact_job *job, uint64_t id);
/* Those that can no longer be restored. */
void stored_cuts_forget(struct exact_job *job);

#endif
