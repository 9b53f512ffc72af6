/* SPDX-License-Identifier: Apache-2.0
 *
 * Exactly once: one checkpoint at a time, whose barriers are collected. Source: Flink's
 * SingleCheckpointBarrierHandler and the BarrierHandlerStates of its package.
 *
 *   aligned:      waiting --first--> collecting --last--> trigger, waiting
 *   alternating:  the same, and from both states, at the time-out or at an unaligned barrier, over
 * to waiting unaligned --first--> trigger, collecting unaligned --last--> waiting
 *
 * What always holds: a checkpoint is pending from its first barrier or announcement until all have
 * come or it is aborted; only then may channels be blocked.
 */
#include "core/exec/barrier_handler.h"
#include "core/exec/barrier_parts.h"

#define WAITING              STATE(BARRIER_WAITING_FOR_FIRST)
#define COLLECTING           STATE(BARRIER_COLLECTING)
#define ALTERNATING_WAITING  STATE(BARRIER_ALTERNATING_WAITING_FOR_FIRST)
#define ALTERNATING          (ALTERNATING_WAITING | STATE(BARRIER_ALTERNATING_COLLECTING))
#define UNALIGNED_WAITING    STATE(BARRIER_ALTERNATING_WAITING_FOR_FIRST_UNALIGNED)
#define UNALIGNED_COLLECTING STATE(BARRIER_ALTERNATING_COLLECTING_UNALIGNED)

#define NAME_WAITING_UNALIGNED "AlternatingWaitingForFirstBarrierUnaligned"

/* Back to waiting from everywhere: completed or aborted. */
static const struct state_row rows[BARRIER_STATE_COUNT] = {
    [BARRIER_WAITING_FOR_FIRST] = { "WaitingForFirstBarrier", WAITING | COLLECTING, STATE_INITIAL },
    [BARRIER_COLLECTING] = { "CollectingBarriers", WAITING | COLLECTING, 0 },
    [BARRIER_ALTERNATING_WAITING_FOR_FIRST] = { "AlternatingWaitingForFirstBarrier",
                                                ALTERNATING | UNALIGNED_WAITING, STATE_INITIAL },
    [BARRIER_ALTERNATING_COLLECTING] = { "AlternatingCollectingBarriers",
                                         ALTERNATING | UNALIGNED_COLLECTING, 0 },
    [BARRIER_ALTERNATING_WAITING_FOR_FIRST_UNALIGNED] = { NAME_WAITING_UNALIGNED,
                                                          ALTERNATING_WAITING |
                                                              UNALIGNED_COLLECTING,
                                                          0 },
    [BARRIER_ALTERNATING_COLLECTING_UNALIGNED] = { "AlternatingCollectingBarriersUnaligned",
                                                   ALTERNATING_WAITING, 0 },
};

const struct state_table barrier_states = { "barrier handler", rows, BARRIER_STATE_COUNT };

static void barrier_handler_move(struct barrier_handler *handler, enum barrier_state to)
{
    machine_check_move(&barrier_states, handler->state, to);
    handler->state = to;
}

static bool is_all_received(const struct barrier_handler *handler)
{
    return handler->aligned == handler->target;
}

/* ControllerImpl.isTimedOut */
static bool is_timed_out(const struct checkpoint_barrier *barrier, time_ns now)
{
    return barrier_is_timeoutable(barrier) && barrier_deadline(barrier) < now;
}

static void block(struct barrier_handler *handler, uint32_t number)
{
    struct barrier_channel *channel = &handler->channels[number];
    channel->blocked = true;
    input_gate_block(handler->gates[channel->gate], channel->channel);
}

/* Back to the beginning: channels resume, announcements are forgotten. */
static void finish(struct barrier_handler *handler)
{
    bool is_alternating = handler->mode == BARRIER_MODE_ALTERNATING;
    for (uint32_t i = 0; i < handler->channel_count; i++) {
        struct barrier_channel *channel = &handler->channels[i];
        if (channel->blocked)
            input_gate_resume(handler->gates[channel->gate], channel->channel);
        channel->blocked = channel->announced = false;
    }
    if (handler->state == BARRIER_ALTERNATING_COLLECTING_UNALIGNED)
        for (uint32_t i = 0; i < handler->gate_count; i++)
            input_gate_stop_storing(handler->gates[i], handler->current);
    barrier_handler_move(handler, is_alternating ? BARRIER_ALTERNATING_WAITING_FOR_FIRST
                                                 : BARRIER_WAITING_FOR_FIRST);
}

