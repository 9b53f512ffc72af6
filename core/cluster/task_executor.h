/* SPDX-License-Identifier: Apache-2.0
 *
 * The TaskExecutor role: what a TaskManager process does. It registers at the resource manager,
 * lends slots to jobs, runs their tasks through its data plane, watches resource manager and
 * JobMasters, and lets go of what it holds when they are lost. Its files: task_executor.c (events
 * in, timers), task_executor_slots.c (slot table), task_executor_jobs.c (contact to JobMasters),
 * task_executor_tasks.c (task life cycle), task_executor_checkpoints.c. Source: TaskExecutor,
 * TaskSlotTableImpl, Task, JobLeaderService.
 */
#ifndef WEIR_CLUSTER_TASK_EXECUTOR_H
#define WEIR_CLUSTER_TASK_EXECUTOR_H

#include "core/cluster/heartbeat.h"
#include "core/port/node.h"

enum { TASK_SLOTS_MAX = 4096 };

enum task_slot_state {
    TASK_SLOT_FREE,
    TASK_SLOT_ALLOCATED, /* given to a job by the resource manager, not yet accepted by it */
    TASK_SLOT_ACTIVE,    /* the job has it */
    TASK_SLOT_RELEASING, /* given up; its tasks are still ending */
    TASK_SLOT_STATE_COUNT
};
extern const struct state_table task_slot_states;

/* Contact to the resource manager, and to the JobMaster of each job that has slots here. */
enum contact_state { CONTACT_NONE, CONTACT_REGISTERING, CONTACT_MADE, CONTACT_STATE_COUNT };
extern const struct state_table contact_states;

struct executor_slot {
    enum task_slot_state state;
    struct job_id job;
    struct allocation_id allocation;
    bool by_default; /* asked for without a profile */
    int32_t cpu_milli;
    int64_t memory_bytes;
    uint32_t task_count;         /* tasks in it that have not ended, those that wait included */
    bool offered;                /* ALLOCATED: part of the offer that is out */
    struct timer_handle timeout; /* ALLOCATED: taskmanager.slot.timeout */
};

struct executor_task {
    struct job_id job;
    struct task_attempt attempt;
    struct slot_id slot;
    enum execution_state state;
    enum failure_cause cause; /* ended by us, not by its JobMaster: report FAILED. NONE: not so */
    time_ns cancel_since;     /* CANCELING */
    uint32_t told_initializing, told_running; /* the reports that said so; 0: not said yet */
};

/* A deployment whose task still has an older attempt ending here. Its turn comes after that. */
struct waiting_task {
    struct job_id job;
    struct slot_id slot;
    struct task_deployment deployment;
};

/* A job with slots here, from the first to the last of them. */
struct executor_job {
    struct job_id job;
    struct node_id job_master;
    enum contact_state contact;
    uint32_t slot_count; /* slots of the job here */
    time_ns retry_wait;  /* doubles with each registration that goes unanswered */
    struct timer_handle retry;
    bool offer_out; /* an offer waits for its answer: the next follows it */
};

struct task_executor { /* what every step touches comes first */
    struct effects effects;
    bool started, ended;
    bool peer_vouched; /* the world vouches for the JobManager's process */
    enum contact_state rm_contact;
    struct index_map task_index;     /* job and task -> place in tasks; empty while they are few */
    VEC(struct executor_task) tasks; /* not ended; ended ones are replaced by the last */
    VEC(struct waiting_task) waiting;
    uint32_t report_count;         /* of task states: numbers the next one */
    VEC(struct executor_job) jobs; /* with slots here */
    struct timers timers;
    struct timer_handle watchdog; /* set while a task is CANCELING */
    struct heartbeats monitors;   /* subject MONITOR_RM, or 1 + job */

    VEC(struct executor_slot) slots;
    struct index_map slot_by_allocation;
    uint32_t used_slots; /* not FREE */
    int32_t cpu_free_milli;
    int64_t memory_free_bytes;
    time_ns rm_retry_wait;
    struct timer_handle rm_retry, rm_patience; /* the latter: taskmanager.registration.timeout */
    struct node_settings settings;
};

/* In zeroed memory. */
void task_executor_init(struct task_executor *executor, const struct node_settings *settings);
void task_executor_fini(struct task_executor *executor);
MUST_CHECK struct err task_executor_step(struct task_executor *executor, const struct event *event);
time_ns task_executor_deadline(const struct task_executor *executor);
uint64_t task_executor_hash(const struct task_executor *executor);
void task_executor_check(const struct task_executor *executor); /* the invariant */

#endif
