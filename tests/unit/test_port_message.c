/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/port/message*.c: every kind, filled with random values, survives copying and the
 * wire; nothing that was cut or made up decodes; padding never shows. Fields are filled through the
 * rows of message_table.h, so a member that a list forgets would show as bytes that do not survive
 * (messages are compared member by member by hand for one kind as well).
 */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/port/message_table.h"

enum { ITEMS = 5, BYTES_MAX = 4096 };

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_fini(&arena);
}

static void fill_fields(const struct field_row *fields, void *base, struct rng *rng)
{
    for (const struct field_row *field = fields; field->name; field++) {
        uint64_t value = rng_next(rng);
        if (field->kind == FIELD_ENUM)
            value %= field->limit;
        field_put(field, base, value);
    }
}

/* Random values; every byte that is no member is `padding`. Items live in the arena. */
static struct message random_message(enum message_kind kind, size_t items, int padding,
                                     struct rng *rng)
{
    const struct message_row *row = message_row_of(kind);
    struct message message;
    memset(&message, padding, sizeof message);
    message.kind = kind;
    fill_fields(row->fields, (char *)&message + MESSAGE_ARM, rng);
    if (row->item_size) {
        char *list = arena_take(&arena, items * row->item_size);
        memset(list, padding, items * row->item_size);
        for (size_t i = 0; i < items; i++)
            fill_fields(row->item_fields(), list + i * row->item_size, rng);
        message_set_items(&message, row, list, items);
    }
    return message;
}

static void assert_same(const struct message *a, const struct message *b)
{
    unsigned char x[BYTES_MAX], y[BYTES_MAX];
    size_t size = message_encode(a, x, sizeof x);
    ck_assert_uint_eq(message_encode(b, y, sizeof y), size);
    ck_assert_mem_eq(x, y, size);
    ck_assert_uint_eq(message_hash(a), message_hash(b));
}

START_TEST(every_kind_survives_the_wire)
{
    enum message_kind kind = (enum message_kind)_i;
    struct rng rng = rng_stream(1, "message", (uint64_t)_i);
    for (size_t items = 0; items <= ITEMS; items++) {
        struct message message = random_message(kind, items, 0xa5, &rng);
        unsigned char bytes[BYTES_MAX];
        size_t size = message_encode(&message, bytes, sizeof bytes);
        ck_assert_uint_eq(size, message_encoded_size(&message));
        struct message back;
        struct note note;
        ck_assert_msg(!err_is(message_decode(bytes, size, &back, &arena, &note)), "%s", note.text);
        ck_assert_int_eq(back.kind, kind);
        assert_same(&message, &back);
    }
}
END_TEST

START_TEST(every_kind_refuses_to_be_cut_or_drawn_out)
{
    struct rng rng = rng_stream(2, "message", (uint64_t)_i);
    struct message message = random_message((enum message_kind)_i, ITEMS, 0, &rng), back;
    unsigned char bytes[BYTES_MAX] = { 0 };
    size_t size = message_encode(&message, bytes, sizeof bytes);
    for (size_t cut = 0; cut < size; cut++)
        ck_assert(err_is(message_decode(bytes, cut, &back, &arena, NULL)));
    ck_assert(err_is(message_decode(bytes, size + 1, &back, &arena, NULL)));
    ck_assert(!err_is(message_decode(bytes, size, &back, &arena, NULL)));
}
END_TEST

START_TEST(every_kind_survives_copying_after_the_original_is_gone)
{
    struct rng rng = rng_stream(3, "message", (uint64_t)_i);
    for (size_t items = 0; items <= ITEMS; items++) {
        struct message message = random_message((enum message_kind)_i, items, 0, &rng);
        const struct message_row *row = message_row_of(message.kind);
        unsigned char bytes[BYTES_MAX], again[BYTES_MAX];
        size_t size = message_encode(&message, bytes, sizeof bytes);
        struct message *copy = message_create_copy(&message);
        const struct message *placed = message_copy_to_arena(&message, &arena);
        if (row->item_size)
            memset((void *)(uintptr_t)message_items(&message, row), 0xff, items * row->item_size);
        memset(&message, 0xff, sizeof message);
        ck_assert_uint_eq(message_encode(copy, again, sizeof again), size);
        ck_assert_mem_eq(again, bytes, size);
        assert_same(copy, placed);
        mem_destroy(copy);
    }
}
END_TEST

START_TEST(padding_is_not_part_of_a_message)
{
    struct rng a = rng_stream(4, "message", (uint64_t)_i), b = a;
    struct message zeros = random_message((enum message_kind)_i, ITEMS, 0, &a);
    struct message ones = random_message((enum message_kind)_i, ITEMS, 0xff, &b);
    assert_same(&zeros, &ones);
}
END_TEST

