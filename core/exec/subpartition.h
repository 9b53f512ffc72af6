/* SPDX-License-Identifier: Apache-2.0
 *
 * The sender's end of one channel: buffers and events in order, priority events in front. In:
 * finished buffers, events, credits. Out: items, each with the next sequence number; a buffer costs
 * one credit, an event none. Source: Flink's PipelinedSubpartition, CreditBasedSequenceNumbering-
 * ViewReader.
 *
 * A reader without exclusive buffers has no credit to begin with. It is told of a backlog that no
 * item can tell of, and for it the channel halts behind an aligned barrier: what the reader lets
 * flow to it serves other channels until this one may go on (FLINK-16641).
 */
#ifndef WEIR_EXEC_SUBPARTITION_H
#define WEIR_EXEC_SUBPARTITION_H

#include "core/exec/channel_item.h"

struct subpartition {
    struct item_queue queue;
    uint32_t credits;
    uint32_t told; /* backlog that the reader has last heard of */
    uint32_t next_sequence;
    uint32_t buffer_size; /* wanted by the receiver (debloating); 0: whole buffers */
    bool flush_wanted;    /* what is in the open buffer goes when the reader has room for it */
    bool ended;           /* END_OF_PARTITION is in the queue or gone: nothing comes behind it */
    bool announces;       /* the reader has no exclusive buffers */
    bool halted;          /* behind an aligned barrier, until the reader resumes */
    uint64_t bytes_out;   /* of buffers taken */
};

void subpartition_fini(struct subpartition *sub); /* a zeroed one is empty and valid */

void subpartition_add_buffer(struct subpartition *sub, struct buffer *take_buffer);
void subpartition_add_event(struct subpartition *sub, const struct channel_event *event);
/* Overtakes every buffer: those become in-flight data of the barrier's checkpoint, in order.
 * `channel` is this one's number, for `stored`. */
void subpartition_add_priority_barrier(struct subpartition *sub,
                                       const struct checkpoint_barrier *barrier, uint32_t channel,
                                       struct stored_queue *stored);
/* The aligned barrier of this checkpoint has waited too long: it becomes an unaligned one with
 * priority, the buffers before it in-flight data. False: it is not in the queue (any more). */
bool subpartition_time_out_barrier(struct subpartition *sub, int64_t checkpoint, uint32_t channel,
                                   struct stored_queue *stored);

/* Is there something that may be sent now? */
static inline bool subpartition_is_available(const struct subpartition *sub)
{
    return sub->queue.count && !sub->halted &&
           (sub->credits > 0 || !item_queue_at(&sub->queue, 0)->buffer);
}

/* The next item and the backlog behind it: buffers that wait for credits, and the open one where
 * its reader shall have it. */
bool subpartition_take(struct subpartition *sub, struct channel_item *out, uint32_t *backlog);
/* The backlog that the reader does not know of and that nothing else will tell it: there is no
 * credit, and no event in front. Once; false: there is none. */
bool subpartition_take_announcement(struct subpartition *sub, uint32_t *backlog);
void subpartition_add_credit(struct subpartition *sub, uint32_t credits);
/* The reader has all barriers. Credits from before are void: it has taken their buffers back. */
void subpartition_resume(struct subpartition *sub);
void subpartition_check(const struct subpartition *sub);

#endif
