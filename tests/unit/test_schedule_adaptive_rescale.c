/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of rescaling: requirements changed at run time (A4), slots that come and go, reactive
 * mode (A3), and when it happens (A2's phases).
 */
#include <check.h>
#include <string.h>

#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

static void set_phases(struct story *story, const char *cooldown, const char *stabilization)
{
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", cooldown);
    story_set(story, "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout",
              stabilization);
}

/* Recording of Flink 2.3, adaptive-put-up-defaults, first PUT: inside the cooldown the rescale
 * comes exactly at its end, 30 s after Executing began, without stabilization because all slots are
 * there.
 */
START_TEST(a_put_inside_the_cooldown_rescales_at_its_end)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 1, 6, story_job(story, 2, 0));
    story_run(story, 6 * TIME_S);
    story_put(story, 2, 1, 4);
    story_expect(story, "30.154 jm: transition manager Cooldown -> Stabilizing\n"
                        "30.154 jm: transition manager desired resources met\n"
                        "30.154 jm: transition manager Stabilizing -> Transitioning\n"
                        "30.154 jm: scheduler Executing -> Restarting (desired resources)\n"
                        "30.154 jm: job RUNNING -> CANCELLING\n"
                        "30.161 jm: job CANCELLING -> CANCELED\n"
                        "30.161 jm: scheduler Restarting -> CreatingExecutionGraph\n"
                        "30.161 jm: job CREATED -> RUNNING\n"
                        "30.161 jm: scheduler CreatingExecutionGraph -> Executing\n"
                        "30.161 jm: job first task DEPLOYING 8\n"
                        "30.193 jm: job all tasks RUNNING 8 (parallelism 4)\n");
    ck_assert_str_eq(story_answer(story), "rescale: done 0");
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).rescales, 1);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).restarts, 1);
    story_destroy(story);
}
END_TEST

/* The same recording, second PUT: after the cooldown it takes as long as the slots need to come. */
START_TEST(a_put_after_the_cooldown_rescales_when_the_slots_have_come)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 3, 2, story_job(story, 4, 0));
    story_run(story, 70 * TIME_S);
    story_put(story, 2, 1, 6);
    story_expect(story, "70.056 jm: transition manager Idling -> Stabilizing\n"
                        "70.056 jm: transition manager desired resources met\n"
                        "70.056 jm: transition manager Stabilizing -> Transitioning\n"
                        "70.056 jm: scheduler Executing -> Restarting (desired resources)\n"
                        "70.056 jm: job RUNNING -> CANCELLING\n"
                        "70.063 jm: job CANCELLING -> CANCELED\n"
                        "70.063 jm: scheduler Restarting -> CreatingExecutionGraph\n"
                        "70.063 jm: job CREATED -> RUNNING\n"
                        "70.063 jm: scheduler CreatingExecutionGraph -> Executing\n"
                        "70.063 jm: job first task DEPLOYING 12\n"
                        "70.095 jm: job all tasks RUNNING 12 (parallelism 6)\n");
    story_destroy(story);
}
END_TEST

/* A4: a lower upper bound makes the desired fewer, so the job shrinks through the same phases; the
 * slots left over go back when they have idled. */
START_TEST(a_put_of_less_shrinks_the_job)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 2, 2, story_job(story, 4, 0));
    story_run(story, 40 * TIME_S);
    story_put(story, 2, 1, 2);
    story_expect(story, "40.002 jm: transition manager Idling -> Stabilizing\n"
                        "40.002 jm: transition manager desired resources met\n"
                        "40.002 jm: transition manager Stabilizing -> Transitioning\n"
                        "40.002 jm: scheduler Executing -> Restarting (desired resources)\n"
                        "...\n"
                        "40.041 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "70.009 jm: transition manager Cooldown -> Idling\n"
                        "100.100 jm: job master disconnects tm2 (it has no slot of the job "
                        "left)\n");
    story_run(story, 101 * TIME_S);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 2);
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, adaptive-put-lower-above-available: accepted, and the job runs on as it
 * is; when the slots come it rescales at once (no cooldown, no stabilization). */
