/* SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of recorded series share: rows of time and value as the file gave them, and the
 * way from rows to a step function. Rows come in ascending (equal times already settled); a series
 * that starts at 0 goes out.
 */
#ifndef WEIR_SIM_LOAD_TRACE_ROWS_H
#define WEIR_SIM_LOAD_TRACE_ROWS_H

#include "sim/load/trace.h"

struct trace_row {
    int64_t at_ns; /* since 1970, or since whatever the file counts from */
    double value;
};

struct trace_rows {
    VEC(struct trace_row) rows; /* two or more, where there is no usual step */
    bool dates;                 /* times are dates */
    time_ns step;               /* about that of most rows; 0: there is no usual step */
};

void trace_rows_fini(struct trace_rows *rows);
void trace_rows_find_step(struct trace_rows *rows);

/* Cuts from and to, turns counts into rates, fills gaps. */
MUST_CHECK struct err trace_rows_to_series(const struct trace_rows *rows, const char *name,
                                           const struct trace_options *options, struct series *out,
                                           time_ns *length, struct note *note);

#endif
