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

enum { BANDS = 16 };

/* Of one subtask, or of as many as there are hosts of its kind. */
struct task_load {
    double weight;  /* its part of the vertex's records */
    double busy;    /* of one: its work per record of the vertex, seconds */
    double service; /* its work per record of its own */
    double slowdown, swing;
    bool behind; /* it reads a backlog */
};

struct loads {
    VEC(struct task_load) items;
};

static double service_of(const struct model_vertex *vertex, double speed, double slowdown)
{
    return (vertex->spec->cost_ns / speed * slowdown + vertex->spec->wait_ns) / (double)TIME_S;
}

static void push_subtasks(const struct model *model, const struct model_job *job,
                          const struct component *component, const struct model_vertex *vertex,
                          double in, struct loads *loads)
{
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        uint32_t host = model->tasks.items[vertex->current.items[s]].host;
        struct task_load load = { .slowdown = 1 };
        load.service = service_of(vertex, model->hosts.items[host].speed, 1);
        for (size_t k = 0; k < component->sources.count; k++)
            load.weight += vertex->shape.share[k * vertex->parallelism + s] *
                           (component->sources.count > 1
                                ? job->sources.items[component->sources.items[k]].rate / in
                                : 1 / vertex->shape.gain[k]);
        load.busy = load.service * load.weight;
        vec_push(&loads->items, load);
    }
}

static void push_threads(const struct model *model, const struct net *net,
                         const struct model_job *job, const struct model_vertex *vertex, double in,
                         struct loads *loads)
{
    for (VEC_EACH(const struct thread, thread, &net->contention.threads)) {
        if (&model->jobs[thread->job] != job || thread->vertex != vertex->id)
            continue;
        const struct host_kind *kind = &net->contention.kinds.items[thread->kind];
        double service = service_of(vertex, kind->speed, thread->slowdown);
        vec_push(&loads->items, (struct task_load){ .weight = thread->rate * kind->hosts / in,
                                                    .busy = service * thread->rate / in,
                                                    .service = service,
                                                    .slowdown = thread->slowdown,
                                                    .swing = thread->swing,
                                                    .behind = thread->behind });
    }
}

/* Bands of a factor of the square root of two, from the busiest subtask down; those that read a
 * backlog in one of their own. */
static void make_bands(struct vertex_flow *flow, const struct loads *loads)
{
    double most = 0;
    struct load_band bands[BANDS + 1] = { 0 };
    for (VEC_EACH(const struct task_load, load, &loads->items))
        most = fmax(most, load->busy);
    for (VEC_EACH(const struct task_load, load, &loads->items)) {
        int band = 0;
        for (double limit = most / M_SQRT2; band + 1 < BANDS && load->busy <= limit; band++)
            limit /= M_SQRT2;
        struct load_band *sum = &bands[load->behind ? BANDS : band];
        sum->weight += load->weight;
        sum->busy += load->weight * load->busy;
        sum->service += load->weight * load->service;
        sum->slowdown += load->weight * load->slowdown;
        sum->swing += load->weight * load->swing;
    }
    vec_clear(&flow->bands);
    for (int band = 0; band <= BANDS; band++) {
        double weight = bands[band].weight;
        if (weight > 0)
            vec_push(&flow->bands, (struct load_band){ weight, bands[band].busy / weight,
                                                       bands[band].service / weight,
                                                       bands[band].slowdown / weight,
                                                       bands[band].swing / weight, band == BANDS });
    }
}

/* What they were made from. Rates of several sources mix; those of one cancel out. */
static uint64_t bands_version(const struct net *net, const struct component *component,
                              const struct vertex_flow *flow)
{
    if (flow->crowded)
        return 2 * net->contention.version + 1;
    return component->sources.count > 1 ? 2 * net->rates : 0;
}

/* Subtask by subtask: behind shuffles, where loads follow the vertex's rate, and wherever tasks
 * slow each other down. */
static void stays_of_bands(const struct model *model, struct model_job *job,
                           const struct component *component, struct model_vertex *vertex,
                           struct stays *stays)
{
    struct vertex_flow *flow = &vertex->flow;
    double in = vertex_in_rate(job, component, vertex);
    const struct net *net = net_of(model, component);
    uint64_t version = bands_version(net, component, flow);
    if (flow->bands_round != net->round || flow->bands_version != version) {
        struct loads loads = { 0 };
        if (flow->crowded)
            push_threads(model, net, job, vertex, in, &loads);
        else
            push_subtasks(model, job, component, vertex, in, &loads);
        make_bands(flow, &loads);
        vec_fini(&loads.items);
        flow->bands_round = net->round;
        flow->bands_version = version;
    }
    for (VEC_EACH(const struct load_band, band, &flow->bands))
        vec_push(&stays->items, (struct stay){ .weight = band->weight,
                                               .rho = band->busy * in,
                                               .service = band->service,
                                               .slowdown = band->slowdown,
                                               .swing = band->swing,
                                               .behind = band->behind });
}

/* Before shuffles: class by class. */
static void stays_of_classes(const struct model *model, const struct component *component,
                             const struct model_vertex *vertex, struct stays *stays)
{
    const struct net *net = net_of(model, component);
    for (uint32_t i = 0; i < component->work_count; i++) {
        const struct class_work *work = &net->work.items[component->first_work + i];
        const struct net_class *class = &net->classes.items[work->class];
        if (work->vertex != vertex->id || !(work->tasks > 0) || !(class->rate > 0))
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
