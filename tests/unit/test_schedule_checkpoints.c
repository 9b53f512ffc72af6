/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of checkpoints and savepoints under both schedulers: when the periodic timer starts, what
 * moves its grid, and what a stop-with-savepoint becomes. A12 and the surprises of Flink 2.3.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/story_setup.h"

static void open_with(struct story *story, const char *interval, const char *pause)
{
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "execution.checkpointing.interval", interval);
    story_set(story, "execution.checkpointing.min-pause", pause);
    story_open(story, 1, 4, story_job(story, 2, 0));
}

/* Recording of Flink 2.3, checkpoint-interval-2s-pause-1s; surprises 4 and 6: the gate starts the
 * timer with the job and stops it with the first task; the first RUNNING task starts it again, and
 * when all run it starts afresh: min-pause later comes the first checkpoint, then a fixed grid. */
START_TEST(the_first_checkpoint_comes_min_pause_after_the_last_task_runs)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_expect(story, "0.100 jm: dispatcher job submitted (job)\n"
                        "0.100 jm: job CREATED -> RUNNING\n"
                        "0.100 jm: checkpoint starting checkpoint scheduler\n"
                        "0.100 jm: checkpoint stopping checkpoint scheduler\n"
                        "0.174 jm: job first task DEPLOYING 4\n"
                        "0.206 jm: checkpoint starting checkpoint scheduler\n"
                        "0.206 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "1.206 jm: checkpoint triggered #1\n"
                        "1.225 jm: checkpoint completed #1 19000000\n"
                        "3.206 jm: checkpoint triggered #2\n"
                        "3.225 jm: checkpoint completed #2 19000000\n"
                        "5.206 jm: checkpoint triggered #3\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, checkpoint-interval-6s: without a pause the first RUNNING task of several
 * triggers one that is refused, and the first real one comes at once. */
START_TEST(without_a_pause_the_first_checkpoint_comes_at_once)
{
    struct story *story = story_begin(_i);
    story_set(story, "execution.checkpointing.interval", "6 s");
    story_open(story, 2, 1, story_job(story, 2, 0));
    story_expect(story, "...\n"
                        "0.206 jm: checkpoint refused (Not all required tasks are currently "
                        "running)\n"
                        "0.206 jm: checkpoint starting checkpoint scheduler\n"
                        "0.206 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "0.206 jm: checkpoint triggered #1\n"
                        "0.225 jm: checkpoint completed #1 19000000\n"
                        "6.206 jm: checkpoint triggered #2\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, checkpoint-restore-after-failure; surprise 5: the failure stops the timer
 * and jams the gate for good. The first RUNNING task starts the timer again; a first tick that
 * finds tasks missing is refused, and the grid goes on from it. */
START_TEST(the_first_failover_moves_the_checkpoint_grid)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "0 s");
    story_run(story, 7 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "7.001 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "7.001 jm: checkpoint stopping checkpoint scheduler\n"
                        "7.001 jm: job tasks will be restarted 4\n"
                        "7.001 jm: job RUNNING -> RESTARTING\n"
                        "8.001 jm: job RESTARTING -> RUNNING\n"
                        "8.001 jm: checkpoint restore from checkpoint 4\n"
                        "8.001 jm: job first task DEPLOYING 4\n"
                        "8.033 jm: checkpoint refused (Not all required tasks are currently "
                        "running)\n"
                        "8.033 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "10.033 jm: checkpoint triggered #5\n"
                        "10.052 jm: checkpoint completed #5 19000000\n"
                        "12.033 jm: checkpoint triggered #6\n");
    story_destroy(story);
}
END_TEST

/* Surprise 5: from then on the timer ticks through every later restart; triggers while tasks are
 * down are refused, and the grid stays. */
START_TEST(later_failovers_leave_the_checkpoint_grid_alone)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 7 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 10500 * TIME_MS);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "10.501 jm: execution RUNNING -> FAILED v1[0]#1 tm1 (RuntimeException: "
                        "user code failed)\n"
                        "10.501 jm: job tasks will be restarted 4\n"
                        "10.501 jm: job RUNNING -> RESTARTING\n"
                        "11.033 jm: checkpoint refused (Not all required tasks are currently "
                        "running)\n"
                        "11.501 jm: job RESTARTING -> RUNNING\n"
                        "11.501 jm: checkpoint restore from checkpoint 4\n"
                        "11.501 jm: job first task DEPLOYING 4\n"
                        "11.533 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "13.033 jm: checkpoint triggered #5\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, checkpoint-expires-tolerable-0; surprise 7: min-pause does not count from
 * an expired checkpoint, so the overdue trigger comes at once, finds the tasks cancelled, and is
 * refused. */
