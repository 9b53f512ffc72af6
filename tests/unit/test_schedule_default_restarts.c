/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the default scheduler when several things are under way at once: restarts that a
 * failing job has planned, stops behind one another, regions that compete for slots.
 */
#include <check.h>
#include <stdio.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "core/schedule/default_scheduler.h"
#include "tests/lib/story_setup.h"

static struct job_graph *pipelines(struct story *story, int count)
{
    char text[64];
    snprintf(text, sizeof text, "source %d; map %d; source -> map forward", count, count);
    return graphs_job_with(text, story_config(story));
}

/* A9: a region waits for its restart, another one uses up the attempts. The job is FAILING and
 * takes its time to cancel; the delay of the first region ends meanwhile, to no effect. */
START_TEST(a_job_that_fails_forgets_the_restarts_it_has_planned)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "1", "2 s");
    story_open(story, 1, 2, pipelines(story, 2));
    story_run(story, 5 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 5500 * TIME_MS);
    story_slow_cancel(story, 4 * TIME_S);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.501 jm: execution RUNNING -> FAILED v0[1]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.501 jm: job RESTARTING -> FAILING (recovery is suppressed by restart "
                        "strategy fixed-delay)\n"
                        "9.503 jm: job FAILING -> FAILED (user code failed)\n"
                        "9.503 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "9.503 jm: dispatcher job ended (FAILED)\n");
    story_expect_silence(story, TIME_MIN);
    story_destroy(story);
}
END_TEST

/* A stop counts the attempts of its own time: those of an earlier stop that failed, and of attempts
 * that have been restarted since, are no part of it. */
START_TEST(a_second_stop_waits_for_the_attempts_of_its_own_time)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 2 * TIME_S);
    story_fail_stores(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 3 * TIME_S);
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    story_fail_stores(story, false);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 5022 * TIME_MS);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "5.023 jm: execution RUNNING -> FAILED v0[0]#1 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "5.023 jm: job tasks will be restarted 4\n"
                        "5.023 jm: job RUNNING -> RESTARTING\n"
                        "5.030 jm: job tasks will be restarted 4 (stop with savepoint failed)\n"
                        "6.030 jm: job RESTARTING -> RUNNING\n");
    ck_assert_str_eq(story_answer(story), "stop: refused stop with savepoint failed");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

/* The savepoint of a stop fails with the cancel, and that is no reason to begin with periodic
 * checkpoints again: nothing is heard of them while the tasks take their time to end. */
START_TEST(a_stop_that_is_cancelled_does_not_resume_the_timer)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 3 * TIME_S);
    story_hold_acks(story, true);
    story_slow_cancel(story, 8 * TIME_S);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 3100 * TIME_MS);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "3.100 jm: job RUNNING -> CANCELLING\n"
                        "3.100 jm: checkpoint failed #3 100000000 (Checkpoint Coordinator is "
                        "suspending)\n"
                        "3.100 jm: checkpoint stopping checkpoint scheduler\n"
                        "11.102 jm: job CANCELLING -> CANCELED\n");
    story_destroy(story);
}
END_TEST

/* A5: of two regions that lack a slot of the same kind, the one that asked first is served first.
 */
START_TEST(a_slot_that_comes_goes_to_whoever_asked_first)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 1, graphs_job_with("a 1 @one; b 1 @two; c 1 @three", story_config(story)));
    story_run(story, 1 * TIME_S);
    for (uint32_t task = 0; task < 3; task++) {
        ck_assert_uint_eq(story_tasks_running(story), task + 1);
        ck_assert_uint_eq(story_task_node(story, task).n, task + 1);
        story_add(story, 1);
        story_run(story, (2 + task) * TIME_S);
    }
    story_destroy(story);
}
END_TEST

/* A5: the slot a region had is looked for before any other is taken, also one that was accepted
 * earlier and is idle since another region has finished. */
START_TEST(a_restarted_region_leaves_idle_slots_alone)
{
    for (uint32_t finished = 0; finished < 3; finished++) {
        struct story *story = story_begin(_i);
        story_fixed_delay(story, "100", "1 s");
        story_open(story, 3, 1, pipelines(story, 3));
        story_run(story, 1 * TIME_S);
        struct node_id nodes[3];
        for (uint32_t task = 0; task < 3; task++)
            nodes[task] = story_task_node(story, task);
        story_report(story, finished, EXECUTION_FINISHED, CAUSE_NONE);
        story_report(story, finished + 3, EXECUTION_FINISHED, CAUSE_NONE);
        story_run(story, 2 * TIME_S);
        for (uint32_t task = 0; task < 3; task++)
            if (task != finished)
                story_report(story, task, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_run(story, 5 * TIME_S);
        ck_assert_uint_eq(story_tasks_running(story), 4);
        for (uint32_t task = 0; task < 3; task++)
            if (task != finished)
                ck_assert_uint_eq(story_task_node(story, task).n, nodes[task].n);
        story_destroy(story);
    }
}
END_TEST

/* A region whose TaskManager is gone has no slot to come back to: it takes one that is idle in the
 * pool, at once, and asks for none. */
START_TEST(a_region_that_lost_its_slot_takes_an_idle_one)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 1, pipelines(story, 2));
    story_run(story, 1 * TIME_S);
    struct node_id idle = story_task_node(story, 0), gone = story_task_node(story, 1);
    story_report(story, 0, EXECUTION_FINISHED, CAUSE_NONE);
    story_report(story, 2, EXECUTION_FINISHED, CAUSE_NONE);
    story_run(story, 2 * TIME_S);
    story_stop(story, gone);
    story_expect(story, "...\n"
                        "2.001 jm: job RUNNING -> RESTARTING\n"
                        "...\n"
                        "3.001 jm: job RESTARTING -> RUNNING\n"
                        "3.001 jm: job first task DEPLOYING 4\n");
    story_run(story, 4 * TIME_S);
    ck_assert_uint_eq(story_task_node(story, 1).n, idle.n);
    ck_assert_uint_eq(story_task_node(story, 3).n, idle.n);
    story_destroy(story);
}
END_TEST

