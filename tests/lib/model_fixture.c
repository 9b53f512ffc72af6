/* SPDX-License-Identifier: Apache-2.0
 *
 * A model under test: what is in it, and what is done to it.
 */
#include "tests/lib/model_fixture.h"

#include <check.h>
#include "core/graph/key_groups.h"
#include "sim/model/state.h"

struct job_id model_fixture_add_job(struct model_fixture *fixture)
{
    struct job_id id = { (uint32_t)fixture->scenario.jobs.count };
    vec_push(&fixture->scenario.jobs,
             (struct job_spec){ .graph = job_graph_create("job", id, &fixture->config) });
    return id;
}

void model_fixture_init(struct model_fixture *fixture)
{
    *fixture = (struct model_fixture){ .storage_bandwidth = 1e9 };
    fixture->config = config_default();
    fixture->queue = sim_queue_create();
    fixture->scenario.seed = 1;
    struct timing_spec *timing = &fixture->scenario.cluster.timing;
    timing->deploy = distribution_constant(100 * TIME_MS);
    timing->initialize = distribution_constant(50 * TIME_MS);
    timing->cancel = distribution_constant(20 * TIME_MS);
    timing->connection_loss = distribution_constant(300 * TIME_MS);
    fixture->scenario.cluster.network.latency = distribution_constant(0);
    fixture->scenario.cluster.dfs.connections = 1;
    for (uint32_t h = 0; h < FIXTURE_HOSTS_MAX; h++)
        fixture->hosts[h] = (struct fixture_host){
            .machine = { .cores = 16, .speed = 1, .slots = 4, .disk_bps = 1e9 }, .speed = 1
        };
    model_fixture_add_job(fixture);
}

static void job_fini(struct job_spec *job)
{
    job_graph_destroy(job->graph);
    for (VEC_EACH(struct series, load, &job->loads))
        series_fini(load);
    for (VEC_EACH(struct vertex_model, vertex, &job->vertices))
        vec_fini(&vertex->weights);
    vec_fini(&job->loads);
    vec_fini(&job->vertices);
    vec_fini(&job->load_per_subtask);
    vec_fini(&job->load_bounded);
    vec_fini(&job->edges);
    vec_fini(&job->faults);
}

void model_fixture_fini(struct model_fixture *fixture)
{
    model_destroy(fixture->model);
    sim_queue_destroy(fixture->queue);
    for (VEC_EACH(struct job_spec, job, &fixture->scenario.jobs))
        job_fini(job);
    vec_fini(&fixture->scenario.jobs);
    vec_fini(&fixture->links);
    vec_fini(&fixture->transfers);
    vec_fini(&fixture->lines);
}

struct vertex_model *model_fixture_vertex(struct model_fixture *fixture, struct job_id job,
                                          const char *name, int32_t max_parallelism,
                                          time_ns cost_ns)
{
    struct job_spec *spec = &fixture->scenario.jobs.items[job.n];
    struct vertex_id id;
    struct note note;
    struct err err = job_graph_add_vertex(spec->graph, name, PARALLELISM_UNSET, max_parallelism,
                                          (struct group_id){ 0 }, &id, &note);
    ck_assert(!err_is(err));
    vec_reserve(&spec->vertices, 64); /* pointers given out stay good */
    vec_push(&spec->vertices, (struct vertex_model){ .cost_ns = (double)cost_ns,
                                                     .selectivity = 1,
                                                     .record_bytes = 100,
                                                     .service_cv = 1,
                                                     .backlog_above = TIME_NEVER });
    vec_push(&spec->loads, (struct series){ 0 });
    vec_push(&spec->load_per_subtask, false);
    vec_push(&spec->load_bounded, false);
    return &vec_last(&spec->vertices);
}

void model_fixture_edge(struct model_fixture *fixture, struct job_id job, uint32_t from,
                        uint32_t to, enum partitioner partitioner)
{
    struct note note;
    struct err err =
        job_graph_add_edge(fixture->scenario.jobs.items[job.n].graph, (struct vertex_id){ from },
                           (struct vertex_id){ to }, partitioner, RESULT_PIPELINED_BOUNDED, &note);
    ck_assert(!err_is(err));
}

void model_fixture_load(struct model_fixture *fixture, struct job_id job, uint32_t vertex,
                        time_ns at, double rate)
{
    vec_push(&fixture->scenario.jobs.items[job.n].loads.items[vertex].points,
             (struct series_point){ at, rate });
}

void model_fixture_pair(struct model_fixture *fixture, time_ns source_ns, time_ns reader_ns,
                        enum partitioner partitioner, double rate)
{
    struct job_id job = { 0 };
    model_fixture_vertex(fixture, job, "source", 128, source_ns);
    model_fixture_vertex(fixture, job, "count", 128, reader_ns);
    model_fixture_edge(fixture, job, 0, 1, partitioner);
    model_fixture_load(fixture, job, 0, 0, rate);
}

