/* SPDX-License-Identifier: Apache-2.0
 *
 * The orders that begin and end tasks, and who takes whose place. Nothing is reported while an
 * order is carried out: each report is an event of its own.
 *
 *   DEPLOYING -> INITIALIZING -> RUNNING -> CANCELING (finishing) -> LINGERING -> gone
 *        \____________\____________/ \-> CLOSING (it has failed) or CANCELING -> gone
 */
#include "sim/exact/parts.h"

static uint32_t task_create(struct exact *exact, uint32_t job, uint32_t host,
                            const struct task_deployment *deployment)
{
    if (exact->free_tasks.count == 0) {
        vec_push(&exact->free_tasks, (uint32_t)exact->tasks.count);
        vec_push(&exact->tasks, (struct exact_task){ .phase = PHASE_FREE });
    }
    uint32_t index = exact->free_tasks.items[--exact->free_tasks.count];
    struct exact_task *task = &exact->tasks.items[index], before = *task;
    struct exact_host *h = &exact->hosts.items[host];
    *task = (struct exact_task){ .attempt = deployment->attempt,
                                 .job = job,
                                 .vertex = deployment->vertex.n,
                                 .subtask = deployment->subtask,
                                 .parallelism = deployment->parallelism,
                                 .host = host,
                                 .generation = before.generation,
                                 .place = (uint32_t)h->tasks.count,
                                 .phase = PHASE_DEPLOYING,
                                 .remote = NONE,
                                 .current = true,
                                 .restore_checkpoint = deployment->restore_checkpoint,
                                 .restore_bytes = deployment->restore_bytes,
                                 .key_group_first = deployment->key_group_first,
                                 .key_group_last = deployment->key_group_last,
                                 .wake_at = TIME_NEVER };
    memcpy(&task->inputs, &before.inputs, sizeof task->inputs); /* their memory is used again */
    memcpy(&task->outputs, &before.outputs, sizeof task->outputs);
    memcpy(&task->first_input, &before.first_input, sizeof task->first_input);
    memcpy(&task->first_output, &before.first_output, sizeof task->first_output);
    memcpy(&task->kept, &before.kept, sizeof task->kept);
    memcpy(&task->syncing, &before.syncing, sizeof task->syncing);
    memcpy(&task->asked, &before.asked, sizeof task->asked);
    memcpy(&task->triggers, &before.triggers, sizeof task->triggers);
    vec_clear(&task->triggers);
    vec_clear(&task->asked);
    vec_clear(&task->inputs);
    vec_clear(&task->outputs);
    vec_clear(&task->syncing);
    vec_push(&h->tasks, index);
    return index;
}

/* It runs no more: lost, or at its end. */
static void leave_running(struct exact *exact, uint32_t index, bool lost)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_vertex *vertex = &exact->jobs[task->job].vertices[task->vertex];
    if (!task->current)
        return; /* somebody else has taken its place */
    run_account(exact, index);
    run_stop(exact, index);
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

static void forget_current(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_vertex *vertex = &exact->jobs[task->job].vertices[task->vertex];
    if (task->current && task->subtask < vertex->current.count &&
        vertex->current.items[task->subtask] == index)
        vertex->current.items[task->subtask] = NONE;
    task->current = false;
}

void life_destroy(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_host *host = &exact->hosts.items[task->host];
    if (task->phase == PHASE_RUNNING)
        leave_running(exact, index, true);
    task_unbegin(exact, index);
    forget_current(exact, index);
    uint32_t moved = vec_last(&host->tasks);
    host->tasks.items[task->place] = moved;
    exact->tasks.items[moved].place = task->place;
    host->tasks.count--;
    task->phase = PHASE_FREE;
    task->generation++;
    vec_push(&exact->free_tasks, index);
}

static time_ns close_of(const struct exact *exact, const struct exact_task *task)
{
    return exact->jobs[task->job].vertices[task->vertex].spec->close;
}

void life_fail(struct exact *exact, uint32_t index, enum failure_cause cause)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (!task_is_up(task))
        return;
    bool was_running = task->phase == PHASE_RUNNING;
    if (was_running) {
        exec_task_cancel(task->exec);
        leave_running(exact, index, true);
        wires_disconnect(exact, index);
    }
    task->phase = PHASE_CLOSING;
    task->cause = cause;
    /* Flink reports FAILED when the task's thread ends, which is after close(). */
    life_step_add(exact, LIFE_FAIL, index, was_running ? close_of(exact, task) : 0);
}

void life_disconnect(struct exact *exact, uint32_t index, uint32_t remote)
{
    if (task_is_up(&exact->tasks.items[index]))
        exact->tasks.items[index].remote = remote;
    life_fail(exact, index, CAUSE_CONNECTION_LOST);
}

/* Its place is taken: it is there until it is cancelled, and does nothing. */
static void retire(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (task->phase == PHASE_RUNNING) {
        exec_task_cancel(task->exec);
        leave_running(exact, index, true);
    }
    wires_disconnect(exact, index);
    task->current = false;
}

