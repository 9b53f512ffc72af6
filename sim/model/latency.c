/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency along the slowest way: delays are added vertex by vertex in topological order, and where
 * ways join the one with the larger mean counts. See docs/model.md, latency.
 */
#include "sim/model/latency.h"

#include <math.h>

#include "sim/model/order.h"
#include "sim/model/state.h"

enum { BANDS = 16 };

double vertex_in_rate(const struct model_job *job, const struct component *component,
                      const struct model_vertex *vertex)
{
    double rate = 0;
    for (size_t k = 0; vertex->shape.gain && k < component->sources.count; k++)
        rate += vertex->shape.gain[k] * job->sources.items[component->sources.items[k]].rate;
    return rate;
}

/* Bytes that fit into the full buffers, and bytes that have arrived and are not read. */
struct buffer_bounds {
    double room, arrived;
};

static struct buffer_bounds buffer_bounds(const struct model *model, struct model_job *job,
                                          const struct component *component)
{
    struct buffer_bounds bounds = { 0, 0 };
    for (VEC_EACH(const uint32_t, id, &component->vertices))
        if (job->vertices[*id].flow.congested)
            bounds.room += job->vertices[*id].flow.buffer_bytes;
    for (VEC_EACH(const uint32_t, s, &component->sources)) {
        struct model_source *source = &job->sources.items[*s];
        bounds.arrived += source_backlog(source, model->net.at) *
                          job->vertices[source->vertex].spec->record_bytes;
    }
    return bounds;
}

/* What is in buffers counts as not read, so it is part of the backlog. */
static double bytes_in_buffers(const struct component *component,
                               const struct buffer_bounds *bounds)
{
    return fmin(fmin(component->fill_bytes, bounds->arrived), bounds->room);
}

double buffers_full(const struct model *model, struct model_job *job,
                    const struct component *component)
{
    struct buffer_bounds bounds = buffer_bounds(model, job, component);
    return bounds.room > 0 ? bytes_in_buffers(component, &bounds) / bounds.room : 0;
}

/* Of the backlog of a source, what subtasks could read if those behind them took it. */
static double backlog_held_up(const struct model *model, struct model_source *source)
{
    double sum = 0;
    for (VEC_EACH(const struct partition_group, group, &source->groups))
        if (group->class != GROUP_IDLE && model->net.classes.items[group->class].backpressured)
            sum += group->count *
                   fmax(source_arrived(source, group, model->net.at) - group->position, 0);
    return sum;
}

double source_ahead(const struct model *model, struct model_job *job, struct model_source *source)
{
    const struct component *component =
        &job->components.items[job->vertices[source->vertex].component];
    if (!source->active || !(component->fill_bytes > 0))
        return 0;
    struct buffer_bounds bounds = buffer_bounds(model, job, component);
    if (!(bounds.arrived > 0))
        return 0;
    return bytes_in_buffers(component, &bounds) * backlog_held_up(model, source) / bounds.arrived;
}

double vertex_bytes_ahead(const struct model *model, struct model_job *job,
                          const struct component *component, const struct model_vertex *vertex)
{
    return vertex->flow.congested ? buffers_full(model, job, component) * vertex->flow.buffer_bytes
                                  : 0;
}

double vertex_bytes_in(const struct model_job *job, const struct component *component,
                       const struct model_vertex *vertex)
{
    const struct job_graph *graph = job->spec->graph;
    double sum = 0;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        const struct model_vertex *from = &job->vertices[edge->producer.n];
        double copies = edge->partitioner == PARTITION_BROADCAST ? vertex->parallelism : 1;
        sum += vertex_in_rate(job, component, from) * from->spec->selectivity * copies *
               from->spec->record_bytes;
    }
    return sum;
}

double vertex_utilisation_most(const struct model *model, const struct model_job *job,
                               const struct model_vertex *vertex)
{
    const struct component *component = &job->components.items[vertex->component];
    double most = 0;
    if (!component->active)
        return 0;
    for (size_t k = 0; vertex->shape.share && k < component->sources.count; k++)
        most += vertex->flow.busiest[k] * job->sources.items[component->sources.items[k]].rate;
    for (VEC_EACH(const struct class_work, work, &model->net.work))
        if (&model->jobs[work->job] == job && work->vertex == vertex->id)
            most = fmax(most, work->busiest * model->net.classes.items[work->class].rate);
    return most;
}

