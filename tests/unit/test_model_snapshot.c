/* SPDX-License-Identifier: Apache-2.0
 *
 * What tasks do with their time while a snapshot holds them, or while their process is frozen.
 * Flink: idle is waiting for mail or input only, busy = 1000 - idle - backpressured, and the
 * synchronous part of a snapshot runs in the task's mailbox.
 */
#include <check.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2 };
enum { SOURCE, COUNT, SINK, VERTICES };

/* Threads behind shuffles, threads of one flow each, and threads that several flows share. */
static const struct {
    enum partitioner partitioner;
    uint32_t parallelism[VERTICES];
} shapes[] = {
    { PARTITION_HASH, { 2, 2, 2 } },
    { PARTITION_FORWARD, { 2, 2, 2 } },
    { PARTITION_RESCALE, { 4, 2, 2 } },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static struct model_fixture f;
static struct fixture_deployment how;
static struct model_vertex_view before[VERTICES];

static void setup(void)
{
    model_fixture_init(&f);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static struct vertex_model *vertex(uint32_t v)
{
    return &f.scenario.jobs.items[0].vertices.items[v];
}

static void make_job(int shape)
{
    static const char *const names[VERTICES] = { "source", "count", "sink" };
    for (uint32_t v = 0; v < VERTICES; v++)
        model_fixture_vertex(&f, job_0, names[v], 128, 10 * TIME_US);
    for (uint32_t v = 1; v < VERTICES; v++)
        model_fixture_edge(&f, job_0, v - 1, v, shapes[shape].partitioner);
    how = (struct fixture_deployment){ .parallelism = shapes[shape].parallelism,
                                       .hosts = hosts,
                                       .host_count = 2 };
}

static void sleep_in_count(time_ns sleep)
{
    vec_push(&f.scenario.jobs.items[0].faults,
             ((struct planned_fault){ .kind = FAULT_SNAPSHOT_SLEEP,
                                      .vertex = { COUNT },
                                      .checkpoint_last = UINT64_MAX,
                                      .sleep = sleep }));
}

static void look(time_ns at)
{
    model_fixture_run(&f, at);
    for (uint32_t v = 0; v < VERTICES; v++)
        before[v] = model_fixture_view(&f, job_0, v);
}

struct seconds {
    double busy, idle, backpressured, busy_most, backpressured_most;
};

/* Task seconds since the look. What is backpressured most, or busiest, is one subtask. */
static void expect_since(uint32_t v, double tasks, struct seconds expected)
{
    struct model_vertex_view now = model_fixture_view(&f, job_0, v);
    const double tolerance = 1e-6;
    ck_assert_double_eq_tol(now.task_seconds - before[v].task_seconds, tasks, tolerance);
    ck_assert_double_eq_tol(now.busy_seconds - before[v].busy_seconds, expected.busy, tolerance);
    ck_assert_double_eq_tol(now.idle_seconds - before[v].idle_seconds, expected.idle, tolerance);
    ck_assert_double_eq_tol(now.backpressured_seconds - before[v].backpressured_seconds,
                            expected.backpressured, tolerance);
    ck_assert_double_eq_tol(now.busy_most_seconds - before[v].busy_most_seconds, expected.busy_most,
                            tolerance);
    ck_assert_double_eq_tol(now.backpressured_most_seconds - before[v].backpressured_most_seconds,
                            expected.backpressured_most, tolerance);
}

static void expect_busy(uint32_t v, double tasks)
{
    expect_since(v, tasks, (struct seconds){ .busy = tasks, .busy_most = tasks });
}

static void expect_idle(uint32_t v, double tasks)
{
    expect_since(v, tasks, (struct seconds){ .idle = tasks });
}

static void expect_backpressured(uint32_t v, double tasks)
{
    expect_since(v, tasks, (struct seconds){ .backpressured = tasks, .backpressured_most = tasks });
}

START_TEST(the_synchronous_part_of_a_snapshot_is_busy_time)
{
    make_job(_i);
    vertex(COUNT)->snapshot_sync = 2 * TIME_S;
    model_fixture_begin(&f, &how, 1000);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    look(10500 * TIME_MS);
    model_fixture_run(&f, 11500 * TIME_MS);
    expect_backpressured(SOURCE, how.parallelism[SOURCE]);
    expect_busy(COUNT, how.parallelism[COUNT]);
    expect_idle(SINK, how.parallelism[SINK]);
    look(18 * TIME_S);
    model_fixture_run(&f, 19 * TIME_S);
    ck_assert_double_lt(
        model_fixture_view(&f, job_0, COUNT).busy_seconds - before[COUNT].busy_seconds, 0.1);
}
END_TEST

/* Nothing arrives, so nobody waits for room; the snapshot is work all the same. */
START_TEST(a_snapshot_is_work_also_where_no_record_comes)
{
    make_job(_i);
    vertex(COUNT)->snapshot_sync = 2 * TIME_S;
    model_fixture_begin(&f, &how, 0);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    look(10500 * TIME_MS);
    model_fixture_run(&f, 11500 * TIME_MS);
    expect_idle(SOURCE, how.parallelism[SOURCE]);
    expect_busy(COUNT, 2);
    expect_idle(SINK, 2);
}
END_TEST

/* The barrier leaves a vertex before its snapshot, so both take theirs at the same time. */
START_TEST(who_takes_a_snapshot_is_not_backpressured_by_another)
{
    make_job(_i);
    vertex(SOURCE)->snapshot_sync = vertex(SINK)->snapshot_sync = 2 * TIME_S;
    model_fixture_begin(&f, &how, 1000);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    look(10500 * TIME_MS);
    model_fixture_run(&f, 11500 * TIME_MS);
    expect_busy(SOURCE, how.parallelism[SOURCE]);
    expect_backpressured(COUNT, 2);
    expect_busy(SINK, 2);
}
END_TEST

/* Subtask 0 sleeps. Behind a shuffle all sources wait for it; a pipeline waits for its own. */
START_TEST(a_subtask_that_sleeps_in_a_snapshot_is_busy_alone)
{
    make_job(_i);
    bool shuffles = shapes[_i].partitioner == PARTITION_HASH;
    double held = how.parallelism[SOURCE] / (shuffles ? 1.0 : 2.0);
    sleep_in_count(5 * TIME_S);
    vertex(SOURCE)->cost_ns = vertex(COUNT)->cost_ns = vertex(SINK)->cost_ns = 0;
    model_fixture_begin(&f, &how, 1000);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    look(11 * TIME_S);
    model_fixture_run(&f, 12 * TIME_S);
    expect_since(SOURCE, how.parallelism[SOURCE],
                 (struct seconds){ .idle = how.parallelism[SOURCE] - held,
                                   .backpressured = held,
                                   .backpressured_most = how.parallelism[SOURCE] });
    expect_since(COUNT, 2, (struct seconds){ .busy = 1, .idle = 1, .busy_most = 2 });
    expect_idle(SINK, 2);
}
END_TEST

/* Nobody reads its figures: it has none, and what the others show goes without it. */
START_TEST(a_frozen_process_tells_nothing_of_its_time)
{
    make_job(_i);
    bool shuffles = shapes[_i].partitioner == PARTITION_HASH;
    double others = how.parallelism[SOURCE] / 2.0;
    vertex(SOURCE)->cost_ns = vertex(COUNT)->cost_ns = vertex(SINK)->cost_ns = 0;
    model_fixture_begin(&f, &how, 1000);
    model_fixture_freeze(&f, 2, true);
    look(11 * TIME_S);
    model_fixture_run(&f, 12 * TIME_S);
    if (shuffles)
        expect_backpressured(SOURCE, others);
    else if (shapes[_i].partitioner == PARTITION_FORWARD)
        expect_idle(SOURCE, others);
    expect_idle(COUNT, 1);
    expect_idle(SINK, 1);
    model_fixture_freeze(&f, 1, true);
    look(13 * TIME_S);
    model_fixture_run(&f, 14 * TIME_S);
    for (uint32_t v = 0; v < VERTICES; v++)
        expect_since(v, 0, (struct seconds){ 0 });
}
END_TEST

/* 2 s at speed 1, 4 s at 0.5: count's subtask on host 2 is through later, and alone at work then.
 */
START_TEST(the_synchronous_part_takes_as_long_as_its_host_lets_it)
{
    make_job(_i);
    f.hosts[2].speed = 0.5;
    vertex(COUNT)->snapshot_sync = 2 * TIME_S;
    model_fixture_begin(&f, &how, 1000);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    look(12500 * TIME_MS);
    size_t acks = how.parallelism[SOURCE] + 3;
    ck_assert(model_fixture_acknowledged(&f, 1, acks) < 12010 * TIME_MS);
    model_fixture_run(&f, 13500 * TIME_MS);
    expect_since(COUNT, 2, (struct seconds){ .busy = 1, .idle = 1, .busy_most = 2 });
    expect_backpressured(SOURCE, how.parallelism[SOURCE]);
    model_fixture_run(&f, 15 * TIME_S);
    time_ns last = model_fixture_acknowledged(&f, 1, acks + 1);
    ck_assert(last >= 14 * TIME_S && last < 14010 * TIME_MS);
    ck_assert_int_eq(vec_last(&f.lines).ack.sync, 4 * TIME_S);
}
END_TEST

/* One mailbox: the second snapshot begins behind the first, at a source as well. */
static void expect_one_after_the_other(int shape, uint32_t v, double rate)
{
    make_job(shape);
    vertex(v)->snapshot_sync = 2 * TIME_S;
    model_fixture_begin(&f, &how, rate);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    size_t acks = how.parallelism[SOURCE] + 4;
    ck_assert(model_fixture_acknowledged(&f, 1, acks) < 12010 * TIME_MS);
    time_ns last = model_fixture_acknowledged(&f, 2, acks);
    ck_assert(last >= 14 * TIME_S && last < 14100 * TIME_MS);
}

START_TEST(a_task_takes_one_snapshot_after_the_other)
{
    expect_one_after_the_other(_i, COUNT, 1000);
}
END_TEST

/* Not because of the data before the barrier. */
START_TEST(a_task_without_records_takes_one_snapshot_after_the_other)
{
    expect_one_after_the_other(_i, COUNT, 0);
}
END_TEST

START_TEST(a_source_takes_one_snapshot_after_the_other)
{
    expect_one_after_the_other(_i, SOURCE, 1000);
}
END_TEST

/* Begun at 10 s, ended by a failure of the source after 11 s: work until then, and nobody has
 * looked meanwhile. */
START_TEST(a_snapshot_ends_with_its_tasks)
{
    make_job(_i);
    vertex(COUNT)->cost_ns = 0;
    vertex(COUNT)->snapshot_sync = 4 * TIME_S;
    vec_push(&f.scenario.jobs.items[0].faults,
             ((struct planned_fault){ .kind = FAULT_THROW,
                                      .vertex = { SOURCE },
                                      .attempts = 1,
                                      .after_start = 11 * TIME_S }));
    model_fixture_begin(&f, &how, 1000);
    look(10 * TIME_S);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    double work = (double)(model_fixture_reported(&f, 0, EXECUTION_RUNNING) + TIME_S) / 1e9;
    model_fixture_run(&f, 12 * TIME_S);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 13 * TIME_S);
    struct model_vertex_view now = model_fixture_view(&f, job_0, COUNT);
    /* behind a shuffle all stop; else the subtask that nobody feeds any more */
    const double expected[SHAPES] = { 2 * work, work + 2, 4 };
    ck_assert_double_eq_tol(now.busy_seconds - before[COUNT].busy_seconds, expected[_i], 0.02);
    how.attempt = 1;
    model_fixture_deploy(&f, &how);
    look(20 * TIME_S);
    model_fixture_run(&f, 21 * TIME_S);
    expect_idle(COUNT, 2);
}
END_TEST

Suite *test_model_snapshot_suite(void)
{
    Suite *suite = suite_create("model_snapshot");
    TCase *tests = tcase_create("time of tasks");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, the_synchronous_part_of_a_snapshot_is_busy_time, 0, SHAPES);
    tcase_add_loop_test(tests, a_snapshot_is_work_also_where_no_record_comes, 0, SHAPES);
    tcase_add_loop_test(tests, who_takes_a_snapshot_is_not_backpressured_by_another, 0, SHAPES);
    tcase_add_loop_test(tests, a_subtask_that_sleeps_in_a_snapshot_is_busy_alone, 0, SHAPES);
    tcase_add_loop_test(tests, a_frozen_process_tells_nothing_of_its_time, 0, SHAPES);
    tcase_add_loop_test(tests, the_synchronous_part_takes_as_long_as_its_host_lets_it, 0, SHAPES);
    tcase_add_loop_test(tests, a_task_takes_one_snapshot_after_the_other, 0, SHAPES);
    tcase_add_loop_test(tests, a_task_without_records_takes_one_snapshot_after_the_other, 0,
                        SHAPES);
    tcase_add_loop_test(tests, a_source_takes_one_snapshot_after_the_other, 0, SHAPES);
    tcase_add_loop_test(tests, a_snapshot_ends_with_its_tasks, 0, SHAPES);
    suite_add_tcase(suite, tests);
    return suite;
}
