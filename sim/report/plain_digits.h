/* SPDX-License-Identifier: Apache-2.0
 *
 * Twelve significant digits of a double, for the tables that a run writes by the million. In: a
 * number. Out: the same characters as "%.12g" gives, at a quarter of its time.
 */
#ifndef WEIR_SIM_REPORT_PLAIN_DIGITS_H
#define WEIR_SIM_REPORT_PLAIN_DIGITS_H

#include <stdbool.h>

/* With the terminating zero. */
enum { PLAIN_DIGITS_SIZE = 24 };

/* False, and nothing written: too large or too small for the exact integers used here. */
bool plain_digits(double value, char out[PLAIN_DIGITS_SIZE]);

#endif
