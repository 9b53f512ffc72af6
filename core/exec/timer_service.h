/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers of an operator, each of a key and a namespace (a window, say), unique as in Flink: set
 * twice, it fires once. They are keyed state, so snapshots, restore and rescaling take them along;
 * a heap over them tells which is next. Equal times fire in the order of key group, namespace and
 * key bytes, never of addresses. Source: Flink's InternalTimerServiceImpl,
 * HeapPriorityQueueSet.
 */
#ifndef WEIR_EXEC_TIMER_SERVICE_H
#define WEIR_EXEC_TIMER_SERVICE_H

#include "core/exec/keyed_states.h"

enum {
    TIMER_HEAD = 2 * 8,        /* bytes of a timer in the table before those of its key */
    TIMERS_DELETED_SPARE = 64, /* in the heap, beside as many as are set */
};

struct timer {
    int64_t time;       /* ms of event time, or ns of processing time: the owner's */
    uint64_t namespace; /* the owner's */
    int32_t group;
    const uint8_t *key; /* of the service's size; who passes it in keeps it */
};

struct timer_service {
    struct state_table *table;
    uint32_t key_size;  /* of every key; keys of varying size cannot have timers yet */
    uint32_t stride;    /* of a timer in the heap, words */
    VEC(uint64_t) heap; /* time, namespace, group, key; so again: set ones, and deleted ones */
    size_t set;
    uint64_t *sifted; /* one that is looking for its place in it */
    uint8_t *scratch; /* of one table key */
    uint8_t *taken;   /* the key of the last one taken, aligned for whoever reads it in place */
};

/* In the operator's open; takes over what was restored. False: the operator has failed. */
bool timer_service_open(struct timer_service *service, struct operator* op, const char *name,
                        uint32_t key_size);
void timer_service_close(struct timer_service *service);

void timer_service_set(struct timer_service *service, const struct timer *timer);
void timer_service_delete(struct timer_service *service, const struct timer *timer);

/* The next one due at `up_to` or before, which is then gone; false: none is. Its key holds until
 * the next one is taken. */
bool timer_service_take(struct timer_service *service, int64_t up_to, struct timer *out);
/* INT64_MAX: none. */
int64_t timer_service_next(struct timer_service *service);

#endif
