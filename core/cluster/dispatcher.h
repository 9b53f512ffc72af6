/* SPDX-License-Identifier: Apache-2.0
 *
 * The dispatcher role: takes jobs from clients, starts a JobMaster for each, passes on what clients
 * ask, and remembers how jobs ended. Source: Dispatcher, StandaloneDispatcher.
 */
#ifndef WEIR_CLUSTER_DISPATCHER_H
#define WEIR_CLUSTER_DISPATCHER_H

#include "core/cluster/job_master.h"

enum { JOBS_MAX = 100000 };

/* New bounds on their way through the store; the JobMaster hears of them when they are durable. */
struct pending_requirements {
    uint64_t token; /* of the client; 0: none pending */
    VEC(struct vertex_bounds) bounds;
};

struct dispatcher_job {
    struct job_id id;
    struct job_master *master; /* kept after the end, for those who look */
    enum job_status ended_as;  /* JOB_CREATED: it has not */
    time_ns ended_at;
    struct pending_requirements update;
};

struct dispatcher {
    struct effects *effects;
    struct role_queue *facts;
    uint64_t seed;
    VEC(struct dispatcher_job) jobs; /* in order of submission */
    struct index_map by_id;
    struct snapshot_shelf shelf; /* what jobs leave behind for later ones */
};

void dispatcher_init(struct dispatcher *dispatcher, uint64_t seed, struct effects *effects,
                     struct role_queue *facts);
void dispatcher_fini(struct dispatcher *dispatcher);

/* Answers the client, now or when the thing asked for is done. */
void dispatcher_on_client(struct dispatcher *dispatcher, const struct event_client *request);
/* The requirements of a job are durable. */
void dispatcher_on_plan_stored(struct dispatcher *dispatcher, struct job_id job, bool failed);
void dispatcher_on_job_ended(struct dispatcher *dispatcher, struct job_id job);

/* Among the jobs, ended ones included; INDEX_NONE: there is no such job. */
uint32_t dispatcher_job_place(const struct dispatcher *dispatcher, struct job_id job);
/* The JobMaster of a job that has not ended; null: none. */
struct job_master *dispatcher_job_master(const struct dispatcher *dispatcher, struct job_id job);

uint64_t dispatcher_hash(const struct dispatcher *dispatcher);
void dispatcher_check(const struct dispatcher *dispatcher); /* the invariant */

#endif
