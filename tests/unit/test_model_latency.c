/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency of whole jobs against queues simulated record by record: sources, tandems, threads that
 * share cores; and against the lag where there is one. Tolerances were stated before, with each
 * test, as shares of the simulated figure.
 */
#include <check.h>
#include <math.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "sim/kernel/real.h"
#include "sim/model/order.h"
#include "sim/model/state.h"
#include "sim/model/stay.h"
#include "tests/lib/draw.h"
#include "tests/lib/model_fixture.h"

enum { RECORDS = 1000000, WARM_UP = 100000 };

static const struct job_id job_0 = { 0 };
static const uint32_t one_host[] = { 1 };
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

static void check_near(double got, double expected, double tolerance)
{
    ck_assert_double_eq_tol(got, expected, tolerance * expected);
}

/* Times of single records; their mean and percentiles. */
struct times {
    size_t count;
    double *items, sum;
    double quantiles[3];
};

static void times_init(struct times *times)
{
    *times = (struct times){ .items = mem_create_array(RECORDS, sizeof *times->items) };
}

static void times_add(struct times *times, double time)
{
    times->items[times->count++] = time;
    times->sum += time;
}

static void times_end(struct times *times)
{
    static const double shares[] = { 0.5, 0.95, 0.99 };
    size_t count = 0, step = 8;
    uint32_t *order = mem_create_array(times->count, 2 * sizeof *order);
    for (uint32_t i = 0; i < times->count; i += (uint32_t)step)
        order[count++] = i;
    order_by_value(order, count, times->items, order + times->count);
    for (int q = 0; q < 3; q++)
        times->quantiles[q] = times->items[order[(size_t)(shares[q] * (double)count)]];
    mem_destroy(order);
    mem_destroy(times->items);
}

/* Source subtask of 1 ms at 950/s, exponential: M/M/1, mean 20 ms. Tolerance 0.5 %. */
START_TEST(records_wait_at_a_source_that_is_busy)
{
    model_fixture_vertex(&f, job_0, "source", 128, TIME_MS);
    model_fixture_load(&f, job_0, 0, 0, 950);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    model_fixture_run(&f, 600 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    check_near(view.latency[0], 0.020 * real_log(2), 0.005);
    check_near(view.latency[1], 0.020 * real_log(20), 0.005);
    check_near(view.latency[2], 0.020 * real_log(100), 0.005);
}
END_TEST

/* The same before a shuffle, over two subtasks: 19,000/s of 100 us. */
START_TEST(records_wait_at_a_source_before_a_shuffle)
{
    model_fixture_source_and_count(&f, 19000);
    f.scenario.jobs.items[0].vertices.items[0].cost_ns = 100e3;
    f.scenario.jobs.items[0].vertices.items[1].cost_ns = 0;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, one_host, 1);
    model_fixture_run(&f, 600 * TIME_S);
    check_near(model_fixture_job(&f, job_0).latency[1], 0.002 * real_log(20), 0.005);
}
END_TEST

/* A generator makes a record when it has the time to: no record waits for it. */
START_TEST(nobody_waits_at_a_paced_source)
{
    model_fixture_vertex(&f, job_0, "source", 128, TIME_MS);
    f.scenario.jobs.items[0].load_per_subtask.items[0] = true;
    model_fixture_load(&f, job_0, 0, 0, 950);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    model_fixture_run(&f, 600 * TIME_S);
    check_near(model_fixture_job(&f, job_0).latency[1], 0.001 * real_log(20), 0.005);
}
END_TEST

/* FIFO: what is in buffers has not been read, so it is in the lag and waits once. 110/s into
 * 100/s, from 150 ms on: at 110 s the record that comes out arrived 11.0 s ago. */
START_TEST(latency_under_backpressure_is_lag_and_service)
{
    model_fixture_vertex(&f, job_0, "a", 128, 0);
    model_fixture_vertex(&f, job_0, "b", 128, 10 * TIME_MS)->service_cv = 0;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, 110);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    model_fixture_run(&f, 110 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.lag_seconds, 110 - 109.85 / 1.1, 1e-6);
    for (int q = 0; q < 3; q++)
        ck_assert_double_eq_tol(view.latency[q], view.lag_seconds + 0.010, 1e-9);
}
END_TEST

