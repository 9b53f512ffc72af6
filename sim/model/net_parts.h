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

#include "core/base/ids.h"

enum net_limit {
    LIMIT_THREAD,
    LIMIT_CORES,
    LIMIT_NIC_OUT,
    LIMIT_NIC_IN,
    LIMIT_WIRE, /* of the connection that is slowest for what it has to carry: lost packets */
    LIMIT_SLOT, /* cores of a slot whose group asks for some */
    NET_LIMIT_COUNT
};
enum { HOST_LIMITS = LIMIT_WIRE }; /* those of a host, from LIMIT_CORES on */

struct net_member {
    uint32_t job, component;
};

/* A host's slot in a network; void when that has another round by now. */
struct net_stay {
    uint32_t net, slot;
    uint64_t round;
};

/* One source subtask. */
struct raw_flow {
    uint32_t sum, subtask, slot;
    uint32_t next_on_slot;
    double bound;
    uint32_t bound_vertex;
    bool bound_window;        /* it is credits for that one */
    double could;             /* the same if no thread stood still and no link was cut */
    double load[HOST_LIMITS]; /* on its own host, per record */
    double peak[HOST_LIMITS]; /* of that, the one thread, or channel, that takes most */
    uint32_t class;
    bool ready;                       /* every subtask that it reaches runs */
    bool waits;                       /* its own one reads nothing before its first checkpoint */
    bool alone;                       /* some limit concerns it and not its likes */
    double share_limit, share_weight; /* of the slot with cores of its own that it loads; 0: none */
    uint32_t share_kind;              /* what shuffles bring there */
};

struct net_slot {
    uint32_t host;
    /* Cores, bytes per second each way, seconds of a connection per second; infinity: none. */
    double limit[HOST_LIMITS];
    uint32_t wire_kind; /* hosts of equal loss */
    uint32_t first_place, last_place;
    uint32_t place;                  /* that of the component being looked at (net_number_places) */
    uint32_t first_pair, pair_count; /* hosts with which it has figures of its own */
    uint32_t first_flow, first_far;
    uint32_t key;             /* hosts with equal keys load their limits alike */
    uint32_t likes;           /* that have its number for their key */
    double most[HOST_LIMITS]; /* load, if everything flowed as fast as threads let it */
    bool kept[HOST_LIMITS];   /* the limit can be reached */
};

/* A component at a host that has tasks of it. Those of a component lie together; those of a slot
 * are chained in ascending order of components. */
struct net_place {
    uint32_t slot, member, next;
    uint32_t first_sum, sum_count; /* of the component */
    uint32_t first_load, first_end;
};

/* Load that a flow puts on another host than its own. */
struct far_load {
    uint32_t raw, next;
    enum net_limit limit;
    double load, peak;
};

/* Of one shuffle at one host: shares of the records that its consumers get and its producers send,
 * and how many of both. */
struct shuffle_end {
    double consumed, produced;
    uint32_t consumers, producers;
    bool jams; /* a host that gets some of it is out of reach: what is sent here cannot leave */
};

/* A subtask whose thread several flows share, or flows and shuffles: a row of its own. */
struct own_row {
    uint32_t job, vertex, first_term, term_count;
    uint32_t first_weight; /* into own_sums */
    uint32_t first_sum, sum_count;
    uint32_t holder;      /* the vertex that lets nothing through; NONE: it works */
    bool frozen, blocked; /* its process is; a snapshot holds it */
    bool backpressured;   /* while it does not */
    bool contended;       /* it waits for cores while it does not */
};

/* A slot with cores of its own. */
struct net_share {
    uint32_t job, host;
    struct allocation_id allocation;
    double limit;                    /* cores x speed */
    uint32_t first_term, term_count; /* flows that reach it without a shuffle */
    uint32_t first_sum, sum_count;   /* of the job */
    uint32_t first_weight;           /* into share_sums */
    uint32_t next_like, likes;       /* while thinning out; itself and those it stands for */
    bool kept;                       /* can be reached */
};

struct share_term {
    uint32_t raw, next;
    double weight;
};

struct raw_work {
    uint32_t raw, job, vertex;
    double tasks, busy;
    bool single; /* the subtask has no other work */
    bool frozen, blocked;
};

#endif
