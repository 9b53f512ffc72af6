/* SPDX-License-Identifier: Apache-2.0
 *
 * The cluster of virtual time: processes on hosts, joined by a network, with a distributed file
 * system. It drives each process's node (core/port/node.h), carries out its effects, and lets
 * faults act on processes, hosts and links, never inside the core. There is one JobManager.
 */
#ifndef WEIR_SIM_CLUSTER_VIRTUAL_CLUSTER_H
#define WEIR_SIM_CLUSTER_VIRTUAL_CLUSTER_H

#include "sim/cluster/data_plane.h"
#include "sim/cluster/link_quality.h"
#include "sim/cluster/node_driver.h"
#include "sim/cluster/storage.h"
#include "sim/kernel/queue.h"
#include "sim/load/scenario.h"

/* Who wants to see what happens, in order. Any may be null; payloads live for the call. */
struct cluster_observer {
    void (*log)(void *context, time_ns at, struct node_id node, const struct log_line *line);
    /* A process was added, came up, is stopping, stopped, exited, was killed, frozen, resumed; its
     * host was cut off, healed, slowed, ...: word is static. */
    void (*fact)(void *context, time_ns at, struct node_id node, const char *word,
                 const char *reason);
    void (*answer)(void *context, time_ns at, const struct effect_answer *answer);
    void (*step)(void *context, time_ns at); /* the JobManager has taken in an event */
    void *context;
};

enum process_state {
    PROCESS_BOOTING,
    PROCESS_RUNNING,
    PROCESS_STOPPING, /* SIGTERM sent */
    PROCESS_CLOSING,  /* it has said goodbye; user code still closes */
    PROCESS_FROZEN,
    PROCESS_ENDED,
    PROCESS_STATE_COUNT
};
extern const struct state_table process_states;

struct process_view {
    struct node_id id;
    const char *name; /* "jobmanager", "tm1", ... */
    enum node_kind kind;
    enum process_state state;
    time_ns added_at, up_at, ended_at; /* TIME_NEVER: not yet */
    double speed;                      /* of its host */
    double loss;                       /* of packets on its own link, beside the network's */
    bool cut_off, gone;                /* from everybody; it has said goodbye, or ended */
    uint32_t cut_links;                /* to single others, also such as lose everything */
    const struct machine_spec *machine;
    bool own_links; /* links to some other TaskManagers may have figures of their own */
};

struct virtual_cluster *virtual_cluster_create(const struct scenario *scenario,
                                               struct sim_queue *queue,
                                               const struct cluster_observer *observer);
void virtual_cluster_destroy(struct virtual_cluster *cluster);
void virtual_cluster_set_data_plane(struct virtual_cluster *cluster,
                                    const struct data_plane_ops *ops, void *plane);

/* Before the start only. The driver: other nodes than the core's. Vouching (EVENT_PEER_VOUCHED):
 * on unless the network loses messages; off shows that it changes no decision. Invariants: checked
 * after each step unless told otherwise. The end hook hears of every process that ended. */
void virtual_cluster_set_driver(struct virtual_cluster *cluster, const struct node_driver *driver);
void virtual_cluster_set_vouching(struct virtual_cluster *cluster, bool vouching);
void virtual_cluster_set_invariants(struct virtual_cluster *cluster, enum node_checks checks);
void virtual_cluster_set_end_hook(struct virtual_cluster *cluster,
                                  void (*ended)(void *context, struct node_id node), void *context);

/* Starts the JobManager at time 0. */
void virtual_cluster_start(struct virtual_cluster *cluster);

/* Provider and faults. A name null gives the next free "tmN". The machine outlives the cluster.
 * Acting on a process that has ended, or that the act cannot change, does nothing. A grace of
 * TIME_NEVER never kills. Speed is absolute, in the unit of machine_spec.speed; loss in 0 ... 1. */
struct node_id virtual_cluster_add_task_manager(struct virtual_cluster *cluster, const char *name,
                                                const struct machine_spec *machine);
/* What the TaskManager so named is to run on; null, or not in the scenario: the cluster's. */
const struct machine_spec *virtual_cluster_machine_of(const struct virtual_cluster *cluster,
                                                      const char *name);
