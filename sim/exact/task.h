/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks and the steps of their lives. A task is one attempt at one subtask on one host; its
 * operators and channels are there while it runs. Numbers are reused; a generation tells whether
 * the one meant is still there.
 */
#ifndef WEIR_SIM_EXACT_TASK_H
#define WEIR_SIM_EXACT_TASK_H

#include "core/exec/task.h"
#include "core/port/effect.h"
#include "sim/cluster/virtual_cluster.h"

#define NONE UINT32_MAX

struct exact;

enum exact_phase {
    PHASE_FREE,
    PHASE_DEPLOYING,
    PHASE_INITIALIZING,
    PHASE_RUNNING,
    PHASE_CLOSING,   /* it has failed; its close() runs, then it says so */
    PHASE_CANCELING, /* or finishing */
    PHASE_LINGERING, /* it has finished, and its last output is still to be read */
};

enum exact_pace {
    PACE_ASLEEP,
    PACE_QUEUED, /* waits for a core */
    PACE_WORKS,  /* on a core */
    PACE_WAITS,  /* the outcome of a step, without a core: it sleeps in user code or a snapshot */
};

struct exact_trigger {
    struct checkpoint_barrier barrier;
    bool stops;
};

struct exact_task {
    struct task_attempt attempt;
    uint32_t job, vertex, subtask, parallelism, host;
    uint32_t generation, place; /* place: in the host's list */
    enum exact_phase phase;
    enum failure_cause cause;
    uint32_t remote; /* whose connection it lost; NONE */
    bool current, connected, cancel_asked;
    uint64_t restore_checkpoint;
    int64_t restore_bytes;
    uint32_t key_group_first, key_group_last;
    struct exec_task *exec;        /* from RUNNING on */
    VEC(uint32_t) inputs, outputs; /* connections by channel, one input behind the other; NONE */
    VEC(uint32_t) first_input, first_output;
    VEC(uint32_t) kept; /* by channel: credits for a sender that is not there yet */
    bool is_pressed;    /* in the host's list */
    enum exact_pace pace;
    enum exec_step_kind last;           /* of its last step */
    time_ns since, busy_until;          /* accounted up to; when its outcome is there */
    time_ns sync;                       /* synchronous part of its last snapshot */
    VEC(struct exact_trigger) triggers; /* told, and kept back by the checkpoint lock */
    uint64_t stops_behind;              /* a savepoint that it has begun; 0: none */
    VEC(uint64_t) asked;                /* checkpoints that it was told of, and has not begun */
    VEC(uint64_t) syncing;              /* snapshots whose synchronous part is under way */
    double paced_base, paced_from; /* of a paced source: what its log held, what the curve had */
    uint32_t paced_splits;
    time_ns wake_at; /* TIME_NEVER: nothing wakes it but others */
    struct sim_handle wake;
    uint64_t records_in, records_out; /* counted so far */
};

struct exact_ref {
    uint32_t index, generation;
};

enum exact_step_kind {
    LIFE_DEPLOY,
    LIFE_RESTORE,
    LIFE_INITIALIZE,
    LIFE_CONNECT, /* to a TaskManager that has ended: refused */
    LIFE_REACH,   /* to one out of reach */
    LIFE_CANCEL,
    LIFE_FINISH,
    LIFE_FAIL,
    LIFE_KIND_COUNT
};

/* What several tasks of one host do together: one draw, one event, one report. */
struct life_step {
    enum exact_step_kind kind;
    bool used, transferring;
    uint32_t generation, job, host;
    time_ns made_at, extra;
    struct transfer_id transfer;
    VEC(struct exact_ref) tasks;
};

static inline bool same_try(struct task_attempt a, struct task_attempt b)
{
    return a.graph == b.graph && (a.graph > 0 || a.attempt == b.attempt);
}

static inline bool task_is_up(const struct exact_task *task)
{
    return task->phase == PHASE_DEPLOYING || task->phase == PHASE_INITIALIZING ||
           task->phase == PHASE_RUNNING;
}

static inline bool task_has_wires(const struct exact_task *task)
{
    return task->exec && (task->phase == PHASE_RUNNING || task->phase == PHASE_CANCELING ||
                          task->phase == PHASE_LINGERING);
}

/* life.c */
void life_deploy(struct exact *exact, uint32_t host, const struct effect_data *order);
void life_cancel(struct exact *exact, uint32_t host, const struct effect_data *order);
void life_fail(struct exact *exact, uint32_t task, enum failure_cause cause);
void life_disconnect(struct exact *exact, uint32_t task, uint32_t remote);
void life_finish(struct exact *exact, uint32_t task);
void life_destroy(struct exact *exact, uint32_t task);
void life_process_ended(struct exact *exact, uint32_t host);
uint32_t life_find(const struct exact *exact, uint32_t host, uint32_t job,
                   struct task_attempt attempt);
/* A task's output may have been read to its end. */
void life_look_lingering(struct exact *exact, uint32_t task);
void vertex_spread(struct exact *exact, uint32_t job, uint32_t vertex, uint32_t graph,
                   uint32_t parallelism);

/* steps.c */
void life_step_add(struct exact *exact, enum exact_step_kind kind, uint32_t task, time_ns extra);
void life_step_release(struct exact *exact, uint32_t step);

/* begin.c: what it takes to run. False: not all who are to read from it are known yet. */
bool task_begin(struct exact *exact, uint32_t task);
void task_unbegin(struct exact *exact, uint32_t task);

/* loss.c */
void wire_loss_of_process(struct exact *exact, uint32_t host);
void wire_loss_of_deployment(struct exact *exact, uint32_t host, uint32_t job,
                             const struct task_deployment *lost, size_t count);
uint32_t wire_loss_awaits(const struct exact *exact, uint32_t task);
uint32_t wire_loss_out_of_reach(const struct exact *exact, uint32_t task);

#endif
