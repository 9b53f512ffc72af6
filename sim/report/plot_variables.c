/* SPDX-License-Identifier: Apache-2.0
 *
 * The variables of each picture: units of axes, their ends, the steps of the time axis, names,
 * files. Everything is read from the run's own files, so that an old run can be drawn anew.
 */
#include "sim/report/plot_variables.h"

#include <math.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "sim/report/changes.h"
#include "sim/report/drawn.h"
#include "sim/report/figures.h"
#include "sim/report/json_figure.h"
#include "sim/report/number_text.h"
#include "sim/report/output_file.h"
#include "sim/report/plot_files.h"
#include "sim/report/plot_names.h"
#include "sim/report/recovery_title.h"

/* An offered peak that many times above what is served is left out of the axis. */
#define RATES_APART  20.0
#define RATES_MARGIN 1.1

enum {
    CAPTION_CHANGES_SIZE = 160,
    PATH_SIZE = 4096,
    TITLE_WIDTH = 92, /* characters */
    NAME_WIDTH = 36   /* bytes */
};

static void put_path(const char *folder, const char *name, char out[PATH_SIZE])
{
    text_format(out, PATH_SIZE, "%s/%s", folder, name);
}

static const json_t *shown_recovery(const json_t *summary)
{
    json_int_t place = json_integer_value(json_object_get(summary, "shown_recovery"));
    return json_array_get(json_object_get(summary, "recoveries"), (size_t)place);
}

bool plot_variables_any(enum plot_picture picture, const json_t *summary)
{
    bool worlds = json_object_get(summary, "worlds") != NULL;
    switch (picture) {
    case PICTURE_OVERVIEW: return json_figure(summary, "duration_s") > 0 && !worlds;
    case PICTURE_COMPARE: return json_object_size(json_object_get(summary, "compare")) > 0;
    case PICTURE_RECOVERY: return shown_recovery(summary) != NULL;
    case PICTURE_UTILISATION: return drawn_any_vertex(summary);
    case PICTURE_WORLDS: return worlds && json_figure(summary, "duration_s") > 0;
    case PICTURE_COUNT: break;
    }
    IMPOSSIBLE("picture");
}

/* The time axis. */

static void set_time(const struct drawing *drawing, double from, double to, double origin,
                     const char *since)
{
    struct gnuplot *g = drawing->gnuplot;
    double length = to - from, unit = 1;
    const char *kind = "number", *name = "seconds";
    char label[96];
    if (length > 2 * 86400) {
        unit = 86400;
        name = "days";
    } else if (length > 3 * 3600 && origin <= 0) {
        kind = "clock";
        name = "hours and minutes";
    } else if (length > 600) {
        unit = 60;
        name = "minutes";
    }
    text_format(label, sizeof label, "%s since %s", name, since);
    gnuplot_set_number(g, "x_from", from);
    gnuplot_set_number(g, "x_to", to);
    gnuplot_set_number(g, "x_origin", origin);
    gnuplot_set_number(g, "x_step", timeline_axis_step(length));
    gnuplot_set_number(g, "x_div", unit);
    gnuplot_set_text(g, "x_kind", kind);
    gnuplot_set_text(g, "x_label", label);
}

/* Bytes of a name that leave room for what stands behind it, whole characters of UTF-8. */
static int name_length(const char *name)
{
    size_t length = strlen(name);
    if (length <= NAME_WIDTH)
        return (int)length;
    for (length = NAME_WIDTH; length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80;)
        length--;
    return (int)length;
}

/* Title: the question, over as many lines as it needs. */
static void set_title(const struct drawing *drawing, const char *question)
{
    char title[1024];
    size_t lines = 1, line_start = 0, last_blank = 0;
    text_format(title, sizeof title, "%s", question);
    for (size_t i = 0; title[i]; i++) {
        if (title[i] == ' ' || title[i] == '\n')
            last_blank = i;
        if (title[i] == '\n')
            title[i] = ' ';
        if (i - line_start < TITLE_WIDTH || last_blank <= line_start || lines == 3)
            continue;
        title[last_blank] = '\n';
        line_start = last_blank;
        lines++;
    }
    gnuplot_set_shown(drawing->gnuplot, "question", title);
    gnuplot_set_count(drawing->gnuplot, "question_lines", lines);
}

