/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of hosts of an edge by what their link is like. Pairs without anything of their own are one
 * kind and never looked at one by one: their part is what the others leave. Cost: subtasks, and
 * pairs of hosts that do have something.
 */
#include "sim/model/passage.h"

#include <math.h>

#include "sim/kernel/real.h"
#include "sim/model/delay.h"
#include "sim/model/net_wire.h"
#include "sim/model/queueing.h"
#include "sim/model/recent.h"
#include "sim/model/state.h"
#include "sim/model/stay.h"

/* The standard normal distribution in pieces, from z to the next one's, by their parts of it. */
struct normal_piece {
    double z, part;
};
static const struct normal_piece normal_pieces[] = {
    { -2.8, 0.033472 },  { -1.8, 0.079369 }, { -1.2, 0.127262 }, { -0.7, 0.159792 },
    { -0.25, 0.197985 }, { 0.25, 0.159792 }, { 0.7, 0.127262 },  { 1.2, 0.079369 },
    { 1.8, 0.029807 },   { 2.5, 0.005890 },  { 3.4, 0.000000 },
};
enum { NORMAL_PIECES = sizeof normal_pieces / sizeof *normal_pieces - 1 };
static const double normal_p99 = 2.3263478740408408;

/* What is being looked at. */
struct finder {
    const struct model *model;
    const struct model_job *job;
    const struct component *component;
    struct net *net;
    struct vertex_flow *flow; /* of the reader */
    uint32_t edge;
    size_t first; /* of the edge, among the shares */
    double peers; /* hosts that one sends to */
    uint32_t kinds_most;
};

/* Of two hosts of a network: kinds of NICs, the sender's and the reader's. */
struct nic_pair {
    uint32_t of[TRANSFER_WAY_COUNT];
};
static const struct nic_pair same_host_nics = { { NONE, NONE } };

static double mean_seconds(const struct distribution *latency, time_ns more)
{
    return (double)time_add(distribution_mean(latency), more) / (double)TIME_S;
}

static bool is_like(const struct passage_share *share, const struct link_quality *link,
                    const struct nic_pair *nics)
{
    return share->nic[TRANSFER_OUT] == nics->of[TRANSFER_OUT] &&
           share->nic[TRANSFER_IN] == nics->of[TRANSFER_IN] &&
           (nics->of[0] == NONE || share->link_bytes_per_s == link->bandwidth_bps / 8) &&
           share->latency.kind == link->latency.kind && share->latency.low == link->latency.low &&
           share->latency.high == link->latency.high && share->more_latency == link->more_latency;
}

/* Too many kinds: the one whose mean is nearest takes it, and has a mean between both. */
static void join_nearest(struct finder *f, double weight, const struct link_quality *link)
{
    struct passage_share *nearest = &f->flow->passages.items[f->first];
    double mean = mean_seconds(&link->latency, link->more_latency), least = INFINITY;
    for (size_t i = f->first; i < f->flow->passages.count; i++) {
        struct passage_share *share = &f->flow->passages.items[i];
        double gap = fabs(mean_seconds(&share->latency, share->more_latency) - mean);
        if (gap < least)
            nearest = share;
        least = fmin(least, gap);
    }
    double own = mean_seconds(&nearest->latency, nearest->more_latency);
    double part = weight / (nearest->weight + weight);
    nearest->latency =
        distribution_constant(real_time((own + (mean - own) * part) * (double)TIME_S));
    nearest->more_latency = 0;
    nearest->weight += weight;
}

static void add(struct finder *f, double weight, const struct link_quality *link,
                const struct nic_pair *nics)
{
    if (!(weight > 0))
        return;
    for (size_t i = f->first; i < f->flow->passages.count; i++)
        if (is_like(&f->flow->passages.items[i], link, nics)) {
            f->flow->passages.items[i].weight += weight;
            return;
        }
    if (f->flow->passages.count - f->first >= f->kinds_most)
        join_nearest(f, weight, link);
    else
        vec_push(&f->flow->passages,
                 (struct passage_share){ .edge = f->edge,
                                         .weight = weight,
                                         .latency = link->latency,
                                         .more_latency = link->more_latency,
                                         .link_bytes_per_s = link->bandwidth_bps / 8,
                                         .peers = f->peers,
                                         .nic = { nics->of[0], nics->of[1] } });
}

