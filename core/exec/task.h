/* SPDX-License-Identifier: Apache-2.0
 *
 * A task: one attempt at one subtask of a vertex, stepped by its mailbox. In: items and credits
 * that the world carries, orders, the time. Out: items in its outputs, credits in its gates, facts.
 * A step is an order, a deadline, an event or some records. Source: StreamTask, MailboxProcessor.
 *
 *     INITIALIZING -> RECOVERING -> RUNNING -> (input has ended) AT_END -> FINISHED
 *                \____________\___________\______________________\-> FAILED | CANCELED
 */
#ifndef WEIR_EXEC_TASK_H
#define WEIR_EXEC_TASK_H

#include "core/exec/barrier_handler.h"
#include "core/exec/chain.h"
#include "core/exec/in_flight.h"
#include "core/exec/snapshot_work.h"

enum exec_task_state {
    EXEC_INITIALIZING,
    EXEC_RECOVERING, /* works off what was in flight to it; INITIALIZING still for all others */
    EXEC_RUNNING,
    EXEC_AT_END, /* all input is worked off; the last checkpoint is awaited */
    EXEC_FINISHED,
    EXEC_FAILED,
    EXEC_CANCELED,
    EXEC_STATE_COUNT
};
extern const struct state_table exec_task_states;

struct exec_input_config {
    struct input_gate_config gate;
    struct record_layout layout;
    struct snapshot_serializer serializer; /* who wrote them: others in a checkpoint are refused */
    uint32_t buffer_size, head_input; /* of the largest that comes; which of the chain's head */
    enum partitioner partitioner;     /* how the edge deals out its records */
    struct record_route route;        /* of hash and custom edges */
};

struct exec_task_config {
    struct task_snapshot_identity identity; /* checkpoint: what it is restored from; 0: nothing */
    struct key_group_range groups;
    const struct operator_spec *operators; /* all lists outlive the task but for inputs, outputs */
    uint32_t operator_count;
    const struct exec_input_config *inputs;
    const struct task_output_config *outputs;
    const struct chain_binding *bindings;
    uint32_t input_count, output_count;
    enum barrier_mode barriers;
    bool is_new; /* the checkpoint knows none of its operators: they begin as if without */
    bool finishes_behind_checkpoint; /* checkpoints-after-tasks-finish, and there are checkpoints */
    bool awaits_first;      /* a source: it reads nothing before it is told of a checkpoint */
    bool awaits_readers;    /* there are checkpoints: exec_task_data_is_read */
    bool readers_recover;   /* those that read from it are told of its files (set_writers) */
    time_ns buffer_timeout; /* TIME_NEVER: full buffers only; 0: after each step */
    uint64_t seed;
    bool keyed_on_disk;       /* keyed state takes no memory: only that of operators does */
    bool incremental;         /* checkpoints hold what has changed; savepoints hold everything */
    bool builds_on_restored;  /* also since the checkpoint that it is restored from */
    struct exec_probe *probe; /* null: nobody looks; outlives the task */
    time_ns step_cost_max, record_wait; /* no records behind it; 0: no limit; what each adds */
    time_ns call_cost_max;              /* of one call of a user's function; 0: no limit */
    void (*leave)(void *world), *world; /* out of exec_task_step: exec_task_left follows; or null */
};

enum task_fact_kind {
    TASK_FACT_INPUT_RECOVERED, /* what was in flight is read: it may be given what comes anew */
    TASK_FACT_SNAPSHOT, /* one has begun: its bytes are to be written (exec_task_write_snapshot) */
    TASK_FACT_DECLINED, /* a checkpoint cannot be taken */
    TASK_FACT_END_OF_DATA,
    TASK_FACT_FINISHED,
    TASK_FACT_FAILED,
};

struct task_fact {
    enum task_fact_kind kind;
    uint32_t input; /* of INPUT_RECOVERED */
    uint64_t checkpoint;
    enum barrier_abort_reason reason; /* of DECLINED */
};

