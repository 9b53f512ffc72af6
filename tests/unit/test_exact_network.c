/* SPDX-License-Identifier: Apache-2.0
 *
 * What gets from host to host in the exact world: bandwidth of links, packets that are lost. The
 * formula is that of TCP (docs/model.md); nothing that is under way may be lost or doubled.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "sim/cluster/tcp.h"
#include "tests/lib/exact_run.h"

/* Vertices that share no slot are on two hosts. */
#define HEAD                                                                                       \
    "name: t\n"                                                                                    \
    "world: exact\n"                                                                               \
    "duration: 60s\n"                                                                              \
    "config: { parallelism.default: 1, execution.checkpointing.interval: 2s }\n"
#define CLUSTER(network)                                                                           \
    "cluster:\n"                                                                                   \
    "  task-manager: { cores: 1, slots: 1, boot: 1s, network: 1gbit }\n"                           \
    "  task-managers: [ tm1, tm2 ]\n"                                                              \
    "  network: { latency: 1ms" network " }\n"
#define JOB(name, load)                                                                            \
    "  - name: " name "\n"                                                                         \
    "    vertices:\n"                                                                              \
    "      - { name: source, group: a, bytes: 1000 }\n"                                            \
    "      - { name: count, group: b, keys: 1k, state: 16 bytes/key }\n"                           \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: " load "\n"

static const struct job_id job_0 = { 0 };
static const struct vertex_id count_vertex = { 1 };

static struct exact_run run;

static void must_be_near(double value, double wanted, double share, const char *what)
{
    ck_assert_msg(fabs(value - wanted) <= share * fabs(wanted), "%s: %f, not about %f", what, value,
                  wanted);
}

static void run_until(time_ns at)
{
    while (simulation_now(run.simulation) < at && simulation_run_events(run.simulation, 1))
        ;
}

static double counted(void)
{
    struct model_vertex_view view;
    exact_view_vertex(run.exact, job_0, count_vertex, &view);
    return view.in_total;
}

static struct model_job_view look_job(uint32_t job)
{
    struct model_job_view view;
    exact_view_job(run.exact, (struct job_id){ job }, &view);
    return view;
}

/* Records of 1,000 bytes that are counted in a second, between two moments. */
static double rate_between(time_ns from, time_ns to)
{
    run_until(from);
    double before = counted();
    run_until(to);
    return (counted() - before) * (double)TIME_S / (double)(to - from);
}