START_TEST(every_member_counts_in_the_hash)
{
    struct rng rng = rng_stream(5, "message", (uint64_t)_i);
    struct message message = random_message((enum message_kind)_i, 1, 0, &rng);
    const struct message_row *row = message_row_of(message.kind);
    uint64_t hash = message_hash(&message);
    for (const struct field_row *field = row->fields; field->name; field++) {
        struct message other = message;
        field_put(field, (char *)&other + MESSAGE_ARM, field_get(field, message_arm(&other)) ^ 1);
        ck_assert_uint_ne(message_hash(&other), hash);
    }
    if (row->item_size) {
        message_set_items(&message, row, NULL, 0);
        ck_assert_uint_ne(message_hash(&message), hash);
    }
}
END_TEST

START_TEST(deployment_members_survive_one_by_one)
{
    struct task_deployment task = {
        .attempt = { { 1 }, 2, 0 },
        .vertex = { 3 },
        .subtask = 4,
        .parallelism = 5,
        .key_group_first = 6,
        .key_group_last = 7,
        .allocation = { 8 },
        .slot_cpu_milli = -12,
        .restore_checkpoint = 9,
        .restore_bytes = -10,
    };
    struct message message = { .kind = MESSAGE_SUBMIT_TASKS, .submit_tasks = { { 11 }, &task, 1 } },
                   back;
    unsigned char bytes[BYTES_MAX];
    size_t size = message_encode(&message, bytes, sizeof bytes);
    ck_assert_uint_eq(size, 2 + 4 + 4 + 10 * 4 + 2 * 8);
    ck_assert(!err_is(message_decode(bytes, size, &back, &arena, NULL)));
    const struct task_deployment *got = back.submit_tasks.tasks;
    ck_assert_uint_eq(back.submit_tasks.job.n, 11);
    ck_assert_uint_eq(got->attempt.task.n, 1);
    ck_assert_uint_eq(got->attempt.attempt, 2);
    ck_assert_uint_eq(got->vertex.n, 3);
    ck_assert_uint_eq(got->subtask, 4);
    ck_assert_uint_eq(got->parallelism, 5);
    ck_assert_uint_eq(got->key_group_first, 6);
    ck_assert_uint_eq(got->key_group_last, 7);
    ck_assert_uint_eq(got->allocation.n, 8);
    ck_assert_int_eq(got->slot_cpu_milli, -12);
    ck_assert_uint_eq(got->restore_checkpoint, 9);
    ck_assert_int_eq(got->restore_bytes, -10);
}
END_TEST

START_TEST(bytes_are_little_endian_without_padding)
{
    struct message message = { .kind = MESSAGE_SLOT_GRANTED,
                               .slot_granted = { { 0x01020304 }, 5, 1 } };
    static const unsigned char expected[] = {
        MESSAGE_SLOT_GRANTED, 0, 4, 3, 2, 1, 5, 0, 0, 0, 1, 0, 0, 0
    };
    unsigned char bytes[BYTES_MAX];
    ck_assert_uint_eq(message_encode(&message, bytes, sizeof bytes), sizeof expected);
    ck_assert_mem_eq(bytes, expected, sizeof expected);
}
END_TEST

static void assert_refused(const unsigned char *bytes, size_t size, enum err_code code,
                           const char *text)
{
    struct message out;
    struct note note;
    struct err e = message_decode(bytes, size, &out, &arena, &note);
    ck_assert_int_eq(e.code, code);
    ck_assert_str_eq(note.text, text);
}

START_TEST(decoder_says_what_is_wrong)
{
    unsigned char bytes[64] = { 0xff, 0xff };
    assert_refused(bytes, 2, ERR_SYNTAX_CODE, "message of unknown kind 65535");
    assert_refused(bytes, 1, ERR_SYNTAX_CODE, "a message of 1 bytes has no kind");
    memset(bytes, 0, sizeof bytes);
    bytes[0] = MESSAGE_SLOT_GRANTED;
    assert_refused(bytes, 13, ERR_SYNTAX_CODE, "slot_granted: 13 bytes instead of 14");
    bytes[0] = MESSAGE_CANCEL_TASKS;
    assert_refused(bytes, 6, ERR_SYNTAX_CODE, "cancel_tasks: ends before its list");
    bytes[6] = 2;
    assert_refused(bytes, 10, ERR_SYNTAX_CODE, "cancel_tasks: 0 bytes for 2 items of 12 bytes");
    bytes[0] = MESSAGE_RM_DISCONNECT;
    bytes[2] = CAUSE_COUNT;
    struct message out;
    ck_assert_int_eq(message_decode(bytes, 6, &out, &arena, NULL).code, ERR_BAD_VALUE_CODE);
    bytes[2] = CAUSE_COUNT - 1;
    ck_assert(!err_is(message_decode(bytes, 6, &out, &arena, NULL)));
}
END_TEST

