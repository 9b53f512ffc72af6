/* SPDX-License-Identifier: Apache-2.0
 *
 * What is used of the network, for who looks: of the hosts that a job's tasks run on, the NIC that
 * is fullest and the connection. In: rates as they are. Out: which it is, what it carries of what
 * it could, and whether such limits are what holds the job up. A NIC carries records of all jobs
 * and transfers to and from storage, a connection records. Cost: as a look at each host's rows.
 */
#include <math.h>

#include "sim/model/net_wire.h"
#include "sim/model/state.h"

/* Less than this is missing to full: rounding. */
static const double full_margin = 1e-6;

/* What is fuller comes in its place; of equal ones the first stays. */
static void take_fuller(struct network_use *most, const struct network_use *other)
{
    uint32_t full = most->full + (other->use >= 1 - full_margin);
    if (!most->known || other->use > most->use + full_margin)
        *most = *other;
    most->full = full;
}

static void look_at_nics(struct model *model, uint32_t host, struct network_use *most)
{
    double nic = model->hosts.items[host].life.machine->network_bps / 8;
    if (nic <= 0)
        return;
    struct network_use fuller = { .known = false };
    for (int way = 0; way < TRANSFER_WAY_COUNT; way++) {
        double carried = net_nic_traffic(model, host, (enum transfer_way)way);
        if (model->hosts.items[host].moving[way] > 0 && model->life.world.transfer_rate)
            carried += model->life.world.transfer_rate(
                model->life.world.context, (struct node_id){ host }, (enum transfer_way)way);
        carried = fmin(carried, nic);
        const struct network_use one = { .known = true,
                                         .use = carried / nic,
                                         .host = { host },
                                         .peer = node_id_none(),
                                         .way = (enum transfer_way)way,
                                         .bytes_per_s = carried,
                                         .limit_bytes_per_s = nic };
        take_fuller(&fuller, &one);
    }
    fuller.full = 0;
    take_fuller(most, &fuller);
}

/* Of its connections the one that is slowest for what it carries. */
static void look_at_links(struct model *model, uint32_t host, struct network_use *most)
{
    if (!net_wire_binds(model, host))
        return;
    const struct network_use one = { .known = true,
                                     .use = fmin(net_wire_use(model, host), 1),
                                     .host = { host },
                                     .peer = node_id_none() };
    take_fuller(most, &one);
}

/* Of the records sent from the place over shuffles, those to the other one: bytes per second. */
static double bytes_between(const struct model_job *job, const struct component *component,
                            const struct net *net, const struct net_place *from,
                            const struct net_place *to)
{
    const struct job_graph *graph = job->spec->graph;
    double bytes = 0;
    for (VEC_EACH(const uint32_t, id, &component->vertices))
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[*id].outputs)) {
            const struct job_edge *edge = &graph->edges.items[*e];
            uint32_t shuffle = job->edge_slot[*e];
            if (shuffle == NONE)
                continue;
            double copies = edge->partitioner == PARTITION_BROADCAST
                                ? job->vertices[edge->consumer.n].parallelism
                                : 1;
            bytes += edge_bytes_per_s(job, component, *e) / copies *
                     net->ends.items[from->first_end + shuffle].produced *
                     net->ends.items[to->first_end + shuffle].consumed;
        }
    return bytes;
}

/* Where the host sends by pointwise edges only no peer is named. */
static void name_peer(const struct model *model, const struct model_job *job,
                      const struct component *component, const struct net *net, uint32_t place,
                      struct network_use *use)
{
    const struct net_place *places = net->places.items, *from = &places[place];
    double longest = 0;
    for (uint32_t p = component->first_place; p < component->first_place + component->place_count;
         p++) {
        double bytes = p == place ? 0 : bytes_between(job, component, net, from, &places[p]);
        double seconds = bytes > 0 ? net_wire_seconds(model, net, from->slot, places[p].slot) : 0;
        if (!(bytes * seconds > longest * (1 + full_margin)))
            continue;
        longest = bytes * seconds;
        use->peer = (struct node_id){ net->slots.items[places[p].slot].host };
        use->bytes_per_s = fmin(bytes, 1 / seconds);
        use->limit_bytes_per_s = 1 / seconds;
    }
}

static void look_at_hosts(struct model *model, const struct model_job *job,
                          const struct component *component, const struct net *net,
                          struct network_use most[NETWORK_PART_COUNT])
{
    struct network_use *link = &most[NETWORK_LINK];
    uint32_t fullest = NONE;
    for (uint32_t p = component->first_place; p < component->first_place + component->place_count;
         p++) {
        uint32_t host = net->slots.items[net->places.items[p].slot].host;
        double before = link->known ? link->use : -1;
        look_at_nics(model, host, &most[NETWORK_NIC]);
        look_at_links(model, host, link);
        if (link->known && link->use > before)
            fullest = p;
    }
    if (fullest != NONE && component->shuffle_count > 0)
        name_peer(model, job, component, net, fullest, link);
}

/* Tasks of the job's sources that could read more, and those of them that each part holds up. */
struct held_tasks {
    double behind, held[NETWORK_PART_COUNT];
};

static void count_held(const struct net *net, uint32_t job, uint32_t component,
                       struct held_tasks *tasks)
{
    if (net->all_kept_up || net->problem.flows.count != net->classes.count)
        return;
    for (uint32_t c = 0; c < net->classes.count; c++) {
        const struct net_class *class = &net->classes.items[c];
        const struct net_sum *sum = &net->sums.items[class->sum];
        if (sum->job != job || sum->component != component || !net_class_is_behind(class))
            continue;
        tasks->behind += class->tasks;
        if (net_held_by_nic(net, c)) {
            uint32_t row = net->problem.flows.items[c].limit;
            bool wire = net->rows.items[row].limit == LIMIT_WIRE;
            tasks->held[wire ? NETWORK_LINK : NETWORK_NIC] += class->tasks;
        }
    }
}

void net_view_use(struct model *model, uint32_t number, struct network_use *most, bool *held)
{
    struct model_job *job = &model->jobs[number];
    struct held_tasks tasks = { 0 };
    for (VEC_EACH(const struct component, component, &job->components)) {
        struct net *net = net_of(model, component);
        if (!net)
            continue;
        look_at_hosts(model, job, component, net, most);
        count_held(net, number, (uint32_t)(component - job->components.items), &tasks);
    }
    for (int part = 0; part < NETWORK_PART_COUNT; part++)
        held[part] = tasks.held[part] > 0 && 2 * tasks.held[part] >= tasks.behind;
}
