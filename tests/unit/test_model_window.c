/* SPDX-License-Identifier: Apache-2.0
 *
 * Credits over links of some latency: what a channel carries is what its buffers carry in a round
 * trip, by hand. Buffers are of 32,768 bytes, two of a channel and eight of a gate; from the taking
 * of a credit to its return it takes twice the latency and the reading of a buffer.
 */
#include <check.h>
#include <math.h>

#include "tests/lib/model_fixture.h"

enum { TASKS_MAX = 12 };

static const struct job_id job_0 = { 0 };
static const double buffer = 32768, more_than_fits = 1e7, exactly = 1e-9;

static struct model_fixture f;
static struct vertex_model *source;

static void setup(void)
{
    model_fixture_init(&f);
    f.scenario.cluster.network.latency = distribution_constant(20 * TIME_MS);
    source = model_fixture_vertex(&f, job_0, "source", 128, TIME_US);
    source->record_bytes = 1000;
    model_fixture_vertex(&f, job_0, "count", 128, TIME_US);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* Subtasks in the order of vertices, each on its host. */
static void deploy(uint32_t vertices, const uint32_t *parallelism, const uint32_t *hosts)
{
    struct fixture_deployment how = { .parallelism = parallelism, .host_count = 1 };
    for (uint32_t v = 0, task = 0; v < vertices; v++)
        for (uint32_t s = 0; s < parallelism[v]; s++, task++) {
            how.hosts = &hosts[task];
            model_fixture_deploy_one(&f, &how, v, s);
        }
    model_fixture_run(&f, 10 * TIME_S);
}

/* Source and count. */
static void run(enum partitioner partitioner, const uint32_t *parallelism, const uint32_t *hosts)
{
    model_fixture_edge(&f, job_0, 0, 1, partitioner);
    model_fixture_load(&f, job_0, 0, 0, more_than_fits);
    model_fixture_start(&f);
    deploy(2, parallelism, hosts);
}

/* That many senders, then readers, each on a host of its own. */
static void run_apart(enum partitioner partitioner, uint32_t senders, uint32_t readers)
{
    static const uint32_t hosts[TASKS_MAX] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    run(partitioner, (uint32_t[]){ senders, readers }, hosts);
}

static void far(uint32_t a, uint32_t b, time_ns latency)
{
    const struct link_quality link = {
        .is_own = true,
        .latency = f.scenario.cluster.network.latency,
        .more_latency = latency,
    };
    model_fixture_link(&f, a, b, &link);
}

static double served(void)
{
    return model_fixture_job(&f, job_0).served_rate;
}

/* Records a second of so many buffers under way at once, the reader taking 1 us for each. */
static double carried(double buffers, time_ns latency)
{
    double records = buffer / source->record_bytes;
    return buffers * records / (2 * (double)latency / (double)TIME_S + records * 1e-6);
}

static void must_serve(double rate)
{
    ck_assert_double_eq_tol(served(), rate, exactly * rate);
}

START_TEST(a_channel_carries_its_buffers_in_a_round_trip)
{
    static const time_ns latencies[] = { 5 * TIME_MS, 20 * TIME_MS, 50 * TIME_MS };
    static const double sizes[] = { 100, 1000, 10000 };
    for (int i = 0; i < 9; i++) {
        time_ns latency = latencies[i / 3];
        source->record_bytes = sizes[i % 3];
        f.scenario.cluster.network.latency = distribution_constant(latency);
        run_apart(PARTITION_REBALANCE, 1, 1);
        must_serve(carried(2 + 8, latency));
        teardown();
        setup();
    }
    /* 10 buffers of 32.768 records in 100 ms, but for the reading. */
    f.scenario.cluster.network.latency = distribution_constant(50 * TIME_MS);
    run_apart(PARTITION_REBALANCE, 1, 1);
    ck_assert_double_eq_tol(served(), 3276.8, 2);
}
END_TEST

START_TEST(channels_of_a_gate_share_its_floating_buffers)
{
    run_apart(PARTITION_REBALANCE, 4, 1);
    must_serve(4 * carried(2 + 8 / 4., 20 * TIME_MS));
}
END_TEST

/* Eight readers, 24 buffers: three for each, though each of their gates had eight more. */
START_TEST(no_more_is_under_way_than_a_pool_holds)
{
    run_apart(PARTITION_REBALANCE, 1, 8);
    must_serve(carried(8 * 2 + 8, 20 * TIME_MS));
}
END_TEST

/* Two senders and eight readers: 2 + 8/2 is more than the pool has for a channel; four of each: 2 +
 * 8/4 is as much. */
START_TEST(the_lesser_of_pool_and_gate_counts)
{
    run_apart(PARTITION_REBALANCE, 2, 8);
    must_serve(2 * carried(8 * 2 + 8, 20 * TIME_MS));
    teardown();
    setup();
    run_apart(PARTITION_REBALANCE, 4, 4);
    must_serve(4 * 4 * carried(2 + 8 / 4., 20 * TIME_MS));
}
END_TEST

START_TEST(buffers_are_those_of_the_configuration)
{
    f.config.buffers_per_channel = 5;
    f.config.buffers_per_gate = 0;
    run_apart(PARTITION_REBALANCE, 1, 1);
    must_serve(carried(5, 20 * TIME_MS));
    teardown();
    setup();
    f.config.buffers_per_channel = 20; /* a sender may have ten for one channel */
    run_apart(PARTITION_REBALANCE, 1, 1);
    must_serve(carried(10, 20 * TIME_MS));
    teardown();
    setup();
    f.config.buffer_size = 8192;
    run_apart(PARTITION_REBALANCE, 1, 1);
    double records = 8.192;
    must_serve(10 * records / (40e-3 + records * 1e-6));
}
END_TEST

/* What was told with the last of some buffers comes next, and is what these left of the sender's:
 * in two round trips its pool, and no more than ten of a channel. */
START_TEST(without_exclusive_buffers_two_round_trips_carry_what_a_sender_has)
{
    static const struct {
        int64_t floating;
        uint32_t senders, readers;
        double buffers; /* of all channels */
    } cases[] = {
        { 8, 1, 1, 8 / 2. }, { 40, 1, 1, 10 / 2. },     { 1, 1, 1, 1 },
        { 8, 1, 4, 8 / 2. }, { 40, 1, 4, 4 * 10 / 2. }, { 8, 4, 1, 8 }, /* the gate's */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        f.config.buffers_per_channel = 0;
        f.config.buffers_per_gate = cases[i].floating;
        run_apart(PARTITION_REBALANCE, cases[i].senders, cases[i].readers);
        must_serve(carried(cases[i].buffers, 20 * TIME_MS));
        teardown();
        setup();
    }
}
END_TEST

/* Half of what each of two sends stays on its host. */
START_TEST(channels_inside_a_host_need_no_credits)
{
    run(PARTITION_REBALANCE, (uint32_t[]){ 2, 2 }, (uint32_t[]){ 1, 2, 1, 2 });
    must_serve(2 * 2 * carried(10, 20 * TIME_MS));
    teardown();
    setup();
    run(PARTITION_FORWARD, (uint32_t[]){ 2, 2 }, (uint32_t[]){ 1, 2, 1, 2 });
    ck_assert_double_eq_tol(served(), 2e6, 2); /* 1 us each */
}
END_TEST

/* One buffer for all readers: it is under way once. */
START_TEST(a_broadcast_takes_a_credit_of_each_reader)
{
    run_apart(PARTITION_BROADCAST, 1, 4);
    must_serve(carried(2 + 8, 20 * TIME_MS));
}
END_TEST

/* Forward: each pair has all; two to one: 2 + 8/2 each; one to two: a pool of 12 for both. */
START_TEST(pointwise_edges_have_gates_as_well)
{
    run_apart(PARTITION_FORWARD, 2, 2);
    must_serve(2 * carried(10, 20 * TIME_MS));
    teardown();
    setup();
    run_apart(PARTITION_RESCALE, 4, 2);
    must_serve(4 * carried(6, 20 * TIME_MS));
    teardown();
    setup();
    run_apart(PARTITION_RESCALE, 2, 4);
    must_serve(2 * carried(12, 20 * TIME_MS));
}
END_TEST

/* Two pairs of subtasks on the same two hosts; two edges between the same hosts. */
START_TEST(each_gate_has_a_window_of_its_own)
{
    run(PARTITION_FORWARD, (uint32_t[]){ 2, 2 }, (uint32_t[]){ 1, 1, 2, 2 });
    must_serve(2 * carried(10, 20 * TIME_MS));
    teardown();
    setup();
    model_fixture_vertex(&f, job_0, "other", 128, TIME_US);
    model_fixture_edge(&f, job_0, 0, 2, PARTITION_REBALANCE);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, more_than_fits);
    model_fixture_start(&f);
    deploy(3, (uint32_t[]){ 1, 1, 1 }, (uint32_t[]){ 1, 2, 2 });
    must_serve(carried(10, 20 * TIME_MS));
}
END_TEST

