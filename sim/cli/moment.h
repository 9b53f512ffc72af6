/* SPDX-License-Identifier: Apache-2.0
 *
 * How things stood at one moment of a finished run: each job's status, scheduler state, parallelism
 * and last checkpoint, and the figures of the cluster. In: the event log, read back, and
 * metrics.csv. Out: a few lines.
 */
#ifndef WEIR_SIM_CLI_MOMENT_H
#define WEIR_SIM_CLI_MOMENT_H

#include <jansson.h>
#include <stdio.h>

#include "sim/report/run_log.h"

/* `metrics` is the path of the run's metrics.csv, `duration` the run's length. */
MUST_CHECK struct err moment_tell(const struct run_log *log, const json_t *summary,
                                  const char *metrics, time_ns at, time_ns duration, FILE *file,
                                  struct note *note);

#endif
