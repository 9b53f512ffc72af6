/* SPDX-License-Identifier: Apache-2.0
 *
 * What travels in a channel: buffers and in-band events, in one order, and queues of them. Source:
 * Flink's CheckpointBarrier, CheckpointOptions, CancelCheckpointMarker, EndOfData,
 * EndOfPartitionEvent, EventAnnouncement, PrioritizedDeque. An item that holds a buffer holds a
 * reference to it.
 */
#ifndef WEIR_EXEC_CHANNEL_ITEM_H
#define WEIR_EXEC_CHANNEL_ITEM_H

#include "core/base/time.h"
#include "core/exec/buffer.h"

enum {
    CHANNELS_MAX = 32768,
    ITEM_QUEUE_MAX = 1 << 19, /* items in one queue: events are not held back by credits */
};

/* CheckpointOptions.AlignmentType. Forced: unaligned, but this edge does not support it. */
enum barrier_alignment {
    BARRIER_AT_LEAST_ONCE,
    BARRIER_ALIGNED,
    BARRIER_UNALIGNED,
    BARRIER_FORCED_ALIGNED,
    BARRIER_ALIGNMENT_COUNT
};

struct checkpoint_barrier {
    int64_t id;
    time_ns at;              /* when the checkpoint was triggered */
    time_ns aligned_timeout; /* of an aligned one: unaligned beyond this age; TIME_NEVER: never */
    enum barrier_alignment alignment;
    uint32_t kind; /* of checkpoint_kind: a task ends behind one that stops the job */
};

enum channel_event_kind {
    CHANNEL_EVENT_NONE, /* a buffer */
    CHANNEL_EVENT_BARRIER,
    CHANNEL_EVENT_CANCEL_CHECKPOINT,
    CHANNEL_EVENT_END_OF_DATA,
    CHANNEL_EVENT_END_OF_PARTITION,
    CHANNEL_EVENT_ANNOUNCEMENT, /* made by the receiving gate: a barrier with a time-out is queued
                                 */
    CHANNEL_EVENT_KIND_COUNT
};

struct channel_event {
    enum channel_event_kind kind;
    struct checkpoint_barrier
        barrier;        /* of BARRIER and ANNOUNCEMENT; its id of CANCEL_CHECKPOINT */
    uint32_t announced; /* of ANNOUNCEMENT: the barrier's sequence number */
    bool drain;         /* of END_OF_DATA: StopMode.DRAIN */
};

/* Which of the receiver's buffers an item occupies; written and read by the gate. */
enum item_credit { ITEM_CREDIT_NONE, ITEM_CREDIT_EXCLUSIVE, ITEM_CREDIT_FLOATING };

struct channel_item {
    struct buffer *buffer; /* or null: */
    struct channel_event event;
    uint32_t sequence; /* of the channel, in the order of sending */
    enum item_credit credit;
    bool priority; /* it may overtake buffers */
};

/* CheckpointOptions.needsAlignment */
static inline bool barrier_needs_alignment(const struct checkpoint_barrier *barrier)
{
    return barrier->alignment == BARRIER_ALIGNED || barrier->alignment == BARRIER_FORCED_ALIGNED;
}

/* CheckpointOptions.isTimeoutable */
static inline bool barrier_is_timeoutable(const struct checkpoint_barrier *barrier)
{
    return barrier->alignment == BARRIER_ALIGNED && barrier->aligned_timeout > 0 &&
           barrier->aligned_timeout != TIME_NEVER;
}

/* When its age passes its time-out; TIME_NEVER without one. */
static inline time_ns barrier_deadline(const struct checkpoint_barrier *barrier)
{
    return barrier_is_timeoutable(barrier) ? time_add(barrier->at, barrier->aligned_timeout)
                                           : TIME_NEVER;
}

static inline struct checkpoint_barrier barrier_as_unaligned(struct checkpoint_barrier barrier)
{
    barrier.alignment = BARRIER_UNALIGNED;
    barrier.aligned_timeout = TIME_NEVER;
    return barrier;
}

/* A deque of items; the first `priority` ones have priority. A zeroed one is empty and valid. */
struct item_queue {
    struct channel_item *items; /* a ring; capacity is a power of two */
    uint32_t head, count, capacity;
    uint32_t priority, buffers; /* items with priority, items with a buffer */
};

void item_queue_fini(struct item_queue *queue); /* releases the buffers */
void item_queue_add(struct item_queue *queue, const struct channel_item *take_item);
/* Behind the last item that has priority. */
void item_queue_add_priority(struct item_queue *queue, const struct channel_item *take_item);
struct channel_item item_queue_take(struct item_queue *queue); /* the first; there is one */
/* Takes item i out of the middle; the others keep their order. */
struct channel_item item_queue_take_at(struct item_queue *queue, uint32_t i);
void item_queue_check(const struct item_queue *queue);

static inline struct channel_item *item_queue_at(const struct item_queue *queue, uint32_t i)
{
    return &queue->items[(queue->head + i) & (queue->capacity - 1)];
}

/* In-flight data of a checkpoint, for its channel state: a reference that the taker releases. */
struct stored_buffer {
    int64_t checkpoint;
    uint32_t channel; /* of the gate, or subpartition of the partition */
    struct buffer *buffer;
};

/* First in, first out. A zeroed one is empty and valid. */
struct stored_queue {
    VEC(struct stored_buffer) list;
    size_t first;
};

void stored_queue_fini(struct stored_queue *queue); /* releases what is in it */
void stored_queue_add(struct stored_queue *queue, int64_t checkpoint, uint32_t channel,
                      struct buffer *retain);
bool stored_queue_take(struct stored_queue *queue, struct stored_buffer *out);
void stored_queue_drop(struct stored_queue *queue, int64_t checkpoint); /* an aborted one's */

#endif
