/* SPDX-License-Identifier: Apache-2.0
 *
 * Stays at vertices: subtasks in bands of about equal load, or classes before shuffles; then how
 * regularly records come, along the edges.
 */
#include "sim/model/stay.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/passage.h"
#include "sim/model/queueing.h"
#include "sim/model/state.h"

/* By subtask. */
struct loads {
    VEC(struct task_load) items;
};

static void push_subtasks(const struct model *model, const struct model_job *job,
                          const struct component *component, const struct model_vertex *vertex,
                          double in, struct loads *loads)
{
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        uint32_t host = model->tasks.items[vertex->life.current.items[s]].life.host;
        struct task_load load = { .slowdown = 1 };
        load.service = vertex_service(vertex, model->hosts.items[host].life.speed, 1);
        for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
            load.weight += vertex->shape.share[*k * vertex->parallelism + s] *
                           (component->sources.count > 1
                                ? job->sources.items[component->sources.items[*k]].rate / in
                                : 1 / vertex->shape.gain[*k]);
        load.busy = load.service * load.weight;
        vec_push(&loads->items, load);
    }
}

/* Rates of several sources mix; those of one cancel out, so its bands are always the same. */
static const struct load_bands *bands_of_all(const struct model *model, const struct model_job *job,
                                             const struct component *component,
                                             struct model_vertex *vertex, double in)
{
    struct vertex_flow *flow = &vertex->flow;
    const struct net *net = net_of(model, component);
    uint64_t rates = component->sources.count > 1 ? net->rates : 0;
    if (flow->bands_round == net->round && flow->bands_rates == rates)
        return &flow->bands;
    struct loads loads = { 0 };
    struct band_sums sums = { 0 };
    push_subtasks(model, job, component, vertex, in, &loads);
    for (VEC_EACH(const struct task_load, load, &loads.items))
        bands_see(&sums, load);
    bands_split(&sums);
    for (VEC_EACH(const struct task_load, load, &loads.items))
        bands_add(&sums, load);
    vec_fini(&loads.items);
    vec_clear(&flow->bands.items);
    bands_push(&sums, &flow->bands);
    flow->bands_round = net->round;
    flow->bands_rates = rates;
    return &flow->bands;
}

static void push_band(struct stays *stays, const struct load_band *band, double in)
{
    vec_push(&stays->items, (struct stay){ .weight = band->weight,
                                           .rho = band->busy * in,
                                           .service = band->service,
                                           .slowdown = band->slowdown,
                                           .swing = band->swing,
                                           .behind = band->behind });
}

/* Subtask by subtask: behind shuffles, where loads follow the vertex's rate, and wherever tasks
 * slow each other down. */
static void stays_of_bands(const struct model *model, const struct model_job *job,
                           const struct component *component, struct model_vertex *vertex,
                           struct stays *stays)
{
    double in = vertex_in_rate(job, component, vertex);
    if (vertex->flow.crowded) {
        struct net *net = net_of(model, component);
        const struct crowdings *crowdings = &net->contention.crowdings;
        crowdings_find_bands(model, net);
        const struct crowding *crowding = crowding_at(crowdings, vertex->flow.place);
        for (uint32_t i = 0; i < crowding->band_count; i++)
            push_band(stays, &crowdings->bands.items.items[crowding->first_band + i], in);
        return;
    }
    for (VEC_EACH(const struct load_band, band,
                  &bands_of_all(model, job, component, vertex, in)->items))
        push_band(stays, band, in);
}

/* Before shuffles: class by class. */
static void stays_of_classes(const struct model *model, const struct component *component,
                             const struct model_vertex *vertex, struct stays *stays)
{
    const struct net *net = net_of(model, component);
    const struct class_work *work;
    for (uint32_t i = vertex->flow.first_work; i != NONE; i = work->next) {
        work = &net->work.items[i];
        const struct net_class *class = &net->classes.items[work->class];
        if (!(work->tasks > 0) || !(class->rate > 0))
            continue;
        double read = class->rate * class->tasks;
        double in = read * vertex->shape.gain[class->sum - component->first_sum];
        if (!(in > 0))
            continue;
        vec_push(&stays->items,
                 (struct stay){ .weight = in,
                                .rho = work->busy * class->rate / work->tasks,
                                .service = work->busy * class->rate / in,
                                .slowdown = 1,
                                .behind = vertex->is_source && net_class_is_behind(class) });
    }
}

/* What a source makes itself does not wait for it. */
static bool nobody_waits(const struct model_job *job, const struct model_vertex *vertex)
{
    return vertex->is_source && job->sources.items[vertex->source].paced;
}

/* The wait after Poisson arrivals if all threads had cores of their own. */
static double reach_of(const struct stay *stay)
{
    double rho = fmin(stay->rho / stay->slowdown, RHO_MOST);
    return mg1_wait(rho, stay->service / stay->slowdown, stay->cv).mean;
}

