/* SPDX-License-Identifier: Apache-2.0
 *
 * The orders that begin and end tasks, and who takes whose place. The newest attempt at a subtask
 * has its place; an older one that still runs somewhere (its TaskManager is out of reach) does no
 * more to the flow, and is there until it is cancelled.
 */
#include "sim/life/life.h"

static void fail_as_planned(void *context, uint64_t a, uint64_t b);

static uint32_t task_create(struct life *life, uint32_t job, uint32_t host,
                            const struct task_deployment *deployment)
{
    if (life->free_tasks.count == 0) {
        vec_push(&life->free_tasks, life->tasks.count);
        life->ops->add_task(life->plane);
    }
    uint32_t index = life->free_tasks.items[--life->free_tasks.count];
    struct life_task *task = life_task(life, index);
    struct life_host *h = life_host(life, host);
    *task = (struct life_task){ .attempt = deployment->attempt,
                                .job = job,
                                .vertex = deployment->vertex.n,
                                .subtask = deployment->subtask,
                                .parallelism = deployment->parallelism,
                                .host = host,
                                .generation = task->generation,
                                .place = (uint32_t)h->tasks.count,
                                .phase = TASK_DEPLOYING,
                                .remote = NONE,
                                .restore_checkpoint = deployment->restore_checkpoint,
                                .restore_bytes = deployment->restore_bytes,
                                .key_group_first = deployment->key_group_first,
                                .key_group_last = deployment->key_group_last,
                                .allocation = deployment->allocation,
                                .slot_cpu_milli = deployment->slot_cpu_milli };
    vec_push(&h->tasks, index);
    life->ops->created(life->plane, index);
    return index;
}

/* Those in their place that leave it: one more or less. */
static void count_leaving(struct life *life, const struct life_task *task, int by)
{
    if (!task->current || !task_is_leaving(task))
        return;
    uint32_t *leaving = &life_vertex(life, task->job, task->vertex)->leaving;
    CHECK(by > 0 || *leaving > 0);
    *leaving += (uint32_t)by;
}

void task_destroy(struct life *life, uint32_t index)
{
    struct life_task *task = life_task(life, index);
    struct life_host *host = life_host(life, task->host);
    CHECK(task->phase != TASK_FREE);
    if (life->ops->leaving)
        life->ops->leaving(life->plane, index);
    count_leaving(life, task, -1);
    loss_count_place(life, index, -1);
    if (task->current)
        life_vertex(life, task->job, task->vertex)->current.items[task->subtask] = NONE;
    uint32_t moved = vec_last(&host->tasks);
    host->tasks.items[task->place] = moved;
    life_task(life, moved)->place = task->place;
    host->tasks.count--;
    task->phase = TASK_FREE;
    task->generation++;
    vec_push(&life->free_tasks, index);
    if (life->ops->left)
        life->ops->left(life->plane, task->host);
}

static time_ns close_of(const struct life *life, const struct life_task *task)
{
    return life->jobs[task->job].spec->vertices.items[task->vertex].close;
}

/* Only what worked has anything to close. */
static time_ns begin_close(struct life *life, struct life_task *task, bool worked)
{
    time_ns close = worked ? close_of(life, task) : 0;
    task->closed_at = time_add(life_now(life), close);
    return close;
}

time_ns life_closed_at(const struct life *life, uint32_t host)
{
    time_ns last = 0;
    for (VEC_EACH(const uint32_t, index, &life_host(life, host)->tasks)) {
        const struct life_task *task = life_task(life, *index);
        time_ns at = task->closed_at;
        if (task_works(task))
            at = time_add(life_now(life), close_of(life, task));
        last = at > last ? at : last;
    }
    return last;
}

void task_fail(struct life *life, uint32_t index, enum failure_cause cause)
{
    struct life_task *task = life_task(life, index);
    if (!task_is_up(task))
        return;
    bool worked = task_works(task);
    task->phase = TASK_CLOSING;
    task->cause = cause;
    if (worked)
        life->ops->stopped(life->plane, index, STOP_LOST);
    /* Flink reports FAILED when the task's thread ends, which is after close(). */
    life_step_add(life, LIFE_FAIL, index, begin_close(life, task, worked));
}

void task_fail_by(struct life *life, uint32_t index, enum failure_cause cause, uint32_t detail)
{
    if (task_is_up(life_task(life, index)))
        life_task(life, index)->detail = detail;
    task_fail(life, index, cause);
}

