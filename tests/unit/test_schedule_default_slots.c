/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the default scheduler's slots: waiting for them, being refused them, keeping them and
 * giving them back.
 */
#include <check.h>

#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

/* Recording of Flink 2.3, default-submit-no-tm; surprise 10: the start-up period counts from the
 * start of the resource manager, and slot.request.timeout is its length where nothing else is. */
START_TEST(without_slots_the_job_fails_when_the_start_up_period_ends)
{
    struct story *story = story_begin(_i);
    story_set(story, "slot.request.timeout", "20 s");
    story_open(story, 0, 0, story_job(story, 2, 0));
    story_expect(story, "0.100 jm: dispatcher job submitted (job)\n"
                        "0.100 jm: job CREATED -> RUNNING\n"
                        "20.000 jm: job could not acquire the minimum required resources 2\n"
                        "20.000 jm: execution SCHEDULED -> FAILED v0[0]#0 "
                        "(NoResourceAvailableException: the slots needed cannot be had)\n"
                        "20.000 jm: job RUNNING -> FAILING (recovery is suppressed by restart "
                        "strategy none)\n"
                        "20.000 jm: job FAILING -> FAILED (the slots needed cannot be had)\n"
                        "20.000 jm: dispatcher job ended (FAILED)\n");
    story_expect_silence(story, 2 * TIME_MIN);
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, default-submit-no-tm-rm-startup-over: 0.1 s after RUNNING. */
START_TEST(without_slots_the_job_fails_at_once_after_the_start_up_period)
{
    struct story *story = story_begin(_i);
    story_set(story, "resourcemanager.standalone.start-up-time", "1 s");
    story_start(story);
    story_run(story, 5 * TIME_S);
    story_submit(story, story_job(story, 2, 0));
    story_expect(story, "5.000 jm: dispatcher job submitted (job)\n"
                        "5.000 jm: job CREATED -> RUNNING\n"
                        "5.070 jm: job could not acquire the minimum required resources 2\n"
                        "5.070 jm: execution SCHEDULED -> FAILED v0[0]#0 "
                        "(NoResourceAvailableException: the slots needed cannot be had)\n"
                        "5.070 jm: job RUNNING -> FAILING (recovery is suppressed by restart "
                        "strategy none)\n"
                        "5.070 jm: job FAILING -> FAILED (the slots needed cannot be had)\n");
    story_destroy(story);
}
END_TEST

/* A6, StandaloneResourceManager.startStartupPeriod: a start-up time of 0 does not mean that it is
 * over but that nothing ends it. The job waits for as long as slot.request.timeout lets it. */
START_TEST(a_start_up_time_of_nothing_never_ends)
{
    struct story *story = story_begin(_i);
    story_set(story, "resourcemanager.standalone.start-up-time", "0 s");
    story_set(story, "slot.request.timeout", "20 s");
    story_open(story, 0, 0, story_job(story, 2, 0));
    story_expect(story, "0.100 jm: dispatcher job submitted (job)\n"
                        "0.100 jm: job CREATED -> RUNNING\n"
                        "20.100 jm: job could not acquire the minimum required resources 2\n");
    story_destroy(story);
}
END_TEST

/* A6, FineGrainedSlotManager.setFailUnfulfillableRequest: who was found without slots is told so,
 * although a TaskManager has registered 10 ms before and the check at 20.041 would serve the job.
 */
START_TEST(the_end_of_the_start_up_period_tells_those_of_the_last_check)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "1", "1 s");
    story_set(story, "resourcemanager.standalone.start-up-time", "20 s");
    story_open(story, 0, 0, story_job(story, 1, 0));
    story_run(story, 19990 * TIME_MS);
    story_add(story, 1);
    story_expect(story, "19.991 jm: resource manager registers tm1\n"
                        "20.000 jm: job could not acquire the minimum required resources 1\n"
                        "...\n"
                        "20.000 jm: job RUNNING -> RESTARTING\n"
                        "...\n"
                        "21.000 jm: job RESTARTING -> RUNNING\n"
                        "21.074 jm: job first task DEPLOYING 2\n");
    story_destroy(story);
}
END_TEST

/* The slots there are do not help when they are too few: the bulk gets all or none. One had been
 * requested in the same moment; nobody takes it, so it times out where it is. */
