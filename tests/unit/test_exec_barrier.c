/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of barriers, exactly once: what arrives on which channel, and what the task is asked to
 * do, word for word, as Flink's SingleCheckpointBarrierHandler behaves.
 */
#include <check.h>

#include "tests/lib/barrier_story.h"

START_TEST(aligned_barriers_block_until_the_last_has_come)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 3);
    SAYS(barrier_aligned(0, 1), "");
    barrier_data(0);
    ck_assert(barrier_is_quiet());
    barrier_story.now = 1010;
    SAYS(barrier_aligned(2, 1), "");
    barrier_data(1);
    SAYS(barrier_take(1), "data");
    barrier_story.now = 1050;
    SAYS(barrier_aligned(1, 1), "trigger 1, complete 1");
    ck_assert_int_eq(barrier_story.handler.alignment_ns, 50);
    ck_assert_int_eq(barrier_story.handler.start_delay_ns, 100);
    ck_assert_uint_eq(barrier_story.handler.bytes_processed, 16);
    SAYS(barrier_take(0), "data");
    ck_assert_uint_eq(barrier_stored_count(), 0);
}
END_TEST

START_TEST(only_channel_triggers_at_once)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 1);
    SAYS(barrier_aligned(0, 1), "trigger 1, complete 1");
    ck_assert_int_eq(barrier_story.handler.alignment_ns, 0);
    SAYS(barrier_aligned(0, 2), "trigger 2, complete 2");
}
END_TEST

START_TEST(newer_barrier_aborts_the_older_checkpoint)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 3);
    SAYS(barrier_aligned(0, 1), "");
    SAYS(barrier_aligned(1, 2), "abort 1 CHECKPOINT_DECLINED_SUBSUMED");
    SAYS(barrier_aligned(2, 1), "");
    barrier_data(2);
    SAYS(barrier_take(2), "data");
    SAYS(barrier_aligned(0, 2), "");
    SAYS(barrier_aligned(2, 2), "trigger 2, complete 2");
    SAYS(barrier_aligned(1, 3), "");
}
END_TEST

START_TEST(cancellation_before_the_first_barrier_aborts_once)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 2);
    SAYS(barrier_cancel(0, 1), "abort 1 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER");
    SAYS(barrier_cancel(1, 1), "");
    SAYS(barrier_aligned(1, 1), "");
    barrier_data(1);
    SAYS(barrier_take(1), "data");
    SAYS(barrier_aligned(0, 2), "");
    SAYS(barrier_aligned(1, 2), "trigger 2, complete 2");
    SAYS(barrier_cancel(1, 2), "");
}
END_TEST

START_TEST(cancellation_during_alignment_resumes_the_channels)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 2);
    SAYS(barrier_aligned(0, 1), "");
    barrier_data(0);
    ck_assert(barrier_is_quiet());
    SAYS(barrier_cancel(1, 1), "abort 1 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER");
    SAYS(barrier_take(0), "data");
}
END_TEST

/* Flink names only the newer one; the older would wait for its channel state for ever. */
START_TEST(cancellation_of_a_newer_checkpoint_ends_the_older_too)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 2);
    SAYS(barrier_aligned(0, 1), "");
    SAYS(barrier_cancel(1, 3), "abort 1 CHECKPOINT_DECLINED_SUBSUMED, "
                               "abort 3 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER");
    SAYS(barrier_aligned(0, 2), "");
    SAYS(barrier_aligned(0, 3), "");
    SAYS(barrier_aligned(0, 4), "");
    SAYS(barrier_aligned(1, 4), "trigger 4, complete 4");
}
END_TEST

START_TEST(ended_channel_counts_as_aligned)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 3);
    SAYS(barrier_end(0), "");
    SAYS(barrier_aligned(1, 1), "");
    SAYS(barrier_end(2), "trigger 1, complete 1");
    SAYS(barrier_aligned(1, 2), "trigger 2, complete 2");
    SAYS(barrier_end(1), "");
}
END_TEST

