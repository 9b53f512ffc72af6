/* SPDX-License-Identifier: Apache-2.0
 *
 * When a task with inputs takes its snapshot. One per task, over all its gates. In: every event
 * that a gate gives, before the task looks at it, and the time. Out: "trigger now", "all barriers
 * are there", aborts with Flink's reason; blocks, resumes and stores at the gates itself. Source:
 * Flink's SingleCheckpointBarrierHandler with its BarrierHandlerStates, CheckpointBarrierTracker.
 *
 *     aligned        blocks each channel at its barrier until all have come
 *     alternating    the same for aligned barriers; unaligned ones, and aligned ones whose age has
 *                    passed their time-out, trigger at the first; buffers become channel state
 *     at least once  counts barriers, blocks nothing
 */
#ifndef WEIR_EXEC_BARRIER_HANDLER_H
#define WEIR_EXEC_BARRIER_HANDLER_H

#include "core/base/machine.h"
#include "core/exec/input_gate.h"

enum { BARRIERS_TRACKED_MAX = 50 }; /* MAX_CHECKPOINTS_TO_TRACK */

enum barrier_mode {
    BARRIER_MODE_ALIGNED,
    BARRIER_MODE_ALTERNATING,
    BARRIER_MODE_AT_LEAST_ONCE,
    BARRIER_MODE_COUNT
};

enum barrier_state {
    BARRIER_WAITING_FOR_FIRST,
    BARRIER_COLLECTING,
    BARRIER_ALTERNATING_WAITING_FOR_FIRST,
    BARRIER_ALTERNATING_COLLECTING,
    BARRIER_ALTERNATING_WAITING_FOR_FIRST_UNALIGNED,
    BARRIER_ALTERNATING_COLLECTING_UNALIGNED,
    BARRIER_STATE_COUNT
};
extern const struct state_table barrier_states;

/* Of CheckpointFailureReason. */
enum barrier_abort_reason {
    BARRIER_ABORT_SUBSUMED,            /* CHECKPOINT_DECLINED_SUBSUMED */
    BARRIER_ABORT_ON_CANCELLATION,     /* CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER */
    BARRIER_ABORT_INPUT_END_OF_STREAM, /* CHECKPOINT_DECLINED_INPUT_END_OF_STREAM */
    BARRIER_ABORT_TASK_CLOSING,        /* CHECKPOINT_DECLINED_TASK_CLOSING */
    BARRIER_ABORT_REASON_COUNT
};
extern const char *const barrier_abort_reasons[BARRIER_ABORT_REASON_COUNT];

struct barrier_abort {
    int64_t checkpoint;
    enum barrier_abort_reason reason;
};

/* What one call asks of the task, in this order. Belongs to the handler until the next call. */
struct barrier_outcome {
    VEC(struct barrier_abort) aborts;  /* tell the coordinator; send cancellation markers on */
    bool trigger;                      /* snapshot now, before any further input */
    struct checkpoint_barrier barrier; /* of trigger: as it goes on to the outputs */
    bool complete;                     /* of `completed`: no channel state will be added */
    int64_t completed;
};

struct barrier_channel {
    uint32_t gate, channel;
    bool aligned; /* its barrier of the current checkpoint has come, or it has ended */
    bool blocked; /* by us */
    bool announced;
    uint32_t announced_sequence;
};

/* Of the tracker: a checkpoint some of whose barriers have come. */
struct barrier_count {
    struct checkpoint_barrier barrier;
    uint32_t target, aligned;
    bool aborted;
    uint64_t *aligned_channels; /* a bit each */
};

struct barrier_handler {
    enum barrier_mode mode;
    enum barrier_state state;
    bool after_finish; /* execution.checkpointing.checkpoints-after-tasks-finish */
    struct input_gate **gates;
    uint32_t gate_count, *first_of_gate; /* its first in `channels` */
    struct barrier_channel *channels;
    uint32_t channel_count, open, aligned, target;
    int64_t current, last_done; /* checkpoints; last_done: completed or aborted; -1 before any */
    struct checkpoint_barrier pending;
    bool has_pending;
    time_ns timer;                /* alignment time-out; TIME_NEVER: none */
    struct barrier_count *counts; /* at least once: checkpoints that are not complete, in order */
    uint32_t count_count;
    uint64_t *count_bits; /* memory of all aligned_channels */
    struct barrier_outcome outcome;
    /* Figures of the current or last checkpoint. */
    bool is_aligning;
    time_ns alignment_start, alignment_ns, start_delay_ns;
    uint64_t bytes_processed, bytes_stored_before; /* processed: during alignment */
};

void barrier_handler_init(struct barrier_handler *handler, enum barrier_mode mode,
                          bool after_finish, struct input_gate *const *gates, uint32_t gate_count);
void barrier_handler_fini(struct barrier_handler *handler);

/* Every event that input_gate_next gave; those of other kinds ask nothing. */
const struct barrier_outcome *barrier_handler_on_event(struct barrier_handler *handler,
                                                       uint32_t gate, uint32_t channel,
                                                       const struct channel_event *event,
                                                       time_ns now);
time_ns barrier_handler_deadline(const struct barrier_handler *handler);
const struct barrier_outcome *barrier_handler_on_time(struct barrier_handler *handler, time_ns now);

/* Of a buffer that the task reads: bytes processed during alignment. */
void barrier_handler_add_processed(struct barrier_handler *handler, uint32_t bytes);
uint64_t barrier_handler_bytes_stored(const struct barrier_handler *handler);
bool barrier_handler_is_pending(const struct barrier_handler *handler);
void barrier_handler_check(const struct barrier_handler *handler);

#endif
