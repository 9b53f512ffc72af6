/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues on their way to what they are in the long run, against many queues simulated record by
 * record through steps of their load. Tolerance: 15 % of each percentile of the time spent, 25 %
 * with a service of variation 2 and in an overload of exponential ones, whose lag is taken to be
 * its mean, or half a residual service, E[S^2] / 2 E[S], of which a diffusion knows nothing.
 */
#include <check.h>
#include <math.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "sim/kernel/real.h"
#include "sim/model/order.h"
#include "sim/model/relax.h"
#include "sim/model/state.h"
#include "tests/lib/draw.h"
#include "tests/lib/model_fixture.h"

enum { QUEUES = 4000, LOOKS = 6 };

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

/* Abate and Whitt 1987: sqrt(8 t / pi) at first, all of it in the end, and a falling density. */
START_TEST(a_queue_grows_from_nothing_to_what_it_will_be)
{
    double last = 0;
    ck_assert_double_eq(relax_mean(0), 0);
    ck_assert_double_eq_tol(relax_mean(1e-6), sqrt(8e-6 / M_PI), 3e-6);
    ck_assert_double_eq_tol(relax_mean(1), 1 - 4 * 0.15865525393145702 + 2 * 0.24197072451914337,
                            1e-12);
    ck_assert_double_eq(relax_mean(RELAX_AGE_MOST), 1);
    for (double age = 1e-6; age < RELAX_AGE_MOST; age *= 1.3) {
        ck_assert_double_gt(relax_mean(age), last);
        double slope = (relax_mean(age * 1.001) - relax_mean(age / 1.001)) / (age * 0.001999);
        ck_assert_double_eq_tol(relax_slope(age), slope, 1e-3 * slope + 1e-9);
        last = relax_mean(age);
        ck_assert_double_eq_tol(relax_mean(relax_age(last)), last, 1e-9);
    }
    ck_assert_double_eq_tol(relax_mean(RELAX_AGE_MOST * (1 - 1e-9)), 1, 1e-10);
}
END_TEST

/* By halves of the whole range, each step looked at. */
static double age_by_halves(double mean)
{
    double low = 0, high = sqrt(RELAX_AGE_MOST);
    for (int turn = 0; turn < 48; turn++) {
        double middle = (low + high) / 2;
        if (relax_mean(middle * middle) < mean)
            low = middle;
        else
            high = middle;
    }
    return high * high;
}

START_TEST(an_age_is_to_the_bit_the_one_found_by_halves)
{
    static const double ends[] = { -1, 0, 1e-300, 1e-12, 0.5, 1 - 1e-14, 1, 2 };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        ck_assert_double_eq(relax_age(ends[i]), age_by_halves(ends[i]));
    for (double part = 1; part > 1e-14; part *= 0.98) {
        ck_assert_double_eq(relax_age(part), age_by_halves(part));
        ck_assert_double_eq(relax_age(1 - part), age_by_halves(1 - part));
    }
}
END_TEST

/* Half a normal distribution when young, an exponential one when old: the part above its mean. */
START_TEST(the_shape_goes_from_half_a_normal_to_an_exponential_one)
{
    for (int old = 0; old < 2; old++) {
        struct relax_part parts[RELAX_PARTS];
        double mean = 0, weight = 0, above = 0, far = 0;
        relax_shape(old ? 50 : 1e-6, parts);
        for (int i = 0; i < RELAX_PARTS; i++) {
            mean += parts[i].weight * parts[i].range / 2;
            weight += parts[i].weight;
            above += parts[i].weight * fmax(1 - 1 / parts[i].range, 0);
            far += parts[i].weight * fmax(1 - 3 / parts[i].range, 0);
        }
        ck_assert_double_eq_tol(mean, 1, 1e-12);
        ck_assert_double_eq_tol(weight, 1, 1e-12);
        ck_assert_double_eq_tol(above, old ? 0.3679 : 0.4249, 0.01);
        ck_assert_double_eq_tol(far, old ? 0.0498 : 0.0167, 0.004);
    }
}
END_TEST

