/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads queues, gates and wires as they are; a barrier is looked for from the front of its queue.
 */
#include "sim/exact/look.h"

#include "sim/exact/parts.h"

static void look_for_barrier(const struct item_queue *queue, struct look_channel *out)
{
    uint32_t buffers = 0;
    for (uint32_t i = 0; i < queue->count; i++) {
        const struct channel_item *item = item_queue_at(queue, i);
        if (item->event.kind == CHANNEL_EVENT_BARRIER && !item->buffer) {
            out->barrier = (uint64_t)item->event.barrier.id;
            out->unaligned = item->priority;
            out->before_barrier = item->priority ? queue->buffers : buffers;
            return;
        }
        buffers += item->buffer != NULL;
    }
}

static void look_on_way(const struct exact *exact, uint32_t number, struct look_channel *out)
{
    if (number == NONE)
        return;
    const struct wire *wire = &exact->wires.items[number];
    out->connected = true;
    out->under_way = wire->buffers_under_way;
    for (size_t i = wire->first_packet; i < wire->packets.count; i++)
        if (wire->packets.items[i].item.event.kind == CHANNEL_EVENT_BARRIER &&
            out->barrier_on_way == 0)
            out->barrier_on_way = (uint64_t)wire->packets.items[i].item.event.barrier.id;
}

static void look_inputs(const struct exact *exact, const struct exact_task *task,
                        struct look_task *out)
{
    const struct exact_job *job = &exact->jobs[task->life.job];
    const struct job_vertex *vertex = &job->spec->graph->vertices.items[task->life.vertex];
    for (uint32_t i = 0; i < task->first_input.count; i++) {
        const struct input_gate *gate = exec_task_gate(task->exec, i);
        uint32_t edge = vertex->inputs.items[i];
        uint32_t first = edge_producers_of(&job->plan, edge, task->life.subtask).first;
        for (uint32_t c = 0; c < gate->config.channels; c++) {
            const struct input_channel *channel = &gate->channels[c];
            struct look_channel look = { .edge = edge,
                                         .subtask = first + c,
                                         .queued = channel->queue.buffers,
                                         .credits =
                                             channel->free_exclusive + channel->free_floating,
                                         .blocked = channel->blocked,
                                         .ended = channel->ended };
            if (task->debloats.count > 0)
                look.buffer_size = task->debloats.items[i].debloat.size;
            if (channel->blocked && channel->barrier_id > 0)
                look.blocks_for = (uint64_t)channel->barrier_id;
            look_for_barrier(&channel->queue, &look);
            look_on_way(exact, task->inputs.items[task->first_input.items[i] + c], &look);
            vec_push(&out->inputs, look);
        }
    }
}

static void look_outputs(const struct exact *exact, const struct exact_task *task,
                         struct look_task *out)
{
    const struct exact_job *job = &exact->jobs[task->life.job];
    const struct job_vertex *vertex = &job->spec->graph->vertices.items[task->life.vertex];
    for (uint32_t o = 0; o < task->first_output.count; o++) {
        const struct result_partition *output = exec_task_output(task->exec, o);
        uint32_t edge = vertex->outputs.items[o];
        uint32_t first = edge_consumers_of(&job->plan, edge, task->life.subtask).first;
        for (uint32_t s = 0; s < output->config.subpartitions; s++) {
            const struct subpartition *sub = &output->subpartitions[s];
            struct look_channel look = { .edge = edge,
                                         .subtask = first + s,
                                         .queued = sub->queue.buffers,
                                         .buffer_size = sub->buffer_size,
                                         .credits = sub->credits,
                                         .ended = sub->ended };
            look_for_barrier(&sub->queue, &look);
            look_on_way(exact, task->outputs.items[task->first_output.items[o] + s], &look);
            vec_push(&out->outputs, look);
        }
    }
}

static const char *pace_of(const struct exact_task *task)
{
    switch (task->pace) {
    case PACE_QUEUED: return "busy: it is about to begin a step";
    case PACE_WORKS: return task->share < 1 ? "busy: it shares cores" : "busy: it is on a core";
    case PACE_WAITS: return "busy: it waits without a core";
    case PACE_ASLEEP: break;
    }
    return task->last == STEP_BACKPRESSURED ? "backpressured: no room in an output"
                                            : "idle: nothing to do";
}

bool exact_look_task(const struct exact *exact, struct job_id id, struct vertex_id v,
                     uint32_t subtask, struct look_task *out)
{
    const struct life_vertex *vertex = &exact->jobs[id.n].vertices[v.n].life;
    *out = (struct look_task){ 0 };
    if (subtask >= vertex->current.count || vertex->current.items[subtask] == NONE)
        return false;
    const struct exact_task *task = &exact->tasks.items[vertex->current.items[subtask]];
    out->host = task->life.host;
    out->attempt = task->life.attempt.attempt;
    out->parallelism = task->life.parallelism;
    out->restored = task->life.restore_checkpoint;
    out->runs = task_works(&task->life);
    if (!out->runs)
        return true;
    out->pace = pace_of(task);
    out->watermark = exec_task_watermark(task->exec);
    out->state_bytes = exec_task_state_bytes(task->exec);
    out->timers = exec_task_timers(task->exec);
    out->records_in = exec_task_chain(task->exec)->operators[0]->records_in;
    out->wakes_at = task->pace == PACE_ASLEEP ? task->wake_at : TIME_NEVER;
    out->snapshots = (uint32_t)(task->syncing.count + task->gathering.count);
    look_inputs(exact, task, out);
    look_outputs(exact, task, out);
    return true;
}

void look_task_fini(struct look_task *look)
{
    vec_fini(&look->inputs);
    vec_fini(&look->outputs);
}
