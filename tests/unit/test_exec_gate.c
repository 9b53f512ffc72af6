/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the order in which a gate gives items, and proof that a lost item or credit stops the
 * run.
 */
#include <check.h>
#include <signal.h>

#include "tests/lib/input_gates.h"

START_TEST(gate_reads_channels_in_turn)
{
    gates_open(3, 3, 0);
    gates_announce();
    for (int i = 0; i < 3; i++)
        gates_send_buffer(2, 0);
    gates_send_buffer(0, 0);
    gates_send_buffer(0, 0);
    gates_read(2, 0);
    gates_read(0, 0);
    gates_send_buffer(1, 0);
    gates_read(2, 1);
    gates_read(0, 1);
    gates_read(1, 0);
    gates_read(2, 2);
    gates_read_nothing();
}
END_TEST

START_TEST(gate_gives_priority_events_first)
{
    gates_open(2, 3, 0);
    gates_announce();
    gates_send_buffer(0, 0);
    gates_send_buffer(1, 0);
    gates_send_barrier(1, 1, BARRIER_UNALIGNED, TIME_NEVER);
    gates_send_barrier(0, 1, BARRIER_UNALIGNED, TIME_NEVER);
    ck_assert(input_gate_has_priority(&gates.gate));
    gates_read(1, 1);
    gates_read(0, 1);
    ck_assert(!input_gate_has_priority(&gates.gate));
    gates_read(0, 0);
    gates_read(1, 0);
    gates_read_nothing();
}
END_TEST

START_TEST(gate_holds_a_blocked_channel_back)
{
    gates_open(2, 3, 0);
    gates_announce();
    gates_send_barrier(0, 1, BARRIER_ALIGNED, TIME_NEVER);
    gates_send_buffer(0, 0);
    gates_send_buffer(1, 0);
    gates_read(0, 0);
    input_gate_block(&gates.gate, 0);
    gates_check();
    gates_read(1, 0);
    gates_read_nothing();
    gates_send_buffer(0, 0);
    gates_read_nothing();
    gates_send_barrier(0, 2, BARRIER_UNALIGNED, TIME_NEVER);
    gates_read(0, 3);
    input_gate_resume(&gates.gate, 0);
    gates_check();
    gates_read(0, 1);
    gates_read(0, 2);
    gates_read_nothing();
}
END_TEST

/* In Flink the sender of a blocked channel stops; what its barrier overtook has arrived before. */
START_TEST(gate_gives_what_the_barrier_of_a_blocked_channel_overtook)
{
    gates_open(1, 4, 0);
    gates_announce();
    gates_send_buffer(0, 0);
    gates_send_buffer(0, 0);
    gates_send_barrier(0, 1, BARRIER_ALIGNED, 100);
    gates_send_buffer(0, 0);
    gates_read(0, 2);
    ck_assert_int_eq(gates.item.event.kind, CHANNEL_EVENT_ANNOUNCEMENT);
    ck_assert_uint_eq(gates.item.event.announced, 2);
    input_gate_prioritize(&gates.gate, 0, 2);
    gates_check();
    gates_read(0, 2);
    ck_assert_int_eq(gates.item.event.kind, CHANNEL_EVENT_BARRIER);
    input_gate_block(&gates.gate, 0);
    gates_check();
    gates_read(0, 0);
    gates_read(0, 1);
    gates_read_nothing();
    input_gate_resume(&gates.gate, 0);
    gates_read(0, 3);
}
END_TEST

/* An old barrier among what was overtaken does not block what is behind it. */
START_TEST(gate_gives_all_that_was_overtaken_though_there_is_an_old_barrier)
{
    gates_open(1, 4, 0);
    gates_announce();
    gates_send_barrier(0, 1, BARRIER_ALIGNED, TIME_NEVER);
    gates_send_buffer(0, 0);
    gates_send_barrier(0, 2, BARRIER_ALIGNED, 100);
    gates_read(0, 2);
    input_gate_prioritize(&gates.gate, 0, 2);
    gates_read(0, 2);
    input_gate_block(&gates.gate, 0);
    gates_read(0, 0);
    gates_read(0, 1);
    gates_read_nothing();
}
END_TEST

