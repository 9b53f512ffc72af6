/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions to somebody outside, whose answers take time.
 */
#include "core/exec/async_wait.h"

#include "core/api/context.h"

enum { CAPACITY_DEFAULT = 100, RETRIES_MAX = 1000 };
#define DELAY_MAX_MS INT64_C(31536000000)

struct async_params {
    struct async_wait_params core; /* first: the class's */
    struct api_call call;
    const struct weir_type *in;
    struct weir_async async;
    struct weir_retry retry;
};

/* Calls the function with the record; null: it only asks how long the answer takes. */
static time_ns call(const struct async_params *params, struct operator* op,
                    const struct async_request *request, weir_function *function, const char *name)
{
    struct weir_context ctx = context_of(op, &params->call, 0);
    struct weir_record record;
    int64_t latency = 0;
    operator_calls(op, name);
    if (context_value(&ctx, params->in, request->payload, request->size, request->timestamp,
                      &record)) {
        if (function)
            function(&ctx, &record, params->call.user);
        else
            latency = params->async.ask(&record, params->call.user);
    }
    return latency < 0 ? TIME_NEVER : latency;
}

static const char *ask(const void *context, struct operator* op,
                       const struct async_request *request, time_ns *latency)
{
    *latency = call(context, op, request, NULL, "ask");
    return NULL;
}

static const char *answer(const void *context, struct operator* op,
                          const struct async_request *request)
{
    call(context, op, request, ((const struct async_params *)context)->async.on_answer,
         "on_answer");
    return NULL;
}

static const char *timed_out(const void *context, struct operator* op,
                             const struct async_request *request)
{
    call(context, op, request, ((const struct async_params *)context)->async.on_timeout,
         "on_timeout");
    return NULL;
}

/* initial * multiplier^(attempt - 1), not above the limit (AsyncRetryStrategies). */
static time_ns delay_behind(const struct weir_retry *retry, uint32_t attempt)
{
    time_ns most = retry->delay_max_ms > 0 ? api_ns(retry->delay_max_ms) : TIME_NEVER;
    time_ns delay = api_ns(retry->delay_ms);
    for (uint32_t i = 1; i < attempt && retry->multiplier_percent > 0 && delay < most; i++)
        if (__builtin_mul_overflow(delay / 100, retry->multiplier_percent, &delay))
            delay = most;
    return delay < most ? delay : most;
}

static bool again(const void *context, struct operator* op, const struct async_request *request,
                  uint32_t attempt, time_ns *delay)
{
    const struct async_params *params = context;
    struct weir_context ctx = context_of(op, &params->call, 0);
    struct weir_record record;
    operator_calls(op, "is_none");
    bool is_none = attempt <= params->retry.retries &&
                   context_value(&ctx, params->in, request->payload, request->size,
                                 request->timestamp, &record) &&
                   params->retry.is_none(&record, attempt, params->call.user);
    *delay = delay_behind(&params->retry, attempt);
    return is_none;
}

struct weir_stream *weir_async_retry(struct weir_stream *in, const char *name,
                                     const struct weir_type *out, const struct weir_async *async,
                                     const struct weir_retry *retry, void *user)
{
    API_GIVEN("weir_async_retry", in);
    API_GIVEN("weir_async_retry", async);
    API_GIVEN("weir_async_retry", retry);
    struct weir_stream *stream = weir_async(in, name, out, async, user);
    const struct api_operator *op = stream->parts.items[0].from;
    struct async_params *params = op->params;
    params->retry = *retry;
    params->core.again = again;
    if (!retry->is_none)
        api_wrong(in->env, "'%s' asks again, and has no function that says when: is_none",
                  op->name);
    if (retry->retries == 0 || retry->retries > RETRIES_MAX)
        api_wrong(in->env, "'%s' asks again %u times, expected 1 to %d", op->name, retry->retries,
                  RETRIES_MAX);
    if (retry->delay_ms <= 0 || retry->delay_ms > DELAY_MAX_MS || retry->delay_max_ms < 0 ||
        retry->delay_max_ms > DELAY_MAX_MS)
        api_wrong(in->env, "'%s' asks again after %lld ms (at most %lld), expected 1 ms to a year",
                  op->name, (long long)retry->delay_ms, (long long)retry->delay_max_ms);
    return stream;
}

struct weir_stream *weir_async(struct weir_stream *in, const char *name,
                               const struct weir_type *out, const struct weir_async *async,
                               void *user)
{
    API_GIVEN("weir_async", in);
    API_GIVEN("weir_async", async);
    struct api_operator *op =
        api_add(in->env, name, &async_wait_class, sizeof(struct async_params));
    struct async_params *params = op->params;
    api_set_call(op, &params->call, user);
    params->in = in->type;
    params->async = *async;
    params->core = (struct async_wait_params){
        .order = async->unordered ? ASYNC_UNORDERED : ASYNC_ORDERED,
        .capacity = async->capacity > 0 ? async->capacity : CAPACITY_DEFAULT,
        .timeout = api_ns(async->timeout_ms),
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
