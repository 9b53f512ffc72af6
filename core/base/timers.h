/* SPDX-License-Identifier: Apache-2.0
 *
 * The timers of one node: a heap ordered by (time, order of setting). A timer is a kind, a subject
 * and an epoch; the owner compares the epoch when it fires and drops a stale one, or cancels it by
 * handle. Nothing here wakes anybody: the node says timers_next as its deadline and takes what is
 * due.
 */
#ifndef WEIR_BASE_TIMERS_H
#define WEIR_BASE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/time.h"
#include "core/base/vec.h"

struct timer_handle {
    uint32_t slot, generation; /* zeroed: no timer */
};

struct timer {
    time_ns at;
    uint32_t kind;    /* the owner's enum */
    uint32_t subject; /* an id of the owner's choice */
    uint64_t epoch;   /* the owner's epoch at the time of setting */
};

struct timers {
    time_ns next;                 /* of the first in the heap; asked for after every step */
    VEC(uint32_t) heap;           /* slots, least (at, seq) first */
    VEC(struct timer_cell) cells; /* by slot; freed ones are chained */
    uint32_t free_slot;           /* 1 + first free slot, 0 when none */
    uint64_t seq;
};

/* A zeroed struct is empty and valid. */
void timers_fini(struct timers *timers);
struct timer_handle timers_set(struct timers *timers, struct timer timer);
/* Cancelling a timer that has fired, was cancelled or never was is fine; the handle is zeroed. */
void timers_cancel(struct timers *timers, struct timer_handle *handle);
bool timers_is_set(const struct timers *timers, struct timer_handle handle);
/* TIME_NEVER when empty. */
static inline time_ns timers_next(const struct timers *timers)
{
    return timers->heap.count ? timers->next : TIME_NEVER;
}
/* Takes the earliest timer due at `now` or before. */
bool timers_take_due(struct timers *timers, time_ns now, struct timer *out);

#endif
