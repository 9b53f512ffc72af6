/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files an incremental snapshot of a keyed state stands on: a full one and its increments,
 * oldest first, each of some subtask of the vertex and for some key groups. What is built on is the
 * newest snapshot that is known to be complete. When the increments together are larger than what
 * they add to, or many, the next snapshot is a full one: so a restore reads at most about twice the
 * state, and what is written more than the changes is at most as much again.
 */
#ifndef WEIR_EXEC_STATE_CHAIN_H
#define WEIR_EXEC_STATE_CHAIN_H

#include "core/exec/task_snapshot.h"
#include "core/port/data.h"

struct state_part {
    uint64_t checkpoint;          /* whose file: what its subtask wrote for this one */
    uint32_t subtask;             /* of the vertex, as it was then */
    struct key_group_range range; /* what of it counts */
    uint64_t bytes;               /* of these key groups, about */
    bool is_full;                 /* it adds to nothing */
};

struct state_parts {
    struct state_part *items;
    size_t count, capacity;
};

struct chain_snapshot {
    uint64_t id;
    struct state_parts parts; /* its own file is the last */
};

struct state_chain {
    struct state_parts confirmed; /* empty: there is nothing to build on */
    VEC(struct chain_snapshot) pending;
};

void state_chain_fini(struct state_chain *chain);
/* May the next snapshot be an increment? */
bool state_chain_goes_on(const struct state_chain *chain);
/* A snapshot has begun, for the key groups of this subtask. */
void state_chain_begin(struct state_chain *chain, uint64_t id, bool is_increment, uint32_t subtask,
                       struct key_group_range range);
void state_chain_written(struct state_chain *chain, uint64_t id, uint64_t bytes);
/* Is it one that later ones may be built on? */
bool state_chain_awaits(const struct state_chain *chain, uint64_t id);
void state_chain_confirm(struct state_chain *chain, uint64_t id); /* awaited */
void state_chain_abort(struct state_chain *chain, uint64_t id);

/* The parts before a snapshot's own file: what stands in that file beside an increment. */
void state_chain_write(const struct state_chain *chain, uint64_t id, uint64_t op, const char *name,
                       struct task_snapshot_writer *writer);
MUST_CHECK struct err state_parts_read(const struct task_snapshot_file *file,
                                       const struct snapshot_section *section,
                                       struct state_parts *out, struct note *note);

/* Older files that a file stands on; one may be named several times, for several states. */
struct snapshot_name {
    uint64_t checkpoint;
    uint32_t subtask;
};
struct snapshot_names {
    struct snapshot_name *items;
    size_t count, capacity;
};
MUST_CHECK struct err task_snapshot_older(const struct task_snapshot_file *file,
                                          struct snapshot_names *out, struct note *note);

#endif
