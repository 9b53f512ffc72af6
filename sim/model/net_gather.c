/* SPDX-License-Identifier: Apache-2.0
 *
 * First half of building the network: who is where, what each subtask and host would carry per
 * record of each source. In: shapes, tasks, hosts. Out: raw flows with the bounds of threads that
 * serve one flow only, loads of hosts, rows of threads that serve several. One pass over the tasks
 * for the places, one for the loads.
 */
#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/net_wire.h"
#include "sim/model/state.h"

static struct component *component_at(struct model *model, const struct net *net, uint32_t member)
{
    struct net_member m = net->members.items[member];
    return &model->jobs[m.job].components.items[m.component];
}

static uint32_t raw_of(const struct model_job *job, const struct component *component,
                       const struct local_share *share)
{
    return job->sources.items[component->sources.items[share->source]].first_raw + share->subtask;
}

static void find_waiting(const struct model *model, struct net *net, const struct model_job *job,
                         const struct component *component)
{
    if (!job->spec->graph->config.pause_sources_until_first)
        return;
    for (VEC_EACH(const uint32_t, k, &component->sources)) {
        const struct model_source *source = &job->sources.items[*k];
        const struct model_vertex *vertex = &job->vertices[source->vertex];
        for (uint32_t s = 0; s < vertex->parallelism; s++) {
            uint32_t task = vertex->life.current.items[s];
            if (task != NONE && model->tasks.items[task].waits)
                net->raws.items[source->first_raw + s].waits = true;
        }
    }
}

/* In a component of pipelines, a flow is ready when every subtask it reaches runs. */
static void find_ready(struct model *model, struct net *net, uint32_t member)
{
    struct model_job *job = &model->jobs[net->members.items[member].job];
    struct component *component = component_at(model, net, member);
    find_waiting(model, net, job, component);
    if (component->coupled)
        return;
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        const struct model_vertex *vertex = &job->vertices[*id];
        for (uint32_t s = 0; vertex->shape.local_first && s < vertex->parallelism; s++) {
            uint32_t task = vertex->life.current.items[s];
            if (task != NONE && model->tasks.items[task].life.phase == TASK_RUNNING)
                continue;
            for (uint32_t i = vertex->shape.local_first[s]; i < vertex->shape.local_first[s + 1];
                 i++)
                net->raws.items[raw_of(job, component, &vertex->shape.local.items[i])].ready =
                    false;
        }
    }
}

/* What is being gathered: one subtask. */
struct gather {
    struct model *model;
    struct net *net;
    struct model_job *job;
    struct component *component;
    struct model_vertex *vertex;
    uint32_t job_index, subtask, slot;
    bool frozen, blocked;
};

/* Adds `per_record` for each record of the subtask to a limit of a host; as many users as there
 * are, alike, take it: its thread, or its channels. */
static void add_load(const struct gather *g, uint32_t slot, enum net_limit limit, double per_record,
                     double users)
{
    struct net *net = g->net;
    const struct vertex_shape *shape = &g->vertex->shape;
    if (!(per_record > 0) || net->slots.items[slot].limit[limit - LIMIT_CORES] == INFINITY)
        return;
    if (shape->share) {
        double *loads = net_loads(net, net_place_at(net, slot), limit);
        double *peaks = net_peaks(net, net_place_at(net, slot), limit);
        for (VEC_EACH(const uint32_t, k, &shape->sources)) {
            double load = per_record * shape->share[*k * g->vertex->parallelism + g->subtask];
            loads[*k] += load;
            peaks[*k] = fmax(peaks[*k], load / users);
        }
    }
    if (!shape->local_first)
        return;
    for (uint32_t i = shape->local_first[g->subtask]; i < shape->local_first[g->subtask + 1]; i++) {
        uint32_t raw = raw_of(g->job, g->component, &shape->local.items[i]);
        struct raw_flow *flow = &net->raws.items[raw];
        double load = per_record * shape->local.items[i].weight;
        if (flow->slot == slot) {
            double *peak = &flow->peak[limit - LIMIT_CORES];
            flow->load[limit - LIMIT_CORES] += load;
            *peak = fmax(*peak, load / users);
            continue;
        }
        flow->alone = true;
        vec_push(&net->fars, (struct far_load){ raw, net->slots.items[slot].first_far, limit, load,
                                                load / users });
        net->slots.items[slot].first_far = (uint32_t)net->fars.count - 1;
    }
}