START_TEST(gate_prioritizes_nothing_when_the_barrier_is_gone)
{
    gates_open(1, 2, 0);
    gates_announce();
    gates_send_barrier(0, 1, BARRIER_ALIGNED, 100);
    gates_read(0, 0);
    gates_read(0, 0);
    gates_send_buffer(0, 0);
    input_gate_prioritize(&gates.gate, 0, 0);
    gates_read(0, 1);
    gates_read_nothing();
}
END_TEST

START_TEST(gate_has_as_many_channels_as_a_job_may_have)
{
    gates_open(CHANNELS_MAX, 1, 1);
    ck_assert_uint_eq(gates.gate.open, CHANNELS_MAX);
    input_gate_check(&gates.gate);
}
END_TEST

START_TEST(gate_stops_the_run_at_more_channels)
{
    gates_open(CHANNELS_MAX + 1, 1, 1);
}
END_TEST

START_TEST(gate_stops_the_run_at_a_gap)
{
    gates_open(1, 2, 0);
    gates_announce();
    gates.sequence[0] = 1;
    gates_send_buffer(0, 0);
}
END_TEST

START_TEST(gate_stops_the_run_at_a_repetition)
{
    gates_open(1, 2, 0);
    gates_announce();
    gates_send_buffer(0, 0);
    gates.sequence[0] = 0;
    gates_send_buffer(0, 0);
}
END_TEST

START_TEST(gate_stops_the_run_at_a_buffer_without_credit)
{
    gates_open(1, 1, 0);
    gates.at_sender[0] = 1; /* nobody has announced it */
    gates_send_buffer(0, 0);
}
END_TEST

START_TEST(gate_notices_a_lost_credit)
{
    gates_open(1, 2, 0);
    gates_announce();
    gates.at_sender[0]--;
    gates_check();
}
END_TEST

START_TEST(gate_stops_the_run_at_items_behind_the_end)
{
    gates_open(1, 2, 0);
    gates_announce();
    gates_send_event(0, &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_PARTITION }, false);
    gates_read(0, 0);
    gates_send_buffer(0, 0);
}
END_TEST

Suite *test_exec_gate_suite(void)
{
    Suite *suite = suite_create("exec gate");
    TCase *tcase = tcase_create("order");
    tcase_add_checked_fixture(tcase, NULL, gates_teardown);
    tcase_add_test(tcase, gate_reads_channels_in_turn);
    tcase_add_test(tcase, gate_gives_priority_events_first);
    tcase_add_test(tcase, gate_holds_a_blocked_channel_back);
    tcase_add_test(tcase, gate_gives_what_the_barrier_of_a_blocked_channel_overtook);
    tcase_add_test(tcase, gate_gives_all_that_was_overtaken_though_there_is_an_old_barrier);
    tcase_add_test(tcase, gate_prioritizes_nothing_when_the_barrier_is_gone);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("faults");
    tcase_add_test(tcase, gate_has_as_many_channels_as_a_job_may_have);
    tcase_add_test_raise_signal(tcase, gate_stops_the_run_at_more_channels, SIGABRT);
    tcase_add_test_raise_signal(tcase, gate_stops_the_run_at_a_gap, SIGABRT);
    tcase_add_test_raise_signal(tcase, gate_stops_the_run_at_a_repetition, SIGABRT);
    tcase_add_test_raise_signal(tcase, gate_stops_the_run_at_a_buffer_without_credit, SIGABRT);
    tcase_add_test_raise_signal(tcase, gate_notices_a_lost_credit, SIGABRT);
    tcase_add_test_raise_signal(tcase, gate_stops_the_run_at_items_behind_the_end, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