/* Work per record of the vertex, of the subtask, and its part of the records. */
static struct load_band task_load(const struct model *model, const struct model_job *job,
                                  const struct component *component,
                                  const struct model_vertex *vertex, uint32_t s, double in)
{
    const struct model_host *host =
        &model->hosts.items[model->tasks.items[vertex->current.items[s]].host];
    double busy = (vertex->spec->cost_ns / host->speed + vertex->spec->wait_ns) / (double)TIME_S;
    double records = 0;
    for (size_t k = 0; k < component->sources.count; k++)
        records += vertex->shape.share[k * vertex->parallelism + s] *
                   job->sources.items[component->sources.items[k]].rate;
    return (struct load_band){ records / in, busy * records / in };
}

/* Bands of a factor of the square root of two, from the busiest subtask down. */
static void make_bands(const struct model *model, const struct model_job *job,
                       const struct component *component, struct model_vertex *vertex, double in)
{
    struct vertex_flow *flow = &vertex->flow;
    double most = 0, sums[BANDS] = { 0 }, weights[BANDS] = { 0 };
    for (uint32_t s = 0; s < vertex->parallelism; s++)
        most = fmax(most, task_load(model, job, component, vertex, s, in).busy);
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        struct load_band load = task_load(model, job, component, vertex, s, in);
        int band = 0;
        for (double limit = most / M_SQRT2; band + 1 < BANDS && load.busy <= limit; band++)
            limit /= M_SQRT2;
        weights[band] += load.weight;
        sums[band] += load.weight * load.busy;
    }
    vec_clear(&flow->bands);
    for (int band = 0; band < BANDS; band++)
        if (weights[band] > 0)
            vec_push(&flow->bands, (struct load_band){ weights[band], sums[band] / weights[band] });
    flow->bands_round = model->net.round;
}

/* Mean and variance of a mixture, built up part by part. */
struct mixture {
    double weight, mean, second;
};

static void mixture_add(struct mixture *mixture, double weight, double rho, double service,
                        double cv)
{
    struct moments wait = mg1_wait(fmin(rho, 0.9999), service, cv);
    mixture->weight += weight;
    mixture->mean += weight * wait.mean;
    mixture->second += weight * (wait.variance + wait.mean * wait.mean);
}

/* What one vertex adds: wait and service. */
struct stay {
    struct mixture wait;
    double busy; /* seconds of its tasks per second */
};

static void add_waits(const struct model *model, struct model_job *job,
                      const struct component *component, struct stay *stays)
{
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        struct stay *stay = &stays[*id];
        double in = vertex_in_rate(job, component, vertex);
        if (!vertex->shape.share || !(in > 0))
            continue;
        for (size_t k = 0; k < component->sources.count; k++)
            stay->busy +=
                vertex->flow.busy[k] * job->sources.items[component->sources.items[k]].rate;
        if (vertex->flow.bands_round != model->net.round)
            make_bands(model, job, component, vertex, in);
        for (VEC_EACH(const struct load_band, band, &vertex->flow.bands))
            mixture_add(&stay->wait, band->weight, band->busy * in, stay->busy / in,
                        vertex->spec->service_cv);
    }
    for (VEC_EACH(const struct class_work, work, &model->net.work)) {
        const struct net_class *class = &model->net.classes.items[work->class];
        struct model_vertex *vertex = &job->vertices[work->vertex];
        if (&model->jobs[work->job] != job || vertex->is_source || !(work->tasks > 0) ||
            &job->components.items[vertex->component] != component || !(class->rate > 0))
            continue;
        double rho = work->busy * class->rate / work->tasks;
        double in = class->rate * class->tasks, service = work->busy * class->rate / in;
        stays[work->vertex].busy += work->busy * class->rate;
        mixture_add(&stays[work->vertex].wait, in, rho, service, vertex->spec->service_cv);
    }
}

/* Wait and service; in front of a congested vertex its buffers are what there is to wait for. */
static void add_stay(const struct model *model, struct model_job *job,
                     const struct component *component, const struct model_vertex *vertex,
                     const struct stay *stay, struct delay *delay)
{
    double in = vertex_in_rate(job, component, vertex);
    double bytes_in = vertex_bytes_in(job, component, vertex);
    double service = in > 0 ? stay->busy / in : vertex->spec->cost_ns / (double)TIME_S;
    double cv = vertex->spec->service_cv;
    delay_add(delay, service, service * service * cv * cv);
    if (vertex->is_source)
        return;
    if (vertex->flow.congested) {
        if (bytes_in > 0)
            delay_add(delay, vertex_bytes_ahead(model, job, component, vertex) / bytes_in, 0);
        return;
    }
    if (!(stay->wait.weight > 0))
        return;
    double mean = stay->wait.mean / stay->wait.weight;
    double variance = stay->wait.second / stay->wait.weight - mean * mean;
    double most = bytes_in > 0 ? vertex->flow.buffer_bytes / bytes_in : mean;
    if (mean > most)
        delay_add(delay, most, 0);
    else
        delay_add(delay, mean, fmax(variance, 0));
}

