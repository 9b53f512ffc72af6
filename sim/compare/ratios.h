/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrics of two runs side by side: of each column the one figure that says most of it, in both
 * runs, their ratio, and whether that is within the tolerance. In: two finished runs' metrics. Out:
 * rows in the order of the columns.
 */
#ifndef WEIR_SIM_COMPARE_RATIOS_H
#define WEIR_SIM_COMPARE_RATIOS_H

#include "sim/report/metrics.h"

struct ratio {
    const char *name; /* of the column; borrowed from the first metrics */
    enum metric metric;
    double value[2]; /* NaN: none */
    double ratio;    /* second by first; NaN: one of them has no value, or only the first is 0 */
    double tolerance;
    bool beyond; /* never where a run has no value: there is nothing to compare */
};

struct ratios {
    VEC(struct ratio) list;
    size_t beyond;
};

void tolerances_init(struct tolerances *tolerances); /* nothing is said */
/* What was said there goes before. Was anything? */
bool tolerances_lay_over(struct tolerances *tolerances, const struct tolerances *over);
/* "15%" or "0.15" for all, "lag_seconds=50%" for one metric. */
MUST_CHECK struct err tolerances_read(struct tolerances *tolerances, const char *text,
                                      struct note *note);

/* What nothing is said of may be 10 % off. Columns that have a value in neither are left out. Where
 * both are 0, the ratio is 1. */
void ratios_compare(struct ratios *ratios, const struct metrics *a, const struct metrics *b,
                    const struct tolerances *tolerances);
void ratios_fini(struct ratios *ratios);
/* Of this column; null: none. */
const struct ratio *ratios_find(const struct ratios *ratios, const char *name);

#endif
