/* SPDX-License-Identifier: Apache-2.0
 *
 * The last words of a run in which a check failed: which check, in which run, at which event, the
 * log lines just before it, and the command that repeats it. The run loop says beforehand what runs
 * and feeds the lines; check_failed (core/base/check.h) prints all that to stderr and aborts. One
 * world runs at a time, so this state is the program's.
 */
#ifndef WEIR_SIM_KERNEL_FATAL_H
#define WEIR_SIM_KERNEL_FATAL_H

#include "core/port/log.h"
#include "sim/kernel/queue.h"

enum { FATAL_LINES = 20, FATAL_REASON_MAX = 96 };

/* Borrowed until the next call; any text may be null. */
struct fatal_run {
    const char *scenario; /* its file */
    const char *command;  /* repeats the run */
    uint64_t seed;
    const struct sim_queue *queue; /* null: no event number is told */
};

/* Says what runs from now on and forgets the lines; null: nothing does. */
void fatal_set_run(const struct fatal_run *run);

/* Keeps the line for the last words; the reason is copied (cut at FATAL_REASON_MAX). Cheap: no
 * text is made. */
void fatal_keep_line(time_ns at, struct node_id node, const struct log_line *line);

#endif
