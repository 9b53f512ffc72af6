/* SPDX-License-Identifier: Apache-2.0
 *
 * The event log: what the core says about itself, as data. A line is one move of a machine (from,
 * to) or one fact (what), with its subject and a reason. The text form is made by the world
 * (sim/report, legend in docs/log.md); names and words are static texts, so a line is cheap when
 * nobody reads it.
 */
#ifndef WEIR_PORT_LOG_H
#define WEIR_PORT_LOG_H

#include "core/base/ids.h"
#include "core/base/time.h"

/* decision: what a planner or a test asserts on. task: every attempt's moves. message: everything.
 */
enum log_level { LOG_DECISION, LOG_TASK, LOG_MESSAGE, LOG_LEVEL_COUNT };

/* Which of the ids below are set, and so which keys the line has. */
enum log_subject {
    LOG_OF_JOB = 1,
    LOG_OF_TASK = 2,
    LOG_OF_PEER = 4,
    LOG_OF_CHECKPOINT = 8,
    LOG_OF_VERTEX = 16,
    LOG_OF_SLOT = 32,
    LOG_OF_VALUE = 64,
    LOG_OF_REMOTE = 128,
};

struct log_line {
    enum log_level level;
    const char *machine; /* state_table.machine, or the role that speaks: static */
    const char *what;    /* "move", or the fact: static */
    const char *from;    /* state names of a move, else null: static */
    const char *to;
    unsigned subject; /* of log_subject */
    struct job_id job;
    struct vertex_id vertex;
    uint32_t subtask, attempt; /* with LOG_OF_TASK, which also sets vertex */
    struct node_id peer;
    struct node_id remote; /* the other end of a data connection of the task */
    struct slot_id slot;
    uint64_t checkpoint;
    int64_t value;
    uint32_t detail;    /* of a task that FAILED: number of a text that the world keeps; 0: none */
    const char *reason; /* null, static, or in the effects' arena */
};

#endif
