/* SPDX-License-Identifier: Apache-2.0
 *
 * How records spread: from the sources on, vertex by vertex in topological order, by the
 * partitioner of each edge. Behind a shuffle a subtask's part does not depend on which source
 * subtask a record came from; before one it does, so there the parts are kept by source subtask.
 * In: parallelisms, key groups, Flink's pointwise arithmetic (graph/execution_graph.h). Out: the
 * shape of each vertex of the component. Always holds: shares and local shares of a vertex sum up
 * to its gain.
 */
#include "sim/model/state.h"

void shape_fini(struct vertex_shape *shape)
{
    mem_destroy(shape->gain);
    mem_destroy(shape->share);
    mem_destroy(shape->local_first);
    vec_fini(&shape->local);
    vec_fini(&shape->sources);
    *shape = (struct vertex_shape){ 0 };
}

uint32_t component_source_index(const struct component *component, uint32_t source)
{
    size_t first = 0, end = component->sources.count;
    while (first + 1 < end) {
        size_t middle = first + (end - first) / 2;
        if (component->sources.items[middle] <= source)
            first = middle;
        else
            end = middle;
    }
    CHECK(first < end && component->sources.items[first] == source);
    return (uint32_t)first;
}

void shape_key_groups(const struct model *model, const struct model_vertex *vertex,
                      uint32_t subtask, uint32_t *first, uint32_t *last)
{
    uint32_t current = vertex->life.current.items[subtask];
    const struct model_task *task = current == NONE ? NULL : &model->tasks.items[current];
    if (task && task->life.key_group_first <= task->life.key_group_last &&
        task->life.key_group_last < vertex->groups) {
        *first = task->life.key_group_first;
        *last = task->life.key_group_last;
        return;
    }
    struct key_group_range range =
        key_group_range_of((int32_t)subtask, (int32_t)vertex->parallelism, (int32_t)vertex->groups);
    *first = (uint32_t)range.first;
    *last = (uint32_t)range.last;
}

double shape_edge_share(const struct model *model, struct model_vertex *consumer,
                        enum partitioner partitioner, uint32_t subtask)
{
    uint32_t first, last;
    switch (partitioner) {
    case PARTITION_HASH:
        if (!consumer->keyspace)
            consumer->keyspace = keyspace_create(consumer->spec, consumer->groups);
        shape_key_groups(model, consumer, subtask, &first, &last);
        return keyspace_record_share(consumer->keyspace, first, last);
    case PARTITION_BROADCAST: return 1;
    case PARTITION_REBALANCE:
    case PARTITION_CUSTOM: /* nothing is known of it: as if even */
    case PARTITION_FORWARD:
    case PARTITION_RESCALE: return 1.0 / consumer->parallelism;
    case PARTITIONER_COUNT: break;
    }
    IMPOSSIBLE("partitioner");
}

static const struct edge_model *own_of(const struct job_spec *spec, const struct job_edge *edge)
{
    size_t index = (size_t)(edge - spec->graph->edges.items);
    return index < spec->edges.count ? &spec->edges.items[index] : NULL;
}

double shape_edge_records(const struct job_spec *spec, const struct job_edge *edge)
{
    const struct edge_model *own = own_of(spec, edge);
    return own && own->selectivity >= 0 ? own->selectivity
                                        : spec->vertices.items[edge->producer.n].selectivity;
}

double shape_edge_bytes(const struct job_spec *spec, const struct job_edge *edge)
{
    const struct edge_model *own = own_of(spec, edge);
    return own && own->record_bytes >= 0 ? own->record_bytes
                                         : spec->vertices.items[edge->producer.n].record_bytes;
}

double shape_records_out(const struct job_spec *spec, uint32_t vertex)
{
    double sum = 0;
    for (VEC_EACH(const uint32_t, e, &spec->graph->vertices.items[vertex].outputs))
        sum += shape_edge_records(spec, &spec->graph->edges.items[*e]);
    return sum;
}

