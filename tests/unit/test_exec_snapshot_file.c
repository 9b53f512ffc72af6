/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of a task's snapshot: what was written is read back, and whatever is cut off or changed
 * in it is noticed in one line.
 */
#include <check.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/exec/state_snapshot.h"
#include "core/exec/task_snapshot.h"

static struct snapshot_bytes bytes;

static const struct task_snapshot_identity identity = {
    .job = 11, .head = 22, .subtask = 1, .parallelism = 3, .max_parallelism = 128, .checkpoint = 9
};

static const struct snapshot_identity keyed_identity = { .job = 11, .name = "count" };

static struct state_table *create_table(void)
{
    return state_table_create(&(struct state_spec){ .key_size = 8,
                                                    .value_size = 8,
                                                    .key_hash = KEY_HASH_LONG,
                                                    .max_parallelism = 128,
                                                    .range = { 43, 44 } });
}

/* A section of keyed state. */
static void write_keyed(struct task_snapshot_writer *writer)
{
    struct state_table *table = create_table();
    for (uint64_t key = 0; key < 12; key++)
        ck_assert(!err_is(
            state_table_put(table, (struct state_key){ &key, sizeof key, 43 + (int32_t)(key & 1) },
                            &key, sizeof key, NULL)));
    struct state_snapshot *snapshot = state_snapshot_begin(table, &keyed_identity, 9, false);
    task_snapshot_open_section(writer, SECTION_KEYED, 1, "count");
    while (state_snapshot_write(snapshot, &bytes, 1))
        ;
    task_snapshot_close_section(writer);
    state_snapshot_end(snapshot);
    state_table_destroy(table);
}

static struct err read_keyed(const struct task_snapshot_file *file,
                             const struct snapshot_section *section, struct note *note)
{
    struct state_table *table = create_table();
    struct state_restore *restore = state_restore_begin(table, &keyed_identity);
    struct err e = state_restore_add(restore, file->bytes + section->offset, section->size, note);
    if (!err_is(e))
        e = state_restore_finish(restore, true, note);
    else
        state_restore_cancel(restore);
    if (!err_is(e))
        ck_assert_uint_eq(state_table_memory(table).entries, 12);
    state_table_destroy(table);
    return e;
}

/* A list, keyed state, and two buffers in flight. */
static void write_file(void)
{
    struct task_snapshot_writer writer;
    struct state_list list = { 0 };
    struct buffer *buffer = buffer_create(BUFFER_SIZE_MIN);
    bytes = (struct snapshot_bytes){ 0 };
    task_snapshot_begin(&writer, &identity, &bytes);
    state_list_add(&list, "one", 3);
    state_list_add(&list, "", 0);
    state_list_begin_part(&list);
    state_list_add(&list, "three", 5);
    task_snapshot_add_list(&writer, 0, &list);
    write_keyed(&writer);
    task_snapshot_open_in_flight(&writer, SECTION_INPUT, 0,
                                 &(struct snapshot_serializer){ .fingerprint = 77, .version = 3 });
    memset(buffer->bytes, 7, 16);
    buffer->used = 16;
    task_snapshot_add_buffer(&writer, 4, buffer);
    buffer->used = 0;
    task_snapshot_add_buffer(&writer, 5, buffer);
    task_snapshot_close_section(&writer);
    task_snapshot_finish(&writer);
    task_snapshot_writer_fini(&writer);
    state_list_fini(&list);
    buffer_release(buffer);
}

static void must(struct err e, const struct note *note)
{
    ck_assert_msg(!err_is(e), "%s", note->text);
}

START_TEST(what_was_written_is_read_back)
{
    struct task_snapshot_file file;
    struct note note = { "" };
    struct state_list list = { 0 };
    size_t size;
    write_file();
    must(task_snapshot_open(bytes.items, bytes.count, &file, &note), &note);
    ck_assert_uint_eq(file.identity.checkpoint, 9);
    ck_assert_uint_eq(file.identity.subtask, 1);
    ck_assert_ptr_null(task_snapshot_find(&file, SECTION_LIST, 1, NULL));
    ck_assert_ptr_null(task_snapshot_find(&file, SECTION_KEYED, 1, "cuont"));
    const struct snapshot_section *keyed = task_snapshot_find(&file, SECTION_KEYED, 1, "count");
    ck_assert_uint_eq(keyed->checksum, 0); /* that would be a second pass over all of it */
    must(read_keyed(&file, keyed, &note), &note);
    must(task_snapshot_read_list(&file, task_snapshot_find(&file, SECTION_LIST, 0, NULL), &list,
                                 &note),
         &note);
    ck_assert_uint_eq(state_list_count(&list), 3);
    ck_assert_uint_eq(list.parts.count, 1);
    ck_assert_uint_eq(list.parts.items[0], 2);
    ck_assert_mem_eq(state_list_entry(&list, 2, &size), "three", 5);
    state_list_entry(&list, 1, &size);
    ck_assert_uint_eq(size, 0);
    state_list_fini(&list);
    task_snapshot_file_fini(&file);
    snapshot_bytes_fini(&bytes);
}
END_TEST

