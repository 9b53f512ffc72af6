/* SPDX-License-Identifier: Apache-2.0
 *
 * What a keyed process shares with operators that are one and more: its struct, to be their first
 * member, and what its class calls. Their params begin with those of a keyed process.
 */
#ifndef WEIR_EXEC_KEYED_PROCESS_PARTS_H
#define WEIR_EXEC_KEYED_PROCESS_PARTS_H

#include "core/exec/keyed_process.h"

struct keyed_process {
    struct operator op;
    struct user_state states[PROCESS_STATES_MAX];
    uint32_t open_states;
    struct state_table *ready; /* of the first state, where it lies ready; null */
    struct timer_service timers[2];
    int64_t watermark;
    uint32_t run;   /* records of the next one at most */
    uint32_t plain; /* records to come whose values are looked up when they are asked for */
    /* Keys whose value is new, from the record under way on; the run after a short one has
     * inserted some of them already. */
    bool is_new[PROCESS_RUN];
    uint32_t known;
    bool found_new[PROCESS_RUN];
    void *values[PROCESS_RUN];
    uint16_t groups[PROCESS_RUN];
};

void keyed_process_open(struct operator* op);
void keyed_process_close(struct operator* op);
void keyed_process_batch(struct operator* op, uint32_t input, const struct batch *batch);
void keyed_process_watermark(struct operator* op, int64_t watermark);
time_ns keyed_process_deadline(struct operator* op);
void keyed_process_time(struct operator* op, time_ns now);
void keyed_process_prepare(struct operator* op, uint64_t checkpoint);

#endif
