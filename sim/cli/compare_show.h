/* SPDX-License-Identifier: Apache-2.0
 *
 * What `weir compare` prints of two worlds: a table of decisions by kind, one of figures, the first
 * parting with both contexts. In: a comparison. Out: text of at most 100 columns on a terminal.
 */
#ifndef WEIR_SIM_CLI_COMPARE_SHOW_H
#define WEIR_SIM_CLI_COMPARE_SHOW_H

#include <stdio.h>

#include "sim/compare/compared.h"

void compare_show_decisions(const struct compared *comparison, FILE *file);
/* Those that are 0 in both are left out. */
void compare_show_figures(const struct compared *comparison, FILE *file);
/* Nothing where all agree. `lines` before and after. */
void compare_show_parting(const struct compared *comparison, size_t lines, FILE *file);

#endif
