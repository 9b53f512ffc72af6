/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes in and comes out of a barrier handler, and its figures. The outcome is written anew by
 * each call; what a gate is told (block, resume, store) has been done when the call returns.
 */
#include "core/exec/barrier_handler.h"

#include "core/exec/barrier_parts.h"

const char *const barrier_abort_reasons[BARRIER_ABORT_REASON_COUNT] = {
    [BARRIER_ABORT_SUBSUMED] = "CHECKPOINT_DECLINED_SUBSUMED",
    [BARRIER_ABORT_ON_CANCELLATION] = "CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER",
    [BARRIER_ABORT_TASK_CLOSING] = "CHECKPOINT_DECLINED_TASK_CLOSING",
    [BARRIER_ABORT_INPUT_END_OF_STREAM] = "CHECKPOINT_DECLINED_INPUT_END_OF_STREAM",
};

/* The channels of all gates are numbered through. */
void barrier_handler_init(struct barrier_handler *handler, enum barrier_mode mode,
                          bool after_finish, struct input_gate *const *gates, uint32_t gate_count)
{
    CHECK(mode < BARRIER_MODE_COUNT);
    CHECK(gate_count > 0);
    *handler = (struct barrier_handler){ .mode = mode,
                                         .after_finish = after_finish,
                                         .gate_count = gate_count,
                                         .current = -1,
                                         .last_done = -1,
                                         .timer = TIME_NEVER };
    handler->state = mode == BARRIER_MODE_ALTERNATING ? BARRIER_ALTERNATING_WAITING_FOR_FIRST
                                                      : BARRIER_WAITING_FOR_FIRST;
    handler->gates = mem_create_array(gate_count, sizeof(struct input_gate *));
    handler->first_of_gate = mem_create_array(gate_count, sizeof *handler->first_of_gate);
    for (uint32_t i = 0; i < gate_count; i++) {
        handler->gates[i] = gates[i];
        handler->first_of_gate[i] = handler->channel_count;
        handler->channel_count += gates[i]->config.channels;
    }
    handler->open = handler->channel_count;
    handler->channels = mem_create_array(handler->channel_count, sizeof *handler->channels);
    for (uint32_t gate = 0; gate < gate_count; gate++)
        for (uint32_t i = 0; i < gates[gate]->config.channels; i++) {
            struct barrier_channel *channel = &handler->channels[handler->first_of_gate[gate] + i];
            channel->gate = gate;
            channel->channel = i;
        }
    if (mode == BARRIER_MODE_AT_LEAST_ONCE)
        barrier_tracker_init(handler);
}

void barrier_handler_fini(struct barrier_handler *handler)
{
    mem_destroy(handler->gates);
    mem_destroy(handler->first_of_gate);
    mem_destroy(handler->channels);
    mem_destroy(handler->counts);
    mem_destroy(handler->count_bits);
    vec_fini(&handler->outcome.aborts);
    *handler = (struct barrier_handler){ 0 };
}

/* No event triggers two checkpoints, or completes two. */
void barrier_out_trigger(struct barrier_handler *handler, const struct checkpoint_barrier *barrier)
{
    CHECK(!handler->outcome.trigger);
    handler->outcome.trigger = true;
    handler->outcome.barrier = *barrier;
}

void barrier_out_complete(struct barrier_handler *handler, int64_t checkpoint)
{
    CHECK(!handler->outcome.complete);
    handler->outcome.complete = true;
    handler->outcome.completed = checkpoint;
}

/* In-flight data of an aborted checkpoint is of no use to anybody. */
void barrier_out_abort(struct barrier_handler *handler, int64_t checkpoint,
                       enum barrier_abort_reason reason)
{
    vec_push(&handler->outcome.aborts, (struct barrier_abort){ checkpoint, reason });
    for (uint32_t i = 0; i < handler->gate_count; i++)
        input_gate_drop_stored(handler->gates[i], checkpoint);
}

static uint64_t stored_bytes(const struct barrier_handler *handler)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < handler->gate_count; i++)
        bytes += handler->gates[i]->stored_bytes;
    return bytes;
}

/* The start delay is how long the first barrier took from the coordinator to here. */
void barrier_alignment_start(struct barrier_handler *handler,
                             const struct checkpoint_barrier *barrier, time_ns now)
{
    handler->is_aligning = true;
    handler->alignment_start = now;
    handler->alignment_ns = 0;
    handler->bytes_processed = 0;
    handler->bytes_stored_before = stored_bytes(handler);
    handler->start_delay_ns = now > barrier->at ? now - barrier->at : 0;
}

