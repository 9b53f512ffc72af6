/* SPDX-License-Identifier: Apache-2.0
 *
 * Totals of vertices: what the time since the last fold adds to them, while all rates were
 * constant: all of it together as much as any parts of it, wherever somebody looks. Every subtask
 * is counted once: behind shuffles all of a vertex together, before them by class where it serves
 * one flow, by its row where it serves several. The synchronous part of a snapshot runs in the
 * task's mailbox, so it is busy time; a frozen process tells nothing, so its subtasks have no time.
 * In: what classes and sources have served. Out: busy, idle and backpressured task time, that of
 * the subtask with most, records.
 *
 * Always holds: the three add up to the task time; no mean is above its most.
 */
#include <math.h>

#include "sim/model/state.h"

static struct model_source *source_of_sum(struct model *model, const struct net_sum *sum)
{
    return &model->jobs[sum->job].sources.items[sum->source];
}

static double served_of(const struct model_source *source)
{
    return source->served_total - source->served_folded;
}

/* Subtasks that wait for the same: how many, and of them those that a snapshot holds; their work
 * together in seconds, and that of the one that has most and least; for how long, all together,
 * they have work and no core at least. */
struct threads {
    double tasks, blocked, busy, most, least, core_lack;
    bool backpressured;
};

/* The three shares of task time: what is not busy waits for room in the output, or for input.
 * Flink: busy = 1000 - idle - backpressured (ms per second), by the clock on the wall, so a task
 * that has work and waits for a core is busy. */
static void add_threads(struct model_vertex *vertex, double seconds, const struct threads *threads)
{
    struct vertex_flow *flow = &vertex->flow;
    struct flow_fold *fold = &flow->fold;
    double task_seconds = threads->tasks * seconds;
    double held = fmin(threads->blocked + flow->sync_share * threads->tasks, threads->tasks);
    double busy = threads->busy + held * seconds; /* nothing flows through those meanwhile */
    double rest = fmax(task_seconds - busy, 0);
    double lack = threads->backpressured ? 0 : fmin(threads->core_lack, rest);
    if (!(threads->tasks > 0))
        return;
    fold->task += task_seconds;
    fold->busy += busy + lack;
    fold->core_lack += lack;
    fold->busy_most = fmax(fold->busy_most, held > 0 || lack > 0 ? seconds : threads->most);
    if (!threads->backpressured) {
        fold->idle += rest - lack;
        return;
    }
    fold->backpressured += rest;
    if (held < threads->tasks)
        fold->backpressured_most =
            fmax(fold->backpressured_most, fmax(seconds - threads->least, 0));
}

/* Records through the vertex, and work behind shuffles. */
static void fold_component(struct model_job *job, const struct component *component, double seconds)
{
    for (VEC_EACH(const uint32_t, id, &component->vertices)) {
        struct model_vertex *vertex = &job->vertices[*id];
        struct vertex_flow *flow = &vertex->flow;
        struct threads all = { .tasks = (double)vertex->parallelism - flow->frozen,
                               .blocked = flow->blocked,
                               .core_lack = flow->core_lack * seconds,
                               .backpressured = flow->backpressured };
        double in = 0;
        for (VEC_EACH(const uint32_t, k, &vertex->shape.sources)) {
            double served = served_of(&job->sources.items[component->sources.items[*k]]);
            in += served * vertex->shape.gain[*k];
            all.busy += served * flow->busy[*k];
            all.most += served * flow->busiest[*k];
            all.least += served * flow->least[*k];
        }
        flow->fold = (struct flow_fold){ 0 };
        flow->in_total += in;
        flow->out_total += in * shape_records_out(job->spec, *id);
        if (vertex->shape.share && !vertex->shape.local_first)
            add_threads(vertex, seconds, &all);
    }
}

/* Subtasks that serve one flow each. */
static void fold_work(struct model *model, struct net *net, double seconds)
{
    for (VEC_EACH(const struct class_work, work, &net->work)) {
        const struct net_class *class = &net->classes.items[work->class];
        double served = class->served - class->served_folded;
        add_threads(&model->jobs[work->job].vertices[work->vertex], seconds,
                    &(struct threads){ .tasks = work->single,
                                       .blocked = work->single_blocked,
                                       .busy = work->single_busy * served,
                                       .most = work->single_most * served,
                                       .least = work->single_least * served,
                                       .core_lack = work->contended ? INFINITY : 0,
                                       .backpressured = work->backpressured });
    }
}