/* Cutting a time of equal load in pieces changes nothing, and what is steady stays so. */
START_TEST(steps_that_change_nothing_leave_a_queue_as_it_is)
{
    struct relax_load whole = { .seconds = 10, .rho = 0.9, .wait = 4, .pace = 0.03 };
    struct relax_load piece = whole;
    struct relaxation once = { .wait = 1 }, often = { .wait = 1 }, steady = { .wait = 4 };
    piece.seconds /= 100;
    relax_advance(&once, &whole);
    for (int i = 0; i < 100; i++)
        relax_advance(&often, &piece);
    ck_assert_double_eq_tol(often.wait, once.wait, 1e-6);
    ck_assert_double_gt(once.wait, 1);
    ck_assert_double_lt(once.wait, 4);
    relax_advance(&steady, &whole);
    ck_assert_double_eq(steady.wait, 4);
    ck_assert_double_eq(steady.age, 0);
    ck_assert_double_eq(steady.left, 0);
}
END_TEST

/* No more than all that arrives. */
START_TEST(a_queue_grows_no_faster_than_work_arrives)
{
    struct relax_load load = { .seconds = 1e-3, .rho = 0.99, .wait = 100, .pace = 1e-4 };
    struct relaxation queue = { 0 };
    relax_advance(&queue, &load);
    ck_assert_double_le(queue.wait, 0.99e-3 + 1e-9);
    ck_assert_double_gt(queue.age, 0);
}
END_TEST

/* Records per ms of service; load before and behind the step, looks in services behind it. */
struct jump {
    double cv, before, after, tolerance;
    double looks[LOOKS];
};

static const struct jump jumps[] = {
    { 0, 0.5, 0.99, 0.15, { 50, 200, 1000, 3000, 10000, 20000 } },
    { 1, 0.5, 0.99, 0.15, { 50, 200, 1000, 3000, 10000, 20000 } },
    { 0, 0.5, 0.9, 0.15, { 20, 50, 100, 200, 500, 2000 } },
    { 1, 0.1, 0.95, 0.15, { 20, 50, 100, 300, 1000, 4000 } },
    { 2, 0.3, 0.9, 0.25, { 50, 100, 300, 600, 1500, 5000 } },
    { 1, 0.95, 0.5, 0.15, { 1, 5, 10, 20, 50, 200 } },
    { 0, 0.98, 0.7, 0.15, { 2, 10, 20, 50, 100, 150 } },
    { 1, 0.95, 1.1, 0.25, { 1, 5, 10, 20, 50, 100 } },
    { 0, 0.98, 1.02, 0.15, { 2, 10, 20, 50, 100, 150 } },
};

static double draw_service(struct rng *rng, double cv)
{
    double share = (1 + sqrt((cv * cv - 1) / (cv * cv + 1))) / 2;
    if (cv <= 1)
        return 1 - cv + cv * draw_exponential(rng);
    if (rng_unit(rng) < share)
        return draw_exponential(rng) / (2 * share);
    return draw_exponential(rng) / (2 * (1 - share));
}

/* The queue's work at each look, with the service of one who comes then. The step is at 0, and the
 * queue has begun long before. */
static void simulate(const struct jump *jump, struct rng *rng, double *times)
{
    double pace = 1 - jump->before, work = 0;
    double at = -6 * (1 + jump->cv * jump->cv) / (pace * pace), next;
    int look = 0;
    while (look < LOOKS) {
        double rate = at < 0 ? jump->before : jump->after;
        next = at + draw_exponential(rng) / rate;
        if (at < 0 && next > 0)
            next = 0; /* arrivals have no memory: drawn again at the step */
        for (; look < LOOKS && jump->looks[look] <= next; look++)
            times[look * QUEUES] =
                fmax(work - (jump->looks[look] - at), 0) + draw_service(rng, jump->cv);
        work = fmax(work - (next - at), 0);
        at = next;
        if (at != 0)
            work += draw_service(rng, jump->cv);
    }
}

