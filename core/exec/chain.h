/* SPDX-License-Identifier: Apache-2.0
 *
 * The chained operators of one task and what is between them. In: batches for the head. Out: what
 * the operators make of them, batch by batch through the chain and into the task's result
 * partitions. A tap stands behind each output of each operator; it holds what was written until it
 * is full or the batch is through. Where the only reader is a partition with one channel, the tap's
 * room is the network buffer itself.
 */
#ifndef WEIR_EXEC_CHAIN_H
#define WEIR_EXEC_CHAIN_H

#include "core/exec/operator.h"
#include "core/exec/task_output.h"

enum { TAP_BYTES = 8192 }; /* stays in the first cache; larger for larger records */

struct chain;

struct tap {
    struct collector collector; /* first */
    struct chain *chain;
    uint32_t op;                 /* whose output it is */
    struct operator* next;       /* its main output's reader in the chain; null */
    VEC(uint32_t) outputs;       /* of the task */
    struct frame_writer *direct; /* null: the room is `scratch` */
    uint8_t *scratch;
    uint32_t scratch_size;
    uint32_t *at; /* where sizes vary: of each slot */
};

struct chain {
    struct operator_task *task;
    struct operator** operators;
    uint32_t count;
    VEC(struct tap *) taps; /* by operator, then by output */
    struct task_output *outputs;
    uint32_t output_count;
    uint32_t finished; /* operators whose input has ended and that are through with it */
    bool finishes;     /* the next one has been told */
};

/* Which output of which operator a result partition reads. */
struct chain_binding {
    uint32_t op, output;
};

/* bindings: one for each of the outputs, which belong to the task and outlive the chain. */
void chain_init(struct chain *chain, struct operator_task *task, const struct operator_spec *specs,
                uint32_t count, struct task_output *outputs, const struct chain_binding *bindings,
                uint32_t output_count);
void chain_fini(struct chain *chain);

void chain_open(struct chain *chain);
void chain_close(struct chain *chain);
/* A batch for the head, and on through the chain; nothing stays in a tap but in direct ones. */
void chain_process(struct chain *chain, uint32_t input, const struct batch *batch);
enum source_status chain_poll(struct chain *chain, uint32_t records_max);
void chain_watermark(struct chain *chain, int64_t watermark);
/* Idle or active again: for the readers of the task's outputs. */
void chain_status(struct chain *chain, bool idle);
/* The input has ended: operators, in order, hand on what they hold. False: one of them is pending;
 * to be called again when its time has come. */
bool chain_finish(struct chain *chain);
bool chain_has_room(const struct chain *chain);
/* Processing time that an operator waits for. */
time_ns chain_deadline(const struct chain *chain);
void chain_on_time(struct chain *chain, time_ns now);
/* Of a checkpoint, to all operators. */
void chain_prepare(struct chain *chain, uint64_t checkpoint);
void chain_complete(struct chain *chain, uint64_t checkpoint);
void chain_aborted(struct chain *chain, uint64_t checkpoint);
/* To all channels of all outputs, behind what was written; and what was written may be taken. */
void chain_event(struct chain *chain, const struct channel_event *event);
void chain_flush(struct chain *chain);
/* Between steps whoever carries the outputs may end their open buffers: what is written is told
 * before, and room looked for behind it. */
void chain_pause(struct chain *chain);
void chain_resume(struct chain *chain);

#endif
