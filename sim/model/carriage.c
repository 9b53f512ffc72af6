/* SPDX-License-Identifier: Apache-2.0
 *
 * NICs and links as queues of buffers. A buffer is through when the narrowest of both NICs and the
 * link has passed it on: bytes follow each other closely, so it is on the wire once. Where it waits
 * is decided as for vertices in a row (queueing.h): behind a queue buffers come as regularly as it
 * lets them go, so one sender and one reader with equal NICs have one queue, not two. What a NIC
 * carries is linear in the rates of sources: while all change alike, loads are scaled.
 */
#include "sim/model/carriage.h"

#include <math.h>
#include <string.h>

#include "sim/model/latency.h"
#include "sim/model/queueing.h"
#include "sim/model/state.h"

/* Rates that differ by no more than this have changed alike. */
#define ALIKE 0.005
/* Sizes of what is sent at once are those of rates that much apart, where several jobs send. */
#define RATES_APART 0.1
/* A NIC below this use, and as fast as this for a buffer, is as good as free: what transfers take
 * of it makes no difference. */
#define USE_SEEN     0.1
#define SECONDS_SEEN 1e-3
/* So many networks on the same hosts are asked for their rates; where there are more, loads are
 * found anew every so often. */
enum { NETWORKS_ASKED = 16 };
#define FOUND_ANEW (600 * TIME_S)
/* From as many sources on rates are asked for once in an instant. */
enum { MANY_SOURCES = 64 };
/* NICs with so much left of them, one by the other, are of one kind. */
#define KIND_APART 1.1
/* Of a NIC that is full, but for rounding. */
#define USE_FULL (1 - 1e-6)

void nic_loads_fini(struct nic_loads *loads)
{
    vec_fini(&loads->rounds);
    vec_fini(&loads->rates);
    vec_fini(&loads->asked);
    vec_fini(&loads->traffic);
    vec_fini(&loads->sums);
    for (int way = 0; way < TRANSFER_WAY_COUNT; way++) {
        vec_fini(&loads->kinds[way]);
        vec_fini(&loads->kind_of[way]);
        vec_fini(&loads->turns[way]);
    }
}

double edge_bytes_per_s(const struct model_job *job, const struct component *component, uint32_t e)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    double copies =
        edge->partitioner == PARTITION_BROADCAST ? job->vertices[edge->consumer.n].parallelism : 1;
    return vertex_in_rate(job, component, &job->vertices[edge->producer.n]) *
           shape_edge_records(job->spec, edge) * copies * shape_edge_bytes(job->spec, edge);
}

/* A buffer is sent when it is full, when its timeout is over, or in front of a barrier
 * (BufferWritingResultPartition.broadcastEvent finishes those of all channels). */
struct edge_flow edge_flow_of(const struct model *model, const struct model_job *job,
                              const struct component *component, uint32_t e)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    const struct model_vertex *from = &job->vertices[edge->producer.n];
    const struct model_vertex *to = &job->vertices[edge->consumer.n];
    const struct config *config = &job->spec->graph->config;
    double channels = edge->pattern == DISTRIBUTION_ALL_TO_ALL
                          ? (double)from->parallelism * to->parallelism
                          : fmax(from->parallelism, to->parallelism);
    struct edge_flow flow = { .bytes_per_s = edge_bytes_per_s(job, component, e) };
    double channel = flow.bytes_per_s / channels;
    time_ns sent = component_barrier_period(model, component);
    if (config->buffer_timeout_enabled && config->buffer_timeout < sent)
        sent = config->buffer_timeout;
    flow.full = channel > 0 ? vertex_buffer_size(job, component, to) / channel : INFINITY;
    flow.fill = sent != TIME_NEVER ? fmin(flow.full, (double)sent / (double)TIME_S) : flow.full;
    flow.unit =
        fmax(flow.fill < INFINITY ? channel * flow.fill : 0, shape_edge_bytes(job->spec, edge));
    return flow;
}

double tasks_per_host(const struct model_job *job, const struct component *component,
                      uint32_t vertex)
{
    return fmax((double)job->vertices[vertex].parallelism / component->place_count, 1);
}

static const struct component *member_component(const struct model *model,
                                                const struct net_member *member)
{
    return &model->jobs[member->job].components.items[member->component];
}

/* Mean over the bytes, so that it is E[u^2] / E[u]. */
struct unit_sum {
    double bytes, squares;
};

