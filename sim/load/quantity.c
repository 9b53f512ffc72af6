/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, amounts, rates, bandwidths, prices and dates from text. Every function takes the whole
 * text and gives either a finite value or an error code without a sentence.
 */
#include "sim/load/quantity.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

enum {
    DIGITS_MAX = 18,
    EXPONENT_MAX = 400,
    DATE_YEAR_MIN = 1900,
    DATE_YEAR_MAX = 2100,
    DURATION_PART_MAX = 48, /* letters of a number with its unit */
};

/* So that no product of a few of them is infinite. */
#define NUMBER_MAX 1e18

static const double powers_of_ten[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
enum { POWER_MAX = sizeof powers_of_ten / sizeof *powers_of_ten - 1 };

struct factor {
    const char *name;
    double value;
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct factor amounts[] = { { "", 1 }, { "k", 1e3 }, { "m", 1e6 }, { "g", 1e9 } };
static const struct factor per_times[] = {
    { "ms", 1e3 },          { "s", 1 },           { "sec", 1 },           { "second", 1 },
    { "m", 1.0 / 60 },      { "min", 1.0 / 60 },  { "minute", 1.0 / 60 }, { "h", 1.0 / 3600 },
    { "hour", 1.0 / 3600 }, { "d", 1.0 / 86400 }, { "day", 1.0 / 86400 }
};
static const struct factor bit_units[] = {
    { "bit", 1 }, { "kbit", 1e3 }, { "mbit", 1e6 }, { "gbit", 1e9 }, { "tbit", 1e12 }
};

static struct err bad(enum err_code code)
{
    return (struct err){ code };
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static double scale_by_ten(double value, int exponent)
{
    for (; exponent > POWER_MAX; exponent -= POWER_MAX)
        value *= powers_of_ten[POWER_MAX];
    for (; exponent < -POWER_MAX; exponent += POWER_MAX)
        value /= powers_of_ten[POWER_MAX];
    return exponent < 0 ? value / powers_of_ten[-exponent] : value * powers_of_ten[exponent];
}

/* An exponent behind a mantissa, or nothing: "e" may also begin a unit. */
static int take_exponent(const char **text)
{
    const char *p = *text;
    if (text_lower(*p) != 'e')
        return 0;
    p++;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (!is_digit(*p))
        return 0;
    int exponent = 0;
    for (; is_digit(*p); p++)
        if (exponent <= EXPONENT_MAX)
            exponent = exponent * 10 + (*p - '0');
    *text = p;
    return negative ? -exponent : exponent;
}

bool quantity_take_number(const char **text, double *out)
{
    const char *p = *text;
    while (*p == ' ')
        p++;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (!is_digit(p[*p == '.']))
        return false;
    uint64_t mantissa = 0;
    int digits = 0, exponent = 0;
    bool fraction = false;
    for (; is_digit(*p) || (*p == '.' && !fraction); p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (digits < DIGITS_MAX) {
            mantissa = mantissa * 10 + (uint64_t)(*p - '0');
            digits += mantissa > 0;
            exponent -= fraction;
        } else if (!fraction) {
            exponent += exponent < EXPONENT_MAX;
        }
    }
    exponent += take_exponent(&p);
    double value = scale_by_ten((double)mantissa, exponent);
    if (value > NUMBER_MAX)
        return false;
    *out = negative ? -value : value;
    *text = p;
    return true;
}

/* What is behind the number must be one of the names, blanks around it ignored, case too. */
static bool find_factor(const char *text, const struct factor *factors, size_t count, double *out)
{
    char name[16];
    size_t length = 0;
    while (*text == ' ')
        text++;
    for (; *text && length < sizeof name - 1; text++)
        name[length++] = text_lower(*text);
    if (*text)
        return false;
    while (length && name[length - 1] == ' ')
        length--;
    name[length] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (text_equal(name, factors[i].name)) {
            *out = factors[i].value;
            return true;
        }
    }
    return false;
}

static struct err with_unit(const char *text, const struct factor *factors, size_t count,
                            double *out)
{
    double factor;
    if (!quantity_take_number(&text, out))
        return bad(ERR_BAD_VALUE_CODE);
    if (!find_factor(text, factors, count, &factor))
        return bad(ERR_BAD_UNIT_CODE);
    *out *= factor;
    return OK;
}

struct err quantity_number(const char *text, double *out)
{
    static const struct factor none[] = { { "", 1 } };
    return with_unit(text, none, COUNT(none), out);
}

struct err quantity_share(const char *text, double *out)
{
    static const struct factor units[] = { { "", 1 }, { "%", 0.01 } };
    return with_unit(text, units, COUNT(units), out);
}

struct err quantity_amount(const char *text, double *out)
{
    return with_unit(text, amounts, COUNT(amounts), out);
}

struct err quantity_count(const char *text, int64_t *out)
{
    double value;
    TRY(quantity_amount(text, &value));
    if (fabs(value) > 9e15 || floor(value) != value)
        return bad(ERR_BAD_VALUE_CODE);
    *out = (int64_t)value;
    return OK;
}

/* The part before a '/' as a text of its own; false when there is no '/' or it is too long. */
static bool split_at_slash(const char *text, char head[64], const char **tail)
{
    const char *slash = strchr(text, '/');
    if (!slash || slash - text >= 64)
        return false;
    memcpy(head, text, (size_t)(slash - text));
    head[slash - text] = '\0';
    *tail = slash + 1;
    return true;
}

struct err quantity_rate(const char *text, double *out)
{
    static const struct factor counted[] = {
        { "", 1 },        { "k", 1e3 },         { "m", 1e6 },         { "g", 1e9 },
        { "records", 1 }, { "k records", 1e3 }, { "m records", 1e6 }, { "g records", 1e9 }
    };
    char head[64];
    const char *tail;
    double number, per;
    const char *p = text;
    if (!quantity_take_number(&p, &number))
        return bad(ERR_BAD_VALUE_CODE);
    if (!split_at_slash(text, head, &tail))
        return bad(ERR_BAD_UNIT_CODE);
    TRY(with_unit(head, counted, COUNT(counted), &number));
    if (!find_factor(tail, per_times, COUNT(per_times), &per))
        return bad(ERR_BAD_UNIT_CODE);
    *out = number * per;
    return OK;
}

struct err quantity_bits(const char *text, double *out)
{
    char head[64];
    const char *tail;
    if (!split_at_slash(text, head, &tail))
        return with_unit(text, bit_units, COUNT(bit_units), out);
    double number, per;
    const char *p = head;
    if (!quantity_take_number(&p, &number))
        return bad(ERR_BAD_VALUE_CODE);
    if (!find_factor(tail, per_times, COUNT(per_times), &per))
        return bad(ERR_BAD_UNIT_CODE);
    if (!err_is(with_unit(head, bit_units, COUNT(bit_units), &number))) {
        *out = number * per;
        return OK;
    }
    int64_t bytes;
    TRY(quantity_size(head, &bytes));
    *out = (double)bytes * 8 * per;
    return OK;
}

struct err quantity_price(const char *text, double *out)
{
    char head[64];
    const char *tail;
    if (!split_at_slash(text, head, &tail))
        return quantity_number(text, out);
    double per;
    TRY(quantity_number(head, out));
    if (!find_factor(tail, per_times, COUNT(per_times), &per))
        return bad(ERR_BAD_UNIT_CODE);
    *out = *out * per * 3600;
    return OK;
}

/* One number with its unit off the front of *text, and what 1 of that unit is. */
static struct err take_duration(const char **text, time_ns *out, time_ns *unit)
{
    char part[DURATION_PART_MAX], one[DURATION_PART_MAX];
    const char *start = *text, *p = start;
    while (*p && (is_digit(*p) || *p == '.' || *p == ' '))
        p++;
    const char *unit_start = p;
    while (*p && !is_digit(*p))
        p++;
    size_t length = (size_t)(p - start), unit_length = (size_t)(p - unit_start);
    if (length >= sizeof part || unit_length + 1 >= sizeof one)
        return bad(ERR_BAD_VALUE_CODE);
    memcpy(part, start, length);
    part[length] = '\0';
    one[0] = '1';
    memcpy(one + 1, unit_start, unit_length);
    one[unit_length + 1] = '\0';
    TRY(duration_parse(part, out, NULL));
    if (unit_length == 0 && *out != 0)
        return bad(ERR_BAD_UNIT_CODE);
    *text = p;
    return duration_parse(one, unit, NULL);
}

/* Parts go from large to small, and each is less than 1 of the unit before: 2h 30min, not 2h 90min.
 */
struct err quantity_duration(const char *text, time_ns *out)
{
    time_ns sum = 0, part = 0, unit = 0, unit_before = TIME_NEVER;
    if (!*text)
        return bad(ERR_BAD_VALUE_CODE);
    while (*text) {
        TRY(take_duration(&text, &part, &unit));
        if (part >= unit_before || __builtin_add_overflow(sum, part, &sum))
            return bad(ERR_BAD_VALUE_CODE);
        unit_before = unit;
    }
    *out = sum;
    return OK;
}

struct err quantity_size(const char *text, int64_t *out)
{
    return size_parse(text, out, NULL);
}

/* Exactly `digits` digits, then the separator (which 0 stands for "none needed"). */
static bool take_field(const char **text, int digits, char separator, int *out)
{
    const char *p = *text;
    *out = 0;
    for (int i = 0; i < digits; i++, p++) {
        if (!is_digit(*p))
            return false;
        *out = *out * 10 + (*p - '0');
    }
    if (separator && *p++ != separator)
        return false;
    *text = p;
    return true;
}

/* Days since 1970-01-01 in the Gregorian calendar (Hinnant, days_from_civil). */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400; /* years are positive here */
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool is_date(int year, int month, int day)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= DATE_YEAR_MIN && year <= DATE_YEAR_MAX && month >= 1 && month <= 12 &&
           day >= 1 && day <= lengths[month - 1] + (leap && month == 2);
}

/* Behind a time of day: nothing, "Z", or how far its clock is before UTC: +02:00, -0530, +02. */
static bool take_offset(const char **text, int *out_minutes)
{
    const char *p = *text;
    int hours, minutes = 0, sign = *p == '-' ? -1 : 1;
    *out_minutes = 0;
    *text += *p == 'Z';
    if (*p != '+' && *p != '-')
        return true;
    p++;
    if (!take_field(&p, 2, 0, &hours))
        return false;
    p += *p == ':';
    if ((is_digit(*p) || p[-1] == ':') && !take_field(&p, 2, 0, &minutes))
        return false;
    *out_minutes = sign * (hours * 60 + minutes);
    *text = p;
    return hours <= 23 && minutes <= 59;
}

struct err quantity_date(const char *text, int64_t *out_ns)
{
    int year, month, day, hour = 0, minute = 0, second = 0, offset = 0;
    int64_t fraction = 0;
    const char *p = text;
    if (!take_field(&p, 4, '-', &year) || !take_field(&p, 2, '-', &month) ||
        !take_field(&p, 2, 0, &day) || (*p && *p != ' ' && *p != 'T'))
        return bad(ERR_BAD_VALUE_CODE);
    bool has_time = *p != '\0'; /* else midnight, of UTC */
    p += has_time;
    if (has_time && (!take_field(&p, 2, ':', &hour) || !take_field(&p, 2, 0, &minute)))
        return bad(ERR_BAD_VALUE_CODE);
    if (*p == ':') {
        p++;
        if (!take_field(&p, 2, 0, &second))
            return bad(ERR_BAD_VALUE_CODE);
    }
    if (*p == '.') {
        int64_t unit = TIME_S / 10;
        for (p++; is_digit(*p); p++, unit /= 10)
            fraction += unit * (*p - '0');
    }
    if (!take_offset(&p, &offset) || *p || !is_date(year, month, day) || hour > 23 || minute > 59 ||
        second > 59)
        return bad(ERR_BAD_VALUE_CODE);
    int64_t seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 +
                      second - offset * 60;
    *out_ns = seconds * TIME_S + fraction;
    return OK;
}
