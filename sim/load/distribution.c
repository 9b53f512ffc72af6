/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawing lengths of time: one number of the stream per draw, whatever the kind, by inverting the
 * distribution function, so that changing a distribution moves no other draw of the stream. A
 * seeded stream comes in, a length of at least 0 goes out.
 */
#include "sim/load/distribution.h"

#include <math.h>

#include "core/base/check.h"
#include "sim/kernel/real.h"

/* The 99th percentile of the standard normal distribution. */
static const double normal_p99 = 2.3263478740408408;

/* Coefficients of the rational approximations in AS 241 (PPND16), highest power first; relative
 * error about 1e-16. */
enum { AS241_TERMS = 8 };
struct as241 {
    double over[AS241_TERMS], under[AS241_TERMS];
};

static const struct as241 as241_centre = {
    { 2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
      4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
      1.3314166789178437745e+2, 3.3871328727963666080e+0 },
    { 5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4,
      2.1213794301586595867e+4, 5.3941960214247511077e+3, 6.8718700749205790830e+2,
      4.2313330701600911252e+1, 1.0 }
};
static const struct as241 as241_side = {
    { 7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
      1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
      4.63033784615654529590e+0, 1.42343711074968357734e+0 },
    { 1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
      1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e+0,
      2.05319162663775882187e+0, 1.0 }
};
static const struct as241 as241_tail = {
    { 2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
      2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
      5.46378491116411436990e+0, 6.65790464350110377720e+0 },
    { 2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
      7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
      5.99832206555887937690e-1, 1.0 }
};

static double as241_ratio(const struct as241 *table, double r)
{
    double over = table->over[0], under = table->under[0];
    for (int i = 1; i < AS241_TERMS; i++) {
        over = over * r + table->over[i];
        under = under * r + table->under[i];
    }
    return over / under;
}

/* Wichura 1988, Algorithm AS 241: the value below which a share p of the standard normal lies. */
static double normal_quantile(double p)
{
    CHECK(p > 0);
    CHECK(p < 1);
    double q = p - 0.5;
    if (fabs(q) <= 0.425)
        return q * as241_ratio(&as241_centre, 0.180625 - q * q);
    double r = sqrt(-real_log(q < 0 ? p : 1 - p));
    double x = r <= 5 ? as241_ratio(&as241_side, r - 1.6) : as241_ratio(&as241_tail, r - 5);
    return q < 0 ? -x : x;
}

/* Never at the ends, where quantiles are infinite. */
static double open_unit(struct rng *rng)
{
    double u = rng_unit(rng);
    return u > 0 ? u : 0x1p-54;
}

double distribution_draw_normal(struct rng *rng)
{
    return normal_quantile(open_unit(rng));
}

static time_ns to_time(double ns)
{
    return ns < 9.2e18 ? (time_ns)ns : TIME_NEVER - 1;
}

struct distribution distribution_constant(time_ns value)
{
    CHECK(value >= 0);
    return (struct distribution){ DRAW_CONSTANT, value, value };
}

static double lognormal_sigma(const struct distribution *d)
{
    CHECK(d->low > 0);
    return real_log((double)d->high / (double)d->low) / normal_p99;
}

time_ns distribution_draw(const struct distribution *distribution, struct rng *rng)
{
    const struct distribution *d = distribution;
    switch (d->kind) {
    case DRAW_CONSTANT: return d->low;
    case DRAW_UNIFORM: return rng_between(rng, d->low, d->high);
    case DRAW_EXPONENTIAL: return to_time(-(double)d->low * real_log(open_unit(rng)));
    case DRAW_LOGNORMAL:
        return to_time((double)d->low *
                       real_exp(lognormal_sigma(d) * distribution_draw_normal(rng)));
    }
    IMPOSSIBLE("kind of distribution");
}

time_ns distribution_mean(const struct distribution *distribution)
{
    const struct distribution *d = distribution;
    switch (d->kind) {
    case DRAW_CONSTANT: return d->low;
    case DRAW_UNIFORM: return d->low + (d->high - d->low) / 2;
    case DRAW_EXPONENTIAL: return d->low;
    case DRAW_LOGNORMAL: {
        double sigma = lognormal_sigma(d);
        return to_time((double)d->low * real_exp(sigma * sigma / 2));
    }
    }
    IMPOSSIBLE("kind of distribution");
}

time_ns time_at_speed(time_ns length, double speed)
{
    CHECK(speed > 0);
    return speed == 1 || length == TIME_NEVER ? length : real_time((double)length / speed);
}
