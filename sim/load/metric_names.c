/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of metrics, statistics and invariants that expectations may name.
 */
#include "sim/load/metric_names.h"

#define X(name, unit, scope, help) { #name, METRIC_##unit, METRIC_OF_##scope, help },
const struct metric_row metric_rows[METRIC_NAME_COUNT] = { METRICS(X) };
#undef X

const char *const metric_unit_names[METRIC_UNIT_COUNT] = {
    [METRIC_COUNT] = "count",     [METRIC_RECORDS] = "records", [METRIC_RATE] = "records/s",
    [METRIC_SECONDS] = "seconds", [METRIC_SHARE] = "share",     [METRIC_BYTES] = "bytes",
    [METRIC_HOURS] = "hours",     [METRIC_MONEY] = "money",
};

const char *const statistic_names[] = { "p50",  "p95",   "p99",   "max",  "min",
                                        "mean", "final", "total", "value" };
const size_t statistic_count = sizeof statistic_names / sizeof *statistic_names;

const struct invariant_row invariant_rows[] = {
    { "exactly-once", "every record counts once in the state, whatever was restarted" },
    { "slots-given-once", "no slot serves two jobs, no subtask runs twice" },
    { "legal-moves", "every machine moves only as its table allows" },
};
const size_t invariant_count = sizeof invariant_rows / sizeof *invariant_rows;
