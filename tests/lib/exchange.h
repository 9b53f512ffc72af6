/* SPDX-License-Identifier: Apache-2.0
 *
 * Senders, wires and receivers in random order: writes, flushes, watermarks, deliveries, credits,
 * reading, barriers of all kinds, newer ones, cancellations, time-outs, ends. The oracle knows only
 * what each sender had written to each channel when it sent its barrier: what the receiver had read
 * at its snapshot, then the stored in-flight data of the gate, then that of the sender's queue must
 * be exactly those records, in order.
 */
#ifndef WEIR_TESTS_LIB_EXCHANGE_H
#define WEIR_TESTS_LIB_EXCHANGE_H

#include "core/base/rng.h"
#include "core/exec/barrier_handler.h"
#include "core/exec/result_partition.h"

enum { EXCHANGE_WAY_MAX = 4096 };
enum { SENDERS_MAX = 6, RECEIVERS_MAX = 3, CHECKPOINTS_MAX = 400 };

struct wire {
    struct item_queue items; /* priority does not overtake on the way */
    uint32_t backlogs[EXCHANGE_WAY_MAX];
    uint32_t first, count;
    uint32_t credits;
    bool resumes; /* the sender is told to go on, behind these credits */
};

/* Of one checkpoint on one channel. */
struct channel_cut {
    bool sent;                   /* the sender has sent its barrier */
    uint32_t count;              /* and had written so many records before */
    uint32_t read;               /* by the receiver, at its snapshot */
    uint32_t stored, stored_out; /* records of in-flight data; must go on from there */
    uint32_t first_out;          /* number of the first record of the sender's */
};

struct receiver {
    struct input_gate gates[2];
    struct barrier_handler handler;
    uint32_t next[SENDERS_MAX]; /* number of the record expected from each sender */
    bool done[SENDERS_MAX];
    int64_t triggered; /* last */
    bool is_aborted[CHECKPOINTS_MAX], is_complete[CHECKPOINTS_MAX], is_triggered[CHECKPOINTS_MAX];
    struct channel_item held;
    uint32_t held_gate, held_channel; /* read and not given back, when held.buffer */
};

struct sender {
    struct result_partition partition;
    uint32_t written[RECEIVERS_MAX];
    int64_t checkpoint; /* last that it has dealt with */
    bool ended;
};

struct exchange {
    struct rng rng;
    enum barrier_mode mode;
    uint32_t senders, receivers, gates;
    enum partitioner partitioner;
    struct sender sender[SENDERS_MAX];
    struct receiver receiver[RECEIVERS_MAX];
    struct wire wires[SENDERS_MAX][RECEIVERS_MAX];
    struct channel_cut cuts[CHECKPOINTS_MAX][SENDERS_MAX][RECEIVERS_MAX];
    struct checkpoint_barrier barriers[CHECKPOINTS_MAX];
    int64_t checkpoint; /* last that was triggered */
    bool is_calm;       /* nobody cancels */
    struct frame_reader reader;
    time_ns now;
    uint64_t completed, aborted, stored_in, stored_out, announced, resumed;
};

/* One at a time; the functions below are about it. */
struct exchange *exchange_create(uint64_t seed, enum barrier_mode mode,
                                 enum partitioner partitioner);
void exchange_destroy(void);
uint32_t exchange_below(uint32_t bound); /* a draw of its stream */

/* One step of whatever is possible; now and then a checkpoint. */
void exchange_act(uint32_t checkpoint_every, bool may_write);
void exchange_end(uint32_t sender);
/* A last checkpoint, which nobody cancels, is complete at all receivers unless all have ended. */
void exchange_finish_checkpoint(void);
/* Everything arrives, and no checkpoint stays pending. */
void exchange_drain(void);
/* Invariants of all parts; no buffer and no credit is lost or there twice. */
void exchange_check(void);

#endif
