/* SPDX-License-Identifier: Apache-2.0
 *
 * Senders, wires and receivers in one world that takes one random step at a time. What is read is
 * held against what was written at once; a cut when its checkpoint is complete.
 */
#include "tests/lib/exchange_way.h"

#include <check.h>

static struct exchange *world;

static const struct record_layout numbers = { .size = 8 };

uint32_t exchange_below(uint32_t bound)
{
    return (uint32_t)rng_below(&world->rng, bound);
}

static uint64_t record_number(uint32_t sender, uint32_t receiver, uint32_t number)
{
    return (uint64_t)sender << 48 | (uint64_t)receiver << 40 | number;
}

struct exchange *exchange_create(uint64_t seed, enum barrier_mode mode,
                                 enum partitioner partitioner)
{
    struct note note;
    world = mem_create(sizeof *world);
    world->rng = rng_stream(seed, "exchange", mode * 16 + partitioner);
    world->mode = mode;
    world->partitioner = partitioner;
    world->senders = 1 + exchange_below(SENDERS_MAX);
    world->receivers = partitioner == PARTITION_FORWARD ? 1 : 1 + exchange_below(RECEIVERS_MAX);
    world->gates = world->senders > 1 ? 1 + exchange_below(2) : 1;
    frame_reader_init(&world->reader, numbers, 128);
    for (uint32_t s = 0; s < world->senders; s++) {
        struct result_partition_config config = { .layout = numbers,
                                                  .partitioner = partitioner,
                                                  .subpartitions = world->receivers,
                                                  .max_parallelism = 128,
                                                  .buffer_size = 128,
                                                  .buffers = 2 + exchange_below(6),
                                                  .per_channel_max = exchange_below(2) * 3,
                                                  .overdraft_max = 1000,
                                                  .unaligned_supported = exchange_below(8) > 0,
                                                  .seed = seed,
                                                  .number = s };
        ck_assert(!err_is(result_partition_init(&world->sender[s].partition, &config, &note)));
    }
    for (uint32_t r = 0; r < world->receivers; r++) {
        struct receiver *receiver = &world->receiver[r];
        struct input_gate *gates[2] = { &receiver->gates[0], &receiver->gates[1] };
        for (uint32_t g = 0; g < world->gates; g++) {
            uint32_t exclusive = exchange_below(3);
            struct input_gate_config config = {
                .channels = (world->senders - g + world->gates - 1) / world->gates,
                .exclusive = exclusive,
                .floating = exchange_below(5) + (exclusive == 0),
            };
            input_gate_init(gates[g], &config);
            for (uint32_t i = 0; i < config.channels; i++)
                if (exchange_below(4) == 0)
                    world->wires[i * world->gates + g][r].credits +=
                        input_gate_make_local(gates[g], i);
        }
        for (uint32_t s = 0; s < world->senders; s++) {
            const struct input_gate *gate = gates[exchange_gate_of(world, s)];
            if (gate->channels[exchange_channel_of(world, s)].exclusive == 0)
                result_partition_set_announcing(&world->sender[s].partition, r);
        }
        barrier_handler_init(&receiver->handler, mode, true, gates, world->gates);
    }
    return world;
}

void exchange_destroy(void)
{
    for (uint32_t s = 0; s < world->senders; s++) {
        result_partition_fini(&world->sender[s].partition);
        for (uint32_t r = 0; r < world->receivers; r++)
            item_queue_fini(&world->wires[s][r].items);
    }
    for (uint32_t r = 0; r < world->receivers; r++) {
        struct receiver *receiver = &world->receiver[r];
        if (receiver->held.buffer)
            buffer_release(receiver->held.buffer);
        for (uint32_t g = 0; g < world->gates; g++)
            input_gate_fini(&receiver->gates[g]);
        barrier_handler_fini(&receiver->handler);
    }
    frame_reader_fini(&world->reader);
    mem_destroy(world);
}

/* References to one sender's buffers outside of its partition. */
static uint64_t references_outside(uint32_t s)
{
    uint64_t references = 0;
    const struct buffer_pool *pool = world->sender[s].partition.pool;
    for (uint32_t r = 0; r < world->receivers; r++) {
        const struct receiver *receiver = &world->receiver[r];
        const struct input_gate *gate = &receiver->gates[exchange_gate_of(world, s)];
        references += world->wires[s][r].items.buffers;
        references += gate->channels[exchange_channel_of(world, s)].queue.buffers;
        references += receiver->held.buffer && receiver->held.buffer->pool == pool;
        for (size_t i = gate->stored.first; i < gate->stored.list.count; i++)
            references += gate->stored.list.items[i].channel == exchange_channel_of(world, s);
    }
    return references;
}