enum exec_step_kind {
    STEP_NOTHING,       /* no input */
    STEP_BACKPRESSURED, /* input perhaps, but no room for output */
    STEP_WORKED,
};

struct exec_step {
    enum exec_step_kind kind;
    time_ns cost;       /* CPU time charged */
    uint64_t written;   /* bytes that its sinks have given to storage */
    bool awaits_writes; /* those are to be there before anything else comes of it */
};

struct exec_task;
/* INITIALIZING. Refuses outputs that cannot be. */
struct exec_task *exec_task_create(const struct exec_task_config *config, struct note *note);
void exec_task_destroy(struct exec_task *task);
/* Before it is restored: files of those that write to this input, which last until it is open. */
void exec_task_set_writers(struct exec_task *task, uint32_t input,
                           const struct in_flight_writers *writers);
/* The same of older files that those of its own vertex add to (task_snapshot_older). */
void exec_task_set_older(struct exec_task *task, const struct task_snapshot_file *older, size_t n);
/* Opens its operators; files: of all old subtasks, vertex by vertex that they were in. Then
 * RECOVERING where something was in flight to it, else RUNNING, or FAILED: what is wrong there. */
void exec_task_open(struct exec_task *task, const struct task_snapshot_file *files, size_t count,
                    time_ns now);

/* What the world carries. */
struct input_gate *exec_task_gate(struct exec_task *task, uint32_t input);
struct result_partition *exec_task_output(struct exec_task *task, uint32_t output);
void exec_task_set_arrived(struct exec_task *task, uint64_t records, bool ended); /* in its log */
bool exec_task_waits(const struct exec_task *task); /* for its first checkpoint: awaits_first */
/* Watermark alignment: what its source reports (WATERMARK_MAX: idle), where it reads no further. */
int64_t exec_task_source_watermark(const struct exec_task *task);
void exec_task_set_watermark_bound(struct exec_task *task, int64_t bound);

/* A channel whose data is worked off: its sender is to be told. False: none. One that awaits its
 * readers finishes behind that: their snapshots may need it (getAllDataProcessedFuture). */
bool exec_task_take_read(struct exec_task *task, uint32_t *input, uint32_t *channel);
void exec_task_data_is_read(struct exec_task *task, uint32_t output, uint32_t channel);

/* Orders; they wait in the mailbox. */
void exec_task_trigger_checkpoint(struct exec_task *task, const struct checkpoint_barrier *barrier,
                                  bool ends_input);
void exec_task_checkpoint_complete(struct exec_task *task, uint64_t checkpoint);
void exec_task_checkpoint_aborted(struct exec_task *task, uint64_t checkpoint);
void exec_task_fail(struct exec_task *task, enum failure_cause cause, const char *text);
void exec_task_cancel(struct exec_task *task); /* at once */

struct exec_step exec_task_step(struct exec_task *task, time_ns now);
struct exec_step exec_task_left(struct exec_task *task); /* in place of one that was left */
time_ns exec_task_deadline(const struct exec_task *task);
bool exec_task_take_fact(struct exec_task *task, struct task_fact *out);

/* The asynchronous part of a snapshot; SNAPSHOT_WRITTEN also for one that is not there any more. */
enum snapshot_progress exec_task_write_snapshot(struct exec_task *task, uint64_t checkpoint,
                                                size_t budget);
/* A written one, to be stored; null: aborted meanwhile. It is the caller's to destroy. */
struct snapshot_work *exec_task_give_snapshot(struct exec_task *task, uint64_t checkpoint);

enum exec_task_state exec_task_state(const struct exec_task *task);
enum failure_cause exec_task_cause(const struct exec_task *task, const char **text);
const struct chain *exec_task_chain(const struct exec_task *task);
uint64_t exec_task_state_bytes(const struct exec_task *task);
void exec_task_set_state_bytes_max(struct exec_task *task, uint64_t bytes); /* 0: no limit */
uint64_t exec_task_timers(const struct exec_task *task); /* that are set, of all operators */
int64_t exec_task_watermark(const struct exec_task *task);
void exec_task_check(const struct exec_task *task); /* invariants, linear */

#endif
