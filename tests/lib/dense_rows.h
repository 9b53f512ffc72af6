/* SPDX-License-Identifier: Apache-2.0
 *
 * Max-min problems written out in full, for tests that compare: rows with one weight per sum, and
 * the weights read back.
 */
#ifndef WEIR_TESTS_LIB_DENSE_ROWS_H
#define WEIR_TESTS_LIB_DENSE_ROWS_H

#include "sim/model/maxmin.h"

/* `sum_weights` has one for each sum; null: none. */
uint32_t dense_row_add(struct maxmin *problem, double limit, const struct maxmin_term *terms,
                       uint32_t term_count, const double *sum_weights);
/* Each of its terms and weights is one thread. */
void dense_row_share(struct maxmin *problem, uint32_t row);
/* Of the sum in the row. */
double dense_row_weight(const struct maxmin *problem, size_t row, uint32_t sum);

#endif
