/* SPDX-License-Identifier: Apache-2.0
 *
 * What each subtask keeps up with, then sums over those that are behind, from the slowest on.
 */
#include "sim/model/behind.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/order.h"
#include "sim/model/state.h"

/* Subtasks that keep up alike, but for rounding; and a vertex that its threads do not hold up. */
static const double alike = 1e-9, to_spare = 1e-6;

/* One vertex. */
struct search {
    struct model *model;
    const struct net *net;
    const struct model_job *job;
    const struct component *component;
    const struct model_vertex *to;    /* its subtasks are looked at */
    const struct model_vertex *holds; /* sets their pace: itself, or what it sends to one to one */
    double in, wish;                  /* records per second into that */
};

static struct model_host *host_of(const struct search *s, const struct model_vertex *vertex,
                                  uint32_t subtask)
{
    const struct model_task *task = &s->model->tasks.items[vertex->life.current.items[subtask]];
    return &s->model->hosts.items[task->life.host];
}

/* The part of the vertex's records that it gets; while none flow, as if sources read alike. */
static double weight_of(const struct search *s, const struct model_vertex *vertex, uint32_t subtask)
{
    double sum = 0, all = 0;
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources)) {
        double rate = s->in > 0 ? s->job->sources.items[s->component->sources.items[*k]].rate : 1;
        sum += rate * vertex->shape.share[*k * vertex->parallelism + subtask];
        all += rate * vertex->shape.gain[*k];
    }
    return all > 0 ? sum / all : 1.0 / vertex->parallelism;
}

bool behind_stands(const struct model_host *host)
{
    return host->life.frozen || host->life.cut_off || host->stalled;
}

/* Or a snapshot of its own holds it. */
static bool is_halted(const struct search *s, uint32_t subtask)
{
    return behind_stands(host_of(s, s->to, subtask)) ||
           s->model->tasks.items[s->to->life.current.items[subtask]].blocked;
}

/* What the subtasks on each host get together, and how busy its cores are. */
static void find_hosts(const struct search *s)
{
    uint64_t round = ++s->model->deals;
    for (uint32_t i = 0; i < s->holds->parallelism; i++) {
        struct model_host *host = host_of(s, s->holds, i);
        double cores = host->life.machine->cores * host->life.speed;
        if (host->deal.round != round)
            host->deal =
                (struct host_deal){ .round = round, .use = net_cores_used(s->model, host) / cores };
        host->deal.weight += weight_of(s, s->holds, i);
        host->deal.readers++;
    }
}

/* Its thread lets so much through. Where cores are short those subtasks of a vertex that always
 * have work get equal parts of them, whatever part of the records is theirs. */
static double could_read(const struct search *s, uint32_t subtask, double weight)
{
    const struct model_host *host = host_of(s, s->holds, subtask);
    double busy = s->in * weight * vertex_service(s->holds, host->life.speed, 1);
    double pace = busy > 0 ? 1 / busy : INFINITY;
    if (!s->net->contention.possible || !(host->deal.use > 0) || !(busy > 0) ||
        s->holds->spec->cost_ns == 0)
        return pace;
    return fmin(pace, host->deal.weight / host->deal.readers / (weight * host->deal.use));
}

/* Those that wait for room in their outputs are read from in turn, each as much. While nothing
 * flows only those are behind that hold the others up. */
static double keeps_up(const struct search *s, uint32_t subtask)
{
    double weight = weight_of(s, s->holds, subtask);
    if (!(s->in > 0))
        return is_halted(s, subtask) ? 0 : INFINITY;
    if (!s->holds->flow.backpressured)
        return could_read(s, subtask, weight);
    return weight > 0 ? 1 / (weight * s->holds->parallelism) : INFINITY;
}

/* With the forward edge's ends at different parallelism, as a rescale may leave them, none is. */
static const struct model_vertex *behind_forward(const struct model_job *job,
                                                 const struct model_vertex *vertex)
{
    const struct job_graph *graph = job->spec->graph;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].outputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        const struct model_vertex *next = &job->vertices[edge->consumer.n];
        if (edge->partitioner == PARTITION_FORWARD && next->parallelism == vertex->parallelism &&
            next->flow.congested && next->shape.share)
            return next;
    }
    return NULL;
}

/* The vertex that holds it up, as far as subtasks send one to one on the way there. */
static const struct model_vertex *held_by(const struct model_job *job,
                                          const struct model_vertex *vertex)
{
    for (const struct model_vertex *next = vertex; next && vertex->flow.backpressured;) {
        next = behind_forward(job, vertex);
        vertex = next ? next : vertex;
    }
    return vertex;
}

