/* SPDX-License-Identifier: Apache-2.0
 *
 * Taps: rooms that fill, drain into the next operator and the partitions, and fill again. A chain
 * is a line, so draining in the order of the operators leaves nothing behind.
 */
#include "core/exec/chain_parts.h"
#include "core/exec/user_call.h"

static void tap_drain(struct collector *collector, uint32_t least);

void tap_set_room(struct tap *tap)
{
    struct collector *c = &tap->collector;
    uint8_t *room = tap->direct ? tap->direct->at : tap->scratch;
    uint8_t *end = tap->direct ? tap->direct->end : tap->scratch + tap->scratch_size;
    c->first = c->at = room;
    c->end = end;
}

/* How many slots lie from first to at; where sizes vary, notes where. */
static uint32_t count_slots(struct tap *tap)
{
    const struct collector *c = &tap->collector;
    uint32_t stride = record_stride(c->layout), count = 0;
    if (stride > 0)
        return (uint32_t)(c->at - c->first) / stride; /* of 32 bits: it is often asked for */
    uint32_t head = c->layout.timestamped ? RECORD_HEAD : 0;
    for (const uint8_t *slot = c->first; slot < c->at;) {
        const void *length = slot + head;
        if (tap->at)
            tap->at[count] = (uint32_t)(slot - c->first);
        slot += record_slot_size(c->layout, (uint32_t) * (const uint64_t *)length);
        count++;
    }
    return count;
}

/* The first refusal of a partition fails the task: a record too large for a buffer, or more for
 * one batch than memory holds. */
static void write_out(struct tap *tap, const struct batch *batch)
{
    struct operator_task *task = tap->chain->task;
    for (VEC_EACH(const uint32_t, output, &tap->outputs)) {
        struct note note = { { 0 } };
        if (tap->chain->outputs[*output].partition.config.partitioner == PARTITION_CUSTOM)
            operator_calls(tap->chain->operators[tap->op], "partitioner");
        struct err e = task_output_write(&tap->chain->outputs[*output], batch, &note);
        if (err_is(e) && !task->failed)
            operator_fail(tap->chain->operators[tap->op], CAUSE_USER_CODE, "%s", note.text);
    }
}

void tap_commit(struct tap *tap)
{
    if (!tap->direct)
        return;
    struct collector *c = &tap->collector;
    uint32_t count = count_slots(tap);
    if (c->layout.size == 0)
        tap->direct->count += count;
    tap->chain->outputs[tap->outputs.items[0]].records += count;
    tap->direct->at = c->at;
    c->first = c->at;
}

static void drain_direct(struct tap *tap, uint32_t least)
{
    struct operator* op = tap->chain->operators[tap->op];
    struct note note = { { 0 } };
    tap_commit(tap);
    if (frame_writer_room(tap->direct) < (least ? least : 1)) {
        struct result_partition *to = &tap->chain->outputs[tap->outputs.items[0]].partition;
        struct err e = result_partition_make_room(to, 0, least, &note);
        if (err_is(e))
            operator_fail(op, CAUSE_USER_CODE, "%s", note.text);
    }
    tap_set_room(tap);
}

static void hand_on(const struct tap *tap, struct exec_probe *probe, const struct batch *batch)
{
    operator_charge(tap->next, batch->count);
    if (probe)
        probe->before(probe, tap->next, batch);
    tap->next->class->process(tap->next, 0, batch);
    if (probe)
        probe->behind(probe, tap->next, batch);
}

/* To all who read it. The call that has put the records there goes on behind this. */
static void give(struct tap *tap, struct exec_probe *probe, const struct batch *batch)
{
    struct operator_task *task = tap->chain->task;
    time_ns call_cost = task->call_cost;
    const char *name, *function;
    user_call_get(&task->call, &name, &function);
    if (tap->outputs.count > 0)
        write_out(tap, batch);
    if (tap->next)
        hand_on(tap, probe, batch);
    task->call_cost = call_cost;
    user_call_set(&task->call, name, function);
}

static void tap_drain(struct collector *collector, uint32_t least)
{
    struct tap *tap = (struct tap *)(void *)collector;
    if (tap->direct) {
        drain_direct(tap, least);
        return;
    }
    struct batch batch = { .slots = collector->first,
                           .count = count_slots(tap),
                           .stride = record_stride(collector->layout),
                           .at = tap->at,
                           .layout = collector->layout };
    if (batch.count > 0 && !tap->chain->task->failed) {
        struct exec_probe *probe = tap->chain->task->probe;
        const struct operator* op = tap->chain->operators[tap->op];
        if (probe && op->class->poll)
            probe->made(probe, op, &batch);
        give(tap, probe, &batch);
    }
    tap_set_room(tap);
    if (least > tap->scratch_size)
        operator_fail(tap->chain->operators[tap->op], CAUSE_USER_CODE,
                      "a record of %u bytes is larger than a buffer", least);
}

/* The room is the network buffer where nobody else reads and there is nothing to choose: a user's
 * function is asked even about a single channel. */
static struct frame_writer *direct_writer(const struct tap *tap)
{
    if (tap->next || tap->outputs.count != 1)
        return NULL;
    struct result_partition *to = &tap->chain->outputs[tap->outputs.items[0]].partition;
    bool is_only = to->config.subpartitions == 1 && to->config.partitioner != PARTITION_CUSTOM;
    return is_only ? result_partition_writer(to, 0) : NULL;
}

