/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of what JobMaster and TaskManagers say to one another of checkpoints, and to the log.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

/* The JobMaster itself, between steps, ready to be called. */
static struct job_master *master_of(const struct story *story)
{
    struct job_manager *manager =
        (struct job_manager *)(uintptr_t)node_job_manager(story_node(story, jm));
    effects_begin(&manager->effects, story_now(story));
    return manager->dispatcher.jobs.items[0].master;
}

static size_t effects_of(const struct job_master *master, enum effect_kind kind)
{
    size_t count = 0;
    for (VEC_EACH(const struct effect, effect, &master->effects->list))
        count += effect->kind == kind;
    return count;
}

static size_t messages_of(const struct job_master *master, enum message_kind kind)
{
    size_t count = 0;
    for (VEC_EACH(const struct effect, effect, &master->effects->list))
        count += effect->kind == EFFECT_SEND && effect->send.message->kind == kind;
    return count;
}

static void request(struct job_master *master, enum checkpoint_kind kind)
{
    checkpoint_coordinator_request(&master->checkpoints, kind, 5, master->effects);
    checkpoint_coordinator_on_time(&master->checkpoints, master->effects);
    job_checkpoints_follow(master);
}

/* Tasks hear of a completed checkpoint, and of a savepoint only if it stops them: what they hold
 * back until a checkpoint is complete must not be let go for one that nobody restores from
 * (sendAcknowledgeMessages). */
START_TEST(tasks_are_not_told_of_an_asynchronous_savepoint)
{
    static const enum checkpoint_kind kinds[] = { CHECKPOINT_PERIODIC, CHECKPOINT_SAVEPOINT,
                                                  CHECKPOINT_STOP_SUSPEND };
    struct story *story = story_begin(0);
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    struct job_master *master = master_of(story);
    struct checkpoint_ack acks[4] = { 0 };
    for (uint32_t t = 0; t < 4; t++)
        acks[t].attempt = execution_graph_attempt(master->scheduler.graph, (struct task_id){ t });
    request(master, kinds[_i]);
    checkpoint_coordinator_on_acknowledge(&master->checkpoints, 1, acks, 4, master->effects);
    job_checkpoints_follow(master);
    ck_assert_uint_eq(effects_of(master, EFFECT_STORE_WRITE), 1);
    checkpoint_coordinator_on_stored(&master->checkpoints, 1, false, master->effects);
    job_checkpoints_follow(master);
    bool is_told = kinds[_i] != CHECKPOINT_SAVEPOINT;
    ck_assert_uint_eq(messages_of(master, MESSAGE_CHECKPOINT_COMPLETE), is_told);
    story_destroy(story);
}
END_TEST

/* What never was a checkpoint has no files, and no task knows of it. */
START_TEST(a_refused_request_is_answered_and_that_is_all)
{
    struct story *story = story_begin(0);
    story_open(story, 1, 4, story_job(story, 2, 0));
    story_run(story, 150 * TIME_MS); /* there are no slots yet */
    struct job_master *master = master_of(story);
    request(master, CHECKPOINT_SAVEPOINT);
    ck_assert_uint_eq(effects_of(master, EFFECT_CLIENT_ANSWER), 1);
    ck_assert_uint_eq(effects_of(master, EFFECT_SEND), 0);
    ck_assert_uint_eq(effects_of(master, EFFECT_STORE_REMOVE), 0);
    story_destroy(story);
}
END_TEST

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

/* A12: one task declines, and with it one region of two is to blame. Too many failed checkpoints
 * fail the job all the same, and no attempt (FailJobCallback.failJobDueToTaskFailure). */
START_TEST(a_declined_checkpoint_too_many_restarts_all_regions)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "1 s");
    story_set(story, "execution.checkpointing.interval", "2 s");
    story_set(story, "execution.checkpointing.tolerable-failed-checkpoints", "0");
    story_open(story, 1, 2,
               graphs_job_with("source 2; sink 2; source -> sink forward", story_config(story)));
    story_hold_acks(story, true);
    story_run(story, 300 * TIME_MS);
    story_decline(story, 0, 1);
    story_expect(story, "0.301 jm: checkpoint failed #1 95000000 (Asynchronous task checkpoint "
                        "failed)\n"
                        "0.301 jm: job tasks will be restarted 4 (too many failed checkpoints)\n"
                        "0.301 jm: job RUNNING -> RESTARTING\n"
                        "0.301 jm: checkpoint stopping checkpoint scheduler\n"
                        "1.301 jm: job RESTARTING -> RUNNING\n");
    story_destroy(story);
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
    tcase_add_story(checkpoints, a_declined_checkpoint_too_many_restarts_all_regions);
    tcase_add_loop_test(checkpoints, tasks_are_not_told_of_an_asynchronous_savepoint, 0, 3);
    tcase_add_test(checkpoints, a_refused_request_is_answered_and_that_is_all);
    tcase_add_story(checkpoints, the_job_manager_logs_at_the_level_it_is_given);
    suite_add_tcase(suite, checkpoints);
    return suite;
}
