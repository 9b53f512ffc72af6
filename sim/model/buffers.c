/* SPDX-License-Identifier: Apache-2.0
 *
 * Filling in stages. As fast as sources send more than is worked off, until a sender's pool is used
 * up; then as fast as subtasks that keep up leave their part of it to the slowest. When that has as
 * much as it may have they read on until they are empty.
 */
#include "sim/model/buffers.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/state.h"

/* Goes on from `at` to `until`, or for as long as there is time left; says whether there is. */
static bool fill_on(double *at, double until, double rate, double *seconds)
{
    double filled = *at + rate * *seconds;
    if (*at >= until)
        return true;
    if (!(rate > 0) || filled < until) {
        *at = filled;
        return false;
    }
    *seconds -= (until - *at) / rate;
    *at = until;
    return true;
}

/* What is beyond the end stays so: the vertices may only stand for a moment. */
double buffer_fill_after(const struct buffer_fill *fill, double seconds)
{
    double at = fill->from, step = (fill->most - fill->even) / BEHIND_STEPS;
    bool more = fill_on(&at, fill->even, fill->rate, &seconds);
    for (int i = 0; more && i < BEHIND_STEPS; i++)
        more = fill_on(&at, fill->even + step * (i + 1), fill->spread_rates[i], &seconds);
    if (more)
        fill_on(&at, fill->last, fill->left_rate, &seconds);
    return at;
}

static double one(const struct model_source *source)
{
    (void)source;
    return 1;
}

/* What its sources read by what comes into the vertex, in bytes: records change size on their way,
 * and some are left out. As if all sources read as many while nothing flows. */
static double read_for_each(const struct model_job *job, const struct component *component,
                            const struct model_vertex *vertex)
{
    double read = 0, in = vertex_bytes_in(job, component, vertex);
    bool flows = in > 0;
    if (!flows)
        in = shape_bytes_in(job, component, vertex, one);
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources)) {
        const struct model_source *source = &job->sources.items[component->sources.items[*k]];
        read +=
            (flows ? source->rate : 1) * fmax(job->vertices[source->vertex].spec->record_bytes, 1);
    }
    return in > 0 ? read / in : 0;
}

/* While a component pauses for snapshots nobody gets further behind, nor catches up. */
static void add_deal(struct model *model, struct net *net, struct model_job *job,
                     struct component *component, struct model_vertex *vertex, double wish)
{
    struct buffer_fill *fill = &component->fill;
    struct buffer_deal *deal = &vertex->flow.deal;
    bool paused = component_is_paused(component);
    if (!paused || deal->round != net->round)
        deal_find(model, net, job, component, vertex, wish);
    double each = vertex->flow.read_each = read_for_each(job, component, vertex);
    double more = (deal->most.ahead - deal->even.ahead) * each;
    double left = fmax(deal->even.held - deal->most.held, 0) * each;
    fill->even += deal->even.ahead * each;
    fill->most += deal->most.ahead * each;
    fill->last += deal->most.ahead * each + left;
    for (int i = 0; i < BEHIND_STEPS; i++)
        fill->spread_rates[i] += paused ? 0 : deal->paces[i] * more;
    fill->left_rate += paused ? 0 : deal->left * left;
}

void buffers_take_rates(struct model *model, struct net *net, struct model_job *job,
                        struct component *component)
{
    struct buffer_fill *fill = &component->fill;
    double read = 0;
    *fill = (struct buffer_fill){ .bytes = fill->rate > 0 ? fill->bytes : 0,
                                  .from = fill->from,
                                  .rate = fill->rate };
    for (VEC_EACH(const uint32_t, s, &component->sources)) {
        const struct model_source *source = &job->sources.items[*s];
        read += source->rate * fmax(job->vertices[source->vertex].spec->record_bytes, 1);
    }
    double wish = read > 0 ? 1 + fill->rate / read : 1;
    for (VEC_EACH(const uint32_t, id, &component->vertices))
        if (job->vertices[*id].flow.congested)
            add_deal(model, net, job, component, &job->vertices[*id], wish);
    for (int i = 0; i < BEHIND_STEPS && fill->most > fill->even; i++)
        fill->spread_rates[i] *= fill->rate / (fill->most - fill->even);
    if (fill->last > fill->most)
        fill->left_rate *= fill->rate / (fill->last - fill->most);
}