/* Bytes that leave the host, and for pointwise edges those that enter the other one. */
static void gather_output(const struct gather *g, uint32_t e)
{
    struct model *model = g->model;
    struct net *net = g->net;
    const struct job_edge *edge = &g->job->spec->graph->edges.items[e];
    const struct model_vertex *to = &g->job->vertices[edge->consumer.n];
    double bytes = shape_edge_records(g->job->spec, edge) * shape_edge_bytes(g->job->spec, edge);
    if (g->job->edge_slot[e] != NONE) {
        double copies = edge->partitioner == PARTITION_BROADCAST ? to->parallelism : 1;
        uint32_t shuffle = g->job->edge_slot[e];
        const struct shuffle_end *end =
            &net->ends.items[net_place_at(net, g->slot)->first_end + shuffle];
        double channels = fmax(1, (double)to->parallelism - end->consumers);
        double to_one = fmax(1, channels / (g->component->place_count - 1));
        add_load(g, g->slot, LIMIT_NIC_OUT, bytes * (copies - end->consumed), channels);
        add_load(g, g->slot, LIMIT_WIRE,
                 bytes * net->wires.items[net_place_at(net, g->slot)->first_end + shuffle], to_one);
        return;
    }
    struct subtask_range range = edge_consumers_of(&g->job->plan, e, g->subtask);
    double part = bytes / (range.last - range.first + 1), worst = 0;
    for (uint32_t s = range.first; s <= range.last; s++) {
        if (to->life.current.items[s] == NONE)
            continue;
        uint32_t slot =
            net_slot_of(model, net, model->tasks.items[to->life.current.items[s]].life.host);
        if (slot == g->slot)
            continue;
        add_load(g, g->slot, LIMIT_NIC_OUT, part, 1);
        add_load(g, slot, LIMIT_NIC_IN, part, 1);
        worst = fmax(worst, part * net_wire_seconds(model, net, g->slot, slot));
    }
    add_load(g, g->slot, LIMIT_WIRE, worst, 1);
}

/* A thread that gets a row; its terms are the next, its weights are zero yet. */
static void add_own_row(const struct gather *g, uint32_t term_count, uint32_t holder)
{
    struct net *net = g->net;
    uint32_t sum_count = g->vertex->shape.share ? (uint32_t)g->component->sources.count : 0;
    vec_push(&net->own_rows, (struct own_row){ .job = g->job_index,
                                               .vertex = g->vertex->id,
                                               .first_term = (uint32_t)net->own_terms.count,
                                               .term_count = term_count,
                                               .first_weight = (uint32_t)net->own_sums.count,
                                               .first_sum = g->component->first_sum,
                                               .sum_count = sum_count,
                                               .holder = holder,
                                               .frozen = g->frozen,
                                               .blocked = g->blocked });
    vec_resize(&net->own_sums, net->own_sums.count + sum_count);
}

/* What a thread that serves one flow only makes of its bound. */
static void bound_flow(const struct gather *g, struct raw_flow *flow, double per_record,
                       uint32_t holder)
{
    double could = per_record > 0 ? 1 / per_record : INFINITY;
    double bound = holder == NONE ? could : 0;
    if (holder != g->vertex->id)
        flow->could = fmin(flow->could, could);
    if (bound >= flow->bound)
        return;
    flow->bound = bound;
    flow->bound_vertex = holder == NONE ? g->vertex->id : holder;
    flow->bound_window = false;
}

/* It could go on until its buffers are full, so what it could have stays. */
static void bound_by_window(struct raw_flow *flow, const struct net_window *window, double weight)
{
    double per_record = window->seconds * weight;
    if (!(per_record > 0) || 1 / per_record >= flow->bound)
        return;
    flow->bound = 1 / per_record;
    flow->bound_vertex = window->to;
    flow->bound_window = true;
}

