/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing to the channels of an output. A record is copied once, from where the operator made it to
 * the open buffer of its channel, or not at all when the operator wrote it there. What always
 * holds: each channel sees records, watermarks and events in the order they were written, and is in
 * the ready ring whenever it has got something since it was last named.
 */
#include "core/exec/result_partition_parts.h"

#include <string.h>

/* Channels are chosen for so many records at a time. */
enum { SELECT_AT_ONCE = 1024 };

static bool is_broadcast(const struct result_partition *partition)
{
    return partition->config.partitioner == PARTITION_BROADCAST;
}

/* All that a configuration or a job can get wrong is refused here, before anything is allocated. */
struct err result_partition_init(struct result_partition *partition,
                                 const struct result_partition_config *config, struct note *note)
{
    uint32_t count = config->subpartitions, stride = record_stride(config->layout);
    struct rng rng = rng_stream(config->seed, "rebalance", config->number);
    *partition = (struct result_partition){ .config = *config, .stride = stride };
    partition->timeout_checkpoint = -1;
    if (config->layout.size > BUFFER_SIZE_MAX)
        return err_note(note, ERR_FULL_CODE, "records of %u bytes", config->layout.size);
    if (config->buffer_size < BUFFER_SIZE_MIN || config->buffer_size > BUFFER_SIZE_MAX)
        return err_note(note, ERR_BAD_VALUE_CODE, "buffers of %u bytes", config->buffer_size);
    if (FRAME_HEAD + (stride ? stride : record_slot_size(config->layout, 0)) > config->buffer_size)
        return err_note(note, ERR_FULL_CODE, "records of %u bytes do not fit into buffers of %u",
                        config->layout.size, config->buffer_size);
    if (config->buffers == 0 || config->buffers > BUFFER_POOL_MAX / 2 ||
        config->overdraft_max > BUFFER_POOL_MAX / 2)
        return err_note(note, ERR_BAD_VALUE_CODE, "a pool of %u buffers and %u of overdraft",
                        config->buffers, config->overdraft_max);
    TRY(channel_selector_init(&partition->selector, config->partitioner, count,
                              config->max_parallelism, &rng, note));
    partition->writer_count = is_broadcast(partition) ? 1 : count;
    partition->pool =
        buffer_pool_create(config->buffer_size, config->buffers, count, config->per_channel_max);
    partition->subpartitions = mem_create_array(count, sizeof *partition->subpartitions);
    partition->writers = mem_create_array(partition->writer_count, sizeof *partition->writers);
    partition->ready = mem_create_array(count, sizeof *partition->ready);
    partition->is_ready = mem_create_array(count, sizeof *partition->is_ready);
    return OK;
}

/* Buffers that receivers or snapshots still hold stay valid: the pool waits for them. */
void result_partition_fini(struct result_partition *partition)
{
    for (uint32_t i = 0; i < partition->writer_count; i++)
        if (partition->writers[i].buffer)
            buffer_release(partition->writers[i].buffer);
    for (uint32_t i = 0; partition->subpartitions && i < partition->config.subpartitions; i++)
        subpartition_fini(&partition->subpartitions[i]);
    stored_queue_fini(&partition->stored);
    buffer_pool_destroy(partition->pool);
    channel_selector_fini(&partition->selector);
    mem_destroy(partition->subpartitions);
    mem_destroy(partition->writers);
    mem_destroy(partition->ready);
    mem_destroy(partition->is_ready);
    *partition = (struct result_partition){ 0 };
}

/* At most once in the ring, so that the ring needs a place per channel and no more. */
void result_partition_mark_ready(struct result_partition *partition, uint32_t channel)
{
    uint32_t count = partition->config.subpartitions;
    if (partition->is_ready[channel] ||
        !subpartition_is_available(&partition->subpartitions[channel]))
        return;
    uint32_t at = partition->ready_first + partition->ready_count++;
    partition->ready[at < count ? at : at - count] = channel;
    partition->is_ready[channel] = true;
}

void result_partition_add_recovered(struct result_partition *partition, uint32_t channel,
                                    struct buffer *take_buffer)
{
    CHECK(channel < partition->config.subpartitions);
    CHECK(partition->bytes == 0);
    CHECK(take_buffer->pool != partition->pool);
    subpartition_add_buffer(&partition->subpartitions[channel], take_buffer);
    result_partition_mark_ready(partition, channel);
}

