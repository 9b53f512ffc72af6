/* SPDX-License-Identifier: Apache-2.0
 *
 * Which pictures there are, and how they are drawn: both formats side by side, written aside and
 * checked, so that a picture that is there is never lost to one that failed.
 */
#include "sim/report/plots.h"

#include "core/base/text.h"
#include "sim/report/gnuplot.h"
#include "sim/report/picture_file.h"
#include "sim/report/plot_variables.h"

enum { PATH_SIZE = 4096 };

const struct plot_row plot_rows[PICTURE_COUNT] = {
    [PICTURE_OVERVIEW] = { "overview", "Load, lag, parallelism and checkpoints over time" },
    [PICTURE_COMPARE] = { "compare", "The run beside those it is compared with" },
    [PICTURE_RECOVERY] = { "recovery", "One failure from close by" },
    [PICTURE_UTILISATION] = { "utilisation", "What each vertex does with its time" },
    [PICTURE_WORLDS] = { "worlds", "The same scenario in several worlds" },
};

static const char *const formats[] = { "png", "svg" };
enum { FORMAT_COUNT = sizeof formats / sizeof *formats };

static void put_target(const char *folder, enum plot_picture picture, int format,
                       char out[PATH_SIZE])
{
    text_format(out, PATH_SIZE, "%s/plots/%s.%s", folder, plot_rows[picture].name, formats[format]);
}

/* Both are there and whole before the first takes its place. */
static struct err put_in_place(const char *folder, enum plot_picture picture, struct note *note)
{
    char target[PATH_SIZE];
    for (int i = 0; i < FORMAT_COUNT; i++) {
        put_target(folder, picture, i, target);
        TRY(picture_file_check(target, note));
    }
    for (int i = 0; i < FORMAT_COUNT; i++) {
        put_target(folder, picture, i, target);
        TRY(picture_file_commit(target, note));
    }
    return OK;
}

static struct err start(const struct drawing *drawing, enum plot_picture picture, int format,
                        const char *script, FILE *print, struct note *note)
{
    char target[PATH_SIZE], aside[PATH_SIZE];
    put_target(drawing->folder, picture, format, target);
    picture_file_aside(target, aside);
    gnuplot_set_text(drawing->gnuplot, "out", print ? target : aside);
    TRY(plot_variables_set(drawing, picture, formats[format], note));
    if (!print)
        return gnuplot_start(drawing->gnuplot, script, note);
    gnuplot_print(drawing->gnuplot, script, print);
    return OK;
}

/* The first, but that a full disk is worse than a gnuplot that fails. */
static void keep_worst(struct err *result, struct note *note, struct err e, const struct note *said)
{
    bool is_worse = e.code == ERR_IO_CODE && result->code == ERR_REFUSED_CODE;
    if (!err_is(e) || (err_is(*result) && !is_worse))
        return;
    *result = e;
    *note = *said;
}

/* Both formats of a picture side by side. */
static struct err draw(const struct plots_request *request, enum plot_picture picture,
                       struct note *note)
{
    struct gnuplot gnuplot[FORMAT_COUNT];
    char script[PATH_SIZE], name[64], target[PATH_SIZE];
    struct err result = OK;
    bool started[FORMAT_COUNT] = { false };
    text_format(name, sizeof name, "%s.gp", plot_rows[picture].name);
    text_format(script, sizeof script, "%s/%s", request->scripts, name);
    for (int i = 0; i < FORMAT_COUNT; i++) {
        struct drawing drawing = { request->folder, request->scripts, request->summary,
                                   &gnuplot[i] };
        gnuplot_init(&gnuplot[i]);
        if (err_is(result))
            continue;
        result = start(&drawing, picture, i, script, request->print, note);
        started[i] = !err_is(result) && !request->print;
    }
    for (int i = 0; i < FORMAT_COUNT; i++) {
        struct note late = { "" };
        struct err e =
            started[i] ? gnuplot_wait(&gnuplot[i], script, request->is_stopped, &late) : OK;
        keep_worst(&result, note, e, &late);
        gnuplot_fini(&gnuplot[i]);
    }
    if (result.code == ERR_REFUSED_CODE) {
        struct note room = { "" };
        put_target(request->folder, picture, 0, target);
        struct err e = picture_file_room(target, &room);
        keep_worst(&result, note, e, &room);
    }
    if (!err_is(result) && !request->print)
        result = put_in_place(request->folder, picture, note);
    for (int i = 0; err_is(result) && i < FORMAT_COUNT; i++) {
        put_target(request->folder, picture, i, target);
        picture_file_abandon(target);
    }
    return result;
}

struct err plots_draw(const struct plots_request *request, struct note *note)
{
    struct err result = OK;
    for (int picture = 0; picture < PICTURE_COUNT; picture++) {
        struct note own = { "" };
        if (!plot_variables_any((enum plot_picture)picture, request->summary))
            continue;
        bool is_stopped = request->is_stopped && request->is_stopped();
        struct err e = is_stopped ? err_note(&own, ERR_REFUSED_CODE, "stopped before all was drawn")
                                  : draw(request, (enum plot_picture)picture, &own);
        keep_worst(&result, note, e, &own);
        if (is_stopped || (err_is(e) && e.code == ERR_MISSING_CODE))
            break; /* no gnuplot: none will be drawn */
    }
    return result;
}
