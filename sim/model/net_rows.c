/* SPDX-License-Identifier: Apache-2.0
 *
 * The max-min problem as written down for the solver: a row per vertex behind shuffles (its busiest
 * thread), per thread that several flows share, per limit of a host that can be reached. In:
 * classes and loads. Out: the problem, and for each source the largest rate at which the network
 * carries it when the others rest: as long as the parts of these that are used add up to less than
 * one, no row can be full and nothing needs solving.
 */
#include <math.h>

#include "sim/model/state.h"

/* A row that is being written: its terms in classes, its weights by sum, ascending. */
struct row_parts {
    VEC(struct maxmin_term) terms;
    VEC(struct maxmin_weight) weights;
    VEC(double) peaks; /* of a row that is shared: of the terms, then of the weights */
};

static void push_weights(struct row_parts *parts, uint32_t first_sum, const double *weights,
                         size_t count)
{
    for (uint32_t k = 0; k < count; k++)
        if (weights[k] > 0)
            vec_push(&parts->weights, (struct maxmin_weight){ first_sum + k, weights[k] });
}

static void push_shared_weights(struct row_parts *parts, uint32_t first_sum, const double *weights,
                                const double *peaks, size_t count)
{
    push_weights(parts, first_sum, weights, count);
    for (uint32_t k = 0; k < count; k++)
        if (weights[k] > 0)
            vec_push(&parts->peaks, peaks[k]);
}

/* Flows that are not ready, or wait, carry nothing. */
static void push_term(const struct net *net, struct row_parts *parts, uint32_t raw, double weight)
{
    uint32_t class = net->raws.items[raw].class;
    if (class != NONE && weight > 0)
        vec_push(&parts->terms, (struct maxmin_term){ class, weight });
}

static void push_shared_term(const struct net *net, struct row_parts *parts, uint32_t raw,
                             double weight, double peak)
{
    size_t before = parts->terms.count;
    push_term(net, parts, raw, weight);
    if (parts->terms.count > before)
        vec_push(&parts->peaks, peak);
}

static void add_row(struct net *net, struct net_row row, double limit, struct row_parts *parts)
{
    uint32_t index =
        maxmin_add_row(&net->problem, limit, parts->terms.items, (uint32_t)parts->terms.count,
                       parts->weights.items, (uint32_t)parts->weights.count);
    if (row.limit != LIMIT_THREAD)
        maxmin_share_row(&net->problem, index, parts->peaks.items);
    row.sum = NONE;
    vec_push(&net->rows, row);
    vec_clear(&parts->terms);
    vec_clear(&parts->weights);
    vec_clear(&parts->peaks);
}

static void add_vertex_row(struct net *net, uint32_t job, const struct component *component,
                           const struct model_vertex *vertex, struct row_parts *parts)
{
    push_weights(parts, component->first_sum,
                 vertex->flow.stuck ? vertex->shape.gain : vertex->flow.busiest,
                 component->sources.count);
    if (parts->weights.count > 0)
        add_row(net,
                (struct net_row){ .limit = LIMIT_THREAD,
                                  .job = job,
                                  .vertex = vertex->flow.stuck ? vertex->flow.holder : vertex->id,
                                  .host = NONE },
                vertex->flow.stuck ? 0 : 1, parts);
}

static void add_vertex_rows(struct model *model, struct net *net, struct net_member member,
                            struct row_parts *parts)
{
    struct model_job *job = &model->jobs[member.job];
    const struct component *component = &job->components.items[member.component];
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        const struct model_vertex *vertex = &job->vertices[*id];
        if (vertex->shape.share && !vertex->shape.local_first)
            add_vertex_row(net, member.job, component, vertex, parts);
    }
}

static void add_own_rows(struct net *net, struct row_parts *parts)
{
    for (VEC_EACH(const struct own_row, own, &net->own_rows)) {
        for (uint32_t i = own->first_term; i < own->first_term + own->term_count; i++)
            push_term(net, parts, net->own_terms.items[i].flow, net->own_terms.items[i].weight);
        push_weights(parts, own->first_sum, net->own_sums.items + own->first_weight,
                     own->sum_count);
        bool stuck = own->holder != NONE;
        add_row(net,
                (struct net_row){ .limit = LIMIT_THREAD,
                                  .job = own->job,
                                  .vertex = stuck ? own->holder : own->vertex,
                                  .host = NONE },
                stuck ? 0 : 1, parts);
    }
}

static void add_window_rows(struct net *net, struct row_parts *parts)
{
    for (VEC_EACH(const struct window_row, row, &net->window_rows)) {
        for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++)
            push_term(net, parts, net->own_terms.items[i].flow, net->own_terms.items[i].weight);
        push_weights(parts, row->first_sum, net->own_sums.items + row->first_weight,
                     row->sum_count);
        add_row(net,
                (struct net_row){ .limit = LIMIT_THREAD,
                                  .job = row->job,
                                  .vertex = row->to,
                                  .host = NONE,
                                  .window = true },
                1, parts);
    }
}

