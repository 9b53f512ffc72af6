/* SPDX-License-Identifier: Apache-2.0
 *
 * A call of the port for each batch.
 */
#include "core/exec/upsert_sink.h"

#include "core/exec/user_call.h"

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    const struct upsert_sink_params *params = op->spec->params;
    struct key_run keys = key_run_of(&params->key, batch);
    struct note note = { { 0 } };
    (void)input;
    operator_calls(op, "format");
    struct err e = params->port->upsert(params->port->context, &keys, batch, &note);
    if (err_is(e))
        operator_fail(op, CAUSE_USER_CODE, "could not write: %s",
                      note.text[0] ? note.text : err_text(e));
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < batch->count; i++)
        bytes += key_run_size(&keys, i) + batch_size(batch, i);
    sink_port_charge(params->port, op->task, bytes, false);
}

/* What it has written a checkpoint stands on, so it is there first (JdbcOutputFormat.flush). */
static void prepare(struct operator* op, uint64_t checkpoint)
{
    const struct upsert_sink_params *params = op->spec->params;
    (void)checkpoint;
    sink_port_charge(params->port, op->task, 0, true);
}

static void finish(struct operator* op)
{
    prepare(op, 0);
}

const struct operator_class upsert_sink_class = { .name = "upsert sink",
                                                  .size = sizeof(struct operator),
                                                  .process = process,
                                                  .finish = finish,
                                                  .prepare = prepare };
