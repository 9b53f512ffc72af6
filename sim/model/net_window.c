/* SPDX-License-Identifier: Apache-2.0
 *
 * Flink's credit-based flow control: a buffer leaves a subtask for another host when the reader has
 * one free for it, and that comes free a round trip later, when the buffer has been read. So of one
 * channel no more is under way than the exclusive buffers and the floating ones that it gets. These
 * go to channels whose sender tells of a backlog, and the backlogs of a subtask are all in one
 * pool: of all its channels no more is under way than that holds. See docs/model.md, credits.
 *
 * Cost: of an edge that may wait its subtasks, its hosts in order, and those pairs of hosts that
 * have something of their own.
 */
#include "sim/model/net_window.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/net_wire.h"
#include "sim/model/state.h"

/* One edge. Seconds are those per buffer that a sender fills for all of its channels together. */
struct edge_window {
    struct model *model;
    struct net *net;
    const struct model_job *job;
    const struct component *component;
    uint32_t e;
    const struct model_vertex *from;
    struct model_vertex *to;
    double made, records;       /* of a record of the sender; that fill a buffer */
    double exclusive, floating; /* buffers of a channel, of a gate */
    double most;                /* that a sender may have for one channel */
    double round_trip;          /* of links without anything of their own */
};

/* What is known of one sender. */
struct sender_window {
    double slowest;    /* seconds of the channel that is */
    double share, way; /* of that one: its part of the buffers; that by how long one is under way */
    double under_way;  /* the same of all channels together */
};

/* The channels that share a gate's floating buffers. */
struct gate_window {
    double share, all; /* parts of the buffers: the largest of a subtask here; of all of them */
    double read;       /* seconds that a buffer is read for */
    double level;      /* buffers a second of a channel that uses floating ones */
};

/* Of plain channels: how many may have to wait, and what they have under way. */
struct plain_sum {
    uint32_t channels;
    double under_way;
};

/* A shuffle. Plain: over links without anything of their own. */
struct shuffle_window {
    VEC(struct gate_window) gates;   /* by place of the component */
    VEC(struct sender_window) plain; /* the same: of who sends there and nowhere else */
    VEC(struct net_window) found;    /* the same */
    struct plain_sum all;            /* of all of them */
    VEC(double) loops, counts;       /* of the channels of one gate */
};

struct pointwise_window {
    VEC(struct sender_window) senders;
    VEC(double) trips, loops, counts; /* of the channels of one gate */
};

static double round_trip_of(const struct link_quality *link)
{
    return 2 * (double)time_add(distribution_mean(&link->latency), link->more_latency) /
           (double)TIME_S;
}

static double round_trip(const struct model *model, uint32_t a, uint32_t b)
{
    struct link_quality link = net_wire_link(model, a, b);
    return round_trip_of(&link);
}

static uint32_t host_at(const struct edge_window *w, uint32_t place)
{
    const struct net_place *p = &w->net->places.items[w->component->first_place + place];
    return w->net->slots.items[p->slot].host;
}

static struct net_pairs pairs_at(const struct edge_window *w, uint32_t place)
{
    return net_pairs_of(w->net, w->net->places.items[w->component->first_place + place].slot);
}

static const struct shuffle_end *end_at(const struct edge_window *w, uint32_t place)
{
    const struct net_place *p = &w->net->places.items[w->component->first_place + place];
    return &w->net->ends.items[p->first_end + w->job->edge_slot[w->e]];
}

static uint32_t host_of(const struct edge_window *w, const struct model_vertex *vertex, uint32_t s)
{
    uint32_t task = vertex->life.current.items[s];
    return task == NONE ? NONE : w->model->tasks.items[task].life.host;
}

static double read_seconds(const struct edge_window *w, uint32_t host)
{
    return w->records * vertex_service(w->to, w->model->hosts.items[host].life.speed, 1);
}

/* Channels that would have the same rate: those that are under way longest use the floating
 * buffers, the others get by with their own. Rounds: as many as there are kinds of links, at most.
 */
static double level_of(const struct edge_window *w, const double *loops, const double *counts,
                       size_t count)
{
    double level = INFINITY;
    for (;;) {
        double loop = 0, channels = 0;
        for (size_t i = 0; i < count; i++)
            if (level * loops[i] > w->exclusive) {
                loop += counts[i] * loops[i];
                channels += counts[i];
            }
        double next = loop > 0 ? (w->floating + channels * w->exclusive) / loop : level;
        if (!(next < level))
            return level;
        level = next;
    }
}