static double network_latency(const struct model *model, const struct model_vertex *to)
{
    return to->flow.remote_share *
           (double)distribution_mean(&model->scenario->cluster.network.latency) / (double)TIME_S;
}

/* One edge: the network, and the wait until the buffer a record lies in is sent: full, or flushed
 * after the buffer timeout, whichever comes first; a record meets any moment of it. */
static void add_edge(const struct model *model, const struct model_job *job,
                     const struct component *component, const struct job_edge *edge,
                     struct delay *delay)
{
    const struct model_vertex *from = &job->vertices[edge->producer.n];
    const struct model_vertex *to = &job->vertices[edge->consumer.n];
    const struct config *config = &job->spec->graph->config;
    delay_add(delay, network_latency(model, to), 0);
    if (to->flow.congested)
        return; /* buffers leave full, and their queue is counted at the vertex */
    double channels = edge->pattern == DISTRIBUTION_ALL_TO_ALL
                          ? (double)from->parallelism * to->parallelism
                          : fmax(from->parallelism, to->parallelism);
    double copies = edge->partitioner == PARTITION_BROADCAST ? to->parallelism : 1;
    double bytes = vertex_in_rate(job, component, from) * from->spec->selectivity * copies *
                   from->spec->record_bytes / channels;
    double fill = bytes > 0 ? (double)config->buffer_size / bytes : INFINITY;
    double timeout = (double)config->buffer_timeout / (double)TIME_S;
    double range = timeout < 0 ? fill : fmin(timeout, fill);
    delay_add_even(delay, range < INFINITY ? range : 0);
}

static struct delay slowest_way(const struct model *model, struct model_job *job,
                                struct component *component)
{
    const struct job_graph *graph = job->spec->graph;
    struct delay *delays = mem_create_array(job->vertex_count, sizeof *delays);
    struct stay *stays = mem_create_array(job->vertex_count, sizeof *stays);
    struct delay slowest = { 0 };
    add_waits(model, job, component, stays);
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct delay *own = &delays[*id];
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[*id].inputs)) {
            struct delay way = delays[graph->edges.items[*e].producer.n];
            add_edge(model, job, component, &graph->edges.items[*e], &way);
            if (delay_mean(&way) > delay_mean(own))
                *own = way;
        }
        add_stay(model, job, component, &job->vertices[*id], &stays[*id], own);
        if (graph->vertices.items[*id].outputs.count == 0 && delay_mean(own) > delay_mean(&slowest))
            slowest = *own;
    }
    mem_destroy(delays);
    mem_destroy(stays);
    return slowest;
}

/* Percentiles of the lag over the records that are read now. */
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
            lags[i] = source_lag_seconds(source, group, model->net.at);
            rates[i] = group->rate * group->count;
            total += rates[i];
            order[i] = (uint32_t)i;
            i++;
        }
    order_by_value(order, count, lags, order + count);
    for (size_t at = 0, q = 0; at < count && q < QUANTILE_COUNT; at++) {
        sum += rates[order[at]];
        while (q < QUANTILE_COUNT && (at + 1 == count || sum >= share[q] * total))
            out[q++] = total > 0 || at + 1 == count ? lags[order[at]] : 0;
    }
    mem_destroy(lags);
    mem_destroy(order);
}

void latency_of_job(struct model *model, struct model_job *job, double *out)
{
    struct delay slowest = { 0 };
    bool flows = false;
    for (size_t q = 0; q < QUANTILE_COUNT; q++)
        out[q] = 0;
    for (VEC_EACH(struct component, component, &job->components)) {
        if (!component->active)
            continue;
        struct delay way = slowest_way(model, job, component);
        if (delay_mean(&way) > delay_mean(&slowest))
            slowest = way;
        flows = true;
    }
    lag_quantiles(model, job, out);
    if (!flows)
        return;
    for (size_t q = 0; q < QUANTILE_COUNT; q++)
        out[q] += delay_quantile(&slowest, (enum quantile)q);
}

double latency_of_barrier(struct model *model, struct model_job *job, uint32_t v)
{
    struct model_vertex *vertex = &job->vertices[v];
    struct component *component = &job->components.items[vertex->component];
    double seconds = network_latency(model, vertex);
    if (vertex->flow.congested)
        return seconds;
    struct stay *stays = mem_create_array(job->vertex_count, sizeof *stays);
    add_waits(model, job, component, stays);
    if (stays[v].wait.weight > 0)
        seconds += stays[v].wait.mean / stays[v].wait.weight;
    mem_destroy(stays);
    return seconds;
}
