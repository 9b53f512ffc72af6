/* SPDX-License-Identifier: Apache-2.0
 *
 * A snapshot of a task under way. The synchronous part saves operator state and shares the memory
 * of keyed state; the rest is written piece by piece while the task goes on. An unaligned one
 * gathers in-flight data until the last barrier has come.
 */
#ifndef WEIR_EXEC_SNAPSHOT_WORK_H
#define WEIR_EXEC_SNAPSHOT_WORK_H

#include "core/exec/chain.h"
#include "core/exec/keyed_states.h"

struct shared_state {
    uint64_t op;
    const char *name; /* the registry's */
    struct state_snapshot *snapshot;
    struct state_chain *chain; /* the registry's; null: nothing will be built on it */
};

/* Which gate or output, and what its records are. */
struct in_flight_place {
    uint32_t number;
    struct snapshot_serializer serializer;
};

enum snapshot_progress {
    SNAPSHOT_WRITES, /* more to write */
    SNAPSHOT_WAITS,  /* for in-flight data */
    SNAPSHOT_WRITTEN
};

struct snapshot_work {
    struct checkpoint_barrier barrier;
    struct task_snapshot_writer writer;
    struct snapshot_bytes bytes;
    VEC(struct shared_state) keyed;
    size_t next;      /* of keyed: being written */
    bool is_open;     /* its section is */
    bool is_complete; /* no in-flight data will be added */
    bool is_written;
    bool at_end;                            /* the task's operators had finished before */
    VEC(struct stored_buffer) in_flight[2]; /* of inputs, of outputs */
    VEC(struct in_flight_place) places[2];  /* of each of them */
    uint64_t in_flight_bytes;
    time_ns began_at, alignment;
};

struct snapshot_work *snapshot_work_create(const struct task_snapshot_identity *identity,
                                           const struct checkpoint_barrier *barrier,
                                           const struct chain *chain, struct state_registry *states,
                                           time_ns now);
void snapshot_work_destroy(struct snapshot_work *work);
/* Takes the reference, and lets it go once it has a copy: a sender
 * that waits for its buffers may be the one whose barrier is waited for (ChannelStateWriter writes
 * them out at once as well). */
void snapshot_work_add(struct snapshot_work *work, enum section_kind kind,
                       struct in_flight_place place, const struct stored_buffer *take);
/* Writes about so many bytes. */
enum snapshot_progress snapshot_work_write(struct snapshot_work *work, size_t budget);

#endif
