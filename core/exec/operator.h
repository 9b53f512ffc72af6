/* SPDX-License-Identifier: Apache-2.0
 *
 * An operator: one step of a chain, in one subtask. In: batches of records, watermarks, the end of
 * its input. Out: records, through the collectors of its outputs (0 is the main one, others are
 * side outputs). It calls nobody but these; what it may know of the world is in operator_task.
 *
 * An open set: one file and one struct operator_class each.
 */
#ifndef WEIR_EXEC_OPERATOR_H
#define WEIR_EXEC_OPERATOR_H

#include "core/base/err.h"
#include "core/base/vec.h"
#include "core/exec/collector.h"
#include "core/exec/operator_task.h"
#include "core/exec/probe.h"
#include "core/graph/job_graph.h"

enum {
    CHAIN_OPERATORS_MAX = 64,
    OPERATOR_OUTPUTS_MAX = 16,
    OPERATOR_ROOMS = 2,
    SOURCE_BATCH_MAX = 2048, /* records of one poll */
};

struct operator;
struct state_list;
struct state_size;
enum source_status {
    SOURCE_MORE,  /* call again at once: it has read, or passed over what gives no record */
    SOURCE_WAITS, /* nothing more has arrived, or may be read */
    SOURCE_ENDED, /* nor will it */
};

struct operator_class {
    const char *name;
    size_t size; /* of its own struct, which begins with a struct operator */
    void (*open)(struct operator* op);
    void (*close)(struct operator* op);
    void (*process)(struct operator* op, uint32_t input, const struct batch *batch);
    /* The operator's own clock has moved on; null: none of its business. It goes on by itself,
     * unless the class holds watermarks: then what goes on is what it emits. The same of the status
     * (idle or not). */
    void (*watermark)(struct operator* op, int64_t watermark);
    void (*status)(struct operator* op, bool idle);
    bool holds_watermarks, holds_status;
    void (*finish)(struct operator* op); /* its inputs have ended; null: nothing to do */
    /* Processing time: when it wants to be called (TIME_NEVER: not now), and the call. */
    time_ns (*deadline)(struct operator* op);
    void (*on_time)(struct operator* op, time_ns now);
    /* No room: the task takes no further batch. Pending: finished, but not through; the task waits
     * with its end. Null: always, never. */
    bool (*has_room)(const struct operator* op);
    bool (*is_pending)(const struct operator* op);
    /* A checkpoint: before its barrier goes on; complete everywhere; given up. */
    void (*prepare)(struct operator* op, uint64_t checkpoint);
    void (*complete)(struct operator* op, uint64_t checkpoint);
    void (*aborted)(struct operator* op, uint64_t checkpoint);
    enum source_status (*poll)(struct operator* op, uint32_t records_max); /* sources only */
    /* Operator state: a list whose entries are dealt out anew when the parallelism changes, by
     * `lists` of job_graph.h. save appends what a snapshot holds; load is given what this subtask
     * got, before open. Null: it has none. */
    enum operator_state lists;
    void (*save)(const struct operator* op, struct state_list *out);
    struct err (*load)(struct operator* op, const struct state_list *in, struct note *note);
    /* Part i of what it holds in memory without a key; false: there are not so many. Null: it holds
     * nothing that grows. */
    bool (*size_of_state)(const struct operator* op, uint32_t i, struct state_size *out);
};

/* How an operator is set up; the same for all subtasks. Belongs to the job's program. id: of its
 * state in snapshots, in whatever chain (Flink's OperatorID). */
struct operator_spec {
    const char *name;
    uint64_t id;
    const struct operator_class *class;
    const void *params; /* of the class's own type */
    time_ns cost;       /* CPU per record in (sources: per record out) */
    VEC(struct record_layout) outputs;
};

struct operator
{
    const struct operator_class *class;
    const struct operator_spec *spec;
    struct operator_task *task;
    struct collector *outs[OPERATOR_OUTPUTS_MAX];
    uint32_t place; /* in the chain */
    uint64_t records_in;
    void *rooms[OPERATOR_ROOMS]; /* of what its class needs again and again; the chain's to free */
};

/* A source charges what it has emitted itself; for others the chain does. */
static inline void operator_charge(struct operator* op, uint32_t records)
{
    op->records_in += records;
    op->task->cost += op->spec->cost * records;
}

/* To the readers of this operator's outputs, behind all that it has written; at any time. */
void operator_emit_watermark(struct operator* op, int64_t watermark);
void operator_emit_status(struct operator* op, bool idle);

/* A time that windows can count with. False: none, or too far off; the operator has failed. */
bool operator_has_time(struct operator* op, int64_t timestamp, const char *what);
/* Record i of the batch as it is, if the operator has such an output. */
void operator_put_aside(struct operator* op, uint32_t output, const struct batch *batch,
                        uint32_t i);

/* The task fails when the call is over; the first failure counts. */
void operator_fail(struct operator* op, enum failure_cause cause, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
