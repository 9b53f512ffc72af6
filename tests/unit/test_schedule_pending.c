/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of checkpoints and savepoints that are pending when something else happens to the job: a
 * failure, a restart, another stop. A9, A12.
 */
#include <check.h>

#include "tests/lib/story_setup.h"

static struct job_graph *pipelines(struct story *story)
{
    return graphs_job_with("source 2; map 2; source -> map forward", story_config(story));
}

/* Two regions, and the first failover behind them: the gate is silent from there on (surprise 5),
 * so that the failure itself stops nothing. All run again at 2.033; the grid begins at 3.033. */
static struct story *after_a_failover(int vouch, const char *timeout)
{
    struct story *story = story_begin(vouch);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_set(story, "execution.checkpointing.min-pause", "1 s");
    story_set(story, "execution.checkpointing.timeout", timeout);
    story_open(story, 1, 2, pipelines(story));
    story_run(story, 1 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 3050 * TIME_MS);
    return story;
}

/* Acknowledged by all, and its metadata on the way when a task fails: what the region goes back to
 * is this checkpoint. */
START_TEST(a_checkpoint_that_completes_during_the_delay_is_restored)
{
    struct story *story = after_a_failover(_i, "1 min");
    story_run(story, 5050 * TIME_MS);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.051 jm: execution RUNNING -> FAILED v0[0]#1 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.051 jm: job tasks will be restarted 2\n"
                        "5.051 jm: job RUNNING -> RESTARTING\n"
                        "5.052 jm: checkpoint completed #2 19000000\n"
                        "6.051 jm: job RESTARTING -> RUNNING\n"
                        "6.051 jm: checkpoint restore from checkpoint 2\n"
                        "6.051 jm: job first task DEPLOYING 4\n"
                        "6.083 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "7.033 jm: checkpoint triggered #3\n");
    story_destroy(story);
}
END_TEST

/* Not all have acknowledged: it stays pending to the end of the delay, and a savepoint with it. */
START_TEST(a_pending_checkpoint_ends_with_the_restart)
{
    struct story *story = after_a_failover(_i, "1 min");
    story_hold_acks(story, true);
    story_run(story, 5500 * TIME_MS);
    story_ask(story, CLIENT_TRIGGER_SAVEPOINT, NULL, 0);
    story_run(story, 5600 * TIME_MS);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.601 jm: execution RUNNING -> FAILED v0[0]#1 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.601 jm: job tasks will be restarted 2\n"
                        "5.601 jm: job RUNNING -> RESTARTING\n");
    ck_assert_uint_eq(story_unanswered(story), 1);
    story_expect(story, "6.601 jm: job RESTARTING -> RUNNING\n"
                        "6.601 jm: checkpoint failed #2 1568000000 (FailoverRegion is "
                        "restarting)\n"
                        "6.601 jm: checkpoint failed #3 1101000000 (FailoverRegion is "
                        "restarting)\n"
                        "6.601 jm: checkpoint restore from checkpoint 1\n"
                        "6.601 jm: job first task DEPLOYING 4\n");
    ck_assert_str_eq(story_answer(story), "savepoint: refused FailoverRegion is restarting");
    story_destroy(story);
}
END_TEST

/* What waits for a task that is gone expires all the same, and one that may not fail fails the
 * whole job, which begins its delay anew. */
START_TEST(a_checkpoint_may_expire_during_the_delay)
{
    struct story *story = after_a_failover(_i, "1 s");
    story_hold_acks(story, true);
    story_run(story, 5500 * TIME_MS);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.501 jm: execution RUNNING -> FAILED v0[0]#1 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.501 jm: job tasks will be restarted 2\n"
                        "5.501 jm: job RUNNING -> RESTARTING\n"
                        "6.033 jm: checkpoint expired #2\n"
                        "6.033 jm: checkpoint failed #2 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "6.033 jm: job tasks will be restarted 4 (too many failed checkpoints)\n"
                        "7.033 jm: checkpoint refused (Not all required tasks are currently "
                        "running)\n"
                        "7.033 jm: job RESTARTING -> RUNNING\n"
                        "7.033 jm: checkpoint restore from checkpoint 1\n"
                        "7.033 jm: job first task DEPLOYING 4\n");
    story_destroy(story);
}
END_TEST

/* Surprise 5: the timer that the first failure has stopped is started by the first task that runs
 * again, although another region still waits for its restart; its first tick finds tasks missing.
 */
START_TEST(the_first_task_to_run_starts_the_timer_while_a_region_waits)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "4 s");
    story_set(story, "execution.checkpointing.interval", "5 s");
    story_set(story, "execution.checkpointing.min-pause", "1 s");
    story_open(story, 1, 2, pipelines(story));
    story_run(story, 3 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 6 * TIME_S);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "6.001 jm: execution RUNNING -> FAILED v0[1]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "6.001 jm: job tasks will be restarted 2\n");
    story_expect(story,
                 "7.001 jm: checkpoint restore from checkpoint 1\n"
                 "7.001 jm: job first task DEPLOYING 4\n"
                 "8.033 jm: checkpoint refused (Not all required tasks are currently running)\n"
                 "10.001 jm: job RESTARTING -> RUNNING\n"
                 "10.001 jm: checkpoint restore from checkpoint 1\n"
                 "10.001 jm: job first task DEPLOYING 4\n"
                 "10.033 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                 "13.033 jm: checkpoint triggered #2\n");
    story_destroy(story);
}
END_TEST