/* Whatever is counted next is of another checkpoint. */
static void forget_aligned(struct barrier_handler *handler)
{
    for (uint32_t i = 0; i < handler->channel_count; i++)
        handler->channels[i].aligned = false;
    handler->aligned = 0;
}

/* `cancelled` may be newer than the checkpoint that is pending, which then ends with it. */
static void abort_checkpoint(struct barrier_handler *handler, int64_t cancelled,
                             enum barrier_abort_reason reason)
{
    CHECK(cancelled >= handler->current);
    if (cancelled > handler->current && barrier_handler_is_pending(handler))
        barrier_out_abort(handler, handler->current, BARRIER_ABORT_SUBSUMED);
    finish(handler);
    handler->current = cancelled;
    handler->last_done = cancelled;
    handler->has_pending = false;
    handler->timer = TIME_NEVER;
    handler->target = 0;
    forget_aligned(handler);
    barrier_alignment_reset(handler);
    barrier_out_abort(handler, cancelled, reason);
}

/* The first that is heard of a checkpoint, barrier or announcement: it ends the one under way. Only
 * channels that are open now are waited for. */
static void check_new(struct barrier_handler *handler, const struct checkpoint_barrier *barrier,
                      time_ns now)
{
    if (handler->current >= barrier->id)
        return;
    if (barrier_handler_is_pending(handler))
        abort_checkpoint(handler, handler->current, BARRIER_ABORT_SUBSUMED);
    handler->current = barrier->id;
    handler->pending = *barrier;
    handler->has_pending = true;
    handler->target = handler->open;
    forget_aligned(handler);
    if (handler->mode == BARRIER_MODE_ALTERNATING && barrier_is_timeoutable(barrier)) {
        time_ns deadline = barrier_deadline(barrier);
        handler->timer = deadline > now ? deadline : now;
    }
}

/* ChannelState.prioritizeAllAnnouncements */
static void prioritize_announced(struct barrier_handler *handler)
{
    for (uint32_t i = 0; i < handler->channel_count; i++) {
        struct barrier_channel *channel = &handler->channels[i];
        if (channel->announced)
            input_gate_prioritize(handler->gates[channel->gate], channel->channel,
                                  channel->announced_sequence);
        channel->announced = false;
    }
}

/* The snapshot is taken now and in-flight data stored; where a newer barrier has arrived there is
 * no use in that. False: aborted. */
static bool trigger_unaligned(struct barrier_handler *handler,
                              const struct checkpoint_barrier *barrier)
{
    struct checkpoint_barrier unaligned = barrier_as_unaligned(*barrier);
    for (uint32_t i = 0; i < handler->gate_count; i++)
        if (input_gate_is_subsumed(handler->gates[i], barrier->id)) {
            abort_checkpoint(handler, barrier->id, BARRIER_ABORT_SUBSUMED);
            return false;
        }
    for (uint32_t i = 0; i < handler->gate_count; i++)
        input_gate_start_storing(handler->gates[i], barrier->id);
    barrier_out_trigger(handler, &unaligned);
    barrier_handler_move(handler, BARRIER_ALTERNATING_COLLECTING_UNALIGNED);
    return true;
}

/* BarrierHandlerState.alignedCheckpointTimeout. False: aborted. */
static bool go_unaligned(struct barrier_handler *handler, const struct checkpoint_barrier *barrier)
{
    if (handler->state == BARRIER_ALTERNATING_WAITING_FOR_FIRST) {
        prioritize_announced(handler);
        barrier_handler_move(handler, BARRIER_ALTERNATING_WAITING_FOR_FIRST_UNALIGNED);
    } else if (handler->state == BARRIER_ALTERNATING_COLLECTING) {
        prioritize_announced(handler);
        return trigger_unaligned(handler, barrier);
    }
    return true;
}

/* An aligned barrier that was moved in front still blocks its channel behind it, as its sender in
 * Flink has stopped by itself; all resume when the last barrier is there. */
