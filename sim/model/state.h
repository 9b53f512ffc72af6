/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of the model: hosts by node id, tasks and steps by number, jobs and what is theirs.
 */
#ifndef WEIR_SIM_MODEL_STATE_H
#define WEIR_SIM_MODEL_STATE_H

#include "sim/life/life.h"
#include "sim/model/barrier.h"
#include "sim/model/component.h"
#include "sim/model/flush.h"
#include "sim/model/keyspace.h"
#include "sim/model/model.h"
#include "sim/model/net_build.h"
#include "sim/model/networks.h"
#include "sim/model/recall.h"
#include "sim/model/shape.h"
#include "sim/model/source.h"
#include "sim/model/stall.h"
#include "sim/model/task.h"

/* Scratch of dealing out the buffers of one vertex: its subtasks on the host. */
struct host_deal {
    uint64_t round;
    double weight; /* their part of the records */
    uint32_t readers;
    double use; /* of the host's cores, by all tasks; 1: all */
};

struct model_host { /* what every step touches comes first */
    struct life_host life;
    bool own_links;         /* some pair with it may have figures of its own (TaskManagers) */
    bool stalled, relinked; /* all its data connections wait for a retry; it is among `relinked` */
    double loss;            /* of packets on its link, 0 to 1 */
    uint32_t slot;          /* in the network of round `slot_round` */
    uint64_t slot_round;
    uint64_t seen;                             /* in the refresh of that number */
    VEC(uint32_t) stalls;                      /* of the connections that have an end here */
    VEC(struct net_stay) stays;                /* in networks, also such as are gone */
    uint32_t connections;                      /* of the data plane with other hosts, each way */
    uint64_t counted;                          /* these, in the refresh of that number */
    uint32_t moving[TRANSFER_WAY_COUNT];       /* transfers to and from shared storage, under way */
    double transfer_limit[TRANSFER_WAY_COUNT]; /* as last said, bytes per second */
    struct host_deal deal;
    uint32_t upload; /* of the snapshot of round `upload_round` */
    uint64_t upload_round;
};

struct model_vertex {
    struct life_vertex life;
    uint32_t id, component;
    const struct vertex_model *spec;
    bool is_source;
    uint32_t source;              /* of the job; NONE */
    uint32_t parallelism, groups; /* 0: never deployed; the max parallelism */
    uint32_t running, finished;   /* subtasks; finished: for lack of input */
    VEC(bool) done;               /* by subtask, as far as one has finished so */
    struct keyspace *keyspace;    /* for `groups` of them; made when first needed */
    struct vertex_shape shape;
    struct vertex_flow flow;
};

/* Scratch of marking: who leads to a bottleneck, and of these, what is held up by it already. */
enum lead { LEAD_NONE, LEAD_THERE, LEAD_HELD };
struct leads {
    uint32_t to;                /* NONE: not known */
    enum lead *marks;           /* by vertex */
    VEC(uint32_t) found, stack; /* the marked ones; of those, what is to be looked at */
};

struct model_job {
    const struct job_spec *spec;
    struct execution_graph plan; /* only what edge_producers_of reads: job and vertices */
    struct model_vertex *vertices;
    uint32_t vertex_count;
    VEC(struct component) components;
    VEC(struct model_source) sources;
    uint32_t *edge_slot;     /* by edge: its place among the shuffles of its component; NONE */
    uint32_t *edge_passages; /* by edge: its first among the passages of its reader, as found */
    struct leads leads;
    bool cancelled, ended, failed; /* is to end; has; FAILED: what arrives is its backlog still */
    time_ns ended_at;
    VEC(struct pending) pending; /* checkpoints in progress, oldest first */
    VEC(struct cut) cuts;        /* taken ones that may be restored, by id */
    VEC(uint64_t) restorable;    /* their ids, of those that a restart may restore, ascending */
    size_t cuts_kept;            /* the first ones, which go with the job */
    uint64_t cuts_checked;       /* the newest when last looked at (view.c) */
    double backlog_most;         /* records, since the last look */
    struct recall recall;        /* of its latency */
    bool has_heirs;              /* some job is to start from a snapshot of it */
    bool goes_on;                /* its sources stand where a former job's snapshot has them */
    uint64_t stopped_by;         /* synchronous savepoint that holds the sources; 0: none */
    struct model_restore restored;
    uint64_t restored_round;   /* refresh of the networks */
    bool restored_now;         /* where it stands has not been summed up yet */
    uint32_t restored_sources; /* in it, all subtasks of each */
};

struct model {
    struct life life;
    const struct scenario *scenario;
    struct sim_queue *queue;
    VEC(struct model_host) hosts;
    uint32_t lossy;          /* hosts that lose packets */
    uint32_t moving;         /* transfers to and from shared storage, under way */
    uint64_t moves, flushes; /* how often one began or ended; barriers came at another pace */
    VEC(struct model_task) tasks;
    struct model_job *jobs;
    uint32_t job_count;
    struct networks networks;
    VEC(struct stall) stalls;
    VEC(uint32_t) free_stalls, relinked; /* hosts whose links have changed at this instant */
    VEC(struct upload) uploads;
    uint32_t free_upload; /* 1 + number; 0: none */
    uint64_t upload_round;
    VEC(struct flush) sink_flushes;
    uint32_t free_flush; /* 1 + number; 0: none */
    struct sim_handle memory_look, stalls_look;
    time_ns memory_look_at;
    uint64_t pending_serial, breaks; /* checkpoints; components that were whole and have broken */
    VEC(uint32_t) numbers;           /* scratch */
    VEC(double) amounts;             /* scratch */
    uint64_t deals;                  /* of buffers, so far */
};

static inline time_ns model_now(const struct model *model)
{
    return life_now(&model->life);
}

/* It is to stop: what it would have read again is at its most. */
void view_note_setbacks(struct model *model, struct model_job *job);

#endif