void model_fixture_source_and_count(struct model_fixture *fixture, double rate)
{
    model_fixture_pair(fixture, 1 * TIME_US, 100 * TIME_US, PARTITION_HASH, rate);
}

void model_fixture_start(struct model_fixture *fixture)
{
    const struct plane_world world = model_fixture_world(fixture);
    for (VEC_EACH(struct job_spec, job, &fixture->scenario.jobs)) {
        struct note note = { "" };
        job->graph->config = fixture->config;
        struct vertex_id renumbered[64];
        ck_assert_msg(!err_is(job_graph_finish(job->graph, renumbered, &note)), "%s", note.text);
        for (uint32_t v = 0; v < job->vertices.count; v++)
            ck_assert_uint_eq(renumbered[v].n, v);
    }
    fixture->model = model_create_in(&fixture->scenario, &world, fixture->queue);
}

static const struct job_graph *graph_of(const struct model_fixture *fixture, struct job_id job)
{
    return fixture->scenario.jobs.items[job.n].graph;
}

/* Tasks are numbered vertex by vertex, as the execution graph does. */
static uint32_t task_number(const struct fixture_deployment *how, uint32_t vertex, uint32_t subtask)
{
    uint32_t number = subtask;
    for (uint32_t v = 0; v < vertex; v++)
        number += how->parallelism[v];
    return number;
}

static struct task_deployment deployment_of(const struct model_fixture *fixture,
                                            const struct fixture_deployment *how, uint32_t v,
                                            uint32_t s)
{
    const struct job_graph *graph = graph_of(fixture, how->job);
    int32_t groups = job_graph_max_parallelism(graph, (struct vertex_id){ v });
    struct key_group_range range = { 1, 0 };
    if (groups >= (int32_t)how->parallelism[v])
        range = key_group_range_of((int32_t)s, (int32_t)how->parallelism[v], groups);
    return (struct task_deployment){
        .attempt = { { task_number(how, v, s) }, how->attempt, how->graph },
        .vertex = { v },
        .subtask = s,
        .parallelism = how->parallelism[v],
        .key_group_first = (uint32_t)range.first,
        .key_group_last = (uint32_t)range.last,
        .allocation = { how->allocation + s },
        .slot_cpu_milli = graph->groups.items[graph->vertices.items[v].group.n].profile.cpu_milli,
        .restore_checkpoint = how->checkpoint,
        .restore_bytes = v + 1 == graph->vertices.count ? how->restore_bytes : 0,
    };
}

static void give_order(struct model_fixture *fixture, uint32_t host,
                       const struct effect_data *order)
{
    model_ops()->order(fixture->model, (struct node_id){ host }, order);
}

void model_fixture_deploy(struct model_fixture *fixture, const struct fixture_deployment *how)
{
    VEC(struct task_deployment) list = { 0 };
    for (uint32_t h = 0; h < how->host_count; h++) {
        vec_clear(&list);
        for (uint32_t v = 0; v < graph_of(fixture, how->job)->vertices.count; v++)
            for (uint32_t s = h; s < how->parallelism[v]; s += how->host_count)
                vec_push(&list, deployment_of(fixture, how, v, s));
        give_order(fixture, how->hosts[h],
                   &(struct effect_data){ .kind = DATA_DEPLOY,
                                          .job = how->job,
                                          .deployments = list.items,
                                          .count = list.count });
    }
    vec_fini(&list);
}

void model_fixture_deploy_first(struct model_fixture *fixture, const uint32_t *parallelism,
                                const uint32_t *hosts, uint32_t host_count)
{
    model_fixture_deploy(fixture, &(struct fixture_deployment){ .parallelism = parallelism,
                                                                .hosts = hosts,
                                                                .host_count = host_count });
}

void model_fixture_deploy_one(struct model_fixture *fixture, const struct fixture_deployment *how,
                              uint32_t vertex, uint32_t subtask)
{
    struct task_deployment deployment = deployment_of(fixture, how, vertex, subtask);
    give_order(fixture, how->hosts[subtask % how->host_count],
               &(struct effect_data){
                   .kind = DATA_DEPLOY, .job = how->job, .deployments = &deployment, .count = 1 });
}

static void order_attempts(struct model_fixture *fixture, const struct fixture_deployment *how,
                           enum data_order kind, const struct checkpoint_order *checkpoint)
{
    const struct job_graph *graph = graph_of(fixture, how->job);
    VEC(struct task_attempt) list = { 0 };
    for (uint32_t h = 0; h < how->host_count; h++) {
        vec_clear(&list);
        for (uint32_t v = 0; v < graph->vertices.count; v++) {
            if (kind == DATA_TRIGGER_CHECKPOINT &&
                !job_graph_is_source(graph, (struct vertex_id){ v }))
                continue;
            for (uint32_t s = h; s < how->parallelism[v]; s += how->host_count)
                vec_push(&list, (struct task_attempt){
                                    { task_number(how, v, s) }, how->attempt, how->graph });
        }
        struct effect_data order = {
            .kind = kind, .job = how->job, .attempts = list.items, .count = list.count
        };
        if (checkpoint)
            order.checkpoint = *checkpoint;
        give_order(fixture, how->hosts[h], &order);
    }
    vec_fini(&list);
}

