/* SPDX-License-Identifier: Apache-2.0
 *
 * How records lie in memory, in buffers, batches and files alike: one slot behind the other,
 *
 *     [timestamp i64, if the stream has them] [length u64, if sizes vary] [payload, padded to 8]
 *
 * so that every payload is aligned to 8 and may be read in place. Operators take batches: a run of
 * slots. Where all have one size, the next is a stride away; else the batch says where each begins.
 */
#ifndef WEIR_EXEC_RECORD_H
#define WEIR_EXEC_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/check.h"

enum { RECORD_ALIGN = 8, RECORD_HEAD = 8 };

#define TIMESTAMP_NONE INT64_MIN /* as Flink's StreamRecord without one */

struct record_layout {
    uint32_t size;    /* bytes of every payload; 0: they vary */
    bool timestamped; /* every record has room for its event time, ms, or TIMESTAMP_NONE */
};

struct batch {
    const uint8_t *slots; /* belongs to the caller, for the call */
    uint32_t count;
    uint32_t stride;    /* 0: sizes vary */
    const uint32_t *at; /* where each slot begins, where sizes vary; else null */
    struct record_layout layout;
};

static inline uint32_t record_padded(uint32_t size)
{
    return (size + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

/* Bytes from one slot to the next; 0 where they vary. */
static inline uint32_t record_stride(struct record_layout layout)
{
    return layout.size == 0 ? 0
                            : record_padded(layout.size) + (layout.timestamped ? RECORD_HEAD : 0);
}

/* Bytes of a slot with a payload of so many. */
static inline uint32_t record_slot_size(struct record_layout layout, uint32_t payload)
{
    return record_padded(payload) + (layout.timestamped ? RECORD_HEAD : 0) +
           (layout.size == 0 ? RECORD_HEAD : 0);
}

static inline const uint8_t *batch_slot(const struct batch *batch, uint32_t i)
{
    return batch->slots + (batch->stride ? (size_t)i * batch->stride : batch->at[i]);
}

static inline int64_t batch_timestamp(const struct batch *batch, uint32_t i)
{
    return batch->layout.timestamped ? *(const int64_t *)(const void *)batch_slot(batch, i)
                                     : TIMESTAMP_NONE;
}

static inline const void *batch_payload(const struct batch *batch, uint32_t i)
{
    return batch_slot(batch, i) + (batch->layout.timestamped ? RECORD_HEAD : 0) +
           (batch->layout.size == 0 ? RECORD_HEAD : 0);
}

/* Records from `from` on, as a batch. */
static inline struct batch batch_part(const struct batch *batch, uint32_t from, uint32_t count)
{
    struct batch part = *batch;
    part.count = count;
    if (batch->stride > 0)
        part.slots += (size_t)from * batch->stride;
    else
        part.at += from;
    return part;
}

static inline uint32_t batch_size(const struct batch *batch, uint32_t i)
{
    if (batch->layout.size != 0)
        return batch->layout.size;
    return (uint32_t) *
           (const uint64_t *)(const void *)(batch_slot(batch, i) +
                                            (batch->layout.timestamped ? RECORD_HEAD : 0));
}

#endif
