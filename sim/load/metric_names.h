/* SPDX-License-Identifier: Apache-2.0
 *
 * The names that expectations may use: metrics with their units, the statistics over them, and
 * invariants. A scenario is checked against these tables before anything runs; the report fills the
 * same names.
 */
#ifndef WEIR_SIM_LOAD_METRIC_NAMES_H
#define WEIR_SIM_LOAD_METRIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum metric_unit {
    METRIC_COUNT,
    METRIC_RECORDS,
    METRIC_RATE,    /* records per second */
    METRIC_SECONDS, /* written as durations */
    METRIC_SHARE,   /* 0 ... 1, or percent */
    METRIC_BYTES,
    METRIC_HOURS,
    METRIC_MONEY,
    METRIC_UNIT_COUNT
};

/* What a metric can be asked of. A job's metric without a job means all jobs together. */
enum metric_scope { METRIC_OF_CLUSTER, METRIC_OF_JOB, METRIC_OF_VERTEX };

/* X(name, unit, scope, help) */
#define METRICS(X)                                                                                 \
    X(offered_rate, RATE, JOB, "records per second that arrive at the sources")                    \
    X(served_rate, RATE, JOB, "records per second that the sources take in")                       \
    X(lag_records, RECORDS, JOB, "records that have arrived and are not taken in yet")             \
    X(lag_seconds, SECONDS, JOB, "age of the oldest record that is not taken in yet")              \
    X(latency_p50_seconds, SECONDS, JOB, "arrival to sink, half the records are faster")           \
    X(latency_p95_seconds, SECONDS, JOB, "arrival to sink, 95 of 100 records are faster")          \
    X(latency_p99_seconds, SECONDS, JOB, "arrival to sink, 99 of 100 records are faster")          \
    X(parallelism, COUNT, JOB, "largest parallelism of a running vertex")                          \
    X(nic_use, SHARE, JOB, "share in use of the NIC that is fullest of its hosts' NICs")           \
    X(link_use, SHARE, JOB, "share in use of the connection of its hosts that is fullest")         \
    X(busy, SHARE, VERTEX, "share of time the subtasks work, mean over them")                      \
    X(idle, SHARE, VERTEX, "share of time the subtasks wait for input, mean over them")            \
    X(backpressured, SHARE, VERTEX, "share of time their output blocks them, mean over them")      \
    X(busy_max, SHARE, VERTEX, "share of time the subtask works that is busiest at the moment")    \
    X(backpressured_max, SHARE, VERTEX,                                                            \
      "share of time its output blocks the subtask it blocks most")                                \
    X(restarts, COUNT, JOB, "restarts after failures")                                             \
    X(rescales, COUNT, JOB, "restarts that changed the parallelism on purpose")                    \
    X(downtime_seconds, SECONDS, JOB, "time in which not all tasks were running")                  \
    X(records_replayed, RECORDS, JOB, "records served again after going back to a checkpoint")     \
    X(records_reread, RECORDS, JOB, "records that sources read again after going back")            \
    X(checkpoints_completed, COUNT, JOB, "checkpoints that completed")                             \
    X(checkpoints_failed, COUNT, JOB, "checkpoints that failed or expired")                        \
    X(checkpoint_duration_seconds, SECONDS, JOB, "trigger to completion")                          \
    X(checkpoint_bytes, BYTES, JOB, "size of a completed checkpoint")                              \
    X(checkpoint_written_bytes, BYTES, JOB, "what of it had to be stored: less when incremental")  \
    X(task_managers, COUNT, CLUSTER, "TaskManagers registered")                                    \
    X(machines, COUNT, CLUSTER, "machines that are paid for")                                      \
    X(slots_used, COUNT, CLUSTER, "slots given to jobs")                                           \
    X(slots_free, COUNT, CLUSTER, "slots given to nobody")                                         \
    X(slot_hours, HOURS, CLUSTER, "slots of all TaskManagers over time")                           \
    X(task_manager_hours, HOURS, CLUSTER, "TaskManagers over time")                                \
    X(cost, MONEY, CLUSTER, "machines over time at task-manager.price")

#define X(name, unit, scope, help) METRIC_##name,
enum metric { METRICS(X) METRIC_NAME_COUNT };
#undef X

/* How far from 1 the ratio of two worlds may be: 0.1 for 10 %. NaN: nothing is said of it. */
struct tolerances {
    double common;
    double of[METRIC_NAME_COUNT];
};

struct metric_row {
    const char *name;
    enum metric_unit unit;
    enum metric_scope scope;
    const char *help;
};

extern const struct metric_row metric_rows[METRIC_NAME_COUNT];
extern const char *const metric_unit_names[METRIC_UNIT_COUNT];

/* Over the samples of a run: p50 ... mean; final: the last one; total: sum over time or of events;
 * value: the one figure of the summary. */
extern const char *const statistic_names[];
extern const size_t statistic_count;

/* Is its total known exactly, whatever lies between two samples? A share's is of one vertex. */
bool metric_has_total(enum metric metric, bool of_vertex);
/* What the statistic is written in: the total of a share in seconds of subtasks, that of a rate in
 * records, else the metric's. The name may be null: `value`. */
enum metric_unit metric_statistic_unit(enum metric metric, const char *statistic);

/* What holds at every moment of a run, or is a fault of Weir or of the job's set-up. */
struct invariant_row {
    const char *name, *help;
};
extern const struct invariant_row invariant_rows[];
extern const size_t invariant_count;

#endif
