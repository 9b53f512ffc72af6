/* SPDX-License-Identifier: Apache-2.0
 *
 * How one network is built and solved, step by step, each in a file of its own. In: members. Out:
 * classes, the max-min problem, and what its solution means for the vertices.
 */
#ifndef WEIR_SIM_MODEL_NET_BUILD_H
#define WEIR_SIM_MODEL_NET_BUILD_H

#include "sim/model/net.h"

struct model;
struct model_host;
struct model_job;
struct model_vertex;
struct component;
struct network_use;

/* net_gather.c: raw flows, slots, loads and rows of the members. */
void net_gather(struct model *model, struct net *net);
/* net_places.c: places of a member; the slot of a host. */
void net_add_places(struct model *model, struct net *net, uint32_t member);
uint32_t net_slot_of(struct model *model, struct net *net, uint32_t host);
/* Looks at a component: its place at a slot that it has one at; which of its places that is, NONE.
 */
void net_number_places(struct net *net, const struct component *component);
struct net_place *net_place_at(struct net *net, uint32_t slot);
uint32_t net_place_number(const struct net *net, const struct component *component, uint32_t slot);
/* net_class.c: which limits of hosts can be reached; classes from raw flows, the problem from both.
 */
void net_find_kept(struct model *model, struct net *net);
bool net_slot_is_kept(const struct net_slot *slot); /* any of its limits */
void net_classify(struct model *model, struct net *net);
/* net_rows.c: the problem's flows and rows, and what each source could have alone. */
void net_write_rows(struct model *model, struct net *net);
/* net_mark.c: which vertices are congested and backpressured, from the solution. */
void net_mark(struct model *model, struct net *net);
/* net_links.c: which senders of a shuffle cannot reach all of its readers, and which vertices do
 * not hear from all of their senders. */
void net_find_links(struct model *model, struct net *net);
/* The vertex that a subtask of the component being gathered sends to and cannot reach; NONE. To be
 * asked where some link is cut. */
uint32_t net_jam_of(struct model *model, struct net *net, struct model_job *job,
                    const struct model_vertex *vertex, uint32_t subtask);
/* net_nic.c: transfers to and from storage, told before they begin and when they are over, and
 * what they and the data plane leave each other of a NIC; again after new rates. */
void net_transfer_begins(struct model *model, uint32_t host, enum transfer_way way);
void net_transfer_ends(struct model *model, uint32_t host, enum transfer_way way);
void net_limit_transfers(struct model *model, struct net *net);
bool net_limit_transfers_of(struct model *model, uint32_t host);
/* What the data plane may use of a NIC, and what it does use: bytes per second, now. */
double net_nic_for_data(const struct model *model, uint32_t host, enum transfer_way way);
double net_nic_traffic(struct model *model, uint32_t host, enum transfer_way way);
/* By the tasks of the host, of a host at full speed, now. */
double net_cores_used(struct model *model, const struct model_host *host);
/* Of the connection that is slowest for what it carries of it: share in use, now. */
double net_wire_use(struct model *model, uint32_t host);
/* Does a NIC or a connection hold the class up, so that it always has something to send? */
bool net_held_by_nic(const struct net *net, uint32_t class);
/* One flow of a class, in records; what a NIC carries of each member, `sums` being those of sums.
 */
struct nic_turn net_flow_turn(const struct net *net, uint32_t class);
void net_add_turns(const struct model *model, struct net *net, uint32_t slot, enum transfer_way way,
                   const struct nic_turn *sums, struct nic_turn *turns);
/* Connections of a host in the networks that it is in; more come with those that are built. */
void net_count_connections(struct model *model, uint32_t host);
/* Could what is on the host together fill it: this network's part, not opened yet, and others'? */
bool net_host_can_fill(const struct model *model, const struct net_slot *slot);
void net_stay(struct model *model, const struct net *net);
void net_find_nics(struct model *model, struct net *net);
/* net_use.c: the fullest NIC and connection of a job's hosts; adds to what is there. */
void net_view_use(struct model *model, uint32_t job, struct network_use *most, bool *held);
/* net_share.c: slots with cores of their own; those that can be full before others of their kind.
 * May a slot of the job have some? */
bool net_has_shares(const struct model_job *job);
void net_find_shares(struct model *model, struct net *net);
void net_thin_shares(struct net *net);
/* By sum of the component, per record. */
double *net_loads(struct net *net, const struct net_place *place, enum net_limit limit);
/* The same of the thread, or channel, that takes most of it. */
double *net_peaks(struct net *net, const struct net_place *place, enum net_limit limit);

#endif