static void add_units(const struct model *model, const struct net_member *member,
                      struct unit_sum *sum)
{
    const struct model_job *job = &model->jobs[member->job];
    const struct component *component = member_component(model, member);
    for (VEC_EACH(const uint32_t, id, &component->vertices))
        for (VEC_EACH(const uint32_t, e, &job->spec->graph->vertices.items[*id].inputs)) {
            struct edge_flow flow = edge_flow_of(model, job, component, *e);
            sum->bytes += flow.bytes_per_s;
            sum->squares += flow.bytes_per_s * flow.unit;
        }
}

static double unit_of(const struct unit_sum *sum)
{
    return sum->bytes > 0 ? sum->squares / sum->bytes : 0;
}

/* The networks that have some of its hosts, itself first. */
static void find_networks(const struct model *model, const struct net *net, struct nic_loads *loads)
{
    vec_clear(&loads->rounds);
    vec_push(&loads->rounds, net->index);
    vec_push(&loads->rounds, net->round);
    loads->more = false;
    for (VEC_EACH(const struct net_slot, slot, &net->slots))
        for (VEC_EACH(const struct net_stay, stay, &model->hosts.items[slot->host].stays)) {
            const struct net *other = model->networks.all.items[stay->net];
            bool known = other->round != stay->round;
            for (size_t i = 0; !known && i < loads->rounds.count; i += 2)
                known = loads->rounds.items[i] == stay->net;
            if (known)
                continue;
            loads->more = loads->rounds.count == 2 * NETWORKS_ASKED;
            if (loads->more)
                return;
            vec_push(&loads->rounds, stay->net);
            vec_push(&loads->rounds, stay->round);
        }
}

/* Says whether these networks are still the ones. */
static bool ask_rates(struct model *model, struct nic_loads *loads)
{
    vec_clear(&loads->asked);
    for (size_t i = 0; i < loads->rounds.count; i += 2) {
        const struct net *net = model->networks.all.items[loads->rounds.items[i]];
        if (net->round != loads->rounds.items[i + 1])
            return false;
        for (uint32_t k = 0; k < net->sums.count; k++)
            vec_push(&loads->asked, net_source_at(model, net, k)->rate);
    }
    return loads->asked.count == loads->rates.count;
}

/* How often any of these networks has taken rates; 0: one is no longer what it was. */
static uint64_t rates_number(const struct model *model, const struct nic_loads *loads)
{
    uint64_t number = 1;
    for (size_t i = 0; i < loads->rounds.count; i += 2) {
        const struct net *net = model->networks.all.items[loads->rounds.items[i]];
        if (net->round != loads->rounds.items[i + 1])
            return 0;
        number += net->rates;
    }
    return number;
}

/* Nothing has happened since they were last asked for. */
static bool is_asked(const struct model *model, const struct net *net, uint64_t number,
                     time_ns period)
{
    const struct nic_loads *loads = &net->nic_loads;
    return number > 0 && loads->round == net->round && loads->asked_rates == number &&
           loads->asked_period == period && loads->moves == model->moves &&
           loads->flushes == model->flushes && !loads->more;
}

/* Are the loads those of before, but for a factor? */
static bool is_scaled(struct nic_loads *loads)
{
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < loads->asked.count; i++) {
        double before = loads->rates.items[i], now = loads->asked.items[i];
        if (before == 0 && now > 0)
            return false;
        if (before == 0)
            continue;
        least = fmin(least, now / before);
        most = fmax(most, now / before);
    }
    loads->scale = most > 0 ? most : 1;
    return most <= least * (1 + ALIKE) &&
           (loads->alone || fabs(loads->scale - 1) <= RATES_APART || most == 0);
}

static bool transfers_count(const struct nic_loads *loads)
{
    for (int way = 0; way < TRANSFER_WAY_COUNT; way++)
        for (VEC_EACH(const struct nic_kind, kind, &loads->kinds[way]))
            if (kind->use * loads->scale > USE_SEEN ||
                loads->unit > SECONDS_SEEN * kind->bytes_per_s)
                return true;
    return false;
}

