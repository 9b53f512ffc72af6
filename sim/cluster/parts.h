/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of the virtual cluster, for the files of this folder only. process.c: life of a
 * process (process.h); step.c: its node and the effects; contact.c: vouching; way_back.c: whether
 * who registers can be reached; storage.c: the distributed file system; network.h: letters under
 * way and to be sent again; letter.h: what a node is to hear.
 */
#ifndef WEIR_SIM_CLUSTER_PARTS_H
#define WEIR_SIM_CLUSTER_PARTS_H

#include "core/base/index_map.h"
#include "core/base/rng.h"
#include "sim/cluster/network.h"
#include "sim/cluster/virtual_cluster.h"

struct shared_bandwidth;
struct store_transfer;

/* What the cluster knows of the contact between a TaskManager and the JobManager. */
struct contact {
    bool is_made; /* they have heard of one another */
    bool was_broken, is_vouched;
    struct sim_handle settled;
    time_ns round_trip; /* of heartbeats since it was made or last broken */
};

struct process { /* what every message touches comes first */
    struct node_id id;
    enum node_kind kind;
    enum process_state state;
    uint32_t cuts;      /* with everybody */
    uint32_t cut_links; /* of its links, those that are cut by name or silent */
    struct node *node;  /* from up to the end */
    time_ns wake_at;    /* TIME_NEVER: none is pending */
    struct sim_handle wake;
    const struct machine_spec *machine; /* null: the JobManager's */
    double loss, speed;
    uint32_t own_links;     /* with something of their own: of the scenario, or throttled now */
    uint32_t worker_links;  /* those of them to TaskManagers: records go there */
    struct contact contact; /* TaskManagers */
    struct rng network, storage;
    double dfs_limit[TRANSFER_WAY_COUNT]; /* bytes per second; 0: the NIC's */
    uint32_t moving[TRANSFER_WAY_COUNT];  /* transfers behind their latency */
    char *name;
    time_ns added_at, up_at, ended_at;
    time_ns refused_from; /* ended: requests sent from here on are refused, earlier ones hang */
    time_ns woken_at;     /* last, and how often at that instant */
    uint32_t woken_count;
    uint32_t living_place;
    bool stop_asked, stop_begun; /* SIGTERM; it has heard of it */
    bool said_goodbye;
    time_ns halts_at;                          /* stop begun: its JVM ends by then */
    time_ns closed_at;                         /* goodbye said: it ends then */
    struct sim_handle boot, stop, close, kill; /* up; goodbye; closed; end of the grace period */
    VEC(uint32_t) links, throttles;            /* throttles: of its links, now */
    VEC(struct letter *) inbox;                /* frozen or booting */
    VEC(struct letter *) connecting;           /* registrations of it that wait for a way back */
};

struct virtual_cluster {
    const struct scenario *scenario;
    struct sim_queue *queue;
    const time_ns *clock; /* the queue's */
    struct cluster_observer observer;
    const struct node_driver *driver;
    const struct data_plane_ops *plane_ops;
    void *plane;
    void (*on_end)(void *context, struct node_id node);
    void *on_end_context;
    enum node_checks check_invariants;
    bool vouching, stepping;
    VEC(struct process *) processes; /* by node id */
    VEC(struct node_id) living;      /* have not ended; in no order */
    struct index_map by_name;        /* hash of the name: the latest process so named */
    struct index_map reserved;       /* hashes of the names that the scenario gives: place there */
    uint32_t next_name;
    uint32_t cuts;    /* in force, of hosts and links */
    uint32_t lossy;   /* processes that lose packets */
    uint32_t holding; /* lanes that hold letters back */
    VEC(struct link) links;
    VEC(uint32_t) manager_links;        /* by node id: that with the JobManager; INDEX_NONE */
    struct index_map by_ends;           /* the others */
    VEC(struct letter *) letter_blocks; /* all letters there are */
    struct letter *spare_letters;
    struct link_quality plain_link; /* of pairs without anything of their own */
    struct own_links own_links;
    struct rng client;
    struct effects effects; /* of the node being stepped */

    struct shared_bandwidth *dfs;
    VEC(struct store_transfer) transfers;
    uint32_t free_transfer;
    uint32_t storage_fails[TRANSFER_WAY_COUNT]; /* how many say so */
};

enum { JOB_MANAGER = 0 };

/* Order of what is due in class wake at one instant. */
#define RANK_WAKE(node)    ((uint64_t)(node).n * 2)
#define RANK_SETTLED(node) ((uint64_t)(node).n * 2 + 1)

static inline struct process *cluster_process(const struct virtual_cluster *cluster,
                                              struct node_id node)
{
    CHECK(node.n < cluster->processes.count);
    return cluster->processes.items[node.n];
}

static inline time_ns cluster_now(const struct virtual_cluster *cluster)
{
    return *cluster->clock;
}

/* step.c. Hear: step now, keep for later, or drop, as the process's state demands; takes the
 * letter. */
void process_hear(struct virtual_cluster *cluster, struct process *process, struct letter *letter);
/* Its process has ended: the data plane learns of tasks that will not be where others look for
 * them. */
void process_miss(struct virtual_cluster *cluster, const struct process *process,
                  const struct letter *letter);
/* Stamps the event. */
void process_step(struct virtual_cluster *cluster, struct process *process, struct event *event);
void process_plan_wake(struct virtual_cluster *cluster, struct process *process);

/* contact.c */
void contact_make(struct virtual_cluster *cluster, struct process *task_manager);
/* Before (break) and after (review) something happened to the process or its links: tells those
 * concerned. The JobManager stands for all contacts. */
void contact_break(struct virtual_cluster *cluster, struct process *process);
void contact_review(struct virtual_cluster *cluster, struct process *process);

/* way_back.c. Is the letter a registration that waits? Then it will be heard when the way back to
 * its sender stands, or is known not to. */
bool way_back_is_awaited(struct virtual_cluster *cluster, struct letter *letter);
/* After something happened to the process or its links. */
void way_back_review(struct virtual_cluster *cluster, const struct process *process);

/* storage.c */
void storage_init(struct virtual_cluster *cluster);
void storage_fini(struct virtual_cluster *cluster);
void storage_review(struct virtual_cluster *cluster, const struct process *process); /* its loss */
void storage_write(struct virtual_cluster *cluster, struct process *process,
                   const struct effect_store *store);

#include "sim/cluster/process_life.h"

#endif
