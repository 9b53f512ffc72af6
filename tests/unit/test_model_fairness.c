/* SPDX-License-Identifier: Apache-2.0
 *
 * Who gets how much of a full host: figures by hand, threads of one host against a scheduler that
 * serves small wishes in full (one water level, bisected), and random problems against the rule,
 * thread by thread: who wants more has a thread with the largest share of a host that is full.
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "sim/model/maxmin.h"
#include "tests/lib/dense_rows.h"

#define TOLERANCE 1e-9 /* relative; stated before the comparison was run */

static double between(struct rng *rng, double low, double high)
{
    return low + rng_unit(rng) * (high - low);
}

/* One core: 1 ms per record and 1,100/s wanted, beside 1 us per record and 100,000/s: the latter
 * needs 0.1 of it, less than half, and gets it. */
START_TEST(a_thread_that_wants_less_than_its_share_gets_all)
{
    struct maxmin problem = { 0 };
    struct maxmin_term terms[] = { { 0, 1e-3 }, { 1, 1e-6 } };
    maxmin_clear(&problem, 2);
    maxmin_add_flow(&problem, 0, 1, 1100);
    maxmin_add_flow(&problem, 1, 1, 100e3);
    dense_row_share(&problem, dense_row_add(&problem, 1, terms, 2, NULL));
    maxmin_solve(&problem);
    ck_assert_double_eq_tol(problem.flows.items[0].rate, 900, 1e-6);
    ck_assert_double_eq_tol(problem.flows.items[1].rate, 100e3, 1e-6);
    maxmin_fini(&problem);
}
END_TEST

/* The same core, and both want more than half: 0.5 each. */
START_TEST(threads_that_want_more_share_evenly)
{
    struct maxmin problem = { 0 };
    struct maxmin_term terms[] = { { 0, 1e-3 }, { 1, 1e-6 } };
    maxmin_clear(&problem, 2);
    maxmin_add_flow(&problem, 0, 1, 1000);
    maxmin_add_flow(&problem, 1, 1, 1e6);
    dense_row_share(&problem, dense_row_add(&problem, 1, terms, 2, NULL));
    maxmin_solve(&problem);
    ck_assert_double_eq_tol(problem.flows.items[0].rate, 500, 1e-6);
    ck_assert_double_eq_tol(problem.flows.items[1].rate, 500e3, 1e-3);
    maxmin_fini(&problem);
}
END_TEST

/* Four threads behind the shuffle of one source, and one of another job, on two cores: five
 * runnable threads get 0.4 each, although there are two sources. */
START_TEST(shares_are_those_of_threads_not_of_sources)
{
    struct maxmin problem = { 0 };
    double shuffled[] = { 4 * 25e-6, 0 }, peaks[] = { 100e-6, 25e-6 };
    struct maxmin_term own = { 1, 100e-6 };
    maxmin_clear(&problem, 2);
    maxmin_add_flow(&problem, 0, 1, INFINITY);
    maxmin_add_flow(&problem, 1, 1, 1e4);
    maxmin_share_row(&problem, dense_row_add(&problem, 2, &own, 1, shuffled), peaks);
    maxmin_solve(&problem);
    ck_assert_double_eq_tol(problem.flows.items[0].rate, 0.4 / 25e-6, 1e-6);
    ck_assert_double_eq_tol(problem.flows.items[1].rate, 0.4 / 100e-6, 1e-6);
    maxmin_fini(&problem);
}
END_TEST

/* Flows that meet inside a task: records in turn, whatever they cost elsewhere. */
START_TEST(inputs_of_one_task_are_read_in_turn)
{
    struct maxmin problem = { 0 };
    struct maxmin_term cores[] = { { 0, 1e-6 }, { 1, 5e-6 } };
    double thread[] = { 1e-3, 1e-3 };
    maxmin_clear(&problem, 2);
    maxmin_add_flow(&problem, 0, 1, INFINITY);
    maxmin_add_flow(&problem, 1, 1, INFINITY);
    dense_row_add(&problem, 1, NULL, 0, thread);
    dense_row_share(&problem, dense_row_add(&problem, 1, cores, 2, NULL));
    maxmin_solve(&problem);
    ck_assert_double_eq_tol(problem.flows.items[0].rate, 500, 1e-6);
    ck_assert_double_eq_tol(problem.flows.items[1].rate, 500, 1e-6);
    maxmin_fini(&problem);
}
END_TEST

