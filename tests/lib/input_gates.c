/* SPDX-License-Identifier: Apache-2.0
 *
 * A gate and what its senders do, step by step.
 */
#include "tests/lib/input_gates.h"

#include <check.h>

struct gates gates;
static uint32_t channel, credits;

void gates_open(uint32_t channels, uint32_t exclusive, uint32_t floating)
{
    input_gate_init(&gates.gate, &(struct input_gate_config){ channels, exclusive, floating });
    for (uint32_t i = 0; i < GATES_SENDERS; i++)
        gates.sequence[i] = gates.at_sender[i] = 0;
}

void gates_check(void)
{
    input_gate_check(&gates.gate);
    for (uint32_t i = 0; i < gates.gate.config.channels; i++)
        input_gate_check_credits(&gates.gate, i, gates.at_sender[i], 0, 0);
}

/* All credits that are to be announced arrive at once. */
void gates_announce(void)
{
    while (input_gate_take_credit(&gates.gate, &channel, &credits))
        gates.at_sender[channel] += credits;
    gates_check();
}

void gates_teardown(void)
{
    input_gate_fini(&gates.gate);
}

void gates_send_buffer(uint32_t from, uint32_t backlog)
{
    struct buffer *buffer = buffer_create(64);
    buffer->used = 8;
    buffer->bytes[0] = (uint8_t)gates.sequence[from];
    ck_assert_uint_gt(gates.at_sender[from], 0);
    gates.at_sender[from]--;
    input_gate_receive(&gates.gate, from,
                       &(struct channel_item){ .buffer = buffer, .sequence = gates.sequence[from] },
                       backlog);
    gates.sequence[from]++;
    gates_check();
}

void gates_send_event(uint32_t from, const struct channel_event *event, bool priority)
{
    struct channel_item sent = { .event = *event,
                                 .sequence = gates.sequence[from]++,
                                 .priority = priority };
    input_gate_receive(&gates.gate, from, &sent, 0);
    gates_check();
}

void gates_send_barrier(uint32_t from, int64_t id, enum barrier_alignment alignment,
                        time_ns timeout)
{
    struct channel_event event = {
        .kind = CHANNEL_EVENT_BARRIER,
        .barrier = { .id = id, .alignment = alignment, .aligned_timeout = timeout }
    };
    gates_send_event(from, &event, alignment == BARRIER_UNALIGNED);
}

void gates_read(uint32_t from, uint32_t number)
{
    ck_assert(input_gate_is_available(&gates.gate));
    ck_assert(input_gate_next(&gates.gate, &channel, &gates.item));
    ck_assert_uint_eq(channel, from);
    ck_assert_uint_eq(gates.item.sequence, number);
    input_gate_recycle(&gates.gate, channel, &gates.item);
    gates_check();
}

void gates_read_nothing(void)
{
    ck_assert(!input_gate_is_available(&gates.gate));
    ck_assert(!input_gate_next(&gates.gate, &channel, &gates.item));
}

void gates_take_stored(int64_t checkpoint, uint32_t from, uint32_t number)
{
    struct stored_buffer stored;
    ck_assert(input_gate_take_stored(&gates.gate, &stored));
    ck_assert_int_eq(stored.checkpoint, checkpoint);
    ck_assert_uint_eq(stored.channel, from);
    ck_assert_uint_eq(stored.buffer->bytes[0], number);
    buffer_release(stored.buffer);
}

void gates_have_no_stored(void)
{
    struct stored_buffer stored;
    ck_assert(!input_gate_take_stored(&gates.gate, &stored));
}
