/* SPDX-License-Identifier: Apache-2.0
 *
 * Flink's JobStatus. The default scheduler's job and its one execution graph share it; an adaptive
 * job has a new execution graph, and so a new status from CREATED, after each restart, and shows
 * clients the status of its own state instead (adaptive_scheduler.h).
 */
#ifndef WEIR_SCHEDULE_JOB_STATUS_H
#define WEIR_SCHEDULE_JOB_STATUS_H

#include "core/base/machine.h"

enum job_status {
    JOB_INITIALIZING,
    JOB_CREATED,
    JOB_RUNNING,
    JOB_FAILING,
    JOB_FAILED,
    JOB_CANCELLING,
    JOB_CANCELED,
    JOB_FINISHED,
    JOB_RESTARTING,
    JOB_SUSPENDED,
    JOB_STATUS_COUNT
};

extern const struct state_table job_statuses;

#endif