void vertex_spread(struct exact *exact, uint32_t job, uint32_t v, uint32_t graph,
                   uint32_t parallelism)
{
    struct exact_job *j = &exact->jobs[job];
    struct exact_vertex *vertex = &j->vertices[v];
    vertex->graph = graph;
    if (vertex->parallelism == parallelism)
        return;
    for (VEC_EACH(const uint32_t, index, &vertex->current))
        if (*index != NONE)
            retire(exact, *index);
    vec_clear(&vertex->current);
    vec_clear(&vertex->lost);
    vec_clear(&vertex->finished);
    for (uint32_t s = 0; s < parallelism; s++) {
        vec_push(&vertex->current, NONE);
        vec_push(&vertex->lost, (struct lost_place){ { .graph = NONE }, NONE });
        vec_push(&vertex->finished, false);
    }
    vertex->finished_count = 0;
    vertex_fold(exact, j, vertex);
    vec_clear(&vertex->times);
    vec_clear(&vertex->ended);
    vec_resize(&vertex->ended, parallelism);
    vertex->parallelism = parallelism;
    vec_resize(&vertex->times, parallelism);
    j->plan.vertices[v].parallelism = parallelism;
    j->plan.vertices[v].max_parallelism = (int32_t)vertex->groups;
}

/* The newest attempt at a subtask takes its place; an older one that still runs somewhere (its
 * TaskManager is out of reach) does nothing any more. */
static void take_place(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_vertex *vertex = &exact->jobs[task->job].vertices[task->vertex];
    vertex_spread(exact, task->job, task->vertex, task->attempt.graph, task->parallelism);
    task = &exact->tasks.items[index];
    uint32_t old = vertex->current.items[task->subtask];
    if (old != NONE)
        retire(exact, old);
    vertex->current.items[task->subtask] = index;
    vertex->lost.items[task->subtask].attempt.graph = NONE;
    if (vertex->finished.items[task->subtask]) {
        vertex->finished.items[task->subtask] = false;
        vertex->finished_count--;
    }
    if (task->subtask + 1 == task->parallelism && task->key_group_first <= task->key_group_last)
        vertex->groups = task->key_group_last + 1;
}

void life_deploy(struct exact *exact, uint32_t host, const struct effect_data *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct task_deployment *deployment = &order->deployments[i];
        CHECK(deployment->subtask < deployment->parallelism);
        heir_adopt(exact, &exact->jobs[order->job.n], deployment->restore_checkpoint);
        uint32_t task = task_create(exact, order->job.n, host, deployment);
        take_place(exact, task);
        life_step_add(exact, LIFE_DEPLOY, task, 0);
    }
}

uint32_t life_find(const struct exact *exact, uint32_t host, uint32_t job,
                   struct task_attempt attempt)
{
    for (VEC_EACH(const uint32_t, index, &exact->hosts.items[host].tasks)) {
        const struct exact_task *task = &exact->tasks.items[*index];
        if (task->job == job && task_attempt_equal(task->attempt, attempt))
            return *index;
    }
    return NONE;
}

void life_cancel(struct exact *exact, uint32_t host, const struct effect_data *order)
{
    for (size_t i = 0; i < order->count; i++) {
        uint32_t index = life_find(exact, host, order->job.n, order->attempts[i]);
        if (index == NONE)
            continue; /* it ended by itself; its report is on the way */
        struct exact_task *task = &exact->tasks.items[index];
        if (task->phase == PHASE_CLOSING)
            task->cancel_asked = true;
        if (task->phase == PHASE_LINGERING)
            life_destroy(exact, index);
        else if (task_is_up(task)) {
            bool was_running = task->phase == PHASE_RUNNING;
            if (was_running) {
                exec_task_cancel(task->exec);
                leave_running(exact, index, true);
                wires_disconnect(exact, index);
            }
            task->phase = PHASE_CANCELING;
            life_step_add(exact, LIFE_CANCEL, index, was_running ? close_of(exact, task) : 0);
        }
    }
}

void life_finish(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    CHECK(task->phase == PHASE_RUNNING);
    snapshot_decline_asked(exact, index);
    leave_running(exact, index, false);
    task->phase = PHASE_CANCELING;
    life_step_add(exact, LIFE_FINISH, index, close_of(exact, task));
}

/* Its output goes with it, so it stays until the last reader has all. */
void life_look_lingering(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    if (task->phase != PHASE_LINGERING)
        return;
    const struct exact_vertex *vertex = &exact->jobs[task->job].vertices[task->vertex];
    for (uint32_t o = 0; o < vertex->program.bindings.count; o++) {
        const struct result_partition *output = exec_task_output(task->exec, o);
        for (uint32_t s = 0; s < output->config.subpartitions; s++)
            if (output->subpartitions[s].queue.count > 0)
                return;
    }
    for (VEC_EACH(const uint32_t, wire, &task->outputs))
        if (*wire != NONE &&
            exact->wires.items[*wire].first_packet < exact->wires.items[*wire].packets.count)
            return;
    life_destroy(exact, index);
}

void life_process_ended(struct exact *exact, uint32_t host)
{
    struct exact_host *h = &exact->hosts.items[host];
    wire_loss_of_process(exact, host);
    snapshot_uploads_of_host(exact, host);
    for (uint32_t i = 0; i < exact->steps.count; i++)
        if (exact->steps.items[i].used && exact->steps.items[i].host == host)
            life_step_release(exact, i);
    while (h->tasks.count > 0)
        life_destroy(exact, vec_last(&h->tasks));
    vec_clear(&h->held);
    vec_clear(&h->ready);
    vec_clear(&h->pressed);
    h->first_ready = 0;
    h->gone = true;
}
