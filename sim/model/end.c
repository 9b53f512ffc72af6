/* SPDX-License-Identifier: Apache-2.0
 *
 * A component comes to its end as a whole: its tasks wait for one another's data, then for one
 * checkpoint. In: new rates, checkpoints cut and complete, tasks that have finished. Out: words to
 * the JobMaster that the data has ended, and tasks that finish. Whatever ends a task in another way
 * takes the component back to where something is to be read.
 */
#include "sim/model/end.h"

#include <math.h>

#include "sim/kernel/real.h"
#include "sim/model/latency.h"
#include "sim/model/state.h"

static void drain_is_over(void *context, uint64_t a, uint64_t b);
static void say_end_of_data(void *context, uint64_t a, uint64_t b);

static struct component *component_of(struct model *model, uint32_t job, uint32_t component)
{
    return &model->jobs[job].components.items[component];
}

/* Do tasks wait for a checkpoint before they finish (StreamTask.areCheckpointsWithFinishedTasks
 * Enabled)? */
static bool awaits_checkpoint(const struct model_job *job)
{
    const struct config *config = &job->spec->graph->config;
    return config->checkpoint_after_finish && config_has_checkpoints(config);
}

/* A component that is to be built anew has tasks whose positions are not restored yet. */
static bool is_exhausted(struct model *model, struct model_job *job,
                         const struct component *component)
{
    bool all = !component->dirty && !component->soon && component->running > 0 &&
               component->running + component->finished == component->task_count;
    for (size_t k = 0; k < component->sources.count && all; k++)
        all =
            source_is_exhausted(&job->sources.items[component->sources.items[k]], model_now(model));
    return all;
}

/* The end of the data comes behind the last record, as a barrier does: seconds to the last sink.
 * Vertices are in topological order. */
static double drain_seconds(struct model *model, struct model_job *job,
                            const struct component *component)
{
    double *at = mem_create_array(job->vertex_count, sizeof *at), most = 0;
    for (VEC_EACH(const uint32_t, v, &component->vertices)) {
        const struct job_vertex *vertex = &job->spec->graph->vertices.items[*v];
        for (VEC_EACH(const uint32_t, e, &vertex->inputs))
            at[*v] = fmax(at[*v], at[job->spec->graph->edges.items[*e].producer.n]);
        at[*v] += latency_of_barrier(model, job, *v);
        most = fmax(most, at[*v]);
    }
    mem_destroy(at);
    return most;
}

static void look_at(struct model *model, struct model_job *job, uint32_t c)
{
    struct component *component = &job->components.items[c];
    if (!component->bounded || component->ending != ENDING_NOT || component_is_paused(component) ||
        !is_exhausted(model, job, component))
        return;
    double ns = drain_seconds(model, job, component) * (double)TIME_S;
    component->ending = ENDING_DRAIN;
    component->drain =
        sim_queue_push(model->queue, time_add(model_now(model), real_time(ceil(ns))),
                       SIM_CLASS_DATA, drain_is_over, model, (uint64_t)(job - model->jobs), c);
}

void end_look(struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members))
        look_at(model, &model->jobs[member->job], member->component);
}

/* Has all that it reads from finished? So it is with a source. */
static bool has_all_input(const struct model_job *job, const struct model_task *task)
{
    const struct job_graph *graph = job->spec->graph;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[task->life.vertex].inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        const struct model_vertex *from = &job->vertices[edge->producer.n];
        if (from->finished == from->parallelism)
            continue;
        if (edge->pattern == DISTRIBUTION_ALL_TO_ALL)
            return false;
        struct subtask_range range = edge_producers_of(&job->plan, *e, task->life.subtask);
        for (uint32_t s = range.first; s <= range.last; s++)
            if (s >= from->done.count || !from->done.items[s])
                return false;
    }
    return true;
}

/* A task finishes behind the snapshots it is making (SubtaskCheckpointCoordinator.waitForPending
 * Checkpoints), so none is lost that others wait for. */
static bool is_storing(const struct model_job *job, uint32_t component)
{
    for (VEC_EACH(const struct pending, pending, &job->pending))
        if (pending->is_cut && pending->unstored.items[component] > 0)
            return true;
    return false;
}

static void finish_if_ready(struct model *model, struct model_job *job, uint32_t index)
{
    if (index == NONE)
        return;
    const struct model_task *task = &model->tasks.items[index];
    if (task->life.phase == TASK_RUNNING && task->released && has_all_input(job, task))
        task_finish(&model->life, index, false);
}

static void finish_subtasks(struct model *model, struct model_job *job, uint32_t v,
                            struct subtask_range range)
{
    if (is_storing(job, job->vertices[v].component))
        return;
    for (uint32_t s = range.first; s <= range.last && s < job->vertices[v].parallelism; s++)
        finish_if_ready(model, job, job->vertices[v].life.current.items[s]);
}