/* Single flows, each with a thread of its own on the one host: thread i gets min(wish, level). */
START_TEST(threads_of_a_host_fill_to_one_level)
{
    struct rng rng = rng_stream(51, "shares", (uint64_t)_i);
    enum { MOST = 12 };
    for (int round = 0; round < 200; round++) {
        struct maxmin problem = { 0 };
        struct maxmin_term terms[MOST];
        double wish[MOST], all = 0;
        uint32_t count = 2 + (uint32_t)rng_below(&rng, MOST - 1);
        maxmin_clear(&problem, count);
        for (uint32_t i = 0; i < count; i++) {
            double cost = 1e-7 * (double)(1 << rng_below(&rng, 14));
            wish[i] = between(&rng, 0.001, 1);
            all += wish[i];
            terms[i] =
                (struct maxmin_term){ maxmin_add_flow(&problem, i, 1, wish[i] / cost), cost };
        }
        double cores = between(&rng, 0.05, 1) * all, low = 0, high = 1;
        dense_row_share(&problem, dense_row_add(&problem, cores, terms, count, NULL));
        maxmin_solve(&problem);
        for (int i = 0; i < 100; i++) {
            double level = (low + high) / 2, used = 0;
            for (uint32_t t = 0; t < count; t++)
                used += fmin(wish[t], level);
            *(used < cores ? &low : &high) = level;
        }
        for (uint32_t i = 0; i < count; i++)
            ck_assert_double_eq_tol(problem.flows.items[i].rate * terms[i].weight,
                                    fmin(wish[i], low), TOLERANCE);
        maxmin_fini(&problem);
    }
}
END_TEST

/* Jobs of one source subtask or more, each with threads of its sources and threads behind their
 * shuffle, over several hosts. Everything thread by thread. */
enum { FLOWS = 16, JOBS = 4, HOSTS = 3, THREADS = 64, ALL = 1000 };

struct thread {
    uint32_t host, job, flow; /* flow ALL: behind the job's shuffle */
    double takes;             /* core seconds per record of the flow, or of all of the job */
};

struct plain {
    uint32_t flows, jobs, threads;
    uint32_t job_of[FLOWS];
    double bound[FLOWS], cores[HOSTS];
    struct thread thread[THREADS];
};

static bool feeds(const struct plain *plain, const struct thread *thread, uint32_t flow)
{
    return thread->flow == ALL ? plain->job_of[flow] == thread->job : thread->flow == flow;
}

static double used_of(const struct plain *plain, const struct thread *thread, const double *rate)
{
    double used = 0;
    for (uint32_t f = 0; f < plain->flows; f++)
        used += feeds(plain, thread, f) ? thread->takes * rate[f] : 0;
    return used;
}

static double used_of_host(const struct plain *plain, uint32_t host, const double *rate)
{
    double used = 0;
    for (uint32_t t = 0; t < plain->threads; t++)
        if (plain->thread[t].host == host)
            used += used_of(plain, &plain->thread[t], rate);
    return used;
}

static bool is_feasible(const struct plain *plain, const double *rate)
{
    bool feasible = true;
    for (uint32_t f = 0; f < plain->flows; f++)
        feasible &= rate[f] <= plain->bound[f] * (1 + 1e-13);
    for (uint32_t t = 0; t < plain->threads; t++)
        feasible &= used_of(plain, &plain->thread[t], rate) <= 1 + 1e-13;
    for (uint32_t h = 0; h < HOSTS; h++)
        feasible &= used_of_host(plain, h, rate) <= plain->cores[h] * (1 + 1e-13);
    return feasible;
}

/* What the thread that takes most of the host takes of it. */
static double largest_on(const struct plain *plain, uint32_t host, const double *rate)
{
    double most = 0;
    for (uint32_t t = 0; t < plain->threads; t++)
        if (plain->thread[t].host == host)
            most = fmax(most, used_of(plain, &plain->thread[t], rate));
    return most;
}

