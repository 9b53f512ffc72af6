/* SPDX-License-Identifier: Apache-2.0
 *
 * The sender's queue of one channel. Numbers are given when an item leaves, not when it is added,
 * because a barrier may still overtake; so the receiver sees them without gap.
 */
#include "core/exec/subpartition.h"

void subpartition_fini(struct subpartition *sub)
{
    item_queue_fini(&sub->queue);
    *sub = (struct subpartition){ 0 };
}

void subpartition_add_buffer(struct subpartition *sub, struct buffer *take_buffer)
{
    CHECK(!sub->ended);
    CHECK(take_buffer->used > 0);
    item_queue_add(&sub->queue, &(struct channel_item){ .buffer = take_buffer });
}

void subpartition_add_event(struct subpartition *sub, const struct channel_event *event)
{
    CHECK(!sub->ended);
    CHECK(event->kind != CHANNEL_EVENT_NONE);
    CHECK(event->kind < CHANNEL_EVENT_ANNOUNCEMENT);
    CHECK(event->kind != CHANNEL_EVENT_BARRIER || event->barrier.alignment != BARRIER_UNALIGNED);
    item_queue_add(&sub->queue, &(struct channel_item){ .event = *event });
    sub->ended = event->kind == CHANNEL_EVENT_END_OF_PARTITION;
}

/* The first `count` items are overtaken; events among them stay where they are. */
static void store(const struct subpartition *sub, uint32_t count, int64_t checkpoint,
                  uint32_t channel, struct stored_queue *stored)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct channel_item *item = item_queue_at(&sub->queue, i);
        if (item->buffer)
            stored_queue_add(stored, checkpoint, channel, item->buffer);
    }
}

static void add_priority(struct subpartition *sub, const struct checkpoint_barrier *barrier)
{
    struct channel_event event = { .kind = CHANNEL_EVENT_BARRIER, .barrier = *barrier };
    item_queue_add_priority(&sub->queue,
                            &(struct channel_item){ .event = event, .priority = true });
}

void subpartition_add_priority_barrier(struct subpartition *sub,
                                       const struct checkpoint_barrier *barrier, uint32_t channel,
                                       struct stored_queue *stored)
{
    CHECK(!sub->ended);
    CHECK(barrier->alignment == BARRIER_UNALIGNED);
    store(sub, sub->queue.count, barrier->id, channel, stored);
    add_priority(sub, barrier);
}

/* Only what is in front of the barrier is in-flight data; what is behind it belongs to the time
 * after the checkpoint. Source: PipelinedSubpartition.alignedBarrierTimeout. */
bool subpartition_time_out_barrier(struct subpartition *sub, int64_t checkpoint, uint32_t channel,
                                   struct stored_queue *stored)
{
    uint32_t i = 0;
    for (; i < sub->queue.count; i++) {
        const struct channel_item *item = item_queue_at(&sub->queue, i);
        if (item->event.kind == CHANNEL_EVENT_BARRIER && item->event.barrier.id == checkpoint)
            break;
    }
    if (i == sub->queue.count || i < sub->queue.priority)
        return false;
    store(sub, i, checkpoint, channel, stored);
    struct channel_item item = item_queue_take_at(&sub->queue, i);
    CHECK(barrier_is_timeoutable(&item.event.barrier));
    struct checkpoint_barrier barrier = barrier_as_unaligned(item.event.barrier);
    add_priority(sub, &barrier);
    return true;
}

/* PipelinedSubpartition.getBuffersInBacklogUnsafe: buffers that still need a credit. */
static uint32_t backlog_of(const struct subpartition *sub)
{
    return sub->halted ? 0 : sub->queue.buffers + sub->flush_wanted;
}

/* The backlog is counted after the taking, as Flink sends it. */
bool subpartition_take(struct subpartition *sub, struct channel_item *out, uint32_t *backlog)
{
    if (!subpartition_is_available(sub))
        return false;
    *out = item_queue_take(&sub->queue);
    out->sequence = sub->next_sequence++;
    if (out->buffer) {
        sub->credits--;
        sub->bytes_out += out->buffer->used;
    }
    sub->halted = sub->announces && out->event.kind == CHANNEL_EVENT_BARRIER &&
                  barrier_needs_alignment(&out->event.barrier);
    *backlog = sub->told = backlog_of(sub);
    return true;
}

/* A reader that knows of some backlog gives a credit as soon as it can, and hears the rest with the
 * buffer that this one costs (PartitionRequestQueue.enqueueAvailableReader). */
bool subpartition_take_announcement(struct subpartition *sub, uint32_t *backlog)
{
    if (!sub->announces || sub->credits > 0 || sub->told > 0 || subpartition_is_available(sub))
        return false;
    *backlog = sub->told = backlog_of(sub);
    return *backlog > 0;
}

void subpartition_add_credit(struct subpartition *sub, uint32_t credits)
{
    CHECK(credits <= UINT32_MAX - sub->credits);
    sub->credits += credits;
}

void subpartition_resume(struct subpartition *sub)
{
    CHECK(sub->halted);
    sub->halted = false;
    sub->credits = 0;
}

void subpartition_check(const struct subpartition *sub)
{
    item_queue_check(&sub->queue);
    CHECK(!sub->halted || (sub->announces && sub->told == 0));
    for (uint32_t i = 0; i < sub->queue.count; i++) {
        const struct channel_item *item = item_queue_at(&sub->queue, i);
        bool is_end = item->event.kind == CHANNEL_EVENT_END_OF_PARTITION;
        CHECK(!is_end || (sub->ended && i + 1 == sub->queue.count));
        CHECK(item->credit == ITEM_CREDIT_NONE);
        CHECK(item->priority == (item->event.kind == CHANNEL_EVENT_BARRIER &&
                                 item->event.barrier.alignment == BARRIER_UNALIGNED));
    }
}
