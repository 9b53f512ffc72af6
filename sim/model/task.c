/* SPDX-License-Identifier: Apache-2.0
 *
 * The orders that begin and end tasks, and the steps in between. Nothing is reported while an order
 * is carried out: each report is an event of its own, so that the node that gave the order has
 * finished its step.
 */
#include "sim/model/task.h"

#include "sim/model/end.h"
#include "sim/model/handover.h"
#include "sim/model/state.h"

static void fail_as_planned(void *context, uint64_t a, uint64_t b);

static uint32_t task_create(struct model *model, uint32_t job, uint32_t host,
                            const struct task_deployment *deployment)
{
    if (model->free_tasks.count == 0) {
        vec_push(&model->free_tasks, (uint32_t)model->tasks.count);
        vec_push(&model->tasks, (struct model_task){ .phase = TASK_FREE });
    }
    uint32_t index = model->free_tasks.items[--model->free_tasks.count];
    struct model_task *task = &model->tasks.items[index];
    struct model_host *h = &model->hosts.items[host];
    *task = (struct model_task){ .attempt = deployment->attempt,
                                 .job = job,
                                 .vertex = deployment->vertex.n,
                                 .subtask = deployment->subtask,
                                 .host = host,
                                 .generation = task->generation,
                                 .place = (uint32_t)h->tasks.count,
                                 .phase = TASK_DEPLOYING,
                                 .remote = NONE,
                                 .current = true,
                                 .restore_checkpoint = deployment->restore_checkpoint,
                                 .restore_bytes = deployment->restore_bytes,
                                 .key_group_first = deployment->key_group_first,
                                 .key_group_last = deployment->key_group_last,
                                 .allocation = deployment->allocation,
                                 .slot_cpu_milli = deployment->slot_cpu_milli };
    vec_push(&h->tasks, index);
    return index;
}

void task_destroy(struct model *model, uint32_t index)
{
    struct model_task *task = &model->tasks.items[index];
    struct model_host *host = &model->hosts.items[task->host];
    CHECK(task->phase != TASK_FREE);
    loss_count_place(model, index, -1);
    if (task->current)
        model->jobs[task->job].vertices[task->vertex].current.items[task->subtask] = NONE;
    uint32_t moved = vec_last(&host->tasks);
    host->tasks.items[task->place] = moved;
    model->tasks.items[moved].place = task->place;
    host->tasks.count--;
    task->phase = TASK_FREE;
    task->generation++;
    vec_push(&model->free_tasks, index);
    stall_task_left(model, task->host);
}

static time_ns close_of(const struct model *model, const struct model_task *task)
{
    return model->jobs[task->job].vertices[task->vertex].spec->close;
}

void task_fail(struct model *model, uint32_t index, enum failure_cause cause)
{
    struct model_task *task = &model->tasks.items[index];
    if (!task_is_up(task))
        return;
    bool was_running = task->phase == TASK_RUNNING;
    task->phase = TASK_CLOSING;
    task->cause = cause;
    if (was_running)
        component_on_lost(model, index);
    /* Flink reports FAILED when the task's thread ends, which is after close(). */
    step_add_task(model, STEP_FAIL, index, was_running ? close_of(model, task) : 0);
}

void task_disconnect(struct model *model, uint32_t index, uint32_t remote)
{
    CHECK(remote < model->hosts.count);
    if (task_is_up(&model->tasks.items[index]))
        model->tasks.items[index].remote = remote;
    task_fail(model, index, CAUSE_CONNECTION_LOST);
}

/* With the first deployment at another parallelism, all older attempts have had their time. */
static void spread_vertex(struct model *model, uint32_t job, uint32_t v, uint32_t parallelism)
{
    struct model_vertex *vertex = &model->jobs[job].vertices[v];
    if (vertex->parallelism == parallelism)
        return;
    for (uint32_t s = 0; s < vertex->current.count; s++)
        if (vertex->current.items[s] != NONE)
            component_on_replaced(model, vertex->current.items[s]);
    component_set_parallelism(model, job, v, parallelism);
}

/* The newest attempt at a subtask takes its place; an older one that still runs somewhere (its
 * TaskManager is out of reach) does no more harm to the flow. */
static void take_place(struct model *model, uint32_t index, uint32_t parallelism)
{
    struct model_task *task = &model->tasks.items[index];
    struct model_vertex *vertex = &model->jobs[task->job].vertices[task->vertex];
    spread_vertex(model, task->job, task->vertex, parallelism);
    end_is_over(model, index);
    uint32_t *place = &vertex->current.items[task->subtask];
    if (*place != NONE)
        component_on_replaced(model, *place);
    *place = index;
    loss_count_place(model, index, 1);
    loss_forget(&vertex->lost, task->subtask);
    if (task->subtask + 1 == parallelism && task->key_group_first <= task->key_group_last)
        component_set_groups(model, task->job, task->vertex, task->key_group_last + 1);
}

void tasks_deploy(struct model *model, uint32_t host, const struct effect_data *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct task_deployment *deployment = &order->deployments[i];
        CHECK(deployment->subtask < deployment->parallelism);
        handover_take(model, order->job.n, deployment->restore_checkpoint);
        uint32_t task = task_create(model, order->job.n, host, deployment);
        take_place(model, task, deployment->parallelism);
        step_add_task(model, STEP_DEPLOY, task, 0);
    }
}

void tasks_lost(struct model *model, uint32_t host, uint32_t job,
                const struct task_deployment *deployments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(deployments[i].subtask < deployments[i].parallelism);
        spread_vertex(model, job, deployments[i].vertex.n, deployments[i].parallelism);
        loss_of_deployment(model, host, job, &deployments[i]);
    }
    loss_notify(model, host, job, deployments, count);
}

