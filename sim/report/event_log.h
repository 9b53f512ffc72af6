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

#endif