void task_disconnect(struct life *life, uint32_t index, uint32_t remote)
{
    CHECK(remote < life->hosts.count);
    if (task_is_up(life_task(life, index)))
        life_task(life, index)->remote = remote;
    task_fail(life, index, CAUSE_CONNECTION_LOST);
}

void task_finish(struct life *life, uint32_t index, bool saved)
{
    struct life_task *task = life_task(life, index);
    CHECK(task->phase == TASK_RUNNING);
    task->phase = TASK_FINISHING;
    count_leaving(life, task, 1);
    life->ops->stopped(life->plane, index, saved ? STOP_SAVED : STOP_FINISHED);
    life_step_add(life, LIFE_FINISH, index, begin_close(life, task, true));
}

static void give_up_place(struct life *life, uint32_t index)
{
    life->ops->stopped(life->plane, index, STOP_REPLACED);
    struct life_task *task = life_task(life, index);
    loss_count_place(life, index, -1);
    count_leaving(life, task, -1);
    life_vertex(life, task->job, task->vertex)->current.items[task->subtask] = NONE;
    task->current = false;
}

/* An order waits in a frozen process, or behind a cut, while its JobMaster gives the process up and
 * goes on without it. What it says of the job is of the past, down to a checkpoint that is no more.
 */
static bool is_overtaken(const struct life *life, uint32_t job,
                         const struct task_deployment *deployment)
{
    const struct life_vertex *vertex = life_vertex(life, job, deployment->vertex.n);
    struct task_attempt attempt = deployment->attempt;
    if (attempt.graph != vertex->graph)
        return vertex->newest.count > 0 && attempt.graph < vertex->graph;
    return deployment->subtask < vertex->newest.count &&
           attempt.attempt + 1 < vertex->newest.items[deployment->subtask];
}

static void note_newest(struct life_vertex *vertex, const struct task_deployment *deployment)
{
    if (vertex->graph != deployment->attempt.graph)
        vec_clear(&vertex->newest);
    vertex->graph = deployment->attempt.graph;
    while (vertex->newest.count < deployment->parallelism)
        vec_push(&vertex->newest, 0);
    vertex->newest.items[deployment->subtask] = deployment->attempt.attempt + 1;
}

/* With the first deployment at another parallelism, all older attempts have had their time. */
static void spread_vertex(struct life *life, uint32_t job, uint32_t v,
                          const struct task_deployment *deployment)
{
    struct life_vertex *vertex = life_vertex(life, job, v);
    note_newest(vertex, deployment);
    if (life_parallelism(life, job, v) == deployment->parallelism)
        return;
    for (uint32_t s = 0; s < vertex->current.count; s++)
        if (vertex->current.items[s] != NONE)
            give_up_place(life, vertex->current.items[s]);
    life->ops->set_parallelism(life->plane, job, v, deployment->parallelism);
    vec_clear(&vertex->current);
    vec_clear(&vertex->lost.by_subtask);
    vertex->lost.newest_count = 0;
    for (uint32_t s = 0; s < deployment->parallelism; s++)
        vec_push(&vertex->current, NONE);
}

static void take_place(struct life *life, uint32_t index, const struct task_deployment *deployment)
{
    struct life_task *task = life_task(life, index);
    struct life_vertex *vertex = life_vertex(life, task->job, task->vertex);
    spread_vertex(life, task->job, task->vertex, deployment);
    uint32_t *place = &vertex->current.items[task->subtask];
    if (*place != NONE)
        give_up_place(life, *place);
    *place = index;
    task->current = true;
    loss_count_place(life, index, 1);
    loss_forget(&vertex->lost, task->subtask);
    life->ops->placed(life->plane, index);
}

void life_deploy(struct life *life, uint32_t host, const struct effect_data *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct task_deployment *deployment = &order->deployments[i];
        CHECK(deployment->subtask < deployment->parallelism);
        bool overtaken = is_overtaken(life, order->job.n, deployment);
        if (!overtaken)
            life->ops->adopt(life->plane, order->job.n, deployment->restore_checkpoint);
        uint32_t task = task_create(life, order->job.n, host, deployment);
        if (!overtaken)
            take_place(life, task, deployment);
        life_step_add(life, LIFE_DEPLOY, task, 0);
    }
}