/* The kind of a NIC; too many: the one whose load is nearest has a mean of both. */
static uint32_t kind_for(struct nic_loads *loads, enum transfer_way way, double bytes_per_s,
                         double traffic, double link)
{
    uint32_t nearest = 0;
    double use = fmin(traffic / bytes_per_s, 1), seen = fmin(fmax(use, traffic / link), 1);
    double least = INFINITY;
    for (uint32_t k = 0; k < loads->kinds[way].count; k++) {
        const struct nic_kind *kind = &loads->kinds[way].items[k];
        double left = (1.01 - kind->seen) / (1.01 - seen);
        double apart = fmax(left, 1 / left);
        if (kind->bytes_per_s != bytes_per_s)
            apart +=
                KIND_APART * fmax(kind->bytes_per_s / bytes_per_s, bytes_per_s / kind->bytes_per_s);
        if (apart < least)
            nearest = k;
        least = fmin(least, apart);
    }
    if (least > KIND_APART && loads->kinds[way].count < NIC_KINDS_MAX) {
        vec_push(&loads->kinds[way], (struct nic_kind){ .bytes_per_s = bytes_per_s });
        nearest = (uint32_t)loads->kinds[way].count - 1;
    }
    struct nic_kind *kind = &loads->kinds[way].items[nearest];
    kind->use = (kind->use * kind->hosts + use) / (kind->hosts + 1);
    kind->seen = (kind->seen * kind->hosts + seen) / (kind->hosts + 1);
    kind->traffic = (kind->traffic * kind->hosts + traffic) / (kind->hosts + 1);
    kind->hosts++;
    return nearest;
}

/* Where hosts have links of their own, any difference in traffic may count there. */
static void find_kinds(struct model *model, struct net *net, enum transfer_way way)
{
    struct nic_loads *loads = &net->nic_loads;
    double link_bps = model->scenario->cluster.network.bandwidth_bps, most = 0;
    double link = link_bps > 0 ? link_bps / 8 : INFINITY;
    bool own_links = false;
    vec_clear(&loads->kinds[way]);
    vec_clear(&loads->kind_of[way]);
    vec_clear(&loads->traffic);
    for (VEC_EACH(const struct net_slot, slot, &net->slots)) {
        double traffic = net_nic_traffic(model, slot->host, way);
        vec_push(&loads->traffic, traffic);
        most = fmax(most, traffic);
        own_links |= model->hosts.items[slot->host].own_links;
    }
    if (own_links && most > 0)
        link = fmin(link, most);
    for (size_t s = 0; s < net->slots.count; s++) {
        double rate = net_nic_for_data(model, net->slots.items[s].host, way);
        vec_push(&loads->kind_of[way], kind_for(loads, way, rate, loads->traffic.items[s], link));
    }
}

/* A number for the classes that NICs hold up; 0: none. */
static uint64_t holds_of(const struct net *net)
{
    uint64_t holds = 0;
    if (net->all_kept_up || net->problem.flows.count != net->classes.count)
        return 0;
    for (uint32_t c = 0; c < net->classes.count; c++)
        if (net_held_by_nic(net, c))
            holds = holds * 31 + c + 1;
    return holds;
}

/* Who shares full NICs with flows that these hold up. */
static void find_turns(struct model *model, struct net *net, enum transfer_way way)
{
    struct nic_loads *loads = &net->nic_loads;
    size_t members = net->members.count;
    vec_clear(&loads->turns[way]);
    if (loads->holds == 0)
        return;
    vec_resize(&loads->turns[way], NIC_KINDS_MAX * members);
    memset(loads->turns[way].items, 0, NIC_KINDS_MAX * members * sizeof *loads->turns[way].items);
    for (uint32_t s = 0; s < net->slots.count; s++) {
        uint32_t kind = loads->kind_of[way].items[s];
        if (loads->kinds[way].items[kind].seen >= USE_FULL)
            net_add_turns(model, net, s, way, loads->sums.items,
                          &loads->turns[way].items[kind * members]);
    }
}

static void find_sum_turns(struct net *net, struct nic_loads *loads)
{
    loads->holds = holds_of(net);
    vec_clear(&loads->sums);
    if (loads->holds == 0)
        return;
    vec_resize(&loads->sums, net->sums.count);
    memset(loads->sums.items, 0, net->sums.count * sizeof *loads->sums.items);
    for (uint32_t c = 0; c < net->classes.count; c++) {
        const struct net_class *class = &net->classes.items[c];
        struct nic_turn *sum = &loads->sums.items[class->sum], one = net_flow_turn(net, c);
        sum->held += class->tasks * one.held;
        sum->held_weight += class->tasks * one.held_weight;
        sum->kept_up += class->tasks * one.kept_up;
        sum->weight += class->tasks * one.weight;
    }
}