void exchange_check(void)
{
    for (uint32_t s = 0; s < world->senders; s++) {
        result_partition_check(&world->sender[s].partition, references_outside(s));
        for (uint32_t r = 0; r < world->receivers; r++) {
            const struct wire *wire = &world->wires[s][r];
            input_gate_check_credits(&world->receiver[r].gates[exchange_gate_of(world, s)],
                                     exchange_channel_of(world, s),
                                     world->sender[s].partition.subpartitions[r].credits,
                                     wire->credits, wire->items.buffers);
        }
    }
    for (uint32_t r = 0; r < world->receivers; r++) {
        barrier_handler_check(&world->receiver[r].handler);
        for (uint32_t g = 0; g < world->gates; g++)
            input_gate_check(&world->receiver[r].gates[g]);
    }
}

/* Key groups of a table that is not the partition's: the definition. */
static uint32_t write_records(uint32_t s, uint64_t *records, uint16_t *targets, uint32_t count)
{
    struct sender *sender = &world->sender[s];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t r = exchange_below(world->receivers);
        if (world->partitioner == PARTITION_BROADCAST)
            r = 0;
        if (world->partitioner == PARTITION_HASH)
            targets[i] = (uint16_t)((r * 128 + world->receivers - 1) / world->receivers);
        else
            targets[i] = (uint16_t)r;
        records[i] = record_number(s, r, sender->written[r]++);
    }
    return count;
}

static void act_write(uint32_t s)
{
    uint64_t records[64];
    uint16_t targets[64];
    struct note note;
    struct sender *sender = &world->sender[s];
    if (sender->ended || !result_partition_is_available(&sender->partition))
        return;
    struct batch batch = { .slots = (const uint8_t *)records, .stride = 8, .layout = numbers };
    batch.count = write_records(s, records, targets, exchange_below(64));
    bool has_targets =
        world->partitioner == PARTITION_HASH || world->partitioner == PARTITION_CUSTOM;
    struct err e =
        result_partition_write(&sender->partition, &batch, has_targets ? targets : NULL, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    for (uint32_t r = 1; world->partitioner == PARTITION_BROADCAST && r < world->receivers; r++)
        sender->written[r] = sender->written[0];
    if (exchange_below(4) == 0)
        ck_assert(!err_is(
            result_partition_add_watermark(&sender->partition, (int64_t)world->now, &note)));
}

/* In-flight data is numbered on from what is known of the channel. */
static uint32_t count_stored(const struct buffer *buffer, uint32_t s, uint32_t r, uint32_t next)
{
    struct frame frame;
    struct note note;
    uint32_t of = world->partitioner == PARTITION_BROADCAST ? 0 : r, count = 0;
    ck_assert(!err_is(frame_reader_open(&world->reader, buffer, &note)));
    for (;;) {
        ck_assert(!err_is(frame_reader_next(&world->reader, &frame, &note)));
        if (frame.kind == FRAME_END)
            return count;
        for (uint32_t i = 0; frame.kind == FRAME_RECORDS && i < frame.batch.count; i++) {
            uint64_t value = *(const uint64_t *)batch_payload(&frame.batch, i);
            if (next == UINT32_MAX)
                next = (uint32_t)(value & 0xffffffff);
            ck_assert_uint_eq(value, record_number(s, of, next + count));
            count++;
        }
    }
}

static void collect_output(uint32_t s)
{
    struct stored_buffer stored;
    while (result_partition_take_stored(&world->sender[s].partition, &stored)) {
        struct channel_cut *cut = &world->cuts[stored.checkpoint][s][stored.channel];
        uint32_t next = cut->stored_out ? cut->first_out + cut->stored_out : UINT32_MAX;
        uint32_t count = count_stored(stored.buffer, s, stored.channel, next);
        if (!cut->stored_out && count) {
            struct frame frame;
            struct note note;
            ck_assert(!err_is(frame_reader_open(&world->reader, stored.buffer, &note)));
            do
                ck_assert(!err_is(frame_reader_next(&world->reader, &frame, &note)));
            while (frame.kind != FRAME_RECORDS);
            cut->first_out = (uint32_t) * (const uint64_t *)batch_payload(&frame.batch, 0);
        }
        cut->stored_out += count;
        world->stored_out += count;
        buffer_release(stored.buffer);
    }
}

static void act_checkpoint(uint32_t s)
{
    struct sender *sender = &world->sender[s];
    if (sender->ended || sender->checkpoint == world->checkpoint)
        return;
    int64_t id = ++sender->checkpoint;
    struct channel_event event = { .barrier = world->barriers[id] };
    bool is_cancel = !world->is_calm && exchange_below(12) == 0;
    event.kind = is_cancel ? CHANNEL_EVENT_CANCEL_CHECKPOINT : CHANNEL_EVENT_BARRIER;
    for (uint32_t r = 0; r < world->receivers && !is_cancel; r++) {
        world->cuts[id][s][r].sent = true;
        world->cuts[id][s][r].count = sender->written[r];
    }
    result_partition_add_event(&sender->partition, &event);
    collect_output(s);
}

void exchange_end(uint32_t s)
{
    struct sender *sender = &world->sender[s];
    if (sender->ended)
        return;
    sender->ended = true;
    result_partition_add_event(&sender->partition,
                               &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_DATA });
    result_partition_add_event(&sender->partition,
                               &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_PARTITION });
}

