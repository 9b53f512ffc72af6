/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of a gate: who gets which credits, and what belongs to an unaligned checkpoint.
 */
#include <check.h>

#include "tests/lib/input_gates.h"

static uint32_t channel;

START_TEST(channel_gets_its_exclusive_buffers_back)
{
    gates_open(2, 2, 0);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 2);
    gates_send_buffer(0, 0);
    gates_send_buffer(0, 0);
    ck_assert(input_gate_next(&gates.gate, &channel, &gates.item));
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 0);
    input_gate_recycle(&gates.gate, channel, &gates.item);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 1);
    ck_assert_uint_eq(gates.at_sender[1], 2);
}
END_TEST

/* BufferManager: as many as backlog + exclusive, out of those the gate has. */
START_TEST(channel_gets_floating_buffers_for_its_backlog)
{
    gates_open(2, 2, 4);
    gates_announce();
    gates_send_buffer(0, 2);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 4);
    ck_assert_uint_eq(gates.gate.free_floating, 1);
    gates_send_buffer(1, 5);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[1], 2);
    ck_assert_uint_eq(gates.gate.free_floating, 0);
    ck_assert(gates.gate.channels[1].in_floating);
    gates_send_buffer(0, 0); /* takes a floating one, and wants two at most now */
    ck_assert_uint_eq(gates.gate.channels[0].held_floating, 1);
    gates_read(0, 0); /* exclusive: a floating one goes on to channel 1 */
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 3);
    ck_assert_uint_eq(gates.at_sender[1], 3);
}
END_TEST

START_TEST(floating_buffers_go_to_who_has_waited_longest)
{
    gates_open(3, 1, 1);
    gates_announce();
    gates_send_buffer(0, 1);
    gates_announce();
    gates_send_buffer(2, 2);
    gates_send_buffer(1, 2);
    ck_assert_uint_eq(gates.gate.floating.count, 3); /* channel 0 still wants one */
    gates_send_buffer(0, 0);                         /* no more */
    gates_announce();
    gates_read(0, 0);
    gates_read(2, 0);
    gates_read(1, 0);
    gates_read(0, 1); /* the floating one */
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 1);
    ck_assert_uint_eq(gates.at_sender[1], 1);
    ck_assert_uint_eq(gates.at_sender[2], 2);
}
END_TEST

START_TEST(channel_that_wants_more_floating_buffers_waits_on_behind_the_others)
{
    gates_open(3, 1, 2);
    gates_announce();
    gates_send_buffer(0, 1); /* has two */
    gates_announce();
    gates_send_buffer(0, 0); /* occupies a floating one */
    gates_send_buffer(0, 0); /* and the other */
    gates_send_buffer(1, 2);
    gates_send_buffer(2, 2);
    gates_announce();
    ck_assert_uint_eq(gates.gate.channels[0].held_floating, 2);
    ck_assert_uint_eq(gates.gate.floating.count, 3);
    gates_read(0, 0);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 1);
    gates_read(1, 0);
    gates_read(2, 0);
    gates_read(0, 1);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[1], 2); /* wants a third, behind channel 2 */
    gates_read(0, 2);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[1], 2);
    ck_assert_uint_eq(gates.at_sender[2], 2);
    ck_assert_uint_eq(gates.gate.floating.count, 2);
}
END_TEST

START_TEST(local_channel_hands_over_one_buffer_at_a_time)
{
    gates_open(2, 3, 8);
    gates.at_sender[0] = input_gate_make_local(&gates.gate, 0);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 1);
    ck_assert_uint_eq(gates.at_sender[1], 3);
    gates_send_buffer(0, 5);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 0);
    gates_read(0, 0);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 1);
    ck_assert_uint_eq(gates.gate.free_floating, 8);
}
END_TEST

START_TEST(channel_without_exclusive_buffers_lives_on_floating_ones)
{
    gates_open(2, 0, 1);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 0);
    input_gate_hear_backlog(&gates.gate, 1, 1);
    input_gate_hear_backlog(&gates.gate, 0, 1);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[1], 1);
    gates_send_buffer(1, 0);
    gates_read(1, 0);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 1);
}
END_TEST

