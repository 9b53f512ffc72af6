/* SPDX-License-Identifier: Apache-2.0
 *
 * The maps beside a keyed process. They are operator state: each subtask saves all of them, a new
 * one gets the copy of an old one.
 */
#include "core/exec/broadcast_process.h"

#include "core/base/text.h"
#include "core/exec/keyed_process_parts.h"
#include "core/exec/state_budget.h"

struct broadcast_process {
    struct keyed_process keyed; /* first */
    struct broadcast_map maps[BROADCAST_STATES_MAX];
    bool ready;
};

static const struct broadcast_process_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

/* Before the load, or the open without one. */
static void make_ready(struct broadcast_process *process)
{
    const struct broadcast_process_params *params = params_of(&process->keyed.op);
    CHECK(params->map_count <= BROADCAST_STATES_MAX);
    if (process->ready)
        return;
    for (uint32_t i = 0; i < params->map_count; i++)
        broadcast_map_init(&process->maps[i], &params->maps[i]);
    process->ready = true;
}

static void open(struct operator* op)
{
    make_ready((struct broadcast_process *)op);
    keyed_process_open(op);
}

static void close(struct operator* op)
{
    for (uint32_t i = 0; i < BROADCAST_STATES_MAX; i++)
        broadcast_map_fini(&((struct broadcast_process *)op)->maps[i]);
    keyed_process_close(op);
}

static struct broadcast_map *map_of(struct operator* op, const char *name)
{
    struct broadcast_process *process = (struct broadcast_process *)op;
    CHECK(op->class == &broadcast_process_class);
    for (uint32_t i = 0; i < params_of(op)->map_count; i++)
        if (text_equal(process->maps[i].spec->name, name))
            return &process->maps[i];
    operator_fail(op, CAUSE_USER_CODE, "broadcast state '%s' was not declared", name);
    return NULL;
}

const struct broadcast_map *process_broadcast(struct process_key *key, const char *name)
{
    return map_of(key->op, name);
}

struct broadcast_map *broadcast_side_map(struct broadcast_side *side, const char *name)
{
    return map_of(side->op, name);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    const struct broadcast_process_params *params = params_of(op);
    if (input != BROADCAST_INPUT) {
        keyed_process_batch(op, input, batch);
        return;
    }
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        struct broadcast_side side = { op, batch_timestamp(batch, i),
                                       ((struct keyed_process *)op)->watermark };
        const char *wrong = params->broadcast(params->keyed.context, &side, batch_payload(batch, i),
                                              batch_size(batch, i));
        if (wrong)
            operator_fail(op, CAUSE_USER_CODE, "%s", wrong);
    }
}

static void save(const struct operator* op, struct state_list *out)
{
    broadcast_maps_save(((const struct broadcast_process *)op)->maps, params_of(op)->map_count,
                        out);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    struct broadcast_process *process = (struct broadcast_process *)op;
    make_ready(process);
    return broadcast_maps_load(process->maps, params_of(op)->map_count, in, note);
}

static bool size_of_state(const struct operator* op, uint32_t i, struct state_size *out)
{
    const struct broadcast_process_params *params = params_of(op);
    if (i >= params->map_count)
        return false;
    const struct broadcast_map *map = &((const struct broadcast_process *)op)->maps[i];
    *out = (struct state_size){ "broadcast map", params->maps[i].name, broadcast_map_bytes(map) };
    return true;
}

const struct operator_class broadcast_process_class = { .name = "broadcast process",
                                                        .size = sizeof(struct broadcast_process),
                                                        .open = open,
                                                        .close = close,
                                                        .process = process,
                                                        .watermark = keyed_process_watermark,
                                                        .deadline = keyed_process_deadline,
                                                        .on_time = keyed_process_time,
                                                        .prepare = keyed_process_prepare,
                                                        .lists = OPERATOR_STATE_BROADCAST,
                                                        .save = save,
                                                        .load = load,
                                                        .size_of_state = size_of_state };