START_TEST(an_expired_checkpoint_restarts_the_job)
{
    struct story *story = story_begin(_i);
    story_set(story, "execution.checkpointing.timeout", "3 s");
    open_with(story, "2 s", "1 s");
    story_run(story, 5 * TIME_S);
    story_hold_acks(story, true);
    story_run(story, 8 * TIME_S);
    story_hold_acks(story, false);
    story_expect(story, "8.206 jm: checkpoint expired #3\n"
                        "8.206 jm: checkpoint failed #3 3000000000 (Checkpoint expired before "
                        "completing)\n"
                        "8.206 jm: job tasks will be restarted 4 (too many failed checkpoints)\n"
                        "8.206 jm: job RUNNING -> RESTARTING\n"
                        "8.206 jm: checkpoint stopping checkpoint scheduler\n"
                        "8.206 jm: checkpoint refused (Not all required tasks are currently "
                        "running)\n"
                        "9.206 jm: job RESTARTING -> RUNNING\n"
                        "9.206 jm: checkpoint restore from checkpoint 2\n"
                        "9.206 jm: job first task DEPLOYING 4\n"
                        "9.238 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "10.238 jm: checkpoint triggered #4\n"
                        "10.257 jm: checkpoint completed #4 19000000\n"
                        "12.238 jm: checkpoint triggered #5\n");
    story_destroy(story);
}
END_TEST

/* Surprise 8, recording of Flink 2.3, checkpoint-snapshot-throws-tolerable-0: the task fails, and
 * with it its region; nothing is counted against the checkpoints. */
START_TEST(a_snapshot_that_throws_is_an_ordinary_task_failure)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 3 * TIME_S);
    story_hold_acks(story, true);
    story_run(story, 3226 * TIME_MS);
    story_hold_acks(story, false);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_SNAPSHOT);
    story_expect(story, "3.227 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (IOException: could not "
                        "perform checkpoint)\n"
                        "3.227 jm: checkpoint stopping checkpoint scheduler\n"
                        "3.227 jm: checkpoint failed #2 21000000 (Checkpoint Coordinator is "
                        "suspending)\n"
                        "3.227 jm: job tasks will be restarted 4\n"
                        "3.227 jm: job RUNNING -> RESTARTING\n"
                        "4.227 jm: job RESTARTING -> RUNNING\n");
    story_destroy(story);
}
END_TEST

/* Adaptive builds a new gate per graph: min-pause after all RUNNING, every time (surprise 5). */
START_TEST(an_adaptive_job_has_a_new_checkpoint_grid_after_each_restart)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    open_with(story, "2 s", "1 s");
    story_run(story, 7 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "7.001 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "7.001 jm: checkpoint stopping checkpoint scheduler\n"
                        "7.001 jm: scheduler Executing -> Restarting (user code failed)\n"
                        "7.001 jm: job RUNNING -> CANCELLING\n"
                        "7.008 jm: job CANCELLING -> CANCELED\n"
                        "8.008 jm: scheduler Restarting -> CreatingExecutionGraph\n"
                        "8.008 jm: checkpoint restore from checkpoint 3\n"
                        "8.008 jm: job CREATED -> RUNNING\n"
                        "8.008 jm: scheduler CreatingExecutionGraph -> Executing\n"
                        "8.008 jm: job first task DEPLOYING 4\n"
                        "8.040 jm: checkpoint starting checkpoint scheduler\n"
                        "8.040 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "9.040 jm: checkpoint triggered #4\n"
                        "9.059 jm: checkpoint completed #4 19000000\n"
                        "11.040 jm: checkpoint triggered #5\n");
    story_destroy(story);
}
END_TEST

