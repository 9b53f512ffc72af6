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

static void add_row(struct net *net, struct net_row row, double limit,
                    const struct maxmin_term *terms, size_t term_count, const double *sums)
{
    maxmin_add_row(&net->problem, limit, terms, (uint32_t)term_count, sums);
    vec_push(&net->rows, row);
}

static void add_vertex_row(struct model *model, uint32_t job, const struct component *component,
                           const struct model_vertex *vertex, double *sums)
{
    struct net *net = &model->net;
    size_t source_count = component->sources.count;
    double *own = sums + component->first_sum;
    double most = 0;
    for (size_t k = 0; k < source_count; k++) {
        own[k] = vertex->flow.stuck ? vertex->shape.gain[k] : vertex->flow.busiest[k];
        most = fmax(most, own[k]);
    }
    if (most > 0)
        add_row(net, (struct net_row){ LIMIT_THREAD, job, vertex->id, NONE },
                vertex->flow.stuck ? 0 : 1, NULL, 0, sums);
    memset(own, 0, source_count * sizeof *own);
}

/* Terms of an own row or a host, in classes; flows that are not ready carry nothing. */
struct row_terms {
    VEC(struct maxmin_term) terms;
};

static void push_term(const struct net *net, struct row_terms *out, uint32_t raw, double weight)
{
    uint32_t class = net->raws.items[raw].class;
    if (class != NONE && weight > 0)
        vec_push(&out->terms, (struct maxmin_term){ class, weight });
}

static void add_own_rows(struct net *net, struct row_terms *terms)
{
    for (size_t r = 0; r < net->own_rows.count; r++) {
        const struct own_row *own = &net->own_rows.items[r];
        vec_clear(&terms->terms);
        for (uint32_t i = own->first_term; i < own->first_term + own->term_count; i++)
            push_term(net, terms, net->own_terms.items[i].flow, net->own_terms.items[i].weight);
        add_row(net, (struct net_row){ LIMIT_THREAD, own->job, own->vertex, NONE },
                own->stuck ? 0 : 1, terms->terms.items, terms->terms.count,
                net->own_sums.items + r * net->sums.count);
    }
}

static void add_host_rows(struct net *net, uint32_t slot, struct row_terms *terms)
{
    const struct net_slot *s = &net->slots.items[slot];
    for (int kind = 0; kind < HOST_LIMITS; kind++) {
        enum net_limit limit = (enum net_limit)(LIMIT_CORES + kind);
        if (s->key != slot || !s->kept[kind])
            continue;
        vec_clear(&terms->terms);
        for (uint32_t raw = s->first_flow; raw != NONE; raw = net->raws.items[raw].next_on_slot)
            push_term(net, terms, raw, net->raws.items[raw].load[kind]);
        for (uint32_t far = s->first_far; far != NONE; far = net->fars.items[far].next)
            if (net->fars.items[far].limit == limit)
                push_term(net, terms, net->fars.items[far].raw, net->fars.items[far].load);
        add_row(net, (struct net_row){ limit, NONE, NONE, s->host }, s->limit[kind],
                terms->terms.items, terms->terms.count, net_loads(net, slot, limit));
    }
}

/* A record per second of the source, spread over its subtasks as its partitions are. */
static double part_of_class(const struct model_source *source, const struct net_class *class)
{
    return (double)class->partitions / source->layout->partitions;
}

static void find_rate_most(struct model *model, uint32_t k)
{
    struct net *net = &model->net;
    struct model_source *source =
        &model->jobs[net->sums.items[k].job].sources.items[net->sums.items[k].source];
    double most = INFINITY;
    for (VEC_EACH(const struct net_class, class, &net->classes))
        if (class->sum == k && class->partitions > 0)
            most = fmin(most, class->bound / part_of_class(source, class));
    for (size_t r = 0; r < net->problem.rows.count; r++) {
        const struct maxmin_row *row = &net->problem.rows.items[r];
        double load = net->problem.sum_weights.items[r * net->sums.count + k];
        for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++) {
            const struct maxmin_term *term = &net->problem.terms.items[i];
            const struct net_class *class = &net->classes.items[term->flow];
            if (class->sum == k)
                load += term->weight * part_of_class(source, class);
        }
        if (load > 0)
            most = fmin(most, row->limit / load);
    }
    source->rate_most = most;
}

void net_write_rows(struct model *model)
{
    struct net *net = &model->net;
    double *sums = mem_create_array(net->sums.count, sizeof *sums);
    struct row_terms terms = { 0 };
    maxmin_clear(&net->problem, (uint32_t)net->sums.count);
    vec_clear(&net->rows);
    for (VEC_EACH(const struct net_class, class, &net->classes))
        maxmin_add_flow(&net->problem, class->sum, class->tasks, 0);
    for (uint32_t j = 0; j < model->job_count; j++)
        for (VEC_EACH(const struct component, component, &model->jobs[j].components))
            for (size_t i = 0; component->active && i < component->vertices.count; i++) {
                const struct model_vertex *vertex =
                    &model->jobs[j].vertices[component->vertices.items[i]];
                if (vertex->shape.share && !vertex->shape.local_first)
                    add_vertex_row(model, j, component, vertex, sums);
            }
    add_own_rows(net, &terms);
    for (uint32_t slot = 0; slot < net->slots.count; slot++)
        add_host_rows(net, slot, &terms);
    for (uint32_t k = 0; k < net->sums.count; k++)
        find_rate_most(model, k);
    vec_fini(&terms.terms);
    mem_destroy(sums);
}
