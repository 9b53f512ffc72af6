/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of a job, its vertices and the logs of its sources, whatever becomes of tasks.
 */
#ifndef WEIR_SIM_EXACT_JOB_H
#define WEIR_SIM_EXACT_JOB_H

#include "sim/exact/exact.h"
#include "sim/exact/program.h"
#include "sim/exact/store.h"
#include "sim/life/life.h"
#include "sim/model/curve.h"

struct exact;

enum split_hold {
    SPLIT_LOST, /* what was read is to be read again from where the next task begins */
    SPLIT_HELD, /* by a task that is there */
    SPLIT_DONE, /* its task has finished */
};

struct split_place {
    uint64_t position; /* read up to here, as the task that reads it says or said */
    enum split_hold hold;
};

struct exact_source {
    uint32_t vertex;
    struct curve curve;
    struct log_content log;
    bool bounded;
    bool paced; /* each subtask makes records at the rate while it runs: nothing waits in a log */
    uint64_t replayed;
    bool told, in_backlog; /* what the JobManager was told last */
    /* Of one that goes on with another job's log: what that one had read in the snapshot, what had
     * been offered to it, and what it had read behind the snapshot. */
    double taken_over, offered_before, served_before;
    VEC(struct split_place) splits;
    VEC(uint64_t) proven, digests; /* by split: compared up to here, and the digest of all below */
};

/* Of one subtask's number, over all its attempts. */
struct subtask_time {
    time_ns busy, idle, backpressured;
    double busy_before, backpressured_before; /* at the last look */
};

struct exact_vertex {
    struct life_vertex life;
    uint32_t id, parallelism;
    uint32_t source; /* of the job's; NONE */
    uint32_t groups;
    const struct vertex_model *spec;
    /* State that it is taken to have beyond what is here: the spec's; a program's is all here. */
    const struct vertex_model *modelled;
    struct program program;
    VEC(bool) finished;
    struct stored_shelf shelf; /* what its subtasks have stored */
    uint32_t running, finished_count;
    uint32_t *multiplicity; /* by source of the job: copies of each of its records that come in */
    bool is_proven;         /* all of them are whole numbers, and it keeps state by key */
    VEC(struct exact_sum) ended;  /* by subtask: the state that it finished with */
    VEC(struct exact_sum) before; /* by subtask: the same of those before what was restored */
    VEC(struct subtask_time) times;
    double busy, idle, backpressured, busy_most, backpressured_most; /* seconds */
    uint64_t in_total, out_total;
};

enum { LATENCIES_KEPT = 512 };

struct exact_job {
    const struct job_spec *spec;
    struct exact *exact;
    uint32_t number, vertex_count;
    struct exact_vertex *vertices;
    VEC(struct exact_source) sources;
    struct execution_graph plan; /* parallelism only */
    VEC(struct exact_cut) cuts;
    bool ended, failed, cancelled;
    bool goes_on; /* it has taken up another job's snapshot */
    time_ns ended_at, broken_at, whole_at;
    struct model_restore restored;
    double backlog_most, lag_most;
    double latencies[LATENCIES_KEPT]; /* seconds; the newest */
    uint64_t latency_count;
    uint64_t look_round; /* for a backlog: raised when the job begins anew */
    char wrong[240];     /* the first checkpoint that was not what it had to be; empty: none */
};

/* backlog.c: the job flows from now on. */
void backlog_begin(struct exact *exact, struct exact_job *job);
/* align.c: behind it. */
void align_begin(struct exact *exact, struct exact_job *job);
/* Of the oldest record that its running tasks have not read. */
time_ns source_oldest_age(struct exact *exact, struct exact_job *job, struct exact_source *source);

/* heir.c: the snapshot may be another job's. */
void heir_adopt(struct exact *exact, struct exact_job *job, uint64_t checkpoint);

/* view.c */
/* A task of a source begins: its splits, as they were restored, where it reads a log. */
void source_hold(struct exact *exact, uint32_t task);
void source_let_go(struct exact *exact, uint32_t task, enum split_hold hold);
void vertex_fold(struct exact *exact, struct exact_job *job, struct exact_vertex *vertex);
void job_count_running(struct exact *exact, uint32_t job, bool lost);

/* files.c: records and digest that a subtask's files stand for are added to the sum. */
MUST_CHECK struct err files_sum(const struct exact_job *job, const struct stored_file *file,
                                struct exact_sum *sum, struct note *note);
/* Its sizes; since: records into its task behind the snapshot that it adds to, or ever. */
void files_measure(struct stored_file *file, const struct vertex_model *spec, double since);
/* Of those that a vertex had stored for, this subtask's share. */
double files_records(const struct cut_vertex *vertex, uint32_t subtask, uint32_t parallelism);
/* Of the older files that it adds to. */
double files_older_bytes(const struct exact_job *job, const struct stored_file *file);

/* flight.c: records of a checkpoint that were on their way, by the vertex that they go to; and how
 * many come into a proven vertex for one that goes into each of those before it. */
MUST_CHECK struct err flight_sum(const struct exact_job *job, const struct exact_cut *cut,
                                 struct exact_sum *by_vertex, struct note *note);
void flight_copies(const struct exact_job *job, uint32_t vertex, uint32_t *copies);

/* check.c */
/* Of subtasks that had finished: kept with a checkpoint, and there again when that is restored. */
void check_take_gone(const struct exact_job *job, struct exact_cut *cut);
void check_begin(struct exact *exact, uint32_t task);
void check_plan(struct exact_job *job); /* what is to be compared, and with what */
void check_cut(struct exact *exact, struct exact_job *job, const struct exact_cut *cut);
void check_task_ended(struct exact *exact, uint32_t task);        /* its state, before it goes */
void check_job_ended(struct exact *exact, struct exact_job *job); /* all have finished */

#endif