/* Ends the open buffer of a writer: from now on it may be taken. */
static void close_writer(struct result_partition *partition, uint32_t writer)
{
    struct buffer *buffer = frame_writer_close(&partition->writers[writer], partition->stride);
    if (!buffer)
        return;
    partition->bytes += buffer->used;
    if (!is_broadcast(partition)) {
        partition->subpartitions[writer].flush_wanted = false;
        subpartition_add_buffer(&partition->subpartitions[writer], buffer);
        result_partition_mark_ready(partition, writer);
        return;
    }
    for (uint32_t i = 0; i < partition->config.subpartitions; i++) {
        partition->subpartitions[i].flush_wanted = false;
        subpartition_add_buffer(&partition->subpartitions[i], buffer_retain(buffer));
        result_partition_mark_ready(partition, i);
    }
    buffer_release(buffer);
}

static uint32_t writer_of(const struct result_partition *partition, uint32_t channel)
{
    return is_broadcast(partition) ? 0 : channel;
}

/* The reader would have nothing to take but what is being written, and has room for it: then it
 * gets that. Until then the buffer fills (PipelinedSubpartition.flush; there the reader looks into
 * the open buffer, here it ends). */
void result_partition_close_wanted(struct result_partition *partition, uint32_t channel)
{
    const struct subpartition *sub = &partition->subpartitions[channel];
    if (sub->flush_wanted && sub->queue.count == 0 && sub->credits > 0 && !sub->halted)
        close_writer(partition, writer_of(partition, channel));
}

/* What the receivers wish of their sender's buffers (debloating), but at least one slot. A buffer
 * for all of them is as the one who wants least wants it. */
static uint32_t wanted_size(const struct result_partition *partition, uint32_t channel,
                            uint32_t slot_bytes)
{
    uint32_t least = FRAME_HEAD + slot_bytes;
    uint32_t size = is_broadcast(partition) ? partition->wanted_least
                                            : partition->subpartitions[channel].buffer_size;
    if (size == 0 || size > partition->config.buffer_size)
        return partition->config.buffer_size;
    return size > least ? size : least;
}

/* Checks first: a refused record leaves the open buffer as it was. */
struct err result_partition_make_room(struct result_partition *partition, uint32_t channel,
                                      uint32_t slot_bytes, struct note *note)
{
    struct buffer_pool *pool = partition->pool;
    uint32_t buffer_size = partition->config.buffer_size;
    struct frame_writer *writer = &partition->writers[channel];
    if (slot_bytes > buffer_size - FRAME_HEAD)
        return err_note(note, ERR_FULL_CODE, "record of %u bytes does not fit into a buffer of %u",
                        slot_bytes, buffer_size - FRAME_HEAD);
    if (pool->in_use >= pool->limit + partition->config.overdraft_max)
        return err_note(note, ERR_FULL_CODE,
                        "output needs more than %u buffers of overdraft: does a call write without "
                        "end, or a timer set itself again at once?",
                        partition->config.overdraft_max);
    close_writer(partition, channel);
    struct buffer *buffer =
        buffer_pool_take(pool, is_broadcast(partition) ? BUFFER_CHANNEL_ANY : channel);
    frame_writer_open(writer, buffer, wanted_size(partition, channel, slot_bytes),
                      partition->stride);
    return OK;
}

/* Where records of a batch go: `of_target` gives the channel of a target, null: it is the channel.
 */
struct route {
    const uint16_t *targets, *of_target;
};

static inline uint32_t route_channel(struct route route, uint32_t i)
{
    return route.of_target ? route.of_target[route.targets[i]] : route.targets[i];
}

/* Slots of one size, each to its channel. Called with a constant stride, so that a copy is a load
 * and a store. */
static inline struct err scatter(struct result_partition *partition, const uint8_t *slots,
                                 struct route route, uint32_t count, uint32_t stride,
                                 struct note *note)
{
    struct frame_writer *writers = partition->writers;
    for (uint32_t i = 0; i < count; i++, slots += stride) {
        uint32_t channel = route_channel(route, i);
        struct frame_writer *writer = &writers[channel];
        if (__builtin_expect(writer->at == writer->end, 0))
            TRY(result_partition_make_room(partition, channel, stride, note));
        memcpy(writer->at, slots, stride);
        writer->at += stride;
    }
    return OK;
}

/* Room is asked for per record; the slot brings its own length along. */
static struct err scatter_varying(struct result_partition *partition, const struct batch *batch,
                                  uint32_t first, struct route route, uint32_t count,
                                  struct note *note)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t channel = route_channel(route, i);
        struct frame_writer *writer = &partition->writers[channel];
        uint32_t bytes = record_slot_size(batch->layout, batch_size(batch, first + i));
        if (frame_writer_room(writer) < bytes)
            TRY(result_partition_make_room(partition, channel, bytes, note));
        memcpy(writer->at, batch_slot(batch, first + i), bytes);
        writer->at += bytes;
        writer->count++;
    }
    return OK;
}

