/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of a result partition: what fits, when it is available, and what barriers overtake there.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/partitions.h"

static struct result_partition partition;
static struct note note;
static struct channel_item item;
static uint32_t backlog, watermarks;

START_TEST(partition_refuses_a_record_larger_than_a_buffer)
{
    uint64_t slot[8] = { 48 };
    uint32_t at = 0;
    struct result_partition_config config = partitions_config(PARTITION_FORWARD, 1);
    config.layout.size = 0;
    partitions_open(&partition, config);
    struct batch batch = {
        .slots = (const uint8_t *)slot, .count = 1, .at = &at, .layout = config.layout
    };
    ck_assert(!err_is(result_partition_write(&partition, &batch, NULL, &note)));
    slot[0] = 49;
    ck_assert_int_eq(result_partition_write(&partition, &batch, NULL, &note).code, ERR_FULL_CODE);
    ck_assert_str_eq(note.text, "record of 64 bytes does not fit into a buffer of 56");
    result_partition_check(&partition, 0);
    result_partition_fini(&partition);
}
END_TEST

/* Every second slot of a row, and then all: runs end where there is a gap, and at buffers' ends. */
START_TEST(texts_are_written_in_runs)
{
    uint64_t slots[60] = { 0 }, words[60];
    uint32_t all[30], second[15];
    struct result_partition_config config = partitions_config(PARTITION_FORWARD, 1);
    config.layout.size = 0;
    config.buffers = 40;
    partitions_open(&partition, config);
    for (uint32_t i = 0; i < 30; i++) {
        slots[2 * i] = 8;
        slots[2 * i + 1] = i;
        all[i] = 16 * i;
        second[i / 2] = 16 * (i / 2 * 2);
    }
    struct batch batch = { .slots = (const uint8_t *)slots, .count = 15, .at = second };
    ck_assert(!err_is(result_partition_write(&partition, &batch, NULL, &note)));
    batch.at = all;
    batch.count = 30;
    ck_assert(!err_is(result_partition_write(&partition, &batch, NULL, &note)));
    ck_assert_uint_eq(partition.pool->in_use, 15);
    ck_assert_uint_eq(partitions_read(&partition, 0, words, &watermarks), 45);
    for (uint32_t i = 0; i < 15; i++)
        ck_assert_uint_eq(words[i], 2 * i);
    for (uint32_t i = 0; i < 30; i++)
        ck_assert_uint_eq(words[15 + i], i);
    result_partition_fini(&partition);
}
END_TEST

/* Seven numbers fill a buffer of 64 bytes; a pool of two. */
START_TEST(partition_is_available_again_when_overdraft_is_back)
{
    struct result_partition_config config = partitions_config(PARTITION_FORWARD, 1);
    struct buffer *held[3];
    config.buffers = 2;
    partitions_open(&partition, config);
    ck_assert(result_partition_is_available(&partition));
    ck_assert(!err_is(partitions_write(&partition, 7, NULL, &note)));
    ck_assert(result_partition_is_available(&partition));
    ck_assert(!err_is(partitions_write(&partition, 14, NULL, &note)));
    ck_assert(!result_partition_is_available(&partition));
    ck_assert_uint_eq(buffer_pool_overdraft(partition.pool), 1);
    result_partition_flush(&partition);
    result_partition_add_credit(&partition, 0, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert(result_partition_take(&partition, 0, &item, &backlog));
        held[i] = item.buffer;
    }
    ck_assert(!result_partition_is_available(&partition));
    result_partition_check(&partition, 3);
    buffer_release(held[0]);
    ck_assert(!result_partition_is_available(&partition));
    buffer_release(held[1]);
    ck_assert(result_partition_is_available(&partition));
    result_partition_fini(&partition);
    buffer_release(held[2]);
}
END_TEST

/* Buffers and queues are taken once; after that a record costs no memory. */
START_TEST(partition_that_goes_on_takes_no_more_memory)
{
    uint64_t words[4096];
    size_t buffers = 0;
    uint32_t capacity = 0;
    struct result_partition_config config = partitions_config(PARTITION_RESCALE, 2);
    config.overdraft_max = 100;
    partitions_open(&partition, config);
    for (int round = 0; round < 1000; round++) {
        ck_assert(!err_is(partitions_write(&partition, 500, NULL, &note)));
        ck_assert(!err_is(result_partition_add_watermark(&partition, round, &note)));
        for (uint32_t i = 0; i < 2; i++)
            ck_assert_uint_eq(partitions_read(&partition, i, words, &watermarks), 250);
        if (round == 0) {
            buffers = partition.pool->all.count;
            capacity = partition.subpartitions[1].queue.capacity;
        }
        ck_assert_uint_eq(partition.pool->all.count, buffers);
        ck_assert_uint_eq(partition.subpartitions[1].queue.capacity, capacity);
    }
    result_partition_fini(&partition);
}
END_TEST

