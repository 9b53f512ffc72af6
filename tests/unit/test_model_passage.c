/* SPDX-License-Identifier: Apache-2.0
 *
 * Ways between hosts against paths drawn one by one: where a record comes from and goes to, what
 * the link there is like, how long it waits for its buffer and is worked on. Tolerances: 3 % of the
 * drawn percentile, 0.3 ms at least; or, where times lie in lumps with little between them, a rank
 * that is wrong by 1.5 points at the median and 95th percentile and by 0.5 at the 99th: the model
 * takes the links of successive hops as independent, but both end at the host between them.
 */
#include <check.h>
#include <math.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "sim/model/order.h"
#include "sim/model/passage.h"
#include "sim/model/state.h"
#include "tests/lib/draw.h"
#include "tests/lib/model_fixture.h"

enum { HOSTS = 4, STAGES = 3, PATHS = 200000 };

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2, 3, 4 };
static struct model_fixture f;

static void setup(void)
{
    model_fixture_init(&f);
    f.config.buffer_timeout = 0;
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* Milliseconds. */
struct world {
    struct distribution network; /* of all pairs but these */
    double own[2], more;         /* hosts 1 and 2, 3 and 4; the latter on top of the network's */
    double cost, timeout;
};

#define MS(x) ((time_ns)((x)*1e6))
static const struct world worlds[] = {
    { { DRAW_CONSTANT, MS(0.1), MS(0.1) }, { 0, 0 }, 0, 0.5, 0 },
    { { DRAW_CONSTANT, MS(10), MS(10) }, { 0, 0 }, 0, 0.5, 0 },
    { { DRAW_CONSTANT, MS(1), MS(1) }, { 50, 20 }, 0, 0.5, 0 },
    { { DRAW_CONSTANT, MS(1), MS(1) }, { 50, 20 }, 0, 0.5, 100 },
    { { DRAW_UNIFORM, MS(5), MS(25) }, { 60, 0 }, 30, 0.2, 0 },
    { { DRAW_EXPONENTIAL, MS(8), 0 }, { 100, 0 }, 0, 0.2, 10 },
    { { DRAW_LOGNORMAL, MS(5), MS(20) }, { 40, 0 }, 0, 0.2, 0 },
    { { DRAW_CONSTANT, MS(1), MS(1) }, { 0.5, 0 }, 200, 0.1, 0 },
};

static struct link_quality link_of(const struct world *world, uint32_t a, uint32_t b)
{
    struct link_quality link = { .latency = world->network };
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    if (low == 1 && high == 2 && world->own[0] > 0)
        link.latency = distribution_constant(MS(world->own[0]));
    if (low == 3 && high == 4 && world->own[1] > 0)
        link.latency = distribution_constant(MS(world->own[1]));
    if (low == 3 && high == 4)
        link.more_latency = MS(world->more);
    return link;
}

/* Rebalanced twice over four hosts at 100/s: nearly nobody waits, services are exponential. */
static double draw_path(const struct world *world, struct rng *rng)
{
    double sum = 0, rho = 25 * world->cost * 1e-3;
    uint32_t host = hosts[rng_below(rng, HOSTS)];
    for (int stage = 0; stage < STAGES; stage++) {
        sum += world->cost * draw_exponential(rng) / (1 - rho); /* M/M/1 */
        if (stage + 1 == STAGES)
            break;
        uint32_t next = hosts[rng_below(rng, HOSTS)];
        struct link_quality link = link_of(world, host, next);
        if (next != host)
            sum += (double)(distribution_draw(&link.latency, rng) + link.more_latency) / 1e6;
        sum += world->timeout * rng_unit(rng);
        host = next;
    }
    return sum * 1e-3;
}

static void start(const struct world *world)
{
    static const char *const names[STAGES] = { "source", "middle", "sink" };
    f.config.buffer_timeout = MS(world->timeout);
    f.scenario.cluster.network.latency = world->network;
    for (uint32_t v = 0; v < STAGES; v++) {
        model_fixture_vertex(&f, job_0, names[v], 128, MS(world->cost));
        if (v > 0)
            model_fixture_edge(&f, job_0, v - 1, v, PARTITION_REBALANCE);
    }
    model_fixture_load(&f, job_0, 0, 0, 100);
    model_fixture_start(&f);
    for (uint32_t first = 1; first < HOSTS; first += 2) {
        struct link_quality link = link_of(world, first, first + 1);
        if (world->own[first / 2] > 0 || (first == 3 && world->more > 0))
            model_fixture_link(&f, first, first + 1, &link);
    }
    model_fixture_deploy_first(&f, (uint32_t[]){ HOSTS, HOSTS, HOSTS }, hosts, HOSTS);
    model_fixture_run(&f, 100 * TIME_S);
}

/* The part of the drawn times that are not above it. */
static double rank_of(const double *times, double time)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PATHS; i++)
        count += times[i] <= time;
    return (double)count / PATHS;
}

START_TEST(percentiles_are_those_of_paths_drawn_one_by_one)
{
    static const double shares[] = { 0.5, 0.95, 0.99 }, points[] = { 0.015, 0.015, 0.005 };
    const struct world *world = &worlds[_i];
    struct rng rng = rng_stream(3, "paths", (uint64_t)_i);
    double *times = mem_create_array(PATHS, sizeof *times);
    uint32_t *order = mem_create_array(PATHS, 2 * sizeof *order);
    for (uint32_t i = 0; i < PATHS; i++) {
        times[i] = draw_path(world, &rng);
        order[i] = i;
    }
    order_by_value(order, PATHS, times, order + PATHS);
    start(world);
    struct model_job_view view = model_fixture_job(&f, job_0);
    for (int q = 0; q < 3; q++) {
        double drawn = times[order[(size_t)(shares[q] * PATHS)]];
        double off = fabs(view.latency[q] - drawn);
        double rank_off = fabs(rank_of(times, view.latency[q]) - shares[q]);
        ck_assert_msg(off <= fmax(0.03 * drawn, 0.3e-3) || rank_off <= points[q],
                      "%g instead of %g, rank off by %g", view.latency[q], drawn, rank_off);
    }
    mem_destroy(times);
    mem_destroy(order);
}
END_TEST