START_TEST(buffers_in_flight_come_back_in_order)
{
    struct task_snapshot_file file;
    struct note note = { "" };
    struct buffer *buffer;
    struct snapshot_serializer records;
    uint32_t channel;
    uint64_t at;
    write_file();
    must(task_snapshot_open(bytes.items, bytes.count, &file, &note), &note);
    const struct snapshot_section *section = task_snapshot_find(&file, SECTION_INPUT, 0, "");
    must(task_snapshot_read_in_flight(&file, section, &records, &at, &note), &note);
    ck_assert_uint_eq(records.fingerprint, 77);
    ck_assert_uint_eq(records.version, 3);
    must(task_snapshot_read_buffer(&file, section, &at, &channel, &buffer, &note), &note);
    ck_assert_uint_eq(channel, 4);
    ck_assert_uint_eq(buffer->used, 16);
    ck_assert_uint_eq(buffer->bytes[15], 7);
    buffer_release(buffer);
    must(task_snapshot_read_buffer(&file, section, &at, &channel, &buffer, &note), &note);
    ck_assert_uint_eq(channel, 5);
    buffer_release(buffer);
    must(task_snapshot_read_buffer(&file, section, &at, &channel, &buffer, &note), &note);
    ck_assert_ptr_null(buffer);
    task_snapshot_file_fini(&file);
    snapshot_bytes_fini(&bytes);
}
END_TEST

/* Reads all there is; true: nothing was found wrong. */
static bool reads(const uint8_t *from, uint64_t size, struct note *note)
{
    struct task_snapshot_file file;
    struct state_list list = { 0 };
    struct buffer *buffer = NULL;
    struct err e = task_snapshot_open(from, size, &file, note);
    if (err_is(e))
        return false;
    for (size_t i = 0; i < file.sections.count && !err_is(e); i++) {
        const struct snapshot_section *section = &file.sections.items[i];
        struct snapshot_serializer records;
        uint32_t channel;
        uint64_t at = 0;
        e = section->kind == SECTION_KEYED ? read_keyed(&file, section, note)
                                           : task_snapshot_check(&file, section, note);
        if (!err_is(e) && section->kind == SECTION_LIST)
            e = task_snapshot_read_list(&file, section, &list, note);
        if (!err_is(e) && section->kind == SECTION_INPUT)
            e = task_snapshot_read_in_flight(&file, section, &records, &at, note);
        while (!err_is(e) && section->kind == SECTION_INPUT) {
            e = task_snapshot_read_buffer(&file, section, &at, &channel, &buffer, note);
            if (err_is(e) || !buffer)
                break;
            buffer_release(buffer);
        }
    }
    state_list_fini(&list);
    task_snapshot_file_fini(&file);
    return !err_is(e);
}

START_TEST(whatever_is_cut_off_is_noticed)
{
    struct note note = { "" };
    write_file();
    ck_assert(reads(bytes.items, bytes.count, &note));
    for (uint64_t size = 0; size < bytes.count; size++) {
        ck_assert_msg(!reads(bytes.items, size, &note), "cut at %llu", (unsigned long long)size);
        ck_assert_ptr_null(strchr(note.text, '\n'));
    }
    snapshot_bytes_fini(&bytes);
}
END_TEST

START_TEST(every_changed_byte_is_noticed)
{
    struct note note = { "" };
    write_file();
    for (uint64_t i = 0; i < bytes.count; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes.items[i] ^= (uint8_t)(1u << bit);
            ck_assert_msg(!reads(bytes.items, bytes.count, &note), "byte %llu bit %d",
                          (unsigned long long)i, bit);
            bytes.items[i] ^= (uint8_t)(1u << bit);
        }
    snapshot_bytes_fini(&bytes);
}
END_TEST

START_TEST(another_version_is_named)
{
    struct note note = { "" };
    write_file();
    bytes.items[bytes.count - 16] = 2;
    ck_assert(!reads(bytes.items, bytes.count, &note));
    ck_assert_str_eq(note.text, "the snapshot has format version 2; this program reads version 6");
    snapshot_bytes_fini(&bytes);
}
END_TEST

Suite *test_exec_snapshot_file_suite(void);

Suite *test_exec_snapshot_file_suite(void)
{
    Suite *suite = suite_create("exec_snapshot_file");
    TCase *tcase = tcase_create("file");
    tcase_add_test(tcase, what_was_written_is_read_back);
    tcase_add_test(tcase, buffers_in_flight_come_back_in_order);
    tcase_add_test(tcase, whatever_is_cut_off_is_noticed);
    tcase_add_test(tcase, every_changed_byte_is_noticed);
    tcase_add_test(tcase, another_version_is_named);
    suite_add_tcase(suite, tcase);
    return suite;
}
