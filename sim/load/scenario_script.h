/* SPDX-License-Identifier: Apache-2.0
 *
 * The script of a scenario: what is done to the cluster and its jobs, when, and what is expected of
 * the run. Names are resolved; read only after loading.
 */
#ifndef WEIR_SIM_LOAD_SCENARIO_SCRIPT_H
#define WEIR_SIM_LOAD_SCENARIO_SCRIPT_H

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/port/event.h"

/* Every action: its kind, and the word for it in a scenario and in the log. Those on jobs come
 * last, from CANCEL on. */
/* clang-format off */
#define ACTIONS(X)                                                                                 \
    X(ADD, "add")           /* start count TaskManagers, or the named one */                       \
    X(STOP, "stop")         /* SIGTERM, and SIGKILL after the grace period */                      \
    X(KILL, "kill")         /* SIGKILL */                                                          \
    X(FREEZE, "freeze")     /* SIGSTOP for `duration` */                                           \
    X(CUT, "cut")           /* no messages between target and peer (or everybody) */               \
    X(SLOW, "slow")         /* the host runs at `factor` of its speed */                           \
    X(LOSS, "loss")         /* messages of the target are lost with probability `factor` */        \
    X(THROTTLE, "throttle") /* the link of target and peer gets worse */                           \
    X(FAIL_STORAGE, "fail-storage") /* requests to the checkpoint storage fail */                  \
    X(FAIL_TASK, "fail")    /* user code of a subtask throws */                                    \
    X(CANCEL, "cancel")                                                                            \
    X(STOP_JOB, "stop-with-savepoint")                                                             \
    X(SAVEPOINT, "savepoint")                                                                      \
    X(RESCALE, "rescale")   /* new bounds for vertices */
/* clang-format on */

#define X(kind, word) ACTION_##kind,
enum action_kind { ACTIONS(X) ACTION_KIND_COUNT };
#undef X

extern const char *const action_words[ACTION_KIND_COUNT];

enum storage_requests { STORAGE_ALL, STORAGE_WRITES, STORAGE_READS, STORAGE_REQUESTS_COUNT };
enum target_kind { TARGET_NAMED, TARGET_RANDOM, TARGET_IN_USE, TARGET_IDLE };

/* When an action happens: at a time, or `after` an event of the log was seen for the `nth` time. */
struct trigger_spec {
    time_ns at;    /* TIME_NEVER: by event */
    char *event;   /* pattern over "machine what from to", see docs/scenario.md; null: by time */
    int64_t value; /* the line's value must equal this; -1: any */
    uint32_t nth;  /* from 1 */
    time_ns after; /* on top of the event or time */
    time_ns every; /* repeats; TIME_NEVER: once */
};

struct scripted_event {
    struct trigger_spec trigger;
    enum action_kind kind;
    enum target_kind target;
    char *task_manager; /* NAMED */
    char *peer; /* CUT, LOSS: name of a node, null = everybody; "jobmanager" is a name too; THROTTLE
                 */
    uint32_t count;
    enum storage_requests requests; /* FAIL_STORAGE */
    time_ns duration;               /* of what lasts: FREEZE, CUT, ...; TIME_NEVER: for good */
    time_ns grace;                  /* STOP */
    double factor;
    time_ns more_latency; /* THROTTLE: on top, one way */
    double bandwidth_bps; /* THROTTLE: at most; 0: no limit */
    struct job_id job;
    struct vertex_id vertex; /* FAIL_TASK */
    uint32_t subtask;
    bool drain;
    VEC(struct vertex_bounds) bounds; /* RESCALE */
    char *label;                      /* for plots: "kill tm3" */
};

enum expectation_kind { EXPECT_METRIC, EXPECT_EVENT, EXPECT_INVARIANT, EXPECT_OUTPUT };
enum comparison { COMPARE_LE, COMPARE_LT, COMPARE_GE, COMPARE_GT, COMPARE_EQ };

struct expectation {
    char *name;
    enum expectation_kind kind;
    char *subject;   /* metric name, event pattern, invariant name, or sink of a program */
    char *statistic; /* metric: of statistic_names; null: the summary's one value
                      */
    char *of;        /* metric: ratio to the same metric of this variant; null: plain. Output: the
                        file with its lines; null: the program says them */
    enum comparison comparison;
    double value;      /* seconds for durations */
    char *after;       /* event: pattern of the reference event; null: from the start */
    time_ns within;    /* event: TIME_NEVER: any time */
    int64_t count;     /* event: must happen exactly this often; -1: at least once; 0: never */
    bool varied;       /* a variant says it, or part of it; else the scenario does, for all */
    struct job_id job; /* metric, event: of this job; none: of all. Output: whose sink it is */
    struct vertex_id vertex; /* metric: of this vertex of it; none: of all */
};

#endif
