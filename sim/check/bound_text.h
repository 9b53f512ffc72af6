/* SPDX-License-Identifier: Apache-2.0
 *
 * A bound and what was measured against it, as a person says them, but never so rounded that the
 * one looks like the other: 0.3334 against 0.3333, 60.1 s against 1 min.
 */
#ifndef WEIR_SIM_CHECK_BOUND_TEXT_H
#define WEIR_SIM_CHECK_BOUND_TEXT_H

#include "sim/report/number_text.h"

/* As the scenario has it. */
void bound_text(double bound, enum metric_unit unit, char out[NUMBER_TEXT_SIZE]);
/* With as many digits as show on which side of the bound it is. "-" for NaN. */
void bound_text_measured(double value, double bound, enum metric_unit unit,
                         char out[NUMBER_TEXT_SIZE]);
/* Without a unit, from three digits on. */
void bound_text_ratio(double ratio, double bound, char out[NUMBER_TEXT_SIZE]);

#endif
