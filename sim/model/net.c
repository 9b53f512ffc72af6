/* SPDX-License-Identifier: Apache-2.0
 *
 * One network over time: positions move on at constant rates, totals of vertices follow
 * (net_fold.c) when somebody looks or rates change. And its beginning: subtasks that are new go to
 * where their checkpoint has them.
 */
#include "sim/model/net.h"

#include <math.h>

#include "sim/model/backlog.h"
#include "sim/model/buffers.h"
#include "sim/model/state.h"

static struct model_source *source_of_sum(struct model *model, const struct net_sum *sum)
{
    return &model->jobs[sum->job].sources.items[sum->source];
}

struct net *net_of(const struct model *model, const struct component *component)
{
    return component->net == NONE ? NULL : model->networks.all.items[component->net];
}

/* Of all sources of a job, whichever networks they are in; those of others have not moved since
 * their network was brought up to date. */
static double backlog_of(const struct model *model, struct model_job *job, time_ns now)
{
    double sum = 0;
    for (VEC_EACH(const struct component, component, &job->components)) {
        const struct net *net = net_of(model, component);
        double seconds = net ? (double)(now - net->at) / (double)TIME_S : 0;
        for (VEC_EACH(const uint32_t, s, &component->sources)) {
            struct model_source *source = &job->sources.items[*s];
            if (source->given_up_at == TIME_NEVER)
                sum += source_backlog_after(source, seconds, now);
        }
    }
    return sum;
}

/* Arrivals and rates are constant until the next change, so a job's backlog is most at one. */
static void note_backlog(struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        job->backlog_most = fmax(job->backlog_most, backlog_of(model, job, net->at));
    }
}

void net_bring_up(struct model *model, struct net *net)
{
    time_ns now = model_now(model);
    double seconds = (double)(now - net->since) / (double)TIME_S;
    if (now == net->at)
        return;
    net->at = now;
    for (VEC_EACH(struct net_class, class, &net->classes))
        class->served = class->served_from + class->rate * seconds;
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_source *source = source_of_sum(model, sum);
        source_move(source, seconds, now);
        struct component *component = &model->jobs[sum->job].components.items[sum->component];
        if (component->first_sum == (uint32_t)(sum - net->sums.items))
            component->fill.bytes = buffer_fill_after(&component->fill, seconds);
    }
    if (!net->all_kept_up)
        note_backlog(model, net);
}

void net_start(struct model *model, struct net *net)
{
    net->since = net->at;
    net->rates++;
    for (VEC_EACH(struct net_class, class, &net->classes))
        class->served_from = class->served;
    for (VEC_EACH(const struct net_sum, sum, &net->sums))
        source_start(source_of_sum(model, sum));
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct component *component = &model->jobs[member->job].components.items[member->component];
        component->fill.from = component->fill.bytes;
    }
}

void net_advance(struct model *model, uint32_t job)
{
    net_refresh(model);
    for (VEC_EACH(const struct component, component, &model->jobs[job].components)) {
        struct net *net = net_of(model, component);
        if (!net)
            continue;
        net_bring_up(model, net);
        net_settle_steps(model, net);
    }
}

static const struct source_cut *cut_of(const struct model_job *job, uint32_t source,
                                       uint64_t checkpoint)
{
    const struct cut *cut = barrier_cut(job, checkpoint);
    return cut ? &cut->sources[source] : NULL;
}

/* Subtasks of a source have begun anew; `whole`: all of them. */
static void note_restore(const struct model *model, struct model_job *job, uint64_t checkpoint,
                         bool whole)
{
    struct model_restore *restored = &job->restored;
    if (job->restored_round != model->networks.refreshes || restored->checkpoint != checkpoint)
        job->restored_sources = 0;
    job->restored_round = model->networks.refreshes;
    job->restored_sources += whole;
    restored->count++;
    restored->checkpoint = checkpoint;
    restored->whole = job->restored_sources == job->sources.count;
    job->restored_now = true;
}

/* Where its sources stand when all of a network have begun. */
static void note_restored_position(struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        if (!job->restored_now)
            continue;
        job->restored_now = false;
        job->restored.position = 0;
        for (VEC_EACH(struct model_source, source, &job->sources))
            job->restored.position += source_position(source, net->at);
    }
}

/* A paced source at another parallelism: all of its subtasks are new, also those that are not ready
 * yet, and restore the same checkpoint. */
