/* SPDX-License-Identifier: Apache-2.0
 *
 * What passes through a chain besides records: watermarks and status, which an operator may hold
 * and emit itself; processing time; the end of the input; checkpoints.
 */
#include "core/exec/chain_parts.h"

static void output_failed(struct chain *chain, struct err e, const struct note *note)
{
    if (err_is(e))
        operator_fail(chain->operators[chain->count - 1], CAUSE_USER_CODE, "%s", note->text);
}

/* To the partitions that read from operator i, behind its records. */
static void write_watermark(struct chain *chain, uint32_t i, int64_t watermark)
{
    struct note note = { { 0 } };
    for (VEC_EACH(struct tap *, tap, &chain->taps)) {
        if ((*tap)->op != i || (*tap)->outputs.count == 0)
            continue;
        tap_commit(*tap);
        for (VEC_EACH(const uint32_t, output, &(*tap)->outputs))
            output_failed(chain,
                          result_partition_add_watermark(&chain->outputs[*output].partition,
                                                         watermark, &note),
                          &note);
        if ((*tap)->direct)
            tap_set_room(*tap);
    }
}

static void write_status(struct chain *chain, uint32_t i, bool idle)
{
    struct note note = { { 0 } };
    for (VEC_EACH(struct tap *, tap, &chain->taps)) {
        if ((*tap)->op != i || (*tap)->outputs.count == 0)
            continue;
        tap_commit(*tap);
        for (VEC_EACH(const uint32_t, output, &(*tap)->outputs))
            output_failed(
                chain, result_partition_add_status(&chain->outputs[*output].partition, idle, &note),
                &note);
        if ((*tap)->direct)
            tap_set_room(*tap);
    }
}

/* From behind operator i on, as far as nobody holds it. */
static void pass_watermark(struct chain *chain, uint32_t i, int64_t watermark)
{
    for (;; i++) {
        chain_drain(chain);
        write_watermark(chain, i, watermark);
        if (i + 1 == chain->count)
            return;
        struct operator* next = chain->operators[i + 1];
        if (next->class->watermark)
            next->class->watermark(next, watermark);
        if (next->class->holds_watermarks) {
            chain_drain(chain);
            return;
        }
    }
}

/* The operator hears of the status. */
static bool is_held(struct operator* op, bool idle)
{
    if (op->class->status)
        op->class->status(op, idle);
    return op->class->holds_status;
}

static void pass_status(struct chain *chain, uint32_t i, bool idle)
{
    chain_drain(chain);
    for (;; i++) {
        write_status(chain, i, idle);
        if (i + 1 == chain->count || is_held(chain->operators[i + 1], idle))
            return;
    }
}

void chain_watermark(struct chain *chain, int64_t watermark)
{
    struct operator* head = chain->operators[0];
    if (head->class->watermark)
        head->class->watermark(head, watermark);
    if (head->class->holds_watermarks)
        chain_drain(chain);
    else
        pass_watermark(chain, 0, watermark);
}

void chain_status(struct chain *chain, bool idle)
{
    if (!is_held(chain->operators[0], idle))
        pass_status(chain, 0, idle);
}

void operator_emit_watermark(struct operator* op, int64_t watermark)
{
    pass_watermark(op->task->chain, op->place, watermark);
}

void operator_emit_status(struct operator* op, bool idle)
{
    pass_status(op->task->chain, op->place, idle);
}

bool chain_finish(struct chain *chain)
{
    for (; chain->finished < chain->count; chain->finished++, chain->finishes = false) {
        struct operator* op = chain->operators[chain->finished];
        if (!chain->finishes && op->class->finish)
            op->class->finish(op);
        chain->finishes = true;
        chain_drain(chain);
        if (op->class->is_pending && op->class->is_pending(op))
            return false;
    }
    return true;
}

bool chain_has_room(const struct chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct operator* op = chain->operators[i];
        if (op->class->has_room && !op->class->has_room(op))
            return false;
    }
    return true;
}

time_ns chain_deadline(const struct chain *chain)
{
    time_ns at = TIME_NEVER;
    for (uint32_t i = 0; i < chain->count; i++) {
        struct operator* op = chain->operators[i];
        time_ns wanted = op->class->deadline ? op->class->deadline(op) : TIME_NEVER;
        at = wanted < at ? wanted : at;
    }
    return at;
}

void chain_on_time(struct chain *chain, time_ns now)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        struct operator* op = chain->operators[i];
        if (op->class->deadline && op->class->deadline(op) <= now)
            op->class->on_time(op, now);
        chain_drain(chain);
    }
}

void chain_prepare(struct chain *chain, uint64_t checkpoint)
{
    for (uint32_t i = 0; i < chain->count; i++)
        if (chain->operators[i]->class->prepare)
            chain->operators[i]->class->prepare(chain->operators[i], checkpoint);
    chain_drain(chain);
}

void chain_complete(struct chain *chain, uint64_t checkpoint)
{
    for (uint32_t i = 0; i < chain->count; i++)
        if (chain->operators[i]->class->complete)
            chain->operators[i]->class->complete(chain->operators[i], checkpoint);
    chain_drain(chain);
}

void chain_aborted(struct chain *chain, uint64_t checkpoint)
{
    for (uint32_t i = 0; i < chain->count; i++)
        if (chain->operators[i]->class->aborted)
            chain->operators[i]->class->aborted(chain->operators[i], checkpoint);
}