/* Of the gate with the longest way, the mean of its channels. */
static void note_trip(const struct edge_window *w, const double *loops, const double *counts,
                      size_t count, double read)
{
    double sum = 0, channels = 0;
    for (size_t i = 0; i < count; i++) {
        sum += counts[i] * (loops[i] - read);
        channels += counts[i];
    }
    if (channels > 0)
        w->to->flow.credit_trip = fmax(w->to->flow.credit_trip, sum / channels);
}

static double gate_level(const struct edge_window *w, const double *loops, const double *counts,
                         size_t count, double read)
{
    note_trip(w, loops, counts, count, read);
    return level_of(w, loops, counts, count);
}

/* Its exclusive buffers alone let the channel carry all that its reader can read. */
static bool reader_is_slower(const struct edge_window *w, double trip, double read)
{
    return trip <= (fmax(fmin(w->exclusive, w->most), 1) - 1) * read;
}

static void add_channel(const struct edge_window *w, const struct gate_window *gate, double trip,
                        struct sender_window *sender)
{
    double loop = trip + gate->read;
    double window = fmin(fmax(w->exclusive, gate->level * loop), w->most);
    window = fmax(window, 1);
    if (!(gate->share > 0) || reader_is_slower(w, trip, gate->read))
        return;
    double seconds = gate->share * loop / window;
    sender->under_way += gate->all * loop;
    if (seconds <= sender->slowest)
        return;
    sender->slowest = seconds;
    sender->share = gate->share;
    sender->way = gate->share * loop;
}

/* What one round trip carries of the buffers that a sender may have. Of a reader with exclusive
 * buffers: all. Else credits come together, for as many as were told with the last buffer, which is
 * what those before it had left in the queue: two round trips carry what that holds. */
static double carried_part(const struct edge_window *w)
{
    return w->exclusive > 0 ? 1 : 0.5;
}

/* From buffers to records of the sender. Those that wait for credits have its pool, each channel as
 * much of it as is under way there, and at most as one may have. */
static struct net_window window_of(const struct edge_window *w, const struct sender_window *sender,
                                   uint32_t readers)
{
    const struct job_graph *graph = w->job->spec->graph;
    double pool = config_output_buffers(&graph->config, readers);
    if (!(sender->slowest > 0))
        return (struct net_window){ .to = w->to->id };
    double each = fmax(sender->slowest, sender->under_way / pool);
    double queue = pool * sender->way / sender->under_way;
    double channels = w->most * sender->under_way / sender->way;
    double carried = fmax(sender->way / w->most, sender->under_way / pool) / carried_part(w);
    return (struct net_window){
        .seconds = fmax(each, carried) * w->made / w->records,
        .wait = fmin(queue, w->most) * each / sender->share,
        .held = fmin(pool, channels) * (double)graph->config.buffer_size,
        .to = w->to->id,
    };
}

static void take(const struct edge_window *w, uint32_t subtask, const struct net_window *found)
{
    struct net_window *window = &w->net->windows.items[w->from->flow.first_window + subtask];
    if (found->seconds > window->seconds)
        *window = *found;
}

/* Which part of the records each place gets. What goes to all is one buffer for all. */
static void find_shares(const struct edge_window *w, struct shuffle_window *all)
{
    const struct job_edge *edge = &w->job->spec->graph->edges.items[w->e];
    bool broadcast = edge->partitioner == PARTITION_BROADCAST;
    for (uint32_t s = 0; s < w->to->parallelism; s++) {
        uint32_t host = host_of(w, w->to, s);
        if (host == NONE)
            continue;
        uint32_t slot = w->model->hosts.items[host].slot;
        struct gate_window *gate = &all->gates.items[net_place_number(w->net, w->component, slot)];
        double share = shape_edge_share(w->model, w->to, edge->partitioner, s);
        gate->share = fmax(gate->share, share);
        gate->all += broadcast ? share / w->to->parallelism : share;
    }
}

static double level_at(const struct edge_window *w, uint32_t place, double read,
                       struct shuffle_window *all)
{
    struct net_pairs pairs = pairs_at(w, place);
    double plain = (double)w->from->parallelism - end_at(w, place)->producers;
    vec_clear(&all->loops);
    vec_clear(&all->counts);
    for (VEC_EACH(const struct net_pair, pair, &pairs)) {
        uint32_t other = net_place_number(w->net, w->component, pair->slot);
        if (other == NONE)
            continue;
        plain -= end_at(w, other)->producers;
        vec_push(&all->loops, round_trip_of(&pair->link) + read);
        vec_push(&all->counts, end_at(w, other)->producers);
    }
    vec_push(&all->loops, w->round_trip + read);
    vec_push(&all->counts, plain);
    return gate_level(w, all->loops.items, all->counts.items, all->loops.count, read);
}