/* Nobody is behind another one: the network holds all of them up, or nothing does just now. */
static bool is_even(const struct search *s, double slowest)
{
    const struct vertex_flow *flow = &s->holds->flow;
    bool own = s->in > 0 && !flow->backpressured && !flow->contended;
    return slowest >= s->wish || (own && slowest > 1 + to_spare);
}

static void find_paces(const struct search *s, double *paces, double *weights)
{
    double slowest = INFINITY;
    for (uint32_t i = 0; i < s->to->parallelism; i++) {
        weights[i] = weight_of(s, s->to, i);
        paces[i] = keeps_up(s, i);
        slowest = fmin(slowest, paces[i]);
    }
    for (uint32_t i = 0; i < s->to->parallelism && is_even(s, slowest); i++)
        paces[i] = 1;
}

static void sum_up(struct behind *out, uint32_t parallelism)
{
    uint32_t first = out->order[0];
    out->slowest = first;
    out->keeps = out->paces[first];
    for (uint32_t i = 0; i < parallelism && out->paces[out->order[i]] < out->wish; i++) {
        uint32_t s = out->order[i];
        bool last = out->paces[s] <= out->keeps * (1 + alike);
        out->count++;
        out->spread += out->weights[s] * (out->wish - out->paces[s]) / (out->wish - out->keeps);
        out->last += last;
        out->last_weight += last ? out->weights[s] : 0;
        if (last && out->weights[s] > out->weights[out->slowest])
            out->slowest = s;
    }
    out->weight = out->weights[out->slowest];
}

struct behind behind_alike(uint32_t count)
{
    return (struct behind){ .count = count,
                            .last = count,
                            .weight = 1.0 / count,
                            .last_weight = 1,
                            .keeps = 1,
                            .wish = 2,
                            .spread = 1 };
}

void behind_find(struct model *model, struct net *net, struct model_job *job,
                 const struct component *component, const struct model_vertex *vertex, double wish,
                 struct behind *out)
{
    uint32_t count = vertex->parallelism;
    struct search s = { model, net, job, component, vertex, held_by(job, vertex), 0, wish };
    s.in = vertex_in_rate(job, component, s.holds);
    if (s.in > 0 && net->contention.possible)
        find_hosts(&s);
    vec_resize(&model->amounts, 2 * (size_t)count);
    vec_resize(&model->numbers, 2 * (size_t)count);
    double *paces = model->amounts.items, *weights = paces + count;
    uint32_t *order = model->numbers.items;
    find_paces(&s, paces, weights);
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    order_by_value(order, count, paces, order + count);
    *out = (struct behind){
        .wish = fmax(wish, 1 + to_spare), .order = order, .paces = paces, .weights = weights
    };
    sum_up(out, count);
}

/* Those that are behind have got A records for each of theirs when they have read, without a pause,
 * for a time t: before one that keeps up with c there are A - c t, nothing if it keeps up with v =
 * A / t. So a full pool is t times the sum of (v - c) over those with c < v, and what there is
 * before the slowest by all that is in the pool is y = (v - c) / sum, which grows while v falls. */
struct outrun {
    uint32_t count; /* those that are behind still */
    double weight, read;
};

static void drop(const struct behind *behind, struct outrun *outrun, double y)
{
    while (outrun->count > behind->last) {
        uint32_t s = behind->order[outrun->count - 1];
        double v = behind->paces[s], sum = outrun->weight * v - outrun->read;
        if (v - behind->keeps >= y * sum)
            return;
        outrun->count--;
        outrun->weight -= behind->weights[s];
        outrun->read -= behind->weights[s] * v;
    }
}

void behind_paces(const struct behind *behind, double most, double paces[BEHIND_STEPS],
                  double *left)
{
    double slack = behind->wish - behind->keeps, y = 1 / behind->spread, at = y / slack;
    double step = y * (most - 1) / BEHIND_STEPS;
    struct outrun outrun = { .count = behind->count };
    for (uint32_t i = 0; i < behind->count && behind->order; i++) {
        outrun.weight += behind->weights[behind->order[i]];
        outrun.read += behind->weights[behind->order[i]] * behind->paces[behind->order[i]];
    }
    for (int i = 0; i < BEHIND_STEPS; i++) {
        paces[i] = 0;
        y += step;
        drop(behind, &outrun, y);
        if (!(step > 0) || outrun.count <= behind->last)
            continue; /* none is left to leave something */
        double v = (y * outrun.read - behind->keeps) / (y * outrun.weight - 1);
        double until = y / (v - behind->keeps);
        paces[i] = step / (until - at) / slack;
        at = until;
    }
    *left = fmax(outrun.read - behind->keeps * outrun.weight, 0) / slack;
}
