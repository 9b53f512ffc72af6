/* SPDX-License-Identifier: Apache-2.0
 *
 * The program of the line, its tasks, and what carries between them.
 */
#include "tests/lib/exec_line.h"

#include <check.h>

#include "core/base/hash.h"
#include "core/exec/discard_sink.h"
#include "core/exec/keyed_reduce.h"
#include "core/exec/log_source.h"

enum { SOURCES, COUNTERS };
enum { CHECK_EACH = 8 }; /* steps: invariants are linear */

static uint64_t line_keys;

static uint64_t key_of(uint64_t index)
{
    return hash_mix(index) % line_keys;
}

static uint32_t line_splits;

static void make_records(const void *context, uint32_t split, uint64_t from, uint32_t count,
                         uint8_t *slots, void **room)
{
    uint64_t *keys = (uint64_t *)(void *)slots;
    (void)room;
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        keys[i] = key_of((from + i) * line_splits + split);
}

struct counted {
    uint64_t key, count;
};

static void count_records(const void *context, struct operator* op, const struct batch *batch,
                          void *const *values, const bool *is_new)
{
    struct collector *out = op->outs[0];
    (void)context;
    (void)is_new;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint64_t *count = values[i];
        struct counted *slot = collector_put(out, TIMESTAMP_NONE, sizeof *slot);
        ck_assert_ptr_nonnull(slot);
        *slot = (struct counted){ *(const uint64_t *)batch_payload(batch, i), ++*count };
    }
}

static struct log_source_params source_params = { .make = make_records };
static const struct keyed_reduce_params count_params = {
    .key = { KEY_HASH_LONG, 0, 8 },
    .state = { .name = "count", .key_size = 8, .value_size = 8, .key_hash = KEY_HASH_LONG },
    .apply = count_records
};
#define RECORD_COST TIME_US

static struct record_layout key_layout[] = { { 8, false } };
static struct record_layout counted_layout[] = { { sizeof(struct counted), false } };
static const struct operator_spec source_specs[] = { { .name = "source",
                                                       .id = SOURCES,
                                                       .class = &log_source_class,
                                                       .params = &source_params,
                                                       .cost = RECORD_COST,
                                                       .outputs = { key_layout, 1, 1 } } };
static const struct operator_spec count_specs[] = {
    { .name = "count",
      .id = COUNTERS,
      .class = &keyed_reduce_class,
      .params = &count_params,
      .cost = RECORD_COST,
      .outputs = { counted_layout, 1, 1 } },
    { .name = "sink", .id = COUNTERS + 1, .class = &discard_sink_class }
};

static struct exec_task *create_source(const struct exec_line *line, uint32_t i)
{
    static const struct chain_binding binding = { 0, 0 };
    struct note note = { { 0 } };
    struct task_output_config output = { .partition = { .layout = key_layout[0],
                                                        .partitioner = PARTITION_HASH,
                                                        .subpartitions = line->width[COUNTERS],
                                                        .max_parallelism = LINE_GROUPS,
                                                        .buffer_size = line->config.buffer_size,
                                                        .buffers = 2 * line->width[COUNTERS] + 8,
                                                        .per_channel_max = 10,
                                                        .overdraft_max = 1000,
                                                        .unaligned_supported = true },
                                         .route = { .key = { KEY_HASH_LONG, 0, 8 } } };
    struct exec_task *task = exec_task_create(
        &(struct exec_task_config){
            .identity = { 1, SOURCES, i, line->width[SOURCES], LINE_GROUPS, line->complete.id },
            .groups = key_group_range_of((int32_t)i, (int32_t)line->width[SOURCES], LINE_GROUPS),
            .operators = source_specs,
            .operator_count = 1,
            .outputs = &output,
            .bindings = &binding,
            .output_count = 1,
            .finishes_behind_checkpoint = line->config.checkpoints,
            .awaits_readers = line->config.checkpoints,
            .step_cost_max = line->config.step_records * RECORD_COST,
            .buffer_timeout = TIME_MS },
        &note);
    ck_assert_msg(task != NULL, "%s", note.text);
    return task;
}

static struct exec_task *create_counter(const struct exec_line *line, uint32_t i)
{
    struct note note = { { 0 } };
    struct exec_input_config input = {
        .gate = { .channels = line->width[SOURCES], .exclusive = 2, .floating = 8 },
        .layout = key_layout[0],
        .buffer_size = line->config.buffer_size,
        .partitioner = PARTITION_HASH,
        .route = { .key = { KEY_HASH_LONG, 0, 8 } }
    };
    struct exec_task *task = exec_task_create(
        &(struct exec_task_config){
            .identity = { 1, COUNTERS, i, line->width[COUNTERS], LINE_GROUPS, line->complete.id },
            .groups = key_group_range_of((int32_t)i, (int32_t)line->width[COUNTERS], LINE_GROUPS),
            .operators = count_specs,
            .operator_count = 2,
            .inputs = &input,
            .input_count = 1,
            .barriers = line->config.barriers,
            .finishes_behind_checkpoint = line->config.checkpoints,
            .step_cost_max = line->config.step_records * RECORD_COST,
            .buffer_timeout = TIME_MS },
        &note);
    ck_assert_msg(task != NULL, "%s", note.text);
    return task;
}