static void respread_source(struct model *model, const struct net *net, const struct net_sum *sum,
                            bool *fresh)
{
    struct model_job *job = &model->jobs[sum->job];
    struct model_source *source = source_of_sum(model, sum);
    const struct model_vertex *vertex = &job->vertices[source->vertex];
    uint64_t checkpoint = UINT64_MAX;
    if (!source->paced || source->layout->partitions == vertex->parallelism)
        return;
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        fresh[s] = true;
        if (vertex->life.current.items[s] != NONE)
            checkpoint = model->tasks.items[vertex->life.current.items[s]].life.restore_checkpoint;
    }
    if (checkpoint == UINT64_MAX)
        return; /* none of them is there to ask */
    source_set_parallelism(source, vertex->parallelism, net->at);
    source_restore(source, cut_of(job, sum->source, checkpoint), fresh, vertex->parallelism,
                   net->at);
    note_restore(model, job, checkpoint, false);
}

/* Buffers begin empty, or with the channel state of an unaligned checkpoint. Once per component:
 * all of its sources have seen the same bytes. */
static void restore_buffers(struct model_job *job, const struct net_sum *sum, const bool *fresh,
                            const struct source_cut *cut)
{
    struct component *component = &job->components.items[sum->component];
    const struct model_source *source = &job->sources.items[sum->source];
    uint32_t parallelism = job->vertices[source->vertex].parallelism, count = 0;
    if (component->sources.items[0] != sum->source)
        return;
    for (uint32_t s = 0; s < parallelism; s++)
        count += fresh[s];
    double share = (double)count / parallelism, restored = cut ? cut->in_flight_bytes : 0;
    component->fill.bytes += (restored - component->fill.bytes) * share;
}

/* Subtasks that have begun since the last time go to where their checkpoint has them. Almost always
 * all restore the same one; the loop ends when no other is left. */
static void restore_source(struct model *model, const struct net *net, const struct net_sum *sum)
{
    struct model_job *job = &model->jobs[sum->job];
    struct model_source *source = source_of_sum(model, sum);
    const struct model_vertex *vertex = &job->vertices[source->vertex];
    bool *fresh = mem_create_array(vertex->parallelism, sizeof *fresh);
    respread_source(model, net, sum, fresh);
    for (;;) {
        uint64_t checkpoint = UINT64_MAX;
        uint32_t count = 0;
        for (uint32_t s = 0; s < vertex->parallelism; s++) {
            fresh[s] = false;
            if (vertex->life.current.items[s] == NONE ||
                !net->raws.items[source->first_raw + s].ready)
                continue;
            struct model_task *task = &model->tasks.items[vertex->life.current.items[s]];
            if (!task->fresh)
                continue;
            if (checkpoint == UINT64_MAX)
                checkpoint = task->life.restore_checkpoint;
            fresh[s] = task->life.restore_checkpoint == checkpoint;
            task->fresh = !fresh[s];
            count += fresh[s];
        }
        if (checkpoint == UINT64_MAX)
            break;
        source_restore(source, cut_of(job, sum->source, checkpoint), fresh, vertex->parallelism,
                       net->at);
        note_restore(model, job, checkpoint, count == vertex->parallelism);
        source->told = false;
        restore_buffers(job, sum, fresh, cut_of(job, sum->source, checkpoint));
    }
    mem_destroy(fresh);
}

static void note_lag(struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_sum, sum, &net->sums))
        source_note_lag(source_of_sum(model, sum), net->at);
    note_backlog(model, net);
}

void net_open(struct model *model, struct net *net)
{
    note_lag(model, net);
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_source *source = source_of_sum(model, sum);
        restore_source(model, net, sum);
        source->active = true;
        source->served_folded = source->served_total;
    }
    note_restored_position(model, net);
    net_stay(model, net);
    net_classify(model, net);
    for (uint32_t k = 0; k < net->sums.count; k++) {
        net_wait_for_step(model, net, k);
        backlog_wait_for_look(model, net, k);
    }
    contention_open(model, net);
    net_solve(model, net);
    note_lag(model, net);
}

static void note_ahead(struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        const struct component *component = &job->components.items[member->component];
        const struct buffer_level buffers = buffers_of(model, job, component);
        for (VEC_EACH(const uint32_t, s, &component->sources))
            job->sources.items[*s].ahead =
                source_ahead(model, job, &job->sources.items[*s], &buffers, NULL);
    }
}

void net_close(struct model *model, struct net *net)
{
    net_bring_up(model, net);
    net_fold_one(model, net);
    note_ahead(model, net);
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_source *source = source_of_sum(model, sum);
        source_halt(source, net->at);
        source->active = false;
        source->rate = 0;
        sim_queue_cancel(model->queue, &source->step);
        sim_queue_cancel(model->queue, &source->look);
    }
    sim_queue_cancel(model->queue, &net->crossing);
    sim_queue_cancel(model->queue, &net->settle);
    sim_queue_cancel(model->queue, &net->nics);
}
