/* SPDX-License-Identifier: Apache-2.0
 *
 * A heap of the channels that count, least watermark on top, so that a watermark costs the
 * logarithm of their number.
 */
#include "core/exec/watermark_valve.h"

void watermark_valve_init(struct watermark_valve *valve, uint32_t channels)
{
    *valve = (struct watermark_valve){ .watermark = WATERMARK_NONE };
    valve->channels = mem_create_array(channels, sizeof *valve->channels);
    valve->heap = mem_create_array(channels, sizeof *valve->heap);
    valve->count = valve->aligned = valve->active = channels;
    for (uint32_t i = 0; i < channels; i++) {
        valve->channels[i] = (struct valve_channel){ .watermark = WATERMARK_NONE, .place = i };
        valve->heap[i] = i;
    }
}

void watermark_valve_fini(struct watermark_valve *valve)
{
    mem_destroy(valve->channels);
    mem_destroy(valve->heap);
    *valve = (struct watermark_valve){ 0 };
}

static int64_t mark_at(const struct watermark_valve *valve, uint32_t place)
{
    return valve->channels[valve->heap[place]].watermark;
}

static void swap(struct watermark_valve *valve, uint32_t a, uint32_t b)
{
    uint32_t channel = valve->heap[a];
    valve->heap[a] = valve->heap[b];
    valve->heap[b] = channel;
    valve->channels[valve->heap[a]].place = a;
    valve->channels[valve->heap[b]].place = b;
}

static void sift_down(struct watermark_valve *valve, uint32_t place)
{
    for (;;) {
        uint32_t least = place, left = 2 * place + 1;
        for (uint32_t child = left; child < left + 2 && child < valve->aligned; child++)
            if (mark_at(valve, child) < mark_at(valve, least))
                least = child;
        if (least == place)
            return;
        swap(valve, least, place);
        place = least;
    }
}

static void sift_up(struct watermark_valve *valve, uint32_t place)
{
    for (; place > 0 && mark_at(valve, place) < mark_at(valve, (place - 1) / 2);
         place = (place - 1) / 2)
        swap(valve, place, (place - 1) / 2);
}

static bool is_aligned(const struct watermark_valve *valve, uint32_t channel)
{
    return valve->channels[channel].place < valve->aligned;
}

static void leave(struct watermark_valve *valve, uint32_t channel)
{
    uint32_t place = valve->channels[channel].place;
    swap(valve, place, --valve->aligned);
    if (place < valve->aligned) {
        sift_down(valve, place);
        sift_up(valve, place);
    }
}

static void join(struct watermark_valve *valve, uint32_t channel)
{
    swap(valve, valve->channels[channel].place, valve->aligned++);
    sift_up(valve, valve->channels[channel].place);
}

static bool rise(struct watermark_valve *valve, int64_t watermark)
{
    if (watermark <= valve->watermark)
        return false;
    valve->watermark = watermark;
    return true;
}

bool watermark_valve_on_watermark(struct watermark_valve *valve, uint32_t channel,
                                  int64_t watermark)
{
    struct valve_channel *c = &valve->channels[channel];
    CHECK(channel < valve->count);
    if (c->idle || valve->idle || watermark <= c->watermark)
        return false;
    c->watermark = watermark;
    if (is_aligned(valve, channel))
        sift_down(valve, c->place);
    else if (watermark >= valve->watermark)
        join(valve, channel);
    return valve->aligned > 0 && rise(valve, mark_at(valve, 0));
}

static int64_t most_of_all(const struct watermark_valve *valve)
{
    int64_t most = WATERMARK_NONE;
    for (uint32_t i = 0; i < valve->count; i++)
        most = valve->channels[i].watermark > most ? valve->channels[i].watermark : most;
    return most;
}

static enum valve_change fall_idle(struct watermark_valve *valve, uint32_t channel, bool *rose)
{
    struct valve_channel *c = &valve->channels[channel];
    bool was_aligned = is_aligned(valve, channel), was_last = c->watermark == valve->watermark;
    c->idle = true;
    valve->active--;
    if (was_aligned)
        leave(valve, channel);
    if (valve->active == 0) { /* what the furthest has seen holds, and then nobody says anything */
        valve->idle = true;
        *rose = was_last && rise(valve, most_of_all(valve));
        return VALVE_IDLE;
    }
    *rose = was_last && valve->aligned > 0 && rise(valve, mark_at(valve, 0));
    return VALVE_SAME;
}

enum valve_change watermark_valve_on_status(struct watermark_valve *valve, uint32_t channel,
                                            bool idle, bool *rose)
{
    struct valve_channel *c = &valve->channels[channel];
    CHECK(channel < valve->count);
    *rose = false;
    if (c->idle == idle)
        return VALVE_SAME;
    if (idle)
        return fall_idle(valve, channel, rose);
    c->idle = false;
    valve->active++;
    if (c->watermark >= valve->watermark)
        join(valve, channel);
    if (!valve->idle)
        return VALVE_SAME;
    valve->idle = false;
    return VALVE_ACTIVE;
}
