/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of all state machines, from the job inwards. A machine that is not here has no picture
 * and no test of its moves.
 */
#include "core/cluster/machines.h"

#include "core/checkpoint/pending_checkpoint.h"
#include "core/cluster/task_executor.h"
#include "core/rescale/transition_manager.h"
#include "core/schedule/adaptive_scheduler.h"
#include "core/slots/managed_worker.h"

const struct machine_row machines[] = {
    { &job_statuses, "core/schedule/job_status.h", "a job, or the execution graph of one" },
    { &adaptive_states, "core/schedule/adaptive_scheduler.h", "the adaptive scheduler of a job" },
    { &transition_phases, "core/rescale/transition_manager.h", "one visit of its waiting states" },
    { &execution_states, "core/port/data.h", "one attempt at one subtask" },
    { &pending_checkpoint_states, "core/checkpoint/pending_checkpoint.h", "a checkpoint" },
    { &managed_slot_states, "core/slots/managed_worker.h", "a slot, for the resource manager" },
    { &task_slot_states, "core/cluster/task_executor.h", "a slot, on its TaskManager" },
    { &contact_states, "core/cluster/task_executor.h", "a TaskManager's contact to one role" },
    { &heartbeat_states, "core/cluster/heartbeat.h", "a monitor of one peer" },
};

const size_t machine_count = sizeof machines / sizeof *machines;
