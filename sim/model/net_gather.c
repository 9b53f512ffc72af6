/* SPDX-License-Identifier: Apache-2.0
 *
 * First half of building the network: who is where, what each subtask and host would carry per
 * record of each source. In: shapes, tasks, hosts. Out: raw flows with the bounds of threads that
 * serve one flow only, loads of hosts, rows of threads that serve several. One pass over the tasks
 * for the places, one for the loads.
 */
#include <math.h>

#include "sim/model/state.h"

/* No subtask reads faster than this, so that a source without costs has a rate. */
static const double rate_limit = 1e9;

double *net_loads(struct net *net, uint32_t slot, enum net_limit limit)
{
    CHECK(limit >= LIMIT_CORES);
    return net->loads.items +
           ((size_t)slot * HOST_LIMITS + (limit - LIMIT_CORES)) * net->sums.count;
}

static uint32_t slot_of(struct model *model, uint32_t host)
{
    struct net *net = &model->net;
    struct model_host *h = &model->hosts.items[host];
    if (h->slot_round == net->round)
        return h->slot;
    double bytes = h->machine->network_bps > 0 ? h->machine->network_bps / 8 : INFINITY;
    h->slot_round = net->round;
    h->slot = (uint32_t)net->slots.count;
    vec_push(&net->slots,
             (struct net_slot){ .host = host,
                                .limit = { h->machine->cores * h->speed, bytes, bytes },
                                .first_flow = NONE,
                                .first_far = NONE });
    vec_resize(&net->loads, net->slots.count * HOST_LIMITS * net->sums.count);
    vec_resize(&net->ends, net->slots.count * net->shuffle_count);
    return h->slot;
}

/* The share of what the vertex sends that this subtask sends; exact when one source feeds it. */
static double produced_share(const struct model_vertex *vertex, size_t source_count, uint32_t s)
{
    double sent = 0, all = 0;
    if (!vertex->shape.share || vertex->shape.local_first)
        return 1.0 / vertex->parallelism;
    for (size_t k = 0; k < source_count; k++) {
        sent += vertex->shape.share[k * vertex->parallelism + s];
        all += vertex->shape.gain[k];
    }
    return all > 0 ? sent / all : 0;
}

static void place_ends(struct model *model, struct model_job *job,
                       const struct component *component, struct model_vertex *vertex, uint32_t s,
                       uint32_t slot)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *v = &graph->vertices.items[vertex->id];
    struct shuffle_end *ends = model->net.ends.items + (size_t)slot * model->net.shuffle_count;
    for (VEC_EACH(const uint32_t, e, &v->inputs)) {
        if (job->edge_slot[*e] == NONE)
            continue;
        struct shuffle_end *end = &ends[component->first_shuffle + job->edge_slot[*e]];
        end->consumed += shape_edge_share(model, vertex, graph->edges.items[*e].partitioner, s);
        end->consumers++;
    }
    for (VEC_EACH(const uint32_t, e, &v->outputs)) {
        if (job->edge_slot[*e] == NONE)
            continue;
        struct shuffle_end *end = &ends[component->first_shuffle + job->edge_slot[*e]];
        end->produced += produced_share(vertex, component->sources.count, s);
        end->producers++;
    }
}

/* Source subtasks become raw flows; every host with a task of the component gets a slot. */
static void gather_places(struct model *model, uint32_t j, struct component *component)
{
    struct model_job *job = &model->jobs[j];
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        if (vertex->is_source) {
            uint32_t k = component_source_index(component, vertex->source);
            job->sources.items[vertex->source].first_raw = (uint32_t)model->net.raws.count;
            for (uint32_t s = 0; s < vertex->parallelism; s++)
                vec_push(&model->net.raws, (struct raw_flow){ .sum = component->first_sum + k,
                                                              .subtask = s,
                                                              .bound = rate_limit,
                                                              .bound_vertex = *id,
                                                              .class = NONE,
                                                              .ready = true });
        }
        for (uint32_t s = 0; s < vertex->parallelism; s++) {
            if (vertex->current.items[s] == NONE)
                continue;
            uint32_t slot = slot_of(model, model->tasks.items[vertex->current.items[s]].host);
            if (vertex->is_source) {
                uint32_t raw = job->sources.items[vertex->source].first_raw + s;
                model->net.raws.items[raw].slot = slot;
                model->net.raws.items[raw].next_on_slot = model->net.slots.items[slot].first_flow;
                model->net.slots.items[slot].first_flow = raw;
            }
            if (model->net.shuffle_count > 0)
                place_ends(model, job, component, vertex, s, slot);
        }
    }
}

