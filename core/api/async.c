/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions to somebody outside, whose answers take time.
 */
#include "core/exec/async_wait.h"

#include "core/api/context.h"

enum { CAPACITY_DEFAULT = 100 };

struct async_params {
    struct async_wait_params core; /* first: the class's */
    struct api_call call;
    const struct weir_type *in;
    struct weir_async async;
};

/* Calls the function with the record; null: it only asks how long the answer takes. */
static time_ns call(const struct async_params *params, struct operator* op,
                    const struct async_request *request, weir_function *function)
{
    struct weir_context ctx = context_of(op, &params->call);
    struct weir_record record;
    int64_t latency = 0;
    if (context_value(&ctx, params->in, request->payload, request->size, request->timestamp,
                      &record)) {
        if (function)
            function(&ctx, &record, params->call.user);
        else
            latency = params->async.ask(&record, params->call.user);
    }
    context_end(&ctx);
    return latency < 0 ? TIME_NEVER : latency;
}

static const char *ask(const void *context, struct operator* op,
                       const struct async_request *request, time_ns *latency)
{
    *latency = call(context, op, request, NULL);
    return NULL;
}

static const char *answer(const void *context, struct operator* op,
                          const struct async_request *request)
{
    call(context, op, request, ((const struct async_params *)context)->async.on_answer);
    return NULL;
}

static const char *timed_out(const void *context, struct operator* op,
                             const struct async_request *request)
{
    call(context, op, request, ((const struct async_params *)context)->async.on_timeout);
    return NULL;
}

struct weir_stream *weir_async(struct weir_stream *in, const char *name,
                               const struct weir_type *out, const struct weir_async *async,
                               void *user)
{
    struct api_operator *op =
        api_add(in->env, name, &async_wait_class, sizeof(struct async_params));
    struct async_params *params = op->params;
    api_set_call(op, &params->call, user);
    params->in = in->type;
    params->async = *async;
    params->core = (struct async_wait_params){
        .order = async->unordered ? ASYNC_UNORDERED : ASYNC_ORDERED,
        .capacity = async->capacity > 0 ? async->capacity : CAPACITY_DEFAULT,
        .timeout = async->timeout_ms * NS_OF_MS,
        .ask = ask,
        .answer = answer,
        .timed_out = async->on_timeout ? timed_out : NULL,
        .context = params,
    };
    if (!async->ask || !async->on_answer)
        api_wrong(in->env, "'%s' needs functions to ask and for the answer", op->name);
    if (async->timeout_ms < 0)
        api_wrong(in->env, "'%s' has a negative time-out", op->name);
    api_read_from(op, 0, in);
    return api_output(in->env, op, 0, out, api_is_timestamped(in));
}