/* The cut is whole: read + stored here + stored at the sender = written before the barrier. */
static void check_cut(uint32_t r, int64_t id)
{
    for (uint32_t s = 0; s < world->senders; s++) {
        const struct channel_cut *cut = &world->cuts[id][s][r];
        uint32_t expected = cut->sent ? cut->count : world->sender[s].written[r];
        if (world->mode == BARRIER_MODE_AT_LEAST_ONCE) {
            ck_assert_uint_ge(cut->read, expected);
            continue;
        }
        ck_assert_msg(cut->read + cut->stored + cut->stored_out == expected,
                      "checkpoint %d sender %u receiver %u: %u + %u + %u of %u", (int)id, s, r,
                      cut->read, cut->stored, cut->stored_out, expected);
        if (cut->stored_out)
            ck_assert_uint_eq(cut->first_out, cut->read + cut->stored);
    }
}

static void collect_input(uint32_t r)
{
    struct stored_buffer stored;
    for (uint32_t g = 0; g < world->gates; g++)
        while (input_gate_take_stored(&world->receiver[r].gates[g], &stored)) {
            uint32_t s = stored.channel * world->gates + g;
            struct channel_cut *cut = &world->cuts[stored.checkpoint][s][r];
            uint32_t count = count_stored(stored.buffer, s, r, cut->read + cut->stored);
            cut->stored += count;
            world->stored_in += count;
            buffer_release(stored.buffer);
        }
}

static void follow(uint32_t r, const struct barrier_outcome *outcome)
{
    struct receiver *receiver = &world->receiver[r];
    for (size_t i = 0; i < outcome->aborts.count; i++) {
        int64_t id = outcome->aborts.items[i].checkpoint;
        ck_assert(!receiver->is_complete[id]);
        receiver->is_aborted[id] = true;
        world->aborted++;
    }
    if (outcome->trigger) {
        int64_t id = outcome->barrier.id;
        ck_assert_int_gt(id, receiver->triggered);
        ck_assert(!receiver->is_aborted[id]);
        receiver->triggered = id;
        receiver->is_triggered[id] = true;
        for (uint32_t s = 0; s < world->senders; s++)
            world->cuts[id][s][r].read = receiver->next[s];
    }
    collect_input(r);
    if (outcome->complete) {
        ck_assert(receiver->is_triggered[outcome->completed]);
        ck_assert(!receiver->is_aborted[outcome->completed]);
        receiver->is_complete[outcome->completed] = true;
        world->completed++;
        check_cut(r, outcome->completed);
    }
}

static void read_buffer(uint32_t r, uint32_t s, const struct buffer *buffer)
{
    world->receiver[r].next[s] += count_stored(buffer, s, r, world->receiver[r].next[s]);
}

static void act_read(uint32_t r)
{
    struct receiver *receiver = &world->receiver[r];
    if (receiver->held.buffer) {
        input_gate_recycle(&receiver->gates[receiver->held_gate], receiver->held_channel,
                           &receiver->held);
        return;
    }
    uint32_t g = exchange_below(world->gates), channel;
    struct channel_item item;
    bool is_available = input_gate_is_available(&receiver->gates[g]);
    if (!input_gate_next(&receiver->gates[g], &channel, &item)) {
        ck_assert(!is_available);
        return;
    }
    ck_assert(is_available);
    uint32_t s = channel * world->gates + g;
    ck_assert(!receiver->done[s]);
    if (item.buffer) {
        read_buffer(r, s, item.buffer);
        receiver->held = item;
        receiver->held_gate = g;
        receiver->held_channel = channel;
        return;
    }
    receiver->done[s] = item.event.kind == CHANNEL_EVENT_END_OF_PARTITION;
    follow(r, barrier_handler_on_event(&receiver->handler, g, channel, &item.event, world->now));
    input_gate_recycle(&receiver->gates[g], channel, &item);
}