/* The first, or only how many where there is more to say. */
static void put_changes(const json_t *summary, bool is_short, char out[CAPTION_CHANGES_SIZE])
{
    char words[CAPTION_CHANGES_SIZE];
    size_t count = changes_text(summary, 1, words, sizeof words);
    out[0] = '\0';
    if (count > 0 && is_short)
        text_format(out, CAPTION_CHANGES_SIZE, ", %zu change%s", count, count == 1 ? "" : "s");
    else if (count > 0)
        text_format(out, CAPTION_CHANGES_SIZE, ", with %s", words);
}

static void set_caption(const struct drawing *drawing, const char *more)
{
    char caption[512], length[NUMBER_TEXT_SIZE], changes[CAPTION_CHANGES_SIZE];
    number_text_seconds(json_figure(drawing->summary, "duration_s"), length);
    const char *name = json_text(drawing->summary, "name");
    int shown = name_length(name);
    put_changes(drawing->summary, *more != '\0', changes);
    text_format(caption, sizeof caption, "%.*s%s, seed %lld, %s of simulated time%s%s", shown, name,
                name[shown] ? "…" : "",
                (long long)json_integer_value(json_object_get(drawing->summary, "seed")), length,
                changes, more);
    gnuplot_set_shown(drawing->gnuplot, "caption", caption);
}

static void set_file(const struct drawing *drawing, const char *variable, const char *name)
{
    char path[PATH_SIZE];
    put_path(drawing->folder, name, path);
    gnuplot_set_text(drawing->gnuplot, variable, path);
}

static void set_rows(const struct drawing *drawing, const char *variable, const char *folder)
{
    char name[PATH_SIZE];
    text_format(name, sizeof name, "%splot.csv", folder);
    set_file(drawing, variable, name);
}

static struct err set_marks(const struct drawing *drawing, const char *name, struct note *note)
{
    char path[PATH_SIZE], lacking[PLOT_LACKING_SIZE] = "";
    size_t rows;
    put_path(drawing->folder, name, path);
    TRY(plot_label_rows(path, &rows, note));
    if (drawing->gnuplot->has_one_font)
        TRY(plot_lacking_letters(path, lacking, note));
    gnuplot_set_text(drawing->gnuplot, "lacking", lacking);
    gnuplot_set_text(drawing->gnuplot, "events", path);
    gnuplot_set_count(drawing->gnuplot, "strip_rows", rows ? rows : 1);
    return OK;
}

/* Values in seconds, and the unit in which the axis says them. */
static void set_seconds_axis(struct gnuplot *g, const char *prefix, double most)
{
    char name[64];
    double unit = most >= 10800 ? 3600 : most >= 600 ? 60 : most >= 1 || most <= 0 ? 1 : 1e-3;
    const char *text = most >= 10800            ? "h"
                       : most >= 600            ? "min"
                       : most >= 1 || most <= 0 ? "s"
                                                : "ms";
    text_format(name, sizeof name, "max_%s", prefix);
    gnuplot_set_number(g, name, most);
    text_format(name, sizeof name, "%s_div", prefix);
    gnuplot_set_number(g, name, unit);
    text_format(name, sizeof name, "%s_unit", prefix);
    gnuplot_set_text(g, name, text);
}

/* Columns of checkpoints' durations: each job's own, because two jobs' checkpoints may end within
 * one sample; of all together where there are too many jobs. */
static void set_checkpoints(struct gnuplot *g, const char *variable, const json_t *summary)
{
    size_t count = drawn_checkpoints(summary);
    char columns[DRAWN_JOBS_MAX * 16] = "checkpoint_duration_seconds";
    for (size_t i = 0, length = 0; i < count; i++, length += strlen(columns + length))
        text_format(columns + length, sizeof columns - length, "checkpoint%zu ", i + 1);
    gnuplot_set_text(g, variable, columns);
}

/* The largest value in the run and in the one behind it. */
static double most_of(const json_t *summary, const json_t *other, const char *metric)
{
    double own = summary_number(summary, metric, "max");
    double theirs = other ? summary_number(other, metric, "max") : number_none();
    own = number_is_none(own) ? 0 : own;
    return number_is_none(theirs) ? own : fmax(own, theirs);
}

/* Records that are all there at once, or a peak far above what is carried, would press the other
 * curves flat: the axis leaves it out, and the panel's title says how high it goes. */
static void set_rates(struct gnuplot *g, double offered, double served)
{
    char text[64] = "", peak[NUMBER_TEXT_SIZE];
    bool is_apart = served > 0 && offered > RATES_APART * served;
    number_text_amount(offered, peak);
    if (is_apart)
        text_format(text, sizeof text, ", offered up to %s", peak);
    gnuplot_set_text(g, "offered_peak", text);
    gnuplot_set_number(g, "max_rate", is_apart ? served * RATES_MARGIN : fmax(offered, served));
}

