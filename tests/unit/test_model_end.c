/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a bounded input in the data plane (FLIP-147): 100,000 records that are there from the
 * beginning, two subtasks of count that carry 10,000/s each, so all is read 5 s behind the start.
 */
#include <check.h>

#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const double records = 100e3;

static struct model_fixture f;
static struct fixture_deployment how;

static void setup(void)
{
    model_fixture_init(&f);
    model_fixture_source_and_count(&f, records * 1e3);
    model_fixture_load(&f, job_0, 0, TIME_MS, 0);
    f.scenario.jobs.items[0].load_bounded.items[0] = true;
    how = model_fixture_two_by_two();
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void start(time_ns interval)
{
    f.config.checkpoint_interval = interval;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
}

static size_t count_said(enum data_report kind)
{
    size_t count = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        count += line->kind == kind;
    return count;
}

static time_ns finished_at(uint32_t task)
{
    return model_fixture_reported(&f, task, EXECUTION_FINISHED);
}

/* deploy 100 ms, initialize 50 ms, 5 s of work, 20 ms for each of two vertices. */
START_TEST(tasks_finish_from_the_source_on_down_when_all_is_read)
{
    start(TIME_NEVER);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
    ck_assert_uint_eq(count_said(DATA_END_OF_DATA), 0);
    for (uint32_t s = 0; s < 2; s++) {
        ck_assert(finished_at(s) > 5 * TIME_S && finished_at(s) < 6 * TIME_S);
        ck_assert_int_eq(finished_at(2 + s), finished_at(0) + 20 * TIME_MS);
    }
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.position, records, 1e-3);
    ck_assert_double_eq_tol(view.served_total, records, 1e-3);
    ck_assert_double_eq_tol(view.backlog, 0, 1e-3);
    ck_assert_double_eq(view.lag_seconds, 0);
    ck_assert_double_eq(view.state_bytes, 0);
    ck_assert(view.whole);
}
END_TEST

/* finalCheckpointMinId: one that was cut before the end of the data does not count, whether it
 * completes before the one behind it is cut or later. */
START_TEST(tasks_wait_for_a_checkpoint_that_holds_the_end)
{
    bool is_late = _i;
    start(60 * TIME_S);
    model_fixture_run(&f, 4 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 30 * TIME_S);
    if (!is_late)
        model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_uint_eq(count_said(DATA_END_OF_DATA), 4);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 0);
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 45 * TIME_S);
    if (is_late)
        model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 50 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 0);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 2);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
    ck_assert_int_eq(finished_at(0), 50 * TIME_S + 20 * TIME_MS);
    ck_assert_int_eq(finished_at(3), 50 * TIME_S + 40 * TIME_MS);
}
END_TEST

/* The same when nothing is to be waited for, although there are checkpoints. */
START_TEST(without_checkpoints_behind_the_end_tasks_finish_at_once)
{
    f.config.checkpoint_after_finish = false;
    start(60 * TIME_S);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
    ck_assert_int_lt(finished_at(3), 6 * TIME_S);
}
END_TEST

/* A load that rests has not ended: more may come, if only because nobody has said that it will not.
 */
START_TEST(a_source_that_is_not_bounded_never_ends)
{
    f.scenario.jobs.items[0].load_bounded.items[0] = false;
    start(TIME_NEVER);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 0);
}
END_TEST

static void deploy_again(uint32_t attempt, uint64_t checkpoint)
{
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, f.queue ? sim_queue_now(f.queue) + TIME_S : 0);
    how.attempt = attempt;
    how.checkpoint = checkpoint;
    model_fixture_deploy(&f, &how);
}

/* Nobody is told that a savepoint is complete (CheckpointCoordinator.cleanupAfterCompleted
 * Checkpoint: unclaimed), and tasks that have stored theirs do not wait for it. */
START_TEST(a_savepoint_holds_no_task_back)
{
    start(60 * TIME_S);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_SAVEPOINT);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 0);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 2);
    model_fixture_run(&f, 31 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
}
END_TEST

/* SubtaskCheckpointCoordinator.waitForPendingCheckpoints: two at once, of which the second takes
 * its time, or is given up. */
START_TEST(tasks_finish_behind_the_snapshots_they_are_making)
{
    bool given_up = _i;
    f.scenario.jobs.items[0].vertices.items[1].state_fixed = 1e6;
    start(60 * TIME_S);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_double_eq(model_fixture_job(&f, job_0).state_bytes, 2e6);
    f.storage_bandwidth = 1e5; /* two subtasks on two hosts: 10 s each */
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 21 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 25 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 0);
    model_fixture_trigger(&f, &how, 3, CHECKPOINT_PERIODIC); /* nor do they take part in others */
    model_fixture_run(&f, 25 * TIME_S);
    ck_assert_uint_eq(count_said(DATA_CHECKPOINT_DECLINED), 2);
    if (given_up)
        model_fixture_tell(&f, &how, DATA_CHECKPOINT_ABORTED, 2);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
    ck_assert_int_eq(finished_at(0), (given_up ? 25 : 30) * TIME_S + 20 * TIME_MS);
    ck_assert_double_eq(model_fixture_job(&f, job_0).state_bytes, 0);
}
END_TEST

/* StreamTask: what is about to finish takes part in no checkpoint any more, and that is no failure
 * of the checkpoint's (CHECKPOINT_DECLINED_TASK_CLOSING is not counted). */
