/* SPDX-License-Identifier: Apache-2.0
 *
 * How full the network buffers of a component are that lie between its sources and what holds them
 * back. In: what sources could send more than they may. Out: what lies in front of its congested
 * vertices, which fill together, as they are dealt out (deal.h). See docs/model.md, buffers.
 */
#ifndef WEIR_SIM_MODEL_BUFFERS_H
#define WEIR_SIM_MODEL_BUFFERS_H

#include "sim/model/behind.h"

struct model;
struct model_job;
struct model_source;
struct model_vertex;
struct net;
struct component;

/* Bytes ahead (struct deal_stage) of all congested vertices together, as sources have read them:
 * on the way records change size (vertex_flow.h, read_each). */
struct buffer_fill {
    double bytes, from; /* now; when the network's rates were last taken */
    double rate;        /* bytes per second they fill with, while senders have room */
    /* From `even` to `most` in equal steps, as fast as others leave their part of it to those that
     * are slowest; beyond. */
    double spread_rates[BEHIND_STEPS], left_rate;
    double even, most; /* of the stages of all deals */
    double last; /* beyond `most` stands for what those have read since: there they are empty */
};

/* So long after the network's rates were last taken. */
double buffer_fill_after(const struct buffer_fill *fill, double seconds);
/* The network has got new rates, and all its vertices are marked. */
void buffers_take_rates(struct model *model, struct net *net, struct model_job *job,
                        struct component *component);

/* What there is of it: as much as has arrived and is not read. */
struct buffer_level {
    double ahead; /* bytes as sources have read them, of all congested vertices */
    /* How far they are to the stages `even`, `most`, and to where the others are empty, 0 to 1. */
    double full, spread, settled;
    double part; /* of what its sources have not read */
};
struct buffer_level buffers_of(const struct model *model, struct model_job *job,
                               const struct component *component);
/* Records that the source has read into its component's buffers, which its position does not
 * count; by_group: of one partition of each group, null when not wanted. */
double source_ahead(const struct model *model, struct model_job *job, struct model_source *source,
                    const struct buffer_level *buffers, double *by_group);
/* In the buffers in front of a vertex, now; how large one of them is. */
struct deal_stage vertex_buffers(const struct model *model, struct model_job *job,
                                 const struct model_vertex *vertex);
/* How large buffers to it are, as of when rates were last taken. */
double vertex_buffer_size(const struct model_job *job, const struct component *component,
                          const struct model_vertex *vertex);

#endif
