/* SPDX-License-Identifier: Apache-2.0
 *
 * The network over time: positions move on at constant rates, totals of vertices follow when
 * somebody looks or rates change, and the whole is built anew when what runs changes.
 */
#include "sim/model/net.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/state.h"

/* Pipelines that start or stop one by one share a rebuild within this: the model's resolution in
 * time for jobs without a shuffle. */
#define NET_SETTLE (10 * TIME_MS)

void net_fini(struct net *net)
{
    vec_fini(&net->sums);
    vec_fini(&net->classes);
    vec_fini(&net->work);
    vec_fini(&net->rows);
    maxmin_fini(&net->problem);
    vec_fini(&net->raws);
    vec_fini(&net->slots);
    vec_fini(&net->loads);
    vec_fini(&net->fars);
    vec_fini(&net->ends);
    vec_fini(&net->own_rows);
    vec_fini(&net->own_terms);
    vec_fini(&net->own_sums);
    vec_fini(&net->raw_work);
    vec_fini(&net->most);
    intern_fini(&net->flow_keys);
    intern_fini(&net->slot_keys);
    intern_fini(&net->class_keys);
    vec_fini(&net->words);
    vec_fini(&net->scratch);
}

static struct model_source *source_of_sum(struct model *model, const struct net_sum *sum)
{
    return &model->jobs[sum->job].sources.items[sum->source];
}

void net_advance(struct model *model)
{
    struct net *net = &model->net;
    time_ns now = model_now(model);
    double seconds = (double)(now - net->at) / (double)TIME_S;
    if (now == net->at)
        return;
    net->at = now;
    for (VEC_EACH(struct net_class, class, &net->classes))
        class->served += class->rate * seconds;
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_source *source = source_of_sum(model, sum);
        source->served_total += source->rate * seconds;
        for (VEC_EACH(struct partition_group, group, &source->groups))
            if (!group->kept_up)
                group->position += group->rate * seconds;
        struct component *component = &model->jobs[sum->job].components.items[sum->component];
        if (component->first_sum == (uint32_t)(sum - net->sums.items))
            component->fill_bytes += component->fill_rate * seconds;
    }
}

/* The three shares of task time: what is not busy waits for room in the output, or for input.
 * Flink: busy = 1000 - idle - backpressured (ms per second). */
static void vertex_flow_add(struct vertex_flow *flow, double task_seconds, double busy,
                            bool backpressured)
{
    double rest = fmax(task_seconds - busy, 0);
    flow->task_seconds += task_seconds;
    flow->busy_seconds += busy;
    if (backpressured)
        flow->backpressured_seconds += rest;
    else if (flow->contended)
        flow->busy_seconds += rest; /* it has work and waits for a core */
    else
        flow->idle_seconds += rest;
}

/* Work behind shuffles, and records through the vertex. */
static void fold_component(struct model_job *job, const struct component *component, double seconds)
{
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        struct vertex_flow *flow = &vertex->flow;
        double in = 0, busy = 0;
        for (size_t k = 0; k < component->sources.count; k++) {
            const struct model_source *source = &job->sources.items[component->sources.items[k]];
            double served = source->served_total - source->served_folded;
            in += served * vertex->shape.gain[k];
            busy += vertex->shape.share ? served * flow->busy[k] : 0;
        }
        size_t outputs = job->spec->graph->vertices.items[*id].outputs.count;
        flow->in_total += in;
        flow->out_total += in * vertex->spec->selectivity * (double)outputs;
        if (vertex->shape.share)
            vertex_flow_add(flow, vertex->parallelism * seconds, busy, flow->backpressured);
    }
}

void net_fold(struct model *model)
{
    struct net *net = &model->net;
    double seconds = (double)(net->at - net->folded_at) / (double)TIME_S;
    if (net->at == net->folded_at)
        return;
    net->folded_at = net->at;
    for (uint32_t j = 0; j < model->job_count; j++)
        for (VEC_EACH(struct component, component, &model->jobs[j].components))
            if (component->active)
                fold_component(&model->jobs[j], component, seconds);
    for (VEC_EACH(const struct class_work, work, &net->work)) {
        const struct net_class *class = &net->classes.items[work->class];
        struct vertex_flow *flow = &model->jobs[work->job].vertices[work->vertex].flow;
        vertex_flow_add(flow, work->tasks * seconds,
                        work->busy * (class->served - class->served_folded), work->backpressured);
    }
    for (VEC_EACH(struct net_class, class, &net->classes))
        class->served_folded = class->served;
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_source *source = source_of_sum(model, sum);
        source->served_folded = source->served_total;
    }
}

static bool component_flows(const struct model_job *job, const struct component *component)
{
    if (job->ended || !component->known || component->sources.count == 0)
        return false;
    return component->coupled ? component->running == component->task_count
                              : component->running > 0;
}

