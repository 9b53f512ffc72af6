/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing the report from top to bottom. All texts of the run are escaped; the pictures are
 * gnuplot's own SVG without its first lines.
 */
#include "sim/report/html.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/report/changes.h"
#include "sim/report/figures.h"
#include "sim/report/json_figure.h"
#include "sim/report/number_text.h"
#include "sim/report/plots.h"

enum {
    PATH_SIZE = 4096,
    TASK_SIZE = 200,
    RECOVERIES_SHOWN = 50,
    RUNS_SHOWN = 6,
    BUFFER_SIZE = 1 << 14,
};

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
static const char style[] =
    "<style>\n"
    "body{font:16px/1.5 'DejaVu Sans',Verdana,sans-serif;color:#222;background:#fff;"
    "max-width:72rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .3rem}\n"
    "h2{font-size:1.15rem;margin:2.2rem 0 .5rem}\n"
    ".caption,.how{color:#666;font-size:.85rem}\n"
    ".answer{font-size:1.1rem;border-left:4px solid #0072B2;padding:.2rem 0 .2rem .9rem;"
    "margin:1.2rem 0}\n"
    "table{border-collapse:collapse;font-size:.9rem}\n"
    "th,td{padding:.25rem .9rem .25rem 0;text-align:left;border-bottom:1px solid #e4e4e4;"
    "vertical-align:top}\n"
    "th{font-weight:600;color:#666}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums}\n"
    ".failed{color:#b03a00;font-weight:700}\n"
    "figure{margin:1rem 0;break-inside:avoid}\n"
    "svg{width:100%;height:auto}\n"
    "code{font-family:'DejaVu Sans Mono',monospace;font-size:.85em}\n"
    "@media print{body{margin:0;max-width:none}h2{break-after:avoid}}\n"
    "</style>\n";

static void put_escaped(const char *text, FILE *file)
{
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&': fputs("&amp;", file); break;
        case '<': fputs("&lt;", file); break;
        case '>': fputs("&gt;", file); break;
        case '"': fputs("&quot;", file); break;
        default: fputc(*p, file); break;
        }
    }
}

static void put_cell(const char *kind, const char *class, const char *text, FILE *file)
{
    fprintf(file, "<%s%s%s%s>", kind, *class ? " class=\"" : "", class, *class ? "\"" : "");
    put_escaped(text, file);
    fprintf(file, "</%s>", kind);
}

static void put_seconds_cell(const json_t *object, const char *key, FILE *file)
{
    const json_t *value = json_object_get(object, key);
    char text[NUMBER_TEXT_SIZE];
    number_text_seconds(json_is_number(value) ? json_number_value(value) : number_none(), text);
    put_cell("td", "n", text, file);
}

static void put_title(const json_t *summary, FILE *file)
{
    const char *question = json_text(summary, "question");
    char length[NUMBER_TEXT_SIZE], changes[CHANGES_TEXT_SIZE];
    fputs(head, file);
    fputs("<title>", file);
    put_escaped(*question ? question : json_text(summary, "name"), file);
    fputs("</title>\n", file);
    fputs(style, file);
    fputs("</head>\n<body>\n<h1>", file);
    put_escaped(*question ? question : json_text(summary, "name"), file);
    fputs("</h1>\n<p class=\"caption\">", file);
    put_escaped(json_text(summary, "name"), file);
    number_text_seconds(json_number_value(json_object_get(summary, "duration_s")), length);
    fprintf(file, ", %s of simulated time", length);
    if (changes_text(summary, CHANGES_ALL, changes, sizeof changes) > 0) {
        fputs(", with <code>", file);
        put_escaped(changes, file);
        fputs("</code>", file);
    }
    fprintf(file, "%s</p>\n",
            json_is_false(json_object_get(summary, "complete"))
                ? ". The run was stopped early: this is what it had come to."
                : "");
}

/* The answer. */

