/* SPDX-License-Identifier: Apache-2.0
 *
 * Result partitions for tests, written to and read back.
 */
#include "tests/lib/partitions.h"

#include <check.h>
#include <string.h>

const struct record_layout partitions_numbers = { .size = 8 };

struct result_partition_config partitions_config(enum partitioner partitioner, uint32_t channels)
{
    return (struct result_partition_config){ .layout = partitions_numbers,
                                             .partitioner = partitioner,
                                             .subpartitions = channels,
                                             .max_parallelism = 128,
                                             .buffer_size = 64,
                                             .buffers = 2 * channels + 8,
                                             .overdraft_max = 4,
                                             .unaligned_supported = true };
}

void partitions_open(struct result_partition *partition, struct result_partition_config config)
{
    struct note note;
    struct err e = result_partition_init(partition, &config, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

struct err partitions_write(struct result_partition *partition, uint32_t count,
                            const uint16_t *targets, struct note *note)
{
    uint64_t records[4096];
    ck_assert_uint_le(count, 4096);
    for (uint32_t i = 0; i < count; i++)
        records[i] = i;
    struct batch batch = {
        .slots = (const uint8_t *)records, .count = count, .stride = 8, .layout = partitions_numbers
    };
    return result_partition_write(partition, &batch, targets, note);
}

uint32_t partitions_read(struct result_partition *partition, uint32_t channel, uint64_t *words,
                         uint32_t *watermarks)
{
    struct frame_reader reader;
    struct frame frame;
    struct note note;
    struct channel_item item;
    uint32_t count = 0, backlog;
    frame_reader_init(&reader, partition->config.layout, partition->config.buffer_size);
    result_partition_flush(partition);
    result_partition_add_credit(partition, channel, 1000);
    while (result_partition_take(partition, channel, &item, &backlog)) {
        if (!item.buffer)
            continue;
        ck_assert(!err_is(frame_reader_open(&reader, item.buffer, &note)));
        do {
            ck_assert(!err_is(frame_reader_next(&reader, &frame, &note)));
            for (uint32_t i = 0; i < frame.batch.count; i++)
                memcpy(&words[count++], batch_payload(&frame.batch, i), sizeof *words);
            *watermarks += frame.kind == FRAME_WATERMARK;
        } while (frame.kind != FRAME_END);
        buffer_release(item.buffer);
    }
    frame_reader_fini(&reader);
    result_partition_check(partition, 0);
    return count;
}

struct channel_event partitions_barrier(int64_t id, enum barrier_alignment alignment,
                                        time_ns timeout)
{
    return (struct channel_event){
        .kind = CHANNEL_EVENT_BARRIER,
        .barrier = { .id = id, .at = 1000, .aligned_timeout = timeout, .alignment = alignment }
    };
}

struct buffer *partitions_filled(void)
{
    struct buffer *buffer = buffer_create(64);
    buffer->used = 16;
    return buffer;
}