/* The reader's floating buffers are for the channels that wait: eight for one of them, four each
 * for two. The others' senders go on reading what arrives. */
START_TEST(slow_links_get_the_floating_buffers)
{
    f.scenario.cluster.network.latency = distribution_constant(100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, 40000);
    model_fixture_start(&f);
    deploy(2, (uint32_t[]){ 4, 1 }, (uint32_t[]){ 1, 2, 3, 4, 5 });
    must_serve(40000);
    far(1, 5, 99900 * TIME_US);
    model_fixture_run(&f, 20 * TIME_S);
    must_serve(30000 + carried(2 + 8, 100 * TIME_MS));
    far(2, 5, 99900 * TIME_US);
    model_fixture_run(&f, 30 * TIME_S);
    must_serve(20000 + 2 * carried(2 + 8 / 2., 100 * TIME_MS));
    far(1, 5, 0);
    far(2, 5, 0);
    model_fixture_run(&f, 100 * TIME_S);
    must_serve(40000);
}
END_TEST

/* Of two slow links one is slower: both waiting, they go equally fast, 12 buffers in what both take
 * together. */
START_TEST(links_of_unequal_latency_share_what_floats)
{
    f.scenario.cluster.network.latency = distribution_constant(100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, more_than_fits);
    model_fixture_start(&f);
    far(1, 3, 99900 * TIME_US);
    far(2, 3, 49900 * TIME_US);
    deploy(2, (uint32_t[]){ 2, 1 }, (uint32_t[]){ 1, 2, 3 });
    double records = 32.768, loops = 200e-3 + 100e-3 + 2 * records * 1e-6;
    must_serve(2 * records * (8 + 2 + 2) / loops);
}
END_TEST

