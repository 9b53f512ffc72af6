/* SPDX-License-Identifier: Apache-2.0
 *
 * Judging what a program's sink has written: the lines it must hold, each as often, in any order.
 */
#ifndef WEIR_SIM_CHECK_CHECK_OUTPUT_H
#define WEIR_SIM_CHECK_CHECK_OUTPUT_H

#include "sim/check/checker.h"
#include "sim/program/outputs.h"

/* The expectation is one of an output. */
void output_judge(const struct scenario *scenario, const struct expectation *expectation,
                  const struct outputs *outputs, struct check_result *out);

#endif
