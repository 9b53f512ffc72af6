/* SPDX-License-Identifier: Apache-2.0
 *
 * Constant, uniform and exponential delays as filters over a lattice: each passes over all points
 * once. A delay is put onto the lattice by hat functions, which keep its mean.
 */
#include "sim/model/lattice.h"

#include <math.h>
#include <string.h>

#include "sim/kernel/real.h"

struct exponential lattice_exponential(double mean, double step)
{
    if (!(mean > 1e-9 * step))
        return (struct exponential){ 0, 1, 0 };
    double decay = real_exp(-step / mean), reach = mean / step * (1 - decay);
    struct exponential e = { .decay = decay, .now = 1 - reach };
    e.before = reach * (1 - decay) - decay * e.now;
    return e;
}

/* The integral of the distribution function up to x. */
static double even_twice(double x, double range)
{
    return x <= 0 ? 0 : x < range ? x * x / (2 * range) : x - range / 2;
}

struct even lattice_even(double range, double step)
{
    struct even e = { .whole = (size_t)fmin(floor(range / step), LATTICE_POINTS) };
    double at = (double)e.whole * step;
    double below = even_twice(at - step, range), here = even_twice(at, range);
    double above = even_twice(at + step, range), last = even_twice(at + 2 * step, range);
    if (!(range > 1e-9 * step))
        return (struct even){ .first = 1 };
    e.first = even_twice(step, range) / step;
    e.between = step / range;
    e.last = (above - 2 * here + below) / step;
    e.beyond = (last - 2 * above + here) / step;
    return e;
}

struct shift lattice_shift(double length, double step)
{
    double whole = floor(length / step);
    return (struct shift){ (size_t)fmin(whole, LATTICE_POINTS), length / step - whole };
}

void lattice_add_shifted(const double *in, double *sum, const struct shift *shift, double weight)
{
    double here = weight * (1 - shift->part), next = weight * shift->part;
    for (size_t k = shift->whole; k < LATTICE_POINTS; k++)
        sum[k] += here * in[k - shift->whole];
    for (size_t k = shift->whole + 1; k < LATTICE_POINTS && next > 0; k++)
        sum[k] += next * in[k - shift->whole - 1];
}

void lattice_pass_exponential(const double *in, double *out, double mean, double step)
{
    struct exponential e = lattice_exponential(mean, step);
    double last = 0, before = 0;
    for (size_t k = 0; k < LATTICE_POINTS; k++) {
        double now = in[k];
        last = e.decay * last + e.now * now + e.before * before;
        before = now;
        out[k] = last;
    }
}

void lattice_pass_even(double *y, double range, double step)
{
    struct even e = lattice_even(range, step);
    double in[LATTICE_POINTS], sums[LATTICE_POINTS + 1];
    memcpy(in, y, sizeof in);
    sums[0] = 0;
    for (size_t k = 0; k < LATTICE_POINTS; k++) {
        y[k] = e.first * in[k] + lattice_even_before(&e, in, sums, k);
        sums[k + 1] = sums[k] + in[k];
    }
}