START_TEST(a_region_of_one_task_restarts)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 1, graphs_job_with("source 1", story_config(story)));
    story_run(story, 3 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "3.001 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "3.001 jm: job tasks will be restarted 1\n"
                        "3.001 jm: job RUNNING -> RESTARTING\n"
                        "4.001 jm: job RESTARTING -> RUNNING\n"
                        "4.001 jm: job first task DEPLOYING 1\n");
    story_destroy(story);
}
END_TEST

/* FLIP-370 (TASKS): the subtasks of the smaller vertices go where fewest tasks are, not by number:
 * by number slot 0 has four tasks and the others have one each. */
START_TEST(tasks_are_spread_evenly_when_told_so)
{
    for (int even = 0; even < 2; even++) {
        struct story *story = story_begin(_i);
        uint32_t counts[4] = { 0 }, most = 0;
        if (even)
            story_set(story, "taskmanager.load-balance.mode", "TASKS");
        story_open(
            story, 3, 1,
            graphs_job_with("a 3; b 1; c 1; d 1; a -> b hash; b -> c forward; c -> d forward",
                            story_config(story)));
        story_run(story, 1 * TIME_S);
        ck_assert_uint_eq(story_tasks_running(story), 6);
        for (uint32_t task = 0; task < 6; task++)
            counts[story_task_node(story, task).n]++;
        for (int i = 1; i < 4; i++)
            most = counts[i] > most ? counts[i] : most;
        ck_assert_uint_eq(most, even ? 2 : 4);
        story_destroy(story);
    }
}
END_TEST

/* The job fails while a region is still ending: the newer plan waits for all that has not ended,
 * and the older one for nothing any more (ExecutionVertexVersioner). */
START_TEST(a_newer_plan_takes_over_what_is_still_ending)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "1 s");
    story_slow_cancel(story, 3 * TIME_S);
    story_open(story, 1, 2,
               graphs_job_with("source 2; sink 2; source -> sink forward", story_config(story)));
    story_run(story, 1 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 2 * TIME_S);
    struct job_manager *manager =
        (struct job_manager *)(uintptr_t)node_job_manager(story_node(story, (struct node_id){ 0 }));
    effects_begin(&manager->effects, story_now(story));
    struct scheduler *s = &manager->dispatcher.jobs.items[0].master->scheduler;
    const struct default_scheduler *own = s->own.pipelined;
    ck_assert_uint_eq(own->restarts.items[0].waiting, 1);
    scheduler_fail_job(s, CAUSE_CHECKPOINT_FAILURES);
    ck_assert_uint_eq(own->restarts.items[0].waiting, 0);
    ck_assert_uint_eq(own->restarts.items[1].waiting, 3);
    ck_assert_uint_eq(own->tasks_to_restart, 4);
    scheduler_check(s);
    story_destroy(story);
}
END_TEST

/* A9: where nothing takes time, neither messages nor cancelling nor the wait, a restart still does:
 * a job that fails as soon as it is deployed gets on with its attempts, under both schedulers. */
START_TEST(a_restart_takes_time_where_nothing_else_does)
{
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        for (int exponential = 0; exponential < 2; exponential++) {
            struct story *story = story_begin(_i);
            if (adaptive)
                story_adaptive(story);
            story_fixed_delay(story, "1000000", "0 s");
            if (exponential)
                story_set(story, "restart-strategy.type", "exponential-delay");
            story_slow_cancel(story, 0);
            story_open(story, 2, 2, story_job(story, 4, 0));
            story_run(story, 2 * TIME_S);
            story_set_latency(story, 0);
            story_kill_noticed(story, (struct node_id){ 2 }, 0);
            story_run(story, 2050 * TIME_MS);
            struct job_view job = view_job(story_node(story, (struct node_id){ 0 }), 0);
            ck_assert_uint_ge(job.restarts, exponential ? 1 : 48);
            ck_assert_uint_le(job.restarts, exponential ? 1 : 50);
            story_run(story, 4 * TIME_S);
            ck_assert_uint_ge(view_job(story_node(story, (struct node_id){ 0 }), 0).restarts, 2);
            story_destroy(story);
        }
    }
}
END_TEST

Suite *test_schedule_default_restarts_suite(void)
{
    Suite *suite = suite_create("schedule: default restarts");
    TCase *restarts = tcase_create("restarts");
    tcase_add_story(restarts, a_job_that_fails_forgets_the_restarts_it_has_planned);
    tcase_add_story(restarts, a_second_stop_waits_for_the_attempts_of_its_own_time);
    tcase_add_story(restarts, a_stop_that_is_cancelled_does_not_resume_the_timer);
    tcase_add_story(restarts, a_slot_that_comes_goes_to_whoever_asked_first);
    tcase_add_story(restarts, a_restarted_region_leaves_idle_slots_alone);
    tcase_add_story(restarts, a_region_that_lost_its_slot_takes_an_idle_one);
    tcase_add_story(restarts, a_newer_plan_takes_over_what_is_still_ending);
    tcase_add_story(restarts, a_region_of_one_task_restarts);
    tcase_add_story(restarts, a_restart_takes_time_where_nothing_else_does);
    tcase_add_story(restarts, tasks_are_spread_evenly_when_told_so);
    suite_add_tcase(suite, restarts);
    return suite;
}
