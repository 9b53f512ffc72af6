/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator that keeps, and the chain around those under test.
 */
#include "tests/lib/lone_chain.h"

#include <check.h>

static void keep(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct lone_chain *lone = (struct lone_chain *)(uintptr_t)op->spec->params;
    (void)input;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct lone_record record = { .timestamp = batch_timestamp(batch, i),
                                      .size = batch_size(batch, i) };
        ck_assert_uint_le(record.size, LONE_PAYLOAD_MAX);
        memcpy(record.payload, batch_payload(batch, i), record.size);
        vec_push(&lone->out, record);
    }
}

static void keep_mark(struct operator* op, int64_t watermark)
{
    struct lone_chain *lone = (struct lone_chain *)(uintptr_t)op->spec->params;
    vec_push(&lone->marks, (struct lone_mark){ lone->out.count, watermark, false });
}

static void keep_status(struct operator* op, bool idle)
{
    struct lone_chain *lone = (struct lone_chain *)(uintptr_t)op->spec->params;
    vec_push(&lone->marks, (struct lone_mark){ lone->out.count, idle, true });
}

static const struct operator_class keeping = { .name = "keep",
                                               .watermark = keep_mark,
                                               .status = keep_status,
                                               .size = sizeof(struct operator),
                                               .process = keep };

/* Operator state, as a task deals it out. */
static void load_lists(struct lone_chain *lone, const struct task_snapshot_file *files,
                       size_t file_count)
{
    for (uint32_t op = 0; op < lone->chain.count; op++) {
        struct operator* it = lone->chain.operators[op];
        struct state_list lists[LONE_FILES_MAX] = { { .bytes = { 0 } } }, own = { 0 };
        const struct state_list *saved[LONE_FILES_MAX] = { NULL };
        struct note note = { { 0 } };
        if (!it->class->load || file_count == 0)
            continue;
        ck_assert_uint_le(file_count, LONE_FILES_MAX);
        for (size_t i = 0; i < file_count; i++) {
            uint32_t subtask = files[i].identity.subtask;
            struct err e = task_snapshot_read_list(
                &files[i], task_snapshot_find(&files[i], SECTION_LIST, op, NULL), &lists[subtask],
                &note);
            ck_assert_msg(!err_is(e), "%s", note.text);
            saved[subtask] = &lists[subtask];
        }
        state_list_redistribute(it->class->lists, saved, (uint32_t)file_count,
                                lone->context.subtask, lone->context.parallelism, &own);
        struct err e = it->class->load(it, &own, &note);
        if (err_is(e))
            operator_fail(it, CAUSE_RESTORE, "%s", note.text);
        for (size_t i = 0; i < file_count; i++)
            state_list_fini(&lists[i]);
        state_list_fini(&own);
    }
}

static void begin(struct lone_chain *lone, const struct operator_spec *specs, uint32_t count,
                  uint32_t subtask, uint32_t parallelism, const struct task_snapshot_file *files,
                  size_t file_count, time_ns now)
{
    *lone = (struct lone_chain){ .count = count };
    ck_assert_uint_lt(count, sizeof lone->specs / sizeof *lone->specs);
    memcpy(lone->specs, specs, count * sizeof *specs);
    for (uint32_t i = 0; i < count; i++)
        lone->specs[i].id = i;
    lone->specs[count] =
        (struct operator_spec){ .name = "keep", .id = count, .class = &keeping, .params = lone };
    struct key_group_range groups =
        key_group_range_of((int32_t)subtask, (int32_t)parallelism, LONE_GROUPS);
    lone->states = (struct state_registry){ .task = { 1, 1, subtask, parallelism, LONE_GROUPS, 0 },
                                            .groups = groups };
    lone->context = (struct operator_task){ .subtask = subtask,
                                            .parallelism = parallelism,
                                            .max_parallelism = LONE_GROUPS,
                                            .groups = groups,
                                            .now = now,
                                            .watermark_bound = WATERMARK_MAX,
                                            .states = &lone->states };
    chain_init(&lone->chain, &lone->context, lone->specs, count + 1, NULL, NULL, 0);
    lone->states.files = files;
    lone->states.file_count = file_count;
    load_lists(lone, files, file_count);
    if (!lone->context.failed)
        chain_open(&lone->chain);
    lone->states.files = NULL;
    lone->states.file_count = 0;
}

void lone_chain_init(struct lone_chain *lone, const struct operator_spec *specs, uint32_t count,
                     uint32_t subtask, uint32_t parallelism, const struct task_snapshot_file *files,
                     size_t file_count)
{
    lone_chain_init_at(lone, specs, count, subtask, parallelism, files, file_count, 0);
}

void lone_chain_init_at(struct lone_chain *lone, const struct operator_spec *specs, uint32_t count,
                        uint32_t subtask, uint32_t parallelism,
                        const struct task_snapshot_file *files, size_t file_count, time_ns now)
{
    begin(lone, specs, count, subtask, parallelism, files, file_count, now);
    ck_assert_msg(!lone->context.failed, "%s", lone->context.note.text);
}

bool lone_chain_can_init(struct lone_chain *lone, const struct operator_spec *specs, uint32_t count,
                         const struct task_snapshot_file *files, size_t file_count)
{
    begin(lone, specs, count, 0, 1, files, file_count, 0);
    return !lone->context.failed;
}

void lone_chain_fini(struct lone_chain *lone)
{
    chain_close(&lone->chain);
    chain_fini(&lone->chain);
    state_registry_fini(&lone->states);
    vec_fini(&lone->out);
    vec_fini(&lone->marks);
}

void lone_chain_put(struct lone_chain *lone, uint32_t input, struct record_layout layout,
                    int64_t timestamp, const void *payload, uint32_t size)
{
    _Alignas(8) uint8_t slot[LONE_PAYLOAD_MAX + 2 * RECORD_HEAD] = { 0 }, *at = slot;
    static const uint32_t first = 0;
    uint64_t length = size;
    ck_assert_uint_le(size, LONE_PAYLOAD_MAX);
    if (layout.timestamped) {
        memcpy(at, &timestamp, sizeof timestamp);
        at += RECORD_HEAD;
    }
    if (layout.size == 0) {
        memcpy(at, &length, sizeof length);
        at += RECORD_HEAD;
    }
    memcpy(at, payload, size);
    chain_process(&lone->chain, input,
                  &(struct batch){ .slots = slot,
                                   .count = 1,
                                   .stride = record_stride(layout),
                                   .at = layout.size == 0 ? &first : NULL,
                                   .layout = layout });
}

void lone_chain_snapshot(struct lone_chain *lone, uint64_t checkpoint,
                         struct snapshot_bytes *out_bytes, struct task_snapshot_file *out_file)
{
    enum { PIECE = 4096 };
    struct note note = { { 0 } };
    struct checkpoint_barrier barrier = { .id = (int64_t)checkpoint };
    chain_prepare(&lone->chain, checkpoint);
    struct snapshot_work *work =
        snapshot_work_create(&lone->states.task, &barrier, &lone->chain, &lone->states, 0);
    work->is_complete = true;
    while (snapshot_work_write(work, PIECE) != SNAPSHOT_WRITTEN)
        ;
    *out_bytes = work->bytes;
    work->bytes = (struct snapshot_bytes){ 0 };
    snapshot_work_destroy(work);
    struct err e = task_snapshot_open(out_bytes->items, out_bytes->count, out_file, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}
