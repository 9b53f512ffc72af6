/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting in front of one server, and the percentiles of a sum of delays. M/G/1: Poisson arrivals,
 * any service time, one thread; mean wait by Pollaczek and Khinchine, second moment by Takacs,
 * service times taken as gamma-distributed with the mean and variation given. Only + - * / and
 * square roots, so results are the same everywhere. Limits: docs/model.md, latency.
 */
#ifndef WEIR_SIM_MODEL_QUEUEING_H
#define WEIR_SIM_MODEL_QUEUEING_H

/* A delay that is the sum of independent ones: unbounded parts by two moments, parts that are
 * uniform on [0, range] kept apart because their tail ends. Seconds throughout. */
struct delay {
    double fixed;                    /* of the parts that never vary */
    double mean, variance;           /* of the unbounded parts */
    double even_mean, even_variance; /* of the uniform parts */
    double even_range;               /* sum of their ranges */
};

enum quantile { QUANTILE_P50, QUANTILE_P95, QUANTILE_P99, QUANTILE_COUNT };

/* Mean and variance of the wait, at utilisation rho < 1. */
struct moments {
    double mean, variance;
};
struct moments mg1_wait(double rho, double service_mean, double service_cv);

void delay_add(struct delay *delay, double mean, double variance);
void delay_add_even(struct delay *delay, double range);
double delay_mean(const struct delay *delay);
double delay_quantile(const struct delay *delay, enum quantile quantile);

#endif
