/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a job whose input ends, as the JobManager sees it (FLIP-147): once all tasks have said
 * so one more checkpoint is made at once, and when all have FINISHED the job has; a restart on the
 * way takes up what is left.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/story_setup.h"

enum { SOURCE_0 = 0, SOURCE_1 = 1, COUNT_0 = 2, COUNT_1 = 3 }; /* task numbers */

static struct story *open_job(int mode, bool adaptive, const char *after_finish)
{
    struct story *story = story_begin(mode);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "jobmanager.scheduler", adaptive ? "adaptive" : "default");
    story_set(story, "execution.checkpointing.interval", "10 s");
    story_set(story, "execution.checkpointing.checkpoints-after-tasks-finish", after_finish);
    story_open(story, 1, 4, story_job(story, 2, 0));
    return story;
}

static size_t count_lines(const struct story *story, const char *part)
{
    size_t count = 0;
    for (size_t i = 0; i < story_line_count(story); i++)
        count += strstr(story_line(story, i), part) != NULL;
    return count;
}

static void all_but_last_say_so(struct story *story)
{
    for (uint32_t task = SOURCE_0; task < COUNT_1; task++)
        story_end_of_data(story, task);
}

/* No earlier, and only once: a task that says it again changes nothing. */
START_TEST(the_last_task_at_its_end_brings_a_checkpoint_and_the_job_finishes)
{
    struct story *story = open_job(_i, false, "true");
    story_run(story, 14 * TIME_S);
    all_but_last_say_so(story);
    story_end_of_data(story, COUNT_0);
    story_expect_silence(story, 15 * TIME_S);
    story_end_of_data(story, COUNT_1);
    story_expect(story, "15.001 jm: checkpoint all input read\n"
                        "15.001 jm: checkpoint triggered #3\n"
                        "15.020 jm: checkpoint completed #3 19000000\n");
    story_end_of_data(story, COUNT_1);
    story_expect_silence(story, 16 * TIME_S);
    story_finish_all(story);
    story_expect(story, "16.001 jm: job RUNNING -> FINISHED\n"
                        "16.001 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "16.001 jm: dispatcher job ended (FINISHED)\n");
    story_destroy(story);
}
END_TEST

START_TEST(the_adaptive_scheduler_ends_from_executing)
{
    struct story *story = open_job(_i, true, "true");
    story_run(story, 14 * TIME_S);
    all_but_last_say_so(story);
    story_end_of_data(story, COUNT_1);
    story_expect(story, "14.001 jm: checkpoint all input read\n"
                        "14.001 jm: checkpoint triggered #3\n"
                        "14.020 jm: checkpoint completed #3 19000000\n");
    story_finish_all(story);
    story_expect(story, "14.021 jm: job RUNNING -> FINISHED\n"
                        "14.021 jm: scheduler Executing -> Finished\n"
                        "14.021 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "14.021 jm: dispatcher job ended (FINISHED)\n");
    story_destroy(story);
}
END_TEST

START_TEST(nobody_waits_when_checkpoints_end_with_the_first_task)
{
    struct story *story = open_job(_i, false, "false");
    story_run(story, 14 * TIME_S);
    all_but_last_say_so(story);
    story_end_of_data(story, COUNT_1);
    story_expect_silence(story, 15 * TIME_S);
    story_destroy(story);
}
END_TEST

/* SchedulerBase.notifyEndOfData: setIsProcessingBacklog(false) once all tasks of a vertex are at
 * their end, so that checkpoints go on even if the source never says so. */
START_TEST(a_source_at_its_end_has_no_backlog)
{
    struct story *story = open_job(_i, false, "true");
    story_run(story, 14 * TIME_S);
    story_backlog(story, SOURCE_0, true);
    story_end_of_data(story, SOURCE_0);
    story_run(story, 15 * TIME_S);
    ck_assert_uint_eq(count_lines(story, "backlog begins"), 1);
    ck_assert_uint_eq(count_lines(story, "backlog ends"), 0);
    story_end_of_data(story, SOURCE_1);
    story_run(story, 16 * TIME_S);
    ck_assert_uint_eq(count_lines(story, "backlog ends"), 1);
    ck_assert_uint_eq(count_lines(story, "all input read"), 0);
    story_destroy(story);
}
END_TEST

/* What was said before a restart was of attempts that are over. */
START_TEST(tasks_that_begin_anew_are_not_at_their_end)
{
    struct story *story = open_job(_i, false, "true");
    story_run(story, 14 * TIME_S);
    all_but_last_say_so(story);
    story_report(story, SOURCE_0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 16 * TIME_S);
    story_end_of_data(story, COUNT_1);
    story_run(story, 17 * TIME_S);
    ck_assert_uint_eq(count_lines(story, "all input read"), 0);
    all_but_last_say_so(story);
    story_run(story, 18 * TIME_S);
    ck_assert_uint_eq(count_lines(story, "all input read"), 1);
    story_destroy(story);
}
END_TEST

/* A task of a region that has FINISHED in part begins anew with the others. */
START_TEST(a_failure_behind_the_first_finished_tasks_restarts_all)
{
    struct story *story = open_job(_i / 2, _i % 2, "true");
    story_run(story, 14 * TIME_S);
    story_report(story, SOURCE_0, EXECUTION_FINISHED, CAUSE_NONE);
    story_report(story, SOURCE_1, EXECUTION_FINISHED, CAUSE_NONE);
    story_run(story, 15 * TIME_S);
    story_report(story, COUNT_0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 20 * TIME_S);
    ck_assert_uint_eq(count_lines(story, "restore from checkpoint"), 1);
    ck_assert_uint_eq(count_lines(story, "all tasks RUNNING"), 2);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    story_finish_all(story);
    story_run(story, 21 * TIME_S);
    ck_assert_uint_eq(count_lines(story, "dispatcher job ended (FINISHED)"), 1);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_end_suite(void)
{
    Suite *suite = suite_create("schedule_end");
    TCase *tests = tcase_create("end");
    tcase_add_story(tests, the_last_task_at_its_end_brings_a_checkpoint_and_the_job_finishes);
    tcase_add_story(tests, the_adaptive_scheduler_ends_from_executing);
    tcase_add_story(tests, nobody_waits_when_checkpoints_end_with_the_first_task);
    tcase_add_story(tests, a_source_at_its_end_has_no_backlog);
    tcase_add_story(tests, tasks_that_begin_anew_are_not_at_their_end);
    tcase_add_loop_test(tests, a_failure_behind_the_first_finished_tasks_restarts_all, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
