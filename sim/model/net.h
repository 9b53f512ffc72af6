/* SPDX-License-Identifier: Apache-2.0
 *
 * The flow networks: everything that runs and can pass records on now, as max-min problems. Running
 * components that share a host which they could fill are members of one network; others cannot
 * hold each other up, and have networks of their own:
 *
 *   refresh:  what runs, hosts or links have changed  -> the networks of these hosts built anew
 *   solve:    only demand has changed                 -> new rates in one network
 *   advance:  time has passed                         -> positions of one network move on
 *
 * A flow is one source subtask; flows that no limit tells apart are one class. Between two
 * solutions all rates are constant, and what moves is found from where it was at the last one: who
 * looks on the way changes nothing. Cost is linear in what is rebuilt or solved.
 *
 * Limits: threads (a subtask is busy at most all the time), cores of a host, its NIC either way.
 */
#ifndef WEIR_SIM_MODEL_NET_H
#define WEIR_SIM_MODEL_NET_H

#include "sim/cluster/virtual_cluster.h"
#include "sim/kernel/queue.h"
#include "sim/model/carriage.h"
#include "sim/model/contention.h"
#include "sim/model/intern.h"
#include "sim/model/maxmin.h"
#include "sim/model/net_pair.h"
#include "sim/model/net_parts.h"
#include "sim/model/net_window.h"
#include "sim/model/ranking.h"
#include "sim/model/vertex_flow.h"

struct net_sum {
    uint32_t job, source, component;
    uint32_t first_class, class_count; /* those of one sum lie together */
};

struct net_class {
    uint32_t sum;
    uint32_t tasks;
    double bound;          /* records per second that one of its tasks, and what only it feeds, can
                              take; infinity: other limits only */
    uint32_t bound_vertex; /* whose that is */
    bool bound_window;     /* it is credits for that one */
    double could;          /* the bound if no thread stood still and no link was cut */
    uint32_t partitions;   /* of one task */
    double behind;         /* of them, with backlog */
    double demand;         /* what one task would read if it could */
    double rate;           /* of one task */
    /* Records of one task, since the class was made; the same when rates were last taken, and when
     * the network was last folded. */
    double served, served_from, served_folded;
    uint32_t bottleneck; /* vertex that holds it up; NONE: it reads what it wants */
    bool contended;      /* that one waits for cores */
    bool backpressured;  /* by that vertex, which is not itself */
};

/* The share of a class in the work of a vertex that it reaches without a shuffle. */
struct class_work {
    uint32_t class, job, vertex;
    uint32_t next; /* of the same vertex, by class; NONE */
    double tasks;  /* of the vertex, fed by this class */
    double busy;   /* seconds per record of one task of the class */
    /* Those of the tasks that nothing else feeds, and whose process is not frozen; of them, those
     * that a snapshot holds; their work per record, all and each. */
    double single, single_blocked, single_busy, single_most, single_least;
    bool contended, backpressured;
};

struct net_row {
    enum net_limit limit;
    uint32_t job, vertex; /* THREAD */
    uint32_t host;        /* others */
    uint32_t share;       /* SLOT */
    bool window;          /* THREAD: no thread, but credits for that vertex */
    uint32_t likes;       /* of host or slot: as many, with it, are loaded alike */
    /* While marking: of the vertices that the sum reaches, the one that loads it most, and the one
     * that does behind shuffles; sum NONE: not looked for. */
    uint32_t sum, heaviest, heaviest_behind;
};

struct net {
    uint32_t index;    /* among the networks */
    time_ns at, since; /* since then rates are as they are */
    time_ns folded_at, built_at;
    uint64_t rates;                 /* raised when they are taken */
    VEC(struct net_member) members; /* ascending */
    VEC(struct net_sum) sums;
    VEC(struct net_class) classes;
    VEC(struct class_work) work;
    VEC(struct net_row) rows; /* as those of the problem */
    struct maxmin problem;
    uint64_t round;                 /* of building; never used twice */
    uint64_t solved_round;          /* the one whose solution its rates are; 0: of none */
    bool all_kept_up;               /* every class reads what arrives, when it arrives */
    bool all_behind;                /* no class does */
    bool nics_stale;                /* transfers have begun or ended since limits were taken */
    struct sim_handle crossing;     /* a backlog reaches zero */
    VEC(uint32_t) stepped;          /* sums whose load has changed at this instant */
    struct sim_handle settle, nics; /* the end of this instant; NICs' limits are taken anew */
    struct contention contention;
    struct nic_loads nic_loads;      /* for what happens */
    struct nic_loads nic_loads_seen; /* for who looks, while nobody does */
    /* while building */
    VEC(struct raw_flow) raws;
    VEC(struct net_slot) slots;
    VEC(struct net_place) places;
    VEC(double) loads, peaks; /* places x HOST_LIMITS x sums: all; its largest thread or channel */
    VEC(struct far_load) fars;
    VEC(struct shuffle_end) ends;   /* places x shuffles of the component */
    VEC(struct net_pair) pairs;     /* by slot */
    struct ranking ranking;         /* scratch */
    VEC(double) wire_losses;        /* kinds of hosts; none when nothing is lost */
    VEC(double) wires;              /* as ends: seconds per byte of what is sent, at its slowest */
    VEC(struct net_window) windows; /* by subtask, of vertices that may wait for credits */
    VEC(struct window_row) window_rows;
    VEC(struct own_row) own_rows;
    VEC(struct maxmin_term) own_terms; /* flow: raw */
    VEC(double) own_sums;              /* own rows x sums of the component */
    VEC(struct net_share) shares;
    VEC(struct share_term) share_terms;
    VEC(double) share_sums; /* shares x sums of the job */
    VEC(struct raw_work) raw_work;
    VEC(double) most; /* by sum: no more can flow, whatever the hosts do */
    struct intern flow_keys, slot_keys, class_keys;
    VEC(uint64_t) words;
    VEC(uint32_t) scratch;
};

/* It does not read what arrives when it arrives: there is a backlog, or one begins. */
static inline bool net_class_is_behind(const struct net_class *class)
{
    return class->behind > 0 || class->rate < class->demand * (1 - 1e-12);
}

#endif
