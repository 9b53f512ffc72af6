/* SPDX-License-Identifier: Apache-2.0
 *
 * Watches a run and remembers what its report needs: samples of all metrics, incidents with their
 * recoveries, and what pictures draw. In: lines, facts and samples, in order. Out: the filled
 * metrics, incidents and timeline. Nothing here changes the run.
 */
#ifndef WEIR_SIM_REPORT_RECORDER_H
#define WEIR_SIM_REPORT_RECORDER_H

#include "sim/report/metrics.h"
#include "sim/report/network_record.h"
#include "sim/report/timeline.h"

/* What one job's totals were at the last sample, and what events have added up to. */
struct job_record {
    double offered, served;
    uint64_t completed, failed;         /* checkpoints */
    VEC(struct failure_count) failures; /* those failed, by reason, as they first came */
    VEC(struct vertex_record) vertices;
    struct network_record network;
    struct model_job_view flow; /* at the last sample; checkers look at it, too */
};

struct failure_count {
    char *reason; /* on the heap */
    uint64_t count;
};

struct vertex_record {
    double busy, idle, backpressured; /* seconds */
    double busy_most, backpressured_most;
    size_t column; /* its first of those in recorder_sample.c; SIZE_MAX: it has none */
};

struct recorder {
    const struct run_look *look;
    struct metrics metrics;
    struct incidents incidents;
    struct timeline timeline;
    VEC(struct job_record) jobs;
    VEC(double) values;     /* of the sample being taken: a row of METRIC_NAME_COUNT per job */
    uint32_t machines;      /* added and not ended */
    uint32_t machines_lost; /* ended */
    /* Seconds times number, exact up to `counted_at`. */
    double machine_seconds, task_manager_seconds, slot_seconds, used_seconds, free_seconds, cost;
    double price_now; /* of all machines that are there, per hour */
    struct look_cluster cluster;
    time_ns counted_at;
    time_ns scripted_at; /* of the script's last act: what follows from it is not marked again */
};

void recorder_init(struct recorder *recorder, const struct run_look *look);
void recorder_fini(struct recorder *recorder);

void recorder_line(struct recorder *recorder, time_ns at, struct node_id node,
                   const struct log_line *line);
void recorder_fact(struct recorder *recorder, time_ns at, struct node_id node, const char *word,
                   const char *reason);
/* Slots and TaskManagers may be others: after each event that the JobManager has taken in. */
void recorder_step(struct recorder *recorder, time_ns at);
void recorder_sample(struct recorder *recorder, time_ns at);

/* For recorder_sample.c: sees to tasks that have stopped since the last line, fact or sample; */
void recorder_settle(struct recorder *recorder, time_ns now);
/* to phases that no line tells of: of several regions some run, and the others wait for slots; */
void recorder_review_phases(struct recorder *recorder, time_ns now);
/* brings the numbers over time up to now. */
void recorder_count_up_to(struct recorder *recorder, time_ns now);

#endif