void stays_find(const struct model *model, struct model_job *job, const struct component *component,
                struct model_vertex *vertex, struct stays *stays)
{
    double weight = 0;
    bool no_wait = nobody_waits(job, vertex);
    if (!(vertex_in_rate(job, component, vertex) > 0))
        return;
    if (vertex->shape.share || vertex->flow.crowded)
        stays_of_bands(model, job, component, vertex, stays);
    else
        stays_of_classes(model, component, vertex, stays);
    for (VEC_EACH(struct stay, stay, &stays->items)) {
        stay->cv = vertex->spec->service_cv;
        stay->wait_factor = 1;
        weight += stay->weight;
        stays->rho += stay->weight * fmin(stay->rho, 1);
        stays->reach += stay->weight * reach_of(stay);
        if (no_wait)
            stay->rho = 0;
    }
    stays->rho = weight > 0 ? stays->rho / weight : 0;
    stays->reach = weight > 0 ? stays->reach / weight : 0;
}

/* The stream that comes most; what is regular in others counts in the mean, `cv2`, alone. */
static struct variation arrivals_of(struct model *model, struct model_job *job,
                                    const struct component *component,
                                    const struct model_vertex *vertex, const struct stays *stays,
                                    double *cv2)
{
    const struct job_graph *graph = job->spec->graph;
    const struct stays *own = &stays[vertex->id];
    struct variation most = { .beyond = 1 };
    double sum = 0, rates = 0, rate_most = 0;
    if (vertex->is_source)
        most.beyond = job->sources.items[vertex->source].paced ? 0 : 1;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex->id].inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        const struct model_vertex *from = &job->vertices[edge->producer.n];
        double rate = vertex_in_rate(job, component, from) * shape_edge_records(job->spec, edge);
        struct variation stream = stays[from->id].departures;
        passage_vary(model, job, component, *e, own->rho, &stream);
        sum += rate * variation_within(&stream, own->reach);
        rates += rate;
        if (rate > rate_most)
            most = stream;
        rate_most = fmax(rate_most, rate);
    }
    *cv2 = rates > 0 ? sum / rates : most.beyond;
    return most;
}

/* What waits because others have the cores comes from all of them, as Poisson arrivals do: only the
 * wait that there would be without them is corrected. */
static double corrected(const struct stay *stay, double cv2)
{
    double wait = stay_wait(stay);
    return wait > 0 ? 1 - (1 - wait_factor(cv2, stay->cv)) * reach_of(stay) / wait : 1;
}

void stays_correct(struct model *model, struct model_job *job, const struct component *component,
                   const struct model_vertex *vertex, struct stays *stays)
{
    double cv2;
    struct stays *own = &stays[vertex->id];
    own->departures = arrivals_of(model, job, component, vertex, stays, &cv2);
    variation_cover(&own->departures, own->reach, vertex->spec->service_cv);
    for (VEC_EACH(struct stay, stay, &own->items))
        stay->wait_factor = corrected(stay, cv2);
}

static bool nearly(double a, double b)
{
    return fabs(a - b) <= 0.1 * fmax(a, b);
}

static double joined(double a, double weight_a, double b, double weight_b)
{
    return (a * weight_a + b * weight_b) / (weight_a + weight_b);
}

void stays_merge(struct stays *stays)
{
    size_t kept = 0;
    for (VEC_EACH(const struct stay, stay, &stays->items)) {
        struct stay *last = kept > 0 ? &stays->items.items[kept - 1] : NULL;
        if (!last || last->behind != stay->behind || !nearly(1 - last->rho, 1 - stay->rho) ||
            !nearly(last->service, stay->service) || !nearly(1 + last->swing, 1 + stay->swing)) {
            stays->items.items[kept++] = *stay;
            continue;
        }
        double a = last->weight, b = stay->weight;
        last->rho = joined(last->rho, a, stay->rho, b);
        last->service = joined(last->service, a, stay->service, b);
        last->wait_factor = joined(last->wait_factor, a, stay->wait_factor, b);
        last->swing = joined(last->swing, a, stay->swing, b);
        last->weight += b;
    }
    stays->items.count = kept;
}

static double mean_of(const struct stays *stays, bool served)
{
    double weight = 0, sum = 0;
    for (VEC_EACH(const struct stay, stay, &stays->items)) {
        weight += stay->weight;
        sum += stay->weight * (stay_wait(stay) + (served ? stay->service : 0));
    }
    return weight > 0 ? sum / weight : 0;
}

double stays_wait(const struct stays *stays)
{
    return mean_of(stays, false);
}

double stays_mean(const struct stays *stays)
{
    return mean_of(stays, true);
}
