/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators have few inputs: all are looked at whenever one says something new.
 */
#include "core/exec/input_watermarks.h"

void input_watermarks_init(struct input_watermarks *inputs, const uint32_t *channels,
                           uint32_t count)
{
    *inputs = (struct input_watermarks){ .count = count, .watermark = WATERMARK_NONE };
    inputs->valves = mem_create_array(count, sizeof *inputs->valves);
    for (uint32_t i = 0; i < count; i++)
        watermark_valve_init(&inputs->valves[i], channels[i]);
}

void input_watermarks_fini(struct input_watermarks *inputs)
{
    for (uint32_t i = 0; i < inputs->count; i++)
        watermark_valve_fini(&inputs->valves[i]);
    mem_destroy(inputs->valves);
    *inputs = (struct input_watermarks){ 0 };
}

static bool combine(struct input_watermarks *inputs)
{
    int64_t least = WATERMARK_MAX, most = WATERMARK_NONE;
    inputs->idle = true;
    for (uint32_t i = 0; i < inputs->count; i++) {
        const struct watermark_valve *valve = &inputs->valves[i];
        most = valve->watermark > most ? valve->watermark : most;
        if (valve->idle)
            continue;
        inputs->idle = false;
        least = valve->watermark < least ? valve->watermark : least;
    }
    int64_t combined = inputs->idle ? most : least;
    if (combined <= inputs->watermark)
        return false;
    inputs->watermark = combined;
    return true;
}

bool input_watermarks_on_watermark(struct input_watermarks *inputs, uint32_t input,
                                   uint32_t channel, int64_t watermark)
{
    CHECK(input < inputs->count);
    return watermark_valve_on_watermark(&inputs->valves[input], channel, watermark) &&
           combine(inputs);
}

enum valve_change input_watermarks_on_status(struct input_watermarks *inputs, uint32_t input,
                                             uint32_t channel, bool idle, bool *rose)
{
    bool input_rose, was_idle = inputs->idle;
    CHECK(input < inputs->count);
    enum valve_change change =
        watermark_valve_on_status(&inputs->valves[input], channel, idle, &input_rose);
    *rose = (input_rose || change != VALVE_SAME) && combine(inputs);
    if (was_idle == inputs->idle)
        return VALVE_SAME;
    return inputs->idle ? VALVE_IDLE : VALVE_ACTIVE;
}
