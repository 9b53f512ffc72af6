/* SPDX-License-Identifier: Apache-2.0
 *
 * The cuts that a job keeps: savepoints go when they are stored, unless a later job may start from
 * them, and the books compare each checkpoint with the one before it.
 */
#include <check.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;

static void setup(void)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    two_by_two = model_fixture_two_by_two();
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void take_savepoints(uint64_t first, uint64_t last)
{
    for (uint64_t id = first; id <= last; id++) {
        model_fixture_trigger(&f, &two_by_two, id, CHECKPOINT_SAVEPOINT);
        model_fixture_run(&f, (10 + (time_ns)id) * TIME_S);
    }
    ck_assert_uint_eq(f.model->jobs[0].pending.count, 0);
}

static void take_checkpoint(uint64_t id)
{
    model_fixture_trigger(&f, &two_by_two, id, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, (10 + (time_ns)id) * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, id);
}

/* Nobody says that they are complete, and nobody restores them. */
START_TEST(a_savepoint_that_is_stored_leaves_nothing_behind)
{
    model_fixture_begin(&f, &two_by_two, 1000);
    take_savepoints(1, 10);
    ck_assert_uint_eq(f.model->jobs[0].cuts.count, 0);
    take_checkpoint(11);
    take_savepoints(12, 20);
    ck_assert_uint_eq(f.model->jobs[0].cuts.count, 1);
    ck_assert_uint_eq(model_fixture_job(&f, job_0).restore_checkpoint, 11);
}
END_TEST

START_TEST(savepoints_wait_for_the_job_that_may_start_from_them)
{
    struct model_job *job;
    model_fixture_begin(&f, &two_by_two, 1000);
    job = &f.model->jobs[0];
    job->has_heirs = true;
    take_savepoints(1, 10);
    take_checkpoint(11);
    ck_assert_uint_eq(job->cuts_kept, 10); /* not looked at again */
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_ABORTED, 4);
    ck_assert_uint_eq(job->cuts_kept, 9);
    take_checkpoint(12);
    take_savepoints(13, 20);
    take_checkpoint(21);
    ck_assert_uint_eq(job->cuts_kept, 17);
    ck_assert_uint_eq(job->cuts.count, 18);
    for (size_t i = 1; i < job->cuts.count; i++)
        ck_assert_uint_lt(job->cuts.items[i - 1].id, job->cuts.items[i].id);
    ck_assert_uint_eq(model_fixture_job(&f, job_0).restore_checkpoint, 21);
}
END_TEST

/* Each is compared with the one before it, once, also one that completes behind a newer one. */
START_TEST(a_checkpoint_ahead_of_a_newer_one_is_seen)
{
    struct note note;
    f.config.checkpoint_retained = 3;
    model_fixture_begin(&f, &two_by_two, 1000);
    struct model_job *job = &f.model->jobs[0];
    take_checkpoint(1);
    take_checkpoint(2);
    ck_assert(!err_is(model_check_conservation(f.model, &note)));
    cut_find(job, 1)->sources[0].total += 1e6;
    ck_assert(!err_is(model_check_conservation(f.model, &note)));
    cut_find(job, 1)->sources[0].total -= 1e6;
    take_checkpoint(3);
    cut_find(job, 2)->sources[0].total += 1e6;
    ck_assert(err_is(model_check_conservation(f.model, &note)));
    ck_assert_str_eq(note.text, "checkpoint 2 is ahead of a newer one");
    cut_find(job, 2)->sources[0].total -= 1e6;
    ck_assert(!err_is(model_check_conservation(f.model, &note)));
    model_fixture_trigger(&f, &two_by_two, 4, CHECKPOINT_PERIODIC);
    take_checkpoint(5);
    ck_assert(!err_is(model_check_conservation(f.model, &note)));
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 4);
    ck_assert_uint_eq(job->restorable.count, 3);
    ck_assert_uint_eq(job->restorable.items[1], 4);
    cut_find(job, 4)->sources[0].total += 1e6;
    ck_assert(err_is(model_check_conservation(f.model, &note)));
}
END_TEST

Suite *test_model_cuts_suite(void)
{
    Suite *suite = suite_create("model_cuts");
    TCase *tests = tcase_create("cuts");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_savepoint_that_is_stored_leaves_nothing_behind);
    tcase_add_test(tests, savepoints_wait_for_the_job_that_may_start_from_them);
    tcase_add_test(tests, a_checkpoint_ahead_of_a_newer_one_is_seen);
    suite_add_tcase(suite, tests);
    return suite;
}