START_TEST(a_put_above_what_is_there_waits_for_slots)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    set_phases(story, "0 s", "0 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_put(story, 2, 4, 4);
    story_expect_silence(story, 15 * TIME_S);
    ck_assert_str_eq(story_answer(story), "rescale: done 0");
    story_add(story, 2);
    story_expect(story, "15.001 jm: resource manager registers tm2\n"
                        "15.055 jm: transition manager Idling -> Stabilizing\n"
                        "15.055 jm: transition manager Stabilizing -> Stabilized\n"
                        "15.055 jm: transition manager sufficient resources met\n"
                        "15.055 jm: transition manager Stabilized -> Transitioning\n"
                        "15.055 jm: scheduler Executing -> Restarting (sufficient resources)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, adaptive-put-above-available-checkpointed, run 1: checkpoints completed
 * while Stabilizing do nothing, for the desired slots are not there; once Stabilized the next
 * completed one would, but the maximal delay, 3 intervals after the change, comes first. */
START_TEST(a_put_above_what_is_there_takes_the_rest_after_the_maximal_delay)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    set_phases(story, "5 s", "10 s");
    story_set(story, "execution.checkpointing.interval", "4 s");
    story_open(story, 2, 2, story_job(story, 2, 0));
    story_run(story, 8 * TIME_S);
    story_put(story, 2, 1, 6);
    story_expect(story, "8.056 jm: transition manager Idling -> Stabilizing\n"
                        "...\n"
                        "16.205 jm: checkpoint completed #5 19000000\n"
                        "18.056 jm: transition manager Stabilizing -> Stabilized\n"
                        "20.056 jm: transition manager sufficient resources met\n"
                        "20.056 jm: transition manager Stabilized -> Transitioning\n"
                        "20.056 jm: scheduler Executing -> Restarting (sufficient resources)\n"
                        "20.056 jm: job RUNNING -> CANCELLING\n"
                        "20.056 jm: checkpoint stopping checkpoint scheduler\n"
                        "20.063 jm: job CANCELLING -> CANCELED\n"
                        "20.063 jm: scheduler Restarting -> CreatingExecutionGraph\n"
                        "20.063 jm: checkpoint restore from checkpoint 5\n"
                        "...\n"
                        "20.095 jm: job all tasks RUNNING 8 (parallelism 4)\n");
    story_destroy(story);
}
END_TEST

/* The same recording, runs 2 and 3: the first checkpoint that completes while Stabilized. */
START_TEST(a_checkpoint_completed_when_stabilized_triggers_the_rescale)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    set_phases(story, "5 s", "10 s");
    story_set(story, "execution.checkpointing.interval", "4 s");
    story_open(story, 2, 2, story_job(story, 2, 0));
    story_run(story, 9500 * TIME_MS);
    story_put(story, 2, 1, 6);
    story_expect(story, "9.556 jm: transition manager Idling -> Stabilizing\n"
                        "...\n"
                        "19.556 jm: transition manager Stabilizing -> Stabilized\n"
                        "20.186 jm: checkpoint triggered #6\n"
                        "20.205 jm: checkpoint completed #6 19000000\n"
                        "20.205 jm: transition manager sufficient resources met\n"
                        "20.205 jm: transition manager Stabilized -> Transitioning\n"
                        "20.205 jm: scheduler Executing -> Restarting (sufficient resources)\n");
    story_destroy(story);
}
END_TEST

/* A2: failed checkpoints count as well, from the first change on: two of them trigger. */
START_TEST(failed_checkpoints_trigger_the_rescale_too)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    set_phases(story, "1 s", "1 s");
    story_set(story, "execution.checkpointing.interval", "4 s");
    story_set(story, "execution.checkpointing.timeout", "1 s");
    story_set(story, "execution.checkpointing.tolerable-failed-checkpoints", "9");
    story_set(story, "jobmanager.adaptive-scheduler.rescale-trigger.max-delay", "1 h");
    story_open(story, 2, 2, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_hold_acks(story, true);
    story_put(story, 2, 1, 6);
    story_expect(story, "5.056 jm: transition manager Idling -> Stabilizing\n"
                        "6.056 jm: transition manager Stabilizing -> Stabilized\n"
                        "8.186 jm: checkpoint triggered #3\n"
                        "9.186 jm: checkpoint expired #3\n"
                        "9.186 jm: checkpoint failed #3 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "12.186 jm: checkpoint triggered #4\n"
                        "13.186 jm: checkpoint expired #4\n"
                        "13.186 jm: checkpoint failed #4 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "13.186 jm: transition manager sufficient resources met\n"
                        "13.186 jm: transition manager Stabilized -> Transitioning\n");
    story_destroy(story);
}
END_TEST