START_TEST(a_task_about_to_finish_declines_without_blame)
{
    f.scenario.jobs.items[0].vertices.items[0].close = 10 * TIME_S;
    start(60 * TIME_S);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_uint_eq(count_said(DATA_CHECKPOINT_DECLINED), 2);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 2, 1), TIME_NEVER);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_DECLINED)
            ck_assert_int_eq(line->task.cause, CAUSE_TASK_UNKNOWN);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
}
END_TEST

/* Behind the end: restored from the checkpoint before it, what lies between is read again, and its
 * end waited for again. */
START_TEST(a_failure_behind_the_end_goes_back_and_comes_to_it_again)
{
    start(60 * TIME_S);
    model_fixture_run(&f, 4 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 5 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(count_said(DATA_END_OF_DATA), 4);
    deploy_again(1, 1);
    model_fixture_run(&f, 30 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    /* what was left at 4 s, without what lay before the barrier: 22 buffers for each reader, six of
     * each sender and ten for the channel from the other host */
    ck_assert_double_eq_tol(view.replayed_total, records - 77e3 - 44 * 32768 / 100.0, 1);
    ck_assert_double_eq_tol(view.position, records, 1e-3);
    ck_assert_uint_eq(count_said(DATA_END_OF_DATA), 8);
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 31 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 2);
    model_fixture_run(&f, 32 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
}
END_TEST

/* A host dies while its last tasks finish, and without a checkpoint all begins anew, on one host.
 */
START_TEST(a_host_that_dies_while_tasks_finish_is_read_for_again)
{
    static const uint32_t one_each[] = { 1, 1 }, other[] = { 2 };
    start(TIME_NEVER);
    while (model_fixture_count(&f, EXECUTION_FINISHED) < 2)
        model_fixture_run(&f, sim_queue_now(f.queue) + TIME_MS);
    model_fixture_end_process(&f, 1);
    model_fixture_run(&f, 10 * TIME_S);
    how = (struct fixture_deployment){
        .job = job_0, .parallelism = one_each, .hosts = other, .host_count = 1, .attempt = 1
    };
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 30 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.replayed_total, records, 1e-3);
    ck_assert_double_eq_tol(view.position, records, 1e-3);
    ck_assert_int_gt(finished_at(1), 20 * TIME_S);
}
END_TEST

/* "Tasks of a finished vertex are deployed as finished": they read nothing, store nothing, and come
 * to their end at once. A second pipeline goes on meanwhile, checkpoints with it. */
START_TEST(tasks_restored_from_behind_their_end_hold_nothing)
{
    static const uint32_t parallelism[] = { 2, 2, 2 };
    struct vertex_model *other = model_fixture_vertex(&f, job_0, "other", 128, 10 * TIME_US);
    other->state_fixed = 5000;
    f.scenario.jobs.items[0].vertices.items[1].state_fixed = 7000;
    model_fixture_load(&f, job_0, 2, 0, 100);
    how.parallelism = parallelism;
    start(60 * TIME_S);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
    ck_assert(model_fixture_job(&f, job_0).whole);
    struct checkpoint_order order = { .checkpoint = 2, .kind = CHECKPOINT_PERIODIC };
    for (uint32_t s = 0; s < 2; s++) {
        struct task_attempt attempt = { { 4 + s }, 0, 0 };
        struct effect_data trigger = { .kind = DATA_TRIGGER_CHECKPOINT,
                                       .job = job_0,
                                       .attempts = &attempt,
                                       .count = 1,
                                       .checkpoint = order };
        model_ops()->order(f.model, (struct node_id){ how.hosts[s] }, &trigger);
    }
    model_fixture_run(&f, 13 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 2, 2), TIME_NEVER);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 2);
    deploy_again(1, 2);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_uint_eq(count_said(DATA_END_OF_DATA), 8);
    ck_assert_double_lt(model_fixture_job(&f, job_0).replayed_total, 110); /* of the other's 1 s */
    model_fixture_trigger(&f, &how, 3, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 21 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 3, 6), TIME_NEVER);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED && line->checkpoint == 3)
            ck_assert_int_eq(line->ack.state_bytes, line->ack.attempt.task.n < 4 ? 0 : 5000);
}
END_TEST

Suite *test_model_end_suite(void)
{
    Suite *suite = suite_create("model_end");
    TCase *tests = tcase_create("end");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, tasks_finish_from_the_source_on_down_when_all_is_read);
    tcase_add_loop_test(tests, tasks_wait_for_a_checkpoint_that_holds_the_end, 0, 2);
    tcase_add_test(tests, without_checkpoints_behind_the_end_tasks_finish_at_once);
    tcase_add_test(tests, a_source_that_is_not_bounded_never_ends);
    tcase_add_test(tests, a_savepoint_holds_no_task_back);
    tcase_add_loop_test(tests, tasks_finish_behind_the_snapshots_they_are_making, 0, 2);
    tcase_add_test(tests, a_task_about_to_finish_declines_without_blame);
    tcase_add_test(tests, a_failure_behind_the_end_goes_back_and_comes_to_it_again);
    tcase_add_test(tests, a_host_that_dies_while_tasks_finish_is_read_for_again);
    tcase_add_test(tests, tasks_restored_from_behind_their_end_hold_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
