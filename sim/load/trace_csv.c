/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded series from CSV. The time column holds dates, durations, seconds, or milli- or
 * microseconds since 1970, the same kind in every row, and never goes back; the value column holds
 * numbers of at least 0.
 */
#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/csv.h"
#include "sim/load/field.h"
#include "sim/load/quantity.h"
#include "sim/load/trace_rows.h"

enum { COLUMNS_SHOWN_MAX = 160 }; /* letters of their names in a complaint */

#define TIME_LIMIT (5 * 1000000000LL * TIME_S) /* far from where 64 bits end */

/* In the order in which they are tried. Numbers too great for seconds (the year 2096) are finer. */
enum time_format {
    TIME_IS_DATE,
    TIME_IS_SECONDS,
    TIME_IS_MILLIS,
    TIME_IS_MICROS,
    TIME_IS_DURATION,
    TIME_FORMAT_COUNT
};

struct reading {
    struct csv csv;
    const struct trace_options *options;
    size_t time_column, value_column;
    enum time_format format; /* of the first row; COUNT before it */
    struct trace_rows rows;
};

static struct err complain(const struct reading *r, size_t column, enum err_code code,
                           const char *expected, struct note *note)
{
    return err_note(note, code, "%s:%d: %.*s: found '%.*s', expected %s", r->csv.name, r->csv.line,
                    60, r->csv.columns.items[column], 40, csv_field(&r->csv, column), expected);
}

/* Of a line of names that is one name: what else may have been meant to separate them. */
static const char *separated_otherwise(const struct reading *r)
{
    const char *first = r->csv.columns.items[0];
    if (strchr(first, ';'))
        return ", separated by commas, not semicolons";
    return strchr(first, '\t') ? ", separated by commas, not tabs" : "";
}

static struct err find_named(const struct reading *r, const char *name, size_t *out,
                             struct note *note)
{
    size_t count = r->csv.columns.count;
    *out = csv_column(&r->csv, name);
    if (*out < count)
        return OK;
    char hint[FIELD_HINT_MAX];
    return err_note(note, ERR_UNKNOWN_KEY_CODE, "%s:1: found no column '%.*s'%s", r->csv.name, 60,
                    name, field_hint(hint, name, (const char *const *)r->csv.columns.items, count));
}

/* The role that nobody named has its usual place, or what the other one leaves. */
static struct err find_left(const struct reading *r, const char *role, size_t usual, size_t taken,
                            size_t *out, struct note *note)
{
    size_t count = r->csv.columns.count;
    *out = taken == usual ? !usual : usual;
    if (taken != usual || count == 2)
        return OK;
    char names[COLUMNS_SHOWN_MAX];
    size_t length = 0;
    for (size_t i = 0; i < count && length + 1 < sizeof names; i++)
        if (i != taken)
            length += text_format(names + length, sizeof names - length, "%s'%.*s'",
                                  length ? ", " : "", 60, r->csv.columns.items[i]);
    return err_note(note, ERR_MISSING_CODE,
                    "%s:1: found %zu columns beside '%.*s', expected the name of the one with the "
                    "%s (%s)",
                    r->csv.name, count - 1, 60, r->csv.columns.items[taken], role, names);
}

/* Unnamed: the times are in the first column, the values in the second. */
static struct err find_columns(struct reading *r, struct note *note)
{
    const char *time = r->options->time_column, *value = r->options->value_column;
    size_t count = r->csv.columns.count;
    if (count < 2)
        return err_note(note, ERR_MISSING_CODE, "%s:1: found %zu column, expected two%s",
                        r->csv.name, count, separated_otherwise(r));
    r->time_column = 0;
    r->value_column = 1;
    if (time)
        TRY(find_named(r, time, &r->time_column, note));
    if (value)
        TRY(find_named(r, value, &r->value_column, note));
    if (time && !value)
        return find_left(r, "values", 1, r->time_column, &r->value_column, note);
    if (value && !time)
        return find_left(r, "times", 0, r->value_column, &r->time_column, note);
    if (r->time_column == r->value_column)
        return err_note(note, ERR_DUPLICATE_CODE,
                        "%s:1: found '%.*s' named for the times and for the values, expected two "
                        "columns",
                        r->csv.name, 60, time);
    return OK;
}

static bool parse_count(const char *text, time_ns unit, int64_t *out)
{
    double count;
    if (err_is(quantity_number(text, &count)) || fabs(count) * (double)unit > 4e9 * (double)TIME_S)
        return false;
    *out = (int64_t)floor(count * (double)unit + 0.5);
    return true;
}

static bool parse_time(const char *text, enum time_format format, int64_t *out)
{
    switch (format) {
    case TIME_IS_DATE: return !err_is(quantity_date(text, out));
    case TIME_IS_SECONDS: return parse_count(text, TIME_S, out);
    case TIME_IS_MILLIS: return parse_count(text, TIME_MS, out);
    case TIME_IS_MICROS: return parse_count(text, TIME_US, out);
    case TIME_IS_DURATION: return !err_is(quantity_duration(text, out));
    case TIME_FORMAT_COUNT: break;
    }
    IMPOSSIBLE("format of time");
}

