/* SPDX-License-Identifier: Apache-2.0
 *
 * Recorded series: CSV files with a time and a value column, and the availability records of
 * SkyPilot (JSON). A file comes in, a step function that starts at 0 goes out, with its length; or
 * one line naming file, line and column. Decided here: what equal times mean, what a missing row
 * means, and how a count becomes a rate.
 */
#ifndef WEIR_SIM_LOAD_TRACE_H
#define WEIR_SIM_LOAD_TRACE_H

#include <stdio.h>

#include "sim/load/series.h"

enum { TRACE_ROWS_MAX = 4000000, TRACE_JSON_BYTES_MAX = 64 * 1024 * 1024 };
#define TRACE_SPAN_MAX (20 * 366 * TIME_DAY) /* from the first row to the last */

enum trace_value {
    TRACE_PLAIN,    /* the number itself: machines */
    TRACE_PER_TIME, /* so many per `per`: a rate */
    TRACE_PER_STEP, /* so many until the next row: a count */
};

/* A row that is missing: most rows are one step apart, and here the step is over half as long
 * again. A file in which no step is the usual one has no gaps. */
enum trace_gaps { GAPS_HOLD, GAPS_ZERO, GAPS_COUNT };

/* A row with the same time as the one before. */
enum trace_same_time { SAME_TIME_REFUSE, SAME_TIME_LAST, SAME_TIME_SUM, SAME_TIME_COUNT };

extern const char *const trace_gaps_names[GAPS_COUNT];
extern const char *const trace_same_time_names[SAME_TIME_COUNT];

struct trace_options {
    /* Null: the first, the second; where the other one has that, the only one that is left. JSON
     * has neither. */
    const char *time_column, *value_column;
    enum trace_value value;
    time_ns per; /* PER_TIME */
    enum trace_gaps gaps;
    enum trace_same_time same_time;
    const char *from, *to; /* a part of it: dates, or durations since the first row; null: all */
};

/* Of a name that ends in .json: SkyPilot; of all others: CSV. The series ends with the value of its
 * last row, which lasts until *length (a step, as the rows before it). */
MUST_CHECK struct err trace_read_file(const char *path, const struct trace_options *options,
                                      struct series *out, time_ns *length, struct note *note);

/* The same from open files; `name` is for messages. */
MUST_CHECK struct err trace_read_csv(FILE *file, const char *name,
                                     const struct trace_options *options, struct series *out,
                                     time_ns *length, struct note *note);
MUST_CHECK struct err trace_read_skypilot(FILE *file, const char *name,
                                          const struct trace_options *options, struct series *out,
                                          time_ns *length, struct note *note);

#endif