/* The pictures. */

/* A row of plot.csv is of several samples where there are too many for all to be drawn. */
static struct err set_span(const struct drawing *drawing, struct note *note)
{
    double row, sample = json_figure(drawing->summary, "sample_s");
    char path[PATH_SIZE], length[NUMBER_TEXT_SIZE], text[64] = "";
    put_path(drawing->folder, "plot.csv", path);
    TRY(plot_row_seconds(path, &row, note));
    number_text_seconds(row, length);
    if (row > 1.5 * sample)
        text_format(text, sizeof text, "bands: least to most of each %s", length);
    gnuplot_set_text(drawing->gnuplot, "span_text", text);
    return OK;
}

static struct err set_overview(const struct drawing *drawing, struct note *note)
{
    const json_t *s = drawing->summary;
    struct gnuplot *g = drawing->gnuplot;
    struct figure_runs runs;
    figure_runs_of(s, &runs);
    bool has_other = runs.count > 1;
    const json_t *other = has_other ? runs.summary[1] : NULL;
    char folder[256] = "", name[PATH_SIZE], together[96] = "";
    size_t jobs = json_array_size(json_object_get(s, "jobs"));
    if (jobs > 1)
        text_format(together, sizeof together,
                    "; %zu jobs: rates added up, lag and parallelism of the one that has most",
                    jobs);
    if (has_other)
        text_format(folder, sizeof folder, "%s/", json_text(other, "folder"));
    set_caption(drawing, together);
    set_time(drawing, 0, json_figure(s, "duration_s"), 0, "the start");
    set_rows(drawing, "rows", "");
    set_rows(drawing, "other", folder);
    gnuplot_set_count(g, "lost", (size_t)json_integer_value(json_object_get(s, "machines_lost")));
    gnuplot_set_count(g, "has_other", has_other);
    gnuplot_set_shown(g, "other_name", has_other ? runs.name[1] : "");
    set_rates(g, most_of(s, other, "offered_rate"), most_of(s, other, "served_rate"));
    gnuplot_set_number(g, "max_parallel",
                       fmax(most_of(s, other, "parallelism"), most_of(s, other, "task_managers")));
    set_seconds_axis(g, "lag", most_of(s, other, "lag_seconds"));
    set_checkpoints(g, "checkpoints", s);
    set_checkpoints(g, "other_checkpoints", has_other ? other : s);
    set_seconds_axis(g, "checkpoint", most_of(s, other, "checkpoint_duration_seconds"));
    double failed = most_of(s, NULL, "checkpoints_failed");
    double others_failed = has_other ? most_of(other, NULL, "checkpoints_failed") : 0;
    gnuplot_set_count(g, "failed", failed > 0);
    gnuplot_set_count(g, "other_failed", others_failed > 0);
    gnuplot_set_count(g, "has_checkpoints",
                      most_of(s, other, "checkpoints_completed") + failed + others_failed > 0);
    text_format(name, sizeof name, "%sevents.csv", folder);
    set_file(drawing, "other_events", name);
    TRY(set_span(drawing, note));
    return set_marks(drawing, "events.csv", note);
}

static time_ns in_ns(double seconds)
{
    return (time_ns)floor(seconds * (double)TIME_S + 0.5);
}

/* Like timeline_window, from the summary's figures. */
static void set_recovery_time(const struct drawing *drawing, const json_t *recovery, double *from_s,
                              double *to_s)
{
    double down_at = json_figure(recovery, "down_at");
    double after = json_figure(recovery, "recovered_after_s");
    double failed = json_figure(recovery, "failed_s");
    double end = json_figure(drawing->summary, "duration_s");
    struct incident incident = { .at = in_ns(json_figure(recovery, "at")),
                                 .down_at = in_ns(down_at),
                                 .running_at = TIME_NEVER,
                                 .failed_at = TIME_NEVER };
    time_ns from, to;
    if (!number_is_none(failed))
        incident.failed_at = in_ns(failed);
    if (!number_is_none(after))
        incident.running_at = in_ns(down_at + after);
    double sample = json_figure(drawing->summary, "sample_s");
    if (number_is_none(sample)) /* a summary by hand, or of an older version */
        sample = 0;
    timeline_window(&incident, (time_ns)(sample * (double)TIME_S), (time_ns)(end * (double)TIME_S),
                    &from, &to);
    *from_s = (double)from / (double)TIME_S;
    *to_s = (double)to / (double)TIME_S;
    time_ns origin = timeline_origin(&incident);
    set_time(drawing, *from_s, *to_s, (double)origin / (double)TIME_S,
             origin == incident.at ? "the fault" : "its tasks stopped");
}

