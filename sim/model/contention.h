/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks that want a core while all are taken. In: rates, and who is where. Out: how many times as
 * long each task's work takes, and how long the tasks of a vertex wait for cores (struct
 * vertex_flow: crowded, core_wait). Hosts whose tasks get the same records are one kind, found once
 * for each network. Nothing is done while every task has a core. Equations: docs/model.md, cores.
 */
#ifndef WEIR_SIM_MODEL_CONTENTION_H
#define WEIR_SIM_MODEL_CONTENTION_H

#include <stdbool.h>

#include "core/base/time.h"
#include "sim/model/crowding.h"
#include "sim/model/intern.h"

/* A task that uses a core now and then. */
struct thread {
    uint32_t job, vertex, subtask; /* of one host of its kind */
    uint32_t kind;
    double rate;            /* records per second */
    double slowdown, swing; /* see queueing.h */
    double waits;           /* seconds per second that it waits for a core */
    bool behind;            /* it reads a backlog */
};

struct host_kind {
    double cores, speed;
    uint32_t hosts;
    uint32_t first_thread, thread_count;
    bool crowded; /* its threads are slowed down */
};

struct contention {
    uint64_t version;  /* raised whenever the rates are others */
    bool possible;     /* in this network: some host has more tasks than cores */
    double unseen;     /* seconds, of times too short to take it, since it was */
    time_ns taken_for; /* the rates that are since then; TIME_NEVER: none */
    uint64_t taken;    /* the version of the waits that vertices have */
    VEC(double) rates; /* of the sums, then of the classes, at which it was found; who is behind */
    VEC(double) asked; /* scratch: the same, asked for now */
    VEC(double) loads; /* scratch: of all threads, in cores */
    VEC(double) slowdowns; /* scratch: of the threads of one host */
    VEC(struct host_kind) kinds;
    VEC(struct thread) threads; /* kind by kind; as found the last time */
    struct intern keys;
    struct intern busy;       /* scratch: cores and loads that kinds have in common */
    VEC(uint32_t) busy_kinds; /* scratch: the first kind of each */
    VEC(uint64_t) words;
    struct crowdings crowdings;
};

struct model;
struct net;

void contention_fini(struct contention *contention);
/* A network begins, with the tasks that it has now: they leave before it ends. */
void contention_open(struct model *model, struct net *net);
/* Of the tasks in one network, at the rates of now, and of nothing that was before. */
void contention_now(struct model *model, struct net *net);
/* How long the tasks of its vertices wait for cores (core_wait), at the rates of now. Over times
 * too short to take that: as long as the last time, when they are `over`; else it says false, for
 * they may be longer. */
bool contention_take(struct model *model, struct net *net, bool over);

#endif
