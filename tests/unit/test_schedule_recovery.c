/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of jobs that start from what another job has left: under both schedulers, from savepoints
 * and retained checkpoints, and what is said when it cannot be. A12; DefaultExecutionGraphFactory,
 * CheckpointCoordinator.restoreSavepoint.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/story_setup.h"

/* Another job, of other parallelism, that starts from `path`. The story's own configuration, which
 * was copied into the first job, gets the keys. */
static struct job_graph *heir(struct story *story, uint32_t id, const char *text, const char *path)
{
    story_set(story, "execution.state-recovery.path", path);
    struct job_graph *job = graphs_job_with(text, story_config(story));
    job->id = (struct job_id){ id };
    return job;
}

#define LARGER "source 3; count 3; source -> count hash"

/* One TaskManager of four slots; job 0, of 2, takes checkpoint 1 at 1.206 s and stops behind
 * savepoint 2 at 5 s. */
static struct story *open_and_stop(int vouch, bool adaptive)
{
    struct story *story = story_begin(vouch);
    if (adaptive)
        story_adaptive(story);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "execution.checkpointing.interval", "20 s");
    story_set(story, "execution.checkpointing.min-pause", "1 s");
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 6 * TIME_S);
    ck_assert_str_eq(story_answer(story), "stop: done 2");
    return story;
}

START_TEST(a_job_starts_from_the_savepoint_of_another)
{
    struct story *story = open_and_stop(_i, false);
    story_submit(story, heir(story, 1, LARGER, "savepoint of job"));
    story_expect(story,
                 "6.000 jm: dispatcher [job 1] job submitted (job)\n"
                 "6.000 jm: checkpoint [job 1] starting from savepoint 2 (savepoint of job)\n"
                 "6.000 jm: job [job 1] CREATED -> RUNNING\n"
                 "6.000 jm: checkpoint [job 1] restore from checkpoint 2\n"
                 "6.000 jm: checkpoint [job 1] starting checkpoint scheduler\n"
                 "6.000 jm: checkpoint [job 1] stopping checkpoint scheduler\n"
                 "6.074 jm: job [job 1] first task DEPLOYING 6\n"
                 "6.106 jm: checkpoint [job 1] starting checkpoint scheduler\n"
                 "6.106 jm: job [job 1] all tasks RUNNING 6 (parallelism 3)\n"
                 "7.106 jm: checkpoint [job 1] triggered #3\n"
                 "7.125 jm: checkpoint [job 1] completed #3 19000000\n");
    story_destroy(story);
}
END_TEST

/* Before the first checkpoint of its own a restart begins with the savepoint again. */
START_TEST(a_restart_before_the_first_checkpoint_goes_back_to_the_savepoint)
{
    struct story *story = open_and_stop(_i, false);
    struct job_graph *job = heir(story, 1, LARGER, "savepoint 2 of job");
    story_submit(story, job);
    story_expect(story, "...\n6.106 jm: job [job 1] all tasks RUNNING 6 (parallelism 3)\n");
    story_stop(story, (struct node_id){ 1 });
    story_add(story, 4);
    story_expect(story, "...\n"
                        "7.107 jm: job [job 1] RESTARTING -> RUNNING\n"
                        "7.107 jm: checkpoint [job 1] restore from checkpoint 2\n");
    story_destroy(story);
}
END_TEST

/* The adaptive scheduler looks for it when it builds its first graph, behind the resources. */
START_TEST(an_adaptive_job_takes_the_savepoint_with_its_first_graph)
{
    struct story *story = open_and_stop(_i, true);
    story_submit(story, heir(story, 1, LARGER, "savepoint of job"));
    story_expect(
        story, "...\n"
               "6.054 jm: scheduler [job 1] WaitingForResources -> CreatingExecutionGraph (desired "
               "resources)\n"
               "6.054 jm: checkpoint [job 1] starting from savepoint 2 (savepoint of job)\n"
               "6.054 jm: checkpoint [job 1] restore from checkpoint 2\n"
               "6.054 jm: job [job 1] CREATED -> RUNNING\n"
               "6.054 jm: scheduler [job 1] CreatingExecutionGraph -> Executing\n");
    story_expect(story, "...\n7.086 jm: checkpoint [job 1] triggered #3\n");
    story_destroy(story);
}
END_TEST

