/* SPDX-License-Identifier: Apache-2.0
 *
 * What pictures need to know of a run's files before gnuplot reads them: how many rows of labels
 * marks take, how high the curves go in a part of the time axis.
 */
#ifndef WEIR_SIM_REPORT_PLOT_FILES_H
#define WEIR_SIM_REPORT_PLOT_FILES_H

#include <stddef.h>

#include "core/base/err.h"

/* Of events.csv or recovery.csv; 0: nothing has a label. */
MUST_CHECK struct err plot_label_rows(const char *path, size_t *out, struct note *note);
/* Of the same: the letters of their labels that the pictures' font lacks. */
enum { PLOT_LACKING_SIZE = 4096 };
MUST_CHECK struct err plot_lacking_letters(const char *path, char out[PLOT_LACKING_SIZE],
                                           struct note *note);

/* Of metrics.csv, for one job: in which columns, from 1 on, its rates and its lag are, and the
 * largest of them between two times, the sample that ends after them included; 0 where there is
 * none. job: its name where there are several, null where it is the only one. */
struct plot_flow {
    size_t offered, served, lag;
    double most_rate, most_lag;
};
MUST_CHECK struct err plot_flow_between(const char *path, const char *job, double from, double to,
                                        struct plot_flow *out, struct note *note);

/* Of plot.csv: the seconds between its first two rows; 0 where there are no two. */
MUST_CHECK struct err plot_row_seconds(const char *path, double *out, struct note *note);

#endif