static void find_loads(struct model *model, struct net *net, struct nic_loads *loads)
{
    struct unit_sum sum = { 0 };
    find_networks(model, net, loads);
    ask_rates(model, loads);
    vec_clear(&loads->rates);
    for (VEC_EACH(const double, rate, &loads->asked))
        vec_push(&loads->rates, *rate);
    for (size_t i = 0; i < loads->rounds.count; i += 2)
        for (VEC_EACH(const struct net_member, member,
                      &model->networks.all.items[loads->rounds.items[i]]->members))
            add_units(model, member, &sum);
    loads->unit = unit_of(&sum);
    loads->alone = loads->rounds.count == 2 && net->members.count == 1;
    loads->scale = 1;
    find_sum_turns(net, loads);
    for (int way = 0; way < TRANSFER_WAY_COUNT; way++) {
        find_kinds(model, net, (enum transfer_way)way);
        find_turns(model, net, (enum transfer_way)way);
    }
    loads->round = net->round;
    loads->moves = model->moves;
    loads->flushes = model->flushes;
    loads->found_at = model_now(model);
    loads->version += 2;
}

void nic_loads_swap(struct net *net)
{
    struct nic_loads loads = net->nic_loads;
    net->nic_loads = net->nic_loads_seen;
    net->nic_loads_seen = loads;
}

void nic_loads_now(struct model *model, struct net *net)
{
    struct nic_loads *loads = &net->nic_loads;
    time_ns now = model_now(model);
    if (loads->round == net->round && loads->rates.count >= MANY_SOURCES && loads->asked_at == now)
        return;
    uint64_t number = rates_number(model, loads);
    time_ns period = component_barrier_period(model, member_component(model, net->members.items));
    loads->asked_at = now;
    if (is_asked(model, net, number, period))
        return;
    bool same = loads->round == net->round && loads->flushes == model->flushes &&
                loads->holds == holds_of(net) && ask_rates(model, loads) && is_scaled(loads) &&
                (loads->moves == model->moves || !transfers_count(loads)) &&
                (!loads->more || now - loads->found_at < FOUND_ANEW);
    if (!same)
        find_loads(model, net, loads);
    if (same && loads->alone) {
        struct unit_sum sum = { 0 };
        add_units(model, &net->members.items[0], &sum);
        loads->unit = unit_of(&sum);
    }
    loads->asked_rates = rates_number(model, loads);
    loads->asked_period = period;
}

/* Seconds per byte, and how much of it all is in use; to one that takes turns with flows that are
 * held up, of what these leave. */
struct hop_queue {
    double seconds, use;
    double turn;             /* seconds per byte that others may take first */
    double senders, readers; /* streams that come together here, and go apart before */
};

/* From the sender's NIC over the link to the receiver's. */
static void find_queues(const struct nic_loads *loads, const struct passage_share *share,
                        struct hop_queue queues[CARRIAGE_QUEUES])
{
    const struct nic_kind *out = &loads->kinds[TRANSFER_OUT].items[share->nic[TRANSFER_OUT]];
    const struct nic_kind *in = &loads->kinds[TRANSFER_IN].items[share->nic[TRANSFER_IN]];
    double link = share->link_bytes_per_s > 0 ? share->link_bytes_per_s : INFINITY;
    double sent = out->traffic * loads->scale;
    queues[0] = (struct hop_queue){ 1 / out->bytes_per_s, out->use * loads->scale, 0, 1, 1 };
    queues[1] = (struct hop_queue){ 1 / link, sent / share->peers / link, 0, 1, share->peers };
    queues[2] =
        (struct hop_queue){ 1 / in->bytes_per_s, in->use * loads->scale, 0, share->peers, 1 };
}

/* Channels are served in turn, buffer by buffer. One that is held up always has a buffer ready, so
 * to the others it is no queue but a slower server: of what the rest leaves they have their part by
 * the measure that the solver shares by, and whoever gets all it asks for asks for less than that.
 * What finds its channel empty waits for the turns of those that are held up, or what is left of
 * them. Who is held up itself has its wait in the lag. */
