/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the adaptive scheduler with the whole core around it: submission, a wish taken back,
 * failures, the end. Every state and every legal move of A2 happens here or in
 * test_schedule_adaptive_rescale.c.
 */
#include <check.h>
#include <string.h>

#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

#define SUBMITTED                                                                                  \
    "0.100 jm: dispatcher job submitted (job)\n"                                                   \
    "0.100 jm: scheduler Created -> WaitingForResources\n"                                         \
    "0.100 jm: transition manager Cooldown -> Idling\n"

/* The desired slots come at once: no stabilization (A2). */
#define STARTED                                                                                    \
    SUBMITTED "0.154 jm: transition manager Idling -> Stabilizing\n"                               \
              "0.154 jm: transition manager desired resources met\n"                               \
              "0.154 jm: transition manager Stabilizing -> Transitioning\n"                        \
              "0.154 jm: scheduler WaitingForResources -> CreatingExecutionGraph (desired "        \
              "resources)\n"                                                                       \
              "0.154 jm: job CREATED -> RUNNING\n"                                                 \
              "0.154 jm: scheduler CreatingExecutionGraph -> Executing\n"                          \
              "0.154 jm: job first task DEPLOYING 4\n"                                             \
              "0.186 jm: job all tasks RUNNING 4 (parallelism 2)\n"

static void open_adaptive(struct story *story, uint32_t slots)
{
    story_adaptive(story);
    story_open(story, 1, slots, story_job(story, 2, 0));
}

START_TEST(a_job_starts_at_once_with_the_slots_it_desires)
{
    struct story *story = story_begin(_i);
    open_adaptive(story, 2);
    story_expect(story, STARTED "30.154 jm: transition manager Cooldown -> Idling\n");
    story_expect_silence(story, 5 * TIME_MIN);
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, adaptive-submit-partial-slots: 10 s in Stabilizing, then with what there
 * is. */
START_TEST(a_job_with_some_of_its_slots_starts_after_the_stabilization)
{
    struct story *story = story_begin(_i);
    open_adaptive(story, 1);
    story_expect(story, SUBMITTED
                 "0.154 jm: transition manager Idling -> Stabilizing\n"
                 "10.154 jm: transition manager Stabilizing -> Stabilized\n"
                 "10.154 jm: transition manager sufficient resources met\n"
                 "10.154 jm: transition manager Stabilized -> Transitioning\n"
                 "10.154 jm: scheduler WaitingForResources -> CreatingExecutionGraph (sufficient "
                 "resources)\n"
                 "10.154 jm: job CREATED -> RUNNING\n"
                 "10.154 jm: scheduler CreatingExecutionGraph -> Executing\n"
                 "10.154 jm: job first task DEPLOYING 2\n"
                 "10.186 jm: job all tasks RUNNING 2 (parallelism 1)\n");
    story_destroy(story);
}
END_TEST

/* The rest of the slots arrive while it waits: then desired is enough. */
START_TEST(slots_that_complete_the_desired_end_the_stabilization)
{
    struct story *story = story_begin(_i);
    open_adaptive(story, 1);
    story_run(story, 5 * TIME_S);
    story_add(story, 1);
    story_expect(story, "5.001 jm: resource manager registers tm2\n"
                        "5.055 jm: transition manager desired resources met\n"
                        "5.055 jm: transition manager Stabilizing -> Transitioning\n"
                        "5.055 jm: scheduler WaitingForResources -> CreatingExecutionGraph "
                        "(desired resources)\n");
    story_destroy(story);
}
END_TEST

/* A2 rule 5, the wait is over and there is nothing: "not enough slots" ends the job. */
START_TEST(a_job_that_finds_no_slots_in_time_fails)
{
    struct story *story = story_begin(_i);
    story_set(story, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "20 s");
    story_adaptive(story);
    story_open(story, 0, 0, story_job(story, 2, 0));
    story_expect(story, SUBMITTED
                 "20.100 jm: scheduler WaitingForResources -> CreatingExecutionGraph (the wait for "
                 "resources is over)\n"
                 "20.100 jm: scheduler CreatingExecutionGraph -> Finished (not enough slots for "
                 "the lower bounds)\n"
                 "20.100 jm: job archived FAILED (not enough slots for the lower bounds)\n"
                 "20.100 jm: dispatcher job ended (FAILED)\n");
    story_expect_silence(story, 2 * TIME_MIN);
    story_destroy(story);
}
END_TEST

/* A negative timeout waits for ever (A2). */
START_TEST(a_job_may_wait_for_ever)
{
    struct story *story = story_begin(_i);
    story_set(story, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "-1 ms");
    story_adaptive(story);
    story_open(story, 0, 0, story_job(story, 2, 0));
    story_expect(story, SUBMITTED);
    story_expect_silence(story, 24 * TIME_H);
    story_destroy(story);
}
END_TEST

/* A2 rule 1, recording of Flink 2.3, restart-fixed-delay-2s-slow-cancel-adaptive-scheduler: cancel
 * and back-off add up. The slots desired are still there, so no waiting for resources. */
START_TEST(cancelling_and_backoff_add_up)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "2 s");
    open_adaptive(story, 2);
    story_run(story, 3 * TIME_S);
    story_slow_cancel(story, 1500 * TIME_MS);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "3.001 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "3.001 jm: scheduler Executing -> Restarting (user code failed)\n"
                        "3.001 jm: job RUNNING -> CANCELLING\n"
                        "4.503 jm: job CANCELLING -> CANCELED\n"
                        "6.503 jm: scheduler Restarting -> CreatingExecutionGraph\n"
                        "6.503 jm: job CREATED -> RUNNING\n"
                        "6.503 jm: scheduler CreatingExecutionGraph -> Executing\n"
                        "6.503 jm: job first task DEPLOYING 4\n"
                        "6.535 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* A2 rules 2 to 4: any failure restarts the whole job, attempt numbers survive into the next graph,
 * and a failure of a job that is restarting anyway is nothing. */
