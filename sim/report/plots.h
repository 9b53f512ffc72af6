/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures of a finished run: calls gnuplot with the scripts of plots/ on the files the run left.
 * In: the run's folder and its summary. Out: plots/NAME.png and plots/NAME.svg there. What a
 * script cannot know (units that fit, sizes of axes, names) is passed as variables.
 */
#ifndef WEIR_SIM_REPORT_PLOTS_H
#define WEIR_SIM_REPORT_PLOTS_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/err.h"

enum plot_picture {
    PICTURE_OVERVIEW,
    PICTURE_COMPARE,
    PICTURE_RECOVERY,
    PICTURE_UTILISATION,
    PICTURE_WORLDS,
    PICTURE_COUNT
};

struct plot_row {
    const char *name;    /* of the script and of the picture */
    const char *caption; /* what it shows, for the report */
};
extern const struct plot_row plot_rows[PICTURE_COUNT];

/* Draws all there is to draw. ERR_MISSING when there is no gnuplot, ERR_IO when a picture cannot be
 * written, ERR_REFUSED when gnuplot fails for reasons of its own. `print`: only prints the command
 * lines there; may be null. */
MUST_CHECK struct err plots_draw(const char *folder, const char *scripts, const json_t *summary,
                                 FILE *print, struct note *note);

#endif
