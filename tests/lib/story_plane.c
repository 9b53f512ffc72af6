/* SPDX-License-Identifier: Apache-2.0
 *
 * The data plane of stories: tasks take fixed times to deploy, to become ready and to be cancelled;
 * a checkpoint is acknowledged by everybody a fixed time after its first trigger. In: orders of
 * TaskManagers. Out: reports to them.
 */
#include "tests/lib/story_world.h"

#include <check.h>

#include "core/graph/execution_graph.h"

static uint64_t key_of(struct node_id node, struct job_id job, uint32_t task)
{
    return (uint64_t)node.n << 48 | (uint64_t)job.n << 32 | task;
}

static struct plane_task *place_for(struct story *story, struct node_id node, struct job_id job,
                                    uint32_t task)
{
    uint64_t key = key_of(node, job, task);
    uint32_t index = index_map_get(&story->task_index, key);
    if (index == INDEX_NONE) {
        index = (uint32_t)story->tasks.count;
        vec_push(&story->tasks, (struct plane_task){ .node = node, .job = job });
        index_map_put(&story->task_index, key, index);
    }
    return &story->tasks.items[index];
}

static bool is_newer(struct task_attempt a, struct task_attempt b)
{
    return a.graph != b.graph ? a.graph > b.graph : a.attempt > b.attempt;
}

/* The task's newest attempt on a living process; null: none. */
struct plane_task *plane_find(struct story *story, struct job_id job, uint32_t number)
{
    struct plane_task *found = NULL;
    for (VEC_EACH(struct plane_task, task, &story->tasks))
        if (task->used && job_id_equal(task->job, job) && task->attempt.task.n == number &&
            (!found || is_newer(task->attempt, found->attempt)))
            found = task;
    return found;
}

void plane_report(struct story *story, struct plane_task *task, enum execution_state state,
                  enum failure_cause cause)
{
    struct task_report *report = mem_create(sizeof *report);
    *report = (struct task_report){ task->attempt, state, cause, node_id_none(), 0 };
    struct letter *letter = world_letter(story, task->node, EVENT_DATA);
    letter->owned = report;
    letter->event.data = (struct event_data){
        .kind = DATA_TASK_STATES, .job = task->job, .tasks = report, .task_count = 1
    };
    task->state = state;
    if (execution_state_is_terminal(state)) {
        sim_queue_cancel(story->queue, &task->next);
        task->used = false;
    }
    world_deliver(story, letter);
}

static void on_next(void *context, uint64_t index, uint64_t to);

static void plan(struct story *story, struct plane_task *task, time_ns delay,
                 enum execution_state to)
{
    sim_queue_cancel(story->queue, &task->next);
    task->next = sim_queue_push(story->queue, story_now(story) + delay, SIM_CLASS_DATA, on_next,
                                story, (uint64_t)(task - story->tasks.items), to);
}

static void on_next(void *context, uint64_t index, uint64_t to)
{
    struct story *story = context;
    struct plane_task *task = &story->tasks.items[index];
    task->next = (struct sim_handle){ 0 };
    if (to == EXECUTION_INITIALIZING)
        plan(story, task, STORY_INITIALIZE, EXECUTION_RUNNING);
    plane_report(story, task, (enum execution_state)to, CAUSE_NONE);
}

static void deploy(struct story *story, struct node_id node, const struct effect_data *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct task_deployment *deployment = &order->deployments[i];
        struct plane_task *task = place_for(story, node, order->job, deployment->attempt.task.n);
        ck_assert_msg(!task->used, "two attempts of one task on one TaskManager");
        task->used = true;
        task->attempt = deployment->attempt;
        task->state = EXECUTION_DEPLOYING;
        plan(story, task, STORY_DEPLOY, EXECUTION_INITIALIZING);
    }
}