static struct err set_recovery(const struct drawing *drawing, struct note *note)
{
    struct gnuplot *g = drawing->gnuplot;
    const json_t *s = drawing->summary;
    char path[PATH_SIZE], sample[NUMBER_TEXT_SIZE];
    char title[RECOVERY_TITLE_SIZE], more[RECOVERY_TITLE_SIZE];
    struct plot_flow flow;
    double from, to;
    recovery_title(s, shown_recovery(s), title, more);
    set_title(drawing, title);
    set_caption(drawing, more);
    set_recovery_time(drawing, shown_recovery(s), &from, &to);
    set_file(drawing, "rows", "metrics.csv"); /* so near, every sample counts */
    set_file(drawing, "states", "states.csv");
    number_text_seconds(json_figure(s, "sample_s"), sample);
    gnuplot_set_text(g, "sample_text", sample);
    plot_names_set_jobs(g, s, shown_recovery(s));
    bool is_one_of_many = json_array_size(json_object_get(s, "jobs")) > 1;
    const char *job = is_one_of_many ? json_text(shown_recovery(s), "job") : NULL;
    gnuplot_set_text(g, "whose", job ? "its " : "");
    put_path(drawing->folder, "metrics.csv", path);
    TRY(plot_flow_between(path, job, from, to, &flow, note));
    gnuplot_set_count(g, "offered_column", flow.offered);
    gnuplot_set_count(g, "served_column", flow.served);
    gnuplot_set_count(g, "lag_column", flow.lag);
    gnuplot_set_number(g, "max_rate", flow.most_rate);
    set_seconds_axis(g, "lag", flow.most_lag);
    return set_marks(drawing, "recovery.csv", note);
}

static struct err set_utilisation(const struct drawing *drawing, struct note *note)
{
    struct gnuplot *g = drawing->gnuplot;
    struct drawn_vertex vertices[DRAWN_VERTICES_MAX];
    size_t count, ran;
    char path[PATH_SIZE], more[64] = "";
    put_path(drawing->folder, "plot.csv", path);
    TRY(drawn_vertices(drawing->summary, path, vertices, &count, &ran, note));
    if (count < ran)
        text_format(more, sizeof more, "; %zu of %zu vertices, the busiest", count, ran);
    set_caption(drawing, more);
    set_time(drawing, 0, json_figure(drawing->summary, "duration_s"), 0, "the start");
    set_rows(drawing, "rows", "");
    gnuplot_set_count(g, "vertex_count", count);
    plot_names_set_vertices(g, vertices, count);
    return set_marks(drawing, "events.csv", note);
}

/* The figures worth bars, and the colour of each: see common.gp. */
static const struct bar_row {
    const char *metric, *statistic;
    int paint;
} bar_rows[] = {
    { "cost", "final", 0xCC79A7 },      { "task_manager_hours", "final", 0xCC79A7 },
    { "lag_seconds", "p99", 0xD55E00 }, { "downtime_seconds", "final", 0xD55E00 },
    { "restarts", "final", 0xD55E00 },  { "rescales", "final", 0x009E73 },
};
enum { BAR_FIGURES_MAX = 4, PAINT_OTHER = 0x999999 };

static void write_bars(const struct figure *figure, size_t runs, size_t number, int paint,
                       FILE *file)
{
    double most = 0;
    char share[NUMBER_TEXT_SIZE], value[NUMBER_TEXT_SIZE];
    for (size_t r = 0; r < runs; r++)
        if (!number_is_none(figure->value[r]))
            most = fmax(most, figure->value[r]);
    for (size_t r = 0; r < runs; r++) {
        number_plain(figure->value[r], value);
        number_plain(most > 0 && !number_is_none(figure->value[r]) ? figure->value[r] / most : 0,
                     share);
        fprintf(file, "%zu,%zu,%s,%s,%d,\"%s\"\n", number, r, value, share,
                r == 0 ? paint : PAINT_OTHER, figure->text[r]);
    }
}

