/* SPDX-License-Identifier: Apache-2.0
 *
 * What the life of a task means here: its operators and channels come when it begins to run and go
 * with it; one that has finished lingers until its last output is read.
 */
#include "sim/exact/parts.h"

static void add_host(void *plane)
{
    struct exact *exact = plane;
    vec_push(&exact->hosts, (struct exact_host){ 0 });
    exact->life.hosts = LIFE_ARRAY(exact->hosts);
}

static void add_task(void *plane)
{
    struct exact *exact = plane;
    vec_push(&exact->tasks, (struct exact_task){ .life.phase = TASK_FREE });
    exact->life.tasks = LIFE_ARRAY(exact->tasks);
}

static void host_known(void *plane, uint32_t index, const struct process_view *view)
{
    struct exact *exact = plane;
    struct exact_host *host = &exact->hosts.items[index];
    host->cores = view->machine ? view->machine->cores : 1;
    host->loss = view->loss;
    host->nic_bps = view->machine ? view->machine->network_bps : 0;
    host->service = rng_stream(exact->scenario->seed, "exact service", index);
}

static void adopt(void *plane, uint32_t job, uint64_t checkpoint)
{
    struct exact *exact = plane;
    heir_adopt(exact, &exact->jobs[job], checkpoint);
}

static void set_parallelism(void *plane, uint32_t job, uint32_t v, uint32_t parallelism)
{
    struct exact *exact = plane;
    struct exact_job *j = &exact->jobs[job];
    struct exact_vertex *vertex = &j->vertices[v];
    vec_clear(&vertex->finished);
    vec_resize(&vertex->finished, parallelism);
    vertex->finished_count = 0;
    vertex_fold(exact, j, vertex);
    vec_clear(&vertex->times);
    vec_resize(&vertex->times, parallelism);
    vec_clear(&vertex->ended);
    vec_resize(&vertex->ended, parallelism);
    vec_clear(&vertex->before);
    vec_resize(&vertex->before, parallelism);
    vertex->parallelism = parallelism;
    j->plan.vertices[v].parallelism = parallelism;
    j->plan.vertices[v].max_parallelism = (int32_t)vertex->groups;
}

/* Memory of the one that had the number before is used again. */
static void created(void *plane, uint32_t index)
{
    struct exact *exact = plane;
    struct exact_task *task = &exact->tasks.items[index], before = *task;
    *task = (struct exact_task){ .life = before.life, .wake_at = TIME_NEVER };
    memcpy(&task->inputs, &before.inputs, sizeof task->inputs);
    memcpy(&task->outputs, &before.outputs, sizeof task->outputs);
    memcpy(&task->first_input, &before.first_input, sizeof task->first_input);
    memcpy(&task->first_output, &before.first_output, sizeof task->first_output);
    memcpy(&task->asks, &before.asks, sizeof task->asks);
    memcpy(&task->kept, &before.kept, sizeof task->kept);
    memcpy(&task->blocked, &before.blocked, sizeof task->blocked);
    memcpy(&task->seen, &before.seen, sizeof task->seen);
    memcpy(&task->syncing, &before.syncing, sizeof task->syncing);
    memcpy(&task->gathering, &before.gathering, sizeof task->gathering);
    memcpy(&task->debloats, &before.debloats, sizeof task->debloats);
    memcpy(&task->triggers, &before.triggers, sizeof task->triggers);
    vec_clear(&task->triggers);
    vec_clear(&task->inputs);
    vec_clear(&task->outputs);
    vec_clear(&task->blocked);
    vec_clear(&task->seen);
    vec_clear(&task->syncing);
    vec_clear(&task->gathering);
    vec_clear(&task->debloats);
    cores_take_slot(exact, index);
}

static void placed(void *plane, uint32_t index)
{
    struct exact *exact = plane;
    const struct life_task *task = &exact->tasks.items[index].life;
    struct exact_vertex *vertex = &exact->jobs[task->job].vertices[task->vertex];
    if (vertex->finished.items[task->subtask]) {
        vertex->finished.items[task->subtask] = false;
        vertex->finished_count--;
    }
    check_begin(exact, index);
    if (task->subtask + 1 == task->parallelism && task->key_group_first <= task->key_group_last)
        vertex->groups = task->key_group_last + 1;
}

static enum life_begun begin(void *plane, uint32_t index)
{
    return task_begin(plane, index);
}

static void running(void *plane, uint32_t index)
{
    task_running(plane, index);
}

