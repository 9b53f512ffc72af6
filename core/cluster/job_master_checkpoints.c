/* SPDX-License-Identifier: Apache-2.0
 *
 * The coordinator's orders carried out: messages to TaskManagers, the metadata file, answers to
 * clients, and what the scheduler hears.
 */
#include "core/cluster/job_master.h"

#include "core/schedule/request_token.h"

/* Estimates, in bytes: what matters of the metadata file is that it is written, and how long that
 * takes on slow storage. */
enum {
    METADATA_BYTES_BASE = 4096,   /* header, operator ids */
    METADATA_BYTES_PER_TASK = 256 /* one state handle */
};

/* One message per TaskManager that runs a task to be triggered; tasks come vertex by vertex, so
 * they are sorted by TaskManager first (a counting sort over the contacts). */
static void trigger(struct job_master *master, const struct checkpoint_coordinator_order *order)
{
    struct task_list tasks = { 0 };
    checkpoint_coordinator_tasks_to_trigger(&master->checkpoints, order->checkpoint, &tasks);
    const struct execution_graph *graph = master->scheduler.graph;
    VEC(uint32_t) counts = { 0 };
    vec_resize(&counts, master->contacts.count + 1);
    for (size_t i = 0; i < tasks.ids.count; i++) {
        uint32_t contact =
            index_map_get(&master->contact_by_node, graph->tasks[tasks.ids.items[i].n].node.n);
        CHECK(contact != INDEX_NONE);
        counts.items[contact + 1]++;
    }
    for (size_t c = 0; c < master->contacts.count; c++)
        counts.items[c + 1] += counts.items[c];
    struct task_attempt *attempts =
        arena_take(&master->effects->arena, (tasks.ids.count + 1) * sizeof *attempts);
    VEC(uint32_t) next = { 0 };
    vec_resize(&next, master->contacts.count);
    for (size_t i = 0; i < tasks.ids.count; i++) {
        struct task_id task = tasks.ids.items[i];
        uint32_t contact = index_map_get(&master->contact_by_node, graph->tasks[task.n].node.n);
        attempts[counts.items[contact] + next.items[contact]++] =
            execution_graph_attempt(graph, task);
    }
    for (size_t c = 0; c < master->contacts.count; c++) {
        if (next.items[c] == 0)
            continue;
        struct message message = { .kind = MESSAGE_TRIGGER_CHECKPOINT };
        message.trigger_checkpoint =
            (struct message_trigger_checkpoint){ .job = master->job,
                                                 .checkpoint = order->checkpoint,
                                                 .kind = order->how.kind,
                                                 .unaligned = order->how.unaligned,
                                                 .aligned_timeout = order->how.aligned_timeout,
                                                 .tasks = attempts + counts.items[c],
                                                 .tasks_count = next.items[c] };
        effects_request(master->effects, master->contacts.items[c].node, &message,
                        request_token(master->job, order->checkpoint));
    }
    vec_fini(&next);
    vec_fini(&counts);
    vec_fini(&tasks.ids);
}

/* Every TaskManager of the job, also one whose tasks have nothing to do with it: it knows. */
static void tell_all(struct job_master *master, enum message_kind kind, uint64_t checkpoint)
{
    for (VEC_EACH(const struct job_contact, contact, &master->contacts)) {
        struct message message = { .kind = kind };
        if (kind == MESSAGE_CHECKPOINT_COMPLETE)
            message.checkpoint_complete =
                (struct message_checkpoint_complete){ master->job, checkpoint };
        else
            message.checkpoint_aborted =
                (struct message_checkpoint_aborted){ master->job, checkpoint };
        effects_send(master->effects, contact->node, &message);
    }
}

/* What is written is the metadata file; the state itself went from the tasks to the store. */
static void write_metadata(struct job_master *master,
                           const struct checkpoint_coordinator_order *order)
{
    int64_t tasks = master->scheduler.graph->task_count;
    effects_store(
        master->effects, EFFECT_STORE_WRITE,
        &(struct effect_store){ .object = order->is_savepoint ? STORE_SAVEPOINT : STORE_CHECKPOINT,
                                .job = master->job,
                                .id = order->checkpoint,
                                .bytes = METADATA_BYTES_BASE + METADATA_BYTES_PER_TASK * tasks,
                                .token = request_token(master->job, order->checkpoint) });
}