/* "cost 31.20 (fixed: 62.10)" */
static void put_figure_words(const struct figure *figure, const struct figure_runs *runs,
                             const char *before, FILE *file)
{
    fputs(before, file);
    put_escaped(figure->label, file);
    fprintf(file, " <b>%s</b>", figure->text[0]);
    for (size_t i = 1; i < runs->count && i < RUNS_SHOWN; i++) {
        fputs(i == 1 ? " (" : ", ", file);
        put_escaped(runs->name[i], file);
        fprintf(file, ": %s", figure->text[i]);
    }
    if (runs->count > RUNS_SHOWN)
        fprintf(file, ", %zu more below", runs->count - RUNS_SHOWN);
    if (runs->count > 1)
        fputs(")", file);
}

/* Of the run and of its variants: as many as the table below has rows. */
static void put_verdict(const struct figure_runs *runs, FILE *file)
{
    size_t count = 0, failed = 0, of_variants = 0;
    for (size_t r = 0; r < runs->count; r++) {
        const json_t *results = json_object_get(runs->summary[r], "expectations");
        count += json_array_size(results);
        of_variants += r > 0 ? json_array_size(results) : 0;
        for (size_t i = 0; i < json_array_size(results); i++)
            failed += !json_is_true(json_object_get(json_array_get(results, i), "held"));
    }
    if (count == 0)
        return;
    if (failed == 0 && count == 1)
        fputs(" Its expectation held", file);
    else if (failed == 0)
        fprintf(file, " All %zu expectations held", count);
    else
        fprintf(file, " <span class=\"failed\">%zu of %zu expectation%s FAILED</span>", failed,
                count, count == 1 ? "" : "s");
    if (of_variants > 0)
        fprintf(file, ", %zu of them of variants", of_variants);
    fputs(".", file);
}

/* Above all figures: they are those of a job that was not there. */
static void put_failed(const struct figure_runs *runs, FILE *file)
{
    for (size_t r = 0; r < runs->count; r++) {
        char text[SUMMARY_FAILED_SIZE];
        size_t jobs = json_array_size(json_object_get(runs->summary[r], "jobs"));
        for (size_t j = 0; j < jobs; j++) {
            if (!summary_failed_text(runs->summary[r], j, text))
                continue;
            fputs("<p class=\"answer failed\">", file);
            if (r > 0) {
                put_escaped(runs->name[r], file);
                fputs(": ", file);
            }
            put_escaped(text, file);
            fputs("</p>\n", file);
        }
    }
}

static void put_answer(const struct figure_runs *runs, FILE *file)
{
    static const struct {
        const char *metric, *statistic;
    } words[] = {
        { "cost", "final" },
        { "lag_seconds", "p99" },
        { "downtime_seconds", "final" },
        { "restarts", "final" },
    };
    struct figure figure;
    const char *before = "";
    fputs("<p class=\"answer\">", file);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t index = figure_find(words[i].metric, words[i].statistic);
        if (index == SIZE_MAX || !figure_make(index, runs, &figure))
            continue;
        put_figure_words(&figure, runs, before, file);
        before = "; ";
    }
    fputs(".", file);
    put_verdict(runs, file);
    fputs("</p>\n", file);
}

/* Tables. */

static void put_figures(const struct figure_runs *runs, FILE *file)
{
    struct figure figure;
    fputs("<h2>Figures</h2>\n<table>\n<tr><th></th>", file);
    for (size_t i = 0; i < runs->count; i++)
        put_cell("th", "n", runs->name[i], file);
    fputs("</tr>\n", file);
    for (size_t f = 0; f < figure_count; f++) {
        if (!figure_make(f, runs, &figure))
            continue;
        fputs("<tr>", file);
        put_cell("td", "", figure.label, file);
        for (size_t i = 0; i < runs->count; i++)
            put_cell("td", "n", figure.text[i], file);
        fputs("</tr>\n", file);
    }
    fputs("</table>\n", file);
}