static double way_between(double from, double to, double at)
{
    return to > from ? fmin(fmax((at - from) / (to - from), 0), 1) : 0;
}

static void set_level(const struct buffer_fill *fill, double bytes, struct buffer_level *level)
{
    level->ahead = fmin(bytes, fill->most);
    level->full = way_between(0, fill->even, bytes);
    level->spread = way_between(fill->even, fill->most, bytes);
    level->settled =
        fill->last > fill->most ? way_between(fill->most, fill->last, bytes) : level->spread;
}

/* In front of one vertex. While a sender's pool is used up there is no more and no less in it. */
static void set_stage(const struct buffer_deal *deal, const struct buffer_level *level,
                      struct deal_stage *now)
{
    now->ahead =
        deal->even.ahead * level->full + (deal->most.ahead - deal->even.ahead) * level->spread;
    now->held =
        deal->even.held * level->full + (deal->most.held - deal->even.held) * level->settled;
    now->size = deal->even.size + (deal->most.size - deal->even.size) * level->spread;
}

/* What is in buffers counts as not read, so it is part of the backlog; and so do records that
 * others have worked off while the slowest has not: as far as sources have read, they have for all.
 */
struct buffer_level buffers_of(const struct model *model, struct model_job *job,
                               const struct component *component)
{
    double arrived = 0;
    struct buffer_level level = { 0 };
    for (VEC_EACH(const uint32_t, s, &component->sources)) {
        struct model_source *source = &job->sources.items[*s];
        arrived += source_backlog(source, model_now(model)) *
                   job->vertices[source->vertex].spec->record_bytes;
    }
    set_level(&component->fill, component->fill.bytes, &level);
    if (level.ahead > arrived)
        set_level(&component->fill, arrived, &level);
    level.part = arrived > 0 ? level.ahead / arrived : 0;
    return level;
}

static double group_backlog(struct model_source *source, const struct partition_group *group,
                            time_ns now)
{
    return fmax(source_arrived(source, group, now) - source_read(source, group, now), 0);
}

/* Of its backlog, what subtasks could read if those behind them took it has gone into buffers, each
 * in proportion. */
double source_ahead(const struct model *model, struct model_job *job, struct model_source *source,
                    const struct buffer_level *buffers, double *by_group)
{
    const struct component *component =
        &job->components.items[job->vertices[source->vertex].component];
    double sum = 0, part = source->active ? buffers->part : 0;
    for (size_t g = 0; g < source->groups.count; g++) {
        const struct partition_group *group = &source->groups.items[g];
        double held = 0;
        if (part > 0 && group->class != GROUP_IDLE &&
            net_of(model, component)->classes.items[group->class].backpressured)
            held = part * group_backlog(source, group, model_now(model));
        if (by_group)
            by_group[g] = held;
        sum += held * group->count;
    }
    return sum;
}

/* While a network stands at an instant and its rates stay, all of its vertices have the same. */
static const struct buffer_level *level_of(const struct model *model, struct model_job *job,
                                           struct component *component)
{
    const struct net *net = net_of(model, component);
    bool stands = net && net->at == model_now(model);
    if (!stands || component->level_at != net->at || component->level_round != net->round ||
        component->level_rates != net->rates)
        component->level = buffers_of(model, job, component);
    component->level_at = stands ? net->at : TIME_NEVER;
    component->level_round = stands ? net->round : 0;
    component->level_rates = stands ? net->rates : 0;
    return &component->level;
}

struct deal_stage vertex_buffers(const struct model *model, struct model_job *job,
                                 const struct model_vertex *vertex)
{
    struct component *component = &job->components.items[vertex->component];
    struct deal_stage now = { .size = (double)job->spec->graph->config.buffer_size };
    if (vertex->flow.congested)
        set_stage(&vertex->flow.deal, level_of(model, job, component), &now);
    return now;
}

double vertex_buffer_size(const struct model_job *job, const struct component *component,
                          const struct model_vertex *vertex)
{
    struct deal_stage now = { .size = (double)job->spec->graph->config.buffer_size };
    struct buffer_level level = { 0 };
    set_level(&component->fill, component->fill.from, &level);
    if (vertex->flow.congested)
        set_stage(&vertex->flow.deal, &level, &now);
    return now.size;
}
