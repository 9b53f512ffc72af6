/* SPDX-License-Identifier: Apache-2.0
 *
 * Exclusive and floating buffers of a gate, as numbers: which memory a buffer lies in is the
 * world's business. Source: Flink's BufferManager and its AvailableBufferQueue. What always holds:
 * exclusive ones stay with their channel, floating ones are at the gate, free at a channel, or held
 * by an item.
 */
#include "core/exec/input_parts.h"

static uint32_t free_of(const struct input_channel *channel)
{
    return channel->free_exclusive + channel->free_floating;
}

/* Credits are announced in the order in which channels got some. */
void input_credits_announce(struct input_gate *gate, uint32_t number, uint32_t credits)
{
    struct input_channel *channel = &gate->channels[number];
    channel->unannounced += credits;
    if (channel->unannounced && !channel->in_credit) {
        channel->in_credit = true;
        channel_ring_push(&gate->credit, number);
    }
}

/* A buffer may only come for a credit that has been announced. Floating ones are used first, so
 * that they come back to the gate soonest (AvailableBufferQueue.takeBuffer). */
enum item_credit input_credits_occupy(struct input_channel *channel)
{
    CHECK(free_of(channel) > channel->unannounced);
    if (channel->free_floating) {
        channel->free_floating--;
        channel->held_floating++;
        return ITEM_CREDIT_FLOATING;
    }
    channel->free_exclusive--;
    channel->held_exclusive++;
    return ITEM_CREDIT_EXCLUSIVE;
}

/* A floating buffer is free: to the channel that has waited longest, which then waits again behind
 * the others if it wants more (LocalBufferPool's listeners). */
static void give_floating(struct input_gate *gate)
{
    while (gate->floating.count) {
        uint32_t number = channel_ring_pop(&gate->floating);
        struct input_channel *channel = &gate->channels[number];
        channel->in_floating = false;
        if (channel->ended || free_of(channel) >= channel->required)
            continue;
        channel->free_floating++;
        input_credits_announce(gate, number, 1);
        if (free_of(channel) < channel->required) {
            channel->in_floating = true;
            channel_ring_push(&gate->floating, number);
        }
        return;
    }
    gate->free_floating++;
}

/* RemoteInputChannel.onSenderBacklog. When there are not enough, the channel waits in line. */
void input_gate_hear_backlog(struct input_gate *gate, uint32_t number, uint32_t backlog)
{
    CHECK(number < gate->config.channels);
    struct input_channel *channel = &gate->channels[number];
    if (channel->ended || channel->is_local)
        return;
    CHECK(!channel->halted || channel->resumed || backlog == 0);
    CHECK(backlog <= BUFFER_POOL_MAX);
    if (channel->resumed)
        channel->halted = channel->resumed = false;
    channel->required = backlog + channel->exclusive;
    while (free_of(channel) < channel->required && !channel->in_floating) {
        if (gate->free_floating == 0) {
            channel->in_floating = true;
            channel_ring_push(&gate->floating, number);
            return;
        }
        gate->free_floating--;
        channel->free_floating++;
        input_credits_announce(gate, number, 1);
    }
}

/* An exclusive buffer that comes back sets a floating one free when there are more than wanted;
 * then the sender's credits stay what they are. */
void input_credits_vacate(struct input_gate *gate, uint32_t number, enum item_credit credit)
{
    struct input_channel *channel = &gate->channels[number];
    switch (credit) {
    case ITEM_CREDIT_NONE: break;
    case ITEM_CREDIT_FLOATING:
        CHECK(channel->held_floating > 0);
        channel->held_floating--;
        give_floating(gate);
        break;
    case ITEM_CREDIT_EXCLUSIVE:
        CHECK(channel->held_exclusive > 0);
        channel->held_exclusive--;
        channel->free_exclusive++;
        if (channel->ended)
            break;
        if (channel->free_floating && free_of(channel) > channel->required) {
            channel->free_floating--;
            give_floating(gate);
        } else {
            input_credits_announce(gate, number, 1);
        }
    }
}

void input_credits_withdraw(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = &gate->channels[number];
    channel->required = channel->unannounced = 0;
    for (; channel->free_floating; channel->free_floating--)
        give_floating(gate);
}

/* RemoteInputChannel.onBlockingUpstream: what flows to a sender that sends nothing would be missing
 * where the other barriers are waited for. Its credits, also those on the way, are void. */
void input_credits_halt(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = &gate->channels[number];
    if (channel->exclusive > 0)
        return;
    CHECK(!channel->halted);
    channel->halted = true;
    input_credits_withdraw(gate, number);
}

void input_credits_resume(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = &gate->channels[number];
    if (!channel->halted || channel->resumed)
        return;
    channel->resumed = true;
    channel_ring_push(&gate->resume, number);
}

bool input_gate_take_resume(struct input_gate *gate, uint32_t *channel)
{
    if (gate->resume.count == 0)
        return false;
    *channel = channel_ring_pop(&gate->resume);
    return true;
}

uint32_t input_gate_make_local(struct input_gate *gate, uint32_t number)
{
    CHECK(number < gate->config.channels);
    struct input_channel *channel = &gate->channels[number];
    CHECK(!channel->is_local);
    CHECK(channel->next_sequence == 0);
    CHECK(channel->free_floating == 0);
    channel->is_local = true;
    channel->exclusive = channel->free_exclusive = INPUT_LOCAL_BUFFERS;
    channel->unannounced = 0;
    return INPUT_LOCAL_BUFFERS;
}

/* A channel may have ended, halted or become local since it was listed. */
bool input_gate_take_credit(struct input_gate *gate, uint32_t *out_channel, uint32_t *credits)
{
    while (gate->credit.count) {
        uint32_t number = channel_ring_pop(&gate->credit);
        struct input_channel *channel = &gate->channels[number];
        channel->in_credit = false;
        if (channel->unannounced == 0)
            continue;
        *out_channel = number;
        *credits = channel->unannounced;
        channel->unannounced = 0;
        return true;
    }
    return false;
}

void input_credits_check(const struct input_gate *gate)
{
    uint32_t floating = gate->free_floating;
    for (uint32_t i = 0; i < gate->config.channels; i++) {
        const struct input_channel *channel = &gate->channels[i];
        uint32_t exclusive = 0, floats = 0;
        CHECK(channel->free_exclusive + channel->held_exclusive == channel->exclusive);
        CHECK(channel->unannounced <= free_of(channel));
        CHECK(!channel->unannounced || channel->in_credit);
        CHECK(channel->halted || !channel->resumed);
        CHECK(!channel->halted || channel->exclusive == 0);
        for (uint32_t k = 0; k < channel->queue.count; k++) {
            enum item_credit credit = item_queue_at(&channel->queue, k)->credit;
            exclusive += credit == ITEM_CREDIT_EXCLUSIVE;
            floats += credit == ITEM_CREDIT_FLOATING;
        }
        CHECK(exclusive <= channel->held_exclusive);
        CHECK(floats <= channel->held_floating);
        CHECK(exclusive + floats == channel->queue.buffers);
        floating += channel->free_floating + channel->held_floating;
    }
    CHECK(floating == gate->config.floating);
}

void input_gate_check_credits(const struct input_gate *gate, uint32_t number, uint32_t at_sender,
                              uint32_t credits_under_way, uint32_t buffers_under_way)
{
    const struct input_channel *channel = &gate->channels[number];
    if (channel->ended)
        return;
    if (channel->halted) {
        CHECK(free_of(channel) == 0);
        return;
    }
    CHECK(free_of(channel) ==
          channel->unannounced + at_sender + credits_under_way + buffers_under_way);
}
