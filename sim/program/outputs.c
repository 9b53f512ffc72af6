/* SPDX-License-Identifier: Apache-2.0
 *
 * Storage in memory, by job and sink.
 */
#include "sim/program/outputs.h"

#include "core/base/text.h"
#include "sim/kernel/guard.h"
#include "sim/program/folder_name.h"

enum { LINE_ROOM = 1024, NAME_SHOWN = 40 };

/* A line for the key, made while the program's functions are there. */
static struct err put_line(struct output *output, const uint8_t *key, uint32_t key_size,
                           const void *payload, uint32_t size, struct note *note)
{
    char room[LINE_ROOM], *line = room;
    size_t length = api_sink_line(output->sink, payload, size, &output->made, room, sizeof room);
    if (length > FILE_SINK_LINE_MAX)
        return err_note(note, ERR_FULL_CODE, "a line of %zu bytes, expected at most %d", length,
                        FILE_SINK_LINE_MAX);
    if (length > sizeof room) {
        line = mem_create(length);
        api_sink_line(output->sink, payload, size, &output->made, line, length);
    }
    guard_beat();
    struct err e =
        broadcast_map_put(&output->written.values, key, key_size, line, (uint32_t)length);
    if (line != room)
        mem_destroy(line);
    return e;
}

static struct err upsert(void *context, const struct key_run *keys, const struct batch *batch,
                         struct note *note)
{
    struct output *output = context;
    for (uint32_t i = 0; i < batch->count; i++)
        TRY(put_line(output, key_run_at(keys, i), key_run_size(keys, i), batch_payload(batch, i),
                     batch_size(batch, i), note));
    return OK;
}

/* A run that was given up reads what is written here. */

static struct err begin(void *context, const struct sink_file *file, struct note *note)
{
    struct collection *written = &((struct output *)context)->written;
    guard_beat();
    return written->port.begin(written, file, note);
}

static struct err append(void *context, const struct sink_file *file, const void *bytes,
                         size_t size, struct note *note)
{
    struct collection *written = &((struct output *)context)->written;
    guard_beat();
    return written->port.append(written, file, bytes, size, note);
}

static struct err prepare(void *context, const struct sink_file *file, struct note *note)
{
    struct collection *written = &((struct output *)context)->written;
    guard_beat();
    return written->port.prepare(written, file, note);
}

/* A restored file may be another job's: a folder is where it is, and a main reads one job's results
 * after the other's. */
static struct err commit(void *context, const struct sink_file *file, struct note *note)
{
    struct output *output = context;
    CHECK(file->place < output->all->list.count);
    struct output *place = output->all->list.items[file->place];
    guard_beat();
    if (place != output && place->is_collected && output->is_collected)
        return collection_adopt(&output->written, &place->written, file, note);
    return place->written.port.commit(&place->written, file, note);
}

static struct output *find(const struct outputs *outputs, const char *job, const char *sink)
{
    for (VEC_EACH(struct output *, output, &outputs->list))
        if ((!job || text_equal((*output)->job, job)) && text_equal((*output)->name, sink))
            return *output;
    return NULL;
}

const struct output *outputs_find(const struct outputs *outputs, const char *job, const char *sink)
{
    return find(outputs, job, sink);
}

/* Of the same kind; null: it had none. */
static const struct output *former_of(const struct outputs *outputs, const char *former,
                                      const struct api_sink *sink)
{
    const struct output *found = former ? find(outputs, former, sink->name) : NULL;
    return found && found->is_table == sink->is_table && found->is_collected == sink->is_collected
               ? found
               : NULL;
}

static void add(struct outputs *outputs, const char *job, const char *former,
                const struct api_sink *sink)
{
    struct output *output = mem_create(sizeof *output);
    collection_init(&output->written);
    output->all = outputs;
    output->former = former_of(outputs, former, sink);
    output->place = (uint32_t)outputs->list.count;
    output->job = mem_copy_text(job);
    output->name = mem_copy_text(sink->name);
    output->is_table = sink->is_table;
    output->is_collected = sink->is_collected;
    vec_push(&outputs->list, output);
}