static void push_window_row(const struct gather *g, const struct net_window *window,
                            uint32_t term_count)
{
    struct net *net = g->net;
    uint32_t sum_count = g->vertex->shape.share ? (uint32_t)g->component->sources.count : 0;
    vec_push(&net->window_rows, (struct window_row){ .job = g->job_index,
                                                     .to = window->to,
                                                     .first_term = (uint32_t)net->own_terms.count,
                                                     .term_count = term_count,
                                                     .first_weight = (uint32_t)net->own_sums.count,
                                                     .first_sum = g->component->first_sum,
                                                     .sum_count = sum_count });
    vec_resize(&net->own_sums, net->own_sums.count + sum_count);
}

static void raise_window(const struct gather *g, const struct net_window *window,
                         const struct window_row *row)
{
    const struct vertex_shape *shape = &g->vertex->shape;
    double *sums = g->net->own_sums.items + row->first_weight;
    for (size_t i = 0; row->sum_count > 0 && i < shape->sources.count; i++) {
        uint32_t k = shape->sources.items[i];
        double share = shape->share[k * g->vertex->parallelism + g->subtask];
        sums[k] = fmax(sums[k], window->seconds * share);
    }
}

/* The same where several flows share the subtask: a row beside that of its thread. */
static void add_window_row(const struct gather *g, const struct net_window *window)
{
    struct net *net = g->net;
    const struct vertex_shape *shape = &g->vertex->shape;
    uint32_t first = shape->local_first ? shape->local_first[g->subtask] : 0;
    uint32_t end = shape->local_first ? shape->local_first[g->subtask + 1] : 0;
    push_window_row(g, window, end - first);
    for (uint32_t i = first; i < end; i++)
        vec_push(&net->own_terms,
                 (struct maxmin_term){ raw_of(g->job, g->component, &shape->local.items[i]),
                                       window->seconds * shape->local.items[i].weight });
    raise_window(g, window, &vec_last(&net->window_rows));
}

/* Of subtasks behind shuffles the one that has to wait most; with several sources, the most for
 * each. */
static void gather_shared_window(const struct gather *g, double busy, uint32_t *row)
{
    const struct net_window *window = net_window_of(g->net, g->vertex, g->subtask, busy);
    if (!window)
        return;
    if (*row == NONE) {
        *row = (uint32_t)g->net->window_rows.count;
        add_window_row(g, window);
    }
    raise_window(g, window, &g->net->window_rows.items[*row]);
}

/* The thread serves one flow only: its bound. Several, or flows and shuffles: a row. Holder: the
 * vertex that lets nothing through, itself or one that it cannot reach; NONE. */
static void gather_thread(const struct gather *g, double busy, uint32_t holder)
{
    struct net *net = g->net;
    const struct vertex_shape *shape = &g->vertex->shape;
    uint32_t first = shape->local_first[g->subtask], end = shape->local_first[g->subtask + 1];
    if (end == first && !shape->share)
        return; /* nothing ever comes here */
    const struct net_window *window =
        holder == NONE ? net_window_of(net, g->vertex, g->subtask, busy) : NULL;
    if (end == first + 1 && !shape->share) {
        const struct local_share *share = &shape->local.items[first];
        struct raw_flow *flow = &net->raws.items[raw_of(g->job, g->component, share)];
        bound_flow(g, flow, busy * share->weight, holder);
        if (window)
            bound_by_window(flow, window, share->weight);
        return;
    }
    if (window)
        add_window_row(g, window);
    add_own_row(g, end - first, holder);
    double weight = holder == NONE ? busy : 1; /* held: anything is too much */
    for (uint32_t i = first; i < end; i++) {
        uint32_t raw = raw_of(g->job, g->component, &shape->local.items[i]);
        net->raws.items[raw].alone = true;
        vec_push(&net->own_terms,
                 (struct maxmin_term){ raw, weight * shape->local.items[i].weight });
    }
    double *sums = net->own_sums.items + vec_last(&net->own_rows).first_weight;
    if (shape->share)
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            sums[*k] = weight * shape->share[*k * g->vertex->parallelism + g->subtask];
}

