/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics over a list of values: nearest-rank percentiles, extremes, mean, last, sum. Values
 * that are NaN ("no value") do not count. In: the values in their order. Out: one double each, NaN
 * when no value is left. Cost: n log n for the percentiles, which are all taken from one sorted
 * copy.
 */
#ifndef WEIR_SIM_REPORT_STATISTICS_H
#define WEIR_SIM_REPORT_STATISTICS_H

#include <stddef.h>

struct statistics {
    size_t count; /* of values */
    double p50, p95, p99, max, min, mean, last, sum;
};

struct statistics statistics_of(const double *values, size_t count);

/* Merge sort, ascending; NaN is not among them. */
void statistics_sort(double *values, size_t count);

#endif
