/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the default scheduler with the whole core around it: what the log says, line by line.
 * Where Flink 2.3 was recorded doing the same, order and timers are those of the recording.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

#define SUBMITTED                                                                                  \
    "0.100 jm: dispatcher job submitted (job)\n"                                                   \
    "0.100 jm: job CREATED -> RUNNING\n"

/* A5: slots of the one region come as a bulk; requirements are gathered 20 ms, checked after 50. */
START_TEST(a_job_runs_when_its_slots_have_come)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_expect(story, SUBMITTED "0.174 jm: job first task DEPLOYING 4\n"
                                  "0.206 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    ck_assert_str_eq(story_answer(story), "submit: done 0");
    story_expect_silence(story, 5 * TIME_MIN);
    story_destroy(story);
}
END_TEST

/* A5: all or none; during the start-up period of a standalone cluster the job just waits. */
START_TEST(a_job_waits_for_slots_that_come_later)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 1, story_job(story, 2, 0));
    story_expect(story, SUBMITTED);
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 0);
    story_add(story, 1);
    story_expect(story, "5.001 jm: resource manager registers tm2\n"
                        "5.055 jm: job first task DEPLOYING 4\n"
                        "5.087 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* A5: slots are granted per profile and a large one is not for a small need, though it would do:
 * here the small ones ask first, and would leave the large needs beside the small slots. */
START_TEST(slots_of_two_sizes_go_to_whom_they_are_meant_for)
{
    struct story *story = story_begin(_i);
    struct job_graph *graph = graphs_unfinished(
        "source 2 @small; count 2 @large; source -> count hash", story_config(story));
    const struct resource_profile small = { .cpu_milli = 100, .memory_bytes = 10 },
                                  large = { .cpu_milli = 300, .memory_bytes = 30 };
    struct note note = { "" };
    job_graph_group(graph, "small", &small);
    job_graph_group(graph, "large", &large);
    ck_assert(!err_is(job_graph_finish(graph, NULL, &note)));
    story_open(story, 1, 4, graph);
    story_expect(story, SUBMITTED "0.174 jm: job first task DEPLOYING 4\n"
                                  "0.206 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, default-kill9-spare-tm; surprises 1 and 3. The consumer's connection
 * breaks at once; every restart goes to the dead TaskManager's slots, though a spare one is idle,
 * until two heartbeats in a row have been refused: here the resource manager is first and tells the
 * JobMaster. */
START_TEST(a_killed_task_manager_is_deployed_to_until_it_is_declared_dead)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 3, 2, story_job(story, 4, 0));
    story_run(story, 18 * TIME_S);
    story_kill_noticed(story, story_task_node(story, 2), 200 * TIME_MS);
    story_expect(
        story,
        "18.201 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (RemoteTransportException: data "
        "connection to a TaskManager lost)\n"
        "18.201 jm: job tasks will be restarted 8\n"
        "18.201 jm: job RUNNING -> RESTARTING\n"
        "19.201 jm: job RESTARTING -> RUNNING\n"
        "19.201 jm: job first task DEPLOYING 8\n"
        "19.203 jm: execution DEPLOYING -> FAILED v0[2]#1 tm2 (RecipientUnreachableException: "
        "TaskManager cannot be reached)\n"
        "19.203 jm: job tasks will be restarted 8\n"
        "19.203 jm: job RUNNING -> RESTARTING\n"
        "20.203 jm: job RESTARTING -> RUNNING\n"
        "20.203 jm: job first task DEPLOYING 8\n"
        "20.205 jm: execution DEPLOYING -> FAILED v0[2]#2 tm2 (RecipientUnreachableException: "
        "TaskManager cannot be reached)\n"
        "...\n"
        "29.223 jm: job RUNNING -> RESTARTING\n"
        "30.002 jm: resource manager closes tm2 (TaskManager no longer reachable)\n"
        "30.002 jm: job master disconnects tm2 (TaskManager no longer reachable)\n"
        "30.223 jm: job RESTARTING -> RUNNING\n"
        "30.297 jm: job first task DEPLOYING 8\n"
        "30.329 jm: job all tasks RUNNING 8 (parallelism 4)\n");
    story_destroy(story);
}
END_TEST

/* Surprise 3: the JobMaster's grid is its own. It declares the TaskManager dead and does not tell
 * the resource manager, which counts on the dead slots until its own monitor says so. */
START_TEST(the_job_master_declares_a_death_for_itself_only)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 2,
               graphs_job_with("source 4; map 4; source -> map forward", story_config(story)));
    story_run(story, 5 * TIME_S);
    story_add(story, 2);
    story_run(story, 20 * TIME_S + 50 * TIME_MS); /* between their beats */
    story_kill(story, story_task_node(story, 2));
    story_expect(
        story,
        "30.102 jm: execution RUNNING -> FAILED v0[2]#0 tm2 (JobMasterException: TaskManager no "
        "longer reachable)\n"
        "30.102 jm: job tasks will be restarted 2\n"
        "30.102 jm: job RUNNING -> RESTARTING\n"
        "30.102 jm: execution RUNNING -> FAILED v0[3]#0 tm2 (JobMasterException: TaskManager no "
        "longer reachable)\n"
        "30.102 jm: job tasks will be restarted 2\n"
        "30.102 jm: job master disconnects tm2 (TaskManager no longer reachable)\n"
        "31.102 jm: job RESTARTING -> RUNNING\n"
        "40.002 jm: resource manager closes tm2 (TaskManager no longer reachable)\n"
        "40.056 jm: job first task DEPLOYING 8\n"
        "40.088 jm: job all tasks RUNNING 8 (parallelism 4)\n");
    story_destroy(story);
}
END_TEST

