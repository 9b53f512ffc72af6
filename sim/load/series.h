/* SPDX-License-Identifier: Apache-2.0
 *
 * A value over time as steps: from points[i].at on, until the next point, the value is
 * points[i].value. Loads (records per second) and machine counts are series, whether read from a
 * trace or generated. Walk it with a cursor; length is bounded only by the trace.
 */
#ifndef WEIR_SIM_LOAD_SERIES_H
#define WEIR_SIM_LOAD_SERIES_H

#include "core/base/time.h"
#include "core/base/vec.h"

struct series_point {
    time_ns at;
    double value;
};

struct series {
    VEC(struct series_point) points; /* strictly ascending in time; empty: always 0 */
};

void series_fini(struct series *series);

/* Building: points in ascending order; one that changes nothing is left out, one at the time of the
 * last replaces it. */
void series_push(struct series *series, time_ns at, double value);
void series_add(struct series *series, const struct series *other);   /* the sum of both */
void series_limit(struct series *series, const struct series *other); /* the lower of both */

#endif
