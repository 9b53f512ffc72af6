/* SPDX-License-Identifier: Apache-2.0
 *
 * How much has arrived until when: the integral of a load (records per second, a step function)
 * from a starting time on, and its inverse. Both are exact up to rounding, because the integral of
 * a step function is a polygon whose corners are kept. Source: docs/model.md, arrivals.
 */
#ifndef WEIR_SIM_MODEL_CURVE_H
#define WEIR_SIM_MODEL_CURVE_H

#include "core/base/time.h"
#include "sim/load/series.h"

struct curve {
    const struct series *series; /* borrowed; outlives */
    time_ns from;                /* nothing arrives before */
    double *before;              /* by point of the series: records until then */
    size_t near;                 /* where the last question was; the next is often there too */
};

void curve_init(struct curve *curve, const struct series *series, time_ns from);
void curve_fini(struct curve *curve);
double curve_rate(struct curve *curve, time_ns at);         /* records per second */
time_ns curve_next_change(struct curve *curve, time_ns at); /* after `at`; TIME_NEVER: none */
time_ns curve_last_change(struct curve *curve, time_ns at); /* not after `at`; 0: none */
double curve_amount(struct curve *curve, time_ns at);       /* records until then */
/* When the first record beyond `amount` arrives; TIME_NEVER when none does. While nothing arrives
 * the curve is flat, so where `amount` came about by rounding the answer would be either end of the
 * silence: a corner that is less than `slack` beyond it is taken for reached. */
time_ns curve_time(const struct curve *curve, double amount, double slack);
/* The first corner beyond `amount`, as a place in `before`; the points of the series if none is. */
size_t curve_corner(const struct curve *curve, double amount);
/* When the curve got to that corner: behind it the load is another. */
time_ns curve_corner_time(const struct curve *curve, size_t corner);

#endif
