/* SPDX-License-Identifier: Apache-2.0
 *
 * Schedulers behind one interface. A scheduler owns the execution graph of one job and decides what
 * runs where; it is driven by its JobMaster (cluster/job_master.h), which lends it the job's parts
 * and tells it what happened. It sends to TaskManagers through the step's effects, and leaves
 * wishes to the JobMaster in `wishes`. The kinds are rows (scheduler_row.h); scheduler_choose holds
 * Flink's rule of which one runs.
 */
#ifndef WEIR_SCHEDULE_SCHEDULER_H
#define WEIR_SCHEDULE_SCHEDULER_H

#include "core/base/timers.h"
#include "core/checkpoint/coordinator.h"
#include "core/checkpoint/restore_plan.h"
#include "core/failover/exception_history.h"
#include "core/failover/region_failover.h"
#include "core/failover/restart_strategy.h"
#include "core/graph/execution_graph.h"
#include "core/schedule/checkpoint_gate.h"
#include "core/schedule/job_status.h"
#include "core/slots/slot_pool.h"
#include "core/slots/slot_sharing.h"

/* What the JobMaster lends. All outlive the scheduler; the effects are the current step's. */
struct scheduler_parts {
    const struct job_graph *job;
    const struct config *config; /* the job's */
    struct slot_pool *pool;
    struct checkpoint_coordinator *checkpoints;
    struct restart_strategy *restarts;
    struct exception_history *exceptions;
    struct effects *effects;
};

/* What the JobMaster is to do after the step; it clears them. */
struct scheduler_wishes {
    bool declare;     /* the pool's requirements changed: tell the resource manager */
    bool declare_now; /* without gathering changes first (slot.request.max-interval) */
    bool ended;       /* status is final */
    bool answer_stop; /* the stop-with-savepoint is decided: */
    bool stop_failed;
    uint64_t stop_token, stop_savepoint;
};

/* A shared slot: which of the graph's tasks live in it, and the pool's slot they have. */
struct task_slot {
    struct group_id group;
    uint32_t first, count;           /* into scheduler.slot_tasks */
    uint32_t live;                   /* tasks that hold the slot: not yet ended, not CREATED */
    struct allocation_id allocation; /* none: not assigned */
    struct allocation_id previous;   /* what it had last: preferred next time */
    struct node_id node;             /* of the allocation; the last one's when there is none */
    uint32_t next_here, before_here; /* assigned: others of the TaskManager; ID_NONE: none */
};

/* The requests that carry a task's fate: an undelivered one names its batch. 0: none yet. */
struct task_batches {
    uint32_t submit, cancel;
};

struct scheduler {
    const struct scheduler_row *row;
    struct scheduler_parts parts;
    struct job_id job;
    struct timers timers;
    struct scheduler_wishes wishes;

    struct execution_graph *graph; /* null before the first one */
    uint32_t graph_count;          /* graphs so far: numbers the next one */
    enum job_status graph_status;  /* of `graph` */
    enum job_status status;        /* as clients see it */
    struct checkpoint_gate gate;
    bool announced_deploying, announced_running; /* of the current deployment, for the log */

    VEC(struct task_slot) slots; /* of the current graph */
    VEC(struct task_id) slot_tasks;
    VEC(uint32_t) slot_of_task; /* by task id: into slots */
    struct index_map slot_by_allocation;
    struct index_map last_of_node;    /* by node id: its slot assigned last */
    VEC(struct task_batches) batches; /* by task id */
    uint32_t next_batch;

    uint32_t restart_count; /* numRestarts: failures that began a new attempt, and rescales */
    uint32_t rescale_count;
    uint64_t stop_token;     /* of the stop-with-savepoint in progress; 0: none */
    uint64_t stop_request;   /* the number of its request for a savepoint */
    uint64_t stop_savepoint; /* its savepoint once completed; 0: not yet */
    union {
        struct default_scheduler *pipelined;
        struct adaptive_scheduler *adaptive;
    } own;
};

/* Flink's rule; refuses combinations Flink refuses, and kinds of job Weir does not run yet. */
MUST_CHECK struct err scheduler_choose(const struct job_graph *job,
                                       const struct scheduler_row **out, struct note *note);

void scheduler_init(struct scheduler *s, const struct scheduler_row *row,
                    const struct scheduler_parts *parts, uint64_t seed);
void scheduler_fini(struct scheduler *s);

/* What the JobMaster tells. A failed request gives back the value of its token. */
void scheduler_start(struct scheduler *s);
void scheduler_on_slots_gained(struct scheduler *s, const struct allocation_id *gained,
                               size_t count);
void scheduler_on_slots_lost(struct scheduler *s, const struct slot_pool_list *lost,
                             enum failure_cause cause);
/* missing: slots that the resource manager has not granted; the others may be on their way. */
void scheduler_on_resources_refused(struct scheduler *s, uint32_t missing);
void scheduler_on_task_states(struct scheduler *s, struct node_id node,
                              const struct task_report *reports, size_t count);
void scheduler_on_submit_failed(struct scheduler *s, struct node_id node, uint64_t value,
                                enum failure_cause cause);
void scheduler_on_cancel_failed(struct scheduler *s, struct node_id node, uint64_t value);
/* The TaskManager says what it runs; what we think runs there and does not, fails, and the reverse
 * is cancelled (deployment reconciliation on each heartbeat). */
void scheduler_on_reconcile(struct scheduler *s, struct node_id node,
                            const struct task_attempt *running, size_t count);
void scheduler_on_checkpoint_ended(struct scheduler *s,
                                   const struct checkpoint_coordinator_order *order);
void scheduler_fail_job(struct scheduler *s, enum failure_cause cause); /* a global failure */
/* The same for the sake of one attempt: only if that is starting or running still. */
void scheduler_fail_job_for(struct scheduler *s, struct task_attempt attempt,
                            enum failure_cause cause);
void scheduler_cancel(struct scheduler *s);
MUST_CHECK struct err scheduler_stop(struct scheduler *s, bool drain, uint64_t token,
                                     struct note *note);
MUST_CHECK struct err scheduler_require(struct scheduler *s, const struct vertex_bounds *bounds,
                                        size_t count, struct note *note);
void scheduler_on_time(struct scheduler *s);
time_ns scheduler_deadline(const struct scheduler *s);
bool scheduler_is_ended(const struct scheduler *s);
uint64_t scheduler_hash(const struct scheduler *s);
void scheduler_check(const struct scheduler *s); /* the invariant */

#endif