/* Source, count and sink, of which the count sends larger records on. */
static void begin_three(enum partitioner to_count)
{
    model_fixture_vertex(&f, job_0, "sink", 128, TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, to_count);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_FORWARD);
    model_fixture_load(&f, job_0, 0, 0, more_than_fits);
    f.scenario.jobs.items[0].vertices.items[1].record_bytes = 1000;
    model_fixture_start(&f);
}

/* A vertex behind a shuffle sends on to another host. */
START_TEST(a_vertex_behind_a_shuffle_waits_for_credits)
{
    begin_three(PARTITION_REBALANCE);
    deploy(3, (uint32_t[]){ 1, 2, 2 }, (uint32_t[]){ 1, 1, 1, 2, 3 });
    must_serve(2 * carried(10, 20 * TIME_MS));
    struct model_vertex_view count = model_fixture_between(&f, 1, 20 * TIME_S, 30 * TIME_S);
    ck_assert_double_gt(count.backpressured_seconds, 0.95 * count.task_seconds);
}
END_TEST

/* So does one that several pipelines share, whose thread has a row. */
START_TEST(a_vertex_of_several_pipelines_waits_for_credits)
{
    begin_three(PARTITION_RESCALE);
    deploy(3, (uint32_t[]){ 2, 1, 1 }, (uint32_t[]){ 1, 1, 1, 2 });
    must_serve(carried(10, 20 * TIME_MS));
}
END_TEST

