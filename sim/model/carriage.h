/* SPDX-License-Identifier: Apache-2.0
 *
 * How long buffers are on the wire between two hosts, and how long they wait for NICs and links on
 * the way. In: what every NIC carries, by hosts that are about equally loaded; what is sent at
 * once. Out: seconds on the wire, and queues as stays without a service. Found once for each
 * network, and again when its rates have changed in other ways than all alike.
 */
#ifndef WEIR_SIM_MODEL_CARRIAGE_H
#define WEIR_SIM_MODEL_CARRIAGE_H

#include <stdint.h>

#include "core/base/vec.h"
#include "sim/cluster/virtual_cluster.h"

struct component;
struct model;
struct model_job;
struct net;
struct passage_share;
struct stays;
struct variation;

/* NICs of about equal load, one way; more kinds are joined with the one that is nearest. */
enum { NIC_KINDS_MAX = 4 };
struct nic_kind {
    double bytes_per_s; /* for the data plane; infinity: no limit */
    double use;         /* of that, 0 to 1, when it was found */
    double traffic;     /* the same, bytes per second */
    double seen;        /* the same, of the NIC or of a link, whichever is more */
    uint32_t hosts;
};

/* Of one component, on all NICs of a kind that are full, those parts that always have something to
 * send because such a NIC holds them up, and the others: bytes per second, and what they may take
 * in turn, by the same measure for all. */
struct nic_turn {
    double held, held_weight, kept_up, weight;
};

struct nic_loads {
    uint64_t round;       /* of the network it was found for */
    uint64_t version;     /* raised by 2 whenever it is found anew */
    uint64_t moves;       /* transfers that had begun or ended by then */
    uint64_t flushes;     /* the same of barriers */
    VEC(uint64_t) rounds; /* networks on the same hosts: index, round */
    VEC(double) rates;    /* of all their sources */
    VEC(double) asked;    /* scratch: the same, asked for now */
    double scale;         /* of the loads of now, by those that were found */
    double unit;          /* bytes sent at once: mean over bytes, when found */
    time_ns asked_at, found_at;
    uint64_t
        asked_rates; /* a number for the rates of all of these, when they were last asked for */
    time_ns asked_period; /* from barrier to barrier, then */
    bool more;            /* networks than are asked */
    bool alone;           /* one component, whose hosts no other network has */
    VEC(struct nic_kind) kinds[TRANSFER_WAY_COUNT];
    VEC(uint32_t) kind_of[TRANSFER_WAY_COUNT];      /* by slot of the network */
    VEC(double) traffic;                            /* scratch: the same */
    VEC(struct nic_turn) turns[TRANSFER_WAY_COUNT]; /* kinds x members; none: nothing is held up */
    VEC(struct nic_turn) sums;                      /* scratch: records, by sum of the network */
    uint64_t holds;                                 /* which classes were held up by NICs */
};

void nic_loads_fini(struct nic_loads *loads);
/* Who looks has loads of his own, for what is found at a time is kept for a while: swapped in
 * before, and out again behind. */
void nic_loads_swap(struct net *net);
/* At the rates of now. */
void nic_loads_now(struct model *model, struct net *net);

/* Of an edge: bytes sent at once, seconds until they are together, seconds until a buffer would be
 * full, and bytes per second of all. */
struct edge_flow {
    double unit, fill, full, bytes_per_s;
};
struct edge_flow edge_flow_of(const struct model *model, const struct model_job *job,
                              const struct component *component, uint32_t edge);
/* The last of these alone. */
double edge_bytes_per_s(const struct model_job *job, const struct component *component,
                        uint32_t edge);

/* Of a vertex, where it is evenly spread. */
double tasks_per_host(const struct model_job *job, const struct component *component,
                      uint32_t vertex);

/* On the way of some of an edge's records. Queues: sender's NIC, link, receiver's NIC. */
enum { CARRIAGE_QUEUES = 3 };
struct carriage {
    double wire; /* seconds */
    double turn; /* until the buffers of others that are held up let it in: any time up to this */
    double fill; /* until what is sent at once is together */
    double records;                   /* sent at once */
    double reach[TRANSFER_WAY_COUNT]; /* of the NICs' queues, after Poisson arrivals */
    uint32_t count;
    struct {
        double rho, service, wait_factor;
    } queues[CARRIAGE_QUEUES];
};
/* After nic_loads_now. sent: how regularly a sender's records leave it; null: at random. */
void carriage_find(const struct model *model, const struct model_job *job,
                   const struct component *component, const struct passage_share *share,
                   const struct variation *sent, struct carriage *out);
/* Means, in the long run: of one queue; of all of it. */
double carriage_wait(const struct carriage *carriage, uint32_t q);
double carriage_mean(const struct carriage *carriage);

#endif
