/* SPDX-License-Identifier: Apache-2.0
 *
 * Making the model of a scenario, and the border to the cluster: orders and faults in, by
 * data_plane_ops.
 */
#include "sim/model/model.h"

#include <math.h>

#include "sim/model/handover.h"
#include "sim/model/state.h"

static void order(void *plane, struct node_id node, const struct effect_data *order)
{
    struct model *model = plane;
    CHECK(order->job.n < model->job_count);
    life_host_at(&model->life, node.n);
    switch (order->kind) {
    case DATA_DEPLOY: life_deploy(&model->life, node.n, order); return;
    case DATA_CANCEL: life_cancel(&model->life, node.n, order); return;
    case DATA_TRIGGER_CHECKPOINT: barrier_trigger(model, node.n, order); return;
    case DATA_CHECKPOINT_COMPLETE: barrier_complete(model, node.n, order); return;
    case DATA_CHECKPOINT_ABORTED: barrier_abort(model, node.n, order); return;
    case DATA_ORDER_COUNT: break;
    }
    IMPOSSIBLE("kind of data order");
}

static time_ns closed_at(void *plane, struct node_id node)
{
    struct model *model = plane;
    life_host_at(&model->life, node.n);
    return life_closed_at(&model->life, node.n);
}

static void process_ended(void *plane, struct node_id node, bool sudden)
{
    (void)sudden; /* either way the connections close under their readers */
    struct model *model = plane;
    life_host_at(&model->life, node.n);
    struct model_host *host = &model->hosts.items[node.n];
    model->lossy -= host->loss > 0;
    host->loss = 0;
    life_process_ended(&model->life, node.n);
}

static void process_frozen(void *plane, struct node_id node, bool frozen)
{
    struct model *model = plane;
    life_host_at(&model->life, node.n);
    life_process_frozen(&model->life, node.n, frozen);
    net_rebuild_host(model, node.n, SIM_CLASS_FAULT);
}

static void host_changed(void *plane, struct node_id node)
{
    struct model *model = plane;
    life_host_at(&model->life, node.n);
    struct model_host *host = &model->hosts.items[node.n];
    struct process_view view = model->life.world.process(model->life.world.context, node);
    model->lossy += (uint32_t)(view.loss > 0) - (uint32_t)(host->loss > 0);
    host->loss = view.loss;
    host->own_links = view.own_links;
    life_host_changed(&model->life, node.n, &view);
    stall_links_changed(model, node.n);
    net_rebuild_host(model, node.n, SIM_CLASS_FAULT);
}

static bool has_task(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask)
{
    const struct model *model = plane;
    return life_has_task(&model->life, job.n, vertex.n, subtask);
}

static void fail_task(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask)
{
    struct model *model = plane;
    if (has_task(plane, job, vertex, subtask))
        task_fail(&model->life, life_vertex(&model->life, job.n, vertex.n)->current.items[subtask],
                  CAUSE_USER_CODE);
}

static void deployment_lost(void *plane, struct node_id node, struct job_id job,
                            const struct task_deployment *lost, size_t count)
{
    struct model *model = plane;
    life_host_at(&model->life, node.n);
    life_lost(&model->life, node.n, job.n, lost, count);
}

const struct data_plane_ops *model_ops(void)
{
    static const struct data_plane_ops ops = { order,           process_ended, process_frozen,
                                               host_changed,    has_task,      fail_task,
                                               deployment_lost, closed_at,     NULL };
    return &ops;
}

/* What arrives may be a former job's load: the same log, from its beginning on. */
static void source_create(const struct scenario *scenario, struct model_job *job,
                          struct model_vertex *vertex)
{
    struct vertex_id first = { vertex->id };
    const struct job_spec *spec = job->spec, *log = scenario_log_of(scenario, spec, &first);
    bool paced =
        vertex->id < spec->load_per_subtask.count && spec->load_per_subtask.items[vertex->id];
    uint32_t partitions =
        vertex->spec->partitions > 0 ? (uint32_t)vertex->spec->partitions : vertex->groups;
    struct model_source source = { .vertex = vertex->id };
    source.bounded = first.n < log->load_bounded.count && log->load_bounded.items[first.n];
    source_init(&source, &log->loads.items[first.n], paced ? 0 : log->at, paced,
                paced ? 1 : partitions);
    vertex->source = (uint32_t)job->sources.count;
    vec_push(&job->sources, source);
}

static void job_create(const struct scenario *scenario, struct model_job *job,
                       const struct job_spec *spec)
{
    uint32_t count = (uint32_t)spec->graph->vertices.count;
    job->spec = spec;
    job->vertex_count = count;
    job->vertices = mem_create_array(count, sizeof *job->vertices);
    job->plan =
        (struct execution_graph){ .job = spec->graph,
                                  .vertices = mem_create_array(count, sizeof *job->plan.vertices) };
    job->edge_slot = mem_create_array(spec->graph->edges.count, sizeof *job->edge_slot);
    job->edge_passages = mem_create_array(spec->graph->edges.count, sizeof *job->edge_passages);
    job->leads.marks = mem_create_array(count, sizeof *job->leads.marks);
    job->leads.to = NONE;
    for (uint32_t v = 0; v < count; v++) {
        struct model_vertex *vertex = &job->vertices[v];
        struct vertex_id id = { v };
        *vertex = (struct model_vertex){ .id = v,
                                         .spec = &spec->vertices.items[v],
                                         .is_source = job_graph_is_source(spec->graph, id),
                                         .source = NONE };
        vertex->groups = (uint32_t)job_graph_max_parallelism(spec->graph, id);
        if (vertex->is_source)
            source_create(scenario, job, vertex);
    }
    components_create(job);
    for (uint32_t v = 0; v < count; v++) {
        size_t sources = job->components.items[job->vertices[v].component].sources.count;
        job->vertices[v].flow.busy = mem_create_array(sources, sizeof(double));
        job->vertices[v].flow.busiest = mem_create_array(sources, sizeof(double));
        job->vertices[v].flow.least = mem_create_array(sources, sizeof(double));
    }
}

