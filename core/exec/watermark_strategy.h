/* SPDX-License-Identifier: Apache-2.0
 *
 * From timestamps to watermarks: the highest so far, less what records may be late by, less one;
 * idle when nothing has come for a while. One clock for each stream of records: of an operator, of
 * a split. And the bound of sources whose watermarks are to stay together. Source: Flink's
 * BoundedOutOfOrdernessWatermarks, AscendingTimestampsWatermarks, WatermarksWithIdleness,
 * SourceCoordinator.announceCombinedWatermark.
 */
#ifndef WEIR_EXEC_WATERMARK_STRATEGY_H
#define WEIR_EXEC_WATERMARK_STRATEGY_H

#include "core/exec/operator.h"

#define WATERMARK_INTERVAL (200 * TIME_MS) /* pipeline.auto-watermark-interval's default */

struct watermark_strategy {
    int64_t out_of_orderness; /* ms; 0: timestamps only rise */
    time_ns interval;         /* between watermarks, > 0 */
    time_ns idle_after;       /* 0: never idle */
};

/* Sources of one group do not run ahead of the slowest of them
 * (WatermarkStrategy.withWatermarkAlignment). */
struct watermark_alignment {
    const char *group;
    int64_t drift_max; /* ms; >= 0 */
    time_ns interval;  /* between announcements, > 0 */
};

struct watermark_clock {
    int64_t highest; /* timestamp; WATERMARK_NONE: none yet */
    bool moved;      /* since the last tick */
    bool has_ended;  /* of a split */
    bool is_quiet;
    time_ns quiet_since;
};

static inline void watermark_clock_init(struct watermark_clock *clock)
{
    *clock = (struct watermark_clock){ .highest = WATERMARK_NONE };
}

static inline void watermark_clock_see(struct watermark_clock *clock, int64_t timestamp)
{
    clock->highest = timestamp > clock->highest ? timestamp : clock->highest;
    clock->moved = true;
}

/* At each interval. IdlenessTimer.checkIfIdle: the first quiet tick only begins to count. */
static inline bool watermark_clock_is_idle(struct watermark_clock *clock,
                                           const struct watermark_strategy *strategy, time_ns now)
{
    bool was_quiet = clock->is_quiet && !clock->moved;
    if (strategy->idle_after == 0)
        return false;
    if (!was_quiet) {
        clock->is_quiet = !clock->moved;
        clock->quiet_since = now;
        clock->moved = false;
        return false;
    }
    return now - clock->quiet_since > strategy->idle_after;
}

static inline int64_t watermark_clock_value(const struct watermark_clock *clock,
                                            const struct watermark_strategy *strategy)
{
    int64_t watermark;
    if (clock->highest == WATERMARK_NONE ||
        __builtin_sub_overflow(clock->highest, strategy->out_of_orderness, &watermark) ||
        watermark == INT64_MIN)
        return WATERMARK_NONE;
    return watermark - 1;
}

/* The bound that all sources of a group are told: the least watermark of their subtasks (those that
 * are idle say WATERMARK_MAX) and the drift they may have. */
static inline int64_t watermark_alignment_bound(const int64_t *watermarks, size_t count,
                                                int64_t drift_max)
{
    int64_t least = WATERMARK_MAX, bound;
    for (size_t i = 0; i < count; i++)
        least = watermarks[i] < least ? watermarks[i] : least;
    return __builtin_add_overflow(least, drift_max, &bound) ? WATERMARK_MAX : bound;
}

#endif
