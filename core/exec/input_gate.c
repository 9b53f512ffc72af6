/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues and order of a gate: what is next, what is blocked. Credits are in input_credits.c,
 * channel state in input_state.c. What always holds: a channel is in the ready list exactly when it
 * has an item that is neither blocked nor of priority, in the priority ring when its first item has
 * it.
 */
#include "core/exec/input_gate.h"

#include "core/exec/input_parts.h"

void channel_ring_push(struct channel_ring *ring, uint32_t channel)
{
    CHECK(ring->count < ring->capacity);
    uint32_t at = ring->first + ring->count++;
    ring->numbers[at < ring->capacity ? at : at - ring->capacity] = channel;
}

uint32_t channel_ring_pop(struct channel_ring *ring)
{
    CHECK(ring->count > 0);
    uint32_t channel = ring->numbers[ring->first];
    ring->first = ring->first + 1 == ring->capacity ? 0 : ring->first + 1;
    ring->count--;
    return channel;
}

static void channel_ring_init(struct channel_ring *ring, uint32_t capacity)
{
    *ring = (struct channel_ring){ .capacity = capacity };
    ring->numbers = mem_create_array(capacity, sizeof *ring->numbers);
}

/* Exclusive buffers are announced from the start: a sender begins with that many credits. */
void input_gate_init(struct input_gate *gate, const struct input_gate_config *config)
{
    CHECK(config->channels > 0);
    CHECK(config->channels <= CHANNELS_MAX);
    *gate = (struct input_gate){ .config = *config,
                                 .free_floating = config->floating,
                                 .open = config->channels };
    gate->channels = mem_create_array(config->channels, sizeof *gate->channels);
    channel_ring_init(&gate->priority, config->channels);
    channel_ring_init(&gate->floating, config->channels);
    channel_ring_init(&gate->credit, config->channels);
    channel_ring_init(&gate->resume, config->channels);
    for (uint32_t i = 0; i < config->channels; i++) {
        struct input_channel *channel = &gate->channels[i];
        channel->exclusive = channel->free_exclusive = config->exclusive;
        channel->barrier_id = channel->storing = -1;
        input_credits_announce(gate, i, channel->exclusive);
    }
    gate->ready_first = gate->ready_last = CHANNEL_NONE;
}

void input_gate_fini(struct input_gate *gate)
{
    for (uint32_t i = 0; i < gate->config.channels; i++)
        item_queue_fini(&gate->channels[i].queue);
    item_queue_fini(&gate->recovered);
    stored_queue_fini(&gate->stored);
    mem_destroy(gate->channels);
    mem_destroy(gate->priority.numbers);
    mem_destroy(gate->floating.numbers);
    mem_destroy(gate->credit.numbers);
    mem_destroy(gate->resume.numbers);
    *gate = (struct input_gate){ 0 };
}

static struct input_channel *channel_of(struct input_gate *gate, uint32_t channel)
{
    CHECK(channel < gate->config.channels);
    return &gate->channels[channel];
}

/* Has it an item that may be taken, besides those of priority? What a barrier overtook goes on. */
static bool can_read(const struct input_channel *channel)
{
    const struct item_queue *queue = &channel->queue;
    if (queue->count == queue->priority)
        return false;
    return !channel->blocked ||
           item_queue_at(queue, queue->priority)->sequence < channel->taken_barrier;
}

/* The ready list: a channel joins at its end when it has something, leaves when it is read, and
 * comes back at the end if there is more. So each gets its turn, and blocking one costs nothing. */
static void append_ready(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = &gate->channels[number];
    channel->in_ready = true;
    channel->ready_next = CHANNEL_NONE;
    channel->ready_previous = gate->ready_last;
    if (gate->ready_last == CHANNEL_NONE)
        gate->ready_first = number;
    else
        gate->channels[gate->ready_last].ready_next = number;
    gate->ready_last = number;
}

static void remove_ready(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = &gate->channels[number];
    CHECK(channel->in_ready);
    channel->in_ready = false;
    if (channel->ready_previous == CHANNEL_NONE)
        gate->ready_first = channel->ready_next;
    else
        gate->channels[channel->ready_previous].ready_next = channel->ready_next;
    if (channel->ready_next == CHANNEL_NONE)
        gate->ready_last = channel->ready_previous;
    else
        gate->channels[channel->ready_next].ready_previous = channel->ready_previous;
}

