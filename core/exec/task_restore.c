/* SPDX-License-Identifier: Apache-2.0
 *
 * How a task begins: its operators are given their state of the old subtasks' files, then opened;
 * in-flight data of an unaligned checkpoint goes before everything else.
 */
#include "core/base/text.h"
#include "core/exec/in_flight.h"
#include "core/exec/task_parts.h"

/* Files of the same job, each with something for this task. */
static MUST_CHECK struct err check_files(const struct exec_task *task,
                                         const struct task_snapshot_file *files, size_t count,
                                         struct note *note)
{
    const struct task_snapshot_identity *own = &task->config.identity;
    for (size_t i = 0; i < count; i++) {
        const struct task_snapshot_identity *found = &files[i].identity;
        if (found->job != own->job ||
            !task_snapshot_is_of(&files[i], task->config.operators, task->config.operator_count))
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "the snapshot is of another job or another vertex");
        if (found->max_parallelism != own->max_parallelism)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "the snapshot has max parallelism %d, the vertex has %d",
                            found->max_parallelism, own->max_parallelism);
        if (found->checkpoint != own->checkpoint ||
            (found->head == files[0].identity.head &&
             found->parallelism != files[0].identity.parallelism))
            return err_note(note, ERR_BAD_VALUE_CODE, "files of different snapshots");
    }
    return OK;
}

/* What the files have of one operator, by old subtask. */
struct old_lists {
    uint32_t old; /* subtasks; 0: there is nothing of it */
    const struct task_snapshot_file **files;
    bool *wanted;
    struct state_list *lists;
    const struct state_list **saved;
};

static const struct snapshot_section *list_in(const struct task_snapshot_file *file,
                                              const struct operator* op)
{
    return task_snapshot_find(file, SECTION_LIST, op->spec->id, NULL);
}

/* The operator was in one vertex then, whose files are those that have its lists. */
static MUST_CHECK struct err find_lists(const struct operator* op,
                                        const struct task_snapshot_file *files, size_t count,
                                        struct old_lists *out, struct note *note)
{
    *out = (struct old_lists){ 0 };
    for (size_t i = 0; i < count; i++) {
        const struct task_snapshot_identity *of = &files[i].identity;
        if (!list_in(&files[i], op))
            continue;
        if (out->old == 0) {
            out->old = of->parallelism;
            out->files = mem_create_array(out->old, sizeof *out->files);
            out->wanted = mem_create_array(out->old, sizeof *out->wanted);
            out->lists = mem_create_array(out->old, sizeof *out->lists);
            out->saved = mem_create_array(out->old, sizeof *out->saved);
        }
        if (of->parallelism != out->old)
            return err_note(note, ERR_BAD_VALUE_CODE, "files of different snapshots");
        out->files[of->subtask] = &files[i];
        out->wanted[of->subtask] = true;
    }
    return OK;
}

static void old_lists_fini(struct old_lists *lists)
{
    for (uint32_t i = 0; i < lists->old; i++)
        state_list_fini(&lists->lists[i]);
    mem_destroy(lists->lists);
    mem_destroy(lists->saved);
    mem_destroy(lists->files);
    mem_destroy(lists->wanted);
}

static MUST_CHECK struct err deal_out(struct exec_task *task, struct operator* op,
                                      struct old_lists *from, struct note *note)
{
    const struct task_snapshot_identity *now = &task->config.identity;
    state_list_want(op->class->lists, from->wanted, from->old, now->subtask, now->parallelism);
    for (uint32_t i = 0; i < from->old; i++) {
        if (!from->wanted[i])
            continue;
        TRY(task_snapshot_read_list(from->files[i], list_in(from->files[i], op), &from->lists[i],
                                    note));
        from->saved[i] = &from->lists[i];
    }
    struct state_list own = { 0 };
    state_list_redistribute(op->class->lists, from->saved, from->old, now->subtask,
                            now->parallelism, &own);
    struct err e = op->class->load(op, &own, note);
    state_list_fini(&own);
    return e;
}

