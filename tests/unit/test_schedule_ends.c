/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends, of jobs and of all their tasks, under both schedulers: what is kept of the checkpoints,
 * what is remembered, and jobs so small that nothing is left to be cancelled.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

static const struct job_master *master_of(const struct story *story)
{
    return node_job_manager(story_node(story, jm))->dispatcher.jobs.items[0].master;
}

static size_t checkpoints_kept(const struct story *story)
{
    return master_of(story)->checkpoints.store.checkpoints.count;
}

/* Ends job 0, which runs with checkpoints, in this way at 10 s. */
static struct story *end_job(int vouch, bool adaptive, const char *retention,
                             enum job_status status)
{
    struct story *story = story_begin(vouch);
    if (adaptive)
        story_adaptive(story);
    story_set(story, "restart-strategy.type", "none");
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_set(story, "execution.checkpointing.externalized-checkpoint-retention", retention);
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 10 * TIME_S);
    ck_assert_uint_eq(checkpoints_kept(story), 1);
    if (status == JOB_FINISHED)
        story_finish_all(story);
    else if (status == JOB_CANCELED)
        story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    else
        story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 15 * TIME_S);
    struct job_view view = view_job(story_node(story, jm), 0);
    ck_assert_int_eq(view.status, status);
    ck_assert_int_eq(view.submitted_at, 100 * TIME_MS);
    ck_assert_int_ge(view.ended_at, 10 * TIME_S);
    ck_assert_int_le(view.ended_at, 10100 * TIME_MS);
    return story;
}

/* CheckpointProperties.forCheckpoint, by how the job ended. */
START_TEST(checkpoints_are_kept_by_how_the_job_ended)
{
    static const struct {
        const char *retention;
        size_t finished, canceled, failed;
    } rows[] = { { "NO_EXTERNALIZED_CHECKPOINTS", 0, 0, 0 },
                 { "RETAIN_ON_CANCELLATION", 0, 1, 1 },
                 { "DELETE_ON_CANCELLATION", 0, 0, 1 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int adaptive = 0; adaptive < 2; adaptive++) {
            const enum job_status ends[] = { JOB_FINISHED, JOB_CANCELED, JOB_FAILED };
            const size_t kept[] = { rows[i].finished, rows[i].canceled, rows[i].failed };
            for (int e = 0; e < 3; e++) {
                struct story *story = end_job(_i, adaptive, rows[i].retention, ends[e]);
                ck_assert_uint_eq(checkpoints_kept(story), kept[e]);
                story_destroy(story);
            }
        }
    }
}
END_TEST

/* What a client still asks of a job that has ended is refused, not carried out. */
START_TEST(a_job_that_has_ended_takes_no_stop)
{
    struct story *story = end_job(_i, false, "DELETE_ON_CANCELLATION", JOB_CANCELED);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 20 * TIME_S);
    ck_assert_str_eq(story_answer(story), "stop: refused the job has ended");
    story_ask(story, CLIENT_TRIGGER_SAVEPOINT, NULL, 0);
    story_run(story, 25 * TIME_S);
    ck_assert_str_eq(story_answer(story), "savepoint: refused the job has ended");
    story_destroy(story);
}
END_TEST

/* createSparseArchivedExecutionGraph with a failure: no task of it, and no graph either. */
START_TEST(what_ends_a_job_without_a_graph_is_remembered)
{
    struct story *story = story_begin(_i);
    story_set(story, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "20 s");
    story_adaptive(story);
    story_open(story, 0, 0, story_job(story, 2, 0));
    story_run(story, 30 * TIME_S);
    const struct exception_history *history = &master_of(story)->exceptions;
    ck_assert_uint_eq(history->root_count, 1);
    ck_assert_int_eq(history->entries.items[0].cause, CAUSE_LOWER_BOUNDS);
    ck_assert_int_eq(history->entries.items[0].at, 20 * TIME_S + 100 * TIME_MS);
    ck_assert(task_id_is_none(history->entries.items[0].task.task));
    story_destroy(story);
}
END_TEST

/* ExceptionHistoryEntry: which attempt failed of which subtask, and where it ran. */
START_TEST(a_failure_is_remembered_with_its_place)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 1, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    struct node_id node = story_task_node(story, 3);
    story_report(story, 3, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 6 * TIME_S);
    const struct exception_entry *entry = &master_of(story)->exceptions.entries.items[0];
    ck_assert_uint_eq(entry->task.task.n, 3);
    ck_assert_uint_eq(entry->task.attempt, 0);
    ck_assert_uint_eq(entry->vertex.n, 1);
    ck_assert_uint_eq(entry->subtask, 1);
    ck_assert_uint_eq(entry->node.n, node.n);
    ck_assert_int_eq(entry->at, 5001 * TIME_MS);
    story_destroy(story);
}
END_TEST

/* A job without a graph, waiting for its first slots, has no tasks to be counted. */
START_TEST(a_job_without_a_graph_has_no_tasks)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 0, 0, story_job(story, 2, 0));
    story_run(story, 5 * TIME_S);
    struct job_view view = view_job(story_node(story, jm), 0);
    ck_assert_uint_eq(view.tasks, 0);
    ck_assert_uint_eq(view.tasks_running, 0);
    ck_assert_uint_eq(view.slots_held, 0);
    ck_assert_int_eq(view.ended_at, TIME_NEVER);
    story_destroy(story);
}
END_TEST