/* Surprise 2: a cancel that leaves before the RPC layer knows of the death waits for
 * pekko.ask.timeout, 10 s; sent again it is refused at once, three times. */
START_TEST(the_first_cancel_after_a_kill_may_hang)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 2, story_job(story, 4, 0));
    story_run(story, 5 * TIME_S);
    story_kill_hanging(story, story_task_node(story, 2), 200 * TIME_MS);
    story_run(story, 5100 * TIME_MS);
    story_break_connection(story, (struct node_id){ 2 });
    story_expect(
        story,
        "5.101 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (RemoteTransportException: data "
        "connection to a TaskManager lost)\n"
        "5.101 jm: job tasks will be restarted 8\n"
        "5.101 jm: job RUNNING -> RESTARTING\n"
        "15.107 jm: job RESTARTING -> RUNNING\n"
        "15.107 jm: job first task DEPLOYING 8\n"
        "15.109 jm: execution DEPLOYING -> FAILED v0[2]#1 tm2 (RecipientUnreachableException: "
        "TaskManager cannot be reached)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, default-sigterm-spare-tm: the goodbye fails the tasks at once and frees
 * the slots everywhere, so the restart finds the spare TaskManager. */
START_TEST(a_task_manager_that_says_goodbye_is_left_at_once)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 2 * TIME_S);
    story_add(story, 2);
    story_run(story, 5 * TIME_S);
    story_stop(story, (struct node_id){ 1 });
    story_expect(
        story,
        "5.001 jm: resource manager closes tm1 (TaskManager is shutting down)\n"
        "5.001 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (FlinkExpectedException: TaskManager "
        "is shutting down)\n"
        "5.001 jm: job tasks will be restarted 4\n"
        "5.001 jm: job RUNNING -> RESTARTING\n"
        "5.001 jm: job master disconnects tm1 (TaskManager is shutting down)\n"
        "6.001 jm: job RESTARTING -> RUNNING\n"
        "6.075 jm: job first task DEPLOYING 4\n"
        "6.107 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, default-kill9-regions-forward-job: nothing flows between the regions, so
 * only a heartbeat monitor notices; each lost region restarts for itself, three tasks of it, and
 * the others run on. Checkpoints fail meanwhile and are not counted. */
START_TEST(regions_of_a_forward_job_fail_one_by_one)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_open(story, 3, 2,
               graphs_job_with("source 4; map 4; sink 4; source -> map forward; map -> sink "
                               "forward",
                               story_config(story)));
    story_run(story, 5 * TIME_S);
    story_kill(story, story_task_node(story, 2));
    story_expect(
        story,
        "6.206 jm: checkpoint triggered #4\n"
        "6.208 jm: checkpoint failed #4 2000000 (Trigger checkpoint failure)\n"
        "...\n"
        "18.208 jm: checkpoint failed #10 2000000 (Trigger checkpoint failure)\n"
        "20.002 jm: resource manager closes tm2 (TaskManager no longer reachable)\n"
        "20.002 jm: execution RUNNING -> FAILED v0[2]#0 tm2 (ResourceManagerException: TaskManager "
        "no longer reachable)\n"
        "20.002 jm: checkpoint stopping checkpoint scheduler\n"
        "20.002 jm: job tasks will be restarted 3\n"
        "20.002 jm: job RUNNING -> RESTARTING\n"
        "20.002 jm: execution RUNNING -> FAILED v0[3]#0 tm2 (ResourceManagerException: TaskManager "
        "no longer reachable)\n"
        "20.002 jm: job tasks will be restarted 3\n"
        "20.002 jm: job master disconnects tm2 (TaskManager no longer reachable)\n"
        "21.002 jm: checkpoint restore from checkpoint 3\n"
        "21.002 jm: job RESTARTING -> RUNNING\n"
        "21.002 jm: checkpoint restore from checkpoint 3\n"
        "21.076 jm: job first task DEPLOYING 12\n"
        "21.108 jm: checkpoint refused (Not all required tasks are currently running)\n"
        "21.108 jm: job all tasks RUNNING 12 (parallelism 4)\n"
        "23.108 jm: checkpoint triggered #11\n");
    story_destroy(story);
}
END_TEST

