/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at a task from outside, and what always holds of one.
 */
#include "core/exec/task_parts.h"

enum exec_task_state exec_task_state(const struct exec_task *task)
{
    return task->state;
}

enum failure_cause exec_task_cause(const struct exec_task *task, const char **text)
{
    *text = task->context.note.text;
    return task->context.failed ? task->context.cause : CAUSE_NONE;
}

const struct chain *exec_task_chain(const struct exec_task *task)
{
    return &task->chain;
}

uint64_t exec_task_state_bytes(const struct exec_task *task)
{
    return state_registry_bytes(&task->states);
}

uint64_t exec_task_timers(const struct exec_task *task)
{
    return state_registry_timers(&task->states);
}

int64_t exec_task_watermark(const struct exec_task *task)
{
    return task->watermarks.watermark;
}

void exec_task_check(const struct exec_task *task)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < task->config.input_count; i++) {
        const struct exec_input *input = &task->inputs[i];
        input_gate_check(&input->gate);
        CHECK(input->ended <= input->gate.config.channels);
        open += input->ended < input->gate.config.channels;
    }
    CHECK(open == task->open_inputs);
    if (task->config.input_count > 0)
        barrier_handler_check(&task->handler);
    for (uint32_t i = 0; i < task->config.output_count; i++)
        buffer_pool_check(task->outputs[i].partition.pool);
    for (VEC_EACH(const struct keyed_state, state, &task->states.states))
        state_table_check(state->table);
    for (size_t i = 1; i < task->snapshots.count; i++)
        CHECK(task->snapshots.items[i - 1]->barrier.id < task->snapshots.items[i]->barrier.id);
    CHECK(!task->final_complete || task->final > 0);
    CHECK(task->state != EXEC_FAILED || task->context.failed);
}