/* A2: a stop whose savepoint fails goes back to an Executing that is a new one (StopWithSavepoint,
 * goToExecuting): what failed before the stop is not counted, nor is what fails after it, until
 * there is another change. */
START_TEST(a_failed_stop_forgets_the_failed_checkpoints)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    set_phases(story, "500 ms", "500 ms");
    story_set(story, "execution.checkpointing.interval", "4 s");
    story_set(story, "execution.checkpointing.timeout", "1 s");
    story_set(story, "execution.checkpointing.tolerable-failed-checkpoints", "9");
    story_set(story, "jobmanager.adaptive-scheduler.rescale-trigger.max-delay", "1 h");
    story_open(story, 2, 2, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_hold_acks(story, true);
    story_put(story, 2, 1, 6);
    story_run(story, 10 * TIME_S);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_expect(story, "10.000 jm: scheduler Executing -> StopWithSavepoint\n"
                        "10.000 jm: checkpoint triggered #4 (stop with savepoint)\n"
                        "11.000 jm: checkpoint expired #4\n"
                        "11.000 jm: checkpoint failed #4 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "11.000 jm: scheduler StopWithSavepoint -> Executing (the savepoint "
                        "failed)\n"
                        "11.000 jm: checkpoint triggered #5\n"
                        "11.500 jm: transition manager Cooldown -> Stabilizing\n"
                        "11.500 jm: transition manager Stabilizing -> Stabilized\n"
                        "12.000 jm: checkpoint expired #5\n"
                        "12.000 jm: checkpoint failed #5 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "15.000 jm: checkpoint triggered #6\n"
                        "16.000 jm: checkpoint expired #6\n"
                        "16.000 jm: checkpoint failed #6 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "19.000 jm: checkpoint triggered #7\n");
    story_put(story, 2, 1, 5); /* a change: from here on they count */
    story_expect(story, "20.000 jm: checkpoint expired #7\n"
                        "20.000 jm: checkpoint failed #7 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "23.000 jm: checkpoint triggered #8\n"
                        "24.000 jm: checkpoint expired #8\n"
                        "24.000 jm: checkpoint failed #8 1000000000 (Checkpoint expired before "
                        "completing)\n"
                        "24.000 jm: transition manager sufficient resources met\n"
                        "24.000 jm: transition manager Stabilized -> Transitioning\n");
    story_destroy(story);
}
END_TEST

/* A request that is refused at the trigger never was a checkpoint, and is a failed one to those who
 * count (DefaultCheckpointStatsTracker.reportFailedCheckpointsWithoutInProgress). */
START_TEST(refused_triggers_count_as_failed_checkpoints)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    set_phases(story, "1 s", "1 s");
    story_set(story, "execution.checkpointing.interval", "4 s");
    story_set(story, "execution.checkpointing.checkpoints-after-tasks-finish", "false");
    story_set(story, "jobmanager.adaptive-scheduler.rescale-trigger.max-delay", "1 h");
    story_open(story, 2, 2, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_report(story, 0, EXECUTION_FINISHED, CAUSE_NONE);
    story_put(story, 2, 1, 6);
    story_expect(story, "5.056 jm: transition manager Idling -> Stabilizing\n"
                        "6.056 jm: transition manager Stabilizing -> Stabilized\n"
                        "8.186 jm: checkpoint refused (Not all required tasks are currently "
                        "running)\n"
                        "12.186 jm: checkpoint refused (Not all required tasks are currently "
                        "running)\n"
                        "12.186 jm: transition manager sufficient resources met\n"
                        "12.186 jm: transition manager Stabilized -> Transitioning\n");
    story_destroy(story);
}
END_TEST

/* Slots that come and go again while it stabilizes: nothing is left to take, and only Stabilized
 * can tell (A2). */
START_TEST(slots_that_leave_again_end_in_idling)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    set_phases(story, "1 s", "10 s");
    story_open(story, 1, 2, story_job(story, 4, 0));
    story_run(story, 20 * TIME_S);
    story_add(story, 1);
    story_run(story, 22 * TIME_S);
    story_stop(story, (struct node_id){ 2 });
    story_expect(story, "22.001 jm: resource manager closes tm2 (TaskManager is shutting down)\n"
                        "22.001 jm: job master disconnects tm2 (TaskManager is shutting down)\n"
                        "30.055 jm: transition manager Stabilizing -> Stabilized\n"
                        "30.055 jm: transition manager Stabilized -> Idling\n");
    story_expect_silence(story, 3 * TIME_MIN);
    story_destroy(story);
}
END_TEST

/* 2.4 only (surprise 9): an active checkpoint on entering Stabilizing and Stabilized saves replay;
 * the rescale does not wait for the next periodic one. */
static void check_active_checkpoint(int vouch, enum flink_version version, const char *expected)
{
    struct story *story = story_begin(vouch);
    story_set_version(story, version);
    story_adaptive(story);
    set_phases(story, "1 s", "2 s");
    story_set(story, "execution.checkpointing.interval", "60 s");
    story_open(story, 2, 2, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_put(story, 2, 1, 6);
    story_expect(story, expected);
    story_destroy(story);
}

START_TEST(flink_2_4_takes_a_checkpoint_when_a_rescale_is_near)
{
    check_active_checkpoint(_i, FLINK_2_4,
                            "5.056 jm: transition manager Idling -> Stabilizing\n"
                            "5.056 jm: checkpoint triggered #2\n"
                            "5.075 jm: checkpoint completed #2 19000000\n"
                            "7.056 jm: transition manager Stabilizing -> Stabilized\n"
                            "7.056 jm: checkpoint triggered #3\n"
                            "7.075 jm: checkpoint completed #3 19000000\n"
                            "7.075 jm: transition manager sufficient resources met\n");
}
END_TEST

START_TEST(flink_2_3_waits_for_the_next_periodic_checkpoint)
{
    check_active_checkpoint(_i, FLINK_2_3,
                            "5.056 jm: transition manager Idling -> Stabilizing\n"
                            "7.056 jm: transition manager Stabilizing -> Stabilized\n"
                            "60.186 jm: checkpoint triggered #2\n"
                            "60.205 jm: checkpoint completed #2 19000000\n"
                            "60.205 jm: transition manager sufficient resources met\n");
}
END_TEST

/* Requirements refused (A4). */

START_TEST(bounds_that_make_no_sense_are_refused)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 1, 2, story_job(story, 2, 8));
    story_run(story, 1 * TIME_S);
    story_put(story, 2, 3, 2);
    ck_assert_str_eq(story_answer(story), "rescale: refused vertex source: found 3 to 2, expected "
                                          "1 <= lower <= upper <= 8");
    story_put(story, 2, 1, 9);
    ck_assert_str_eq(story_answer(story), "rescale: refused vertex source: found 1 to 9, expected "
                                          "1 <= lower <= upper <= 8");
    story_put(story, 2, 0, 2);
    ck_assert_str_eq(story_answer(story), "rescale: refused vertex source: found 0 to 2, expected "
                                          "1 <= lower <= upper <= 8");
    story_put(story, 1, 1, 2);
    ck_assert_str_eq(story_answer(story), "rescale: refused vertex count is not named");
    story_put(story, 3, 1, 2);
    ck_assert_str_eq(story_answer(story), "rescale: refused the job has no vertex 2");
    struct vertex_bounds twice[] = { { { 0 }, 1, 2 }, { { 0 }, 1, 2 } };
    story_ask(story, CLIENT_UPDATE_REQUIREMENTS, twice, 2);
    ck_assert_str_eq(story_answer(story), "rescale: refused vertex source is named twice");
    story_put(story, 2, -1, -1);
    story_run(story, 2 * TIME_S);
    ck_assert_str_eq(story_answer(story), "rescale: done 0");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* 409: a second update while the first is on its way to the store. */
START_TEST(two_updates_at_a_time_conflict)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 1 * TIME_S);
    story_put(story, 2, 1, 4);
    story_put(story, 2, 1, 3);
    ck_assert_str_eq(story_answer(story), "rescale: refused another update of the job's "
                                          "requirements is in progress");
    ck_assert_uint_eq(story_unanswered(story), 1);
    story_run(story, 2 * TIME_S);
    ck_assert_str_eq(story_answer(story), "rescale: done 0");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* Not stored, not applied. */