START_TEST(too_few_slots_are_refused_like_none)
{
    struct story *story = story_begin(_i);
    story_set(story, "resourcemanager.standalone.start-up-time", "1 s");
    story_start(story);
    story_add(story, 1);
    story_run(story, 5 * TIME_S);
    story_submit(story, story_job(story, 2, 0));
    story_expect(story, "5.000 jm: dispatcher job submitted (job)\n"
                        "5.000 jm: job CREATED -> RUNNING\n"
                        "5.070 jm: job could not acquire the minimum required resources 1\n"
                        "...\n"
                        "5.070 jm: job FAILING -> FAILED (the slots needed cannot be had)\n");
    story_expect(story, "5.070 jm: dispatcher job ended (FAILED)\n"
                        "15.071 tm1: taskmanager slot timed out\n");
    story_run(story, 16 * TIME_S);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 1);
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, default-kill9-no-spare-then-joins: with the start-up period still on, the
 * job sits in RUNNING with its tasks SCHEDULED until a TaskManager joins. */
START_TEST(a_lost_task_manager_is_waited_for_during_the_start_up_period)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "heartbeat.interval", "1 s");
    story_set(story, "heartbeat.timeout", "5 s");
    story_open(story, 2, 2, story_job(story, 4, 0));
    story_run(story, 5500 * TIME_MS);
    story_kill_noticed(story, (struct node_id){ 2 }, 50 * TIME_MS);
    story_run(story, 6800 * TIME_MS);
    story_expect(story, "7.002 jm: resource manager closes tm2 (TaskManager no longer reachable)\n"
                        "7.002 jm: job master disconnects tm2 (TaskManager no longer reachable)\n"
                        "7.553 jm: job RESTARTING -> RUNNING\n");
    story_expect_silence(story, 30 * TIME_S);
    story_add(story, 2);
    story_expect(story, "30.001 jm: resource manager registers tm3\n"
                        "30.055 jm: job first task DEPLOYING 8\n"
                        "30.087 jm: job all tasks RUNNING 8 (parallelism 4)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, default-kill9-no-spare-then-joins-rm-startup-over; surprise 10: every
 * attempt fails 0.07 s after the restart, at the delay of 1 s, until a TaskManager joins. */
START_TEST(after_the_start_up_period_the_job_loops_until_a_task_manager_joins)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "resourcemanager.standalone.start-up-time", "1 s");
    story_set(story, "heartbeat.interval", "1 s");
    story_set(story, "heartbeat.timeout", "5 s");
    story_open(story, 2, 2, story_job(story, 4, 0));
    story_run(story, 5500 * TIME_MS);
    story_kill_noticed(story, (struct node_id){ 2 }, 50 * TIME_MS);
    story_run(story, 7500 * TIME_MS);
    story_expect(story, "7.553 jm: job RESTARTING -> RUNNING\n"
                        "7.623 jm: job could not acquire the minimum required resources 2\n"
                        "7.623 jm: execution SCHEDULED -> FAILED v0[0]#2 tm1 "
                        "(NoResourceAvailableException: the slots needed cannot be had)\n"
                        "7.623 jm: job tasks will be restarted 8\n"
                        "7.623 jm: job RUNNING -> RESTARTING\n"
                        "8.623 jm: job RESTARTING -> RUNNING\n"
                        "8.693 jm: job could not acquire the minimum required resources 2\n");
    story_run(story, 12 * TIME_S);
    story_add(story, 2);
    story_expect(story, "12.001 jm: resource manager registers tm3\n"
                        "12.903 jm: job RESTARTING -> RUNNING\n"
                        "12.977 jm: job first task DEPLOYING 8\n"
                        "13.009 jm: job all tasks RUNNING 8 (parallelism 4)\n");
    story_destroy(story);
}
END_TEST

/* Recording of Flink 2.3, default-kill9-no-spare-never. */
START_TEST(refused_slots_use_up_the_attempts)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "2", "1 s");
    story_set(story, "resourcemanager.standalone.start-up-time", "1 s");
    story_start(story);
    story_run(story, 5 * TIME_S);
    story_submit(story, story_job(story, 2, 0));
    story_expect(story, "...\n"
                        "7.210 jm: job could not acquire the minimum required resources 2\n"
                        "7.210 jm: execution SCHEDULED -> FAILED v0[0]#2 "
                        "(NoResourceAvailableException: the slots needed cannot be had)\n"
                        "7.210 jm: job RUNNING -> FAILING (recovery is suppressed by restart "
                        "strategy fixed-delay)\n"
                        "7.210 jm: job FAILING -> FAILED (the slots needed cannot be had)\n");
    story_destroy(story);
}
END_TEST

