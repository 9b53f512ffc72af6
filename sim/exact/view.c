/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of jobs and vertices, as the model gives them: read from the tasks themselves. Books:
 * what sources have read is where they stand plus what they were set back by.
 */
#include <math.h>

#include "sim/exact/parts.h"

static struct exact_source *source_of(struct exact *exact, const struct exact_task *task)
{
    struct exact_job *job = &exact->jobs[task->life.job];
    return &job->sources.items[job->vertices[task->life.vertex].source];
}

static void take_places(struct exact_source *source, const struct exact_task *task,
                        enum split_hold hold)
{
    const struct operator* op = exec_task_chain(task->exec)->operators[0];
    uint32_t split;
    uint64_t offset;
    for (size_t i = 0; log_source_split(op, i, &split, &offset); i++)
        source->splits.items[split] = (struct split_place){ offset, hold };
}

static double position_of(const struct exact_job *job)
{
    double sum = 0;
    for (VEC_EACH(const struct exact_source, source, &job->sources))
        for (VEC_EACH(const struct split_place, split, &source->splits))
            sum += (double)split->position;
    return sum;
}

/* As its tasks say now. */
static void update(struct exact *exact, const struct exact_job *job, struct exact_source *source)
{
    for (VEC_EACH(const uint32_t, index, &job->vertices[source->vertex].life.current))
        if (*index != NONE && exact->tasks.items[*index].life.phase == TASK_RUNNING)
            take_places(source, &exact->tasks.items[*index], SPLIT_HELD);
}

/* Since when the next record of a split waits; now: none does. */
static time_ns waits_since(struct exact_source *source, uint32_t split, uint64_t position,
                           uint64_t arrived, time_ns now)
{
    uint64_t next = position * source->log.splits + split;
    return next < arrived ? curve_time(&source->curve, (double)next, 1e-6) : now;
}

/* The longest that a record of these splits has waited, which the next sample will not see. */
static void note_lag(struct exact *exact, struct exact_source *source,
                     const struct exact_task *task)
{
    struct exact_job *job = &exact->jobs[task->life.job];
    const struct operator* op = exec_task_chain(task->exec)->operators[0];
    bool ended;
    time_ns now = exact_now(exact), oldest = now;
    uint64_t arrived = source->paced ? 0 : log_arrived(source, now, &ended), offset;
    uint32_t split;
    for (size_t i = 0; log_source_split(op, i, &split, &offset); i++) {
        time_ns since = waits_since(source, split, offset, arrived, now);
        oldest = since < oldest ? since : oldest;
    }
    job->lag_most = fmax(job->lag_most, (double)(now - oldest) / (double)TIME_S);
}

/* What a source had read goes back to where this task begins. */
static void hold_splits(struct exact *exact, struct exact_source *source,
                        const struct exact_task *task)
{
    const struct operator* op = exec_task_chain(task->exec)->operators[0];
    uint32_t split;
    uint64_t offset;
    for (size_t i = 0; log_source_split(op, i, &split, &offset); i++)
        if (source->splits.items[split].position > offset)
            source->replayed += source->splits.items[split].position - offset;
    take_places(source, task, SPLIT_HELD);
    note_lag(exact, source, task);
    for (VEC_EACH(struct exact_source, other, &exact->jobs[task->life.job].sources))
        update(exact, &exact->jobs[task->life.job], other);
}

void source_hold(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    struct exact_job *job = &exact->jobs[task->life.job];
    if (job->vertices[task->life.vertex].source != NONE)
        hold_splits(exact, source_of(exact, task), task);
    job->restored.count++;
    job->restored.checkpoint = task->life.restore_checkpoint;
    job->restored.position = position_of(job);
    job->restored.whole = false;
}

void source_let_go(struct exact *exact, uint32_t index, enum split_hold hold)
{
    const struct exact_task *task = &exact->tasks.items[index];
    take_places(source_of(exact, task), task, hold);
}

void job_count_running(struct exact *exact, uint32_t number, bool lost)
{
    struct exact_job *job = &exact->jobs[number];
    uint32_t all = 0, up = 0, finished = 0;
    bool deployed = true;
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        all += job->vertices[v].parallelism;
        up += job->vertices[v].running + job->vertices[v].finished_count;
        finished += job->vertices[v].finished_count;
        deployed = deployed && job->vertices[v].parallelism > 0;
    }
    if (lost && job->broken_at == TIME_NEVER) {
        job->broken_at = exact_now(exact);
        exact->breaks++;
    }
    if (!deployed || up < all)
        return;
    if (finished == all)
        check_job_ended(exact, job);
    if (job->broken_at != TIME_NEVER || job->whole_at == 0) {
        exact->breaks += job->broken_at != TIME_NEVER;
        job->broken_at = TIME_NEVER;
        job->whole_at = exact_now(exact);
        backlog_begin(exact, job);
        align_begin(exact, job);
    }
}