static void received_unaligned(struct barrier_handler *handler, uint32_t number,
                               const struct checkpoint_barrier *barrier)
{
    if (barrier->alignment != BARRIER_UNALIGNED)
        block(handler, number);
    if (handler->state == BARRIER_ALTERNATING_WAITING_FOR_FIRST_UNALIGNED &&
        !trigger_unaligned(handler, barrier))
        return;
    if (is_all_received(handler))
        finish(handler);
}

/* AbstractAlternatingAlignedBarrierHandlerState.barrierReceived; in aligned mode nothing times out.
 */
static void received_aligned(struct barrier_handler *handler, uint32_t number,
                             const struct checkpoint_barrier *barrier, time_ns now)
{
    bool is_alternating = handler->mode == BARRIER_MODE_ALTERNATING;
    handler->channels[number].announced = false;
    block(handler, number);
    if (is_all_received(handler)) {
        barrier_out_trigger(handler, barrier);
        finish(handler);
        return;
    }
    if (is_alternating && is_timed_out(barrier, now)) {
        struct checkpoint_barrier unaligned = barrier_as_unaligned(*barrier);
        if (go_unaligned(handler, barrier))
            received_unaligned(handler, number, &unaligned);
        return;
    }
    barrier_handler_move(handler,
                         is_alternating ? BARRIER_ALTERNATING_COLLECTING : BARRIER_COLLECTING);
}

static void received(struct barrier_handler *handler, uint32_t number,
                     const struct checkpoint_barrier *barrier, time_ns now)
{
    bool is_unaligned = barrier->alignment == BARRIER_UNALIGNED;
    switch (handler->state) {
    case BARRIER_WAITING_FOR_FIRST:
    case BARRIER_COLLECTING:
        CHECK(!is_unaligned);
        received_aligned(handler, number, barrier, now);
        break;
    case BARRIER_ALTERNATING_WAITING_FOR_FIRST:
    case BARRIER_ALTERNATING_COLLECTING:
        if (!is_unaligned)
            received_aligned(handler, number, barrier, now);
        else if (go_unaligned(handler, barrier))
            received_unaligned(handler, number, barrier);
        break;
    case BARRIER_ALTERNATING_WAITING_FOR_FIRST_UNALIGNED:
    case BARRIER_ALTERNATING_COLLECTING_UNALIGNED:
        received_unaligned(handler, number, barrier);
        break;
    case BARRIER_STATE_COUNT: IMPOSSIBLE("no such state");
    }
}

/* endOfPartitionReceived: an ended channel may be the last one that was waited for. */
static void ended(struct barrier_handler *handler, time_ns now)
{
    const struct checkpoint_barrier pending = handler->pending;
    switch (handler->state) {
    case BARRIER_WAITING_FOR_FIRST:
    case BARRIER_ALTERNATING_WAITING_FOR_FIRST:
    case BARRIER_ALTERNATING_WAITING_FOR_FIRST_UNALIGNED: break;
    case BARRIER_COLLECTING:
    case BARRIER_ALTERNATING_COLLECTING:
        if (is_all_received(handler)) {
            barrier_out_trigger(handler, &pending);
            finish(handler);
        } else if (handler->mode == BARRIER_MODE_ALTERNATING && is_timed_out(&pending, now)) {
            go_unaligned(handler, &pending);
        }
        break;
    case BARRIER_ALTERNATING_COLLECTING_UNALIGNED:
        if (is_all_received(handler))
            finish(handler);
        break;
    case BARRIER_STATE_COUNT: IMPOSSIBLE("no such state");
    }
}

/* The channel needs no more waiting for. */
static void mark_aligned(struct barrier_handler *handler, uint32_t number,
                         const struct checkpoint_barrier *barrier, time_ns now)
{
    struct barrier_channel *channel = &handler->channels[number];
    if (channel->aligned)
        return;
    channel->aligned = true;
    handler->aligned++;
    if (handler->aligned == 1)
        barrier_alignment_start(handler, barrier, now);
    if (is_all_received(handler))
        barrier_alignment_end(handler, now);
}

/* All barriers are there: from now on the checkpoint's id is obsolete. */
static void conclude(struct barrier_handler *handler)
{
    if (!barrier_handler_is_pending(handler) || !is_all_received(handler))
        return;
    forget_aligned(handler);
    handler->last_done = handler->current;
    handler->timer = TIME_NEVER;
    barrier_out_complete(handler, handler->current);
}