void exec_line_init(struct exec_line *line, const struct exec_line_config *config)
{
    *line = (struct exec_line){ .config = *config,
                                .rng = rng_stream(config->seed, "line", 0),
                                .next_checkpoint = 1 };
    line_keys = config->keys;
    line_splits = config->splits;
    source_params.splits = config->splits;
}

static void forget_checkpoint(struct line_checkpoint *checkpoint)
{
    for (int stage = SOURCES; stage <= COUNTERS; stage++)
        for (uint32_t i = 0; i < LINE_WIDTH_MAX; i++) {
            task_snapshot_file_fini(&checkpoint->files[stage][i].file);
            snapshot_bytes_fini(&checkpoint->files[stage][i].bytes);
        }
    *checkpoint = (struct line_checkpoint){ 0 };
}

void exec_line_kill(struct exec_line *line)
{
    for (int stage = SOURCES; stage <= COUNTERS; stage++)
        for (uint32_t i = 0; i < line->width[stage]; i++)
            exec_task_destroy(line->tasks[stage][i]);
    line->width[SOURCES] = line->width[COUNTERS] = 0;
    forget_checkpoint(&line->pending);
}

void exec_line_fini(struct exec_line *line)
{
    exec_line_kill(line);
    forget_checkpoint(&line->complete);
}

/* Has the section anything for this task? */
static bool is_for(const struct snapshot_section *section, const struct task_snapshot_identity *old,
                   const struct task_snapshot_identity *own)
{
    bool is_own = old->subtask % own->parallelism == own->subtask;
    bool unchanged = old->parallelism == own->parallelism;
    switch (section->kind) {
    case SECTION_LIST: return is_own || !unchanged;
    case SECTION_OUTPUT: return is_own;
    case SECTION_INPUT:
    case SECTION_KEYED:
    case SECTION_CHAIN:
        return unchanged ? is_own
                         : key_group_range_overlap(task_snapshot_groups(old),
                                                   task_snapshot_groups(own)) > 0;
    case SECTION_KIND_END: break;
    }
    ck_abort_msg("a section of no kind");
}

static void turn_over(uint8_t *bytes, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        bytes[i] ^= 0xff;
}

/* Of keyed state what other subtasks have the key groups of. */
static void spoil_groups(uint8_t *bytes, uint64_t size, struct key_group_range own)
{
    struct snapshot_file file;
    struct note note;
    ck_assert(!err_is(snapshot_open(bytes, size, &file, &note)));
    for (int32_t g = file.header.range.first; g <= file.header.range.last; g++) {
        uint64_t from, to;
        ck_assert(!err_is(snapshot_section(&file, g, &from, &to, &note)));
        if (g < own.first || g > own.last)
            turn_over(bytes, from, to);
    }
}

/* A copy of the file in which all is damaged that is not for this task: it must not be read. */
static struct line_file spoilt(const struct line_file *from,
                               const struct task_snapshot_identity *own)
{
    struct line_file file = { 0 };
    struct note note;
    uint64_t size = from->bytes.count;
    uint8_t *bytes = snapshot_bytes_take(&file.bytes, size);
    memcpy(bytes, from->bytes.items, size);
    ck_assert(!err_is(task_snapshot_open(bytes, size, &file.file, &note)));
    for (VEC_EACH(const struct snapshot_section, section, &file.file.sections))
        if (!is_for(section, &file.file.identity, own))
            turn_over(bytes, section->offset, section->offset + section->size);
        else if (section->kind == SECTION_KEYED)
            spoil_groups(bytes + section->offset, section->size, task_snapshot_groups(own));
    return file;
}

static void open_task(struct exec_line *line, int stage, uint32_t i)
{
    struct line_file copies[LINE_WIDTH_MAX];
    struct task_snapshot_file files[LINE_WIDTH_MAX] = { 0 };
    uint32_t count = line->complete.id ? line->complete.width[stage] : 0;
    const struct task_snapshot_identity own = { .subtask = i,
                                                .parallelism = line->width[stage],
                                                .max_parallelism = LINE_GROUPS };
    for (uint32_t k = 0; k < count; k++) {
        copies[k] = spoilt(&line->complete.files[stage][k], &own);
        files[k] = copies[k].file;
    }
    exec_task_open(line->tasks[stage][i], files, count, line->now);
    for (uint32_t k = 0; k < count; k++) {
        task_snapshot_file_fini(&copies[k].file);
        snapshot_bytes_fini(&copies[k].bytes);
    }
    const char *why;
    exec_task_cause(line->tasks[stage][i], &why);
    ck_assert_msg(exec_task_state(line->tasks[stage][i]) == EXEC_RUNNING ||
                      exec_task_state(line->tasks[stage][i]) == EXEC_RECOVERING,
                  "%s", why);
    if (stage == SOURCES)
        exec_task_set_arrived(line->tasks[stage][i], line->config.records, true);
}