START_TEST(lists_may_hold_exactly_message_items_max)
{
    unsigned char head[10] = { MESSAGE_SLOTS_ACCEPTED, 0, 0, 0, 0, 0, 1, 0, 0x10, 0 };
    assert_refused(head, sizeof head, ERR_FULL_CODE,
                   "slots_accepted: 1048577 items, at most 1048576 are allowed");
    size_t size = sizeof head + (size_t)MESSAGE_ITEMS_MAX * 4;
    unsigned char *bytes = mem_create(size);
    memcpy(bytes, head, sizeof head);
    bytes[6] = 0;
    struct message out;
    ck_assert(!err_is(message_decode(bytes, size, &out, &arena, NULL)));
    ck_assert_uint_eq(out.slots_accepted.accepted_count, MESSAGE_ITEMS_MAX);
    mem_destroy(bytes);
}
END_TEST

START_TEST(printer_names_every_member)
{
    struct task_report reports[2] = {
        { { { 3 }, 1, 0 }, EXECUTION_FAILED, CAUSE_CONNECTION_LOST, { 7 }, 5 },
        { { { 4 }, 0, 0 }, EXECUTION_RUNNING, CAUSE_NONE, node_id_none(), 0 },
    };
    struct message message = { .kind = MESSAGE_TASK_STATES, .task_states = { { 0 }, reports, 2 } };
    char text[240];
    message_print(&message, text, sizeof text);
    ck_assert_str_eq(
        text, "task_states job=0 tasks=[{task=3 attempt=1 graph=0 state=FAILED "
              "cause=CONNECTION_LOST remote=7 detail=5} {task=4 attempt=0 graph=0 state=RUNNING "
              "cause=NONE remote=none detail=0}]");
    struct message request = {
        .kind = MESSAGE_REQUEST_SLOT,
        .request_slot = { { 1 }, { 2 }, ID_NONE, 1, -1, -5, { ID_NONE } },
    };
    message_print(&request, text, sizeof text);
    ck_assert_str_eq(text, "request_slot job=1 allocation=2 slot=4294967295 by_default=1 "
                           "cpu_milli=-1 memory_bytes=-5 job_master=none");
}
END_TEST

START_TEST(printer_cuts_at_the_size_it_has)
{
    static struct task_attempt tasks[1000];
    struct message message = { .kind = MESSAGE_CANCEL_TASKS,
                               .cancel_tasks = { { 0 }, tasks, 1000 } };
    for (size_t size = 1; size < 80; size++) {
        char text[81];
        memset(text, '#', sizeof text);
        message_print(&message, text, size);
        ck_assert_uint_eq(strlen(text), size - 1);
        ck_assert_int_eq(text[size], '#');
    }
}
END_TEST

START_TEST(message_of_no_kind_is_a_fault_of_the_caller)
{
    (void)message_name(MESSAGE_KIND_COUNT);
}
END_TEST

START_TEST(encoding_into_too_little_room_is_a_fault_of_the_caller)
{
    struct message message = { .kind = MESSAGE_RM_HEARTBEAT };
    unsigned char bytes[9];
    (void)message_encode(&message, bytes, sizeof bytes);
}
END_TEST

Suite *test_port_message_suite(void)
{
    Suite *suite = suite_create("port/message");
    TCase *tcase = tcase_create("core");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, every_kind_survives_the_wire, 0, MESSAGE_KIND_COUNT);
    tcase_add_loop_test(tcase, every_kind_refuses_to_be_cut_or_drawn_out, 0, MESSAGE_KIND_COUNT);
    tcase_add_loop_test(tcase, every_kind_survives_copying_after_the_original_is_gone, 0,
                        MESSAGE_KIND_COUNT);
    tcase_add_loop_test(tcase, padding_is_not_part_of_a_message, 0, MESSAGE_KIND_COUNT);
    tcase_add_loop_test(tcase, every_member_counts_in_the_hash, 0, MESSAGE_KIND_COUNT);
    tcase_add_test(tcase, deployment_members_survive_one_by_one);
    tcase_add_test(tcase, bytes_are_little_endian_without_padding);
    tcase_add_test(tcase, decoder_says_what_is_wrong);
    tcase_add_test(tcase, lists_may_hold_exactly_message_items_max);
    tcase_add_test(tcase, printer_names_every_member);
    tcase_add_test(tcase, printer_cuts_at_the_size_it_has);
    tcase_add_test_raise_signal(tcase, message_of_no_kind_is_a_fault_of_the_caller, SIGABRT);
    tcase_add_test_raise_signal(tcase, encoding_into_too_little_room_is_a_fault_of_the_caller,
                                SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
