/* SPDX-License-Identifier: Apache-2.0
 *
 * Clocks of splits, and what the source says of them.
 */
#include "core/exec/split_clock.h"

void split_clock_open(struct split_clock *clock, struct operator* op,
                      const struct split_list *splits, const struct watermark_strategy *strategy)
{
    *clock = (struct split_clock){ .strategy = strategy, .watermark = WATERMARK_NONE };
    if (!strategy)
        return;
    CHECK(op->spec->outputs.items[0].timestamped);
    CHECK(strategy->interval > 0);
    for (size_t i = 0; i < splits->splits.count; i++) {
        vec_push(&clock->clocks, (struct watermark_clock){ 0 });
        watermark_clock_init(&vec_last(&clock->clocks));
    }
    clock->open = clock->clocks.count;
    clock->next_at = time_add(op->task->now, strategy->interval);
}

void split_clock_fini(struct split_clock *clock)
{
    vec_fini(&clock->clocks);
}

void split_clock_see(struct split_clock *clock, size_t place, int64_t timestamp)
{
    if (clock->strategy)
        watermark_clock_see(&clock->clocks.items[place], timestamp);
}

/* Slots that were read of the split at this place. */
static void see(struct split_clock *clock, size_t place, const uint8_t *slots, uint32_t count,
                uint32_t stride)
{
    if (!clock->strategy)
        return;
    for (uint32_t i = 0; i < count; i++) {
        int64_t timestamp;
        memcpy(&timestamp, slots + (size_t)i * stride, sizeof timestamp);
        watermark_clock_see(&clock->clocks.items[place], timestamp);
    }
}

uint32_t split_clock_read(struct split_clock *clock, struct operator* op,
                          const struct split_list *splits, struct source_split *split,
                          split_maker *make, const void *context, uint32_t most)
{
    struct collector *out = op->outs[0];
    uint32_t stride = record_stride(out->layout), done = 0;
    CHECK(stride > 0);
    while (done < most) {
        uint32_t room = collector_room(out, stride);
        uint32_t count = most - done < room ? most - done : room;
        if (count == 0)
            break;
        make(context, split->number, split->offset, count, out->at, &op->rooms[0]);
        see(clock, (size_t)(split - splits->splits.items), out->at, count, stride);
        out->at += (size_t)count * stride;
        split->offset += count;
        done += count;
    }
    return done;
}

void split_clock_release(struct split_clock *clock, size_t place)
{
    if (!clock->strategy || clock->clocks.items[place].has_ended)
        return;
    clock->clocks.items[place].has_ended = true;
    clock->open--;
}

bool split_clock_is_paused(const struct split_clock *clock, const struct operator* op, size_t place)
{
    if (!clock->strategy || clock->clocks.items[place].has_ended)
        return false;
    int64_t bound = op->task->watermark_bound;
    return clock->watermark > bound ||
           watermark_clock_value(&clock->clocks.items[place], clock->strategy) > bound;
}

time_ns split_clock_deadline(const struct split_clock *clock)
{
    bool is_silent = clock->open == 0 && clock->idle;
    return clock->strategy && !is_silent ? clock->next_at : TIME_NEVER;
}

/* What the task reports: WATERMARK_MAX, as from then on it holds nobody back. */
static void say_idle(struct split_clock *clock, struct operator* op)
{
    op->task->source_watermark = WATERMARK_MAX;
    if (!clock->idle)
        operator_emit_status(op, true);
    clock->idle = true;
}

/* WatermarkOutputMultiplexer.updateCombinedWatermark. A split that is paused is not idle; a source
 * without any that goes on is, time-out or not: the last watermark comes with the end of the data,
 * and would take others to the end of time that only rest (IdlenessManager: main output, splits).
 */
void split_clock_on_time(struct split_clock *clock, struct operator* op, time_ns now)
{
    int64_t least = WATERMARK_MAX;
    bool all_idle = true;
    clock->next_at = time_add(now, clock->strategy->interval);
    for (size_t i = 0; i < clock->clocks.count; i++) {
        struct watermark_clock *one = &clock->clocks.items[i];
        int64_t watermark = watermark_clock_value(one, clock->strategy);
        if (one->has_ended)
            continue;
        if (split_clock_is_paused(clock, op, i))
            one->moved = true;
        if (watermark_clock_is_idle(one, clock->strategy, now))
            continue;
        all_idle = false;
        least = watermark < least ? watermark : least;
    }
    if (all_idle) {
        say_idle(clock, op);
        return;
    }
    if (least > clock->watermark) {
        clock->watermark = least;
        if (clock->idle)
            operator_emit_status(op, false);
        clock->idle = false;
        operator_emit_watermark(op, least);
    }
    op->task->source_watermark = clock->watermark;
}
