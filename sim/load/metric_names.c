/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of metrics, statistics and invariants that expectations may name.
 */
#include "sim/load/metric_names.h"

#include "core/base/text.h"

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

bool metric_has_total(enum metric metric, bool of_vertex)
{
    static const enum metric sampled[] = {
        METRIC_lag_records,
        METRIC_lag_seconds,
        METRIC_latency_p50_seconds,
        METRIC_latency_p95_seconds,
        METRIC_latency_p99_seconds,
        METRIC_parallelism,
        METRIC_nic_use,
        METRIC_link_use,
    };
    for (size_t i = 0; i < sizeof sampled / sizeof *sampled; i++)
        if (sampled[i] == metric)
            return false;
    return metric_rows[metric].scope != METRIC_OF_VERTEX || of_vertex;
}

enum metric_unit metric_statistic_unit(enum metric metric, const char *statistic)
{
    enum metric_unit unit = metric_rows[metric].unit;
    if (!statistic || !text_equal(statistic, "total"))
        return unit;
    return unit == METRIC_SHARE ? METRIC_SECONDS : unit == METRIC_RATE ? METRIC_RECORDS : unit;
}

const struct invariant_row invariant_rows[] = {
    { "exactly-once", "every record counts once in the state, whatever was restarted" },
    { "slots-given-once", "no slot serves two jobs, no subtask runs twice" },
    { "legal-moves", "every machine moves only as its table allows" },
};
const size_t invariant_count = sizeof invariant_rows / sizeof *invariant_rows;