/* The next job's values may be of another type. */
static void set_sink(struct output *output, const struct api_sink *sink)
{
    output->sink = sink;
    mem_destroy(output->made);
    output->made = NULL;
}

void outputs_open(struct outputs *outputs, const char *job, const char *former,
                  const struct job_program *program)
{
    for (VEC_EACH(struct api_sink *, sink, &program->sinks)) {
        if (!find(outputs, job, (*sink)->name))
            add(outputs, job, former, *sink);
        struct output *output = find(outputs, job, (*sink)->name);
        set_sink(output, *sink);
        (*sink)->port = (struct sink_port){ .context = output,
                                            .place = output->place,
                                            .is_remote = !(*sink)->is_collected, /* not to main */
                                            .begin = begin,
                                            .append = append,
                                            .prepare = prepare,
                                            .commit = commit,
                                            .upsert = upsert };
    }
}

void outputs_close(struct outputs *outputs)
{
    for (VEC_EACH(struct output *, output, &outputs->list))
        set_sink(*output, NULL);
}

static void output_destroy(struct output *output)
{
    collection_fini(&output->written);
    mem_destroy(output->made);
    mem_destroy(output->job);
    mem_destroy(output->name);
    mem_destroy(output);
}

void outputs_fini(struct outputs *outputs)
{
    for (VEC_EACH(struct output *, output, &outputs->list))
        output_destroy(*output);
    vec_fini(&outputs->list);
}

size_t output_folder(const char *job, const char *sink, char *out, size_t size)
{
    size_t at = 0;
    if (job) {
        at = folder_name_put(job, out, size, at);
        if (at < size)
            out[at] = '.';
        at++;
    }
    at = folder_name_put(sink, out, size, at);
    if (size > 0)
        out[at < size ? at : size - 1] = '\0';
    return at;
}

struct err outputs_check(const char *job, const struct job_program *program, struct note *note)
{
    for (VEC_EACH(struct api_sink *, sink, &program->sinks)) {
        size_t length = output_folder(job, (*sink)->name, NULL, 0);
        if (!(*sink)->is_collected && length > OUTPUT_FOLDER_MAX)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "found the sink '%.*s' of job '%.*s', expected shorter names: its "
                            "folder's would have %zu letters, and may have %d",
                            NAME_SHOWN, (*sink)->name, NAME_SHOWN, job, length, OUTPUT_FOLDER_MAX);
    }
    return OK;
}

static void each_line_of(const uint8_t *bytes, size_t count,
                         void (*line)(void *context, const char *text, size_t size), void *context)
{
    for (size_t from = 0, at = 0; at < count; at++)
        if (bytes[at] == '\n') {
            line(context, (const char *)bytes + from, at - from);
            from = at + 1;
        }
}

/* In the jobs before this one. */
static bool is_older(const struct output *output, const void *key, uint32_t key_size)
{
    for (output = output->former; output; output = output->former)
        if (broadcast_map_get(&output->written.values, key, key_size, NULL))
            return true;
    return false;
}

/* The line of a key that `output` or one before it has. */
static const void *newest(const struct output *output, const void *key, uint32_t key_size,
                          uint32_t *size)
{
    const void *value = NULL;
    for (; !value; output = output->former)
        value = broadcast_map_get(&output->written.values, key, key_size, size);
    return value;
}

/* What lies in this one, as it has become by the last one. */
static void each_line_in(const struct output *output, const struct output *last,
                         void (*line)(void *context, const char *text, size_t size), void *context)
{
    const void *key, *value;
    uint32_t key_size, size;
    if (output->former)
        each_line_in(output->former, last, line, context);
    for (VEC_EACH(const struct collected_file, file, &output->written.files))
        if (file->state == COLLECTED_COMMITTED)
            each_line_of(file->bytes.items, file->bytes.count, line, context);
    for (size_t at = 0;
         broadcast_map_next(&output->written.values, &at, &key, &key_size, &value, &size);) {
        if (is_older(output, key, key_size))
            continue;
        value = newest(last, key, key_size, &size);
        each_line_of(value, size, line, context);
    }
}

void output_each_line(const struct output *output,
                      void (*line)(void *context, const char *text, size_t size), void *context)
{
    each_line_in(output, output, line, context);
}
