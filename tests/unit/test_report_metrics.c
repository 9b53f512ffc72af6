/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of metrics: columns, statistics by kind, CSV.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/drawn.h"
#include "sim/report/metrics.h"
#include "sim/report/number_text.h"
#include "tests/lib/load_fixture.h"

#define TWO_JOBS                                                                                   \
    "name: t\n"                                                                                    \
    "duration: 1h\n"                                                                               \
    "jobs:\n"                                                                                      \
    "  - { name: a, vertices: [ { name: source } ], load: 5/s }\n"                                 \
    "  - { name: b, vertices: [ { name: 'odd \"name\"' } ], load: 5/s }\n"

static struct metrics metrics;
static struct scenario *scenario;

static void begin(const char *yaml)
{
    scenario = load_fixture_scenario(yaml);
    metrics_init(&metrics, scenario);
}

static void end(void)
{
    metrics_fini(&metrics);
    scenario_destroy(scenario);
}

static size_t column_named(const char *name)
{
    for (size_t i = 0; i < metrics.columns.count; i++)
        if (text_equal(metrics.columns.items[i].name, name))
            return i;
    return SIZE_MAX;
}

/* Row i of the metric has the i-th value, a second apart. */
static void fill(enum metric metric, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        metrics_add_row(&metrics, (time_ns)i * TIME_S)[metric] = values[i];
}

START_TEST(one_job_has_no_columns_of_its_own_but_its_vertices_have)
{
    begin(LOAD_FIXTURE_BASE);
    ck_assert_uint_eq(metrics.columns.count, METRIC_NAME_COUNT + 2 * 5);
    ck_assert_uint_eq(column_named("lag_seconds"), METRIC_lag_seconds);
    ck_assert_uint_eq(column_named("j.lag_seconds"), SIZE_MAX);
    ck_assert_uint_ne(column_named("busy.count"), SIZE_MAX);
    /* Asked of the job by name it is the same column. */
    ck_assert_uint_eq(
        metrics_find(&metrics, METRIC_lag_seconds, (struct job_id){ 0 }, vertex_id_none()),
        METRIC_lag_seconds);
    ck_assert_uint_eq(
        metrics_find(&metrics, METRIC_idle, (struct job_id){ 0 }, (struct vertex_id){ 1 }),
        column_named("idle.count"));
    end();
}
END_TEST

START_TEST(several_jobs_have_columns_with_their_names)
{
    begin(TWO_JOBS);
    ck_assert_uint_eq(metrics_job_column(&metrics, (struct job_id){ 1 }),
                      column_named("b.offered_rate"));
    ck_assert_uint_eq(
        metrics_find(&metrics, METRIC_restarts, (struct job_id){ 1 }, vertex_id_none()),
        column_named("b.restarts"));
    ck_assert_uint_ne(column_named("a.busy.source"), SIZE_MAX);
    ck_assert_uint_eq(column_named("a.cost"), SIZE_MAX);
    end();
}
END_TEST

/* Nor does it become exact with more of them. */
START_TEST(what_is_known_at_samples_only_has_no_total)
{
    const double values[] = { 9, 2, number_none(), 4 };
    double out[STATISTIC_COUNT];
    begin(LOAD_FIXTURE_BASE);
    fill(METRIC_lag_records, values, 4);
    metrics_summarise(&metrics, METRIC_lag_records, out);
    ck_assert_double_eq(out[STATISTIC_MAX], 9);
    ck_assert_double_eq(out[STATISTIC_MEAN], 5);
    ck_assert_double_eq(out[STATISTIC_FINAL], 4);
    ck_assert(number_is_none(out[STATISTIC_TOTAL]));
    ck_assert_double_eq(out[STATISTIC_VALUE], 9); /* of a lag it is the most */
    end();
}
END_TEST

START_TEST(a_growing_metric_totals_what_it_has_come_to)
{
    const double values[] = { 0, 1, 5 };
    double out[STATISTIC_COUNT];
    begin(LOAD_FIXTURE_BASE);
    fill(METRIC_restarts, values, 3);
    metrics_summarise(&metrics, METRIC_restarts, out);
    ck_assert_double_eq(out[STATISTIC_TOTAL], 5);
    ck_assert_double_eq(out[STATISTIC_VALUE], 5);
    end();
}
END_TEST