void model_fixture_cancel(struct model_fixture *fixture, const struct fixture_deployment *how)
{
    order_attempts(fixture, how, DATA_CANCEL, NULL);
}

void model_fixture_restart(struct model_fixture *fixture, struct fixture_deployment *how,
                           uint64_t checkpoint)
{
    model_fixture_cancel(fixture, how);
    model_fixture_run(fixture, sim_queue_now(fixture->queue) + TIME_S);
    how->attempt++;
    how->checkpoint = checkpoint;
    model_fixture_deploy(fixture, how);
}

void model_fixture_checkpoint(struct model_fixture *fixture, const struct fixture_deployment *how,
                              enum data_order kind, const struct checkpoint_order *order)
{
    order_attempts(fixture, how, kind, order);
}

void model_fixture_end_process(struct model_fixture *fixture, uint32_t host)
{
    model_ops()->process_ended(fixture->model, (struct node_id){ host }, true);
}

void model_fixture_lose(struct model_fixture *fixture, const struct fixture_deployment *how,
                        uint32_t vertex, uint32_t subtask)
{
    struct task_deployment lost = deployment_of(fixture, how, vertex, subtask);
    struct node_id host = { how->hosts[subtask % how->host_count] };
    model_ops()->deployment_lost(fixture->model, host, how->job, &lost, 1);
}

void model_fixture_cut(struct model_fixture *fixture, uint32_t host, bool cut)
{
    fixture->hosts[host].cut = cut;
    model_ops()->host_changed(fixture->model, (struct node_id){ host });
    net_refresh(fixture->model);
}

void model_fixture_cut_link(struct model_fixture *fixture, uint32_t a, uint32_t b, bool cut)
{
    uint64_t of_a = 1ull << b, of_b = 1ull << a;
    fixture->hosts[a].cut_links = (fixture->hosts[a].cut_links & ~of_a) | (cut ? of_a : 0);
    fixture->hosts[b].cut_links = (fixture->hosts[b].cut_links & ~of_b) | (cut ? of_b : 0);
    model_ops()->host_changed(fixture->model, (struct node_id){ a });
    model_ops()->host_changed(fixture->model, (struct node_id){ b });
}

static bool joins(const struct fixture_link *link, uint32_t a, uint32_t b)
{
    return (link->a == a && link->b == b) || (link->a == b && link->b == a);
}

void model_fixture_link(struct model_fixture *fixture, uint32_t a, uint32_t b,
                        const struct link_quality *quality)
{
    size_t i = 0;
    while (i < fixture->links.count && !joins(&fixture->links.items[i], a, b))
        i++;
    if (i == fixture->links.count)
        vec_push(&fixture->links, (struct fixture_link){ .a = a, .b = b });
    fixture->links.items[i].quality = *quality;
    if (!fixture->model)
        return;
    model_ops()->host_changed(fixture->model, (struct node_id){ a });
    model_ops()->host_changed(fixture->model, (struct node_id){ b });
}

void model_fixture_freeze(struct model_fixture *fixture, uint32_t host, bool frozen)
{
    model_ops()->process_frozen(fixture->model, (struct node_id){ host }, frozen);
    net_refresh(fixture->model);
}

void model_fixture_run(struct model_fixture *fixture, time_ns until)
{
    struct note note = { "" };
    while (sim_queue_run_one(fixture->queue, until))
        ;
    ck_assert_msg(!err_is(model_check_conservation(fixture->model, &note)), "%s", note.text);
}

struct fixture_deployment model_fixture_two_by_two(void)
{
    static const uint32_t hosts[] = { 1, 2 }, two_each[] = { 2, 2 };
    return (struct fixture_deployment){
        .job = { 0 }, .parallelism = two_each, .hosts = hosts, .host_count = 2
    };
}

void model_fixture_begin(struct model_fixture *fixture, const struct fixture_deployment *how,
                         double rate)
{
    model_fixture_load(fixture, (struct job_id){ 0 }, 0, 0, rate);
    model_fixture_start(fixture);
    model_fixture_deploy(fixture, how);
    model_fixture_run(fixture, 10 * TIME_S);
}

void model_fixture_trigger(struct model_fixture *fixture, const struct fixture_deployment *how,
                           uint64_t checkpoint, enum checkpoint_kind kind)
{
    model_fixture_checkpoint(fixture, how, DATA_TRIGGER_CHECKPOINT,
                             &(struct checkpoint_order){ .checkpoint = checkpoint, .kind = kind });
}

void model_fixture_tell(struct model_fixture *fixture, const struct fixture_deployment *how,
                        enum data_order kind, uint64_t checkpoint)
{
    model_fixture_checkpoint(fixture, how, kind,
                             &(struct checkpoint_order){ .checkpoint = checkpoint });
}
