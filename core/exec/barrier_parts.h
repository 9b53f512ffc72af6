/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the barrier handler share: barrier_handler.c (what goes in and out),
 * barrier_states.c (exactly once: the states), barrier_tracker.c (at least once). Not for others.
 */
#ifndef WEIR_EXEC_BARRIER_PARTS_H
#define WEIR_EXEC_BARRIER_PARTS_H

#include "core/exec/barrier_handler.h"

/* `number`: place in handler->channels. */
void barrier_states_on_barrier(struct barrier_handler *handler, uint32_t number,
                               const struct checkpoint_barrier *barrier, time_ns now);
void barrier_states_on_announcement(struct barrier_handler *handler, uint32_t number,
                                    const struct checkpoint_barrier *barrier, uint32_t sequence,
                                    time_ns now);
void barrier_states_on_cancel(struct barrier_handler *handler, int64_t checkpoint);
void barrier_states_on_end(struct barrier_handler *handler, uint32_t number, time_ns now);
void barrier_states_on_timer(struct barrier_handler *handler);
void barrier_states_check(const struct barrier_handler *handler);

void barrier_tracker_init(struct barrier_handler *handler);
void barrier_tracker_on_barrier(struct barrier_handler *handler, uint32_t number,
                                const struct checkpoint_barrier *barrier, time_ns now);
void barrier_tracker_on_cancel(struct barrier_handler *handler, uint32_t number,
                               int64_t checkpoint);
void barrier_tracker_on_end(struct barrier_handler *handler, uint32_t number, time_ns now);
void barrier_tracker_check(const struct barrier_handler *handler);

/* Into the outcome. */
void barrier_out_trigger(struct barrier_handler *handler, const struct checkpoint_barrier *barrier);
void barrier_out_complete(struct barrier_handler *handler, int64_t checkpoint);
void barrier_out_abort(struct barrier_handler *handler, int64_t checkpoint,
                       enum barrier_abort_reason reason);

/* Figures: CheckpointBarrierHandler.markAlignmentStart, markAlignmentEnd, resetAlignment. */
void barrier_alignment_start(struct barrier_handler *handler,
                             const struct checkpoint_barrier *barrier, time_ns now);
void barrier_alignment_end(struct barrier_handler *handler, time_ns now);
void barrier_alignment_reset(struct barrier_handler *handler);

#endif
