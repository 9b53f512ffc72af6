/* SPDX-License-Identifier: Apache-2.0
 *
 * From rows to step functions, and which reader a file gets.
 */
#include "sim/load/trace.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/load/quantity.h"
#include "sim/load/trace_rows.h"

const char *const trace_gaps_names[GAPS_COUNT] = { "hold", "zero" };
const char *const trace_same_time_names[SAME_TIME_COUNT] = { "refuse", "last", "sum" };

void trace_rows_fini(struct trace_rows *rows)
{
    vec_fini(&rows->rows);
}

static time_ns step_of(const struct trace_rows *rows, size_t i)
{
    return rows->rows.items[i + 1].at_ns - rows->rows.items[i].at_ns;
}

/* The least that half of them do not exceed. Bisected: steps come in no order, and where all are
 * alike nothing is left to find. */
static time_ns median_step(const struct trace_rows *rows, size_t steps)
{
    time_ns low = step_of(rows, 0), high = low;
    for (size_t i = 1; i < steps; i++) {
        low = step_of(rows, i) < low ? step_of(rows, i) : low;
        high = step_of(rows, i) > high ? step_of(rows, i) : high;
    }
    while (low < high) {
        time_ns middle = low + (high - low) / 2;
        size_t below = 0;
        for (size_t i = 0; i < steps; i++)
            below += step_of(rows, i) <= middle;
        if (below >= steps - below)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Rows that come a little early or late have a usual step all the same. */
static bool is_about(time_ns step, time_ns usual)
{
    return step >= usual - usual / 2 && step <= usual + usual / 2;
}

void trace_rows_find_step(struct trace_rows *rows)
{
    size_t count = 0, steps = rows->rows.count ? rows->rows.count - 1 : 0;
    time_ns usual = steps > 0 ? median_step(rows, steps) : 0;
    for (size_t i = 0; i < steps; i++)
        count += is_about(step_of(rows, i), usual);
    rows->step = count > steps - count ? usual : 0;
}

/* Where a row ends: at the next one, or one step after the last. */
static time_ns end_of(const struct trace_rows *rows, size_t i)
{
    size_t count = rows->rows.count;
    if (i + 1 < count)
        return rows->rows.items[i + 1].at_ns;
    CHECK(rows->step > 0 || count > 1);
    time_ns step = rows->step ? rows->step : step_of(rows, count - 2);
    return rows->rows.items[i].at_ns + step;
}

/* Until when the row's value holds: its end, but only one step where rows are missing. */
static time_ns held_until(const struct trace_rows *rows, size_t i, enum trace_gaps gaps)
{
    time_ns at = rows->rows.items[i].at_ns, end = end_of(rows, i);
    bool gap = gaps == GAPS_ZERO && end - at > rows->step + rows->step / 2;
    return gap ? at + rows->step : end;
}

static double rate_of(const struct trace_options *options, double value, time_ns held)
{
    switch (options->value) {
    case TRACE_PLAIN: return value;
    case TRACE_PER_TIME: return value * ((double)TIME_S / (double)options->per);
    case TRACE_PER_STEP: return value * ((double)TIME_S / (double)held);
    }
    IMPOSSIBLE("kind of trace value");
}

/* A bound of the window, as a time of the rows. */
static struct err find_bound(const struct trace_rows *rows, const char *name, const char *key,
                             const char *text, int64_t *out, struct note *note)
{
    int64_t first = rows->rows.items[0].at_ns;
    time_ns offset;
    if (rows->dates && !err_is(quantity_date(text, out)))
        return OK;
    if (!err_is(quantity_duration(text, &offset)) && !__builtin_add_overflow(first, offset, out))
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE, "%s: found %s '%.*s', expected a duration%s", name,
                    key, 40, text, rows->dates ? " or a date such as 1998-06-10 12:00" : "");
}

struct err trace_rows_to_series(const struct trace_rows *rows, const char *name,
                                const struct trace_options *options, struct series *out,
                                time_ns *length, struct note *note)
{
    CHECK(rows->rows.count > 0);
    if (options->gaps == GAPS_ZERO && !rows->step)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: found rows at no usual distance, expected one for 'gaps: zero': more "
                        "than half of them within half of it",
                        name);
    int64_t from = rows->rows.items[0].at_ns, to = end_of(rows, rows->rows.count - 1);
    int64_t wanted_from = from, wanted_to = to;
    if (options->from)
        TRY(find_bound(rows, name, "from", options->from, &wanted_from, note));
    if (options->to)
        TRY(find_bound(rows, name, "to", options->to, &wanted_to, note));
    if (wanted_from < from || wanted_to > to || wanted_from >= wanted_to)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: found a window from '%s' to '%s', expected one inside the file", name,
                        options->from ? options->from : "start", options->to ? options->to : "end");
    for (size_t i = 0; i < rows->rows.count; i++) {
        int64_t at = rows->rows.items[i].at_ns, end = end_of(rows, i);
        if (end <= wanted_from || at >= wanted_to)
            continue;
        time_ns held = held_until(rows, i, options->gaps);
        int64_t start = at > wanted_from ? at : wanted_from;
        if (start < held)
            series_push(out, start - wanted_from,
                        rate_of(options, rows->rows.items[i].value, held - at));
        int64_t dark = held > wanted_from ? held : wanted_from;
        if (held < end && dark < wanted_to)
            series_push(out, dark - wanted_from, 0);
    }
    *length = wanted_to - wanted_from;
    return OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && text_equal(text + length - end_length, end);
}

struct err trace_read_file(const char *path, const struct trace_options *options,
                           struct series *out, time_ns *length, struct note *note)
{
    FILE *file;
    long long size;
    TRY(input_open(path, &file, &size, note));
    struct err e;
    bool json = ends_with(path, ".json");
    if (json && size > TRACE_JSON_BYTES_MAX)
        e = err_note(note, ERR_BAD_VALUE_CODE, "%s: cannot be read: more than 64 MiB", path);
    else if (json && (options->time_column || options->value_column))
        e = err_note(note, ERR_BAD_VALUE_CODE,
                     "%s: found a column named for a SkyPilot record, which has none", path);
    else if (json)
        e = trace_read_skypilot(file, path, options, out, length, note);
    else
        e = trace_read_csv(file, path, options, out, length, note);
    fclose(file);
    return e;
}
