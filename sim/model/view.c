/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at the model: figures of a job and its vertices, and whether the books balance.
 */
#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/state.h"

static const double tolerance = 1e-6;

static time_ns view_time(const struct model *model, const struct model_job *job)
{
    return job->ended && !job->failed ? job->ended_at : model_now(model);
}

/* What is given up arrives in no book, or in that of the later job that has taken it over. */
static time_ns source_time(const struct model *model, const struct model_job *job,
                           const struct model_source *source)
{
    time_ns now = view_time(model, job);
    return source->given_up_at < now ? source->given_up_at : now;
}

static double state_of_vertex(struct model *model, const struct model_job *job,
                              struct model_vertex *vertex)
{
    const struct component *component = &job->components.items[vertex->component];
    const struct vertex_model *spec = vertex->spec;
    double records = 0;
    if (!vertex->shape.gain || component->ending == ENDING_FINISH || component->as_finished)
        return 0;
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
        records += vertex->shape.gain[*k] *
                   source_position(&job->sources.items[component->sources.items[*k]],
                                   view_time(model, job));
    if (spec->keys > 0 && !vertex->keyspace)
        vertex->keyspace = keyspace_create(spec, vertex->groups);
    double keyed =
        spec->keys > 0 ? spec->state_per_key * keyspace_distinct(vertex->keyspace, records) : 0;
    return spec->state_fixed * vertex->parallelism + keyed + spec->state_growth * records;
}

/* Does some of its log wait for it, and for no later job? A paced source has none. */
static bool is_waited_for(const struct model_job *job)
{
    for (VEC_EACH(const struct model_source, source, &job->sources))
        if (!source->paced && source->given_up_at == TIME_NEVER)
            return true;
    return false;
}

static bool is_broken(const struct model_job *job)
{
    bool any = false;
    for (VEC_EACH(const struct component, component, &job->components))
        any |= component->broken_at != TIME_NEVER;
    return any;
}

/* It has been cancelled, or its savepoint is there: tasks that are gone are not missed. Those of a
 * job that FAILED are, and all of one that lost a task behind the savepoint. */
static bool is_stopped(const struct model_job *job)
{
    if (job->ended)
        return !job->failed || !is_waited_for(job);
    const struct cut *stopped = cut_find(job, job->stopped_by);
    return job->cancelled || (stopped && stopped->completed && !is_broken(job));
}

/* Its tasks finish because there is nothing more to do, or have. */
static bool is_at_end(const struct model_job *job, const struct model_source *source)
{
    uint32_t component = job->vertices[source->vertex].component;
    return job->components.items[component].ending == ENDING_FINISH;
}

/* State that went with its tasks has to be made again, so what it had read waits from then on. */
static void view_setbacks(struct model_job *job, const struct cut *cut, time_ns now,
                          struct model_job_view *out)
{
    for (uint32_t s = 0; s < job->sources.count; s++) {
        struct model_source *source = &job->sources.items[s];
        if (source->given_up_at != TIME_NEVER || is_at_end(job, source))
            continue;
        const struct model_vertex *vertex = &job->vertices[source->vertex];
        struct source_setback back = source_setback(
            source, cut ? &cut->sources[s] : NULL, vertex->finished > 0 ? vertex->done.items : NULL,
            vertex->parallelism, now);
        out->backlog += back.records;
        out->setback += back.records;
        out->lag_seconds = fmax(out->lag_seconds, back.lag_seconds);
        out->lag_seconds_max = fmax(out->lag_seconds_max, back.lag_seconds);
    }
}

static double unread(struct model_source *source, time_ns now)
{
    return source->given_up_at != TIME_NEVER ? 0 : source_backlog(source, now);
}

/* The log it is to go on reading is a former job's still. */
static bool is_yet_to_go_on(const struct model_job *job)
{
    return job->spec->former > 0 && !job->goes_on;
}

void view_note_setbacks(struct model *model, struct model_job *job)
{
    struct model_job_view most = { 0 };
    time_ns now = model_now(model);
    if (is_stopped(job) || is_yet_to_go_on(job) || job->sources.count == 0)
        return;
    view_setbacks(job, cut_newest(job), now, &most);
    for (VEC_EACH(struct model_source, source, &job->sources))
        most.backlog += unread(source, now);
    job->backlog_most = fmax(job->backlog_most, most.backlog);
    double *lag_most = &job->sources.items[0].lag_most;
    *lag_most = fmax(*lag_most, most.lag_seconds_max);
}

/* While nothing flows no record comes out, and the oldest that waits says how late they are. */
static void view_latency(struct model *model, struct model_job *job, struct model_job_view *out)
{
    out->has_latency = true;
    if (out->served_rate > 0) {
        latency_of_job(model, job, out->latency);
        return;
    }
    out->has_latency = out->lag_seconds > 0;
    for (size_t q = 0; q < sizeof out->latency / sizeof *out->latency; q++)
        out->latency[q] = out->lag_seconds;
}

