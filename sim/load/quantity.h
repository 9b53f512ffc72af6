/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers with units as scenarios and traces write them, read without the C library's strtod, which
 * asks the locale. A text comes in, a double or an integer goes out, or a code that says whether
 * the number or its unit is wrong; the sentence around it is the caller's. NaN, infinities
 * and what is above 1e18 are not numbers here. Reading is exact up to 15 digits and within an ulp
 * or so beyond, and the same on every machine.
 */
#ifndef WEIR_SIM_LOAD_QUANTITY_H
#define WEIR_SIM_LOAD_QUANTITY_H

#include "core/base/err.h"
#include "core/base/time.h"

/* Takes a number ("-1.5e3") off the front of *text; false when there is none. */
bool quantity_take_number(const char **text, double *out);

MUST_CHECK struct err quantity_number(const char *text, double *out); /* 0.5 */
MUST_CHECK struct err quantity_share(const char *text, double *out);  /* 0.05 or 5% */
MUST_CHECK struct err quantity_amount(const char *text, double *out); /* 2m, 1.5k: 1000-based */
MUST_CHECK struct err quantity_count(const char *text, int64_t *out); /* the same, whole */
MUST_CHECK struct err quantity_rate(const char *text, double *out);   /* 6k/s -> per second */
MUST_CHECK struct err quantity_bits(const char *text, double *out);   /* 10gbit, 64m/s -> bit/s */
MUST_CHECK struct err quantity_price(const char *text, double *out);  /* 0.34/h -> per hour */
MUST_CHECK struct err quantity_size(const char *text, int64_t *out);  /* bytes: 512m, 200 bytes */
/* 90s, 1.5s, 2h 30min: a unit is needed, but for 0. */
MUST_CHECK struct err quantity_duration(const char *text, time_ns *out);

/* "1998-04-30 21:30[:00[.250]]", T for the blank allowed, and behind it Z or an offset from UTC
 * such as +02:00: ns since 1970, UTC. */
MUST_CHECK struct err quantity_date(const char *text, int64_t *out_ns);

#endif