/* A5, PhysicalSlotRequestBulkCheckerImpl: the whole timeout without enough slots. Only a resource
 * manager that is still starting can leave a request unanswered that long. */
START_TEST(a_bulk_that_is_not_served_in_time_fails)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "1", "1 s");
    story_set(story, "slot.request.timeout", "20 s");
    story_set(story, "resourcemanager.standalone.start-up-time", "1 h");
    story_open(story, 1, 1, story_job(story, 2, 0));
    story_expect(story, "0.100 jm: dispatcher job submitted (job)\n"
                        "0.100 jm: job CREATED -> RUNNING\n"
                        "20.100 jm: job could not acquire the minimum required resources 1\n"
                        "20.100 jm: execution SCHEDULED -> FAILED v0[0]#0 tm1 "
                        "(NoResourceAvailableException: the slots needed cannot be had)\n"
                        "20.100 jm: job tasks will be restarted 4\n"
                        "20.100 jm: job RUNNING -> RESTARTING\n"
                        "21.100 jm: job RESTARTING -> RUNNING\n"
                        "41.100 jm: job could not acquire the minimum required resources 1\n");
    story_destroy(story);
}
END_TEST

/* A5, DefaultDeclarativeSlotPool.freeReservedSlot: a slot that becomes free goes to whoever waits,
 * at once. The region that failed comes back behind its delay and then waits for its turn. */
START_TEST(a_slot_that_becomes_free_goes_to_the_region_that_waits)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "2 s");
    story_open(story, 1, 1,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(story_task_node(story, 0).n, 1);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 5100 * TIME_MS);
    ck_assert(node_id_is_none(story_task_node(story, 0)));
    ck_assert_uint_eq(story_task_node(story, 1).n, 1);
    ck_assert_uint_eq(story_task_node(story, 3).n, 1);
    story_run(story, 8 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 2);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 8100 * TIME_MS);
    ck_assert_uint_eq(story_task_node(story, 0).n, 1);
    ck_assert_uint_eq(story_task_node(story, 2).n, 1);
    story_destroy(story);
}
END_TEST

/* What becomes free while waiting regions are refused is nobody's: all of them fail, and find it
 * when they come back (DeclarativeSlotPoolBridge.cancelPendingRequests clears its list first). */
START_TEST(a_slot_that_becomes_free_while_all_are_refused_saves_nobody)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "2 s");
    story_set(story, "resourcemanager.standalone.start-up-time", "10 s");
    story_open(
        story, 1, 1,
        graphs_job_with("source 2 @a; map 2 @b; source -> map forward", story_config(story)));
    story_run(story, 9 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 0);
    story_expect(story, "10.000 jm: job could not acquire the minimum required resources 1\n"
                        "...\n"
                        "10.000 jm: job RUNNING -> RESTARTING\n"
                        "10.000 jm: job could not acquire the minimum required resources 2\n");
    story_destroy(story);
}
END_TEST

/* A1: one allocate-and-deploy call per region, so one that has its slots does not wait. */
START_TEST(a_region_with_slots_runs_while_another_waits)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 1,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 1 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 2);
    story_add(story, 1);
    story_expect(story, "1.001 jm: resource manager registers tm2\n"
                        "1.087 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* Two pipelines without an edge between them share slots; both wait for the same one, and one of
 * them is cancelled while it does. The other still gets it. */
START_TEST(a_slot_that_two_regions_wait_for_serves_the_one_that_is_left)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "10 s");
    story_open(
        story, 1, 1,
        graphs_job_with("a 2; b 2; c 2; d 2; a -> b hash; c -> d forward", story_config(story)));
    story_run(story, 1 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 2); /* c[0], d[0]; a and b need both slots */
    story_add(story, 1);
    story_run(story, 2 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 8);
    story_kill(story, (struct node_id){ 2 });
    story_report(story, 0, EXECUTION_FAILED, CAUSE_CONNECTION_LOST);
    story_run(story, 30 * TIME_S);
    story_add(story, 1);
    story_run(story, 60 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 8);
    story_destroy(story);
}
END_TEST

/* A5: a restarted region comes back to the slots it had, whoever else is free. */
START_TEST(a_restarted_region_prefers_its_previous_slot)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 1,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 1 * TIME_S);
    struct node_id first = story_task_node(story, 0), second = story_task_node(story, 1);
    ck_assert(!node_id_equal(first, second));
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "...\n"
                        "2.033 jm: job all tasks RUNNING 4 (parallelism 2)\n");
    ck_assert(node_id_equal(story_task_node(story, 0), first));
    ck_assert(node_id_equal(story_task_node(story, 1), second));
    story_destroy(story);
}
END_TEST

