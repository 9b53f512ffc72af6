/* SPDX-License-Identifier: Apache-2.0
 *
 * A run that a test makes up, and a recorder that watches it. In: views (fake_run.h), lines and
 * facts. Out: what the recorder made of them.
 */
#ifndef WEIR_TESTS_LIB_RECORDED_RUN_H
#define WEIR_TESTS_LIB_RECORDED_RUN_H

#include "sim/report/recorder.h"
#include "tests/lib/fake_run.h"
#include "tests/lib/load_fixture.h"

/* One job of two vertices, machines at a price. */
#define RECORDED_RUN_PRICED                                                                        \
    LOAD_FIXTURE_BASE "cluster: { task-manager: { count: 1, price: 2/h } }\n"                      \
                      "config: { heartbeat.interval: 10s, heartbeat.timeout: 50s }\n"

struct recorded_run {
    struct fake_run run;
    struct recorder recorder;
};

void recorded_begin(struct recorded_run *recorded, const char *yaml);
void recorded_end(struct recorded_run *recorded);

/* A line of the JobManager. */
void recorded_line(struct recorded_run *recorded, time_ns at, struct log_line what);
void recorded_fact(struct recorded_run *recorded, time_ns at, uint32_t node, const char *word,
                   const char *reason);
/* All tasks of the first job, two of each of its two vertices, run from one second on. */
void recorded_start_job(struct recorded_run *recorded);
/* Of its second vertex so many run on; the first that stopped did at that instant. */
void recorded_lose_tasks(struct recorded_run *recorded, time_ns at, uint32_t running);

/* Of all jobs together, or of the cluster. */
double recorded_value(const struct recorded_run *recorded, enum metric metric,
                      enum statistic statistic);

#endif