START_TEST(attempt_numbers_survive_the_graph)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "1 s");
    open_adaptive(story, 2);
    story_run(story, 3 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_report(story, 3, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "3.001 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "3.001 jm: scheduler Executing -> Restarting (user code failed)\n"
                        "3.001 jm: job RUNNING -> CANCELLING\n"
                        "3.008 jm: job CANCELLING -> CANCELED\n"
                        "4.008 jm: scheduler Restarting -> CreatingExecutionGraph\n");
    story_run(story, 6 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "6.001 jm: execution RUNNING -> FAILED v0[0]#1 tm1 (RuntimeException: user "
                        "code failed)\n");
    story_destroy(story);
}
END_TEST

/* A9 under the adaptive scheduler, recording of Flink 2.3, restart-fixed-delay-3-2s-adaptive. */
START_TEST(an_exhausted_strategy_fails_the_job)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "1", "2 s");
    open_adaptive(story, 2);
    story_run(story, 1 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 5 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.001 jm: execution RUNNING -> FAILED v1[0]#1 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.001 jm: scheduler Executing -> Failing (recovery is suppressed by "
                        "restart strategy fixed-delay)\n"
                        "5.001 jm: job RUNNING -> FAILING\n"
                        "5.008 jm: job FAILING -> FAILED\n"
                        "5.008 jm: scheduler Failing -> Finished (user code failed)\n"
                        "5.008 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "5.008 jm: dispatcher job ended (FAILED)\n");
    story_expect_silence(story, 2 * TIME_MIN);
    story_destroy(story);
}
END_TEST

