/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of barriers: a handler over two gates that share the channels in turn. Channel 0 is the
 * first of gate 0, channel 1 the first of gate 1, and so on. What a step gives back is what the
 * task is asked to do, as text: "abort 1 CHECKPOINT_DECLINED_SUBSUMED, trigger 2 unaligned,
 * complete 2". Invariants are checked at each step. Barriers were triggered at time 900; the story
 * begins at 1000.
 */
#ifndef WEIR_TESTS_LIB_BARRIER_STORY_H
#define WEIR_TESTS_LIB_BARRIER_STORY_H

#include "core/exec/barrier_handler.h"

extern struct barrier_story {
    struct input_gate gates[2];
    struct barrier_handler handler;
    uint32_t gate_count;
    time_ns now;
} barrier_story;

void barrier_begin(enum barrier_mode mode, bool after_finish, uint32_t channels);
void barrier_teardown(void);

/* Arrives, and is not read yet; numbered by the story. */
void barrier_put(uint32_t channel, struct channel_item item);
void barrier_data(uint32_t channel);
struct checkpoint_barrier barrier_made(int64_t id, enum barrier_alignment alignment,
                                       time_ns timeout);

/* Reads the next item of the channel's gate, which must be of this channel. "data": a buffer. */
const char *barrier_take(uint32_t channel);

/* Arrives and is read. */
const char *barrier_aligned(uint32_t channel, int64_t id);
const char *barrier_unaligned(uint32_t channel, int64_t id);
const char *barrier_cancel(uint32_t channel, int64_t id);
const char *barrier_end(uint32_t channel);
/* With a time-out: its announcement is read; the barrier is still queued. */
const char *barrier_timed(uint32_t channel, int64_t id, time_ns timeout);

const char *barrier_at(time_ns time); /* the time comes */
bool barrier_is_quiet(void);          /* nothing can be read */
uint32_t barrier_stored_count(void);  /* buffers of channel state, taken out */

#define SAYS(action, text) ck_assert_str_eq(action, text)

#endif
