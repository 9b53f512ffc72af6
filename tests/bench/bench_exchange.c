/* SPDX-License-Identifier: Apache-2.0
 *
 * An exchange in one thread: 64-bit records from an array into the channels of a partition, taken,
 * received, read in batches and summed, credits on their way back. Against plain C: the same
 * records into one array per channel, ring-wise, and summed from there. "in place": the operator
 * writes its slots straight into the open buffer. Texts have 100 bytes, of which the first word is
 * summed. Key groups are worked out beforehand for both sides.
 */
#include <string.h>

#include "core/base/rng.h"
#include "core/base/text.h"
#include "core/exec/input_gate.h"
#include "core/exec/result_partition.h"
#include "core/graph/key_groups.h"
#include "tests/bench/bench.h"

enum { BATCH = 4096, CHANNELS = 64, BUFFER = 32768, RING = 4096, GROUPS = 128, TEXT = 100 };

struct exchange {
    uint64_t *slots; /* of one batch, one behind the other */
    uint32_t at[BATCH];
    uint16_t groups[BATCH];
    uint16_t channel_of_group[GROUPS];
    uint32_t channels, slot; /* slot: its bytes */
    struct record_layout layout;
    struct result_partition partition;
    struct input_gate gates[CHANNELS];
    struct frame_reader reader;
    uint64_t *rings[CHANNELS];
    uint32_t heads[CHANNELS];
    uint64_t sum;
};

static void must(struct err e)
{
    CHECK(!err_is(e));
}

static void read_buffer(struct exchange *x, const struct buffer *buffer)
{
    struct frame frame;
    struct note note;
    must(frame_reader_open(&x->reader, buffer, &note));
    for (;;) {
        must(frame_reader_next(&x->reader, &frame, &note));
        if (frame.kind == FRAME_END)
            return;
        uint64_t sum = 0;
        for (uint32_t i = 0; i < frame.batch.count; i++)
            sum += *(const uint64_t *)batch_payload(&frame.batch, i);
        x->sum += sum;
    }
}

/* The world: carries credits and items, one receiver per channel, each reads at once. */
static void carry(struct exchange *x)
{
    uint32_t channel, backlog, from, credits;
    struct channel_item item;
    while (result_partition_next_ready(&x->partition, &channel)) {
        struct input_gate *gate = &x->gates[channel];
        CHECK(result_partition_take(&x->partition, channel, &item, &backlog));
        input_gate_receive(gate, 0, &item, backlog);
        while (input_gate_next(gate, &from, &item)) {
            read_buffer(x, item.buffer);
            input_gate_recycle(gate, from, &item);
        }
        while (input_gate_take_credit(gate, &from, &credits))
            result_partition_add_credit(&x->partition, channel, credits);
    }
}

static void run_ours(void *context, uint64_t n)
{
    struct exchange *x = context;
    struct note note;
    struct batch batch = { .slots = (const uint8_t *)x->slots,
                           .count = BATCH,
                           .stride = record_stride(x->layout),
                           .at = x->layout.size ? NULL : x->at,
                           .layout = x->layout };
    for (uint64_t i = 0; i < n; i += BATCH) {
        must(result_partition_write(&x->partition, &batch, x->groups, &note));
        carry(x);
    }
    result_partition_flush(&x->partition);
    carry(x);
}

/* As an operator does that emits into one channel. */
static void run_in_place(void *context, uint64_t n)
{
    struct exchange *x = context;
    struct note note;
    struct frame_writer *writer = result_partition_writer(&x->partition, 0);
    for (uint64_t i = 0; i < n; i += BATCH) {
        for (uint32_t k = 0; k < BATCH;) {
            if (writer->at == writer->end)
                must(result_partition_make_room(&x->partition, 0, 8, &note));
            uint64_t *at = (uint64_t *)(void *)writer->at, *end = (uint64_t *)(void *)writer->end;
            for (; at < end && k < BATCH; k++)
                *at++ = x->slots[k];
            writer->at = (uint8_t *)at;
        }
        carry(x);
    }
    result_partition_flush(&x->partition);
    carry(x);
}

/* Of the first word of each payload. */
static uint64_t sum_of(const struct exchange *x, const uint64_t *words, uint32_t count)
{
    uint64_t sum = 0;
    uint32_t step = x->slot / 8;
    if (step == 1)
        for (uint32_t i = 0; i < count; i++)
            sum += words[i];
    else
        for (uint32_t i = 0; i < count; i++)
            sum += words[(size_t)step * i + 1];
    return sum;
}

static void drain_ring(struct exchange *x, uint32_t channel)
{
    x->sum += sum_of(x, x->rings[channel], x->heads[channel]);
    x->heads[channel] = 0;
}