/* A9, full failover: the same job restarts as a whole. */
START_TEST(full_failover_restarts_every_task)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "jobmanager.execution.failover-strategy", "full");
    story_open(story, 1, 2,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 5 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.001 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.001 jm: job tasks will be restarted 4\n"
                        "5.001 jm: job RUNNING -> RESTARTING\n"
                        "6.001 jm: job RESTARTING -> RUNNING\n"
                        "6.001 jm: job first task DEPLOYING 4\n"
                        "6.033 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* A region that fails while another waits for its restart: each has its own delay, and the job is
 * RESTARTING until none waits any more. The first one is deployed all the same. */
START_TEST(regions_restart_each_after_its_own_delay)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 5 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 5500 * TIME_MS);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.501 jm: execution RUNNING -> FAILED v0[1]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.501 jm: job tasks will be restarted 2\n"
                        "6.001 jm: job first task DEPLOYING 4\n"
                        "6.501 jm: job RESTARTING -> RUNNING\n"
                        "6.501 jm: job first task DEPLOYING 4\n"
                        "6.533 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_destroy(story);
}
END_TEST

/* A9 (FLIP-364): a failure before the planned restart is one attempt with the failure that planned
 * it: it waits for what is left of that delay, counts as no restart, and stands under the other in
 * the exception history. The next one after the restart is an attempt of its own. */
