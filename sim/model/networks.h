/* SPDX-License-Identifier: Apache-2.0
 *
 * All flow networks of the model: in, components, hosts and loads that change; out, networks that
 * are up to date when somebody looks. What asks for a job gets all networks it has parts of.
 */
#ifndef WEIR_SIM_MODEL_NETWORKS_H
#define WEIR_SIM_MODEL_NETWORKS_H

#include "sim/model/net.h"

struct model;
struct model_job;
struct component;

struct networks {
    VEC(struct net *) all; /* by index */
    VEC(uint32_t) free;
    uint64_t round, refreshes;
    VEC(struct net_member) dirty; /* to be built anew */
    VEC(struct net_member) soon;  /* the same, within NET_SETTLE */
    VEC(struct net_member) seen;  /* while refreshing */
    VEC(uint32_t) left;           /* hosts of networks that have ended */
    VEC(uint32_t) leaders;        /* while splitting: by member, another one it shares rows with */
    struct sim_handle refresh, settle;
};

void networks_fini(struct networks *networks);
/* The network a component is in; null: it does not flow. */
struct net *net_of(const struct model *model, const struct component *component);
/* The source whose partitions flow as sum k of the network. */
struct model_source *net_source_at(struct model *model, const struct net *net, uint32_t k);

/* Brings positions and totals of the job up to now, and its rates, if something has changed. */
void net_advance(struct model *model, uint32_t job);
/* Adds what has flowed since to the totals of the job's vertices, for who looks; after net_advance.
 * Of an interval that may be too short to tell (contention.h) nothing yet. */
void net_fold(struct model *model, uint32_t job);
/* The component begins, ends, or flows in another way: its network is built anew, now, with
 * everything on hosts that could be filled. */
void net_rebuild(struct model *model, uint32_t job, uint32_t component);
/* The same for all components of a job. */
void net_rebuild_job(struct model *model, uint32_t job);
/* The same within NET_SETTLE: many pipelines that come and go one by one share one rebuild. */
void net_rebuild_soon(struct model *model, uint32_t job, uint32_t component);
/* The same for all that has tasks on a host, once for all hosts that change at this instant by
 * events of that class. */
void net_rebuild_host(struct model *model, uint32_t host, enum sim_class class);
/* What has been asked for is done. */
void net_refresh(struct model *model);

/* Its members begin to flow: positions, classes and rates. They end: positions stand still. */
void net_open(struct model *model, struct net *net);
void net_close(struct model *model, struct net *net);
/* New rates for the network as it is, brought up to now. */
void net_solve(struct model *model, struct net *net);
void net_bring_up(struct model *model, struct net *net);
/* It has got new rates, from now on. */
void net_start(struct model *model, struct net *net);
/* The rates end, or what else decides how busy tasks are. */
void net_fold_one(struct model *model, struct net *net);
/* Loads have changed at this instant, all of which one solution answers. */
void net_settle_steps(struct model *model, struct net *net);
/* Waits for the next change of a source's load. */
void net_wait_for_step(struct model *model, struct net *net, uint32_t sum);

#endif
