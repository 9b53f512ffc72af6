/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of tasks, beneath both data planes of virtual time (sim/model, sim/exact): orders to
 * deploy and to cancel, the steps in between, connections that are lost, processes that end, freeze
 * or are cut off. In: orders and faults. Out: reports of task states, and calls of the plane
 * (life_ops) where something begins or ends to flow. Each report is an event of its own: the node
 * that gave an order has finished. The plane has hosts, tasks and vertices of its own; each begins
 * with its part here. Times are drawn per host, from the same streams for both planes.
 */
#ifndef WEIR_SIM_LIFE_LIFE_H
#define WEIR_SIM_LIFE_LIFE_H

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/graph/execution_graph.h"
#include "sim/life/local.h"
#include "sim/life/loss.h"
#include "sim/life/task.h"
#include "sim/life/world.h"

/* Something that came due while its process was frozen. */
struct held_event {
    sim_action *action;
    void *context;
    uint64_t a, b;
};

/* A plane's own hosts begin with this; by node id. */
struct life_host {
    bool known, gone, frozen;
    bool suspect; /* some link of it is cut, perhaps to a host without tasks */
    bool cut_off; /* all of them are, or all packets are lost */
    struct rng rng;
    uint32_t last_step[LIFE_KIND_COUNT]; /* what a step made at the same instant may join; NONE */
    VEC(uint32_t) tasks;
    const struct machine_spec *machine;
    double speed;
    VEC(uint32_t) restoring; /* steps whose transfer runs */
    VEC(struct held_event) held;
    VEC(struct local_copy) copies; /* of snapshots, on its disk */
    struct shared_bandwidth *disk; /* made when first used */
};

/* A plane's own vertices begin with this. Parallelism is in the job's plan; 0: never deployed. */
struct life_vertex {
    VEC(uint32_t) current, newest; /* by subtask: its task, NONE; 1 + its newest attempt, 0 */
    uint32_t graph;                /* of the newest deployment */
    struct lost_places lost;       /* subtasks whose TaskManager has ended */
    uint32_t leaving;              /* subtasks whose task is (task_is_leaving) */
    uint32_t placed, cut_off;      /* subtasks that have a TaskManager, and one that is cut off */
    uint32_t cut_off_found;        /* a subtask that had one when last looked for */
};

/* An array of a plane's own things, each `size` bytes. */
struct life_array {
    void *items;
    size_t size;
    uint32_t count;
};
#define LIFE_ARRAY(vec)                                                                            \
    ((struct life_array){ (vec).items, sizeof *(vec).items, (uint32_t)(vec).count })

struct life_job {
    const struct job_spec *spec;
    struct execution_graph *plan;
    struct life_array vertices;
};

enum life_stop {
    STOP_LOST,       /* it has failed, is cancelled, or gone with its process */
    STOP_REPLACED,   /* a newer attempt takes its place, or its vertex gets another parallelism */
    STOP_FINISHED,   /* for lack of input */
    STOP_SAVED,      /* behind a stop-with-savepoint */
    STOP_UNFINISHED, /* lost or cancelled while it left */
};

enum life_begun {
    LIFE_BEGUN,
    LIFE_BEGUN_RECOVERS, /* RUNNING when its plane says task_recovered */
    LIFE_BEGUN_LATER,    /* whom it writes to is not known yet: its order is on the way */
    LIFE_BEGUN_NOT,      /* it has failed, or its place is taken */
};

/* What the plane does. Optional ones may be null. */
struct life_ops {
    /* One more, zeroed, at the end; life's array is set anew. */
    void (*add_host)(void *plane);
    void (*add_task)(void *plane);
    void (*host_known)(void *plane, uint32_t host, const struct process_view *view);
    /* The checkpoint that the job's tasks are to restore may be another job's. */
    void (*adopt)(void *plane, uint32_t job, uint64_t checkpoint);
    /* No task of the vertex has its place; the plan is to say so. */
    void (*set_parallelism)(void *plane, uint32_t job, uint32_t vertex, uint32_t parallelism);
    void (*created)(void *plane, uint32_t task);
    void (*placed)(void *plane, uint32_t task);           /* it has taken its subtask's place */
    enum life_begun (*begin)(void *plane, uint32_t task); /* its time to initialize is over */
    void (*running)(void *plane, uint32_t task);
    void (*works)(void *plane, uint32_t task); /* RUNNING, or RECOVERING; optional */
    /* It worked (UNFINISHED: was leaving; REPLACED: anything) and does not, or is not current. */
    void (*stopped)(void *plane, uint32_t task, enum life_stop how);
    bool (*finished)(void *plane, uint32_t task); /* reported: does it linger? */
    void (*leaving)(void *plane, uint32_t task);  /* about to be gone; optional */
    void (*left)(void *plane, uint32_t host);     /* some task of it is gone; optional */
    void (*reading)(void *plane, uint32_t host, bool begins); /* from storage; optional */
};

struct life {
    const struct scenario *scenario;
    struct plane_world world;
    struct sim_queue *queue;
    const time_ns *clock; /* the queue's */
    const struct life_ops *ops;
    void *plane;
    struct life_array hosts, tasks; /* the plane's */
    struct life_job *jobs;          /* in the scenario's order */
    struct fault_fate **fates;      /* by job, then by planned fault */
    uint32_t job_count, suspects;   /* suspects: hosts with a cut link */
    VEC(uint32_t) free_tasks;
    VEC(struct life_step) steps;
    uint32_t free_step; /* 1 + number; 0: none */
    VEC(struct loss) losses;
    VEC(struct task_report) reports; /* scratch of one report */
};

void life_init(struct life *life, const struct scenario *scenario, const struct plane_world *world,
               struct sim_queue *queue, const struct life_ops *ops, void *plane);
void life_fini(struct life *life); /* hosts and vertices too, as far as they are life's */

/* The orders and faults of data_plane.h. */
void life_deploy(struct life *life, uint32_t host, const struct effect_data *order);
void life_cancel(struct life *life, uint32_t host, const struct effect_data *order);
/* Tasks for a TaskManager that had ended when its JobMaster's order came. */
void life_lost(struct life *life, uint32_t host, uint32_t job,
               const struct task_deployment *deployments, size_t count);
void life_process_ended(struct life *life, uint32_t host);
bool life_process_frozen(struct life *life, uint32_t host, bool frozen); /* has that changed? */
void life_host_changed(struct life *life, uint32_t host, const struct process_view *view);
bool life_has_task(const struct life *life, uint32_t job, uint32_t vertex, uint32_t subtask);

struct life_host *life_host_at(struct life *life, uint32_t host);         /* known from now on */
bool life_transfer_fails(const struct life *life, enum transfer_way way); /* when it has ended */
/* Of a frozen host: the action waits until it is resumed. Does it? */
bool life_hold(struct life *life, uint32_t host, sim_action *action, void *context, uint64_t a,
               uint64_t b);
bool life_can_talk(const struct life *life, uint32_t a, uint32_t b);
void life_report_tasks(struct life *life, uint32_t host, uint32_t job);

#include "sim/life/access.h"

#endif
