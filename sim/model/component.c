/* SPDX-License-Identifier: Apache-2.0
 *
 * Components: found once per job, then counters that say when all of one run.
 */
#include "sim/model/end.h"
#include "sim/model/state.h"

/* Vertices joined by edges, by taking the smaller number of both ends until nothing changes any
 * more; vertex ids are topological, so few rounds are needed. */
static void label_components(const struct job_graph *graph, uint32_t *label)
{
    for (uint32_t v = 0; v < graph->vertices.count; v++)
        label[v] = v;
    for (bool changed = true; changed;) {
        changed = false;
        for (VEC_EACH(const struct job_edge, edge, &graph->edges)) {
            uint32_t *a = &label[edge->producer.n], *b = &label[edge->consumer.n];
            changed |= *a != *b;
            *a = *b = *a < *b ? *a : *b;
        }
    }
}

void components_create(struct model_job *job)
{
    const struct job_graph *graph = job->spec->graph;
    uint32_t *label = mem_create_array(job->vertex_count, sizeof *label);
    uint32_t *number = mem_create_array(job->vertex_count, sizeof *number);
    label_components(graph, label);
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        if (label[v] == v) {
            number[v] = (uint32_t)job->components.count;
            vec_push(&job->components, (struct component){ .net = NONE,
                                                           .broken_at = TIME_NEVER,
                                                           .barrier_gap = TIME_NEVER });
        }
        struct model_vertex *vertex = &job->vertices[v];
        vertex->component = number[label[v]];
        struct component *component = &job->components.items[vertex->component];
        vec_push(&component->vertices, v);
        if (vertex->is_source)
            vec_push(&component->sources, vertex->source);
    }
    for (VEC_EACH(struct component, component, &job->components)) {
        component->bounded = component->sources.count > 0;
        for (VEC_EACH(const uint32_t, s, &component->sources))
            component->bounded &= job->sources.items[*s].bounded;
    }
    for (uint32_t e = 0; e < graph->edges.count; e++) {
        const struct job_edge *edge = &graph->edges.items[e];
        bool shuffles = edge->pattern == DISTRIBUTION_ALL_TO_ALL;
        struct component *component =
            &job->components.items[job->vertices[edge->consumer.n].component];
        job->edge_slot[e] = shuffles ? component->shuffle_count++ : NONE;
        component->coupled |= shuffles;
    }
    mem_destroy(label);
    mem_destroy(number);
}

static struct component *component_of(struct model *model, const struct model_task *task)
{
    struct model_job *job = &model->jobs[task->life.job];
    return &job->components.items[job->vertices[task->life.vertex].component];
}

void component_on_running(struct model *model, uint32_t index)
{
    struct model_task *task = &model->tasks.items[index];
    if (!task->life.current)
        return;
    task->waits = job_source_awaits_first(model->jobs[task->life.job].spec, task->life.vertex);
    struct component *component = component_of(model, task);
    uint32_t id = model->jobs[task->life.job].vertices[task->life.vertex].component;
    model->jobs[task->life.job].vertices[task->life.vertex].running++;
    component->running++;
    CHECK(component->running + component->finished <= component->task_count);
    if (component->known && component->running + component->finished == component->task_count) {
        barrier_drop_all(model, task->life.job); /* left over from attempts before */
        model->jobs[task->life.job].stopped_by = 0;
        component->broken_at = TIME_NEVER;
        component->whole_at = model_now(model);
        net_rebuild(model, task->life.job, id);
    } else if (!component->coupled) {
        net_rebuild_soon(model, task->life.job, id);
    }
}

/* Snapshots end with the tasks that take them; until now they were work. */
static void drop_pauses(struct model *model, struct model_job *job, struct component *component)
{
    struct net *net = net_of(model, component);
    if (component->pauses == 0)
        return;
    if (net) {
        net_bring_up(model, net);
        net_fold_one(model, net);
    }
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        job->vertices[*id].flow.in_sync = 0;
        job->vertices[*id].flow.sync_share = 0;
    }
    component->pauses = 0;
}

void component_on_left(struct model *model, uint32_t index)
{
    const struct model_task *task = &model->tasks.items[index];
    if (!task->life.current)
        return;
    struct component *component = component_of(model, task);
    struct model_vertex *vertex = &model->jobs[task->life.job].vertices[task->life.vertex];
    CHECK(vertex->running > 0);
    vertex->running--;
    component->running--;
    end_is_off(model, index);
    if (!component->active)
        return;
    barrier_on_left(model, task->life.job, vertex->component);
    if (component->coupled || component->running == 0) {
        component->epoch++;
        drop_pauses(model, &model->jobs[task->life.job], component);
        component->stopped = false;
    }
    if (component->coupled || component->running + 1 == component->task_count)
        net_rebuild(model, task->life.job, vertex->component);
    else
        net_rebuild_soon(model, task->life.job, vertex->component);
}

static void note_loss(struct model *model, const struct model_task *task)
{
    struct component *component = component_of(model, task);
    if (task->life.current && component->broken_at == TIME_NEVER) {
        component->broken_at = model_now(model);
        model->breaks++;
    }
}

void component_on_lost(struct model *model, uint32_t index)
{
    note_loss(model, &model->tasks.items[index]);
    component_on_left(model, index);
}