START_TEST(channel_that_ends_behind_its_barrier_counts_once)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    SAYS(barrier_unaligned(0, 1), "trigger 1 unaligned");
    SAYS(barrier_end(0), "");
    SAYS(barrier_unaligned(1, 1), "complete 1");
}
END_TEST

START_TEST(end_aborts_where_checkpoints_after_finish_are_off)
{
    barrier_begin(BARRIER_MODE_ALIGNED, false, 3);
    SAYS(barrier_aligned(0, 1), "");
    SAYS(barrier_end(1), "abort 1 CHECKPOINT_DECLINED_INPUT_END_OF_STREAM");
    SAYS(barrier_aligned(2, 1), "");
    SAYS(barrier_end(2), "");
    SAYS(barrier_aligned(0, 2), "trigger 2, complete 2");
}
END_TEST

START_TEST(announcement_in_aligned_mode_only_tells_of_the_checkpoint)
{
    barrier_begin(BARRIER_MODE_ALIGNED, true, 2);
    SAYS(barrier_timed(0, 1, 50), "");
    ck_assert_int_eq(barrier_handler_deadline(&barrier_story.handler), TIME_NEVER);
    SAYS(barrier_take(0), "");
    SAYS(barrier_timed(1, 1, 50), "");
    SAYS(barrier_take(1), "trigger 1, complete 1");
}
END_TEST

/* ---- unaligned, and aligned with time-out ---- */

START_TEST(first_unaligned_barrier_triggers_and_stores_what_is_in_flight)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 3);
    barrier_data(0);
    barrier_data(1);
    SAYS(barrier_unaligned(0, 1), "trigger 1 unaligned");
    ck_assert_uint_eq(barrier_stored_count(), 2);
    SAYS(barrier_take(0), "data");
    barrier_data(0);
    barrier_data(1);
    ck_assert_uint_eq(barrier_stored_count(), 1);
    SAYS(barrier_unaligned(1, 1), "");
    barrier_data(1);
    barrier_data(2);
    ck_assert_uint_eq(barrier_stored_count(), 1);
    barrier_story.now = 1030;
    SAYS(barrier_unaligned(2, 1), "complete 1");
    ck_assert_int_eq(barrier_story.handler.alignment_ns, 30);
    ck_assert_uint_eq(barrier_story.handler.bytes_processed, 16);
    ck_assert_uint_eq(barrier_handler_bytes_stored(&barrier_story.handler), 64);
    barrier_data(2);
    ck_assert_uint_eq(barrier_stored_count(), 0);
}
END_TEST

START_TEST(aligned_barriers_in_time_stay_aligned)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    SAYS(barrier_timed(0, 1, 200), "");
    ck_assert_int_eq(barrier_handler_deadline(&barrier_story.handler), 1100);
    SAYS(barrier_take(0), "");
    barrier_data(0);
    ck_assert(barrier_is_quiet());
    SAYS(barrier_timed(1, 1, 200), "");
    SAYS(barrier_take(1), "trigger 1, complete 1");
    ck_assert_int_eq(barrier_handler_deadline(&barrier_story.handler), TIME_NEVER);
    ck_assert_uint_eq(barrier_stored_count(), 0);
    SAYS(barrier_take(0), "data");
}
END_TEST

START_TEST(time_out_while_collecting_triggers)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    barrier_data(1);
    SAYS(barrier_timed(0, 1, 200), "");
    SAYS(barrier_take(0), "");
    SAYS(barrier_at(1099), "");
    SAYS(barrier_at(1100), "trigger 1 unaligned");
    ck_assert_uint_eq(barrier_stored_count(), 1);
    barrier_data(1);
    ck_assert_uint_eq(barrier_stored_count(), 1);
    SAYS(barrier_unaligned(1, 1), "complete 1");
    SAYS(barrier_at(1200), "");
}
END_TEST

