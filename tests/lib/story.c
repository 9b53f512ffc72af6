/* SPDX-License-Identifier: Apache-2.0
 *
 * What a story's script can do: set up, let things happen, ask, look.
 */
#include "tests/lib/story.h"

#include <check.h>

#include "core/graph/execution_graph.h"
#include "tests/lib/story_world.h"

struct story *story_create(void)
{
    struct story *story = mem_create(sizeof *story);
    story->config = config_default();
    story->queue = sim_queue_create();
    story->latency = STORY_LATENCY;
    story->tick_at = TIME_NEVER;
    story->cancel_delay = STORY_CANCEL;
    return story;
}

void story_destroy(struct story *story)
{
    world_fini(story);
    for (size_t i = 0; i < story->lines.count; i++)
        mem_destroy(story->lines.items[i]);
    vec_fini(&story->lines);
    vec_fini(&story->tasks);
    vec_fini(&story->checkpoints);
    index_map_fini(&story->task_index);
    sim_queue_destroy(story->queue);
    mem_destroy(story);
}

void story_set(struct story *story, const char *key, const char *value)
{
    struct note note = { "" };
    struct err result = config_set(&story->config, key, value, &note);
    ck_assert_msg(!err_is(result), "%s", note.text);
}

void story_set_version(struct story *story, enum flink_version version)
{
    story->config.flink_version = version;
}

void story_set_log_level(struct story *story, enum log_level level)
{
    story->log_level = level;
}

struct config *story_config(struct story *story)
{
    return &story->config;
}

void story_vouch(struct story *story, bool vouch)
{
    story->vouch = vouch;
}

time_ns story_now(const struct story *story)
{
    return sim_queue_now(story->queue);
}

void story_start(struct story *story)
{
    world_add(story, NODE_JOB_MANAGER, 1);
}

struct node_id story_add(struct story *story, uint32_t slots)
{
    return world_add(story, NODE_TASK_MANAGER, slots);
}

void story_stop(struct story *story, struct node_id node)
{
    world_deliver(story, world_letter(story, node, EVENT_STOPPING));
}

void story_kill(struct story *story, struct node_id node)
{
    world_end(story, node, story_now(story));
}

void story_kill_hanging(struct story *story, struct node_id node, time_ns hang)
{
    world_end(story, node, story_now(story) + hang);
}

void story_freeze(struct story *story, struct node_id node, bool frozen)
{
    world_freeze(story, node, frozen);
}

void story_cut(struct story *story, struct node_id node, bool cut)
{
    world_cut(story, node, cut);
}

void story_set_latency(struct story *story, time_ns latency)
{
    world_set_latency(story, latency);
}

static const struct job_id first_job = { 0 };

static struct plane_task *find(struct story *story, uint32_t number)
{
    struct plane_task *task = plane_find(story, first_job, number);
    ck_assert_msg(task != NULL, "task %u does not run", number);
    return task;
}

void story_report(struct story *story, uint32_t number, enum execution_state state,
                  enum failure_cause cause)
{
    plane_report(story, find(story, number), state, cause);
}

/* Of the tasks that run elsewhere, the first. */
void story_break_connection(struct story *story, struct node_id to_dead)
{
    struct plane_task *first = NULL;
    for (VEC_EACH(struct plane_task, task, &story->tasks))
        if (task->used && !node_id_equal(task->node, to_dead) &&
            (!first || task->attempt.task.n < first->attempt.task.n))
            first = task;
    if (first)
        plane_report(story, first, EXECUTION_FAILED, CAUSE_CONNECTION_LOST);
}

void story_hold_acks(struct story *story, bool hold)
{
    story->hold_acks = hold;
}

void story_decline(struct story *story, uint32_t number, uint64_t checkpoint)
{
    const struct plane_task *task = find(story, number);
    struct letter *letter = world_letter(story, task->node, EVENT_DATA);
    letter->event.data = (struct event_data){ .kind = DATA_CHECKPOINT_DECLINED,
                                              .job = task->job,
                                              .checkpoint = checkpoint,
                                              .declined_by = task->attempt,
                                              .cause = CAUSE_SNAPSHOT };
    world_deliver(story, letter);
}

