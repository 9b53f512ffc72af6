/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of keys that came lately, found by the key alone: no key group, no tags. For tables of
 * words only, and for batches whose key groups the table works out itself. In: batches. Out: the
 * values of those that are remembered, and the others one behind the other, to be looked up.
 *
 * What is remembered was written in this epoch and stands where it stood: when an entry of the
 * table has moved or gone, or an epoch has begun, all is forgotten. Where hardly a key comes back
 * it is asked only now and then.
 */
#ifndef WEIR_EXEC_STATE_RECENT_H
#define WEIR_EXEC_STATE_RECENT_H

#include "core/exec/state_table.h"

enum { RECENT_BITS = 12, RECENT_BATCH_LEAST = 256 };

struct state_recent {
    struct {
        uint64_t key;
        void *value; /* null: empty */
    } slots[1 << RECENT_BITS];
    uint64_t epoch, moves; /* of the table when it last was empty */
    bool is_empty;         /* it was when the batch began */
    uint32_t pause;        /* batches for which it is not asked */
    /* Of the batch under way: those that are not remembered. */
    uint64_t *keys;
    void **values;
    bool *is_new;
    uint32_t *at; /* which of the batch */
    uint32_t capacity;
};

/* Is it to be asked for this batch? Counts the pauses. */
bool state_recent_is_wanted(struct state_recent *recent, uint32_t count);
/* Room for a batch; forgets all where the table is not as it was. Null `recent`: makes it. */
struct state_recent *state_recent_begin(struct state_recent *recent, uint64_t epoch, uint64_t moves,
                                        uint32_t count);
/* The values of those it remembers; gives how many others there are. */
uint32_t state_recent_look(struct state_recent *recent, const struct key_run *keys, void **values);
/* The first `count` of the others have these values. */
void state_recent_remember(struct state_recent *recent, uint32_t count);
uint64_t state_recent_bytes(const struct state_recent *recent); /* null: 0 */
void state_recent_destroy(struct state_recent *recent);

#endif
