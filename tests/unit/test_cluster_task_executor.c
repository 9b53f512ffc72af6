/* SPDX-License-Identifier: Apache-2.0
 *
 * The TaskExecutor with a cluster around it: registration, slots, contact to JobMasters, losses and
 * the cancellation watchdog. A7, A8.
 */
#include <check.h>
#include <string.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/task_executor.h"
#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 }, tm1 = { 1 };

static const struct task_executor *executor_of(const struct story *story, struct node_id node)
{
    return node_task_executor(story_node(story, node));
}

/* Registration. */

/* It finds nobody: cluster.registration.error-delay, 10 s (README: "waits 10 s"). */
START_TEST(a_task_manager_that_finds_no_resource_manager_tries_again_after_ten_seconds)
{
    struct story *story = story_begin(_i);
    story_start(story);
    story_kill(story, jm);
    story_add(story, 1);
    story_run(story, 5 * TIME_S);
    ck_assert_int_eq(executor_of(story, tm1)->rm_contact, CONTACT_REGISTERING);
    ck_assert_int_eq(node_deadline(story_node(story, tm1)), 10002 * TIME_MS);
    story_destroy(story);
}
END_TEST

/* Nobody answers: 100 ms, doubling to 30 s (cluster.registration.*-timeout). */
START_TEST(a_registration_without_an_answer_is_sent_again_ever_less_often)
{
    struct story *story = story_begin(_i);
    story_start(story);
    story_freeze(story, jm, true);
    story_add(story, 1);
    time_ns at = 0, wait = 100 * TIME_MS;
    for (int i = 0; i < 12; i++) {
        at += wait;
        ck_assert_int_eq(node_deadline(story_node(story, tm1)), at);
        story_run(story, at + 1);
        wait = 2 * wait < 30 * TIME_S ? 2 * wait : 30 * TIME_S;
    }
    story_freeze(story, jm, false);
    story_run(story, at + 10 * TIME_MS);
    ck_assert_int_eq(executor_of(story, tm1)->rm_contact, CONTACT_MADE);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 1);
    story_destroy(story);
}
END_TEST

/* taskmanager.registration.timeout: it ends itself. */
START_TEST(a_task_manager_that_never_finds_one_ends_itself)
{
    struct story *story = story_begin(_i);
    story_set(story, "taskmanager.registration.timeout", "1 min");
    story_start(story);
    story_kill(story, jm);
    story_add(story, 1);
    story_expect(story, "60.000 tm1: taskmanager gives up: no resource manager\n");
    ck_assert(!story_is_up(story, tm1));
    story_destroy(story);
}
END_TEST

/* A link slower than the first patience: the repeated requests are one registration all the same,
 * with the resource manager and with the JobMaster. */
START_TEST(repeated_requests_are_one_registration)
{
    struct story *story = story_begin(_i);
    story_set_latency(story, 400 * TIME_MS);
    story_fixed_delay(story, "5", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_MIN);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 1);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks_running, 4);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).restarts, 0);
    story_expect_silence(story, 3 * TIME_MIN);
    story_destroy(story);
}
END_TEST

/* Slots. */

/* taskmanager.slot.timeout: a slot that its job does not take is free after 10 s. */
START_TEST(a_slot_that_nobody_accepts_times_out)
{
    struct story *story = story_begin(_i);
    story_set(story, "resourcemanager.standalone.start-up-time", "1 s");
    story_start(story);
    story_add(story, 1);
    story_run(story, 5 * TIME_S);
    story_submit(story, story_job(story, 2, 0)); /* needs two: fails while one is granted */
    story_expect(story, "...\n"
                        "15.071 tm1: taskmanager slot timed out\n");
    story_run(story, 16 * TIME_S);
    ck_assert_uint_eq(view_task_manager_slots_used(story_node(story, tm1)), 0);
    ck_assert_uint_eq(executor_of(story, tm1)->jobs.count, 0);
    story_destroy(story);
}
END_TEST

