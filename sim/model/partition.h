/* SPDX-License-Identifier: Apache-2.0
 *
 * Which partition is in which group: layouts are shared by a source and the checkpoints cut while
 * it had them, and are copied before they change.
 */
#ifndef WEIR_SIM_MODEL_PARTITION_H
#define WEIR_SIM_MODEL_PARTITION_H

#include "sim/model/source.h"

struct layout *layout_create(uint32_t partitions); /* all in group 0 */

/* Groups at equal positions become one. Halted sources only. */
void partitions_merge(struct model_source *source);
/* See source_restore; positions only, nothing is counted. */
void partitions_restore(struct model_source *source, const struct source_cut *cut,
                        const bool *fresh, uint32_t parallelism, time_ns now);

#endif
