/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools and channels: how many buffers a sender has for a subtask that is behind, and how many of
 * its own that has for its senders.
 */
#include "sim/model/deal.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/state.h"

/* The buffers in front of one vertex. */
struct dealing {
    const struct model *model;
    const struct net *net;
    const struct model_job *job;
    const struct component *component;
    const struct model_vertex *to;
    struct behind behind; /* its subtasks */
};

/* Of a pointwise edge's readers: how many read from another host. */
static double remote_share(const struct dealing *d, uint32_t e)
{
    const struct job_edge *edge = &d->job->spec->graph->edges.items[e];
    const struct model_vertex *from = &d->job->vertices[edge->producer.n];
    double remote = 0;
    for (uint32_t s = 0; s < d->to->parallelism; s++) {
        uint32_t reader = d->to->life.current.items[s];
        uint32_t sender = from->life.current.items[edge_producers_of(&d->job->plan, e, s).first];
        remote +=
            reader == NONE || sender == NONE ||
            d->model->tasks.items[reader].life.host != d->model->tasks.items[sender].life.host;
    }
    return remote / d->to->parallelism;
}

/* Senders of a shuffle on the same host. */
static double senders_beside(const struct dealing *d, uint32_t shuffle, const struct model_host *at)
{
    const struct net_place *places = d->net->places.items;
    for (uint32_t p = d->component->first_place;
         p < d->component->first_place + d->component->place_count; p++)
        if (&d->model->hosts.items[d->net->slots.items[places[p].slot].host] == at)
            return d->net->ends.items[places[p].first_end + shuffle].producers;
    return 0;
}

/* The channels that one subtask reads. */
struct channels {
    double senders, remote; /* that fill; of them, on other hosts */
    double readers;         /* of one sender */
    double floating;        /* does its gate use floating buffers, 0 to 1 */
};

static struct channels channels_of(const struct dealing *d, uint32_t e)
{
    const struct job_edge *edge = &d->job->spec->graph->edges.items[e];
    double from = d->job->vertices[edge->producer.n].parallelism, to = d->to->parallelism;
    if (d->job->edge_slot[e] == NONE) {
        double remote = d->component->place_count > 1 ? remote_share(d, e) : 0;
        double senders = fmax(from / to, 1);
        return (struct channels){ senders, senders * remote, fmax(to / from, 1), remote };
    }
    const struct model_task *task =
        &d->model->tasks.items[d->to->life.current.items[d->behind.slowest]];
    const struct model_host *host = &d->model->hosts.items[task->life.host];
    double remote = from - senders_beside(d, d->job->edge_slot[e], host);
    return (struct channels){ behind_stands(host) ? remote : from, remote, to, remote > 0 };
}

/* Of one sender, for the slowest, at first and in the end; for those that are not behind it has an
 * open one each. What an output sends to all is one buffer for all. */
static void deal_pool(const struct dealing *d, const struct channels *channels, bool broadcast,
                      double *even, double *most)
{
    const struct behind *behind = &d->behind;
    double pool = config_output_buffers(&d->job->spec->graph->config, (uint32_t)channels->readers);
    double part = channels->readers / d->to->parallelism;
    double count = behind->count * part, last = fmax(behind->last * part, 1);
    double share = fmin(behind->weight / (behind->spread * part), 1);
    *even = fmin((pool - (channels->readers - count)) * share, CONFIG_CHANNEL_BUFFERS_MAX);
    *most = fmin((pool - (channels->readers - last)) / last, CONFIG_CHANNEL_BUFFERS_MAX);
    if (behind->last == d->to->parallelism || *most < *even)
        *most = *even;
    if (broadcast)
        *even = *most = pool;
}

/* Debloating: so that what is before the slowest is read within the target. One that reads nothing
 * tells its senders nothing. */
static double size_of(const struct dealing *d, double buffers, double rate)
{
    const struct config *config = &d->job->spec->graph->config;
    double size = (double)config->buffer_size, least = (double)config->buffer_size_min;
    double wanted = rate * (double)config->debloat_target / (double)TIME_S / buffers;
    return config->debloat && rate > 0 ? fmin(fmax(wanted, least), size) : size;
}

/* rate: bytes per second of the inputs that have it. Inputs are read in turn, so the vertex goes on
 * with the others meanwhile: it reads as much more. */
