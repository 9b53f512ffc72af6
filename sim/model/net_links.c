/* SPDX-License-Identifier: Apache-2.0
 *
 * Cut links inside the networks. TCP keeps the data connections of a cut link for minutes, so
 * nothing fails: what should pass jams. A subtask jams as soon as one reader that it has a channel
 * to and records for is out of reach; a reader goes on with what the others send, but barriers from
 * there do not come. In: members with their places, links. Out: shuffle ends that jam, vertices
 * that do not hear from all of their senders.
 *
 * Out of reach of a place are all hosts that are cut off from everybody, and those that its host's
 * own links are cut to. Shuffles: cost is that of their ends and of the links cut by name;
 * pointwise edges: that of their channels.
 */
#include "sim/model/state.h"

/* The links of one host, seen from its place; the scratch numbers are edges by shuffle. */
struct reach {
    struct model *model;
    struct model_job *job;
    const struct component *component;
    struct net *net;
    struct net_place *place;
};

/* Hosts that read from a shuffle: all of them, and those that nobody reaches. */
struct readers {
    uint32_t all, off;
};

static struct model_vertex *reader_of(const struct model *model, const struct model_job *job,
                                      uint32_t shuffle)
{
    const struct job_graph *graph = job->spec->graph;
    return &job->vertices[graph->edges.items[model->numbers.items[shuffle]].consumer.n];
}

/* Nothing passes from or to it. */
static bool is_off(const struct model_host *host)
{
    return host->life.cut_off || host->stalled;
}

static void meet_stalled(void *visitor, uint32_t peer)
{
    struct reach *reach = visitor;
    struct net *net = reach->net;
    const struct model_host *host = &reach->model->hosts.items[peer];
    if (host->slot_round != net->round || is_off(host))
        return; /* no task of the network, or counted with those that nobody reaches */
    bool sends = false;
    if (net_place_number(net, reach->component, host->slot) == NONE)
        return;
    struct shuffle_end *here = net->ends.items + reach->place->first_end;
    const struct shuffle_end *there = net->ends.items + net_place_at(net, host->slot)->first_end;
    for (uint32_t e = 0; e < reach->component->shuffle_count; e++) {
        bool jams = here[e].producers > 0 && there[e].consumed > 0;
        here[e].jams |= jams;
        sends |= jams;
        reader_of(reach->model, reach->job, e)->flow.unheard |=
            here[e].producers > 0 && there[e].consumers > 0;
    }
    if (sends)
        stall_begin(reach->model, reach->job, reach->component,
                    net->slots.items[reach->place->slot].host, peer);
}

static void meet_cut(void *visitor, struct node_id peer)
{
    struct reach *reach = visitor;
    if (peer.n < reach->model->hosts.count) /* else nothing ever ran there */
        meet_stalled(visitor, peer.n);
}

static bool some_are_out_of_reach(const struct readers *readers, bool cut_off, bool reads)
{
    return cut_off ? readers->all > reads : readers->off > 0;
}

/* Hosts that are cut off from everybody. */
static void find_cut_off(struct model *model, struct net *net, const struct model_job *job,
                         const struct component *component, uint32_t shuffle)
{
    const struct net_place *places = net->places.items + component->first_place;
    struct model_vertex *to = reader_of(model, job, shuffle);
    uint32_t senders = 0;
    struct readers fed = { 0, 0 }, all = { 0, 0 }; /* fed: get some of the records */
    for (uint32_t p = 0; p < component->place_count; p++) {
        const struct shuffle_end *end = &net->ends.items[places[p].first_end + shuffle];
        bool off = is_off(&model->hosts.items[net->slots.items[places[p].slot].host]);
        senders += end->producers > 0;
        all.all += end->consumers > 0;
        all.off += off && end->consumers > 0;
        fed.all += end->consumed > 0;
        fed.off += off && end->consumed > 0;
    }
    for (uint32_t p = 0; p < component->place_count; p++) {
        struct shuffle_end *end = &net->ends.items[places[p].first_end + shuffle];
        uint32_t host = net->slots.items[places[p].slot].host;
        bool off = is_off(&model->hosts.items[host]);
        if (off && ((end->producers > 0 && fed.all > (end->consumed > 0)) ||
                    (end->consumed > 0 && senders > (end->producers > 0))))
            stall_begin(model, job, component, host, NONE);
        if (end->producers == 0)
            continue;
        end->jams = some_are_out_of_reach(&fed, off, end->consumed > 0);
        to->flow.unheard |= some_are_out_of_reach(&all, off, end->consumers > 0);
    }
}

