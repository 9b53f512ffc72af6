/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of records of one key whose times lie so far apart: left + lower <= right <= left + upper.
 * Both sides are kept until the watermark says that no partner comes any more; a record behind the
 * watermark is late and goes to the side output. Source: Flink's IntervalJoinOperator.
 */
#ifndef WEIR_EXEC_INTERVAL_JOIN_H
#define WEIR_EXEC_INTERVAL_JOIN_H

#include "core/exec/record_buffer.h"
#include "core/exec/task_output.h"
#include "core/exec/timer_service.h"

enum { JOIN_LEFT, JOIN_RIGHT, JOIN_SIDES };
enum { JOIN_OUTPUT, JOIN_LATE_LEFT_OUTPUT, JOIN_LATE_RIGHT_OUTPUT };

/* One record of a pair. */
struct join_record {
    const void *payload;
    uint32_t size;
    int64_t timestamp;
};

struct interval_join_params {
    struct key_spec keys[JOIN_SIDES];   /* of each input, alike in kind and size, which is fixed */
    uint32_t payload_sizes[JOIN_SIDES]; /* of each input; 0: they vary */
    struct snapshot_serializer payloads[JOIN_SIDES]; /* another version is refused at restore */
    int64_t lower, upper;                            /* ms, lower <= upper */
    bool lower_exclusive, upper_exclusive;
    /* Writes the pair to output 0, with the later of both timestamps. */
    void (*join)(const void *context, struct operator* op, const struct join_record *left,
                 const struct join_record *right, int64_t timestamp);
    const void *context;
};

extern const struct operator_class interval_join_class;

#endif