static struct story *open_single(int vouch, const char *strategy)
{
    struct story *story = story_begin(vouch);
    story_adaptive(story);
    story_set(story, "restart-strategy.type", strategy);
    story_set(story, "restart-strategy.fixed-delay.delay", "1 s");
    story_open(story, 1, 1, graphs_job_with("source 1", story_config(story)));
    story_run(story, 3 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 1);
    return story;
}

/* A2: with its only task the graph has ended before anything is cancelled, and the job goes on to
 * the back-off, or to its end, in the same call. */
START_TEST(the_only_task_of_a_job_fails)
{
    struct story *story = open_single(_i, "fixed-delay");
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "3.001 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (RuntimeException: user "
                        "code failed)\n"
                        "3.001 jm: scheduler Executing -> Restarting (user code failed)\n"
                        "3.001 jm: job RUNNING -> CANCELLING\n"
                        "3.001 jm: job CANCELLING -> CANCELED\n"
                        "4.001 jm: scheduler Restarting -> CreatingExecutionGraph\n");
    story_destroy(story);
    story = open_single(_i, "none");
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_expect(story, "...\n"
                        "3.001 jm: scheduler Executing -> Failing (recovery is suppressed by "
                        "restart strategy none)\n"
                        "3.001 jm: job RUNNING -> FAILING\n"
                        "3.001 jm: job FAILING -> FAILED\n"
                        "3.001 jm: scheduler Failing -> Finished (user code failed)\n"
                        "...\n"
                        "3.001 jm: dispatcher job ended (FAILED)\n");
    story_destroy(story);
}
END_TEST

/* A cancel that finds all tasks ended, between a failure and its restart, ends the job at once. */
START_TEST(a_cancel_during_the_back_off_ends_the_job_at_once)
{
    struct story *story = open_single(_i, "fixed-delay");
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 3500 * TIME_MS);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "3.500 jm: scheduler Restarting -> Canceling\n"
                        "3.500 jm: scheduler Canceling -> Finished\n"
                        "...\n"
                        "3.500 jm: dispatcher job ended (CANCELED)\n");
    story_expect_silence(story, TIME_MIN);
    story_destroy(story);
}
END_TEST

/* The last task to end decides nothing by being last: a job with a failed task is not FINISHED. */
START_TEST(the_last_task_fails_when_all_others_have_finished)
{
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        struct story *story = story_begin(_i);
        if (adaptive)
            story_adaptive(story);
        story_fixed_delay(story, "100", "1 s");
        story_open(story, 1, 4, story_job(story, 2, 0));
        story_run(story, 3 * TIME_S);
        for (uint32_t task = 0; task < 3; task++)
            story_report(story, task, EXECUTION_FINISHED, CAUSE_NONE);
        story_run(story, 4 * TIME_S);
        story_report(story, 3, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_run(story, 10 * TIME_S);
        ck_assert_int_eq(view_job(story_node(story, jm), 0).status, JOB_RUNNING);
        ck_assert_uint_eq(view_job(story_node(story, jm), 0).restarts, 1);
        ck_assert_uint_eq(story_tasks_running(story), 4);
        story_destroy(story);
    }
}
END_TEST

/* The adaptive scheduler knows two exchanges, the default one a third (ResultPartitionType). */
START_TEST(approximate_exchanges_are_for_the_default_scheduler)
{
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        struct story *story = story_begin(_i);
        if (adaptive)
            story_adaptive(story);
        story_open(story, 1, 2,
                   graphs_job_with("source 2; sink 2; source -> sink rebalance "
                                   "pipelined_approximate",
                                   story_config(story)));
        story_run(story, 3 * TIME_S);
        ck_assert_str_eq(story_answer_to(story, CLIENT_SUBMIT_JOB),
                         adaptive ? "submit: refused the adaptive scheduler runs pipelined edges "
                                    "only, found pipelined_approximate"
                                  : "submit: done 0");
        ck_assert_uint_eq(story_tasks_running(story), adaptive ? 0 : 4);
        story_destroy(story);
    }
}
END_TEST

Suite *test_schedule_ends_suite(void)
{
    Suite *suite = suite_create("schedule: ends");
    TCase *ends = tcase_create("ends");
    tcase_add_story(ends, checkpoints_are_kept_by_how_the_job_ended);
    tcase_add_story(ends, a_job_that_has_ended_takes_no_stop);
    tcase_add_story(ends, a_failure_is_remembered_with_its_place);
    tcase_add_story(ends, what_ends_a_job_without_a_graph_is_remembered);
    tcase_add_story(ends, a_job_without_a_graph_has_no_tasks);
    tcase_add_story(ends, the_only_task_of_a_job_fails);
    tcase_add_story(ends, a_cancel_during_the_back_off_ends_the_job_at_once);
    tcase_add_story(ends, the_last_task_fails_when_all_others_have_finished);
    tcase_add_story(ends, approximate_exchanges_are_for_the_default_scheduler);
    suite_add_tcase(suite, ends);
    return suite;
}