void model_view_job(struct model *model, struct job_id id, struct model_job_view *out)
{
    struct model_job *job = &model->jobs[id.n];
    const struct cut *newest = cut_newest(job);
    net_advance(model, id.n);
    net_fold(model, id.n);
    time_ns now = view_time(model, job);
    if (is_yet_to_go_on(job)) {
        *out = (struct model_job_view){ .ended = job->ended };
        return;
    }
    const bool begun = job->restored.count > 0;
    *out = (struct model_job_view){ .whole = true, .restored = job->restored };
    for (VEC_EACH(const struct component, component, &job->components)) {
        out->flowing |= component->active;
        out->whole &= (component->active && component->running == component->task_count) ||
                      component->ending == ENDING_FINISH;
    }
    for (VEC_EACH(struct model_source, source, &job->sources)) {
        double lag = source_lag_seconds_most(source, now);
        out->offered_total += source_offered(source, source_time(model, job, source));
        out->served_total += source->served_total;
        out->replayed_total += source->replayed_total + (begun ? source->served_before : 0);
        out->setback += begun ? 0 : source->served_before;
        out->reread_total += source->reread_total + (begun ? source->read_before : 0);
        out->served_rate += source->rate;
        out->backlog += unread(source, now);
        out->inherited += source->offered_before - source->taken_over - source->served_before;
        out->given_up += source->withdrawn_total;
        if (source->given_up_at != TIME_NEVER)
            out->given_up += source_backlog(source, source_time(model, job, source));
        out->position += source_position(source, now);
        out->taken_over += source->taken_over;
        out->lag_seconds = fmax(out->lag_seconds, lag);
        out->lag_seconds_max = fmax(out->lag_seconds_max, fmax(source->lag_most, lag));
        source->lag_most = lag;
    }
    out->ended = is_stopped(job);
    if (!out->ended)
        view_setbacks(job, newest, now, out);
    out->backlog_max = fmax(job->backlog_most, out->backlog);
    job->backlog_most = out->backlog;
    out->restore_checkpoint = newest ? newest->id : 0;
    for (uint32_t s = 0; newest && s < newest->source_count; s++)
        out->restore_position += newest->sources[s].total;
    for (uint32_t v = 0; v < job->vertex_count; v++)
        out->state_bytes += state_of_vertex(model, job, &job->vertices[v]);
    view_latency(model, job, out);
    net_view_use(model, id.n, out->network, out->held);
}

void model_view_vertex(struct model *model, struct job_id id, struct vertex_id v,
                       struct model_vertex_view *out)
{
    struct model_job *job = &model->jobs[id.n];
    struct model_vertex *vertex = &job->vertices[v.n];
    const struct component *component = &job->components.items[vertex->component];
    const struct vertex_flow *flow = &vertex->flow;
    net_advance(model, id.n);
    net_fold(model, id.n);
    *out =
        (struct model_vertex_view){ .parallelism = vertex->parallelism,
                                    .running = vertex->running,
                                    .leaving = vertex->life.leaving,
                                    .busy_seconds = flow->busy_seconds,
                                    .idle_seconds = flow->idle_seconds,
                                    .backpressured_seconds = flow->backpressured_seconds,
                                    .task_seconds = flow->task_seconds,
                                    .busy_most_seconds = flow->busy_most_seconds,
                                    .backpressured_most_seconds = flow->backpressured_most_seconds,
                                    .in_total = flow->in_total,
                                    .out_total = flow->out_total };
    out->state_bytes = state_of_vertex(model, job, vertex);
    if (vertex->is_source && !is_yet_to_go_on(job)) {
        struct model_source *source = &job->sources.items[vertex->source];
        out->backlog = unread(source, view_time(model, job));
        out->position = source_position(source, view_time(model, job));
        out->taken_over = source->taken_over;
    }
    if (!component->active)
        return;
    out->in_rate = vertex_in_rate(job, component, vertex);
    double bytes_in = vertex_bytes_in(job, component, vertex);
    if (!vertex->is_source && bytes_in > 0)
        out->backlog = vertex_buffers(model, job, vertex).held / bytes_in * out->in_rate;
}

time_ns model_broken_at(const struct model *model, struct job_id id)
{
    time_ns first = TIME_NEVER;
    for (VEC_EACH(const struct component, component, &model->jobs[id.n].components))
        first = component->broken_at < first ? component->broken_at : first;
    return first;
}

bool model_needs(const struct model *model, struct job_id job, struct node_id node)
{
    return loss_is_missed(&model->life, node.n, job.n);
}

time_ns model_whole_at(const struct model *model, struct job_id id)
{
    time_ns last = 0;
    for (VEC_EACH(const struct component, component, &model->jobs[id.n].components))
        last = component->whole_at > last ? component->whole_at : last;
    return last;
}

uint64_t model_break_count(const struct model *model)
{
    return model->breaks;
}

static bool nearly(double a, double b)
{
    return fabs(a - b) <= tolerance * fmax(fmax(fabs(a), fabs(b)), 1);
}

