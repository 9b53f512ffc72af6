/* SPDX-License-Identifier: Apache-2.0
 *
 * The network between tasks: lost packets limit what a connection carries (Mathis et al. 1997), and
 * latency is part of what a record takes. Latency 1 ms each way, records of 1,000 bytes.
 */
#include <check.h>
#include <math.h>

#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2 };

static struct model_fixture f;
static struct vertex_model *source;

static void setup(void)
{
    model_fixture_init(&f);
    f.scenario.cluster.network.latency = distribution_constant(TIME_MS);
    source = model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    source->record_bytes = 1000;
    model_fixture_vertex(&f, job_0, "count", 128, 1 * TIME_US);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void run(enum partitioner partitioner, double rate)
{
    model_fixture_edge(&f, job_0, 0, 1, partitioner);
    model_fixture_load(&f, job_0, 0, 0, rate);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, hosts, 2);
    model_fixture_run(&f, 10 * TIME_S);
}

static void lose(double loss)
{
    f.hosts[2].loss = loss;
    model_ops()->host_changed(f.model, (struct node_id){ 2 });
    model_fixture_run(&f, sim_queue_now(f.queue) + TIME_S);
}

static double served(void)
{
    return model_fixture_job(&f, job_0).served_rate;
}

/* MSS / RTT * C / sqrt(p), and 1 - p of it arrives: 1,460 / 2.1 ms * 1.2247 * 0.99 / 0.1. */
static const double at_one_percent = 8429744.;

/* Half of what a source subtask reads goes over the connection to the other host. */
START_TEST(lost_packets_limit_a_connection)
{
    run(PARTITION_HASH, 1e6);
    double before = served();
    lose(0.01);
    double of_key_groups = 0.55; /* uneven at most so much */
    ck_assert_double_lt(served(), before / 10);
    ck_assert_double_ge(served(), 2 * at_one_percent / 1000 / of_key_groups);
    ck_assert_double_le(served(), 2 * at_one_percent / 1000 / 0.5 * (1 + 1e-6));
    lose(0.04);
    double at_four = at_one_percent / 2 * 0.96 / 0.99;
    ck_assert_double_le(served(), 2 * at_four / 1000 / 0.5 * (1 + 1e-6));
    ck_assert_double_ge(served(), 2 * at_four / 1000 / of_key_groups);
    lose(0);
    ck_assert_double_ge(served(), before); /* it has a backlog now */
}
END_TEST

START_TEST(loss_on_the_way_adds_to_that_of_the_network)
{
    f.scenario.cluster.network.loss = 0.01;
    run(PARTITION_HASH, 1e6);
    double all = served();
    ck_assert_double_le(all, 2 * at_one_percent / 1000 / 0.5 * (1 + 1e-6));
    lose(0.03);
    ck_assert_double_lt(served(), all * 0.51); /* 1 - 0.99 x 0.97 = 4 % */
    ck_assert_double_gt(served(), all * 0.48);
}
END_TEST

/* No connection between the hosts is used. */
START_TEST(pipelines_inside_a_host_lose_nothing)
{
    run(PARTITION_FORWARD, 1e6);
    double before = served();
    lose(0.05);
    ck_assert_double_eq_tol(served(), before, 1e-3);
}
END_TEST

/* Two senders on host 1 for one reader on host 2, and the other way round. */
START_TEST(pointwise_edges_over_a_lossy_link_are_limited)
{
    static const uint32_t crossed[] = { 1, 2, 2, 1 };
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_FORWARD);
    model_fixture_load(&f, job_0, 0, 0, 1e6);
    model_fixture_start(&f);
    for (uint32_t task = 0; task < 4; task++) {
        struct fixture_deployment how = { .parallelism = (uint32_t[]){ 2, 2 },
                                          .hosts = &crossed[task],
                                          .host_count = 1 };
        model_fixture_deploy_one(&f, &how, task / 2, task % 2);
    }
    model_fixture_run(&f, 10 * TIME_S);
    lose(0.01);
    ck_assert_double_eq_tol(served(), 2 * at_one_percent / 1000, 1);
}
END_TEST

/* Nothing passes, and nothing breaks: TCP sends again for minutes. */
START_TEST(a_link_that_loses_everything_stands_still)
{
    run(PARTITION_HASH, 1000);
    lose(1);
    ck_assert_double_lt(served(), 1);
    lose(0);
    model_fixture_run(&f, 100 * TIME_S);
    ck_assert_double_eq_tol(served(), 1000, 1e-6);
    ck_assert_double_lt(model_fixture_job(&f, job_0).backlog, 1);
}
END_TEST

START_TEST(latency_of_the_network_is_part_of_that_of_records)
{
    double seen[2];
    for (int far = 0; far < 2; far++) {
        f.config.buffer_timeout = 0;
        f.scenario.cluster.network.latency = distribution_constant(far ? 50 * TIME_MS : 0);
        run(PARTITION_HASH, 1000);
        seen[far] = model_fixture_job(&f, job_0).latency[0];
        teardown();
        setup();
    }
    ck_assert_double_eq_tol(seen[1] - seen[0], 0.5 * 50e-3, 1e-3); /* half stays on its host */
}
END_TEST

Suite *test_model_wire_suite(void)
{
    Suite *suite = suite_create("model_wire");
    TCase *tests = tcase_create("wire");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, lost_packets_limit_a_connection);
    tcase_add_test(tests, loss_on_the_way_adds_to_that_of_the_network);
    tcase_add_test(tests, pipelines_inside_a_host_lose_nothing);
    tcase_add_test(tests, pointwise_edges_over_a_lossy_link_are_limited);
    tcase_add_test(tests, a_link_that_loses_everything_stands_still);
    tcase_add_test(tests, latency_of_the_network_is_part_of_that_of_records);
    suite_add_tcase(suite, tests);
    return suite;
}
