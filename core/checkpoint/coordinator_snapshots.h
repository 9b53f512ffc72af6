/* SPDX-License-Identifier: Apache-2.0
 *
 * The coordinator and what outlives its job: the shelf it is lent, and the start from a snapshot.
 * In: the job as it is about to be made a graph of. Out: the store's first entry, or Flink's words
 * why not. Source: DefaultExecutionGraphFactory, CheckpointCoordinator.restoreSavepoint.
 */
#ifndef WEIR_CHECKPOINT_COORDINATOR_SNAPSHOTS_H
#define WEIR_CHECKPOINT_COORDINATOR_SNAPSHOTS_H

#include "core/checkpoint/coordinator.h"

/* Where savepoints and retained checkpoints go, and where the job looks for its own start. */
void checkpoint_coordinator_lend_shelf(struct checkpoint_coordinator *coordinator,
                                       struct snapshot_shelf *shelf);

/* Before a graph is made of the job with these parallelisms. A job that is to start from a snapshot
 * and knows no checkpoint yet takes it into its store; numbers go on behind it, and max_parallelism
 * becomes the snapshot's where the job leaves it open. Refused in Flink's words, and then nothing
 * has changed. Source: DefaultExecutionGraphFactory.tryRestoreExecutionGraphFromSavepoint,
 * CheckpointCoordinator.restoreSavepoint. */
MUST_CHECK struct err
checkpoint_coordinator_restore_snapshot(struct checkpoint_coordinator *coordinator,
                                        const struct job_graph *job, const int32_t *parallelism,
                                        int32_t *max_parallelism, struct effects *effects,
                                        struct note *note);

#endif