/* Bytes of the records from `first` on that lie one behind the other and fit; *count: how many. */
static uint32_t run_length(const struct batch *batch, uint32_t first, size_t room, uint32_t *count)
{
    uint32_t bytes = 0, i = first;
    while (i < batch->count && batch->at[i] - batch->at[first] == bytes) {
        uint32_t slot = record_slot_size(batch->layout, batch_size(batch, i));
        if (slot > room - bytes)
            break;
        bytes += slot;
        i++;
    }
    *count = i - first;
    return bytes;
}

static struct err write_run_varying(struct result_partition *partition, const struct batch *batch,
                                    struct note *note)
{
    struct frame_writer *writer = &partition->writers[0];
    for (uint32_t i = 0; i < batch->count;) {
        uint32_t count, bytes = run_length(batch, i, frame_writer_room(writer), &count);
        if (count == 0) {
            uint32_t slot = record_slot_size(batch->layout, batch_size(batch, i));
            TRY(result_partition_make_room(partition, 0, slot, note));
            continue;
        }
        memcpy(writer->at, batch_slot(batch, i), bytes);
        writer->at += bytes;
        writer->count += count;
        i += count;
    }
    return OK;
}

/* All records to one writer: runs as long as its buffer. */
static struct err write_run(struct result_partition *partition, const struct batch *batch,
                            struct note *note)
{
    const uint8_t *slots = batch->slots;
    struct frame_writer *writer = &partition->writers[0];
    for (size_t left = (size_t)batch->count * batch->stride; left > 0;) {
        if (writer->at == writer->end)
            TRY(result_partition_make_room(partition, 0, batch->stride, note));
        size_t room = frame_writer_room(writer), bytes = left < room ? left : room;
        memcpy(writer->at, slots, bytes);
        writer->at += bytes;
        slots += bytes;
        left -= bytes;
    }
    return OK;
}

/* The common strides, 64 bits without and with a timestamp, get loops of their own. */
static struct err write_some(struct result_partition *partition, const struct batch *batch,
                             uint32_t first, struct route route, uint32_t count, struct note *note)
{
    const uint8_t *slots = batch->slots + (size_t)first * batch->stride;
    const struct route direct = { route.targets, NULL };
    switch (batch->stride) {
    case 0: return scatter_varying(partition, batch, first, route, count, note);
    case 8:
        return route.of_target ? scatter(partition, slots, route, count, 8, note)
                               : scatter(partition, slots, direct, count, 8, note);
    case 16:
        return route.of_target ? scatter(partition, slots, route, count, 16, note)
                               : scatter(partition, slots, direct, count, 16, note);
    default: return scatter(partition, slots, route, count, batch->stride, note);
    }
}

/* Without targets channels are chosen for a part of the batch at a time. */
static struct err write_in_turn(struct result_partition *partition, const struct batch *batch,
                                struct note *note)
{
    uint16_t channels[SELECT_AT_ONCE];
    for (uint32_t i = 0; i < batch->count; i += SELECT_AT_ONCE) {
        uint32_t left = batch->count - i, count = left < SELECT_AT_ONCE ? left : SELECT_AT_ONCE;
        channel_selector_next(&partition->selector, count, channels);
        TRY(write_some(partition, batch, i, (struct route){ channels, NULL }, count, note));
    }
    return OK;
}

struct err result_partition_write(struct result_partition *partition, const struct batch *batch,
                                  const uint16_t *targets, struct note *note)
{
    const struct channel_selector *selector = &partition->selector;
    CHECK(batch->stride == partition->stride);
    CHECK(batch->layout.timestamped == partition->config.layout.timestamped);
    TRY(channel_selector_check_targets(selector, targets, batch->count, note));
    if (partition->writer_count == 1)
        return batch->stride ? write_run(partition, batch, note)
                             : write_run_varying(partition, batch, note);
    if (!channel_selector_has_targets(selector))
        return write_in_turn(partition, batch, note);
    struct route route = { targets, selector->channel_of_group };
    return write_some(partition, batch, 0, route, batch->count, note);
}