START_TEST(partition_refuses_overdraft_beyond_its_limit)
{
    struct result_partition_config config = partitions_config(PARTITION_FORWARD, 1);
    config.buffers = 2;
    config.overdraft_max = 3;
    partitions_open(&partition, config);
    ck_assert(!err_is(partitions_write(&partition, 35, NULL, &note)));
    ck_assert_int_eq(partitions_write(&partition, 1, NULL, &note).code, ERR_FULL_CODE);
    ck_assert_str_eq(note.text,
                     "output needs more than 3 buffers of overdraft: does a call write without "
                     "end, or a timer set itself again at once?");
    result_partition_check(&partition, 0);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(partition_waits_for_a_channel_with_too_many_buffers)
{
    uint64_t words[64];
    uint16_t targets[14] = { 0 };
    struct result_partition_config config = partitions_config(PARTITION_CUSTOM, 2);
    config.per_channel_max = 2;
    partitions_open(&partition, config);
    ck_assert(!err_is(partitions_write(&partition, 7, targets, &note)));
    ck_assert(result_partition_is_available(&partition));
    ck_assert(!err_is(partitions_write(&partition, 7, targets, &note)));
    ck_assert(!result_partition_is_available(&partition));
    partitions_read(&partition, 0, words, &watermarks);
    ck_assert(result_partition_is_available(&partition));
    result_partition_fini(&partition);
}
END_TEST

START_TEST(broadcast_shares_one_buffer)
{
    uint64_t words[64];
    partitions_open(&partition, partitions_config(PARTITION_BROADCAST, 3));
    result_partition_add_credit(&partition, 1, 1);
    ck_assert(!err_is(partitions_write(&partition, 5, NULL, &note)));
    result_partition_flush(&partition); /* one reader has room: it ends for all */
    ck_assert_uint_eq(partition.pool->in_use, 1);
    ck_assert_uint_eq(buffer_pool_references(partition.pool), 3);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(partition.pool->in_use, 1);
        ck_assert_uint_eq(partitions_read(&partition, i, words, &watermarks), 5);
        ck_assert_uint_eq(words[4], 4);
    }
    ck_assert_uint_eq(partition.pool->in_use, 0);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(watermark_goes_to_every_channel_behind_its_records)
{
    uint64_t words[64];
    uint16_t targets[3] = { 0, 0, 2 };
    partitions_open(&partition, partitions_config(PARTITION_CUSTOM, 3));
    ck_assert(!err_is(partitions_write(&partition, 3, targets, &note)));
    ck_assert(!err_is(result_partition_add_watermark(&partition, 17, &note)));
    ck_assert(!err_is(result_partition_add_status(&partition, true, &note)));
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t expected[] = { 2, 0, 1 };
        watermarks = 0;
        ck_assert_uint_eq(partitions_read(&partition, i, words, &watermarks), expected[i]);
        ck_assert_uint_eq(watermarks, 1);
    }
    result_partition_fini(&partition);
}
END_TEST

START_TEST(flush_of_nothing_sends_nothing)
{
    uint32_t channel;
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    result_partition_add_credit(&partition, 0, 5);
    result_partition_flush(&partition);
    ck_assert(!result_partition_next_ready(&partition, &channel));
    ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
    ck_assert(!result_partition_next_ready(&partition, &channel));
    result_partition_flush(&partition);
    ck_assert(result_partition_next_ready(&partition, &channel));
    ck_assert(!result_partition_next_ready(&partition, &channel));
    result_partition_fini(&partition);
}
END_TEST

/* PipelinedSubpartition.flush: nobody takes it, so the buffer fills; half-full ones would take up
 * the pool under backpressure. */
START_TEST(a_flush_waits_for_its_reader_and_the_buffer_fills)
{
    uint64_t words[64];
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    for (int i = 0; i < 7; i++) {
        ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
        result_partition_flush(&partition);
    }
    ck_assert_uint_eq(partition.pool->in_use, 1);
    ck_assert(!err_is(partitions_write(&partition, 2, NULL, &note)));
    result_partition_flush(&partition);
    ck_assert_uint_eq(partition.pool->in_use, 2);
    result_partition_add_credit(&partition, 0, 1);
    ck_assert(result_partition_take(&partition, 0, &item, &backlog));
    ck_assert_uint_eq(backlog, 1); /* the open one wants a credit */
    buffer_release(item.buffer);
    ck_assert(!result_partition_take(&partition, 0, &item, &backlog));
    ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
    result_partition_add_credit(&partition, 0, 1);
    ck_assert_uint_eq(partitions_read(&partition, 0, words, &watermarks), 3);
    ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
    ck_assert(!result_partition_take(&partition, 0, &item, &backlog)); /* not asked for again */
    result_partition_fini(&partition);
}
END_TEST

