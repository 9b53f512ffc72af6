/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the CSV files that the recorder wrote.
 */
#include "sim/report/plot_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/load/csv.h"
#include "sim/load/input_file.h"
#include "sim/load/quantity.h"
#include "sim/report/font_letters.h"
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

/* The first columns of metrics.csv, whose names need no quotes. */
enum { COLUMN_TIME, COLUMN_OFFERED, COLUMN_SERVED, COLUMN_LAG_RECORDS, COLUMN_LAG, COLUMN_READ };

static void read_row(const char *line, double out[COLUMN_READ])
{
    for (int column = 0; column < COLUMN_READ; column++) {
        out[column] = number_none();
        quantity_take_number(&line, &out[column]);
        line += strcspn(line, ",");
        line += *line == ',';
    }
}

void plot_most_between(const char *path, double from, double to, double *rate, double *lag)
{
    FILE *file = fopen(path, "rb");
    char *line = NULL;
    size_t size = 0;
    *rate = *lag = 0;
    while (file && getline(&line, &size, file) > 0) {
        double row[COLUMN_READ];
        read_row(line, row);
        if (!(row[COLUMN_TIME] >= from))
            continue; /* earlier, or the header */
        *rate = fmax(*rate, fmax(row[COLUMN_OFFERED], row[COLUMN_SERVED]));
        *lag = fmax(*lag, row[COLUMN_LAG]);
        if (row[COLUMN_TIME] > to)
            break;
    }
    free(line);
    if (file)
        fclose(file);
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
