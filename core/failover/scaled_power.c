/* SPDX-License-Identifier: Apache-2.0
 *
 * Binary floating point in integers. Intermediate values have 128 bits, so that a power of them is
 * right to far more than the 53 bits it is rounded to; Java's own power is within one unit of the
 * last place and in practice the nearest double, which is what this gives.
 */
#include "core/failover/scaled_power.h"

#include <stdbool.h>

#include "core/base/check.h"

__extension__ typedef unsigned __int128 uint128;

/* value = (high * 2^64 + low) * 2^exponent; the top bit of high is set unless all is zero. */
struct real {
    uint64_t high, low;
    int64_t exponent;
};

enum {
    DOUBLE_BITS = 53,
    PPM = 1000000,
    EXPONENT_LIMIT = 4096, /* far outside what a double can hold, far inside an int64_t */
};

/* Normal form; never for zero, which has none. */
static struct real real_shift_left_to_top(struct real x)
{
    CHECK(x.high != 0 || x.low != 0);
    while (!(x.high >> 63)) {
        x.high = x.high << 1 | x.low >> 63;
        x.low <<= 1;
        x.exponent--;
    }
    return x;
}

/* The upper half of the 256-bit product, cut: an error of at most one in the 127th bit. */
static struct real real_multiply(struct real a, struct real b)
{
    uint128 cross_1 = (uint128)a.high * b.low, cross_2 = (uint128)a.low * b.high;
    uint128 low = (uint128)a.low * b.low;
    uint128 middle = (low >> 64) + (uint64_t)cross_1 + (uint64_t)cross_2;
    uint128 top = (uint128)a.high * b.high + (cross_1 >> 64) + (cross_2 >> 64) + (middle >> 64);
    struct real product = { (uint64_t)(top >> 64), (uint64_t)top, a.exponent + b.exponent + 128 };
    if (product.high == 0)
        return (struct real){ 0 };
    return real_shift_left_to_top(product);
}

/* To 53 bits, half to even: what storing into a double does. */
static struct real real_round(struct real x)
{
    const uint64_t unit = (uint64_t)1 << (64 - DOUBLE_BITS);
    uint64_t rest = x.high & (unit - 1);
    uint64_t kept = x.high - rest;
    bool is_half = rest == unit / 2 && x.low == 0;
    bool up = is_half ? (kept & unit) != 0 : rest >= unit / 2;
    struct real rounded = { kept, 0, x.exponent };
    if (!up)
        return rounded;
    rounded.high += unit;
    if (rounded.high == 0) {
        rounded.high = (uint64_t)1 << 63;
        rounded.exponent++;
    }
    return rounded;
}

/* Also rounded: an int64_t may have more bits than a double keeps. */
static struct real real_of_integer(int64_t n)
{
    CHECK(n >= 0);
    if (n == 0)
        return (struct real){ 0 };
    return real_round(real_shift_left_to_top((struct real){ 0, (uint64_t)n, 0 }));
}

/* The double nearest to ppm / 1000000, by long division. */
static struct real real_of_ppm(int64_t ppm)
{
    CHECK(ppm >= 0);
    if (ppm == 0)
        return (struct real){ 0 };
    uint64_t quotient = (uint64_t)ppm / PPM, remainder = (uint64_t)ppm % PPM;
    struct real x = { 0, 0, -64 };
    while (!(quotient >> 63)) {
        remainder *= 2;
        quotient = quotient << 1 | (remainder >= PPM);
        remainder %= PPM;
        x.exponent--;
    }
    x.high = quotient;
    x.low = remainder != 0; /* enough to tell a half from more than a half */
    return real_round(x);
}

/* An integer, cut towards zero and kept within int64_t. */
static int64_t real_floor(struct real x)
{
    if (x.high == 0 || x.exponent + 128 <= 0)
        return 0;
    if (x.exponent + 128 > 63)
        return INT64_MAX;
    return (int64_t)(x.high >> (-x.exponent - 64));
}

/* By squaring, so that an exponent of any size costs 63 rounds at most. */
int64_t scaled_power(int64_t base, int64_t ratio_ppm, int64_t exponent)
{
    CHECK(exponent >= 0);
    struct real factor = real_of_ppm(ratio_ppm);
    struct real power = real_of_integer(1);
    for (int64_t left = exponent; left > 0 && power.high != 0; left /= 2) {
        if (left % 2 == 1)
            power = real_multiply(power, factor);
        if (left > 1)
            factor = real_multiply(factor, factor);
        /* The rest of the power only moves it further out. */
        if (factor.exponent > EXPONENT_LIMIT)
            return base == 0 ? 0 : INT64_MAX;
        if (factor.exponent < -EXPONENT_LIMIT)
            return 0;
    }
    return real_floor(real_round(real_multiply(real_of_integer(base), real_round(power))));
}
