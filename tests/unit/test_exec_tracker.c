/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of barriers, at least once, as Flink's CheckpointBarrierTracker behaves.
 */
#include <check.h>

#include "tests/lib/barrier_story.h"

START_TEST(tracker_blocks_nothing_and_lets_checkpoints_overlap)
{
    barrier_begin(BARRIER_MODE_AT_LEAST_ONCE, true, 3);
    SAYS(barrier_aligned(0, 1), "");
    barrier_data(0);
    SAYS(barrier_take(0), "data");
    SAYS(barrier_aligned(0, 2), "");
    SAYS(barrier_aligned(1, 1), "");
    SAYS(barrier_aligned(1, 2), "");
    SAYS(barrier_aligned(2, 2), "trigger 2, complete 2"); /* 1 is subsumed */
    ck_assert(!barrier_handler_is_pending(&barrier_story.handler));
    SAYS(barrier_aligned(2, 1), "");
    SAYS(barrier_aligned(2, 3), "");
}
END_TEST

START_TEST(tracker_aborts_what_is_older_than_a_cancellation)
{
    barrier_begin(BARRIER_MODE_AT_LEAST_ONCE, true, 2);
    SAYS(barrier_aligned(0, 1), "");
    SAYS(barrier_aligned(0, 2), "");
    SAYS(barrier_aligned(0, 3), "");
    SAYS(barrier_cancel(1, 2), "abort 1 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER, "
                               "abort 2 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER");
    SAYS(barrier_aligned(1, 3), "trigger 3, complete 3");
    SAYS(barrier_cancel(0, 4), "abort 4 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER");
    SAYS(barrier_aligned(1, 4), "");
    ck_assert(!barrier_handler_is_pending(&barrier_story.handler));
    SAYS(barrier_cancel(0, 2), "");
}
END_TEST

START_TEST(tracker_forgets_the_oldest_of_more_than_fifty)
{
    barrier_begin(BARRIER_MODE_AT_LEAST_ONCE, true, 2);
    for (int64_t id = 1; id <= BARRIERS_TRACKED_MAX; id++)
        SAYS(barrier_aligned(0, id), "");
    ck_assert_uint_eq(barrier_story.handler.count_count, BARRIERS_TRACKED_MAX);
    SAYS(barrier_aligned(0, BARRIERS_TRACKED_MAX + 1), "");
    ck_assert_uint_eq(barrier_story.handler.count_count, BARRIERS_TRACKED_MAX);
    SAYS(barrier_aligned(1, 1), "");
    SAYS(barrier_aligned(1, 2), "trigger 2, complete 2");
}
END_TEST

START_TEST(tracker_completes_the_newest_that_waits_for_an_ended_channel)
{
    barrier_begin(BARRIER_MODE_AT_LEAST_ONCE, true, 3);
    SAYS(barrier_aligned(0, 1), "");
    SAYS(barrier_aligned(1, 1), "");
    SAYS(barrier_aligned(0, 2), "");
    SAYS(barrier_aligned(1, 2), "");
    SAYS(barrier_aligned(0, 3), "");
    SAYS(barrier_end(2), "trigger 2, complete 2");
    SAYS(barrier_aligned(1, 3), "trigger 3, complete 3");
    SAYS(barrier_end(1), "");
    SAYS(barrier_aligned(0, 4), "trigger 4, complete 4");
    SAYS(barrier_cancel(0, 5), "abort 5 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER");
}
END_TEST

START_TEST(tracker_aborts_all_at_an_end_where_that_is_asked)
{
    barrier_begin(BARRIER_MODE_AT_LEAST_ONCE, false, 2);
    SAYS(barrier_aligned(0, 1), "");
    SAYS(barrier_aligned(0, 2), "");
    SAYS(barrier_end(1), "abort 1 CHECKPOINT_DECLINED_INPUT_END_OF_STREAM, "
                         "abort 2 CHECKPOINT_DECLINED_INPUT_END_OF_STREAM");
    SAYS(barrier_aligned(0, 3), "trigger 3, complete 3");
}
END_TEST

#define ADD(name) tcase_add_test(tcase, name)

Suite *test_exec_tracker_suite(void)
{
    Suite *suite = suite_create("exec tracker");
    TCase *tcase = tcase_create("at least once");
    tcase_add_checked_fixture(tcase, NULL, barrier_teardown);
    ADD(tracker_blocks_nothing_and_lets_checkpoints_overlap);
    ADD(tracker_aborts_what_is_older_than_a_cancellation);
    ADD(tracker_forgets_the_oldest_of_more_than_fifty);
    ADD(tracker_completes_the_newest_that_waits_for_an_ended_channel);
    ADD(tracker_aborts_all_at_an_end_where_that_is_asked);
    suite_add_tcase(suite, tcase);
    return suite;
}