/* One channel: whole runs, as in ours. */
static void run_plain_alone(void *context, uint64_t n)
{
    struct exchange *x = context;
    uint32_t words = x->slot / 8;
    for (uint64_t i = 0; i < n; i += BATCH) {
        for (uint32_t k = 0; k < BATCH;) {
            uint32_t room = RING - x->heads[0], left = BATCH - k, count = left < room ? left : room;
            memcpy(x->rings[0] + (size_t)words * x->heads[0], x->slots + (size_t)words * k,
                   (size_t)count * x->slot);
            x->heads[0] += count;
            k += count;
            if (x->heads[0] == RING)
                drain_ring(x, 0);
        }
    }
    drain_ring(x, 0);
}

static inline void plain_loop(struct exchange *x, uint64_t n, uint32_t slot)
{
    for (uint64_t i = 0; i < n; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            uint32_t channel = x->channel_of_group[x->groups[k]];
            if (x->heads[channel] == RING)
                drain_ring(x, channel);
            memcpy((uint8_t *)x->rings[channel] + (size_t)slot * x->heads[channel]++,
                   (const uint8_t *)x->slots + (size_t)slot * k, slot);
        }
    }
    for (uint32_t i = 0; i < x->channels; i++)
        drain_ring(x, i);
}

static void run_plain(void *context, uint64_t n)
{
    struct exchange *x = context;
    if (x->slot == 8)
        plain_loop(x, n, 8);
    else if (x->slot == 16)
        plain_loop(x, n, 16);
    else
        plain_loop(x, n, x->slot);
}

static struct exchange *create(uint32_t channels, struct record_layout layout)
{
    struct exchange *x = mem_create(sizeof *x);
    struct rng rng = rng_stream(1, "exchange", channels);
    struct note note;
    x->channels = channels;
    x->layout = layout;
    x->slot = record_slot_size(layout, layout.size ? layout.size : TEXT);
    x->slots = mem_create_array(BATCH, x->slot);
    for (uint32_t i = 0; i < BATCH; i++) {
        x->groups[i] = (uint16_t)rng_below(&rng, GROUPS);
        x->at[i] = i * x->slot;
        for (uint32_t k = 0; k < x->slot / 8; k++)
            x->slots[i * x->slot / 8 + k] = k == 0 && !layout.size ? TEXT : rng_next(&rng);
    }
    for (int32_t i = 0; i < GROUPS; i++)
        x->channel_of_group[i] = (uint16_t)key_group_subtask(i, (int32_t)channels, GROUPS);
    must(
        result_partition_init(&x->partition,
                              &(struct result_partition_config){
                                  .layout = x->layout,
                                  .partitioner = channels == 1 ? PARTITION_FORWARD : PARTITION_HASH,
                                  .subpartitions = channels,
                                  .max_parallelism = GROUPS,
                                  .buffer_size = BUFFER,
                                  .buffers = 2 * channels + 8,
                                  .per_channel_max = 10,
                                  .overdraft_max = 1000 },
                              &note));
    frame_reader_init(&x->reader, x->layout, BUFFER);
    for (uint32_t i = 0; i < channels; i++) {
        uint32_t from, credits;
        x->rings[i] = mem_create_array(RING, x->slot);
        input_gate_init(&x->gates[i], &(struct input_gate_config){ 1, 2, 8 });
        CHECK(input_gate_take_credit(&x->gates[i], &from, &credits));
        result_partition_add_credit(&x->partition, i, credits);
    }
    return x;
}

static void destroy(struct exchange *x)
{
    bench_keep(x->sum);
    result_partition_check(&x->partition, 0);
    result_partition_fini(&x->partition);
    frame_reader_fini(&x->reader);
    for (uint32_t i = 0; i < x->channels; i++) {
        mem_destroy(x->rings[i]);
        input_gate_fini(&x->gates[i]);
    }
    mem_destroy(x->slots);
    mem_destroy(x);
}

static const struct record_layout numbers = { .size = 8 };
static const struct record_layout stamped = { .size = 8, .timestamped = true };
static const struct record_layout texts = { .size = 0 };

static void compare(uint32_t channels, struct record_layout layout, bool in_place)
{
    struct exchange *x = create(channels, layout);
    uint64_t records = layout.size ? 4 << 20 : 1 << 20;
    const char *what = !layout.size ? ", texts" : layout.timestamped ? ", timestamps" : "";
    char name[64];
    text_format(name, sizeof name, "exchange, %u channel%s%s%s", channels, channels == 1 ? "" : "s",
                what, in_place ? ", in place" : "");
    bench_against(name, in_place ? run_in_place : run_ours,
                  channels == 1 ? run_plain_alone : run_plain, x, records);
    destroy(x);
}

int main(void)
{
    compare(1, numbers, true);
    compare(1, numbers, false);
    compare(1, stamped, false);
    compare(1, texts, false);
    compare(4, numbers, false);
    compare(4, stamped, false);
    compare(4, texts, false);
    compare(64, numbers, false);
    return 0;
}
