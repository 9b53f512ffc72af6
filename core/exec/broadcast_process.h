/* SPDX-License-Identifier: Apache-2.0
 *
 * A keyed process with a second input that goes to all subtasks alike: its records change broadcast
 * state, which the function of keyed records may only read. In: input 0 keyed, input 1 broadcast.
 * Source: Flink's CoBroadcastWithKeyedOperator, KeyedBroadcastProcessFunction.
 */
#ifndef WEIR_EXEC_BROADCAST_PROCESS_H
#define WEIR_EXEC_BROADCAST_PROCESS_H

#include "core/exec/broadcast_map.h"
#include "core/exec/keyed_process.h"

enum { BROADCAST_STATES_MAX = 16, BROADCAST_INPUT = 1 };

/* A broadcast record's view. */
struct broadcast_side {
    struct operator* op;
    int64_t timestamp, watermark;
};

struct broadcast_process_params {
    struct keyed_process_params keyed; /* first; its record function hears input 0 only */
    const struct broadcast_spec *maps; /* up to BROADCAST_STATES_MAX */
    uint32_t map_count;
    /* Must do the same in every subtask. Null text: well. */
    const char *(*broadcast)(const void *context, struct broadcast_side *side, const void *payload,
                             uint32_t size);
};

extern const struct operator_class broadcast_process_class;

/* The map of this name; null when it was not declared: the task fails. */
const struct broadcast_map *process_broadcast(struct process_key *key, const char *name);
struct broadcast_map *broadcast_side_map(struct broadcast_side *side, const char *name);

#endif
