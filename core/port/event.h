/* SPDX-License-Identifier: Apache-2.0
 *
 * The border, inward: facts. A node learns everything it knows from these, one at a time, each with
 * the time at which it happened. The payload belongs to the caller and lives for the step; the node
 * copies what it keeps. See effect.h for the way out and node.h for the step.
 */
#ifndef WEIR_PORT_EVENT_H
#define WEIR_PORT_EVENT_H

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/port/data.h"
#include "core/port/message.h"

#define EVENTS(X)                                                                                  \
    X(STARTED, started)         /* the process is up; first event of every node */                 \
    X(WOKEN, woken)             /* the deadline the node asked for has come */                     \
    X(MESSAGE, message)         /* another node's message arrived */                               \
    X(SEND_FAILED, send_failed) /* a request was not taken by its receiver */                      \
    X(PEER_VOUCHED, vouched)    /* the world will say when contact with a peer is in doubt */      \
    X(PEER_IN_DOUBT, in_doubt)  /* contact with a vouched peer may be lost from now on */          \
    X(STORE_DONE, store_done)   /* a store effect ended */                                         \
    X(DATA, data)               /* the data plane said something (TaskManager only) */             \
    X(CLIENT, client)           /* a client asks (JobManager only) */                              \
    X(STOPPING, stopping)       /* the process was asked to end gracefully (SIGTERM) */

#define X(kind, arm) EVENT_##kind,
enum event_kind { EVENTS(X) EVENT_KIND_COUNT };
#undef X

/* Why a request (effect.h) failed. Only requests can fail; what is merely told may vanish silently.
 */
enum send_failure {
    SEND_UNREACHABLE, /* no process there, or its connection is known to be broken */
    SEND_TIMED_OUT,   /* no answer from the other side's RPC layer within pekko.ask.timeout */
};

struct event_send_failed {
    struct node_id to;
    enum message_kind kind;
    uint64_t token; /* as the request gave it */
    enum send_failure failure;
};

/* Heartbeats between two nodes whose processes run and whose link loses nothing cannot change
 * anything. A world may vouch for such a peer; the monitors on both sides then sleep. When the
 * world is no longer sure (a process died or froze, the link was cut, slowed or made lossy) it says
 * so at that instant, and the monitors go on as if every heartbeat until then had been exchanged.
 */
struct event_vouched {
    struct node_id peer;
};

struct event_in_doubt {
    struct node_id peer;
    time_ns round_trip; /* request out and answer back, while the contact was good */
};

/* The end of a STORE_WRITE, known by its token. Removals are not reported. */
struct event_store_done {
    uint64_t token;
    bool failed;
};

/* What the data plane of this TaskManager reports. Lists belong to the caller. */
struct event_data {
    enum data_report kind;
    struct job_id job;
    const struct task_report *tasks; /* DATA_TASK_STATES */
    size_t task_count;
    uint64_t checkpoint;               /* DATA_CHECKPOINT_* */
    const struct checkpoint_ack *acks; /* DATA_CHECKPOINT_ACKNOWLEDGED */
    size_t ack_count;
    const struct shared_file *shared; /* the same: those of all of them */
    size_t shared_count;
    struct task_attempt declined_by;   /* DATA_CHECKPOINT_DECLINED */
    enum failure_cause cause;          /* DATA_CHECKPOINT_DECLINED */
    const struct task_attempt *at_end; /* DATA_END_OF_DATA: they go on running for now */
    size_t at_end_count;
    struct task_attempt source; /* DATA_SOURCE_BACKLOG: some task of it */
    bool in_backlog;
};

#define CLIENT_REQUESTS(X)                                                                         \
    X(SUBMIT_JOB, "submit")                                                                        \
    X(CANCEL_JOB, "cancel")                                                                        \
    X(STOP_WITH_SAVEPOINT, "stop")                                                                 \
    X(TRIGGER_SAVEPOINT, "savepoint")                                                              \
    X(TRIGGER_CHECKPOINT, "checkpoint")                                                            \
    X(UPDATE_REQUIREMENTS, "rescale")                                                              \
    X(LIST_JOBS, "list")

#define X(kind, name) CLIENT_##kind,
enum client_request { CLIENT_REQUESTS(X) CLIENT_REQUEST_COUNT };
#undef X

/* Bounds of one vertex, as PUT /jobs/:id/resource-requirements gives them; -1 takes Flink's
 * default. */
struct vertex_bounds {
    struct vertex_id vertex;
    int32_t lower, upper;
};

/* A call of the REST interface. Each is answered once, some at once, some when it is done. */
struct event_client {
    enum client_request request;
    uint64_t token; /* comes back with the answer */
    struct job_id job;
    const struct job_graph *graph;      /* SUBMIT_JOB; the dispatcher copies it */
    bool drain;                         /* STOP_WITH_SAVEPOINT */
    const struct vertex_bounds *bounds; /* UPDATE_REQUIREMENTS */
    size_t bound_count;
};

/* A registration may be read long after its sender has died. So the world connects back to the
 * sender before it delivers one (message_is_registration; RpcService.connect in ResourceManager.
 * registerTaskExecutor and JobMaster.registerTaskManager), and says if it could not: nobody is
 * there, or none answered within pekko.ask.timeout. Of several that wait for that, of one sender to
 * one role, the newest alone is delivered. */
struct event_message {
    struct node_id from;
    const struct message *message;
    bool is_one_way; /* of a registration: there is no way back to the sender */
};

struct event {
    time_ns at;
    enum event_kind kind;
    union {
        struct event_message message;
        struct event_send_failed send_failed;
        struct event_vouched vouched;
        struct event_in_doubt in_doubt;
        struct event_store_done store_done;
        struct event_data data;
        struct event_client client;
    };
};

extern const char *const event_kind_names[EVENT_KIND_COUNT];
extern const char *const client_request_names[CLIENT_REQUEST_COUNT];

#endif
