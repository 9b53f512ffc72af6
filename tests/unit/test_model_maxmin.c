/* SPDX-License-Identifier: Apache-2.0
 *
 * The max-min solver: small cases by hand, then random ones against a solver that knows nothing of
 * classes, sums or levels: it bisects for the largest common rate that is feasible, tries for each
 * flow whether it could have a little more, and fixes those that could not.
 */
#include <check.h>
#include <math.h>
#include <signal.h>

#include "core/base/rng.h"
#include "tests/lib/dense_rows.h"

#define TOLERANCE 1e-9 /* relative; stated before the comparison was run */

START_TEST(maxmin_gives_equal_shares_of_one_row)
{
    struct maxmin problem = { 0 };
    double all = 1;
    maxmin_clear(&problem, 1);
    maxmin_add_flow(&problem, 0, 3, INFINITY);
    maxmin_add_flow(&problem, 0, 1, INFINITY);
    dense_row_add(&problem, 100, NULL, 0, &all);
    maxmin_solve(&problem);
    ck_assert_double_eq_tol(problem.flows.items[0].rate, 25, 1e-12);
    ck_assert_double_eq_tol(problem.flows.items[1].rate, 25, 1e-12);
    ck_assert_uint_eq(problem.flows.items[1].limit, 0);
    maxmin_fini(&problem);
}
END_TEST

START_TEST(maxmin_hands_what_small_flows_leave_to_the_others)
{
    struct maxmin problem = { 0 };
    double all = 1;
    maxmin_clear(&problem, 1);
    maxmin_add_flow(&problem, 0, 1, 10);
    maxmin_add_flow(&problem, 0, 2, INFINITY);
    dense_row_add(&problem, 100, NULL, 0, &all);
    maxmin_solve(&problem);
    ck_assert_double_eq_tol(problem.flows.items[0].rate, 10, 1e-12);
    ck_assert_uint_eq(problem.flows.items[0].limit, MAXMIN_BOUND);
    ck_assert_double_eq_tol(problem.flows.items[1].rate, 45, 1e-12);
    maxmin_fini(&problem);
}
END_TEST

/* Bertsekas and Gallager, figure 6.13: a flow over a full link leaves more to its companion
 * elsewhere. */
START_TEST(maxmin_lets_flows_grow_that_no_full_row_holds)
{
    struct maxmin problem = { 0 };
    maxmin_clear(&problem, 1);
    uint32_t across = maxmin_add_flow(&problem, 0, 1, INFINITY);
    uint32_t left = maxmin_add_flow(&problem, 0, 1, INFINITY);
    uint32_t right = maxmin_add_flow(&problem, 0, 1, INFINITY);
    struct maxmin_term first[] = { { across, 1 }, { left, 1 } };
    struct maxmin_term second[] = { { across, 1 }, { right, 1 } };
    dense_row_add(&problem, 10, first, 2, NULL);
    dense_row_add(&problem, 30, second, 2, NULL);
    maxmin_solve(&problem);
    ck_assert_double_eq_tol(problem.flows.items[across].rate, 5, 1e-12);
    ck_assert_double_eq_tol(problem.flows.items[left].rate, 5, 1e-12);
    ck_assert_double_eq_tol(problem.flows.items[right].rate, 25, 1e-12);
    maxmin_fini(&problem);
}
END_TEST

START_TEST(maxmin_stops_everything_behind_a_row_of_limit_zero)
{
    struct maxmin problem = { 0 };
    double first_only[] = { 1, 0 };
    maxmin_clear(&problem, 2);
    uint32_t held = maxmin_add_flow(&problem, 0, 5, INFINITY);
    uint32_t other = maxmin_add_flow(&problem, 1, 1, 7);
    dense_row_add(&problem, 0, NULL, 0, first_only);
    maxmin_solve(&problem);
    ck_assert_double_eq(problem.flows.items[held].rate, 0);
    ck_assert_double_eq(problem.flows.items[other].rate, 7);
    maxmin_fini(&problem);
}
END_TEST

