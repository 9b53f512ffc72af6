/* SPDX-License-Identifier: Apache-2.0
 *
 * The resource manager role of a JobManager: registers TaskManagers, watches them, and matches the
 * declared requirements of jobs with their slots through the slot manager. In: messages of
 * TaskManagers, facts of JobMasters, time. Out: slot requests, and facts for JobMasters. It
 * declares a TaskManager dead by its own monitor only. Source: ResourceManager,
 * StandaloneResourceManager.
 */
#ifndef WEIR_CLUSTER_RESOURCE_MANAGER_H
#define WEIR_CLUSTER_RESOURCE_MANAGER_H

#include "core/cluster/heartbeat.h"
#include "core/cluster/resource_driver.h"
#include "core/cluster/role_queue.h"
#include "core/port/node.h"
#include "core/slots/slot_manager.h"

struct resource_manager {
    struct node_id node; /* the JobManager's */
    const struct config *config;
    const struct resource_driver_row *driver;
    struct effects *effects; /* the node's, of the current step */
    struct role_queue *facts;
    struct timers timers;
    struct slot_manager slots;
    struct slot_plan plan; /* reused */
    struct heartbeats monitors;
    bool started_up;           /* the start-up period is over: missing slots are told */
    struct timer_handle check; /* of the requirements */
};

void resource_manager_init(struct resource_manager *rm, const struct node_settings *settings,
                           struct effects *effects, struct role_queue *facts);
void resource_manager_fini(struct resource_manager *rm);

void resource_manager_start(struct resource_manager *rm);
/* vouched: the world vouches for the sender's process. */
void resource_manager_on_message(struct resource_manager *rm, const struct event_message *event,
                                 bool vouched);
void resource_manager_on_send_failed(struct resource_manager *rm,
                                     const struct event_send_failed *failed);
void resource_manager_require(struct resource_manager *rm, struct job_id job,
                              const struct requirements *required);
void resource_manager_job_ended(struct resource_manager *rm, struct job_id job);
void resource_manager_on_doubt(struct resource_manager *rm, const struct event_in_doubt *doubt);
void resource_manager_on_time(struct resource_manager *rm);
time_ns resource_manager_deadline(const struct resource_manager *rm);
uint64_t resource_manager_hash(const struct resource_manager *rm);
void resource_manager_check(const struct resource_manager *rm); /* the invariant */

/* Does this kind of message go to the resource manager? */
bool resource_manager_takes(enum message_kind kind);

#endif