/* Work behind shuffles: sums over the subtasks, and the subtask that has most. */
static void gather_shared_work(const struct gather *g, double busy, double *most)
{
    struct vertex_flow *flow = &g->vertex->flow;
    const struct vertex_shape *shape = &g->vertex->shape;
    double sum = 0;
    for (VEC_EACH(const uint32_t, k, &shape->sources)) {
        double work = busy * shape->share[*k * g->vertex->parallelism + g->subtask];
        flow->busy[*k] += work;
        flow->least[*k] = fmin(flow->least[*k], work);
        sum += work;
    }
    if (sum <= *most)
        return;
    *most = sum;
    for (VEC_EACH(const uint32_t, k, &shape->sources))
        flow->busiest[*k] = busy * shape->share[*k * g->vertex->parallelism + g->subtask];
}

static void gather_local_work(const struct gather *g, double busy)
{
    const struct vertex_shape *shape = &g->vertex->shape;
    uint32_t first = shape->local_first[g->subtask], end = shape->local_first[g->subtask + 1];
    double tasks = shape->share ? 0 : 1.0 / (end - first);
    for (uint32_t i = first; i < end; i++)
        vec_push(&g->net->raw_work, (struct raw_work){
                                        .raw = raw_of(g->job, g->component, &shape->local.items[i]),
                                        .job = g->job_index,
                                        .vertex = g->vertex->id,
                                        .tasks = tasks,
                                        .busy = busy * shape->local.items[i].weight,
                                        .single = end == first + 1 && !shape->share,
                                        .frozen = g->frozen,
                                        .blocked = g->blocked,
                                    });
}

static double busy_per_record(const struct model *model, const struct model_vertex *vertex,
                              uint32_t subtask)
{
    const struct model_host *host =
        &model->hosts.items[model->tasks.items[vertex->life.current.items[subtask]].life.host];
    return vertex_service(vertex, host->life.speed, 1);
}

/* With several sources the busiest subtask depends on which of them sends most. Those that never
 * have more to do than the one found are left out; the others get rows. */
static void gather_other_threads(struct gather *g)
{
    const struct vertex_shape *shape = &g->vertex->shape;
    g->frozen = g->blocked = false; /* those are counted already, and have no work meanwhile */
    for (uint32_t s = 0; s < g->vertex->parallelism; s++) {
        double busy = busy_per_record(g->model, g->vertex, s);
        bool more = false;
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            more |=
                busy * shape->share[*k * g->vertex->parallelism + s] > g->vertex->flow.busiest[*k];
        if (!more)
            continue;
        add_own_row(g, 0, NONE);
        double *sums = g->net->own_sums.items + vec_last(&g->net->own_rows).first_weight;
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            sums[*k] = busy * shape->share[*k * g->vertex->parallelism + s];
    }
}

/* The vertex that holds up all that comes to the subtask, or NONE. */
static uint32_t holder_of(struct gather *g, const struct model_task *task)
{
    struct vertex_flow *flow = &g->vertex->flow;
    g->frozen = g->model->hosts.items[task->life.host].life.frozen;
    g->blocked = task->blocked && !g->frozen;
    flow->frozen += g->frozen;
    flow->blocked += g->blocked;
    bool halted = g->frozen || g->blocked;
    uint32_t holder = halted ? g->vertex->id : NONE;
    if (!halted && g->model->life.suspects > 0)
        holder = net_jam_of(g->model, g->net, g->job, g->vertex, g->subtask);
    if (holder == NONE)
        return NONE;
    flow->halted |= halted;
    if (halted || !flow->stuck)
        flow->holder = holder;
    flow->stuck = true;
    return holder;
}

