/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes into a file, names and sizes into variables, both formats one after the other; the old
 * picture stays until the new one is whole.
 */
#include "sim/report/barrier_picture.h"

#include <inttypes.h>
#include <math.h>

#include "core/base/text.h"
#include "sim/report/barrier_lanes.h"
#include "sim/report/gnuplot.h"
#include "sim/report/number_text.h"
#include "sim/report/output_file.h"
#include "sim/report/picture_file.h"

enum { PATH_SIZE = 4096, TITLE_SIZE = 256 };

static const char *const formats[] = { "png", "svg" };

static struct err write_rows(const struct barrier_lanes *lanes, const char *path, struct note *note)
{
    struct output_file output;
    TRY(output_file_begin(&output, path, note));
    barrier_lanes_write(lanes, output.file);
    return output_file_end(&output, note);
}

/* Five to ten labels, each a round number. */
static double step_of(double length)
{
    double step = 1e-9;
    static const double factors[] = { 2, 2.5, 2 };
    for (int i = 0; step * 8 < length; i++)
        step *= factors[i % 3];
    return step;
}

static void set_axis(struct gnuplot *gnuplot, const struct barrier_lanes *lanes)
{
    double length = (double)(lanes->end - lanes->trigger) / (double)TIME_S;
    double unit = length < 2e-3 ? 1e-6 : length < 2 ? 1e-3 : 1;
    length = length > 0 ? length : 1e-6;
    gnuplot_set_number(gnuplot, "x_from", -0.01 * length);
    gnuplot_set_number(gnuplot, "x_to", 1.06 * length);
    gnuplot_set_number(gnuplot, "x_origin", 0);
    gnuplot_set_number(gnuplot, "x_step", step_of(length));
    gnuplot_set_number(gnuplot, "x_div", unit);
    gnuplot_set_text(gnuplot, "x_kind", "numbers");
    gnuplot_set_text(gnuplot, "x_label",
                     unit < 1e-4 ? "us since the trigger"
                     : unit < 1  ? "ms since the trigger"
                                 : "s since the trigger");
}

static void set_lanes(struct gnuplot *gnuplot, const struct barrier_lanes *lanes)
{
    char name[32], text[TITLE_SIZE];
    gnuplot_set_count(gnuplot, "lanes", lanes->lanes);
    gnuplot_set_count(gnuplot, "vertices", lanes->vertices.count);
    for (size_t v = 0; v < lanes->vertices.count; v++) {
        const struct barrier_vertex *vertex = &lanes->vertices.items[v];
        text_format(name, sizeof name, "first%zu", v + 1);
        gnuplot_set_count(gnuplot, name, vertex->first_lane);
        for (int64_t s = 0; s < vertex->shown; s++) {
            text_format(name, sizeof name, "lane%zu", vertex->first_lane + (size_t)s + 1);
            text_format(text, sizeof text, "%.*s %" PRId64, 24, vertex->name, s);
            gnuplot_set_shown(gnuplot, name, text);
        }
    }
}

static void set_titles(struct gnuplot *gnuplot, const struct barrier_lanes *lanes)
{
    char text[TITLE_SIZE], length[NUMBER_TEXT_SIZE], hidden[80] = "";
    number_text_seconds((double)(lanes->end - lanes->trigger) / (double)TIME_S, length);
    text_format(text, sizeof text, "How the barriers of checkpoint %" PRId64 " travelled",
                lanes->checkpoint);
    gnuplot_set_shown(gnuplot, "question", text);
    if (lanes->lanes < lanes->subtasks)
        text_format(hidden, sizeof hidden, "; %zu of %zu subtasks are shown", lanes->lanes,
                    lanes->subtasks);
    text_format(text, sizeof text, "job %.*s, %s barriers, %s until the last acknowledgement%s", 60,
                lanes->job, lanes->unaligned ? "unaligned" : "aligned", length, hidden);
    gnuplot_set_shown(gnuplot, "caption", text);
    gnuplot_set_count(gnuplot, "question_lines", 1);
    gnuplot_set_count(gnuplot, "unaligned", lanes->unaligned);
}

static struct err draw(const struct barrier_request *request, const struct barrier_lanes *lanes,
                       const char *rows, size_t format, struct note *note)
{
    struct gnuplot gnuplot;
    char script[PATH_SIZE], target[PATH_SIZE], aside[PATH_SIZE];
    text_format(script, sizeof script, "%s/checkpoint.gp", request->scripts);
    text_format(target, sizeof target, "%s/plots/checkpoint-%" PRId64 ".%s", request->folder,
                lanes->checkpoint, formats[format]);
    picture_file_aside(target, aside);
    gnuplot_init(&gnuplot);
    gnuplot_set_format(&gnuplot, formats[format]);
    gnuplot_set_text(&gnuplot, "scripts", request->scripts);
    gnuplot_set_text(&gnuplot, "out", request->print ? target : aside);
    gnuplot_set_text(&gnuplot, "rows", rows);
    set_axis(&gnuplot, lanes);
    set_lanes(&gnuplot, lanes);
    set_titles(&gnuplot, lanes);
    struct err e = OK;
    if (request->print) {
        gnuplot_print(&gnuplot, script, request->print);
    } else {
        e = gnuplot_start(&gnuplot, script, note);
        if (!err_is(e))
            e = gnuplot_wait(&gnuplot, script, request->is_stopped, note);
        if (!err_is(e))
            e = picture_file_check(target, note);
        if (!err_is(e))
            e = picture_file_commit(target, note);
        if (err_is(e))
            picture_file_abandon(target);
    }
    gnuplot_fini(&gnuplot);
    return e;
}

struct err barrier_picture_draw(const struct barrier_request *request, struct note *note)
{
    struct barrier_lanes lanes;
    struct run_log log;
    char path[PATH_SIZE];
    text_format(path, sizeof path, "%s/events.jsonl", request->folder);
    struct err e = run_log_read(&log, path, note);
    if (!err_is(e)) {
        e = barrier_lanes_init(&lanes, &log, request->job, request->checkpoint, note);
        text_format(path, sizeof path, "%s/checkpoint.csv", request->folder);
        if (!err_is(e))
            e = write_rows(&lanes, path, note);
        for (size_t i = 0; !err_is(e) && i < sizeof formats / sizeof *formats; i++)
            e = draw(request, &lanes, path, i, note);
        barrier_lanes_fini(&lanes);
    }
    run_log_fini(&log);
    return e;
}