void component_on_finishing(struct model *model, uint32_t index)
{
    const struct model_task *task = &model->tasks.items[index];
    struct component *component = component_of(model, task);
    struct model_vertex *vertex = &model->jobs[task->life.job].vertices[task->life.vertex];
    CHECK(task->life.current && vertex->running > 0);
    vertex->running--;
    component->running--;
    if (!component->active)
        return;
    if (component->coupled)
        net_rebuild(model, task->life.job, vertex->component);
    else
        net_rebuild_soon(model, task->life.job, vertex->component);
}

void component_on_unfinished(struct model *model, uint32_t index)
{
    note_loss(model, &model->tasks.items[index]);
    if (model->tasks.items[index].life.current)
        end_is_off(model, index);
}

void component_set_parallelism(struct model *model, uint32_t job, uint32_t vertex,
                               uint32_t parallelism)
{
    struct model_job *j = &model->jobs[job];
    struct model_vertex *v = &j->vertices[vertex];
    struct component *component = &j->components.items[v->component];
    CHECK(v->running == 0);
    if (component->active) { /* pipelines that have stopped and are still in the network */
        component->known = false;
        net_rebuild(model, job, v->component);
    }
    v->parallelism = parallelism;
    j->plan.vertices[vertex].parallelism = parallelism;
    end_forget_vertex(component, v);
    component->shaped = false;
    component->known = true;
    component->task_count = 0;
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        component->known &= j->vertices[*id].parallelism > 0;
        component->task_count += j->vertices[*id].parallelism;
    }
}

void component_set_groups(struct model *model, uint32_t job, uint32_t vertex, uint32_t groups)
{
    struct model_vertex *v = &model->jobs[job].vertices[vertex];
    if (v->groups == groups)
        return;
    v->groups = groups;
    keyspace_destroy(v->keyspace);
    v->keyspace = NULL;
    model->jobs[job].components.items[v->component].shaped = false;
}

static void flow_changes(struct model *model, uint32_t job, const struct component *component)
{
    net_advance(model, job);
    struct net *net = net_of(model, component);
    if (net)
        net_solve(model, net);
}

void components_hear(struct model *model, uint32_t job)
{
    struct model_job *j = &model->jobs[job];
    for (VEC_EACH(const struct model_source, source, &j->sources)) {
        const struct model_vertex *vertex = &j->vertices[source->vertex];
        bool any = false;
        for (VEC_EACH(const uint32_t, index, &vertex->life.current)) {
            if (*index == NONE || !model->tasks.items[*index].waits)
                continue;
            any = true;
            model->tasks.items[*index].waits = false;
        }
        if (any)
            net_rebuild(model, job, vertex->component);
    }
}

/* Periods that differ by more than one part in so many send buffers of another size. */
enum { PERIOD_PARTS = 10 };

/* The first one since all tasks run comes at a time of its own (CheckpointCoordinator draws its
 * delay), so it tells of no pace. */
void component_on_barrier(struct model *model, const struct model_job *job,
                          struct component *component)
{
    const struct config *config = &job->spec->graph->config;
    time_ns timeout = config->buffer_timeout_enabled ? config->buffer_timeout : TIME_NEVER;
    time_ns before = component->barrier_gap, gap = model_now(model) - component->barrier_at;
    bool paced = component->barrier_at > component->whole_at;
    component->barrier_at = model_now(model);
    if (!paced)
        return;
    component->barrier_gap = gap;
    gap = gap < timeout ? gap : timeout;
    before = before < timeout ? before : timeout;
    time_ns less = gap < before ? gap : before, more = gap < before ? before : gap;
    model->flushes += more - less > less / PERIOD_PARTS;
}

/* When all tasks come to run their buffers are empty. */
time_ns component_since_barrier(const struct model *model, const struct component *component)
{
    time_ns barrier = component->barrier_at, whole = component->whole_at;
    return model_now(model) - (barrier > whole ? barrier : whole);
}

time_ns component_barrier_period(const struct model *model, const struct component *component)
{
    time_ns since = component_since_barrier(model, component);
    return component->barrier_gap > since ? component->barrier_gap : since;
}

bool component_is_paused(const struct component *component)
{
    return component->pauses > 0 || component->stopped;
}

void component_set_in_sync(struct model *model, uint32_t job, uint32_t vertex, uint32_t in_sync)
{
    struct model_vertex *v = &model->jobs[job].vertices[vertex];
    struct component *component = &model->jobs[job].components.items[v->component];
    CHECK(in_sync <= v->running);
    net_advance(model, job);
    struct net *net = net_of(model, component);
    if (net)
        net_fold_one(model, net);
    component->pauses += (uint32_t)(in_sync > 0) - (uint32_t)(v->flow.in_sync > 0);
    v->flow.in_sync = in_sync;
    v->flow.sync_share = in_sync > 0 ? (double)in_sync / v->running : 0;
    if (!net)
        return;
    net->solved_round = 0; /* whoever does not want more has other bottlenecks, too */
    net_solve(model, net);
}

void components_stop(struct model *model, uint32_t job)
{
    for (VEC_EACH(struct component, component, &model->jobs[job].components))
        component->stopped = true;
    for (VEC_EACH(const struct component, component, &model->jobs[job].components))
        flow_changes(model, job, component);
}
