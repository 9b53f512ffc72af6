/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run was made of, kept in its summary, and the run made anew up to an instant: the same
 * scenario, changes and seed give the same run. In: a summary. Out: a simulation that stands still.
 */
#ifndef WEIR_SIM_CLI_ORIGIN_H
#define WEIR_SIM_CLI_ORIGIN_H

#include <jansson.h>

#include "sim/load/scenario.h"
#include "sim/report/run_log.h"
#include "sim/run/simulation.h"

/* A new object: the path as it was given, the changes, and when the run was to end, TIME_NEVER: as
 * the scenario has it. */
json_t *origin_create(const char *path, const struct override *overrides, size_t count,
                      time_ns until);

struct origin_run {
    struct scenario *scenario;
    struct simulation *simulation;
    struct outputs outputs;
    size_t lines; /* of the log, so far */
};

/* Refuses summaries without an origin, runs of another world than the exact one, and scenarios that
 * are not what they were: `log` holds the lines of the first time. */
MUST_CHECK struct err origin_run_to(struct origin_run *run, const json_t *summary,
                                    const struct run_log *log, time_ns at, struct note *note);
void origin_run_fini(struct origin_run *run);

#endif
