/* SPDX-License-Identifier: Apache-2.0
 *
 * Percentiles that are kept against percentiles found anew, when each figure of a sum changes.
 */
#include <check.h>

#include "sim/model/recall.h"

enum { FIGURES = 17 };

/* A sum of one part of each kind, of these figures. */
static void make_sum(struct delay *delay, const double figures[FIGURES])
{
    const double *f = figures;
    struct stay stay = { .weight = 1,
                         .rho = f[0],
                         .service = f[1],
                         .cv = f[2],
                         .swing = f[3],
                         .wait_factor = f[4],
                         .age = f[5],
                         .shape = f[6],
                         .slowdown = 1 };
    struct stay other = { .weight = f[7], .rho = f[8], .service = f[9], .wait_factor = 1 };
    delay_clear(delay);
    delay_add_even(delay, f[10]);
    delay_add_stays(delay, (struct stay[]){ stay, other }, 2);
    struct delay_link link = { .weight = 1, .fixed = f[11], .range = f[12], .exponential = f[13] };
    link.first_queue = delay_push_queue(
        delay, &(struct stay){ .weight = 1, .rho = f[14], .service = 0.02, .wait_factor = 1 }, 1);
    link.queue_count = 1;
    delay_push_link(delay, &link);
    delay_push_link(delay, &(struct delay_link){ .weight = f[15], .fixed = f[16] });
    delay_end_links(delay);
}

START_TEST(percentiles_are_found_anew_when_any_figure_changes)
{
    double figures[FIGURES] = { 0.8,  0.01, 0.5,  0.1,  1,    0.5, 0.4, 0.3, 0.5,
                                0.02, 0.1,  0.01, 0.03, 0.02, 0.6, 0.2, 0.05 };
    double quantiles[QUANTILE_COUNT], expected[QUANTILE_COUNT];
    struct delay delay = { 0 };
    struct recall recall = { 0 };
    for (int i = 0; i <= FIGURES; i++) {
        if (i > 0)
            figures[i - 1] *= 1.05;
        make_sum(&delay, figures);
        delay_quantiles(&delay, expected);
        for (int turn = 0; turn < 3; turn++) {
            recall_quantiles(&recall, &delay, quantiles);
            ck_assert_mem_eq(quantiles, expected, sizeof expected);
        }
        ck_assert_uint_eq(recall.found, (uint64_t)i + 1);
    }
    recall_fini(&recall);
    delay_fini(&delay);
}
END_TEST

/* Parts that have gone, in front of figures that are the same. */
START_TEST(a_sum_with_fewer_parts_is_another_one)
{
    double with[QUANTILE_COUNT], without[QUANTILE_COUNT];
    struct delay delay = { 0 };
    struct recall recall = { 0 };
    delay_add_even(&delay, 1);
    recall_quantiles(&recall, &delay, without);
    delay_add_even(&delay, 1);
    recall_quantiles(&recall, &delay, with);
    ck_assert_double_gt(with[QUANTILE_P50], without[QUANTILE_P50]);
    delay_clear(&delay);
    recall_quantiles(&recall, &delay, without);
    ck_assert_double_eq(without[QUANTILE_P99], 0);
    recall_fini(&recall);
    delay_fini(&delay);
}
END_TEST

Suite *test_model_recall_suite(void)
{
    Suite *suite = suite_create("model_recall");
    TCase *tests = tcase_create("recall");
    tcase_add_test(tests, percentiles_are_found_anew_when_any_figure_changes);
    tcase_add_test(tests, a_sum_with_fewer_parts_is_another_one);
    suite_add_tcase(suite, tests);
    return suite;
}