static void take_turns(const struct net *net, const struct component *component,
                       enum transfer_way way, uint32_t kind, struct hop_queue *queue)
{
    const struct nic_loads *loads = &net->nic_loads;
    size_t members = net->members.count;
    if (loads->turns[way].count == 0 || !(queue->use >= USE_FULL))
        return;
    const struct nic_turn *turns = &loads->turns[way].items[kind * members];
    const struct nic_turn *own = &turns[net->places.items[component->first_place].member];
    struct nic_turn all = { 0 };
    for (size_t m = 0; m < members; m++) {
        all.held += turns[m].held;
        all.held_weight += turns[m].held_weight;
        all.kept_up += turns[m].kept_up;
    }
    if (!(all.held > 0) || own->held > own->kept_up || !(own->weight > 0))
        return;
    double room = (all.held + own->kept_up) / (all.held + all.kept_up);
    double others = all.held_weight / own->weight;
    double part = room / (1 + others);
    queue->turn = queue->seconds / room * fmax(others, 1);
    queue->use = own->kept_up / (all.held + all.kept_up) / part;
    queue->seconds /= part;
}

/* Buffers of many records come more regularly than these; of many channels they come at random.
 * What is regular in the records of a sender is so in what its host sends of them. */
static struct variation units_of(const struct model_job *job, const struct component *component,
                                 const struct passage_share *share, const struct variation *sent,
                                 double records, double rho)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[share->edge];
    double readers = job->vertices[edge->consumer.n].parallelism;
    double kept =
        variation_kept(edge->pattern == DISTRIBUTION_ALL_TO_ALL ? readers : 1, 1, fmin(rho, 1));
    double even = 1 + kept * (1 / records - 1);
    struct variation units = { .beyond = even };
    if (!sent)
        return units;
    units = *sent;
    variation_blur(
        &units, variation_kept(tasks_per_host(job, component, edge->producer.n), 1, fmin(rho, 1)));
    for (uint32_t i = 0; i < units.count; i++)
        units.steps[i].cv2 = fmax(even + (units.steps[i].cv2 - 1) / records, 0);
    units.beyond = fmax(even + (units.beyond - 1) / records, 0);
    return units;
}

void carriage_find(const struct model *model, const struct model_job *job,
                   const struct component *component, const struct passage_share *share,
                   const struct variation *sent, struct carriage *out)
{
    const struct net *net = net_of(model, component);
    const struct nic_loads *loads = &net->nic_loads;
    struct hop_queue queues[CARRIAGE_QUEUES];
    *out = (struct carriage){ 0 };
    if (share->nic[TRANSFER_OUT] == NONE)
        return;
    struct edge_flow flow = edge_flow_of(model, job, component, share->edge);
    double unit = flow.unit, slowest = 0;
    out->fill = flow.fill;
    double record = shape_edge_bytes(job->spec, &job->spec->graph->edges.items[share->edge]);
    out->records = record > 0 ? fmax(unit / record, 1) : 1;
    find_queues(loads, share, queues);
    for (int q = 0; q < CARRIAGE_QUEUES; q++) {
        enum transfer_way way = q < 2 ? TRANSFER_OUT : TRANSFER_IN;
        slowest = fmax(slowest, queues[q].seconds);
        take_turns(net, component, way, share->nic[way], &queues[q]);
        out->turn = fmax(out->turn, queues[q].turn * loads->unit);
    }
    struct variation units = units_of(job, component, share, sent, out->records, queues[0].use);
    for (int q = 0; q < CARRIAGE_QUEUES; q++) {
        double service = queues[q].seconds * loads->unit, rho = fmin(queues[q].use, 1);
        if (q > 0)
            variation_blur(&units, variation_kept(queues[q].senders, queues[q].readers, rho));
        if (!(service > 0) || !(rho > 0))
            continue;
        double reach = mg1_wait(fmin(rho, RHO_MOST), service, 0).mean;
        if (q != 1)
            out->reach[q == 0 ? TRANSFER_OUT : TRANSFER_IN] = reach;
        double factor = wait_factor(variation_within(&units, reach), 0);
        variation_cover(&units, reach, 0);
        if (!(factor > 0))
            continue;
        out->queues[out->count].rho = rho;
        out->queues[out->count].service = service;
        out->queues[out->count++].wait_factor = factor;
    }
    out->wire = unit * slowest;
}

double carriage_wait(const struct carriage *carriage, uint32_t q)
{
    double rho = fmin(carriage->queues[q].rho, RHO_MOST);
    return carriage->queues[q].wait_factor * mg1_wait(rho, carriage->queues[q].service, 0).mean;
}

double carriage_mean(const struct carriage *carriage)
{
    double mean = carriage->wire + carriage->turn / 2;
    for (uint32_t q = 0; q < carriage->count; q++)
        mean += carriage_wait(carriage, q);
    return mean;
}