/* One host of two stands still, and a hash edge with it: no record is read, whatever its partition,
 * and the oldest is from then. */
START_TEST(while_nothing_flows_latency_is_the_age_of_the_oldest)
{
    model_fixture_source_and_count(&f, 1000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, (uint32_t[]){ 1, 2 }, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_lt(model_fixture_job(&f, job_0).latency[2], 1);
    model_fixture_freeze(&f, 2, true);
    model_fixture_run(&f, 30 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_gt(view.lag_seconds, 19);
    for (int q = 0; q < 3; q++)
        check_near(view.latency[q], view.lag_seconds, 0.01);
    ck_assert(!view.ended);
}
END_TEST

/* Small records behind a hot key: buffers would hold more than has arrived. And a queue that is
 * all but full has not had the time to become as long as it would: after t = 19 s without idling
 * its work is as half a normal distribution of variance 2 S t (service exponential, S = 0.1 s): 8
 * %. */
START_TEST(no_record_is_older_than_the_run)
{
    model_fixture_source_and_count(&f, 100000);
    struct vertex_model *vertices = f.scenario.jobs.items[0].vertices.items;
    vertices[0].record_bytes = 1;
    vertices[1].keys = 1000;
    vertices[1].skew = SKEW_ZIPF;
    vertices[1].zipf = 1;
    struct job_id other = model_fixture_add_job(&f);
    model_fixture_vertex(&f, other, "full", 128, 100 * TIME_MS);
    model_fixture_load(&f, other, 0, TIME_S, 9.9999); /* nothing waits from before it ran */
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 8, 8 }, one_host, 1);
    struct fixture_deployment second = {
        .job = other, .parallelism = (uint32_t[]){ 1 }, .hosts = (uint32_t[]){ 2 }, .host_count = 1
    };
    model_fixture_deploy(&f, &second);
    model_fixture_run(&f, 20 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.latency[2], view.lag_seconds, 0.01);
    ck_assert_double_le(view.latency[2], 20);
    double p99 = 2.576 * sqrt(2 * 0.1 * 19);
    check_near(model_fixture_job(&f, other).latency[2], p99, 0.08);
}
END_TEST

/* Three stages in a row at 1,000/s, milliseconds each. Exponential ones are independent M/M/1
 * (Jackson): 4 to 6 % for the simulation. Others wait together and not one by one, which the sum of
 * independent stays does not know: 22 %, where it is one wait that is split 27 %. */
struct tandem {
    double cost[3], cv[3];
    double tolerance;
};

static const struct tandem tandems[] = {
    { { 0.8, 0.8, 0.8 }, { 1, 1, 1 }, 0.04 },       { { 0.5, 0.9, 0.3 }, { 1, 1, 1 }, 0.06 },
    { { 0.8, 0.8, 0.8 }, { 0, 0, 0 }, 0.22 },       { { 0.9, 0.8, 0.5 }, { 0, 0, 0 }, 0.22 },
    { { 0.5, 0.8, 0.9 }, { 0, 0, 0 }, 0.27 },       { { 0.8, 0.8, 0.8 }, { 0, 1, 0 }, 0.22 },
    { { 0.8, 0.8, 0.8 }, { 1, 0, 1 }, 0.22 },       { { 0.1, 0.1, 0.1 }, { 0, 0, 0 }, 0.22 },
    { { 0.9, 0.9, 0.9 }, { 0.5, 0.5, 0.5 }, 0.22 },
};

static void simulate_tandem(const struct tandem *tandem, uint64_t seed, struct times *times)
{
    struct rng rng = rng_stream(seed, "tandem", 0);
    double at = 0, left[3] = { 0 };
    times_init(times);
    for (int i = 0; i < WARM_UP + RECORDS; i++) {
        at += draw_exponential(&rng) * 0.001;
        double time = at;
        for (int s = 0; s < 3; s++) {
            double cv = tandem->cv[s];
            double service = 1 - cv + cv * draw_exponential(&rng);
            time = left[s] = fmax(time, left[s]) + tandem->cost[s] * service * 0.001;
        }
        if (i >= WARM_UP)
            times_add(times, time - at);
    }
    times_end(times);
}

