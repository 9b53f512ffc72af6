/* SPDX-License-Identifier: Apache-2.0
 *
 * From the watermarks of many channels to that of the input they are of: the least of those that
 * are active. A channel that was idle counts again when its watermark has caught up. Source:
 * Flink's StatusWatermarkValve.
 */
#ifndef WEIR_EXEC_WATERMARK_VALVE_H
#define WEIR_EXEC_WATERMARK_VALVE_H

#include "core/exec/operator.h"

struct valve_channel {
    int64_t watermark;
    uint32_t place; /* in the heap; behind `aligned`: it does not count now */
    bool idle;
};

struct watermark_valve {
    struct valve_channel *channels;
    uint32_t *heap; /* channels; the first `aligned` ones in heap order */
    uint32_t count, active, aligned;
    int64_t watermark; /* given out */
    bool idle;
};

enum valve_change { VALVE_SAME, VALVE_IDLE, VALVE_ACTIVE };

void watermark_valve_init(struct watermark_valve *valve, uint32_t channels);
void watermark_valve_fini(struct watermark_valve *valve);
/* Did its watermark rise (valve->watermark)? */
bool watermark_valve_on_watermark(struct watermark_valve *valve, uint32_t channel,
                                  int64_t watermark);
/* *rose: the watermark did as well, now that an idle channel does not hold it back. */
enum valve_change watermark_valve_on_status(struct watermark_valve *valve, uint32_t channel,
                                            bool idle, bool *rose);

#endif
