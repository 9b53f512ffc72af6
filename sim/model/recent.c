/* SPDX-License-Identifier: Apache-2.0
 *
 * The load's steps are walked back from now until the queue has forgotten what came before, or was
 * empty: when it began, or when a backlog in front of it had been worked off.
 */
#include "sim/model/recent.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/queueing.h"
#include "sim/model/relax.h"
#include "sim/model/state.h"
#include "sim/model/stay.h"

/* What was before that many steps is taken for what had always been. */
enum { STEPS_MAX = 24 };

/* Newest first. */
struct history {
    uint32_t count;
    struct {
        double seconds, part; /* of the rate of now */
    } steps[STEPS_MAX];
    bool from_empty; /* before the oldest of them nothing waited */
};

/* Since then the vertex works off what comes when it comes. */
static time_ns begin_of(const struct model_job *job, const struct component *component,
                        const struct model_vertex *vertex)
{
    time_ns begin = component->active_from;
    if (vertex->flow.emptied_at > begin)
        begin = vertex->flow.emptied_at;
    if (vertex->is_source && job->sources.items[vertex->source].caught_up_at > begin)
        begin = job->sources.items[vertex->source].caught_up_at;
    return begin;
}

/* One that reads a backlog reads what it can, whatever arrives. */
static bool is_behind(const struct net *net, const struct component *component, size_t k)
{
    for (uint32_t i = 0; i < component->class_count; i++) {
        const struct net_class *class = &net->classes.items[component->first_class + i];
        if (class->sum == component->first_sum + k && class->behind > 0)
            return true;
    }
    return false;
}

/* Records per second into the vertex at a time, and since when it was that. */
static double rate_at(const struct model *model, struct model_job *job,
                      const struct component *component, const struct model_vertex *vertex,
                      time_ns at, time_ns *since)
{
    const struct net *net = net_of(model, component);
    double sum = 0;
    for (size_t k = 0; k < component->sources.count; k++) {
        struct model_source *source = &job->sources.items[component->sources.items[k]];
        double rate = source->rate * vertex->shape.gain[k];
        if (!(rate > 0) || is_behind(net, component, k)) {
            sum += rate;
            continue;
        }
        double now = curve_rate(&source->curve, model_now(model));
        double then = curve_rate(&source->curve, at);
        time_ns step = curve_last_change(&source->curve, at);
        sum += now > 0 ? rate * then / now : rate;
        *since = step > *since ? step : *since;
    }
    return sum;
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

static void find_history(const struct model *model, struct model_job *job,
                         const struct component *component, const struct model_vertex *vertex,
                         const struct stays *stays, struct history *history)
{
    double in = vertex_in_rate(job, component, vertex);
    time_ns begin = begin_of(job, component, vertex), at = model_now(model), since;
    history->count = 0;
    bool forgotten = false;
    while (history->count == 0 || (at > begin && !forgotten && history->count < STEPS_MAX)) {
        bool is_now = history->count == 0; /* no time may have passed at the rate of now */
        since = begin;
        double rate = rate_at(model, job, component, vertex, is_now ? at : at - 1, &since);
        history->steps[history->count].seconds = (double)(at - since) / (double)TIME_S;
        history->steps[history->count++].part = rate / in;
        forgotten = all_forget(stays, history);
        at = since;
    }
    history->from_empty = at <= begin;
}

/* From the newest step that was long enough to forget everything before. */
static struct relaxation relax_over(const struct stay *stay, const struct history *history)
{
    struct relaxation queue = { 0 };
    uint32_t first = 0;
    for (; first < history->count; first++) {
        struct relax_load load =
            load_of(stay, history->steps[first].seconds, history->steps[first].part);
        if (is_long(&load) || (first + 1 == history->count && !history->from_empty)) {
            queue.wait = load.wait;
            break;
        }
    }
    for (uint32_t i = first; i-- > 0;) {
        struct relax_load load = load_of(stay, history->steps[i].seconds, history->steps[i].part);
        relax_advance(&queue, &load);
    }
    return queue;
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
                 struct stays *stays)
{
    struct history history = { 0 };
    size_t count = stays->items.count;
    for (size_t i = 0; i < count; i++) {
        struct stay *stay = &stays->items.items[i];
        if (!(stay->rho > 0) || !(stay->wait_factor > 0))
            continue;
        if (history.count == 0)
            find_history(model, job, component, vertex, stays, &history);
        struct relaxation queue = relax_over(stay, &history);
        stay->age = queue.age;
        if (queue.left > 0)
            add_left(stays, i, &queue, history.count > 1 ? history.steps[1].part : 1);
    }
}