static uint32_t raw_of(const struct model_job *job, const struct component *component,
                       const struct local_share *share)
{
    return job->sources.items[component->sources.items[share->source]].first_raw + share->subtask;
}

/* In a component of pipelines, a flow is ready when every subtask it reaches runs. */
static void find_ready(struct model *model, struct model_job *job, struct component *component)
{
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        const struct model_vertex *vertex = &job->vertices[*id];
        for (uint32_t s = 0; vertex->shape.local_first && s < vertex->parallelism; s++) {
            uint32_t task = vertex->current.items[s];
            if (task != NONE && model->tasks.items[task].phase == TASK_RUNNING)
                continue;
            for (uint32_t i = vertex->shape.local_first[s]; i < vertex->shape.local_first[s + 1];
                 i++)
                model->net.raws.items[raw_of(job, component, &vertex->shape.local.items[i])].ready =
                    false;
        }
    }
}

/* What is being gathered: one subtask. */
struct gather {
    struct model *model;
    struct model_job *job;
    struct component *component;
    struct model_vertex *vertex;
    uint32_t job_index, subtask, slot;
};

/* Adds `per_record` for each record of the subtask to a limit of a host. */
static void add_load(const struct gather *g, uint32_t slot, enum net_limit limit, double per_record)
{
    struct net *net = &g->model->net;
    const struct vertex_shape *shape = &g->vertex->shape;
    if (!(per_record > 0) || net->slots.items[slot].limit[limit - LIMIT_CORES] == INFINITY)
        return;
    if (shape->share) {
        double *loads = net_loads(net, slot, limit) + g->component->first_sum;
        for (size_t k = 0; k < g->component->sources.count; k++)
            loads[k] += per_record * shape->share[k * g->vertex->parallelism + g->subtask];
    }
    if (!shape->local_first)
        return;
    for (uint32_t i = shape->local_first[g->subtask]; i < shape->local_first[g->subtask + 1]; i++) {
        uint32_t raw = raw_of(g->job, g->component, &shape->local.items[i]);
        struct raw_flow *flow = &net->raws.items[raw];
        double load = per_record * shape->local.items[i].weight;
        if (flow->slot == slot) {
            flow->load[limit - LIMIT_CORES] += load;
            continue;
        }
        flow->alone = true;
        vec_push(&net->fars,
                 (struct far_load){ raw, net->slots.items[slot].first_far, limit, load });
        net->slots.items[slot].first_far = (uint32_t)net->fars.count - 1;
    }
}

/* Bytes that leave the host, and for pointwise edges those that enter the other one. */
static void gather_output(const struct gather *g, uint32_t e)
{
    struct model *model = g->model;
    const struct job_edge *edge = &g->job->spec->graph->edges.items[e];
    const struct model_vertex *to = &g->job->vertices[edge->consumer.n];
    double bytes = g->vertex->spec->record_bytes * g->vertex->spec->selectivity;
    if (g->job->edge_slot[e] != NONE) {
        double copies = edge->partitioner == PARTITION_BROADCAST ? to->parallelism : 1;
        const struct shuffle_end *end =
            &model->net.ends.items[(size_t)g->slot * model->net.shuffle_count +
                                   g->component->first_shuffle + g->job->edge_slot[e]];
        add_load(g, g->slot, LIMIT_NIC_OUT, bytes * (copies - end->consumed));
        return;
    }
    struct subtask_range range = edge_consumers_of(&g->job->plan, e, g->subtask);
    double part = bytes / (range.last - range.first + 1);
    for (uint32_t s = range.first; s <= range.last; s++) {
        if (to->current.items[s] == NONE)
            continue;
        uint32_t slot = slot_of(model, model->tasks.items[to->current.items[s]].host);
        if (slot == g->slot)
            continue;
        add_load(g, g->slot, LIMIT_NIC_OUT, part);
        add_load(g, slot, LIMIT_NIC_IN, part);
    }
}