static void add_host_rows(struct net *net, uint32_t slot, struct row_parts *parts)
{
    const struct net_slot *s = &net->slots.items[slot];
    for (int kind = 0; kind < HOST_LIMITS; kind++) {
        enum net_limit limit = (enum net_limit)(LIMIT_CORES + kind);
        if (s->key != slot || !s->kept[kind])
            continue;
        for (uint32_t raw = s->first_flow; raw != NONE; raw = net->raws.items[raw].next_on_slot)
            push_shared_term(net, parts, raw, net->raws.items[raw].load[kind],
                             net->raws.items[raw].peak[kind]);
        for (uint32_t far = s->first_far; far != NONE; far = net->fars.items[far].next)
            if (net->fars.items[far].limit == limit)
                push_shared_term(net, parts, net->fars.items[far].raw, net->fars.items[far].load,
                                 net->fars.items[far].peak);
        for (uint32_t p = s->first_place; p != NONE; p = net->places.items[p].next) {
            const struct net_place *place = &net->places.items[p];
            push_shared_weights(parts, place->first_sum, net_loads(net, place, limit),
                                net_peaks(net, place, limit), place->sum_count);
        }
        add_row(
            net,
            (struct net_row){
                .limit = limit, .job = NONE, .vertex = NONE, .host = s->host, .likes = s->likes },
            s->limit[kind], parts);
    }
}

static void add_share_rows(struct net *net, struct row_parts *parts)
{
    for (uint32_t share = 0; share < net->shares.count; share++) {
        const struct net_share *s = &net->shares.items[share];
        if (!s->kept)
            continue;
        const double *sums = net->share_sums.items + s->first_weight;
        for (uint32_t i = s->first_term; i != NONE; i = net->share_terms.items[i].next) {
            const struct share_term *term = &net->share_terms.items[i];
            push_shared_term(net, parts, term->raw, term->weight, term->weight);
        }
        push_shared_weights(parts, s->first_sum, sums, sums, s->sum_count);
        add_row(net,
                (struct net_row){ .limit = LIMIT_SLOT,
                                  .job = s->job,
                                  .vertex = NONE,
                                  .host = s->host,
                                  .share = share,
                                  .likes = s->likes },
                s->limit, parts);
    }
}

static struct model_source *source_of(struct model *model, const struct net *net, uint32_t k)
{
    const struct net_sum *sum = &net->sums.items[k];
    return &model->jobs[sum->job].sources.items[sum->source];
}

/* A record per second of the source, spread over its subtasks as its partitions are. */
static double part_of_class(struct model *model, const struct net *net, uint32_t class)
{
    const struct net_class *c = &net->classes.items[class];
    return (double)c->partitions / source_of(model, net, c->sum)->layout->partitions;
}

/* The loads of one row per record of each source; sums that have any are put into `touched`. */
static void load_row(struct model *model, struct net *net, const struct maxmin_row *row,
                     double *loads)
{
    const struct maxmin *problem = &net->problem;
    vec_clear(&net->scratch);
    for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++) {
        loads[problem->weights.items[i].sum] = problem->weights.items[i].weight;
        vec_push(&net->scratch, problem->weights.items[i].sum);
    }
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++) {
        const struct maxmin_term *term = &problem->terms.items[i];
        uint32_t sum = net->classes.items[term->flow].sum;
        if (loads[sum] == 0)
            vec_push(&net->scratch, sum);
        loads[sum] += term->weight * part_of_class(model, net, term->flow);
    }
}

static void find_rates_most(struct model *model, struct net *net)
{
    double *loads = mem_create_array(net->sums.count, sizeof *loads);
    for (uint32_t k = 0; k < net->sums.count; k++)
        source_of(model, net, k)->rate_most = INFINITY;
    for (uint32_t c = 0; c < net->classes.count; c++) {
        const struct net_class *class = &net->classes.items[c];
        struct model_source *source = source_of(model, net, class->sum);
        if (class->partitions > 0)
            source->rate_most =
                fmin(source->rate_most, class->bound / part_of_class(model, net, c));
    }
    for (VEC_EACH(const struct maxmin_row, row, &net->problem.rows)) {
        load_row(model, net, row, loads);
        for (VEC_EACH(const uint32_t, k, &net->scratch)) {
            struct model_source *source = source_of(model, net, *k);
            if (loads[*k] > 0)
                source->rate_most = fmin(source->rate_most, row->limit / loads[*k]);
            loads[*k] = 0;
        }
    }
    mem_destroy(loads);
}

void net_write_rows(struct model *model, struct net *net)
{
    struct row_parts parts = { 0 };
    maxmin_clear(&net->problem, (uint32_t)net->sums.count);
    vec_clear(&net->rows);
    for (VEC_EACH(const struct net_class, class, &net->classes))
        maxmin_add_flow(&net->problem, class->sum, class->tasks, 0);
    for (VEC_EACH(const struct net_member, member, &net->members))
        add_vertex_rows(model, net, *member, &parts);
    add_own_rows(net, &parts);
    add_window_rows(net, &parts);
    for (uint32_t slot = 0; slot < net->slots.count; slot++)
        add_host_rows(net, slot, &parts);
    net_thin_shares(net);
    add_share_rows(net, &parts);
    find_rates_most(model, net);
    vec_fini(&parts.terms);
    vec_fini(&parts.weights);
    vec_fini(&parts.peaks);
}
