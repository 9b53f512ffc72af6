/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is where: a slot for every host with tasks of the network, a place for every component that
 * has some there, raw flows for source subtasks, and the ends of shuffles. In: members, tasks. Out:
 * places in the order of members, linear in tasks.
 */
#include "sim/model/net_wire.h"

#include <math.h>

#include "sim/model/state.h"

/* No subtask reads faster than this, so that a source without costs has a rate. */
static const double rate_limit = 1e9;

double *net_loads(struct net *net, const struct net_place *place, enum net_limit limit)
{
    CHECK(limit >= LIMIT_CORES);
    return net->loads.items + place->first_load + (limit - LIMIT_CORES) * place->sum_count;
}

double *net_peaks(struct net *net, const struct net_place *place, enum net_limit limit)
{
    CHECK(limit >= LIMIT_CORES);
    return net->peaks.items + place->first_load + (limit - LIMIT_CORES) * place->sum_count;
}

struct net_place *net_place_at(struct net *net, uint32_t slot)
{
    return &net->places.items[net->slots.items[slot].place];
}

void net_number_places(struct net *net, const struct component *component)
{
    uint32_t end = component->first_place + component->place_count;
    for (uint32_t place = component->first_place; place < end; place++)
        net->slots.items[net->places.items[place].slot].place = place;
}

uint32_t net_place_number(const struct net *net, const struct component *component, uint32_t slot)
{
    uint32_t number = net->slots.items[slot].place - component->first_place;
    return number < component->place_count ? number : NONE;
}

static struct component *component_at(struct model *model, const struct net *net, uint32_t member)
{
    struct net_member m = net->members.items[member];
    return &model->jobs[m.job].components.items[m.component];
}

uint32_t net_slot_of(struct model *model, struct net *net, uint32_t host)
{
    struct model_host *h = &model->hosts.items[host];
    if (h->slot_round == net->round)
        return h->slot;
    h->slot_round = net->round;
    h->slot = (uint32_t)net->slots.count;
    vec_push(&net->slots,
             (struct net_slot){ .host = host,
                                .limit = { h->life.machine->cores * h->life.speed, INFINITY,
                                           INFINITY, net_wire_binds(model, host) ? 1 : INFINITY },
                                .first_flow = NONE,
                                .first_far = NONE,
                                .first_place = NONE,
                                .last_place = NONE });
    return h->slot;
}

/* The component has tasks there. Members come one after the other, so its place is the last. */
static void add_place(struct net *net, const struct component *component, uint32_t member,
                      uint32_t slot)
{
    struct net_slot *s = &net->slots.items[slot];
    uint32_t index = (uint32_t)net->places.count;
    if (s->last_place != NONE && net->places.items[s->last_place].member == member)
        return;
    vec_push(&net->places, (struct net_place){ .slot = slot,
                                               .member = member,
                                               .next = NONE,
                                               .first_sum = component->first_sum,
                                               .sum_count = (uint32_t)component->sources.count,
                                               .first_load = (uint32_t)net->loads.count,
                                               .first_end = (uint32_t)net->ends.count });
    vec_resize(&net->loads, net->loads.count + HOST_LIMITS * component->sources.count);
    vec_resize(&net->peaks, net->loads.count);
    vec_resize(&net->ends, net->ends.count + component->shuffle_count);
    *(s->first_place == NONE ? &s->first_place : &net->places.items[s->last_place].next) = index;
    s->last_place = s->place = index;
}

/* The share of what the vertex sends that this subtask sends; exact when one source feeds it. */
static double produced_share(const struct model_vertex *vertex, uint32_t s)
{
    double sent = 0, all = 0;
    if (!vertex->shape.share || vertex->shape.local_first)
        return 1.0 / vertex->parallelism;
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources)) {
        sent += vertex->shape.share[*k * vertex->parallelism + s];
        all += vertex->shape.gain[*k];
    }
    return all > 0 ? sent / all : 0;
}

static void place_ends(struct model *model, struct net *net, struct model_job *job,
                       struct model_vertex *vertex, uint32_t s, uint32_t slot)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *v = &graph->vertices.items[vertex->id];
    struct shuffle_end *ends = net->ends.items + net_place_at(net, slot)->first_end;
    for (VEC_EACH(const uint32_t, e, &v->inputs)) {
        if (job->edge_slot[*e] == NONE)
            continue;
        struct shuffle_end *end = &ends[job->edge_slot[*e]];
        end->consumed += shape_edge_share(model, vertex, graph->edges.items[*e].partitioner, s);
        end->consumers++;
    }
    for (VEC_EACH(const uint32_t, e, &v->outputs)) {
        if (job->edge_slot[*e] == NONE)
            continue;
        struct shuffle_end *end = &ends[job->edge_slot[*e]];
        end->produced += produced_share(vertex, s);
        end->producers++;
    }
}

/* Source subtasks become raw flows; every host with a task of the component gets a slot. */
void net_add_places(struct model *model, struct net *net, uint32_t member)
{
    struct model_job *job = &model->jobs[net->members.items[member].job];
    struct component *component = component_at(model, net, member);
    component->first_place = (uint32_t)net->places.count;
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        if (vertex->is_source) {
            uint32_t k = component_source_index(component, vertex->source);
            job->sources.items[vertex->source].first_raw = (uint32_t)net->raws.count;
            for (uint32_t s = 0; s < vertex->parallelism; s++)
                vec_push(&net->raws, (struct raw_flow){ .sum = component->first_sum + k,
                                                        .subtask = s,
                                                        .bound = rate_limit,
                                                        .bound_vertex = *id,
                                                        .could = rate_limit,
                                                        .class = NONE,
                                                        .ready = true });
        }
        for (uint32_t s = 0; s < vertex->parallelism; s++) {
            if (vertex->life.current.items[s] == NONE)
                continue;
            uint32_t slot = net_slot_of(
                model, net, model->tasks.items[vertex->life.current.items[s]].life.host);
            add_place(net, component, member, slot);
            if (vertex->is_source) {
                uint32_t raw = job->sources.items[vertex->source].first_raw + s;
                net->raws.items[raw].slot = slot;
                net->raws.items[raw].next_on_slot = net->slots.items[slot].first_flow;
                net->slots.items[slot].first_flow = raw;
            }
            if (component->shuffle_count > 0)
                place_ends(model, net, job, vertex, s, slot);
        }
    }
    component->place_count = (uint32_t)net->places.count - component->first_place;
}
