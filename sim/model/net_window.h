/* SPDX-License-Identifier: Apache-2.0
 *
 * Credit windows, while the network is built: in, who is where, latencies of links, buffers of
 * gates and pools; out, what a record costs a subtask that has to wait for credits. See
 * docs/model.md, credits.
 */
#ifndef WEIR_SIM_MODEL_NET_WINDOW_H
#define WEIR_SIM_MODEL_NET_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct model;
struct net;
struct model_vertex;

/* Of one subtask that sends: its slowest channel. */
struct net_window {
    double seconds; /* per record into the subtask; 0: no channel has to wait */
    double wait;    /* while they do: how long what is queued in front of that channel takes */
    double held;    /* the same: bytes queued at the subtask */
    uint32_t to;    /* the vertex at the other end */
};

/* A limit that is no thread's: flows, and sums of the component, whose records wait for credits. */
struct window_row {
    uint32_t job, to, first_term, term_count; /* into own_terms */
    uint32_t first_weight;                    /* into own_sums */
    uint32_t first_sum, sum_count;
};

/* When all are placed: windows of all vertices that may have to wait. */
void net_find_windows(struct model *model, struct net *net);
/* Null: its thread, busy for so many seconds per record, is full before it waits for credits. */
const struct net_window *net_window_of(const struct net *net, const struct model_vertex *vertex,
                                       uint32_t subtask, double busy);

#endif