static void put_results(const struct figure_runs *runs, FILE *file)
{
    bool any = false;
    for (size_t r = 0; r < runs->count; r++) {
        size_t index;
        json_t *result;
        json_array_foreach(json_object_get(runs->summary[r], "expectations"), index, result)
        {
            bool held = json_is_true(json_object_get(result, "held"));
            if (!any)
                fputs("<h2>Expectations</h2>\n<table>\n<tr><th></th><th>expectation</th><th>of</th>"
                      "<th class=\"n\">measured</th><th>wanted</th><th></th></tr>\n",
                      file);
            any = true;
            fputs("<tr>", file);
            put_cell("td", held ? "" : "failed", held ? "held" : "FAILED", file);
            put_cell("td", "", json_text(result, "name"), file);
            put_cell("td", "", runs->name[r], file);
            put_cell("td", "n", json_text(result, "measured"), file);
            put_cell("td", "", json_text(result, "wanted"), file);
            put_cell("td", "", json_text(result, "detail"), file);
            fputs("</tr>\n", file);
        }
    }
    if (any)
        fputs("</table>\n", file);
}

static void put_recoveries(const json_t *summary, FILE *file)
{
    const json_t *all = json_object_get(summary, "recoveries");
    size_t count = json_array_size(all);
    double duration = json_number_value(json_object_get(summary, "duration_s"));
    if (count == 0)
        return;
    fputs("<h2>Recoveries</h2>\n<table>\n<tr><th class=\"n\">down at</th><th>job</th>"
          "<th>cause</th><th class=\"n\">the fault was, before</th>"
          "<th class=\"n\">all tasks running after</th><th class=\"n\">restarts</th></tr>\n",
          file);
    for (size_t i = 0; i < count && i < RECOVERIES_SHOWN; i++) {
        const json_t *one = json_array_get(all, i);
        char at[NUMBER_TEXT_SIZE], restarts[NUMBER_TEXT_SIZE];
        char before[NUMBER_TEXT_SIZE], why[2 * INCIDENT_CAUSE_SIZE];
        const char *by = json_string_value(json_object_get(one, "failed_by"));
        double seconds = json_number_value(json_object_get(one, "down_at"));
        number_text_seconds(seconds - json_number_value(json_object_get(one, "at")), before);
        number_text_moment((time_ns)(seconds * (double)TIME_S),
                           (time_ns)(duration * (double)TIME_S), at);
        number_text_amount(json_number_value(json_object_get(one, "restarts")), restarts);
        fputs("<tr>", file);
        put_cell("td", "n", at, file);
        put_cell("td", "", json_text(one, "job"), file);
        text_format(why, sizeof why, "%s%s%s", json_text(one, "cause"), by ? "; FAILED: " : "",
                    by ? by : "");
        put_cell("td", "", why, file);
        put_cell("td", "n", before, file);
        put_seconds_cell(one, "recovered_after_s", file);
        put_cell("td", "n", restarts, file);
        fputs("</tr>\n", file);
    }
    fputs("</table>\n", file);
    if (count > RECOVERIES_SHOWN)
        fprintf(file, "<p class=\"caption\">The first %d of %zu; all are in summary.json.</p>\n",
                RECOVERIES_SHOWN, count);
}

static void put_jobs(const json_t *summary, FILE *file)
{
    size_t index;
    json_t *job;
    fputs("<h2>Jobs</h2>\n<table>\n<tr><th>job</th><th>at the end</th><th>scheduler</th>"
          "<th class=\"n\">submitted at</th><th class=\"n\">downtime</th></tr>\n",
          file);
    json_array_foreach(json_object_get(summary, "jobs"), index, job)
    {
        fputs("<tr>", file);
        put_cell("td", "", json_text(job, "name"), file);
        put_cell("td", "", json_text(job, "status"), file);
        put_cell("td", "", json_text(job, "scheduler"), file);
        put_seconds_cell(job, "submitted_s", file);
        put_seconds_cell(job, "downtime_s", file);
        fputs("</tr>\n", file);
    }
    fputs("</table>\n", file);
}

