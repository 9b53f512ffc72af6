/* SPDX-License-Identifier: Apache-2.0
 *
 * The modelled data plane of virtual time: tasks with a life cycle, flow as rates instead of
 * records, backlog, checkpoints, failures of tasks and of the connections between them. Orders and
 * faults come in through model_ops, reports go out through the world, figures are read with
 * model_view_*. Every equation, its source and its limits: docs/model.md.
 *
 * Nothing happens between changes: rates are constant from one solution to the next, and everything
 * that is integrated is integrated exactly.
 */
#ifndef WEIR_SIM_MODEL_MODEL_H
#define WEIR_SIM_MODEL_MODEL_H

#include "sim/life/world.h"

struct model;

struct model *model_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                           struct sim_queue *queue);
struct model *model_create_in(const struct scenario *scenario, const struct plane_world *world,
                              struct sim_queue *queue);
void model_destroy(struct model *model);
const struct data_plane_ops *model_ops(void); /* the plane is the struct model */

/* A client has cancelled it: state that goes with its tasks is not missed any more. */
void model_job_cancelled(struct model *model, struct job_id job);

/* The job has ended for good: what it has not read is given up, and what arrives from now on is not
 * its backlog, unless it has FAILED. Nobody wanted that: its log fills as that of a job that is
 * about to restart, until another job goes on from it. */
void model_job_ended(struct model *model, struct job_id job, bool failed);

/* The last time that subtasks of sources began anew. */
struct model_restore {
    uint64_t count;      /* times so far */
    uint64_t checkpoint; /* what they began from; 0: from nothing */
    double position;     /* of the job, right behind it */
    bool whole;          /* all subtasks of all sources began together */
};

/* A NIC one way, or a connection of two hosts, and what it carries. */
struct network_use {
    bool known;                /* there is one that has a limit */
    double use;                /* share of it, 0 to 1 */
    struct node_id host, peer; /* the sender of a connection, and its reader; a NIC has no peer */
    enum transfer_way way;     /* of a NIC */
    double bytes_per_s, limit_bytes_per_s;
    uint32_t full; /* hosts whose NIC, or slowest connection, is full */
};

enum network_part { NETWORK_NIC, NETWORK_LINK, NETWORK_PART_COUNT };

/* Totals grow over the whole run, so the difference of two looks is exact for the time between.
 * Records are those of the sources. */
struct model_job_view {
    bool flowing; /* some source is connected to tasks that all run */
    bool whole;   /* all of them are */
    bool ended;   /* the job has, as it should: nothing arrives any more */
    double offered_total, served_total;
    double replayed_total; /* served again: set back to, or served by a former job already */
    double setback;        /* as much again, as soon as what has stopped begins anew; in backlog */
    double reread_total;   /* sources read again: with what buffers lost, without channel state */
    double inherited;      /* left unread by a former job, to which it was offered, and not to it */
    double given_up;       /* arrivals that it will not read: of attempts, or a later job's */
    double served_rate;    /* records per second, now */
    double backlog;        /* records that have arrived and are not read, or will be read again */
    double backlog_max;    /* the most since the last look */
    double lag_seconds;    /* age of the oldest of them */
    double lag_seconds_max; /* the most since the last look */
    bool has_latency;       /* some record comes out, or waits */
    double latency[3];      /* seconds, source to sink: p50, p95, p99 of records now */
    double state_bytes;     /* of all tasks, as a full checkpoint would store */
    double position;        /* records that the state of the job reflects */
    double taken_over;      /* of these, what a former job had read when this one took up its log */
    double restore_position;     /* the same in the newest completed checkpoint */
    uint64_t restore_checkpoint; /* that one; savepoints are not restored; 0: none */
    struct model_restore restored;
    /* Of the hosts that its tasks run on, the NIC that is used most, and the connection: by records
     * of all jobs, and a NIC by transfers as well. */
    struct network_use network[NETWORK_PART_COUNT];
    /* Most of what it could read faster is held up by a full NIC, or connection. */
    bool held[NETWORK_PART_COUNT];
};

struct model_vertex_view {
    uint32_t parallelism, running;
    uint32_t leaving; /* finish, and would be missed */
    /* Seconds summed over the subtasks while records could flow; the three add up to task_seconds.
     * As Flink's busyTimeMsPerSecond and its companions. */
    double busy_seconds, idle_seconds, backpressured_seconds, task_seconds;
    /* What they would be if every subtask were as busy as the one that is busiest at the moment,
     * and as backpressured as the one that is most. Never below the sums above. */
    double busy_most_seconds, backpressured_most_seconds;
    double in_total, out_total; /* records */
    double in_rate;
    double backlog; /* sources: records not read; others: records in buffers before it */
    double position, taken_over; /* sources; what those of a job add up to in model_job_view */
    double state_bytes;
};

/* Looking brings the integrals up to now; lag_seconds_max and backlog_max start anew. */
void model_view_job(struct model *model, struct job_id job, struct model_job_view *out);
void model_view_vertex(struct model *model, struct job_id job, struct vertex_id vertex,
                       struct model_vertex_view *out);

/* What has come of a fault that the job's scenario plans, by its place there. */
struct fault_fate model_fault_fate(const struct model *model, struct job_id job, size_t fault);

/* Since when tasks of the job that ran have stopped (failed, cancelled, gone with their process),
 * and have not all run again; TIME_NEVER: none has. Cheap, and moves nothing. */
time_ns model_broken_at(const struct model *model, struct job_id job);
/* When tasks of the job last came to run all, if they do. */
time_ns model_whole_at(const struct model *model, struct job_id job);
/* Does a task of the job run there, or finish? */
bool model_needs(const struct model *model, struct job_id job, struct node_id node);
/* Grows whenever that of some job may have become another one than TIME_NEVER. */
uint64_t model_break_count(const struct model *model);

/* Does the bookkeeping add up? What was served is what the sources have moved on by plus what they
 * were set back by; nothing was read that had not arrived; every partition is counted once; no
 * subtask, host or NIC carries more than it can; no checkpoint holds a later position than a newer
 * one. Relative tolerance 1e-6. */
MUST_CHECK struct err model_check_conservation(struct model *model, struct note *note);

#endif