void life_lost(struct life *life, uint32_t host, uint32_t job,
               const struct task_deployment *deployments, size_t count)
{
    VEC(struct task_deployment) lost = { 0 };
    for (size_t i = 0; i < count; i++) {
        CHECK(deployments[i].subtask < deployments[i].parallelism);
        if (is_overtaken(life, job, &deployments[i]))
            continue;
        spread_vertex(life, job, deployments[i].vertex.n, &deployments[i]);
        loss_of_deployment(life, host, job, &deployments[i]);
        vec_push(&lost, deployments[i]);
    }
    if (lost.count > 0)
        loss_notify(life, host, job, lost.items, lost.count);
    vec_fini(&lost);
}

uint32_t task_find(const struct life *life, uint32_t host, uint32_t job,
                   struct task_attempt attempt, uint32_t *hint)
{
    const struct life_host *h = life_host(life, host);
    size_t count = h->tasks.count;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)((*hint + i) % count);
        const struct life_task *task = life_task(life, h->tasks.items[at]);
        if (task->job == job && task_attempt_equal(task->attempt, attempt)) {
            *hint = at + 1;
            return h->tasks.items[at];
        }
    }
    return NONE;
}

static void cancel_idle_restores(struct life *life, uint32_t host)
{
    struct life_host *h = life_host(life, host);
    for (size_t i = h->restoring.count; i-- > 0;) {
        const struct life_step *step = &life->steps.items[h->restoring.items[i]];
        bool wanted = false;
        for (VEC_EACH(const struct task_ref, ref, &step->tasks))
            wanted |= task_ref_is_live(life, *ref) &&
                      life_task(life, ref->index)->phase == TASK_INITIALIZING;
        if (!wanted)
            life_step_release(life, h->restoring.items[i]);
    }
}

static void cancel(struct life *life, uint32_t index)
{
    struct life_task *task = life_task(life, index);
    if (task->phase == TASK_LINGERING)
        task_destroy(life, index);
    if (task->phase == TASK_FINISHING && !task->cancel_asked) {
        count_leaving(life, task, -1);
        task->cancel_asked = true;
        life->ops->stopped(life->plane, index, STOP_UNFINISHED);
    }
    if (task->phase == TASK_CLOSING)
        task->cancel_asked = true;
    if (!task_is_up(task))
        return;
    bool worked = task_works(task);
    task->phase = TASK_CANCELING;
    if (worked) /* its TaskManager may end it without its JobMaster's knowing */
        life->ops->stopped(life->plane, index, STOP_LOST);
    life_step_add(life, LIFE_CANCEL, index, begin_close(life, task, worked));
}

void task_lose(struct life *life, uint32_t index)
{
    struct life_task *task = life_task(life, index);
    if (task_works(task)) {
        task->phase = TASK_CANCELING;
        life->ops->stopped(life->plane, index, STOP_LOST);
    } else if (task_is_leaving(task)) {
        life->ops->stopped(life->plane, index, STOP_UNFINISHED);
    }
    task_destroy(life, index);
}

void life_cancel(struct life *life, uint32_t host, const struct effect_data *order)
{
    uint32_t hint = 0;
    for (size_t i = 0; i < order->count; i++) {
        uint32_t index = task_find(life, host, order->job.n, order->attempts[i], &hint);
        if (index != NONE) /* else it ended by itself; its report is on the way */
            cancel(life, index);
    }
    cancel_idle_restores(life, host);
}

/* user code of a scripted fault, `after_start` behind RUNNING */
void task_plan_faults(struct life *life, uint32_t index)
{
    const struct life_task *task = life_task(life, index);
    const struct job_spec *job = life->jobs[task->job].spec;
    for (uint32_t i = 0; i < job->faults.count; i++) {
        const struct planned_fault *fault = &job->faults.items[i];
        if (fault->vertex.n != task->vertex || fault->subtask != task->subtask)
            continue;
        life->fates[task->job][i].ran = true;
        if (fault->kind == FAULT_THROW && task->attempt.attempt < fault->attempts)
            sim_queue_push(life->queue, time_add(life_now(life), fault->after_start),
                           SIM_CLASS_DATA, fail_as_planned, life, (uint64_t)i << 32 | index,
                           task->generation);
    }
}

static void fail_as_planned(void *context, uint64_t a, uint64_t b)
{
    struct life *life = context;
    struct task_ref ref = { (uint32_t)a, (uint32_t)b };
    if (!task_ref_is_live(life, ref))
        return;
    const struct life_task *task = life_task(life, ref.index);
    if (life_hold(life, task->host, fail_as_planned, life, a, b))
        return;
    life->fates[task->job][a >> 32].struck = true;
    task_fail(life, ref.index, CAUSE_USER_CODE);
}
