/* SPDX-License-Identifier: Apache-2.0
 *
 * Making the data plane of a scenario, and the border to the cluster: orders and faults in, by
 * data_plane_ops.
 */
#include "sim/exact/exact.h"

#include "sim/exact/parts.h"

void exact_push(struct exact *exact, time_ns at, sim_action *action, uint64_t a, uint64_t b)
{
    sim_queue_push(exact->queue, at, SIM_CLASS_DATA, action, exact, a, b);
}

bool exact_hold(struct exact *exact, uint32_t host, sim_action *action, uint64_t a, uint64_t b)
{
    return life_hold(&exact->life, host, action, exact, a, b);
}

static void order(void *plane, struct node_id node, const struct effect_data *order)
{
    struct exact *exact = plane;
    CHECK(order->job.n < exact->job_count);
    life_host_at(&exact->life, node.n);
    switch (order->kind) {
    case DATA_DEPLOY: life_deploy(&exact->life, node.n, order); return;
    case DATA_CANCEL: life_cancel(&exact->life, node.n, order); return;
    case DATA_TRIGGER_CHECKPOINT: snapshot_trigger(exact, node.n, order); return;
    case DATA_CHECKPOINT_COMPLETE: snapshot_complete(exact, node.n, order); return;
    case DATA_CHECKPOINT_ABORTED: snapshot_abort(exact, node.n, order); return;
    case DATA_ORDER_COUNT: break;
    }
    IMPOSSIBLE("kind of data order");
}

static time_ns closed_at(void *plane, struct node_id node)
{
    struct exact *exact = plane;
    life_host_at(&exact->life, node.n);
    return life_closed_at(&exact->life, node.n);
}

static void process_ended(void *plane, struct node_id node, bool sudden)
{
    (void)sudden; /* either way the connections close under their readers */
    struct exact *exact = plane;
    life_host_at(&exact->life, node.n);
    struct exact_host *host = &exact->hosts.items[node.n];
    snapshot_uploads_of_host(exact, node.n);
    life_process_ended(&exact->life, node.n);
    vec_clear(&host->pressed);
}

static void process_frozen(void *plane, struct node_id node, bool frozen)
{
    struct exact *exact = plane;
    const struct life_host *host = life_host_at(&exact->life, node.n);
    for (VEC_EACH(const uint32_t, task, &host->tasks))
        run_account(exact, *task);
    if (life_process_frozen(&exact->life, node.n, frozen))
        cores_host_changed(exact, node.n);
}

static void host_changed(void *plane, struct node_id node)
{
    struct exact *exact = plane;
    struct process_view view = virtual_cluster_process(exact->cluster, node);
    life_host_at(&exact->life, node.n);
    life_host_changed(&exact->life, node.n, &view);
    exact->hosts.items[node.n].loss = view.loss;
    connections_host_changed(exact, node.n);
    wires_host_changed(exact, node.n);
}

static bool has_task(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask)
{
    const struct exact *exact = plane;
    return life_has_task(&exact->life, job.n, vertex.n, subtask);
}

static void fail_task(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask)
{
    struct exact *exact = plane;
    if (has_task(plane, job, vertex, subtask))
        task_fail(&exact->life, life_vertex(&exact->life, job.n, vertex.n)->current.items[subtask],
                  CAUSE_USER_CODE);
}

static void deployment_lost(void *plane, struct node_id node, struct job_id job,
                            const struct task_deployment *lost, size_t count)
{
    struct exact *exact = plane;
    life_host_at(&exact->life, node.n);
    life_lost(&exact->life, node.n, job.n, lost, count);
}

static void removed(void *plane, const struct effect_store *what)
{
    const struct exact *exact = plane;
    if (what->object != STORE_SHARED_STATE)
        return;
    struct stored_file *file =
        stored_file_find(&exact->jobs[what->job.n], what->vertex.n, what->id, what->subtask);
    if (file)
        file->removed = true;
}

const struct data_plane_ops *exact_ops(void)
{
    static const struct data_plane_ops ops = { order,           process_ended, process_frozen,
                                               host_changed,    has_task,      fail_task,
                                               deployment_lost, closed_at,     removed };
    return &ops;
}

/* The first keyed vertex behind a source, or NONE; vertices are in topological order. */
static uint32_t keyed_behind(const struct job_spec *job, uint32_t source)
{
    uint32_t count = (uint32_t)job->graph->vertices.count, found = NONE;
    bool *reached = mem_create_array(count, sizeof *reached);
    reached[source] = true;
    for (uint32_t v = source; v < count && found == NONE; v++) {
        if (!reached[v])
            continue;
        if (v != source && job->vertices.items[v].keys > 0)
            found = v;
        for (VEC_EACH(const uint32_t, e, &job->graph->vertices.items[v].outputs))
            reached[job->graph->edges.items[*e].consumer.n] = true;
    }
    mem_destroy(reached);
    return found;
}

