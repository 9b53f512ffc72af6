/* SPDX-License-Identifier: Apache-2.0
 *
 * How recorders and checkers look at a run: read only, between steps, through functions, so that
 * tests can put a run of their own in their place. The command fills it from a simulation. Jobs are
 * asked by their place in the scenario.
 */
#ifndef WEIR_SIM_REPORT_LOOK_H
#define WEIR_SIM_REPORT_LOOK_H

#include "sim/model/model.h"

struct look_cluster {
    uint32_t task_managers; /* registered at the resource manager */
    uint32_t slots_total, slots_free;
};

struct look_job {
    const char *status; /* as a client sees it: RUNNING, ... */
    const char *scheduler, *scheduler_state;
    uint32_t tasks, tasks_running;
    bool waits_for_slots; /* tasks are SCHEDULED, and none is DEPLOYING or INITIALIZING */
    uint32_t slots_held, slots_wanted;
    uint32_t restarts, rescales;                        /* restarts count rescales as well */
    time_ns submitted_at, ended_at;                     /* TIME_NEVER: not yet */
    uint64_t checkpoint;                                /* newest completed one; 0: none */
    int64_t checkpoint_bytes, checkpoint_written_bytes; /* its full size, what it had to store */
};

/* A slot as the job that holds it knows it. */
struct look_slot {
    struct job_id job;
    struct node_id node;
    struct slot_id slot;
};

/* A task that somebody takes for RUNNING. */
struct look_task {
    struct job_id job;
    struct task_attempt attempt;
    struct node_id node;
};

/* A failure in a job's exception history: each root is followed by those that came with it. */
struct look_exception {
    time_ns at;
    const char *exception, *text; /* Flink's class, the sentence */
    struct vertex_id vertex;      /* none: the job as a whole failed */
    uint32_t subtask, attempt;
    struct node_id node;   /* none: it ran nowhere */
    struct node_id remote; /* whose data connection was lost; none: that was not why */
    bool is_root;
};

/* Numbers of a vertex (parallelism) or a slot sharing group (slots); negative: not known. */
struct look_rescale_numbers {
    const char *name;
    bool is_group;
    int32_t desired, sufficient, before, after;
};

struct look_rescale_span {
    const char *state;
    time_ns entered_at, left_at;
    const char *exception; /* why it was left; null: not by a failure */
};

/* A record of a job's rescale history. Arrays live for the call. */
struct look_rescale {
    uint64_t id, requirements, attempt;
    const char *cause, *state;
    const char *reason;           /* null: in progress */
    time_ns started_at, ended_at; /* TIME_NEVER: in progress */
    const struct look_rescale_numbers *numbers;
    size_t number_count;
    const struct look_rescale_span *spans;
    size_t span_count;
};

typedef void look_at_exception(void *context, const struct look_exception *exception);
typedef void look_at_rescale(void *context, const struct look_rescale *rescale);
typedef void look_at_slot(void *context, const struct look_slot *slot);
typedef void look_at_task(void *context, const struct look_task *task);

struct run_look {
    void *context;
    const struct scenario *scenario;
    struct look_cluster (*cluster)(void *context); /* zeros while there is no JobManager */
    /* False: not submitted yet, or no JobManager. */
    bool (*job)(void *context, struct job_id job, struct look_job *out);
    void (*flow)(void *context, struct job_id job, struct model_job_view *out);
    void (*vertex)(void *context, struct job_id job, struct vertex_id vertex,
                   struct model_vertex_view *out);
    /* As model_broken_at and the functions behind it say it. */
    time_ns (*broken_at)(void *context, struct job_id job);
    time_ns (*whole_at)(void *context, struct job_id job);
    bool (*needs)(void *context, struct job_id job, struct node_id node);
    uint64_t (*break_count)(void *context);
    struct process_view (*process)(void *context, struct node_id node);
    bool (*can_talk)(void *context, struct node_id a, struct node_id b);
    struct err (*conservation)(void *context, struct note *note);
    /* Oldest first. The first says whether older ones have been dropped. */
    bool (*each_exception)(void *context, struct job_id job, look_at_exception *at,
                           void *at_context);
    void (*each_rescale)(void *context, struct job_id job, look_at_rescale *at, void *at_context);
    /* Every slot a JobMaster holds; every task the JobMasters, or the TaskManagers, take for
     * RUNNING. Cost: linear in what there is. */
    void (*each_slot_held)(void *context, look_at_slot *at, void *at_context);
    void (*each_task_scheduled)(void *context, look_at_task *at, void *at_context);
    void (*each_task_run)(void *context, look_at_task *at, void *at_context);
};

#endif
