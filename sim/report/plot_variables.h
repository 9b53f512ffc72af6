/* SPDX-License-Identifier: Apache-2.0
 *
 * What a picture's script is told by `-e name=value`. In: a run's folder and its summary. Out: the
 * variables each script lists at its head. Errors: a file that cannot be read or written.
 */
#ifndef WEIR_SIM_REPORT_PLOT_VARIABLES_H
#define WEIR_SIM_REPORT_PLOT_VARIABLES_H

#include <jansson.h>
#include <stdbool.h>

#include "core/base/err.h"
#include "sim/report/gnuplot.h"
#include "sim/report/plots.h"

/* A picture being set up. */
struct drawing {
    const char *folder, *scripts; /* of the run; of the gnuplot scripts */
    const json_t *summary;
    struct gnuplot *gnuplot;
};

/* Is there anything to draw? (A comparison, a failure, a vertex that worked.) */
bool plot_variables_any(enum plot_picture picture, const json_t *summary);

MUST_CHECK struct err plot_variables_set(const struct drawing *drawing, enum plot_picture picture,
                                         const char *format, struct note *note);

#endif
