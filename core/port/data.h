/* SPDX-License-Identifier: Apache-2.0
 *
 * The words that control and data plane have in common: tasks, their states, why they failed, what
 * a checkpoint asks of them and what they answer. The modelled data plane (sim/model) speaks them;
 * another one would speak the same.
 */
#ifndef WEIR_PORT_DATA_H
#define WEIR_PORT_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ids.h"
#include "core/base/machine.h"
#include "core/base/time.h"

/* Flink's ExecutionState. The table is in data.c. */
enum execution_state {
    EXECUTION_CREATED,
    EXECUTION_SCHEDULED,
    EXECUTION_DEPLOYING,
    EXECUTION_INITIALIZING,
    EXECUTION_RUNNING,
    EXECUTION_FINISHED,
    EXECUTION_CANCELING,
    EXECUTION_CANCELED,
    EXECUTION_FAILED,
    EXECUTION_STATE_COUNT
};

extern const struct state_table execution_states;

/* Why something failed: Flink's exception, the sentence the log says, and whether a restart makes
 * sense. recoverable = an ordinary failure for the restart strategy; fatal = fails the job without
 * asking it. */
#define FAILURE_CAUSES(X)                                                                          \
    X(NONE, "", "", true)                                                                          \
    X(USER_CODE, "RuntimeException", "user code failed", true)                                     \
    X(SNAPSHOT, "IOException", "could not perform checkpoint", true)                               \
    X(RESTORE, "Exception", "could not restore the task's state", true)                            \
    X(CONNECTION_LOST, "RemoteTransportException", "data connection to a TaskManager lost", true)  \
    X(UNREACHABLE, "RecipientUnreachableException", "TaskManager cannot be reached", true)         \
    X(RPC_TIMEOUT, "TimeoutException", "TaskManager did not answer in time", true)                 \
    X(HEARTBEAT_TIMEOUT, "TimeoutException", "heartbeat of a TaskManager timed out", true)         \
    X(HEARTBEAT_UNREACHABLE, "JobMasterException", "TaskManager no longer reachable", true)        \
    X(TASK_MANAGER_SHUTDOWN, "FlinkExpectedException", "TaskManager is shutting down", true)       \
    X(JOB_MASTER_LOST, "Exception", "TaskManager lost its JobMaster", true)                        \
    X(SLOT_LOST, "FlinkException", "slot was freed under the task", true)                          \
    X(TASK_UNKNOWN, "FlinkException", "TaskManager does not know the task", true)                  \
    X(CANCEL_FAILED, "Exception", "task could not be canceled", true)                              \
    X(CHECKPOINT_FAILURES, "FlinkRuntimeException", "too many failed checkpoints", true)           \
    X(NO_RESOURCE, "NoResourceAvailableException", "the slots needed cannot be had", true)         \
    X(STOP_FAILED, "StopWithSavepointStoppingException", "stop with savepoint failed", true)       \
    X(GRAPH, "JobException", "the execution graph could not be built", false)                      \
    X(SUPPRESSED, "SuppressRestartsException", "the failure forbids a restart", false)             \
    X(REPORT_FAILED, "TimeoutException", "the JobMaster was not told of the task's state", true)   \
    X(RM_UNREACHABLE, "ResourceManagerException", "TaskManager no longer reachable", true)         \
    X(OUT_OF_MEMORY, "OutOfMemoryError", "state does not fit into the TaskManager's memory", true) \
    X(LOWER_BOUNDS, "NoResourceAvailableException", "not enough slots for the lower bounds", true)

#define X(cause, exception, sentence, recoverable) CAUSE_##cause,
enum failure_cause { FAILURE_CAUSES(X) CAUSE_COUNT };
#undef X

const char *failure_cause_exception(enum failure_cause cause); /* Flink's class */
const char *failure_cause_sentence(enum failure_cause cause);
bool failure_cause_is_recoverable(enum failure_cause cause);

/* One try at running one subtask. */
struct task_attempt {
    struct task_id task;
    uint32_t attempt; /* from 0; survives into the next graph of the adaptive scheduler */
    uint32_t graph;   /* the job's how-manieth execution graph: task numbers are one graph's only */
};

static inline bool task_attempt_equal(struct task_attempt a, struct task_attempt b)
{
    return a.task.n == b.task.n && a.attempt == b.attempt && a.graph == b.graph;
}

/* What a TaskManager is told to run. */
struct task_deployment {
    struct task_attempt attempt;
    struct vertex_id vertex;
    uint32_t subtask, parallelism;
    uint32_t key_group_first, key_group_last; /* inclusive; first > last: no keyed state */
    struct allocation_id allocation;
    int32_t slot_cpu_milli; /* of the slot, when it was cut to a profile; 0: a default slot. The
                               TaskManager says so to its data plane, nobody else knows */
    uint64_t restore_checkpoint; /* 0: starts empty */
    int64_t restore_bytes;       /* to be read before it can run */
};

/* What a TaskManager says of one of its tasks. */
struct task_report {
    struct task_attempt attempt;
    enum execution_state state; /* INITIALIZING, RUNNING, FINISHED, CANCELED or FAILED */
    enum failure_cause cause;   /* of FAILED */
    struct node_id remote;      /* of CONNECTION_LOST: whose end of it broke; else none */
    uint32_t detail;            /* of FAILED: number of a text that the world keeps; 0: none */
};

enum checkpoint_kind {
    CHECKPOINT_PERIODIC,
    CHECKPOINT_SAVEPOINT,
    CHECKPOINT_STOP_SUSPEND, /* synchronous savepoint; sources stop behind it */
    CHECKPOINT_STOP_DRAIN,   /* the same after MAX_WATERMARK */
    CHECKPOINT_KIND_COUNT
};

struct checkpoint_order {
    uint64_t checkpoint; /* from 1; Flink's ids */
    enum checkpoint_kind kind;
    bool unaligned;
    time_ns aligned_timeout; /* unaligned only: switch after this age; 0 at once */
};

/* One subtask's part of a checkpoint. */
struct checkpoint_ack {
    struct task_attempt attempt;
    int64_t state_bytes;     /* full size of its state */
    int64_t written_bytes;   /* what this checkpoint had to write (less when incremental) */
    int64_t in_flight_bytes; /* channel state of an unaligned checkpoint */
    time_ns alignment, sync, async;
    uint32_t at_end; /* 1: its operators had finished before (TaskStateSnapshot.isTaskFinished) */
};

/* State of a task that is no larger travels in its acknowledgement and its deployment
 * (execution.checkpointing.data-inline-threshold). */
enum { CHECKPOINT_INLINE_BYTES = 20 * 1024 };

/* In as many increments each key group is written whole at least once. */
enum { CHECKPOINT_ROUND_MOST = 256 };

/* A file that this part of an incremental checkpoint stands on, its own among them. */
struct shared_file {
    struct task_id task; /* whose part */
    uint64_t checkpoint; /* that the file was stored for */
    uint32_t subtask;    /* of the task's vertex, as it was then: by which */
};

enum data_report {
    DATA_TASK_STATES,
    DATA_CHECKPOINT_ACKNOWLEDGED,
    DATA_CHECKPOINT_DECLINED,
    DATA_END_OF_DATA,    /* tasks have worked off all their input, which has ended */
    DATA_SOURCE_BACKLOG, /* a source has begun to work off a backlog, or has caught up */
    DATA_REPORT_COUNT
};

#endif
