/* SPDX-License-Identifier: Apache-2.0
 *
 * Which subtasks of a congested vertex are behind: do not read as fast as their senders could send.
 * What a sender has room for lies before these, and more and more of it before the slowest. In:
 * rates, work and places of the subtasks. Out: who is slowest, how many others are behind, and how
 * fast the slowest gets what the others leave. Cost: to sort the subtasks. See docs/model.md,
 * buffers.
 */
#ifndef WEIR_SIM_MODEL_BEHIND_H
#define WEIR_SIM_MODEL_BEHIND_H

#include <stdbool.h>
#include <stdint.h>

struct model;
struct net;
struct component;
struct model_job;
struct model_host;
struct model_vertex;

/* Paces are by the vertex's own: who keeps up with 1.2 could read a fifth more than it gets. */
struct behind {
    uint32_t slowest;   /* a subtask */
    uint32_t count;     /* of those that are behind, the slowest among them */
    uint32_t last;      /* of those that are as slow as the slowest */
    double weight;      /* the slowest's part of the vertex's records */
    double last_weight; /* of all those */
    double keeps, wish; /* what the slowest keeps up with; what sources would send */
    double spread;      /* growth of what lies before all of them, by that of the slowest's if it
                           got all records */
    /* Subtasks from the slowest on, what they keep up with, their parts of the records; until the
     * next one is found. */
    const uint32_t *order;
    const double *paces, *weights;
};

/* wish: what sources would send if buffers never filled, by what they send; those of a vertex that
 * gets records through shuffles. */
void behind_find(struct model *model, struct net *net, struct model_job *job,
                 const struct component *component, const struct model_vertex *vertex, double wish,
                 struct behind *out);
/* All are alike, and as many. */
struct behind behind_alike(uint32_t count);

/* While a sender's pool is used up the slowest subtask's part of it grows, in so many equal steps,
 * to `most` times what it was when that began. Out: the pace of each step, and at last that at
 * which the others read what is left to them, both by that before the pool was used up. */
enum { BEHIND_STEPS = 8 };
void behind_paces(const struct behind *behind, double most, double paces[BEHIND_STEPS],
                  double *left);

/* It takes nothing, and sends nothing: its process is frozen, or cut off. */
bool behind_stands(const struct model_host *host);

#endif
