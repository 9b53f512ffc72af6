/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the file of one subtask's part of a checkpoint. Every size and offset is held against
 * what is there before it is used.
 */
#include "core/base/text.h"
#include "core/exec/operator.h"
#include "core/exec/task_snapshot_parts.h"

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < WORD; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static MUST_CHECK struct err damaged(struct note *note, const char *what)
{
    return err_note(note, ERR_BAD_VALUE_CODE, "the snapshot is damaged: %s", what);
}

static MUST_CHECK struct err read_section(const uint8_t *bytes, uint64_t table,
                                          struct snapshot_section *out, struct note *note)
{
    uint64_t kind = word_at(bytes);
    const uint8_t *rest = bytes + 2 * WORD + SECTION_NAME_SIZE;
    if (kind < SECTION_KEYED || kind >= SECTION_KIND_END)
        return damaged(note, "a section of no known kind");
    *out = (struct snapshot_section){ .kind = (enum section_kind)kind,
                                      .op = word_at(bytes + WORD),
                                      .offset = word_at(rest),
                                      .size = word_at(rest + WORD),
                                      .checksum = word_at(rest + 2 * WORD) };
    memcpy(out->name, bytes + 2 * WORD, sizeof out->name);
    if (out->name[sizeof out->name - 1] != '\0')
        return damaged(note, "a section's name does not end");
    if (out->offset > table || out->size > table - out->offset)
        return damaged(note, "a section lies outside of the file");
    return OK;
}

static MUST_CHECK struct err read_identity(const uint8_t *bytes, struct task_snapshot_identity *out,
                                           struct note *note)
{
    uint64_t subtask = word_at(bytes + 2 * WORD), parallelism = word_at(bytes + 3 * WORD);
    uint64_t max_parallelism = word_at(bytes + 4 * WORD);
    if (max_parallelism > MAX_PARALLELISM_LIMIT || parallelism > max_parallelism ||
        subtask >= parallelism)
        return damaged(note, "no subtask has these numbers");
    *out = (struct task_snapshot_identity){ .job = word_at(bytes),
                                            .head = word_at(bytes + WORD),
                                            .subtask = (uint32_t)subtask,
                                            .parallelism = (uint32_t)parallelism,
                                            .max_parallelism = (int32_t)max_parallelism,
                                            .checkpoint = word_at(bytes + 5 * WORD) };
    return OK;
}

static MUST_CHECK struct err read_table(const uint8_t *table, uint64_t size, uint64_t table_at,
                                        struct task_snapshot_file *file, struct note *note)
{
    uint64_t count = word_at(table + IDENTITY_BYTES);
    if (count > SECTIONS_MAX || size != IDENTITY_BYTES + WORD + count * SECTION_BYTES)
        return damaged(note, "its table has another length than it says");
    TRY(read_identity(table, &file->identity, note));
    for (uint64_t i = 0; i < count; i++) {
        struct snapshot_section section;
        TRY(read_section(table + IDENTITY_BYTES + WORD + i * SECTION_BYTES, table_at, &section,
                         note));
        vec_push(&file->sections, section);
    }
    return OK;
}

struct err task_snapshot_open(const uint8_t *bytes, uint64_t size, struct task_snapshot_file *file,
                              struct note *note)
{
    *file = (struct task_snapshot_file){ .bytes = bytes, .size = size };
    if (size < TRAILER_BYTES + IDENTITY_BYTES + WORD)
        return damaged(note, "it is too short");
    const uint8_t *trailer = bytes + size - TRAILER_BYTES;
    uint64_t table = word_at(trailer), table_end = size - TRAILER_BYTES;
    if (word_at(trailer + 3 * WORD) != TASK_SNAPSHOT_MAGIC)
        return err_note(note, ERR_BAD_VALUE_CODE, "not a snapshot of a task, or cut off");
    if (word_at(trailer + 2 * WORD) != TASK_SNAPSHOT_VERSION)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "the snapshot has format version %llu; this program reads version %d",
                        (unsigned long long)word_at(trailer + 2 * WORD), TASK_SNAPSHOT_VERSION);
    if (table > table_end || table_end - table < IDENTITY_BYTES + WORD)
        return damaged(note, "its table lies outside of it");
    if (snapshot_checksum(bytes + table, table_end - table) != word_at(trailer + WORD))
        return damaged(note, "the checksum of its table does not fit");
    struct err e = read_table(bytes + table, table_end - table, table, file, note);
    if (err_is(e))
        task_snapshot_file_fini(file);
    return e;
}

struct key_group_range task_snapshot_groups(const struct task_snapshot_identity *identity)
{
    return key_group_range_of((int32_t)identity->subtask, (int32_t)identity->parallelism,
                              identity->max_parallelism);
}

void task_snapshot_file_fini(struct task_snapshot_file *file)
{
    vec_fini(&file->sections);
}

const struct snapshot_section *task_snapshot_find(const struct task_snapshot_file *file,
                                                  enum section_kind kind, uint64_t op,
                                                  const char *name)
{
    for (VEC_EACH(const struct snapshot_section, section, &file->sections))
        if (section->kind == kind && section->op == op &&
            (!name || text_equal(section->name, name)))
            return section;
    return NULL;
}