START_TEST(an_update_that_cannot_be_stored_changes_nothing)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 40 * TIME_S);
    story_fail_stores(story, true);
    story_put(story, 2, 1, 4);
    story_expect_silence(story, 60 * TIME_S);
    ck_assert_str_eq(story_answer(story), "rescale: refused the requirements could not be stored");
    story_destroy(story);
}
END_TEST

/* The same bounds again are no change (DefaultVertexParallelismStore.applyJobResourceRequirements):
 * the wish for them stays open. */
START_TEST(an_update_to_the_same_bounds_is_no_change)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_set(story, "web.adaptive-scheduler.rescale-history.size", "1");
    story_open(story, 1, 2, story_job(story, 2, 8));
    story_run(story, 40 * TIME_S);
    story_put(story, 2, 1, 4);
    story_run(story, 50 * TIME_S);
    story_put(story, 2, 1, 4);
    story_expect_silence(story, 60 * TIME_S);
    ck_assert_str_eq(story_answer(story), "rescale: done 0");
    story_put(story, 2, 1, 5);
    story_expect(story, "60.002 jm: rescale IGNORED 20000000000 (UPDATE_REQUIREMENT, "
                        "RESOURCE_REQUIREMENTS_UPDATED, parallelism 2 instead of 4)\n");
    story_destroy(story);
}
END_TEST

