/* SPDX-License-Identifier: Apache-2.0
 *
 * Who gets how much of a full host: figures by hand, threads of one host against a scheduler that
 * serves small wishes in full (one water level, bisected), and random problems against the rule
 * written down thread by thread, which knows nothing of classes, sums, levels or heaps.
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
    maxmin_group_sum(&problem, 1, 1);
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
    maxmin_group_sum(&problem, 1, 1);
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
            maxmin_group_sum(&problem, i, i);
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
    uint32_t job_of[FLOWS], flows_of[JOBS];
    double bound[FLOWS], rate[FLOWS], speed[FLOWS], cores[HOSTS];
    struct thread thread[THREADS];
    bool counts[HOSTS];
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

static void bisect(struct plain *plain)
{
    bool fixed[FLOWS] = { false };
    double trial[FLOWS];
    for (uint32_t left = plain->flows; left > 0;) {
        double low = 0, high = 1e12;
        for (int i = 0; i < 160; i++) {
            double level = (low + high) / 2;
            for (uint32_t f = 0; f < plain->flows; f++)
                trial[f] = fixed[f] ? plain->rate[f] : level * plain->speed[f];
            *(is_feasible(plain, trial) ? &low : &high) = level;
        }
        for (uint32_t f = 0; f < plain->flows; f++)
            plain->rate[f] = fixed[f] ? plain->rate[f] : low * plain->speed[f];
        uint32_t before = left;
        for (uint32_t f = 0; f < plain->flows; f++) {
            memcpy(trial, plain->rate, sizeof trial);
            trial[f] *= 1 + 1e-8;
            if (!fixed[f] && !is_feasible(plain, trial)) {
                fixed[f] = true;
                left--;
            }
        }
        ck_assert_uint_lt(left, before);
    }
}

static double threads_on(const struct plain *plain, uint32_t host)
{
    double count = 0;
    for (uint32_t t = 0; t < plain->threads; t++)
        count += plain->thread[t].host == host;
    return count;
}

/* The most that one record per second of the flow needs anywhere, in even shares. What is behind a
 * shuffle has as many of each flow of the job. */
static double needs(const struct plain *plain, uint32_t flow)
{
    double most = 0;
    for (uint32_t t = 0; t < plain->threads; t++) {
        const struct thread *thread = &plain->thread[t];
        if (!feeds(plain, thread, flow))
            continue;
        double flows = thread->flow == ALL ? plain->flows_of[thread->job] : 1;
        if (plain->counts[thread->host])
            most = fmax(most, thread->takes * flows * threads_on(plain, thread->host) /
                                  plain->cores[thread->host]);
        if (thread->flow == ALL)
            most = fmax(most, thread->takes * flows);
    }
    return most;
}

static bool job_counts(const struct plain *plain, uint32_t job)
{
    bool any = false;
    for (uint32_t t = 0; t < plain->threads; t++)
        any |= plain->thread[t].job == job && plain->counts[plain->thread[t].host];
    return any;
}

static void solve_plain(struct plain *plain)
{
    memset(plain->counts, 0, sizeof plain->counts);
    for (uint32_t f = 0; f < plain->flows; f++)
        plain->speed[f] = 1;
    for (bool again = true; again;) {
        bisect(plain);
        again = false;
        for (uint32_t h = 0; h < HOSTS; h++)
            if (!plain->counts[h] &&
                used_of_host(plain, h, plain->rate) >= plain->cores[h] * (1 - 1e-9))
                plain->counts[h] = again = true;
        for (uint32_t f = 0; f < plain->flows; f++)
            plain->speed[f] = job_counts(plain, plain->job_of[f]) ? 1 / needs(plain, f) : 1;
    }
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
            plain->flows_of[j]++;
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
    for (uint32_t j = 0; j < plain->jobs; j++)
        maxmin_group_sum(problem, j, j);
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

/* Whoever wants no more than an even share on each host it meets, and of each thread, gets it. */
static void check_small_wishes(const struct plain *plain, const struct maxmin *problem)
{
    struct plain all = *plain;
    for (uint32_t h = 0; h < HOSTS; h++)
        all.counts[h] = true;
    for (uint32_t f = 0; f < plain->flows; f++)
        if (needs(&all, f) * plain->bound[f] <= 1)
            ck_assert_double_eq_tol(problem->flows.items[f].rate, plain->bound[f],
                                    TOLERANCE * plain->bound[f]);
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
        solve_plain(&plain);
        for (uint32_t f = 0; f < plain.flows; f++) {
            rate[f] = problem.flows.items[f].rate * (1 - 1e-12);
            ck_assert_double_eq_tol(problem.flows.items[f].rate, plain.rate[f],
                                    TOLERANCE * plain.rate[f]);
        }
        ck_assert(is_feasible(&plain, rate));
        for (uint32_t f = 0; f < plain.flows; f++) { /* nothing is left for anybody */
            rate[f] *= 1 + 1e-6;
            ck_assert(!is_feasible(&plain, rate));
            rate[f] /= 1 + 1e-6;
        }
        check_small_wishes(&plain, &problem);
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
    tcase_add_loop_test(tests, random_jobs_share_hosts_as_the_rule_says, 0, 8);
    suite_add_tcase(suite, tests);
    return suite;
}
