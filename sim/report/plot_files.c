/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the CSV files that the recorder wrote.
 */
#include "sim/report/plot_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/load/csv.h"
#include "sim/load/input_file.h"
#include "sim/load/quantity.h"
#include "sim/report/font_letters.h"
#include "sim/report/metrics.h"
#include "sim/report/number_text.h"
#include "sim/report/sample_file.h"

/* What is looked for in the rows of marks. */
struct labels {
    size_t rows;
    char *lacking; /* null: not asked for */
};

static struct err take_label(const struct csv *csv, size_t label, size_t level,
                             struct labels *labels)
{
    double row = -1;
    if (level < csv->columns.count)
        TRY(quantity_number(csv_field(csv, level), &row));
    if (row + 1 > (double)labels->rows)
        labels->rows = (size_t)row + 1;
    if (labels->lacking && row >= 0 && label < csv->columns.count)
        font_add_lacking(csv_field(csv, label), labels->lacking, PLOT_LACKING_SIZE);
    return OK;
}

static struct err read_labels(const char *path, struct labels *labels, struct note *note)
{
    FILE *file;
    struct csv csv;
    bool more = true;
    TRY(input_open(path, &file, NULL, note));
    struct err e = csv_init(&csv, file, path, note);
    size_t label = err_is(e) ? 0 : csv_column(&csv, "label");
    size_t level = err_is(e) ? 0 : csv_column(&csv, "level");
    while (!err_is(e)) {
        e = csv_next(&csv, &more, note);
        if (err_is(e) || !more)
            break;
        e = take_label(&csv, label, level, labels);
    }
    csv_fini(&csv);
    fclose(file);
    return e;
}

struct err plot_label_rows(const char *path, size_t *out, struct note *note)
{
    struct labels labels = { 0 };
    struct err e = read_labels(path, &labels, note);
    *out = labels.rows;
    return e;
}

struct err plot_lacking_letters(const char *path, char out[PLOT_LACKING_SIZE], struct note *note)
{
    struct labels labels = { .lacking = out };
    out[0] = '\0';
    return read_labels(path, &labels, note);
}

enum { FLOW_TIME, FLOW_OFFERED, FLOW_SERVED, FLOW_LAG, FLOW_COLUMNS };

/* As metrics.c names them. */
static void name_columns(const char *job, char names[FLOW_COLUMNS][METRIC_COLUMN_NAME_SIZE])
{
    static const char *const metrics[FLOW_COLUMNS] = { "time_s", "offered_rate", "served_rate",
                                                       "lag_seconds" };
    for (int i = 0; i < FLOW_COLUMNS; i++) {
        bool is_prefixed = job && i != FLOW_TIME;
        text_format(names[i], METRIC_COLUMN_NAME_SIZE, "%s%s%s", is_prefixed ? job : "",
                    is_prefixed ? "." : "", metrics[i]);
    }
}

static void find_flow(const struct sample_file *samples, struct plot_flow *out)
{
    size_t places[FLOW_COLUMNS] = { 0 };
    for (size_t column = 0; column < samples->columns.count; column++)
        if (samples->columns.items[column] != SAMPLE_UNWANTED)
            places[samples->columns.items[column]] = column + 1;
    *out = (struct plot_flow){ .offered = places[FLOW_OFFERED],
                               .served = places[FLOW_SERVED],
                               .lag = places[FLOW_LAG] };
}

static void find_most(struct sample_file *samples, double from, double to, struct plot_flow *out)
{
    double row[FLOW_COLUMNS];
    while (sample_file_next(samples, row)) {
        if (!(row[FLOW_TIME] >= from))
            continue;
        out->most_rate = fmax(out->most_rate, fmax(row[FLOW_OFFERED], row[FLOW_SERVED]));
        out->most_lag = fmax(out->most_lag, row[FLOW_LAG]);
        if (row[FLOW_TIME] > to)
            break;
    }
}

struct err plot_flow_between(const char *path, const char *job, double from, double to,
                             struct plot_flow *out, struct note *note)
{
    char texts[FLOW_COLUMNS][METRIC_COLUMN_NAME_SIZE];
    const char *names[FLOW_COLUMNS];
    struct sample_file samples;
    name_columns(job, texts);
    for (int i = 0; i < FLOW_COLUMNS; i++)
        names[i] = texts[i];
    struct err e = sample_file_begin(&samples, path, names, FLOW_COLUMNS, note);
    if (!err_is(e)) {
        find_flow(&samples, out);
        find_most(&samples, from, to, out);
        if (!out->offered || !out->served || !out->lag)
            e = err_note(note, ERR_BAD_VALUE_CODE, "%s: no column '%s'", path,
                         names[!out->offered  ? FLOW_OFFERED
                               : !out->served ? FLOW_SERVED
                                              : FLOW_LAG]);
    }
    sample_file_end(&samples);
    return e;
}

struct err plot_row_seconds(const char *path, double *out, struct note *note)
{
    static const char *const names[] = { "time_s" };
    struct sample_file samples;
    double first, second;
    *out = 0;
    struct err e = sample_file_begin(&samples, path, names, 1, note);
    if (!err_is(e) && sample_file_next(&samples, &first) && sample_file_next(&samples, &second))
        *out = second - first;
    sample_file_end(&samples);
    return e;
}
