/* SPDX-License-Identifier: Apache-2.0
 *
 * Storage by name and by key.
 */
#include "sim/program/outputs.h"

#include "core/base/hash.h"
#include "core/base/text.h"

enum { LINE_ROOM = 256 };

/* Tasks number their files from 0 on. */
static uint64_t key_of_name(const struct sink_file *file)
{
    CHECK(file->number < (uint64_t)1 << 40);
    return (uint64_t)file->subtask << 40 | file->number;
}

/* Null: there is none. */
static struct output_part *find_part(struct output *output, const struct sink_file *file)
{
    uint32_t place = index_map_get(&output->part_by_name, key_of_name(file));
    return place == INDEX_NONE ? NULL : &output->parts.items[place];
}

static struct err refuse(struct note *note, const struct sink_file *file, const char *what)
{
    return err_note(note, ERR_REFUSED_CODE, "part-%u-%llu %s", file->subtask,
                    (unsigned long long)file->number, what);
}

static struct err begin(void *context, const struct sink_file *file, struct note *note)
{
    struct output *output = context;
    struct output_part *part = find_part(output, file);
    if (part && part->state == OUTPUT_COMMITTED)
        return refuse(note, file, "is there already");
    if (!part) {
        index_map_put(&output->part_by_name, key_of_name(file), (uint32_t)output->parts.count);
        vec_push(&output->parts, (struct output_part){ .name = *file });
        part = &vec_last(&output->parts);
    }
    part->state = OUTPUT_OPEN;
    vec_clear(&part->bytes);
    return OK;
}

static struct err append(void *context, const struct sink_file *file, const void *bytes,
                         size_t size, struct note *note)
{
    struct output_part *part = find_part(context, file);
    if (!part || part->state != OUTPUT_OPEN)
        return refuse(note, file, "is not open");
    size_t at = part->bytes.count;
    vec_resize(&part->bytes, at + size);
    memcpy(part->bytes.items + at, bytes, size);
    return OK;
}

static struct err prepare(void *context, const struct sink_file *file, struct note *note)
{
    struct output_part *part = find_part(context, file);
    if (!part || part->state != OUTPUT_OPEN)
        return refuse(note, file, "is not open");
    part->state = OUTPUT_PREPARED;
    return OK;
}

static struct err commit(void *context, const struct sink_file *file, struct note *note)
{
    struct output_part *part = find_part(context, file);
    if (!part || part->state == OUTPUT_OPEN)
        return refuse(note, file, "is not prepared");
    part->state = OUTPUT_COMMITTED;
    return OK;
}

static struct output_row *row_of(struct output *output, const uint8_t *key, uint32_t size)
{
    uint64_t hash = hash_add_bytes(0, key, size);
    uint32_t first = index_map_get(&output->row_by_key, hash);
    for (uint32_t place = first; place != INDEX_NONE; place = output->rows.items[place].next) {
        struct output_row *row = &output->rows.items[place];
        if (row->key.count == size && memcmp(row->key.items, key, size) == 0)
            return row;
    }
    index_map_put(&output->row_by_key, hash, (uint32_t)output->rows.count);
    vec_push(&output->rows, (struct output_row){ .next = first });
    struct output_row *row = &vec_last(&output->rows);
    vec_resize(&row->key, size);
    memcpy(row->key.items, key, size);
    return row;
}

static void write_line(const struct api_sink *sink, struct output_row *row, const void *payload,
                       uint32_t size)
{
    vec_resize(&row->line, LINE_ROOM);
    size_t length = api_sink_line(sink, payload, size, (char *)row->line.items, row->line.count);
    if (length > row->line.count) {
        vec_resize(&row->line, length);
        api_sink_line(sink, payload, size, (char *)row->line.items, length);
    }
    row->line.count = length;
}

static struct err upsert(void *context, const struct key_run *keys, const struct batch *batch,
                         struct note *note)
{
    struct output *output = context;
    (void)note;
    for (uint32_t i = 0; i < batch->count; i++)
        write_line(output->sink, row_of(output, key_run_at(keys, i), key_run_size(keys, i)),
                   batch_payload(batch, i), batch_size(batch, i));
    return OK;
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

void outputs_open(struct outputs *outputs, const char *job, const struct job_program *program)
{
    for (VEC_EACH(struct api_sink *, sink, &program->sinks)) {
        struct output *output = find(outputs, job, (*sink)->name);
        if (!output) {
            output = mem_create(sizeof *output);
            output->job = mem_copy_text(job);
            output->name = mem_copy_text((*sink)->name);
            output->is_table = (*sink)->is_table;
            vec_push(&outputs->list, output);
        }
        output->sink = *sink;
        (*sink)->port = (struct sink_port){ output, begin, append, prepare, commit, upsert };
    }
}

void outputs_close(struct outputs *outputs)
{
    for (VEC_EACH(struct output *, output, &outputs->list))
        (*output)->sink = NULL;
}

static void output_destroy(struct output *output)
{
    for (VEC_EACH(struct output_part, part, &output->parts))
        vec_fini(&part->bytes);
    for (VEC_EACH(struct output_row, row, &output->rows)) {
        vec_fini(&row->key);
        vec_fini(&row->line);
    }
    vec_fini(&output->parts);
    vec_fini(&output->rows);
    index_map_fini(&output->part_by_name);
    index_map_fini(&output->row_by_key);
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

static void each_line_of(const uint8_t *bytes, size_t count,
                         void (*line)(void *context, const char *text, size_t size), void *context)
{
    for (size_t from = 0, at = 0; at < count; at++)
        if (bytes[at] == '\n') {
            line(context, (const char *)bytes + from, at - from);
            from = at + 1;
        }
}

void output_each_line(const struct output *output,
                      void (*line)(void *context, const char *text, size_t size), void *context)
{
    for (VEC_EACH(const struct output_part, part, &output->parts))
        if (part->state == OUTPUT_COMMITTED)
            each_line_of(part->bytes.items, part->bytes.count, line, context);
    for (VEC_EACH(const struct output_row, row, &output->rows))
        each_line_of(row->line.items, row->line.count, line, context);
}
