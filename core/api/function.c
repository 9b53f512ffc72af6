/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators without state: a user function for each record of one input or two. Source: Flink's
 * StreamMap, StreamFilter, StreamFlatMap, CoStreamFlatMap.
 */
#include "core/api/checks.h"
#include "core/api/context.h"

enum { FUNCTION_INPUTS_MAX = 2 };

struct function_params {
    struct api_call call;
    const struct weir_type *in[FUNCTION_INPUTS_MAX];
    weir_function *functions[FUNCTION_INPUTS_MAX]; /* or one of these: */
    weir_mapping *map;
    weir_predicate *keep;
};

struct function {
    struct operator op;
    void *made; /* the value of a map */
    int64_t watermark;
};

static uint32_t memory_of(const struct weir_type *type)
{
    return type->encode ? type->memory : type->size;
}

static void open(struct operator* op)
{
    const struct function_params *params = op->spec->params;
    ((struct function *)op)->watermark = WATERMARK_NONE;
    if (params->map)
        ((struct function *)op)->made = mem_create(memory_of(params->call.types[0]));
}

static void close(struct operator* op)
{
    mem_destroy(((struct function *)op)->made);
}

static void call(struct function *function, struct weir_context *ctx, uint32_t input,
                 const struct weir_record *record)
{
    const struct function_params *params = ctx->op->spec->params;
    void *user = params->call.user;
    if (params->map) {
        memset(function->made, 0, memory_of(params->call.types[0]));
        params->map(ctx, record, function->made, user);
        weir_emit(ctx, function->made);
    } else if (params->functions[input]) {
        params->functions[input](ctx, record, user);
    }
}

/* What goes on does so as it came: the bytes, not the value. */
static void filter(struct weir_context *ctx, const struct batch *batch, uint32_t i,
                   const struct weir_record *record)
{
    const struct function_params *params = ctx->op->spec->params;
    struct collector *out = ctx->op->outs[0];
    if (!params->keep(record, params->call.user))
        return;
    uint32_t size = batch_size(batch, i);
    void *to = collector_put(out, record->timestamp, size);
    if (to)
        memcpy(to, batch_payload(batch, i), size);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct function *function = (struct function *)op;
    const struct function_params *params = op->spec->params;
    struct weir_context ctx = context_of(op, &params->call, input);
    ctx.watermark = function->watermark;
    operator_calls(op, params->keep     ? "keep"
                       : !params->in[1] ? "map"
                       : input == 0     ? "on_first"
                                        : "on_second");
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        struct weir_record record;
        if (!context_record(&ctx, params->in[input], batch, i, &record))
            break;
        if (params->keep)
            filter(&ctx, batch, i, &record);
        else
            call(function, &ctx, input, &record);
    }
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    ((struct function *)op)->watermark = watermark;
}

static const struct operator_class function_class = { .name = "function",
                                                      .size = sizeof(struct function),
                                                      .open = open,
                                                      .close = close,
                                                      .process = process,
                                                      .watermark = on_watermark };

static struct api_operator *add(struct weir_stream *in, const char *name, void *user,
                                struct function_params **params)
{
    struct api_operator *op = api_add(in->env, name, &function_class, sizeof **params);
    *params = op->params;
    api_set_call(op, &(*params)->call, user);
    (*params)->in[0] = in->type;
    api_read_from(op, 0, in);
    return op;
}

struct weir_stream *weir_map(struct weir_stream *in, const char *name, const struct weir_type *out,
                             weir_mapping *map, void *user)
{
    API_GIVEN("weir_map", in);
    struct function_params *params;
    struct api_operator *op = add(in, name, user, &params);
    out = api_type(in->env, op->name, out);
    params->map = map;
    if (!map)
        api_wrong(in->env, "'%s' has no function for records", op->name);
    if (memory_of(out) == 0)
        api_wrong(in->env, "'%s' maps to '%s', which varies in size: weir_flat_map", op->name,
                  out->name);
    return api_output(in->env, op, 0, out, api_is_timestamped(in));
}

struct weir_stream *weir_filter(struct weir_stream *in, const char *name, weir_predicate *keep,
                                void *user)
{
    API_GIVEN("weir_filter", in);
    struct function_params *params;
    struct api_operator *op = add(in, name, user, &params);
    params->keep = keep;
    if (!keep)
        api_wrong(in->env, "'%s' has no function for records", op->name);
    return api_output(in->env, op, 0, in->type, api_is_timestamped(in));
}

struct weir_stream *weir_flat_map(struct weir_stream *in, const char *name,
                                  const struct weir_type *out, weir_function *map, void *user)
{
    API_GIVEN("weir_flat_map", in);
    struct function_params *params;
    struct api_operator *op = add(in, name, user, &params);
    params->functions[0] = map;
    if (!map)
        api_wrong(in->env, "'%s' has no function for records", op->name);
    return api_output(in->env, op, 0, out, api_is_timestamped(in));
}

struct weir_stream *weir_connect(struct weir_stream *first, struct weir_stream *second,
                                 const char *name, const struct weir_type *out,
                                 weir_function *on_first, weir_function *on_second, void *user)
{
    API_GIVEN("weir_connect", first);
    API_GIVEN("weir_connect", second);
    struct function_params *params;
    struct api_operator *op = add(first, name, user, &params);
    params->in[1] = second->type;
    params->functions[0] = on_first;
    params->functions[1] = on_second;
    if (!on_first && !on_second)
        api_wrong(first->env, "'%s' has no function for either input", op->name);
    api_read_from(op, 1, second);
    return api_output(first->env, op, 0, out,
                      api_is_timestamped(first) && api_is_timestamped(second));
}

/* A sink without a function. */
void weir_discard(struct weir_stream *in, const char *name)
{
    API_GIVEN("weir_discard", in);
    struct function_params *params;
    add(in, name, NULL, &params);
}