START_TEST(a_job_whose_tasks_finish_is_finished)
{
    struct story *story = story_begin(_i);
    open_adaptive(story, 2);
    story_run(story, 1 * TIME_S);
    story_finish_all(story);
    story_expect(story, "1.001 jm: job RUNNING -> FINISHED\n"
                        "1.001 jm: scheduler Executing -> Finished\n"
                        "1.001 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "1.001 jm: dispatcher job ended (FINISHED)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, adaptive-lower-bound-unmet-after-loss: the lower bounds no longer fit,
 * the wait ends after exactly its timeout, and the job fails. */
START_TEST(a_loss_below_the_lower_bounds_fails_the_job_after_the_wait)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_adaptive(story);
    story_set(story, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "20 s");
    story_set(story, "heartbeat.interval", "1 s");
    story_set(story, "heartbeat.timeout", "5 s");
    story_open(story, 2, 2, story_job(story, 4, 0));
    story_run(story, 6 * TIME_S);
    story_put(story, 2, 4, 4);
    story_run(story, 9 * TIME_S);
    story_kill_noticed(story, (struct node_id){ 2 }, 400 * TIME_MS);
    story_expect(story,
                 "9.401 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (RemoteTransportException: "
                 "data connection to a TaskManager lost)\n"
                 "9.401 jm: scheduler Executing -> Restarting (data connection to a TaskManager "
                 "lost)\n"
                 "9.401 jm: job RUNNING -> CANCELLING\n"
                 "9.409 jm: job CANCELLING -> CANCELED\n"
                 "10.002 jm: resource manager closes tm2 (TaskManager no longer reachable)\n"
                 "10.002 jm: job master disconnects tm2 (TaskManager no longer reachable)\n"
                 "10.409 jm: scheduler Restarting -> WaitingForResources\n"
                 "10.409 jm: transition manager Cooldown -> Idling\n"
                 "30.409 jm: scheduler WaitingForResources -> CreatingExecutionGraph (the wait for "
                 "resources is over)\n"
                 "30.409 jm: scheduler CreatingExecutionGraph -> Finished (not enough slots for "
                 "the lower bounds)\n"
                 "30.409 jm: job archived FAILED (not enough slots for the lower bounds)\n"
                 "30.409 jm: job master disconnects tm1 (the JobMaster stops)\n"
                 "30.409 jm: dispatcher job ended (FAILED)\n");
    story_destroy(story);
}
END_TEST

/* Stop-with-savepoint (StopWithSavepoint and its ways out). */

static void open_checkpointed(struct story *story)
{
    story_fixed_delay(story, "5", "1 s");
    story_set(story, "execution.checkpointing.interval", "4 s");
    story_set(story, "execution.checkpointing.tolerable-failed-checkpoints", "9");
    open_adaptive(story, 2);
    story_run(story, 6 * TIME_S);
}

START_TEST(a_stop_ends_the_job_behind_its_savepoint)
{
    struct story *story = story_begin(_i);
    open_checkpointed(story);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_expect(story, "6.000 jm: scheduler Executing -> StopWithSavepoint\n"
                        "6.000 jm: checkpoint triggered #3 (stop with savepoint)\n"
                        "6.019 jm: checkpoint completed #3 19000000\n"
                        "6.026 jm: job RUNNING -> FINISHED\n"
                        "6.026 jm: scheduler StopWithSavepoint -> Finished\n"
                        "6.026 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "6.026 jm: dispatcher job ended (FINISHED)\n");
    ck_assert_str_eq(story_answer(story), "stop: done 3");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* Back to Executing, with a cooldown of its own, and the periodic timer runs again. */
START_TEST(a_stop_without_its_savepoint_goes_back_to_executing)
{
    struct story *story = story_begin(_i);
    open_checkpointed(story);
    story_fail_stores(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_expect(story, "6.000 jm: scheduler Executing -> StopWithSavepoint\n"
                        "6.000 jm: checkpoint triggered #3 (stop with savepoint)\n"
                        "6.019 jm: checkpoint failed #3 19000000 (Failure to finalize "
                        "checkpoint)\n"
                        "6.019 jm: scheduler StopWithSavepoint -> Executing (the savepoint "
                        "failed)\n");
    story_fail_stores(story, false);
    story_expect(story, "6.019 jm: checkpoint triggered #4\n"
                        "6.038 jm: checkpoint completed #4 19000000\n"
                        "10.019 jm: checkpoint triggered #5\n"
                        "...\n"
                        "36.019 jm: transition manager Cooldown -> Idling\n");
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(a_failure_while_stopping_restarts_the_job)
{
    struct story *story = story_begin(_i);
    open_checkpointed(story);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 6100 * TIME_MS);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "6.101 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "6.101 jm: checkpoint stopping checkpoint scheduler\n"
                        "6.101 jm: checkpoint failed #3 101000000 (Checkpoint Coordinator is "
                        "suspending)\n"
                        "6.101 jm: scheduler StopWithSavepoint -> Restarting (user code failed)\n"
                        "6.101 jm: job RUNNING -> CANCELLING\n"
                        "6.108 jm: job CANCELLING -> CANCELED\n"
                        "7.108 jm: scheduler Restarting -> CreatingExecutionGraph\n");
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(a_failure_without_restart_while_stopping_fails_the_job)
{
    struct story *story = story_begin(_i);
    open_checkpointed(story);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 6100 * TIME_MS);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_SUPPRESSED);
    story_expect(story, "...\n"
                        "6.101 jm: scheduler StopWithSavepoint -> Failing (the failure forbids a "
                        "restart)\n"
                        "6.101 jm: job RUNNING -> FAILING\n"
                        "6.108 jm: job FAILING -> FAILED\n"
                        "6.108 jm: scheduler Failing -> Finished (the failure forbids a "
                        "restart)\n");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* Finished before its savepoint: the job has ended well, but it was not the stop that ended it. */
START_TEST(a_job_that_finishes_before_its_stop_answers_the_stop_with_a_failure)
{
    struct story *story = story_begin(_i);
    open_checkpointed(story);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 6100 * TIME_MS);
    story_finish_all(story);
    story_expect(story, "...\n"
                        "6.101 jm: scheduler StopWithSavepoint -> Finished\n"
                        "...\n"
                        "6.101 jm: dispatcher job ended (FINISHED)\n");
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(a_stop_while_waiting_for_resources_is_refused)
{
    struct story *story = story_begin(_i);
    open_adaptive(story, 1);
    story_run(story, 1 * TIME_S);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    ck_assert_str_eq(story_answer(story), "stop: refused the job is not executing");
    story_destroy(story);
}
END_TEST

/* All slots that are desired are there while it stabilizes, and the size that they are good for is
 * the one it has (Executing.parallelismChanged): no checkpoint restarts the job for that. */
START_TEST(a_wish_taken_back_is_no_reason_to_restart)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", "1 s");
    story_set(story, "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout",
              "10 s");
    story_set(story, "execution.checkpointing.interval", "4 s");
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_put(story, 2, 1, 6);
    story_run(story, 6 * TIME_S);
    story_put(story, 2, 1, 2);
    story_expect(story, "8.186 jm: checkpoint triggered #3\n"
                        "8.205 jm: checkpoint completed #3 19000000\n"
                        "12.186 jm: checkpoint triggered #4\n"
                        "12.205 jm: checkpoint completed #4 19000000\n"
                        "15.054 jm: transition manager Stabilizing -> Stabilized\n"
                        "16.186 jm: checkpoint triggered #5\n"
                        "16.205 jm: checkpoint completed #5 19000000\n"
                        "16.205 jm: transition manager Stabilized -> Idling\n");
    ck_assert_uint_eq(view_job(story_node(story, (struct node_id){ 0 }), 0).restarts, 0);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_adaptive_stories_suite(void)
{
    Suite *suite = suite_create("schedule: adaptive stories");
    TCase *submission = tcase_create("submission");
    tcase_add_story(submission, a_job_starts_at_once_with_the_slots_it_desires);
    tcase_add_story(submission, a_job_with_some_of_its_slots_starts_after_the_stabilization);
    tcase_add_story(submission, slots_that_complete_the_desired_end_the_stabilization);
    tcase_add_story(submission, a_job_that_finds_no_slots_in_time_fails);
    tcase_add_story(submission, a_job_may_wait_for_ever);
    suite_add_tcase(suite, submission);
    TCase *wishes = tcase_create("wishes");
    tcase_add_story(wishes, a_wish_taken_back_is_no_reason_to_restart);
    suite_add_tcase(suite, wishes);
    TCase *failures = tcase_create("failures");
    tcase_add_story(failures, cancelling_and_backoff_add_up);
    tcase_add_story(failures, attempt_numbers_survive_the_graph);
    tcase_add_story(failures, an_exhausted_strategy_fails_the_job);
    tcase_add_story(failures, a_job_whose_tasks_finish_is_finished);
    tcase_add_story(failures, a_loss_below_the_lower_bounds_fails_the_job_after_the_wait);
    suite_add_tcase(suite, failures);
    TCase *stops = tcase_create("stop with savepoint");
    tcase_add_story(stops, a_stop_ends_the_job_behind_its_savepoint);
    tcase_add_story(stops, a_stop_without_its_savepoint_goes_back_to_executing);
    tcase_add_story(stops, a_failure_while_stopping_restarts_the_job);
    tcase_add_story(stops, a_failure_without_restart_while_stopping_fails_the_job);
    tcase_add_story(stops, a_job_that_finishes_before_its_stop_answers_the_stop_with_a_failure);
    tcase_add_story(stops, a_stop_while_waiting_for_resources_is_refused);
    suite_add_tcase(suite, stops);
    return suite;
}
