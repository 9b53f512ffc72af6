/* SPDX-License-Identifier: Apache-2.0
 *
 * How the buffers in front of a congested vertex are dealt out to its subtasks. A sender's pool is
 * there for whoever reads from it: those that are behind fill it, and of them the one that is
 * furthest behind has in the end as many as one channel may have, while the others are read empty.
 * In: rates, work and places of the subtasks. Out: what may lie there, at first and at last, and
 * how fast it goes from one to the other. Cost: linear in the subtasks. See docs/model.md, buffers.
 */
#ifndef WEIR_SIM_MODEL_DEAL_H
#define WEIR_SIM_MODEL_DEAL_H

#include "sim/model/behind.h"

struct model;
struct net;
struct component;
struct model_job;
struct model_vertex;

struct deal_stage {
    /* Bytes, if every subtask had as much for what it reads as the one that is furthest behind: by
     * the bytes per second of the vertex it is how long that one takes to read what is before it.
     */
    double ahead;
    double held; /* bytes that there are */
    double size; /* of a buffer */
};

struct buffer_deal {
    uint32_t slowest;
    double weight;                /* its part of the records */
    struct deal_stage even, most; /* when a sender's pool is first used up; in the end */
    /* From one to the other in equal steps, and beyond: of the pace of filling (behind.h). */
    double paces[BEHIND_STEPS], left;
    uint64_t round; /* of the network that it was found for */
};

/* wish: what sources would read if buffers never filled, by what they read. */
void deal_find(struct model *model, struct net *net, struct model_job *job,
               const struct component *component, struct model_vertex *vertex, double wish);

#endif