/* TaskManagerOptions.SLOT_TIMEOUT falls back to pekko.ask.timeout, and only where it is not set. */
START_TEST(the_slot_timeout_follows_that_of_requests_unless_it_is_set)
{
    for (int is_set = 0; is_set < 2; is_set++) {
        struct story *story = story_begin(_i);
        story_set(story, "resourcemanager.standalone.start-up-time", "1 s");
        story_set(story, "pekko.ask.timeout", "3 s");
        if (is_set)
            story_set(story, "taskmanager.slot.timeout", "7 s");
        story_start(story);
        story_add(story, 1);
        story_run(story, 5 * TIME_S);
        story_submit(story, story_job(story, 2, 0)); /* needs two: fails while one is granted */
        story_expect(story, is_set ? "...\n12.071 tm1: taskmanager slot timed out\n"
                                   : "...\n8.071 tm1: taskmanager slot timed out\n");
        story_destroy(story);
    }
}
END_TEST

/* An offer the job no longer needs is refused, and the slot is free at once (A5). */
START_TEST(a_refused_offer_frees_the_slot_at_once)
{
    struct story *story = story_begin(_i);
    story_set_log_level(story, LOG_TASK);
    story_adaptive(story);
    story_open(story, 1, 4, story_job(story, 4, 8));
    story_run(story, 152 * TIME_MS); /* granted, not yet offered */
    story_put(story, 2, 1, 2);
    story_run(story, 1 * TIME_S);
    ck_assert_uint_le(view_task_manager_slots_used(story_node(story, tm1)), 4);
    story_run(story, 3 * TIME_MIN);
    ck_assert_uint_eq(view_task_manager_slots_used(story_node(story, tm1)), 2);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 2);
    story_destroy(story);
}
END_TEST

START_TEST(slots_pass_through_their_states)
{
    struct story *story = story_begin(_i);
    story_set_log_level(story, LOG_TASK);
    story_open(story, 1, 1, story_job(story, 1, 0));
    story_expect(story, "...\n"
                        "0.171 tm1: task slot FREE -> ALLOCATED slot 0\n"
                        "...\n"
                        "0.175 tm1: task slot ALLOCATED -> ACTIVE slot 0\n");
    story_run(story, 1 * TIME_S);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "...\n"
                        "1.008 tm1: task slot ACTIVE -> FREE slot 0\n");
    story_destroy(story);
}
END_TEST

/* Losses. */

/* Recording of Flink 2.3, jm-kill9-no-ha; surprise 14: the monitors of JobMaster and resource
 * manager run out independently, 50 s after the last heartbeat of each; tasks of the lost JobMaster
 * fail, slots wait 10 s to be offered again, the resource manager is asked for 5 min. */
START_TEST(a_dead_job_manager_is_noticed_by_two_monitors)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 15 * TIME_S);
    story_kill(story, jm);
    story_expect(story, "60.001 tm1: taskmanager resource manager lost (heartbeat timeout)\n");
    ck_assert_uint_eq(story_tasks_running(story), 4); /* the tasks run on */
    story_expect(story, "60.101 tm1: taskmanager job master lost (heartbeat timeout)\n"
                        "70.101 tm1: taskmanager slot timed out\n"
                        "70.101 tm1: taskmanager slot timed out 1\n");
    ck_assert_uint_eq(story_tasks_running(story), 0);
    ck_assert_uint_eq(view_task_manager_slots_used(story_node(story, tm1)), 0);
    story_expect(story, "360.001 tm1: taskmanager gives up: no resource manager\n");
    story_destroy(story);
}
END_TEST

/* The JobManager was only frozen: both sides lose one another, and find together again. The
 * TaskManager's tasks have failed, and the JobMaster hears so. */
START_TEST(a_job_manager_that_comes_back_finds_its_task_managers_again)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 15 * TIME_S);
    story_freeze(story, jm, true);
    story_run(story, 65 * TIME_S);
    story_freeze(story, jm, false);
    story_run(story, 3 * TIME_MIN);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks_running, 4);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).restarts, 1);
    story_destroy(story);
}
END_TEST

