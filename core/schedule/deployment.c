/* SPDX-License-Identifier: Apache-2.0
 *
 * Deploying and cancelling many tasks at once: moves first, then one message per TaskManager, in
 * the order in which the TaskManagers first appear among the tasks. Linear in tasks.
 */
#include "core/schedule/parts.h"
#include "core/schedule/request_token.h"

enum { CANCEL_RETRIES = 3 /* Flink's NUM_CANCEL_CALL_TRIES, which counts those after the first */ };

/* Tasks of one call sorted by TaskManager (counting sort over TaskManagers in order of appearance):
 *
 *   tasks of the call      t0@n7 t1@n3 t2@n7 t3@n5 t4@n3
 *   nodes, by appearance   n7 n3 n5
 *   first                  0  2  4  5
 *   order                  0 2 1 4 3        places in the call's list, bucket after bucket
 *
 * The order of the messages follows from the tasks alone, and each TaskManager's part is one slice.
 */
struct node_buckets {
    VEC(struct node_id) nodes;
    VEC(uint32_t) first; /* nodes.count + 1 of them */
    VEC(uint32_t) order; /* places in the call's list, bucket after bucket */
};

static void buckets_fini(struct node_buckets *buckets)
{
    vec_fini(&buckets->nodes);
    vec_fini(&buckets->first);
    vec_fini(&buckets->order);
}

/* Two passes: count, then place. */
static void buckets_fill(struct node_buckets *buckets, const struct execution_graph *graph,
                         const struct task_id *tasks, size_t count)
{
    struct index_map place = { 0 };
    VEC(uint32_t) bucket_of = { 0 };
    vec_resize(&bucket_of, count);
    for (size_t i = 0; i < count; i++) {
        struct node_id node = graph->tasks[tasks[i].n].node;
        uint32_t bucket = index_map_get(&place, node.n);
        if (bucket == INDEX_NONE) {
            bucket = (uint32_t)buckets->nodes.count;
            index_map_put(&place, node.n, bucket);
            vec_push(&buckets->nodes, node);
        }
        bucket_of.items[i] = bucket;
    }
    vec_resize(&buckets->first, buckets->nodes.count + 1);
    vec_resize(&buckets->order, count);
    for (size_t i = 0; i < count; i++)
        buckets->first.items[bucket_of.items[i] + 1]++;
    for (size_t b = 0; b < buckets->nodes.count; b++)
        buckets->first.items[b + 1] += buckets->first.items[b];
    VEC(uint32_t) next = { 0 };
    vec_resize(&next, buckets->nodes.count);
    for (size_t i = 0; i < count; i++) {
        uint32_t bucket = bucket_of.items[i];
        buckets->order.items[buckets->first.items[bucket] + next.items[bucket]++] = (uint32_t)i;
    }
    vec_fini(&next);
    vec_fini(&bucket_of);
    index_map_fini(&place);
}

/* What the TaskManager must know to run it; key groups and what to restore come from the plan. */
static void describe(const struct scheduler *s, struct task_id task,
                     struct task_deployment *deployment)
{
    const struct execution *execution = &s->graph->tasks[task.n];
    const struct execution_vertex_range *range = &s->graph->vertices[execution->vertex.n];
    *deployment = (struct task_deployment){ .attempt = execution_graph_attempt(s->graph, task),
                                            .vertex = execution->vertex,
                                            .subtask = execution->subtask,
                                            .parallelism = range->parallelism,
                                            .allocation = execution->allocation };
}

/* The restore is planned before anything moves: a plan that cannot be made must not leave half a
 * region deployed. */
void scheduler_deploy(struct scheduler *s, const struct task_id *tasks, size_t count,
                      const struct completed_checkpoint *restored)
{
    CHECK(count > 0);
    struct node_buckets buckets = { 0 };
    buckets_fill(&buckets, s->graph, tasks, count);
    uint32_t batch = ++s->next_batch;
    struct task_deployment *deployments =
        arena_take(&s->parts.effects->arena, count * sizeof *deployments);
    for (size_t i = 0; i < count; i++)
        describe(s, tasks[buckets.order.items[i]], &deployments[i]);
    struct note note;
    struct err planned = restore_plan_fill(restored, s->graph, deployments, count, &note);
    if (err_is(planned)) {
        buckets_fini(&buckets);
        scheduler_log(s, "job", "restore refused", 0, note.text);
        scheduler_fail_job(s, CAUSE_GRAPH);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(!node_id_is_none(s->graph->tasks[tasks[i].n].node));
        s->batches.items[tasks[i].n].submit = batch;
        scheduler_move_task(s, tasks[i], EXECUTION_DEPLOYING, CAUSE_NONE);
    }
    for (size_t b = 0; b < buckets.nodes.count; b++) {
        uint32_t first = buckets.first.items[b];
        struct message message = { .kind = MESSAGE_SUBMIT_TASKS };
        message.submit_tasks = (struct message_submit_tasks){ s->job, deployments + first,
                                                              buckets.first.items[b + 1] - first };
        effects_request(s->parts.effects, buckets.nodes.items[b], &message,
                        request_token(s->job, batch));
    }
    buckets_fini(&buckets);
}

