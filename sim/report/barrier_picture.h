/* SPDX-License-Identifier: Apache-2.0
 *
 * The picture of a checkpoint's barriers. In: a run's folder with a log that tells of them. Out:
 * checkpoint.csv there, drawn as plots/checkpoint-N.png and .svg.
 */
#ifndef WEIR_SIM_REPORT_BARRIER_PICTURE_H
#define WEIR_SIM_REPORT_BARRIER_PICTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"

struct barrier_request {
    const char *folder, *scripts;
    const char *job; /* null: the first that has the checkpoint */
    int64_t checkpoint;
    bool (*is_stopped)(void); /* as in plots_request */
    FILE *print;              /* where the command lines go instead of pictures; null: drawn */
};

/* ERR_MISSING: there is no gnuplot. */
MUST_CHECK struct err barrier_picture_draw(const struct barrier_request *request,
                                           struct note *note);

#endif
