/* SPDX-License-Identifier: Apache-2.0
 *
 * A source has a backlog while its oldest unread record is older than `backlog-above`, the rule of
 * FLIP-328; readers look when they emit watermarks. Its enumerator hears of it by way of the
 * TaskManager of the first of its subtasks that can speak.
 */
#include "sim/model/backlog.h"

#include "sim/model/state.h"

/* pipeline.auto-watermark-interval */
#define LOOK_INTERVAL (200 * TIME_MS)

static void look(void *context, uint64_t a, uint64_t b);

void backlog_wait_for_look(struct model *model, const struct net *net, uint32_t k)
{
    struct model_source *source = net_source_at(model, net, k);
    const struct model_job *job = &model->jobs[net->sums.items[k].job];
    time_ns now = model_now(model);
    if (job->vertices[source->vertex].spec->backlog_above == TIME_NEVER)
        return;
    source->look =
        sim_queue_push(model->queue, now - now % LOOK_INTERVAL + LOOK_INTERVAL, SIM_CLASS_DATA,
                       look, model, (uint64_t)net->index << 32 | k, net->round);
}

/* NONE: all are frozen, or none runs. */
static uint32_t speaker_of(const struct model *model, const struct model_vertex *vertex)
{
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        uint32_t task = vertex->life.current.items[s];
        if (task != NONE && model->tasks.items[task].life.phase == TASK_RUNNING &&
            !model->hosts.items[model->tasks.items[task].life.host].life.frozen)
            return task;
    }
    return NONE;
}

static void look(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    const struct net *net = model->networks.all.items[a >> 32];
    uint32_t k = (uint32_t)a, j = net->sums.items[k].job;
    CHECK(b == net->round);
    net_advance(model, j);
    if (b != net->round)
        return; /* a fault of this instant has built it anew */
    backlog_wait_for_look(model, net, k);
    struct model_source *source = net_source_at(model, net, k);
    const struct model_vertex *vertex = &model->jobs[j].vertices[source->vertex];
    double most = (double)vertex->spec->backlog_above / (double)TIME_S;
    bool in_backlog = source_lag_seconds_most(source, model_now(model)) > most;
    uint32_t speaker = speaker_of(model, vertex);
    if (speaker == NONE || (source->told && source->in_backlog == in_backlog))
        return;
    source->told = true;
    source->in_backlog = in_backlog;
    struct event_data report = { .kind = DATA_SOURCE_BACKLOG,
                                 .job = { j },
                                 .source = model->tasks.items[speaker].life.attempt,
                                 .in_backlog = in_backlog };
    model->life.world.report(model->life.world.context,
                             (struct node_id){ model->tasks.items[speaker].life.host }, &report);
}