START_TEST(stages_in_a_row_take_as_long_as_simulated)
{
    const struct tandem *tandem = &tandems[_i];
    struct times times;
    for (int s = 0; s < 3; s++) {
        static const char *const names[] = { "source", "middle", "sink" };
        model_fixture_vertex(&f, job_0, names[s], 128, (time_ns)(tandem->cost[s] * 1e6))
            ->service_cv = tandem->cv[s];
        if (s > 0)
            model_fixture_edge(&f, job_0, (uint32_t)s - 1, (uint32_t)s, PARTITION_FORWARD);
    }
    model_fixture_load(&f, job_0, 0, 0, 1000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1, 1 }, one_host, 1);
    model_fixture_run(&f, 600 * TIME_S);
    simulate_tandem(tandem, (uint64_t)_i, &times);
    for (int q = 0; q < 3; q++)
        check_near(model_fixture_job(&f, job_0).latency[q], times.quantiles[q], tandem->tolerance);
}
END_TEST

/* Threads on cores: each works off its records in order, all that have some share the cores. */
struct crowd {
    uint32_t threads;
    double cores, load; /* load: of all cores */
    double tolerance, tolerance_busy;
};

static const struct crowd crowds[] = {
    { 2, 1, 0.3, 0.05, 0.02 },  { 2, 1, 0.8, 0.12, 0.04 },  { 4, 1, 0.6, 0.08, 0.04 },
    { 4, 1, 0.9, 0.15, 0.06 },  { 16, 1, 0.8, 0.15, 0.06 }, { 3, 2, 0.8, 0.10, 0.04 },
    { 8, 2, 0.3, 0.05, 0.02 },  { 8, 2, 0.8, 0.15, 0.06 },  { 16, 2, 0.9, 0.20, 0.06 },
    { 6, 4, 0.8, 0.10, 0.04 },  { 12, 4, 0.6, 0.05, 0.02 }, { 12, 4, 0.9, 0.25, 0.08 },
    { 16, 8, 0.8, 0.08, 0.04 }, { 4, 4, 0.9, 0.06, 0.02 },
};

/* Records of one thread, oldest first: arrival times in a ring. */
enum { RING = 1 << 16 };
struct crowd_thread {
    double arrived[RING], left;
    uint32_t first, end;
};

/* Time until something happens: a record arrives (NONE), or the thread that is nearest ends one. */
static uint32_t next_event(const struct crowd *crowd, const struct crowd_thread *threads,
                           uint32_t runnable, double to_arrival, double *length)
{
    double speed = fmin(1, crowd->cores / fmax(runnable, 1));
    uint32_t which = NONE;
    *length = to_arrival;
    for (uint32_t t = 0; t < crowd->threads; t++)
        if (threads[t].first != threads[t].end && threads[t].left / speed < *length) {
            *length = threads[t].left / speed;
            which = t;
        }
    return which;
}

/* Service is exponential with mean 1. Gives the share of time in which a thread has something. */
static double simulate_crowd(const struct crowd *crowd, uint64_t seed, struct times *times)
{
    struct rng rng = rng_stream(seed, "crowd", 0);
    struct crowd_thread *threads = mem_create_array(crowd->threads, sizeof *threads);
    double now = 0, began = 0, busy = 0, rate = crowd->load * crowd->cores, length;
    double to_arrival = draw_exponential(&rng) / rate;
    uint32_t runnable = 0, done = 0;
    times_init(times);
    while (times->count < RECORDS) {
        uint32_t which = next_event(crowd, threads, runnable, to_arrival, &length);
        double speed = fmin(1, crowd->cores / fmax(runnable, 1));
        now += length;
        to_arrival -= length;
        busy += done >= WARM_UP ? runnable * length : 0;
        for (uint32_t t = 0; t < crowd->threads; t++)
            threads[t].left -= length * speed;
        struct crowd_thread *thread = &threads[which];
        if (which == NONE) {
            thread = &threads[rng_below(&rng, crowd->threads)];
            to_arrival = draw_exponential(&rng) / rate;
            thread->arrived[thread->end++ % RING] = now;
            if (thread->end - thread->first > 1)
                continue;
            runnable++;
        } else {
            double time = now - thread->arrived[thread->first++ % RING];
            if (++done > WARM_UP)
                times_add(times, time);
            else
                began = now;
            runnable -= thread->first == thread->end;
        }
        thread->left = draw_exponential(&rng);
    }
    mem_destroy(threads);
    times_end(times);
    return busy / (now - began) / crowd->threads;
}

