/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows in full become sparse ones and back. In: a weight for each sum. Out: the weights above 0.
 */
#include "tests/lib/dense_rows.h"

uint32_t dense_row_add(struct maxmin *problem, double limit, const struct maxmin_term *terms,
                       uint32_t term_count, const double *sum_weights)
{
    VEC(struct maxmin_weight) weights = { 0 };
    for (uint32_t k = 0; sum_weights && k < problem->sum_count; k++)
        if (sum_weights[k] > 0)
            vec_push(&weights, (struct maxmin_weight){ k, sum_weights[k] });
    uint32_t row =
        maxmin_add_row(problem, limit, terms, term_count, weights.items, (uint32_t)weights.count);
    vec_fini(&weights);
    return row;
}

void dense_row_share(struct maxmin *problem, uint32_t row)
{
    VEC(double) peaks = { 0 };
    const struct maxmin_row *r = &problem->rows.items[row];
    for (uint32_t i = r->first_term; i < r->first_term + r->term_count; i++)
        vec_push(&peaks, problem->terms.items[i].weight);
    for (uint32_t i = r->first_weight; i < r->first_weight + r->weight_count; i++)
        vec_push(&peaks, problem->weights.items[i].weight);
    maxmin_share_row(problem, row, peaks.items);
    vec_fini(&peaks);
}

double dense_row_weight(const struct maxmin *problem, size_t row, uint32_t sum)
{
    const struct maxmin_row *r = &problem->rows.items[row];
    for (uint32_t i = r->first_weight; i < r->first_weight + r->weight_count; i++)
        if (problem->weights.items[i].sum == sum)
            return problem->weights.items[i].weight;
    return 0;
}