static void hear_resume_of(uint32_t from)
{
    ck_assert(input_gate_take_resume(&gates.gate, &channel));
    ck_assert_uint_eq(channel, from);
    ck_assert(!input_gate_take_resume(&gates.gate, &channel));
    gates.at_sender[from] = 0;
}

/* RemoteInputChannel.onBlockingUpstream: else nobody would bring the barrier that it waits for. */
START_TEST(sender_halted_at_a_barrier_leaves_its_floating_buffers_to_the_others)
{
    gates_open(2, 0, 2);
    input_gate_hear_backlog(&gates.gate, 0, 2);
    input_gate_hear_backlog(&gates.gate, 1, 1);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 2);
    ck_assert_uint_eq(gates.at_sender[1], 0);
    gates_send_barrier(0, 1, BARRIER_ALIGNED, TIME_NEVER);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[1], 1);
    ck_assert_uint_eq(gates.gate.free_floating, 1);
    ck_assert(input_gate_next(&gates.gate, &channel, &gates.item));
    input_gate_block(&gates.gate, 0);
    input_gate_recycle(&gates.gate, 0, &gates.item);
    ck_assert(!input_gate_take_resume(&gates.gate, &channel));
    gates_send_buffer(1, 0);
    gates_read(1, 0);
    gates_send_barrier(1, 1, BARRIER_ALIGNED, TIME_NEVER);
    gates_read(1, 1);
    hear_resume_of(1);
    input_gate_resume(&gates.gate, 0);
    hear_resume_of(0);
    gates_check();
    input_gate_hear_backlog(&gates.gate, 0, 3);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 2);
}
END_TEST

/* Its credits on the way are void as well, so nothing is announced that was not before. */
START_TEST(sender_halted_at_a_barrier_hears_of_no_credit_from_before)
{
    gates_open(1, 0, 2);
    input_gate_hear_backlog(&gates.gate, 0, 2);
    gates_send_barrier(0, 1, BARRIER_FORCED_ALIGNED, TIME_NEVER);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 0);
    ck_assert_uint_eq(gates.gate.free_floating, 2);
}
END_TEST

START_TEST(sender_halts_at_no_other_barrier_nor_with_exclusive_buffers)
{
    static const enum barrier_alignment alignments[] = { BARRIER_UNALIGNED, BARRIER_AT_LEAST_ONCE,
                                                         BARRIER_ALIGNED };
    uint32_t exclusive = alignments[_i] == BARRIER_ALIGNED;
    gates_open(1, exclusive, 2);
    input_gate_hear_backlog(&gates.gate, 0, 2);
    gates_announce();
    gates_send_barrier(0, 1, alignments[_i], TIME_NEVER);
    ck_assert(!gates.gate.channels[0].halted);
    ck_assert_uint_eq(gates.at_sender[0], 2 + exclusive);
    gates_read(0, 0);
    ck_assert(!input_gate_take_resume(&gates.gate, &channel));
}
END_TEST

START_TEST(ended_channel_gives_its_floating_buffers_to_the_others)
{
    gates_open(2, 1, 2);
    gates_announce();
    gates_send_buffer(0, 2);
    gates_send_buffer(1, 1);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[0], 2);
    ck_assert_uint_eq(gates.at_sender[1], 0);
    gates_read(0, 0);
    gates_read(1, 0);
    gates_send_event(0, &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_PARTITION }, false);
    gates_read(0, 1);
    ck_assert_uint_eq(gates.gate.open, 1);
    gates_announce();
    ck_assert_uint_eq(gates.at_sender[1], 2);
    ck_assert_uint_eq(gates.gate.free_floating, 1);
}
END_TEST

