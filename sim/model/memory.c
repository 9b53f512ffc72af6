/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory is looked at when it could be full: state grows at most by a key and a record for each
 * record that the threads let through, so a host with room needs no look before that has come in.
 * Near the end the looks are a second apart, which is how exact the time of a failure is. Hosts
 * that hold all there can ever be are left alone.
 */
#include "sim/model/memory.h"

#include <math.h>

#include "sim/model/state.h"

/* Between two looks. */
#define LOOK_LEAST TIME_S
#define LOOK_MOST  TIME_H

/* After so many no key is new. */
static const double all_records = 1e18;

struct host_memory {
    double used, grows;    /* bytes; bytes per second at most */
    double most;           /* bytes, when every key has been seen */
    double used_by_victim; /* what the largest task has of it */
    uint32_t victim;       /* NONE: no task has state */
};

static void look(void *context, uint64_t a, uint64_t b);

static bool in_memory(const struct model_job *job)
{
    return !job->ended && !local_has_state(job->spec);
}

/* All there can ever be, of all jobs. */
static double bytes_at_most(const struct model *model)
{
    double bytes = 0;
    for (uint32_t j = 0; j < model->job_count; j++)
        for (uint32_t v = 0; in_memory(&model->jobs[j]) && v < model->jobs[j].vertex_count; v++) {
            const struct model_vertex *vertex = &model->jobs[j].vertices[v];
            const struct vertex_model *spec = vertex->spec;
            bytes += spec->state_per_key * (double)spec->keys +
                     spec->state_fixed * vertex->parallelism +
                     (spec->state_growth > 0 ? INFINITY : 0);
        }
    return bytes;
}

/* By now, whoever looked last. */
static double records_into(struct model *model, const struct model_job *job,
                           const struct model_vertex *vertex)
{
    const struct component *component = &job->components.items[vertex->component];
    double records = 0;
    net_bring_up(model, net_of(model, component));
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
        records +=
            vertex->shape.gain[*k] *
            source_position(&job->sources.items[component->sources.items[*k]], model_now(model));
    return records;
}

/* Records per second into the subtask, if everything flowed as fast as the threads let it. */
static double rate_at_most(const struct model *model, const struct model_job *job,
                           const struct model_vertex *vertex, uint32_t subtask)
{
    const struct component *component = &job->components.items[vertex->component];
    const struct vertex_shape *shape = &vertex->shape;
    double rate = 0;
    if (shape->share)
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            rate += shape->share[*k * vertex->parallelism + subtask] *
                    net_of(model, component)->most.items[component->first_sum + *k];
    if (!shape->local_first)
        return rate;
    for (uint32_t i = shape->local_first[subtask]; i < shape->local_first[subtask + 1]; i++)
        rate += shape->local.items[i].weight *
                net_of(model, component)
                    ->most.items[component->first_sum + shape->local.items[i].source];
    return rate;
}

static void add_task(struct model *model, uint32_t index, struct host_memory *memory)
{
    const struct model_task *task = &model->tasks.items[index];
    const struct model_job *job = &model->jobs[task->life.job];
    struct model_vertex *vertex = &job->vertices[task->life.vertex];
    const struct vertex_model *spec = vertex->spec;
    if (!in_memory(job) || !task->life.current || task->life.phase != TASK_RUNNING ||
        !job->components.items[vertex->component].active ||
        !(spec->state_per_key + spec->state_growth + spec->state_fixed > 0))
        return;
    double bytes =
        snapshot_task_bytes(model, vertex, task->life.subtask, records_into(model, job, vertex));
    memory->used += bytes;
    memory->most += snapshot_task_bytes(model, vertex, task->life.subtask, all_records);
    memory->grows += (spec->state_per_key + spec->state_growth) *
                     rate_at_most(model, job, vertex, task->life.subtask);
    if (memory->victim == NONE || bytes > memory->used_by_victim) {
        memory->victim = index;
        memory->used_by_victim = bytes;
    }
}

static struct host_memory memory_of(struct model *model, uint32_t host)
{
    struct host_memory memory = { .victim = NONE };
    const struct model_host *h = &model->hosts.items[host];
    for (VEC_EACH(const uint32_t, index, &h->life.tasks))
        add_task(model, *index, &memory);
    return memory;
}

static double room_of(const struct model_host *host)
{
    return host->life.machine->memory_bytes > 0 ? (double)host->life.machine->memory_bytes
                                                : INFINITY;
}

/* In so many seconds at the latest: what changes meanwhile puts no look off. */
static void plan_look(struct model *model, double seconds)
{
    double ns = fmin(fmax(seconds * (double)TIME_S, (double)LOOK_LEAST), (double)LOOK_MOST);
    time_ns at = model_now(model) + (time_ns)ns;
    if (model->memory_look.generation != 0 && model->memory_look_at <= at)
        return;
    sim_queue_cancel(model->queue, &model->memory_look);
    model->memory_look_at = at;
    model->memory_look = sim_queue_push(model->queue, at, SIM_CLASS_DATA, look, model, 0, 0);
}

void memory_watch(struct model *model)
{
    double most = bytes_at_most(model), wait = INFINITY;
    for (uint32_t h = 0; most > 0 && h < model->hosts.count; h++) {
        const struct model_host *host = &model->hosts.items[h];
        if (host->life.tasks.count == 0 || most <= room_of(host))
            continue;
        struct host_memory memory = memory_of(model, h);
        if (memory.used > room_of(host))
            wait = 0;
        else if (memory.grows > 0 && memory.most > room_of(host))
            wait = fmin(wait, (room_of(host) - memory.used) / memory.grows);
    }
    if (wait < INFINITY)
        plan_look(model, wait);
    else
        sim_queue_cancel(model->queue, &model->memory_look);
}

/* Task.doRun: the thread that asked for more fails; here the one that has most. */
static void look(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    VEC(struct task_ref) victims = { 0 };
    (void)a;
    (void)b;
    model->memory_look = (struct sim_handle){ 0 };
    for (uint32_t j = 0; j < model->job_count; j++)
        net_advance(model, j);
    for (uint32_t host = 0; host < model->hosts.count; host++) {
        if (model->hosts.items[host].life.tasks.count == 0)
            continue;
        struct host_memory memory = memory_of(model, host);
        if (memory.used > room_of(&model->hosts.items[host]) &&
            !model->hosts.items[host].life.frozen)
            vec_push(&victims, task_ref_of(&model->life, memory.victim));
    }
    for (VEC_EACH(const struct task_ref, victim, &victims))
        if (task_ref_is_live(&model->life, *victim))
            task_fail(&model->life, victim->index, CAUSE_OUT_OF_MEMORY);
    vec_fini(&victims);
    memory_watch(model);
}