START_TEST(a_step_of_the_load_is_followed_as_simulated_queues_follow_it)
{
    static const double shares[] = { 0.5, 0.95, 0.99 };
    const struct jump *jump = &jumps[_i];
    struct rng rng = rng_stream(5, "jump", (uint64_t)_i);
    double *times = mem_create_array(LOOKS * QUEUES, sizeof *times);
    uint32_t *order = mem_create_array(QUEUES, 2 * sizeof *order);
    for (uint32_t i = 0; i < QUEUES; i++)
        simulate(jump, &rng, &times[i]);
    model_fixture_vertex(&f, job_0, "source", 128, TIME_MS)->service_cv = jump->cv;
    model_fixture_load(&f, job_0, 0, 0, 1000 * jump->before);
    model_fixture_load(&f, job_0, 0, 1000 * TIME_S, 1000 * jump->after);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    for (int look = 0; look < LOOKS; look++) {
        double *own = &times[look * QUEUES];
        for (uint32_t i = 0; i < QUEUES; i++)
            order[i] = i;
        order_by_value(order, QUEUES, own, order + QUEUES);
        model_fixture_run(&f, 1000 * TIME_S + (time_ns)(jump->looks[look] * (double)TIME_MS));
        struct model_job_view view = model_fixture_job(&f, job_0);
        for (int q = 0; q < 3; q++) {
            double drawn = own[order[(size_t)(shares[q] * QUEUES)]] * 1e-3;
            double residual = (1 + jump->cv * jump->cv) / 2 * 1e-3;
            ck_assert_msg(
                fabs(view.latency[q] - drawn) <= fmax(jump->tolerance * drawn, residual / 2),
                "look %d, percentile %d: %g instead of %g", look, q, view.latency[q], drawn);
        }
    }
    mem_destroy(times);
    mem_destroy(order);
}
END_TEST

/* M/M/1 of 1 ms, looked at a second later: in the long run p95 is S ln 20 / (1 - rho). */
static double p95_settled(double rho)
{
    return 1e-3 * real_log(20) / (1 - rho);
}

/* What waits when an overload begins waits on, and is there when its backlog has been read. 1,980/s
 * into 1,000/s for a second, then 980/s: read in 50 s. Continuous within 1 % over a millisecond. */
static void check_around_backlog(time_ns begin, time_ns end)
{
    double before[3], lag, settled = p95_settled(0.98);
    model_fixture_run(&f, begin - TIME_MS);
    for (int q = 0; q < 3; q++)
        before[q] = model_fixture_job(&f, job_0).latency[q];
    ck_assert_double_eq_tol(before[1], settled, 0.01 * settled);
    model_fixture_run(&f, begin + TIME_MS);
    for (int q = 0; q < 3; q++) {
        struct model_job_view view = model_fixture_job(&f, job_0);
        ck_assert_double_ge(view.latency[q], before[q] * 0.99);
        ck_assert_double_le(view.latency[q], (before[q] + view.lag_seconds) * 1.02);
    }
    model_fixture_run(&f, end - TIME_S);
    lag = model_fixture_job(&f, job_0).lag_seconds;
    ck_assert_double_gt(lag, 0.001);
    double last = model_fixture_job(&f, job_0).latency[1] - lag;
    ck_assert_double_ge(last, before[1] * 0.99);
    model_fixture_run(&f, end + TIME_MS);
    ck_assert_double_eq(model_fixture_job(&f, job_0).lag_seconds, 0);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[1], last, 0.01 * last);
    model_fixture_run(&f, end + 500 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[1], settled, 0.01 * settled);
}

static void load_with_backlog(void)
{
    model_fixture_load(&f, job_0, 0, 0, 980);
    model_fixture_load(&f, job_0, 0, 1000 * TIME_S, 1980);
    model_fixture_load(&f, job_0, 0, 1001 * TIME_S, 980);
}

START_TEST(what_waits_at_a_source_is_there_through_an_overload)
{
    model_fixture_vertex(&f, job_0, "source", 128, TIME_MS);
    load_with_backlog();
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    check_around_backlog(1000 * TIME_S, 1050 * TIME_S);
}
END_TEST

START_TEST(what_waits_at_a_vertex_is_there_through_an_overload)
{
    model_fixture_vertex(&f, job_0, "source", 128, 0);
    model_fixture_vertex(&f, job_0, "work", 128, TIME_MS);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_FORWARD);
    load_with_backlog();
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    check_around_backlog(1000 * TIME_S, 1050 * TIME_S);
}
END_TEST

