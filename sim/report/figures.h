/* SPDX-License-Identifier: Apache-2.0
 *
 * The figures that answer a scenario's question side by side: one row each, a column per run. The
 * table on the terminal, the HTML report and the bars of compare.gp show the same rows with the
 * same units. In: summaries. Out: label with unit, and texts.
 */
#ifndef WEIR_SIM_REPORT_FIGURES_H
#define WEIR_SIM_REPORT_FIGURES_H

#include "sim/report/number_text.h"
#include "sim/report/summary.h"

enum { FIGURE_LABEL_SIZE = 64, FIGURE_RUNS_MAX = 64, FIGURE_NAME_SIZE = 128 };

struct figure {
    char label[FIGURE_LABEL_SIZE]; /* "lag, p99 (min)" */
    char text[FIGURE_RUNS_MAX][NUMBER_TEXT_SIZE];
    double value[FIGURE_RUNS_MAX]; /* in the unit of the label; NaN: none */
};

/* The runs of a summary: itself and what it compares with, in order; at most FIGURE_RUNS_MAX. */
struct figure_runs {
    size_t count;
    const json_t *summary[FIGURE_RUNS_MAX];
    const char *name[FIGURE_RUNS_MAX]; /* of the summary, or of `cut` */
    char cut[FIGURE_NAME_SIZE];        /* "fixed (until 00:24)": the one that was stopped early */
};

/* Names point into `out` as well, so it must not be copied. */
void figure_runs_of(const json_t *summary, struct figure_runs *out);
extern const size_t figure_count;
/* False: no run has a value of it that says anything. */
bool figure_make(size_t index, const struct figure_runs *runs, struct figure *out);
/* SIZE_MAX: not among them. */
size_t figure_find(const char *metric, const char *statistic);

#endif
