/* SPDX-License-Identifier: Apache-2.0
 *
 * Which partition is in which group: layouts are shared by a source and the checkpoints cut while
 * it had them, and are copied before they change.
 */
#ifndef WEIR_SIM_MODEL_PARTITION_H
#define WEIR_SIM_MODEL_PARTITION_H

#include "sim/model/source.h"

struct layout *layout_create(uint32_t partitions); /* all in group 0 */
/* Partitions i, i + period, i + 2 * period and so on. */
uint32_t layout_repeats(uint32_t partitions, uint32_t period, uint32_t i);
/* How often two layouts, or a layout and readers that take turns, repeat themselves together. */
uint32_t layout_period(uint32_t partitions, uint32_t a, uint32_t b);

static inline uint32_t layout_group(const struct layout *layout, uint32_t partition)
{
    return layout->group_of[partition % layout->period];
}

/* Groups of a class that stand together become one. Positions must be up to date. */
void partitions_merge(struct model_source *source);
/* The same for a cut, which has no classes. */
void cut_merge(struct source_cut *cut);
/* See source_restore; positions only, nothing is counted. */
void partitions_restore(struct model_source *source, const struct source_cut *cut,
                        const bool *fresh, uint32_t parallelism, time_ns now);
/* What was ahead of a stop's barrier has been worked off, and nothing behind it: the source is as
 * far as the settled cut. */
void partitions_drain(struct model_source *source, const struct source_cut *cut);

#endif
