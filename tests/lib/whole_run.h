/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole runs: what `weir run` does between reading the scenario and writing files, with
 * everybody watching (log, metrics, checkers, expectations). In: a scenario as text. Out: how many
 * events it took.
 */
#ifndef WEIR_TESTS_LIB_WHOLE_RUN_H
#define WEIR_TESTS_LIB_WHOLE_RUN_H

#include "sim/load/scenario.h"

/* Stops the program with a word when it does not load. */
struct scenario *whole_run_load(const char *yaml);
/* Runs it to its end and destroys it. */
uint64_t whole_run(struct scenario *scenario);

#endif