static double fastest_of(const struct plain *plain, uint32_t job, const double *rate)
{
    double most = 0;
    for (uint32_t f = 0; f < plain->flows; f++)
        most = plain->job_of[f] == job ? fmax(most, rate[f]) : most;
    return most;
}

/* Is it at the end of its core, or of the largest share of a full host that there is? */
static bool is_at_its_end(const struct plain *plain, const struct thread *thread,
                          const double *rate)
{
    double used = used_of(plain, thread, rate);
    bool full = used_of_host(plain, thread->host, rate) >= plain->cores[thread->host] * (1 - 1e-9);
    return used >= 1 - 1e-9 ||
           (full && used >= largest_on(plain, thread->host, rate) * (1 - TOLERANCE));
}

/* Who does not get what he wants has a thread that is at its end. What holds all of a job holds
 * those that have most. */
static bool is_held(const struct plain *plain, uint32_t flow, const double *rate)
{
    bool first = rate[flow] >= fastest_of(plain, plain->job_of[flow], rate) * (1 - TOLERANCE);
    bool held = rate[flow] >= plain->bound[flow] * (1 - 1e-9);
    for (uint32_t t = 0; t < plain->threads; t++) {
        const struct thread *thread = &plain->thread[t];
        if (feeds(plain, thread, flow) && (thread->flow != ALL || first))
            held |= is_at_its_end(plain, thread, rate);
    }
    return held;
}

static void make_plain(struct plain *plain, struct rng *rng)
{
    *plain = (struct plain){ .jobs = 1 + (uint32_t)rng_below(rng, JOBS) };
    for (uint32_t h = 0; h < HOSTS; h++)
        plain->cores[h] = between(rng, 0.3, 4);
    for (uint32_t j = 0; j < plain->jobs; j++) {
        double cost = 1e-6 * (double)(1 << rng_below(rng, 10));
        double behind = 1e-6 * (double)(1 << rng_below(rng, 10));
        uint32_t sources = 1 + (uint32_t)rng_below(rng, 4),
                 readers = 1 + (uint32_t)rng_below(rng, 5);
        double wish = rng_below(rng, 3) ? between(rng, 0.01, 1) / cost : 1 / cost;
        for (uint32_t s = 0; s < sources; s++) {
            uint32_t flow = plain->flows++;
            plain->job_of[flow] = j;
            plain->bound[flow] = wish;
            plain->thread[plain->threads++] =
                (struct thread){ (uint32_t)rng_below(rng, HOSTS), j, flow, cost };
        }
        for (uint32_t r = 0; r < readers; r++)
            plain->thread[plain->threads++] =
                (struct thread){ (uint32_t)rng_below(rng, HOSTS), j, ALL, behind / readers };
    }
}

/* Written as the model does it: sums, rows with the largest thread of each. */
static void write_problem(struct maxmin *problem, const struct plain *plain)
{
    maxmin_clear(problem, plain->jobs);
    for (uint32_t f = 0; f < plain->flows; f++)
        maxmin_add_flow(problem, plain->job_of[f], 1, plain->bound[f]);
    for (uint32_t h = 0; h < HOSTS; h++) {
        struct maxmin_term terms[FLOWS];
        double sums[JOBS] = { 0 }, largest[JOBS] = { 0 }, peaks[FLOWS + JOBS];
        uint32_t count = 0;
        for (uint32_t t = 0; t < plain->threads; t++) {
            const struct thread *thread = &plain->thread[t];
            if (thread->host != h)
                continue;
            if (thread->flow == ALL) {
                sums[thread->job] += thread->takes;
                largest[thread->job] = thread->takes;
                double own[JOBS] = { 0 };
                own[thread->job] = thread->takes;
                dense_row_add(problem, 1, NULL, 0, own);
                continue;
            }
            peaks[count] = thread->takes;
            terms[count++] = (struct maxmin_term){ thread->flow, thread->takes };
        }
        uint32_t terms_count = count;
        for (uint32_t j = 0; j < plain->jobs; j++)
            if (sums[j] > 0)
                peaks[count++] = largest[j];
        if (count > 0)
            maxmin_share_row(
                problem, dense_row_add(problem, plain->cores[h], terms, terms_count, sums), peaks);
    }
}