/* A frozen TaskManager cannot be triggered: the request times out after 10 s, uncounted (recording
 * of Flink 2.3, reactive-sigstop-20s). The heartbeats bear 20 s. */
START_TEST(a_frozen_task_manager_fails_checkpoints_and_nothing_else)
{
    struct story *story = story_begin(_i);
    open_with(story, "4 s", "0 s");
    story_run(story, 5 * TIME_S);
    story_freeze(story, (struct node_id){ 1 }, true);
    story_run(story, 25 * TIME_S);
    story_freeze(story, (struct node_id){ 1 }, false);
    story_run(story, 26 * TIME_S);
    story_expect(story, "28.206 jm: checkpoint triggered #8\n");
    for (size_t i = 0; i < story_line_count(story); i++)
        ck_assert_ptr_null(strstr(story_line(story, i), "RESTARTING"));
    story_destroy(story);
}
END_TEST

/* Savepoints. */

START_TEST(a_savepoint_is_answered_with_its_id)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 2 * TIME_S);
    story_ask(story, CLIENT_TRIGGER_SAVEPOINT, NULL, 0);
    story_expect(story, "2.000 jm: checkpoint triggered #2 (savepoint)\n"
                        "2.019 jm: checkpoint completed #2 19000000\n");
    ck_assert_str_eq(story_answer(story), "savepoint: done 2");
    story_ask(story, CLIENT_TRIGGER_CHECKPOINT, NULL, 0);
    story_run(story, 4 * TIME_S);
    ck_assert_str_eq(story_answer(story), "checkpoint: done 3");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(a_savepoint_before_all_tasks_run_is_refused)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_ask(story, CLIENT_TRIGGER_SAVEPOINT, NULL, 0);
    story_run(story, 1 * TIME_S);
    ck_assert_str_eq(story_answer(story),
                     "savepoint: refused Not all required tasks are currently running");
    story_destroy(story);
}
END_TEST

START_TEST(a_savepoint_in_progress_fails_with_the_job)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 2 * TIME_S);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_TRIGGER_SAVEPOINT, NULL, 0);
    story_run(story, 2100 * TIME_MS);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_run(story, 4 * TIME_S);
    ck_assert_str_eq(story_answer_to(story, CLIENT_TRIGGER_SAVEPOINT),
                     "savepoint: refused Checkpoint Coordinator is suspending");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* Metadata that cannot be written fails the savepoint, not the job. */
START_TEST(a_savepoint_that_cannot_be_stored_is_refused)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 2 * TIME_S);
    story_fail_stores(story, true);
    story_ask(story, CLIENT_TRIGGER_SAVEPOINT, NULL, 0);
    story_run(story, 3 * TIME_S);
    ck_assert_str_eq(story_answer(story), "savepoint: refused Failure to finalize checkpoint");
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_destroy(story);
}
END_TEST

/* Stop-with-savepoint, default scheduler. */