/* The sender waits for room, the reader for records. */
START_TEST(who_waits_for_credits_is_backpressured)
{
    run_apart(PARTITION_REBALANCE, 1, 1);
    double busy = carried(10, 20 * TIME_MS) * 1e-6;
    struct model_vertex_view sends = model_fixture_between(&f, 0, 20 * TIME_S, 30 * TIME_S);
    struct model_vertex_view reads = model_fixture_between(&f, 1, 30 * TIME_S, 40 * TIME_S);
    ck_assert_double_eq_tol(sends.backpressured_seconds, 10 * (1 - busy), 1e-6);
    ck_assert_double_eq_tol(reads.idle_seconds, 10 * (1 - busy), 1e-6);
}
END_TEST

/* A reader that is busy all the time before ten buffers are under way. */
START_TEST(a_slow_reader_is_slower_than_its_credits)
{
    f.scenario.jobs.items[0].vertices.items[1].cost_ns = 200 * TIME_US;
    run_apart(PARTITION_REBALANCE, 1, 1);
    must_serve(5000);
    struct model_vertex_view reads = model_fixture_between(&f, 1, 20 * TIME_S, 30 * TIME_S);
    ck_assert_double_eq_tol(reads.busy_seconds, 10, 1e-6);
}
END_TEST

/* Within a rack ten buffers carry 1.6 GB/s. */
START_TEST(a_short_way_is_no_limit)
{
    f.scenario.cluster.network.latency = distribution_constant(100 * TIME_US);
    run_apart(PARTITION_REBALANCE, 1, 1);
    must_serve(1e6); /* 1 us each */
}
END_TEST

/* Seconds until all have acknowledged a checkpoint, senders first on hosts from 1 on. */
static double checkpoint(bool unaligned, uint32_t senders, uint32_t readers)
{
    static const uint32_t hosts[] = { 1, 2, 3, 4, 5 };
    const struct fixture_deployment how = { .parallelism = (uint32_t[]){ senders, readers },
                                            .hosts = hosts,
                                            .host_count = senders };
    time_ns from = sim_queue_now(f.queue);
    model_fixture_checkpoint(&f, &how, DATA_TRIGGER_CHECKPOINT,
                             &(struct checkpoint_order){ .checkpoint = 1, .unaligned = unaligned });
    model_fixture_run(&f, from + 10 * TIME_S);
    return (double)(model_fixture_acknowledged(&f, 1, senders + readers) - from) / (double)TIME_S;
}

/* Ten buffers are queued at each sender. Of a channel so many leave in 40 ms as its window has, and
 * the barrier behind them takes 20 ms more. */
START_TEST(a_barrier_waits_for_the_credits_of_what_is_before_it)
{
    double loop = 40e-3 + 32.768e-6;
    run_apart(PARTITION_REBALANCE, 1, 1);
    ck_assert_double_eq_tol(checkpoint(false, 1, 1), loop + 20e-3, 1e-6);
    teardown();
    setup();
    run_apart(PARTITION_REBALANCE, 4, 1);
    ck_assert_double_eq_tol(checkpoint(false, 4, 1), 10 / 4. * loop + 20e-3, 1e-6);
    teardown();
    setup();
    run(PARTITION_REBALANCE, (uint32_t[]){ 2, 2 }, (uint32_t[]){ 1, 2, 1, 2 });
    ck_assert_double_eq_tol(checkpoint(false, 2, 2), loop + 20e-3, 1e-6); /* of a pool of 12 */
}
END_TEST

/* The reader works all the time, and of its ten buffers those that are under way, there or back, do
 * not wait at it: 11,111 records of 100 bytes a second are 6.8 buffers in 200 ms. */
START_TEST(a_slow_reader_has_what_is_not_under_way_before_it)
{
    static const time_ns ways[] = { 100 * TIME_MS, 100 * TIME_US };
    for (int i = 0; i < 2; i++) {
        f.scenario.cluster.network.latency = distribution_constant(100 * TIME_US);
        f.scenario.jobs.items[0].vertices.items[1].cost_ns = 90 * TIME_US;
        source->record_bytes = 100;
        far(1, 2, ways[0] - 100 * TIME_US);
        run_apart(PARTITION_REBALANCE, 1, 1);
        far(1, 2, ways[i] - 100 * TIME_US);
        model_fixture_run(&f, 60 * TIME_S);
        double rate = 100 / 90e-6, way = (double)ways[i] / (double)TIME_S;
        double wait = (10 + 10 - rate * 2 * way / buffer) * buffer / rate;
        ck_assert_double_eq_tol(checkpoint(false, 1, 1), wait + way, 1e-6);
        teardown();
        setup();
    }
}
END_TEST

