/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks as the data plane sees them, and the steps of their lives. A task is one attempt at one
 * subtask on one host. Tasks of one host that do the same thing at the same time share a step: one
 * draw, one event of the queue, one report. Numbers of tasks and steps are reused; a generation
 * tells whether the one meant is still there.
 *
 *   DEPLOYING --deploy--> INITIALIZING --restore, initialize--> RUNNING --user code fails-->
 * CLOSING
 *        \______________________\______________________________/ \__cancel__> CANCELING   (close())
 */
#ifndef WEIR_SIM_MODEL_TASK_H
#define WEIR_SIM_MODEL_TASK_H

#include "core/port/data.h"
#include "sim/cluster/shared_bandwidth.h"
#include "sim/cluster/virtual_cluster.h"

enum task_phase {
    TASK_FREE, /* no task has this number now */
    TASK_DEPLOYING,
    TASK_INITIALIZING,
    TASK_RUNNING,
    TASK_CLOSING,  /* it has failed; its close() runs, then it says so */
    TASK_CANCELING /* or finishing, behind a stop-with-savepoint or for lack of input */
};

struct model_task {
    struct task_attempt attempt;
    uint32_t job, vertex, subtask, host;
    uint32_t generation; /* raised when the task is gone */
    uint32_t place;      /* in the host's list */
    enum task_phase phase;
    enum failure_cause cause;    /* CLOSING: why */
    uint32_t remote;             /* the host whose connection it lost, or that refuses it; NONE */
    bool current;                /* the newest attempt at its subtask */
    bool recovered;              /* what its host had of its state it has read, or is reading */
    bool connected;              /* its input channels are set up, or being set up */
    bool fresh;                  /* runs, and its source position is not restored yet */
    bool released;               /* finishes when all that it reads from have; snapshots first */
    bool blocked;                /* a snapshot that sleeps holds its thread */
    time_ns sync_until, sync;    /* the synchronous part of a snapshot does, or did; its length */
    bool cancel_asked;           /* CLOSING: cancelled meanwhile */
    uint64_t restore_checkpoint; /* 0: starts empty */
    int64_t restore_bytes;
    uint32_t key_group_first, key_group_last;
    struct allocation_id allocation;
    int32_t slot_cpu_milli; /* all that the tasks in its slot may use together; 0: no quota */
};

struct task_ref {
    uint32_t index, generation;
};

enum step_kind {
    STEP_DEPLOY,     /* ends: INITIALIZING */
    STEP_RESTORE,    /* state is being read from shared storage; ends with the transfer */
    STEP_RECOVER,    /* the same from the host's own disk, before what else there is to read */
    STEP_INITIALIZE, /* ends: RUNNING */
    STEP_CONNECT,    /* to a TaskManager that has ended: refused; ends: the task fails */
    STEP_REACH,      /* to one that is out of reach; ends: the task fails unless it is back */
    STEP_CANCEL,     /* ends: CANCELED */
    STEP_FINISH,     /* ends: FINISHED */
    STEP_FAIL,       /* close() of failed tasks; ends: FAILED, or CANCELED when asked meanwhile */
    STEP_KIND_COUNT
};

struct model_step {
    enum step_kind kind;
    uint32_t generation;
    uint32_t job, host;
    uint32_t next_free;
    time_ns made_at, due;
    time_ns extra;              /* CANCEL, FINISH: the close() on top of the draw, for joining */
    bool transferring, at_disk; /* RESTORE, RECOVER: bytes are under way; it ends when none are */
    struct transfer_id transfer;
    struct share_handle disk;
    VEC(struct task_ref) tasks;
};

struct model;

/* Gone from its host; its number may be used again. */
void task_destroy(struct model *model, uint32_t task);
/* NONE when it is not on the host. Orders list a host's tasks in the order it got them, so the
 * place behind the last one found (hint, from 0) is tried first: linear for a whole list. */
uint32_t task_find(const struct model *model, uint32_t host, uint32_t job,
                   struct task_attempt attempt, uint32_t *hint);
/* RUNNING or on the way there. */
static inline bool task_is_up(const struct model_task *task)
{
    return task->phase == TASK_DEPLOYING || task->phase == TASK_INITIALIZING ||
           task->phase == TASK_RUNNING;
}
/* The user's code fails now: close() runs, then FAILED is reported. */
void task_fail(struct model *model, uint32_t task, enum failure_cause cause);
/* So does Flink's: it has lost its data connection to a TaskManager, or found none there. */
void task_disconnect(struct model *model, uint32_t task, uint32_t remote);

/* Tasks of one host that take the same step together; joined to one made at this instant. */
void step_add_task(struct model *model, enum step_kind kind, uint32_t task, time_ns extra);
void step_release(struct model *model, uint32_t step);

/* The orders of data_plane.h. */
void tasks_deploy(struct model *model, uint32_t host, const struct effect_data *order);
void tasks_cancel(struct model *model, uint32_t host, const struct effect_data *order);
/* Tasks for a TaskManager that had ended when its JobMaster's order came. */
void tasks_lost(struct model *model, uint32_t host, uint32_t job,
                const struct task_deployment *deployments, size_t count);
/* For lack of input: close() runs, then FINISHED is reported. */
void task_finish(struct model *model, uint32_t task);
/* Behind a completed stop-with-savepoint. */
void tasks_finish(struct model *model, uint32_t host, uint32_t job);
void tasks_process_ended(struct model *model, uint32_t host);
void tasks_process_frozen(struct model *model, uint32_t host, bool frozen);
/* Scripted faults of a task that has begun to run. */
void task_plan_faults(struct model *model, uint32_t task);

#endif