static void works(void *plane, uint32_t index)
{
    task_steps(plane, index);
}

/* It works no more: lost, or at its end. */
static void leave_work(struct exact *exact, uint32_t index, bool lost)
{
    const struct life_task *task = &exact->tasks.items[index].life;
    struct exact_vertex *vertex = &exact->jobs[task->job].vertices[task->vertex];
    if (!task->current)
        return; /* somebody else has taken its place */
    bool was_running = exact->tasks.items[index].runs;
    run_account(exact, index);
    exact->tasks.items[index].runs = false;
    run_stop(exact, index);
    if (!was_running)
        return;
    if (vertex->source != NONE)
        source_let_go(exact, index, lost ? SPLIT_LOST : SPLIT_DONE);
    if (!lost)
        check_task_ended(exact, index);
    CHECK(vertex->running > 0);
    vertex->running--;
    if (!lost) {
        vertex->finished_count++;
        vertex->finished.items[task->subtask] = true;
    }
    job_count_running(exact, task->job, lost);
}

/* What it had come to is lost with it. */
static void unfinish(struct exact *exact, uint32_t index)
{
    const struct life_task *task = &exact->tasks.items[index].life;
    struct exact_vertex *vertex = &exact->jobs[task->job].vertices[task->vertex];
    wires_disconnect(exact, index);
    if (!task->current)
        return;
    CHECK(vertex->finished.items[task->subtask]);
    vertex->finished.items[task->subtask] = false;
    vertex->finished_count--;
    if (vertex->source != NONE)
        source_let_go(exact, index, SPLIT_LOST);
    job_count_running(exact, task->job, true);
}

static void lose(struct exact *exact, uint32_t index)
{
    exec_task_cancel(exact->tasks.items[index].exec);
    leave_work(exact, index, true);
    wires_disconnect(exact, index);
}

static void stopped(void *plane, uint32_t index, enum life_stop how)
{
    struct exact *exact = plane;
    switch (how) {
    case STOP_LOST: lose(exact, index); return;
    case STOP_REPLACED:
        if (task_works(&exact->tasks.items[index].life))
            lose(exact, index);
        else
            wires_disconnect(exact, index);
        return;
    case STOP_FINISHED:
        snapshot_decline_rest(exact, index);
        leave_work(exact, index, false);
        return;
    case STOP_SAVED: IMPOSSIBLE("tasks finish by themselves");
    case STOP_UNFINISHED: unfinish(exact, index); return;
    }
}

/* Its output goes with it, so it stays until the last reader has all. */
static bool has_readers(const struct exact *exact, const struct exact_task *task)
{
    const struct exact_vertex *vertex = &exact->jobs[task->life.job].vertices[task->life.vertex];
    for (uint32_t o = 0; o < vertex->program.bindings.count; o++) {
        const struct result_partition *output = exec_task_output(task->exec, o);
        for (uint32_t s = 0; s < output->config.subpartitions; s++)
            if (output->subpartitions[s].queue.count > 0)
                return true;
    }
    for (VEC_EACH(const uint32_t, wire, &task->outputs))
        if (*wire != NONE &&
            exact->wires.items[*wire].first_packet < exact->wires.items[*wire].packets.count)
            return true;
    return false;
}

static bool finished(void *plane, uint32_t index)
{
    const struct exact *exact = plane;
    return has_readers(exact, &exact->tasks.items[index]);
}

void life_look_lingering(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    if (task->life.phase == TASK_LINGERING && !has_readers(exact, task))
        task_destroy(&exact->life, index);
}

static void leaving(void *plane, uint32_t index)
{
    struct exact *exact = plane;
    struct exact_task *task = &exact->tasks.items[index];
    run_stop(exact, index);
    cores_leave_slot(exact, index);
    wires_disconnect(exact, index);
    memory_give_back(exact, index);
    if (task->exec)
        exec_task_destroy(task->exec);
    task->exec = NULL;
    trace_end(exact, index);
}

const struct life_ops *exact_life_ops(void)
{
    static const struct life_ops ops = { .add_host = add_host,
                                         .add_task = add_task,
                                         .host_known = host_known,
                                         .adopt = adopt,
                                         .set_parallelism = set_parallelism,
                                         .created = created,
                                         .placed = placed,
                                         .begin = begin,
                                         .running = running,
                                         .works = works,
                                         .stopped = stopped,
                                         .finished = finished,
                                         .leaving = leaving };
    return &ops;
}