void exec_line_start(struct exec_line *line, uint32_t sources, uint32_t counters)
{
    ck_assert_uint_eq(line->width[SOURCES] + line->width[COUNTERS], 0);
    ck_assert(sources <= LINE_WIDTH_MAX && counters <= LINE_WIDTH_MAX);
    line->width[SOURCES] = sources;
    line->width[COUNTERS] = counters;
    for (uint32_t i = 0; i < sources; i++)
        line->tasks[SOURCES][i] = create_source(line, i);
    for (uint32_t i = 0; i < counters; i++)
        line->tasks[COUNTERS][i] = create_counter(line, i);
    for (int stage = SOURCES; stage <= COUNTERS; stage++)
        for (uint32_t i = 0; i < line->width[stage]; i++)
            open_task(line, stage, i);
}

static bool stage_has_ended(const struct exec_line *line, int stage)
{
    for (uint32_t i = 0; i < line->width[stage]; i++)
        if (exec_task_state(line->tasks[stage][i]) != EXEC_FINISHED)
            return false;
    return true;
}

static uint32_t unfinished(const struct exec_line *line)
{
    uint32_t count = 0;
    for (int stage = SOURCES; stage <= COUNTERS; stage++)
        for (uint32_t i = 0; i < line->width[stage]; i++)
            count += exec_task_state(line->tasks[stage][i]) != EXEC_FINISHED;
    return count;
}

bool exec_line_is_whole(const struct exec_line *line)
{
    return unfinished(line) == line->width[SOURCES] + line->width[COUNTERS];
}

void exec_line_trigger(struct exec_line *line, enum barrier_alignment alignment, time_ns timeout)
{
    if (line->pending.id)
        return;
    line->pending.id = line->next_checkpoint++;
    line->pending.width[SOURCES] = line->width[SOURCES];
    line->pending.width[COUNTERS] = line->width[COUNTERS];
    line->pending.expected = unfinished(line);
    struct checkpoint_barrier barrier = { .id = (int64_t)line->pending.id,
                                          .at = line->now,
                                          .alignment = alignment,
                                          .aligned_timeout = timeout };
    /* Those whose input has all ended are begun with as well (DefaultCheckpointPlanCalculator). */
    int first = stage_has_ended(line, SOURCES) ? COUNTERS : SOURCES;
    for (uint32_t i = 0; i < line->width[first]; i++)
        if (exec_task_state(line->tasks[first][i]) != EXEC_FINISHED)
            exec_task_trigger_checkpoint(line->tasks[first][i], &barrier, false);
}

static void tell_complete(struct exec_line *line)
{
    for (int stage = SOURCES; stage <= COUNTERS; stage++)
        for (uint32_t i = 0; i < line->width[stage]; i++)
            exec_task_checkpoint_complete(line->tasks[stage][i], line->complete.id);
}

