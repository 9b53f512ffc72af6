/* SPDX-License-Identifier: Apache-2.0
 *
 * One value for each key, changed by each of its records.
 */
#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/exec/keyed_reduce.h"

struct reduce_params {
    struct keyed_reduce_params reduce; /* first: the class's */
    struct api_call call;
    const struct weir_type *in;
    weir_reducer *reducer;
};

static void apply(const void *context, struct operator* op, const struct batch *batch,
                  void *const *values, const bool *is_new)
{
    const struct reduce_params *params = context;
    struct weir_context ctx = context_of(op, &params->call, 0);
    operator_calls(op, "reduce");
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        struct weir_record record;
        if (!context_record(&ctx, params->in, batch, i, &record))
            break;
        params->reducer(&ctx, &record, is_new[i], values[i], params->call.user);
        weir_emit(&ctx, values[i]);
    }
}

struct weir_stream *weir_reduce(struct weir_stream *keyed, const char *name,
                                const struct weir_type *value, weir_reducer *reduce, void *user)
{
    API_GIVEN("weir_reduce", keyed);
    struct weir_env *env = keyed->env;
    struct api_operator *op = api_add(env, name, &keyed_reduce_class, sizeof(struct reduce_params));
    struct reduce_params *params = op->params;
    api_set_call(op, &params->call, user);
    op->keyed = true;
    value = api_value_type(env, op->name, value);
    params->in = keyed->type;
    params->reducer = reduce;
    if (!reduce)
        api_wrong(env, "'%s' has no function that reduces", op->name);
    params->reduce = (struct keyed_reduce_params){ .apply = apply, .context = params };
    if (api_key_of(keyed, op->name, &params->reduce.key))
        params->reduce.state = (struct keyed_state_spec){ .name = "value",
                                                          .key_size = params->reduce.key.size,
                                                          .value_size = value->size,
                                                          .key_hash = params->reduce.key.hash,
                                                          .key = { params->reduce.key.hash + 1, 1 },
                                                          .value = api_serializer(value) };
    op->state_bytes = params->reduce.key.size + value->size;
    if (value->size == 0 || value->encode)
        api_wrong(env,
                  "'%s' keeps values '%s', expected a type of fixed size that is its own bytes",
                  op->name, value->name);
    api_read_from(op, 0, keyed);
    return api_output(env, op, 0, value, api_is_timestamped(keyed));
}