START_TEST(maxmin_stops_the_run_when_a_flow_has_no_limit)
{
    struct maxmin problem = { 0 };
    maxmin_clear(&problem, 1);
    maxmin_add_flow(&problem, 0, 1, INFINITY);
    maxmin_solve(&problem);
}
END_TEST

/* The same problem with every flow of every class by itself and every weight written out. */
enum { FLOWS_MAX = 64, ROWS_MAX = 24 };

struct dense {
    size_t flow_count, row_count;
    double bound[FLOWS_MAX], limit[ROWS_MAX], weight[ROWS_MAX][FLOWS_MAX], rate[FLOWS_MAX];
    uint32_t class[FLOWS_MAX];
};

static struct dense dense_of(const struct maxmin *problem)
{
    struct dense dense = { .row_count = problem->rows.count };
    for (uint32_t c = 0; c < problem->flows.count; c++)
        for (double n = 0; n < problem->flows.items[c].count; n++) {
            dense.class[dense.flow_count] = c;
            dense.bound[dense.flow_count++] = problem->flows.items[c].bound;
        }
    for (size_t r = 0; r < dense.row_count; r++) {
        const struct maxmin_row *row = &problem->rows.items[r];
        dense.limit[r] = row->limit;
        for (size_t f = 0; f < dense.flow_count; f++) {
            const struct maxmin_flow *flow = &problem->flows.items[dense.class[f]];
            dense.weight[r][f] = dense_row_weight(problem, r, flow->sum);
            for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++)
                if (problem->terms.items[i].flow == dense.class[f])
                    dense.weight[r][f] += problem->terms.items[i].weight / flow->count;
        }
    }
    return dense;
}

static bool is_feasible(const struct dense *dense, const double *rate)
{
    for (size_t f = 0; f < dense->flow_count; f++)
        if (rate[f] > dense->bound[f] * (1 + 1e-13))
            return false;
    for (size_t r = 0; r < dense->row_count; r++) {
        double load = 0;
        for (size_t f = 0; f < dense->flow_count; f++)
            load += dense->weight[r][f] * rate[f];
        if (load > dense->limit[r] * (1 + 1e-13))
            return false;
    }
    return true;
}

static void solve_dense(struct dense *dense)
{
    bool fixed[FLOWS_MAX] = { false };
    double trial[FLOWS_MAX];
    for (size_t left = dense->flow_count; left > 0;) {
        double low = 0, high = 1e9;
        for (int i = 0; i < 120; i++) {
            double level = (low + high) / 2;
            for (size_t f = 0; f < dense->flow_count; f++)
                trial[f] = fixed[f] ? dense->rate[f] : level;
            *(is_feasible(dense, trial) ? &low : &high) = level;
        }
        for (size_t f = 0; f < dense->flow_count; f++)
            dense->rate[f] = fixed[f] ? dense->rate[f] : low;
        size_t before = left;
        for (size_t f = 0; f < dense->flow_count; f++) {
            if (fixed[f])
                continue;
            memcpy(trial, dense->rate, sizeof trial);
            trial[f] += 1e-6 * (1 + low);
            if (!is_feasible(dense, trial)) {
                fixed[f] = true;
                left--;
            }
        }
        ck_assert_uint_lt(left, before);
    }
}

static double between(struct rng *rng, double low, double high)
{
    return low + rng_unit(rng) * (high - low);
}

static void make_random(struct maxmin *problem, struct rng *rng)
{
    uint32_t sums = 1 + (uint32_t)rng_below(rng, 3), classes = 1 + (uint32_t)rng_below(rng, 8);
    maxmin_clear(problem, sums);
    for (uint32_t c = 0; c < classes; c++) {
        uint32_t sum = (uint32_t)rng_below(rng, sums);
        double weight = 1 + (double)rng_below(rng, 5);
        maxmin_add_flow(problem, sum, weight, rng_below(rng, 3) ? between(rng, 0.5, 50) : INFINITY);
    }
    uint32_t rows = 1 + (uint32_t)rng_below(rng, 10);
    for (uint32_t r = 0; r < rows; r++) {
        struct maxmin_term terms[4];
        double weights[3] = { 0 };
        uint32_t count = (uint32_t)rng_below(rng, 4);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t class = (uint32_t)rng_below(rng, classes);
            terms[i] = (struct maxmin_term){ class, between(rng, 0.1, 3) };
        }
        for (uint32_t k = 0; k < sums; k++)
            weights[k] = rng_below(rng, 2) ? between(rng, 0.01, 2) : 0;
        dense_row_add(problem, rng_below(rng, 20) ? between(rng, 1, 200) : 0, terms, count,
                      weights);
    }
    double all[3] = { 0.01, 0.01, 0.01 }; /* no flow without a limit */
    dense_row_add(problem, 100, NULL, 0, all);
}

