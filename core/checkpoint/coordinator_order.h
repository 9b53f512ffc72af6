/* SPDX-License-Identifier: Apache-2.0
 *
 * What the checkpoint coordinator wants done. Orders wait until the JobMaster takes them one by one
 * (checkpoint_coordinator_next_order) and carries them out.
 */
#ifndef WEIR_CHECKPOINT_COORDINATOR_ORDER_H
#define WEIR_CHECKPOINT_COORDINATOR_ORDER_H

#include "core/checkpoint/pending_checkpoint.h"

/* What the coordinator wants done, in order. */
enum checkpoint_order_kind {
    ORDER_TRIGGER,        /* tell the tasks of checkpoint_coordinator_tasks_to_trigger */
    ORDER_WRITE_METADATA, /* store effect; answer with checkpoint_coordinator_on_stored */
    ORDER_COMPLETED,      /* tell all tasks if tell_tasks, answer the client, tell the scheduler */
    ORDER_ABORTED,        /* tell all tasks, answer the client, tell the scheduler */
    ORDER_REFUSED,        /* a request that never became a checkpoint: answer the client, tell the
                             scheduler */
    ORDER_DISCARD,        /* a checkpoint's files may go: subsumed, or the job ended */
    ORDER_DISCARD_SHARED, /* the same of one file that checkpoints shared */
    ORDER_FAIL_JOB,       /* too many counted failures, or a synchronous savepoint failed */
    ORDER_KIND_COUNT
};

struct checkpoint_coordinator_order {
    enum checkpoint_order_kind kind;
    uint64_t checkpoint;             /* 0: REFUSED */
    struct checkpoint_order how;     /* of all kinds but DISCARD */
    enum checkpoint_failure failure; /* ABORTED, REFUSED, FAIL_JOB */
    bool counted;                    /* ABORTED, REFUSED: for the adaptive scheduler's countdown */
    bool is_savepoint;               /* DISCARD: what goes is one */
    struct job_id files_of;          /* DISCARD: the job it was taken of */
    struct shared_state_file shared; /* DISCARD_SHARED */
    bool tell_tasks;                 /* COMPLETED: not after a savepoint that is not synchronous */
    uint64_t request;                /* its number, as checkpoint_coordinator_request gave it */
    uint64_t client_token;
    int64_t bytes;          /* WRITE_METADATA, COMPLETED: state and channel state */
    time_ns duration;       /* COMPLETED: from the trigger on */
    struct task_attempt by; /* FAIL_JOB: only if this one runs; task none: in any case */
};

/* Orders wait here until they are taken, over any number of calls. */
struct checkpoint_orders {
    VEC(struct checkpoint_coordinator_order) queue;
    size_t taken;
};

#endif