void virtual_cluster_stop(struct virtual_cluster *cluster, struct node_id node, time_ns grace);
void virtual_cluster_kill(struct virtual_cluster *cluster, struct node_id node, const char *reason);
void virtual_cluster_freeze(struct virtual_cluster *cluster, struct node_id node);
void virtual_cluster_resume(struct virtual_cluster *cluster, struct node_id node);
/* Both directions; peer none: with everybody. Cuts are counted, so overlapping ones nest. */
void virtual_cluster_cut(struct virtual_cluster *cluster, struct node_id node, struct node_id peer,
                         bool cut);
void virtual_cluster_set_speed(struct virtual_cluster *cluster, struct node_id node, double speed);
void virtual_cluster_set_loss(struct virtual_cluster *cluster, struct node_id node, double loss);
/* In place of what was said of this pair before. */
void virtual_cluster_throttle(struct virtual_cluster *cluster, struct node_id node,
                              struct node_id peer, const struct link_throttle *throttle);
bool virtual_cluster_has_task(const struct virtual_cluster *cluster, struct job_id job,
                              struct vertex_id vertex, uint32_t subtask);
void virtual_cluster_fail_task(struct virtual_cluster *cluster, struct job_id job,
                               struct vertex_id vertex, uint32_t subtask);
/* For the observer: what a script or a provider did. */
void virtual_cluster_fact(struct virtual_cluster *cluster, struct node_id node, const char *word,
                          const char *reason);
/* Who speaks in a fact: "process" of processes and hosts, "script" of what the script does. */
const char *virtual_cluster_fact_machine(const char *word);

/* Tokens of the script's own client requests have this bit set; below it stands the how-manieth of
 * these it is, from 1. */
#define SCRIPT_TOKEN ((uint64_t)1 << 32)

/* A client's request to the JobManager: a submission after the scenario's submit time, others after
 * the network's latency. Payload is copied. Without a JobManager the answer is a refusal. */
void virtual_cluster_ask(struct virtual_cluster *cluster, const struct event_client *request);

/* The data plane of `node` reports; the node hears of it before this returns, or when it resumes.
 * Not while an order is carried out; the node may answer with orders at once. Copied. */
void virtual_cluster_report(struct virtual_cluster *cluster, struct node_id node,
                            const struct event_data *report);

/* Looking. Processes are numbered by node id, the JobManager is 0. */
uint32_t virtual_cluster_process_count(const struct virtual_cluster *cluster);
/* Those not ended, in an order of no meaning; borrowed until the next one comes or goes. */
size_t virtual_cluster_living(const struct virtual_cluster *cluster, const struct node_id **out);
struct process_view virtual_cluster_process(const struct virtual_cluster *cluster,
                                            struct node_id node);
struct node_id virtual_cluster_find(const struct virtual_cluster *cluster, const char *name);
const struct node *virtual_cluster_node(const struct virtual_cluster *cluster, struct node_id node);
/* Is the link between two hosts whole, and does it let any packet through? (Says nothing of the
 * processes.) Then the others to whom none gets, by a link that is cut or silent. */
bool virtual_cluster_can_talk(const struct virtual_cluster *cluster, struct node_id a,
                              struct node_id b);
bool virtual_cluster_carries(const struct virtual_cluster *cluster, struct node_id a,
                             struct node_id b);
void virtual_cluster_each_cut(const struct virtual_cluster *cluster, struct node_id node,
                              void (*visit)(void *context, struct node_id peer), void *context);
/* The TaskManagers whose links with this one, which is not gone, have figures of their own. */
void virtual_cluster_each_own_link(const struct virtual_cluster *cluster, struct node_id node,
                                   void (*visit)(void *context, struct node_id peer),
                                   void *context);
struct link_quality virtual_cluster_link(const struct virtual_cluster *cluster, struct node_id a,
                                         struct node_id b);
struct sim_queue *virtual_cluster_queue(const struct virtual_cluster *cluster);
const struct scenario *virtual_cluster_scenario(const struct virtual_cluster *cluster);

#endif