void barrier_alignment_end(struct barrier_handler *handler, time_ns now)
{
    if (!handler->is_aligning)
        return;
    handler->is_aligning = false;
    handler->alignment_ns = now - handler->alignment_start;
}

void barrier_alignment_reset(struct barrier_handler *handler)
{
    handler->is_aligning = false;
    handler->alignment_ns = 0;
    handler->bytes_processed = 0;
}

void barrier_handler_add_processed(struct barrier_handler *handler, uint32_t bytes)
{
    if (handler->is_aligning)
        handler->bytes_processed += bytes;
}

uint64_t barrier_handler_bytes_stored(const struct barrier_handler *handler)
{
    return stored_bytes(handler) - handler->bytes_stored_before;
}

static void begin(struct barrier_handler *handler)
{
    vec_clear(&handler->outcome.aborts);
    handler->outcome.trigger = handler->outcome.complete = false;
}

static void on_single(struct barrier_handler *handler, uint32_t number,
                      const struct channel_event *event, time_ns now)
{
    switch (event->kind) {
    case CHANNEL_EVENT_BARRIER:
        barrier_states_on_barrier(handler, number, &event->barrier, now);
        break;
    case CHANNEL_EVENT_ANNOUNCEMENT:
        barrier_states_on_announcement(handler, number, &event->barrier, event->announced, now);
        break;
    case CHANNEL_EVENT_CANCEL_CHECKPOINT:
        barrier_states_on_cancel(handler, event->barrier.id);
        break;
    case CHANNEL_EVENT_END_OF_PARTITION: barrier_states_on_end(handler, number, now); break;
    case CHANNEL_EVENT_NONE:
    case CHANNEL_EVENT_END_OF_DATA:
    case CHANNEL_EVENT_KIND_COUNT: break;
    }
}

static void on_tracked(struct barrier_handler *handler, uint32_t number,
                       const struct channel_event *event, time_ns now)
{
    switch (event->kind) {
    case CHANNEL_EVENT_BARRIER:
        barrier_tracker_on_barrier(handler, number, &event->barrier, now);
        break;
    case CHANNEL_EVENT_CANCEL_CHECKPOINT:
        barrier_tracker_on_cancel(handler, number, event->barrier.id);
        break;
    case CHANNEL_EVENT_END_OF_PARTITION: barrier_tracker_on_end(handler, number, now); break;
    case CHANNEL_EVENT_NONE:
    case CHANNEL_EVENT_ANNOUNCEMENT:
    case CHANNEL_EVENT_END_OF_DATA:
    case CHANNEL_EVENT_KIND_COUNT: break;
    }
}

const struct barrier_outcome *barrier_handler_on_event(struct barrier_handler *handler,
                                                       uint32_t gate, uint32_t channel,
                                                       const struct channel_event *event,
                                                       time_ns now)
{
    CHECK(gate < handler->gate_count);
    CHECK(channel < handler->gates[gate]->config.channels);
    uint32_t number = handler->first_of_gate[gate] + channel;
    begin(handler);
    if (handler->mode == BARRIER_MODE_AT_LEAST_ONCE)
        on_tracked(handler, number, event, now);
    else
        on_single(handler, number, event, now);
    return &handler->outcome;
}

time_ns barrier_handler_deadline(const struct barrier_handler *handler)
{
    return handler->timer;
}

const struct barrier_outcome *barrier_handler_on_time(struct barrier_handler *handler, time_ns now)
{
    begin(handler);
    if (handler->timer != TIME_NEVER && now >= handler->timer)
        barrier_states_on_timer(handler);
    return &handler->outcome;
}

bool barrier_handler_is_pending(const struct barrier_handler *handler)
{
    if (handler->mode == BARRIER_MODE_AT_LEAST_ONCE)
        return handler->count_count > 0;
    return handler->current != handler->last_done && handler->current >= 0;
}

void barrier_handler_check(const struct barrier_handler *handler)
{
    CHECK(handler->open <= handler->channel_count);
    if (handler->mode == BARRIER_MODE_AT_LEAST_ONCE)
        barrier_tracker_check(handler);
    else
        barrier_states_check(handler);
}
