/* SPDX-License-Identifier: Apache-2.0
 *
 * What an unaligned barrier overtakes where nothing is held up: open buffers, records on links
 * slower than the one over which the first barrier comes, and those that wait for the reader.
 * Records have 100 bytes, four channels lead from two sources to two readers.
 */
#include <check.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;
static struct vertex_model *count;

static void setup(void)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 0);
    count = model_fixture_vertex(&f, job_0, "count", 128, 0);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    two_by_two = model_fixture_two_by_two();
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* Checkpoint 1 now, 2 a second later; bytes that the second one stores. */
static double stored_by(const struct fixture_deployment *how, struct checkpoint_order order)
{
    double bytes = 0;
    size_t tasks = how->parallelism[0] + how->parallelism[1];
    for (order.checkpoint = 1; order.checkpoint <= 2; order.checkpoint++) {
        model_fixture_checkpoint(&f, how, DATA_TRIGGER_CHECKPOINT, &order);
        model_fixture_run(&f, (10 + (time_ns)order.checkpoint) * TIME_S);
    }
    ck_assert_int_lt(model_fixture_acknowledged(&f, 2, tasks), 12 * TIME_S);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED && line->checkpoint == 2)
            bytes += (double)line->ack.in_flight_bytes;
    return bytes;
}

static double stored_at(double rate, struct checkpoint_order order)
{
    model_fixture_begin(&f, &two_by_two, rate);
    return stored_by(&two_by_two, order);
}

static const struct checkpoint_order unaligned = { .unaligned = true };

START_TEST(records_in_open_buffers_are_stored)
{
    static const struct {
        time_ns timeout;
        double rate, bytes;
    } cases[] = {
        { 100 * TIME_MS, 2000, 200e3 * 0.05 },     /* half of the timeout */
        { 100 * TIME_MS, 100000, 4 * 16384 },      /* half of a buffer for each channel */
        { TIME_NEVER, 1000, 100e3 },               /* all since the barrier before */
        { TIME_NEVER, 2000, 4 * 16384 },           /* a buffer is full within 0.66 s */
        { 4 * TIME_S, 1000, 100e3 * (1 - 0.125) }, /* one of 8 was sent half a second ago */
        { 0, 2000, 0 },
    };
    f.config.buffer_timeout_enabled = cases[_i].timeout != TIME_NEVER;
    f.config.buffer_timeout = cases[_i].timeout;
    ck_assert_double_eq_tol(stored_at(cases[_i].rate, unaligned), cases[_i].bytes, 10);
}
END_TEST

/* Half of the records stay on their host, and that is where the first barrier comes from. */
START_TEST(records_on_slower_links_than_the_first_barriers_are_stored)
{
    f.config.buffer_timeout = 0;
    f.scenario.cluster.network.latency = distribution_constant(20 * TIME_MS);
    ck_assert_double_eq_tol(stored_at(10000, unaligned), 1e6 * 0.02 / 2, 10);
}
END_TEST

/* The source is on one host, the reader on the other: what was sent before the barrier is there
 * before it. */
START_TEST(what_comes_before_every_barrier_is_not_stored)
{
    static const uint32_t one_each[] = { 1, 1 }, hosts[] = { 1, 2 };
    f.config.buffer_timeout = 0;
    f.scenario.cluster.network.latency = distribution_constant(20 * TIME_MS);
    model_fixture_load(&f, job_0, 0, 0, 10000);
    model_fixture_start(&f);
    for (uint32_t v = 0; v < 2; v++)
        model_fixture_deploy_one(&f,
                                 &(struct fixture_deployment){
                                     .parallelism = one_each, .hosts = &hosts[v], .host_count = 1 },
                                 v, 0);
    model_fixture_run(&f, 10 * TIME_S);
    two_by_two.parallelism = one_each;
    ck_assert_double_eq_tol(stored_by(&two_by_two, unaligned), 0, 2);
}
END_TEST

/* M/M/1 at half of what the readers can do: a service of 10 ms. */
START_TEST(records_that_wait_for_the_reader_are_stored)
{
    f.config.buffer_timeout = 0;
    count->cost_ns = 10 * TIME_MS;
    ck_assert_double_eq_tol(stored_at(100, unaligned), 10e3 * 0.01, 2);
}
END_TEST

/* It comes behind all of it. */
START_TEST(an_aligned_barrier_stores_nothing_that_is_under_way)
{
    static const struct checkpoint_order orders[] = {
        { 0 },
        { .unaligned = true, .aligned_timeout = 500 * TIME_MS },
    };
    f.scenario.cluster.network.latency = distribution_constant(20 * TIME_MS);
    ck_assert_double_eq(stored_at(2000, orders[_i]), 0);
}
END_TEST

START_TEST(nothing_is_overtaken_on_the_way_to_a_vertex_with_a_pointwise_input)
{
    f.scenario.jobs.items[0].graph->edges.items[0].partitioner = PARTITION_BROADCAST;
    ck_assert_double_eq(stored_at(2000, unaligned), 0);
}
END_TEST

Suite *test_model_under_way_suite(void);
Suite *test_model_under_way_suite(void)
{
    Suite *suite = suite_create("model_under_way");
    TCase *tests = tcase_create("model_under_way");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, records_in_open_buffers_are_stored, 0, 6);
    tcase_add_test(tests, records_on_slower_links_than_the_first_barriers_are_stored);
    tcase_add_test(tests, what_comes_before_every_barrier_is_not_stored);
    tcase_add_test(tests, records_that_wait_for_the_reader_are_stored);
    tcase_add_loop_test(tests, an_aligned_barrier_stores_nothing_that_is_under_way, 0, 2);
    tcase_add_test(tests, nothing_is_overtaken_on_the_way_to_a_vertex_with_a_pointwise_input);
    suite_add_tcase(suite, tests);
    return suite;
}
