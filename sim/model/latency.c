/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency along the slowest way: delays are added vertex by vertex in topological order, and where
 * ways join the one with the larger mean counts. See docs/model.md, latency.
 */
#include "sim/model/latency.h"

#include <math.h>

#include "sim/model/order.h"
#include "sim/model/passage.h"
#include "sim/model/recent.h"
#include "sim/model/state.h"
#include "sim/model/stay.h"

double vertex_in_rate(const struct model_job *job, const struct component *component,
                      const struct model_vertex *vertex)
{
    double rate = 0;
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
        rate += vertex->shape.gain[*k] * job->sources.items[component->sources.items[*k]].rate;
    return rate;
}

double vertex_service(const struct model_vertex *vertex, double speed, double slowdown)
{
    return (vertex->spec->cost_ns / speed * slowdown + vertex->spec->wait_ns) / (double)TIME_S;
}

double vertex_bytes_in(const struct model_job *job, const struct component *component,
                       const struct model_vertex *vertex)
{
    double sum = 0;
    for (VEC_EACH(const uint32_t, e, &job->spec->graph->vertices.items[vertex->id].inputs))
        sum += edge_bytes_per_s(job, component, *e);
    return sum;
}

/* Of one edge, from behind one vertex to in front of the other. */
struct passage {
    uint32_t edge;
    double network; /* mean */
    double range;   /* until the buffer a record lies in is sent: any time up to this */
};

/* A record meets any moment of the time in which a buffer fills or comes to be sent for another
 * reason. A barrier follows what it has sent from vertex to vertex and sends it there, too: so all
 * buffers of the way together hold no record for longer than from one barrier to the next.
 * waited: in the buffers before, at most. */
static struct passage passage_of(struct model *model, struct model_job *job,
                                 const struct component *component, uint32_t e,
                                 const struct variation *sent, double waited)
{
    struct passage passage = { .edge = e };
    passage.network = passage_mean(model, job, component, e, sent).mean;
    double fill = edge_flow_of(model, job, component, e).fill;
    time_ns period = component_barrier_period(model, component);
    passage.range = fill < INFINITY ? fill : 0;
    if (period != TIME_NEVER)
        passage.range = fmin(passage.range, fmax((double)period / (double)TIME_S - waited, 0));
    return passage;
}

/* By vertex: the slowest way there. */
struct way {
    double mean;            /* from the source to behind the vertex */
    double waited;          /* of it in buffers, at most */
    uint32_t from;          /* the vertex before; NONE: a source */
    struct passage passage; /* from there */
};

static void find_way(struct model *model, struct model_job *job, const struct component *component,
                     const struct model_vertex *vertex, const struct stays *stays, struct way *ways)
{
    const struct job_graph *graph = job->spec->graph;
    struct way *own = &ways[vertex->id];
    own->from = NONE;
    own->waited = 0;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        const struct way *before = &ways[edge->producer.n];
        struct passage passage = passage_of(model, job, component, *e,
                                            &stays[edge->producer.n].departures, before->waited);
        double mean = before->mean + passage.network + passage.range / 2;
        if (own->from != NONE && mean <= own->mean)
            continue;
        own->mean = mean;
        own->waited = before->waited + passage.range;
        own->from = edge->producer.n;
        own->passage = passage;
    }
    own->mean += stays_mean(&stays[vertex->id]);
}

static void add_way(struct model *model, struct model_job *job, const struct component *component,
                    const struct way *ways, const struct stays *stays, uint32_t v,
                    struct delay *delay)
{
    for (; v != NONE; v = ways[v].from) {
        delay_add_stays(delay, stays[v].items.items, stays[v].items.count);
        if (ways[v].from == NONE)
            break;
        passage_add(model, job, component, ways[v].passage.edge, &stays[ways[v].from].departures,
                    delay);
        delay_add_even(delay, ways[v].passage.range);
    }
}

/* Takes the slowest way through the component when it is slower than the one there is. */
static void slowest_way(struct model *model, struct model_job *job,
                        const struct component *component, struct delay *delay)
{
    const struct job_graph *graph = job->spec->graph;
    struct way *ways = mem_create_array(job->vertex_count, sizeof *ways);
    struct stays *stays = mem_create_array(job->vertex_count, sizeof *stays);
    uint32_t end = NONE;
    double slowest = delay_mean(delay);
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        stays_find(model, job, component, vertex, &stays[*id]);
        stays_correct(model, job, component, vertex, stays);
        stays_merge(&stays[*id]);
        stays_relax(model, job, component, vertex, &(struct load_history){ 0 }, &stays[*id]);
        find_way(model, job, component, vertex, stays, ways);
        if (graph->vertices.items[*id].outputs.count == 0 && ways[*id].mean > slowest) {
            slowest = ways[*id].mean;
            end = *id;
        }
    }
    if (end != NONE) {
        delay_clear(delay);
        add_way(model, job, component, ways, stays, end, delay);
    }
    for (VEC_EACH(const uint32_t, id, &component->vertices))
        vec_fini(&stays[*id].items);
    mem_destroy(ways);
    mem_destroy(stays);
}