static void halt(struct model *model)
{
    struct net *net = &model->net;
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_source *source = source_of_sum(model, sum);
        source->ahead = source_ahead(model, &model->jobs[sum->job], source);
        source_halt(source, net->at);
        source->active = false;
        source->rate = 0;
        sim_queue_cancel(model->queue, &source->step);
    }
    sim_queue_cancel(model->queue, &net->crossing);
    for (uint32_t j = 0; j < model->job_count; j++)
        for (VEC_EACH(struct component, component, &model->jobs[j].components))
            component->active = component_flows(&model->jobs[j], component);
    vec_clear(&net->sums);
    vec_clear(&net->classes);
    vec_clear(&net->work);
    vec_clear(&net->raws);
    vec_clear(&net->slots);
    vec_clear(&net->loads);
    vec_clear(&net->fars);
    vec_clear(&net->ends);
    vec_clear(&net->own_rows);
    vec_clear(&net->own_terms);
    vec_clear(&net->own_sums);
    vec_clear(&net->raw_work);
    net->shuffle_count = 0;
    net->round++;
}

static const struct source_cut *cut_of(const struct model_job *job, uint32_t source,
                                       uint64_t checkpoint)
{
    const struct cut *cut = barrier_cut(job, checkpoint);
    return cut ? &cut->sources[source] : NULL;
}

/* A paced source at another parallelism: all of its subtasks are new, also those that are not ready
 * yet, and restore the same checkpoint. */
static void respread_source(struct model *model, const struct net_sum *sum, bool *fresh)
{
    struct model_job *job = &model->jobs[sum->job];
    struct model_source *source = source_of_sum(model, sum);
    const struct model_vertex *vertex = &job->vertices[source->vertex];
    uint64_t checkpoint = UINT64_MAX;
    if (!source->paced || source->layout->partitions == vertex->parallelism)
        return;
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        fresh[s] = true;
        if (vertex->current.items[s] != NONE)
            checkpoint = model->tasks.items[vertex->current.items[s]].restore_checkpoint;
    }
    if (checkpoint == UINT64_MAX)
        return; /* none of them is there to ask */
    source_set_parallelism(source, vertex->parallelism, model->net.at);
    source_restore(source, cut_of(job, sum->source, checkpoint), fresh, vertex->parallelism,
                   model->net.at);
}

/* Subtasks that have begun since the last time go to where their checkpoint has them. Almost always
 * all restore the same one; the loop ends when no other is left. */
static void restore_source(struct model *model, const struct net_sum *sum)
{
    struct model_job *job = &model->jobs[sum->job];
    struct model_source *source = source_of_sum(model, sum);
    const struct model_vertex *vertex = &job->vertices[source->vertex];
    bool *fresh = mem_create_array(vertex->parallelism, sizeof *fresh);
    respread_source(model, sum, fresh);
    for (;;) {
        uint64_t checkpoint = UINT64_MAX;
        for (uint32_t s = 0; s < vertex->parallelism; s++) {
            fresh[s] = false;
            if (vertex->current.items[s] == NONE ||
                !model->net.raws.items[source->first_raw + s].ready)
                continue;
            struct model_task *task = &model->tasks.items[vertex->current.items[s]];
            if (!task->fresh)
                continue;
            if (checkpoint == UINT64_MAX)
                checkpoint = task->restore_checkpoint;
            fresh[s] = task->restore_checkpoint == checkpoint;
            task->fresh = !fresh[s];
        }
        if (checkpoint == UINT64_MAX)
            break;
        source_restore(source, cut_of(job, sum->source, checkpoint), fresh, vertex->parallelism,
                       model->net.at);
    }
    mem_destroy(fresh);
}

static void note_lag(struct model *model)
{
    for (VEC_EACH(const struct net_sum, sum, &model->net.sums)) {
        struct model_source *source = source_of_sum(model, sum);
        source->lag_most = fmax(source->lag_most, source_lag_seconds_most(source, model->net.at));
    }
}

void net_rebuild(struct model *model)
{
    struct net *net = &model->net;
    sim_queue_cancel(model->queue, &net->rebuild);
    net_advance(model);
    net_fold(model);
    halt(model);
    net_gather(model);
    if (net->sums.count == 0)
        return;
    note_lag(model);
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        restore_source(model, sum);
        source_of_sum(model, sum)->active = true;
        source_of_sum(model, sum)->served_folded = source_of_sum(model, sum)->served_total;
    }
    net_classify(model);
    for (uint32_t k = 0; k < net->sums.count; k++)
        net_wait_for_step(model, k);
    net_solve(model);
    note_lag(model);
}

static void settle(void *context, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    net_rebuild(context);
}

void net_rebuild_soon(struct model *model)
{
    if (model->net.rebuild.generation != 0)
        return;
    time_ns now = model_now(model);
    model->net.rebuild = sim_queue_push(model->queue, now - now % NET_SETTLE + NET_SETTLE,
                                        SIM_CLASS_DATA, settle, model, 0, 0);
}
