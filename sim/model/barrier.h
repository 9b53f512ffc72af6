/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints in the data plane. The barrier starts when the last source has been told (that is
 * where positions are cut), and goes from vertex to vertex: one hop per vertex, begun when all its
 * inputs have sent it, as long as the data before it takes to drain. At a vertex: synchronous part,
 * upload, acknowledgement.
 *
 *   hop:  WAITING --all inputs sent--> TRAVELLING --> ARRIVED      HELD: there, but a task cannot
 *                                            \--> HELD --/          work now (frozen, blocked), or
 *                                                                  a link that it comes over is cut
 */
#ifndef WEIR_SIM_MODEL_BARRIER_H
#define WEIR_SIM_MODEL_BARRIER_H

#include "core/port/data.h"
#include "sim/cluster/shared_bandwidth.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/model/cuts.h"
#include "sim/model/task.h"

enum hop_state { HOP_WAITING, HOP_TRAVELLING, HOP_HELD, HOP_ARRIVED };

struct hop {
    enum hop_state state;
    uint32_t inputs_left;
    time_ns first_at;     /* the first input sent it; alignment begins */
    time_ns moved_at;     /* `left_bytes` was true then */
    double left_bytes;    /* still before it, as `ahead` of deal.h; 0: not by bytes */
    double drain;         /* bytes per second since `moved_at` */
    double stopped_drain; /* the same when a stop-with-savepoint began */
    time_ns switch_at;    /* becomes unaligned then; TIME_NEVER: stays aligned */
    time_ns alignment;    /* from the first input's barrier to the last one's */
    bool unheard;         /* a link it comes over is cut, since then */
    time_ns unheard_at;
    double in_flight_bytes; /* overtaken: as `left_bytes` */
    double held_part;       /* of both, what there is to be stored */
    double under_way_bytes; /* that is stored where nothing holds them up (under_way.h) */
    /* To the other subtasks it comes when what is before those has left, on average. */
    uint32_t slowest;
    double left_others;
    bool others_passed;
    struct sim_handle event, others;
};

struct pending {
    uint64_t serial; /* of the run: tells a later one with the same place */
    struct checkpoint_order how;
    uint32_t sources_left; /* source subtasks not told yet */
    time_ns triggered_at;
    bool is_cut;
    bool jammed;            /* a source waits for room in its output and hears nothing */
    VEC(struct hop) hops;   /* by vertex */
    VEC(uint32_t) unstored; /* by component: tasks whose snapshots are not stored yet */
    struct sim_handle start;
};

/* The snapshots of tasks of one vertex on one host, stored and acknowledged together. */
struct upload {
    bool used, declined; /* declined: nothing stored, the task does not run */
    uint32_t generation, next_free;
    uint32_t job, host, vertex;
    uint64_t serial, checkpoint;
    time_ns started_at;
    double bytes, state_bytes;  /* state: without data in flight, which is in memory */
    bool local;                 /* the host keeps a copy */
    bool failed;                /* it could not be stored */
    bool transferring, copying; /* to shared storage, at the host's disk; done when both are */
    struct transfer_id transfer;
    struct share_handle copy;
    VEC(struct task_ref) tasks;
    VEC(struct checkpoint_ack) acks;
};

struct model;
struct model_job;
struct model_vertex;

/* The orders of data_plane.h. */
void barrier_trigger(struct model *model, uint32_t host, const struct effect_data *order);
void barrier_complete(struct model *model, uint32_t host, const struct effect_data *order);
void barrier_abort(struct model *model, uint32_t host, const struct effect_data *order);

/* Rates have changed: hops under way go on with the new ones. */
void barrier_on_rates(struct model *model, uint32_t job, uint32_t component);
/* A task of the job is gone: what is pending cannot complete. */
void barrier_drop_all(struct model *model, uint32_t job);
/* A task of the component does not run any more. A barrier that has not passed it never will; one
 * that has is a checkpoint still: what others have to store for it, they do. */
void barrier_on_left(struct model *model, uint32_t job, uint32_t component);
/* All its snapshots are stored: what it holds does not depend on what its sources do from now on.
 * The data plane is not told when an ordinary savepoint is complete, and nothing of it is needed
 * here but by a later job that may start from it. */
void barrier_stored(struct model *model, struct model_job *job, uint64_t serial);
struct pending *barrier_find(struct model_job *job, uint64_t serial);
const struct cut *barrier_cut(const struct model_job *job, uint64_t checkpoint);
void pending_fini(struct pending *pending);
/* settle.c: positions become those that state and channel state stand for. Rates are taken as even
 * while the barrier was under way, so they are held between this cut and what came later. */
void barrier_settle_cut(struct model *model, struct model_job *job, struct cut *cut);

/* barrier_hop.c. What is before each vertex when sources are told, before they send the barrier. */
void hops_find(struct model *model, struct model_job *job, struct pending *pending);
/* Does the barrier pass what is before the vertex? Perhaps behind a time-out. */
bool hop_overtakes(const struct model_job *job, const struct pending *pending, uint32_t vertex);
/* Links have changed, perhaps. */
void hop_note_link(const struct model *model, const struct model_job *job, struct hop *hop,
                   uint32_t vertex);
/* Bytes per second that move before it now. */
double hop_drain(const struct model_job *job, const struct hop *hop, uint32_t vertex);
void hop_advance(const struct model *model, struct hop *hop);
bool hop_is_held(const struct model_job *job, uint32_t vertex);

/* snapshot.c: the barrier is at the vertex; its tasks take their snapshots. */
void snapshot_vertex(struct model *model, uint32_t job, uint64_t serial, uint32_t vertex);
/* It has come to all but the slowest of them, to which it comes later; says whether they could. */
bool snapshot_others(struct model *model, uint32_t job, uint64_t serial, uint32_t vertex);
/* The task cannot take part: it does not run. */
void upload_decline(struct model *model, uint32_t host, uint32_t job, uint64_t checkpoint,
                    struct task_attempt attempt);
/* What a task stores after so many records into its vertex, in bytes; keyed: no operator
 * state. */
double snapshot_keyed_bytes(const struct model *model, struct model_vertex *vertex,
                            uint32_t subtask, double records);
double snapshot_task_bytes(const struct model *model, struct model_vertex *vertex, uint32_t subtask,
                           double records);
void uploads_drop(struct model *model, uint64_t serial);

#endif
