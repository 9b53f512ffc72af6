/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks somebody else about each record and goes on meanwhile. The user's function says how long the
 * answer takes; when that time has passed it makes the answer. At most `capacity` questions are
 * open; further records wait, and no batch is taken meanwhile. Answers come in the order of the
 * records, or as they are there; in both cases no record passes a watermark. Records without an
 * answer are in the snapshot and are asked again at a restore. An answer may be none: the question
 * is asked again after a delay, but not behind the end of the input, and the time-out is of all
 * attempts together. Source: Flink's AsyncWaitOperator with its RetryableResultHandlerDelegator,
 * OrderedStreamElementQueue, UnorderedStreamElementQueue.
 */
#ifndef WEIR_EXEC_ASYNC_WAIT_H
#define WEIR_EXEC_ASYNC_WAIT_H

#include "core/exec/operator.h"

enum async_order { ASYNC_ORDERED, ASYNC_UNORDERED };

struct async_request {
    const void *payload;
    uint32_t size;
    int64_t timestamp;
};

struct async_wait_params {
    enum async_order order;
    uint32_t capacity; /* > 0 */
    time_ns timeout;   /* from the first asking; 0: none */
    /* All three: null text, well; else what is wrong, and the task fails with it. */
    /* latency: until the answer is there; TIME_NEVER: it never is. */
    const char *(*ask)(const void *context, struct operator* op,
                       const struct async_request *request, time_ns *latency);
    const char *(*answer)(const void *context, struct operator* op,
                          const struct async_request *request);
    /* Instead of an answer; null: the task fails. */
    const char *(*timed_out)(const void *context, struct operator* op,
                             const struct async_request *request);
    /* Is the answer of this attempt, from 1, none? Then how long until the next one. null: all are
     * answers. */
    bool (*again)(const void *context, struct operator* op, const struct async_request *request,
                  uint32_t attempt, time_ns *delay);
    const void *context;
};

extern const struct operator_class async_wait_class;

/* Questions that are open, records that are not asked about yet. */
void async_wait_count(const struct operator* op, uint32_t *open, uint32_t *waiting);

#endif