/* Bytes of what a source makes: those of its edges, where all are alike. */
static uint32_t source_bytes(const struct job_spec *spec, uint32_t vertex)
{
    const struct job_vertex *v = &spec->graph->vertices.items[vertex];
    uint32_t bytes = RECORD_BYTES_LEAST;
    for (VEC_EACH(const uint32_t, e, &v->outputs)) {
        uint32_t of = program_edge_bytes(spec, *e);
        if ((e != v->outputs.items && of != bytes) || program_edge_selectivity(spec, *e) != 1)
            return RECORD_BYTES_LEAST;
        bytes = of;
    }
    return bytes;
}

/* Has it a log that fills as time goes on? Lines of files are all there. */
static bool reads_log(const struct job_spec *spec, uint32_t v)
{
    return job_graph_is_source(spec->graph, (struct vertex_id){ v }) &&
           !(spec->program && spec->program->vertices.items[v].files);
}

/* What is read may be a former job's log, from its beginning on: then it is as that one's. */
static void source_create(struct exact *exact, struct exact_job *job, struct exact_vertex *vertex)
{
    struct vertex_id id = { vertex->id };
    const struct job_spec *owner = scenario_log_of(exact->scenario, job->spec, &id);
    uint32_t owner_number = (uint32_t)(owner - exact->scenario->jobs.items);
    const struct vertex_model *spec = &owner->vertices.items[id.n];
    const uint32_t keyed = owner->program ? NONE : keyed_behind(owner, id.n);
    struct exact_source source = { .vertex = vertex->id };
    uint32_t groups = (uint32_t)job_graph_max_parallelism(
        owner->graph, keyed == NONE ? id : (struct vertex_id){ keyed });
    source.bounded = id.n < owner->load_bounded.count && owner->load_bounded.items[id.n];
    source.paced = id.n < owner->load_per_subtask.count && owner->load_per_subtask.items[id.n];
    curve_init(&source.curve, &owner->loads.items[id.n], source.paced ? 0 : owner->at);
    source.log.splits = spec->partitions > 0
                            ? (uint32_t)spec->partitions
                            : (uint32_t)job_graph_max_parallelism(owner->graph, id);
    for (uint32_t v = 0; v < id.n; v++)
        source.log.number += job_graph_is_source(owner->graph, (struct vertex_id){ v });
    source.log.bytes = source_bytes(job->spec, vertex->id);
    key_draw_init(&source.log.keys, keyed == NONE ? NULL : &owner->vertices.items[keyed],
                  hash_add(exact->scenario->seed, (uint64_t)owner_number << 32 | id.n), groups);
    vec_resize(&source.splits, source.log.splits);
    vec_resize(&source.proven, source.log.splits);
    vec_resize(&source.digests, source.log.splits);
    vertex->source = (uint32_t)job->sources.count;
    vec_push(&job->sources, source);
}

/* Records that leave a job: how long they took from their arrival in the log. */
static void saw_record(void *context, uint64_t index, time_ns now)
{
    struct exact_job *job = context;
    struct exact_source *source = job->sources.items;
    while (source->log.number != index >> SOURCE_SHIFT)
        source++;
    if (source->paced)
        return; /* it came into being when it was read */
    double place = (double)(index & ((1ull << SOURCE_SHIFT) - 1));
    time_ns arrived = curve_time(&source->curve, place, 1e-6);
    if (arrived > now)
        arrived = now;
    job->latencies[job->latency_count++ % LATENCIES_KEPT] =
        (double)(now - arrived) / (double)TIME_S;
}

static const struct vertex_model no_model; /* of what is all here */

static void job_create(struct exact *exact, struct exact_job *job, uint32_t number)
{
    const struct job_spec *spec = &exact->scenario->jobs.items[number];
    uint32_t count = (uint32_t)spec->graph->vertices.count;
    *job = (struct exact_job){ .spec = spec,
                               .exact = exact,
                               .number = number,
                               .vertex_count = count,
                               .broken_at = TIME_NEVER };
    job->vertices = mem_create_array(count, sizeof *job->vertices);
    job->plan =
        (struct execution_graph){ .job = spec->graph,
                                  .vertices = mem_create_array(count, sizeof *job->plan.vertices) };
    for (uint32_t v = 0; v < count; v++)
        job->vertices[v] = (struct exact_vertex){
            .id = v,
            .life.graph = NONE,
            .source = NONE,
            .spec = &spec->vertices.items[v],
            .modelled = spec->program ? &no_model : &spec->vertices.items[v],
            .groups = (uint32_t)job_graph_max_parallelism(spec->graph, (struct vertex_id){ v })
        };
    uint32_t sources = 0;
    for (uint32_t v = 0; v < count; v++)
        sources += reads_log(spec, v);
    vec_reserve(&job->sources, sources); /* programs point into it */
    for (uint32_t v = 0; v < count; v++) {
        struct exact_vertex *vertex = &job->vertices[v];
        if (reads_log(spec, v))
            source_create(exact, job, vertex);
        program_init(&vertex->program, spec, v,
                     vertex->source == NONE ? NULL : &job->sources.items[vertex->source].log);
        vertex->program.modelled.seen = saw_record;
        vertex->program.modelled.context = job;
    }
    check_plan(job);
}

