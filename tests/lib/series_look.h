/* SPDX-License-Identifier: Apache-2.0
 *
 * What a series is at a time and over a window, for tests that state it in such numbers. The
 * program itself walks its series with cursors.
 */
#ifndef WEIR_TESTS_LIB_SERIES_LOOK_H
#define WEIR_TESTS_LIB_SERIES_LOOK_H

#include "sim/load/series.h"

double series_look_at(const struct series *series, time_ns at); /* 0 before the first point */
/* Value x seconds, from <= to. */
double series_look_integral(const struct series *series, time_ns from, time_ns to);

#endif