double shape_bytes_out(const struct job_spec *spec, uint32_t vertex)
{
    double sum = 0;
    for (VEC_EACH(const uint32_t, e, &spec->graph->vertices.items[vertex].outputs)) {
        const struct job_edge *edge = &spec->graph->edges.items[*e];
        sum += shape_edge_records(spec, edge) * shape_edge_bytes(spec, edge);
    }
    return sum;
}

double shape_bytes_in(const struct model_job *job, const struct component *component,
                      const struct model_vertex *vertex,
                      double (*rate)(const struct model_source *))
{
    const struct job_graph *graph = job->spec->graph;
    double sum = 0;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        const struct vertex_shape *from = &job->vertices[edge->producer.n].shape;
        double copies = edge->partitioner == PARTITION_BROADCAST ? vertex->parallelism : 1;
        double bytes =
            shape_edge_records(job->spec, edge) * shape_edge_bytes(job->spec, edge) * copies;
        for (VEC_EACH(const uint32_t, k, &from->sources))
            sum += rate(&job->sources.items[component->sources.items[*k]]) * from->gain[*k] * bytes;
    }
    return sum;
}

/* Through a shuffle: everything the producer sends, by the edge's shares. */
static void spread_shuffle(const struct model *model, const struct model_job *job,
                           struct model_vertex *to, const struct job_edge *edge, size_t k,
                           double *share_of_subtask)
{
    double sent =
        job->vertices[edge->producer.n].shape.gain[k] * shape_edge_records(job->spec, edge);
    if (!(sent > 0))
        return;
    if (!to->shape.share)
        return;
    double *share = to->shape.share + k * to->parallelism;
    for (uint32_t s = 0; s < to->parallelism; s++) {
        if (share_of_subtask[s] < 0)
            share_of_subtask[s] = shape_edge_share(model, to, edge->partitioner, s);
        share[s] += sent * share_of_subtask[s];
    }
}

static bool is_before(const struct local_share *a, const struct local_share *b)
{
    return a->source != b->source ? a->source < b->source : a->subtask < b->subtask;
}

/* The local shares of one subtask over one pointwise edge. They come in ascending order, so one
 * walk along those there already finds what can be added up. */
static void gather_local(const struct model_job *job, struct model_vertex *to, uint32_t e,
                         uint32_t subtask)
{
    const struct model_vertex *from = &job->vertices[job->spec->graph->edges.items[e].producer.n];
    if (!from->shape.local_first)
        return;
    size_t at = to->shape.local_first[subtask];
    struct subtask_range producers = edge_producers_of(&job->plan, e, subtask);
    double sent = shape_edge_records(job->spec, &job->spec->graph->edges.items[e]);
    for (uint32_t p = producers.first; p <= producers.last; p++) {
        struct subtask_range readers = edge_consumers_of(&job->plan, e, p);
        double part = sent / (readers.last - readers.first + 1);
        for (uint32_t i = from->shape.local_first[p]; i < from->shape.local_first[p + 1]; i++) {
            struct local_share share = from->shape.local.items[i];
            share.weight *= part;
            while (at < to->shape.local.count && is_before(&to->shape.local.items[at], &share))
                at++;
            if (at < to->shape.local.count && !is_before(&share, &to->shape.local.items[at]))
                to->shape.local.items[at].weight += share.weight;
            else
                vec_push(&to->shape.local, share);
        }
    }
}

static void spread_pointwise(const struct model_job *job, struct model_vertex *to, uint32_t e)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    const struct model_vertex *from = &job->vertices[edge->producer.n];
    double sent = shape_edge_records(job->spec, edge);
    if (!from->shape.share)
        return;
    for (uint32_t s = 0; s < to->parallelism; s++) {
        struct subtask_range producers = edge_producers_of(&job->plan, e, s);
        for (uint32_t p = producers.first; p <= producers.last; p++) {
            struct subtask_range readers = edge_consumers_of(&job->plan, e, p);
            double part = sent / (readers.last - readers.first + 1);
            for (VEC_EACH(const uint32_t, k, &from->shape.sources))
                to->shape.share[*k * to->parallelism + s] +=
                    part * from->shape.share[*k * from->parallelism + p];
        }
    }
}

