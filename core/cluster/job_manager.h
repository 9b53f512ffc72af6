/* SPDX-License-Identifier: Apache-2.0
 *
 * The JobManager process: dispatcher, resource manager and one JobMaster per job in one node. Hands
 * each event to the role it is for, then lets the roles tell one another what happened, in order,
 * until nobody has anything to say.
 */
#ifndef WEIR_CLUSTER_JOB_MANAGER_H
#define WEIR_CLUSTER_JOB_MANAGER_H

#include "core/cluster/dispatcher.h"
#include "core/cluster/resource_manager.h"

/* One process, three kinds of role:
 *
 *                         clients
 *                            |
 *                       dispatcher ----------- owns ----------+
 *                            |                                |
 *                        role queue                     JobMasters, one per job
 *                            |                           |          |        |
 *                     resource manager               scheduler  slot pool  checkpoints
 *                            |                           |          |        |
 *                            +------ TaskManagers -------+----------+--------+
 *
 * Roles do not call one another: what one has to say goes through the queue (role_queue.h) and is
 * handled in order before the step ends. Each role has its own monitor of each TaskManager. */
struct job_manager {
    struct node_settings settings;
    struct effects effects;
    struct role_queue facts;
    struct resource_manager resources;
    struct dispatcher dispatcher;
    struct index_map vouched; /* processes the world vouches for, by node id */
    bool started, ended;
    /* Deadlines of JobMasters: one timer per job, set anew when its deadline has moved. */
    struct timers job_timers;
    VEC(struct job_alarm) alarms; /* by place in dispatcher.jobs */
};

struct job_alarm {
    time_ns at;
    struct timer_handle timer;
};

/* In zeroed memory. */
void job_manager_init(struct job_manager *manager, const struct node_settings *settings);
void job_manager_fini(struct job_manager *manager);
MUST_CHECK struct err job_manager_step(struct job_manager *manager, const struct event *event);
time_ns job_manager_deadline(const struct job_manager *manager);
uint64_t job_manager_hash(const struct job_manager *manager);
void job_manager_check(const struct job_manager *manager);

#endif