/* After any change of a channel: in the lists it belongs to. */
static void refresh(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = &gate->channels[number];
    if (channel->queue.priority && !channel->in_priority) {
        channel->in_priority = true;
        channel_ring_push(&gate->priority, number);
    }
    if (!channel->in_ready && can_read(channel))
        append_ready(gate, number);
}

/* A barrier with a time-out is announced, so that the task knows of its age before it is reached.
 */
static void receive_event(struct input_gate *gate, uint32_t number, const struct channel_item *item)
{
    struct input_channel *channel = &gate->channels[number];
    bool is_barrier = item->event.kind == CHANNEL_EVENT_BARRIER;
    CHECK(item->event.kind < CHANNEL_EVENT_ANNOUNCEMENT);
    CHECK(!item->priority || is_barrier);
    if (item->priority)
        item_queue_add_priority(&channel->queue, item);
    else
        item_queue_add(&channel->queue, item);
    if (is_barrier && !item->priority && barrier_is_timeoutable(&item->event.barrier)) {
        struct channel_item announcement = { .event = item->event,
                                             .sequence = item->sequence,
                                             .priority = true };
        announcement.event.kind = CHANNEL_EVENT_ANNOUNCEMENT;
        announcement.event.announced = item->sequence;
        item_queue_add_priority(&channel->queue, &announcement);
    }
    if (is_barrier)
        input_state_note_barrier(channel, item);
    if (is_barrier && barrier_needs_alignment(&item->event.barrier))
        input_credits_halt(gate, number);
}

void input_gate_receive(struct input_gate *gate, uint32_t number,
                        const struct channel_item *take_item, uint32_t backlog)
{
    struct input_channel *channel = channel_of(gate, number);
    struct channel_item item = *take_item;
    CHECK(item.sequence == channel->next_sequence);
    CHECK(!channel->ended);
    CHECK(!channel->halted || channel->resumed);
    CHECK((item.buffer != NULL) == (item.event.kind == CHANNEL_EVENT_NONE));
    channel->halted = channel->resumed = false;
    channel->next_sequence++;
    if (item.buffer) {
        item.credit = input_credits_occupy(channel);
        if (channel->storing >= 0)
            input_state_store(gate, channel->storing, number, item.buffer);
        item_queue_add(&channel->queue, &item);
    } else {
        receive_event(gate, number, &item);
    }
    refresh(gate, number);
    input_gate_hear_backlog(gate, number, backlog);
}

bool input_gate_is_available(const struct input_gate *gate)
{
    return gate->recovered.count || gate->priority.count || gate->ready_first != CHANNEL_NONE;
}

/* SingleInputGate: a channel is released when its END_OF_PARTITION is read. */
static void end_channel(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = &gate->channels[number];
    CHECK(channel->queue.count == 0);
    CHECK(gate->open > 0);
    channel->ended = true;
    channel->storing = -1;
    gate->open--;
    input_credits_withdraw(gate, number);
}

/* Recovered state, then priority events in the order their channels got them, then the others. */
bool input_gate_next(struct input_gate *gate, uint32_t *channel, struct channel_item *out)
{
    if (gate->recovered.count) {
        *out = item_queue_take(&gate->recovered);
        *channel = out->sequence;
        gate->taken_bytes += out->buffer->used;
        return true;
    }
    bool has_priority = gate->priority.count > 0;
    if (!has_priority && gate->ready_first == CHANNEL_NONE)
        return false;
    uint32_t number = has_priority ? channel_ring_pop(&gate->priority) : gate->ready_first;
    struct input_channel *from = &gate->channels[number];
    if (has_priority)
        from->in_priority = false;
    else
        remove_ready(gate, number);
    CHECK((from->queue.priority > 0) == has_priority);
    CHECK(has_priority || can_read(from));
    *out = item_queue_take(&from->queue);
    *channel = number;
    gate->taken_bytes += out->buffer ? out->buffer->used : 0;
    if (out->event.kind == CHANNEL_EVENT_BARRIER && out->sequence > from->taken_barrier)
        from->taken_barrier = out->sequence;
    refresh(gate, number);
    if (out->event.kind == CHANNEL_EVENT_END_OF_PARTITION)
        end_channel(gate, number);
    return true;
}