uint32_t task_find(const struct model *model, uint32_t host, uint32_t job,
                   struct task_attempt attempt, uint32_t *hint)
{
    const struct model_host *h = &model->hosts.items[host];
    size_t count = h->tasks.count;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)((*hint + i) % count);
        const struct model_task *task = &model->tasks.items[h->tasks.items[at]];
        if (task->job == job && task_attempt_equal(task->attempt, attempt)) {
            *hint = at + 1;
            return h->tasks.items[at];
        }
    }
    return NONE;
}

static void cancel_idle_restores(struct model *model, uint32_t host)
{
    struct model_host *h = &model->hosts.items[host];
    for (size_t i = h->restoring.count; i-- > 0;) {
        const struct model_step *step = &model->steps.items[h->restoring.items[i]];
        bool wanted = false;
        for (VEC_EACH(const struct task_ref, ref, &step->tasks))
            wanted |= task_ref_is_live(model, *ref) &&
                      model->tasks.items[ref->index].phase == TASK_INITIALIZING;
        if (!wanted)
            step_release(model, h->restoring.items[i]);
    }
}

void tasks_cancel(struct model *model, uint32_t host, const struct effect_data *order)
{
    uint32_t hint = 0;
    for (size_t i = 0; i < order->count; i++) {
        uint32_t index = task_find(model, host, order->job.n, order->attempts[i], &hint);
        if (index == NONE)
            continue; /* it ended by itself; its report is on the way */
        struct model_task *task = &model->tasks.items[index];
        if (task->phase == TASK_CLOSING)
            task->cancel_asked = true;
        task->released = false;
        if (!task_is_up(task))
            continue;
        bool was_running = task->phase == TASK_RUNNING;
        task->phase = TASK_CANCELING;
        if (was_running) /* its TaskManager may end it without its JobMaster's knowing */
            component_on_lost(model, index);
        step_add_task(model, STEP_CANCEL, index, was_running ? close_of(model, task) : 0);
    }
    cancel_idle_restores(model, host);
}

void task_finish(struct model *model, uint32_t index)
{
    struct model_task *task = &model->tasks.items[index];
    CHECK(task->phase == TASK_RUNNING);
    task->phase = TASK_CANCELING;
    component_on_finishing(model, index);
    step_add_task(model, STEP_FINISH, index, close_of(model, task));
}

void tasks_finish(struct model *model, uint32_t host, uint32_t job)
{
    const struct model_host *h = &model->hosts.items[host];
    for (size_t i = 0; i < h->tasks.count; i++) {
        uint32_t index = h->tasks.items[i];
        struct model_task *task = &model->tasks.items[index];
        if (task->job != job || task->phase != TASK_RUNNING)
            continue;
        task->phase = TASK_CANCELING;
        component_on_left(model, index);
        step_add_task(model, STEP_FINISH, index, close_of(model, task));
    }
}

void tasks_process_ended(struct model *model, uint32_t host)
{
    struct model_host *h = &model->hosts.items[host];
    loss_of_process(model, host);
    for (size_t i = h->restoring.count; i-- > 0;)
        step_release(model, h->restoring.items[i]);
    while (h->tasks.count > 0) {
        uint32_t index = vec_last(&h->tasks);
        enum task_phase was = model->tasks.items[index].phase;
        model->tasks.items[index].phase = TASK_CANCELING;
        if (was == TASK_RUNNING)
            component_on_lost(model, index);
        else if (was == TASK_CANCELING && model->tasks.items[index].released)
            component_on_unfinished(model, index);
        task_destroy(model, index);
    }
    vec_clear(&h->held);
    vec_clear(&h->copies);
    h->gone = true;
}

void tasks_process_frozen(struct model *model, uint32_t host, bool frozen)
{
    struct model_host *h = &model->hosts.items[host];
    if (h->frozen == frozen)
        return;
    h->frozen = frozen;
    for (size_t i = 0; i < h->held.count && !frozen; i++)
        sim_queue_push(model->queue, model_now(model), SIM_CLASS_DATA, h->held.items[i].action,
                       model, h->held.items[i].a, h->held.items[i].b);
    if (!frozen)
        vec_clear(&h->held);
}

/* user code of a scripted fault, `after_start` behind RUNNING */
void task_plan_faults(struct model *model, uint32_t index)
{
    const struct model_task *task = &model->tasks.items[index];
    struct model_job *job = &model->jobs[task->job];
    for (uint32_t i = 0; i < job->spec->faults.count; i++) {
        const struct planned_fault *fault = &job->spec->faults.items[i];
        if (fault->vertex.n != task->vertex || fault->subtask != task->subtask)
            continue;
        job->fates[i].ran = true;
        if (fault->kind == FAULT_THROW && task->attempt.attempt < fault->attempts)
            sim_queue_push(model->queue, time_add(model_now(model), fault->after_start),
                           SIM_CLASS_DATA, fail_as_planned, model, (uint64_t)i << 32 | index,
                           task->generation);
    }
}

struct fault_fate model_fault_fate(const struct model *model, struct job_id job, size_t fault)
{
    CHECK(fault < model->jobs[job.n].spec->faults.count);
    return model->jobs[job.n].fates[fault];
}

static void fail_as_planned(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct task_ref ref = { (uint32_t)a, (uint32_t)b };
    if (!task_ref_is_live(model, ref))
        return;
    if (model_hold(model, model->tasks.items[ref.index].host, fail_as_planned, a, b))
        return;
    model->jobs[model->tasks.items[ref.index].job].fates[a >> 32].struck = true;
    task_fail(model, ref.index, CAUSE_USER_CODE);
}
