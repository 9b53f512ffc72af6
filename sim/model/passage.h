/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of records over an edge: those that stay on their host need no time, the others the
 * latency of the link between the two hosts. In: who is where, and the links. Out: which part of
 * the edge's records takes which latency, by a few kinds of links; found once per network.
 */
#ifndef WEIR_SIM_MODEL_PASSAGE_H
#define WEIR_SIM_MODEL_PASSAGE_H

#include "core/base/time.h"
#include "core/base/vec.h"
#include "sim/load/distribution.h"

struct delay;
struct model;
struct model_job;
struct component;

/* Of the records into a vertex over one edge. */
struct passage_share {
    uint32_t edge;
    double weight; /* those of an edge add up to 1 */
    struct distribution latency;
    time_ns more_latency;
};

/* Kinds of links of an edge; more are joined with the one that is nearest. */
enum { PASSAGE_KINDS_MAX = 16 };

/* Seconds one way, of all records of the edge on average. */
double passage_mean(const struct model *model, struct model_job *job,
                    const struct component *component, uint32_t edge);
/* Seconds one way over the slowest of its links. */
double passage_longest(const struct model *model, struct model_job *job,
                       const struct component *component, uint32_t edge);
/* As a mixture. */
void passage_add(const struct model *model, struct model_job *job,
                 const struct component *component, uint32_t edge, struct delay *delay);

#endif
