/* SPDX-License-Identifier: Apache-2.0
 *
 * From the watermarks of an operator's inputs, a valve each, to its own: the least of the inputs
 * that are active; of none, the highest. One that was idle counts again at once, but the
 * operator's own never falls: it waits until the input has caught up. Source: Flink's
 * IndexedCombinedWatermarkStatus, CombinedWatermarkStatus.updateCombinedWatermark.
 */
#ifndef WEIR_EXEC_INPUT_WATERMARKS_H
#define WEIR_EXEC_INPUT_WATERMARKS_H

#include "core/exec/watermark_valve.h"

struct input_watermarks {
    struct watermark_valve *valves; /* by input of the operator */
    uint32_t count;
    int64_t watermark; /* given out */
    bool idle;
};

/* channels: of each input, of all its edges. */
void input_watermarks_init(struct input_watermarks *inputs, const uint32_t *channels,
                           uint32_t count);
void input_watermarks_fini(struct input_watermarks *inputs);
/* Did the operator's watermark rise? */
bool input_watermarks_on_watermark(struct input_watermarks *inputs, uint32_t input,
                                   uint32_t channel, int64_t watermark);
/* As watermark_valve_on_status, of the operator. */
enum valve_change input_watermarks_on_status(struct input_watermarks *inputs, uint32_t input,
                                             uint32_t channel, bool idle, bool *rose);

#endif
