/* SPDX-License-Identifier: Apache-2.0
 *
 * Watermarks of a source: each split has its own clock, the source's watermark is the least of
 * those that are not idle. A source without splits, or whose splits have all ended, is idle. A
 * split that is further than the bound that the task was told is not read until the bound has
 * risen. Source: Flink's WatermarkOutputMultiplexer, SourceOperator.checkSplitWatermarkAlignment.
 */
#ifndef WEIR_EXEC_SPLIT_CLOCK_H
#define WEIR_EXEC_SPLIT_CLOCK_H

#include "core/exec/split_list.h"
#include "core/exec/watermark_strategy.h"

struct split_clock {
    const struct watermark_strategy *strategy; /* null: the source has no watermarks */
    VEC(struct watermark_clock) clocks;        /* by place in the list of splits */
    size_t open;                               /* that have not ended */
    int64_t watermark;                         /* emitted */
    bool idle;                                 /* so it was said */
    time_ns next_at;
};

/* Behind split_list_open; strategy may be null: the rest does nothing then. */
void split_clock_open(struct split_clock *clock, struct operator* op,
                      const struct split_list *splits, const struct watermark_strategy *strategy);
void split_clock_fini(struct split_clock *clock);
/* Fills `count` slots with the records of a split from offset `from` on. room: the operator's, for
 * what it needs again and again (struct operator). */
typedef void split_maker(const void *context, uint32_t split, uint64_t from, uint32_t count,
                         uint8_t *slots, void **room);
/* As many records of the split as there is room for, up to `most`, made where they are to lie.
 * Gives how many. */
uint32_t split_clock_read(struct split_clock *clock, struct operator* op,
                          const struct split_list *splits, struct source_split *split,
                          split_maker *make, const void *context, uint32_t most);
/* One that the source has read itself, of the split at this place. */
void split_clock_see(struct split_clock *clock, size_t place, int64_t timestamp);
/* The split has ended, perhaps said before: it holds nobody back any more. */
void split_clock_release(struct split_clock *clock, size_t place);
bool split_clock_is_paused(const struct split_clock *clock, const struct operator* op,
                           size_t place);
time_ns split_clock_deadline(const struct split_clock *clock);
void split_clock_on_time(struct split_clock *clock, struct operator* op, time_ns now);

#endif