START_TEST(random_jobs_share_hosts_as_the_rule_says)
{
    struct rng rng = rng_stream(52, "shares", (uint64_t)_i);
    struct maxmin problem = { 0 };
    for (int round = 0; round < 40; round++) {
        struct plain plain;
        double rate[FLOWS];
        make_plain(&plain, &rng);
        write_problem(&problem, &plain);
        maxmin_solve(&problem);
        for (uint32_t f = 0; f < plain.flows; f++)
            rate[f] = problem.flows.items[f].rate * (1 - 1e-12);
        ck_assert(is_feasible(&plain, rate));
        for (uint32_t f = 0; f < plain.flows; f++)
            ck_assert_msg(is_held(&plain, f, rate), "round %d: flow %u is held by nothing", round,
                          f);
        for (uint32_t f = 0; f < plain.flows; f++) { /* nothing is left for anybody */
            rate[f] *= 1 + 1e-6;
            ck_assert(!is_feasible(&plain, rate));
            rate[f] /= 1 + 1e-6;
        }
    }
    maxmin_fini(&problem);
}
END_TEST

/* Ten hosts, each with a source and an uneven reader of two jobs: of some such problems the levels
 * never come to rest. */
START_TEST(levels_that_swing_carry_no_more_than_rows_can)
{
    enum { MANY = 10 };
    struct rng rng = rng_stream(53, "shares", (uint64_t)_i);
    struct maxmin problem = { 0 };
    for (int round = 0; round < 20; round++) {
        double cost = 1e-5 * between(&rng, 1, 30), behind = 1e-5 * between(&rng, 1, 30);
        double cores[MANY], readers[MANY][2];
        maxmin_clear(&problem, 2);
        for (uint32_t h = 0; h < MANY; h++) {
            double sums[2], peaks[4];
            struct maxmin_term own[2];
            cores[h] = between(&rng, 0.5, 2);
            for (uint32_t j = 0; j < 2; j++) {
                uint32_t flow = maxmin_add_flow(&problem, j, 1, between(&rng, 0.2, 1) / cost);
                own[j] = (struct maxmin_term){ flow, peaks[j] = cost };
                sums[j] = peaks[2 + j] = readers[h][j] = behind / MANY * between(&rng, 0.8, 1.2);
            }
            maxmin_share_row(&problem, dense_row_add(&problem, cores[h], own, 2, sums), peaks);
        }
        maxmin_solve(&problem);
        double all[2] = { 0 };
        for (uint32_t i = 0; i < 2 * MANY; i++)
            all[i % 2] += problem.flows.items[i].rate;
        for (uint32_t h = 0; h < MANY; h++)
            ck_assert_double_le(
                cost * (problem.flows.items[2 * h].rate + problem.flows.items[2 * h + 1].rate) +
                    readers[h][0] * all[0] + readers[h][1] * all[1],
                cores[h] * (1 + 1e-9));
    }
    maxmin_fini(&problem);
}
END_TEST

Suite *test_model_fairness_suite(void)
{
    Suite *suite = suite_create("model_fairness");
    TCase *tests = tcase_create("shares");
    tcase_add_test(tests, a_thread_that_wants_less_than_its_share_gets_all);
    tcase_add_test(tests, threads_that_want_more_share_evenly);
    tcase_add_test(tests, shares_are_those_of_threads_not_of_sources);
    tcase_add_test(tests, inputs_of_one_task_are_read_in_turn);
    tcase_add_loop_test(tests, threads_of_a_host_fill_to_one_level, 0, 4);
    tcase_add_loop_test(tests, random_jobs_share_hosts_as_the_rule_says, 0, 50);
    tcase_add_loop_test(tests, levels_that_swing_carry_no_more_than_rows_can, 0, 50);
    suite_add_tcase(suite, tests);
    return suite;
}
