/* SPDX-License-Identifier: Apache-2.0
 *
 * A source has a backlog while its oldest unread record is older than `backlog-above`, the rule of
 * FLIP-328; readers look when they emit watermarks. Its enumerator hears of it by way of the
 * TaskManager of the first of its subtasks that can speak.
 */
#include "sim/exact/parts.h"

/* pipeline.auto-watermark-interval */
#define LOOK_INTERVAL (200 * TIME_MS)

static void look(void *context, uint64_t a, uint64_t b);

static void wait_for_look(struct exact *exact, uint64_t job, uint64_t round)
{
    time_ns now = exact_now(exact);
    exact_push(exact, now - now % LOOK_INTERVAL + LOOK_INTERVAL, look, job, round);
}

void backlog_begin(struct exact *exact, struct exact_job *job)
{
    bool any = false;
    for (VEC_EACH(struct exact_source, source, &job->sources)) {
        source->told = false;
        any = any || job->vertices[source->vertex].spec->backlog_above != TIME_NEVER;
    }
    job->look_round++;
    if (any)
        wait_for_look(exact, job->number, job->look_round);
}

/* NONE: all are frozen, or none runs. */
static uint32_t speaker_of(const struct exact *exact, const struct exact_vertex *vertex)
{
    for (VEC_EACH(const uint32_t, index, &vertex->life.current)) {
        const struct exact_task *task = *index == NONE ? NULL : &exact->tasks.items[*index];
        if (task && task->life.phase == TASK_RUNNING &&
            !exact->hosts.items[task->life.host].life.frozen)
            return *index;
    }
    return NONE;
}

static void look_at(struct exact *exact, struct exact_job *job, struct exact_source *source)
{
    const struct exact_vertex *vertex = &job->vertices[source->vertex];
    uint32_t speaker = speaker_of(exact, vertex);
    if (vertex->spec->backlog_above == TIME_NEVER || speaker == NONE)
        return;
    bool in_backlog = source_oldest_age(exact, job, source) > vertex->spec->backlog_above;
    if (source->told && source->in_backlog == in_backlog)
        return;
    source->told = true;
    source->in_backlog = in_backlog;
    struct event_data report = { .kind = DATA_SOURCE_BACKLOG,
                                 .job = { job->number },
                                 .source = exact->tasks.items[speaker].life.attempt,
                                 .in_backlog = in_backlog };
    virtual_cluster_report(exact->cluster,
                           (struct node_id){ exact->tasks.items[speaker].life.host }, &report);
}

static void look(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct exact_job *job = &exact->jobs[a];
    if (job->look_round != b || job->broken_at != TIME_NEVER || job->ended)
        return;
    wait_for_look(exact, a, b);
    for (VEC_EACH(struct exact_source, source, &job->sources))
        look_at(exact, job, source);
}
