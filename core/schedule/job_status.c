/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of JobStatus moves. Source: JobStatus, DefaultExecutionGraph.transitionState and the
 * callers in SchedulerBase.
 */
#include "core/schedule/job_status.h"

#define ENDING (STATE(JOB_FAILING) | STATE(JOB_CANCELLING) | STATE(JOB_SUSPENDED))

static const struct state_row rows[JOB_STATUS_COUNT] = {
    [JOB_INITIALIZING] = { "INITIALIZING", STATE(JOB_CREATED) | STATE(JOB_FAILED), STATE_INITIAL },
    [JOB_CREATED] = { "CREATED", STATE(JOB_RUNNING) | ENDING | STATE(JOB_FAILED), 0 },
    [JOB_RUNNING] = { "RUNNING", STATE(JOB_RESTARTING) | STATE(JOB_FINISHED) | ENDING, 0 },
    [JOB_FAILING] = { "FAILING", STATE(JOB_FAILED) | STATE(JOB_CANCELLING) | STATE(JOB_SUSPENDED),
                      STATE_FAILURE },
    [JOB_FAILED] = { "FAILED", 0, STATE_FINAL | STATE_FAILURE },
    [JOB_CANCELLING] = { "CANCELLING", STATE(JOB_CANCELED) | STATE(JOB_SUSPENDED), 0 },
    [JOB_CANCELED] = { "CANCELED", 0, STATE_FINAL },
    [JOB_FINISHED] = { "FINISHED", 0, STATE_FINAL },
    [JOB_RESTARTING] = { "RESTARTING", STATE(JOB_RUNNING) | ENDING, 0 },
    [JOB_SUSPENDED] = { "SUSPENDED", 0, STATE_FINAL },
};

const struct state_table job_statuses = { "job", rows, JOB_STATUS_COUNT };