static void count_plain(struct plain_sum *sum, const struct sender_window *one)
{
    sum->channels += one->slowest > 0;
    sum->under_way += one->under_way;
}

static void discount_plain(struct plain_sum *sum, const struct sender_window *one)
{
    sum->channels -= one->slowest > 0;
    sum->under_way -= one->under_way;
}

static void find_gates(const struct edge_window *w, struct shuffle_window *all)
{
    vec_resize(&all->gates, w->component->place_count);
    vec_resize(&all->plain, w->component->place_count);
    find_shares(w, all);
    ranking_clear(&w->net->ranking);
    for (uint32_t p = 0; p < w->component->place_count; p++) {
        struct gate_window *gate = &all->gates.items[p];
        gate->read = read_seconds(w, host_at(w, p));
        gate->level = level_at(w, p, gate->read, all);
        add_channel(w, gate, w->round_trip, &all->plain.items[p]);
        count_plain(&all->all, &all->plain.items[p]);
        ranking_add(&w->net->ranking, all->plain.items[p].slowest, 0);
    }
    ranking_sort(&w->net->ranking, 1);
}

/* Its channels over links of their own one by one; of the others the slowest, and what is under way
 * on all but these. */
static struct sender_window sender_at(const struct edge_window *w, const struct shuffle_window *all,
                                      uint32_t place)
{
    struct net_pairs pairs = pairs_at(w, place);
    struct sender_window own = { 0 };
    struct plain_sum rest = all->all;
    ranking_ask(&w->net->ranking);
    ranking_leave_out(&w->net->ranking, place);
    discount_plain(&rest, &all->plain.items[place]);
    for (VEC_EACH(const struct net_pair, pair, &pairs)) {
        uint32_t other = net_place_number(w->net, w->component, pair->slot);
        if (other == NONE)
            continue;
        ranking_leave_out(&w->net->ranking, other);
        discount_plain(&rest, &all->plain.items[other]);
        add_channel(w, &all->gates.items[other], round_trip_of(&pair->link), &own);
    }
    if (rest.channels == 0) /* else what is left of the sum may be a rounding error */
        return own;
    const struct sender_window *slowest = &all->plain.items[ranking_first(&w->net->ranking, 0)];
    double under_way = own.under_way + rest.under_way;
    if (slowest->slowest > own.slowest)
        own = *slowest;
    own.under_way = under_way;
    return own;
}

static void find_shuffle(const struct edge_window *w)
{
    struct shuffle_window all = { 0 };
    find_gates(w, &all);
    vec_resize(&all.found, w->component->place_count);
    for (uint32_t p = 0; p < w->component->place_count; p++)
        if (end_at(w, p)->producers > 0) {
            struct sender_window sender = sender_at(w, &all, p);
            all.found.items[p] = window_of(w, &sender, w->to->parallelism);
        }
    for (uint32_t s = 0; s < w->from->parallelism; s++) {
        uint32_t host = host_of(w, w->from, s);
        if (host == NONE)
            continue;
        uint32_t slot = w->model->hosts.items[host].slot;
        take(w, s, &all.found.items[net_place_number(w->net, w->component, slot)]);
    }
    vec_fini(&all.gates);
    vec_fini(&all.plain);
    vec_fini(&all.found);
    vec_fini(&all.loops);
    vec_fini(&all.counts);
}

static uint32_t readers_of(const struct edge_window *w, uint32_t sender)
{
    struct subtask_range range = edge_consumers_of(&w->job->plan, w->e, sender);
    return range.last - range.first + 1;
}

/* One gate of a pointwise edge. */
static void add_gate(const struct edge_window *w, uint32_t reader, struct pointwise_window *all)
{
    struct subtask_range from = edge_producers_of(&w->job->plan, w->e, reader);
    uint32_t host = host_of(w, w->to, reader);
    if (host == NONE)
        return;
    struct gate_window gate = { .read = read_seconds(w, host) };
    vec_clear(&all->trips);
    vec_clear(&all->loops);
    vec_clear(&all->counts);
    for (uint32_t s = from.first; s <= from.last; s++) {
        uint32_t other = host_of(w, w->from, s);
        bool remote = other != NONE && other != host;
        vec_push(&all->trips, remote ? round_trip(w->model, other, host) : 0);
        vec_push(&all->loops, vec_last(&all->trips) + gate.read);
        vec_push(&all->counts, remote);
    }
    gate.level = gate_level(w, all->loops.items, all->counts.items, all->loops.count, gate.read);
    for (uint32_t s = from.first; s <= from.last; s++) {
        gate.share = gate.all = 1.0 / readers_of(w, s);
        if (all->counts.items[s - from.first] > 0)
            add_channel(w, &gate, all->trips.items[s - from.first], &all->senders.items[s]);
    }
}