/* Varying records may be as large as a buffer; TAP_BYTES hold some of a fixed size at least. */
static uint32_t scratch_size_for(const struct tap *tap)
{
    enum { SLOTS_LEAST = 16 };
    uint32_t stride = record_stride(tap->collector.layout), size = TAP_BYTES;
    if (stride > 0)
        return stride * SLOTS_LEAST > size ? stride * SLOTS_LEAST : size / stride * stride;
    for (VEC_EACH(const uint32_t, output, &tap->outputs)) {
        uint32_t buffer = tap->chain->outputs[*output].partition.config.buffer_size;
        size = buffer > size ? buffer : size;
    }
    return size;
}

static struct tap *tap_create(struct chain *chain, uint32_t op, uint32_t output,
                              const struct chain_binding *bindings)
{
    struct tap *tap = mem_create(sizeof *tap);
    *tap = (struct tap){ .chain = chain, .op = op };
    tap->collector =
        (struct collector){ .layout = chain->operators[op]->spec->outputs.items[output],
                            .drain = tap_drain };
    if (output == 0 && op + 1 < chain->count)
        tap->next = chain->operators[op + 1];
    for (uint32_t i = 0; i < chain->output_count; i++)
        if (bindings[i].op == op && bindings[i].output == output)
            vec_push(&tap->outputs, i);
    tap->direct = direct_writer(tap);
    if (!tap->direct) {
        tap->scratch_size = scratch_size_for(tap);
        tap->scratch = mem_create(tap->scratch_size);
        if (tap->collector.layout.size == 0)
            tap->at = mem_create_array(tap->scratch_size / RECORD_HEAD, sizeof *tap->at);
    }
    tap_set_room(tap);
    return tap;
}

void chain_init(struct chain *chain, struct operator_task *task, const struct operator_spec *specs,
                uint32_t count, struct task_output *outputs, const struct chain_binding *bindings,
                uint32_t output_count)
{
    CHECK(count > 0);
    CHECK(count <= CHAIN_OPERATORS_MAX);
    task->chain = chain;
    *chain = (struct chain){ .task = task,
                             .operators = mem_create_array(count, sizeof *chain->operators),
                             .count = count,
                             .outputs = outputs,
                             .output_count = output_count };
    for (uint32_t i = 0; i < count; i++) {
        CHECK(specs[i].class->size >= sizeof(struct operator));
        CHECK(specs[i].outputs.count <= OPERATOR_OUTPUTS_MAX);
        struct operator* op = mem_create(specs[i].class->size);
        *op = (struct operator){
            .class = specs[i].class, .spec = &specs[i], .task = task, .place = i
        };
        chain->operators[i] = op;
    }
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < specs[i].outputs.count; k++) {
            vec_push(&chain->taps, tap_create(chain, i, k, bindings));
            chain->operators[i]->outs[k] = &vec_last(&chain->taps)->collector;
        }
}

void chain_fini(struct chain *chain)
{
    for (VEC_EACH(struct tap *, tap, &chain->taps)) {
        vec_fini(&(*tap)->outputs);
        mem_destroy((*tap)->scratch);
        mem_destroy((*tap)->at);
        mem_destroy(*tap);
    }
    vec_fini(&chain->taps);
    for (uint32_t i = 0; i < chain->count; i++) {
        for (int room = 0; room < OPERATOR_ROOMS; room++)
            mem_destroy(chain->operators[i]->rooms[room]);
        mem_destroy(chain->operators[i]);
    }
    mem_destroy(chain->operators);
    *chain = (struct chain){ 0 };
}

/* Taps are in the order of their operators, so one pass is enough. */
void chain_drain(struct chain *chain)
{
    for (VEC_EACH(struct tap *, tap, &chain->taps))
        if (!(*tap)->direct && (*tap)->collector.at != (*tap)->collector.first)
            tap_drain(&(*tap)->collector, 0);
}

void chain_close(struct chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++)
        if (chain->operators[i]->class->close)
            chain->operators[i]->class->close(chain->operators[i]);
}

void chain_process(struct chain *chain, uint32_t input, const struct batch *batch)
{
    struct operator* head = chain->operators[0];
    struct exec_probe *probe = chain->task->probe;
    operator_charge(head, batch->count);
    if (probe)
        probe->before(probe, head, batch);
    head->class->process(head, input, batch);
    chain_drain(chain);
    if (probe)
        probe->behind(probe, head, batch);
}

enum source_status chain_poll(struct chain *chain, uint32_t records_max)
{
    struct operator* source = chain->operators[0];
    enum source_status status = source->class->poll(source, records_max);
    chain_drain(chain);
    return status;
}

static void commit_all(struct chain *chain)
{
    for (VEC_EACH(struct tap *, tap, &chain->taps))
        tap_commit(*tap);
}

/* Behind a change of the open buffers by others than the taps. */
static void reload_direct(struct chain *chain)
{
    for (VEC_EACH(struct tap *, tap, &chain->taps))
        if ((*tap)->direct)
            tap_set_room(*tap);
}

void chain_pause(struct chain *chain)
{
    commit_all(chain);
}

void chain_resume(struct chain *chain)
{
    reload_direct(chain);
}

void chain_open(struct chain *chain)
{
    reload_direct(chain);                     /* what was in flight may have been written there */
    for (uint32_t i = chain->count; i-- > 0;) /* the last first: it must be ready to be given to */
        if (chain->operators[i]->class->open)
            chain->operators[i]->class->open(chain->operators[i]);
    chain_drain(chain);
}

void chain_event(struct chain *chain, const struct channel_event *event)
{
    commit_all(chain);
    for (uint32_t i = 0; i < chain->output_count; i++)
        result_partition_add_event(&chain->outputs[i].partition, event);
    reload_direct(chain);
}

void chain_flush(struct chain *chain)
{
    commit_all(chain);
    for (uint32_t i = 0; i < chain->output_count; i++)
        result_partition_flush(&chain->outputs[i].partition);
    reload_direct(chain);
}