/* The thread serves one flow only: its bound. Several, or flows and shuffles: a row. */
static void gather_thread(const struct gather *g, double busy, bool stuck)
{
    struct net *net = &g->model->net;
    const struct vertex_shape *shape = &g->vertex->shape;
    uint32_t first = shape->local_first[g->subtask], end = shape->local_first[g->subtask + 1];
    if (end == first && !shape->share)
        return; /* nothing ever comes here */
    if (end == first + 1 && !shape->share) {
        struct raw_flow *flow =
            &net->raws.items[raw_of(g->job, g->component, &shape->local.items[first])];
        double per_record = busy * shape->local.items[first].weight;
        double bound = stuck ? 0 : per_record > 0 ? 1 / per_record : INFINITY;
        if (bound < flow->bound) {
            flow->bound = bound;
            flow->bound_vertex = g->vertex->id;
        }
        return;
    }
    vec_push(&net->own_rows,
             (struct own_row){ g->job_index, g->vertex->id, (uint32_t)net->own_terms.count,
                               end - first, stuck });
    double weight = stuck ? 1 : busy; /* stuck: anything is too much */
    for (uint32_t i = first; i < end; i++) {
        uint32_t raw = raw_of(g->job, g->component, &shape->local.items[i]);
        net->raws.items[raw].alone = true;
        vec_push(&net->own_terms,
                 (struct maxmin_term){ raw, weight * shape->local.items[i].weight });
    }
    size_t at = net->own_sums.count;
    vec_resize(&net->own_sums, at + net->sums.count);
    for (size_t k = 0; shape->share && k < g->component->sources.count; k++)
        net->own_sums.items[at + g->component->first_sum + k] =
            weight * shape->share[k * g->vertex->parallelism + g->subtask];
}

/* Work behind shuffles: sums over the subtasks, and the subtask that has most. */
static void gather_shared_work(const struct gather *g, double busy, double *most)
{
    struct vertex_flow *flow = &g->vertex->flow;
    double sum = 0;
    for (size_t k = 0; k < g->component->sources.count; k++) {
        double work = busy * g->vertex->shape.share[k * g->vertex->parallelism + g->subtask];
        flow->busy[k] += work;
        sum += work;
    }
    if (sum <= *most)
        return;
    *most = sum;
    for (size_t k = 0; k < g->component->sources.count; k++)
        flow->busiest[k] = busy * g->vertex->shape.share[k * g->vertex->parallelism + g->subtask];
}

static void gather_local_work(const struct gather *g, double busy)
{
    const struct vertex_shape *shape = &g->vertex->shape;
    uint32_t first = shape->local_first[g->subtask], end = shape->local_first[g->subtask + 1];
    double tasks = shape->share ? 0 : 1.0 / (end - first);
    for (uint32_t i = first; i < end; i++)
        vec_push(&g->model->net.raw_work,
                 (struct raw_work){ raw_of(g->job, g->component, &shape->local.items[i]),
                                    g->job_index, g->vertex->id, tasks,
                                    busy * shape->local.items[i].weight });
}

static double busy_per_record(const struct model *model, const struct model_vertex *vertex,
                              uint32_t subtask)
{
    const struct model_host *host =
        &model->hosts.items[model->tasks.items[vertex->current.items[subtask]].host];
    return vertex->spec->cost_ns / host->speed / (double)TIME_S +
           vertex->spec->wait_ns / (double)TIME_S;
}

