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

struct bands {
    size_t jobs[JOBS_SHOWN], count;
    size_t down; /* jobs that the same fault brought down, the one that it is about too */
};

static size_t find_job(const json_t *jobs, const char *name)
{
    size_t i = 0;
    while (i + 1 < json_array_size(jobs) &&
           !text_equal(json_text(json_array_get(jobs, i), "name"), name))
        i++;
    return i;
}

static bool is_same_fault(const json_t *a, const json_t *b)
{
    return json_figure(a, "at") == json_figure(b, "at") &&
           text_equal(json_text(a, "cause"), json_text(b, "cause"));
}

/* That of the job whose recovery it is, those that went down with it, then the first ones of the
 * others. */
static void choose_bands(const json_t *summary, const json_t *recovery, struct bands *out)
{
    const json_t *jobs = json_object_get(summary, "jobs"), *one;
    size_t i, count = json_array_size(jobs), own = find_job(jobs, json_text(recovery, "job"));
    VEC(bool) down = { 0 };
    vec_resize(&down, count ? count : 1);
    json_array_foreach(json_object_get(summary, "recoveries"), i, one)
    {
        if (is_same_fault(one, recovery))
            down.items[find_job(jobs, json_text(one, "job"))] = true;
    }
    down.items[own] = true;
    *out = (struct bands){ .jobs = { own }, .count = 1 };
    for (size_t j = 0; j < count; j++)
        out->down += down.items[j];
    for (int others = 0; others < 2; others++)
        for (size_t j = 0; j < count && out->count < JOBS_SHOWN; j++)
            if (j != own && down.items[j] == (others == 0))
                out->jobs[out->count++] = j;
    vec_fini(&down);
}

void plot_names_set_jobs(struct gnuplot *g, const json_t *summary, const json_t *recovery)
{
    const json_t *jobs = json_object_get(summary, "jobs");
    char names[JOBS_SHOWN][SHOWN_NAME_SIZE], variable[32], text[96] = "";
    struct bands bands;
    bool above = false;
    choose_bands(summary, recovery, &bands);
    for (size_t row = 0; row < bands.count; row++) {
        const char *name = json_text(json_array_get(jobs, bands.jobs[row]), "name");
        above = above || shown_name_letters(name) > ROOM_BESIDE;
        shown_name_fit(name, ROOM_ABOVE, names[row]);
        text_format(variable, sizeof variable, "band%zu", bands.jobs[row] + 1);
        gnuplot_set_count(g, variable, row);
    }
    set_names(g, "job", names, bands.count);
    if (json_array_size(jobs) > bands.count)
        text_format(text, sizeof text, "bands: %zu of %zu jobs (the fault brought down %zu)",
                    bands.count, json_array_size(jobs), bands.down);
    gnuplot_set_text(g, "bands_text", text);
    gnuplot_set_count(g, "job_count", bands.count);
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
