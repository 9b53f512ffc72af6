/* SPDX-License-Identifier: Apache-2.0
 *
 * Availability records of SkyPilot's spot traces: {"metadata": {"gap_seconds": 300}, "data": [3, 3,
 * 0, ...]}, the number of machines that could be had, one figure per gap (Wu et al., Can't Be Late,
 * NSDI 2024). Other members are ignored.
 */
#include <jansson.h>
#include <stdio.h>

#include "core/base/check.h"
#include "sim/load/trace_rows.h"

static struct err take_figures(const json_t *root, const char *name, struct trace_rows *rows,
                               struct note *note)
{
    const json_t *gap = json_object_get(json_object_get(root, "metadata"), "gap_seconds");
    const json_t *data = json_object_get(root, "data");
    double seconds = json_number_value(gap);
    if (!json_is_number(gap) || !(seconds >= 0.001) || seconds > 1e6)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: metadata.gap_seconds: expected a number of seconds above 0", name);
    size_t count = json_array_size(data);
    if (count == 0 || count > TRACE_ROWS_MAX ||
        (double)count * seconds > (double)(TRACE_SPAN_MAX / TIME_S))
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: data: expected a list of 1 to 4000000 figures over at most 20 years",
                        name);
    time_ns step = (time_ns)(seconds * (double)TIME_S);
    for (size_t i = 0; i < count; i++) {
        const json_t *figure = json_array_get(data, i);
        double value = json_number_value(figure);
        if (!json_is_number(figure) || !(value >= 0) || value > 1e9)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "%s: data.%zu: expected a number of machines, at least 0", name, i);
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
    json_t *root = json_loadf(file, 0, &error);
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
