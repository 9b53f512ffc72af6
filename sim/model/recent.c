/* SPDX-License-Identifier: Apache-2.0
 *
 * The load's steps are walked back from now until the queue has forgotten what came before, or was
 * empty, as when it began. While a backlog waits in front of a vertex its server is never idle:
 * what waited there when the backlog began goes on waiting, beside the backlog, and is there when
 * that has been worked off.
 */
#include "sim/model/recent.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/queueing.h"
#include "sim/model/relax.h"
#include "sim/model/state.h"
#include "sim/model/stay.h"

#define ROUNDING 1e-6

/* As much of it as some queues remember. */
struct history {
    uint32_t count;
    const struct load_step *steps;
    bool from_empty; /* before the oldest of them nothing waited */
};

static const struct vertex_flow *flow_of(const struct model_job *job, uint32_t vertex)
{
    return &job->vertices[vertex].flow;
}

static bool is_held_at(const struct vertex_flow *flow, time_ns at)
{
    return flow->held_at <= at && (flow->held || at < flow->released_at);
}

/* The last time up to `at` at which that changed, if it is later than `since`. */
static time_ns later_turn(const struct vertex_flow *flow, time_ns at, time_ns since)
{
    if (flow->held_at <= at && flow->held_at > since)
        since = flow->held_at;
    if (!flow->held && flow->released_at <= at && flow->released_at > since)
        since = flow->released_at;
    return since;
}

static double offered_at(struct model_source *source, time_ns at)
{
    return source_partition_rate(source, at) * source->layout->partitions;
}

static double amount_between(struct model_source *source, time_ns from, time_ns until)
{
    return (curve_amount(&source->curve, until) - curve_amount(&source->curve, from)) *
           source->scale * source->layout->partitions;
}

/* Records per second that a source read at a time, and since when it did. What is read of a backlog
 * is what can be, whatever arrives; over all of it, once it is worked off, what came. */
static double read_at(const struct model *model, const struct model_job *job,
                      struct model_source *source, time_ns at, time_ns *since)
{
    const struct vertex_flow *flow = flow_of(job, source->vertex);
    bool held = is_held_at(flow, at);
    *since = later_turn(flow, at, *since);
    if (held && flow->held)
        return source->rate;
    if (held)
        return amount_between(source, flow->held_at, flow->released_at) /
               ((double)(flow->released_at - flow->held_at) / (double)TIME_S);
    time_ns step = curve_last_change(&source->curve, at);
    double now = offered_at(source, model_now(model)), then = offered_at(source, at);
    *since = step > *since ? step : *since;
    return flow->held || !(now > 0) ? then : source->rate * then / now;
}

/* Most of what came on average since a time, up to any later one. */
static double offered_most(struct model_source *source, time_ns from, time_ns until)
{
    double most = offered_at(source, from);
    time_ns at = from;
    for (int step = 0; step < LOAD_STEPS_MAX && at < until; step++) {
        time_ns next = curve_next_change(&source->curve, at);
        at = next < until ? next : until;
        most = fmax(most, amount_between(source, from, at) * (double)TIME_S / (double)(at - from));
    }
    return most;
}

/* What came per record that was read while the vertex was held, at the rate of the step. */
static double offered_while_held(const struct model *model, struct model_job *job,
                                 const struct component *component,
                                 const struct model_vertex *vertex, double rate)
{
    const struct vertex_flow *flow = &vertex->flow;
    time_ns until = flow->held ? model_now(model) : flow->released_at;
    double sum = 0;
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
        sum +=
            vertex->shape.gain[*k] *
            offered_most(&job->sources.items[component->sources.items[*k]], flow->held_at, until);
    return sum / rate;
}

static struct relax_load load_of(const struct stay *stay, double seconds, double part)
{
    double rho = fmin(stay->rho * part, RHO_MOST);
    double spread = stay->wait_factor * rho * stay->service * (1 + stay->cv * stay->cv);
    struct relax_load load = { .seconds = seconds, .rho = rho };
    if (spread > 0) {
        load.wait = spread / (2 * (1 - rho));
        load.pace = (1 - rho) * (1 - rho) / spread;
    }
    return load;
}

static bool is_long(const struct relax_load *load)
{
    return load->wait > 0 && load->seconds * load->pace >= RELAX_AGE_MOST;
}

/* Nothing from before the oldest step is seen any more. */
static bool all_forget(const struct stays *stays, const struct history *history)
{
    uint32_t last = history->count - 1;
    for (VEC_EACH(const struct stay, stay, &stays->items)) {
        struct relax_load load =
            load_of(stay, history->steps[last].seconds, history->steps[last].part);
        if (stay->rho > 0 && stay->wait_factor > 0 && !is_long(&load))
            return false;
    }
    return true;
}

/* That of a time, and since when it was so. */
static struct load_step step_at(const struct model *model, struct model_job *job,
                                const struct component *component,
                                const struct model_vertex *vertex, time_ns at, time_ns *since)
{
    const struct vertex_flow *flow = &vertex->flow;
    struct load_step step = { .held = is_held_at(flow, at) };
    double rate = 0;
    *since = later_turn(flow, at, *since);
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
        rate += vertex->shape.gain[*k] *
                read_at(model, job, &job->sources.items[component->sources.items[*k]], at, since);
    step.part = rate / vertex_in_rate(job, component, vertex);
    step.from_start = flow->held_at <= component->active_from;
    if (step.held && !step.from_start && rate > 0)
        step.offered = offered_while_held(model, job, component, vertex, rate);
    return step;
}

