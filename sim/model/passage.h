/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of records over an edge: those that stay on their host need no time, the others the
 * latency of the link between the two hosts, and that on the wire and in front of it (carriage.h).
 * In: who is where, and the links. Out: which part of the edge's records takes which latency, by a
 * few kinds of links; found once per network.
 */
#ifndef WEIR_SIM_MODEL_PASSAGE_H
#define WEIR_SIM_MODEL_PASSAGE_H

#include "core/base/time.h"
#include "core/base/vec.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/load/distribution.h"

struct delay;
struct variation;
struct model;
struct model_job;
struct component;
struct load_history;

/* Of the records into a vertex over one edge. */
struct passage_share {
    uint32_t edge;
    double weight; /* those of an edge add up to 1 */
    struct distribution latency;
    time_ns more_latency;
    double link_bytes_per_s;          /* 0: no limit */
    double peers;                     /* hosts that a sender has on the other side */
    uint32_t nic[TRANSFER_WAY_COUNT]; /* kinds, the sender's and the reader's; NONE: same host */
};

/* Kinds of links of an edge; more are joined with the one that is nearest. */
enum { PASSAGE_KINDS_MAX = 16 };

/* Seconds one way, with queues as in the long run: of all records of the edge on average; over the
 * fastest of its links. */
struct passage_seconds {
    double mean, least;
};
/* sent: how regularly a sender's records leave it; null: at random. */
struct passage_seconds passage_mean(struct model *model, struct model_job *job,
                                    const struct component *component, uint32_t edge,
                                    const struct variation *sent);
/* How regularly a sender's records come to one subtask of the reader, whose utilisation is rho: in
 * as they leave the sender, out as they come. */
void passage_vary(struct model *model, struct model_job *job, const struct component *component,
                  uint32_t edge, double rho, struct variation *stream);
/* Seconds one way over the slowest of its links, with queues as they are by now. history: of the
 * loads of the edge's reader. */
double passage_longest(struct model *model, struct model_job *job,
                       const struct component *component, uint32_t edge,
                       struct load_history *history);
/* As a mixture. */
void passage_add(struct model *model, struct model_job *job, const struct component *component,
                 uint32_t edge, const struct variation *sent, struct delay *delay);

#endif
