/* SPDX-License-Identifier: Apache-2.0
 *
 * An input gate with up to three senders that are right beside it. Invariants are checked and
 * credits counted at each step.
 */
#ifndef WEIR_TESTS_LIB_INPUT_GATES_H
#define WEIR_TESTS_LIB_INPUT_GATES_H

#include "core/exec/input_gate.h"

enum { GATES_SENDERS = 3 };

extern struct gates {
    struct input_gate gate;
    uint32_t sequence[GATES_SENDERS], at_sender[GATES_SENDERS]; /* next number, credits */
    struct channel_item item;                                   /* read last */
} gates;

void gates_open(uint32_t channels, uint32_t exclusive, uint32_t floating);
void gates_teardown(void);
void gates_check(void);
/* All credits that are to be announced arrive at once. */
void gates_announce(void);

/* The first byte of a buffer is its number. */
void gates_send_buffer(uint32_t from, uint32_t backlog);
void gates_send_event(uint32_t from, const struct channel_event *event, bool priority);
void gates_send_barrier(uint32_t from, int64_t id, enum barrier_alignment alignment,
                        time_ns timeout);

/* The next item is of this channel and has this number; it is given back at once. */
void gates_read(uint32_t from, uint32_t number);
void gates_read_nothing(void);
void gates_take_stored(int64_t checkpoint, uint32_t from, uint32_t number);
void gates_have_no_stored(void);

#endif
