/* SPDX-License-Identifier: Apache-2.0
 *
 * What the solution means for each vertex, as Flink's metrics see it. A class that does not get
 * what it wants is held up by one vertex, its bottleneck. From its source to there all input
 * buffers fill (congested); every vertex on the way but the bottleneck itself waits for room in its
 * output whenever it does not work (backpressured). On a host that is out of cores the bottleneck
 * is the task that needs most of them: the scheduler of the host serves smaller wishes in full. Who
 * has no task of his own there waits for one behind a shuffle.
 * While a component pauses for snapshots, the vertices that take one are the bottlenecks.
 */
#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/state.h"

static double task_rate(const struct net *net, const struct component *component,
                        const struct model_job *job, const struct model_vertex *vertex, uint32_t s)
{
    double rate = 0;
    if (vertex->shape.share)
        for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
            rate += vertex->shape.share[*k * vertex->parallelism + s] *
                    job->sources.items[component->sources.items[*k]].rate;
    if (!vertex->shape.local_first)
        return rate;
    for (uint32_t i = vertex->shape.local_first[s]; i < vertex->shape.local_first[s + 1]; i++) {
        const struct local_share *share = &vertex->shape.local.items[i];
        uint32_t raw =
            job->sources.items[component->sources.items[share->source]].first_raw + share->subtask;
        uint32_t class = net->raws.items[raw].class;
        rate += class == NONE ? 0 : share->weight * net->classes.items[class].rate;
    }
    return rate;
}

/* Bytes per record that a subtask sends to, or gets from, anywhere. */
static double bytes_in(const struct model_job *job, const struct model_vertex *vertex)
{
    double most = 0;
    const struct job_graph *graph = job->spec->graph;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].inputs))
        most = fmax(most, shape_edge_bytes(job->spec, &graph->edges.items[*e]));
    return most;
}

static double load_of_task(const struct model_job *job, const struct model_vertex *vertex,
                           enum net_limit limit)
{
    switch (limit) {
    case LIMIT_THREAD:
    case LIMIT_CORES:
    case LIMIT_SLOT: return vertex->spec->cost_ns;
    case LIMIT_NIC_OUT:
    case LIMIT_WIRE: return shape_bytes_out(job->spec, vertex->id);
    case LIMIT_NIC_IN: return bytes_in(job, vertex);
    case NET_LIMIT_COUNT: break;
    }
    IMPOSSIBLE("limit");
}

/* A slot's share of the cores is only for the tasks in it. */
static bool is_concerned(const struct net *net, const struct net_row *row,
                         const struct model_task *task)
{
    return row->limit != LIMIT_SLOT ||
           net->shares.items[row->share].allocation.n == task->life.allocation.n;
}

static bool is_on(const struct net *net, const struct net_row *row, const struct model_task *task)
{
    return task->life.current && task->life.phase == TASK_RUNNING && is_concerned(net, row, task);
}

/* What is sent is held up at the reader's end of the wire. */
static uint32_t holder_of(const struct model_job *job, const struct net_row *row, uint32_t v)
{
    if (v == NONE || (row->limit != LIMIT_NIC_OUT && row->limit != LIMIT_WIRE))
        return v;
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *vertex = &graph->vertices.items[v];
    return vertex->outputs.count > 0 ? graph->edges.items[vertex->outputs.items[0]].consumer.n : v;
}

/* Of the vertices that a source reaches the ones that load the full limit of a host most. Who has
 * sources of its own there may be held up by these, others by what is behind shuffles only. */
static void find_heaviest(struct model *model, const struct net *net, struct net_row *row,
                          uint32_t sum)
{
    const struct net_sum *of = &net->sums.items[sum];
    struct model_job *job = &model->jobs[of->job];
    const struct component *component = &job->components.items[of->component];
    uint32_t k = sum - component->first_sum, heaviest[] = { NONE, NONE };
    double most[] = { -1, -1 };
    for (VEC_EACH(const uint32_t, index, &model->hosts.items[row->host].life.tasks)) {
        const struct model_task *task = &model->tasks.items[*index];
        const struct model_vertex *vertex = &job->vertices[task->life.vertex];
        if (task->life.job != of->job || vertex->component != of->component ||
            !is_on(net, row, task) || !(vertex->shape.gain[k] > 0))
            continue;
        uint32_t s = task->life.subtask;
        bool behind = vertex->shape.share && vertex->shape.share[k * vertex->parallelism + s] > 0;
        double load =
            task_rate(net, component, job, vertex, s) * load_of_task(job, vertex, row->limit);
        for (int i = 0; i < (behind ? 2 : 1); i++)
            if (load > most[i] || (load == most[i] && vertex->id > heaviest[i])) {
                most[i] = load;
                heaviest[i] = vertex->id;
            }
    }
    row->sum = sum;
    row->heaviest = holder_of(job, row, heaviest[0]);
    row->heaviest_behind = holder_of(job, row, heaviest[1]);
}