/* The file changes hands; with the last one the checkpoint is complete. */
static void keep_file(struct exec_line *line, int stage, uint32_t i, struct snapshot_work *work)
{
    struct line_file *file = &line->pending.files[stage][i];
    struct note note = { { 0 } };
    file->bytes = work->bytes;
    work->bytes = (struct snapshot_bytes){ 0 };
    snapshot_work_destroy(work);
    struct err e = task_snapshot_open(file->bytes.items, file->bytes.count, &file->file, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    if (++line->pending.written < line->pending.expected)
        return;
    forget_checkpoint(&line->complete);
    line->complete = line->pending;
    line->pending = (struct line_checkpoint){ 0 };
    tell_complete(line);
}

static bool write_snapshot(struct exec_line *line, int stage, uint32_t i)
{
    struct exec_task *task = line->tasks[stage][i];
    if (!line->pending.id || line->pending.files[stage][i].bytes.count > 0)
        return false;
    enum { PIECE = 2000 };
    if (exec_task_write_snapshot(task, line->pending.id, PIECE) != SNAPSHOT_WRITTEN)
        return false;
    struct snapshot_work *work = exec_task_give_snapshot(task, line->pending.id);
    if (!work)
        return false;
    keep_file(line, stage, i, work);
    return true;
}

static bool carry_items(struct exec_line *line, uint32_t from, uint32_t most)
{
    struct result_partition *output = exec_task_output(line->tasks[SOURCES][from], 0);
    struct channel_item item;
    uint32_t to, backlog, moved = 0;
    while (moved < most && result_partition_next_ready(output, &to))
        if (result_partition_take(output, to, &item, &backlog)) {
            struct input_gate *gate = exec_task_gate(line->tasks[COUNTERS][to], 0);
            input_gate_receive(gate, from, &item, backlog);
            moved++;
        }
    return moved > 0;
}

static bool carry_credits(struct exec_line *line, uint32_t to, uint32_t most)
{
    struct input_gate *gate = exec_task_gate(line->tasks[COUNTERS][to], 0);
    uint32_t from, credits, input, moved = 0;
    while (moved < most && input_gate_take_credit(gate, &from, &credits)) {
        result_partition_add_credit(exec_task_output(line->tasks[SOURCES][from], 0), to, credits);
        moved++;
    }
    while (moved < most && exec_task_take_read(line->tasks[COUNTERS][to], &input, &from)) {
        exec_task_data_is_read(line->tasks[SOURCES][from], 0, to);
        moved++;
    }
    return moved > 0;
}

bool exec_line_carry(struct exec_line *line)
{
    bool moved = false;
    for (uint32_t to = 0; to < line->width[COUNTERS]; to++)
        moved |= carry_credits(line, to, UINT32_MAX);
    for (uint32_t from = 0; from < line->width[SOURCES]; from++)
        moved |= carry_items(line, from, UINT32_MAX);
    return moved;
}

static void abort_checkpoint(struct exec_line *line)
{
    uint64_t id = line->pending.id;
    forget_checkpoint(&line->pending);
    for (int stage = SOURCES; stage <= COUNTERS; stage++)
        for (uint32_t i = 0; i < line->width[stage]; i++)
            exec_task_checkpoint_aborted(line->tasks[stage][i], id);
}

/* A task that ends without its part of a checkpoint, and one that declines, end that. */
static void hear_facts(struct exec_line *line, int stage, uint32_t i)
{
    struct exec_task *task = line->tasks[stage][i];
    struct task_fact fact;
    const char *why;
    while (exec_task_take_fact(task, &fact)) {
        exec_task_cause(task, &why);
        ck_assert_msg(fact.kind != TASK_FACT_FAILED, "a task failed: %s", why);
        if ((fact.kind == TASK_FACT_FINISHED && line->pending.id &&
             line->pending.files[stage][i].bytes.count == 0) ||
            (fact.kind == TASK_FACT_DECLINED && fact.checkpoint == line->pending.id))
            abort_checkpoint(line);
    }
}

bool exec_line_go(struct exec_line *line)
{
    int stage = (int)rng_below(&line->rng, 2);
    uint32_t i = (uint32_t)rng_below(&line->rng, line->width[stage]);
    struct exec_task *task = line->tasks[stage][i];
    line->steps++;
    line->now += (time_ns)rng_below(&line->rng, (uint64_t)TIME_MS / 4);
    switch (rng_below(&line->rng, 4)) {
    case 0: exec_task_step(task, line->now); break;
    case 1: write_snapshot(line, stage, i); break;
    case 2: carry_items(line, (uint32_t)rng_below(&line->rng, line->width[SOURCES]), 1); break;
    case 3: carry_credits(line, (uint32_t)rng_below(&line->rng, line->width[COUNTERS]), 1); break;
    }
    hear_facts(line, stage, i);
    if (line->steps % CHECK_EACH == 0)
        exec_task_check(task);
    return unfinished(line) > 0;
}

void exec_line_check_counts(const struct exec_line *line)
{
    uint64_t *counts = mem_create_array(line->config.keys, sizeof *counts);
    for (uint64_t i = 0; i < line->config.records; i++)
        counts[key_of(i)]++;
    for (uint32_t i = 0; i < line->width[COUNTERS]; i++) {
        const struct state_table *table =
            keyed_reduce_table(exec_task_chain(line->tasks[COUNTERS][i])->operators[0]);
        struct state_cursor cursor = { 0 };
        struct state_entry entry;
        const struct state_spec *spec = state_table_spec(table);
        for (cursor.group = spec->range.first; cursor.group <= spec->range.last;
             cursor = (struct state_cursor){ .group = cursor.group + 1 })
            while (state_table_next(table, &cursor, &entry)) {
                uint64_t key = *(const uint64_t *)entry.key;
                ck_assert_uint_eq(*(const uint64_t *)entry.value, counts[key]);
                counts[key] = 0; /* once, and in one subtask */
            }
    }
    for (uint64_t key = 0; key < line->config.keys; key++)
        ck_assert_uint_eq(counts[key], 0);
    mem_destroy(counts);
}
