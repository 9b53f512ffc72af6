/* SPDX-License-Identifier: Apache-2.0
 *
 * What is on its way to a vertex that nothing holds up, where a barrier overtakes it: records that
 * wait in open buffers to be sent; those on slower links than the one that brings the first
 * barrier, from which on a reader keeps what comes before the other barriers; and those that wait
 * for the reader. See docs/model.md, checkpoints.
 */
#ifndef WEIR_SIM_MODEL_UNDER_WAY_H
#define WEIR_SIM_MODEL_UNDER_WAY_H

#include <stdint.h>

struct model;
struct model_job;

/* When its sources are told of a checkpoint. */
double under_way_bytes(struct model *model, struct model_job *job, uint32_t vertex);

#endif