/* Nobody waits behind this barrier: its checkpoint is over, or all others have come. */
static void see_unblocked(struct input_gate *gate, uint32_t number,
                          const struct channel_event *event)
{
    if (event->kind == CHANNEL_EVENT_BARRIER && barrier_needs_alignment(&event->barrier) &&
        !gate->channels[number].blocked)
        input_credits_resume(gate, number);
}

/* The place is free again even while a snapshot still holds the buffer: credits count what waits to
 * be read, memory is the sender's pool's business. */
void input_gate_recycle(struct input_gate *gate, uint32_t channel, struct channel_item *item)
{
    CHECK(channel < gate->config.channels);
    if (item->buffer) {
        buffer_release(item->buffer);
        gate->reader = NULL;
    } else {
        see_unblocked(gate, channel, &item->event);
    }
    item->buffer = NULL;
    input_credits_vacate(gate, channel, item->credit);
    item->credit = ITEM_CREDIT_NONE;
}

void input_gate_hold(struct input_gate *gate, uint32_t channel, const struct frame_reader *reader)
{
    CHECK(channel < gate->config.channels);
    CHECK(frame_reader_has_more(reader));
    gate->reading = channel;
    gate->reader = reader;
}

void input_gate_block(struct input_gate *gate, uint32_t number)
{
    struct input_channel *channel = channel_of(gate, number);
    channel->blocked = true;
    if (channel->in_ready && !can_read(channel))
        remove_ready(gate, number);
}

void input_gate_resume(struct input_gate *gate, uint32_t number)
{
    channel_of(gate, number)->blocked = false;
    refresh(gate, number);
    input_credits_resume(gate, number);
}

/* RemoteInputChannel.convertToPriorityEvent: moved, not changed. The barrier stays an aligned one
 * for the handler. */
void input_gate_prioritize(struct input_gate *gate, uint32_t number, uint32_t sequence)
{
    struct input_channel *channel = channel_of(gate, number);
    struct item_queue *queue = &channel->queue;
    for (uint32_t i = queue->priority; i < queue->count; i++) {
        if (item_queue_at(queue, i)->sequence != sequence)
            continue;
        struct channel_item item = item_queue_take_at(queue, i);
        CHECK(item.event.kind == CHANNEL_EVENT_BARRIER);
        item.priority = true;
        item_queue_add_priority(queue, &item);
        if (channel->in_ready && !can_read(channel))
            remove_ready(gate, number);
        refresh(gate, number);
        return;
    }
}

static void check_ring(const struct input_gate *gate, const struct channel_ring *ring,
                       uint32_t marked)
{
    CHECK(ring->count == marked);
    for (uint32_t i = 0; i < ring->count; i++)
        CHECK(ring->numbers[(ring->first + i) % ring->capacity] < gate->config.channels);
}

void input_gate_check(const struct input_gate *gate)
{
    uint32_t open = 0, ready = 0, priority = 0, credit = 0, floating = 0, resume = 0;
    item_queue_check(&gate->recovered);
    for (uint32_t i = 0; i < gate->config.channels; i++) {
        const struct input_channel *channel = &gate->channels[i];
        item_queue_check(&channel->queue);
        open += !channel->ended;
        ready += channel->in_ready;
        priority += channel->in_priority;
        credit += channel->in_credit;
        floating += channel->in_floating;
        resume += channel->resumed;
        CHECK(channel->in_ready == can_read(channel));
        CHECK(channel->in_priority == (channel->queue.priority > 0));
    }
    CHECK(open == gate->open);
    for (uint32_t i = gate->ready_first; i != CHANNEL_NONE; i = gate->channels[i].ready_next) {
        CHECK(gate->channels[i].in_ready);
        CHECK(ready > 0);
        ready--;
    }
    CHECK(ready == 0);
    check_ring(gate, &gate->priority, priority);
    check_ring(gate, &gate->credit, credit);
    check_ring(gate, &gate->floating, floating);
    CHECK(gate->resume.count <= resume); /* a sender that was told may not have spoken yet */
    input_credits_check(gate);
}