static const struct link_quality same_host = { .latency = { DRAW_CONSTANT, 0, 0 } };

static struct link_quality link_between(const struct model *model, uint32_t a, uint32_t b)
{
    return a == b ? same_host : net_wire_link(model, a, b);
}

static const struct shuffle_end *end_at(const struct finder *f, uint32_t place)
{
    const struct net_place *p = &f->net->places.items[f->component->first_place + place];
    return &f->net->ends.items[p->first_end + f->job->edge_slot[f->edge]];
}

static struct nic_pair nics_of(const struct finder *f, uint32_t from, uint32_t to)
{
    return (struct nic_pair){ { f->net->nic_loads.kind_of[TRANSFER_OUT].items[from],
                                f->net->nic_loads.kind_of[TRANSFER_IN].items[to] } };
}

/* NONE: nothing of the network runs there. */
static uint32_t slot_of(const struct finder *f, uint32_t host)
{
    for (VEC_EACH(const struct net_stay, stay, &f->model->hosts.items[host].stays))
        if (stay->net == f->net->index && stay->round == f->net->round)
            return stay->slot;
    return NONE;
}

static uint32_t slot_at(const struct finder *f, uint32_t place)
{
    return f->net->places.items[f->component->first_place + place].slot;
}

/* By kinds of NICs, the parts of a shuffle that are sent and read, and those that are sent and read
 * on the same host or over links that are looked at one by one. */
struct spread {
    double produced[NIC_KINDS_MAX], consumed[NIC_KINDS_MAX];
    double apart[NIC_KINDS_MAX][NIC_KINDS_MAX];
};

static void add_pair(struct finder *f, uint32_t from, uint32_t to, const struct link_quality *link,
                     struct spread *spread)
{
    double weight = end_at(f, from)->produced * end_at(f, to)->consumed;
    struct nic_pair nics = nics_of(f, slot_at(f, from), slot_at(f, to));
    add(f, weight, link, &nics);
    spread->apart[nics.of[TRANSFER_OUT]][nics.of[TRANSFER_IN]] += weight;
}

/* However many kinds there are, one is left for pairs without anything of their own: these are
 * most, and are not to be joined with others. */
static void add_own_pairs(struct finder *f, struct spread *spread)
{
    f->kinds_most = PASSAGE_KINDS_MAX - 1;
    net_number_places(f->net, f->component);
    for (uint32_t a = 0; a < f->component->place_count; a++) {
        struct net_pairs pairs = net_pairs_of(f->net, slot_at(f, a));
        for (VEC_EACH(const struct net_pair, pair, &pairs)) {
            uint32_t b = net_place_number(f->net, f->component, pair->slot);
            if (b == NONE || b < a)
                continue;
            add_pair(f, a, b, &pair->link, spread);
            add_pair(f, b, a, &pair->link, spread);
        }
    }
    f->kinds_most = PASSAGE_KINDS_MAX;
}

/* Whom a record goes to has nothing to do with where it comes from. */
static void find_shuffle(struct finder *f)
{
    struct spread spread = { 0 };
    struct link_quality plain = net_wire_plain(f->model);
    double local = 0;
    f->peers = fmax(f->component->place_count - 1.0, 1);
    for (uint32_t p = 0; p < f->component->place_count; p++) {
        const struct shuffle_end *end = end_at(f, p);
        struct nic_pair nics = nics_of(f, slot_at(f, p), slot_at(f, p));
        spread.produced[nics.of[TRANSFER_OUT]] += end->produced;
        spread.consumed[nics.of[TRANSFER_IN]] += end->consumed;
        spread.apart[nics.of[TRANSFER_OUT]][nics.of[TRANSFER_IN]] += end->produced * end->consumed;
        local += end->produced * end->consumed;
    }
    add(f, local, &same_host, &same_host_nics);
    add_own_pairs(f, &spread);
    for (uint32_t out = 0; out < NIC_KINDS_MAX; out++)
        for (uint32_t in = 0; in < NIC_KINDS_MAX; in++) {
            double all = spread.produced[out] * spread.consumed[in];
            if (all - spread.apart[out][in] > 1e-9 * all) /* else it is a rounding error */
                add(f, all - spread.apart[out][in], &plain, &(struct nic_pair){ { out, in } });
        }
}