static void job_fini(struct model_job *job)
{
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        struct model_vertex *vertex = &job->vertices[v];
        vec_fini(&vertex->done);
        keyspace_destroy(vertex->keyspace);
        shape_fini(&vertex->shape);
        mem_destroy(vertex->flow.busy);
        mem_destroy(vertex->flow.busiest);
        mem_destroy(vertex->flow.least);
        vec_fini(&vertex->flow.bands.items);
        vec_fini(&vertex->flow.passages);
    }
    for (VEC_EACH(struct component, component, &job->components)) {
        vec_fini(&component->vertices);
        vec_fini(&component->sources);
    }
    for (VEC_EACH(struct model_source, source, &job->sources))
        source_fini(source);
    for (VEC_EACH(struct pending, pending, &job->pending))
        pending_fini(pending);
    vec_fini(&job->components);
    vec_fini(&job->sources);
    vec_fini(&job->pending);
    cuts_fini(job);
    recall_fini(&job->recall);
    mem_destroy(job->vertices);
    mem_destroy(job->plan.vertices);
    mem_destroy(job->edge_slot);
    mem_destroy(job->edge_passages);
    mem_destroy(job->leads.marks);
    vec_fini(&job->leads.found);
    vec_fini(&job->leads.stack);
}

struct model *model_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                           struct sim_queue *queue)
{
    struct plane_world world = plane_world_of(cluster);
    return model_create_in(scenario, &world, queue);
}

struct model *model_create_in(const struct scenario *scenario, const struct plane_world *world,
                              struct sim_queue *queue)
{
    struct model *model = mem_create(sizeof *model);
    model->scenario = scenario;
    model->queue = queue;
    life_init(&model->life, scenario, world, queue, model_life_ops(), model);
    model->job_count = (uint32_t)scenario->jobs.count;
    model->jobs = mem_create_array(model->job_count, sizeof *model->jobs);
    for (uint32_t j = 0; j < model->job_count; j++)
        job_create(scenario, &model->jobs[j], &scenario->jobs.items[j]);
    for (uint32_t j = 0; j < model->job_count; j++)
        model->life.jobs[j] =
            (struct life_job){ &scenario->jobs.items[j],
                               &model->jobs[j].plan,
                               { model->jobs[j].vertices, sizeof *model->jobs[j].vertices,
                                 model->jobs[j].vertex_count } };
    for (uint32_t j = 0; j < model->job_count; j++)
        if (scenario->jobs.items[j].former > 0)
            model->jobs[scenario->jobs.items[j].former - 1].has_heirs = true;
    return model;
}

void model_job_cancelled(struct model *model, struct job_id job)
{
    net_advance(model, job.n);
    view_note_setbacks(model, &model->jobs[job.n]);
    model->jobs[job.n].cancelled = true;
}

/* It was wanted so: what has not been read waits for nobody. */
static void give_up(struct model *model, struct model_job *job)
{
    double backlog = 0;
    for (VEC_EACH(struct model_source, source, &job->sources)) {
        if (source->given_up_at != TIME_NEVER)
            continue;
        backlog += source_backlog(source, model_now(model));
        source_give_up(source, model_now(model));
    }
    job->backlog_most = fmax(job->backlog_most, backlog);
}

void model_job_ended(struct model *model, struct job_id id, bool failed)
{
    struct model_job *job = &model->jobs[id.n];
    net_advance(model, id.n);
    if (job->ended)
        return;
    job->ended = true;
    job->failed = failed;
    job->ended_at = model_now(model);
    barrier_drop_all(model, id.n);
    for (uint32_t host = 0; local_is_kept(job->spec) && host < model->hosts.count; host++)
        local_on_complete(&model->life, host, id.n, UINT64_MAX);
    if (!failed)
        give_up(model, job);
    net_rebuild_job(model, id.n);
    handover_offer(model, id.n);
}

void model_destroy(struct model *model)
{
    if (!model)
        return;
    life_fini(&model->life);
    for (uint32_t j = 0; j < model->job_count; j++)
        job_fini(&model->jobs[j]);
    for (VEC_EACH(struct model_host, host, &model->hosts)) {
        vec_fini(&host->stays);
        vec_fini(&host->stalls);
    }
    for (VEC_EACH(struct upload, upload, &model->uploads)) {
        vec_fini(&upload->tasks);
        vec_fini(&upload->acks);
    }
    networks_fini(&model->networks);
    stalls_fini(model);
    vec_fini(&model->hosts);
    vec_fini(&model->tasks);
    vec_fini(&model->uploads);
    vec_fini(&model->sink_flushes);
    vec_fini(&model->numbers);
    vec_fini(&model->amounts);
    mem_destroy(model->jobs);
    mem_destroy(model);
}
