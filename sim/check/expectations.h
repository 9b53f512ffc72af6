/* SPDX-License-Identifier: Apache-2.0
 *
 * Judging what a scenario expects of its run: bounds on metrics, events in time, invariants. In:
 * what was recorded of the run and, for ratios, of the variants. Out: one result per expectation,
 * with what was measured and what was wanted as a person says it.
 */
#ifndef WEIR_SIM_CHECK_EXPECTATIONS_H
#define WEIR_SIM_CHECK_EXPECTATIONS_H

#include "sim/check/checker.h"
#include "sim/check/event_watch.h"
#include "sim/program/outputs.h"

/* A finished run. */
struct run_evidence {
    const struct scenario *scenario;
    const struct metrics *metrics;
    const struct event_watch *watch;
    const struct checkers *checkers;
    const struct incidents *incidents;
    const struct outputs *outputs;
};

/* `of` is the run of the variant that the expectation compares with; null where it compares with
 * none. */
void expectation_judge(const struct run_evidence *run, size_t index, const struct metrics *of,
                       struct check_result *out);

/* Holds value against the bound. Equality allows for the last digits of a sum of doubles. */
bool expectation_bound_holds(enum comparison comparison, double value, double bound);

#endif
