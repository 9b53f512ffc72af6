/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing the file of one subtask's part of a checkpoint. Numbers are 8 bytes, little-endian.
 */
#include "core/exec/task_snapshot.h"

#include "core/base/text.h"
#include "core/exec/task_snapshot_parts.h"

static void put(struct snapshot_bytes *out, uint64_t value)
{
    uint8_t *to = snapshot_bytes_take(out, WORD);
    for (int i = 0; i < WORD; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static void put_bytes(struct snapshot_bytes *out, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(snapshot_bytes_take(out, size), bytes, size);
}

void task_snapshot_begin(struct task_snapshot_writer *writer,
                         const struct task_snapshot_identity *identity, struct snapshot_bytes *out)
{
    *writer = (struct task_snapshot_writer){ .identity = *identity, .out = out };
    CHECK(out->count == 0);
}

void task_snapshot_open_section(struct task_snapshot_writer *writer, enum section_kind kind,
                                uint64_t op, const char *name)
{
    struct snapshot_section section = { .kind = kind, .op = op, .offset = writer->out->count };
    CHECK(!writer->open);
    CHECK(writer->sections.count < SECTIONS_MAX);
    CHECK(strlen(name) < sizeof section.name);
    text_format(section.name, sizeof section.name, "%s", name);
    vec_push(&writer->sections, section);
    writer->open = true;
}

void task_snapshot_close_section(struct task_snapshot_writer *writer)
{
    CHECK(writer->open);
    struct snapshot_section *section = &vec_last(&writer->sections);
    section->size = writer->out->count - section->offset;
    if (section->kind != SECTION_KEYED)
        section->checksum = snapshot_checksum(writer->out->items + section->offset, section->size);
    writer->open = false;
}

void task_snapshot_add_list(struct task_snapshot_writer *writer, uint64_t op,
                            const struct state_list *list)
{
    task_snapshot_open_section(writer, SECTION_LIST, op, "");
    put(writer->out, (uint64_t)list->parts.count << PARTS_SHIFT | state_list_count(list));
    for (VEC_EACH(const uint64_t, begin, &list->parts))
        put(writer->out, *begin);
    for (VEC_EACH(const uint64_t, end, &list->ends))
        put(writer->out, *end);
    put_bytes(writer->out, list->bytes.items, list->bytes.count);
    task_snapshot_close_section(writer);
}

void task_snapshot_open_in_flight(struct task_snapshot_writer *writer, enum section_kind kind,
                                  uint32_t place, const struct snapshot_serializer *records)
{
    task_snapshot_open_section(writer, kind, place, "");
    put(writer->out, records->fingerprint);
    put(writer->out, records->version);
}

void task_snapshot_add_buffer(struct task_snapshot_writer *writer, uint32_t channel,
                              const struct buffer *buffer)
{
    CHECK(writer->open);
    put(writer->out, channel);
    put(writer->out, buffer->used);
    put_bytes(writer->out, buffer->bytes, buffer->used);
}

static void put_identity(struct snapshot_bytes *out, const struct task_snapshot_identity *identity)
{
    put(out, identity->job);
    put(out, identity->head);
    put(out, identity->subtask);
    put(out, identity->parallelism);
    put(out, (uint64_t)identity->max_parallelism);
    put(out, identity->checkpoint);
}

void task_snapshot_finish(struct task_snapshot_writer *writer)
{
    struct snapshot_bytes *out = writer->out;
    uint64_t table = out->count;
    CHECK(!writer->open);
    put_identity(out, &writer->identity);
    put(out, writer->sections.count);
    for (VEC_EACH(const struct snapshot_section, section, &writer->sections)) {
        put(out, (uint64_t)section->kind);
        put(out, section->op);
        put_bytes(out, section->name, sizeof section->name);
        put(out, section->offset);
        put(out, section->size);
        put(out, section->checksum);
    }
    uint64_t checksum = snapshot_checksum(out->items + table, out->count - table);
    put(out, table);
    put(out, checksum);
    put(out, TASK_SNAPSHOT_VERSION);
    put(out, TASK_SNAPSHOT_MAGIC);
}

void task_snapshot_writer_fini(struct task_snapshot_writer *writer)
{
    vec_fini(&writer->sections);
}
