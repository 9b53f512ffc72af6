/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the reader of a task's snapshot. In: any bytes, the checksums of whose sections and table
 * are put right, so that what lies behind them is reached. Always: what is wrong is said in one
 * line, nothing is read outside of the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "core/exec/state_chain.h"
#include "core/exec/task_snapshot_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Table and sections checksummed as if they had been written so. */
static void put_checksum_right(uint8_t *bytes, size_t size)
{
    if (size < TRAILER_BYTES)
        return;
    uint64_t end = size - TRAILER_BYTES, table = word_at(bytes + end);
    if (table > end)
        return;
    for (uint64_t at = table + IDENTITY_BYTES + WORD; at + SECTION_BYTES <= end;
         at += SECTION_BYTES) {
        uint8_t *section = bytes + at + 2 * WORD + SECTION_NAME_SIZE;
        uint64_t offset = word_at(section), length = word_at(section + WORD), checksum;
        if (offset > table || length > table - offset)
            continue;
        checksum = snapshot_checksum(bytes + offset, length);
        memcpy(section + 2 * WORD, &checksum, sizeof checksum);
    }
    uint64_t checksum = snapshot_checksum(bytes + table, end - table);
    memcpy(bytes + end + WORD, &checksum, sizeof checksum);
}

/* Keyed state of any shape, as far as its blocks. */
static void read_keyed(const struct task_snapshot_file *file,
                       const struct snapshot_section *section, struct note *note)
{
    struct snapshot_file keyed;
    struct snapshot_block block;
    uint64_t from, to;
    struct err e = snapshot_open(file->bytes + section->offset, section->size, &keyed, note);
    if (err_is(e))
        return;
    for (int32_t g = keyed.header.range.first; g <= keyed.header.range.last && !err_is(e); g++)
        for (e = snapshot_section(&keyed, g, &from, &to, note); !err_is(e) && from < to;)
            e = snapshot_read_block(&keyed, g, &from, to, &block, note);
}

static void read_section(const struct task_snapshot_file *file,
                         const struct snapshot_section *section, struct note *note)
{
    struct state_list list = { 0 };
    struct buffer *buffer;
    struct snapshot_serializer records;
    uint32_t channel;
    uint64_t at = 0;
    if (section->kind == SECTION_KEYED) {
        read_keyed(file, section, note);
        return;
    }
    struct err e = task_snapshot_check(file, section, note);
    if (!err_is(e))
        e = task_snapshot_read_list(file, section, &list, note);
    state_list_fini(&list);
    struct state_parts parts = { 0 };
    if (!err_is(state_parts_read(file, section, &parts, note)))
        for (VEC_EACH(const struct state_part, part, &parts))
            CHECK(part->checkpoint < file->identity.checkpoint &&
                  part->range.last < file->identity.max_parallelism);
    vec_fini(&parts);
    for (e = task_snapshot_read_in_flight(file, section, &records, &at, note); !err_is(e);) {
        e = task_snapshot_read_buffer(file, section, &at, &channel, &buffer, note);
        if (err_is(e) || !buffer)
            break;
        buffer_release(buffer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct task_snapshot_file file;
    struct note note = { { 0 } };
    uint8_t *bytes = mem_create(size);
    if (size > 0)
        memcpy(bytes, data, size);
    put_checksum_right(bytes, size);
    struct err e = task_snapshot_open(bytes, size, &file, &note);
    if (err_is(e))
        CHECK(note.text[0] != '\0');
    else {
        for (VEC_EACH(const struct snapshot_section, section, &file.sections))
            read_section(&file, section, &note);
        task_snapshot_file_fini(&file);
    }
    mem_destroy(bytes);
    return 0;
}