START_TEST(a_job_whose_savepoint_is_not_there_fails)
{
    struct story *story = open_and_stop(_i, false);
    story_submit(story, heir(story, 1, LARGER, "savepoint 9 of job"));
    story_expect(story,
                 "6.000 jm: dispatcher [job 1] job submitted (job)\n"
                 "6.000 jm: job [job 1] restore refused (Cannot find checkpoint or savepoint "
                 "file/directory 'savepoint 9 of job')\n"
                 "6.000 jm: job [job 1] archived FAILED (the execution graph could not be built)\n"
                 "6.000 jm: dispatcher [job 1] job ended (FAILED)\n");
    ck_assert_str_eq(story_answer(story), "submit: done 0"); /* the job is started behind it */
    story_ask_of(story, (struct job_id){ 1 }, CLIENT_CANCEL_JOB);
    story_run(story, 7 * TIME_S);
    ck_assert_str_eq(story_answer(story), "cancel: refused the job has ended");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(an_adaptive_job_whose_savepoint_is_not_there_fails_with_its_first_graph)
{
    struct story *story = open_and_stop(_i, true);
    story_submit(story, heir(story, 1, LARGER, "savepoint of nobody"));
    story_expect(story, "...\n"
                        "6.054 jm: scheduler [job 1] WaitingForResources -> CreatingExecutionGraph "
                        "(desired resources)\n"
                        "6.054 jm: job [job 1] restore refused (Cannot find checkpoint or "
                        "savepoint file/directory 'savepoint of nobody')\n"
                        "6.054 jm: scheduler [job 1] CreatingExecutionGraph -> Finished (the "
                        "execution graph could not be built)\n"
                        "6.054 jm: job [job 1] archived FAILED (the execution graph could not be "
                        "built)\n");
    story_destroy(story);
}
END_TEST

/* Of 140 the job runs 4 at first, for whose 128 key groups the savepoint stands; 144 slots are more
 * than these can be dealt out to. */
START_TEST(an_adaptive_job_that_outgrows_the_key_groups_of_its_savepoint_fails)
{
    struct story *story = open_and_stop(_i, true);
    story_submit(story,
                 heir(story, 1, "source 140; count 140; source -> count hash", "savepoint of job"));
    story_run(story, 60 * TIME_S);
    story_add(story, 140);
    story_expect(story,
                 "...\n"
                 "77.112 jm: scheduler [job 1] Restarting -> CreatingExecutionGraph\n"
                 "77.112 jm: job [job 1] restore refused (The state for task source can not be "
                 "restored. The maximum parallelism (128) of the restored state is lower than the "
                 "configured parallelism (140))\n"
                 "77.112 jm: scheduler [job 1] CreatingExecutionGraph -> Finished (the execution "
                 "graph could not be built)\n");
    story_destroy(story);
}
END_TEST

/* CLAIM: with checkpoint 3 the savepoint is the job's to remove, and nobody finds it any more.
 * NO_CLAIM leaves it to a third job. */
static void check_third_job(int vouch, const char *claim_mode, const char *said)
{
    struct story *story = open_and_stop(vouch, false);
    story_set(story, "execution.state-recovery.claim-mode", claim_mode);
    story_submit(story,
                 heir(story, 1, "source 1; count 1; source -> count hash", "savepoint of job"));
    story_expect(story, "...\n7.106 jm: checkpoint [job 1] triggered #3\n"
                        "7.125 jm: checkpoint [job 1] completed #3 19000000\n");
    story_run(story, 8 * TIME_S);
    story_submit(story,
                 heir(story, 2, "source 1; count 1; source -> count hash", "savepoint 2 of job"));
    story_expect(story, "8.000 jm: dispatcher [job 2] job submitted (job)\n");
    story_expect(story, said);
    story_destroy(story);
}

START_TEST(a_claimed_savepoint_is_gone_once_it_is_subsumed)
{
    check_third_job(_i, "CLAIM",
                    "8.000 jm: job [job 2] restore refused (Cannot find checkpoint or savepoint "
                    "file/directory 'savepoint 2 of job')\n");
}
END_TEST

START_TEST(an_unclaimed_savepoint_serves_another_job)
{
    check_third_job(
        _i, "NO_CLAIM",
        "8.000 jm: checkpoint [job 2] starting from savepoint 2 (savepoint 2 of job)\n");
}
END_TEST

/* A job that was cancelled leaves its checkpoint where it is told to. */
START_TEST(a_job_starts_from_a_retained_checkpoint)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "execution.checkpointing.interval", "20 s");
    story_set(story, "execution.checkpointing.externalized-checkpoint-retention",
              "RETAIN_ON_CANCELLATION");
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_run(story, 6 * TIME_S);
    story_submit(story, heir(story, 1, LARGER, "checkpoint of job"));
    story_expect(story,
                 "6.000 jm: dispatcher [job 1] job submitted (job)\n"
                 "6.000 jm: checkpoint [job 1] starting from savepoint 1 (checkpoint of job)\n");
    story_destroy(story);
}
END_TEST

Suite *test_schedule_recovery_suite(void)
{
    Suite *suite = suite_create("schedule recovery");
    TCase *starts = tcase_create("starts");
    tcase_add_story(starts, a_job_starts_from_the_savepoint_of_another);
    tcase_add_story(starts, a_restart_before_the_first_checkpoint_goes_back_to_the_savepoint);
    tcase_add_story(starts, an_adaptive_job_takes_the_savepoint_with_its_first_graph);
    tcase_add_story(starts, a_job_starts_from_a_retained_checkpoint);
    suite_add_tcase(suite, starts);
    TCase *refusals = tcase_create("refusals");
    tcase_add_story(refusals, a_job_whose_savepoint_is_not_there_fails);
    tcase_add_story(refusals,
                    an_adaptive_job_whose_savepoint_is_not_there_fails_with_its_first_graph);
    tcase_add_story(refusals, an_adaptive_job_that_outgrows_the_key_groups_of_its_savepoint_fails);
    suite_add_tcase(suite, refusals);
    TCase *claims = tcase_create("claims");
    tcase_add_story(claims, a_claimed_savepoint_is_gone_once_it_is_subsumed);
    tcase_add_story(claims, an_unclaimed_savepoint_serves_another_job);
    suite_add_tcase(suite, claims);
    return suite;
}
