/* SPDX-License-Identifier: Apache-2.0
 *
 * What a dead process does to those who read from it: their data connections break, and each
 * reading TaskManager notices after a time of its own (one draw per reader). All of its tasks that
 * read from there then fail. Producers towards the dead process do not notice: they wait for room.
 * Readers stand in a heap and only the first one has an event, because the failures it causes
 * usually end all the others.
 */
#include "sim/model/state.h"

/* A frozen reader notices within this of being resumed. */
#define FROZEN_RECHECK (100 * TIME_MS)

static void reader_notices(void *context, uint64_t a, uint64_t b);

static bool is_earlier(const struct loss_reader *a, const struct loss_reader *b)
{
    return a->at != b->at ? a->at < b->at : a->host < b->host;
}

static void sift_down(struct loss *loss, size_t i)
{
    struct loss_reader *heap = loss->readers.items;
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < loss->readers.count; child++)
            if (is_earlier(&heap[child], &heap[least]))
                least = child;
        if (least == i)
            return;
        struct loss_reader moved = heap[i];
        heap[i] = heap[least];
        heap[least] = moved;
        i = least;
    }
}

static uint32_t loss_create(struct model *model)
{
    for (uint32_t i = 0; i < model->losses.count; i++)
        if (!model->losses.items[i].used)
            return i;
    vec_push(&model->losses, (struct loss){ 0 });
    return (uint32_t)model->losses.count - 1;
}

static void loss_release(struct loss *loss)
{
    loss->used = false;
    loss->generation++;
    vec_clear(&loss->readers);
    vec_clear(&loss->tasks);
    vec_clear(&loss->next);
}

/* Puts one reading task under its host; `reader_of` by host: place in readers, or NONE. */
static void add_reader(struct model *model, struct loss *loss, uint32_t task, uint32_t dead,
                       uint32_t *reader_of)
{
    uint32_t host = model->tasks.items[task].host;
    if (host == dead || !task_is_up(&model->tasks.items[task]))
        return;
    if (reader_of[host] == NONE) {
        reader_of[host] = (uint32_t)loss->readers.count;
        vec_push(&loss->readers, (struct loss_reader){ .host = host, .first_task = NONE });
    }
    struct loss_reader *reader = &loss->readers.items[reader_of[host]];
    vec_push(&loss->tasks, task_ref_of(model, task));
    vec_push(&loss->next, reader->first_task);
    reader->first_task = (uint32_t)loss->tasks.count - 1;
}

/* Readers of what one subtask sends. An all-to-all edge has the same ones for all subtasks: once
 * per vertex is enough. */
static void add_readers_of(struct model *model, struct loss *loss, const struct model_task *task,
                           bool *seen_edges, uint32_t *reader_of)
{
    struct model_job *job = &model->jobs[task->job];
    const struct job_vertex *vertex = &job->spec->graph->vertices.items[task->vertex];
    for (VEC_EACH(const uint32_t, e, &vertex->outputs)) {
        const struct job_edge *edge = &job->spec->graph->edges.items[*e];
        struct model_vertex *reader = &job->vertices[edge->consumer.n];
        bool to_all = edge->pattern == DISTRIBUTION_ALL_TO_ALL;
        if (reader->parallelism == 0 || (to_all && seen_edges[*e]))
            continue;
        seen_edges[*e] = true;
        struct subtask_range range = { 0, reader->parallelism - 1 };
        if (!to_all)
            range = edge_consumers_of(&job->plan, *e, task->subtask);
        for (uint32_t s = range.first; s <= range.last; s++)
            if (reader->current.items[s] != NONE)
                add_reader(model, loss, reader->current.items[s], task->host, reader_of);
    }
}

static void draw_times(struct model *model, struct loss *loss, uint32_t dead)
{
    struct rng rng = rng_stream(model->scenario->seed, "model connection loss", dead);
    for (VEC_EACH(struct loss_reader, reader, &loss->readers))
        reader->at =
            time_add(model_now(model),
                     distribution_draw(&model->scenario->cluster.timing.connection_loss, &rng));
    for (size_t i = loss->readers.count / 2; i-- > 0;)
        sift_down(loss, i);
}

/* The event of the first reader that still has tasks; none left: the loss is over. */
static void wait_for_first(struct model *model, uint32_t index)
{
    struct loss *loss = &model->losses.items[index];
    while (loss->readers.count > 0) {
        bool live = false;
        for (uint32_t t = loss->readers.items[0].first_task; t != NONE && !live;
             t = loss->next.items[t])
            live = task_ref_is_live(model, loss->tasks.items[t]) &&
                   task_is_up(&model->tasks.items[loss->tasks.items[t].index]);
        if (live) {
            sim_queue_push(model->queue, loss->readers.items[0].at, SIM_CLASS_DATA, reader_notices,
                           model, index, loss->generation);
            return;
        }
        loss->readers.items[0] = vec_last(&loss->readers);
        loss->readers.count--;
        sift_down(loss, 0);
    }
    loss_release(loss);
}

void loss_of_process(struct model *model, uint32_t host)
{
    if (model->hosts.items[host].tasks.count == 0)
        return;
    uint32_t index = loss_create(model);
    struct loss *loss = &model->losses.items[index];
    uint32_t *reader_of = mem_create_array(model->hosts.count, sizeof *reader_of);
    bool *seen_edges = mem_create_array(JOB_EDGES_MAX, sizeof *seen_edges);
    memset(reader_of, 0xff, model->hosts.count * sizeof *reader_of);
    loss->used = true;
    for (uint32_t j = 0; j < model->job_count; j++) {
        memset(seen_edges, 0, model->jobs[j].spec->graph->edges.count * sizeof *seen_edges);
        const struct model_host *h = &model->hosts.items[host];
        for (size_t i = 0; i < h->tasks.count; i++) {
            const struct model_task *task = &model->tasks.items[h->tasks.items[i]];
            bool connected = task->phase == TASK_INITIALIZING || task->phase == TASK_RUNNING;
            if (task->job == j && task->current && connected)
                add_readers_of(model, loss, task, seen_edges, reader_of);
        }
    }
    mem_destroy(reader_of);
    mem_destroy(seen_edges);
    draw_times(model, loss, host);
    wait_for_first(model, index);
}

static void reader_notices(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t index = (uint32_t)a;
    struct loss *loss = &model->losses.items[index];
    if (loss->generation != (uint32_t)b)
        return;
    struct loss_reader reader = loss->readers.items[0];
    if (model->hosts.items[reader.host].frozen) { /* looks again; others must not wait for it */
        loss->readers.items[0].at = model_now(model) + FROZEN_RECHECK;
        sift_down(loss, 0);
        wait_for_first(model, index);
        return;
    }
    for (uint32_t t = reader.first_task; t != NONE; t = model->losses.items[index].next.items[t]) {
        struct task_ref ref = model->losses.items[index].tasks.items[t];
        if (task_ref_is_live(model, ref))
            task_fail(model, ref.index, CAUSE_CONNECTION_LOST);
    }
    wait_for_first(model, index);
}