static void check_stop(int vouch, bool drain)
{
    struct story *story = story_begin(vouch);
    open_with(story, "2 s", "1 s");
    story_run(story, 3 * TIME_S);
    if (drain)
        story_drain(story);
    else
        story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_expect(story, drain
                            ? "3.000 jm: checkpoint triggered #2 (stop with savepoint, draining)\n"
                            : "3.000 jm: checkpoint triggered #2 (stop with savepoint)\n");
    story_expect(story, "3.019 jm: checkpoint completed #2 19000000\n"
                        "3.026 jm: job RUNNING -> FINISHED\n"
                        "3.026 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "3.026 jm: dispatcher job ended (FINISHED)\n");
    ck_assert_str_eq(story_answer(story), "stop: done 2");
    story_expect_silence(story, 1 * TIME_MIN);
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}

START_TEST(a_stop_suspends_the_sources_and_ends_the_job)
{
    check_stop(_i, false);
}
END_TEST

START_TEST(a_stop_can_drain)
{
    check_stop(_i, true);
}
END_TEST

/* The savepoint fails on the way (here: the store), so nothing has been stopped: the periodic timer
 * starts again, min-pause later. */
START_TEST(a_stop_whose_savepoint_fails_lets_the_job_go_on)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_set(story, "execution.checkpointing.tolerable-failed-checkpoints", "5");
    story_run(story, 3 * TIME_S);
    story_fail_stores(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_expect(story, "3.000 jm: checkpoint triggered #2 (stop with savepoint)\n"
                        "3.019 jm: checkpoint failed #2 19000000 (Failure to finalize "
                        "checkpoint)\n");
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    story_fail_stores(story, false);
    story_expect(story, "4.019 jm: checkpoint triggered #3\n"
                        "4.038 jm: checkpoint completed #3 19000000\n"
                        "6.019 jm: checkpoint triggered #4\n");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* A task declines a synchronous savepoint: its sources would never be let go, so the job restarts
 * (CheckpointFailureManager). */
START_TEST(a_stop_whose_savepoint_is_declined_restarts_the_job)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 3 * TIME_S);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 3100 * TIME_MS);
    story_decline(story, 0, 2);
    story_expect(story, "3.101 jm: checkpoint failed #2 101000000 (Asynchronous task checkpoint "
                        "failed)\n"
                        "3.101 jm: job tasks will be restarted 4 (too many failed checkpoints)\n"
                        "3.101 jm: job RUNNING -> RESTARTING\n"
                        "3.101 jm: checkpoint stopping checkpoint scheduler\n"
                        "4.101 jm: job RESTARTING -> RUNNING\n");
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* With the savepoint written, some tasks finish and one fails: its failover is followed by a global
 * one when all have ended (StopWithSavepointStoppingException). */
START_TEST(a_task_that_fails_behind_the_savepoint_restarts_all)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 3 * TIME_S);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 3022 * TIME_MS);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "3.023 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "3.023 jm: checkpoint stopping checkpoint scheduler\n"
                        "3.023 jm: job tasks will be restarted 4\n"
                        "3.023 jm: job RUNNING -> RESTARTING\n"
                        "3.030 jm: job tasks will be restarted 4 (stop with savepoint failed)\n"
                        "4.030 jm: job RESTARTING -> RUNNING\n"
                        "4.030 jm: checkpoint restore from checkpoint 1\n"
                        "4.030 jm: job first task DEPLOYING 4\n"
                        "4.062 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "5.062 jm: checkpoint triggered #3\n");
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* Whenever the cancel comes, the stop is answered, once. */
START_TEST(a_cancel_ends_a_stop_in_every_phase)
{
    static const time_ns phases[] = { 3005 * TIME_MS, 3018 * TIME_MS, 3022 * TIME_MS };
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        for (int adaptive = 0; adaptive < 2; adaptive++) {
            struct story *story = story_begin(_i);
            if (adaptive)
                story_adaptive(story);
            open_with(story, "2 s", "1 s");
            story_run(story, 3 * TIME_S);
            story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
            story_run(story, phases[i]);
            story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
            story_run(story, 4 * TIME_S);
            ck_assert_str_eq(story_answer_to(story, CLIENT_STOP_WITH_SAVEPOINT),
                             "stop: refused stop with savepoint failed");
            ck_assert_str_eq(story_line(story, story_line_count(story) - 1) + 6,
                             "jm: dispatcher job ended (CANCELED)");
            ck_assert_uint_eq(story_unanswered(story), 0);
            story_destroy(story);
        }
    }
}
END_TEST