static void act_time(void)
{
    world->now += exchange_below(20);
    for (uint32_t s = 0; s < world->senders; s++) {
        struct result_partition *partition = &world->sender[s].partition;
        if (result_partition_deadline(partition) <= world->now)
            result_partition_time_out(partition, world->now);
        collect_output(s);
    }
    for (uint32_t r = 0; r < world->receivers; r++) {
        struct barrier_handler *handler = &world->receiver[r].handler;
        if (barrier_handler_deadline(handler) <= world->now)
            follow(r, barrier_handler_on_time(handler, world->now));
    }
}

static void trigger_checkpoint(void)
{
    if (world->checkpoint + 1 >= CHECKPOINTS_MAX)
        return;
    struct checkpoint_barrier *barrier = &world->barriers[++world->checkpoint];
    *barrier = (struct checkpoint_barrier){ .id = world->checkpoint,
                                            .at = world->now,
                                            .aligned_timeout = TIME_NEVER };
    barrier->alignment = BARRIER_ALIGNED;
    if (world->mode == BARRIER_MODE_AT_LEAST_ONCE)
        barrier->alignment = BARRIER_AT_LEAST_ONCE;
    else if (world->mode == BARRIER_MODE_ALTERNATING && exchange_below(2))
        barrier->alignment = BARRIER_UNALIGNED;
    else if (world->mode == BARRIER_MODE_ALTERNATING && exchange_below(4))
        barrier->aligned_timeout = exchange_below(60);
}

void exchange_act(uint32_t checkpoint_every, bool may_write)
{
    uint32_t s = exchange_below(world->senders), r = exchange_below(world->receivers);
    if (exchange_below(checkpoint_every) == 0)
        trigger_checkpoint();
    switch (exchange_below(10)) {
    case 0:
        if (may_write)
            act_write(s);
        break;
    case 1: act_checkpoint(s); break;
    case 2:
        if (exchange_below(3) == 0)
            result_partition_flush(&world->sender[s].partition);
        break;
    case 3:
    case 4: exchange_send(world, s); break;
    case 5:
    case 6: exchange_deliver(world, s, r); break;
    case 7: exchange_carry_credits(world, r); break;
    case 8: act_read(r); break;
    case 9: act_time(); break;
    }
}

static bool is_last_complete(void)
{
    bool is_complete = true;
    for (uint32_t r = 0; r < world->receivers; r++)
        is_complete &= world->receiver[r].is_complete[world->checkpoint];
    return is_complete;
}

void exchange_finish_checkpoint(void)
{
    uint32_t open = 0;
    for (uint32_t s = 0; s < world->senders; s++)
        open += !world->sender[s].ended;
    world->is_calm = true;
    trigger_checkpoint();
    for (int i = 0; i < 200000 && open && !is_last_complete(); i++) {
        exchange_act(UINT32_MAX, false);
        if (i % 16 == 0)
            exchange_check();
    }
    /* Where some have ended, the others' barriers may have found nobody open before. */
    ck_assert(open == 0 || is_last_complete());
    world->is_calm = false;
}

void exchange_drain(void)
{
    for (uint32_t s = 0; s < world->senders; s++)
        exchange_end(s);
    for (int i = 0; i < 200000; i++) {
        exchange_act(UINT32_MAX, false);
        uint32_t done = 0;
        for (uint32_t r = 0; r < world->receivers; r++)
            for (uint32_t s = 0; s < world->senders; s++)
                done += world->receiver[r].done[s];
        if (done == world->senders * world->receivers)
            break;
        if (i % 16 == 0)
            exchange_check();
    }
    exchange_check();
    for (uint32_t r = 0; r < world->receivers; r++) {
        ck_assert(!barrier_handler_is_pending(&world->receiver[r].handler));
        for (uint32_t s = 0; s < world->senders; s++) {
            ck_assert(world->receiver[r].done[s]);
            ck_assert_uint_eq(world->receiver[r].next[s], world->sender[s].written[r]);
        }
    }
}