/* With several sources the busiest subtask depends on which of them sends most. Those that never
 * have more to do than the one found are left out; the others get rows. */
static void gather_other_threads(struct gather *g)
{
    struct net *net = &g->model->net;
    const struct vertex_shape *shape = &g->vertex->shape;
    size_t source_count = g->component->sources.count;
    for (uint32_t s = 0; s < g->vertex->parallelism; s++) {
        double busy = busy_per_record(g->model, g->vertex, s);
        bool more = false;
        for (size_t k = 0; k < source_count; k++)
            more |=
                busy * shape->share[k * g->vertex->parallelism + s] > g->vertex->flow.busiest[k];
        if (!more)
            continue;
        size_t at = net->own_sums.count;
        vec_push(&net->own_rows, (struct own_row){ g->job_index, g->vertex->id,
                                                   (uint32_t)net->own_terms.count, 0, false });
        vec_resize(&net->own_sums, at + net->sums.count);
        for (size_t k = 0; k < source_count; k++)
            net->own_sums.items[at + g->component->first_sum + k] =
                busy * shape->share[k * g->vertex->parallelism + s];
    }
}

static void gather_vertex(struct gather *g)
{
    struct model *model = g->model;
    struct model_vertex *vertex = g->vertex;
    const struct job_vertex *v = &g->job->spec->graph->vertices.items[vertex->id];
    double most = 0;
    for (g->subtask = 0; g->subtask < vertex->parallelism; g->subtask++) {
        uint32_t index = vertex->current.items[g->subtask];
        if (index == NONE || model->tasks.items[index].phase != TASK_RUNNING)
            continue;
        const struct model_host *host = &model->hosts.items[model->tasks.items[index].host];
        double cores = vertex->spec->cost_ns / (double)TIME_S;
        double busy = busy_per_record(model, vertex, g->subtask);
        bool stuck = host->frozen || model->tasks.items[index].blocked ||
                     net_slot_jams(&model->net, host->slot, v->outputs.count > 0);
        g->slot = host->slot;
        vertex->flow.stuck |= stuck;
        if (vertex->shape.share)
            gather_shared_work(g, busy, &most);
        if (vertex->shape.local_first) {
            gather_thread(g, busy, stuck);
            gather_local_work(g, busy);
        }
        add_load(g, g->slot, LIMIT_CORES, cores);
        for (size_t i = 0; i < v->outputs.count && model->net.slots.count > 1; i++)
            gather_output(g, v->outputs.items[i]);
    }
    if (vertex->shape.share && !vertex->shape.local_first && g->component->sources.count > 1)
        gather_other_threads(g);
}

/* Bytes that enter hosts through shuffles: what their consumers get, less what comes from the same
 * host; that is taken as the producers' share, which is exact when sources read alike. */
static void gather_input(struct model *model, const struct model_job *job,
                         const struct component *component, uint32_t e)
{
    struct net *net = &model->net;
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    const struct model_vertex *from = &job->vertices[edge->producer.n];
    double bytes = from->spec->record_bytes * from->spec->selectivity;
    for (uint32_t slot = 0; slot < net->slots.count && bytes > 0; slot++) {
        const struct shuffle_end *end =
            &net->ends.items[(size_t)slot * net->shuffle_count + component->first_shuffle +
                             job->edge_slot[e]];
        if (!(end->consumed > 0))
            continue;
        double *loads = net_loads(net, slot, LIMIT_NIC_IN) + component->first_sum;
        for (size_t k = 0; k < component->sources.count; k++)
            loads[k] += bytes * end->consumed * (1 - end->produced) * from->shape.gain[k];
    }
}

/* Of a pointwise edge's consumers: how many read from their own host. */
static double local_share(const struct model *model, const struct model_job *job, uint32_t e)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    const struct model_vertex *from = &job->vertices[edge->producer.n];
    const struct model_vertex *to = &job->vertices[edge->consumer.n];
    double local = 0;
    for (uint32_t s = 0; s < to->parallelism; s++) {
        uint32_t reader = to->current.items[s];
        uint32_t sender = from->current.items[edge_producers_of(&job->plan, e, s).first];
        local += reader != NONE && sender != NONE &&
                 model->tasks.items[reader].host == model->tasks.items[sender].host;
    }
    return local / to->parallelism;
}