static double mean_way(uint32_t edge)
{
    struct model_job *job = &f.model->jobs[0];
    return passage_mean(f.model, job, &job->components.items[0], edge, NULL).mean;
}

/* 1 of 4 stays, 1 of 8 takes each link with a latency of its own, the rest that of the network. A
 * delay that is put on a link later reaches records at once, and goes with it. */
START_TEST(a_links_own_latency_weighs_as_the_records_over_it)
{
    start(&worlds[2]);
    double before = 0.125 * 50e-3 + 0.125 * 20e-3 + 0.5 * 1e-3;
    ck_assert_double_eq_tol(mean_way(0), before, 1e-9);
    ck_assert_double_eq_tol(mean_way(1), before, 1e-9);
    struct link_quality link = link_of(&worlds[2], 1, 2);
    double p99 = model_fixture_job(&f, job_0).latency[2];
    link.more_latency = 400 * TIME_MS;
    model_fixture_link(&f, 1, 2, &link);
    model_fixture_run(&f, 101 * TIME_S);
    ck_assert_double_gt(model_fixture_job(&f, job_0).latency[2], p99 + 0.3);
    ck_assert_double_eq_tol(mean_way(0), before + 0.125 * 400e-3, 1e-9);
    link.more_latency = 0;
    model_fixture_link(&f, 1, 2, &link);
    model_fixture_run(&f, 102 * TIME_S);
    ck_assert_double_eq_tol(mean_way(0), before, 1e-9);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[2], p99, 1e-9);
}
END_TEST

/* Only the second reader is somewhere else, and gets one record in two. */
START_TEST(pointwise_edges_take_the_link_between_their_ends)
{
    static const uint32_t on[] = { 1, 1, 1, 2 };
    model_fixture_vertex(&f, job_0, "source", 128, TIME_US);
    model_fixture_vertex(&f, job_0, "sink", 128, TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_FORWARD);
    model_fixture_load(&f, job_0, 0, 0, 100);
    model_fixture_start(&f);
    model_fixture_link(&f, 1, 2,
                       &(struct link_quality){ .latency = distribution_constant(70 * TIME_MS) });
    for (uint32_t task = 0; task < 4; task++) {
        struct fixture_deployment how = { .parallelism = (uint32_t[]){ 2, 2 },
                                          .hosts = &on[task],
                                          .host_count = 1 };
        model_fixture_deploy_one(&f, &how, task / 2, task % 2);
    }
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(mean_way(0), 35e-3, 1e-9);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[1], 70e-3, 0.7e-3);
}
END_TEST

/* A barrier has to come over all links: two hops, each as long as the slowest. */
START_TEST(a_barrier_takes_as_long_as_the_slowest_link)
{
    start(&worlds[2]);
    struct fixture_deployment how = { .parallelism = (uint32_t[]){ HOSTS, HOSTS, HOSTS },
                                      .hosts = hosts,
                                      .host_count = HOSTS };
    time_ns at = sim_queue_now(f.queue);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, at + 10 * TIME_S);
    time_ns took = model_fixture_acknowledged(&f, 1, STAGES * HOSTS) - at;
    ck_assert_int_ge(took, 100 * TIME_MS);
    ck_assert_int_le(took, 102 * TIME_MS);
}
END_TEST

/* More links of their own than kinds: no weight and no delay is lost. */
START_TEST(many_kinds_of_links_keep_their_mean)
{
    enum { MANY = 12 };
    uint32_t on[MANY], parallelism[] = { MANY, MANY };
    double sum = 0;
    model_fixture_vertex(&f, job_0, "source", 132, TIME_US);
    model_fixture_vertex(&f, job_0, "sink", 132, TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, 100);
    f.scenario.cluster.network.latency = distribution_constant(TIME_MS);
    model_fixture_start(&f);
    for (uint32_t a = 0; a < MANY; a++) {
        on[a] = a;
        for (uint32_t b = 0; b < a; b++) {
            time_ns latency = (time_ns)(a * MANY + b) * TIME_MS;
            sum += 2 * (double)latency / 1e9;
            model_fixture_link(&f, a, b,
                               &(struct link_quality){ .latency = distribution_constant(latency) });
        }
    }
    model_fixture_deploy_first(&f, parallelism, on, MANY);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(mean_way(0), sum / MANY / MANY, 1e-6);
    const struct vertex_flow *flow = &f.model->jobs[0].vertices[1].flow;
    ck_assert_uint_le(flow->passages.count, PASSAGE_KINDS_MAX);
}
END_TEST

Suite *test_model_passage_suite(void)
{
    Suite *suite = suite_create("model_passage");
    TCase *tests = tcase_create("passage");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, percentiles_are_those_of_paths_drawn_one_by_one, 0,
                        (int)(sizeof worlds / sizeof *worlds));
    tcase_add_test(tests, a_links_own_latency_weighs_as_the_records_over_it);
    tcase_add_test(tests, pointwise_edges_take_the_link_between_their_ends);
    tcase_add_test(tests, a_barrier_takes_as_long_as_the_slowest_link);
    tcase_add_test(tests, many_kinds_of_links_keep_their_mean);
    suite_add_tcase(suite, tests);
    return suite;
}
