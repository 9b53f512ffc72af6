/* SPDX-License-Identifier: Apache-2.0
 *
 * What execution.state-recovery.path names. Flink takes the directory that a savepoint was written
 * to, which ends in random letters; here a snapshot is called by what it is one of, so that it has
 * a name before there is a run: "savepoint of JOB", "savepoint 3 of JOB", "checkpoint of JOB",
 * "checkpoint 7 of JOB". Numbers are those of the log; without one the newest is meant.
 */
#ifndef WEIR_PORT_SNAPSHOT_PATH_H
#define WEIR_PORT_SNAPSHOT_PATH_H

#include <stdbool.h>
#include <stdint.h>

struct snapshot_path {
    bool is_savepoint; /* else a retained checkpoint */
    uint64_t id;       /* 0: the newest */
    const char *job;   /* name; points into the text */
};

/* How one is written, for complaints. */
#define SNAPSHOT_PATH_FORM "savepoint of JOB, savepoint 3 of JOB, or the same with checkpoint"

/* False when the text is not one; then `out` means nothing. */
bool snapshot_path_read(const char *text, struct snapshot_path *out);

#endif