/* The asker of a savepoint hears; a stop-with-savepoint is the scheduler's to answer, when its
 * tasks have ended. */
static void answer(struct job_master *master, const struct checkpoint_coordinator_order *order,
                   bool failed)
{
    if (order->client_token == 0 || checkpoint_kind_is_synchronous(order->how.kind))
        return;
    struct effect_answer text = { .token = order->client_token,
                                  .request = order->is_savepoint ? CLIENT_TRIGGER_SAVEPOINT
                                                                 : CLIENT_TRIGGER_CHECKPOINT,
                                  .job = master->job,
                                  .value = order->checkpoint };
    if (failed) {
        text.result = (struct err){ ERR_REFUSED_CODE };
        text.text = checkpoint_failure_text(order->failure);
    }
    effects_answer(master->effects, &text);
}

/* Too many failed checkpoints fail the job, even where one task is to blame for the last of them:
 * that task only has to be there still (CheckpointFailureManager.FailJobCallback). */
static void fail_by_order(struct job_master *master,
                          const struct checkpoint_coordinator_order *order)
{
    if (task_id_is_none(order->by.task))
        scheduler_fail_job(&master->scheduler, CAUSE_CHECKPOINT_FAILURES);
    else
        scheduler_fail_job_for(&master->scheduler, order->by, CAUSE_CHECKPOINT_FAILURES);
}

/* What the job has claimed was another job's, and then nobody can start from it any more. */
static void discard(struct job_master *master, const struct checkpoint_coordinator_order *order)
{
    effects_store(
        master->effects, EFFECT_STORE_REMOVE,
        &(struct effect_store){ .object = order->is_savepoint ? STORE_SAVEPOINT : STORE_CHECKPOINT,
                                .job = order->files_of,
                                .id = order->checkpoint });
    snapshot_shelf_remove(master->checkpoints.shelf, order->files_of, order->is_savepoint,
                          order->checkpoint);
}

static void discard_shared(struct job_master *master,
                           const struct checkpoint_coordinator_order *order)
{
    effects_store(master->effects, EFFECT_STORE_REMOVE,
                  &(struct effect_store){ .object = STORE_SHARED_STATE,
                                          .job = order->files_of,
                                          .id = order->shared.checkpoint,
                                          .vertex = order->shared.vertex,
                                          .subtask = order->shared.subtask });
}

/* A checkpoint's way, with the orders of the coordinator (capitals) and who says what in between:
 *
 *   TRIGGER --> TaskManagers of the sources --> acknowledgements of all tasks
 *                                                 |
 *   WRITE_METADATA --> store --> durable, or not <+
 *                        |
 *                        +--> COMPLETED (and DISCARD of what it subsumes), or ABORTED
 *
 * One order, one case. Those that end a checkpoint are heard by tasks, asker and scheduler, in this
 * order. */
static void follow(struct job_master *master, const struct checkpoint_coordinator_order *order)
{
    switch (order->kind) {
    case ORDER_TRIGGER: trigger(master, order); break;
    case ORDER_WRITE_METADATA: write_metadata(master, order); break;
    case ORDER_COMPLETED:
        if (order->tell_tasks)
            tell_all(master, MESSAGE_CHECKPOINT_COMPLETE, order->checkpoint);
        answer(master, order, false);
        scheduler_on_checkpoint_ended(&master->scheduler, order);
        break;
    case ORDER_ABORTED:
        tell_all(master, MESSAGE_CHECKPOINT_ABORTED, order->checkpoint);
        answer(master, order, true);
        scheduler_on_checkpoint_ended(&master->scheduler, order);
        break;
    case ORDER_REFUSED:
        answer(master, order, true);
        scheduler_on_checkpoint_ended(&master->scheduler, order);
        break;
    case ORDER_DISCARD: discard(master, order); break;
    case ORDER_DISCARD_SHARED: discard_shared(master, order); break;
    case ORDER_FAIL_JOB: fail_by_order(master, order); break;
    case ORDER_KIND_COUNT: IMPOSSIBLE("checkpoint order");
    }
}

/* Carrying out an order may lead to others, which come behind it. */
void job_checkpoints_follow(struct job_master *master)
{
    struct checkpoint_coordinator_order order;
    while (checkpoint_coordinator_next_order(&master->checkpoints, &order))
        follow(master, &order);
}
