/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrics of a run: a table with a row per sample and a column per metric of the cluster, of
 * all jobs together ("lag_seconds"), of each job when there are several ("clicks.lag_seconds") and
 * of each vertex ("busy.count", "clicks.busy.count"). Rates and shares are exact over the time
 * since the sample before, because they come from totals; definitions: docs/metrics.md. A value
 * that does not exist is NaN: an empty cell of the CSV.
 */
#ifndef WEIR_SIM_REPORT_METRICS_H
#define WEIR_SIM_REPORT_METRICS_H

#include <stdio.h>

#include "sim/load/metric_names.h"
#include "sim/report/look.h"

/* More vertices than fit have no columns of their own, unless an expectation names them. */
enum { METRIC_COLUMNS_MAX = 4096, METRIC_COLUMN_NAME_SIZE = 256 };

/* In the order of statistic_names. */
enum statistic {
    STATISTIC_P50,
    STATISTIC_P95,
    STATISTIC_P99,
    STATISTIC_MAX,
    STATISTIC_MIN,
    STATISTIC_MEAN,
    STATISTIC_FINAL,
    STATISTIC_TOTAL,
    STATISTIC_VALUE,
    STATISTIC_COUNT
};

struct metric_column {
    enum metric metric;
    struct job_id job;       /* none: all, or of the cluster */
    struct vertex_id vertex; /* none: all, or of the job */
    char *name;
    /* Where they are exact, else NaN: records, seconds times number of machines, seconds of a
     * vertex's subtasks; and what that is the mean times, in seconds, of the run or of subtasks. */
    double total, seconds;
    /* By row: the most since the row before, where that is known and no cell has it; else empty. */
    VEC(double) most;
};

/* How a metric is joined over jobs or vertices, and which statistic is its `value`. */
enum metric_nature { METRIC_LEVEL, METRIC_FLOW, METRIC_GROWING, METRIC_PER_EVENT };
enum metric_join { JOIN_SUM, JOIN_MAX, JOIN_MIN };

struct metric_rule {
    enum metric_nature nature;
    enum metric_join join;
    enum statistic value;
};
extern const struct metric_rule metric_rules[METRIC_NAME_COUNT];

struct metrics {
    const struct scenario *scenario;
    VEC(struct metric_column) columns;
    VEC(time_ns) times; /* of the rows */
    VEC(double) cells;  /* row by row */
    /* Of METRIC_PER_EVENT: [job], each event's value; the last one is the jobs' together. */
    VEC(struct event_values) durations, sizes, written;
};

struct event_values {
    VEC(double) values;
    size_t sampled; /* up to here they have been in a row */
};

void metrics_init(struct metrics *metrics, const struct scenario *scenario);
void metrics_fini(struct metrics *metrics);

/* A new row of NaN; to be filled through its pointer, which holds until the next one. A row at the
 * time of the last one takes its place. */
double *metrics_add_row(struct metrics *metrics, time_ns at);
/* The most that the column came to since the row before the last one. */
void metrics_put_most(struct metrics *metrics, size_t column, double most);
/* Of several jobs' or vertices' values the one that stands for them all. */
double metrics_join(enum metric metric, const double *values, size_t count, size_t stride);

/* SIZE_MAX: no such column. */
size_t metrics_find(const struct metrics *metrics, enum metric metric, struct job_id job,
                    struct vertex_id vertex);
/* The first column of a job where there are several jobs; its metrics follow in their order. The
 * unprefixed columns are the first of all, in that order, too. */
size_t metrics_job_column(const struct metrics *metrics, struct job_id job);
/* All statistics of a column, by enum statistic; NaN where there is none. */
void metrics_summarise(const struct metrics *metrics, size_t column, double out[STATISTIC_COUNT]);
time_ns metrics_end(const struct metrics *metrics); /* time of the last row; 0: none */

/* Of the rows first ... end - 1: their mean, or of what joins by maximum the largest. */
double metrics_thinned(const struct metrics *metrics, size_t column, size_t first, size_t end);
/* Their extremes; NaN where none has a value. */
void metrics_span(const struct metrics *metrics, size_t column, size_t first, size_t end,
                  double *least, double *most);

/* Header, then a line per row. */
void metrics_write_csv(const struct metrics *metrics, FILE *file);

/* The table of docs/metrics.md. */
void metrics_write_markdown(FILE *file);

#endif