static bool any_job_has(const json_t *summary, const char *list)
{
    size_t j;
    const json_t *job;
    json_array_foreach(json_object_get(summary, "jobs"), j, job)
    {
        if (json_array_size(json_object_get(job, list)) > 0)
            return true;
    }
    return false;
}

/* Of the run alone, as its histories are. */
static void put_checkpoint_failures(const json_t *summary, FILE *file)
{
    size_t j, i;
    const json_t *job, *one;
    if (!any_job_has(summary, "checkpoint_failures"))
        return;
    fputs("<h2>Checkpoints that failed</h2>\n<table>\n<tr><th>job</th><th>reason</th>"
          "<th class=\"n\">failed</th></tr>\n",
          file);
    json_array_foreach(json_object_get(summary, "jobs"), j, job)
    {
        json_array_foreach(json_object_get(job, "checkpoint_failures"), i, one)
        {
            char count[NUMBER_TEXT_SIZE];
            number_text_amount(json_number_value(json_object_get(one, "count")), count);
            fputs("<tr>", file);
            put_cell("td", "", json_text(job, "name"), file);
            put_cell("td", "", json_text(one, "reason"), file);
            put_cell("td", "n", count, file);
            fputs("</tr>\n", file);
        }
    }
    fputs("</table>\n", file);
}

static void put_exception(const json_t *one, const char *job, bool is_root, double duration,
                          FILE *file)
{
    char at[NUMBER_TEXT_SIZE], task[TASK_SIZE] = "", said[TASK_SIZE];
    double seconds = json_number_value(json_object_get(one, "at_s"));
    number_text_moment((time_ns)(seconds * (double)TIME_S), (time_ns)(duration * (double)TIME_S),
                       at);
    if (json_is_string(json_object_get(one, "vertex")))
        text_format(task, sizeof task, "%s (%lld)", json_text(one, "vertex"),
                    (long long)json_integer_value(json_object_get(one, "subtask")));
    fputs("<tr>", file);
    put_cell("td", "n", at, file);
    put_cell("td", "", job, file);
    put_cell("td", "", is_root ? "" : "at the same time", file);
    put_cell("td", "", task, file);
    put_cell("td", "", json_text(one, "task_manager"), file);
    put_cell("td", "", json_text(one, "exception"), file);
    text_format(said, sizeof said,
                json_is_string(json_object_get(one, "remote")) ? "%s (%s)" : "%s%s",
                json_text(one, "text"), json_text(one, "remote"));
    put_cell("td", "", said, file);
    fputs("</tr>\n", file);
}

/* What jobs' exception pages would list: bounded by web.exception-history-size. */
static void put_exceptions(const json_t *summary, FILE *file)
{
    double duration = json_number_value(json_object_get(summary, "duration_s"));
    size_t j, i, k;
    const json_t *job, *root, *with;
    if (!any_job_has(summary, "exceptions"))
        return;
    fputs("<h2>Exception history</h2>\n<table>\n<tr><th class=\"n\">at</th><th>job</th><th></th>"
          "<th>task</th><th>TaskManager</th><th>exception</th><th></th></tr>\n",
          file);
    json_array_foreach(json_object_get(summary, "jobs"), j, job)
    {
        json_array_foreach(json_object_get(job, "exceptions"), i, root)
        {
            put_exception(root, json_text(job, "name"), true, duration, file);
            json_array_foreach(json_object_get(root, "concurrent"), k, with)
            {
                put_exception(with, json_text(job, "name"), false, duration, file);
            }
        }
    }
    fputs("</table>\n", file);
}

