/* SPDX-License-Identifier: Apache-2.0
 *
 * Percentiles of the last sum of delays that was asked for. In: a sum. Out: its percentiles; while
 * all its parts are what they were, to the bit, those found before.
 */
#ifndef WEIR_SIM_MODEL_RECALL_H
#define WEIR_SIM_MODEL_RECALL_H

#include "sim/model/delay.h"

/* A zeroed struct is empty and valid. */
struct recall {
    VEC(uint64_t) words; /* what percentiles depend on, of the last sum; none: of no sum yet */
    VEC(uint64_t) asked; /* scratch: the same, of this one */
    double quantiles[QUANTILE_COUNT];
    uint64_t found; /* how often they were found anew */
};

void recall_fini(struct recall *recall);
void recall_quantiles(struct recall *recall, const struct delay *delay, double out[QUANTILE_COUNT]);

#endif
