/* SPDX-License-Identifier: Apache-2.0
 *
 * The cuts of a job, by id: what its checkpoints stand for, for as long as somebody may start from
 * them.
 */
#ifndef WEIR_SIM_MODEL_CUTS_H
#define WEIR_SIM_MODEL_CUTS_H

#include "core/port/data.h"
#include "sim/model/source.h"

/* Keyed state in the files that a subtask's part of an incremental checkpoint stands on:
 * core/exec/state_chain.h. */
struct chain_bytes {
    bool is_known;       /* it has stored its part */
    uint32_t next;       /* of its key groups, the one whose turn comes */
    double due;          /* of all groups; at most 1 */
    double whole, since; /* of each group the newest file that has it whole, and all since */
    double added;        /* by the newest file to what was there */
};

struct vertex_chains { /* a VEC: by subtask, as many as there were */
    struct chain_bytes *items;
    size_t count, capacity;
};

/* What a restore needs to know of a checkpoint. */
struct cut {
    uint64_t id;
    enum checkpoint_kind kind;
    bool completed;
    bool settled;               /* its positions are those that its state stands for */
    bool is_taken_over;         /* a former job's */
    struct source_cut *sources; /* by source of the job */
    uint32_t source_count;
    VEC(struct vertex_chains) chains; /* by vertex; empty: nothing builds on it */
    VEC(bool)
    finished; /* by component of the job: all its tasks had, so nothing of them is in it */
};

struct model_job;

void cuts_fini(struct model_job *job);
void cuts_clear(struct model_job *job);
/* Takes the cut; pointers to others are no longer good. */
void cut_add(struct model_job *job, struct cut cut);
void cut_remove(struct model_job *job, uint64_t id);
struct cut *cut_find(const struct model_job *job, uint64_t id); /* null: none */
/* It can be restored from now on, unless it is a savepoint. */
void cut_complete(struct model_job *job, struct cut *cut);
/* What a restart would restore; null: nothing. */
const struct cut *cut_newest(const struct model_job *job);
/* Cuts older than the oldest retained checkpoint can no longer be restored, unless a later job may
 * start from one. */
void cuts_forget(struct model_job *job);

#endif
