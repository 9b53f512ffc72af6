/* SPDX-License-Identifier: Apache-2.0
 *
 * This world's own part of a task: its operators and channels are there while it runs.
 */
#ifndef WEIR_SIM_EXACT_TASK_H
#define WEIR_SIM_EXACT_TASK_H

#include "core/exec/debloat.h"
#include "core/exec/task.h"
#include "core/port/effect.h"
#include "sim/life/task.h"

struct exact;

enum exact_pace {
    PACE_ASLEEP,
    PACE_QUEUED, /* is about to begin a step */
    PACE_WORKS,  /* on a core, or a share of one */
    PACE_WAITS,  /* the outcome of a step, without a core: user code, a snapshot, writes of sinks */
};

struct exact_trigger {
    struct checkpoint_barrier barrier;
    bool stops;
};

/* What had come into it when it took a snapshot. */
struct seen_records {
    uint64_t checkpoint, records;
};

/* Of one gate. */
struct gate_debloat {
    struct debloat debloat;
    uint64_t accounted_bytes, period_bytes; /* what it had given at the last of each */
    time_ns active;                         /* of this period */
    uint64_t bytes_per_second;              /* of the last one in which it was active */
};

struct exact_task {
    struct life_task life;
    struct exec_task *exec;        /* from RECOVERING or RUNNING on */
    VEC(uint32_t) inputs, outputs; /* connections by channel, one input behind the other; NONE */
    VEC(uint32_t) first_input, first_output;
    VEC(bool) asks;                    /* by input: its partitions are asked for */
    VEC(uint32_t) kept;                /* by channel: credits for a sender that is not there yet */
    struct exec_probe *probe;          /* its own, while a key is traced */
    VEC(bool) blocked;                 /* by channel, as the log was told; empty where it is not */
    VEC(struct gate_debloat) debloats; /* by input; empty without debloating */
    uint64_t state_bytes;              /* in its host's memory, as of its last step */
    bool runs;                         /* RUNNING in its place: its time is counted */
    bool is_pressed;                   /* in the host's list */
    enum exact_pace pace;
    bool is_woken;                      /* since its last step began */
    enum exec_step_kind last;           /* of its last step */
    time_ns since;                      /* accounted up to */
    time_ns wait;                       /* of its step, behind the work */
    double work_left, share;            /* ns on a core of its own; how much of one it has */
    uint32_t slot;                      /* of the host's, where it was cut to a profile; NONE */
    time_ns sync;                       /* synchronous part of its last snapshot */
    VEC(struct exact_trigger) triggers; /* told, and kept back by the checkpoint lock */
    double records_before;              /* those that its restored state stands for */
    double unwritten; /* bytes that its sinks gave to storage, behind those under way */
    bool awaits_writes, held_by_writes; /* all of them are awaited; it does wait */
    bool writes, writes_failed;         /* some are under way */
    struct transfer_id write;           /* n 0: none */
    VEC(struct seen_records) seen;
    VEC(uint64_t) syncing;         /* snapshots whose synchronous part is under way */
    VEC(uint64_t) gathering;       /* behind that: their in-flight data may grow */
    double paced_base, paced_from; /* of a paced source: what its log held, what the curve had */
    uint32_t paced_splits;
    time_ns wake_at; /* TIME_NEVER: nothing wakes it but others */
    struct sim_handle wake;
    uint64_t records_in, records_out; /* counted so far */
};

static inline bool task_has_wires(const struct exact_task *task)
{
    return task->exec && (task_works(&task->life) || task_is_leaving(&task->life));
}

/* failure.c: whose function it is that does not come back, for guard_enter; the context is a task.
 */
void task_put_call(const void *task, struct note *who);

/* life.c */
const struct life_ops *exact_life_ops(void); /* the plane is the struct exact */
/* A task's output may have been read to its end. */
void life_look_lingering(struct exact *exact, uint32_t task);

/* Records into it that its state stands for, whoever took them in. */
static inline double task_records(const struct exact_task *task)
{
    return task->records_before + (double)exec_task_chain(task->exec)->operators[0]->records_in;
}

/* write.c: what its sinks give to storage. Does its step have to wait for that? If so it goes on
 * (run.c) when that is there. */
void write_note(struct exact_task *task, const struct exec_step *step);
bool write_holds(struct exact *exact, uint32_t task);
void write_stop(struct exact *exact, uint32_t task);
void run_goes_on(struct exact *exact, uint32_t task);

/* begin.c: what it takes to run. */
enum life_begun task_begin(struct exact *exact, uint32_t task);
void task_running(struct exact *exact, uint32_t task);
void task_steps(struct exact *exact, uint32_t task); /* from now on */
/* What was in flight to an input is worked off: its partitions are asked for, and behind the last
 * one the task runs. */
void task_input_recovered(struct exact *exact, uint32_t task, uint32_t input);

#endif