/* Only the resource manager is lost (it refuses the contact): tasks run on (A8). */
START_TEST(a_lost_resource_manager_stops_no_task)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 15 * TIME_S);
    struct node *node = (struct node *)(uintptr_t)story_node(story, tm1);
    struct message goodbye = { .kind = MESSAGE_RM_DISCONNECT };
    struct event event = { .at = 15 * TIME_S, .kind = EVENT_MESSAGE };
    event.message = (struct event_message){ .from = jm, .message = &goodbye };
    const struct effects *effects;
    ck_assert(!err_is(node_step(node, &event, &effects)));
    ck_assert_int_eq(executor_of(story, tm1)->rm_contact, CONTACT_REGISTERING);
    ck_assert_uint_eq(executor_of(story, tm1)->tasks.count, 4);
    story_destroy(story);
}
END_TEST

/* A submit that is taken after it timed out: the JobMaster has given that attempt up, and says so
 * when the TaskManager reports it (else the next heartbeat's reconciliation would end it). Whatever
 * attempt comes to the same TaskManager waits for it. */
START_TEST(a_submit_taken_too_late_is_cancelled)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 1,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 12 * TIME_S);
    struct node_id node = story_task_node(story, 0);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 12900 * TIME_MS);
    story_freeze(story, node, true); /* before the restart deploys to it */
    story_run(story, 25 * TIME_S);
    story_freeze(story, node, false);
    story_run(story, 25100 * TIME_MS); /* nothing waits for what is over */
    ck_assert_uint_le(executor_of(story, node)->tasks.count, 2);
    ck_assert_uint_eq(executor_of(story, node)->waiting.count, 0);
    story_run(story, 60 * TIME_S);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks_running, 4);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    ck_assert_uint_eq(executor_of(story, node)->tasks.count, 2);
    story_destroy(story);
}
END_TEST

/* Telling the JobMaster of a task's state is a request as well: when it is not taken in
 * pekko.ask.timeout the TaskManager fails the task (TaskExecutor.updateTaskExecutionState). Here
 * the JobManager freezes while the tasks come up. It takes all that was said when it goes on. */
START_TEST(a_task_that_its_job_master_is_not_told_of_fails)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 180 * TIME_MS); /* between deploying and INITIALIZING */
    story_freeze(story, jm, true);
    story_run(story, 10 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_run(story, 11 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 0);
    story_freeze(story, jm, false);
    story_expect(story, "...\n"
                        "11.000 jm: job all tasks RUNNING 4 (parallelism 2)\n"
                        "11.000 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (TimeoutException: the "
                        "JobMaster was not told of the task's state)\n"
                        "...\n"
                        "12.032 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* The watchdog (Task.TaskCancelerWatchDog): 3 min, and the process ends, saying so: nobody waits
 * for its heartbeats (TaskManagerRunner.onFatalError). */
START_TEST(a_task_that_does_not_end_ends_its_process)
{
    struct story *story = story_begin(_i);
    story_set_log_level(story, LOG_TASK);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 10 * TIME_S);
    story_slow_cancel(story, TIME_NEVER);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "...\n"
                        "40.001 tm1: taskmanager task is interrupted again\n"
                        "40.001 tm1: taskmanager task is interrupted again 1\n"
                        "40.001 tm1: taskmanager task is interrupted again 2\n"
                        "40.001 tm1: taskmanager task is interrupted again 3\n"
                        "70.001 tm1: taskmanager task is interrupted again\n"
                        "...\n"
                        "190.001 tm1: taskmanager task did not end in time "
                        "(task.cancellation.timeout)\n"
                        "...\n"
                        "190.002 jm: job CANCELLING -> CANCELED\n");
    story_run(story, 191 * TIME_S);
    ck_assert(!story_is_up(story, tm1));
    story_destroy(story);
}
END_TEST

/* Each task has its own three minutes. */
START_TEST(the_watchdog_counts_for_each_task)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 10 * TIME_S);
    story_slow_cancel(story, TIME_NEVER);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE); /* cancels map 0: task 2 */
    story_run(story, 21 * TIME_S);
    story_slow_cancel(story, STORY_CANCEL);
    story_run(story, 25 * TIME_S);
    story_slow_cancel(story, TIME_NEVER);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE); /* cancels map 1: task 3 */
    story_run(story, 100 * TIME_S);
    story_report(story, 2, EXECUTION_CANCELED, CAUSE_NONE); /* the first one ends after all */
    story_expect(story, "...\n"
                        "205.002 tm1: taskmanager task did not end in time 3 "
                        "(task.cancellation.timeout)\n");
    story_destroy(story);
}
END_TEST

