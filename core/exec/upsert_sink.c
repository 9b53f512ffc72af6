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
}

const struct operator_class upsert_sink_class = { .name = "upsert sink",
                                                  .size = sizeof(struct operator),
                                                  .process = process };