static uint32_t bottleneck_of(struct model *model, struct net *net, const struct net_class *class,
                              const struct maxmin_flow *flow)
{
    if (class->rate >= class->demand * (1 - 1e-12))
        return NONE;
    if (flow->limit == MAXMIN_BOUND)
        return class->bound_vertex;
    struct net_row *row = &net->rows.items[flow->limit];
    if (row->limit == LIMIT_THREAD)
        return row->job == net->sums.items[class->sum].job ? row->vertex : NONE;
    if (row->sum != class->sum)
        find_heaviest(model, net, row, class->sum);
    return flow->by_sum ? row->heaviest_behind : row->heaviest;
}

static bool is_of_cores(const struct net_row *row)
{
    return row->limit == LIMIT_CORES || row->limit == LIMIT_SLOT;
}

/* Is it credits that hold it up? */
static bool is_window(const struct net *net, const struct net_class *class,
                      const struct maxmin_flow *flow)
{
    return flow->limit == MAXMIN_BOUND ? class->bound_window : net->rows.items[flow->limit].window;
}

/* Tasks of a full host that hold others up always have work: what they do not work, they have no
 * core. So it is on all hosts that are like that one. What is still coming up reads nothing. */
static void add_core_lacks(struct model *model, const struct net *net, const struct net_row *row)
{
    const struct model_host *host = &model->hosts.items[row->host];
    for (VEC_EACH(const uint32_t, index, &host->life.tasks)) {
        const struct model_task *task = &model->tasks.items[*index];
        const struct model_job *job = &model->jobs[task->life.job];
        const struct model_vertex *vertex = &job->vertices[task->life.vertex];
        struct vertex_flow *flow = &job->vertices[task->life.vertex].flow;
        const struct component *component = &job->components.items[vertex->component];
        if (!flow->contended || !is_on(net, row, task) || net_of(model, component) != net)
            continue;
        double rate = task_rate(net, component, job, vertex, task->life.subtask);
        flow->core_lack +=
            fmax(1 - rate * vertex_service(vertex, host->life.speed, 1), 0) * row->likes;
    }
}

/* Finds the vertices from which a way leads to that one, itself among them; kept for as long as
 * nobody asks for another. */
static void find_leads(struct model_job *job, uint32_t to)
{
    struct leads *leads = &job->leads;
    if (leads->to == to)
        return;
    for (VEC_EACH(const uint32_t, v, &leads->found))
        leads->marks[*v] = LEAD_NONE;
    vec_clear(&leads->found);
    vec_push(&leads->found, to);
    leads->marks[to] = LEAD_THERE;
    leads->to = to;
    for (size_t i = 0; i < leads->found.count; i++) {
        uint32_t v = leads->found.items[i];
        for (VEC_EACH(const uint32_t, e, &job->spec->graph->vertices.items[v].inputs)) {
            uint32_t before = job->spec->graph->edges.items[*e].producer.n;
            if (leads->marks[before] != LEAD_NONE)
                continue;
            leads->marks[before] = LEAD_THERE;
            vec_push(&leads->found, before);
        }
    }
}

/* From a source on, the vertices between, and the bottleneck. Says whether there is a way. Sources
 * with the same bottleneck come one after the other more often than not: what one has walked the
 * next does not walk again. */
static bool hold_way(struct model_job *job, uint32_t from, uint32_t to)
{
    struct leads *leads = &job->leads;
    find_leads(job, to);
    if (leads->marks[from] != LEAD_THERE)
        return leads->marks[from] == LEAD_HELD;
    leads->marks[from] = LEAD_HELD;
    vec_push(&leads->stack, from);
    while (leads->stack.count > 0) {
        uint32_t v = leads->stack.items[--leads->stack.count];
        struct vertex_flow *flow = &job->vertices[v].flow;
        flow->congested |= v != from;
        flow->backpressured |= v != to;
        for (VEC_EACH(const uint32_t, e, &job->spec->graph->vertices.items[v].outputs)) {
            uint32_t next = job->spec->graph->edges.items[*e].consumer.n;
            if (leads->marks[next] != LEAD_THERE)
                continue;
            leads->marks[next] = LEAD_HELD;
            vec_push(&leads->stack, next);
        }
    }
    return true;
}

/* Each vertex that takes a snapshot lets nothing through, nor does one that is halted anyway. */
static void mark_pause(struct model_job *job, const struct component *component,
                       struct net_class *class, uint32_t source)
{
    class->bottleneck = NONE;
    class->backpressured = false;
    if (component->stopped || !(class->demand > 0))
        return; /* the source does not send */
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        const struct vertex_flow *flow = &job->vertices[*id].flow;
        if (*id > source && (flow->in_sync > 0 || (flow->halted && component->coupled)))
            class->backpressured |= hold_way(job, source, *id);
    }
}

