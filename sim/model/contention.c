/* SPDX-License-Identifier: Apache-2.0
 *
 * Slow-downs, kind by kind of hosts. They are found for the rates of now, and found again only when
 * these differ from those of the last time: whoever asks, and whoever has asked before, gets the
 * same.
 */
#include "sim/model/contention.h"

#include <math.h>
#include <string.h>

#include "sim/model/queueing.h"
#include "sim/model/state.h"

static const double same_load = 1e-12; /* in cores */
/* When a backlog ends, source subtasks catch up one after the other, microseconds apart. For so
 * short a time the slow-downs found last will do, and all such times together are not longer. */
#define SECONDS_UNSEEN 1e-4

void contention_fini(struct contention *contention)
{
    vec_fini(&contention->rates);
    vec_fini(&contention->asked);
    vec_fini(&contention->loads);
    vec_fini(&contention->slowdowns);
    vec_fini(&contention->kinds);
    vec_fini(&contention->threads);
    vec_fini(&contention->words);
    intern_fini(&contention->keys);
    intern_fini(&contention->busy);
    vec_fini(&contention->busy_kinds);
    crowdings_fini(&contention->crowdings);
}

static const struct component *component_of(const struct model *model, uint32_t job,
                                            uint32_t vertex)
{
    return &model->jobs[job].components.items[model->jobs[job].vertices[vertex].component];
}

static uint32_t raw_of(const struct model_job *job, const struct component *component,
                       const struct local_share *share)
{
    return job->sources.items[component->sources.items[share->source]].first_raw + share->subtask;
}

/* Everything that decides how many records the task gets. */
static void push_key(const struct model *model, struct net *net, const struct model_task *task)
{
    struct contention *contention = &net->contention;
    const struct model_job *job = &model->jobs[task->life.job];
    const struct model_vertex *vertex = &job->vertices[task->life.vertex];
    const struct component *component = component_of(model, task->life.job, task->life.vertex);
    const struct vertex_shape *shape = &vertex->shape;
    vec_push(&contention->words, (uint64_t)task->life.job << 32 | task->life.vertex);
    if (shape->share)
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            vec_push(&contention->words,
                     intern_word(shape->share[*k * vertex->parallelism + task->life.subtask]));
    if (!shape->local_first)
        return;
    uint32_t first = shape->local_first[task->life.subtask],
             end = shape->local_first[task->life.subtask + 1];
    for (uint32_t i = first; i < end; i++) {
        uint32_t raw = raw_of(job, component, &shape->local.items[i]);
        vec_push(&contention->words, net->raws.items[raw].class);
        vec_push(&contention->words, intern_word(shape->local.items[i].weight));
    }
}

static bool is_thread(const struct model *model, const struct net *net,
                      const struct model_task *task)
{
    const struct component *component = component_of(model, task->life.job, task->life.vertex);
    return task->life.current && task->life.phase == TASK_RUNNING && component->active &&
           component->net == net->index &&
           model->jobs[task->life.job].vertices[task->life.vertex].spec->cost_ns > 0;
}

static void add_host(const struct model *model, struct net *net, const struct model_host *host)
{
    struct contention *contention = &net->contention;
    vec_clear(&contention->words);
    vec_push(&contention->words, intern_word(host->life.machine->cores));
    vec_push(&contention->words, intern_word(host->life.speed));
    for (VEC_EACH(const uint32_t, index, &host->life.tasks))
        if (is_thread(model, net, &model->tasks.items[*index]))
            push_key(model, net, &model->tasks.items[*index]);
    uint32_t kind =
        intern_number(&contention->keys, contention->words.items, contention->words.count);
    if (kind < contention->kinds.count) {
        contention->kinds.items[kind].hosts++;
        return;
    }
    struct host_kind own = { .cores = host->life.machine->cores,
                             .speed = host->life.speed,
                             .hosts = 1,
                             .first_thread = (uint32_t)contention->threads.count };
    for (VEC_EACH(const uint32_t, index, &host->life.tasks)) {
        const struct model_task *task = &model->tasks.items[*index];
        if (!is_thread(model, net, task))
            continue;
        vec_push(&contention->threads, (struct thread){ .job = task->life.job,
                                                        .vertex = task->life.vertex,
                                                        .subtask = task->life.subtask,
                                                        .kind = kind });
        own.thread_count++;
    }
    vec_push(&contention->kinds, own);
}

