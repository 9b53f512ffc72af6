/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of two inputs with the same key in the same tumbling or sliding window of event time:
 * either all pairs of them, or both groups at once. Windows, lateness and side outputs as in
 * window.h, one late output for each side. Source: Flink's JoinedStreams, CoGroupedStreams.
 */
#ifndef WEIR_EXEC_WINDOW_JOIN_H
#define WEIR_EXEC_WINDOW_JOIN_H

#include "core/exec/interval_join.h"
#include "core/exec/window.h"

struct window_join_params {
    struct key_spec keys[JOIN_SIDES];   /* of each input, alike in kind and size, which is fixed */
    uint32_t payload_sizes[JOIN_SIDES]; /* of each input; 0: they vary */
    struct snapshot_serializer payloads[JOIN_SIDES]; /* another version is refused at restore */
    int64_t size, slide, offset;                     /* ms, as in window.h */
    int64_t lateness;                                /* ms */
    /* Of a pair; the timestamp is the window's, end - 1. */
    void (*join)(const void *context, struct operator* op, const struct join_record *left,
                 const struct join_record *right, int64_t timestamp);
    /* Instead, where set: both groups, in the order of coming, one of them perhaps empty. */
    void (*co_group)(const void *context, struct operator* op, const uint8_t *key, int64_t start,
                     int64_t end, struct record_slots left, struct record_slots right);
    const void *context;
};

/* Outputs as those of an interval join. */
extern const struct operator_class window_join_class;

#endif
