/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as a person says them: 1.2 M, 45 s, 3 min 20 s, 62 %, 14:05. For tables, reports and
 * explanations; files for machines get plain numbers (number_plain). A value comes in, a text goes
 * out, the same on every machine.
 */
#ifndef WEIR_SIM_REPORT_NUMBER_TEXT_H
#define WEIR_SIM_REPORT_NUMBER_TEXT_H

#include <stddef.h>

#include "core/base/time.h"
#include "sim/load/metric_names.h"

enum { NUMBER_TEXT_SIZE = 40 };

/* With the unit's own way of saying it; "-" for NaN. */
void number_text(double value, enum metric_unit unit, char out[NUMBER_TEXT_SIZE]);
/* 1234567 -> "1.23 M", 12.5 -> "12.5", 0.00012 -> "0.00012". */
void number_text_amount(double value, char out[NUMBER_TEXT_SIZE]);
/* 0.012 -> "12 ms", 200 -> "3 min 20 s". */
void number_text_seconds(double seconds, char out[NUMBER_TEXT_SIZE]);
/* Time since the start of the run, as its length suggests: 12.345 s, 14:05:12, day 3 14:05. */
void number_text_moment(time_ns at, time_ns duration, char out[NUMBER_TEXT_SIZE]);
/* At most 12 significant digits, never with an exponent's rounding of whole numbers below 1e12;
 * empty for NaN. */
void number_plain(double value, char out[NUMBER_TEXT_SIZE]);

/* The same bits in are the same value; NaN is "no value" in all of sim/report. */
double number_none(void);
int number_is_none(double value);

#endif