START_TEST(recovered_state_is_read_before_anything_else)
{
    gates_open(2, 1, 0);
    gates_announce();
    for (uint32_t i = 0; i < 3; i++) {
        struct buffer *buffer = buffer_create(64);
        buffer->used = 8;
        buffer->bytes[0] = (uint8_t)(100 + i);
        input_gate_add_recovered(&gates.gate, i % 2, buffer);
    }
    gates_send_buffer(1, 0);
    gates_send_barrier(0, 1, BARRIER_UNALIGNED, TIME_NEVER);
    ck_assert(!input_gate_has_priority(&gates.gate));
    input_gate_start_storing(&gates.gate, 1);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(input_gate_next(&gates.gate, &channel, &gates.item));
        ck_assert_uint_eq(channel, i % 2);
        ck_assert_uint_eq(gates.item.buffer->bytes[0], 100 + i);
        input_gate_recycle(&gates.gate, channel, &gates.item);
        gates_check();
    }
    gates_read(0, 0);
    gates_read(1, 0);
    for (uint32_t i = 0; i < 3; i++)
        gates_take_stored(1, i % 2, 100 + i);
    gates_take_stored(1, 1, 0);
    gates_have_no_stored();
}
END_TEST

/* Channel 0 has brought its barrier, channel 1 has one queued, channel 2 has none. */
START_TEST(storing_takes_what_came_before_the_barrier)
{
    gates_open(3, 5, 0);
    gates_announce();
    gates_send_buffer(0, 0);
    gates_send_barrier(0, 4, BARRIER_UNALIGNED, TIME_NEVER);
    gates_send_buffer(0, 0);
    gates_send_buffer(1, 0);
    gates_send_barrier(1, 4, BARRIER_ALIGNED, TIME_NEVER);
    gates_send_buffer(1, 0);
    gates_send_buffer(2, 0);
    gates_read(0, 1);
    ck_assert(!input_gate_is_subsumed(&gates.gate, 4));
    input_gate_start_storing(&gates.gate, 4);
    gates_check();
    gates_send_buffer(0, 0);
    gates_send_buffer(1, 0);
    gates_send_buffer(2, 0);
    gates_send_barrier(2, 4, BARRIER_UNALIGNED, TIME_NEVER);
    gates_send_buffer(2, 0);
    gates_take_stored(4, 0, 0);
    gates_take_stored(4, 1, 0);
    gates_take_stored(4, 2, 0);
    gates_take_stored(4, 2, 1);
    gates_have_no_stored();
    ck_assert_uint_eq(gates.gate.stored_bytes, 32);
}
END_TEST

START_TEST(storing_ends_at_a_newer_barrier_or_when_it_is_stopped)
{
    gates_open(2, 5, 0);
    gates_announce();
    input_gate_start_storing(&gates.gate, 4);
    gates_send_buffer(0, 0);
    gates_send_barrier(0, 5, BARRIER_ALIGNED, TIME_NEVER);
    ck_assert(input_gate_is_subsumed(&gates.gate, 4));
    ck_assert(!input_gate_is_subsumed(&gates.gate, 5));
    gates_send_buffer(0, 0);
    gates_take_stored(4, 0, 0);
    gates_have_no_stored();
    gates_send_buffer(1, 0);
    input_gate_stop_storing(&gates.gate, 3);
    gates_send_buffer(1, 0);
    input_gate_stop_storing(&gates.gate, 4);
    gates_send_buffer(1, 0);
    ck_assert_uint_eq(gates.gate.stored.list.count, 2);
    input_gate_drop_stored(&gates.gate, 3);
    input_gate_drop_stored(&gates.gate, 5);
    ck_assert_uint_eq(gates.gate.stored.list.count, 2);
    input_gate_drop_stored(&gates.gate, 4);
    gates_have_no_stored();
}
END_TEST