static struct history find_history(const struct model *model, struct model_job *job,
                                   const struct component *component,
                                   const struct model_vertex *vertex, const struct stays *stays,
                                   struct load_history *known)
{
    time_ns begin = component->active_from, at = model_now(model);
    struct history history = { .steps = known->steps };
    bool forgotten = false;
    while (history.count == 0 || (at > begin && !forgotten && history.count < LOAD_STEPS_MAX)) {
        bool is_now = history.count == 0; /* no time may have passed at the rate of now */
        struct load_step *step = &known->steps[history.count++];
        if (history.count > known->found) {
            time_ns since = begin;
            *step = step_at(model, job, component, vertex, is_now ? at : at - 1, &since);
            step->since = since;
            step->seconds = (double)(at - since) / (double)TIME_S;
            known->found = history.count;
        }
        forgotten = all_forget(stays, &history);
        at = step->since;
    }
    history.from_empty = at <= begin;
    return history;
}

/* While a backlog waits the server is never idle, so what waited beside it stays. At an overload's
 * beginning it has been idle now and then, and that adds as much as waits in a queue whose load is
 * as far below one as this is above (the reflected motion, seen backwards). */
static void hold(struct relaxation *queue, const struct stay *stay, const struct load_step *step)
{
    queue->left = queue->left_wait = 0;
    if (step->from_start)
        queue->wait = queue->age = queue->shape = 0;
    if (step->from_start || !(step->offered > 1))
        return;
    struct relax_load load = load_of(stay, step->seconds, fmax(2 - step->offered, 0) / stay->rho);
    if (queue->wait < load.wait)
        relax_advance(queue, &load);
}

/* Does what waits wait in, or beside, a backlog? A source may read one with some subtasks only. */
static bool is_held_up(const struct stay *stay, const struct history *history, uint32_t index,
                       bool is_source)
{
    const struct load_step *step = &history->steps[index];
    return step->held && (!is_source || stay->behind || !history->steps[0].held) &&
           (step->from_start || stay->rho * step->part >= RHO_MOST);
}

/* More than can be done, and no backlog: hosts were faster then, and how full is not known. */
static bool was_faster(const struct stay *stay, const struct load_step *step)
{
    return !step->held && stay->rho * step->part > 1 + ROUNDING;
}

/* From the newest step that was long enough to forget everything before. */
static struct relaxation relax_over(const struct stay *stay, const struct history *history,
                                    bool is_source)
{
    struct relaxation queue = { 0 };
    uint32_t first = 0;
    for (; first < history->count; first++) {
        const struct load_step *step = &history->steps[first];
        struct relax_load load = load_of(stay, step->seconds, step->part);
        bool oldest = first + 1 == history->count && !history->from_empty;
        if (was_faster(stay, step))
            break;
        if (!is_held_up(stay, history, first, is_source) && (is_long(&load) || oldest)) {
            queue.wait = load.wait;
            break;
        }
    }
    for (uint32_t i = first; i-- > 0;) {
        const struct load_step *step = &history->steps[i];
        struct relax_load load = load_of(stay, step->seconds, step->part);
        if (is_held_up(stay, history, i, is_source))
            hold(&queue, stay, step);
        else
            relax_advance(&queue, &load);
    }
    return queue;
}

/* A queue of that length and age, whatever load would have led to it. */
static void set_queue(struct stay *stay, const struct relaxation *queue)
{
    double residual = stay->wait_factor * stay->service * (1 + stay->cv * stay->cv) / 2;
    double wait = queue->wait / (queue->age > 0 ? relax_mean(queue->age) : 1);
    double residuals = residual > 0 ? wait / residual : 0;
    stay->rho = residuals / (1 + residuals); /* Pollaczek and Khinchine, the other way round */
    stay->age = queue->age;
    stay->shape = queue->shape;
}

/* What is left of the queue from before the last step, as a stay of its own. */
static void add_left(struct stays *stays, size_t index, const struct relaxation *queue, double part)
{
    struct stay *stay = &stays->items.items[index];
    struct stay before = *stay;
    before.weight *= queue->left;
    before.rho = fmin(before.rho * part, RHO_MOST);
    double wait = mg1_wait(before.rho, before.service, before.cv).mean;
    if (!(wait > 0) || queue->left < 1e-6)
        return;
    before.wait_factor = queue->left_wait / wait;
    stay->weight *= 1 - queue->left;
    vec_push(&stays->items, before);
}

void stays_relax(const struct model *model, struct model_job *job,
                 const struct component *component, const struct model_vertex *vertex,
                 struct load_history *known, struct stays *stays)
{
    struct history history = { 0 };
    size_t count = stays->items.count;
    for (size_t i = 0; i < count; i++) {
        struct stay *stay = &stays->items.items[i];
        if (!(stay->rho > 0) || !(stay->wait_factor > 0))
            continue;
        if (history.count == 0)
            history = find_history(model, job, component, vertex, stays, known);
        struct relaxation queue = relax_over(stay, &history, vertex->is_source);
        if (is_held_up(stay, &history, 0, vertex->is_source)) {
            set_queue(stay, &queue);
            continue;
        }
        stay->age = queue.age;
        stay->shape = queue.shape;
        if (queue.left > 0)
            add_left(stays, i, &queue, history.count > 1 ? history.steps[1].part : 1);
    }
}