/* A late barrier of a checkpoint that is done, aborted or overtaken by a newer one. */
static bool is_obsolete(const struct barrier_handler *handler, int64_t checkpoint)
{
    return handler->current > checkpoint ||
           (handler->current == checkpoint && !barrier_handler_is_pending(handler));
}

void barrier_states_on_barrier(struct barrier_handler *handler, uint32_t number,
                               const struct checkpoint_barrier *barrier, time_ns now)
{
    if (is_obsolete(handler, barrier->id))
        return;
    check_new(handler, barrier, now);
    mark_aligned(handler, number, barrier, now);
    received(handler, number, barrier, now);
    conclude(handler);
}

/* An announced barrier may be moved in front at the time-out, or at once when that has passed. */
void barrier_states_on_announcement(struct barrier_handler *handler, uint32_t number,
                                    const struct checkpoint_barrier *barrier, uint32_t sequence,
                                    time_ns now)
{
    struct barrier_channel *channel = &handler->channels[number];
    check_new(handler, barrier, now);
    if (is_obsolete(handler, barrier->id) || handler->mode != BARRIER_MODE_ALTERNATING)
        return;
    if (STATE(handler->state) & (UNALIGNED_WAITING | UNALIGNED_COLLECTING)) {
        input_gate_prioritize(handler->gates[channel->gate], channel->channel, sequence);
        return;
    }
    channel->announced = true;
    channel->announced_sequence = sequence;
}

/* Flink ignores a marker for a checkpoint of which only announcements have come; so the next
 * checkpoint ends it. */
void barrier_states_on_cancel(struct barrier_handler *handler, int64_t checkpoint)
{
    if (checkpoint > handler->current || (checkpoint == handler->current && handler->aligned > 0))
        abort_checkpoint(handler, checkpoint, BARRIER_ABORT_ON_CANCELLATION);
}

void barrier_states_on_end(struct barrier_handler *handler, uint32_t number, time_ns now)
{
    CHECK(handler->open > 0);
    handler->open--;
    handler->channels[number].blocked = handler->channels[number].announced = false;
    if (!barrier_handler_is_pending(handler))
        return;
    if (!handler->after_finish) {
        abort_checkpoint(handler, handler->current, BARRIER_ABORT_INPUT_END_OF_STREAM);
        return;
    }
    CHECK(handler->has_pending);
    mark_aligned(handler, number, &handler->pending, now);
    ended(handler, now);
    conclude(handler);
}

void barrier_states_on_timer(struct barrier_handler *handler)
{
    struct checkpoint_barrier pending = handler->pending;
    CHECK(handler->has_pending);
    CHECK(barrier_handler_is_pending(handler));
    handler->timer = TIME_NEVER;
    go_unaligned(handler, &pending);
}

/* Blocked channels are those whose barrier has come, and gates agree; buffers are stored only while
 * unaligned barriers are collected. */
void barrier_states_check(const struct barrier_handler *handler)
{
    uint32_t aligned = 0;
    bool is_pending = barrier_handler_is_pending(handler);
    bool is_first = handler->state == BARRIER_WAITING_FOR_FIRST ||
                    handler->state == BARRIER_ALTERNATING_WAITING_FOR_FIRST;
    CHECK(handler->state < BARRIER_STATE_COUNT);
    CHECK(handler->last_done <= handler->current);
    for (uint32_t i = 0; i < handler->channel_count; i++) {
        const struct barrier_channel *channel = &handler->channels[i];
        const struct input_gate *gate = handler->gates[channel->gate];
        aligned += channel->aligned;
        CHECK(!channel->blocked || (channel->aligned && is_pending));
        CHECK(!channel->announced || is_pending);
        CHECK(channel->blocked == gate->channels[channel->channel].blocked ||
              gate->channels[channel->channel].ended);
        CHECK(gate->channels[channel->channel].storing < 0 ||
              handler->state == BARRIER_ALTERNATING_COLLECTING_UNALIGNED);
    }
    CHECK(aligned == handler->aligned);
    CHECK(is_first || is_pending);
    CHECK(handler->timer == TIME_NEVER || is_pending);
    CHECK(!is_pending || handler->aligned < handler->target || handler->target == 0);
}
