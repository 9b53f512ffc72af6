/* SPDX-License-Identifier: Apache-2.0
 *
 * One job goes on where another has stopped. The log's records keep coming while nobody reads them,
 * so the later job's sources stand at the snapshot from the moment it is known to be their start:
 * the end of the former job, or else the deployment of the first task. See docs/model.md, from one
 * job to the next.
 */
#ifndef WEIR_SIM_MODEL_HANDOVER_H
#define WEIR_SIM_MODEL_HANDOVER_H

#include <stdint.h>

struct model;

/* Tasks of the job are to restore this checkpoint. When the job has not cut it itself, it is the
 * snapshot that the job starts from. */
void handover_take(struct model *model, uint32_t job, uint64_t checkpoint);
/* The job has ended: jobs that are to go on from it stand at what it left. */
void handover_offer(struct model *model, uint32_t job);

#endif