/* What the row carries at the rates found. */
static double row_load(const struct maxmin *problem, uint32_t row)
{
    const struct maxmin_row *r = &problem->rows.items[row];
    double load = 0;
    for (uint32_t i = r->first_term; i < r->first_term + r->term_count; i++)
        load += problem->terms.items[i].weight *
                problem->flows.items[problem->terms.items[i].flow].rate;
    for (VEC_EACH(const struct maxmin_flow, flow, &problem->flows))
        load += dense_row_weight(problem, row, flow->sum) * flow->count * flow->rate;
    return load;
}

START_TEST(maxmin_agrees_with_brute_force_on_random_problems)
{
    struct rng rng = rng_stream(4711, "maxmin", (uint64_t)_i);
    struct maxmin problem = { 0 };
    for (int round = 0; round < 150; round++) {
        make_random(&problem, &rng);
        maxmin_solve(&problem);
        struct dense dense = dense_of(&problem);
        solve_dense(&dense);
        for (size_t f = 0; f < dense.flow_count; f++) {
            double got = problem.flows.items[dense.class[f]].rate;
            ck_assert_double_le(fabs(got - dense.rate[f]), TOLERANCE * fmax(1, dense.rate[f]));
        }
        for (uint32_t r = 0; r < problem.rows.count; r++)
            ck_assert_double_le(row_load(&problem, r),
                                problem.rows.items[r].limit * (1 + TOLERANCE));
    }
    maxmin_fini(&problem);
}
END_TEST

/* Style: nothing quadratic. A thousand flows that stop one by one below a thousand rows over their
 * sum: rows may come out of the heap too early, but not each of them each time. */
START_TEST(maxmin_solves_many_different_bounds_below_many_rows)
{
    struct maxmin problem = { 0 };
    maxmin_clear(&problem, 1);
    for (int f = 0; f < 1000; f++)
        maxmin_add_flow(&problem, 0, 1, 1 + f * 0.001);
    for (int r = 0; r < 1000; r++) {
        struct maxmin_term own = { (uint32_t)r, 1 };
        double all = 0.001 + r * 1e-9;
        dense_row_add(&problem, 2.5, &own, 1, &all);
    }
    maxmin_solve(&problem);
    double sum = 0;
    for (int f = 0; f < 1000; f++)
        sum += problem.flows.items[f].rate;
    double most = 0;
    for (uint32_t r = 0; r < 1000; r++)
        most = fmax(most, row_load(&problem, r));
    ck_assert_double_eq_tol(most, 2.5, 1e-9);
    ck_assert_double_gt(sum, 1000);
    maxmin_fini(&problem);
}
END_TEST

Suite *test_model_maxmin_suite(void)
{
    Suite *suite = suite_create("model_maxmin");
    TCase *tests = tcase_create("solver");
    tcase_add_test(tests, maxmin_gives_equal_shares_of_one_row);
    tcase_add_test(tests, maxmin_hands_what_small_flows_leave_to_the_others);
    tcase_add_test(tests, maxmin_lets_flows_grow_that_no_full_row_holds);
    tcase_add_test(tests, maxmin_stops_everything_behind_a_row_of_limit_zero);
    tcase_add_test_raise_signal(tests, maxmin_stops_the_run_when_a_flow_has_no_limit, SIGABRT);
    tcase_add_loop_test(tests, maxmin_agrees_with_brute_force_on_random_problems, 0, 8);
    tcase_add_test(tests, maxmin_solves_many_different_bounds_below_many_rows);
    suite_add_tcase(suite, tests);
    return suite;
}