static struct err set_compare(const struct drawing *drawing, struct note *note)
{
    struct gnuplot *g = drawing->gnuplot;
    struct figure_runs runs;
    struct figure figure;
    struct output_file output;
    char path[PATH_SIZE], name[32], more[64] = "";
    size_t number = 0;
    figure_runs_of(drawing->summary, &runs);
    if (runs.count > PLOT_RUNS_MAX) {
        text_format(more, sizeof more, "; the first %d of %zu variants", PLOT_RUNS_MAX - 1,
                    json_object_size(json_object_get(drawing->summary, "compare")));
        runs.count = PLOT_RUNS_MAX;
    }
    set_caption(drawing, more);
    put_path(drawing->folder, "compare.csv", path);
    TRY(output_file_begin(&output, path, note));
    fputs("figure,row,value,share,paint,text\n", output.file);
    for (size_t i = 0; i < sizeof bar_rows / sizeof *bar_rows && number < BAR_FIGURES_MAX; i++) {
        size_t index = figure_find(bar_rows[i].metric, bar_rows[i].statistic);
        CHECK(index != SIZE_MAX);
        bool any = figure_make(index, &runs, &figure);
        /* Hours stand for cost where no price is given. */
        if (!any || (i == 1 && number > 0))
            continue;
        number++;
        text_format(name, sizeof name, "figure%zu", number);
        gnuplot_set_shown(g, name, figure.label);
        write_bars(&figure, runs.count, number, bar_rows[i].paint, output.file);
    }
    TRY(output_file_end(&output, note));
    gnuplot_set_count(g, "figure_count", number);
    gnuplot_set_count(g, "run_count", runs.count);
    plot_names_set_runs(g, &runs);
    set_time(drawing, 0, 1, 0, "the start");
    gnuplot_set_text(g, "bars", path);
    return OK;
}

/* Of each world its name and its rows; of all the largest values; where they first part. */
static struct err set_worlds(const struct drawing *drawing, struct note *note)
{
    const json_t *s = drawing->summary, *worlds = json_object_get(s, "worlds"), *world;
    const json_t *compared = json_array_get(json_object_get(s, "comparisons"), 0);
    const json_t *decisions = json_object_get(compared, "decisions");
    struct gnuplot *g = drawing->gnuplot;
    char name[PATH_SIZE], first[PATH_SIZE];
    double rate = 0, lag = 0, latency = 0, checkpoint = 0;
    size_t i;
    text_format(first, sizeof first, "%s/events.csv",
                json_text(json_array_get(worlds, 0), "world"));
    json_array_foreach(worlds, i, world)
    {
        text_format(name, sizeof name, "world%zu", i + 1);
        gnuplot_set_text(g, name, json_text(world, "world"));
        rate = fmax(rate, most_of(world, NULL, "served_rate"));
        lag = fmax(lag, most_of(world, NULL, "lag_seconds"));
        latency = fmax(latency, most_of(world, NULL, "latency_p99_seconds"));
        checkpoint = fmax(checkpoint, most_of(world, NULL, "checkpoint_duration_seconds"));
    }
    gnuplot_set_count(g, "world_count", i);
    gnuplot_set_text(g, "folder", drawing->folder);
    set_caption(drawing, "");
    set_time(drawing, 0, json_figure(s, "duration_s"), 0, "the start");
    gnuplot_set_number(g, "max_rate", rate);
    set_seconds_axis(g, "lag", lag);
    set_seconds_axis(g, "latency", latency);
    set_seconds_axis(g, "checkpoint", checkpoint);
    double parting = json_figure(json_object_get(decisions, "first_parting"), "t");
    gnuplot_set_number(g, "parting", number_is_none(parting) ? -1 : parting);
    return set_marks(drawing, first, note);
}

struct err plot_variables_set(const struct drawing *drawing, enum plot_picture picture,
                              const char *format, struct note *note)
{
    const char *question = json_text(drawing->summary, "question");
    gnuplot_set_format(drawing->gnuplot, format);
    gnuplot_set_text(drawing->gnuplot, "scripts", drawing->scripts);
    if (picture != PICTURE_RECOVERY)
        set_title(drawing, *question ? question : json_text(drawing->summary, "name"));
    switch (picture) {
    case PICTURE_OVERVIEW: return set_overview(drawing, note);
    case PICTURE_COMPARE: return set_compare(drawing, note);
    case PICTURE_RECOVERY: return set_recovery(drawing, note);
    case PICTURE_UTILISATION: return set_utilisation(drawing, note);
    case PICTURE_WORLDS: return set_worlds(drawing, note);
    case PICTURE_COUNT: break;
    }
    IMPOSSIBLE("picture");
}
