/* SPDX-License-Identifier: Apache-2.0
 *
 * The table and its statistics. Who fills it: recorder.c.
 */
#include "sim/report/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/report/number_text.h"
#include "sim/report/statistics.h"

/* Jobs' metrics come before the cluster's: see METRICS. */
enum {
    JOB_METRICS = METRIC_task_managers,
    VERTEX_METRICS = METRIC_backpressured_max + 1 - METRIC_busy,
};

#define RULE(name, nature, join, value)                                                            \
    [METRIC_##name] = { METRIC_##nature, JOIN_##join, STATISTIC_##value }

const struct metric_rule metric_rules[METRIC_NAME_COUNT] = {
    RULE(offered_rate, FLOW, SUM, MEAN),
    RULE(served_rate, FLOW, SUM, MEAN),
    RULE(lag_records, LEVEL, SUM, MAX),
    RULE(lag_seconds, LEVEL, MAX, MAX),
    RULE(latency_p50_seconds, LEVEL, MAX, P50),
    RULE(latency_p95_seconds, LEVEL, MAX, P95),
    RULE(latency_p99_seconds, LEVEL, MAX, P99),
    RULE(parallelism, LEVEL, MAX, MEAN),
    RULE(nic_use, LEVEL, MAX, MAX),
    RULE(link_use, LEVEL, MAX, MAX),
    RULE(busy, FLOW, MAX, MEAN),
    RULE(idle, FLOW, MIN, MEAN),
    RULE(backpressured, FLOW, MAX, MEAN),
    RULE(busy_max, FLOW, MAX, MEAN),
    RULE(backpressured_max, FLOW, MAX, MEAN),
    RULE(restarts, GROWING, SUM, FINAL),
    RULE(rescales, GROWING, SUM, FINAL),
    RULE(downtime_seconds, GROWING, SUM, FINAL),
    RULE(records_replayed, GROWING, SUM, FINAL),
    RULE(records_reread, GROWING, SUM, FINAL),
    RULE(checkpoints_completed, GROWING, SUM, FINAL),
    RULE(checkpoints_failed, GROWING, SUM, FINAL),
    RULE(checkpoint_duration_seconds, PER_EVENT, MAX, MEAN),
    RULE(checkpoint_bytes, PER_EVENT, MAX, MEAN),
    RULE(checkpoint_written_bytes, PER_EVENT, MAX, MEAN),
    RULE(task_managers, LEVEL, SUM, MEAN),
    RULE(machines, LEVEL, SUM, MEAN),
    RULE(slots_used, LEVEL, SUM, MEAN),
    RULE(slots_free, LEVEL, SUM, MEAN),
    RULE(slot_hours, GROWING, SUM, FINAL),
    RULE(task_manager_hours, GROWING, SUM, FINAL),
    RULE(cost, GROWING, SUM, FINAL),
};

static const char *const metric_nature_names[] = { "level", "flow", "growing", "per event" };

static void add_column(struct metrics *metrics, enum metric metric, struct job_id job,
                       struct vertex_id vertex)
{
    const struct scenario *scenario = metrics->scenario;
    const char *name = metric_rows[metric].name;
    const struct job_spec *spec = job_id_is_none(job) ? NULL : &scenario->jobs.items[job.n];
    bool prefixed = spec && scenario->jobs.count > 1;
    char text[METRIC_COLUMN_NAME_SIZE];
    text_format(text, sizeof text, "%s%s%s%s%s", prefixed ? spec->name : "", prefixed ? "." : "",
                name, vertex_id_is_none(vertex) ? "" : ".",
                vertex_id_is_none(vertex) ? "" : spec->graph->vertices.items[vertex.n].name);
    vec_push(&metrics->columns, (struct metric_column){ .metric = metric,
                                                        .job = job,
                                                        .vertex = vertex,
                                                        .name = mem_copy_text(text),
                                                        .total = number_none(),
                                                        .seconds = number_none() });
}

static void add_vertex_columns(struct metrics *metrics, struct job_id job, struct vertex_id vertex)
{
    for (unsigned m = 0; m < METRIC_NAME_COUNT; m++)
        if (metric_rows[m].scope == METRIC_OF_VERTEX)
            add_column(metrics, (enum metric)m, job, vertex);
}

static bool is_expected(const struct scenario *scenario, struct job_id job, struct vertex_id vertex)
{
    for (VEC_EACH(const struct expectation, expectation, &scenario->expect))
        if (expectation->kind == EXPECT_METRIC && job_id_equal(expectation->job, job) &&
            vertex_id_equal(expectation->vertex, vertex))
            return true;
    return false;
}

static void add_columns(struct metrics *metrics)
{
    const struct scenario *scenario = metrics->scenario;
    for (unsigned m = 0; m < METRIC_NAME_COUNT; m++)
        add_column(metrics, (enum metric)m, job_id_none(), vertex_id_none());
    for (uint32_t j = 0; scenario->jobs.count > 1 && j < scenario->jobs.count; j++)
        for (unsigned m = 0; m < JOB_METRICS; m++)
            add_column(metrics, (enum metric)m, (struct job_id){ j }, vertex_id_none());
    for (uint32_t j = 0; j < scenario->jobs.count; j++) {
        struct job_id job = { j };
        for (uint32_t v = 0; v < scenario->jobs.items[j].graph->vertices.count; v++)
            if (metrics->columns.count + VERTEX_METRICS <= METRIC_COLUMNS_MAX ||
                is_expected(scenario, job, (struct vertex_id){ v }))
                add_vertex_columns(metrics, job, (struct vertex_id){ v });
    }
}

void metrics_init(struct metrics *metrics, const struct scenario *scenario)
{
    *metrics = (struct metrics){ .scenario = scenario };
    for (unsigned m = 0; m < METRIC_NAME_COUNT; m++)
        CHECK((metric_rows[m].scope == METRIC_OF_CLUSTER) == (m >= JOB_METRICS));
    add_columns(metrics);
    vec_resize(&metrics->durations, scenario->jobs.count + 1);
    vec_resize(&metrics->sizes, scenario->jobs.count + 1);
    vec_resize(&metrics->written, scenario->jobs.count + 1);
}

void metrics_fini(struct metrics *metrics)
{
    for (VEC_EACH(struct metric_column, column, &metrics->columns)) {
        mem_destroy(column->name);
        vec_fini(&column->most);
    }
    for (VEC_EACH(struct event_values, values, &metrics->durations))
        vec_fini(&values->values);
    for (VEC_EACH(struct event_values, values, &metrics->sizes))
        vec_fini(&values->values);
    for (VEC_EACH(struct event_values, values, &metrics->written))
        vec_fini(&values->values);
    vec_fini(&metrics->columns);
    vec_fini(&metrics->times);
    vec_fini(&metrics->cells);
    vec_fini(&metrics->durations);
    vec_fini(&metrics->sizes);
    vec_fini(&metrics->written);
}

double *metrics_add_row(struct metrics *metrics, time_ns at)
{
    size_t width = metrics->columns.count;
    if (!metrics->times.count || vec_last(&metrics->times) != at) {
        CHECK(!metrics->times.count || vec_last(&metrics->times) < at);
        vec_push(&metrics->times, at);
        vec_resize(&metrics->cells, metrics->times.count * width);
    }
    double *row = metrics->cells.items + (metrics->times.count - 1) * width;
    for (size_t i = 0; i < width; i++)
        row[i] = number_none();
    return row;
}

void metrics_put_most(struct metrics *metrics, size_t column, double most)
{
    size_t rows = metrics->times.count;
    CHECK(rows > 0);
    vec_resize(&metrics->columns.items[column].most, rows);
    metrics->columns.items[column].most.items[rows - 1] = most;
}

double metrics_join(enum metric metric, const double *values, size_t count, size_t stride)
{
    double all = number_none();
    for (size_t i = 0; i < count; i++) {
        double value = values[i * stride];
        if (number_is_none(value))
            continue;
        if (number_is_none(all))
            all = value;
        else if (metric_rules[metric].join == JOIN_SUM)
            all += value;
        else
            all = metric_rules[metric].join == JOIN_MAX ? fmax(all, value) : fmin(all, value);
    }
    return all;
}

size_t metrics_find(const struct metrics *metrics, enum metric metric, struct job_id job,
                    struct vertex_id vertex)
{
    bool one_job = metrics->scenario->jobs.count == 1;
    if (one_job && vertex_id_is_none(vertex))
        job = job_id_none();
    for (size_t i = 0; i < metrics->columns.count; i++) {
        const struct metric_column *column = &metrics->columns.items[i];
        if (column->metric == metric && job_id_equal(column->job, job) &&
            vertex_id_equal(column->vertex, vertex))
            return i;
    }
    return SIZE_MAX;
}

size_t metrics_job_column(const struct metrics *metrics, struct job_id job)
{
    CHECK(metrics->scenario->jobs.count > 1);
    return METRIC_NAME_COUNT + (size_t)job.n * JOB_METRICS;
}

time_ns metrics_end(const struct metrics *metrics)
{
    return metrics->times.count ? vec_last(&metrics->times) : 0;
}

static void put_statistics(const struct statistics *s, double out[STATISTIC_COUNT])
{
    out[STATISTIC_P50] = s->p50;
    out[STATISTIC_P95] = s->p95;
    out[STATISTIC_P99] = s->p99;
    out[STATISTIC_MAX] = s->max;
    out[STATISTIC_MIN] = s->min;
    out[STATISTIC_MEAN] = s->mean;
    out[STATISTIC_FINAL] = s->last;
    out[STATISTIC_TOTAL] = s->sum;
}

/* What is seldom reached may lie between two samples. */
static void put_most(const struct metric_column *column, size_t rows, double out[STATISTIC_COUNT])
{
    if (column->most.count == 0)
        return;
    CHECK(column->most.count == rows);
    struct statistics s = statistics_of(column->most.items, rows);
    out[STATISTIC_P50] = s.p50;
    out[STATISTIC_P95] = s.p95;
    out[STATISTIC_P99] = s.p99;
    out[STATISTIC_MAX] = s.max;
}

static const struct event_values *events_of(const struct metrics *metrics,
                                            const struct metric_column *column)
{
    size_t place = job_id_is_none(column->job) ? metrics->scenario->jobs.count : column->job.n;
    if (column->metric == METRIC_checkpoint_bytes)
        return &metrics->sizes.items[place];
    if (column->metric == METRIC_checkpoint_written_bytes)
        return &metrics->written.items[place];
    return &metrics->durations.items[place];
}

void metrics_summarise(const struct metrics *metrics, size_t index, double out[STATISTIC_COUNT])
{
    CHECK(index < metrics->columns.count);
    const struct metric_column *column = &metrics->columns.items[index];
    const struct metric_rule *rule = &metric_rules[column->metric];
    size_t rows = metrics->times.count, width = metrics->columns.count;
    if (rule->nature == METRIC_PER_EVENT) {
        const struct event_values *events = events_of(metrics, column);
        struct statistics s = statistics_of(events->values.items, events->values.count);
        put_statistics(&s, out);
        if (s.count == 0)
            out[STATISTIC_TOTAL] = 0;
    } else {
        double *values = mem_create_array(rows, sizeof *values);
        for (size_t i = 0; i < rows; i++)
            values[i] = metrics->cells.items[i * width + index];
        struct statistics s = statistics_of(values, rows);
        put_statistics(&s, out);
        put_most(column, rows, out);
        out[STATISTIC_TOTAL] = rule->nature == METRIC_GROWING ? s.last : column->total;
        if (column->seconds > 0)
            out[STATISTIC_MEAN] = column->total / column->seconds;
        mem_destroy(values);
    }
    out[STATISTIC_VALUE] = out[rule->value];
}

/* A vertex may be called anything. */
static void put_name(const char *name, FILE *file)
{
    bool plain = !strpbrk(name, ",\"\n\r");
    if (!plain)
        fputc('"', file);
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            fputc('"', file);
        fputc(*p, file);
    }
    if (!plain)
        fputc('"', file);
}