/* The part of the reader's records that this subtask gets, if all source subtasks read alike. */
static double part_of(const struct finder *f, const struct model_vertex *to, uint32_t s)
{
    const struct vertex_shape *shape = &to->shape;
    const struct component *component = f->component;
    double part = 0;
    if (shape->share)
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            part += shape->share[*k * to->parallelism + s];
    if (!shape->local_first)
        return part;
    for (uint32_t i = shape->local_first[s]; i < shape->local_first[s + 1]; i++) {
        const struct local_share *local = &shape->local.items[i];
        uint32_t source = component->sources.items[local->source];
        part += local->weight / f->job->vertices[f->job->sources.items[source].vertex].parallelism;
    }
    return part;
}

/* Tasks of a region that is down are nowhere, or where nothing runs yet: no records go there. */
static void add_way(struct finder *f, double weight, uint32_t sender, uint32_t reader)
{
    if (reader == NONE || sender == NONE)
        return;
    uint32_t a = f->model->tasks.items[sender].life.host;
    uint32_t b = f->model->tasks.items[reader].life.host;
    uint32_t out = slot_of(f, a), in = slot_of(f, b);
    if (out == NONE || in == NONE)
        return;
    struct link_quality link = link_between(f->model, a, b);
    struct nic_pair nics = a == b ? same_host_nics : nics_of(f, out, in);
    add(f, weight, &link, &nics);
}

static void find_pointwise(struct finder *f, const struct model_vertex *from,
                           const struct model_vertex *to)
{
    for (uint32_t s = 0; s < to->parallelism; s++) {
        struct subtask_range range = edge_producers_of(&f->job->plan, f->edge, s);
        double weight = part_of(f, to, s) / (range.last - range.first + 1);
        for (uint32_t p = range.first; p <= range.last; p++)
            add_way(f, weight, from->life.current.items[p], to->life.current.items[s]);
    }
}

static void find_edge(struct finder *f)
{
    const struct job_edge *edge = &f->job->spec->graph->edges.items[f->edge];
    double sum = 0;
    f->first = f->flow->passages.count;
    f->peers = 1;
    if (f->component->place_count == 1)
        add(f, 1, &same_host, &same_host_nics);
    else if (f->job->edge_slot[f->edge] != NONE)
        find_shuffle(f);
    else
        find_pointwise(f, &f->job->vertices[edge->producer.n], &f->job->vertices[edge->consumer.n]);
    for (size_t i = f->first; i < f->flow->passages.count; i++)
        sum += f->flow->passages.items[i].weight;
    for (size_t i = f->first; i < f->flow->passages.count; i++)
        f->flow->passages.items[i].weight /= sum;
}

/* Of one edge. */
struct passages {
    const struct passage_share *items;
    size_t count;
};

/* Those of all inputs of its reader are found at once, edge by edge; none while nothing flows. */
static struct passages find(struct model *model, struct model_job *job,
                            const struct component *component, uint32_t edge)
{
    uint32_t reader = job->spec->graph->edges.items[edge].consumer.n;
    struct vertex_flow *flow = &job->vertices[reader].flow;
    struct net *net = net_of(model, component);
    if (!net)
        return (struct passages){ NULL, 0 };
    if (net->nic_loads.round != net->round)
        nic_loads_now(model, net);
    if (flow->passages_round != net->round || flow->passages_version != net->nic_loads.version) {
        vec_clear(&flow->passages);
        flow->passages_round = net->round;
        flow->passages_version = net->nic_loads.version;
        for (VEC_EACH(const uint32_t, e, &job->spec->graph->vertices.items[reader].inputs)) {
            struct finder f = { model, job, component, net, flow, *e, 0, 1, PASSAGE_KINDS_MAX };
            job->edge_passages[*e] = (uint32_t)flow->passages.count;
            find_edge(&f);
        }
    }
    size_t first = job->edge_passages[edge], end = first;
    while (end < flow->passages.count && flow->passages.items[end].edge == edge)
        end++;
    return (struct passages){ &flow->passages.items[first], end - first };
}