static bool is_state_of(const struct snapshot_section *section, const struct operator_spec *op)
{
    bool is_state = section->kind != SECTION_INPUT && section->kind != SECTION_OUTPUT;
    return is_state && section->op == op->id;
}

bool task_snapshot_is_of(const struct task_snapshot_file *file,
                         const struct operator_spec *operators, uint32_t count)
{
    if (file->identity.head == operators[0].id)
        return true;
    for (VEC_EACH(const struct snapshot_section, section, &file->sections))
        for (uint32_t i = 0; i < count; i++)
            if (is_state_of(section, &operators[i]))
                return true;
    return false;
}

struct err task_snapshot_check(const struct task_snapshot_file *file,
                               const struct snapshot_section *section, struct note *note)
{
    CHECK(section->kind != SECTION_KEYED);
    if (snapshot_checksum(file->bytes + section->offset, section->size) != section->checksum)
        return damaged(note, "the checksum of a section does not fit");
    return OK;
}

/* Where each of several lists but the first begins. */
static MUST_CHECK struct err read_parts(const uint8_t *words, uint64_t parts, uint64_t entries,
                                        struct state_list *out, struct note *note)
{
    uint64_t last = 0;
    for (uint64_t i = 0; i < parts; i++) {
        uint64_t begin = word_at(words + i * WORD);
        if (begin < last || begin > entries)
            return damaged(note, "a list of operator state begins outside of it");
        vec_push(&out->parts, begin);
        last = begin;
    }
    return OK;
}

static MUST_CHECK struct err read_entries(const uint8_t *words, uint64_t entries, uint64_t size,
                                          struct state_list *out, struct note *note)
{
    const uint8_t *data = words + entries * WORD;
    uint64_t last = 0;
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t end = word_at(words + i * WORD);
        if (end < last || end > size)
            return damaged(note, "an entry of operator state lies outside of it");
        state_list_add(out, data + last, end - last);
        last = end;
    }
    return OK;
}

struct err task_snapshot_read_list(const struct task_snapshot_file *file,
                                   const struct snapshot_section *section, struct state_list *out,
                                   struct note *note)
{
    const uint8_t *bytes = file->bytes + section->offset;
    state_list_clear(out);
    TRY(task_snapshot_check(file, section, note));
    if (section->size < WORD)
        return damaged(note, "operator state is too short");
    uint64_t entries = word_at(bytes) & ((UINT64_C(1) << PARTS_SHIFT) - 1);
    uint64_t parts = word_at(bytes) >> PARTS_SHIFT, room = (section->size - WORD) / WORD;
    if (entries > room || parts > room - entries)
        return damaged(note, "operator state has more entries than bytes");
    const uint8_t *ends = bytes + WORD + parts * WORD;
    uint64_t size = section->size - WORD - (parts + entries) * WORD;
    struct err e = read_parts(bytes + WORD, parts, entries, out, note);
    if (!err_is(e))
        e = read_entries(ends, entries, size, out, note);
    if (err_is(e))
        state_list_clear(out);
    return e;
}

struct err task_snapshot_read_in_flight(const struct task_snapshot_file *file,
                                        const struct snapshot_section *section,
                                        struct snapshot_serializer *records, uint64_t *at,
                                        struct note *note)
{
    const uint8_t *bytes = file->bytes + section->offset;
    TRY(task_snapshot_check(file, section, note));
    if (section->size < 2 * WORD || word_at(bytes + WORD) > UINT32_MAX)
        return damaged(note, "data in flight does not say whose it is");
    *records = (struct snapshot_serializer){ .fingerprint = word_at(bytes),
                                             .version = (uint32_t)word_at(bytes + WORD) };
    *at = 2 * WORD;
    return OK;
}

struct err task_snapshot_read_buffer(const struct task_snapshot_file *file,
                                     const struct snapshot_section *section, uint64_t *at,
                                     uint32_t *channel, struct buffer **out_buffer,
                                     struct note *note)
{
    const uint8_t *bytes = file->bytes + section->offset;
    uint64_t left = section->size - *at;
    *out_buffer = NULL;
    CHECK(*at <= section->size);
    if (left == 0)
        return OK;
    if (left < 2 * WORD || word_at(bytes + *at + WORD) > left - 2 * WORD ||
        word_at(bytes + *at + WORD) > BUFFER_SIZE_MAX || word_at(bytes + *at) >= CHANNELS_MAX)
        return damaged(note, "a buffer in flight lies outside of it");
    uint32_t used = (uint32_t)word_at(bytes + *at + WORD);
    *channel = (uint32_t)word_at(bytes + *at);
    *out_buffer = buffer_create(used > BUFFER_SIZE_MIN ? used : BUFFER_SIZE_MIN);
    memcpy((*out_buffer)->bytes, bytes + *at + 2 * WORD, used);
    (*out_buffer)->used = used;
    *at += 2 * WORD + used;
    return OK;
}