double metrics_thinned(const struct metrics *metrics, size_t column, size_t first, size_t end)
{
    size_t width = metrics->columns.count;
    enum metric metric = metrics->columns.items[column].metric;
    bool largest = metric_rules[metric].nature != METRIC_FLOW;
    double all = number_none();
    size_t count = 0;
    for (size_t row = first; row < end; row++) {
        double value = metrics->cells.items[row * width + column];
        if (number_is_none(value))
            continue;
        count++;
        if (count == 1)
            all = value;
        else
            all = largest ? fmax(all, value) : all + value;
    }
    return count && !largest ? all / (double)count : all;
}

void metrics_span(const struct metrics *metrics, size_t column, size_t first, size_t end,
                  double *least, double *most)
{
    *least = *most = number_none();
    for (size_t row = first; row < end; row++) {
        /* fmin and fmax take the other of two where one is NaN. */
        double value = metrics->cells.items[row * metrics->columns.count + column];
        *least = fmin(*least, value);
        *most = fmax(*most, value);
    }
}

void metrics_write_csv(const struct metrics *metrics, FILE *file)
{
    char text[NUMBER_TEXT_SIZE];
    const double *cell = metrics->cells.items;
    fputs("time_s", file);
    for (VEC_EACH(const struct metric_column, column, &metrics->columns)) {
        fputc(',', file);
        put_name(column->name, file);
    }
    fputc('\n', file);
    for (VEC_EACH(const time_ns, at, &metrics->times)) {
        number_plain((double)*at / (double)TIME_S, text);
        fputs(text, file);
        for (size_t column = 0; column < metrics->columns.count; column++) {
            number_plain(*cell++, text);
            fputc(',', file);
            fputs(text, file);
        }
        fputc('\n', file);
    }
}

void metrics_write_markdown(FILE *file)
{
    static const char *const scopes[] = { "cluster", "job", "vertex" };
    static const char *const joins[] = { "sum", "largest", "smallest" };
    fputs("| metric | unit | of | kind | together | `value` | meaning |\n"
          "|---|---|---|---|---|---|---|\n",
          file);
    for (unsigned m = 0; m < METRIC_NAME_COUNT; m++) {
        const struct metric_row *row = &metric_rows[m];
        const struct metric_rule *rule = &metric_rules[m];
        fprintf(file, "| `%s` | %s | %s | %s | %s | %s | %s |\n", row->name,
                metric_unit_names[row->unit], scopes[row->scope], metric_nature_names[rule->nature],
                row->scope == METRIC_OF_CLUSTER ? "" : joins[rule->join],
                statistic_names[rule->value], row->help);
    }
}
