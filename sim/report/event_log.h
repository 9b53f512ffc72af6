/* SPDX-License-Identifier: Apache-2.0
 *
 * The event log of a run: every line the nodes and the world said, in order, with names instead of
 * numbers, and the fingerprint over all of them. One JSON object per line; the legend of keys and
 * words is docs/log.md. In: log lines, facts and answers as the cluster observer gives them.
 */
#ifndef WEIR_SIM_REPORT_EVENT_LOG_H
#define WEIR_SIM_REPORT_EVENT_LOG_H

#include <stdio.h>

#include "sim/cluster/virtual_cluster.h"

struct event_log {
    FILE *file; /* null: only the fingerprint is wanted */
    const struct scenario *scenario;
    const struct virtual_cluster *cluster; /* for names of processes */
    uint64_t count, fingerprint;
    bool failed; /* a write did not work; said once at the end */
};

void event_log_init(struct event_log *log, FILE *file, const struct scenario *scenario,
                    const struct virtual_cluster *cluster);
void event_log_line(struct event_log *log, time_ns at, struct node_id node,
                    const struct log_line *line);
void event_log_fact(struct event_log *log, time_ns at, struct node_id node, const char *word,
                    const char *reason);
void event_log_answer(struct event_log *log, time_ns at, const struct effect_answer *answer);

/* Who speaks in a fact: "process" for what happens to processes and hosts, "script" for what the
 * scenario's script does. */
const char *event_log_fact_machine(const char *word);

/* Seconds with nine decimals, exact: "12.500000000". out is at least 32 long. */
void event_log_time(time_ns at, char *out, size_t size);

#endif