static void finish_component(struct model *model, struct model_job *job,
                             const struct component *component)
{
    for (size_t i = 0; i < component->vertices.count; i++)
        finish_subtasks(model, job, component->vertices.items[i],
                        (struct subtask_range){ 0, UINT32_MAX });
}

/* Nothing holds them back: no checkpoint is to come. */
static void release_component(struct model *model, struct model_job *job,
                              struct component *component)
{
    component->ending = ENDING_FINISH;
    for (VEC_EACH(const uint32_t, v, &component->vertices))
        for (VEC_EACH(const uint32_t, index, &job->vertices[*v].life.current))
            if (*index != NONE && model->tasks.items[*index].life.phase == TASK_RUNNING)
                model->tasks.items[*index].released = true;
    finish_component(model, job, component);
}

/* All records are worked off: tasks say so and wait for a checkpoint, or finish at once. */
static void drain_is_over(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct model_job *job = &model->jobs[a];
    struct component *component = component_of(model, (uint32_t)a, (uint32_t)b);
    CHECK(component->ending == ENDING_DRAIN);
    component->drain = (struct sim_handle){ 0 };
    net_advance(model, (uint32_t)a);
    if (component->ending != ENDING_DRAIN)
        return; /* a fault of this instant */
    component->final_from = 0;
    if (!awaits_checkpoint(job)) {
        release_component(model, job, component);
        return;
    }
    component->ending = ENDING_AWAITED;
    for (uint32_t host = 0; host < model->hosts.count; host++)
        if (model->hosts.items[host].life.tasks.count > 0)
            sim_queue_push(model->queue, model_now(model), SIM_CLASS_DATA, say_end_of_data, model,
                           host, a << 32 | b);
}

/* Environment.notifyEndOfData, of a host's tasks together. */
static void say_end_of_data(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t host = (uint32_t)a, j = (uint32_t)(b >> 32), c = (uint32_t)b;
    if (component_of(model, j, c)->ending != ENDING_AWAITED ||
        life_hold(&model->life, host, say_end_of_data, model, a, b))
        return;
    VEC(struct task_attempt) ended = { 0 };
    for (VEC_EACH(const uint32_t, t, &model->hosts.items[host].life.tasks)) {
        const struct model_task *task = &model->tasks.items[*t];
        if (task->life.job == j && model->jobs[j].vertices[task->life.vertex].component == c &&
            task->life.phase == TASK_RUNNING && task->life.current)
            vec_push(&ended, task->life.attempt);
    }
    struct event_data report = {
        .kind = DATA_END_OF_DATA, .job = { j }, .at_end = ended.items, .at_end_count = ended.count
    };
    if (ended.count > 0)
        model->life.world.report(model->life.world.context, (struct node_id){ host }, &report);
    vec_fini(&ended);
}

/* Flink's finalCheckpointMinId: the first one behind the end of the data. */
void end_on_cut(struct model_job *job, struct pending *pending, struct cut *cut)
{
    for (VEC_EACH(struct component, component, &job->components)) {
        if (component->ending == ENDING_AWAITED && component->final_from == 0)
            component->final_from = cut->id;
        vec_push(&pending->unstored, component->active ? component->running : 0);
        vec_push(&cut->finished,
                 component->as_finished || (component->ending == ENDING_FINISH &&
                                            component->finished == component->task_count));
    }
}

static bool is_stored(const struct pending *pending)
{
    uint32_t left = 0;
    for (VEC_EACH(const uint32_t, unstored, &pending->unstored))
        left += *unstored;
    return left == 0;
}

void end_on_stored(struct model *model, uint32_t j, uint32_t v, uint64_t serial, uint32_t tasks)
{
    struct model_job *job = &model->jobs[j];
    struct pending *pending = barrier_find(job, serial);
    uint32_t component = job->vertices[v].component;
    if (!pending)
        return;
    CHECK(pending->unstored.items[component] >= tasks);
    pending->unstored.items[component] -= tasks;
    if (pending->unstored.items[component] > 0)
        return;
    if (is_stored(pending))
        barrier_stored(model, job, serial);
    finish_component(model, job, &job->components.items[component]);
}

/* Released before, and no snapshot of theirs is awaited any more. */
static void finish_the_rest(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct model_job *job = &model->jobs[a];
    (void)b;
    for (VEC_EACH(const struct component, component, &job->components))
        finish_component(model, job, component);
}

/* What drops it may be a failure, which is still being worked through. */
void end_on_dropped(struct model *model, struct model_job *job)
{
    bool any = false;
    for (VEC_EACH(const struct component, component, &job->components))
        any |= component->ending == ENDING_FINISH && component->running > 0;
    if (any)
        sim_queue_push(model->queue, model_now(model), SIM_CLASS_DATA, finish_the_rest, model,
                       (uint64_t)(job - model->jobs), 0);
}

