/* SPDX-License-Identifier: Apache-2.0
 *
 * Cancelling a job in every phase of its life, under both schedulers: it ends, everything it held
 * is free again, and it is answered.
 */
#include <check.h>
#include <string.h>

#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

/* Where the story stands when the cancel comes. */
enum phase {
    NO_SLOTS,      /* waiting for slots that are not there */
    SOME_SLOTS,    /* one of two is */
    DEPLOYING,     /* orders are out */
    INITIALIZING,  /* tasks restore */
    RUNNING,       /* for a second */
    CHECKPOINTING, /* a checkpoint is in progress */
    CANCELLING,    /* restarting: tasks are still ending */
    BACKING_OFF,   /* restarting: the wait is on */
    HANGING,       /* restarting: a TaskManager is dead and nobody knows */
    FAILING,       /* the job ends as FAILED, tasks are still ending */
    FROZEN_WORKER, /* the TaskManager does not answer */
    PHASE_COUNT
};

static struct story *story_in(enum phase phase, bool adaptive, int vouch)
{
    struct story *story = story_begin(vouch);
    if (adaptive)
        story_adaptive(story);
    story_fixed_delay(story, phase == FAILING ? "0" : "5", "5 s");
    story_set(story, "execution.checkpointing.interval", "2 s");
    uint32_t slots = phase == NO_SLOTS ? 0 : phase == SOME_SLOTS ? 1 : 2;
    story_open(story, slots ? 1 : 0, slots, story_job(story, 2, 0));
    switch (phase) {
    case NO_SLOTS:
    case SOME_SLOTS: story_run(story, 2 * TIME_S); break;
    case DEPLOYING: story_run(story, adaptive ? 160 * TIME_MS : 180 * TIME_MS); break;
    case INITIALIZING: story_run(story, adaptive ? 180 * TIME_MS : 200 * TIME_MS); break;
    case RUNNING: story_run(story, 1500 * TIME_MS); break;
    case CHECKPOINTING: story_run(story, 2208 * TIME_MS); break;
    case CANCELLING:
    case FAILING:
        story_run(story, 1500 * TIME_MS);
        story_slow_cancel(story, 2 * TIME_S);
        story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_run(story, 2 * TIME_S);
        break;
    case BACKING_OFF:
        story_run(story, 1500 * TIME_MS);
        story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_run(story, 2 * TIME_S);
        break;
    case HANGING:
        story_run(story, 1500 * TIME_MS);
        story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_kill_hanging(story, (struct node_id){ 1 }, 1 * TIME_H);
        story_run(story, 2 * TIME_S);
        break;
    case FROZEN_WORKER:
        story_run(story, 1500 * TIME_MS);
        story_freeze(story, (struct node_id){ 1 }, true);
        break;
    case PHASE_COUNT: break;
    }
    return story;
}

/* _i: phase, scheduler, vouching. */
START_TEST(a_cancel_ends_the_job_in_every_phase)
{
    enum phase phase = (enum phase)(_i / 4);
    bool adaptive = _i / 2 % 2;
    struct story *story = story_in(phase, adaptive, _i % 2);
    enum job_status before = view_job(story_node(story, jm), 0).status;
    ck_assert_int_eq(before == JOB_FAILING, phase == FAILING);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    ck_assert_str_eq(story_answer(story), "cancel: done 0");
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0); /* once more is nothing */
    story_run(story, story_now(story) + 45 * TIME_S);
    if (phase == FROZEN_WORKER)
        story_freeze(story, (struct node_id){ 1 }, false);
    story_run(story, story_now(story) + 2 * TIME_MIN);
    struct job_view job = view_job(story_node(story, jm), 0);
    ck_assert_int_eq(job.status, JOB_CANCELED);
    ck_assert_uint_eq(job.tasks_running, 0);
    ck_assert_uint_eq(job.slots_held, 0);
    ck_assert_uint_eq(story_tasks_running(story), 0);
    ck_assert_uint_eq(story_unanswered(story), 0);
    struct cluster_view cluster = view_cluster(story_node(story, jm));
    ck_assert_uint_eq(cluster.slots_free, cluster.slots_total);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    ck_assert_str_eq(story_answer(story), "cancel: refused the job has ended");
    story_destroy(story);
}
END_TEST