static void list_shuffles(struct model *model, const struct model_job *job,
                          const struct component *component)
{
    const struct job_graph *graph = job->spec->graph;
    vec_clear(&model->numbers);
    vec_resize(&model->numbers, component->shuffle_count);
    for (VEC_EACH(const uint32_t, id, &component->vertices))
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[*id].outputs))
            if (job->edge_slot[*e] != NONE)
                model->numbers.items[job->edge_slot[*e]] = *e;
}

static void find_links(struct model *model, struct net *net, struct model_job *job,
                       const struct component *component)
{
    struct net_place *places = net->places.items + component->first_place;
    list_shuffles(model, job, component);
    for (uint32_t e = 0; e < component->shuffle_count; e++)
        find_cut_off(model, net, job, component, e);
    net_number_places(net, component);
    for (uint32_t p = 0; p < component->place_count; p++) {
        uint32_t host = net->slots.items[places[p].slot].host;
        struct reach reach = { model, job, component, net, &places[p] };
        if (is_off(&model->hosts.items[host]))
            continue;
        if (model->hosts.items[host].life.suspect && model->life.world.each_cut)
            model->life.world.each_cut(model->life.world.context, (struct node_id){ host },
                                       meet_cut, &reach);
        stall_each(model, host, meet_stalled, &reach);
    }
}

void net_find_links(struct model *model, struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        const struct component *component = &job->components.items[member->component];
        for (VEC_EACH(const uint32_t, id, &component->vertices))
            job->vertices[*id].flow.unheard = false;
        if (model->life.suspects > 0 && component->place_count > 1)
            find_links(model, net, job, component);
    }
}

/* Is some reader of the subtask's over a pointwise edge out of its reach? */
static bool pointwise_is_cut(struct model *model, const struct model_job *job, uint32_t e,
                             uint32_t host, uint32_t subtask)
{
    const struct job_edge *edge = &job->spec->graph->edges.items[e];
    const struct model_vertex *to = &job->vertices[edge->consumer.n];
    const struct component *component = &job->components.items[to->component];
    bool is_cut = false;
    struct subtask_range range = edge_consumers_of(&job->plan, e, subtask);
    for (uint32_t s = range.first; s <= range.last; s++) {
        uint32_t task = to->life.current.items[s];
        uint32_t there = task == NONE ? host : model->tasks.items[task].life.host;
        bool severed = !life_can_talk(&model->life, host, there);
        is_cut |= severed || stall_holds(model, host, there);
        if (severed && shape_edge_records(job->spec, edge) > 0)
            stall_begin(model, job, component, host, there);
    }
    return is_cut;
}

uint32_t net_jam_of(struct model *model, struct net *net, struct model_job *job,
                    const struct model_vertex *vertex, uint32_t subtask)
{
    const struct job_graph *graph = job->spec->graph;
    uint32_t host = model->tasks.items[vertex->life.current.items[subtask]].life.host, jam = NONE;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].outputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        const struct net_place *place = net_place_at(net, model->hosts.items[host].slot);
        bool cut;
        if (job->edge_slot[*e] != NONE) {
            cut = net->ends.items[place->first_end + job->edge_slot[*e]].jams;
        } else {
            cut = pointwise_is_cut(model, job, *e, host, subtask);
            job->vertices[edge->consumer.n].flow.unheard |= cut;
        }
        if (cut && jam == NONE && shape_edge_records(job->spec, edge) > 0)
            jam = edge->consumer.n;
    }
    return jam;
}