static void shape_source(struct model_vertex *vertex, uint32_t k)
{
    vertex->shape.gain[k] = 1;
    vec_push(&vertex->shape.sources, k);
    vertex->shape.local_first = mem_create_array(vertex->parallelism + 1, sizeof(uint32_t));
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        vec_push(&vertex->shape.local, (struct local_share){ k, s, 1 });
        vertex->shape.local_first[s + 1] = s + 1;
    }
}

/* Which kinds of input a vertex has decides which arrays it needs. */
static void make_arrays(const struct model_job *job, struct model_vertex *vertex,
                        size_t source_count)
{
    const struct job_vertex *v = &job->spec->graph->vertices.items[vertex->id];
    bool shared = false, local = false;
    for (VEC_EACH(const uint32_t, e, &v->inputs)) {
        const struct job_edge *edge = &job->spec->graph->edges.items[*e];
        const struct vertex_shape *from = &job->vertices[edge->producer.n].shape;
        bool shuffles = edge->pattern == DISTRIBUTION_ALL_TO_ALL;
        shared |= shuffles || from->share;
        local |= !shuffles && from->local_first;
    }
    if (shared)
        vertex->shape.share = mem_create_array(source_count * vertex->parallelism, sizeof(double));
    if (local)
        vertex->shape.local_first = mem_create_array(vertex->parallelism + 1, sizeof(uint32_t));
}

static void add_gains(const struct model_job *job, struct model_vertex *vertex, uint32_t e)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    const struct model_vertex *from = &job->vertices[edge->producer.n];
    double copies = edge->partitioner == PARTITION_BROADCAST ? vertex->parallelism : 1;
    double records = shape_edge_records(job->spec, edge);
    for (VEC_EACH(const uint32_t, k, &from->shape.sources))
        vertex->shape.gain[*k] += from->shape.gain[*k] * records * copies;
}

/* One walk along the gains for each vertex, so that none is needed for a figure. */
static void find_sources(struct model_vertex *vertex, uint32_t source_count)
{
    for (uint32_t k = 0; k < source_count; k++)
        if (vertex->shape.gain[k] > 0)
            vec_push(&vertex->shape.sources, k);
}

static void shape_vertex(const struct model *model, struct model_job *job,
                         struct component *component, struct model_vertex *vertex)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *v = &graph->vertices.items[vertex->id];
    size_t source_count = component->sources.count;
    double *share_of = mem_create_array(vertex->parallelism, sizeof *share_of);
    make_arrays(job, vertex, source_count);
    for (VEC_EACH(const uint32_t, e, &v->inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        add_gains(job, vertex, *e);
        if (edge->pattern == DISTRIBUTION_POINTWISE) {
            spread_pointwise(job, vertex, *e);
            continue;
        }
        for (uint32_t s = 0; s < vertex->parallelism; s++)
            share_of[s] = -1; /* not worked out yet */
        for (VEC_EACH(const uint32_t, k, &job->vertices[edge->producer.n].shape.sources))
            spread_shuffle(model, job, vertex, edge, *k, share_of);
    }
    for (uint32_t s = 0; vertex->shape.local_first && s < vertex->parallelism; s++) {
        vertex->shape.local_first[s] = (uint32_t)vertex->shape.local.count;
        for (VEC_EACH(const uint32_t, e, &v->inputs))
            if (graph->edges.items[*e].pattern == DISTRIBUTION_POINTWISE)
                gather_local(job, vertex, *e, s);
        vertex->shape.local_first[s + 1] = (uint32_t)vertex->shape.local.count;
    }
    mem_destroy(share_of);
    find_sources(vertex, (uint32_t)source_count);
}

void shape_build(const struct model *model, struct model_job *job, struct component *component)
{
    CHECK(component->known);
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        shape_fini(&vertex->shape);
        vertex->shape.gain = mem_create_array(component->sources.count, sizeof(double));
        if (vertex->is_source)
            shape_source(vertex, component_source_index(component, vertex->source));
        else
            shape_vertex(model, job, component, vertex);
    }
    component->shaped = true;
}
