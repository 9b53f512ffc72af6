/* SPDX-License-Identifier: Apache-2.0
 *
 * Network buffers and their pools. A buffer is written once, by one writer, then read by whoever
 * holds a reference; the last release gives it back to its pool. Source: Flink's NetworkBuffer and
 * LocalBufferPool. Counts are plain: one owner thread, another world wraps them.
 *
 *     pool:  in use <= limit          the partition may open further buffers
 *            in use >  limit          overdraft, for the batch under way
 *
 * Memory is taken from the allocator when it is first needed and kept until the pool goes.
 */
#ifndef WEIR_EXEC_BUFFER_H
#define WEIR_EXEC_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/check.h"
#include "core/base/vec.h"

enum {
    BUFFER_SIZE_MIN = 64,
    BUFFER_SIZE_MAX = 1 << 26,
    BUFFER_POOL_MAX = 1 << 18, /* buffers of one pool, overdraft included */
    BUFFER_CHANNEL_ANY = UINT32_MAX >> 1
};

struct buffer_pool;

struct buffer {
    struct buffer_pool *pool; /* null: from buffer_create, freed by the last release */
    struct buffer *next_free;
    uint32_t references;
    uint32_t used; /* bytes of frames; a multiple of 8, set when the writer closes it */
    uint32_t size;
    uint32_t channel; /* the subpartition it was opened for, or BUFFER_CHANNEL_ANY */
    _Alignas(16) uint8_t bytes[];
};

struct buffer_pool {
    uint32_t buffer_size, limit;
    uint32_t in_use, in_use_max; /* buffers that somebody refers to; the most there ever were */
    struct buffer *free;
    VEC(struct buffer *) all;
    /* maxBuffersPerChannel: a channel that holds so many makes the pool unavailable. */
    uint32_t channels, per_channel_max, full_channels;
    uint32_t *by_channel;
    bool closed; /* its owner is gone; goes with the last buffer */
};

/* A buffer of no pool: bytes that came from another process, or recovered channel state. */
struct buffer *buffer_create(uint32_t size);
/* What is in it, in memory of its own: whoever keeps it holds no pool back. */
struct buffer *buffer_copy(const struct buffer *buffer);

/* channels and per_channel_max may be 0: not watched. */
struct buffer_pool *buffer_pool_create(uint32_t buffer_size, uint32_t limit, uint32_t channels,
                                       uint32_t per_channel_max);
/* Buffers that are still referred to stay valid. */
void buffer_pool_destroy(struct buffer_pool *pool);

/* An empty buffer with one reference; also beyond the limit, that is for the caller to watch. */
struct buffer *buffer_pool_take(struct buffer_pool *pool, uint32_t channel);
void buffer_pool_give(struct buffer *buffer); /* of buffer_release */

static inline uint32_t buffer_pool_overdraft(const struct buffer_pool *pool)
{
    return pool->in_use > pool->limit ? pool->in_use - pool->limit : 0;
}

static inline bool buffer_pool_is_available(const struct buffer_pool *pool)
{
    return pool->in_use < pool->limit && pool->full_channels == 0;
}

static inline struct buffer *buffer_retain(struct buffer *buffer)
{
    CHECK(buffer->references > 0);
    buffer->references++;
    return buffer;
}

static inline void buffer_release(struct buffer *buffer)
{
    CHECK(buffer->references > 0);
    if (--buffer->references == 0)
        buffer_pool_give(buffer);
}

void buffer_pool_check(const struct buffer_pool *pool); /* its invariant */
/* References to all its buffers together: what queues, writers and the way must add up to. */
uint64_t buffer_pool_references(const struct buffer_pool *pool);

#endif