/* FLINK-34519: the savepoint was asked for while the timer stood still, and goes on when it starts.
 */
START_TEST(starting_the_timer_spares_a_savepoint)
{
    struct story *story = story_begin(_i);
    story_set(story, "execution.checkpointing.interval", "20 s");
    story_set(story, "execution.checkpointing.timeout", "4 s");
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2, pipelines(story));
    story_run(story, 5 * TIME_S);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 7 * TIME_S);
    story_ask(story, CLIENT_TRIGGER_SAVEPOINT, NULL, 0);
    story_expect(
        story, "7.000 jm: checkpoint triggered #3 (savepoint)\n"
               "9.000 jm: checkpoint expired #2\n"
               "9.000 jm: checkpoint failed #2 4000000000 (Checkpoint expired before completing)\n"
               "11.000 jm: checkpoint expired #3\n"
               "11.000 jm: checkpoint failed #3 4000000000 (Checkpoint expired before completing)\n"
               "11.000 jm: checkpoint triggered #4\n");
    story_destroy(story);
}
END_TEST

/* Failing before all its tasks ran, so that the gate has never started what the first of them has:
 * the coordinator is shut down with the graph, and nothing ticks through the back-off. */
START_TEST(no_checkpoint_is_asked_for_between_two_graphs)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_fixed_delay(story, "100", "20 s");
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_open(story, 2, 1, story_job(story, 2, 0));
    story_run(story, 160 * TIME_MS);
    story_freeze(story, (struct node_id){ 2 }, true);
    story_run(story, 1 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 2 * TIME_S);
    story_freeze(story, (struct node_id){ 2 }, false);
    story_expect(story, "2.006 jm: job CANCELLING -> CANCELED\n"
                        "22.006 jm: scheduler Restarting -> CreatingExecutionGraph\n");
    story_destroy(story);
}
END_TEST

/* Default: the second stop ends the first one's savepoint, whose client hears, and stops the job.
 */
START_TEST(a_second_stop_takes_the_place_of_the_first)
{
    struct story *story = story_begin(_i);
    story_set(story, "execution.checkpointing.interval", "20 s");
    story_set(story, "execution.checkpointing.min-pause", "10 s");
    story_open(story, 1, 2, pipelines(story));
    story_run(story, 3 * TIME_S);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 4 * TIME_S);
    story_hold_acks(story, false);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    ck_assert_uint_eq(story_unanswered(story), 1);
    story_expect(
        story, "4.000 jm: checkpoint failed #1 1000000000 (Checkpoint Coordinator is suspending)\n"
               "4.000 jm: checkpoint triggered #2 (stop with savepoint)\n"
               "4.019 jm: checkpoint completed #2 19000000\n"
               "4.026 jm: job RUNNING -> FINISHED\n"
               "4.026 jm: job master disconnects tm1 (the JobMaster stops)\n"
               "4.026 jm: dispatcher job ended (FINISHED)\n");
    ck_assert_str_eq(story_answer(story), "stop: done 2");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* Its savepoint is there and its tasks are finishing: there is nothing left to stop. Under the
 * adaptive scheduler a job that is being stopped is not executing, from the start on. */
START_TEST(a_stop_that_has_its_savepoint_goes_on)
{
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        struct story *story = story_begin(_i);
        if (adaptive)
            story_adaptive(story);
        story_set(story, "execution.checkpointing.interval", "20 s");
        story_open(story, 1, 2, story_job(story, 2, 0));
        story_run(story, 3 * TIME_S);
        story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
        story_run(story, adaptive ? 3001 * TIME_MS : 3021 * TIME_MS);
        story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
        ck_assert_str_eq(story_answer(story), adaptive
                                                  ? "stop: refused the job is not executing"
                                                  : "stop: refused a stop-with-savepoint is in "
                                                    "progress");
        story_run(story, 4 * TIME_S);
        ck_assert_str_eq(story_answer(story), "stop: done 2");
        ck_assert_uint_eq(story_unanswered(story), 0);
        story_destroy(story);
    }
}
END_TEST

Suite *test_schedule_pending_suite(void)
{
    Suite *suite = suite_create("schedule: pending checkpoints");
    TCase *pending = tcase_create("pending");
    tcase_add_story(pending, a_checkpoint_that_completes_during_the_delay_is_restored);
    tcase_add_story(pending, a_pending_checkpoint_ends_with_the_restart);
    tcase_add_story(pending, a_checkpoint_may_expire_during_the_delay);
    suite_add_tcase(suite, pending);
    TCase *timer = tcase_create("timer");
    tcase_add_story(timer, the_first_task_to_run_starts_the_timer_while_a_region_waits);
    tcase_add_story(timer, starting_the_timer_spares_a_savepoint);
    tcase_add_story(timer, no_checkpoint_is_asked_for_between_two_graphs);
    suite_add_tcase(suite, timer);
    TCase *stops = tcase_create("stops");
    tcase_add_story(stops, a_second_stop_takes_the_place_of_the_first);
    tcase_add_story(stops, a_stop_that_has_its_savepoint_goes_on);
    suite_add_tcase(suite, stops);
    return suite;
}
