/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffer debloating: once per period a task works out for each of its gates how large buffers
 * should be and tells the senders. Bytes a second count the time in which the gate is read or could
 * be, not the time in which it is empty. Source: Flink's StreamTask.debloat, ThroughputCalculator,
 * SingleInputGate.getBuffersInUseCount.
 */
#include "sim/exact/parts.h"

static void period_is_over(void *context, uint64_t a, uint64_t b);

static const struct config *config_of(const struct exact *exact, const struct exact_task *task)
{
    return &exact->jobs[task->life.job].spec->graph->config;
}

void debloat_begin(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    const struct config *config = config_of(exact, task);
    vec_clear(&task->debloats);
    if (!config->debloat || task->first_input.count == 0)
        return;
    const struct debloat_config own = { .target = config->debloat_target,
                                        .threshold_percent = (uint32_t)config->debloat_threshold,
                                        .samples = (uint32_t)config->debloat_samples,
                                        .size_min = (uint32_t)config->buffer_size_min,
                                        .size_max = (uint32_t)config->buffer_size };
    vec_resize(&task->debloats, task->first_input.count);
    for (VEC_EACH(struct gate_debloat, gate, &task->debloats))
        debloat_init(&gate->debloat, &own);
    exact_push(exact, time_add(exact_now(exact), config->debloat_period), period_is_over, index,
               task->life.generation);
}

void debloat_account(struct exact_task *task, time_ns length)
{
    bool is_idle = task->pace == PACE_ASLEEP && task->last != STEP_BACKPRESSURED;
    for (uint32_t i = 0; i < task->debloats.count; i++) {
        struct gate_debloat *own = &task->debloats.items[i];
        const struct input_gate *gate = exec_task_gate(task->exec, i);
        bool is_read = gate->taken_bytes != own->accounted_bytes;
        if (!is_idle && (is_read || input_gate_is_available(gate)))
            own->active = time_add(own->active, length);
        own->accounted_bytes = gate->taken_bytes;
    }
}

/* Those that wait to be read, here or at their senders. */
static uint32_t buffers_in_use(struct exact *exact, const struct exact_task *task, uint32_t input)
{
    const struct input_gate *gate = exec_task_gate(task->exec, input);
    uint32_t buffers = 0;
    for (uint32_t c = 0; c < gate->config.channels; c++) {
        const struct input_channel *channel = &gate->channels[c];
        uint32_t number = task->inputs.items[task->first_input.items[input] + c];
        buffers += channel->queue.buffers;
        if (!channel->is_local && channel->required > channel->exclusive)
            buffers += channel->required - channel->exclusive;
        if (!channel->is_local || number == NONE)
            continue;
        const struct wire *wire = &exact->wires.items[number];
        struct exec_task *sender = exact->tasks.items[wire->producer].exec;
        buffers +=
            exec_task_output(sender, wire->output)->subpartitions[wire->subpartition].queue.buffers;
    }
    return buffers;
}

static void look_at_gate(struct exact *exact, uint32_t index, uint32_t input)
{
    const struct exact_task *task = &exact->tasks.items[index];
    struct gate_debloat *own = &task->debloats.items[input];
    uint64_t bytes = exec_task_gate(task->exec, input)->taken_bytes;
    uint64_t ms = (uint64_t)(own->active / TIME_MS);
    if (ms > 0)
        own->bytes_per_second = (bytes - own->period_bytes) * 1000 / ms;
    own->period_bytes = bytes;
    own->active = 0;
    if (debloat_on_period(&own->debloat, own->bytes_per_second, buffers_in_use(exact, task, input)))
        carry_size(exact, index, input, own->debloat.size);
}

static void period_is_over(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    uint32_t index = (uint32_t)a;
    struct exact_task *task = &exact->tasks.items[index];
    if (task->life.generation != (uint32_t)b || task->life.phase != TASK_RUNNING)
        return;
    if (exact_hold(exact, task->life.host, period_is_over, a, b))
        return;
    run_account(exact, index);
    for (uint32_t i = 0; i < task->debloats.count; i++)
        look_at_gate(exact, index, i);
    exact_push(exact, time_add(exact_now(exact), config_of(exact, task)->debloat_period),
               period_is_over, a, b);
}
