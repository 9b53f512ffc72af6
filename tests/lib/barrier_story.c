/* SPDX-License-Identifier: Apache-2.0
 *
 * The two gates of a barrier story, and what the handler says in words.
 */
#include "tests/lib/barrier_story.h"

#include <check.h>
#include <string.h>

#include "core/base/text.h"

enum { CHANNELS_AT_MOST = 6 };

struct barrier_story barrier_story;
static uint32_t sequence[CHANNELS_AT_MOST];
static char said[512];

void barrier_begin(enum barrier_mode mode, bool after_finish, uint32_t channels)
{
    struct input_gate *all[2] = { &barrier_story.gates[0], &barrier_story.gates[1] };
    barrier_story.gate_count = channels > 1 ? 2 : 1;
    barrier_story.now = 1000;
    memset(sequence, 0, sizeof sequence);
    for (uint32_t g = 0; g < barrier_story.gate_count; g++) {
        struct input_gate_config config = {
            .channels = (channels - g + barrier_story.gate_count - 1) / barrier_story.gate_count,
            .exclusive = 20
        };
        uint32_t channel, credits;
        input_gate_init(&barrier_story.gates[g], &config);
        while (input_gate_take_credit(&barrier_story.gates[g], &channel, &credits))
            continue;
    }
    barrier_handler_init(&barrier_story.handler, mode, after_finish, all, barrier_story.gate_count);
}

void barrier_teardown(void)
{
    barrier_handler_fini(&barrier_story.handler);
    for (uint32_t g = 0; g < barrier_story.gate_count; g++)
        input_gate_fini(&barrier_story.gates[g]);
}

static void check_all(void)
{
    barrier_handler_check(&barrier_story.handler);
    for (uint32_t g = 0; g < barrier_story.gate_count; g++)
        input_gate_check(&barrier_story.gates[g]);
}

static void say(const char *word, int64_t number, const char *more)
{
    size_t length = strlen(said);
    text_format(said + length, sizeof said - length, "%s%s %lld%s%s", length ? ", " : "", word,
                (long long)number, *more ? " " : "", more);
}

static const char *tell(const struct barrier_outcome *outcome)
{
    said[0] = '\0';
    for (size_t i = 0; i < outcome->aborts.count; i++)
        say("abort", outcome->aborts.items[i].checkpoint,
            barrier_abort_reasons[outcome->aborts.items[i].reason]);
    if (outcome->trigger)
        say("trigger", outcome->barrier.id,
            outcome->barrier.alignment == BARRIER_UNALIGNED ? "unaligned" : "");
    if (outcome->complete)
        say("complete", outcome->completed, "");
    check_all();
    return said;
}

void barrier_put(uint32_t channel, struct channel_item item)
{
    item.sequence = sequence[channel]++;
    input_gate_receive(&barrier_story.gates[channel % barrier_story.gate_count],
                       channel / barrier_story.gate_count, &item, 0);
}

void barrier_data(uint32_t channel)
{
    struct buffer *buffer = buffer_create(64);
    buffer->used = 16;
    barrier_put(channel, (struct channel_item){ .buffer = buffer });
}

struct checkpoint_barrier barrier_made(int64_t id, enum barrier_alignment alignment,
                                       time_ns timeout)
{
    return (struct checkpoint_barrier){
        .id = id, .at = 900, .alignment = alignment, .aligned_timeout = timeout
    };
}

/* The next item of a channel's gate, which must be of this channel; what the handler says to it. */
const char *barrier_take(uint32_t channel)
{
    uint32_t from, gate = channel % barrier_story.gate_count;
    struct channel_item item;
    ck_assert(input_gate_next(&barrier_story.gates[gate], &from, &item));
    ck_assert_uint_eq(from * barrier_story.gate_count + gate, channel);
    if (item.buffer) {
        barrier_handler_add_processed(&barrier_story.handler, item.buffer->used);
        input_gate_recycle(&barrier_story.gates[gate], from, &item);
        return "data";
    }
    return tell(barrier_handler_on_event(&barrier_story.handler, gate, from, &item.event,
                                         barrier_story.now));
}

bool barrier_is_quiet(void)
{
    bool is_available = false;
    for (uint32_t g = 0; g < barrier_story.gate_count; g++)
        is_available |= input_gate_is_available(&barrier_story.gates[g]);
    return !is_available;
}

static const char *barrier_event(uint32_t channel, enum channel_event_kind kind, int64_t id,
                                 enum barrier_alignment alignment, time_ns timeout)
{
    struct channel_event sent = { .kind = kind, .barrier = barrier_made(id, alignment, timeout) };
    barrier_put(channel, (struct channel_item){ .event = sent,
                                                .priority = kind == CHANNEL_EVENT_BARRIER &&
                                                            alignment == BARRIER_UNALIGNED });
    return barrier_take(channel);
}

const char *barrier_aligned(uint32_t channel, int64_t id)
{
    return barrier_event(channel, CHANNEL_EVENT_BARRIER, id, BARRIER_ALIGNED, TIME_NEVER);
}

const char *barrier_unaligned(uint32_t channel, int64_t id)
{
    return barrier_event(channel, CHANNEL_EVENT_BARRIER, id, BARRIER_UNALIGNED, TIME_NEVER);
}

/* Gives what is said to its announcement. */
const char *barrier_timed(uint32_t channel, int64_t id, time_ns timeout)
{
    return barrier_event(channel, CHANNEL_EVENT_BARRIER, id, BARRIER_ALIGNED, timeout);
}

const char *barrier_cancel(uint32_t channel, int64_t id)
{
    return barrier_event(channel, CHANNEL_EVENT_CANCEL_CHECKPOINT, id, BARRIER_ALIGNED, TIME_NEVER);
}

const char *barrier_end(uint32_t channel)
{
    return barrier_event(channel, CHANNEL_EVENT_END_OF_PARTITION, 0, BARRIER_ALIGNED, TIME_NEVER);
}

const char *barrier_at(time_ns time)
{
    barrier_story.now = time;
    return tell(barrier_handler_on_time(&barrier_story.handler, barrier_story.now));
}

uint32_t barrier_stored_count(void)
{
    struct stored_buffer stored;
    uint32_t count = 0;
    for (uint32_t g = 0; g < barrier_story.gate_count; g++)
        for (; input_gate_take_stored(&barrier_story.gates[g], &stored); count++)
            buffer_release(stored.buffer);
    return count;
}