START_TEST(an_update_ends_unanswered_by_nobody_when_the_job_ends)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 1 * TIME_S);
    story_put(story, 2, 1, 4);
    story_finish_all(story);
    story_run(story, 2 * TIME_S);
    ck_assert_str_eq(story_answer(story), "rescale: refused the job has ended");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(reactive_and_default_jobs_take_no_requirements)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 1 * TIME_S);
    story_put(story, 2, 1, 4);
    story_run(story, 2 * TIME_S);
    ck_assert_str_eq(story_answer(story),
                     "rescale: refused the default scheduler cannot change a job's parallelism, "
                     "jobmanager.scheduler must be adaptive");
    story_destroy(story);
    story = story_begin(_i);
    story_reactive(story, "1 s", "1 s");
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 1 * TIME_S);
    story_put(story, 2, 1, 4);
    story_run(story, 2 * TIME_S);
    ck_assert_str_eq(story_answer(story),
                     "rescale: refused reactive mode does not take resource requirements");
    story_destroy(story);
}
END_TEST

Suite *test_schedule_adaptive_rescale_suite(void)
{
    Suite *suite = suite_create("schedule: adaptive rescale");
    TCase *puts = tcase_create("requirements");
    tcase_add_story(puts, a_put_inside_the_cooldown_rescales_at_its_end);
    tcase_add_story(puts, a_put_after_the_cooldown_rescales_when_the_slots_have_come);
    tcase_add_story(puts, a_put_of_less_shrinks_the_job);
    tcase_add_story(puts, a_put_above_what_is_there_waits_for_slots);
    tcase_add_story(puts, a_put_above_what_is_there_takes_the_rest_after_the_maximal_delay);
    tcase_add_story(puts, a_checkpoint_completed_when_stabilized_triggers_the_rescale);
    tcase_add_story(puts, failed_checkpoints_trigger_the_rescale_too);
    tcase_add_story(puts, a_failed_stop_forgets_the_failed_checkpoints);
    tcase_add_story(puts, refused_triggers_count_as_failed_checkpoints);
    tcase_add_story(puts, slots_that_leave_again_end_in_idling);
    tcase_add_story(puts, flink_2_4_takes_a_checkpoint_when_a_rescale_is_near);
    tcase_add_story(puts, flink_2_3_waits_for_the_next_periodic_checkpoint);
    suite_add_tcase(suite, puts);
    TCase *refused = tcase_create("refused");
    tcase_add_story(refused, bounds_that_make_no_sense_are_refused);
    tcase_add_story(refused, two_updates_at_a_time_conflict);
    tcase_add_story(refused, an_update_that_cannot_be_stored_changes_nothing);
    tcase_add_story(refused, an_update_to_the_same_bounds_is_no_change);
    tcase_add_story(refused, an_update_ends_unanswered_by_nobody_when_the_job_ends);
    tcase_add_story(refused, reactive_and_default_jobs_take_no_requirements);
    suite_add_tcase(suite, refused);
    return suite;
}