/* The lines of three of them. */
START_TEST(a_cancel_of_a_running_default_job)
{
    struct story *story = story_in(CHECKPOINTING, false, _i);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "2.208 jm: job RUNNING -> CANCELLING\n"
                        "2.208 jm: checkpoint failed #2 2000000 (Checkpoint Coordinator is "
                        "suspending)\n"
                        "2.208 jm: checkpoint stopping checkpoint scheduler\n"
                        "2.215 jm: job CANCELLING -> CANCELED\n"
                        "2.215 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "2.215 jm: dispatcher job ended (CANCELED)\n");
    story_destroy(story);
}
END_TEST

START_TEST(a_cancel_of_a_running_adaptive_job)
{
    struct story *story = story_in(RUNNING, true, _i);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "1.500 jm: scheduler Executing -> Canceling\n"
                        "1.500 jm: job RUNNING -> CANCELLING\n"
                        "1.500 jm: checkpoint stopping checkpoint scheduler\n"
                        "1.507 jm: job CANCELLING -> CANCELED\n"
                        "1.507 jm: scheduler Canceling -> Finished\n"
                        "1.507 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "1.507 jm: dispatcher job ended (CANCELED)\n");
    story_destroy(story);
}
END_TEST

/* A9, A2: a job that is FAILING is still cancelled, and ends as CANCELED when its tasks have ended
 * (DefaultExecutionGraph.cancel and failJob; Failing.cancel). */
START_TEST(a_cancel_of_a_failing_default_job)
{
    struct story *story = story_in(FAILING, false, _i);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "2.000 jm: job FAILING -> CANCELLING\n"
                        "3.503 jm: job CANCELLING -> CANCELED\n"
                        "3.503 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "3.503 jm: dispatcher job ended (CANCELED)\n");
    story_destroy(story);
}
END_TEST

START_TEST(a_cancel_of_a_failing_adaptive_job)
{
    struct story *story = story_in(FAILING, true, _i);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "2.000 jm: scheduler Failing -> Canceling\n"
                        "2.000 jm: job FAILING -> CANCELLING\n"
                        "3.503 jm: job CANCELLING -> CANCELED\n"
                        "3.503 jm: scheduler Canceling -> Finished\n"
                        "3.503 jm: job master disconnects tm1 (the JobMaster stops)\n"
                        "3.503 jm: dispatcher job ended (CANCELED)\n");
    story_destroy(story);
}
END_TEST

/* A cancel that nobody takes is sent three more times, 10 s each, then the tasks count as ended. */
START_TEST(a_cancel_against_a_hanging_task_manager_gives_up_after_four_time_outs)
{
    struct story *story = story_begin(_i);
    story_set(story, "heartbeat.timeout", "10 min");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 2 * TIME_S);
    story_kill_hanging(story, (struct node_id){ 1 }, 1 * TIME_H);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "2.000 jm: job RUNNING -> CANCELLING\n"
                        "42.000 jm: job CANCELLING -> CANCELED\n");
    story_destroy(story);
}
END_TEST

Suite *test_schedule_cancel_suite(void)
{
    Suite *suite = suite_create("schedule: cancel");
    TCase *cancel = tcase_create("cancel");
    tcase_add_loop_test(cancel, a_cancel_ends_the_job_in_every_phase, 0, 4 * PHASE_COUNT);
    tcase_add_story(cancel, a_cancel_of_a_running_default_job);
    tcase_add_story(cancel, a_cancel_of_a_running_adaptive_job);
    tcase_add_story(cancel, a_cancel_of_a_failing_default_job);
    tcase_add_story(cancel, a_cancel_of_a_failing_adaptive_job);
    tcase_add_story(cancel, a_cancel_against_a_hanging_task_manager_gives_up_after_four_time_outs);
    suite_add_tcase(suite, cancel);
    return suite;
}
