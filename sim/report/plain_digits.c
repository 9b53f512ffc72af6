/* SPDX-License-Identifier: Apache-2.0
 *
 * A double is a mantissa times a power of two; times a power of ten it is a fraction whose
 * denominator is a power of two, in 128 bits. So its rounding to an integer of twelve digits is
 * exact: half goes to even, as in the C library.
 */
#include "sim/report/plain_digits.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

enum { DIGITS = 12, MANTISSA_BITS = 52, EXPONENT_BIAS = 1023, POWERS = 21 };

/* Between these, 128 bits are enough: 53 of the mantissa, 67 of the largest power. The limit rounds
 * to twelve digits still. */
#define VALUE_LEAST 1e-9
#define VALUE_LIMIT 999999999999.0

static const uint64_t least_of_digits = 100000000000, limit_of_digits = 1000000000000;

/* The powers below 2^64; the next one is ten times the last. */
static const uint64_t powers_of_ten[POWERS - 1] = { 1,
                                                    10,
                                                    100,
                                                    1000,
                                                    10000,
                                                    100000,
                                                    1000000,
                                                    10000000,
                                                    100000000,
                                                    1000000000,
                                                    10000000000,
                                                    100000000000,
                                                    1000000000000,
                                                    10000000000000,
                                                    100000000000000,
                                                    1000000000000000,
                                                    10000000000000000,
                                                    100000000000000000,
                                                    1000000000000000000,
                                                    10000000000000000000U };

/* Where a decimal exponent begins, as near as a double is; to be corrected by what comes out. */
static int exponent_of(double size)
{
    static const double begins[] = { 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0,  1e1, 1e2,
                                     1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12 };
    int exponent = -9;
    while (size >= begins[exponent + 9])
        exponent++;
    return exponent;
}

/* size * 10^(DIGITS - 1 - exponent), rounded. */
static uint64_t scaled(double size, int exponent)
{
    uint64_t bits;
    int power = DIGITS - 1 - exponent;
    memcpy(&bits, &size, sizeof bits);
    int shift = EXPONENT_BIAS + MANTISSA_BITS - (int)(bits >> MANTISSA_BITS);
    uint128 product = (bits & (((uint64_t)1 << MANTISSA_BITS) - 1)) | (uint64_t)1 << MANTISSA_BITS;
    product *= powers_of_ten[power < POWERS - 1 ? power : POWERS - 2];
    product *= power < POWERS - 1 ? 1 : 10;
    uint128 rest = product & (((uint128)1 << shift) - 1), half = (uint128)1 << (shift - 1);
    uint64_t whole = (uint64_t)(product >> shift);
    return whole + (rest > half || (rest == half && (whole & 1)));
}

/* Most significant first; the number of those before the zeros at the end. */
static int split(uint64_t number, char digits[DIGITS])
{
    int count = DIGITS;
    for (int i = DIGITS; i-- > 0; number /= 10)
        digits[i] = (char)('0' + number % 10);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

static char *put(char *at, const char *digits, int count)
{
    memcpy(at, digits, (size_t)count);
    return at + count;
}

static char *put_zeros(char *at, int count)
{
    memset(at, '0', (size_t)count);
    return at + count;
}

/* As %g: with an exponent of two digits below 1e-4. */
static char *put_number(char *at, const char *digits, int count, int exponent)
{
    bool is_small = exponent < -4;
    int before = is_small ? 1 : exponent + 1; /* digits before the point */
    if (before <= 0) {
        at = put(at, "0.", 2);
        at = put_zeros(at, -before);
        return put(at, digits, count);
    }
    at = put(at, digits, count < before ? count : before);
    if (count <= before)
        at = put_zeros(at, before - count);
    else
        at = put(put(at, ".", 1), digits + before, count - before);
    if (is_small) {
        char power[2] = { '0', (char)('0' - exponent) };
        at = put(put(at, "e-", 2), power, 2);
    }
    return at;
}

bool plain_digits(double value, char out[PLAIN_DIGITS_SIZE])
{
    char digits[DIGITS], *at = out;
    double size = fabs(value);
    if (!(size >= VALUE_LEAST && size < VALUE_LIMIT))
        return false;
    int exponent = exponent_of(size);
    uint64_t number = scaled(size, exponent);
    if (number < least_of_digits)
        number = scaled(size, --exponent);
    else if (number >= limit_of_digits)
        number = scaled(size, ++exponent);
    int count = split(number, digits);
    if (value < 0)
        *at++ = '-';
    at = put_number(at, digits, count, exponent);
    *at = '\0';
    return true;
}
