/* SPDX-License-Identifier: Apache-2.0
 *
 * A task at an instant, in words: `weir explain RUN --at T --task VERTEX[/SUBTASK]`. In: a finished
 * run of the exact world. Out: what it does, and a line for each of its channels.
 */
#ifndef WEIR_SIM_CLI_INSTANT_H
#define WEIR_SIM_CLI_INSTANT_H

#include <jansson.h>

#include "sim/report/run_log.h"

/* A vertex of several jobs is that of the first; JOB:VERTEX names another. */
MUST_CHECK struct err instant_tell(const struct run_log *log, const json_t *summary,
                                   const char *task, time_ns at, time_ns duration, FILE *file,
                                   struct note *note);

#endif
