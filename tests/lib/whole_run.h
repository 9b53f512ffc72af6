/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole runs: what `weir run` does between reading the scenario and writing files, with
 * everybody watching (log, metrics, checkers, expectations). In: a scenario. Out: how many events
 * it took.
 */
#ifndef WEIR_TESTS_LIB_WHOLE_RUN_H
#define WEIR_TESTS_LIB_WHOLE_RUN_H

#include "sim/load/scenario.h"

/* Stops the program with a word when it does not load. */
struct scenario *whole_run_load(const char *yaml);
/* Null: it does not load, as where the trace that it names is missing. */
struct scenario *whole_run_load_file(const char *path);
/* Runs it to its end and destroys it. */
uint64_t whole_run(struct scenario *scenario);
/* The same, and writes its log and tables, into a folder that goes away again. */
uint64_t whole_run_written(struct scenario *scenario);

#endif