static void gather_vertex(struct gather *g)
{
    struct model *model = g->model;
    struct model_vertex *vertex = g->vertex;
    const struct job_vertex *v = &g->job->spec->graph->vertices.items[vertex->id];
    double most = 0;
    uint32_t window_row = NONE;
    for (g->subtask = 0; g->subtask < vertex->parallelism; g->subtask++) {
        uint32_t index = vertex->life.current.items[g->subtask];
        if (index == NONE || model->tasks.items[index].life.phase != TASK_RUNNING)
            continue;
        const struct model_host *host = &model->hosts.items[model->tasks.items[index].life.host];
        double cores = vertex->spec->cost_ns / (double)TIME_S;
        double busy = busy_per_record(model, vertex, g->subtask);
        uint32_t holder = holder_of(g, &model->tasks.items[index]);
        g->slot = host->slot;
        if (vertex->shape.share)
            gather_shared_work(g, busy, &most);
        if (vertex->shape.share && !vertex->shape.local_first && holder == NONE)
            gather_shared_window(g, busy, &window_row);
        if (vertex->shape.local_first) {
            gather_thread(g, busy, holder);
            gather_local_work(g, busy);
        }
        add_load(g, g->slot, LIMIT_CORES, cores, 1);
        for (size_t i = 0; i < v->outputs.count && g->component->place_count > 1; i++)
            gather_output(g, v->outputs.items[i]);
    }
    if (vertex->shape.share && !vertex->shape.local_first && g->component->sources.count > 1)
        gather_other_threads(g);
}

/* Bytes that enter hosts through shuffles: what their consumers get, less what comes from the same
 * host; that is taken as the producers' share, which is exact when sources read alike. */
static void gather_input(struct net *net, const struct model_job *job,
                         const struct component *component, uint32_t e)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    const struct model_vertex *from = &job->vertices[edge->producer.n];
    double bytes = shape_edge_records(job->spec, edge) * shape_edge_bytes(job->spec, edge);
    for (uint32_t p = 0; p < component->place_count && bytes > 0; p++) {
        const struct net_place *place = &net->places.items[component->first_place + p];
        const struct shuffle_end *end = &net->ends.items[place->first_end + job->edge_slot[e]];
        if (!(end->consumed > 0))
            continue;
        double *loads = net_loads(net, place, LIMIT_NIC_IN);
        double *peaks = net_peaks(net, place, LIMIT_NIC_IN);
        double channels = fmax(1, ((double)from->parallelism - end->producers) * end->consumers);
        for (VEC_EACH(const uint32_t, k, &from->shape.sources)) {
            double load = bytes * end->consumed * (1 - end->produced) * from->shape.gain[*k];
            loads[*k] += load;
            peaks[*k] = fmax(peaks[*k], load / channels);
        }
    }
}

static void gather_component(struct model *model, struct net *net, uint32_t member)
{
    uint32_t j = net->members.items[member].job;
    struct model_job *job = &model->jobs[j];
    struct component *component = component_at(model, net, member);
    const struct job_graph *graph = job->spec->graph;
    net_number_places(net, component);
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        for (VEC_EACH(const uint32_t, k, &vertex->shape.sources)) {
            vertex->flow.busy[*k] = vertex->flow.busiest[*k] = 0;
            vertex->flow.least[*k] = vertex->shape.share ? INFINITY : 0;
        }
        vertex->flow.stuck = vertex->flow.halted = false;
        vertex->flow.frozen = vertex->flow.blocked = 0;
        struct gather g = { model, net, job, component, vertex, j, 0, 0, false, false };
        gather_vertex(&g);
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[*id].outputs))
            if (job->edge_slot[*e] != NONE && component->place_count > 1)
                gather_input(net, job, component, *e);
    }
}

static void begin_component(struct model *model, struct net *net, uint32_t member)
{
    uint32_t j = net->members.items[member].job;
    struct model_job *job = &model->jobs[j];
    struct component *component = component_at(model, net, member);
    if (!component->shaped)
        shape_build(model, job, component);
    component->first_sum = (uint32_t)net->sums.count;
    component->class_count = 0;
    for (VEC_EACH(const uint32_t, s, &component->sources))
        vec_push(&net->sums,
                 (struct net_sum){ j, *s, (uint32_t)(component - job->components.items), 0, 0 });
}

static void each_member(struct model *model, struct net *net,
                        void (*act)(struct model *, struct net *, uint32_t))
{
    for (uint32_t member = 0; member < net->members.count; member++)
        act(model, net, member);
}

void net_gather(struct model *model, struct net *net)
{
    each_member(model, net, begin_component);
    each_member(model, net, net_add_places);
    each_member(model, net, find_ready);
    net_find_links(model, net);
    net_find_pairs(model, net);
    net_find_wires(model, net);
    net_find_windows(model, net);
    net_find_nics(model, net);
    each_member(model, net, gather_component);
}
