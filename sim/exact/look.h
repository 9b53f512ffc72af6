/* SPDX-License-Identifier: Apache-2.0
 *
 * One task of the exact world at this instant: what waits in its channels, which barrier is where,
 * what it does. In: a plane that stands still. Out: plain figures; nothing is changed.
 */
#ifndef WEIR_SIM_EXACT_LOOK_H
#define WEIR_SIM_EXACT_LOOK_H

#include "core/base/vec.h"
#include "sim/exact/exact.h"

struct look_channel {
    uint32_t edge, subtask;  /* the other end */
    bool connected;          /* it runs */
    uint32_t queued;         /* buffers in the queue at this end */
    uint32_t buffer_size;    /* that debloating wants, bytes; 0: whole buffers */
    uint32_t credits;        /* buffers that the receiver has free; at the sender: may send */
    uint32_t under_way;      /* buffers between both ends */
    bool blocked, ended;     /* of inputs */
    uint64_t barrier;        /* in this queue, the first; 0: none */
    uint32_t before_barrier; /* buffers in front of it */
    bool unaligned;          /* it is, and overtakes them */
    uint64_t barrier_on_way; /* between both ends; 0: none */
    uint64_t blocks_for;     /* the barrier that blocks it; 0: none */
};

struct look_task {
    bool runs; /* else it has no channels yet, or no more */
    const char *pace;
    uint32_t host, attempt, parallelism;
    uint64_t restored;    /* from this checkpoint; 0: from none */
    int64_t watermark;    /* INT64_MIN: none yet */
    uint64_t state_bytes; /* of keyed state in memory */
    uint64_t timers;      /* of event and of processing time, that are set */
    uint64_t records_in;  /* of its first operator, this attempt */
    time_ns wakes_at;     /* for a timer, a buffer time-out, new input; TIME_NEVER */
    uint32_t snapshots;   /* under way: not written yet */
    VEC(struct look_channel) inputs, outputs;
};

/* False: the vertex has no such subtask now. */
bool exact_look_task(const struct exact *exact, struct job_id job, struct vertex_id vertex,
                     uint32_t subtask, struct look_task *out);
void look_task_fini(struct look_task *look);

#endif
