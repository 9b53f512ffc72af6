/* SPDX-License-Identifier: Apache-2.0
 *
 * A source's word on its backlog, from the data plane by way of its TaskManager to the checkpoints'
 * timer (A12: isProcessingBacklog switches to interval-during-backlog).
 */
#include <check.h>
#include <string.h>

#include "tests/lib/story_setup.h"

enum { SOURCE_0 = 0, SOURCE_1 = 1 }; /* task numbers */

static struct story *open_job(int mode, const char *scheduler)
{
    struct story *story = story_begin(mode);
    story_fixed_delay(story, "100", "1 s");
    if (scheduler)
        story_set(story, "jobmanager.scheduler", scheduler);
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_set(story, "execution.checkpointing.min-pause", "1 s");
    story_set(story, "execution.checkpointing.interval-during-backlog", "10 s");
    story_open(story, 1, 4, story_job(story, 2, 0));
    return story;
}

/* As 2.3 does it: the trigger that is set stays, the next one is far off; at the end it is moved.
 */
START_TEST(a_backlog_makes_checkpoints_rare)
{
    struct story *story = open_job(_i, NULL);
    story_run(story, 4 * TIME_S);
    story_backlog(story, SOURCE_0, true);
    story_backlog(story, SOURCE_1, true); /* the same source */
    story_expect(story, "4.001 jm: checkpoint backlog begins\n"
                        "5.206 jm: checkpoint triggered #3\n"
                        "5.225 jm: checkpoint completed #3 19000000\n"
                        "15.206 jm: checkpoint triggered #4\n"
                        "15.225 jm: checkpoint completed #4 19000000\n");
    story_run(story, 16 * TIME_S);
    story_backlog(story, SOURCE_1, false);
    story_expect(story, "16.001 jm: checkpoint backlog ends\n"
                        "18.001 jm: checkpoint triggered #5\n"
                        "18.020 jm: checkpoint completed #5 19000000\n"
                        "20.001 jm: checkpoint triggered #6\n");
    story_destroy(story);
}
END_TEST

/* Adaptive makes a new coordinator with each graph: it has heard nothing yet. */
START_TEST(a_new_graph_has_no_backlog)
{
    struct story *story = open_job(_i, "adaptive");
    story_run(story, 4 * TIME_S);
    story_backlog(story, SOURCE_0, true);
    story_run(story, 6 * TIME_S);
    story_report(story, 3, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 30 * TIME_S);
    size_t triggered = 0;
    for (size_t i = 0; i < story_line_count(story); i++)
        triggered += strstr(story_line(story, i), "triggered") != NULL;
    ck_assert_uint_gt(triggered, 12); /* each 2 s again */
    story_destroy(story);
}
END_TEST

/* A reader whose task has failed, or is cancelled, speaks for no source: what it sent before
 * arrives behind that. */
START_TEST(a_word_of_a_task_that_has_failed_counts_for_nothing)
{
    const struct node_id jm = { 0 }, tm1 = { 1 };
    struct story *story = open_job(_i, NULL);
    story_run(story, 4 * TIME_S);
    story_report(story, SOURCE_0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 4500 * TIME_MS);
    struct message late = { .kind = MESSAGE_SOURCE_BACKLOG };
    late.source_backlog.task.n = SOURCE_0;
    late.source_backlog.in_backlog = 1;
    uint64_t before = node_state_hash(story_node(story, jm));
    ck_assert(!story_refuses(story, jm, story_message(tm1, &late)));
    ck_assert(node_state_hash(story_node(story, jm)) == before);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_backlog_suite(void)
{
    Suite *suite = suite_create("schedule_backlog");
    TCase *tests = tcase_create("backlog");
    tcase_add_story(tests, a_backlog_makes_checkpoints_rare);
    tcase_add_story(tests, a_new_graph_has_no_backlog);
    tcase_add_story(tests, a_word_of_a_task_that_has_failed_counts_for_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
