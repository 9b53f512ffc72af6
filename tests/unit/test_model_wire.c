/* SPDX-License-Identifier: Apache-2.0
 *
 * The network between tasks: lost packets limit what a connection carries (Padhye et al. 1998), and
 * latency is part of what a record takes. Latency 1 ms each way, records of 1,000 bytes.
 */
#include <check.h>
#include <math.h>

#include "sim/cluster/tcp.h"
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

/* Bytes per second over a connection, by hand from Padhye et al. 1998, equation 30, with b = 2, MSS
 * 1,460, RTT 2.1 ms and RTO 202.1 ms; 1 - p of what is sent arrives:
 *   1 %: 0.99 * 1,460 / (2.1 ms * 0.115470 + 202.1 ms * 0.259808 * 0.01 * 1.0032)
 *        = 1,445.4 / (0.242487 ms + 0.526753 ms)
 *   4 %: 0.96 * 1,460 / (2.1 ms * 0.230940 + 202.1 ms * 0.519615 * 0.04 * 1.0512)
 *        = 1,401.6 / (0.484974 ms + 4.415632 ms) */
static const double at_one_percent = 1879000., at_four_percent = 286005.;
static const double by_hand = 2e-5; /* what the figures above are rounded to */

/* Half of what a source subtask reads goes over the connection to the other host. */
START_TEST(lost_packets_limit_a_connection)
{
    run(PARTITION_HASH, 1e6);
    double before = served();
    lose(0.01);
    double of_key_groups = 0.55; /* uneven at most so much */
    ck_assert_double_lt(served(), before / 10);
    ck_assert_double_ge(served(), 2 * at_one_percent / 1000 / of_key_groups);
    ck_assert_double_le(served(), 2 * at_one_percent / 1000 / 0.5 * (1 + by_hand));
    lose(0.04);
    ck_assert_double_le(served(), 2 * at_four_percent / 1000 / 0.5 * (1 + by_hand));
    ck_assert_double_ge(served(), 2 * at_four_percent / 1000 / of_key_groups);
    lose(0);
    ck_assert_double_ge(served(), before); /* it has a backlog now */
}
END_TEST

START_TEST(loss_on_the_way_adds_to_that_of_the_network)
{
    f.scenario.cluster.network.loss = 0.01;
    run(PARTITION_HASH, 1e6);
    double all = served();
    ck_assert_double_le(all, 2 * at_one_percent / 1000 / 0.5 * (1 + by_hand));
    lose(0.03);
    ck_assert_double_lt(served(), all * 0.156); /* 1 - 0.99 x 0.97 = 3.97 % */
    ck_assert_double_gt(served(), all * 0.152);
}
END_TEST

/* From nothing in the way to nothing passing, and less with every packet lost. */
START_TEST(more_loss_never_carries_more)
{
    double last = 0;
    ck_assert_double_eq(tcp_packet_seconds(0, 1e-3), 0);
    for (int i = 1; i <= 1000; i++) {
        double seconds = tcp_packet_seconds(i * 1e-3, 1e-3);
        ck_assert_double_gt(seconds, last);
        ck_assert_double_gt(tcp_packet_seconds(i * 1e-3, 2e-3), seconds);
        last = seconds;
    }
    /* Few losses: 1 / RTT sqrt(3 / 2bp), that of fast retransmissions alone (Mathis et al. 1997).
     */
    double rare = tcp_packet_seconds(1e-8, 0.1);
    ck_assert_double_eq_tol(rare, 0.1 * sqrt(4e-8 / 3), 1e-4 * rare);
    /* All of them lost: a packet each 33 timeouts of 0.3 s, and two per three round trips. */
    ck_assert_double_eq_tol(tcp_packet_seconds(1, 0.1), 33 * 0.3 + 0.1 * sqrt(4. / 3), 1e-12);
}
END_TEST

/* Rare losses hold up less than the NIC does: 80 mbit, half of each subtask's records, 1,000 bytes
 * each, so 20,000/s of both. */
START_TEST(rare_losses_leave_the_nic_to_be_the_limit)
{
    f.hosts[1].machine.network_bps = f.hosts[2].machine.network_bps = 80e6;
    run(PARTITION_REBALANCE, 1e6);
    double before = served();
    ck_assert_double_eq_tol(before, 40000, 1);
    lose(1e-9);
    ck_assert_double_eq_tol(served(), before, 1e-6 * before);
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
    ck_assert_double_eq_tol(served(), 2 * at_one_percent / 1000, by_hand * 4000);
}
END_TEST

/* Nothing passes, and nothing breaks: TCP sends again for minutes. */
START_TEST(a_link_that_loses_everything_stands_still)
{
    run(PARTITION_HASH, 1000);
    lose(1);
    ck_assert_double_lt(served(), 1e-6);
    lose(0);
    model_fixture_run(&f, 100 * TIME_S);
    ck_assert_double_eq_tol(served(), 1000, 1e-6);
    ck_assert_double_lt(model_fixture_job(&f, job_0).backlog, 1);
}
END_TEST

/* Half of the records stay on their host: the fastest tenths as fast as without, the slow ones
 * later by all of it. */
START_TEST(latency_of_the_network_is_part_of_that_of_records)
{
    double seen[2];
    for (int far = 0; far < 2; far++) {
        f.config.buffer_timeout = 0;
        f.scenario.cluster.network.latency = distribution_constant(far ? 50 * TIME_MS : 0);
        run(PARTITION_HASH, 1000);
        seen[far] = model_fixture_job(&f, job_0).latency[1];
        teardown();
        setup();
    }
    ck_assert_double_eq_tol(seen[1] - seen[0], 50e-3, 1e-3);
}
END_TEST

Suite *test_model_wire_suite(void)
{
    Suite *suite = suite_create("model_wire");
    TCase *tests = tcase_create("wire");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, lost_packets_limit_a_connection);
    tcase_add_test(tests, loss_on_the_way_adds_to_that_of_the_network);
    tcase_add_test(tests, more_loss_never_carries_more);
    tcase_add_test(tests, rare_losses_leave_the_nic_to_be_the_limit);
    tcase_add_test(tests, pipelines_inside_a_host_lose_nothing);
    tcase_add_test(tests, pointwise_edges_over_a_lossy_link_are_limited);
    tcase_add_test(tests, a_link_that_loses_everything_stands_still);
    tcase_add_test(tests, latency_of_the_network_is_part_of_that_of_records);
    suite_add_tcase(suite, tests);
    return suite;
}
