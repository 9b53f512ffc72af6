/* SPDX-License-Identifier: Apache-2.0
 *
 * A keyed count of two stages, source -> hash -> count, without a world: steps are taken, items,
 * credits and snapshots carried by hand, in the order that a seed draws. Checkpoints can be taken,
 * everything can be thrown away and begun anew from the last complete one, at another parallelism.
 * What comes out is held against a plain loop over the same records.
 */
#ifndef WEIR_TESTS_LIB_EXEC_LINE_H
#define WEIR_TESTS_LIB_EXEC_LINE_H

#include "core/base/rng.h"
#include "core/exec/task.h"

enum { LINE_WIDTH_MAX = 8, LINE_GROUPS = 128 };

struct exec_line_config {
    uint32_t splits;
    uint64_t records, keys;
    uint32_t buffer_size;
    enum barrier_mode barriers;
    bool checkpoints;      /* tasks end behind their last one */
    uint32_t step_records; /* most that a task takes in a step; 0: no limit */
    uint64_t seed;
};

struct line_file {
    struct snapshot_bytes bytes;
    struct task_snapshot_file file;
};

/* A checkpoint: one file of each task. */
struct line_checkpoint {
    uint64_t id;
    uint32_t width[2], written, expected; /* files: what has finished stores nothing */
    struct line_file files[2][LINE_WIDTH_MAX];
};

struct exec_line {
    struct exec_line_config config;
    struct rng rng;
    uint32_t width[2];
    struct exec_task *tasks[2][LINE_WIDTH_MAX];
    uint64_t next_checkpoint;
    struct line_checkpoint pending, complete; /* id 0: none */
    time_ns now;
    uint64_t steps;
};

void exec_line_init(struct exec_line *line, const struct exec_line_config *config);
void exec_line_fini(struct exec_line *line);

/* Makes all tasks, from the last complete checkpoint where there is one. */
void exec_line_start(struct exec_line *line, uint32_t sources, uint32_t counters);
/* Throws all tasks away with what they hold, and the checkpoint under way. */
void exec_line_kill(struct exec_line *line);
/* Has no task finished yet? From then on the whole is not begun anew any more. */
bool exec_line_is_whole(const struct exec_line *line);
/* Unless one is under way. timeout: of an aligned one, TIME_NEVER: none. */
void exec_line_trigger(struct exec_line *line, enum barrier_alignment alignment, time_ns timeout);
/* Something drawn: a step of some task, items or credits of some channel. False: all have ended. */
bool exec_line_go(struct exec_line *line);
/* In order instead, as fast as it goes. */
bool exec_line_carry(struct exec_line *line);

/* Counts of all keys are those of the plain loop; for a line whose tasks have ended. */
void exec_line_check_counts(const struct exec_line *line);

#endif
