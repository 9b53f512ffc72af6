/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run says on the terminal: the question, the figures of the run beside those of its
 * variants, and what became of the expectations. In: summaries. Out: tables of at most 100 columns.
 */
#ifndef WEIR_SIM_CLI_SHOW_H
#define WEIR_SIM_CLI_SHOW_H

#include <stdio.h>

#include "sim/cli/play.h"

void show_question(const struct plays *plays, FILE *file);
void show_figures_table(const struct plays *plays, FILE *file);
/* Nothing when there are no results. */
void show_results(const struct plays *plays, FILE *file);

#endif