/* A cancel's token says which cancel it is and how often it may be sent again. */
enum { CANCEL_LEFT_BITS = 8 };

/* One batch per call; each TaskManager gets the part that is its own. */
static void send_cancels(struct scheduler *s, const struct task_id *tasks, size_t count,
                         uint32_t retries_left)
{
    if (count == 0)
        return;
    struct node_buckets buckets = { 0 };
    buckets_fill(&buckets, s->graph, tasks, count);
    uint32_t batch = ++s->next_batch;
    struct task_attempt *attempts = arena_take(&s->parts.effects->arena, count * sizeof *attempts);
    for (size_t i = 0; i < count; i++) {
        struct task_id task = tasks[buckets.order.items[i]];
        attempts[i] = execution_graph_attempt(s->graph, task);
        s->graph->tasks[task.n].cancel_sent = true;
        s->batches.items[task.n].cancel = batch;
    }
    for (size_t b = 0; b < buckets.nodes.count; b++) {
        uint32_t first = buckets.first.items[b];
        struct message message = { .kind = MESSAGE_CANCEL_TASKS };
        message.cancel_tasks = (struct message_cancel_tasks){ s->job, attempts + first,
                                                              buckets.first.items[b + 1] - first };
        effects_request(s->parts.effects, buckets.nodes.items[b], &message,
                        request_token(s->job, (uint64_t)batch << CANCEL_LEFT_BITS | retries_left));
    }
    buckets_fini(&buckets);
}

/* What has not been deployed has nothing to cancel: it is CANCELED in the same call. */
void scheduler_cancel_tasks(struct scheduler *s, const struct task_id *tasks, size_t count)
{
    struct task_list deployed = { 0 };
    for (size_t i = 0; i < count; i++) {
        switch ((enum execution_state)s->graph->tasks[tasks[i].n].state) {
        case EXECUTION_CREATED:
        case EXECUTION_SCHEDULED:
            scheduler_move_task(s, tasks[i], EXECUTION_CANCELED, CAUSE_NONE);
            break;
        case EXECUTION_DEPLOYING:
        case EXECUTION_INITIALIZING:
        case EXECUTION_RUNNING:
            scheduler_move_task(s, tasks[i], EXECUTION_CANCELING, CAUSE_NONE);
            vec_push(&deployed.ids, tasks[i]);
            break;
        case EXECUTION_FINISHED:
        case EXECUTION_CANCELING:
        case EXECUTION_CANCELED:
        case EXECUTION_FAILED:
        case EXECUTION_STATE_COUNT: break;
        }
    }
    send_cancels(s, deployed.ids.items, deployed.ids.count, CANCEL_RETRIES);
    vec_fini(&deployed.ids);
}

/* Those that have ended, or are being cancelled already, are left out by scheduler_cancel_tasks. */
void scheduler_cancel_all_tasks(struct scheduler *s)
{
    struct task_list all = { 0 };
    vec_resize(&all.ids, s->graph->task_count);
    for (uint32_t i = 0; i < s->graph->task_count; i++)
        all.ids.items[i] = (struct task_id){ i };
    scheduler_cancel_tasks(s, all.ids.items, all.ids.count);
    vec_fini(&all.ids);
}

/* Sent again, or given up: then the attempt counts as ended, whatever its TaskManager does with it
 * (Execution.sendCancelRpcCall). The other tasks of the TaskManager wait for their own cancels. */
void scheduler_on_cancel_failed(struct scheduler *s, struct node_id node, uint64_t value)
{
    uint32_t batch = (uint32_t)(value >> CANCEL_LEFT_BITS);
    uint32_t retries_left = value & ((1u << CANCEL_LEFT_BITS) - 1);
    struct attempt_list here = { 0 };
    struct task_list again = { 0 };
    scheduler_list_node(s, node, &here);
    for (VEC_EACH(const struct task_attempt, attempt, &here.items)) {
        const struct execution *execution = &s->graph->tasks[attempt->task.n];
        if (execution->state != EXECUTION_CANCELING ||
            s->batches.items[attempt->task.n].cancel != batch)
            continue;
        if (retries_left > 0)
            vec_push(&again.ids, attempt->task);
        else
            scheduler_end_or_fail(s, *attempt, CAUSE_CANCEL_FAILED);
    }
    if (retries_left > 0)
        send_cancels(s, again.ids.items, again.ids.count, retries_left - 1);
    vec_fini(&again.ids);
    vec_fini(&here.items);
}