static void find_kinds(const struct model *model, struct net *net)
{
    struct contention *contention = &net->contention;
    contention->possible = false;
    for (VEC_EACH(const struct net_slot, slot, &net->slots)) {
        const struct model_host *host = &model->hosts.items[slot->host];
        contention->possible |= (double)host->life.tasks.count > host->life.machine->cores;
    }
    vec_clear(&contention->rates);
    vec_clear(&contention->kinds);
    vec_clear(&contention->threads);
    intern_clear(&contention->keys);
    for (size_t s = 0; contention->possible && s < net->slots.count; s++)
        add_host(model, net, &model->hosts.items[net->slots.items[s].host]);
}

static void find_rate(const struct model *model, const struct net *net, struct thread *thread)
{
    const struct model_job *job = &model->jobs[thread->job];
    const struct model_vertex *vertex = &job->vertices[thread->vertex];
    const struct component *component = component_of(model, thread->job, thread->vertex);
    const struct vertex_shape *shape = &vertex->shape;
    const double *rates = net->contention.rates.items;
    uint32_t s = thread->subtask;
    thread->rate = 0;
    thread->behind = false;
    if (shape->share)
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            thread->rate +=
                shape->share[*k * vertex->parallelism + s] * rates[component->first_sum + *k];
    if (!shape->local_first)
        return;
    for (uint32_t i = shape->local_first[s]; i < shape->local_first[s + 1]; i++) {
        const struct local_share *share = &shape->local.items[i];
        uint32_t class = net->raws.items[raw_of(job, component, share)].class;
        if (class == NONE)
            continue;
        thread->rate += share->weight * rates[net->sums.count + class];
        thread->behind |= vertex->is_source && net->classes.items[class].behind > 0;
    }
}

static void slow_threads(struct contention *contention, struct host_kind *kind)
{
    const double *loads = contention->loads.items + kind->first_thread;
    struct thread *threads = contention->threads.items + kind->first_thread;
    size_t count = kind->thread_count;
    kind->crowded = !cores_are_plenty(loads, count, kind->cores);
    if (!kind->crowded)
        return;
    vec_resize(&contention->slowdowns, count);
    cores_slowdowns(loads, count, kind->cores, contention->slowdowns.items);
    for (size_t i = 0; i < count; i++) {
        double slowdown = contention->slowdowns.items[i];
        threads[i].slowdown = slowdown;
        threads[i].swing = cores_swing(slowdown, count, kind->cores);
        threads[i].waits = cores_busy(loads[i], slowdown, threads[i].swing) - loads[i];
    }
}

/* Kinds differ by the classes that they read, which mostly flow at one of a few rates. The first of
 * those whose cores are as busy as this one's, maybe itself. */
static struct host_kind *as_busy(struct contention *contention, struct host_kind *kind)
{
    vec_clear(&contention->words);
    vec_push(&contention->words, intern_word(kind->cores));
    for (uint32_t i = 0; i < kind->thread_count; i++)
        vec_push(&contention->words,
                 (uint64_t)(contention->loads.items[kind->first_thread + i] / same_load));
    uint32_t number =
        intern_number(&contention->busy, contention->words.items, contention->words.count);
    if (number == contention->busy_kinds.count)
        vec_push(&contention->busy_kinds, (uint32_t)(kind - contention->kinds.items));
    return &contention->kinds.items[contention->busy_kinds.items[number]];
}

