/* SPDX-License-Identifier: Apache-2.0
 *
 * exp by reduction to |r| <= ln2/2 and its Taylor series; log by reduction to a mantissa around 1
 * and the series of the inverse hyperbolic tangent. Logarithms are carried as a sum of two doubles,
 * so that pow loses nothing when its exponent magnifies the error. Method: Muller, "Elementary
 * Functions"; error-free sums and products: Dekker 1971.
 */
#include "sim/kernel/real.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/check.h"

/* ln 2 in two parts: the first has 21 trailing zero bits, so that times an exponent is exact. */
static const double ln2_high = 0x1.62e42fee00000p-1;
static const double ln2_low = 0x1.a39ef35793c76p-33;
static const double one_by_ln2 = 0x1.71547652b82fep0;
static const double root_half = 0x1.6a09e667f3bcdp-1;
static const double exp_x_max = 710.0;    /* above: infinity for certain */
static const double exp_x_min = -746.0;   /* below: zero for certain */
static const double pow_size_min = 1e-18; /* of y log x: below, the power is 1 + y log x */

enum { EXP_TERMS = 14, LOG_TERMS = 12 };

/* A number as high + low, |low| at most half a unit in the last place of high. */
struct pair {
    double high, low;
};

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static bool is_nan(double x)
{
    return (bits_of(x) & INT64_MAX) > (uint64_t)0x7ff << 52;
}

static double infinity_(void)
{
    return from_bits((uint64_t)0x7ff << 52);
}

/* 2 to the n, -1022 <= n <= 1023. */
static double power_of_two(int n)
{
    return from_bits((uint64_t)(n + 1023) << 52);
}

/* Exact: a + b = high + low for |a| >= |b|. */
static struct pair sum_fast(double a, double b)
{
    double high = a + b;
    return (struct pair){ high, b - (high - a) };
}

/* The upper 26 bits of a; the rest fits in 26 bits too, so products of parts are exact. */
static double upper_half(double a)
{
    double scaled = 0x1.0000002p27 * a;
    return scaled - (scaled - a);
}

/* Exact: a * b = high + low, for factors below 1e150. */
static struct pair product(double a, double b)
{
    double high = a * b;
    double a1 = upper_half(a), a2 = a - a1, b1 = upper_half(b), b2 = b - b1;
    return (struct pair){ high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2 };
}

/* e to the (x.high + x.low), x.high within the limits above. */
static double exp_of_pair(struct pair x)
{
    static const double by_factorial[EXP_TERMS + 1] = {
        1.0,
        1.0,
        1.0 / 2,
        1.0 / 6,
        1.0 / 24,
        1.0 / 120,
        1.0 / 720,
        1.0 / 5040,
        1.0 / 40320,
        1.0 / 362880,
        1.0 / 3628800,
        1.0 / 39916800,
        1.0 / 479001600,
        1.0 / 6227020800,
        1.0 / 87178291200,
    };
    double scaled = x.high * one_by_ln2;
    int n = (int)(scaled + (scaled < 0 ? -0.5 : 0.5));
    double r = x.high - n * ln2_high; /* exact: the two are close, and the product is exact */
    r += x.low - n * ln2_low;
    double tail = by_factorial[EXP_TERMS];
    for (int i = EXP_TERMS - 1; i >= 2; i--)
        tail = tail * r + by_factorial[i];
    double result = 1 + (r + r * r * tail);
    /* In two steps, so that neither the factor nor a subnormal result is lost. */
    int first = n / 2;
    return result * power_of_two(first) * power_of_two(n - first);
}

double real_exp(double x)
{
    if (is_nan(x))
        return x;
    if (x > exp_x_max)
        return infinity_();
    if (x < exp_x_min)
        return 0;
    return exp_of_pair((struct pair){ x, 0 });
}

/* log of a positive finite x. With x = 2^n m, m in [sqrt 1/2, sqrt 2) and s = (m - 1) / (m + 1):
 * log x = n ln2 + 2 s (1 + s^2/3 + s^4/5 + ...). */
static struct pair log_pair(double x)
{
    int n = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        n = -54;
    }
    uint64_t bits = bits_of(x);
    n += (int)(bits >> 52) - 1022;
    double m = from_bits((bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1022 << 52);
    if (m < root_half) {
        m *= 2;
        n--;
    }
    double f = m - 1; /* exact */
    struct pair divisor = sum_fast(2, f);
    double s = f / divisor.high;
    struct pair back = product(s, divisor.high);
    double s_low = ((f - back.high) - back.low - s * divisor.low) / divisor.high;
    double z = s * s, tail = 0;
    for (int i = LOG_TERMS; i >= 1; i--)
        tail = tail * z + 1.0 / (2 * i + 1);
    double small = 2 * (s_low + s * z * tail);
    struct pair part = sum_fast(2 * s, small);
    if (n == 0)
        return part;
    struct pair sum = sum_fast(n * ln2_high, part.high);
    return sum_fast(sum.high, sum.low + part.low + n * ln2_low);
}

double real_log(double x)
{
    if (is_nan(x))
        return x;
    CHECK(x >= 0);
    if (x == 0)
        return -infinity_();
    if (x == infinity_())
        return x;
    return log_pair(x).high;
}

time_ns real_time(double ns)
{
    CHECK(ns >= 0);
    return ns < 0x1p63 ? (time_ns)ns : TIME_NEVER;
}

double real_pow(double x, double y)
{
    if (y == 0 || x == 1)
        return 1;
    if (is_nan(x) || is_nan(y))
        return x + y;
    CHECK(x >= 0);
    if (x == 0 || x == infinity_())
        return (x == 0) == (y < 0) ? infinity_() : 0;
    struct pair log = log_pair(x);
    double size = log.high * y;
    if (size > exp_x_max || size < exp_x_min)
        return size > 0 ? infinity_() : 0;
    if (size < pow_size_min && -size < pow_size_min)
        return 1 + size; /* y may be too small for the exact product */
    struct pair exponent = product(log.high, y);
    exponent.low += log.low * y;
    return exp_of_pair(exponent);
}
