/* SPDX-License-Identifier: Apache-2.0
 *
 * What the pictures of a run draw over its whole length, in a file of its own, plot.csv: a wide
 * metrics.csv takes gnuplot longer to read than the run took. In: metrics. Out: at most
 * DRAWN_ROWS_MAX rows: time_s; the columns of the overview by their names; busy1, idle1,
 * backpressured1, busy_max1 and so on, numbered as the vertices that ever ran stand in the graph,
 * of the busiest of them; where there are several jobs, but not too many, checkpoint1 and so on:
 * the durations of each one's checkpoints; the least and the most of the samples of which the rates
 * of a row are the means.
 */
#ifndef WEIR_SIM_REPORT_DRAWN_H
#define WEIR_SIM_REPORT_DRAWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/base/err.h"
#include "sim/report/metrics.h"

enum { DRAWN_ROWS_MAX = 3000, DRAWN_VERTICES_MAX = 8, DRAWN_JOBS_MAX = 8 };

/* Texts of the summary. */
struct drawn_vertex {
    const char *job; /* null: there is only one */
    const char *vertex;
    size_t number; /* in the names of its columns */
};

void drawn_write(const struct metrics *metrics, FILE *file);

/* From a run's summary, whether any vertex ran; and from its plot.csv as well, which of those that
 * `ran` are there, in the graph's order. */
bool drawn_any_vertex(const json_t *summary);
MUST_CHECK struct err drawn_vertices(const json_t *summary, const char *path,
                                     struct drawn_vertex out[DRAWN_VERTICES_MAX], size_t *count,
                                     size_t *ran, struct note *note);

/* How many columns of single jobs' checkpoints there are. */
size_t drawn_checkpoints(const json_t *summary);

#endif
