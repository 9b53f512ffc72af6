/* SPDX-License-Identifier: Apache-2.0
 *
 * Insides of the default scheduler, shared by its files: default_scheduler.c (life of the job),
 * default_slots.c (slot requests in bulks), default_balance.c (the same, all at once),
 * default_failover.c (restarts), default_stop.c (stop-with-savepoint). Streaming jobs by pipelined
 * regions. Source: DefaultScheduler, PipelinedRegionSchedulingStrategy,
 * SlotSharingExecutionSlotAllocator, PhysicalSlotRequestBulkCheckerImpl.
 */
#ifndef WEIR_SCHEDULE_DEFAULT_SCHEDULER_H
#define WEIR_SCHEDULE_DEFAULT_SCHEDULER_H

#include "core/schedule/parts.h"

enum default_timer { TIMER_BULK_TIMEOUT, TIMER_RESTART_DELAY, TIMER_DEPLOY, TIMER_STABLE };

/* One allocate-slots-and-deploy call: a region's tasks, all or none. */
struct bulk {
    VEC(struct task_id) tasks; /* empty: the place is unused */
    uint32_t missing;          /* shared slots of the tasks without a pool slot yet */
    uint32_t counted_for;      /* slot last counted against `missing`: each counts once */
    struct timer_handle timeout;
};

/* Tasks that restart together: when their delay is over and they have all ended. */
struct planned_restart {
    VEC(struct task_id) tasks; /* empty: the place is unused */
    uint32_t waiting;          /* of those still ours: not yet ended */
    bool delay_over;
    struct timer_handle delay;
};

/* One per shared slot without a pool slot, however many bulks wait for it. */
struct slot_request {
    uint32_t slot;
    uint64_t seq; /* from 1 */
};

/* The open requests of one slot sharing group, oldest first. Those fulfilled or dropped out of turn
 * stay in the queue until they come to its front. */
struct request_queue {
    VEC(struct slot_request) waiting;
    size_t first;
    uint32_t needs; /* slots of the group in use or requested: what the job requires */
};

struct default_scheduler {
    struct regions *regions;
    VEC(struct bulk) bulks;
    VEC(uint32_t) free_bulks;     /* unused places among them */
    VEC(uint32_t) complete_bulks; /* have all their slots: deployed by the step, or by `deploy` */
    struct timer_handle deploy;   /* due now: a slot that became free has completed a bulk */
    struct timer_handle stable;   /* TASKS: requests are being gathered, and none is served */
    bool is_refusing;             /* what becomes free is nobody's until all have been refused */
    VEC(uint32_t) bulk_of_task;   /* ID_NONE: not waiting for slots */
    VEC(struct request_queue) queues;     /* by slot sharing group */
    VEC(uint64_t) request_of_slot;        /* seq of its open request; 0: none */
    VEC(bool) is_needed;                  /* by slot: in use or requested, counted in its queue */
    VEC(uint32_t) fresh;                  /* slots requested since the last offer */
    struct index_map request_by_previous; /* allocation it had last -> slot, while requested */
    uint32_t requested_count;             /* open requests */
    uint64_t last_request;
    VEC(struct planned_restart) restarts;
    VEC(uint32_t) free_restarts;
    VEC(uint32_t) restart_of_task; /* the latest plan that holds the task; ID_NONE: none */
    uint32_t tasks_to_restart;     /* held by some plan; 0: the job is RUNNING, not RESTARTING */
    enum failure_cause end_cause;  /* FAILING: why */
    /* Stop-with-savepoint: the attempts of its time, and how many of them have not ended. */
    VEC(uint32_t) stop_attempts; /* by task id */
    uint32_t stop_waiting;
};

/* default_slots.c */
void default_slots_init(struct scheduler *s);
void default_slots_fini(struct default_scheduler *own);
void default_slots_schedule(struct scheduler *s, const struct task_id *tasks, size_t count);
/* Free slots meet requests: those gained, or all of the pool (count 0) for new requests. */
void default_slots_offer(struct scheduler *s, const struct allocation_id *gained, size_t count);
/* Every waiting bulk fails; so many slots have not been granted. */
void default_slots_refuse_all(struct scheduler *s, uint32_t missing);
void default_slots_on_timeout(struct scheduler *s, uint32_t bulk);
void default_slots_deploy(struct scheduler *s); /* bulks that have all their slots */
void default_slots_left(struct scheduler *s, uint32_t slot);
void default_slots_drop_task(struct scheduler *s, struct task_id task); /* its bulk is off */
void default_slots_drop_all(struct scheduler *s);
/* Is the pool slot for a request of that slot sharing group? */
bool default_slots_is_meant(const struct scheduler *s, const struct pool_slot *held, size_t group);
void default_slots_fulfil(struct scheduler *s, uint32_t slot, struct allocation_id with);
uint64_t default_slots_hash(const struct default_scheduler *own, uint64_t hash);
void default_slots_check(const struct scheduler *s);

/* default_balance.c: load-balance TASKS. A new request holds all back until it is stable. */
bool default_balance_is_on(const struct scheduler *s);
void default_balance_hold(struct scheduler *s);
void default_balance_match(struct scheduler *s);

/* default_failover.c */
void default_failover_init(struct scheduler *s);
void default_failover_fini(struct default_scheduler *own);
void default_failover_on_failure(struct scheduler *s, struct task_id task,
                                 enum failure_cause cause);
void default_failover_on_ended(struct scheduler *s, struct task_id task);
void default_failover_on_delay(struct scheduler *s, uint32_t restart);
void default_failover_drop_all(struct scheduler *s);
uint64_t default_failover_hash(const struct default_scheduler *own, uint64_t hash);
void default_failover_check(const struct scheduler *s);

/* default_stop.c */
MUST_CHECK struct err default_stop(struct scheduler *s, bool drain, uint64_t token,
                                   struct note *note);
void default_stop_on_checkpoint(struct scheduler *s,
                                const struct checkpoint_coordinator_order *order);
void default_stop_on_ended(struct scheduler *s, struct task_id task);

/* default_scheduler.c */
void default_scheduler_move(struct scheduler *s, enum job_status to, const char *reason);
void default_scheduler_start_regions(struct scheduler *s, const struct task_id *tasks,
                                     size_t count);
void default_scheduler_fail(struct scheduler *s, enum failure_cause cause, const char *reason);

#endif
