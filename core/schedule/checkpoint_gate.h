/* SPDX-License-Identifier: Apache-2.0
 *
 * The "all tasks running" gate before the periodic checkpoint timer, as Flink 2.3 has it (its
 * ExecutionTrackingCheckpointCoordinatorDeActivator): a set of attempts that are not RUNNING or
 * FINISHED. The timer starts when the set becomes empty and stops when it is no longer so. An
 * attempt that failed or was cancelled is never taken out again, so after the first failover the
 * gate is stuck open and only the direct start by the first RUNNING task is left. The adaptive
 * scheduler has a new gate per graph.
 */
#ifndef WEIR_SCHEDULE_CHECKPOINT_GATE_H
#define WEIR_SCHEDULE_CHECKPOINT_GATE_H

#include "core/port/data.h"

struct checkpoint_gate {
    bool active;   /* the job's status is RUNNING: the gate acts */
    uint64_t open; /* attempts not RUNNING or FINISHED, ended ones included for good */
};

enum gate_outcome { GATE_KEEP, GATE_START, GATE_STOP };

enum gate_outcome checkpoint_gate_on_job_running(struct checkpoint_gate *gate);
enum gate_outcome checkpoint_gate_on_move(struct checkpoint_gate *gate, enum execution_state from,
                                          enum execution_state to);

#endif
