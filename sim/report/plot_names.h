/* SPDX-License-Identifier: Apache-2.0
 *
 * The names beside and above the panels of pictures: variables of gnuplot, each as long as there is
 * room for it, and no two alike.
 */
#ifndef WEIR_SIM_REPORT_PLOT_NAMES_H
#define WEIR_SIM_REPORT_PLOT_NAMES_H

#include "sim/report/drawn.h"
#include "sim/report/figures.h"
#include "sim/report/gnuplot.h"

/* Bars of a figure: the run and ten variants. More could not be read. */
enum { PLOT_RUNS_MAX = 11 };

/* vertex1 ... and number1 ..., those of their columns. */
void plot_names_set_vertices(struct gnuplot *gnuplot, const struct drawn_vertex *vertices,
                             size_t count);
/* job1 ... and band1 ... (rows of states.csv): the job that the recovery is of, then those that the
 * same fault brought down; job_count; bands_text, where there are more jobs; names_above: 1 where a
 * name has no room beside its band. */
void plot_names_set_jobs(struct gnuplot *gnuplot, const json_t *summary, const json_t *recovery);
/* run1 ... */
void plot_names_set_runs(struct gnuplot *gnuplot, const struct figure_runs *runs);

#endif
