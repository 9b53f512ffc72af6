/* SPDX-License-Identifier: Apache-2.0
 *
 * Scaling and rounding for people. snprintf's %g and %f of a double in the C locale are exact
 * everywhere; nothing here ever sets another locale.
 */
#include "sim/report/number_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/report/plain_digits.h"

double number_none(void)
{
    return (double)NAN;
}

int number_is_none(double value)
{
    return isnan(value);
}

/* Three significant digits, without trailing zeros where nothing was scaled. */
static void put_digits(double value, const char *unit, char out[NUMBER_TEXT_SIZE])
{
    double size = fabs(value);
    if (size >= 100 || size == floor(size))
        snprintf(out, NUMBER_TEXT_SIZE, "%.0f%s", value, unit);
    else
        snprintf(out, NUMBER_TEXT_SIZE, "%.3g%s", value, unit);
}

static void put_scaled(double value, double base, const char *const *units, size_t count,
                       char out[NUMBER_TEXT_SIZE])
{
    size_t i = 0;
    double size;
    /* 999.6 k would be written as 1000 k: 0.9995 of the next unit is the next unit. */
    while (i + 1 < count && fabs(value) >= base * (i == 0 ? 1 : 0.9995)) {
        value /= base;
        i++;
    }
    size = fabs(value);
    if (i == 0)
        put_digits(value, units[i], out);
    else
        snprintf(out, NUMBER_TEXT_SIZE, "%.*f%s",
                 size < 9.995   ? 2
                 : size < 99.95 ? 1
                                : 0,
                 value, units[i]);
}

void number_text_amount(double value, char out[NUMBER_TEXT_SIZE])
{
    static const char *const units[] = { "", " k", " M", " G", " T", " P", " E" };
    if (isnan(value))
        snprintf(out, NUMBER_TEXT_SIZE, "-");
    else if (fabs(value) < 10000 && value == floor(value))
        snprintf(out, NUMBER_TEXT_SIZE, "%.0f", value);
    else
        put_scaled(value, 1000, units, sizeof units / sizeof *units, out);
}

static void put_bytes(double value, char out[NUMBER_TEXT_SIZE])
{
    static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
    put_scaled(value, 1024, units, sizeof units / sizeof *units, out);
}

static void put_pair(const char *sign, double large, const char *large_unit, double small,
                     const char *small_unit, char out[NUMBER_TEXT_SIZE])
{
    if (small > 0)
        snprintf(out, NUMBER_TEXT_SIZE, "%s%.0f %s %.0f %s", sign, large, large_unit, small,
                 small_unit);
    else
        snprintf(out, NUMBER_TEXT_SIZE, "%s%.0f %s", sign, large, large_unit);
}

void number_text_seconds(double seconds, char out[NUMBER_TEXT_SIZE])
{
    static const struct {
        double size, small;
        const char *name, *small_name;
    } units[] = {
        { 86400, 3600, "d", "h" },
        { 3600, 60, "h", "min" },
        { 60, 1, "min", "s" },
    };
    if (isnan(seconds)) {
        snprintf(out, NUMBER_TEXT_SIZE, "-");
        return;
    }
    const char *sign = seconds < 0 ? "-" : "";
    double size = fabs(seconds);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double whole = floor(size / units[i].small + 0.5) * units[i].small;
        if (whole < units[i].size)
            continue;
        double large = floor(whole / units[i].size);
        put_pair(sign, large, units[i].name, (whole - large * units[i].size) / units[i].small,
                 units[i].small_name, out);
        return;
    }
    if (size == 0)
        snprintf(out, NUMBER_TEXT_SIZE, "0 s");
    else if (size >= 0.9995)
        put_digits(seconds, " s", out);
    else if (size >= 0.9995e-3)
        put_digits(seconds * 1e3, " ms", out);
    else
        put_digits(seconds * 1e6, " us", out);
}

void number_text_moment(time_ns at, time_ns duration, char out[NUMBER_TEXT_SIZE])
{
    long long ms = (at + TIME_MS / 2) / TIME_MS, s = ms / 1000;
    if (duration <= 10 * TIME_MIN)
        snprintf(out, NUMBER_TEXT_SIZE, "%lld.%03lld s", s, ms % 1000);
    else if (duration <= 2 * TIME_DAY)
        snprintf(out, NUMBER_TEXT_SIZE, "%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, NUMBER_TEXT_SIZE, "day %lld %02lld:%02lld", s / 86400 + 1, s / 3600 % 24,
                 s / 60 % 60);
}

/* In hundredths, but of a few of them two digits that count. */
static void put_money(double value, char out[NUMBER_TEXT_SIZE])
{
    bool is_small = value != 0 && fabs(value) < 0.0995;
    snprintf(out, NUMBER_TEXT_SIZE, is_small ? "%.2g" : "%.2f", value);
}

void number_text(double value, enum metric_unit unit, char out[NUMBER_TEXT_SIZE])
{
    if (isnan(value)) {
        snprintf(out, NUMBER_TEXT_SIZE, "-");
        return;
    }
    switch (unit) {
    case METRIC_SECONDS: number_text_seconds(value, out); return;
    case METRIC_SHARE: put_digits(value * 100, " %", out); return;
    case METRIC_BYTES: put_bytes(value, out); return;
    case METRIC_HOURS: put_digits(value, " h", out); return;
    case METRIC_MONEY: put_money(value, out); return;
    case METRIC_COUNT:
    case METRIC_RECORDS:
    case METRIC_RATE:
    case METRIC_UNIT_COUNT: break;
    }
    number_text_amount(value, out);
    if (unit == METRIC_RATE)
        snprintf(out + strlen(out), NUMBER_TEXT_SIZE - strlen(out), "/s");
}

void number_plain(double value, char out[NUMBER_TEXT_SIZE])
{
    if (isnan(value))
        out[0] = '\0';
    else if (value == 0 && !signbit(value))
        memcpy(out, "0", 2);
    else if (!plain_digits(value, out))
        snprintf(out, NUMBER_TEXT_SIZE, "%.12g", value);
}
