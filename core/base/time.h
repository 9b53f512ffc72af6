/* SPDX-License-Identifier: Apache-2.0
 *
 * Time and sizes: integers in ns and bytes, and the texts of both as Flink's configuration writes
 * them. The core never asks what time it is; it is told (port/event.h).
 */
#ifndef WEIR_BASE_TIME_H
#define WEIR_BASE_TIME_H

#include <stdint.h>

#include "core/base/err.h"

typedef int64_t time_ns; /* ns since the start of the run, or a length of time in ns */

#define TIME_US    ((time_ns)1000)
#define TIME_MS    (1000 * TIME_US)
#define TIME_S     (1000 * TIME_MS)
#define TIME_MIN   (60 * TIME_S)
#define TIME_H     (60 * TIME_MIN)
#define TIME_DAY   (24 * TIME_H)
#define TIME_NEVER INT64_MAX /* later than anything; as a deadline: none */

/* a + b where either may be TIME_NEVER; stays TIME_NEVER instead of running over. */
static inline time_ns time_add(time_ns a, time_ns b)
{
    time_ns sum;
    if (a == TIME_NEVER || b == TIME_NEVER || __builtin_add_overflow(a, b, &sum))
        return TIME_NEVER;
    return sum;
}

/* "90 s", "1min", "10 ms", "2h", "1 d"; a bare number is ms, as in Flink. Fractions are refused
 * except with a unit ("1.5s"), which Weir adds. Units: ns us µs ms s min m h d and Flink's long
 * names. */
MUST_CHECK struct err duration_parse(const char *text, time_ns *out, struct note *note);

/* "128mb", "2 gb", "64kb", "512 bytes", "8g"; a bare number is bytes; 1024-based, as in Flink. */
MUST_CHECK struct err size_parse(const char *text, int64_t *out_bytes, struct note *note);

#endif
