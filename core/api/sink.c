/* SPDX-License-Identifier: Apache-2.0
 *
 * Where results stay: files with each record once, and a table with the last record of each key.
 * The storage is the world's; it is told of a sink when the job begins.
 */
#include "core/api/context.h"
#include "core/api/job_program.h"

size_t api_sink_line(const struct api_sink *sink, const void *bytes, uint32_t size, void **made,
                     char *out, size_t room)
{
    size_t length = size;
    const void *value = api_value_of(sink->type, bytes, size, made);
    if (value && sink->format)
        length = sink->format(value, sink->type->decode ? sink->type->memory : size, out, room,
                              sink->user);
    else if (value && size < room)
        memcpy(out, bytes, size);
    length = length < FILE_SINK_LINE_MAX ? length : FILE_SINK_LINE_MAX;
    if (length < room)
        out[length] = '\n';
    return length + 1;
}

static size_t encode(const void *context, struct operator* op, const void *payload, uint32_t size,
                     uint8_t *out, size_t room)
{
    return api_sink_line(context, payload, size, &op->rooms[0], (char *)out, room);
}

static struct api_operator *add(struct weir_stream *in, const char *name,
                                const struct operator_class *class, weir_format *format, void *user)
{
    struct api_operator *op = api_add(in->env, name, class, sizeof(struct api_sink));
    struct api_sink *sink = op->params;
    *sink = (struct api_sink){ .name = op->name, .type = in->type, .format = format, .user = user };
    op->sink = sink;
    if (!format && in->type->size > 0)
        api_wrong(in->env, "'%s' writes '%s', and has no function that makes a line of it",
                  op->name, in->type->name);
    api_read_from(op, 0, in);
    return op;
}

void weir_sink_files(struct weir_stream *in, const char *name, weir_format *format, void *user)
{
    API_GIVEN("weir_sink_files", in);
    struct api_sink *sink = add(in, name, &file_sink_class, format, user)->sink;
    sink->core.files =
        (struct file_sink_params){ .encode = encode, .context = sink, .port = &sink->port };
}

void weir_sink_table(struct weir_stream *keyed, const char *name, weir_format *format, void *user)
{
    API_GIVEN("weir_sink_table", keyed);
    struct api_sink *sink = add(keyed, name, &upsert_sink_class, format, user)->sink;
    sink->is_table = true;
    sink->core.table.port = &sink->port;
    api_key_of(keyed, sink->name, &sink->core.table.key);
}