void exact_job_cancelled(struct exact *exact, struct job_id job)
{
    exact->jobs[job.n].cancelled = true;
}

void exact_job_ended(struct exact *exact, struct job_id id, bool failed)
{
    struct exact_job *job = &exact->jobs[id.n];
    if (job->ended)
        return;
    job->ended = true;
    job->failed = failed;
    job->ended_at = exact_now(exact);
    for (uint32_t host = 0; local_is_kept(job->spec) && host < exact->hosts.count; host++)
        local_on_complete(&exact->life, host, id.n, UINT64_MAX);
}

/* Nobody waits for what it has not read. */
static bool is_stopped(const struct exact_job *job)
{
    return job->ended ? !job->failed : job->cancelled;
}

static time_ns view_time(const struct exact *exact, const struct exact_job *job)
{
    return job->ended && !job->failed ? job->ended_at : exact_now(exact);
}

/* Of one source: what is unread, what is to be read again, and since when the oldest waits. */
static void add_source(struct exact *exact, struct exact_job *job, struct exact_source *source,
                       const uint64_t *restorable, struct model_job_view *out)
{
    bool ended, stopped = is_stopped(job);
    time_ns now = view_time(exact, job), oldest = now;
    uint64_t arrived = log_arrived(source, now, &ended), position = 0;
    for (uint32_t s = 0; s < source->log.splits; s++) {
        const struct split_place *split = &source->splits.items[s];
        uint64_t from = split->position;
        position += split->position;
        if (split->hold == SPLIT_LOST && !stopped) {
            uint64_t back = restorable ? restorable[s] : 0;
            if (back < from) {
                out->setback += (double)(from - back);
                out->backlog += (double)(from - back);
                from = back;
            }
        }
        time_ns at = source->paced ? now : waits_since(source, s, from, arrived, now);
        oldest = at < oldest ? at : oldest;
    }
    if (source->paced) { /* what it makes it has read; what it makes again is new */
        out->offered_total += (double)position - source->taken_over + (double)source->replayed;
        out->position += (double)position;
        out->taken_over += source->taken_over;
        out->served_total += (double)position - source->taken_over + (double)source->replayed;
        return;
    }
    out->offered_total += (double)arrived - source->offered_before;
    out->position += (double)position;
    out->taken_over += source->taken_over;
    out->inherited += source->offered_before - source->taken_over - source->served_before;
    out->replayed_total += (double)source->replayed;
    *(job->restored.count > 0 ? &out->replayed_total : &out->setback) += source->served_before;
    out->served_total += (double)position - source->taken_over + (double)source->replayed;
    if (job->ended && !job->failed)
        out->given_up += (double)(arrived - position);
    else
        out->backlog += (double)(arrived - position);
    double lag = (double)(now - oldest) / (double)TIME_S;
    if (!stopped && lag > out->lag_seconds)
        out->lag_seconds = lag;
}

/* By insertion: there are few. */
static void sort(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        size_t k = i;
        for (; k > 0 && values[k - 1] > value; k--)
            values[k] = values[k - 1];
        values[k] = value;
    }
}

static void view_latency(const struct exact_job *job, struct model_job_view *out)
{
    static const double quantiles[3] = { 0.5, 0.95, 0.99 };
    size_t count =
        job->latency_count < LATENCIES_KEPT ? (size_t)job->latency_count : (size_t)LATENCIES_KEPT;
    double sorted[LATENCIES_KEPT];
    /* A program's records do not say when they arrived. */
    out->has_latency = !job->spec->program && (count > 0 || out->lag_seconds > 0);
    memcpy(sorted, job->latencies, count * sizeof *sorted);
    sort(sorted, count);
    for (int q = 0; q < 3; q++)
        out->latency[q] = count > 0 && out->whole
                              ? sorted[(size_t)(quantiles[q] * (double)(count - 1) + 0.5)]
                              : out->lag_seconds;
}

time_ns source_oldest_age(struct exact *exact, struct exact_job *job, struct exact_source *source)
{
    bool ended;
    time_ns now = exact_now(exact), oldest = now;
    uint64_t arrived = source->paced ? 0 : log_arrived(source, now, &ended);
    update(exact, job, source);
    for (uint32_t s = 0; s < source->log.splits; s++) {
        time_ns at = waits_since(source, s, source->splits.items[s].position, arrived, now);
        oldest = at < oldest ? at : oldest;
    }
    return now - oldest;
}

static double state_of(const struct exact *exact, const struct exact_vertex *vertex)
{
    double sum = 0;
    for (VEC_EACH(const uint32_t, index, &vertex->life.current)) {
        if (*index == NONE || !task_works(&exact->tasks.items[*index].life))
            continue;
        const struct exact_task *task = &exact->tasks.items[*index];
        const struct chain *chain = exec_task_chain(task->exec);
        const struct state_table *table = modelled_table(chain->operators[chain->count - 1]);
        sum += vertex->modelled->state_fixed;
        sum += vertex->modelled->state_growth * task_records(task);
        if (table)
            sum += vertex->modelled->state_per_key * (double)state_table_memory(table).entries;
    }
    return sum;
}

