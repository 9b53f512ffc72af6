/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways of barriers in the log, at its finest level: when one leaves a task, when it is at the
 * next, which channel it blocks there, and what the task's snapshot comes to. In: what is done
 * anyway. Out: lines; nothing of what happens depends on them. Names of tasks stand last in a
 * reason but for a word on how, behind a comma, so that names may be anything.
 */
#include "sim/exact/parts.h"

#include "core/base/text.h"

enum { REASON_SIZE = 160 };

static const char *const alignments[BARRIER_ALIGNMENT_COUNT] = {
    [BARRIER_AT_LEAST_ONCE] = "at least once",
    [BARRIER_ALIGNED] = "aligned",
    [BARRIER_UNALIGNED] = "unaligned",
    [BARRIER_FORCED_ALIGNED] = "forced aligned",
};

static void tell(struct exact *exact, uint32_t index, const char *machine, const char *what,
                 uint64_t checkpoint, int64_t value, const char *reason)
{
    const struct life_task *task = &exact->tasks.items[index].life;
    const struct log_line line = {
        .level = LOG_MESSAGE,
        .machine = machine,
        .what = what,
        .subject = LOG_OF_JOB | LOG_OF_TASK | LOG_OF_CHECKPOINT | LOG_OF_VALUE,
        .job = { task->job },
        .vertex = { task->vertex },
        .subtask = task->subtask,
        .attempt = task->attempt.attempt,
        .checkpoint = checkpoint,
        .value = value,
        .reason = reason,
    };
    virtual_cluster_tell(exact->cluster, (struct node_id){ task->host }, &line);
}

/* "to count 3", "from source 0". */
static void name_other(const struct exact *exact, const char *way, uint32_t index,
                       enum barrier_alignment how, char out[REASON_SIZE])
{
    const struct life_task *task = &exact->tasks.items[index].life;
    const struct job_graph *graph = exact->jobs[task->job].spec->graph;
    text_format(out, REASON_SIZE, "%s %.*s %u, %s", way, REASON_SIZE / 2,
                graph->vertices.items[task->vertex].name, task->subtask, alignments[how]);
}

void told_left(struct exact *exact, const struct wire *wire, const struct channel_item *item,
               uint32_t overtaken)
{
    const struct checkpoint_barrier *barrier = &item->event.barrier;
    char reason[REASON_SIZE];
    if (!exact->tells_barriers || item->event.kind != CHANNEL_EVENT_BARRIER)
        return;
    name_other(exact, "to", wire->consumer, barrier->alignment, reason);
    tell(exact, wire->producer, "barrier", "left", (uint64_t)barrier->id,
         item->priority ? overtaken : 0, reason);
}

void told_arrived(struct exact *exact, const struct wire *wire, const struct channel_item *item,
                  uint32_t before)
{
    const struct checkpoint_barrier *barrier = &item->event.barrier;
    char reason[REASON_SIZE];
    if (!exact->tells_barriers || item->event.kind != CHANNEL_EVENT_BARRIER)
        return;
    name_other(exact, "from", wire->producer, barrier->alignment, reason);
    tell(exact, wire->consumer, "barrier", "arrived", (uint64_t)barrier->id, before, reason);
}

static void tell_block(struct exact *exact, uint32_t index, uint32_t input, uint32_t channel)
{
    const struct exact_task *task = &exact->tasks.items[index];
    const struct input_channel *of = &exec_task_gate(task->exec, input)->channels[channel];
    uint32_t wire = task->inputs.items[task->first_input.items[input] + channel];
    char reason[REASON_SIZE];
    if (wire == NONE)
        return; /* its sender is gone, and the checkpoint with it */
    name_other(exact, "from", exact->wires.items[wire].producer, BARRIER_ALIGNED, reason);
    tell(exact, index, "barrier", "blocks", (uint64_t)of->barrier_id, 0, reason);
}

void told_blocks(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (!exact->tells_barriers || !task_has_wires(task))
        return;
    if (task->blocked.count != task->inputs.count)
        vec_resize(&task->blocked, task->inputs.count);
    for (uint32_t i = 0; i < task->first_input.count; i++) {
        const struct input_gate *gate = exec_task_gate(task->exec, i);
        for (uint32_t c = 0; c < gate->config.channels; c++) {
            bool *known = &task->blocked.items[task->first_input.items[i] + c];
            if (gate->channels[c].blocked && !*known)
                tell_block(exact, index, i, c);
            *known = gate->channels[c].blocked;
        }
    }
}

void told_snapshot(struct exact *exact, uint32_t index, const char *what, uint64_t checkpoint,
                   int64_t value)
{
    if (exact->tells_barriers)
        tell(exact, index, "snapshot", what, checkpoint, value, NULL);
}
