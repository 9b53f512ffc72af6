/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the default scheduler with load-balance TASKS: who gets which slot, and when.
 */
#include <check.h>

#include "tests/lib/story_setup.h"

enum { WORKERS = 3 };

static struct story *begin_balanced(int vouch)
{
    struct story *story = story_begin(vouch);
    story_fixed_delay(story, "5", "1 s");
    story_set(story, "taskmanager.load-balance.mode", "TASKS");
    return story;
}

/* A5, the example of Flink's documentation, Balanced Tasks Scheduling: three slots of two tasks and
 * three of one. In order of acceptance two of the heavy ones meet. */
START_TEST(each_task_manager_gets_as_many_tasks)
{
    struct story *story = begin_balanced(_i);
    uint32_t tasks[WORKERS + 1] = { 0 };
    story_open(story, WORKERS, 2, graphs_job_with("a 6; b 3; a -> b hash", story_config(story)));
    story_run(story, 1 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 9);
    for (uint32_t i = 0; i < 9; i++)
        tasks[story_task_node(story, i).n]++;
    for (uint32_t i = 1; i <= WORKERS; i++)
        ck_assert_uint_eq(tasks[i], 3);
    story_destroy(story);
}
END_TEST

/* DeclarativeSlotPoolBridge.newSlotsAvailableForDeferAllocation: a region whose slot is there waits
 * with the other one. */
START_TEST(nobody_is_served_before_all_can_be)
{
    struct story *story = begin_balanced(_i);
    story_open(story, 1, 1,
               graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 0);
    story_add(story, 1);
    story_run(story, 6 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_destroy(story);
}
END_TEST

/* Region x of two tasks runs on the first TaskManager, y on the other one, z beside x. When y and z
 * are restarted, y is again put where x is not (getTaskExecutorsLoadingView). */
START_TEST(tasks_that_run_already_weigh_too)
{
    struct story *story = begin_balanced(_i);
    story_open(
        story, 2, 2,
        graphs_job_with("a 1 @x; b 1 @x; c 1 @y; d 1 @z; a -> b forward", story_config(story)));
    story_run(story, 1 * TIME_S);
    for (int restarted = 0; restarted < 2; restarted++) {
        ck_assert_uint_eq(story_tasks_running(story), 4);
        ck_assert_uint_eq(story_task_node(story, 0).n, story_task_node(story, 1).n);
        ck_assert_uint_ne(story_task_node(story, 2).n, story_task_node(story, 0).n);
        ck_assert_uint_eq(story_task_node(story, 3).n, story_task_node(story, 0).n);
        if (restarted)
            break;
        story_report(story, 2, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_report(story, 3, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_run(story, 4 * TIME_S);
    }
    story_destroy(story);
}
END_TEST

/* Two regions fail, the second one first, so it asks first. With local recovery each goes back to
 * its slot (PreferredAllocationRequestSlotMatchingStrategy), else the first to ask gets the first
 * slot. Both wait for slot.request.max-interval. */
START_TEST(local_recovery_comes_before_balance)
{
    for (int local = 0; local < 2; local++) {
        struct story *story = begin_balanced(_i);
        story_set(story, "execution.state-recovery.from-local", local ? "true" : "false");
        story_open(story, 2, 1,
                   graphs_job_with("source 2; map 2; source -> map forward", story_config(story)));
        story_run(story, 1 * TIME_S);
        struct node_id first = story_task_node(story, 0), second = story_task_node(story, 1);
        ck_assert(!node_id_equal(first, second));
        story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_expect(story, "...\n"
                            "2.053 jm: job all tasks RUNNING 4 (parallelism 2)\n");
        ck_assert(node_id_equal(story_task_node(story, 0), local ? first : second));
        ck_assert(node_id_equal(story_task_node(story, 1), local ? second : first));
        story_destroy(story);
    }
}
END_TEST

Suite *test_schedule_default_balance_suite(void);
Suite *test_schedule_default_balance_suite(void)
{
    Suite *suite = suite_create("schedule: default balance");
    TCase *tests = tcase_create("tasks");
    tcase_add_story(tests, each_task_manager_gets_as_many_tasks);
    tcase_add_story(tests, nobody_is_served_before_all_can_be);
    tcase_add_story(tests, tasks_that_run_already_weigh_too);
    tcase_add_story(tests, local_recovery_comes_before_balance);
    suite_add_tcase(suite, tests);
    return suite;
}
