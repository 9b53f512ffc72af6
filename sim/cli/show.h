/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run says on the terminal: the question, the figures of the run beside those of its
 * variants, and what became of the expectations. In: summaries. Out: tables, of at most 100
 * columns on a terminal.
 */
#ifndef WEIR_SIM_CLI_SHOW_H
#define WEIR_SIM_CLI_SHOW_H

#include <stdio.h>

#include "sim/cli/play.h"

void show_question(const struct plays *plays, FILE *file);
void show_figures_table(const struct plays *plays, FILE *file);
/* A line for each job that FAILED: its figures are of a job that was not there. */
void show_failed(const struct plays *plays, FILE *file);
/* A line for each event of a script that has not happened in a run that went to its end. */
void show_never_happened(const struct plays *plays, FILE *file);
/* A line for each job that asks for incremental checkpoints of a backend that has none. */
void show_unheard(const struct plays *plays, FILE *file);
/* After a run that was interrupted: which variants were cut short, and which did not run. */
void show_cut(const struct plays *plays, FILE *file);
/* Nothing when there are no results. */
void show_results(const struct plays *plays, FILE *file);

#endif
