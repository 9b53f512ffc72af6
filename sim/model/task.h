/* SPDX-License-Identifier: Apache-2.0
 *
 * The model's own part of a task, and what it does when the life of one (sim/life) begins or ends
 * to flow: its component of the job learns of it.
 */
#ifndef WEIR_SIM_MODEL_TASK_H
#define WEIR_SIM_MODEL_TASK_H

#include "sim/life/task.h"

struct model_task {
    struct life_task life;
    bool fresh;               /* runs, and its source position is not restored yet */
    bool released;            /* finishes when all that it reads from have; snapshots first */
    bool blocked;             /* a snapshot that sleeps holds its thread */
    bool waits;               /* a source: reads nothing before it hears of a checkpoint */
    time_ns sync_until, sync; /* the synchronous part of a snapshot does, or did; its length */
};

struct model;

/* Behind a completed stop-with-savepoint. */
void tasks_finish(struct model *model, uint32_t host, uint32_t job);
/* Its sources there, which have stopped behind a savepoint that is aborted: nothing sets them going
 * again (StreamTask.notifyCheckpointAbortAsync). Others that the barrier has passed go with them.
 */
void tasks_fail_stopped(struct model *model, uint32_t host, uint32_t job);
const struct life_ops *model_life_ops(void); /* the plane is the struct model */

#endif