START_TEST(a_failure_before_the_planned_restart_belongs_to_it)
{
    struct story *story = story_begin(_i);
    story_set(story, "restart-strategy.type", "exponential-delay");
    story_set(story, "restart-strategy.exponential-delay.initial-backoff", "4 s");
    story_set(story, "restart-strategy.exponential-delay.jitter-factor", "0");
    story_open(story, 1, 2,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 5 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 7 * TIME_S);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_SNAPSHOT);
    story_expect(story, "7.001 jm: execution RUNNING -> FAILED v0[1]#0 tm1 (IOException: could not "
                        "perform checkpoint)\n"
                        "7.001 jm: job tasks will be restarted 2\n"
                        "9.001 jm: job first task DEPLOYING 4\n"
                        "9.001 jm: job RESTARTING -> RUNNING\n"
                        "9.001 jm: job first task DEPLOYING 4\n"
                        "9.033 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_run(story, 20 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 21 * TIME_S);
    const struct job_manager *manager = node_job_manager(story_node(story, (struct node_id){ 0 }));
    const struct job_master *master = manager->dispatcher.jobs.items[0].master;
    const struct exception_entry *entries = master->exceptions.entries.items;
    ck_assert_uint_eq(master->scheduler.restart_count, 2);
    ck_assert_uint_eq(master->exceptions.entries.count, 3);
    static const bool is_root[] = { true, false, true };
    static const uint32_t tasks[] = { 0, 1, 0 };
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(entries[i].is_root, is_root[i]);
        ck_assert_uint_eq(entries[i].task.task.n, tasks[i]);
    }
    ck_assert_int_eq(entries[1].cause, CAUSE_SNAPSHOT);
    ck_assert_int_eq(entries[1].at, 7001 * TIME_MS);
    story_destroy(story);
}
END_TEST

/* A9, recording of Flink 2.3, restart-fixed-delay-2s-slow-cancel-default-scheduler: cancelling runs
 * beside the delay; the restart comes at the later of the two. */
START_TEST(delay_and_cancelling_overlap)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "2 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 3 * TIME_S);
    story_slow_cancel(story, 1500 * TIME_MS);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "3.001 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "3.001 jm: job tasks will be restarted 4\n"
                        "3.001 jm: job RUNNING -> RESTARTING\n"
                        "5.001 jm: job RESTARTING -> RUNNING\n"
                        "5.001 jm: job first task DEPLOYING 4\n"
                        "5.033 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_run(story, 8 * TIME_S);
    story_slow_cancel(story, 3500 * TIME_MS);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "8.001 jm: execution RUNNING -> FAILED v1[0]#1 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "8.001 jm: job tasks will be restarted 4\n"
                        "8.001 jm: job RUNNING -> RESTARTING\n"
                        "11.503 jm: job RESTARTING -> RUNNING\n"
                        "11.503 jm: job first task DEPLOYING 4\n");
    story_destroy(story);
}
END_TEST

/* A9, recording of Flink 2.3, restart-fixed-delay-3-2s: three restarts, FAILED at the fourth
 * failure. */
START_TEST(fixed_delay_is_exhausted_at_the_failure_after_the_last_attempt)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "3", "2 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    time_ns fails_at = 1 * TIME_S;
    for (int attempt = 0; attempt < 3; attempt++, fails_at += 3 * TIME_S) {
        story_run(story, fails_at);
        story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    }
    story_run(story, fails_at);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "10.001 jm: execution RUNNING -> FAILED v1[0]#3 tm1 (RuntimeException: "
                        "user code failed)\n"
                        "10.001 jm: job RUNNING -> FAILING (recovery is suppressed by restart "
                        "strategy fixed-delay)\n"
                        "10.008 jm: job FAILING -> FAILED (user code failed)\n"
                        "10.008 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "10.008 jm: dispatcher job ended (FAILED)\n");
    story_expect_silence(story, 3 * TIME_MIN);
    story_destroy(story);
}
END_TEST

