/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of reactive mode (A3): the job is as large as its TaskManagers allow, and follows them.
 * Each is a recording of Flink 2.3 where one is named.
 */
#include <check.h>

#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

/* Recording of Flink 2.3, reactive-add-tm-defaults: a TaskManager that joins inside the cooldown is
 * taken 60 s after its slots came, one that joins later as well. */
START_TEST(a_reactive_job_grows_a_minute_after_slots_came)
{
    struct story *story = story_begin(_i);
    story_set(story, "scheduler-mode", "reactive");
    story_open(story, 1, 2, story_job(story, 2, 8));
    story_run(story, 5 * TIME_S);
    story_add(story, 2);
    story_expect(story, "5.001 jm: resource manager registers tm2\n"
                        "30.154 jm: transition manager Cooldown -> Stabilizing\n"
                        "65.055 jm: transition manager Stabilizing -> Stabilized\n"
                        "65.055 jm: transition manager sufficient resources met\n"
                        "65.055 jm: transition manager Stabilized -> Transitioning\n"
                        "65.055 jm: scheduler Executing -> Restarting (sufficient resources)\n"
                        "65.055 jm: job RUNNING -> CANCELLING\n"
                        "65.062 jm: job CANCELLING -> CANCELED\n"
                        "65.062 jm: scheduler Restarting -> CreatingExecutionGraph\n"
                        "65.062 jm: job CREATED -> RUNNING\n"
                        "65.062 jm: scheduler CreatingExecutionGraph -> Executing\n"
                        "65.062 jm: job first task DEPLOYING 8\n"
                        "65.094 jm: job all tasks RUNNING 8 (parallelism 4)\n"
                        "95.062 jm: transition manager Cooldown -> Idling\n");
    story_run(story, 100 * TIME_S);
    story_add(story, 1);
    story_expect(story, "100.001 jm: resource manager registers tm3\n"
                        "100.055 jm: transition manager Idling -> Stabilizing\n"
                        "160.055 jm: transition manager Stabilizing -> Stabilized\n"
                        "160.055 jm: transition manager sufficient resources met\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, reactive-add-tm-tuned-zero: every TaskManager restarts the job at once;
 * two that join one after the other are two restarts. */
START_TEST(a_reactive_job_without_patience_restarts_for_each_task_manager)
{
    struct story *story = story_begin(_i);
    story_reactive(story, "0 s", "0 s");
    story_open(story, 1, 2, story_job(story, 2, 8));
    story_run(story, 5 * TIME_S);
    story_add(story, 2);
    story_run(story, 5600 * TIME_MS);
    story_add(story, 2);
    story_run(story, 10 * TIME_S);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).rescales, 2);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks, 2 * 6);
    story_destroy(story);
}
END_TEST

/* A3: the upper bound is the max parallelism; more slots are not even asked for. */
START_TEST(a_reactive_job_stops_growing_at_its_max_parallelism)
{
    struct story *story = story_begin(_i);
    story_reactive(story, "0 s", "0 s");
    story_open(story, 3, 2, story_job(story, 1, 5));
    story_run(story, 10 * TIME_S);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks, 2 * 5);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 1);
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, reactive-sigterm-tm: the resource manager hears first, the restart begins
 * at once and finds what is left after the back-off. */