START_TEST(ready_channels_are_named_once_and_again_when_more_is_left)
{
    uint32_t channel;
    uint16_t targets[16] = { 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1 };
    partitions_open(&partition, partitions_config(PARTITION_CUSTOM, 3));
    ck_assert(!err_is(partitions_write(&partition, 16, targets, &note))); /* seven fill a buffer */
    result_partition_flush(&partition);
    ck_assert(!result_partition_next_ready(&partition, &channel)); /* no credits */
    result_partition_add_credit(&partition, 2, 1);
    result_partition_add_credit(&partition, 1, 2);
    ck_assert(result_partition_next_ready(&partition, &channel));
    ck_assert_uint_eq(channel, 2);
    ck_assert(result_partition_take(&partition, 2, &item, &backlog));
    buffer_release(item.buffer);
    ck_assert(result_partition_next_ready(&partition, &channel));
    ck_assert_uint_eq(channel, 1);
    ck_assert(result_partition_take(&partition, 1, &item, &backlog));
    buffer_release(item.buffer);
    ck_assert(result_partition_next_ready(&partition, &channel));
    ck_assert_uint_eq(channel, 1);
    ck_assert(!result_partition_next_ready(&partition, &channel));
    result_partition_check(&partition, 0);
    result_partition_fini(&partition);
}
END_TEST

