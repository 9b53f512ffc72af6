/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots on shared storage: the files of each checkpoint, as the tasks wrote them. A checkpoint
 * is there from its first file on; it is complete when the JobManager said so. A file is there as
 * long as a checkpoint holds it: that of which it is, or an incremental one that adds to it.
 */
#ifndef WEIR_SIM_EXACT_STORE_H
#define WEIR_SIM_EXACT_STORE_H

#include "core/base/index_map.h"
#include "core/base/vec.h"
#include "core/exec/state_chain.h"
#include "core/port/data.h"

struct stored_file {
    uint32_t vertex, subtask;
    uint32_t origin; /* of another job's: which of the vertices its operators were in; else 0 */
    uint64_t checkpoint;
    struct snapshot_bytes bytes;
    struct task_snapshot_file file; /* of these bytes, opened */
    uint64_t keyed_bytes;           /* of them */
    double modelled;                /* bytes of keyed state that are not in memory here */
    double records;                 /* that its state stands for, over the job's life */
    uint32_t holders;               /* checkpoints */
    bool removed;                   /* by the JobManager: nobody may read it any more */
};

/* What a subtask's state stood for that had finished before. */
struct exact_gone {
    uint32_t vertex, subtask;
    uint64_t records, digest;
};

/* Of one vertex in a checkpoint. */
struct cut_vertex {
    VEC(struct stored_file *) own, older; /* of each old subtask; what those add to, each once */
    bool is_new;                          /* it is of another job, which had no such operators */
};

struct exact_cut {
    uint64_t id;
    enum checkpoint_kind kind;
    bool completed;
    bool no_base; /* of another job, or a savepoint: nothing is built on it */
    struct cut_vertex *vertices;
    uint32_t file_count; /* own ones of all */
    uint32_t running;    /* tasks that did when it was triggered */
    VEC(struct exact_gone) gone;
    double position;       /* records of all sources below the offsets in it */
    VEC(uint64_t) offsets; /* by source, then by split */
};

/* Files of a vertex by checkpoint, origin and subtask. */
struct stored_shelf {
    VEC(struct stored_file *) files;
    struct index_map by_name;
};

void stored_file_destroy(struct stored_file *file);
void stored_shelf_fini(struct stored_shelf *shelf); /* no checkpoint holds any of it */

struct exact_job;
void stored_cut_fini(struct exact_job *job, struct exact_cut *cut);
struct exact_cut *stored_cut_find(struct exact_job *job, uint64_t id); /* null: none */
struct exact_cut *stored_cut_of(struct exact_job *job, uint64_t id, enum checkpoint_kind kind);
/* The file that this subtask stored for this checkpoint; null: it is not there (any more). */
struct stored_file *stored_file_find(const struct exact_job *job, uint32_t vertex,
                                     uint64_t checkpoint, uint32_t subtask);
/* The older one that this subtask stored for this checkpoint, where `file` names it; null: it is
 * not there (any more). */
struct stored_file *stored_file_older(const struct exact_job *job, const struct stored_file *file,
                                      uint64_t checkpoint, uint32_t subtask);
/* Are all older files there that this one adds to? */
bool stored_file_has_base(const struct exact_job *job, const struct stored_file *file);
/* Files of completed checkpoints that the JobManager has not removed; savepoints' are not meant. */
uint32_t stored_files_count(const struct exact_job *job);
/* Takes the file, whose base is there. */
void stored_cut_add(struct exact_job *job, struct exact_cut *cut, struct stored_file *take);
/* The same of an older one that own files will name. */
void stored_cut_bring(struct exact_job *job, struct exact_cut *cut, struct stored_file *take);
/* What a restart would restore: savepoints are not. Null: nothing. */
const struct exact_cut *stored_cut_newest(const struct exact_job *job);
/* The JobManager knows it to be complete. */
void stored_cut_complete(struct exact_job *job, struct exact_cut *cut);
void stored_cut_remove(struct exact_job *job, uint64_t id);
/* It belongs to whoever asked for it, and only a later job can name it. */
void stored_savepoint_hand_over(struct exact_job *job, uint64_t id);
/* Those that can no longer be restored. */
void stored_cuts_forget(struct exact_job *job);
/* Invariant: files are held, and by as many as they say. */
void stored_files_check(const struct exact_job *job);

#endif