START_TEST(exact_totals_make_exact_means)
{
    const double values[] = { number_none(), 100, 50 };
    double out[STATISTIC_COUNT];
    begin(LOAD_FIXTURE_BASE);
    fill(METRIC_offered_rate, values, 3);
    metrics.columns.items[METRIC_offered_rate].total = 90;
    metrics.columns.items[METRIC_offered_rate].seconds = 2;
    metrics_summarise(&metrics, METRIC_offered_rate, out);
    ck_assert_double_eq(out[STATISTIC_TOTAL], 90);
    ck_assert_double_eq(out[STATISTIC_MEAN], 45);
    end();
}
END_TEST

START_TEST(events_have_statistics_over_events_not_over_samples)
{
    double out[STATISTIC_COUNT];
    begin(LOAD_FIXTURE_BASE);
    metrics_add_row(&metrics, 0);
    metrics_summarise(&metrics, METRIC_checkpoint_duration_seconds, out);
    ck_assert_double_eq(out[STATISTIC_TOTAL], 0);
    ck_assert(number_is_none(out[STATISTIC_VALUE]));
    for (int i = 1; i <= 4; i++)
        vec_push(&metrics.durations.items[1].values, i);
    metrics_summarise(&metrics, METRIC_checkpoint_duration_seconds, out);
    ck_assert_double_eq(out[STATISTIC_VALUE], 2.5);
    ck_assert_double_eq(out[STATISTIC_MAX], 4);
    end();
}
END_TEST

START_TEST(jobs_are_joined_by_sum_largest_or_smallest)
{
    const double values[] = { 3, number_none(), 5 };
    const double nothing[] = { number_none() };
    ck_assert_double_eq(metrics_join(METRIC_offered_rate, values, 3, 1), 8);
    ck_assert_double_eq(metrics_join(METRIC_lag_seconds, values, 3, 1), 5);
    ck_assert_double_eq(metrics_join(METRIC_idle, values, 3, 1), 3);
    ck_assert_double_eq(metrics_join(METRIC_idle, values, 2, 2), 3);
    ck_assert(number_is_none(metrics_join(METRIC_idle, nothing, 1, 1)));
}
END_TEST

START_TEST(a_second_row_of_the_same_time_takes_the_place_of_the_first)
{
    begin(LOAD_FIXTURE_BASE);
    metrics_add_row(&metrics, 5 * TIME_S)[METRIC_cost] = 1;
    double *row = metrics_add_row(&metrics, 5 * TIME_S);
    ck_assert(number_is_none(row[METRIC_cost]));
    ck_assert_uint_eq(metrics.times.count, 1);
    ck_assert_int_eq(metrics_end(&metrics), 5 * TIME_S);
    end();
}
END_TEST

static void write_csv(void write(const struct metrics *, FILE *), char *out, size_t size)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    write(&metrics, file);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

START_TEST(csv_quotes_names_and_leaves_what_has_no_value_empty)
{
    char text[8192];
    begin(TWO_JOBS);
    metrics_add_row(&metrics, TIME_S / 2)[METRIC_served_rate] = 2.5;
    write_csv(metrics_write_csv, text, sizeof text);
    ck_assert_ptr_eq(strstr(text, "time_s,offered_rate,served_rate,"), text);
    ck_assert_ptr_nonnull(strstr(text, ",\"b.busy.odd \"\"name\"\"\","));
    ck_assert_ptr_nonnull(strstr(text, "\n0.5,,2.5,,"));
    end();
}
END_TEST

START_TEST(thinned_rows_keep_peaks_of_levels_and_means_of_rates)
{
    const double rates[] = { number_none(), 10, 20, 30 }, lags[] = { 0, 7, 1, 2 };
    begin(LOAD_FIXTURE_BASE);
    fill(METRIC_offered_rate, rates, 4);
    for (size_t i = 0; i < 4; i++)
        metrics.cells.items[i * metrics.columns.count + METRIC_lag_seconds] = lags[i];
    ck_assert_double_eq(metrics_thinned(&metrics, METRIC_offered_rate, 0, 2), 10);
    ck_assert_double_eq(metrics_thinned(&metrics, METRIC_offered_rate, 2, 4), 25);
    ck_assert_double_eq(metrics_thinned(&metrics, METRIC_lag_seconds, 0, 2), 7);
    double least, most;
    metrics_span(&metrics, METRIC_offered_rate, 0, 4, &least, &most);
    ck_assert_double_eq(least, 10);
    ck_assert_double_eq(most, 30);
    metrics_span(&metrics, METRIC_offered_rate, 0, 1, &least, &most);
    ck_assert(number_is_none(least) && number_is_none(most));
    end();
}
END_TEST