/* As by now: a queue whose load has changed a short while ago is on its way. */
static struct stays queue_now(const struct model *model, struct model_job *job,
                              const struct component *component, uint32_t edge,
                              const struct carriage *carriage, uint32_t q,
                              struct load_history *history)
{
    const struct model_vertex *reader =
        &job->vertices[job->spec->graph->edges.items[edge].consumer.n];
    struct stays queue = { 0 };
    vec_push(&queue.items, (struct stay){ .weight = 1,
                                          .rho = carriage->queues[q].rho,
                                          .service = carriage->queues[q].service,
                                          .slowdown = 1,
                                          .wait_factor = carriage->queues[q].wait_factor });
    stays_relax(model, job, component, reader, history, &queue);
    return queue;
}

struct passage_seconds passage_mean(struct model *model, struct model_job *job,
                                    const struct component *component, uint32_t edge,
                                    const struct variation *sent)
{
    struct passage_seconds way = { .least = INFINITY };
    struct passages passages = find(model, job, component, edge);
    for (VEC_EACH(const struct passage_share, share, &passages)) {
        struct carriage carriage;
        carriage_find(model, job, component, share, sent, &carriage);
        double one = mean_seconds(&share->latency, share->more_latency) + carriage_mean(&carriage);
        way.mean += share->weight * one;
        way.least = fmin(way.least, one);
    }
    return way;
}

/* A queue so short makes nothing regular. */
#define REACH_SEEN 1e-6

/* Behind the queue of a NIC a part of the stream comes as regularly as that lets it go. */
static void cover_part(struct variation *stream, double reach, double part)
{
    if (reach > REACH_SEEN)
        variation_cover(stream, reach, sqrt((1 - part) * variation_within(stream, reach)));
}

/* Of those on its wire the way that most of them take counts for all; none: they stay on hosts. */
static struct carriage main_carriage(struct model *model, struct model_job *job,
                                     const struct component *component, uint32_t edge,
                                     const struct variation *sent, double *part)
{
    const struct passage_share *most = NULL;
    struct carriage carriage = { 0 };
    *part = 0;
    struct passages passages = find(model, job, component, edge);
    for (VEC_EACH(const struct passage_share, share, &passages)) {
        if (share->nic[TRANSFER_OUT] == NONE)
            continue;
        *part += share->weight;
        if (!most || share->weight > most->weight)
            most = share;
    }
    if (most)
        carriage_find(model, job, component, most, sent, &carriage);
    return carriage;
}

/* Shuffles deal out at random and bring many streams together, between the senders' NICs and the
 * readers'. A buffer of many records brings all at once, so then a NIC makes nothing regular. */
void passage_vary(struct model *model, struct model_job *job, const struct component *component,
                  uint32_t edge, double rho, struct variation *stream)
{
    const struct job_edge *e = &job->spec->graph->edges.items[edge];
    double senders = job->vertices[e->producer.n].parallelism, part;
    double readers = job->vertices[e->consumer.n].parallelism;
    double records = shape_edge_records(job->spec, e);
    struct carriage carriage = main_carriage(model, job, component, edge, stream, &part);
    part /= fmax(carriage.records, 1);
    cover_part(stream, carriage.reach[TRANSFER_OUT],
               part / tasks_per_host(job, component, e->producer.n));
    if (e->pattern != DISTRIBUTION_ALL_TO_ALL) {
        double fewer = fmin(senders, readers);
        senders /= fewer;
        readers /= fewer;
    } else if (e->partitioner == PARTITION_BROADCAST) {
        readers = 1;
    }
    variation_blur(stream, fmin(records, 1) * variation_kept(senders, readers, rho));
    cover_part(stream, carriage.reach[TRANSFER_IN],
               part / tasks_per_host(job, component, e->consumer.n));
}

