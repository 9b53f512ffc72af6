/* SPDX-License-Identifier: Apache-2.0
 *
 * The JobMaster role: one per job. Owns the job's slot pool, checkpoint coordinator, restart
 * strategy and scheduler; keeps contact to the TaskManagers that lend it slots, watches them with a
 * monitor of its own, and carries out what its parts want. Its files: job_master.c (events, ends),
 * job_master_contacts.c (TaskManagers and slots), job_master_checkpoints.c (the coordinator's
 * orders). Source: JobMaster, DeclarativeSlotPoolService.
 */
#ifndef WEIR_CLUSTER_JOB_MASTER_H
#define WEIR_CLUSTER_JOB_MASTER_H

#include "core/cluster/heartbeat.h"
#include "core/cluster/role_queue.h"
#include "core/port/node.h"
#include "core/schedule/scheduler.h"

/* A TaskManager that has registered here. It is watched, may offer slots, and hears of the job's
 * end; its slots are in the pool, under its node. */
struct job_contact {
    struct node_id node;
};

struct job_master {
    struct job_id job;
    struct job_graph *graph; /* owned */
    struct effects *effects; /* the node's, of the current step */
    struct role_queue *facts;
    struct slot_pool pool;
    struct checkpoint_coordinator checkpoints;
    struct restart_strategy restarts;
    struct exception_history exceptions;
    struct scheduler scheduler;
    VEC(struct job_contact) contacts; /* TaskManagers registered here */
    struct index_map contact_by_node;
    struct heartbeats monitors;
    time_ns declare_at; /* gathered requirement changes go out; TIME_NEVER: none */
    time_ns idle_check_at;
    time_ns submitted_at;
    bool ended;
};

/* Copies the graph. Refuses what no scheduler runs. The shelf is lent: the cluster's, for all jobs.
 */
MUST_CHECK struct err job_master_create(const struct job_graph *graph, uint64_t seed,
                                        struct snapshot_shelf *shelf, struct effects *effects,
                                        struct role_queue *facts, struct job_master **out,
                                        struct note *note);
void job_master_destroy(struct job_master *master);
void job_master_start(struct job_master *master);

void job_master_on_message(struct job_master *master, const struct event_message *event,
                           bool vouched);
void job_master_on_send_failed(struct job_master *master, const struct event_send_failed *failed);
void job_master_on_stored(struct job_master *master, uint64_t checkpoint, bool failed);
void job_master_on_resources_refused(struct job_master *master, uint32_t missing);
void job_master_on_task_manager_gone(struct job_master *master, struct node_id node,
                                     enum failure_cause cause);
void job_master_cancel(struct job_master *master);
MUST_CHECK struct err job_master_stop(struct job_master *master, bool drain, uint64_t token,
                                      struct note *note);
MUST_CHECK struct err job_master_savepoint(struct job_master *master, enum checkpoint_kind kind,
                                           uint64_t token, struct note *note);
MUST_CHECK struct err job_master_require(struct job_master *master,
                                         const struct vertex_bounds *bounds, size_t count,
                                         struct note *note);
void job_master_on_doubt(struct job_master *master, const struct event_in_doubt *doubt);
void job_master_on_time(struct job_master *master);
time_ns job_master_deadline(const struct job_master *master);
uint64_t job_master_hash(const struct job_master *master);
void job_master_check(const struct job_master *master); /* the invariant */

/* The job a message of a TaskManager is for; none: it is for no job. */
struct job_id job_master_of_message(const struct message *message);

/* For its own files. */
void job_contacts_asked(struct job_master *master, const struct event_message *event, bool vouched);
void job_contacts_offered(struct job_master *master, struct node_id node,
                          const struct message_offer_slots *offer);
void job_contacts_slots_failed(struct job_master *master, struct node_id node,
                               const struct message_fail_slots *said);
void job_contacts_close(struct job_master *master, struct node_id node, enum failure_cause cause);
void job_contacts_check_idle(struct job_master *master);
void job_contacts_on_time(struct job_master *master);
void job_contacts_end_all(struct job_master *master);
void job_checkpoints_follow(struct job_master *master);

#endif