START_TEST(threads_that_share_cores_take_as_long_as_simulated)
{
    const struct crowd *crowd = &crowds[_i];
    struct times times;
    model_fixture_pair(&f, 0, TIME_MS, PARTITION_REBALANCE, 1000 * crowd->load * crowd->cores);
    f.hosts[1].machine.cores = crowd->cores;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, crowd->threads }, one_host, 1);
    struct model_vertex_view view = model_fixture_between(&f, 1, 100 * TIME_S, 600 * TIME_S);
    double busy = view.busy_seconds / crowd->threads / 500;
    double expected = simulate_crowd(crowd, (uint64_t)_i, &times);
    struct model_job_view job = model_fixture_job(&f, job_0);
    for (int q = 0; q < 3; q++)
        check_near(job.latency[q], times.quantiles[q] * 0.001, crowd->tolerance);
    ck_assert_double_eq_tol(busy, expected, crowd->tolerance_busy);
    ck_assert_double_eq_tol(view.busy_seconds + view.idle_seconds, view.task_seconds, 1e-6);
}
END_TEST

/* Four threads of 1 ms on one core at 980/s: processor sharing, 1 ms / (1 - 0.98) on average. */
START_TEST(one_core_is_processor_sharing)
{
    model_fixture_pair(&f, 0, TIME_MS, PARTITION_REBALANCE, 980);
    f.hosts[1].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 4 }, one_host, 1);
    model_fixture_run(&f, 600 * TIME_S);
    struct stays stays = { 0 };
    struct model_job *job = &f.model->jobs[0];
    model_fixture_job(&f, job_0);
    stays_find(f.model, job, &job->components.items[0], &job->vertices[1], &stays);
    check_near(stays_mean(&stays), 0.050, 1e-6);
    vec_fini(&stays.items);
}
END_TEST

/* Equal sources beside counts of unequal load: a thread of two on one core takes 1 / (1 - a) as
 * long, a being what the other one needs. */
START_TEST(hosts_that_differ_in_one_thread_only_are_kept_apart)
{
    static const uint32_t two_hosts[] = { 1, 2 };
    model_fixture_vertex(&f, job_0, "source", 128, 100 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 200 * TIME_US)->keys = 5;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 3000);
    f.hosts[1].machine.cores = f.hosts[2].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, two_hosts, 2);
    model_fixture_run(&f, 60 * TIME_S);
    net_advance(f.model, 0);
    net_fold(f.model, 0);
    const struct contention *contention =
        &net_of(f.model, &f.model->jobs[0].components.items[0])->contention;
    ck_assert_uint_eq(contention->kinds.count, 2);
    ck_assert_uint_eq(contention->threads.count, 4);
    const struct thread *threads = contention->threads.items;
    for (size_t i = 0; i < 4; i++) {
        const struct thread *other = &threads[i ^ 1];
        check_near(threads[i].slowdown, 1 / (1 - other->rate * (other->vertex == 0 ? 1e-4 : 2e-4)),
                   1e-9);
    }
    ck_assert_double_gt(fabs(threads[0].slowdown - threads[2].slowdown), 0.01);
}
END_TEST

/* Were the rates of now to end, or were they looked at, after that time at others than before. Says
 * whether the waits for cores are theirs. */
static bool is_taken(struct net *net, time_ns time, bool over)
{
    f.model->jobs[0].sources.items[0].rate += 0.1;
    net->since = net->at - time;
    return contention_take(f.model, net, over);
}