static void mark_class(struct model *model, struct net *net, uint32_t index)
{
    struct net_class *class = &net->classes.items[index];
    const struct net_sum *sum = &net->sums.items[class->sum];
    struct model_job *job = &model->jobs[sum->job];
    struct component *component = &job->components.items[sum->component];
    uint32_t source = job->sources.items[sum->source].vertex;
    class->contended = false;
    if (component_is_paused(component)) {
        mark_pause(job, component, class, source);
    } else {
        const struct maxmin_flow *flow = &net->problem.flows.items[index];
        class->bottleneck = bottleneck_of(model, net, class, flow);
        class->contended = class->bottleneck != NONE && flow->limit != MAXMIN_BOUND &&
                           is_of_cores(&net->rows.items[flow->limit]);
        if (class->contended)
            job->vertices[class->bottleneck].flow.contended = true;
        if (class->bottleneck != NONE && is_window(net, class, flow))
            job->vertices[class->bottleneck].flow.windowed = true;
        class->backpressured = class->bottleneck != NONE && class->bottleneck != source;
        if (class->backpressured)
            hold_way(job, source, class->bottleneck);
    }
    if (!class->backpressured)
        return;
    double more = fmin(class->could, class->demand) - class->rate;
    component->fill.rate += more * class->tasks * fmax(job->vertices[source].spec->record_bytes, 1);
}

static void clear_marks(struct model *model, struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        struct component *component = &job->components.items[member->component];
        component->fill.rate = 0;
        job->leads.to = NONE;
        for (VEC_EACH(const uint32_t, id, &component->vertices)) {
            struct vertex_flow *flow = &job->vertices[*id].flow;
            flow->congested = flow->backpressured = flow->contended = flow->windowed = false;
            flow->core_lack = 0;
        }
    }
    for (VEC_EACH(struct net_row, row, &net->rows))
        row->sum = NONE;
}

/* Does what the class sends to that vertex, which it reaches, wait there for room in its output? */
static bool waits_for_room(struct model *model, const struct net *net,
                           const struct net_class *class, uint32_t vertex)
{
    const struct net_sum *sum = &net->sums.items[class->sum];
    struct model_job *job = &model->jobs[sum->job];
    if (!class->backpressured)
        return false;
    if (class->bottleneck == NONE)
        return job->vertices[vertex].flow.backpressured; /* a pause holds all classes alike */
    find_leads(job, class->bottleneck);
    return vertex != class->bottleneck && job->leads.marks[vertex] != LEAD_NONE;
}

/* Work before shuffles waits for the class's own bottleneck. */
static void mark_work(struct model *model, struct net *net)
{
    for (VEC_EACH(struct class_work, work, &net->work)) {
        const struct net_class *class = &net->classes.items[work->class];
        work->backpressured = waits_for_room(model, net, class, work->vertex);
        work->contended = class->contended && class->bottleneck == work->vertex;
    }
}

/* A thread that several flows share has no room in its output as soon as one of them has none. */
static void mark_own_rows(struct model *model, struct net *net)
{
    for (VEC_EACH(struct own_row, own, &net->own_rows)) {
        struct model_job *job = &model->jobs[own->job];
        const struct vertex_flow *flow = &job->vertices[own->vertex].flow;
        own->backpressured = own->sum_count > 0 && flow->backpressured;
        own->contended = own->sum_count > 0 && flow->contended;
        for (uint32_t i = 0; i < own->term_count && !own->backpressured; i++) {
            const struct maxmin_term *term = &net->own_terms.items[own->first_term + i];
            uint32_t index = net->raws.items[term->flow].class;
            if (index == NONE)
                continue;
            const struct net_class *class = &net->classes.items[index];
            own->backpressured = waits_for_room(model, net, class, own->vertex);
            own->contended |= class->contended && class->bottleneck == own->vertex;
        }
    }
}

/* Does some of its subtasks read a backlog? */
static bool is_behind(const struct net *net, const struct component *component, uint32_t source)
{
    uint32_t k = component->first_sum + component_source_index(component, source);
    const struct net_sum *sum = &net->sums.items[k];
    bool any = false;
    for (uint32_t i = 0; i < sum->class_count; i++)
        any |= net_class_is_behind(&net->classes.items[sum->first_class + i]);
    return any;
}

/* Begins and ends of backlogs, in front of vertices and of sources. */
static void note_held(const struct net *net, struct model_job *job,
                      const struct component *component)
{
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct vertex_flow *flow = &job->vertices[*id].flow;
        bool held = flow->congested || (job->vertices[*id].is_source &&
                                        is_behind(net, component, job->vertices[*id].source));
        if (held && !flow->held)
            flow->held_at = net->at;
        if (!held && flow->held)
            flow->released_at = net->at;
        flow->held = held;
    }
}

void net_mark(struct model *model, struct net *net)
{
    bool contended = false;
    clear_marks(model, net);
    for (uint32_t c = 0; c < net->classes.count; c++) {
        mark_class(model, net, c);
        contended |= net->classes.items[c].contended;
    }
    for (uint32_t r = 0; r < net->rows.count && contended; r++)
        if (is_of_cores(&net->rows.items[r]) && maxmin_row_is_full(&net->problem, r))
            add_core_lacks(model, net, &net->rows.items[r]);
    mark_work(model, net);
    mark_own_rows(model, net);
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct component *component = &model->jobs[member->job].components.items[member->component];
        buffers_take_rates(model, net, &model->jobs[member->job], component);
        note_held(net, &model->jobs[member->job], component);
    }
}
