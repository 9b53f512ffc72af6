/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of an input gate share: input_gate.c (queues and order), input_credits.c
 * (credits), input_state.c (in-flight data of checkpoints). Not for others.
 */
#ifndef WEIR_EXEC_INPUT_PARTS_H
#define WEIR_EXEC_INPUT_PARTS_H

#include "core/exec/input_gate.h"

void channel_ring_push(struct channel_ring *ring, uint32_t channel);
uint32_t channel_ring_pop(struct channel_ring *ring);

/* So many more of the channel's free buffers are to be told to the sender. */
void input_credits_announce(struct input_gate *gate, uint32_t channel, uint32_t credits);
/* A buffer has come: it takes a floating one first. */
enum item_credit input_credits_occupy(struct input_channel *channel);
void input_credits_vacate(struct input_gate *gate, uint32_t channel, enum item_credit credit);
/* Its free floating buffers go to those that wait; its sender needs no more credits for now. */
void input_credits_withdraw(struct input_gate *gate, uint32_t channel);
/* The sender has halted behind the barrier that has come; it may go on. */
void input_credits_halt(struct input_gate *gate, uint32_t channel);
void input_credits_resume(struct input_gate *gate, uint32_t channel);
void input_credits_check(const struct input_gate *gate);

void input_state_note_barrier(struct input_channel *channel, const struct channel_item *item);
void input_state_store(struct input_gate *gate, int64_t checkpoint, uint32_t channel,
                       struct buffer *retain);

#endif
