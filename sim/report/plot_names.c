/* SPDX-License-Identifier: Apache-2.0
 *
 * Names are measured, cut where they must be, and numbered where cutting left them alike. Room is
 * counted in letters as wide as a digit, of which TIMELINE_LETTERS fit above a panel.
 */
#include "sim/report/plot_names.h"

#include <math.h>

#include "core/base/text.h"
#include "sim/report/json_figure.h"
#include "sim/report/shown_name.h"

enum { JOBS_SHOWN = 4 };

/* Of a vertex with its job, up to ", % of time:" and what the colours mean; of a job, to the left
 * of its band, or above it; of a run, to the left of its bars. */
#define ROOM_OF_VERTEX 66.0
#define ROOM_BESIDE    10.0
#define ROOM_ABOVE     100.0
#define ROOM_OF_RUN    26.0

static void set_names(struct gnuplot *g, const char *prefix, char (*names)[SHOWN_NAME_SIZE],
                      size_t count)
{
    char variable[32];
    shown_names_tell_apart(names, count);
    for (size_t i = 0; i < count; i++) {
        text_format(variable, sizeof variable, "%s%zu", prefix, i + 1);
        gnuplot_set_shown(g, variable, names[i]);
    }
}

/* Each has what the other leaves, and half of it where both are long. */
static void put_vertex(const struct drawn_vertex *vertex, char out[SHOWN_NAME_SIZE])
{
    char job[SHOWN_NAME_SIZE], name[SHOWN_NAME_SIZE];
    if (!vertex->job) {
        shown_name_fit(vertex->vertex, ROOM_OF_VERTEX, out);
        return;
    }
    double room = ROOM_OF_VERTEX - shown_name_letters(": ");
    shown_name_fit(vertex->vertex, fmax(room / 2, room - shown_name_letters(vertex->job)), name);
    shown_name_fit(vertex->job, room - shown_name_letters(name), job);
    text_format(out, SHOWN_NAME_SIZE, "%s: %s", job, name);
}

void plot_names_set_vertices(struct gnuplot *g, const struct drawn_vertex *vertices, size_t count)
{
    char names[DRAWN_VERTICES_MAX][SHOWN_NAME_SIZE], variable[32];
    for (size_t i = 0; i < count; i++) {
        put_vertex(&vertices[i], names[i]);
        text_format(variable, sizeof variable, "number%zu", i + 1);
        gnuplot_set_count(g, variable, vertices[i].number);
    }
    set_names(g, "vertex", names, count);
}

/* The bands: that of the job whose recovery it is, then the first ones of the others. */
static size_t choose_jobs(const json_t *jobs, const char *own, size_t shown[JOBS_SHOWN])
{
    size_t count = json_array_size(jobs), rows = 1;
    shown[0] = 0;
    while (shown[0] + 1 < count &&
           !text_equal(json_text(json_array_get(jobs, shown[0]), "name"), own))
        shown[0]++;
    for (size_t i = 0; i < count && rows < JOBS_SHOWN; i++)
        if (i != shown[0])
            shown[rows++] = i;
    return rows;
}

void plot_names_set_jobs(struct gnuplot *g, const json_t *jobs, const char *own)
{
    char names[JOBS_SHOWN][SHOWN_NAME_SIZE], variable[32];
    size_t shown[JOBS_SHOWN], count = choose_jobs(jobs, own, shown);
    bool above = false;
    for (size_t row = 0; row < count; row++) {
        const char *name = json_text(json_array_get(jobs, shown[row]), "name");
        above = above || shown_name_letters(name) > ROOM_BESIDE;
        shown_name_fit(name, ROOM_ABOVE, names[row]);
        text_format(variable, sizeof variable, "band%zu", shown[row] + 1);
        gnuplot_set_count(g, variable, row);
    }
    set_names(g, "job", names, count);
    gnuplot_set_count(g, "job_count", count);
    gnuplot_set_count(g, "names_above", above);
}

void plot_names_set_runs(struct gnuplot *g, const struct figure_runs *runs)
{
    char names[PLOT_RUNS_MAX][SHOWN_NAME_SIZE];
    CHECK(runs->count <= PLOT_RUNS_MAX);
    for (size_t r = 0; r < runs->count; r++)
        shown_name_fit(runs->name[r], ROOM_OF_RUN, names[r]);
    set_names(g, "run", names, runs->count);
}