/* A host that can do half of what comes from now on was 45 % full before: of that time little
 * waits, and not what would have, had it been slow all along. A second later the lag is half a
 * second. */
START_TEST(a_host_that_becomes_slow_had_no_long_queue_before)
{
    model_fixture_vertex(&f, job_0, "source", 128, 0);
    model_fixture_vertex(&f, job_0, "work", 128, TIME_MS / 2);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, 900);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    model_fixture_run(&f, 1000 * TIME_S);
    f.hosts[one_host[0]].speed = 0.225;
    model_ops()->host_changed(f.model, (struct node_id){ one_host[0] });
    model_fixture_run(&f, 1001 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_gt(view.lag_seconds, 0.45);
    ck_assert_double_lt(view.latency[2] - view.lag_seconds, 0.03);
}
END_TEST

/* More load is not less latency: from 99 % to above what can be done, in small steps. */
START_TEST(latency_grows_with_the_load_beyond_what_can_be_done)
{
    double last = 0;
    model_fixture_vertex(&f, job_0, "source", 128, 0);
    model_fixture_vertex(&f, job_0, "work", 128, TIME_MS);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    for (int step = 0; step < 24; step++)
        model_fixture_load(&f, job_0, 0, step * 100 * TIME_S, 990 + step);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    for (int second = 100; second < 2400; second += 5) {
        model_fixture_run(&f, second * TIME_S);
        double p50 = model_fixture_job(&f, job_0).latency[0];
        ck_assert_double_ge(p50, last * (1 - 1e-3));
        last = p50;
    }
    ck_assert_double_gt(last, 5);
}
END_TEST

/* A paced source has no backlog after a restart; what reads from it begins empty all the same. */
START_TEST(a_restart_begins_empty)
{
    struct fixture_deployment how = { .parallelism = (uint32_t[]){ 1, 1 },
                                      .hosts = one_host,
                                      .host_count = 1 };
    model_fixture_vertex(&f, job_0, "source", 128, 0);
    model_fixture_vertex(&f, job_0, "work", 128, TIME_MS);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_FORWARD);
    f.scenario.jobs.items[0].load_per_subtask.items[0] = true;
    model_fixture_load(&f, job_0, 0, 0, 980);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 1000 * TIME_S);
    double settled = model_fixture_job(&f, job_0).latency[1];
    ck_assert_double_gt(settled, 0.3 * p95_settled(0.98));
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 1001 * TIME_S);
    how.attempt = 1;
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 1001 * TIME_S + 200 * TIME_MS);
    double soon = model_fixture_job(&f, job_0).latency[1];
    ck_assert_double_gt(soon, 0);
    ck_assert_double_lt(soon, 0.5 * settled);
    model_fixture_run(&f, 2000 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[1], settled, 1e-9);
}
END_TEST

Suite *test_model_relax_suite(void)
{
    Suite *suite = suite_create("model_relax");
    TCase *tests = tcase_create("relax");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_queue_grows_from_nothing_to_what_it_will_be);
    tcase_add_test(tests, an_age_is_to_the_bit_the_one_found_by_halves);
    tcase_add_test(tests, the_shape_goes_from_half_a_normal_to_an_exponential_one);
    tcase_add_test(tests, steps_that_change_nothing_leave_a_queue_as_it_is);
    tcase_add_test(tests, a_queue_grows_no_faster_than_work_arrives);
    tcase_add_loop_test(tests, a_step_of_the_load_is_followed_as_simulated_queues_follow_it, 0,
                        (int)(sizeof jumps / sizeof *jumps));
    tcase_add_test(tests, what_waits_at_a_source_is_there_through_an_overload);
    tcase_add_test(tests, what_waits_at_a_vertex_is_there_through_an_overload);
    tcase_add_test(tests, a_host_that_becomes_slow_had_no_long_queue_before);
    tcase_add_test(tests, latency_grows_with_the_load_beyond_what_can_be_done);
    tcase_add_test(tests, a_restart_begins_empty);
    suite_add_tcase(suite, tests);
    return suite;
}