/* Debloating: buffers of 40 bytes hold four numbers, but a record always finds room. */
START_TEST(buffers_are_as_small_as_the_receiver_wants)
{
    uint64_t words[64];
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    result_partition_set_buffer_size(&partition, 0, 40);
    ck_assert(!err_is(partitions_write(&partition, 9, NULL, &note)));
    ck_assert_uint_eq(partition.pool->in_use, 3);
    result_partition_set_buffer_size(&partition, 0, 1);
    ck_assert(!err_is(partitions_write(&partition, 4, NULL, &note)));
    ck_assert_uint_eq(partition.pool->in_use, 4);
    ck_assert_uint_eq(partitions_read(&partition, 0, words, &watermarks), 13);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(operator_writes_in_place_and_nothing_is_copied)
{
    uint64_t words[64];
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    struct frame_writer *writer = result_partition_writer(&partition, 0);
    for (uint64_t i = 0; i < 20; i++) {
        if (writer->at == writer->end)
            ck_assert(!err_is(result_partition_make_room(&partition, 0, 8, &note)));
        memcpy(writer->at, &i, sizeof i);
        writer->at += sizeof i;
    }
    ck_assert_uint_eq(partitions_read(&partition, 0, words, &watermarks), 20);
    for (uint32_t i = 0; i < 20; i++)
        ck_assert_uint_eq(words[i], i);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(barrier_with_a_time_out_overtakes_where_it_still_waits)
{
    struct stored_buffer stored;
    uint16_t targets[2] = { 0, 1 };
    struct channel_event barrier = partitions_barrier(7, BARRIER_ALIGNED, 500);
    partitions_open(&partition, partitions_config(PARTITION_CUSTOM, 2));
    ck_assert(!err_is(partitions_write(&partition, 2, targets, &note)));
    result_partition_add_event(&partition, &barrier);
    ck_assert_int_eq(result_partition_deadline(&partition), 1500);
    result_partition_add_credit(&partition, 0, 1);
    for (int i = 0; i < 2; i++) {
        ck_assert(result_partition_take(&partition, 0, &item, &backlog));
        if (item.buffer)
            buffer_release(item.buffer);
    }
    ck_assert_int_eq(item.event.barrier.alignment, BARRIER_ALIGNED);
    ck_assert(result_partition_has_waiting_barrier(&partition, 7));
    result_partition_time_out(&partition, 1499);
    ck_assert_int_eq(result_partition_deadline(&partition), 1500);
    result_partition_time_out(&partition, 1500);
    ck_assert_int_eq(result_partition_deadline(&partition), TIME_NEVER);
    ck_assert(result_partition_take(&partition, 1, &item, &backlog));
    ck_assert_int_eq(item.event.barrier.alignment, BARRIER_UNALIGNED);
    ck_assert(result_partition_take_stored(&partition, &stored));
    ck_assert_uint_eq(stored.channel, 1);
    buffer_release(stored.buffer);
    ck_assert(!result_partition_take_stored(&partition, &stored));
    result_partition_fini(&partition);
}
END_TEST

START_TEST(barrier_that_all_have_taken_waits_no_more)
{
    struct channel_event barrier = partitions_barrier(7, BARRIER_ALIGNED, 500);
    partitions_open(&partition, partitions_config(PARTITION_CUSTOM, 2));
    result_partition_add_event(&partition, &barrier);
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert(result_partition_has_waiting_barrier(&partition, 7));
        ck_assert(!result_partition_has_waiting_barrier(&partition, 6));
        ck_assert(result_partition_take(&partition, i, &item, &backlog));
    }
    ck_assert(!result_partition_has_waiting_barrier(&partition, 7));
    ck_assert_int_eq(result_partition_deadline(&partition), TIME_NEVER);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(recovered_buffers_go_first_and_are_overtaken_like_others)
{
    struct stored_buffer stored;
    struct buffer *recovered = partitions_filled();
    struct channel_event barrier = partitions_barrier(1, BARRIER_UNALIGNED, TIME_NEVER);
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    result_partition_add_recovered(&partition, 0, recovered);
    result_partition_check(&partition, 0);
    ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
    result_partition_add_event(&partition, &barrier);
    result_partition_add_credit(&partition, 0, 1);
    ck_assert(result_partition_take_stored(&partition, &stored));
    ck_assert_ptr_eq(stored.buffer, recovered);
    buffer_release(stored.buffer);
    ck_assert(result_partition_take(&partition, 0, &item, &backlog));
    ck_assert(item.priority);
    ck_assert(result_partition_take(&partition, 0, &item, &backlog));
    ck_assert_ptr_eq(item.buffer, recovered);
    buffer_release(item.buffer);
    result_partition_check(&partition, 0);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(aborted_checkpoint_has_no_time_out_and_no_state)
{
    struct stored_buffer stored;
    struct channel_event timed = partitions_barrier(7, BARRIER_ALIGNED, 500);
    struct channel_event unaligned = partitions_barrier(8, BARRIER_UNALIGNED, TIME_NEVER);
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    ck_assert(!err_is(partitions_write(&partition, 2, NULL, &note)));
    result_partition_add_event(&partition, &timed);
    result_partition_abort_checkpoint(&partition, 6);
    ck_assert_int_eq(result_partition_deadline(&partition), 1500);
    result_partition_abort_checkpoint(&partition, 7);
    ck_assert_int_eq(result_partition_deadline(&partition), TIME_NEVER);
    result_partition_add_event(&partition, &unaligned);
    result_partition_check(&partition, 0);
    result_partition_abort_checkpoint(&partition, 8);
    ck_assert(!result_partition_take_stored(&partition, &stored));
    result_partition_check(&partition, 0);
    result_partition_fini(&partition);
}
END_TEST

/* CheckpointOptions.withUnalignedUnsupported and back on the next edge. */
START_TEST(barrier_waits_its_turn_where_unaligned_is_not_supported)
{
    struct result_partition_config config = partitions_config(PARTITION_FORWARD, 1);
    struct channel_event events[] = { partitions_barrier(1, BARRIER_UNALIGNED, TIME_NEVER),
                                      partitions_barrier(2, BARRIER_ALIGNED, 500),
                                      partitions_barrier(3, BARRIER_ALIGNED, TIME_NEVER) };
    config.unaligned_supported = false;
    partitions_open(&partition, config);
    ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
    for (int i = 0; i < 3; i++)
        result_partition_add_event(&partition, &events[i]);
    ck_assert_int_eq(result_partition_deadline(&partition), TIME_NEVER);
    result_partition_add_credit(&partition, 0, 1);
    ck_assert(result_partition_take(&partition, 0, &item, &backlog));
    buffer_release(item.buffer);
    for (int i = 0; i < 3; i++) {
        ck_assert(result_partition_take(&partition, 0, &item, &backlog));
        ck_assert_int_eq(item.event.barrier.alignment,
                         i < 2 ? BARRIER_FORCED_ALIGNED : BARRIER_ALIGNED);
        events[i] = item.event;
    }
    result_partition_fini(&partition);
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    for (int i = 0; i < 3; i++) {
        result_partition_add_event(&partition, &events[i]);
        ck_assert(result_partition_take(&partition, 0, &item, &backlog));
        ck_assert_int_eq(item.event.barrier.alignment,
                         i == 0 ? BARRIER_UNALIGNED : BARRIER_ALIGNED);
    }
    result_partition_fini(&partition);
}
END_TEST

static uint32_t most_of_a_channel(void)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < partition.pool->channels; i++)
        if (partition.pool->by_channel && partition.pool->by_channel[i] > most)
            most = partition.pool->by_channel[i];
    return most;
}

/* Whichever channels they go to: all to one, to two in turn, or to each as it is drawn. */
START_TEST(partition_has_room_for_as_many_as_it_says)
{
    uint16_t targets[4096];
    struct rng rng = rng_stream(1, "room", (uint64_t)_i);
    uint32_t channels = 1 + (uint32_t)rng_below(&rng, 80), rounds = 0;
    struct result_partition_config config = partitions_config(PARTITION_CUSTOM, channels);
    config.per_channel_max = 3;
    partitions_open(&partition, config);
    while (result_partition_is_available(&partition)) {
        uint32_t room = result_partition_room(&partition), kinds = (uint32_t)rng_below(&rng, 3);
        ck_assert_uint_ge(room, 1);
        room = room < 4096 ? room : 4096;
        uint16_t first = (uint16_t)rng_below(&rng, channels);
        for (uint32_t i = 0; i < room; i++)
            targets[i] = (uint16_t)(kinds < 2 ? (first + kinds * i % 2) % channels
                                              : rng_below(&rng, channels));
        ck_assert(!err_is(partitions_write(&partition, room, targets, &note)));
        ck_assert_uint_le(partition.pool->in_use, partition.pool->limit);
        ck_assert_uint_le(most_of_a_channel(), config.per_channel_max);
        rounds++;
    }
    ck_assert_uint_gt(rounds, 0);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(partition_with_room_is_filled_at_once_where_there_is_one_channel)
{
    struct result_partition_config config = partitions_config(PARTITION_FORWARD, 1);
    partitions_open(&partition, config);
    ck_assert_uint_eq(result_partition_room(&partition), 7 * config.buffers);
    ck_assert(!err_is(partitions_write(&partition, 3, NULL, &note)));
    ck_assert_uint_eq(result_partition_room(&partition), 7 * config.buffers - 3);
    result_partition_set_buffer_size(&partition, 0, 24); /* two in each from now on */
    ck_assert_uint_eq(result_partition_room(&partition), 4 + 2 * (config.buffers - 1));
    result_partition_fini(&partition);
}
END_TEST

Suite *test_exec_partition_suite(void)
{
    Suite *suite = suite_create("exec partition");
    TCase *tcase = tcase_create("partition");
    tcase_add_test(tcase, partition_refuses_a_record_larger_than_a_buffer);
    tcase_add_test(tcase, texts_are_written_in_runs);
    tcase_add_test(tcase, partition_is_available_again_when_overdraft_is_back);
    tcase_add_test(tcase, partition_that_goes_on_takes_no_more_memory);
    tcase_add_test(tcase, partition_refuses_overdraft_beyond_its_limit);
    tcase_add_loop_test(tcase, partition_has_room_for_as_many_as_it_says, 0, 200);
    tcase_add_test(tcase, partition_with_room_is_filled_at_once_where_there_is_one_channel);
    tcase_add_test(tcase, partition_waits_for_a_channel_with_too_many_buffers);
    tcase_add_test(tcase, broadcast_shares_one_buffer);
    tcase_add_test(tcase, watermark_goes_to_every_channel_behind_its_records);
    tcase_add_test(tcase, flush_of_nothing_sends_nothing);
    tcase_add_test(tcase, a_flush_waits_for_its_reader_and_the_buffer_fills);
    tcase_add_test(tcase, ready_channels_are_named_once_and_again_when_more_is_left);
    tcase_add_test(tcase, buffers_are_as_small_as_the_receiver_wants);
    tcase_add_test(tcase, operator_writes_in_place_and_nothing_is_copied);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("barriers");
    tcase_add_test(tcase, barrier_with_a_time_out_overtakes_where_it_still_waits);
    tcase_add_test(tcase, barrier_that_all_have_taken_waits_no_more);
    tcase_add_test(tcase, recovered_buffers_go_first_and_are_overtaken_like_others);
    tcase_add_test(tcase, aborted_checkpoint_has_no_time_out_and_no_state);
    tcase_add_test(tcase, barrier_waits_its_turn_where_unaligned_is_not_supported);
    suite_add_tcase(suite, tcase);
    return suite;
}
