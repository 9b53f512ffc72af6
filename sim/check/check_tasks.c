/* SPDX-License-Identifier: Apache-2.0
 *
 * Where tasks run. No JobMaster takes a task for RUNNING on a process that ended so long ago that
 * both monitors must have noticed; no subtask runs on two TaskManagers that both can reach the
 * JobManager, for longer than monitors take.
 */
#include "sim/check/checker.h"

#include "core/base/index_map.h"

struct double_task {
    uint64_t key;
    time_ns since;
};

struct task_survey {
    struct checker *checker; /* of the survey under way */
    time_ns at;
    struct index_map place; /* task -> node that runs it */
    VEC(struct double_task) found, fresh;
};

static void *survey_create(const struct run_look *look)
{
    (void)look;
    return mem_create(sizeof(struct task_survey));
}

static void survey_destroy(void *own)
{
    struct task_survey *survey = own;
    index_map_fini(&survey->place);
    vec_fini(&survey->found);
    vec_fini(&survey->fresh);
    mem_destroy(survey);
}

static void on_scheduled(void *context, const struct look_task *task)
{
    struct task_survey *survey = context;
    struct checker *checker = survey->checker;
    const struct run_look *look = checker->look;
    if (node_id_is_none(task->node))
        return;
    struct process_view process = look->process(look->context, task->node);
    if (process.state == PROCESS_ENDED && checker_is_overdue(checker, survey->at, process.ended_at))
        checker_complain(checker, survey->at, "task %u of %s is RUNNING on %s, which is gone",
                         task->attempt.task.n, checker_job_name(checker, task->job), process.name);
}

/* A frozen process, or one that is cut off, cannot be told. */
static bool can_be_told(const struct run_look *look, struct node_id node)
{
    const struct node_id manager = { 0 };
    return look->process(look->context, node).state == PROCESS_RUNNING &&
           look->process(look->context, manager).state == PROCESS_RUNNING &&
           look->can_talk(look->context, node, manager);
}

static void on_run(void *context, const struct look_task *task)
{
    struct task_survey *survey = context;
    struct checker *checker = survey->checker;
    uint64_t key = (uint64_t)task->job.n << 32 | task->attempt.task.n;
    if (!can_be_told(checker->look, task->node))
        return;
    uint32_t other = index_map_get(&survey->place, key);
    if (other == INDEX_NONE) {
        index_map_put(&survey->place, key, task->node.n);
        return;
    }
    time_ns since = survey->at;
    for (VEC_EACH(const struct double_task, old, &survey->found))
        if (old->key == key)
            since = old->since;
    vec_push(&survey->fresh, (struct double_task){ key, since });
    if (checker_is_overdue(checker, survey->at, since))
        checker_complain(
            checker, survey->at, "task %u of %s runs on %s and on %s", task->attempt.task.n,
            checker_job_name(checker, task->job),
            checker->look->process(checker->look->context, (struct node_id){ other }).name,
            checker->look->process(checker->look->context, task->node).name);
}

static void look_at_tasks(struct checker *checker, time_ns at)
{
    struct task_survey *survey = checker->own;
    const struct run_look *look = checker->look;
    survey->checker = checker;
    survey->at = at;
    index_map_clear(&survey->place);
    vec_clear(&survey->fresh);
    look->each_task_scheduled(look->context, on_scheduled, survey);
    look->each_task_run(look->context, on_run, survey);
    vec_clear(&survey->found);
    for (VEC_EACH(const struct double_task, found, &survey->fresh))
        vec_push(&survey->found, *found);
}

const struct checker_row checker_tasks = {
    .name = "tasks",
    .invariant = "slots-given-once",
    .create = survey_create,
    .destroy = survey_destroy,
    .thorough = look_at_tasks,
};