/* Network buffers in front of a vertex, and the part of its input that crosses hosts. A producer
 * has buffers-per-channel for each of its consumers and floating ones; so has a consumer for its
 * channels from other hosts (from its own it reads the producer's). */
static void gather_buffers(struct model *model, const struct model_job *job,
                           const struct component *component, struct model_vertex *to)
{
    const struct net *net = &model->net;
    const struct config *config = &job->spec->graph->config;
    const struct job_vertex *v = &job->spec->graph->vertices.items[to->id];
    double per_channel = (double)config->buffers_per_channel,
           floating = (double)config->buffers_per_gate;
    to->flow.buffer_bytes = to->flow.remote_share = 0;
    for (VEC_EACH(const uint32_t, e, &v->inputs)) {
        const struct model_vertex *from =
            &job->vertices[job->spec->graph->edges.items[*e].producer.n];
        double producers = from->parallelism, consumers = to->parallelism, local = 0;
        double channels = fmax(producers, consumers), remote = net->slots.count > 1;
        if (job->edge_slot[*e] != NONE) {
            channels = producers * consumers;
            for (uint32_t slot = 0; slot < net->slots.count; slot++) {
                const struct shuffle_end *end =
                    &net->ends.items[(size_t)slot * net->shuffle_count + component->first_shuffle +
                                     job->edge_slot[*e]];
                local += (double)end->consumers * end->producers;
            }
            remote = 1 - local / channels;
        } else {
            remote *= 1 - local_share(model, job, *e);
        }
        double buffers = channels * per_channel + producers * floating +
                         remote * (channels * per_channel + consumers * floating);
        to->flow.buffer_bytes += buffers * (double)config->buffer_size;
        to->flow.remote_share = fmax(to->flow.remote_share, remote);
    }
}

static void gather_component(struct model *model, uint32_t j, struct component *component)
{
    struct model_job *job = &model->jobs[j];
    const struct job_graph *graph = job->spec->graph;
    size_t bytes = component->sources.count * sizeof(double);
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        memset(vertex->flow.busy, 0, bytes);
        memset(vertex->flow.busiest, 0, bytes);
        vertex->flow.stuck = false;
        struct gather g = { model, job, component, vertex, j, 0, 0 };
        gather_vertex(&g);
        gather_buffers(model, job, component, vertex);
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[*id].outputs))
            if (job->edge_slot[*e] != NONE && model->net.slots.count > 1)
                gather_input(model, job, component, *e);
    }
}

/* Calls for each active component, in order. */
static void each_active(struct model *model,
                        void (*act)(struct model *, uint32_t, struct component *))
{
    for (uint32_t j = 0; j < model->job_count; j++)
        for (VEC_EACH(struct component, component, &model->jobs[j].components))
            if (component->active)
                act(model, j, component);
}

static void begin_component(struct model *model, uint32_t j, struct component *component)
{
    struct model_job *job = &model->jobs[j];
    if (!component->shaped)
        shape_build(model, job, component);
    component->first_sum = (uint32_t)model->net.sums.count;
    component->first_shuffle = model->net.shuffle_count;
    model->net.shuffle_count += component->shuffle_count;
    for (VEC_EACH(const uint32_t, s, &component->sources))
        vec_push(&model->net.sums,
                 (struct net_sum){ j, *s, (uint32_t)(component - job->components.items) });
}

static void find_ready_of(struct model *model, uint32_t j, struct component *component)
{
    if (!component->coupled)
        find_ready(model, &model->jobs[j], component);
}

void net_gather(struct model *model)
{
    each_active(model, begin_component);
    each_active(model, gather_places);
    each_active(model, find_ready_of);
    net_find_links(model);
    each_active(model, gather_component);
}
