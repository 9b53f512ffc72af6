/* SPDX-License-Identifier: Apache-2.0
 *
 * Data connections that have lost a packet to a cut. As on any TCP connection nothing passes until
 * a retry finds the link whole (tcp.h), and after the last one it is given up. In: first packets
 * that are lost, links that change, tasks that leave. Out: which connections still wait although
 * their link has healed; networks built anew when they go on; connections that are lost.
 */
#ifndef WEIR_SIM_MODEL_STALL_H
#define WEIR_SIM_MODEL_STALL_H

#include "core/base/vec.h"
#include "sim/kernel/queue.h"

struct model;
struct model_job;
struct component;

/* Of two hosts, or all of one that was cut off from everybody. */
struct stall {
    uint32_t ends[2];        /* the second NONE: all */
    uint32_t generation;     /* odd while it stands */
    time_ns lost_at;         /* its first packet; in the future: when there is one to be sent */
    struct sim_handle timer; /* the retry that may get through, or the end */
};

/* The component sends over the cut link of `host` and `peer` (NONE: any of its links), now or when
 * its load begins. */
void stall_begin(struct model *model, const struct model_job *job,
                 const struct component *component, uint32_t host, uint32_t peer);
/* Some link of the host was cut or has healed: looked at once for all that do at this instant. */
void stall_links_changed(struct model *model, uint32_t host);
void stalls_settle(struct model *model); /* does that now */
/* A task has left the host: connections that no task needs any more are closed. */
void stall_task_left(struct model *model, uint32_t host);
/* Does the connection of the two wait? */
bool stall_holds(const struct model *model, uint32_t a, uint32_t b);
/* The other ends of those that the host has with single ones. */
void stall_each(struct model *model, uint32_t host, void (*visit)(void *visitor, uint32_t peer),
                void *visitor);
void stalls_fini(struct model *model);

#endif
