/* SPDX-License-Identifier: Apache-2.0
 *
 * What sinks write is in storage before the barrier goes on: how long that takes, what stands
 * meanwhile, who waits for it. As in the exact world, test_exact_writes.
 */
#include <check.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2 };
enum { SOURCE, COUNT, SINK, VERTICES, TASKS = 2 * VERTICES };

static struct model_fixture f;
static struct fixture_deployment how;

static void setup(void)
{
    static const char *const names[VERTICES] = { "source", "count", "sink" };
    static const uint32_t parallelism[VERTICES] = { 2, 2, 2 };
    model_fixture_init(&f);
    for (uint32_t v = 0; v < VERTICES; v++)
        model_fixture_vertex(&f, job_0, names[v], 128, 10 * TIME_US);
    for (uint32_t v = 1; v < VERTICES; v++)
        model_fixture_edge(&f, job_0, v - 1, v, PARTITION_HASH);
    how =
        (struct fixture_deployment){ .parallelism = parallelism, .hosts = hosts, .host_count = 2 };
    f.storage_bandwidth = 1000;
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* 10 s at 1,000 records/s leave more than the rest, which then takes 2 s. */
static struct vertex_model *write_in(uint32_t v)
{
    struct vertex_model *vertex = &f.scenario.jobs.items[0].vertices.items[v];
    vertex->sink_bytes = 100;
    vertex->sink_rest_bytes = 2000;
    return vertex;
}

/* 1,000 records a second, and checkpoint 1 at 10 s. */
static void checkpoint_and_run(time_ns until)
{
    model_fixture_begin(&f, &how, 1000);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, until);
}

/* Acknowledged by so many within a tenth of a second before that time. */
static void expect_acknowledged(uint64_t checkpoint, size_t count, time_ns at)
{
    time_ns last = model_fixture_acknowledged(&f, checkpoint, count);
    ck_assert_msg(last >= at && last < at + 100 * TIME_MS, "the %zuth of checkpoint %d at %g s",
                  count, (int)checkpoint, (double)last / 1e9);
}

START_TEST(a_snapshot_waits_for_what_sinks_have_written)
{
    write_in(SINK);
    checkpoint_and_run(20 * TIME_S);
    expect_acknowledged(1, TASKS - 2, 10 * TIME_S);
    expect_acknowledged(1, TASKS, 12 * TIME_S);
}
END_TEST

START_TEST(the_barrier_goes_on_behind_the_write)
{
    write_in(COUNT);
    checkpoint_and_run(20 * TIME_S);
    expect_acknowledged(1, 2, 10 * TIME_S);
    expect_acknowledged(1, 3, 12 * TIME_S);
    expect_acknowledged(1, TASKS, 12 * TIME_S);
}
END_TEST

/* Also where it is the source that writes. */
START_TEST(a_source_with_a_sink_sends_its_barrier_behind_the_write)
{
    write_in(SOURCE);
    checkpoint_and_run(20 * TIME_S);
    expect_acknowledged(1, 1, 12 * TIME_S);
    expect_acknowledged(1, TASKS, 12 * TIME_S);
}
END_TEST

START_TEST(a_task_that_waits_for_its_write_takes_no_record)
{
    write_in(SINK);
    checkpoint_and_run(10500 * TIME_MS);
    struct model_vertex_view before = model_fixture_view(&f, job_0, SINK);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10500 * TIME_MS, 11500 * TIME_MS), 0, 1e-6);
    struct model_vertex_view now = model_fixture_view(&f, job_0, SINK);
    ck_assert_double_eq_tol(now.busy_seconds - before.busy_seconds, 2, 1e-6);
    ck_assert_double_gt(model_fixture_served(&f, 12500 * TIME_MS, 13500 * TIME_MS), 900);
}
END_TEST

/* Of two senders the second one's buffer comes when the first one's is on its way. */
START_TEST(a_table_is_written_twice_where_several_send)
{
    write_in(SINK)->sink_at_once = true;
    write_in(SINK)->sink_rest_bytes = 4000;
    checkpoint_and_run(11 * TIME_S);
    ck_assert_uint_eq(f.transfers.count, 2);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_uint_eq(f.transfers.count, 4);
    expect_acknowledged(1, TASKS, 14 * TIME_S);
}
END_TEST

