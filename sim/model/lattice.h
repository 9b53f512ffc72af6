/* SPDX-License-Identifier: Apache-2.0
 *
 * A distribution on a lattice: point k holds the probability near k steps. In: one, and a delay.
 * Out: that of the sum. What a point gets depends on smaller ones only, so a lattice may end
 * anywhere.
 */
#ifndef WEIR_SIM_MODEL_LATTICE_H
#define WEIR_SIM_MODEL_LATTICE_H

#include <stddef.h>

enum { LATTICE_POINTS = 512 };

/* An exponential delay as a filter: out[k] = decay out[k-1] + now in[k] + before in[k-1]. */
struct exponential {
    double decay, now, before;
};
struct exponential lattice_exponential(double mean, double step);

/* A delay uniform on [0, range]: weights of the first point, of those between, of the last two. */
struct even {
    size_t whole; /* steps in range */
    double first, between, last, beyond;
};
struct even lattice_even(double range, double step);
/* What the points before k give to k; sums[i]: of the first i of them. */
static inline double lattice_even_before(const struct even *e, const double *y, const double *sums,
                                         size_t k)
{
    double sum = 0;
    size_t m = e->whole;
    if (m > 1 && k > 0)
        sum += e->between * (sums[k] - (k >= m ? sums[k - m + 1] : 0));
    if (m > 0 && k >= m)
        sum += e->last * y[k - m];
    if (k > m)
        sum += e->beyond * y[k - m - 1];
    return sum;
}

/* A constant delay: between two points it is shared by both. */
struct shift {
    size_t whole;
    double part;
};
struct shift lattice_shift(double length, double step);
static inline double lattice_shifted(const struct shift *shift, const double *y, size_t k)
{
    size_t m = shift->whole;
    return (k >= m ? (1 - shift->part) * y[k - m] : 0) + (k > m ? shift->part * y[k - m - 1] : 0);
}
/* Adds, to `sum`, what is in, that much later and by that weight. */
void lattice_add_shifted(const double *in, double *sum, const struct shift *shift, double weight);
void lattice_pass_exponential(const double *in, double *out, double mean, double step);
void lattice_pass_even(double *y, double range, double step);

#endif
