/* SPDX-License-Identifier: Apache-2.0
 *
 * What the roles of one JobManager process tell one another. They never call each other: a fact
 * goes into the node's own queue and is handled, in order, before the step ends.
 */
#ifndef WEIR_CLUSTER_ROLE_QUEUE_H
#define WEIR_CLUSTER_ROLE_QUEUE_H

#include "core/base/vec.h"
#include "core/port/data.h"

/* The JobManager's step drains the queue before it ends; a fact that leads to another one is
 * followed by it. So a loss is heard by all JobMasters in the step in which the resource manager
 * decided it, and a job's end by dispatcher and resource manager in the step in which its last task
 * ended. */
enum role_fact {
    ROLE_REQUIREMENTS,      /* JobMaster -> RM: the job's pool requires something else */
    ROLE_RESOURCES_REFUSED, /* RM -> JobMaster: they cannot be had */
    ROLE_TASK_MANAGER_GONE, /* RM -> every JobMaster: its contact to a TaskManager ended */
    ROLE_JOB_ENDED,         /* JobMaster -> dispatcher and RM */
    ROLE_FACT_COUNT
};

struct role_message {
    enum role_fact fact;
    struct job_id job;
    struct node_id node;
    enum failure_cause cause;
    uint32_t missing; /* RESOURCES_REFUSED: slots that the job has not been granted */
};

struct role_queue {
    VEC(struct role_message) messages;
    size_t taken;
};

#endif