static struct deal_stage stage_of(const struct dealing *d, double buffers, double held, double rate)
{
    double all = vertex_bytes_in(d->job, d->component, d->to);
    double size = size_of(d, buffers, rate), bytes = buffers * size;
    return (struct deal_stage){ bytes * (rate > 0 ? all / rate : 1), bytes * held, size };
}

/* A sender that never waits for room has nothing in its buffers but what is on its way. Where all
 * stand still nobody says who waits. */
static bool is_full(const struct dealing *d, uint32_t e, bool any)
{
    const struct job_edge *edge = &d->job->spec->graph->edges.items[e];
    return !any || d->job->vertices[edge->producer.n].flow.backpressured;
}

static double sender_seconds(const struct dealing *d, const struct model_vertex *from, uint32_t s)
{
    uint32_t task = from->life.current.items[s];
    if (task == NONE)
        return INFINITY; /* it sends nothing */
    uint32_t host = d->model->tasks.items[task].life.host;
    return vertex_service(from, d->model->hosts.items[host].life.speed, 1);
}

/* Of those that wait for credits nothing lies at the reader, and what is on its way there is not
 * behind anything. The reader has time to spare, so buffers stay whole. */
static void deal_window(const struct dealing *d, struct buffer_deal *out)
{
    const struct job_graph *graph = d->job->spec->graph;
    struct deal_stage stage = { .size = (double)graph->config.buffer_size };
    double wait = 0;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[d->to->id].inputs)) {
        const struct model_vertex *from = &d->job->vertices[graph->edges.items[*e].producer.n];
        for (uint32_t s = 0; s < from->parallelism; s++) {
            const struct net_window *window =
                net_window_of(d->net, from, s, sender_seconds(d, from, s));
            if (!window || window->to != d->to->id)
                continue;
            wait = fmax(wait, window->wait);
            stage.held += window->held;
        }
    }
    stage.ahead = wait * vertex_bytes_in(d->job, d->component, d->to);
    out->even = out->most = stage;
    behind_paces(&d->behind, 1, out->paces, &out->left);
}

/* Of the buffers that the slowest has for those on other hosts: on their way with what comes before
 * a barrier or as credits. Where these are never short it is next to nothing. */
static double under_way(const struct dealing *d, const struct channels *channels, double bytes)
{
    const struct config *config = &d->job->spec->graph->config;
    double remote = bytes * d->behind.weight * channels->remote / channels->senders;
    return config->debloat ? 0 : remote * d->to->flow.credit_trip / (double)config->buffer_size;
}

static void deal(const struct dealing *d, struct buffer_deal *out)
{
    const struct job_graph *graph = d->job->spec->graph;
    const struct config *config = &graph->config;
    double even = 0, most = 0, at_reader = 0, rate = 0;
    bool any = false;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[d->to->id].inputs))
        any |= is_full(d, *e, true);
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[d->to->id].inputs)) {
        if (!is_full(d, *e, any))
            continue;
        const struct channels channels = channels_of(d, *e);
        bool broadcast = graph->edges.items[*e].partitioner == PARTITION_BROADCAST;
        double first, last;
        deal_pool(d, &channels, broadcast, &first, &last);
        even += channels.senders * first;
        most += channels.senders * last;
        double bytes = edge_bytes_per_s(d->job, d->component, *e);
        double own = channels.remote * (double)config->buffers_per_channel +
                     channels.floating * (double)config->buffers_per_gate;
        at_reader += fmax(own - under_way(d, &channels, bytes), 0);
        rate += bytes;
    }
    out->even = stage_of(d, (even + at_reader) / d->behind.weight, d->behind.spread, rate);
    out->most = stage_of(d, (most + at_reader) / d->behind.weight, d->behind.last_weight, rate);
    behind_paces(&d->behind, even > 0 ? most / even : 1, out->paces, &out->left);
}

void deal_find(struct model *model, struct net *net, struct model_job *job,
               const struct component *component, struct model_vertex *vertex, double wish)
{
    struct dealing d = { model, net, job, component, vertex, behind_alike(vertex->parallelism) };
    if (vertex->shape.share) /* pipelines do not hold each other up */
        behind_find(model, net, job, component, vertex, wish, &d.behind);
    vertex->flow.deal.round = net->round;
    vertex->flow.deal.slowest = d.behind.slowest;
    vertex->flow.deal.weight = d.behind.weight;
    if (vertex->flow.windowed && d.behind.last == vertex->parallelism)
        deal_window(&d, &vertex->flow.deal);
    else
        deal(&d, &vertex->flow.deal);
}
