/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden results: what a scenario gave when somebody last looked and found it right. They lie
 * beside the scenario as expected.json or expected/summary.json: fingerprint, some statistics of
 * some metrics, recovery times, the same for each variant. In: summaries of a run. Out: one result
 * per run, whose detail names the first figure that differs; or the file, written anew.
 */
#ifndef WEIR_SIM_CLI_GOLDEN_H
#define WEIR_SIM_CLI_GOLDEN_H

#include <jansson.h>

#include "core/base/err.h"
#include "sim/report/result.h"

bool golden_is_there(const char *scenario);
/* Adds nothing when there is no golden file. `scenario` is the path of the scenario's file. */
MUST_CHECK struct err golden_compare(const char *scenario, const json_t *summary,
                                     struct check_results *out, struct note *note);
/* Writes it; a file that is there keeps its list of metrics. */
MUST_CHECK struct err golden_update(const char *scenario, const json_t *summary, struct note *note);

#endif