/* A5: what is beyond the requirement idles for slot.idle.timeout and goes at the next check, which
 * comes as often; A8: a TaskManager without a slot of the job is left. */
START_TEST(a_slot_nobody_needs_any_more_is_given_back)
{
    struct story *story = story_begin(_i);
    story_open(story, 2, 1,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 1 * TIME_S);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 0);
    story_report(story, 0, EXECUTION_FINISHED, CAUSE_NONE);
    story_report(story, 2, EXECUTION_FINISHED, CAUSE_NONE);
    story_expect(story,
                 "100.100 jm: job master disconnects tm1 (it has no slot of the job left)\n");
    story_run(story, 101 * TIME_S);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 1);
    ck_assert_uint_eq(view_task_manager_slots_used(story_node(story, (struct node_id){ 1 })), 0);
    story_destroy(story);
}
END_TEST

/* A slot offered beyond the requirement stays with the TaskManager and is free at once. */
START_TEST(slots_of_a_cancelled_job_are_free_for_the_next)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_run(story, 2 * TIME_S);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 2);
    struct job_graph *next = story_job(story, 2, 0);
    next->id.n = 1;
    story_submit(story, next);
    story_expect(story, "2.000 jm: dispatcher [job 1] job submitted (job)\n"
                        "2.000 jm: job [job 1] CREATED -> RUNNING\n"
                        "2.074 jm: job [job 1] first task DEPLOYING 4\n"
                        "2.106 jm: job [job 1] all tasks RUNNING 4 (parallelism 2)\n");
    story_destroy(story);
}
END_TEST

/* One group asks for default slots, the other for slots of a profile, which happens to be the same.
 * The first has ended when the other loses its slot: the resource manager counts the idle slot for
 * it, and so does the pool. */
START_TEST(an_idle_slot_serves_another_requirement_that_it_fits)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "1 s");
    struct job_graph *job = graphs_job_with("one 1 @a; other 1 @b", story_config(story));
    job->groups.items[1].profile = (struct resource_profile){ false, 1000, (int64_t)1 << 30 };
    story_open(story, 2, 1, job);
    story_run(story, 1 * TIME_S);
    story_report(story, 0, EXECUTION_FINISHED, CAUSE_NONE);
    story_run(story, 2 * TIME_S);
    struct node_id left = story_task_node(story, 1);
    story_kill(story, left);
    story_run(story, 30 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 1);
    ck_assert_uint_eq(story_task_node(story, 1).n, 3 - left.n);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_default_slots_suite(void)
{
    Suite *suite = suite_create("schedule: default slots");
    TCase *refused = tcase_create("refused");
    tcase_add_story(refused, without_slots_the_job_fails_when_the_start_up_period_ends);
    tcase_add_story(refused, without_slots_the_job_fails_at_once_after_the_start_up_period);
    tcase_add_story(refused, a_start_up_time_of_nothing_never_ends);
    tcase_add_story(refused, a_slot_that_becomes_free_while_all_are_refused_saves_nobody);
    tcase_add_story(refused, the_end_of_the_start_up_period_tells_those_of_the_last_check);
    tcase_add_story(refused, too_few_slots_are_refused_like_none);
    tcase_add_story(refused, a_lost_task_manager_is_waited_for_during_the_start_up_period);
    tcase_add_story(refused, after_the_start_up_period_the_job_loops_until_a_task_manager_joins);
    tcase_add_story(refused, refused_slots_use_up_the_attempts);
    tcase_add_story(refused, a_bulk_that_is_not_served_in_time_fails);
    suite_add_tcase(suite, refused);
    TCase *regions = tcase_create("regions");
    tcase_add_story(regions, a_region_with_slots_runs_while_another_waits);
    tcase_add_story(regions, a_slot_that_becomes_free_goes_to_the_region_that_waits);
    tcase_add_story(regions, a_slot_that_two_regions_wait_for_serves_the_one_that_is_left);
    tcase_add_story(regions, a_restarted_region_prefers_its_previous_slot);
    tcase_add_story(regions, a_slot_nobody_needs_any_more_is_given_back);
    tcase_add_story(regions, slots_of_a_cancelled_job_are_free_for_the_next);
    tcase_add_story(regions, an_idle_slot_serves_another_requirement_that_it_fits);
    suite_add_tcase(suite, regions);
    return suite;
}
