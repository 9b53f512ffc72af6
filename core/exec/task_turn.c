/* SPDX-License-Identifier: Apache-2.0
 *
 * Records that a task takes in one step. Flink's takes one, and looks then whether there is mail
 * and room for the next one; here some are taken at once, as many as cannot make a difference to
 * that: no more than the outputs have room for, and so few that the step is over soon. Source:
 * Flink's MailboxProcessor.runMailboxLoop, StreamTask.processInput.
 */
#include "core/exec/task_parts.h"

void exec_task_turn_init(struct exec_task *task)
{
    struct record_turn *turn = &task->turn;
    turn->out_each = 1;
    for (uint32_t i = 0; i < task->config.operator_count; i++)
        turn->cost_each = time_add(turn->cost_each, task->config.operators[i].cost);
}

bool exec_task_has_room(const struct exec_task *task)
{
    for (uint32_t i = 0; i < task->config.output_count; i++)
        if (!result_partition_is_available(&task->outputs[i].partition))
            return false;
    return true;
}

/* What is left for records in this step. */
static time_ns cost_left(const struct exec_task *task)
{
    time_ns waits = task->config.record_wait * (time_ns)task->turn.taken;
    return task->config.step_cost_max - time_add(task->context.cost, waits);
}

bool exec_task_turn_goes_on(const struct exec_task *task)
{
    return !task->context.failed && (task->config.step_cost_max == 0 || cost_left(task) > 0) &&
           exec_task_has_room(task) && chain_has_room(&task->chain);
}

static uint64_t records_for_cost(const struct exec_task *task)
{
    time_ns each = time_add(task->turn.cost_each, task->config.record_wait);
    if (task->config.step_cost_max == 0 || each == 0)
        return UINT32_MAX;
    time_ns left = cost_left(task);
    return left > 0 ? (uint64_t)(left / each) : 0;
}

uint32_t exec_task_turn_begin(struct exec_task *task)
{
    struct record_turn *turn = &task->turn;
    uint64_t most = records_for_cost(task);
    chain_pause(&task->chain);
    for (uint32_t i = 0; i < task->config.output_count; i++) {
        struct task_output *output = &task->outputs[i];
        uint64_t room = result_partition_room(&output->partition) / turn->out_each;
        most = room < most ? room : most;
        output->records_before = output->records;
    }
    turn->cost_before = task->context.cost;
    return most == 0 ? 1 : most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}

void exec_task_turn_end(struct exec_task *task, uint64_t records)
{
    struct record_turn *turn = &task->turn;
    turn->taken += records;
    if (records == 0)
        return;
    chain_pause(&task->chain);
    turn->cost_each = (task->context.cost - turn->cost_before) / (time_ns)records;
    turn->out_each = 1;
    for (uint32_t i = 0; i < task->config.output_count; i++) {
        const struct task_output *output = &task->outputs[i];
        uint64_t each = (output->records - output->records_before + records - 1) / records;
        turn->out_each = each > turn->out_each ? each : turn->out_each;
    }
}

static enum source_status poll_some(struct exec_task *task, uint64_t *records)
{
    const struct operator* head = task->chain.operators[0];
    uint64_t before = head->records_in, left = SOURCE_BATCH_MAX - task->turn.taken;
    uint32_t most = exec_task_turn_begin(task);
    enum source_status status = chain_poll(&task->chain, most < left ? most : (uint32_t)left);
    *records = head->records_in - before;
    exec_task_turn_end(task, *records);
    return status;
}

bool exec_task_poll_source(struct exec_task *task)
{
    enum source_status status;
    uint64_t records;
    do
        status = poll_some(task, &records);
    while (status == SOURCE_MORE && records > 0 && task->turn.taken < SOURCE_BATCH_MAX &&
           exec_task_turn_goes_on(task));
    if (status == SOURCE_ENDED) {
        task->drains = true;
        exec_task_end_data(task);
        return true;
    }
    return status == SOURCE_MORE || task->turn.taken > 0;
}