void exact_job_begins(struct exact *exact, struct job_id id, const struct job_program *program)
{
    struct exact_job *job = &exact->jobs[id.n];
    CHECK(program->vertices.count == job->vertex_count);
    for (uint32_t v = 0; v < job->vertex_count; v++)
        program_renew(&job->vertices[v].program, &program->vertices.items[v]);
}

struct exact *exact_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                           struct sim_queue *queue)
{
    struct exact *exact = mem_create(sizeof *exact);
    exact->scenario = scenario;
    exact->cluster = cluster;
    exact->queue = queue;
    exact->tells_barriers = scenario->log_level >= LOG_MESSAGE;
    const struct plane_world world = plane_world_of(cluster);
    life_init(&exact->life, scenario, &world, queue, exact_life_ops(), exact);
    exact->job_count = (uint32_t)scenario->jobs.count;
    exact->jobs = mem_create_array(exact->job_count, sizeof *exact->jobs);
    for (uint32_t j = 0; j < exact->job_count; j++)
        job_create(exact, &exact->jobs[j], j);
    for (uint32_t j = 0; j < exact->job_count; j++)
        exact->life.jobs[j] =
            (struct life_job){ &scenario->jobs.items[j],
                               &exact->jobs[j].plan,
                               { exact->jobs[j].vertices, sizeof *exact->jobs[j].vertices,
                                 exact->jobs[j].vertex_count } };
    return exact;
}

static void source_fini(struct exact_source *source)
{
    curve_fini(&source->curve);
    key_draw_fini(&source->log.keys);
    vec_fini(&source->splits);
    vec_fini(&source->proven);
    vec_fini(&source->digests);
}

static void job_fini(struct exact_job *job)
{
    for (VEC_EACH(struct exact_cut, cut, &job->cuts))
        stored_cut_fini(job, cut);
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        struct exact_vertex *vertex = &job->vertices[v];
        stored_shelf_fini(&vertex->shelf);
        program_fini(&vertex->program);
        vec_fini(&vertex->finished);
        vec_fini(&vertex->times);
        vec_fini(&vertex->ended);
        vec_fini(&vertex->before);
        mem_destroy(vertex->multiplicity);
    }
    for (VEC_EACH(struct exact_source, source, &job->sources))
        source_fini(source);
    vec_fini(&job->sources);
    vec_fini(&job->cuts);
    mem_destroy(job->vertices);
    mem_destroy(job->plan.vertices);
}

static void host_fini(struct exact_host *host)
{
    vec_fini(&host->working);
    vec_fini(&host->slots);
    vec_fini(&host->pressed);
}

void exact_destroy(struct exact *exact)
{
    if (!exact)
        return;
    for (uint32_t t = 0; t < exact->tasks.count; t++)
        if (exact->tasks.items[t].life.phase != TASK_FREE)
            task_destroy(&exact->life, t);
    for (VEC_EACH(struct exact_task, task, &exact->tasks)) {
        vec_fini(&task->inputs);
        vec_fini(&task->outputs);
        vec_fini(&task->first_input);
        vec_fini(&task->first_output);
        vec_fini(&task->asks);
        vec_fini(&task->kept);
        vec_fini(&task->blocked);
        vec_fini(&task->seen);
        vec_fini(&task->syncing);
        vec_fini(&task->gathering);
        vec_fini(&task->debloats);
        vec_fini(&task->triggers);
    }
    trace_destroy(exact);
    life_fini(&exact->life);
    connections_destroy(exact);
    wires_destroy(exact);
    for (VEC_EACH(struct upload, upload, &exact->uploads))
        if (upload->used)
            stored_file_destroy(upload->file);
    for (uint32_t j = 0; j < exact->job_count; j++)
        job_fini(&exact->jobs[j]);
    for (VEC_EACH(struct exact_host, host, &exact->hosts))
        host_fini(host);
    vec_fini(&exact->hosts);
    vec_fini(&exact->tasks);
    vec_fini(&exact->uploads);
    vec_fini(&exact->free_uploads);
    exact_forget_failures(exact);
    mem_destroy(exact->jobs);
    mem_destroy(exact);
}
