/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks of a data plane and the steps of their lives, whatever flows through them. A task is one
 * attempt at one subtask on one host. Tasks of one host that do the same thing at the same time
 * share a step: one draw, one event of the queue, one report. Numbers of tasks and steps are
 * reused; a generation tells whether the one meant is still there.
 *
 *   DEPLOYING -deploy-> INITIALIZING -restore, initialize-> (in-flight data) RECOVERING -> RUNNING
 *        \____________________\________________________________\______________________\
 *                                                               -fails-> CLOSING (close())
 *                                                               -cancel-> CANCELING
 *   RUNNING -finish-> FINISHING -> LINGERING
 */
#ifndef WEIR_SIM_LIFE_TASK_H
#define WEIR_SIM_LIFE_TASK_H

#include "core/port/data.h"
#include "sim/cluster/shared_bandwidth.h"
#include "sim/cluster/virtual_cluster.h"

#define NONE UINT32_MAX

enum task_phase {
    TASK_FREE, /* no task has this number now */
    TASK_DEPLOYING,
    TASK_INITIALIZING,
    TASK_RECOVERING, /* works off what was in flight to it; INITIALIZING for its JobMaster */
    TASK_RUNNING,
    TASK_CLOSING,   /* it has failed; its close() runs, then it says so */
    TASK_CANCELING, /* its close() runs, if it has worked */
    TASK_FINISHING, /* the same, behind a stop-with-savepoint or for lack of input */
    TASK_LINGERING, /* it has finished, and its last output is still to be read */
};

/* A plane's own tasks begin with this. */
struct life_task {
    struct task_attempt attempt;
    uint32_t job, vertex, subtask, parallelism, host;
    uint32_t generation; /* raised when the task is gone */
    uint32_t place;      /* in the host's list */
    enum task_phase phase;
    enum failure_cause cause;    /* CLOSING: why */
    time_ns closed_at;           /* CLOSING, CANCELING, FINISHING: when its close() is over */
    uint32_t detail;             /* number of the plane's text about it; 0: none */
    uint32_t remote;             /* the host whose connection it lost, or that refuses it; NONE */
    bool current;                /* the newest attempt at its subtask */
    bool recovered;              /* what its host had of its state it has read, or is reading */
    bool connected;              /* its input channels are set up, or being set up */
    bool cancel_asked;           /* CLOSING, FINISHING: cancelled meanwhile */
    uint64_t restore_checkpoint; /* 0: starts empty */
    int64_t restore_bytes;       /* still to be read */
    uint32_t key_group_first, key_group_last;
    struct allocation_id allocation;
    int32_t slot_cpu_milli; /* all that the tasks in its slot may use together; 0: no quota */
};

struct task_ref {
    uint32_t index, generation;
};

enum life_step_kind {
    LIFE_DEPLOY,     /* ends: INITIALIZING */
    LIFE_RESTORE,    /* state is being read from shared storage; ends with the transfer */
    LIFE_RECOVER,    /* the same from the host's own disk, before what else there is to read */
    LIFE_INITIALIZE, /* ends: RUNNING */
    LIFE_CONNECT,    /* to a TaskManager that has ended: refused; ends: the task fails */
    LIFE_REACH,      /* to one that is out of reach; ends: the task fails unless it is back */
    LIFE_CANCEL,     /* ends: CANCELED */
    LIFE_FINISH,     /* ends: FINISHED, or CANCELED when asked meanwhile */
    LIFE_FAIL,       /* close() of failed tasks; ends: FAILED, or CANCELED when asked meanwhile */
    LIFE_KIND_COUNT
};

struct life_step {
    enum life_step_kind kind;
    uint32_t generation;
    uint32_t job, host;
    uint32_t next_free;
    time_ns made_at, due;
    time_ns extra;              /* CANCEL, FINISH: the close() on top of the draw, for joining */
    bool transferring, at_disk; /* RESTORE, RECOVER: bytes are under way; it ends when none are */
    bool failed;                /* what was to be read from storage is not here */
    struct transfer_id transfer;
    struct share_handle disk;
    VEC(struct task_ref) tasks;
};

struct life;

/* Its operators are open, and it steps. */
static inline bool task_works(const struct life_task *task)
{
    return task->phase == TASK_RECOVERING || task->phase == TASK_RUNNING;
}

/* RUNNING or on the way there. */
static inline bool task_is_up(const struct life_task *task)
{
    return task->phase == TASK_DEPLOYING || task->phase == TASK_INITIALIZING || task_works(task);
}

/* It works no more, and its job needs it all the same: what it still has to do would be missed. */
static inline bool task_is_leaving(const struct life_task *task)
{
    return (task->phase == TASK_FINISHING && !task->cancel_asked) || task->phase == TASK_LINGERING;
}

/* The tries at running a pipelined region: its subtasks restart together, so those of one try have
 * equal attempt numbers. Only the adaptive scheduler makes a second graph, and it runs each once.
 */
static inline bool task_same_try(struct task_attempt a, struct task_attempt b)
{
    return a.graph == b.graph && (a.graph > 0 || a.attempt == b.attempt);
}

/* The user's code fails now: close() runs, then FAILED is reported. */
void task_fail(struct life *life, uint32_t task, enum failure_cause cause);
/* The same with a text of the plane's, by its number. */
void task_fail_by(struct life *life, uint32_t task, enum failure_cause cause, uint32_t detail);
/* So does Flink's: it has lost its data connection to a TaskManager, or found none there. */
void task_disconnect(struct life *life, uint32_t task, uint32_t remote);
/* One that runs ends by itself: close() runs, then FINISHED is reported. `saved`: behind a
 * completed stop-with-savepoint, else for lack of input. */
void task_finish(struct life *life, uint32_t task, bool saved);
/* When the user code of all tasks of a host has closed, were they cancelled now. */
time_ns life_closed_at(const struct life *life, uint32_t host);
/* One in RECOVERING has worked off what was in flight to it: it is RUNNING, and says so. */
void task_recovered(struct life *life, uint32_t task);
/* Its process has ended, and whatever it does with it. */
void task_lose(struct life *life, uint32_t task);
/* Gone from its host; its number may be used again. */
void task_destroy(struct life *life, uint32_t task);
/* NONE when it is not on the host. Orders list a host's tasks in the order it got them, so the
 * place behind the last one found (hint, from 0) is tried first: linear for a whole list. */
uint32_t task_find(const struct life *life, uint32_t host, uint32_t job,
                   struct task_attempt attempt, uint32_t *hint);
/* Scripted faults of a task that has begun to run. */
void task_plan_faults(struct life *life, uint32_t task);
void life_fault_struck(struct life *life, uint32_t job, const struct planned_fault *fault);
struct fault_fate life_fault_fate(const struct life *life, uint32_t job, size_t fault);

/* Tasks of one host that take the same step together; joined to one made at this instant. */
void life_step_add(struct life *life, enum life_step_kind kind, uint32_t task, time_ns extra);
void life_step_release(struct life *life, uint32_t step);

#endif
