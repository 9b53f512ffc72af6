/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of one key's records, in words: `weir explain RUN --trace`. In: trace.jsonl of a run with
 * --trace-key. Out: a line for each record taken and each change of state.
 */
#ifndef WEIR_SIM_CLI_TRACED_H
#define WEIR_SIM_CLI_TRACED_H

#include <stdbool.h>
#include <stdio.h>

#include "core/base/err.h"
#include "core/base/time.h"

/* all: every line, else the first ones; how many are left out is said. */
MUST_CHECK struct err traced_tell(const char *folder, time_ns duration, bool all, FILE *file,
                                  struct note *note);

#endif
