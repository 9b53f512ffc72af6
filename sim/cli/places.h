/* SPDX-License-Identifier: Apache-2.0
 *
 * Where things are on this machine: the gnuplot scripts, the folder a run goes to when nobody said.
 */
#ifndef WEIR_SIM_CLI_PLACES_H
#define WEIR_SIM_CLI_PLACES_H

#include "core/base/err.h"

enum { PLACE_SIZE = 4096 };

/* WEIR_PLOTS, else from where weir lies (share/weir/plots when installed, plots in a source tree or
 * a build folder), else `plots` in the folder one stands in. */
MUST_CHECK struct err place_find_plots(char out[PLACE_SIZE], struct note *note);
/* out/NAME, as folder_name.h has names; another one for each name, at most 200 bytes of it. */
void place_of_output(const char *name, char out[PLACE_SIZE]);

#endif
