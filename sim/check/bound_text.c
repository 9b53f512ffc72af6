/* SPDX-License-Identifier: Apache-2.0
 *
 * Short where that says it all, else plain numbers.
 */
#include "sim/check/bound_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/load/quantity.h"

enum { DIGITS_LEAST = 3, DIGITS_MOST = 12 };

#define PERCENT   100.0
#define SAID_WELL 1e-11 /* number_plain has 12 digits */

static const char *const suffixes[METRIC_UNIT_COUNT] = {
    [METRIC_COUNT] = "",   [METRIC_RECORDS] = "", [METRIC_RATE] = "/s",  [METRIC_SECONDS] = " s",
    [METRIC_SHARE] = " %", [METRIC_BYTES] = " B", [METRIC_HOURS] = " h", [METRIC_MONEY] = "",
};

/* From a minute on two units are said, of which this is the smaller one in seconds; 0: one is. */
static double smaller_unit(double seconds)
{
    double size = fabs(seconds);
    return size < 60 ? 0 : size < 3600 ? 1 : size < 86400 ? 60 : 3600;
}

/* That a text begins with. */
static double number_in(const char *text)
{
    double number;
    return quantity_take_number(&text, &number) ? number : number_none();
}

/* Has the short text lost nothing? */
static bool says_all(double value, enum metric_unit unit, const char *text)
{
    static const double scales[] = { 1,       1e3,        1e6,           1e9,  1e12, 1e15, 1024,
                                     1048576, 1073741824, 1099511627776, 0.01, 1e-3, 1e-6 };
    double small = unit == METRIC_SECONDS ? smaller_unit(value) : 0;
    if (small > 0)
        return fmod(value, small) == 0;
    double said = number_in(text);
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        if (fabs(said * scales[i] - value) <= SAID_WELL * fabs(value))
            return true;
    return false;
}

static double in_unit(double value, enum metric_unit unit)
{
    return unit == METRIC_SHARE ? value * PERCENT : value;
}

void bound_text(double bound, enum metric_unit unit, char out[NUMBER_TEXT_SIZE])
{
    char plain[NUMBER_TEXT_SIZE];
    number_text(bound, unit, out);
    if (says_all(bound, unit, out))
        return;
    number_plain(in_unit(bound, unit), plain);
    text_format(out, NUMBER_TEXT_SIZE, "%s%s", plain, suffixes[unit]);
}

/* Is a rounded value on the side of the bound that it was on? */
static bool is_told_apart(double rounded, double value, double bound)
{
    return value < bound ? rounded < bound : value > bound ? rounded > bound : true;
}

static void put_digits(double value, double bound, const char *suffix, char out[NUMBER_TEXT_SIZE])
{
    int digits = DIGITS_LEAST;
    for (double size = fabs(value); size >= 1000 && digits < DIGITS_MOST; size /= 10)
        digits++; /* whole units are never rounded */
    for (; digits <= DIGITS_MOST; digits++) {
        snprintf(out, NUMBER_TEXT_SIZE, "%.*g", digits, value);
        if (is_told_apart(number_in(out), value, bound))
            break;
    }
    number_plain(number_in(out), out); /* without an exponent */
    size_t length = strlen(out);
    text_format(out + length, NUMBER_TEXT_SIZE - length, "%s", suffix);
}

void bound_text_measured(double value, double bound, enum metric_unit unit,
                         char out[NUMBER_TEXT_SIZE])
{
    char other[NUMBER_TEXT_SIZE];
    number_text(value, unit, out);
    number_text(bound, unit, other);
    if (!number_is_none(value) && value != bound && text_equal(out, other))
        put_digits(in_unit(value, unit), in_unit(bound, unit), suffixes[unit], out);
}

void bound_text_ratio(double ratio, double bound, char out[NUMBER_TEXT_SIZE])
{
    put_digits(ratio, bound, "", out);
}