/* Those ten are channel state; what is under way is there before the barrier. */
START_TEST(an_unaligned_barrier_overtakes_what_waits_for_credits)
{
    int64_t stored = 0;
    run_apart(PARTITION_REBALANCE, 1, 1);
    checkpoint(true, 1, 1);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        stored += line->ack.in_flight_bytes;
    ck_assert_int_eq(stored, 10 * 32768);
}
END_TEST

/* Nothing is queued at those that do not wait. */
START_TEST(only_those_that_wait_for_credits_have_something_queued)
{
    int64_t stored = 0;
    f.scenario.cluster.network.latency = distribution_constant(100 * TIME_US);
    f.scenario.jobs.items[0].vertices.items[0].cost_ns = 10 * TIME_US;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, 20000);
    model_fixture_start(&f);
    far(1, 3, 99900 * TIME_US);
    deploy(2, (uint32_t[]){ 2, 1 }, (uint32_t[]){ 1, 2, 3 });
    model_fixture_run(&f, 20 * TIME_S);
    checkpoint(true, 2, 1);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        stored += line->ack.in_flight_bytes;
    ck_assert_int_ge(stored, 10 * 32768);
    ck_assert_int_lt(stored, 20 * 32768); /* as many are under way, behind the other's barrier */
}
END_TEST

/* The reader's bytes a second do not count the time in which nothing comes. */
START_TEST(buffers_that_wait_for_credits_stay_whole)
{
    f.config.debloat = true;
    f.config.debloat_target = 10 * TIME_MS;
    run_apart(PARTITION_REBALANCE, 1, 1);
    must_serve(carried(10, 20 * TIME_MS));
    ck_assert_double_eq_tol(checkpoint(false, 1, 1), 60e-3 + 32.768e-6, 1e-6);
}
END_TEST

Suite *test_model_window_suite(void)
{
    Suite *suite = suite_create("model_window");
    TCase *tests = tcase_create("window");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_channel_carries_its_buffers_in_a_round_trip);
    tcase_add_test(tests, channels_of_a_gate_share_its_floating_buffers);
    tcase_add_test(tests, no_more_is_under_way_than_a_pool_holds);
    tcase_add_test(tests, the_lesser_of_pool_and_gate_counts);
    tcase_add_test(tests, buffers_are_those_of_the_configuration);
    tcase_add_test(tests, without_exclusive_buffers_two_round_trips_carry_what_a_sender_has);
    tcase_add_test(tests, channels_inside_a_host_need_no_credits);
    tcase_add_test(tests, a_broadcast_takes_a_credit_of_each_reader);
    tcase_add_test(tests, pointwise_edges_have_gates_as_well);
    tcase_add_test(tests, each_gate_has_a_window_of_its_own);
    tcase_add_test(tests, slow_links_get_the_floating_buffers);
    tcase_add_test(tests, links_of_unequal_latency_share_what_floats);
    tcase_add_test(tests, a_vertex_behind_a_shuffle_waits_for_credits);
    tcase_add_test(tests, a_vertex_of_several_pipelines_waits_for_credits);
    tcase_add_test(tests, who_waits_for_credits_is_backpressured);
    tcase_add_test(tests, a_slow_reader_is_slower_than_its_credits);
    tcase_add_test(tests, a_short_way_is_no_limit);
    tcase_add_test(tests, a_barrier_waits_for_the_credits_of_what_is_before_it);
    tcase_add_test(tests, a_slow_reader_has_what_is_not_under_way_before_it);
    tcase_add_test(tests, an_unaligned_barrier_overtakes_what_waits_for_credits);
    tcase_add_test(tests, only_those_that_wait_for_credits_have_something_queued);
    tcase_add_test(tests, buffers_that_wait_for_credits_stay_whole);
    suite_add_tcase(suite, tests);
    return suite;
}