START_TEST(a_timeout_of_zero_is_no_watchdog)
{
    struct story *story = story_begin(_i);
    story_set(story, "task.cancellation.timeout", "0 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 10 * TIME_S);
    story_slow_cancel(story, TIME_NEVER);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_run(story, 1 * TIME_H);
    ck_assert(story_is_up(story, tm1));
    ck_assert_int_eq(view_job(story_node(story, jm), 0).status, JOB_CANCELLING);
    story_destroy(story);
}
END_TEST

/* Freezing below and above the heartbeat timeout. */
START_TEST(a_short_freeze_is_nobodys_business)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 15 * TIME_S);
    story_freeze(story, tm1, true);
    story_expect_silence(story, 60 * TIME_S); /* the last heartbeat was at 10.002 */
    story_destroy(story);
    story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 15 * TIME_S);
    story_freeze(story, tm1, true);
    story_run(story, 59 * TIME_S);
    story_freeze(story, tm1, false);
    story_expect_silence(story, 3 * TIME_MIN);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_destroy(story);
}
END_TEST

START_TEST(a_long_freeze_is_a_loss_on_both_sides)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 15 * TIME_S);
    story_freeze(story, tm1, true);
    story_expect(story,
                 "60.002 jm: resource manager closes tm1 (heartbeat of a TaskManager timed out)\n"
                 "60.002 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (TimeoutException: heartbeat "
                 "of a TaskManager timed out)\n"
                 "60.002 jm: job tasks will be restarted 4\n"
                 "60.002 jm: job RUNNING -> RESTARTING\n"
                 "60.002 jm: job master disconnects tm1 (heartbeat of a TaskManager timed out)\n"
                 "61.002 jm: job RESTARTING -> RUNNING\n");
    story_run(story, 90 * TIME_S);
    story_freeze(story, tm1, false);
    story_expect(story, "90.000 tm1: taskmanager resource manager lost (it disconnected)\n"
                        "90.000 tm1: taskmanager job master lost (it disconnected)\n"
                        "90.001 jm: resource manager registers tm1\n");
    story_run(story, 92 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_destroy(story);
}
END_TEST

Suite *test_cluster_task_executor_suite(void)
{
    Suite *suite = suite_create("cluster: task executor");
    TCase *registration = tcase_create("registration");
    tcase_add_story(registration,
                    a_task_manager_that_finds_no_resource_manager_tries_again_after_ten_seconds);
    tcase_add_story(registration, a_registration_without_an_answer_is_sent_again_ever_less_often);
    tcase_add_story(registration, a_task_manager_that_never_finds_one_ends_itself);
    tcase_add_story(registration, repeated_requests_are_one_registration);
    suite_add_tcase(suite, registration);
    TCase *slots = tcase_create("slots");
    tcase_add_story(slots, a_slot_that_nobody_accepts_times_out);
    tcase_add_story(slots, the_slot_timeout_follows_that_of_requests_unless_it_is_set);
    tcase_add_story(slots, a_refused_offer_frees_the_slot_at_once);
    tcase_add_story(slots, slots_pass_through_their_states);
    suite_add_tcase(suite, slots);
    TCase *losses = tcase_create("losses");
    tcase_add_story(losses, a_dead_job_manager_is_noticed_by_two_monitors);
    tcase_add_story(losses, a_job_manager_that_comes_back_finds_its_task_managers_again);
    tcase_add_story(losses, a_lost_resource_manager_stops_no_task);
    tcase_add_story(losses, a_submit_taken_too_late_is_cancelled);
    tcase_add_story(losses, a_task_that_its_job_master_is_not_told_of_fails);
    tcase_add_story(losses, a_short_freeze_is_nobodys_business);
    tcase_add_story(losses, a_long_freeze_is_a_loss_on_both_sides);
    suite_add_tcase(suite, losses);
    TCase *watchdog = tcase_create("watchdog");
    tcase_add_story(watchdog, a_task_that_does_not_end_ends_its_process);
    tcase_add_story(watchdog, the_watchdog_counts_for_each_task);
    tcase_add_story(watchdog, a_timeout_of_zero_is_no_watchdog);
    suite_add_tcase(suite, watchdog);
    return suite;
}
