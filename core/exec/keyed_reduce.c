/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches in runs that the first cache holds: keys, values, apply.
 */
#include "core/exec/keyed_reduce.h"

struct keyed_reduce {
    struct operator op;
    struct state_table *table;
    void *values[KEYED_RUN];
    bool is_new[KEYED_RUN];
};

static void open(struct operator* op)
{
    const struct keyed_reduce_params *params = op->spec->params;
    ((struct keyed_reduce *)op)->table = operator_keyed_state(op, &params->state);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct keyed_reduce *reduce = (struct keyed_reduce *)op;
    const struct keyed_reduce_params *params = op->spec->params;
    (void)input;
    for (uint32_t from = 0; from < batch->count; from += KEYED_RUN) {
        uint32_t left = batch->count - from;
        struct batch run = batch_part(batch, from, left < KEYED_RUN ? left : KEYED_RUN);
        struct key_run keys = key_run_of(&params->key, &run);
        struct note note = { { 0 } };
        struct err e =
            state_table_resolve(reduce->table, &keys, NULL, reduce->values, reduce->is_new, &note);
        if (err_is(e)) {
            operator_fail(op, CAUSE_USER_CODE, "%s", note.text);
            return;
        }
        params->apply(params->context, op, &run, reduce->values, reduce->is_new);
    }
}

const struct state_table *keyed_reduce_table(const struct operator* op)
{
    CHECK(op->class == &keyed_reduce_class);
    return ((const struct keyed_reduce *)op)->table;
}

const struct operator_class keyed_reduce_class = {
    .name = "keyed reduce", .size = sizeof(struct keyed_reduce), .open = open, .process = process
};