/* Since the checkpoint before: the log ends at 9 s. */
START_TEST(nothing_is_written_where_nothing_has_come)
{
    write_in(SINK);
    model_fixture_load(&f, job_0, SOURCE, 9 * TIME_S, 0);
    model_fixture_begin(&f, &how, 0);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_uint_eq(f.transfers.count, 0);
    expect_acknowledged(1, TASKS, 10 * TIME_S);
}
END_TEST

/* One mailbox: the second barrier is taken when the first has gone on. */
START_TEST(a_barrier_waits_for_the_write_of_the_one_before)
{
    write_in(SINK);
    checkpoint_and_run(11 * TIME_S);
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    expect_acknowledged(1, TASKS, 12 * TIME_S);
    ck_assert(model_fixture_acknowledged(&f, 2, TASKS) >= 12 * TIME_S);
}
END_TEST

/* The write goes on, and the vertex with it; nobody hears of the checkpoint any more. */
START_TEST(a_checkpoint_given_up_leaves_its_write)
{
    write_in(SINK);
    checkpoint_and_run(11 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_ABORTED, 1);
    ck_assert_double_eq_tol(model_fixture_served(&f, 11 * TIME_S, 11500 * TIME_MS), 0, 1e-6);
    ck_assert_double_gt(model_fixture_served(&f, 12500 * TIME_MS, 13500 * TIME_MS), 900);
    ck_assert(model_fixture_acknowledged(&f, 1, TASKS) == TIME_NEVER);
}
END_TEST

START_TEST(a_write_that_is_refused_fails_its_task)
{
    write_in(SINK);
    checkpoint_and_run(11 * TIME_S);
    f.storage_fails = true;
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 2);
    ck_assert(model_fixture_acknowledged(&f, 1, TASKS) == TIME_NEVER);
}
END_TEST

/* The answer came while the process was frozen, and storage is well again when it hears of it. */
START_TEST(a_frozen_process_hears_later_that_its_write_was_refused)
{
    write_in(SINK);
    checkpoint_and_run(11 * TIME_S);
    model_fixture_freeze(&f, 2, true);
    f.storage_fails = true;
    model_fixture_run(&f, 13 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 1);
    f.storage_fails = false;
    model_fixture_freeze(&f, 2, false);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 2);
}
END_TEST

/* Its tasks are new ones, and what the old ones wrote concerns nobody. */
START_TEST(tasks_that_begin_anew_do_not_wait_for_old_writes)
{
    write_in(SINK);
    f.storage_bandwidth = 200;
    checkpoint_and_run(11 * TIME_S);
    model_fixture_restart(&f, &how, 0);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert(model_fixture_acknowledged(&f, 1, TASKS) == TIME_NEVER);
    ck_assert_double_gt(model_fixture_served(&f, 30 * TIME_S, 31 * TIME_S), 900);
}
END_TEST

Suite *test_model_flush_suite(void);

Suite *test_model_flush_suite(void)
{
    Suite *suite = suite_create("model_flush");
    TCase *tests = tcase_create("flush");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_snapshot_waits_for_what_sinks_have_written);
    tcase_add_test(tests, the_barrier_goes_on_behind_the_write);
    tcase_add_test(tests, a_source_with_a_sink_sends_its_barrier_behind_the_write);
    tcase_add_test(tests, a_task_that_waits_for_its_write_takes_no_record);
    tcase_add_test(tests, a_table_is_written_twice_where_several_send);
    tcase_add_test(tests, nothing_is_written_where_nothing_has_come);
    tcase_add_test(tests, a_barrier_waits_for_the_write_of_the_one_before);
    tcase_add_test(tests, a_checkpoint_given_up_leaves_its_write);
    tcase_add_test(tests, a_write_that_is_refused_fails_its_task);
    tcase_add_test(tests, a_frozen_process_hears_later_that_its_write_was_refused);
    tcase_add_test(tests, tasks_that_begin_anew_do_not_wait_for_old_writes);
    suite_add_tcase(suite, tests);
    return suite;
}
