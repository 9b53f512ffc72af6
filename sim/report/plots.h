/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures of a finished run: calls gnuplot with the scripts of plots/ on the files the run left.
 * In: the run's folder and its summary. Out: plots/NAME.png and plots/NAME.svg there. What a
 * script cannot know (units that fit, sizes of axes, names) is passed as variables.
 */
#ifndef WEIR_SIM_REPORT_PLOTS_H
#define WEIR_SIM_REPORT_PLOTS_H

#include <jansson.h>
#include <stdbool.h>
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

struct plots_request {
    const char *folder, *scripts; /* of the run; of the gnuplot scripts */
    const json_t *summary;
    bool (*is_stopped)(void); /* asked all the time; null: nobody stops it */
    FILE *print;              /* where the command lines go instead of pictures; null: drawn */
};

/* Draws all there is to draw. ERR_MISSING when there is no gnuplot, ERR_IO when a picture cannot be
 * written, ERR_REFUSED when gnuplot fails for reasons of its own, or the drawing is stopped. */
MUST_CHECK struct err plots_draw(const struct plots_request *request, struct note *note);

#endif
