/* SPDX-License-Identifier: Apache-2.0
 *
 * The cluster of a scenario: its machines, how they come and go, its network and file system, and
 * the times that no timer explains. Filled and checked by the reader, read only afterwards.
 */
#ifndef WEIR_SIM_LOAD_SCENARIO_CLUSTER_H
#define WEIR_SIM_LOAD_SCENARIO_CLUSTER_H

#include "core/base/time.h"
#include "core/base/vec.h"
#include "sim/load/distribution.h"
#include "sim/load/series.h"

/* Of a host, whatever slows it. Less is as good as nothing, and that is a frozen one. */
#define MACHINE_SPEED_MIN 1e-6

/* One kind of TaskManager machine. */
struct machine_spec {
    double cores; /* as seen by tasks; a task uses at most one */
    double
        speed; /* 1 = the machine costs were measured on; 0.5 = half as fast; MACHINE_SPEED_MIN */
    int64_t memory_bytes;
    uint32_t slots;
    double network_bps;       /* bits per second of the NIC, each way */
    double disk_bps;          /* bytes per second of the local disk */
    struct distribution boot; /* from "a machine is added" to "its process is up" */
    double price_per_hour;
};

/* A TaskManager that is there from the start or that the script names. */
struct task_manager_spec {
    char *name;
    time_ns
        at; /* process start wanted; boot is drawn on top. TIME_NEVER: only when an event adds it */
    struct machine_spec machine; /* the cluster's, with its own values over it */
};

enum churn_kind { CHURN_NONE, CHURN_SERIES, CHURN_EXPONENTIAL };

/* TaskManagers that come and go by a record or by chance. */
struct churn_spec {
    enum churn_kind kind;
    struct series count;          /* SERIES: how many machines there are, a step function */
    bool graceful;                /* leave with notice (SIGTERM) rather than suddenly */
    time_ns notice;               /* graceful: from SIGTERM to the kill */
    time_ns mean_time_to_failure; /* EXPONENTIAL: per machine */
    struct distribution rejoin;   /* EXPONENTIAL: from failure to process start of its successor */
};

/* CPU-bound times of the control plane that no timer explains; parameters, never fitted in the
 * core. */
struct timing_spec {
    struct distribution job_manager_start; /* process start to its first step */
    struct distribution submit;            /* client call to the dispatcher */
    struct distribution deploy;     /* a task: DEPLOYING to INITIALIZING on its TaskManager */
    struct distribution initialize; /* a task: INITIALIZING to RUNNING, beside state restore */
    struct distribution cancel;     /* a task: cancel to CANCELED, beside the user's own close */
    struct distribution shutdown;   /* a TaskManager: SIGTERM to its goodbye */
    struct distribution connection_loss; /* a peer's death to the consumer's failed read */
    struct distribution rpc_loss;        /* a peer's death to the RPC layer knowing: until then
                                            requests to it hang, after it they are refused */
};

/* What two hosts have between them instead of the network's figures. */
struct link_spec {
    char *ends[2]; /* names of TaskManagers, or "jobmanager" */
    struct distribution latency;
    double loss, bandwidth_bps; /* bandwidth 0: the network's */
    bool has_latency, has_loss;
};

struct network_spec {
    struct distribution latency; /* one way, per message */
    double loss;                 /* 0 ... 1, per message */
    double bandwidth_bps;        /* bits per second between two hosts, each way */
    VEC(struct link_spec) links; /* pairs with figures of their own */
};

struct storage_spec {
    double bandwidth; /* bytes per second, shared by all */
    struct distribution latency;
    uint32_t connections; /* that a transfer opens */
};

struct cluster_spec {
    char *provider;              /* "standalone" */
    struct machine_spec machine; /* of the unnamed */
    uint32_t count;              /* unnamed TaskManagers at time 0: tm1, tm2, ... */
    VEC(struct task_manager_spec) named;
    struct churn_spec churn;
    struct timing_spec timing;
    struct network_spec network;
    struct storage_spec dfs;
};

#endif
