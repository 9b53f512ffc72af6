/* SPDX-License-Identifier: Apache-2.0
 *
 * How a task begins: its operators are given their state of the old subtasks' files, then opened;
 * in-flight data of an unaligned checkpoint goes before everything else.
 */
#include "core/base/text.h"
#include "core/exec/in_flight.h"
#include "core/exec/task_parts.h"

/* Files of the same vertex of the same job, one for each old subtask. */
static MUST_CHECK struct err check_files(const struct exec_task *task,
                                         const struct task_snapshot_file *files, size_t count,
                                         struct note *note)
{
    const struct task_snapshot_identity *own = &task->config.identity;
    for (size_t i = 0; i < count; i++) {
        const struct task_snapshot_identity *found = &files[i].identity;
        if (found->job != own->job || found->vertex != own->vertex)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "the snapshot is of another job or another vertex");
        if (found->max_parallelism != own->max_parallelism)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "the snapshot has max parallelism %d, the vertex has %d",
                            found->max_parallelism, own->max_parallelism);
        if (found->checkpoint != own->checkpoint ||
            found->parallelism != files[0].identity.parallelism)
            return err_note(note, ERR_BAD_VALUE_CODE, "files of different snapshots");
    }
    return OK;
}

/* Lists of one operator, by old subtask. */
static MUST_CHECK struct err load_lists(struct exec_task *task, uint32_t op_place,
                                        const struct task_snapshot_file *files, size_t count,
                                        struct note *note)
{
    struct operator* op = task->chain.operators[op_place];
    uint32_t old = files[0].identity.parallelism;
    struct state_list *lists = mem_create_array(old, sizeof *lists), own = { 0 };
    const struct state_list **saved = mem_create_array(old, sizeof *saved);
    const struct task_snapshot_identity *now = &task->config.identity;
    size_t *file_of = mem_create_array(old, sizeof *file_of);
    bool *wanted = mem_create_array(old, sizeof *wanted);
    struct err e = OK;
    for (size_t i = 0; i < count; i++) {
        uint32_t subtask = files[i].identity.subtask;
        file_of[subtask] = i;
        wanted[subtask] = task_snapshot_find(&files[i], SECTION_LIST, op_place, NULL) != NULL;
    }
    state_list_want(op->class->lists, wanted, old, now->subtask, now->parallelism);
    for (uint32_t i = 0; i < old && !err_is(e); i++) {
        const struct task_snapshot_file *file = &files[file_of[i]];
        if (!wanted[i])
            continue;
        e = task_snapshot_read_list(file, task_snapshot_find(file, SECTION_LIST, op_place, NULL),
                                    &lists[i], note);
        saved[i] = &lists[i];
    }
    if (!err_is(e)) {
        state_list_redistribute(op->class->lists, saved, old, now->subtask, now->parallelism, &own);
        e = op->class->load(op, &own, note);
    }
    for (uint32_t i = 0; i < old; i++)
        state_list_fini(&lists[i]);
    state_list_fini(&own);
    mem_destroy(lists);
    mem_destroy(saved);
    mem_destroy(file_of);
    mem_destroy(wanted);
    return e;
}

/* All subtasks of the vertex had finished: nothing is left to read, and nothing begins anew. */
static MUST_CHECK struct err load_nothing(struct exec_task *task, uint32_t op_place,
                                          struct note *note)
{
    const struct state_list none = { 0 };
    struct operator* op = task->chain.operators[op_place];
    return op->class->load(op, &none, note);
}

static MUST_CHECK struct err load_all_lists(struct exec_task *task,
                                            const struct task_snapshot_file *files, size_t count,
                                            struct note *note)
{
    if (task->config.identity.checkpoint == 0)
        return OK;
    for (uint32_t i = 0; i < task->chain.count; i++)
        if (task->chain.operators[i]->class->load)
            TRY(count > 0 ? load_lists(task, i, files, count, note) : load_nothing(task, i, note));
    return OK;
}

static MUST_CHECK struct err restore_in_flight(struct exec_task *task,
                                               const struct task_snapshot_file *files, size_t count,
                                               struct note *note)
{
    const struct exec_task_config *config = &task->config;
    for (uint32_t i = 0; i < config->input_count; i++) {
        struct exec_input *input = &task->inputs[i];
        struct in_flight_input from = { .place = i,
                                        .gate = &input->gate,
                                        .reader = &input->reader,
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
