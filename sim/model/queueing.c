/* SPDX-License-Identifier: Apache-2.0
 *
 * Closed forms of the M/G/1 queue, and the percentiles of a gamma distribution through its cube
 * root (Wilson and Hilferty 1931), which is nearly normal.
 */
#include "sim/model/queueing.h"

#include <math.h>

#include "core/base/check.h"

/* Standard normal and uniform deviates of the percentiles. */
static const double normal_deviate[QUANTILE_COUNT] = { 0, 1.6448536269514722, 2.3263478740408408 };
static const double even_deviate[QUANTILE_COUNT] = { 0, 0.45, 0.49 };

struct moments mg1_wait(double rho, double service_mean, double service_cv)
{
    CHECK(rho >= 0);
    CHECK(rho < 1);
    if (rho == 0 || service_mean == 0)
        return (struct moments){ 0, 0 };
    double c2 = service_cv * service_cv, rate = rho / service_mean;
    double second = service_mean * service_mean * (1 + c2); /* E[S^2] */
    double third = second * service_mean * (1 + 2 * c2);    /* E[S^3] of a gamma distribution */
    double mean = rate * second / (2 * (1 - rho));
    return (struct moments){ mean, mean * mean + rate * third / (3 * (1 - rho)) };
}

void delay_add(struct delay *delay, double mean, double variance)
{
    if (variance > 0)
        delay->mean += mean;
    else
        delay->fixed += mean;
    delay->variance += variance;
}

void delay_add_even(struct delay *delay, double range)
{
    delay->even_mean += range / 2;
    delay->even_variance += range * range / 12;
    delay->even_range += range;
}

double delay_mean(const struct delay *delay)
{
    return delay->fixed + delay->mean + delay->even_mean;
}

/* With k = mean^2 / variance, the cube root of x / mean is nearly normal with mean 1 - 1/(9k) and
 * variance 1/(9k). */
static double gamma_quantile(double mean, double variance, double deviate)
{
    if (!(variance > 0) || !(mean > 0))
        return mean;
    double ninth = variance / (9 * mean * mean);
    double root = fmax(1 - ninth + deviate * sqrt(ninth), 0);
    return mean * root * root * root;
}

/* Both parts leave their means by some distance; independent distances add like the sides of a
 * right angle. */
double delay_quantile(const struct delay *delay, enum quantile quantile)
{
    double z = normal_deviate[quantile];
    double loose = gamma_quantile(delay->mean, delay->variance, z) - delay->mean;
    double even = fmin(z * sqrt(delay->even_variance), even_deviate[quantile] * delay->even_range);
    if (quantile == QUANTILE_P50)
        return delay_mean(delay) + loose;
    return delay_mean(delay) + sqrt(loose * loose + even * even);
}
