/* SPDX-License-Identifier: Apache-2.0
 *
 * How the barriers of one checkpoint travelled, as shapes on lanes: one lane for each subtask,
 * vertices from the sources down. In: the lines of a log of level message. Out: rows of a CSV file
 * that a script draws (kind,from,lane,to,other,text; times in seconds since the trigger).
 */
#ifndef WEIR_SIM_REPORT_BARRIER_LANES_H
#define WEIR_SIM_REPORT_BARRIER_LANES_H

#include <stdio.h>

#include "sim/report/run_log.h"

enum { BARRIER_LANES_MAX = 24 };

struct barrier_vertex {
    const char *name;
    int64_t subtasks, shown;
    size_t first_lane;
    uint32_t sources_left; /* of the order from the sources down */
    bool placed;
};

struct barrier_shape {
    const char *kind; /* aligned, unaligned, block, sync, async, overtook, acknowledged */
    time_ns from, to;
    size_t vertex, other;
    int64_t subtask, other_subtask, buffers;
};

struct barrier_lanes {
    const char *job;
    int64_t checkpoint;
    time_ns trigger, end; /* end: of the last shape */
    VEC(struct barrier_vertex) vertices;
    VEC(struct barrier_shape) shapes;
    size_t lanes, subtasks; /* shown, and all */
    bool unaligned;
};

/* job null: the first one that has the checkpoint. Refuses a checkpoint that the log does not tell
 * of, and a log of another level. */
MUST_CHECK struct err barrier_lanes_init(struct barrier_lanes *lanes, const struct run_log *log,
                                         const char *job, int64_t checkpoint, struct note *note);
void barrier_lanes_fini(struct barrier_lanes *lanes);
void barrier_lanes_write(const struct barrier_lanes *lanes, FILE *file);

#endif