/* Percentiles of the lag over the records that are read now; while none are, the age of the oldest.
 */
static void lag_quantiles(struct model *model, struct model_job *job, double *out)
{
    static const double share[QUANTILE_COUNT] = { 0.5, 0.95, 0.99 };
    size_t count = 0, i = 0;
    double total = 0, sum = 0;
    for (VEC_EACH(const struct model_source, source, &job->sources))
        count += source->groups.count;
    double *lags = mem_create_array(count, 2 * sizeof *lags), *rates = lags + count;
    uint32_t *order = mem_create_array(count, 2 * sizeof *order);
    for (VEC_EACH(struct model_source, source, &job->sources))
        for (VEC_EACH(const struct partition_group, group, &source->groups)) {
            lags[i] = source_lag_seconds(source, group, model_now(model));
            rates[i] = group->rate * group->count;
            total += rates[i];
            order[i] = (uint32_t)i;
            i++;
        }
    order_by_value(order, count, lags, order + count);
    for (size_t at = 0, q = 0; at < count && q < QUANTILE_COUNT; at++) {
        sum += rates[order[at]];
        while (q < QUANTILE_COUNT && (at + 1 == count || (total > 0 && sum >= share[q] * total)))
            out[q++] = lags[order[at]];
    }
    mem_destroy(lags);
    mem_destroy(order);
}

/* Seconds since records could first arrive: none is older. */
static double age_most(const struct model *model, const struct model_job *job)
{
    time_ns now = model_now(model), first = now;
    for (VEC_EACH(const struct model_source, source, &job->sources))
        first = source->curve.from < first ? source->curve.from : first;
    return (double)(now - first) / (double)TIME_S;
}

void latency_of_job(struct model *model, struct model_job *job, double *out)
{
    struct delay delay = { 0 };
    double ways[QUANTILE_COUNT] = { 0 }, age = age_most(model, job);
    for (size_t q = 0; q < QUANTILE_COUNT; q++)
        out[q] = 0;
    for (VEC_EACH(const struct component, component, &job->components)) {
        struct net *net = net_of(model, component);
        if (!net)
            continue;
        contention_now(model, net);
        nic_loads_swap(net);
        nic_loads_now(model, net);
        slowest_way(model, job, component, &delay);
        nic_loads_swap(net);
    }
    recall_quantiles(&job->recall, &delay, ways);
    delay_fini(&delay);
    lag_quantiles(model, job, out);
    for (size_t q = 0; q < QUANTILE_COUNT; q++)
        out[q] = fmin(out[q] + ways[q], age);
}

static double wait_before(struct model *model, struct model_job *job,
                          const struct component *component, struct model_vertex *vertex,
                          struct load_history *history)
{
    struct net *net = net_of(model, component);
    if (vertex->flow.congested || !net)
        return 0;
    struct stays stays = { 0 };
    contention_now(model, net);
    stays_find(model, job, component, vertex, &stays);
    stays_relax(model, job, component, vertex, history, &stays);
    double seconds = stays_wait(&stays);
    vec_fini(&stays.items);
    return seconds;
}

double latency_of_wait(struct model *model, struct model_job *job, uint32_t v)
{
    struct model_vertex *vertex = &job->vertices[v];
    return wait_before(model, job, &job->components.items[vertex->component], vertex,
                       &(struct load_history){ 0 });
}

double latency_of_barrier(struct model *model, struct model_job *job, uint32_t v)
{
    struct model_vertex *vertex = &job->vertices[v];
    const struct component *component = &job->components.items[vertex->component];
    double seconds = 0;
    struct load_history history = { 0 };
    struct net *net = net_of(model, component);
    if (net)
        nic_loads_now(model, net);
    for (VEC_EACH(const uint32_t, e, &job->spec->graph->vertices.items[v].inputs))
        seconds = fmax(seconds, passage_longest(model, job, component, *e, &history));
    return seconds + wait_before(model, job, component, vertex, &history);
}
