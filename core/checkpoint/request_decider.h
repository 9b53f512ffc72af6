/* SPDX-License-Identifier: Apache-2.0
 *
 * Which checkpoint request runs next: the queue and the pause rules of Flink's
 * CheckpointRequestDecider. Order: savepoint before checkpoint, forced first, user before periodic,
 * older first. Knows nothing of tasks or timers: the situation comes in with each question.
 */
#ifndef WEIR_CHECKPOINT_REQUEST_DECIDER_H
#define WEIR_CHECKPOINT_REQUEST_DECIDER_H

#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/port/data.h"

enum { CHECKPOINT_REQUESTS_MAX = 1000 };

struct checkpoint_request {
    uint64_t seq; /* order of asking; given by request_decider_add */
    enum checkpoint_kind kind;
    bool periodic, forced;
    uint64_t client_token;
};

struct request_decider {
    uint32_t queue_limit;
    int64_t max_concurrent;
    time_ns min_pause;
    VEC(struct checkpoint_request) queue; /* best first */
    uint64_t next_seq;
};

/* What holds the coordinator back at this moment. */
struct decider_situation {
    time_ns now;
    bool triggering;            /* one is just being triggered */
    uint32_t pending, cleaning; /* in progress; old ones being removed */
    time_ns last_completed_at;  /* TIME_NEVER: none */
};

/* A request that left the queue, or never entered it, without running: it fails. */
struct refused_request {
    struct checkpoint_request request;
    bool for_pause; /* asked inside min-pause; else the queue was full */
};

struct decision {
    bool run; /* `request` is to be triggered; it has left the queue */
    struct checkpoint_request request;
    struct refused_request refused[2]; /* the queue's overflow, then the one inside the pause */
    uint32_t refused_count;
    time_ns retry_in; /* move the periodic timer to now + this; TIME_NEVER: leave it */
};

void request_decider_init(struct request_decider *decider, uint32_t queue_limit,
                          int64_t max_concurrent, time_ns min_pause);
void request_decider_fini(struct request_decider *decider);
/* A new request, which is a chance to run for it or another one. */
struct decision request_decider_add(struct request_decider *decider,
                                    struct checkpoint_request request,
                                    const struct decider_situation *situation);
/* A chance to run for the queued ones: a checkpoint ended. */
struct decision request_decider_choose(struct request_decider *decider,
                                       const struct decider_situation *situation);
/* What is left of min-pause; zero or less: nothing. */
time_ns request_decider_pause_left(const struct request_decider *decider,
                                   const struct decider_situation *situation);
/* Takes the best queued request away (the coordinator stops); false: none is left. */
bool request_decider_take(struct request_decider *decider, struct checkpoint_request *out);

#endif