/* The barrier has only been announced: it moves in front, and what it overtakes is stored. */
START_TEST(time_out_before_the_first_barrier_moves_it_in_front)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    barrier_data(0);
    barrier_data(0);
    SAYS(barrier_timed(0, 1, 200), "");
    barrier_data(0);
    SAYS(barrier_at(1100), "");
    SAYS(barrier_take(0), "trigger 1 unaligned");
    ck_assert_uint_eq(barrier_stored_count(), 2);
    SAYS(barrier_take(0), "data");
    SAYS(barrier_take(0), "data");
    ck_assert(
        barrier_is_quiet()); /* behind its barrier the channel waits, as its sender does in Flink */
    SAYS(barrier_timed(1, 1, 200), "");
    SAYS(barrier_take(1), "complete 1");
    SAYS(barrier_take(0), "data");
}
END_TEST

START_TEST(announcement_after_the_switch_moves_the_barrier_in_front_at_once)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    SAYS(barrier_unaligned(0, 1), "trigger 1 unaligned");
    barrier_data(1);
    SAYS(barrier_timed(1, 1, 200), "");
    SAYS(barrier_take(1), "complete 1");
    ck_assert_uint_eq(barrier_stored_count(), 1);
    SAYS(barrier_take(1), "data");
}
END_TEST

START_TEST(barrier_that_is_too_old_when_it_is_read_switches)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    SAYS(barrier_timed(0, 1, 200), "");
    barrier_story.now = 1100; /* its age is the time-out, not beyond */
    SAYS(barrier_take(0), "");
    SAYS(barrier_timed(1, 2, 300), "abort 1 CHECKPOINT_DECLINED_SUBSUMED");
    barrier_story.now = 1201;
    SAYS(barrier_take(1), "trigger 2 unaligned");
    SAYS(barrier_unaligned(0, 2), "complete 2");
}
END_TEST

START_TEST(unaligned_barrier_switches_an_alignment_under_way)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 3);
    SAYS(barrier_timed(0, 1, 200), "");
    SAYS(barrier_take(0), "");
    barrier_data(0);
    barrier_data(1);
    barrier_data(2);
    SAYS(barrier_unaligned(1, 1), "trigger 1 unaligned");
    ck_assert_uint_eq(barrier_stored_count(), 2);
    SAYS(barrier_unaligned(2, 1), "complete 1");
    SAYS(barrier_take(2), "data");
    SAYS(barrier_take(0), "data");
}
END_TEST

START_TEST(end_while_collecting_unaligned_completes)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    SAYS(barrier_unaligned(0, 1), "trigger 1 unaligned");
    barrier_data(1);
    SAYS(barrier_take(1), "data");
    SAYS(barrier_end(1), "complete 1");
    ck_assert_uint_eq(barrier_stored_count(), 1);
}
END_TEST

/* The timer has not been heard yet. */
START_TEST(end_finds_an_alignment_that_is_too_old)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 3);
    SAYS(barrier_timed(0, 1, 200), "");
    SAYS(barrier_take(0), "");
    barrier_story.now = 1101;
    SAYS(barrier_end(1), "trigger 1 unaligned");
    SAYS(barrier_end(2), "complete 1");
}
END_TEST

START_TEST(newer_unaligned_barrier_drops_what_the_older_had_stored)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    barrier_data(1);
    SAYS(barrier_unaligned(0, 1), "trigger 1 unaligned");
    SAYS(barrier_unaligned(1, 2), "abort 1 CHECKPOINT_DECLINED_SUBSUMED, trigger 2 unaligned");
    ck_assert_uint_eq(barrier_stored_count(), 1); /* of checkpoint 2, the same buffer */
    SAYS(barrier_unaligned(0, 1), "");
    SAYS(barrier_unaligned(0, 2), "complete 2");
}
END_TEST

