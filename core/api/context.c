/* SPDX-License-Identifier: Apache-2.0
 *
 * Records out of user functions.
 */
#include "core/api/context.h"

#include <stdarg.h>

#include "core/base/text.h"

bool context_is_given(struct weir_context *ctx, const void *given, const char *what,
                      const char *state)
{
    if (!given)
        weir_fail(ctx, "%s of state '%s' is null", what, state);
    return given != NULL;
}

bool context_is_named(struct weir_context *ctx, const char *state)
{
    if (!state)
        weir_fail(ctx, "the name of a state is null");
    return state != NULL;
}

/* Null: nobody has declared such an output. */
static const struct weir_type *type_of(const struct weir_context *ctx, uint32_t output)
{
    return output < ctx->call->outputs ? ctx->call->types[output] : NULL;
}

/* Into the output's room; the first thing that is wrong fails the task, and nothing goes out. */
static void give(struct weir_context *ctx, uint32_t output, const void *value, uint32_t size,
                 int64_t timestamp)
{
    context_spend(ctx, API_CALL_COST);
    if (ctx->op->task->failed)
        return;
    const struct weir_type *type = type_of(ctx, output);
    if (!type) {
        weir_fail(ctx, "a record for output %u, which nobody has declared", output);
        return;
    }
    struct collector *out = ctx->op->outs[output];
    bool is_encoded = type->encode != NULL;
    if (!value && (is_encoded || type->size + size > 0)) {
        weir_fail(ctx, "a record is null");
        return;
    }
    uint32_t bytes = type->size > 0 ? type->size : is_encoded ? type->encoded_size(value) : size;
    if (bytes > RECORD_BYTES_MAX) { /* the sum of it and its head would be small again */
        operator_fail(ctx->op, CAUSE_USER_CODE, "a record of %u bytes is larger than a buffer",
                      bytes);
        return;
    }
    void *to = collector_put(out, timestamp, bytes);
    if (!to)
        return; /* no buffer holds so much: the chain has said so */
    if (is_encoded)
        type->encode(value, to);
    else if (bytes > 0)
        memcpy(to, value, bytes);
}

/* Of a value of known size, by a call that has another one for text. */
static void give_value(struct weir_context *ctx, uint32_t output, const void *value,
                       int64_t timestamp, const char *for_text)
{
    const struct weir_type *type = type_of(ctx, output);
    if (type && type->size == 0 && !type->encode)
        weir_fail(ctx, "a value of type '%s' needs its size: %s", type->name, for_text);
    else
        give(ctx, output, value, 0, timestamp);
}

static void give_text(struct weir_context *ctx, uint32_t output, const void *bytes, uint32_t size,
                      int64_t timestamp)
{
    const struct weir_type *type = type_of(ctx, output);
    if (type && (type->size > 0 || type->encode))
        weir_fail(ctx, "%u bytes of text, expected a value of type '%s'", size, type->name);
    else
        give(ctx, output, bytes, size, timestamp);
}

void weir_emit(struct weir_context *ctx, const void *value)
{
    give_value(ctx, 0, value, ctx->timestamp, "weir_emit_text");
}

void weir_emit_at(struct weir_context *ctx, const void *value, int64_t timestamp)
{
    give_value(ctx, 0, value, timestamp, "weir_emit_text_at");
}

void weir_emit_side(struct weir_context *ctx, uint32_t output, const void *value)
{
    give_value(ctx, output, value, ctx->timestamp, "weir_emit_side_text");
}

void weir_emit_text(struct weir_context *ctx, const void *bytes, uint32_t size)
{
    give_text(ctx, 0, bytes, size, ctx->timestamp);
}

void weir_emit_text_at(struct weir_context *ctx, const void *bytes, uint32_t size,
                       int64_t timestamp)
{
    give_text(ctx, 0, bytes, size, timestamp);
}

void weir_emit_side_text(struct weir_context *ctx, uint32_t output, const void *bytes,
                         uint32_t size)
{
    give_text(ctx, output, bytes, size, ctx->timestamp);
}

void weir_fail(struct weir_context *ctx, const char *fmt, ...)
{
    struct note note;
    context_spend(ctx, API_CALL_COST);
    va_list args;
    va_start(args, fmt);
    text_format_args(note.text, sizeof note.text, fmt, args);
    va_end(args);
    operator_fail(ctx->op, CAUSE_USER_CODE, "%s", note.text);
}

void weir_charge(struct weir_context *ctx, int64_t ns)
{
    context_spend(ctx, ns > API_CALL_COST ? ns : API_CALL_COST);
    if (ns > 0 && !ctx->op->task->failed)
        ctx->op->task->cost = time_add(ctx->op->task->cost, ns);
}

int64_t weir_now(const struct weir_context *ctx)
{
    context_spend(ctx, API_CALL_COST);
    return ctx->op->task->now / NS_OF_MS;
}

int64_t weir_watermark(const struct weir_context *ctx)
{
    context_spend(ctx, API_CALL_COST);
    return ctx->watermark;
}

uint32_t weir_subtask(const struct weir_context *ctx)
{
    context_spend(ctx, API_CALL_COST);
    return ctx->op->task->subtask;
}

uint32_t weir_subtasks(const struct weir_context *ctx)
{
    context_spend(ctx, API_CALL_COST);
    return ctx->op->task->parallelism;
}

const void *api_value_of(const struct weir_type *type, const void *bytes, uint32_t size,
                         void **room)
{
    if (!type->decode)
        return bytes;
    if (!*room)
        *room = mem_create(type->memory);
    else
        memset(*room, 0, type->memory); /* nothing of the last one is seen, whichever that was */
    return type->decode(bytes, size, *room) ? *room : NULL;
}

bool context_value(struct weir_context *ctx, const struct weir_type *type, const void *bytes,
                   uint32_t size, int64_t timestamp, struct weir_record *out)
{
    *out = (struct weir_record){ api_value_of(type, bytes, size, ctx->room),
                                 type->decode ? type->memory : size, timestamp };
    ctx->timestamp = timestamp;
    operator_call_begins(ctx->op);
    if (!out->value)
        weir_fail(ctx, "%u bytes are no value of type '%s'", size, type->name);
    return out->value != NULL;
}

bool context_record(struct weir_context *ctx, const struct weir_type *type,
                    const struct batch *batch, uint32_t i, struct weir_record *out)
{
    return context_value(ctx, type, batch_payload(batch, i), batch_size(batch, i),
                         batch_timestamp(batch, i), out);
}
