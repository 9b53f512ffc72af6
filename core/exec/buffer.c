/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers and pools. A buffer is either on its pool's free list, without references, or in use with
 * at least one; overdraft buffers are like the others, only counted beyond the limit.
 */
#include "core/exec/buffer.h"

static struct buffer *create(uint32_t size)
{
    CHECK(size >= BUFFER_SIZE_MIN);
    CHECK(size <= BUFFER_SIZE_MAX);
    struct buffer *buffer = mem_create(sizeof *buffer + size);
    buffer->size = size;
    return buffer;
}

/* Its size never comes from outside unchecked: a world copies into buffers of the configured size.
 */
struct buffer *buffer_create(uint32_t size)
{
    struct buffer *buffer = create(size);
    buffer->references = 1;
    buffer->channel = BUFFER_CHANNEL_ANY;
    return buffer;
}

struct buffer *buffer_copy(const struct buffer *buffer)
{
    struct buffer *copy =
        buffer_create(buffer->used > BUFFER_SIZE_MIN ? buffer->used : (uint32_t)BUFFER_SIZE_MIN);
    memcpy(copy->bytes, buffer->bytes, buffer->used);
    copy->used = buffer->used;
    return copy;
}

struct buffer_pool *buffer_pool_create(uint32_t buffer_size, uint32_t limit, uint32_t channels,
                                       uint32_t per_channel_max)
{
    CHECK(buffer_size >= BUFFER_SIZE_MIN);
    CHECK(buffer_size <= BUFFER_SIZE_MAX);
    CHECK(limit > 0);
    CHECK(limit <= BUFFER_POOL_MAX);
    struct buffer_pool *pool = mem_create(sizeof *pool);
    pool->buffer_size = buffer_size;
    pool->limit = limit;
    pool->channels = channels;
    pool->per_channel_max = per_channel_max;
    if (per_channel_max)
        pool->by_channel = mem_create_array(channels, sizeof *pool->by_channel);
    return pool;
}

/* Buffers that were ever taken are all in `all`, whether free or not. */
static void free_pool(struct buffer_pool *pool)
{
    for (size_t i = 0; i < pool->all.count; i++)
        mem_destroy(pool->all.items[i]);
    vec_fini(&pool->all);
    mem_destroy(pool->by_channel);
    mem_destroy(pool);
}

void buffer_pool_destroy(struct buffer_pool *pool)
{
    if (!pool)
        return;
    CHECK(!pool->closed);
    pool->closed = true;
    if (pool->in_use == 0)
        free_pool(pool);
}

static bool is_watched(const struct buffer_pool *pool, uint32_t channel)
{
    return pool->by_channel && channel != BUFFER_CHANNEL_ANY;
}

struct buffer *buffer_pool_take(struct buffer_pool *pool, uint32_t channel)
{
    CHECK(!pool->closed);
    struct buffer *buffer = pool->free;
    if (buffer) {
        pool->free = buffer->next_free;
    } else {
        CHECK(pool->all.count < BUFFER_POOL_MAX);
        buffer = create(pool->buffer_size);
        buffer->pool = pool;
        vec_push(&pool->all, buffer);
    }
    CHECK(buffer->references == 0);
    buffer->next_free = NULL;
    buffer->references = 1;
    buffer->used = 0;
    buffer->channel = channel;
    pool->in_use++;
    if (pool->in_use > pool->in_use_max)
        pool->in_use_max = pool->in_use;
    if (is_watched(pool, channel)) {
        CHECK(channel < pool->channels);
        if (++pool->by_channel[channel] == pool->per_channel_max)
            pool->full_channels++;
    }
    return buffer;
}

/* A buffer that outlives its output (a receiver still reads what a failed task has sent) may be the
 * last thing that holds its pool. */
void buffer_pool_give(struct buffer *buffer)
{
    struct buffer_pool *pool = buffer->pool;
    CHECK(buffer->references == 0);
    if (!pool) {
        mem_destroy(buffer);
        return;
    }
    CHECK(pool->in_use > 0);
    if (is_watched(pool, buffer->channel) &&
        pool->by_channel[buffer->channel]-- == pool->per_channel_max)
        pool->full_channels--;
    buffer->next_free = pool->free;
    pool->free = buffer;
    pool->in_use--;
    if (pool->closed && pool->in_use == 0)
        free_pool(pool);
}

/* Each buffer is free or in use, never both and never neither; channels are counted full exactly
 * when they are. */
void buffer_pool_check(const struct buffer_pool *pool)
{
    size_t free_count = 0, used_count = 0, full = 0;
    for (const struct buffer *buffer = pool->free; buffer; buffer = buffer->next_free) {
        CHECK(buffer->references == 0);
        CHECK(buffer->pool == pool);
        free_count++;
        CHECK(free_count <= pool->all.count);
    }
    for (size_t i = 0; i < pool->all.count; i++) {
        used_count += pool->all.items[i]->references > 0;
        CHECK(pool->all.items[i]->used <= pool->all.items[i]->size);
    }
    CHECK(used_count == pool->in_use);
    CHECK(free_count + used_count == pool->all.count);
    CHECK(pool->in_use <= pool->in_use_max);
    for (uint32_t i = 0; pool->by_channel && i < pool->channels; i++)
        full += pool->by_channel[i] >= pool->per_channel_max;
    CHECK(full == pool->full_channels);
}

uint64_t buffer_pool_references(const struct buffer_pool *pool)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < pool->all.count; i++)
        sum += pool->all.items[i]->references;
    return sum;
}