/* RemoteInputChannel.checkpointStarted: a newer barrier has arrived, though nobody has read it. */
START_TEST(checkpoint_is_not_started_when_a_newer_barrier_has_arrived)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    struct channel_event newer = { .kind = CHANNEL_EVENT_BARRIER,
                                   .barrier = barrier_made(2, BARRIER_ALIGNED, TIME_NEVER) };
    barrier_put(1, (struct channel_item){ .event = newer });
    SAYS(barrier_unaligned(0, 1), "abort 1 CHECKPOINT_DECLINED_SUBSUMED");
    SAYS(barrier_take(1), "");
    SAYS(barrier_aligned(0, 2), "trigger 2, complete 2");
}
END_TEST

START_TEST(cancellation_of_a_triggered_checkpoint_stops_its_storing)
{
    barrier_begin(BARRIER_MODE_ALTERNATING, true, 2);
    barrier_data(1);
    SAYS(barrier_unaligned(0, 1), "trigger 1 unaligned");
    SAYS(barrier_cancel(0, 1), "abort 1 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER");
    ck_assert_uint_eq(barrier_stored_count(), 0);
    barrier_data(1);
    ck_assert_uint_eq(barrier_stored_count(), 0);
    SAYS(barrier_unaligned(1, 1), "");
}
END_TEST

START_TEST(states_of_two_modes_never_meet)
{
    for (unsigned from = 0; from < barrier_states.count; from++)
        for (unsigned to = 0; to < barrier_states.count; to++) {
            bool crosses = (from < BARRIER_ALTERNATING_WAITING_FOR_FIRST) !=
                           (to < BARRIER_ALTERNATING_WAITING_FOR_FIRST);
            ck_assert(!crosses || !state_can_move(&barrier_states, from, to));
        }
}
END_TEST

#define ADD(name) tcase_add_test(tcase, name)

Suite *test_exec_barrier_suite(void)
{
    Suite *suite = suite_create("exec barrier");
    TCase *tcase = tcase_create("aligned");
    tcase_add_checked_fixture(tcase, NULL, barrier_teardown);
    ADD(aligned_barriers_block_until_the_last_has_come);
    ADD(only_channel_triggers_at_once);
    ADD(newer_barrier_aborts_the_older_checkpoint);
    ADD(cancellation_before_the_first_barrier_aborts_once);
    ADD(cancellation_during_alignment_resumes_the_channels);
    ADD(cancellation_of_a_newer_checkpoint_ends_the_older_too);
    ADD(ended_channel_counts_as_aligned);
    ADD(channel_that_ends_behind_its_barrier_counts_once);
    ADD(end_aborts_where_checkpoints_after_finish_are_off);
    ADD(announcement_in_aligned_mode_only_tells_of_the_checkpoint);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("alternating");
    tcase_add_checked_fixture(tcase, NULL, barrier_teardown);
    ADD(first_unaligned_barrier_triggers_and_stores_what_is_in_flight);
    ADD(aligned_barriers_in_time_stay_aligned);
    ADD(time_out_while_collecting_triggers);
    ADD(time_out_before_the_first_barrier_moves_it_in_front);
    ADD(announcement_after_the_switch_moves_the_barrier_in_front_at_once);
    ADD(barrier_that_is_too_old_when_it_is_read_switches);
    ADD(unaligned_barrier_switches_an_alignment_under_way);
    ADD(end_while_collecting_unaligned_completes);
    ADD(end_finds_an_alignment_that_is_too_old);
    ADD(newer_unaligned_barrier_drops_what_the_older_had_stored);
    ADD(checkpoint_is_not_started_when_a_newer_barrier_has_arrived);
    ADD(cancellation_of_a_triggered_checkpoint_stops_its_storing);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("states");
    ADD(states_of_two_modes_never_meet);
    suite_add_tcase(suite, tcase);
    return suite;
}
