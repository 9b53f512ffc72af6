/* SPDX-License-Identifier: Apache-2.0
 *
 * What the life of a task means for the flow: components gain and lose subtasks, their network is
 * built anew, what the task has read is to be read again.
 */
#include "sim/model/task.h"

#include "sim/model/end.h"
#include "sim/model/handover.h"
#include "sim/model/state.h"

static void add_host(void *plane)
{
    struct model *model = plane;
    vec_push(&model->hosts, (struct model_host){ 0 });
    model->life.hosts = LIFE_ARRAY(model->hosts);
}

static void add_task(void *plane)
{
    struct model *model = plane;
    vec_push(&model->tasks, (struct model_task){ .life.phase = TASK_FREE });
    model->life.tasks = LIFE_ARRAY(model->tasks);
}

static void host_known(void *plane, uint32_t index, const struct process_view *view)
{
    struct model *model = plane;
    struct model_host *host = &model->hosts.items[index];
    host->loss = view->loss;
    host->own_links = view->own_links;
    model->lossy += host->loss > 0;
}

static void adopt(void *plane, uint32_t job, uint64_t checkpoint)
{
    handover_take(plane, job, checkpoint);
}

static void set_parallelism(void *plane, uint32_t job, uint32_t vertex, uint32_t parallelism)
{
    component_set_parallelism(plane, job, vertex, parallelism);
}

static void created(void *plane, uint32_t index)
{
    struct model *model = plane;
    struct model_task *task = &model->tasks.items[index];
    *task = (struct model_task){ .life = task->life };
}

static void placed(void *plane, uint32_t index)
{
    struct model *model = plane;
    const struct life_task *task = &model->tasks.items[index].life;
    end_is_over(model, index);
    if (task->subtask + 1 == task->parallelism && task->key_group_first <= task->key_group_last)
        component_set_groups(model, task->job, task->vertex, task->key_group_last + 1);
}

static enum life_begun begin(void *plane, uint32_t index)
{
    (void)plane, (void)index;
    return LIFE_BEGUN;
}

static void running(void *plane, uint32_t index)
{
    struct model *model = plane;
    model->tasks.items[index].fresh = true;
    component_on_running(model, index);
}

static void stopped(void *plane, uint32_t index, enum life_stop how)
{
    struct model *model = plane;
    const struct model_task *task = &model->tasks.items[index];
    switch (how) {
    case STOP_LOST: component_on_lost(model, index); return;
    case STOP_REPLACED:
        if (task->life.phase == TASK_RUNNING)
            component_on_left(model, index);
        return;
    case STOP_FINISHED: component_on_finishing(model, index); return;
    case STOP_SAVED: component_on_left(model, index); return;
    case STOP_UNFINISHED: component_on_unfinished(model, index); return;
    }
}

static bool finished(void *plane, uint32_t index)
{
    end_take(plane, index);
    return false;
}

static void left(void *plane, uint32_t host)
{
    stall_task_left(plane, host);
}

static void reading(void *plane, uint32_t host, bool begins)
{
    if (begins)
        net_transfer_begins(plane, host, TRANSFER_IN);
    else
        net_transfer_ends(plane, host, TRANSFER_IN);
}

const struct life_ops *model_life_ops(void)
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
                                         .stopped = stopped,
                                         .finished = finished,
                                         .left = left,
                                         .reading = reading };
    return &ops;
}

void tasks_finish(struct model *model, uint32_t host, uint32_t job)
{
    const struct life_host *h = &model->hosts.items[host].life;
    for (size_t i = 0; i < h->tasks.count; i++) {
        const struct life_task *task = &model->tasks.items[h->tasks.items[i]].life;
        if (task->job == job && task->phase == TASK_RUNNING)
            task_finish(&model->life, h->tasks.items[i], true);
    }
}

void tasks_fail_stopped(struct model *model, uint32_t host, uint32_t job)
{
    const struct life_host *h = &model->hosts.items[host].life;
    for (size_t i = 0; i < h->tasks.count; i++) {
        const struct life_task *task = &model->tasks.items[h->tasks.items[i]].life;
        const struct job_spec *spec = model->jobs[job].spec;
        if (task->job == job && task->phase == TASK_RUNNING &&
            spec->graph->vertices.items[task->vertex].inputs.count == 0)
            task_fail(&model->life, h->tasks.items[i], CAUSE_STOP_FAILED);
    }
}

struct fault_fate model_fault_fate(const struct model *model, struct job_id job, size_t fault)
{
    return life_fault_fate(&model->life, job.n, fault);
}
