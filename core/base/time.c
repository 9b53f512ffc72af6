/* SPDX-License-Identifier: Apache-2.0
 *
 * Durations and sizes from and to text. Source of the units: Flink's TimeUtils and MemorySize.
 */
#include "core/base/time.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

enum { UNIT_LENGTH_MAX = 16, FRACTION_DIGITS_MAX = 9 };

struct unit {
    const char *name;
    int64_t factor;
};

/* A line per unit. Flink's TimeUtils knows singular and plural of each long name. */
/* clang-format off */
static const struct unit time_units[] = {
    { "", TIME_MS },
    { "ns", 1 }, { "nano", 1 }, { "nanos", 1 }, { "nanosecond", 1 }, { "nanoseconds", 1 },
    { "us", TIME_US }, { "\xc2\xb5s", TIME_US }, { "micro", TIME_US }, { "micros", TIME_US },
    { "microsecond", TIME_US }, { "microseconds", TIME_US },
    { "ms", TIME_MS }, { "milli", TIME_MS }, { "millis", TIME_MS },
    { "millisecond", TIME_MS }, { "milliseconds", TIME_MS },
    { "s", TIME_S }, { "sec", TIME_S }, { "secs", TIME_S }, { "second", TIME_S },
    { "seconds", TIME_S },
    { "m", TIME_MIN }, { "min", TIME_MIN }, { "minute", TIME_MIN }, { "minutes", TIME_MIN },
    { "h", TIME_H }, { "hour", TIME_H }, { "hours", TIME_H },
    { "d", TIME_DAY }, { "day", TIME_DAY }, { "days", TIME_DAY },
};

#define KIB ((int64_t)1 << 10)
#define MIB ((int64_t)1 << 20)
#define GIB ((int64_t)1 << 30)
#define TIB ((int64_t)1 << 40)
static const struct unit size_units[] = {
    { "", 1 }, { "b", 1 }, { "byte", 1 }, { "bytes", 1 },
    { "k", KIB }, { "kb", KIB }, { "kibibytes", KIB },
    { "m", MIB }, { "mb", MIB }, { "mebibytes", MIB },
    { "g", GIB }, { "gb", GIB }, { "gibibytes", GIB },
    { "t", TIB }, { "tb", TIB }, { "tebibytes", TIB },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The unit behind the number, lower case, blanks around it dropped; false when it is too long. */
static bool take_unit(const char *p, char unit[UNIT_LENGTH_MAX])
{
    while (*p == ' ')
        p++;
    size_t length = strlen(p);
    while (length && p[length - 1] == ' ')
        length--;
    if (length >= UNIT_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        unit[i] = text_lower(p[i]);
    unit[length] = '\0';
    return true;
}

/* The number as written, in integers: 1.25 is whole 1, fraction 25 of 100. */
struct quantity {
    int64_t whole;
    int64_t fraction;       /* of fraction_scale */
    int64_t fraction_scale; /* a power of ten; 1 when there is no fraction */
};

/* False when there is no number, when it passes 64 bits, or when it has more digits behind the
 * point than a nanosecond of a second needs. Signs are no part of it: lengths are not negative. */
static bool take_number(const char **p, struct quantity *q)
{
    const char *s = *p;
    *q = (struct quantity){ 0, 0, 1 };
    while (*s == ' ')
        s++;
    if (!is_digit(*s))
        return false;
    for (; is_digit(*s); s++)
        if (__builtin_mul_overflow(q->whole, 10, &q->whole) ||
            __builtin_add_overflow(q->whole, *s - '0', &q->whole))
            return false;
    if (*s == '.') {
        s++;
        if (!is_digit(*s))
            return false;
        for (int digits = 0; is_digit(*s); s++, digits++) {
            if (digits == FRACTION_DIGITS_MAX)
                return false;
            q->fraction = q->fraction * 10 + (*s - '0');
            q->fraction_scale *= 10;
        }
    }
    *p = s;
    return true;
}

static struct err parse_with_units(const char *text, const struct unit *units, size_t count,
                                   const char *expected, int64_t *out, struct note *note)
{
    const char *p = text;
    struct quantity q;
    char unit[UNIT_LENGTH_MAX];
    if (!take_number(&p, &q))
        return err_note(note, ERR_BAD_VALUE_CODE, "found '%s', expected %s", text, expected);
    if (!take_unit(p, unit))
        return err_note(note, ERR_BAD_UNIT_CODE, "found '%s', expected %s", text, expected);
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(unit, units[i].name))
            continue;
        int64_t whole, sum;
        if (__builtin_mul_overflow(q.whole, units[i].factor, &whole))
            return err_note(note, ERR_BAD_VALUE_CODE, "'%s' is too large", text);
        if (q.fraction_scale > 1 && !*unit)
            return err_note(note, ERR_BAD_UNIT_CODE, "found '%s', expected a unit behind it", text);
        /* In two steps, because fraction * factor may pass 64 bits; each step cannot. */
        int64_t part = q.fraction * (units[i].factor / q.fraction_scale) +
                       q.fraction * (units[i].factor % q.fraction_scale) / q.fraction_scale;
        if (__builtin_add_overflow(whole, part, &sum))
            return err_note(note, ERR_BAD_VALUE_CODE, "'%s' is too large", text);
        *out = sum;
        return OK;
    }
    return err_note(note, ERR_BAD_UNIT_CODE, "unknown unit '%s' in '%s', expected %s", unit, text,
                    expected);
}

struct err duration_parse(const char *text, time_ns *out, struct note *note)
{
    return parse_with_units(text, time_units, COUNT(time_units),
                            "a duration such as 90s, 5 min or 100 ms", out, note);
}

struct err size_parse(const char *text, int64_t *out_bytes, struct note *note)
{
    return parse_with_units(text, size_units, COUNT(size_units), "a size such as 512m, 8g or 64kb",
                            out_bytes, note);
}