/* Room for a word is always a fresh buffer away. */
static struct err add_word(struct result_partition *partition, bool is_watermark, int64_t watermark,
                           bool idle, struct note *note)
{
    uint32_t stride = partition->stride;
    for (uint32_t i = 0; i < partition->writer_count; i++) {
        struct frame_writer *writer = &partition->writers[i];
        bool is_added = false;
        for (int attempt = 0; !is_added; attempt++) {
            CHECK(attempt < 2);
            if (attempt == 1)
                TRY(result_partition_make_room(partition, i, sizeof watermark, note));
            is_added = is_watermark ? frame_writer_add_watermark(writer, stride, watermark)
                                    : frame_writer_add_status(writer, stride, idle);
        }
    }
    return OK;
}

struct err result_partition_add_watermark(struct result_partition *partition, int64_t watermark,
                                          struct note *note)
{
    return add_word(partition, true, watermark, false, note);
}

struct err result_partition_add_status(struct result_partition *partition, bool idle,
                                       struct note *note)
{
    return add_word(partition, false, 0, idle, note);
}

/* CheckpointOptions.withUnalignedUnsupported, withUnalignedSupported. */
static void adapt_alignment(const struct result_partition *partition,
                            struct checkpoint_barrier *barrier)
{
    bool is_unaligned = barrier->alignment == BARRIER_UNALIGNED || barrier_is_timeoutable(barrier);
    if (!partition->config.unaligned_supported) {
        if (is_unaligned)
            barrier->alignment = BARRIER_FORCED_ALIGNED;
    } else if (barrier->alignment == BARRIER_FORCED_ALIGNED) {
        bool has_timeout = barrier->aligned_timeout > 0 && barrier->aligned_timeout != TIME_NEVER;
        barrier->alignment = has_timeout ? BARRIER_ALIGNED : BARRIER_UNALIGNED;
    }
}

/* BufferWritingResultPartition.broadcastEvent: open buffers are finished first, so that the event
 * is behind everything written, unless it overtakes. Events need no buffer of the pool. */
void result_partition_add_event(struct result_partition *partition,
                                const struct channel_event *event)
{
    struct channel_event adapted = *event;
    bool is_barrier = event->kind == CHANNEL_EVENT_BARRIER;
    if (is_barrier)
        adapt_alignment(partition, &adapted.barrier);
    bool has_priority = is_barrier && adapted.barrier.alignment == BARRIER_UNALIGNED;
    for (uint32_t i = 0; i < partition->writer_count; i++)
        close_writer(partition, i);
    for (uint32_t i = 0; i < partition->config.subpartitions; i++) {
        struct subpartition *sub = &partition->subpartitions[i];
        if (has_priority)
            subpartition_add_priority_barrier(sub, &adapted.barrier, i, &partition->stored);
        else
            subpartition_add_event(sub, &adapted);
        result_partition_mark_ready(partition, i);
    }
    if (is_barrier) {
        bool has_timeout = barrier_is_timeoutable(&adapted.barrier);
        partition->timeout_checkpoint = has_timeout ? adapted.barrier.id : -1;
        partition->timeout_at = barrier_deadline(&adapted.barrier);
        partition->timeout_left = partition->config.subpartitions;
    }
}

void result_partition_flush(struct result_partition *partition)
{
    for (uint32_t i = 0; i < partition->config.subpartitions; i++) {
        uint32_t writer = writer_of(partition, i);
        bool is_empty = frame_writer_is_empty(&partition->writers[writer]);
        partition->subpartitions[i].flush_wanted = !is_empty;
        if (is_empty)
            close_writer(partition, writer); /* its place in the pool is free */
        else
            result_partition_close_wanted(partition, i);
    }
}

time_ns result_partition_deadline(const struct result_partition *partition)
{
    return partition->timeout_checkpoint < 0 ? TIME_NEVER : partition->timeout_at;
}

/* Where the barrier is gone already nothing happens: that channel is aligned. */
void result_partition_time_out(struct result_partition *partition, time_ns now)
{
    if (now < result_partition_deadline(partition))
        return;
    for (uint32_t i = 0; i < partition->config.subpartitions; i++) {
        subpartition_time_out_barrier(&partition->subpartitions[i], partition->timeout_checkpoint,
                                      i, &partition->stored);
        result_partition_mark_ready(partition, i);
    }
    partition->timeout_checkpoint = -1;
}

void result_partition_abort_checkpoint(struct result_partition *partition, int64_t checkpoint)
{
    if (partition->timeout_checkpoint == checkpoint)
        partition->timeout_checkpoint = -1;
    stored_queue_drop(&partition->stored, checkpoint);
}

bool result_partition_take_stored(struct result_partition *partition, struct stored_buffer *out)
{
    return stored_queue_take(&partition->stored, out);
}
