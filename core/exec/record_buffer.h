/* SPDX-License-Identifier: Apache-2.0
 *
 * Records that an operator keeps for later, by key: those of one key lie behind one another in one
 * value of keyed state, slots as in record.h with their timestamps, in order of time or of coming.
 */
#ifndef WEIR_EXEC_RECORD_BUFFER_H
#define WEIR_EXEC_RECORD_BUFFER_H

#include "core/exec/keyed_states.h"

struct record_buffer {
    struct operator* op;
    const char *name;
    struct state_table *table;
    uint32_t payload_size; /* 0: it varies */
};

/* A walk over records; valid until the buffer changes. */
struct record_slots {
    const uint8_t *bytes;
    uint32_t size, at;
    uint32_t payload_size;
};

/* In the operator's open. False: the operator has failed. */
bool record_buffer_open(struct record_buffer *buffer, struct operator* op, const char *name,
                        uint32_t key_size, uint32_t payload_size,
                        struct snapshot_serializer payload);

enum record_order { RECORDS_BY_TIME, RECORDS_AS_THEY_COME };

/* Record i of the batch, behind those of the same time; is_first, which may be null: it is the
 * first of all now. False: the operator has failed. */
bool record_buffer_add(struct record_buffer *buffer, struct state_key key,
                       const struct batch *batch, uint32_t i, enum record_order order,
                       bool *is_first);
struct record_slots record_buffer_get(const struct record_buffer *buffer, struct state_key key);
void record_buffer_remove(struct record_buffer *buffer, struct state_key key);
/* Those up to this time, of a buffer by time. */
void record_buffer_remove_until(struct record_buffer *buffer, struct state_key key, int64_t time);

bool record_slots_next(struct record_slots *slots, int64_t *timestamp, const void **payload,
                       uint32_t *size);
/* To the first record of this time or later, of a walk by time. */
void record_slots_seek(struct record_slots *slots, int64_t time);

#endif