static void cancel(struct story *story, struct node_id node, const struct effect_data *order)
{
    for (size_t i = 0; i < order->count; i++) {
        struct plane_task *task = place_for(story, node, order->job, order->attempts[i].task.n);
        if (!task->used || !task_attempt_equal(task->attempt, order->attempts[i]))
            continue;
        sim_queue_cancel(story->queue, &task->next);
        if (story->cancel_delay != TIME_NEVER)
            plan(story, task, story->cancel_delay, EXECUTION_CANCELED);
    }
}

static struct story_checkpoint *checkpoint_of(struct story *story, struct job_id job)
{
    for (VEC_EACH(struct story_checkpoint, each, &story->checkpoints))
        if (job_id_equal(each->job, job))
            return each;
    vec_push(&story->checkpoints, (struct story_checkpoint){ .job = job });
    return &vec_last(&story->checkpoints);
}

static void acknowledge(struct story *story, struct node_id node, struct job_id job,
                        uint64_t checkpoint)
{
    VEC(struct checkpoint_ack) acks = { 0 };
    for (VEC_EACH(const struct plane_task, task, &story->tasks))
        if (task->used && task->state == EXECUTION_RUNNING && node_id_equal(task->node, node) &&
            job_id_equal(task->job, job))
            vec_push(&acks, (struct checkpoint_ack){ .attempt = task->attempt,
                                                     .state_bytes = 100,
                                                     .written_bytes = 100 });
    if (acks.count == 0)
        return;
    struct letter *letter = world_letter(story, node, EVENT_DATA);
    letter->owned = acks.items;
    letter->event.data = (struct event_data){ .kind = DATA_CHECKPOINT_ACKNOWLEDGED,
                                              .job = job,
                                              .checkpoint = checkpoint,
                                              .acks = acks.items,
                                              .ack_count = acks.count };
    world_deliver(story, letter);
}

static void on_acknowledge(void *context, uint64_t job, uint64_t checkpoint)
{
    struct story *story = context;
    for (uint32_t i = 1; i < story->process_count; i++)
        if (!story->processes[i].dead)
            acknowledge(story, (struct node_id){ i }, (struct job_id){ (uint32_t)job }, checkpoint);
}

static void trigger(struct story *story, const struct effect_data *order)
{
    struct story_checkpoint *latest = checkpoint_of(story, order->job);
    if (story->hold_acks || latest->id == order->checkpoint.checkpoint)
        return;
    latest->id = order->checkpoint.checkpoint;
    latest->is_stop = order->checkpoint.kind == CHECKPOINT_STOP_SUSPEND ||
                      order->checkpoint.kind == CHECKPOINT_STOP_DRAIN;
    sim_queue_push(story->queue, story_now(story) + STORY_ACKNOWLEDGE, SIM_CLASS_DATA,
                   on_acknowledge, story, order->job.n, latest->id);
}

/* Behind a stop's savepoint the sources end, and everybody after them. */
static void complete(struct story *story, struct node_id node, const struct effect_data *order)
{
    const struct story_checkpoint *latest = checkpoint_of(story, order->job);
    if (!latest->is_stop || latest->id != order->checkpoint.checkpoint)
        return;
    for (size_t i = 0; i < story->tasks.count; i++) {
        struct plane_task *task = &story->tasks.items[i];
        if (task->used && node_id_equal(task->node, node) && job_id_equal(task->job, order->job))
            plan(story, task, STORY_FINISH, EXECUTION_FINISHED);
    }
}

void plane_obey(struct story *story, struct node_id node, const struct effect_data *order)
{
    switch (order->kind) {
    case DATA_DEPLOY: deploy(story, node, order); break;
    case DATA_CANCEL: cancel(story, node, order); break;
    case DATA_TRIGGER_CHECKPOINT: trigger(story, order); break;
    case DATA_CHECKPOINT_COMPLETE: complete(story, node, order); break;
    case DATA_CHECKPOINT_ABORTED:
    case DATA_ORDER_COUNT: break;
    }
}

void plane_end(struct story *story, struct node_id node)
{
    for (VEC_EACH(struct plane_task, task, &story->tasks)) {
        if (!task->used || !node_id_equal(task->node, node))
            continue;
        sim_queue_cancel(story->queue, &task->next);
        task->used = false;
    }
}