/* Of a buffer that is read in part the rest comes first, and what was given out not at all. */
START_TEST(storing_takes_the_rest_of_what_is_read_in_part)
{
    static const struct record_layout numbers = { .size = 8 };
    struct frame_reader reader;
    struct frame frame;
    struct note note;
    struct stored_buffer stored;
    struct frame_writer writer = { 0 };
    gates_open(2, 2, 0);
    gates_announce();
    frame_writer_open(&writer, buffer_create(64), 64, 8);
    for (uint64_t i = 0; i < 4; i++, writer.at += 8)
        memcpy(writer.at, &i, sizeof i);
    struct buffer *buffer = frame_writer_close(&writer, 8);
    frame_reader_init(&reader, numbers, 64);
    ck_assert(!err_is(frame_reader_open(&reader, buffer, &note)));
    ck_assert(!err_is(frame_reader_next_part(&reader, 3, &frame, &note)));
    gates_send_buffer(1, 0);
    input_gate_hold(&gates.gate, 1, &reader);
    input_gate_start_storing(&gates.gate, 4);
    ck_assert(input_gate_take_stored(&gates.gate, &stored));
    ck_assert_uint_eq(stored.channel, 1);
    ck_assert_uint_eq(stored.buffer->used, FRAME_HEAD + 8);
    ck_assert_uint_eq(stored.buffer->bytes[FRAME_HEAD], 3);
    buffer_release(stored.buffer);
    gates_take_stored(4, 1, 0);
    gates_have_no_stored();
    struct channel_item item = { .buffer = buffer };
    input_gate_recycle(&gates.gate, 1, &item);
    input_gate_start_storing(&gates.gate, 5);
    gates_take_stored(5, 1, 0);
    gates_have_no_stored();
    frame_reader_fini(&reader);
}
END_TEST

/* The stored reference outlives the reading: shared, not copied. */
START_TEST(stored_buffer_is_the_one_that_is_read)
{
    struct stored_buffer stored;
    gates_open(1, 1, 0);
    gates_announce();
    gates_send_buffer(0, 0);
    input_gate_start_storing(&gates.gate, 1);
    ck_assert(input_gate_next(&gates.gate, &channel, &gates.item));
    ck_assert_uint_eq(gates.item.buffer->references, 2);
    ck_assert(input_gate_take_stored(&gates.gate, &stored));
    ck_assert_ptr_eq(stored.buffer, gates.item.buffer);
    input_gate_recycle(&gates.gate, channel, &gates.item);
    ck_assert_uint_eq(stored.buffer->references, 1);
    buffer_release(stored.buffer);
}
END_TEST

Suite *test_exec_credits_suite(void)
{
    Suite *suite = suite_create("exec credits");
    TCase *tcase = tcase_create("credits");
    tcase_add_checked_fixture(tcase, NULL, gates_teardown);
    tcase_add_test(tcase, channel_gets_its_exclusive_buffers_back);
    tcase_add_test(tcase, channel_gets_floating_buffers_for_its_backlog);
    tcase_add_test(tcase, floating_buffers_go_to_who_has_waited_longest);
    tcase_add_test(tcase, channel_that_wants_more_floating_buffers_waits_on_behind_the_others);
    tcase_add_test(tcase, local_channel_hands_over_one_buffer_at_a_time);
    tcase_add_test(tcase, channel_without_exclusive_buffers_lives_on_floating_ones);
    tcase_add_test(tcase, sender_halted_at_a_barrier_leaves_its_floating_buffers_to_the_others);
    tcase_add_test(tcase, sender_halted_at_a_barrier_hears_of_no_credit_from_before);
    tcase_add_loop_test(tcase, sender_halts_at_no_other_barrier_nor_with_exclusive_buffers, 0, 3);
    tcase_add_test(tcase, ended_channel_gives_its_floating_buffers_to_the_others);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("state");
    tcase_add_checked_fixture(tcase, NULL, gates_teardown);
    tcase_add_test(tcase, recovered_state_is_read_before_anything_else);
    tcase_add_test(tcase, storing_takes_what_came_before_the_barrier);
    tcase_add_test(tcase, storing_ends_at_a_newer_barrier_or_when_it_is_stopped);
    tcase_add_test(tcase, storing_takes_the_rest_of_what_is_read_in_part);
    tcase_add_test(tcase, stored_buffer_is_the_one_that_is_read);
    suite_add_tcase(suite, tcase);
    return suite;
}