/* Sources finish at once, the others when they have all input (end_take). */
void end_on_complete(struct model *model, uint32_t host, uint32_t j, uint64_t checkpoint)
{
    struct model_job *job = &model->jobs[j];
    const struct model_host *h = &model->hosts.items[host];
    for (VEC_EACH(const uint32_t, t, &h->life.tasks)) {
        struct model_task *task = &model->tasks.items[*t];
        if (task->life.job != j || task->life.phase != TASK_RUNNING || !task->life.current)
            continue;
        struct component *component =
            component_of(model, j, job->vertices[task->life.vertex].component);
        if (component->ending < ENDING_AWAITED || component->final_from == 0 ||
            component->final_from > checkpoint)
            continue;
        component->ending = ENDING_FINISH;
        task->released = true;
        if (!is_storing(job, job->vertices[task->life.vertex].component))
            finish_if_ready(model, job, *t);
    }
}

void end_take(struct model *model, uint32_t index)
{
    const struct model_task *task = &model->tasks.items[index];
    struct model_job *job = &model->jobs[task->life.job];
    struct model_vertex *vertex = &job->vertices[task->life.vertex];
    const struct job_graph *graph = job->spec->graph;
    if (!task->life.current)
        return;
    vec_resize(&vertex->done, vertex->parallelism);
    CHECK(!vertex->done.items[task->life.subtask]);
    vertex->done.items[task->life.subtask] = true;
    vertex->finished++;
    job->components.items[vertex->component].finished++;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[task->life.vertex].outputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        if (edge->pattern != DISTRIBUTION_ALL_TO_ALL)
            finish_subtasks(model, job, edge->consumer.n,
                            edge_consumers_of(&job->plan, *e, task->life.subtask));
        else if (vertex->finished == vertex->parallelism)
            finish_subtasks(model, job, edge->consumer.n, (struct subtask_range){ 0, UINT32_MAX });
    }
    /* Those that have begun anew meanwhile come to their end when nobody is on the way out. */
    look_at(model, job, vertex->component);
}

static void subtask_forget(struct component *component, struct model_vertex *vertex, uint32_t s)
{
    if (s >= vertex->done.count || !vertex->done.items[s])
        return;
    vertex->done.items[s] = false;
    vertex->finished--;
    component->finished--;
}

/* What the task has read from, however indirectly, begins anew with it. Producers have smaller
 * numbers than their consumers. */
static void forget_inputs(struct model_job *job, struct component *component, uint32_t v,
                          uint32_t subtask)
{
    const struct job_graph *graph = job->spec->graph;
    if (component->finished == 0)
        return;
    struct subtask_range *reach = mem_create_array(job->vertex_count, sizeof *reach);
    for (uint32_t i = 0; i < job->vertex_count; i++)
        reach[i] = (struct subtask_range){ UINT32_MAX, 0 };
    reach[v] = (struct subtask_range){ subtask, subtask };
    for (uint32_t i = v + 1; i-- > 0;) {
        if (reach[i].first > reach[i].last)
            continue;
        for (uint32_t s = reach[i].first; s <= reach[i].last && job->vertices[i].finished > 0; s++)
            subtask_forget(component, &job->vertices[i], s);
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[i].inputs)) {
            struct subtask_range *from = &reach[graph->edges.items[*e].producer.n];
            uint32_t first = edge_producers_of(&job->plan, *e, reach[i].first).first;
            uint32_t last = edge_producers_of(&job->plan, *e, reach[i].last).last;
            from->first = first < from->first ? first : from->first;
            from->last = last > from->last ? last : from->last;
        }
    }
    mem_destroy(reach);
}

void end_is_off(struct model *model, uint32_t index)
{
    const struct model_task *task = &model->tasks.items[index];
    struct model_job *job = &model->jobs[task->life.job];
    struct component *component =
        component_of(model, task->life.job, job->vertices[task->life.vertex].component);
    sim_queue_cancel(model->queue, &component->drain);
    component->ending = ENDING_NOT;
    forget_inputs(job, component, task->life.vertex, task->life.subtask);
}

void end_is_over(struct model *model, uint32_t index)
{
    const struct model_task *task = &model->tasks.items[index];
    struct model_vertex *vertex = &model->jobs[task->life.job].vertices[task->life.vertex];
    struct component *component = component_of(model, task->life.job, vertex->component);
    const struct cut *cut =
        barrier_cut(&model->jobs[task->life.job], task->life.restore_checkpoint);
    component->as_finished =
        cut && vertex->component < cut->finished.count && cut->finished.items[vertex->component];
    if (component->ending != ENDING_NOT)
        end_is_off(model, index);
    subtask_forget(component, vertex, task->life.subtask);
}

void end_forget_vertex(struct component *component, struct model_vertex *vertex)
{
    CHECK(component->finished >= vertex->finished);
    component->finished -= vertex->finished;
    vertex->finished = 0;
    vec_clear(&vertex->done);
}
