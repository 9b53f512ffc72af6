/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of what JobMaster and TaskManagers say to one another of checkpoints, and to the log.
 */
#include <check.h>

#include "tests/lib/story_setup.h"

/* A12: only the sources are triggered. A TaskManager that has none is not asked, so one that has
 * died is no failed trigger: the checkpoint waits for its tasks until it expires. */
START_TEST(only_task_managers_with_sources_are_asked)
{
    for (int dead = 0; dead < 2; dead++) {
        struct story *story = story_begin(_i);
        story_set(story, "execution.checkpointing.interval", "2 s");
        story_set(story, "execution.checkpointing.timeout", "3 s");
        story_set(story, "execution.checkpointing.tolerable-failed-checkpoints", "100");
        story_open(story, 2, 1,
                   graphs_job_with("source 1 @front; sink 1 @back; source -> sink hash",
                                   story_config(story)));
        story_run(story, 3 * TIME_S);
        ck_assert_uint_ne(story_task_node(story, 0).n, story_task_node(story, 1).n);
        story_kill(story, story_task_node(story, dead ? 0 : 1));
        story_expect(story,
                     dead ? "4.206 jm: checkpoint triggered #3\n"
                            "4.208 jm: checkpoint failed #3 2000000 (Trigger checkpoint failure)\n"
                            "6.206 jm: checkpoint triggered #4\n"
                          : "4.206 jm: checkpoint triggered #3\n"
                            "7.206 jm: checkpoint expired #3\n"
                            "7.206 jm: checkpoint failed #3 3000000000 (Checkpoint expired before "
                            "completing)\n");
        story_destroy(story);
    }
}
END_TEST

/* Each process says as much as it is told to say from its first step on. */
START_TEST(the_job_manager_logs_at_the_level_it_is_given)
{
    struct story *story = story_begin(_i);
    story_set_log_level(story, LOG_TASK);
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_open(story, 1, 1, story_job(story, 1, 0));
    story_expect(story, "...\n"
                        "0.206 jm: checkpoint triggered #1\n"
                        "...\n"
                        "0.223 jm: pending checkpoint TRIGGERED -> FINALIZING #1\n"
                        "...\n"
                        "0.225 jm: pending checkpoint FINALIZING -> COMPLETED #1\n"
                        "0.225 jm: checkpoint completed #1 19000000\n");
    story_destroy(story);
}
END_TEST

Suite *test_cluster_checkpoints_suite(void)
{
    Suite *suite = suite_create("cluster: checkpoints");
    TCase *checkpoints = tcase_create("checkpoints");
    tcase_add_story(checkpoints, only_task_managers_with_sources_are_asked);
    tcase_add_story(checkpoints, the_job_manager_logs_at_the_level_it_is_given);
    suite_add_tcase(suite, checkpoints);
    return suite;
}
