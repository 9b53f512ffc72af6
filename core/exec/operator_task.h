/* SPDX-License-Identifier: Apache-2.0
 *
 * What all operators of a task share: the task writes it before each call, operators say in it what
 * they cost and that they have failed. It is all that they may know of the world.
 */
#ifndef WEIR_EXEC_OPERATOR_TASK_H
#define WEIR_EXEC_OPERATOR_TASK_H

#include "core/base/err.h"
#include "core/graph/key_groups.h"
#include "core/port/data.h"

#define WATERMARK_NONE INT64_MIN
#define WATERMARK_MAX  INT64_MAX /* behind a bounded input */

struct chain;
struct exec_probe;
struct state_registry;

/* The user's function that was called last, by its name in weir.h, and whose it is. Somebody
 * outside may look while it does not come back: each is read and written as a whole. */
struct user_call {
    const char *operator_name, *function;
};

struct operator_task {
    time_ns now;
    struct state_registry *states; /* keyed state of all its operators */
    uint32_t subtask, parallelism;
    int32_t max_parallelism;
    struct key_group_range groups;
    uint64_t seed;           /* the run's */
    uint64_t arrived;        /* sources that read a log: records that it holds by now, all splits */
    bool log_ended;          /* none will come any more */
    int64_t watermark_bound; /* sources do not go further; WATERMARK_MAX: no bound */
    int64_t source_watermark;         /* what a source has emitted; WATERMARK_MAX: it is idle */
    bool ends_without_checkpoint;     /* behind the end of its input no checkpoint is taken */
    time_ns cost;                     /* CPU time charged since the task last took it */
    uint64_t written;                 /* the same of bytes that sinks gave to storage */
    bool awaits_writes;               /* which are to be there before the task goes on */
    uint64_t state_written;           /* bytes, since the budget was looked at */
    time_ns call_cost, call_cost_max; /* of the user's call under way; TIME_NEVER: no limit */
    struct user_call call;
    /* Out of a call that goes on all the same; does not come back. Null: there is no way out. */
    void (*leave)(void *world);
    void *world;
    struct chain *chain;
    struct exec_probe *probe;          /* null: nobody looks */
    uint32_t read_input, read_channel; /* where the batch came from */
    uint64_t epoch; /* the checkpoint that it was last part of, or restored from */
    /* Of the first operator that failed; the task fails with it when the batch is through. */
    bool failed;
    enum failure_cause cause;
    struct note note;
};

#endif