/* Subtasks with a row of their own. Those behind shuffles only are among `all` of their vertex, and
 * may be the busiest. */
static void fold_own_rows(struct model *model, struct net *net, double seconds)
{
    for (VEC_EACH(const struct own_row, own, &net->own_rows)) {
        struct model_vertex *vertex = &model->jobs[own->job].vertices[own->vertex];
        double busy = 0;
        bool ready = own->sum_count > 0;
        for (uint32_t i = own->first_term; i < own->first_term + own->term_count; i++) {
            uint32_t index = net->raws.items[net->own_terms.items[i].flow].class;
            if (index == NONE)
                continue;
            const struct net_class *class = &net->classes.items[index];
            ready = true;
            busy += net->own_terms.items[i].weight * (class->served - class->served_folded);
        }
        for (uint32_t k = 0; k < own->sum_count; k++)
            busy += net->own_sums.items[own->first_weight + k] *
                    served_of(source_of_sum(model, &net->sums.items[own->first_sum + k]));
        if (own->holder != NONE)
            busy = 0; /* its weights are no seconds */
        if (own->term_count > 0)
            add_threads(vertex, seconds,
                        &(struct threads){ ready && !own->frozen, ready && own->blocked, busy, busy,
                                           busy, own->contended ? INFINITY : 0,
                                           own->backpressured });
        else
            vertex->flow.fold.busy_most = fmax(vertex->flow.fold.busy_most, busy);
    }
}

/* Waits for cores are known of the vertex: those beyond what some lack are had by all that do not
 * work, as long as each does not. */
static void add_waits(struct flow_fold *fold, double waits)
{
    double rest = fold->idle + fold->backpressured;
    waits = fmin(fmax(waits - fold->core_lack, 0), rest);
    if (!(waits > 0))
        return;
    fold->busy += waits;
    fold->idle *= 1 - waits / rest;
    fold->backpressured *= 1 - waits / rest;
}

static void take_fold(struct vertex_flow *flow, double seconds)
{
    struct flow_fold *fold = &flow->fold;
    add_waits(fold, flow->core_wait * seconds);
    double tasks = fold->task / seconds;
    double busy = fmin(fold->busy_most + flow->core_wait_most * seconds, seconds) * tasks;
    double most = fmax(fold->backpressured_most - flow->core_wait_least * seconds, 0);
    double backpressured = fmax(fmin(most, seconds) * tasks, fold->backpressured);
    flow->task_seconds += fold->task;
    flow->busy_seconds += fold->busy;
    flow->idle_seconds += fold->idle;
    flow->backpressured_seconds += fold->backpressured;
    flow->busy_most_seconds += busy;
    flow->backpressured_most_seconds += backpressured;
    flow->excess_seconds += fmax(fold->busy - busy, 0);
    flow->excess_seconds += fmax(fold->backpressured - backpressured, 0);
}

static void fold(struct model *model, struct net *net)
{
    double seconds = (double)(net->at - net->folded_at) / (double)TIME_S;
    net->folded_at = net->at;
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        fold_component(job, &job->components.items[member->component], seconds);
    }
    fold_work(model, net, seconds);
    fold_own_rows(model, net, seconds);
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        for (VEC_EACH(const uint32_t, id, &job->components.items[member->component].vertices))
            take_fold(&job->vertices[*id].flow, seconds);
    }
    for (VEC_EACH(struct net_class, class, &net->classes))
        class->served_folded = class->served;
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_source *source = source_of_sum(model, sum);
        source->served_folded = source->served_total;
    }
}

void net_fold_one(struct model *model, struct net *net)
{
    if (net->at == net->folded_at)
        return;
    contention_take(model, net, true);
    fold(model, net);
}

void net_fold(struct model *model, uint32_t job)
{
    for (VEC_EACH(const struct component, component, &model->jobs[job].components)) {
        struct net *net = net_of(model, component);
        if (net && net->at != net->folded_at && contention_take(model, net, false))
            fold(model, net);
    }
}
