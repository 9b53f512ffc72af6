/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders that come late: to a process that was frozen or cut off while its JobMaster gave it up and
 * went on without it. What they say of the job is of the past.
 */
#include <check.h>

#include "sim/kernel/queue.h"
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

static void complete_checkpoint(uint64_t checkpoint)
{
    model_fixture_trigger(&f, &two_by_two, checkpoint, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, sim_queue_now(f.queue) + TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, checkpoint, 4), TIME_NEVER);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, checkpoint);
}

/* An order to a frozen TaskManager that its JobMaster gave up meanwhile: what it restores has been
 * subsumed since. As another attempt in the same graph, and in an older one of another width. */
START_TEST(an_order_that_newer_attempts_have_overtaken_changes_nothing)
{
    static const uint32_t wide[] = { 4, 3 };
    model_fixture_begin(&f, &two_by_two, 2000);
    complete_checkpoint(4);
    struct fixture_deployment late = two_by_two;
    late.attempt = 1;
    late.checkpoint = 4;
    if (_i == 1)
        late.parallelism = wide;
    two_by_two.attempt = 1;
    two_by_two.graph = (uint32_t)_i;
    model_fixture_restart(&f, &two_by_two, 4);
    model_fixture_run(&f, 20 * TIME_S);
    complete_checkpoint(5);
    double position = model_fixture_job(&f, job_0).position;
    size_t failed = model_fixture_count(&f, EXECUTION_FAILED);
    model_fixture_deploy(&f, &late);
    model_fixture_lose(&f, &late, 0, 1);
    model_fixture_run(&f, 30 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert(view.whole);
    ck_assert_double_eq_tol(view.position, position + 2000 * 9, 1);
    ck_assert_uint_eq(view.restored.count, 2);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), failed);
    model_fixture_cancel(&f, &late);
    model_fixture_restart(&f, &two_by_two, 5);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, 80000, 1);
}
END_TEST

Suite *test_model_late_orders_suite(void);
Suite *test_model_late_orders_suite(void)
{
    Suite *suite = suite_create("model_late_orders");
    TCase *tests = tcase_create("late orders");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, an_order_that_newer_attempts_have_overtaken_changes_nothing, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