static struct err check_source(struct model *model, struct model_job *job,
                               struct model_source *source, struct note *note)
{
    time_ns now = source_time(model, job, source);
    uint32_t partitions = 0;
    const char *name = job->spec->graph->vertices.items[source->vertex].name;
    double position = source_position(source, now), offered = source_offered(source, now);
    for (VEC_EACH(const struct partition_group, group, &source->groups)) {
        partitions += group->count;
        double arrived = source_arrived(source, group, now);
        if (source_read(source, group, now) > arrived && !nearly(group->position, arrived))
            return err_note(note, ERR_INTERNAL_CODE, "source %s has read what had not arrived",
                            name);
    }
    if (partitions != source->layout->partitions)
        return err_note(note, ERR_INTERNAL_CODE, "source %s counts %u partitions instead of %u",
                        name, partitions, source->layout->partitions);
    if (!nearly(source->taken_over + source->served_total - source->replayed_total, position))
        return err_note(note, ERR_INTERNAL_CODE,
                        "source %s took over %lld, served %lld, was set back by %lld, and stands "
                        "at %lld",
                        name, (long long)source->taken_over, (long long)source->served_total,
                        (long long)source->replayed_total, (long long)position);
    if (!nearly(source->offered_before + offered - source->withdrawn_total,
                position + source_backlog(source, now)))
        return err_note(note, ERR_INTERNAL_CODE, "arrivals of source %s are not read or waiting",
                        name);
    return OK;
}

/* Nothing older is ahead of anything newer: of those that have come since the last look. */
static struct err check_cuts(struct model_job *job, struct note *note)
{
    const uint64_t *ids = job->restorable.items;
    for (size_t i = job->restorable.count; i-- > 1 && ids[i] > job->cuts_checked;) {
        const struct cut *older = cut_find(job, ids[i - 1]), *newer = cut_find(job, ids[i]);
        for (uint32_t s = 0; s < newer->source_count; s++) {
            double before = older->sources[s].total, then = newer->sources[s].total;
            if (before > then && !nearly(before, then))
                return err_note(note, ERR_INTERNAL_CODE, "checkpoint %llu is ahead of a newer one",
                                (unsigned long long)older->id);
        }
    }
    job->cuts_checked = job->restorable.count > 0 ? vec_last(&job->restorable) : 0;
    return OK;
}

static struct err check_rows(const struct model *model, const struct net *net, struct note *note)
{
    const struct maxmin *problem = &net->problem;
    static const char *const names[NET_LIMIT_COUNT] = { "a thread",         "the cores",
                                                        "the NIC's output", "the NIC's input",
                                                        "a connection",     "a slot" };
    for (uint32_t r = 0; r < problem->rows.count; r++) {
        double load = 0, limit = problem->rows.items[r].limit;
        const struct maxmin_row *row = &problem->rows.items[r];
        for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++)
            load += problem->terms.items[i].weight *
                    net->classes.items[problem->terms.items[i].flow].rate;
        for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++) {
            const struct net_sum *sum = &net->sums.items[problem->weights.items[i].sum];
            load += problem->weights.items[i].weight *
                    model->jobs[sum->job].sources.items[sum->source].rate;
        }
        if (load > limit && !nearly(load / (limit > 0 ? limit : 1), limit > 0))
            return err_note(note, ERR_INTERNAL_CODE, "%s carries more than it can",
                            names[net->rows.items[r].limit]);
    }
    return OK;
}

/* Of the time of a vertex's tasks: its three shares, and the subtasks with most of two of them. */
static struct err check_shares(const struct model_job *job, const struct model_vertex *vertex,
                               struct note *note)
{
    const struct vertex_flow *flow = &vertex->flow;
    const char *name = job->spec->graph->vertices.items[vertex->id].name;
    double sum = flow->busy_seconds + flow->idle_seconds + flow->backpressured_seconds;
    if (!nearly(sum, flow->task_seconds))
        return err_note(note, ERR_INTERNAL_CODE, "shares of the time of %s do not add up", name);
    if (flow->excess_seconds > tolerance * flow->task_seconds)
        return err_note(note, ERR_INTERNAL_CODE, "subtasks of %s are busier than the busiest",
                        name);
    return OK;
}

struct err model_check_conservation(struct model *model, struct note *note)
{
    for (uint32_t j = 0; j < model->job_count; j++) {
        struct model_job *job = &model->jobs[j];
        net_advance(model, j);
        for (VEC_EACH(struct model_source, source, &job->sources))
            TRY(check_source(model, job, source, note));
        TRY(check_cuts(job, note));
        net_fold(model, j);
        for (uint32_t v = 0; v < job->vertex_count; v++)
            TRY(check_shares(job, &job->vertices[v], note));
    }
    for (VEC_EACH(struct net *, net, &model->networks.all))
        if ((*net)->round != 0)
            TRY(check_rows(model, *net, note));
    return OK;
}