static void find_pointwise(const struct edge_window *w)
{
    struct pointwise_window all = { 0 };
    vec_resize(&all.senders, w->from->parallelism);
    for (uint32_t s = 0; s < w->to->parallelism; s++)
        add_gate(w, s, &all);
    for (uint32_t s = 0; s < w->from->parallelism; s++) {
        struct net_window found = window_of(w, &all.senders.items[s], readers_of(w, s));
        take(w, s, &found);
    }
    vec_fini(&all.senders);
    vec_fini(&all.trips);
    vec_fini(&all.loops);
    vec_fini(&all.counts);
}

/* The fastest host, and whether links differ, of a network. */
struct hosts_window {
    double speed;
    bool own_links;
};

static struct hosts_window hosts_of(const struct model *model, const struct net *net)
{
    struct hosts_window hosts = { 0 };
    for (VEC_EACH(const struct net_slot, slot, &net->slots)) {
        const struct model_host *host = &model->hosts.items[slot->host];
        hosts.speed = fmax(hosts.speed, host->life.speed);
        hosts.own_links |= host->own_links;
    }
    return hosts;
}

/* Not where exclusive buffers alone let a channel carry what its reader can read, or all that its
 * sender can send. */
static bool may_wait(const struct edge_window *w, const struct hosts_window *hosts)
{
    double trip = hosts->own_links ? INFINITY : w->round_trip;
    double read = w->records * vertex_service(w->to, hosts->speed, 1);
    double sent = w->records / w->made * vertex_service(w->from, hosts->speed, 1);
    double least = fmax(fmin(w->exclusive, w->most), 1);
    return !reader_is_slower(w, trip, read) && trip + read > least * sent;
}

static void find_edge(struct model *model, struct net *net, const struct model_job *job,
                      const struct component *component, uint32_t e,
                      const struct hosts_window *hosts)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_edge *edge = &graph->edges.items[e];
    const struct network_spec *network = &model->scenario->cluster.network;
    const struct link_quality plain = { .latency = network->latency };
    struct model_vertex *from = &job->vertices[edge->producer.n];
    struct edge_window w = {
        .model = model,
        .net = net,
        .job = job,
        .component = component,
        .e = e,
        .from = from,
        .to = &job->vertices[edge->consumer.n],
        .made = shape_edge_records(job->spec, edge),
        .records = (double)graph->config.buffer_size / shape_edge_bytes(job->spec, edge),
        .exclusive = (double)graph->config.buffers_per_channel,
        .floating = (double)graph->config.buffers_per_gate,
        .most = CONFIG_CHANNEL_BUFFERS_MAX,
        .round_trip = round_trip_of(&plain),
    };
    if (edge->partitioner == PARTITION_BROADCAST)
        w.most = config_output_buffers(&graph->config, w.to->parallelism);
    if (!(w.made > 0) || !may_wait(&w, hosts))
        return;
    if (from->flow.first_window == NONE) {
        from->flow.first_window = (uint32_t)net->windows.count;
        vec_resize(&net->windows, net->windows.count + from->parallelism);
    }
    if (job->edge_slot[e] != NONE)
        find_shuffle(&w);
    else
        find_pointwise(&w);
}

static void find_component(struct model *model, struct net *net, struct net_member member,
                           const struct hosts_window *hosts)
{
    struct model_job *job = &model->jobs[member.job];
    const struct component *component = &job->components.items[member.component];
    net_number_places(net, component);
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        job->vertices[*id].flow.first_window = NONE;
        job->vertices[*id].flow.credit_trip = 0;
    }
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        const struct job_vertex *vertex = &job->spec->graph->vertices.items[*id];
        for (size_t i = 0; i < vertex->outputs.count && component->place_count > 1; i++)
            find_edge(model, net, job, component, vertex->outputs.items[i], hosts);
    }
}

void net_find_windows(struct model *model, struct net *net)
{
    const struct hosts_window hosts = hosts_of(model, net);
    vec_clear(&net->windows);
    vec_clear(&net->window_rows);
    for (VEC_EACH(const struct net_member, member, &net->members))
        find_component(model, net, *member, &hosts);
}

const struct net_window *net_window_of(const struct net *net, const struct model_vertex *vertex,
                                       uint32_t subtask, double busy)
{
    if (vertex->flow.first_window == NONE)
        return NULL;
    const struct net_window *window = &net->windows.items[vertex->flow.first_window + subtask];
    return window->seconds > busy ? window : NULL;
}