START_TEST(a_reactive_job_shrinks_when_a_task_manager_says_goodbye)
{
    struct story *story = story_begin(_i);
    story_reactive(story, "1 s", "2 s");
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 2, story_job(story, 2, 8));
    story_run(story, 20 * TIME_S);
    story_stop(story, (struct node_id){ 2 });
    story_expect(story,
                 "20.001 jm: resource manager closes tm2 (TaskManager is shutting down)\n"
                 "20.001 jm: execution RUNNING -> FAILED v0[2]#0 tm2 (FlinkExpectedException: "
                 "TaskManager is shutting down)\n"
                 "20.001 jm: scheduler Executing -> Restarting (TaskManager is shutting down)\n"
                 "20.001 jm: job RUNNING -> CANCELLING\n"
                 "20.001 jm: job master disconnects tm2 (TaskManager is shutting down)\n"
                 "20.008 jm: job CANCELLING -> CANCELED\n"
                 "21.008 jm: scheduler Restarting -> WaitingForResources\n"
                 "21.008 jm: transition manager Cooldown -> Idling\n"
                 "21.008 jm: transition manager Idling -> Stabilizing\n"
                 "21.008 jm: transition manager Stabilizing -> Stabilized\n"
                 "21.008 jm: transition manager sufficient resources met\n"
                 "21.008 jm: transition manager Stabilized -> Transitioning\n"
                 "21.008 jm: scheduler WaitingForResources -> CreatingExecutionGraph (sufficient "
                 "resources)\n"
                 "21.008 jm: job CREATED -> RUNNING\n"
                 "21.008 jm: scheduler CreatingExecutionGraph -> Executing\n"
                 "21.008 jm: job first task DEPLOYING 4\n"
                 "21.040 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, reactive-kill9-tm-default-heartbeat: restarts at full size against the
 * dead TaskManager until its slots are given up, then one at what is left. */
START_TEST(a_reactive_job_restarts_in_vain_until_the_dead_is_declared)
{
    struct story *story = story_begin(_i);
    story_reactive(story, "1 s", "2 s");
    story_fixed_delay(story, "100", "5 s");
    story_open(story, 2, 2, story_job(story, 2, 8));
    story_run(story, 32 * TIME_S);
    story_kill_noticed(story, (struct node_id){ 2 }, 400 * TIME_MS);
    story_expect(story, "32.401 jm: execution RUNNING -> FAILED v0[0]#0 tm1 "
                        "(RemoteTransportException: data connection to a TaskManager lost)\n"
                        "32.401 jm: scheduler Executing -> Restarting (data connection to a "
                        "TaskManager lost)\n"
                        "32.401 jm: job RUNNING -> CANCELLING\n"
                        "32.409 jm: job CANCELLING -> CANCELED\n"
                        "37.409 jm: scheduler Restarting -> WaitingForResources\n"
                        "...\n"
                        "37.409 jm: job first task DEPLOYING 8\n"
                        "37.411 jm: execution DEPLOYING -> FAILED v0[2]#1 tm2 "
                        "(RecipientUnreachableException: TaskManager cannot be reached)\n"
                        "37.411 jm: scheduler Executing -> Restarting (TaskManager cannot be "
                        "reached)\n"
                        "...\n"
                        "50.002 jm: resource manager closes tm2 (TaskManager no longer "
                        "reachable)\n"
                        "50.002 jm: job master disconnects tm2 (TaskManager no longer reachable)\n"
                        "...\n"
                        "52.468 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, reactive-sigstop-12s-heartbeat-1s-5s: 5 s after the last heartbeat the
 * frozen TaskManager is lost, and the job shrinks; when it goes on it registers again, and the job
 * grows by the ordinary phases. */
START_TEST(a_frozen_task_manager_is_lost_and_comes_back)
{
    struct story *story = story_begin(_i);
    story_reactive(story, "1 s", "2 s");
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "heartbeat.interval", "1 s");
    story_set(story, "heartbeat.timeout", "5 s");
    story_open(story, 2, 2, story_job(story, 2, 8));
    story_run(story, 10500 * TIME_MS);
    story_freeze(story, (struct node_id){ 2 }, true);
    story_run(story, 22500 * TIME_MS);
    story_freeze(story, (struct node_id){ 2 }, false);
    story_expect(story, "22.500 tm2: taskmanager resource manager lost (it disconnected)\n"
                        "22.500 tm2: taskmanager job master lost (it disconnected)\n"
                        "22.501 jm: resource manager registers tm2\n"
                        "22.503 jm: transition manager Idling -> Stabilizing\n"
                        "24.503 jm: transition manager Stabilizing -> Stabilized\n"
                        "24.503 jm: transition manager sufficient resources met\n"
                        "24.503 jm: transition manager Stabilized -> Transitioning\n"
                        "24.503 jm: scheduler Executing -> Restarting (sufficient resources)\n"
                        "...\n"
                        "24.542 jm: job all tasks RUNNING 8 (parallelism 4)\n");
    story_destroy(story);
}
END_TEST

START_TEST(a_frozen_task_manager_is_given_up_after_the_heartbeat_timeout)
{
    struct story *story = story_begin(_i);
    story_reactive(story, "1 s", "2 s");
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "heartbeat.interval", "1 s");
    story_set(story, "heartbeat.timeout", "5 s");
    story_open(story, 2, 2, story_job(story, 2, 8));
    story_run(story, 10500 * TIME_MS);
    story_freeze(story, (struct node_id){ 2 }, true);
    story_expect(story,
                 "15.002 jm: resource manager closes tm2 (heartbeat of a TaskManager timed out)\n"
                 "15.002 jm: execution RUNNING -> FAILED v0[2]#0 tm2 (TimeoutException: heartbeat "
                 "of a TaskManager timed out)\n"
                 "15.002 jm: scheduler Executing -> Restarting (heartbeat of a TaskManager timed "
                 "out)\n"
                 "15.002 jm: job RUNNING -> CANCELLING\n"
                 "15.002 jm: job master disconnects tm2 (heartbeat of a TaskManager timed out)\n"
                 "15.009 jm: job CANCELLING -> CANCELED\n"
                 "16.009 jm: scheduler Restarting -> WaitingForResources\n"
                 "...\n"
                 "16.041 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* A3: the default wait, 5 min, does not hold in reactive mode, but one that is set does, be it the
 * same (AdaptiveScheduler.Settings.of asks whether the key is there). */
START_TEST(a_reactive_job_waits_for_ever_unless_told_otherwise)
{
    static const char waiting[] = "0.100 jm: dispatcher job submitted (job)\n"
                                  "0.100 jm: scheduler Created -> WaitingForResources\n"
                                  "0.100 jm: transition manager Cooldown -> Idling\n";
    static const char over[] =
        "300.100 jm: scheduler WaitingForResources -> CreatingExecutionGraph (the wait for "
        "resources is over)\n"
        "300.100 jm: scheduler CreatingExecutionGraph -> Finished (not enough slots for the lower "
        "bounds)\n"
        "300.100 jm: job archived FAILED (not enough slots for the lower bounds)\n"
        "300.100 jm: dispatcher job ended (FAILED)\n";
    for (int is_set = 0; is_set < 2; is_set++) {
        struct story *story = story_begin(_i);
        story_set(story, "scheduler-mode", "reactive");
        if (is_set)
            story_set(story, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout",
                      "5 min");
        story_open(story, 0, 0, story_job(story, 2, 8));
        story_expect(story, waiting);
        if (is_set)
            story_expect(story, over);
        story_expect_silence(story, 24 * TIME_H);
        story_destroy(story);
    }
}
END_TEST

Suite *test_schedule_reactive_suite(void)
{
    Suite *suite = suite_create("schedule: reactive mode");
    TCase *reactive = tcase_create("reactive mode");
    tcase_add_story(reactive, a_reactive_job_grows_a_minute_after_slots_came);
    tcase_add_story(reactive, a_reactive_job_without_patience_restarts_for_each_task_manager);
    tcase_add_story(reactive, a_reactive_job_stops_growing_at_its_max_parallelism);
    tcase_add_story(reactive, a_reactive_job_shrinks_when_a_task_manager_says_goodbye);
    tcase_add_story(reactive, a_reactive_job_restarts_in_vain_until_the_dead_is_declared);
    tcase_add_story(reactive, a_frozen_task_manager_is_given_up_after_the_heartbeat_timeout);
    tcase_add_story(reactive, a_frozen_task_manager_is_lost_and_comes_back);
    tcase_add_story(reactive, a_reactive_job_waits_for_ever_unless_told_otherwise);
    suite_add_tcase(suite, reactive);
    return suite;
}