static void find_loads(const struct model *model, struct net *net)
{
    struct contention *contention = &net->contention;
    vec_clear(&contention->loads);
    for (VEC_EACH(struct thread, thread, &contention->threads)) {
        double cost = model->jobs[thread->job].vertices[thread->vertex].spec->cost_ns;
        find_rate(model, net, thread);
        thread->slowdown = 1;
        thread->swing = thread->waits = 0;
        double load =
            thread->rate * cost / contention->kinds.items[thread->kind].speed / (double)TIME_S;
        vec_push(&contention->loads, fmin(load, 1));
    }
}

static void find_slowdowns(struct contention *contention, struct host_kind *kind)
{
    struct thread *threads = contention->threads.items;
    struct host_kind *like = as_busy(contention, kind);
    if (like == kind)
        slow_threads(contention, kind);
    kind->crowded = like->crowded;
    for (uint32_t i = 0; kind->crowded && i < kind->thread_count; i++) {
        const struct thread *as = &threads[like->first_thread + i];
        struct thread *thread = &threads[kind->first_thread + i];
        thread->slowdown = as->slowdown;
        thread->swing = as->swing;
        thread->waits = as->waits;
    }
}

static void clear(struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        const struct model_job *job = &model->jobs[member->job];
        for (VEC_EACH(const uint32_t, id, &job->components.items[member->component].vertices)) {
            struct vertex_flow *flow = &job->vertices[*id].flow;
            flow->crowded = false;
            flow->core_wait = flow->core_wait_most = flow->core_wait_least = 0;
        }
    }
}

static bool is_found(const struct contention *contention)
{
    return contention->rates.count == contention->asked.count &&
           memcmp(contention->rates.items, contention->asked.items,
                  contention->rates.count * sizeof *contention->rates.items) == 0;
}

static void find_for_asked(struct model *model, struct net *net)
{
    struct contention *contention = &net->contention;
    if (is_found(contention))
        return;
    contention->version++;
    vec_clear(&contention->rates);
    for (VEC_EACH(const double, rate, &contention->asked))
        vec_push(&contention->rates, *rate);
    if (crowdings_recall(model, net))
        return;
    find_loads(model, net);
    intern_clear(&contention->busy);
    vec_clear(&contention->busy_kinds);
    for (VEC_EACH(struct host_kind, kind, &contention->kinds))
        find_slowdowns(contention, kind);
    crowdings_find(model, net);
}

void contention_open(struct model *model, struct net *net)
{
    struct contention *contention = &net->contention;
    contention->unseen = 0;
    contention->taken_for = TIME_NEVER;
    contention->taken = contention->version;
    clear(model, net);
    find_kinds(model, net);
    if (contention->possible)
        crowdings_open(model, net);
}

void contention_now(struct model *model, struct net *net)
{
    struct contention *contention = &net->contention;
    if (!contention->possible)
        return;
    vec_clear(&contention->asked);
    for (VEC_EACH(const struct net_sum, sum, &net->sums))
        vec_push(&contention->asked, model->jobs[sum->job].sources.items[sum->source].rate);
    for (VEC_EACH(const struct net_class, class, &net->classes))
        vec_push(&contention->asked, class->rate);
    for (VEC_EACH(const struct net_class, class, &net->classes))
        vec_push(&contention->asked, class->behind > 0);
    find_for_asked(model, net);
}

bool contention_take(struct model *model, struct net *net, bool over)
{
    struct contention *contention = &net->contention;
    double seconds = (double)(net->at - net->since) / (double)TIME_S;
    if (!contention->possible || contention->taken_for == net->since)
        return true;
    if (contention->unseen + seconds < SECONDS_UNSEEN) {
        contention->unseen += over ? seconds : 0;
        return false;
    }
    contention->unseen = 0;
    contention->taken_for = net->since;
    contention_now(model, net);
    if (contention->taken != contention->version)
        crowdings_take_waits(model, net);
    contention->taken = contention->version;
    return true;
}
