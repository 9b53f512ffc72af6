/* SPDX-License-Identifier: Apache-2.0
 *
 * The columns are chosen when the file is written; when it is drawn, maybe by another process, its
 * header tells which they are, and the summary what they are called.
 */
#include "sim/report/drawn.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "sim/load/csv.h"
#include "sim/load/input_file.h"
#include "sim/report/number_text.h"

static const enum metric overview[] = { METRIC_offered_rate,  METRIC_served_rate,
                                        METRIC_lag_seconds,   METRIC_parallelism,
                                        METRIC_task_managers, METRIC_checkpoint_duration_seconds };
enum { OVERVIEW_COUNT = sizeof overview / sizeof *overview };

/* Of which a mean hides the peaks. */
static const enum metric spans[] = { METRIC_offered_rate, METRIC_served_rate };
enum { SPAN_COUNT = sizeof spans / sizeof *spans };

static const enum metric shares[] = { METRIC_busy, METRIC_idle, METRIC_backpressured,
                                      METRIC_busy_max };
enum { SHARE_COUNT = sizeof shares / sizeof *shares };

enum { COLUMNS_MAX = OVERVIEW_COUNT + DRAWN_VERTICES_MAX * SHARE_COUNT + DRAWN_JOBS_MAX };

/* Columns of the metrics under the names they are drawn by. */
struct drawn {
    size_t count;
    size_t columns[COLUMNS_MAX];
    char names[COLUMNS_MAX][32];
};

static void add(struct drawn *drawn, size_t column, const char *name, size_t number)
{
    char *text = drawn->names[drawn->count];
    if (number > 0)
        text_format(text, sizeof drawn->names[0], "%s%zu", name, number);
    else
        text_format(text, sizeof drawn->names[0], "%s", name);
    drawn->columns[drawn->count++] = column;
}

static bool has_values(const struct metrics *metrics, size_t column)
{
    for (size_t row = 0; row < metrics->times.count; row++)
        if (!number_is_none(metrics->cells.items[row * metrics->columns.count + column]))
            return true;
    return false;
}

/* A vertex that ran, by its column of METRIC_busy. */
struct candidate {
    size_t column, number;
    double busy; /* the busiest subtask in the mean: tells a bottleneck, with skew or without */
};

static double busiest_mean(const struct metrics *metrics, const struct metric_column *column)
{
    double values[STATISTIC_COUNT];
    metrics_summarise(metrics, metrics_find(metrics, METRIC_busy_max, column->job, column->vertex),
                      values);
    return number_is_none(values[STATISTIC_MEAN]) ? 0 : values[STATISTIC_MEAN];
}

/* The busiest ones in the graph's order; among equals the first. */
static size_t keep_busiest(struct candidate kept[DRAWN_VERTICES_MAX], size_t count,
                           struct candidate next)
{
    size_t least = 0;
    if (count < DRAWN_VERTICES_MAX) {
        kept[count] = next;
        return count + 1;
    }
    for (size_t i = 1; i < count; i++)
        if (kept[i].busy <= kept[least].busy)
            least = i;
    if (next.busy <= kept[least].busy)
        return count;
    memmove(&kept[least], &kept[least + 1], (count - least - 1) * sizeof *kept);
    kept[count - 1] = next;
    return count;
}

static void choose_vertices(const struct metrics *metrics, struct drawn *drawn)
{
    struct candidate kept[DRAWN_VERTICES_MAX];
    size_t count = 0, ran = 0;
    for (size_t i = 0; i < metrics->columns.count; i++) {
        const struct metric_column *column = &metrics->columns.items[i];
        if (!vertex_id_is_none(column->vertex) && column->metric == METRIC_busy &&
            has_values(metrics, i))
            count = keep_busiest(kept, count,
                                 (struct candidate){ i, ++ran, busiest_mean(metrics, column) });
    }
    for (size_t v = 0; v < count; v++) {
        const struct metric_column *column = &metrics->columns.items[kept[v].column];
        for (size_t s = 0; s < SHARE_COUNT; s++)
            add(drawn, metrics_find(metrics, shares[s], column->job, column->vertex),
                metric_rows[shares[s]].name, kept[v].number);
    }
}

static void choose_jobs(const struct metrics *metrics, struct drawn *drawn)
{
    size_t jobs = metrics->scenario->jobs.count;
    for (uint32_t j = 0; jobs > 1 && jobs <= DRAWN_JOBS_MAX && j < jobs; j++)
        add(drawn,
            metrics_find(metrics, METRIC_checkpoint_duration_seconds, (struct job_id){ j },
                         vertex_id_none()),
            "checkpoint", j + 1);
}

