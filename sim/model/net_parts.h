/* SPDX-License-Identifier: Apache-2.0
 *
 * What the network is built from, gathered task by task before classes are made: source subtasks
 * as raw flows, hosts as slots, loads that do not fall on a flow's own host, the ends of shuffles,
 * and threads that need a row of their own.
 */
#ifndef WEIR_SIM_MODEL_NET_PARTS_H
#define WEIR_SIM_MODEL_NET_PARTS_H

#include <stdbool.h>
#include <stdint.h>

enum net_limit { LIMIT_THREAD, LIMIT_CORES, LIMIT_NIC_OUT, LIMIT_NIC_IN, NET_LIMIT_COUNT };
enum { HOST_LIMITS = NET_LIMIT_COUNT - 1 }; /* those of a host, from LIMIT_CORES on */

/* One source subtask. */
struct raw_flow {
    uint32_t sum, subtask, slot;
    uint32_t next_on_slot;
    double bound;
    uint32_t bound_vertex;
    double load[HOST_LIMITS]; /* on its own host, per record */
    uint32_t class;
    bool ready;
    bool alone; /* some limit concerns it and not its likes */
};

struct net_slot {
    uint32_t host;
    double limit[HOST_LIMITS]; /* cores, bytes per second each way; infinity: none */
    uint32_t first_flow, first_far;
    uint32_t flow_key, key; /* hosts with equal keys load their limits alike */
    bool kept[HOST_LIMITS]; /* the limit can be reached */
    uint32_t unreachable;   /* other slots it cannot talk to */
};

/* Load that a flow puts on another host than its own. */
struct far_load {
    uint32_t raw, next;
    enum net_limit limit;
    double load;
};

/* Of one shuffle at one host: shares of the records that its consumers get and its producers send,
 * and how many of both. */
struct shuffle_end {
    double consumed, produced;
    uint32_t consumers, producers;
};

/* A subtask whose thread several flows share, or flows and shuffles: a row of its own. */
struct own_row {
    uint32_t job, vertex, first_term, term_count;
    bool stuck;
};

struct raw_work {
    uint32_t raw, job, vertex;
    double tasks, busy;
};

#endif
