/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files an incremental snapshot of a keyed state stands on: a full one and its increments,
 * oldest first, each of some subtask of the vertex and for some key groups. What is built on is the
 * newest snapshot that is known to be complete.
 *
 * With each increment some key groups are written whole, in turn: as large a part of them as the
 * increment before was of the state, and in CHECKPOINT_ROUND_MOST increments all of them. For these
 * no older file counts. So a restore reads about one and a half times the state, what is written
 * more than the changes is as much again, and nothing of it comes at once.
 */
#ifndef WEIR_EXEC_STATE_CHAIN_H
#define WEIR_EXEC_STATE_CHAIN_H

#include "core/exec/task_snapshot.h"
#include "core/port/data.h"

struct state_part {
    uint64_t checkpoint;          /* whose file: what its subtask wrote for this one */
    uint32_t subtask;             /* of the vertex, as it was then */
    struct key_group_range range; /* what of it counts: groups that are whole there, or none is */
    uint64_t bytes;               /* of these key groups, about */
};

/* Where the round is, with the newest file. */
struct state_turn {
    int32_t next;   /* the key group whose turn comes */
    int32_t whole;  /* so many before it are whole in that file */
    uint32_t due;   /* 2^-20 of all groups; at most all of them */
    uint64_t size;  /* of the state in files, bytes, about */
    uint64_t added; /* by that file to what was there before, bytes */
};

struct state_parts {
    struct state_part *items;
    size_t count, capacity;
    struct state_turn turn;
};

/* What the next snapshot holds. */
struct chain_plan {
    bool is_increment;            /* else everything */
    struct key_group_range whole; /* these groups; of others what has changed */
    struct state_turn turn;       /* then */
};

struct chain_snapshot {
    uint64_t id;
    struct state_parts parts; /* of its own file the last, when it is written */
};

struct state_chain {
    struct state_parts confirmed; /* empty: there is nothing to build on */
    VEC(struct chain_snapshot) pending;
};

void state_chain_fini(struct state_chain *chain);
/* With a file that holds all of these key groups. */
struct state_turn state_turn_full(struct key_group_range range);
/* For a subtask with these key groups. */
struct chain_plan state_chain_plan(const struct state_chain *chain, struct key_group_range range);
/* A snapshot has begun as planned. */
void state_chain_begin(struct state_chain *chain, uint64_t id, const struct chain_plan *plan);
/* Its file; added: of its bytes those that add to something. */
void state_chain_written(struct state_chain *chain, const struct task_snapshot_identity *file,
                         uint64_t bytes, uint64_t added);
/* The same of a file that was read, behind the parts that it stands on. */
void state_parts_end(struct state_parts *parts, const struct task_snapshot_identity *file,
                     uint64_t bytes, uint64_t added);
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
