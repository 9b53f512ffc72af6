/* SPDX-License-Identifier: Apache-2.0
 *
 * Availability records of SkyPilot's spot traces: {"metadata": {"gap_seconds": 300}, "data": [3, 3,
 * 0, ...]}, the number of machines that could be had, one figure per gap (Wu et al., Can't Be Late,
 * NSDI 2024). Other members are ignored.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/load/trace_rows.h"

enum { SHOWN_MAX = 40 };
#define FIGURE_MAX 1e9

/* "NAME: WHERE: found WHAT, expected ..." */
static struct err complain(const char *name, const char *where, const json_t *found,
                           const char *expected, struct note *note)
{
    char *text =
        found ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    struct err e = err_note(note, ERR_BAD_VALUE_CODE, "%s: %s: found %.*s, expected %s", name,
                            where, SHOWN_MAX, text ? text : "nothing", expected);
    free(text);
    return e;
}

static struct err take_figures(const json_t *root, const char *name, struct trace_rows *rows,
                               struct note *note)
{
    const json_t *gap = json_object_get(json_object_get(root, "metadata"), "gap_seconds");
    const json_t *data = json_object_get(root, "data");
    double seconds = json_number_value(gap);
    if (!json_is_number(gap) || !(seconds >= 0.001) || seconds > 1e6)
        return complain(name, "metadata.gap_seconds", gap, "a number of seconds above 0", note);
    size_t count = json_array_size(data);
    if (!json_is_array(data) || count == 0)
        return complain(name, "data", data, "a list of figures", note);
    if (count > TRACE_ROWS_MAX || (double)count * seconds > (double)(TRACE_SPAN_MAX / TIME_S))
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: data: found %zu figures, expected at most 4000000 over 20 years", name,
                        count);
    time_ns step = (time_ns)(seconds * (double)TIME_S);
    for (size_t i = 0; i < count; i++) {
        const json_t *figure = json_array_get(data, i);
        double value = json_number_value(figure);
        if (!json_is_number(figure) || !(value >= 0) || value > FIGURE_MAX) {
            char where[32];
            text_format(where, sizeof where, "data.%zu", i);
            return complain(name, where, figure, "a number of machines from 0 to 1000000000", note);
        }
        vec_push(&rows->rows, (struct trace_row){ (int64_t)i * step, value });
    }
    rows->step = step;
    return OK;
}

struct err trace_read_skypilot(FILE *file, const char *name, const struct trace_options *options,
                               struct series *out, time_ns *length, struct note *note)
{
    struct trace_rows rows = { 0 };
    json_error_t error;
    struct err e;
    input_skip_mark(file);
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (root)
        e = take_figures(root, name, &rows, note);
    else
        e = err_note(note, ERR_SYNTAX_CODE, "%s:%d: found malformed JSON (%s)", name,
                     error.line > 0 ? error.line : 1, error.text);
    json_decref(root);
    if (!err_is(e))
        e = trace_rows_to_series(&rows, name, options, out, length, note);
    trace_rows_fini(&rows);
    return e;
}