static void put_rescales(const json_t *summary, FILE *file)
{
    double duration = json_number_value(json_object_get(summary, "duration_s"));
    size_t j, i;
    const json_t *job, *one;
    if (!any_job_has(summary, "rescale_history"))
        return;
    fputs("<h2>Rescale history</h2>\n<table>\n<tr><th class=\"n\">at</th><th>job</th>"
          "<th>trigger</th><th>state</th><th>reason</th></tr>\n",
          file);
    json_array_foreach(json_object_get(summary, "jobs"), j, job)
    {
        json_array_foreach(json_object_get(job, "rescale_history"), i, one)
        {
            char at[NUMBER_TEXT_SIZE];
            double seconds = json_number_value(json_object_get(one, "started_s"));
            number_text_moment((time_ns)(seconds * (double)TIME_S),
                               (time_ns)(duration * (double)TIME_S), at);
            fputs("<tr>", file);
            put_cell("td", "n", at, file);
            put_cell("td", "", json_text(job, "name"), file);
            put_cell("td", "", json_text(one, "trigger"), file);
            put_cell("td", "", json_text(one, "state"), file);
            put_cell("td", "", json_text(one, "reason"), file);
            fputs("</tr>\n", file);
        }
    }
    fputs("</table>\n", file);
}

/* Pictures. */

/* Cuts a line's <title>: browsers show it at the pointer, and gnuplot's are scraps of its script.
 */
static void cut_title(char *line)
{
    char *title = strstr(line, "<title>");
    char *end = title ? strstr(title, "</title>") : NULL;
    if (end)
        memmove(title, end + strlen("</title>"), strlen(end + strlen("</title>")) + 1);
}

/* From "<svg" on: an XML declaration has no place inside HTML. */
static void put_picture(const char *folder, enum plot_picture picture, FILE *file)
{
    char path[PATH_SIZE], buffer[BUFFER_SIZE];
    bool begun = false;
    text_format(path, sizeof path, "%s/plots/%s.svg", folder, plot_rows[picture].name);
    FILE *svg = fopen(path, "rb");
    if (!svg)
        return;
    while (fgets(buffer, sizeof buffer, svg)) {
        cut_title(buffer);
        const char *from = begun ? buffer : strstr(buffer, "<svg");
        if (!from)
            continue;
        if (!begun) {
            fputs("<h2>", file);
            put_escaped(plot_rows[picture].caption, file);
            fputs("</h2>\n<figure>\n", file);
        }
        begun = true;
        fputs(from, file);
    }
    if (begun)
        fputs("</figure>\n", file);
    fclose(svg);
}

static void put_how(const json_t *summary, FILE *file)
{
    fputs("<h2>How it was made</h2>\n<p class=\"how\">Weir ", file);
    put_escaped(json_text(summary, "version"), file);
    fprintf(file, ", seed %lld, %lld events, fingerprint <code>%s</code>.",
            (long long)json_integer_value(json_object_get(summary, "seed")),
            (long long)json_integer_value(json_object_get(summary, "events")),
            json_text(summary, "fingerprint"));
    fputs(" The same scenario, with the same changes, seed and version give the same fingerprint "
          "on every machine. Beside "
          "this file: every decision in <code>events.jsonl</code>, the samples in "
          "<code>metrics.csv</code>, all figures in <code>summary.json</code>.</p>\n",
          file);
}

void html_write(const char *folder, const json_t *summary, FILE *file)
{
    struct figure_runs runs;
    figure_runs_of(summary, &runs);
    put_title(summary, file);
    put_failed(&runs, file);
    put_answer(&runs, file);
    put_picture(folder, PICTURE_OVERVIEW, file);
    put_figures(&runs, file);
    put_picture(folder, PICTURE_COMPARE, file);
    put_results(&runs, file);
    put_picture(folder, PICTURE_RECOVERY, file);
    put_recoveries(summary, file);
    put_picture(folder, PICTURE_UTILISATION, file);
    put_jobs(summary, file);
    put_checkpoint_failures(summary, file);
    put_exceptions(summary, file);
    put_rescales(summary, file);
    put_how(summary, file);
    fputs("</body>\n</html>\n", file);
}