START_TEST(pictures_have_the_columns_they_draw_and_no_more_rows_than_they_can_show)
{
    char text[8192];
    size_t lines = 0;
    begin(TWO_JOBS);
    size_t busy = column_named("b.busy.odd \"name\""),
           duration = column_named("b.checkpoint_duration_seconds");
    for (time_ns at = 0; at < 3 * DRAWN_ROWS_MAX; at++) {
        double *row = metrics_add_row(&metrics, at * TIME_S);
        row[busy] = 0.5;
        row[METRIC_offered_rate] = at == 2 ? 1000 : 10;
    }
    write_csv(drawn_write, text, sizeof text);
    ck_assert_ptr_eq(strstr(text, "time_s,offered_rate,served_rate,lag_seconds,parallelism,"
                                  "task_managers,checkpoint_duration_seconds,busy1,idle1,"
                                  "backpressured1,busy_max1,checkpoint1,checkpoint2,"
                                  "offered_rate_least,offered_rate_most,served_rate_least,"
                                  "served_rate_most\n"),
                     text);
    ck_assert_ptr_nonnull(strstr(text, "\n3,257.5,,,,,,0.5,,,,,,10,1000,,\n"));
    metrics.times.count = 1; /* the first sample only */
    metrics.cells.items[duration] = 7;
    write_csv(drawn_write, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "\n0,10,,,,,,0.5,,,,,7,10,10,,\n"));
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    ck_assert_uint_eq(lines, 2);
    end();
}
END_TEST

/* As a picture asks for them: the summary and a file with that header. */
static size_t ask_drawn(const json_t *summary, const char *header, struct drawn_vertex *out,
                        size_t *ran)
{
    char path[] = "/tmp/weir-drawn-XXXXXX";
    struct note note = { "" };
    size_t count = 0;
    FILE *file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%s\n", header);
    fclose(file);
    struct err e = drawn_vertices(summary, path, out, &count, ran, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    remove(path);
    return count;
}

START_TEST(the_summary_names_the_vertices_that_are_drawn)
{
    struct drawn_vertex vertices[DRAWN_VERTICES_MAX];
    size_t ran;
    json_t *summary = json_pack("{s:[{s:s},{s:s}], s:{s:{}, s:{s:f}, s:{s:f}, s:{s:n}}}", "jobs",
                                "name", "a", "name", "b", "metrics", "busy", "a.busy.x", "mean",
                                0.5, "a.idle.x", "mean", 0.5, "b.busy.never", "mean");
    ck_assert(drawn_any_vertex(summary));
    ck_assert_uint_eq(ask_drawn(summary, "time_s,busy1,idle1", vertices, &ran), 1);
    ck_assert_uint_eq(ran, 1);
    ck_assert_str_eq(vertices[0].job, "a");
    ck_assert_str_eq(vertices[0].vertex, "x");
    ck_assert_uint_eq(drawn_checkpoints(summary), 2);
    json_decref(summary);
    summary = json_pack("{s:[{s:s}], s:{s:{s:f}, s:{s:f}}}", "jobs", "name", "busy", "metrics",
                        "busy.w", "mean", 0.1, "busy.x", "mean", 0.5);
    ck_assert_uint_eq(ask_drawn(summary, "time_s,busy2,idle2", vertices, &ran), 1);
    ck_assert_uint_eq(ran, 2);
    ck_assert_ptr_null(vertices[0].job);
    ck_assert_str_eq(vertices[0].vertex, "x");
    ck_assert_uint_eq(vertices[0].number, 2);
    json_decref(summary);
}
END_TEST

/* Where there are too many: whoever draws the first ones misses the bottleneck. */
START_TEST(of_many_vertices_the_busiest_are_drawn_in_the_order_of_the_graph)
{
    static const char head[] = "name: s\nduration: 1min\nconfig: { parallelism.default: 1 }\n"
                               "cluster: { task-manager: { count: 1, slots: 1 } }\njobs:\n"
                               "  - name: j\n    load: 1/s\n    vertices:\n";
    const double busy[] = { 0.2, 0.1, 0.2, 0.2, 0.1, 0.2, 0.2, 0.1, 0.2, 0.2, 0.9, 0.2 };
    char yaml[2048], text[8192];
    size_t length = text_format(yaml, sizeof yaml, "%s", head);
    for (size_t v = 0; v < 12; v++)
        length += text_format(yaml + length, sizeof yaml - length, "      - { name: v%zu }\n", v);
    length += text_format(yaml + length, sizeof yaml - length, "    edges: [ ");
    for (size_t v = 1; v < 12; v++)
        length += text_format(yaml + length, sizeof yaml - length, "%sv%zu -> v%zu: rebalance",
                              v > 1 ? ", " : "", v - 1, v);
    text_format(yaml + length, sizeof yaml - length, " ]\n");
    begin(yaml);
    double *row = metrics_add_row(&metrics, TIME_S);
    for (size_t v = 0; v < 12; v++) {
        char name[32];
        text_format(name, sizeof name, "busy.v%zu", v);
        row[column_named(name)] = 0.01;
        text_format(name, sizeof name, "busy_max.v%zu", v);
        row[column_named(name)] = busy[v];
    }
    write_csv(drawn_write, text, sizeof text);
    const char *at = text;
    static const char *const wanted[] = { ",busy1,", ",busy3,", ",busy4,",  ",busy6,",
                                          ",busy7,", ",busy9,", ",busy10,", ",busy11," };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        at = strstr(at, wanted[i]);
        ck_assert_msg(at != NULL, "%s in %s", wanted[i], text);
    }
    ck_assert_ptr_null(strstr(text, ",busy2,"));
    ck_assert_ptr_null(strstr(text, ",busy12,"));
    end();
}
END_TEST