/* A9, recording of Flink 2.3, restart-failure-rate-3-per-30s-delay-1s. */
START_TEST(failure_rate_fails_the_job_at_one_failure_too_many_in_the_interval)
{
    struct story *story = story_begin(_i);
    story_set(story, "restart-strategy.type", "failure-rate");
    story_set(story, "restart-strategy.failure-rate.max-failures-per-interval", "3");
    story_set(story, "restart-strategy.failure-rate.failure-rate-interval", "30 s");
    story_set(story, "restart-strategy.failure-rate.delay", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    for (int attempt = 1; attempt <= 3; attempt++) {
        story_run(story, attempt * 4 * TIME_S);
        story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    }
    story_run(story, 16 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "16.001 jm: execution RUNNING -> FAILED v1[0]#3 tm1 (RuntimeException: "
                        "user code failed)\n"
                        "16.001 jm: job RUNNING -> FAILING (recovery is suppressed by restart "
                        "strategy failure-rate)\n"
                        "16.008 jm: job FAILING -> FAILED (user code failed)\n");
    story_destroy(story);
}
END_TEST

/* A9, recording of Flink 2.3, restart-none: without checkpointing no strategy means none. */
START_TEST(without_a_strategy_the_first_failure_fails_the_job)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "1.001 jm: execution RUNNING -> FAILED v1[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "1.001 jm: job RUNNING -> FAILING (recovery is suppressed by restart "
                        "strategy none)\n"
                        "1.008 jm: job FAILING -> FAILED (user code failed)\n");
    story_destroy(story);
}
END_TEST

/* A9: an error that forbids restarts fails the job without asking the strategy. */
START_TEST(a_failure_that_suppresses_restarts_asks_no_strategy)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    story_report(story, 2, EXECUTION_FAILED, CAUSE_SUPPRESSED);
    story_expect(story, "1.001 jm: execution RUNNING -> FAILED v1[0]#0 tm1 "
                        "(SuppressRestartsException: the failure forbids a restart)\n"
                        "1.001 jm: job RUNNING -> FAILING (the failure forbids a restart)\n"
                        "1.008 jm: job FAILING -> FAILED (the failure forbids a restart)\n");
    story_destroy(story);
}
END_TEST

START_TEST(a_job_whose_tasks_finish_is_finished)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    story_finish_all(story);
    story_expect(story, "1.001 jm: job RUNNING -> FINISHED\n"
                        "1.001 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "1.001 jm: dispatcher job ended (FINISHED)\n");
    story_expect_silence(story, 2 * TIME_MIN);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_default_stories_suite(void)
{
    Suite *suite = suite_create("schedule: default stories");
    TCase *life = tcase_create("life");
    tcase_add_story(life, a_job_runs_when_its_slots_have_come);
    tcase_add_story(life, a_job_waits_for_slots_that_come_later);
    tcase_add_story(life, slots_of_two_sizes_go_to_whom_they_are_meant_for);
    tcase_add_story(life, a_job_whose_tasks_finish_is_finished);
    suite_add_tcase(suite, life);
    TCase *loss = tcase_create("lost TaskManagers");
    tcase_add_story(loss, a_killed_task_manager_is_deployed_to_until_it_is_declared_dead);
    tcase_add_story(loss, the_job_master_declares_a_death_for_itself_only);
    tcase_add_story(loss, the_first_cancel_after_a_kill_may_hang);
    tcase_add_story(loss, a_task_manager_that_says_goodbye_is_left_at_once);
    suite_add_tcase(suite, loss);
    TCase *failover = tcase_create("failover");
    tcase_add_story(failover, regions_of_a_forward_job_fail_one_by_one);
    tcase_add_story(failover, full_failover_restarts_every_task);
    tcase_add_story(failover, regions_restart_each_after_its_own_delay);
    tcase_add_story(failover, a_failure_before_the_planned_restart_belongs_to_it);
    tcase_add_story(failover, delay_and_cancelling_overlap);
    tcase_add_story(failover, fixed_delay_is_exhausted_at_the_failure_after_the_last_attempt);
    tcase_add_story(failover, failure_rate_fails_the_job_at_one_failure_too_many_in_the_interval);
    tcase_add_story(failover, without_a_strategy_the_first_failure_fails_the_job);
    tcase_add_story(failover, a_failure_that_suppresses_restarts_asks_no_strategy);
    suite_add_tcase(suite, failover);
    return suite;
}