static struct err take_time(struct reading *r, int64_t *out, struct note *note)
{
    static const char *const expected[TIME_FORMAT_COUNT + 1] = {
        "a date such as 1998-04-30 21:30:00, as before",
        "seconds such as 60, as before",
        "milliseconds since 1970 such as 1704067200000, as before",
        "microseconds since 1970 such as 1704067200000000, as before",
        "a duration such as 5 min, as before",
        "a date such as 1998-04-30 21:30:00, seconds, or a duration such as 5 min",
    };
    const char *text = csv_field(&r->csv, r->time_column);
    if (r->format == TIME_FORMAT_COUNT) {
        for (int format = 0; format < TIME_FORMAT_COUNT; format++) {
            if (parse_time(text, (enum time_format)format, out)) {
                r->format = (enum time_format)format;
                r->rows.dates = r->format == TIME_IS_DATE;
                return OK;
            }
        }
        return complain(r, r->time_column, ERR_BAD_VALUE_CODE, expected[TIME_FORMAT_COUNT], note);
    }
    if (!parse_time(text, r->format, out))
        return complain(r, r->time_column, ERR_BAD_VALUE_CODE, expected[r->format], note);
    return OK;
}

static struct err take_row(struct reading *r, struct note *note)
{
    struct trace_row row;
    TRY(take_time(r, &row.at_ns, note));
    int64_t first = r->rows.rows.count ? r->rows.rows.items[0].at_ns : row.at_ns;
    if (row.at_ns > TIME_LIMIT || row.at_ns - first > TRACE_SPAN_MAX)
        return complain(r, r->time_column, ERR_BAD_VALUE_CODE,
                        "a time at most 20 years after the first", note);
    if (err_is(quantity_number(csv_field(&r->csv, r->value_column), &row.value)) || row.value < 0)
        return complain(r, r->value_column, ERR_BAD_VALUE_CODE, "a number from 0 to 1e18", note);
    if (r->rows.rows.count > 0) {
        struct trace_row *last = &vec_last(&r->rows.rows);
        if (row.at_ns < last->at_ns)
            return complain(r, r->time_column, ERR_BAD_VALUE_CODE,
                            "a time after the one before (time goes back)", note);
        if (row.at_ns == last->at_ns) {
            if (r->options->same_time == SAME_TIME_REFUSE)
                return complain(r, r->time_column, ERR_DUPLICATE_CODE,
                                "a time after the one before (same-time: last or sum takes it)",
                                note);
            last->value =
                r->options->same_time == SAME_TIME_SUM ? last->value + row.value : row.value;
            return OK;
        }
    }
    if (r->rows.rows.count == TRACE_ROWS_MAX)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s:%d: found more than 4000000 rows",
                        r->csv.name, r->csv.line);
    vec_push(&r->rows.rows, row);
    return OK;
}

/* Of a file without a line of names the first row would be taken for it, and be missing. */
static struct err check_names(const struct reading *r, struct note *note)
{
    const char *time = r->csv.columns.items[r->time_column];
    const char *value = r->csv.columns.items[r->value_column];
    int64_t at;
    double number;
    bool is_time = false;
    for (int format = 0; format < TIME_FORMAT_COUNT; format++)
        is_time = is_time || parse_time(time, (enum time_format)format, &at);
    if (!is_time || err_is(quantity_number(value, &number)) || r->options->time_column ||
        r->options->value_column)
        return OK;
    return err_note(note, ERR_MISSING_CODE,
                    "%s:1: found values ('%.*s', '%.*s'), expected a line of column names",
                    r->csv.name, 40, time, 40, value);
}

static struct err read_rows(struct reading *r, FILE *file, const char *name, struct note *note)
{
    TRY(csv_init(&r->csv, file, name, note));
    TRY(find_columns(r, note));
    TRY(check_names(r, note));
    for (;;) {
        bool more;
        TRY(csv_next(&r->csv, &more, note));
        if (!more)
            break;
        TRY(take_row(r, note));
    }
    if (r->rows.rows.count == 0)
        return err_note(note, ERR_MISSING_CODE, "%s:%d: found no rows, expected some", name,
                        r->csv.line);
    if (r->rows.rows.count == 1)
        return err_note(
            note, ERR_MISSING_CODE,
            "%s:%d: found one time, expected two or more, for the last row lasts as long "
            "as the one before (a load that stays is constant: RATE, machines that stay are a "
            "count)",
            name, r->csv.line);
    return OK;
}

struct err trace_read_csv(FILE *file, const char *name, const struct trace_options *options,
                          struct series *out, time_ns *length, struct note *note)
{
    struct reading r = { .options = options, .format = TIME_FORMAT_COUNT };
    struct err e = read_rows(&r, file, name, note);
    if (!err_is(e)) {
        trace_rows_find_step(&r.rows);
        e = trace_rows_to_series(&r.rows, name, options, out, length, note);
    }
    csv_fini(&r.csv);
    trace_rows_fini(&r.rows);
    return e;
}