static void write_spans(const struct metrics *metrics, size_t row, size_t end, FILE *file)
{
    double least, most;
    char low[NUMBER_TEXT_SIZE], high[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < SPAN_COUNT; i++) {
        size_t column = metrics_find(metrics, spans[i], job_id_none(), vertex_id_none());
        metrics_span(metrics, column, row, end, &least, &most);
        number_plain(least, low);
        number_plain(most, high);
        fprintf(file, ",%s,%s", low, high);
    }
}

void drawn_write(const struct metrics *metrics, FILE *file)
{
    struct drawn drawn = { 0 };
    size_t rows = metrics->times.count, group = rows / DRAWN_ROWS_MAX + 1;
    char text[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < OVERVIEW_COUNT; i++)
        add(&drawn, metrics_find(metrics, overview[i], job_id_none(), vertex_id_none()),
            metric_rows[overview[i]].name, 0);
    choose_vertices(metrics, &drawn);
    choose_jobs(metrics, &drawn);
    fputs("time_s", file);
    for (size_t i = 0; i < drawn.count; i++)
        fprintf(file, ",%s", drawn.names[i]);
    for (size_t i = 0; i < SPAN_COUNT; i++)
        fprintf(file, ",%s_least,%s_most", metric_rows[spans[i]].name, metric_rows[spans[i]].name);
    fputc('\n', file);
    for (size_t row = 0; row < rows; row += group) {
        size_t end = row + group < rows ? row + group : rows;
        number_plain((double)metrics->times.items[end - 1] / (double)TIME_S, text);
        fputs(text, file);
        for (size_t i = 0; i < drawn.count; i++) {
            number_plain(metrics_thinned(metrics, drawn.columns[i], row, end), text);
            fprintf(file, ",%s", text);
        }
        write_spans(metrics, row, end, file);
        fputc('\n', file);
    }
}

/* "busy.count", and where there are several jobs "clicks.busy.count". */
static bool take_vertex(const json_t *jobs, const char *key, struct drawn_vertex *out)
{
    static const char busy[] = "busy.";
    size_t count = json_array_size(jobs);
    *out = (struct drawn_vertex){ NULL, key + strlen(busy), 0 };
    if (count <= 1)
        return strncmp(key, busy, strlen(busy)) == 0;
    for (size_t i = 0; i < count; i++) {
        const char *job = json_string_value(json_object_get(json_array_get(jobs, i), "name"));
        size_t length = job ? strlen(job) : 0;
        if (!job || strncmp(key, job, length) != 0 || key[length] != '.' ||
            strncmp(key + length + 1, busy, strlen(busy)) != 0)
            continue;
        *out = (struct drawn_vertex){ job, key + length + 1 + strlen(busy), 0 };
        return true;
    }
    return false;
}

bool drawn_any_vertex(const json_t *summary)
{
    const json_t *jobs = json_object_get(summary, "jobs");
    const char *key;
    json_t *metric;
    json_object_foreach(json_object_get((json_t *)summary, "metrics"), key, metric)
    {
        struct drawn_vertex vertex;
        if (json_is_number(json_object_get(metric, "mean")) && take_vertex(jobs, key, &vertex))
            return true;
    }
    return false;
}

static size_t name_vertices(const json_t *summary, const struct csv *csv,
                            struct drawn_vertex out[DRAWN_VERTICES_MAX], size_t *ran)
{
    const json_t *jobs = json_object_get(summary, "jobs");
    const char *key;
    char column[32];
    json_t *metric;
    size_t count = 0;
    *ran = 0;
    json_object_foreach(json_object_get((json_t *)summary, "metrics"), key, metric)
    {
        struct drawn_vertex vertex;
        if (!json_is_number(json_object_get(metric, "mean")) || !take_vertex(jobs, key, &vertex))
            continue;
        vertex.number = ++*ran;
        text_format(column, sizeof column, "busy%zu", vertex.number);
        if (count < DRAWN_VERTICES_MAX && csv_column(csv, column) < csv->columns.count)
            out[count++] = vertex;
    }
    return count;
}

struct err drawn_vertices(const json_t *summary, const char *path,
                          struct drawn_vertex out[DRAWN_VERTICES_MAX], size_t *count, size_t *ran,
                          struct note *note)
{
    FILE *file;
    struct csv csv;
    TRY(input_open(path, &file, NULL, note));
    struct err e = csv_init(&csv, file, path, note);
    if (!err_is(e))
        *count = name_vertices(summary, &csv, out, ran);
    csv_fini(&csv);
    fclose(file);
    return e;
}

size_t drawn_checkpoints(const json_t *summary)
{
    size_t jobs = json_array_size(json_object_get(summary, "jobs"));
    return jobs > 1 && jobs <= DRAWN_JOBS_MAX ? jobs : 0;
}
