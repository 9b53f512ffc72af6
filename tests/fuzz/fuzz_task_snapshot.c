/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the reader of a task's snapshot. In: any bytes, the checksum of whose table is put right,
 * so that what lies behind it is reached. Always: what is wrong is said in one line, nothing is
 * read outside of the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "core/exec/task_snapshot.h"

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
    enum { TRAILER = 32 };
    if (size < TRAILER)
        return;
    uint64_t table = word_at(bytes + size - TRAILER);
    if (table > size - TRAILER)
        return;
    uint64_t checksum = snapshot_checksum(bytes + table, size - TRAILER - table);
    memcpy(bytes + size - TRAILER + 8, &checksum, sizeof checksum);
}

static void read_section(const struct task_snapshot_file *file,
                         const struct snapshot_section *section, struct note *note)
{
    struct state_list list = { 0 };
    struct buffer *buffer;
    uint32_t channel;
    uint64_t at = 0;
    struct err e = task_snapshot_check(file, section, note);
    if (!err_is(e))
        e = task_snapshot_read_list(file, section, &list, note);
    state_list_fini(&list);
    for (e = OK; !err_is(e);) {
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