void exact_view_job(struct exact *exact, struct job_id id, struct model_job_view *out)
{
    struct exact_job *job = &exact->jobs[id.n];
    const struct exact_cut *newest = stored_cut_newest(job);
    size_t first = 0;
    if (job->spec->former > 0 && !job->goes_on) { /* the log is the other job's still */
        *out = (struct model_job_view){ .ended = job->ended };
        return;
    }
    *out = (struct model_job_view){ .whole = true, .restored = job->restored };
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        const struct exact_vertex *vertex = &job->vertices[v];
        out->whole &= vertex->parallelism > 0 &&
                      vertex->running + vertex->finished_count == vertex->parallelism;
        out->state_bytes += state_of(exact, vertex);
    }
    out->flowing = out->whole;
    out->ended = is_stopped(job);
    for (VEC_EACH(struct exact_source, source, &job->sources)) {
        update(exact, job, source);
        add_source(exact, job, source, newest ? newest->offsets.items + first : NULL, out);
        first += source->log.splits;
    }
    out->reread_total = out->replayed_total;
    out->served_rate = 0;
    out->backlog_max = fmax(job->backlog_most, out->backlog);
    out->lag_seconds_max = fmax(job->lag_most, out->lag_seconds);
    job->backlog_most = out->backlog;
    job->lag_most = out->lag_seconds;
    out->restore_checkpoint = newest ? newest->id : 0;
    out->restore_position = newest ? newest->position : 0;
    view_latency(job, out);
}

static void fold_most(const struct exact_vertex *vertex, double *busy, double *pressed)
{
    *busy = *pressed = 0;
    for (VEC_EACH(struct subtask_time, time, &vertex->times)) {
        double b = (double)time->busy / (double)TIME_S;
        double p = (double)time->backpressured / (double)TIME_S;
        *busy = fmax(*busy, b - time->busy_before);
        *pressed = fmax(*pressed, p - time->backpressured_before);
        time->busy_before = b;
        time->backpressured_before = p;
    }
}

/* Since the last fold, as if all had been as busy as the busiest. */
void vertex_fold(struct exact *exact, struct exact_job *job, struct exact_vertex *vertex)
{
    double busy, pressed;
    (void)job;
    for (VEC_EACH(const uint32_t, index, &vertex->life.current))
        if (*index != NONE)
            run_account(exact, *index);
    fold_most(vertex, &busy, &pressed);
    vertex->busy_most += busy * (double)vertex->times.count;
    vertex->backpressured_most += pressed * (double)vertex->times.count;
}

void exact_view_vertex(struct exact *exact, struct job_id id, struct vertex_id v,
                       struct model_vertex_view *out)
{
    struct exact_job *job = &exact->jobs[id.n];
    struct exact_vertex *vertex = &job->vertices[v.n];
    vertex_fold(exact, job, vertex);
    *out = (struct model_vertex_view){
        .parallelism = vertex->parallelism,
        .running = vertex->running,
        .leaving = vertex->life.leaving,
        .busy_seconds = vertex->busy,
        .idle_seconds = vertex->idle,
        .backpressured_seconds = vertex->backpressured,
        .task_seconds = vertex->busy + vertex->idle + vertex->backpressured,
        .busy_most_seconds = fmax(vertex->busy_most, vertex->busy),
        .backpressured_most_seconds = fmax(vertex->backpressured_most, vertex->backpressured),
        .in_total = (double)vertex->in_total,
        .state_bytes = state_of(exact, vertex),
    };
    out->out_total = out->in_total * vertex->spec->selectivity;
    if (vertex->source == NONE)
        return;
    struct exact_source *source = &job->sources.items[vertex->source];
    bool ended;
    update(exact, job, source);
    for (VEC_EACH(const struct split_place, split, &source->splits))
        out->position += (double)split->position;
    out->taken_over = source->taken_over;
    if (!source->paced) /* else nothing waits for it */
        out->backlog = (double)log_arrived(source, view_time(exact, job), &ended) - out->position;
}

bool exact_needs(const struct exact *exact, struct job_id job, struct node_id node)
{
    return loss_is_missed(&exact->life, node.n, job.n);
}

time_ns exact_broken_at(const struct exact *exact, struct job_id job)
{
    return exact->jobs[job.n].broken_at;
}

time_ns exact_whole_at(const struct exact *exact, struct job_id job)
{
    return exact->jobs[job.n].whole_at;
}

uint64_t exact_break_count(const struct exact *exact)
{
    return exact->breaks;
}