START_TEST(every_metric_is_in_the_table_of_the_documentation)
{
    char text[8192];
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    metrics_write_markdown(file);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (int m = 0; m < METRIC_NAME_COUNT; m++)
        ck_assert_ptr_nonnull(strstr(text, metric_rows[m].name));
    ck_assert_ptr_nonnull(
        strstr(text, "| `lag_seconds` | seconds | job | level | largest | max |"));
}
END_TEST

/* docs/metrics.md holds that very table. */
START_TEST(the_documentation_holds_the_table_as_it_is)
{
    char table[8192], page[32768];
    FILE *file = tmpfile(), *docs = fopen("docs/metrics.md", "rb");
    ck_assert(file && docs);
    metrics_write_markdown(file);
    rewind(file);
    table[fread(table, 1, sizeof table - 1, file)] = '\0';
    page[fread(page, 1, sizeof page - 1, docs)] = '\0';
    fclose(file);
    fclose(docs);
    ck_assert_msg(strstr(page, table) != NULL,
                  "docs/metrics.md: put the output of weir help --metrics-markdown there");
}
END_TEST

Suite *test_report_metrics_suite(void)
{
    Suite *suite = suite_create("report: metrics");
    TCase *table = tcase_create("table"), *files = tcase_create("files");
    tcase_add_test(table, one_job_has_no_columns_of_its_own_but_its_vertices_have);
    tcase_add_test(table, several_jobs_have_columns_with_their_names);
    tcase_add_test(table, what_is_known_at_samples_only_has_no_total);
    tcase_add_test(table, a_growing_metric_totals_what_it_has_come_to);
    tcase_add_test(table, exact_totals_make_exact_means);
    tcase_add_test(table, events_have_statistics_over_events_not_over_samples);
    tcase_add_test(table, jobs_are_joined_by_sum_largest_or_smallest);
    tcase_add_test(table, a_second_row_of_the_same_time_takes_the_place_of_the_first);
    tcase_add_test(files, csv_quotes_names_and_leaves_what_has_no_value_empty);
    tcase_add_test(files, thinned_rows_keep_peaks_of_levels_and_means_of_rates);
    tcase_add_test(files, pictures_have_the_columns_they_draw_and_no_more_rows_than_they_can_show);
    tcase_add_test(files, the_summary_names_the_vertices_that_are_drawn);
    tcase_add_test(files, of_many_vertices_the_busiest_are_drawn_in_the_order_of_the_graph);
    tcase_add_test(files, every_metric_is_in_the_table_of_the_documentation);
    tcase_add_test(files, the_documentation_holds_the_table_as_it_is);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, files);
    return suite;
}
