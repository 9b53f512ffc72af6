/* SPDX-License-Identifier: Apache-2.0
 *
 * Each task of the vertex writes by itself: the file it has open, which is closed then, or to its
 * table what came last. A table is written to batch by batch, so the first of the buffers before a
 * barrier is on its way when those of the other senders come, and they go behind it, together.
 * Writes end also when the checkpoint is given up meanwhile, and the vertex stands so long.
 * Source: Flink's FileSink and JdbcOutputFormat, whose flush is before the barrier.
 */
#include "sim/model/flush.h"

#include <math.h>

#include "sim/model/increment.h"
#include "sim/model/state.h"

/* What a write is told again when it is done, beside its task: host, these, place of the flush. */
static const uint64_t another_follows = (uint64_t)1 << 32, refused = (uint64_t)1 << 33;
enum { FLUSH_SHIFT = 34 };

static void write_is_done(void *context, uint64_t a, uint64_t b);
static void write_is_heard_of(void *context, uint64_t a, uint64_t b);

/* Into the vertex between the cut of this checkpoint and the one before, if any. */
static double records_since(const struct model_job *job, const struct model_vertex *vertex,
                            uint64_t checkpoint)
{
    const struct cut *cut = cut_find(job, checkpoint), *before = NULL;
    for (VEC_EACH(const struct cut, other, &job->cuts))
        if (other->id < checkpoint)
            before = other;
    CHECK(cut != NULL);
    return records_at_cut(job, vertex, cut) - (before ? records_at_cut(job, vertex, before) : 0);
}

static uint32_t channels_into(const struct model_job *job, const struct model_vertex *vertex)
{
    const struct job_graph *graph = job->spec->graph;
    uint32_t channels = 0;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        channels += edge->partitioner == PARTITION_FORWARD
                        ? 1
                        : job->vertices[edge->producer.n].parallelism;
    }
    return channels;
}

static uint32_t flush_create(struct model *model)
{
    if (model->free_flush == 0) {
        vec_push(&model->sink_flushes, (struct flush){ 0 });
        model->free_flush = (uint32_t)model->sink_flushes.count;
    }
    uint32_t index = model->free_flush - 1;
    model->free_flush = model->sink_flushes.items[index].next_free;
    return index;
}

/* The host goes along, because the task may be gone when the write is done. */
static void begin_write(struct model *model, uint32_t index, uint32_t host, uint64_t task,
                        bool again)
{
    double bytes = model->sink_flushes.items[index].bytes;
    uint64_t of = (uint64_t)index << FLUSH_SHIFT | (again ? another_follows : 0) | host;
    net_transfer_begins(model, host, TRANSFER_OUT);
    model->life.world.transfer(model->life.world.context, (struct node_id){ host }, TRANSFER_OUT,
                               bytes, write_is_done, model, task, of);
}

/* Behind the last one; its tasks may have ended meanwhile, and the checkpoint. */
static void end(struct model *model, uint32_t index)
{
    const struct flush flush = model->sink_flushes.items[index];
    const struct model_job *job = &model->jobs[flush.job];
    uint32_t component = job->vertices[flush.vertex].component;
    model->sink_flushes.items[index].next_free = model->free_flush;
    model->free_flush = index + 1;
    if (job->components.items[component].epoch != flush.epoch)
        return;
    component_set_in_sync(model, flush.job, flush.vertex, 0);
    if (barrier_find(&model->jobs[flush.job], flush.serial))
        flush.goes_on(model, flush.job, flush.serial, flush.vertex);
}

static void write_is_heard_of(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct task_ref ref = { (uint32_t)(a >> 32), (uint32_t)a };
    uint32_t index = (uint32_t)(b >> FLUSH_SHIFT), host = (uint32_t)b;
    if (!(b & refused) && b & another_follows) {
        begin_write(model, index, host, a, false);
        return;
    }
    if (b & refused && task_ref_is_live(&model->life, ref))
        task_fail(&model->life, ref.index, CAUSE_USER_CODE);
    if (--model->sink_flushes.items[index].left == 0)
        end(model, index);
}

static void write_is_done(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t host = (uint32_t)b;
    net_transfer_ends(model, host, TRANSFER_OUT);
    if (life_transfer_fails(&model->life, TRANSFER_OUT))
        b |= refused;
    if (!life_hold(&model->life, host, write_is_heard_of, model, a, b))
        write_is_heard_of(model, a, b);
}

static bool writes(const struct model *model, uint32_t task)
{
    return task != NONE && model->tasks.items[task].life.phase == TASK_RUNNING;
}

static uint32_t count_writers(const struct model *model, const struct model_vertex *vertex)
{
    uint32_t count = 0;
    for (VEC_EACH(const uint32_t, task, &vertex->life.current))
        count += writes(model, *task);
    return count;
}

void flush_before(struct model *model, uint32_t j, uint64_t serial, uint32_t v,
                  flush_goes_on *goes_on)
{
    const struct model_job *job = &model->jobs[j];
    const struct model_vertex *vertex = &job->vertices[v];
    const struct vertex_model *spec = vertex->spec;
    uint32_t writers = count_writers(model, vertex);
    double records = 0;
    if (spec->sink_bytes > 0)
        records = records_since(job, vertex, barrier_find(&model->jobs[j], serial)->how.checkpoint);
    if (!(records > 0) || writers == 0) {
        goes_on(model, j, serial, v);
        return;
    }
    uint32_t channels = channels_into(job, vertex), index = flush_create(model);
    bool again = spec->sink_at_once && channels > 1 && records >= (double)channels * writers;
    double bytes = fmin(records / writers * spec->sink_bytes, spec->sink_rest_bytes);
    model->sink_flushes.items[index] =
        (struct flush){ .job = j,
                        .vertex = v,
                        .epoch = job->components.items[vertex->component].epoch,
                        .left = writers,
                        .serial = serial,
                        .bytes = again ? bytes / 2 : bytes,
                        .goes_on = goes_on };
    component_set_in_sync(model, j, v, writers);
    for (VEC_EACH(const uint32_t, task, &vertex->life.current))
        if (writes(model, *task)) {
            struct task_ref ref = task_ref_of(&model->life, *task);
            begin_write(model, index, model->tasks.items[*task].life.host,
                        (uint64_t)ref.index << 32 | ref.generation, again);
        }
}
