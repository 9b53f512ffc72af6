/* SPDX-License-Identifier: Apache-2.0
 *
 * The flow network: everything that runs and can pass records on now, as a max-min problem. It is
 * built anew when tasks, hosts or connections change (linear in tasks), and solved anew when only
 * demand changes (linear in classes). A flow is one source subtask; flows that no limit tells apart
 * are one class. Between two solutions all rates are constant.
 *
 * Limits: threads (a subtask is busy at most all the time), cores of a host, its NIC either way.
 */
#ifndef WEIR_SIM_MODEL_NET_H
#define WEIR_SIM_MODEL_NET_H

#include "sim/kernel/queue.h"
#include "sim/model/intern.h"
#include "sim/model/maxmin.h"
#include "sim/model/net_parts.h"

/* Subtasks behind shuffles that are about equally loaded. */
struct load_band {
    double weight; /* of the vertex's records, those that go to them */
    double busy;   /* of one of them, seconds per record of the vertex */
};

/* What the network knows of a vertex; arrays by source of its component. */
struct vertex_flow {
    double *busy;    /* task-seconds behind shuffles per record of the source, over all subtasks */
    double *busiest; /* the same of the one subtask that has most to do */
    bool stuck;      /* a subtask cannot work: frozen, cut off, or held by a snapshot */
    bool congested;  /* its input buffers fill: it, or something behind it, is what holds up */
    bool backpressured;  /* it waits for room in its output */
    bool contended;      /* it holds up because its host's cores are taken */
    double buffer_bytes; /* room in the buffers in front of it, over all subtasks */
    double remote_share; /* of its input that comes from other hosts */
    double busy_seconds, idle_seconds, backpressured_seconds, task_seconds;
    double in_total, out_total;
    VEC(struct load_band) bands; /* made when asked for, in round bands_round */
    uint64_t bands_round;
};

struct net_sum {
    uint32_t job, source, component;
};

struct net_class {
    uint32_t sum;
    uint32_t tasks;
    double bound;          /* records per second that one of its tasks, and what only it feeds, can
                              take; infinity: other limits only */
    uint32_t bound_vertex; /* whose that is */
    uint32_t partitions;   /* of one task */
    double behind;         /* of them, with backlog */
    double demand;         /* what one task would read if it could */
    double rate;           /* of one task */
    double served, served_folded; /* records of one task, since the class was made */
    uint32_t bottleneck;          /* vertex that holds it up; NONE: it reads what it wants */
    bool backpressured;           /* by that vertex, which is not itself */
};

/* The share of a class in the work of a vertex that it reaches without a shuffle. */
struct class_work {
    uint32_t class, job, vertex;
    double tasks;         /* of the vertex, fed by this class */
    double busy, busiest; /* seconds per record of one task of the class: all of them, the most */
    bool backpressured;
};

struct net_row {
    enum net_limit limit;
    uint32_t job, vertex; /* THREAD */
    uint32_t host;        /* others */
};

struct net {
    time_ns at, folded_at;
    VEC(struct net_sum) sums;
    VEC(struct net_class) classes;
    VEC(struct class_work) work;
    VEC(struct net_row) rows; /* as those of the problem */
    struct maxmin problem;
    uint64_t round;             /* of building */
    bool all_kept_up;           /* every class reads what arrives, when it arrives */
    bool all_behind;            /* no class does */
    struct sim_handle crossing; /* a backlog reaches zero */
    struct sim_handle rebuild;
    /* while building */
    VEC(struct raw_flow) raws;
    VEC(struct net_slot) slots;
    VEC(double) loads; /* slots x HOST_LIMITS x sums */
    VEC(struct far_load) fars;
    VEC(struct shuffle_end) ends; /* slots x shuffles */
    uint32_t shuffle_count;
    VEC(struct own_row) own_rows;
    VEC(struct maxmin_term) own_terms; /* flow: raw */
    VEC(double) own_sums;              /* own rows x sums */
    VEC(struct raw_work) raw_work;
    VEC(double) most; /* by sum: no more can flow, whatever the hosts do */
    struct intern flow_keys, slot_keys, class_keys;
    VEC(uint64_t) words;
    VEC(uint32_t) scratch;
};

struct model;
struct model_job;
struct component;

void net_fini(struct net *net);
/* Brings positions and totals up to now. */
void net_advance(struct model *model);
/* Adds what has flowed since to the totals of the vertices; after net_advance. */
void net_fold(struct model *model);
/* Everything anew, now. */
void net_rebuild(struct model *model);
/* The same within NET_SETTLE: many pipelines that come and go one by one share one rebuild. */
void net_rebuild_soon(struct model *model);
/* New rates for the network as it is. */
void net_solve(struct model *model);

/* Waits for the next change of a source's load. */
void net_wait_for_step(struct model *model, uint32_t sum);

/* net_gather.c: raw flows, slots, loads and rows of what is active. */
void net_gather(struct model *model);
/* net_class.c: classes from raw flows, the problem from both. */
void net_classify(struct model *model);
/* net_rows.c: the problem's flows and rows, and what each source could have alone. */
void net_write_rows(struct model *model);
/* net_mark.c: which vertices are congested and backpressured, from the solution. */
void net_mark(struct model *model);
/* net_links.c: which hosts of the network cannot talk to others of it. */
void net_find_links(struct model *model);
/* Cut off from all others: its tasks neither get nor give. From some: what they send jams. */
bool net_slot_jams(const struct net *net, uint32_t slot, bool sends);
double *net_loads(struct net *net, uint32_t slot, enum net_limit limit);

#endif