/* 10 mbit/s are 1,250 records of 1,000 bytes, whatever the NICs could do. */
START_TEST(a_link_lets_through_what_it_can)
{
    exact_run_init(&run, HEAD CLUSTER(", bandwidth: 10mbit") "jobs:\n" JOB("job", "5k/s"));
    must_be_near(rate_between(10 * TIME_S, 30 * TIME_S), 1250, 0.03, "rate");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* docs/model.md: 1.9 MB/s at 1 % and 1 ms, 0.20 MB/s at 5 %. */
/* A pool of ten, a credit in 40 ms: ten buffers of 32 records, as many bytes as of small ones. From
 * one to four each channel has one open: twelve of sixteen are under way. */
START_TEST(large_records_wait_for_credits_as_small_ones_do)
{
    static const struct {
        uint32_t readers;
        double buffers;
    } ways[] = { { 1, 10 }, { 4, 12 } };
    char yaml[1000];
    snprintf(yaml, sizeof yaml,
             HEAD "cluster:\n"
                  "  task-manager: { count: 5, cores: 4, slots: 1, boot: 1s }\n"
                  "  network: { latency: 20ms }\n"
                  "jobs:\n"
                  "  - name: job\n"
                  "    vertices:\n"
                  "      - { name: source, group: a, bytes: 1000, cost: 1us }\n"
                  "      - { name: count, group: b, parallelism: %u, cost: 1us }\n"
                  "    edges: [ 'source -> count: rebalance' ]\n"
                  "    load: 20k/s\n",
             (unsigned)ways[_i].readers);
    exact_run_init(&run, yaml);
    run_until(20 * TIME_S);
    double served = counted();
    run_until(40 * TIME_S);
    must_be_near(counted() - served, 20 * ways[_i].buffers * 32 / 0.04, 0.05, "served");
    exact_run_fini(&run);
}
END_TEST

START_TEST(lost_packets_leave_what_tcp_makes_of_them)
{
    exact_run_init(&run, HEAD CLUSTER(", loss: 1%") "jobs:\n" JOB("job", "5k/s"));
    double rate = rate_between(10 * TIME_S, 30 * TIME_S);
    must_be_near(rate, 1 / (1000 * tcp_seconds_per_byte(0.01, TIME_MS)), 0.03, "the formula's");
    must_be_near(rate * 1000, 1.9e6, 0.05, "worked out by hand");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

START_TEST(both_ends_and_the_way_between_lose_packets)
{
    exact_run_init(&run,
                   HEAD CLUSTER(", links: [ { between: [ tm1, tm2 ], loss: 2% } ]") "jobs:\n" JOB(
                       "job", "5k/s") //
                   "events:\n"
                   "  - { at: 5s, loss: { task-manager: tm1, probability: 1% } }\n"
                   "  - { at: 5s, loss: { task-manager: tm2, probability: 2% } }\n");
    double loss = 1 - 0.98 * 0.99 * 0.98;
    must_be_near(rate_between(30 * TIME_S, 58 * TIME_S),
                 1 / (1000 * tcp_seconds_per_byte(loss, TIME_MS)), 0.05, "rate");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* One in two is 2 kB/s: a buffer of 32 KiB would take a quarter of a minute. */
START_TEST(what_waits_goes_on_at_the_new_pace)
{
    exact_run_init(&run, HEAD CLUSTER("") "jobs:\n" JOB("job", "2k/s") //
                   "events:\n"
                   "  - { at: 10s, loss: { task-manager: tm2, probability: 50%, for: 10s } }\n");
    run_until(20 * TIME_S - 1);
    ck_assert(look_job(0).lag_seconds > 5);
    run_until(25 * TIME_S);
    ck_assert(look_job(0).lag_seconds < 1);
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* Half of the records come over tm2's links, at 0.20 MB/s. What waits there has taken nothing of
 * the reader's NIC yet, so that the other half comes as it is made. (Without checkpoints: an
 * aligned barrier would wait for the slow half.) */
START_TEST(a_slow_link_does_not_hold_up_another_one)
{
    exact_run_init(
        &run, "name: t\n"
              "world: exact\n"
              "duration: 60s\n"
              "cluster:\n"
              "  task-manager: { cores: 1, slots: 1, boot: 1s, network: 1gbit }\n"
              "  task-managers: [ tm1, tm2, tm3 ]\n"
              "  network: { latency: 1ms, links: [ { between: [ tm1, tm2 ], loss: 5% },\n"
              "                                    { between: [ tm2, tm3 ], loss: 5% } ] }\n"
              "jobs:\n"
              "  - name: job\n"
              "    vertices:\n"
              "      - { name: source, group: a, bytes: 1000, parallelism: 2 }\n"
              "      - { name: count, group: b, parallelism: 1, keys: 1k, state: 16 bytes/key }\n"
              "    edges: [ source -> count: hash ]\n"
              "    load: 2k/s\n");
    double over_tm2 = 1 / (1000 * tcp_seconds_per_byte(0.05, TIME_MS));
    must_be_near(over_tm2, 200, 0.05, "over the slow link");
    must_be_near(rate_between(10 * TIME_S, 30 * TIME_S), 1000 + over_tm2, 0.03, "of both");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* A cut in the middle of it, and a task that fails while its records wait. */
START_TEST(no_buffer_or_credit_is_lost_on_a_link_that_loses_packets)
{
    exact_run_init(
        &run, HEAD CLUSTER(", loss: 3%") "jobs:\n" JOB(
                  "job", "{ constant: 1k/s, records: 8k }") "events:\n"
                                                            "  - { at: 8s, loss: { task-manager: "
                                                            "tm2, probability: 30%, for: 2s } }\n"
                                                            "  - { at: 9s, cut: { task-manager: "
                                                            "tm2, for: 3s } }\n"
                                                            "  - { at: 15s, fail: count }\n");
    while (run.finished == 0 && simulation_run_events(run.simulation, 1))
        exact_run_must_hold(&run, "event");
    ck_assert_uint_eq(run.finished, 1);
    ck_assert_uint_eq(exact_newest_sum(run.exact, job_0, count_vertex).records, 8000);
    exact_run_fini(&run);
}
END_TEST

Suite *test_exact_network_suite(void);
Suite *test_exact_network_suite(void)
{
    Suite *suite = suite_create("exact_network");
    TCase *tests = tcase_create("network");
    tcase_add_test(tests, a_link_lets_through_what_it_can);
    tcase_add_loop_test(tests, large_records_wait_for_credits_as_small_ones_do, 0, 2);
    tcase_add_test(tests, lost_packets_leave_what_tcp_makes_of_them);
    tcase_add_test(tests, both_ends_and_the_way_between_lose_packets);
    tcase_add_test(tests, what_waits_goes_on_at_the_new_pace);
    tcase_add_test(tests, a_slow_link_does_not_hold_up_another_one);
    tcase_add_test(tests, no_buffer_or_credit_is_lost_on_a_link_that_loses_packets);
    suite_add_tcase(suite, tests);
    return suite;
}