/* A stop asked for while tasks are missing fails like any savepoint, and the job goes on. */
START_TEST(a_stop_while_tasks_are_missing_is_refused)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 150 * TIME_MS);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 1 * TIME_S);
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    story_expect(story, "1.206 jm: checkpoint triggered #1\n");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* An asker that says the same again, token and all, before the savepoint is there: each is answered
 * once, the first two as those that gave way. */
START_TEST(a_stop_asked_for_again_by_the_same_asker_gives_way_once)
{
    struct story *story = story_begin(_i);
    open_with(story, "2 s", "1 s");
    story_run(story, 3 * TIME_S);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    for (time_ns at = 3100 * TIME_MS; at <= 3200 * TIME_MS; at += 100 * TIME_MS) {
        story_run(story, at);
        if (at == 3200 * TIME_MS)
            story_hold_acks(story, false);
        story_ask_again(story, CLIENT_STOP_WITH_SAVEPOINT);
        story_run(story, at + 10 * TIME_MS);
        ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
        ck_assert_uint_eq(story_unanswered(story), 1);
    }
    story_run(story, 4 * TIME_S);
    ck_assert_str_eq(story_answer(story), "stop: done 4");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* The same of the adaptive scheduler, which takes no second stop. */
START_TEST(an_adaptive_job_refuses_a_stop_asked_for_again)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    open_with(story, "2 s", "1 s");
    story_run(story, 3 * TIME_S);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_ask_again(story, CLIENT_STOP_WITH_SAVEPOINT);
    story_run(story, 3010 * TIME_MS);
    ck_assert_str_eq(story_answer(story), "stop: refused the job is not executing");
    story_run(story, 4 * TIME_S);
    ck_assert_str_eq(story_answer(story), "stop: done 2");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_checkpoints_suite(void)
{
    Suite *suite = suite_create("schedule: checkpoints");
    TCase *grid = tcase_create("grid");
    tcase_add_story(grid, the_first_checkpoint_comes_min_pause_after_the_last_task_runs);
    tcase_add_story(grid, without_a_pause_the_first_checkpoint_comes_at_once);
    tcase_add_story(grid, the_first_failover_moves_the_checkpoint_grid);
    tcase_add_story(grid, later_failovers_leave_the_checkpoint_grid_alone);
    tcase_add_story(grid, an_expired_checkpoint_restarts_the_job);
    tcase_add_story(grid, a_snapshot_that_throws_is_an_ordinary_task_failure);
    tcase_add_story(grid, an_adaptive_job_has_a_new_checkpoint_grid_after_each_restart);
    tcase_add_story(grid, a_frozen_task_manager_fails_checkpoints_and_nothing_else);
    suite_add_tcase(suite, grid);
    TCase *savepoints = tcase_create("savepoints");
    tcase_add_story(savepoints, a_savepoint_is_answered_with_its_id);
    tcase_add_story(savepoints, a_savepoint_before_all_tasks_run_is_refused);
    tcase_add_story(savepoints, a_savepoint_in_progress_fails_with_the_job);
    tcase_add_story(savepoints, a_savepoint_that_cannot_be_stored_is_refused);
    suite_add_tcase(suite, savepoints);
    TCase *stops = tcase_create("stop with savepoint");
    tcase_add_story(stops, a_stop_suspends_the_sources_and_ends_the_job);
    tcase_add_story(stops, a_stop_can_drain);
    tcase_add_story(stops, a_stop_whose_savepoint_fails_lets_the_job_go_on);
    tcase_add_story(stops, a_stop_whose_savepoint_is_declined_restarts_the_job);
    tcase_add_story(stops, a_task_that_fails_behind_the_savepoint_restarts_all);
    tcase_add_story(stops, a_cancel_ends_a_stop_in_every_phase);
    tcase_add_story(stops, a_stop_while_tasks_are_missing_is_refused);
    tcase_add_story(stops, a_stop_asked_for_again_by_the_same_asker_gives_way_once);
    tcase_add_story(stops, an_adaptive_job_refuses_a_stop_asked_for_again);
    suite_add_tcase(suite, stops);
    return suite;
}