/* An operator that the snapshot does not know begins anew. */
static MUST_CHECK struct err load_lists(struct exec_task *task, struct operator* op,
                                        const struct task_snapshot_file *files, size_t count,
                                        struct note *note)
{
    struct old_lists from;
    struct err e = find_lists(op, files, count, &from, note);
    if (!err_is(e) && from.old > 0)
        e = deal_out(task, op, &from, note);
    old_lists_fini(&from);
    return e;
}

/* All subtasks of the vertex had finished: nothing is left to read, and nothing begins anew. */
static MUST_CHECK struct err load_nothing(struct operator* op, struct note *note)
{
    const struct state_list none = { 0 };
    return op->class->load(op, &none, note);
}

static MUST_CHECK struct err load_all_lists(struct exec_task *task,
                                            const struct task_snapshot_file *files, size_t count,
                                            struct note *note)
{
    if (task->config.identity.checkpoint == 0 || task->config.is_new)
        return OK;
    for (uint32_t i = 0; i < task->chain.count; i++) {
        struct operator* op = task->chain.operators[i];
        if (op->class->load)
            TRY(count > 0 ? load_lists(task, op, files, count, note) : load_nothing(op, note));
    }
    return OK;
}

/* What was in flight is of the files with the task's own head, which lie together. */
static MUST_CHECK struct err restore_in_flight(struct exec_task *task,
                                               const struct task_snapshot_file *files, size_t count,
                                               struct note *note)
{
    const struct exec_task_config *config = &task->config;
    for (; count > 0 && files->identity.head != config->identity.head; count--)
        files++;
    while (count > 0 && files[count - 1].identity.head != config->identity.head)
        count--;
    for (uint32_t i = 0; i < config->input_count; i++) {
        struct exec_input *input = &task->inputs[i];
        struct in_flight_input from = { .place = i,
                                        .gate = &input->gate,
                                        .reader = &input->reader,
                                        .serializer = input->serializer,
                                        .partitioner = input->partitioner,
                                        .route = input->route,
                                        .buffer_size = input->buffer_size };
        TRY(in_flight_restore_input(&from, &config->identity, config->groups, files, count, note));
        TRY(in_flight_restore_written(&from, &input->writers, &config->identity, config->groups,
                                      note));
    }
    for (uint32_t i = 0; i < config->output_count; i++)
        TRY(in_flight_restore_output(&task->outputs[i], i, config->readers_recover,
                                     &config->identity, files, count, note));
    return OK;
}

void exec_task_set_writers(struct exec_task *task, uint32_t input,
                           const struct in_flight_writers *writers)
{
    CHECK(task->state == EXEC_INITIALIZING);
    CHECK(input < task->config.input_count);
    task->inputs[input].writers = *writers;
}

void exec_task_set_older(struct exec_task *task, const struct task_snapshot_file *older,
                         size_t count)
{
    CHECK(task->state == EXEC_INITIALIZING);
    state_registry_lend_older(&task->states, older, count);
}

/* Is there anything to be read before it runs? */
static bool begin_recovery(struct exec_task *task)
{
    bool any = false;
    for (uint32_t i = 0; i < task->config.input_count; i++) {
        task->inputs[i].recovers = task->inputs[i].gate.recovered.count > 0;
        any |= task->inputs[i].recovers;
    }
    return any;
}

void exec_task_open(struct exec_task *task, const struct task_snapshot_file *files, size_t count,
                    time_ns now)
{
    struct note note = { { 0 } };
    CHECK(task->state == EXEC_INITIALIZING);
    task->context.now = now;
    struct err e = check_files(task, files, count, &note);
    if (!err_is(e))
        e = load_all_lists(task, files, count, &note);
    if (!err_is(e))
        e = restore_in_flight(task, files, count, &note);
    if (!err_is(e)) {
        state_registry_lend(&task->states, files, count);
        chain_open(&task->chain);
        state_registry_lend(&task->states, NULL, 0);
    }
    if (err_is(e))
        exec_task_fail(task, CAUSE_RESTORE, note.text);
    else if (task->context.failed)
        exec_task_fail(task, task->context.cause, task->context.note.text);
    else
        exec_task_move(task, begin_recovery(task) ? EXEC_RECOVERING : EXEC_RUNNING);
}
