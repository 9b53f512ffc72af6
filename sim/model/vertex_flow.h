/* SPDX-License-Identifier: Apache-2.0
 *
 * What the network knows of a vertex: what it does for each source, what holds it up, how busy it
 * has been, and what latency needs of it, made when asked for. See net.h.
 */
#ifndef WEIR_SIM_MODEL_VERTEX_FLOW_H
#define WEIR_SIM_MODEL_VERTEX_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/time.h"
#include "core/base/vec.h"
#include "sim/model/bands.h"
#include "sim/model/deal.h"
#include "sim/model/passage.h"

/* Scratch of net_fold.c: task seconds, and seconds of the subtask with most. */
struct flow_fold {
    double task, busy, idle, backpressured;
    double busy_most, backpressured_most;
    double core_lack; /* within busy: tasks of full hosts had work and no core */
};

/* Arrays by source of its component. */
struct vertex_flow {
    double *busy;     /* task-seconds behind shuffles per record of the source, over all subtasks */
    double *busiest;  /* the same of the one subtask that has most to do */
    double *least;    /* no subtask has less to do than this, for any of the sources */
    bool stuck;       /* a subtask takes no records: halted, or what it sends cannot leave */
    bool halted;      /* a subtask takes nothing at all: frozen, or held by a snapshot */
    uint32_t frozen;  /* subtasks whose process is: they tell nothing of their time */
    uint32_t blocked; /* those that a snapshot of their own holds: it is work */
    uint32_t in_sync; /* those in the synchronous part of a snapshot of all: the same */
    double sync_share;     /* of the vertex's subtasks */
    bool unheard;          /* the link of a subtask with one of its senders is cut */
    uint32_t holder;       /* when stuck: the vertex, or the one it cannot reach */
    uint32_t first_window; /* of its subtasks, in the network's list; NONE: none waits */
    /* Seconds that a credit to it is under way, both ways; 0: credits for it are never short. */
    double credit_trip;
    bool windowed;      /* it holds up because credits for it are long on their way */
    bool congested;     /* its input buffers fill: it, or something behind it, is what holds up */
    bool backpressured; /* it waits for room in its output */
    bool contended;     /* it holds up because the cores of a host are taken */
    double core_lack;   /* seconds per second that its tasks there, behind shuffles, wait for one */
    /* While it is congested: of the buffers in front of it, and bytes that sources have read for
     * each that comes into it. */
    struct buffer_deal deal;
    double read_each;
    double busy_seconds, idle_seconds, backpressured_seconds, task_seconds;
    /* The same if all subtasks were as busy as the one that is busiest at the moment, and so on. */
    double busy_most_seconds, backpressured_most_seconds;
    double excess_seconds; /* by which means were above their most: rounding */
    struct flow_fold fold;
    double in_total, out_total;
    struct load_bands bands; /* behind shuffles, unless crowded; made when asked for, then kept */
    uint64_t bands_round;    /* of the network */
    uint64_t bands_rates;    /* the same, when rates of several sources mix */
    uint32_t first_work, last_work;     /* before shuffles, in the network's list; NONE */
    VEC(struct passage_share) passages; /* of its inputs, made when asked for, edge by edge */
    uint64_t passages_round;            /* of the network */
    uint64_t passages_version;          /* of its NICs' loads */
    /* Congested, or a source that reads a backlog: since then, or until then the last time. */
    bool held;
    time_ns held_at, released_at;
    uint32_t place;   /* among the vertices of its network, while cores may be short */
    bool crowded;     /* some of its tasks share their cores with others */
    double core_wait; /* seconds per second that its tasks wait for a core, all together */
    double core_wait_most, core_wait_least; /* the one that waits most, and least */
};

#endif