void story_backlog(struct story *story, uint32_t number, bool in_backlog)
{
    const struct plane_task *task = find(story, number);
    struct letter *letter = world_letter(story, task->node, EVENT_DATA);
    letter->event.data = (struct event_data){ .kind = DATA_SOURCE_BACKLOG,
                                              .job = task->job,
                                              .source = task->attempt,
                                              .in_backlog = in_backlog };
    world_deliver(story, letter);
}

void story_end_of_data(struct story *story, uint32_t number)
{
    const struct plane_task *task = find(story, number);
    struct letter *letter = world_letter(story, task->node, EVENT_DATA);
    letter->event.data = (struct event_data){
        .kind = DATA_END_OF_DATA, .job = task->job, .at_end = &task->attempt, .at_end_count = 1
    };
    world_deliver(story, letter);
}

void story_fail_stores(struct story *story, bool fail)
{
    story->fail_stores = fail;
}

void story_slow_cancel(struct story *story, time_ns delay)
{
    story->cancel_delay = delay;
}

void story_finish_all(struct story *story)
{
    for (size_t i = 0; i < story->tasks.count; i++)
        if (story->tasks.items[i].used)
            plane_report(story, &story->tasks.items[i], EXECUTION_FINISHED, CAUSE_NONE);
}

/* With the token of the latest request. */
static void deliver_request(struct story *story, struct event_client request)
{
    struct letter *letter = world_letter(story, (struct node_id){ JOB_MANAGER }, EVENT_CLIENT);
    request.token = story->next_token;
    letter->event.client = request;
    story->unanswered++;
    world_deliver(story, letter);
}

static void ask(struct story *story, struct event_client request)
{
    story->next_token++;
    deliver_request(story, request);
}

void story_submit(struct story *story, struct job_graph *graph)
{
    ask(story,
        (struct event_client){ .request = CLIENT_SUBMIT_JOB, .job = graph->id, .graph = graph });
    job_graph_destroy(graph);
}

void story_ask(struct story *story, enum client_request request, const struct vertex_bounds *bounds,
               size_t bound_count)
{
    ask(story,
        (struct event_client){
            .request = request, .job = first_job, .bounds = bounds, .bound_count = bound_count });
}

void story_ask_again(struct story *story, enum client_request request)
{
    CHECK(story->next_token > 0);
    deliver_request(story, (struct event_client){ .request = request, .job = first_job });
}

void story_ask_of(struct story *story, struct job_id job, enum client_request request)
{
    ask(story, (struct event_client){ .request = request, .job = job });
}

void story_drain(struct story *story)
{
    ask(story, (struct event_client){
                   .request = CLIENT_STOP_WITH_SAVEPOINT, .job = first_job, .drain = true });
}

static void arrive(void *context, uint64_t unused, uint64_t unused_too)
{
    (void)unused;
    (void)unused_too;
    ((struct story *)context)->arrived = true;
}

void story_run(struct story *story, time_ns until)
{
    ck_assert_int_ge(until, story_now(story));
    story->arrived = until == story_now(story);
    while (!story->arrived && sim_queue_run_one(story->queue, until - 1))
        ;
    if (!story->arrived)
        sim_queue_push(story->queue, until, SIM_CLASS_FAULT, arrive, story, 0, 0);
    while (!story->arrived)
        sim_queue_run_one(story->queue, until);
    story->seen = story->lines.count;
}

const struct node *story_node(const struct story *story, struct node_id node)
{
    return story->processes[node.n].node;
}

bool story_is_up(const struct story *story, struct node_id node)
{
    return !story->processes[node.n].dead && !story->processes[node.n].frozen;
}

uint32_t story_node_count(const struct story *story)
{
    return story->process_count;
}

struct node_id story_task_node(const struct story *story, uint32_t number)
{
    struct node_id found = node_id_none();
    for (VEC_EACH(const struct plane_task, task, &story->tasks))
        if (task->used && task->job.n == 0 && task->attempt.task.n == number)
            found = task->node;
    return found;
}

uint32_t story_tasks_running(const struct story *story)
{
    uint32_t count = 0;
    for (VEC_EACH(const struct plane_task, task, &story->tasks))
        count += task->used && task->state == EXECUTION_RUNNING;
    return count;
}
