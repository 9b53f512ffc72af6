/* SPDX-License-Identifier: Apache-2.0
 *
 * The data plane as a whole: hosts, what is under way between them, and what its files call in one
 * another.
 */
#ifndef WEIR_SIM_EXACT_PARTS_H
#define WEIR_SIM_EXACT_PARTS_H

#include <setjmp.h>

#include "core/base/index_map.h"
#include "sim/exact/connection.h"
#include "sim/exact/cores.h"
#include "sim/exact/job.h"
#include "sim/exact/task.h"
#include "sim/exact/wire.h"

struct exact_host {
    struct life_host life;
    double cores;
    VEC(uint32_t) working; /* tasks in a step */
    VEC(struct exact_slot) slots;
    time_ns shared_since, over_at; /* what they have done is taken off; the next one is over */
    struct sim_handle over;
    VEC(struct task_ref) pressed; /* asleep for lack of room in their output */
    struct rng service;
    double nic_bps, loss; /* loss: of packets, beside those of its links */
    uint64_t state_bytes; /* of its tasks, in memory */
    time_ns nic_free[TRANSFER_WAY_COUNT];
};

struct upload {
    bool used;
    uint32_t generation, host;
    struct task_ref task;
    struct task_attempt attempt;
    struct job_id job;
    uint64_t checkpoint;
    enum failure_cause cause; /* of a decline */
    time_ns began_at;
    struct stored_file *file;
    struct checkpoint_ack ack;
    bool transferring, in_storage; /* in_storage: not inside the acknowledgement */
    bool is_lost;                  /* the storage has not taken it */
    bool copying;                  /* to or from the host's own disk */
    struct transfer_id transfer;
    struct share_handle copy;
};

struct exact {
    struct life life;
    const struct scenario *scenario;
    struct virtual_cluster *cluster;
    struct sim_queue *queue;
    struct exact_job *jobs;
    uint32_t job_count;
    VEC(struct exact_host) hosts;
    VEC(struct exact_task) tasks;
    VEC(char *) texts; /* why tasks failed; a report says 1 + place */
    struct index_map text_by_hash;
    VEC(struct upload) uploads;
    VEC(struct wire) wires;
    VEC(struct connection) connections;
    struct index_map connection_of; /* by both hosts: where something waits */
    VEC(uint32_t) free_uploads, free_wires, free_connections;
    struct key_trace *trace;          /* of one key; null: of none */
    jmp_buf way_out;                  /* of the step under way */
    bool tells_barriers;              /* log-level: message */
    uint64_t breaks, compared, flown; /* flown: records on their way in what was compared */
    uint64_t increments;              /* files stored that add to others */
};

static inline time_ns exact_now(const struct exact *exact)
{
    return life_now(&exact->life);
}

/* exact.c. Of a frozen host: the event waits until it is resumed. */
bool exact_hold(struct exact *exact, uint32_t host, sim_action *action, uint64_t a, uint64_t b);
void exact_push(struct exact *exact, time_ns at, sim_action *action, uint64_t a, uint64_t b);

/* run.c */
void run_wake(struct exact *exact, uint32_t task);
void run_begin_paced(struct exact *exact, uint32_t task);  /* a source whose load is its own */
void run_stop(struct exact *exact, uint32_t task);         /* it will not step again */
void run_work_is_over(struct exact *exact, uint32_t task); /* of a step, on a core */
void run_account(struct exact *exact, uint32_t task);
/* Those that wait for room in their output. */
void run_look_pressed(struct exact *exact, uint32_t host);
void run_leave_step(void *exact);                   /* does not come back */
bool run_is_latched(const struct exact_task *task); /* the outcome of its step is not there yet */
uint64_t log_arrived(struct exact_source *source, time_ns at, bool *ended);

/* memory.c: the heap that the tasks of a host share. Before a step, what it may have; behind it,
 * what it has; at its end, nothing. */
void memory_allow(struct exact *exact, uint32_t task);
void memory_take(struct exact *exact, uint32_t task);
void memory_give_back(struct exact *exact, uint32_t task);

/* carry.c */
void wires_connect(struct exact *exact, uint32_t task);
void wires_disconnect(struct exact *exact, uint32_t task);
void carry_outputs(struct exact *exact, uint32_t task);
void carry_credits(struct exact *exact, uint32_t task);
void carry_size(struct exact *exact, uint32_t task, uint32_t input, uint32_t bytes);
/* The next of its packets that is on the way does. */
void wire_arrives(struct exact *exact, uint32_t wire, time_ns at);
void wires_host_changed(struct exact *exact, uint32_t host);
void wires_destroy(struct exact *exact);

/* debloat.c */
void debloat_begin(struct exact *exact, uint32_t task);
void debloat_account(struct exact_task *task, time_ns length); /* before its pace changes */

/* snapshot.c */
void snapshot_trigger(struct exact *exact, uint32_t host, const struct effect_data *order);
void snapshot_complete(struct exact *exact, uint32_t host, const struct effect_data *order);
void snapshot_abort(struct exact *exact, uint32_t host, const struct effect_data *order);
/* Begins when the task has taken it: how long its synchronous part holds the task up. */
time_ns snapshot_begin(struct exact *exact, uint32_t task, uint64_t checkpoint);
/* It has finished, and will not take part in those that it was told of last. */
void snapshot_decline_rest(struct exact *exact, uint32_t task);
/* Those whose synchronous part is over are written and stored, once all that was in flight is in.
 */
void snapshot_store_written(struct exact *exact, uint32_t task);
void snapshot_decline(struct exact *exact, uint32_t host, uint32_t job, uint64_t checkpoint,
                      struct task_attempt attempt, enum failure_cause cause);
void snapshot_uploads_drop(struct exact *exact, uint32_t job, uint64_t checkpoint);
void snapshot_uploads_of_host(struct exact *exact, uint32_t host); /* it has ended */

/* told.c: lines of the log on the ways of barriers, where its level asks for them. */
void told_left(struct exact *exact, const struct wire *wire, const struct channel_item *item,
               uint32_t overtaken);
void told_arrived(struct exact *exact, const struct wire *wire, const struct channel_item *item,
                  uint32_t before);
void told_blocks(struct exact *exact, uint32_t task); /* behind a step */
void told_snapshot(struct exact *exact, uint32_t task, const char *what, uint64_t checkpoint,
                   int64_t value);

/* trace.c: records of one key. The probe of a task's next attempt to run, null without a trace. */
struct exec_probe *trace_begin(struct exact *exact, uint32_t task);
void trace_end(struct exact *exact, uint32_t task);
void trace_destroy(struct exact *exact);

/* failure.c: the task has failed by itself; its words go with it. */
void exact_fail(struct exact *exact, uint32_t task);
void exact_fail_as(struct exact *exact, uint32_t task, enum failure_cause cause, const char *text);
void exact_forget_failures(struct exact *exact);

#endif