/* What counts is how long such times are together: a tenth of a millisecond. Who looks neither
 * begins nor ends one. */
START_TEST(slow_downs_are_not_found_anew_for_microseconds)
{
    model_fixture_pair(&f, 100 * TIME_US, 200 * TIME_US, PARTITION_HASH, 3000);
    f.hosts[1].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, one_host, 1);
    model_fixture_run(&f, 60 * TIME_S);
    net_advance(f.model, 0);
    net_fold(f.model, 0);
    struct net *net = net_of(f.model, &f.model->jobs[0].components.items[0]);
    uint64_t version = net->contention.version;
    ck_assert(!is_taken(net, 30 * TIME_US, true));
    ck_assert(!is_taken(net, 40 * TIME_US, false));
    ck_assert(!is_taken(net, 41 * TIME_US, false));
    ck_assert(!is_taken(net, 42 * TIME_US, true));
    ck_assert_uint_eq(net->contention.version, version);
    ck_assert(is_taken(net, 50 * TIME_US, true));
    ck_assert_uint_eq(net->contention.version, version + 1);
    ck_assert(is_taken(net, 50 * TIME_US, false)); /* the same time still */
    ck_assert_uint_eq(net->contention.version, version + 1);
    ck_assert(!is_taken(net, 40 * TIME_US, true));
    ck_assert(is_taken(net, TIME_S, false));
    ck_assert_uint_eq(net->contention.version, version + 2);
    ck_assert_uint_eq(net->contention.version, net->contention.taken);
}
END_TEST

/* A queue on its way is another one at each look; one that has settled is not. */
START_TEST(percentiles_of_a_job_that_goes_on_as_before_are_found_once)
{
    struct model_job_view view;
    model_fixture_vertex(&f, job_0, "source", 128, 100 * TIME_US)->service_cv = 1;
    model_fixture_load(&f, job_0, 0, 0, 1000);
    model_fixture_load(&f, job_0, 0, 60 * TIME_S, 9900);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    const struct recall *recall = &f.model->jobs[0].recall;
    for (int second = 40; second < 60; second++) {
        model_fixture_run(&f, second * TIME_S);
        model_view_job(f.model, job_0, &view);
        ck_assert_uint_eq(recall->found, 1);
    }
    for (uint64_t turn = 1; turn <= 10; turn++) {
        model_fixture_run(&f, (60 + (time_ns)turn) * TIME_S);
        double before = view.latency[QUANTILE_P50];
        model_view_job(f.model, job_0, &view);
        ck_assert_uint_eq(recall->found, 1 + turn);
        ck_assert_double_gt(view.latency[QUANTILE_P50], before);
    }
}
END_TEST

Suite *test_model_latency_suite(void)
{
    Suite *suite = suite_create("model_latency");
    TCase *tests = tcase_create("latency");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, records_wait_at_a_source_that_is_busy);
    tcase_add_test(tests, records_wait_at_a_source_before_a_shuffle);
    tcase_add_test(tests, nobody_waits_at_a_paced_source);
    tcase_add_test(tests, latency_under_backpressure_is_lag_and_service);
    tcase_add_test(tests, while_nothing_flows_latency_is_the_age_of_the_oldest);
    tcase_add_test(tests, no_record_is_older_than_the_run);
    tcase_add_loop_test(tests, stages_in_a_row_take_as_long_as_simulated, 0,
                        (int)(sizeof tandems / sizeof *tandems));
    tcase_add_loop_test(tests, threads_that_share_cores_take_as_long_as_simulated, 0,
                        (int)(sizeof crowds / sizeof *crowds));
    tcase_add_test(tests, one_core_is_processor_sharing);
    tcase_add_test(tests, hosts_that_differ_in_one_thread_only_are_kept_apart);
    tcase_add_test(tests, slow_downs_are_not_found_anew_for_microseconds);
    tcase_add_test(tests, percentiles_of_a_job_that_goes_on_as_before_are_found_once);
    suite_add_tcase(suite, tests);
    return suite;
}
