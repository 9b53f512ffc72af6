/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of event time over keyed records: tumbling and sliding ones, one value of fixed size for
 * each key and window. A window is given out when the watermark passes its last millisecond, again
 * for each late record within the allowed lateness, and is then forgotten; records that come later
 * still go to the side output. Source: Flink's WindowOperator, TumblingEventTimeWindows,
 * SlidingEventTimeWindows, EventTimeTrigger.
 */
#ifndef WEIR_EXEC_WINDOW_H
#define WEIR_EXEC_WINDOW_H

#include "core/exec/snapshot_format.h"
#include "core/exec/task_output.h"
#include "core/exec/timer_service.h"

enum { WINDOW_OUTPUT, WINDOW_LATE_OUTPUT, WINDOWS_OF_RECORD_MAX = 1024 };

struct window_params {
    struct key_spec key;              /* of fixed size */
    int64_t size, slide, offset;      /* ms; slide == size: tumbling; above: with gaps */
    int64_t lateness;                 /* ms */
    uint32_t value_size;              /* bytes of the window's value; zero to begin with */
    struct snapshot_serializer value; /* another version is refused at restore */
    /* Takes record i of the batch into the value. */
    void (*add)(const void *context, struct operator* op, const struct batch *batch, uint32_t i,
                void *value);
    /* Writes the window's result to output 0, with the timestamp end - 1. */
    void (*give)(const void *context, struct operator* op, const uint8_t *key, int64_t start,
                 int64_t end, const void *value);
    const void *context;
};

extern const struct operator_class window_class;

/* The last window that a record of this time is in (TimeWindow.getWindowStartWithOffset, also for
 * negative times). */
static inline int64_t window_last_start(int64_t timestamp, int64_t offset, int64_t slide)
{
    int64_t remainder = (timestamp - offset) % slide;
    return timestamp - (remainder < 0 ? remainder + slide : remainder);
}

/* WindowOperator.isElementLate, of one that no window takes: in a gap it may be in time. */
static inline bool window_is_late(int64_t timestamp, int64_t lateness, int64_t watermark)
{
    return timestamp + lateness <= watermark;
}

/* Those that came when none of their windows was open any more. */
uint64_t window_late_records(const struct operator* op);

#endif
