/* SPDX-License-Identifier: Apache-2.0
 *
 * The border, outward: orders. What a step wants done, in order. Effects and their payloads belong
 * to the node and live until its next step; the world copies what it delivers later.
 */
#ifndef WEIR_PORT_EFFECT_H
#define WEIR_PORT_EFFECT_H

#include "core/base/alloc.h"
#include "core/base/vec.h"
#include "core/port/data.h"
#include "core/port/event.h"
#include "core/port/log.h"
#include "core/port/message.h"

#define EFFECTS(X)                                                                                 \
    X(SEND, send)            /* a message to another node */                                       \
    X(STORE_WRITE, store)    /* make something durable; answered by STORE_DONE */                  \
    X(STORE_REMOVE, store)   /* forget it; not answered */                                         \
    X(DATA, data)            /* an order to this TaskManager's data plane */                       \
    X(CLIENT_ANSWER, answer) /* to a client's request */                                           \
    X(LOG, log)              /* a line of the event log */                                         \
    X(EXIT, exit)            /* the process ends itself */

#define X(kind, arm) EFFECT_##kind,
enum effect_kind { EFFECTS(X) EFFECT_KIND_COUNT };
#undef X

struct effect_send {
    struct node_id to;
    const struct message *message;
    bool is_request; /* the world reports SEND_FAILED when it was not taken; else it may vanish */
    uint64_t token;  /* comes back with SEND_FAILED */
};

/* What survives all processes: Flink's high-availability store and its checkpoint storage. */
enum store_object {
    STORE_EXECUTION_PLAN,
    STORE_CHECKPOINT,
    STORE_SAVEPOINT,
    STORE_SHARED_STATE, /* a file that checkpoints share */
    STORE_OBJECT_COUNT
};

struct effect_store {
    enum store_object object;
    struct job_id job;
    uint64_t id;             /* checkpoint id; SHARED_STATE: that it was stored for */
    struct vertex_id vertex; /* SHARED_STATE: whose */
    uint32_t subtask;
    int64_t bytes;
    uint64_t token;
};

/* To this TaskManager's data plane; none is answered at once: what tasks do comes back as events.
 */
enum data_order {
    DATA_DEPLOY,
    DATA_CANCEL,
    DATA_TRIGGER_CHECKPOINT,
    DATA_CHECKPOINT_COMPLETE,
    DATA_CHECKPOINT_ABORTED,
    DATA_ORDER_COUNT
};

/* For tasks of one job on this TaskManager. */
struct effect_data {
    enum data_order kind;
    struct job_id job;
    const struct task_deployment *deployments; /* DEPLOY */
    const struct task_attempt *attempts;       /* CANCEL, TRIGGER_CHECKPOINT */
    size_t count;
    struct checkpoint_order checkpoint; /* TRIGGER_CHECKPOINT; only the id for the other two */
};

/* Clients are no nodes: an answer is not a message, and is not lost. */
struct effect_answer {
    uint64_t token;
    enum client_request request;
    struct job_id job;
    struct err result;
    const char *text; /* what was wrong, or null */
    uint64_t value;   /* savepoint: its id */
};

enum exit_reason {
    EXIT_STOPPED,              /* as asked */
    EXIT_REGISTRATION_TIMEOUT, /* taskmanager.registration.timeout */
    EXIT_CANCELLATION_TIMEOUT, /* task.cancellation.timeout: a task would not end */
    EXIT_FATAL,                /* a machine's own fatal error */
    EXIT_REASON_COUNT
};

struct effect_exit {
    enum exit_reason reason;
};

struct effect {
    enum effect_kind kind;
    union {
        struct effect_send send;
        struct effect_store store;
        struct effect_data data;
        struct effect_answer answer;
        struct log_line log;
        struct effect_exit exit;
    };
};

struct effects {
    VEC(struct effect) list;
    struct arena arena;       /* payloads of the list */
    time_ns now;              /* stamp of the event being worked on */
    enum log_level log_level; /* lines below this level are not made */
};

void effects_init(struct effects *effects, enum log_level level);
void effects_fini(struct effects *effects);
void effects_begin(struct effects *effects, time_ns now); /* forgets the last step's */

/* Adds a message; the union's arm and its list are copied into the effects. */
void effects_send(struct effects *effects, struct node_id to, const struct message *message);
void effects_request(struct effects *effects, struct node_id to, const struct message *message,
                     uint64_t token);

/* Copies the lists as well. */
void effects_data(struct effects *effects, const struct effect_data *order);
void effects_store(struct effects *effects, enum effect_kind kind,
                   const struct effect_store *store);
void effects_answer(struct effects *effects, const struct effect_answer *answer);
void effects_exit(struct effects *effects, enum exit_reason reason);

/* Adds a log line unless its level is below the one asked for. `reason` is copied when not null. */
void effects_log(struct effects *effects, const struct log_line *line);
bool effects_wants_log(const struct effects *effects, enum log_level level);

#endif
