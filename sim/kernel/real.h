/* SPDX-License-Identifier: Apache-2.0
 *
 * exp, log and pow whose results are the same on every machine, compiler and C library: built of
 * + - * / and bit operations on IEEE doubles only (compile with -ffp-contract=off). Relative error
 * at most 1e-14 over the whole range, mostly a few 1e-16. Draws and the model use these, because
 * two C libraries may differ in the last bit of theirs and a log line would tell.
 */
#ifndef WEIR_SIM_KERNEL_REAL_H
#define WEIR_SIM_KERNEL_REAL_H

#include "core/base/time.h"

/* e to the x. Above about 709.78 infinity, below about -745.13 zero; NaN stays NaN. */
double real_exp(double x);

/* Natural logarithm of x >= 0; minus infinity at 0, infinity at infinity. Negative stops the run.
 */
double real_log(double x);

/* x to the y for x >= 0; 0 to a positive y is 0, to a negative one infinity; x to 0 is 1. */
double real_pow(double x, double y);

/* A length of `ns` >= 0, cut to whole ones; TIME_NEVER for more than a time can hold. */
time_ns real_time(double ns);

#endif
