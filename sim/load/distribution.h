/* SPDX-License-Identifier: Apache-2.0
 *
 * Lengths of time drawn at random: constant, uniform, exponential, or lognormal given by its median
 * and 99th percentile. Uses deterministic arithmetic only (sim/kernel/real.h), so draws are equal
 * anywhere.
 */
#ifndef WEIR_SIM_LOAD_DISTRIBUTION_H
#define WEIR_SIM_LOAD_DISTRIBUTION_H

#include "core/base/rng.h"
#include "core/base/time.h"

enum distribution_kind { DRAW_CONSTANT, DRAW_UNIFORM, DRAW_EXPONENTIAL, DRAW_LOGNORMAL };

struct distribution {
    enum distribution_kind kind;
    time_ns low;  /* constant: the value; uniform: least; exponential: mean; lognormal: median */
    time_ns high; /* uniform: most; lognormal: 99th percentile */
};

struct distribution distribution_constant(time_ns value);
time_ns distribution_draw(const struct distribution *distribution, struct rng *rng);
/* One number of the standard normal distribution; takes one draw of the stream. */
double distribution_draw_normal(struct rng *rng);
/* What takes so long at speed 1; time_at_speed(x, 1) is x. TIME_NEVER: for longer than there is
 * time. */
time_ns time_at_speed(time_ns length, double speed);
time_ns distribution_mean(const struct distribution *distribution);

#endif