double passage_longest(struct model *model, struct model_job *job,
                       const struct component *component, uint32_t edge,
                       struct load_history *history)
{
    double longest = 0;
    struct passages passages = find(model, job, component, edge);
    for (VEC_EACH(const struct passage_share, share, &passages)) {
        struct carriage carriage;
        carriage_find(model, job, component, share, NULL, &carriage);
        double seconds =
            mean_seconds(&share->latency, share->more_latency) + carriage.wire + carriage.turn / 2;
        for (uint32_t q = 0; q < carriage.count; q++) {
            struct stays queue = queue_now(model, job, component, edge, &carriage, q, history);
            seconds += stays_wait(&queue);
            vec_fini(&queue.items);
        }
        longest = fmax(longest, seconds);
    }
    return longest;
}

/* Evenly spread over each piece, with the distribution's mean; `like`: weight, constant, queues. */
static void push_lognormal(const struct passage_share *share, const struct delay_link *like,
                           struct delay *delay)
{
    double factors[NORMAL_PIECES + 1], sum = 0;
    double sigma = real_log((double)share->latency.high / (double)share->latency.low) / normal_p99;
    for (int i = 0; i <= NORMAL_PIECES; i++)
        factors[i] = real_exp(sigma * normal_pieces[i].z);
    for (int i = 0; i < NORMAL_PIECES; i++)
        sum += normal_pieces[i].part * (factors[i] + factors[i + 1]) / 2;
    double unit = mean_seconds(&share->latency, 0) / sum;
    for (int i = 0; i < NORMAL_PIECES; i++) {
        struct delay_link link = *like;
        link.weight *= normal_pieces[i].part;
        link.fixed += unit * factors[i];
        link.range = unit * (factors[i + 1] - factors[i]);
        delay_push_link(delay, &link);
    }
}

/* A wait for one's turn is spread evenly, beside a latency that spreads itself it is its mean. */
static void push_share(const struct passage_share *share, struct delay_link link,
                       struct delay *delay)
{
    double low = (double)share->latency.low / (double)TIME_S;
    link.weight = share->weight;
    link.fixed += (double)share->more_latency / (double)TIME_S;
    switch (share->latency.kind) {
    case DRAW_CONSTANT: link.fixed += low; break;
    case DRAW_UNIFORM:
        link.fixed += low + link.range / 2;
        link.range = (double)share->latency.high / (double)TIME_S - low;
        break;
    case DRAW_EXPONENTIAL: link.exponential = low; break;
    case DRAW_LOGNORMAL:
        link.fixed += link.range / 2;
        push_lognormal(share, &link, delay);
        return;
    }
    delay_push_link(delay, &link);
}

/* A wait so short, by itself or beside what its buffer waits to be sent, that its mean tells as
 * much. */
#define WAIT_SEEN         1e-6
#define WAIT_SEEN_OF_FILL 1e-3

/* Time on the wire, and the waits for it. */
static struct delay_link carried(const struct model *model, struct model_job *job,
                                 const struct component *component,
                                 const struct passage_share *share, const struct variation *sent,
                                 struct load_history *history, struct delay *delay)
{
    struct delay_link link = { .first_queue = (uint32_t)delay->queues.count };
    struct carriage carriage;
    carriage_find(model, job, component, share, sent, &carriage);
    double fill = carriage.fill < INFINITY ? carriage.fill : 0;
    double seen = fmax(WAIT_SEEN, WAIT_SEEN_OF_FILL * fill);
    link.fixed = carriage.wire;
    link.range = carriage.turn;
    for (uint32_t q = 0; q < carriage.count; q++) {
        double wait = carriage_wait(&carriage, q);
        if (wait < seen) {
            link.fixed += wait;
            continue;
        }
        struct stays queue = queue_now(model, job, component, share->edge, &carriage, q, history);
        delay_push_queue(delay, queue.items.items, queue.items.count);
        link.queue_count++;
        vec_fini(&queue.items);
    }
    return link;
}

void passage_add(struct model *model, struct model_job *job, const struct component *component,
                 uint32_t edge, const struct variation *sent, struct delay *delay)
{
    struct load_history history = { 0 };
    struct passages passages = find(model, job, component, edge);
    for (VEC_EACH(const struct passage_share, share, &passages))
        push_share(share, carried(model, job, component, share, sent, &history, delay), delay);
    delay_end_links(delay);
}
