/* SPDX-License-Identifier: Apache-2.0
 *
 * A task's snapshots: barriers go on first, so that readers can begin, then state is shared; what
 * is in flight is gathered until the last barrier has come. Source: Flink's
 * SubtaskCheckpointCoordinatorImpl.checkpointState.
 */
#include "core/exec/task_parts.h"

static struct snapshot_work *find(const struct exec_task *task, uint64_t checkpoint)
{
    for (VEC_EACH(struct snapshot_work *, work, &task->snapshots))
        if ((uint64_t)(*work)->barrier.id == checkpoint)
            return *work;
    return NULL;
}

static void forget(struct exec_task *task, const struct snapshot_work *work)
{
    for (size_t i = 0; i < task->snapshots.count; i++)
        if (task->snapshots.items[i] == work) {
            vec_remove_ordered(&task->snapshots, i);
            return;
        }
}

static bool is_stop(const struct checkpoint_barrier *barrier)
{
    return barrier->kind == CHECKPOINT_STOP_SUSPEND || barrier->kind == CHECKPOINT_STOP_DRAIN;
}

bool exec_task_is_aborted(const struct exec_task *task, uint64_t checkpoint)
{
    for (VEC_EACH(const uint64_t, id, &task->aborted))
        if (*id == checkpoint)
            return true;
    return false;
}

/* Older ones come no more. */
static bool was_aborted(struct exec_task *task, uint64_t checkpoint)
{
    bool found = exec_task_is_aborted(task, checkpoint);
    for (size_t i = 0; i < task->aborted.count;)
        if (task->aborted.items[i] <= checkpoint)
            vec_remove_swap(&task->aborted, i);
        else
            i++;
    return found;
}

static void send_cancellation(struct exec_task *task, int64_t checkpoint)
{
    exec_task_send_event(task, &(struct channel_event){ .kind = CHANNEL_EVENT_CANCEL_CHECKPOINT,
                                                        .barrier = { .id = checkpoint } });
}

/* Behind the end of its data a task does not stop half way: operators that are pending have begun
 * to finish, and what they still write belongs before the savepoint, as in Flink, whose task reads
 * no barrier meanwhile. */
static bool waits_for_operators(const struct exec_task *task,
                                const struct checkpoint_barrier *barrier)
{
    return task->data_ended && task->ends_later && is_stop(barrier);
}

void exec_task_snapshot_now(struct exec_task *task, const struct checkpoint_barrier *barrier)
{
    struct snapshot_work *work;
    if (waits_for_operators(task, barrier)) {
        task->held = *barrier;
        return;
    }
    task->last_snapshot = task->context.epoch = (uint64_t)barrier->id;
    if (was_aborted(task, task->last_snapshot)) {
        send_cancellation(task, barrier->id);
        return;
    }
    chain_prepare(&task->chain, task->last_snapshot);
    exec_task_send_event(
        task, &(struct channel_event){ .kind = CHANNEL_EVENT_BARRIER, .barrier = *barrier });
    work = snapshot_work_create(&task->config.identity, barrier, &task->chain, &task->states,
                                task->context.now);
    vec_push(&task->snapshots, work);
    work->at_end = task->state == EXEC_AT_END;
    work->is_complete = task->config.input_count == 0 || task->open_channels == 0 ||
                        barrier->alignment != BARRIER_UNALIGNED;
    if (task->config.input_count > 0)
        work->alignment = task->handler.alignment_ns;
    /* The first one behind the last record is the last, and a savepoint behind which all stop. */
    if (is_stop(barrier) || (task->state == EXEC_AT_END && task->final == 0))
        task->final = (uint64_t)barrier->id;
    if (is_stop(barrier))
        task->stops_behind = (uint64_t)barrier->id;
    exec_task_tell(task, TASK_FACT_SNAPSHOT, (uint64_t)barrier->id, 0);
    exec_task_gather_in_flight(task);
}

/* The references change hands; what belongs to no snapshot any more is let go. */
static void keep(struct exec_task *task, enum section_kind kind, struct in_flight_place place,
                 const struct stored_buffer *stored)
{
    struct snapshot_work *work = find(task, (uint64_t)stored->checkpoint);
    if (work && !work->is_written)
        snapshot_work_add(work, kind, place, stored);
    else
        buffer_release(stored->buffer);
}

void exec_task_gather_in_flight(struct exec_task *task)
{
    struct stored_buffer stored;
    for (uint32_t i = 0; i < task->config.input_count; i++)
        while (input_gate_take_stored(&task->inputs[i].gate, &stored))
            keep(task, SECTION_INPUT, (struct in_flight_place){ i, task->inputs[i].serializer },
                 &stored);
    for (uint32_t i = 0; i < task->config.output_count; i++)
        while (result_partition_take_stored(&task->outputs[i].partition, &stored))
            keep(task, SECTION_OUTPUT, (struct in_flight_place){ i, task->outputs[i].serializer },
                 &stored);
}

void exec_task_drop_snapshot(struct exec_task *task, uint64_t checkpoint)
{
    struct snapshot_work *work = find(task, checkpoint);
    if (checkpoint > task->last_snapshot && task->aborted.count < ABORTED_MAX)
        vec_push(&task->aborted, checkpoint);
    state_registry_abort(&task->states, checkpoint);
    chain_aborted(&task->chain, checkpoint);
    for (uint32_t i = 0; i < task->config.input_count; i++)
        input_gate_drop_stored(&task->inputs[i].gate, (int64_t)checkpoint);
    for (uint32_t i = 0; i < task->config.output_count; i++)
        result_partition_abort_checkpoint(&task->outputs[i].partition, (int64_t)checkpoint);
    if (task->final == checkpoint)
        task->final = 0; /* another one is to come */
    if (work) {
        forget(task, work);
        snapshot_work_destroy(work);
    }
    if (task->stops_behind == checkpoint) /* nothing sets those going again that have stopped */
        exec_task_fail(task, CAUSE_STOP_FAILED, "Stop-with-savepoint failed.");
}

static void abort_one(struct exec_task *task, const struct barrier_abort *aborted)
{
    exec_task_drop_snapshot(task, (uint64_t)aborted->checkpoint);
    exec_task_send_event(task, &(struct channel_event){ .kind = CHANNEL_EVENT_CANCEL_CHECKPOINT,
                                                        .barrier = { .id = aborted->checkpoint } });
    exec_task_tell(task, TASK_FACT_DECLINED, (uint64_t)aborted->checkpoint, aborted->reason);
}

void exec_task_on_barrier(struct exec_task *task, const struct barrier_outcome *outcome)
{
    for (VEC_EACH(const struct barrier_abort, aborted, &outcome->aborts))
        abort_one(task, aborted);
    if (outcome->trigger)
        exec_task_snapshot_now(task, &outcome->barrier);
    if (!outcome->complete)
        return;
    exec_task_gather_in_flight(task);
    struct snapshot_work *work = find(task, (uint64_t)outcome->completed);
    if (!work)
        return;
    work->is_complete = true;
    work->alignment = task->handler.alignment_ns;
}

/* Nobody waits for it any more: a newer one is complete. */
static void drop_oldest(struct exec_task *task)
{
    struct snapshot_work *work = task->snapshots.items[0];
    forget(task, work);
    snapshot_work_destroy(work);
}

/* A source that stops behind a savepoint ends its data now; who reads from it follows. */
void exec_task_on_complete(struct exec_task *task, uint64_t checkpoint)
{
    state_registry_confirm(&task->states, checkpoint);
    chain_complete(&task->chain, checkpoint);
    while (task->snapshots.count > 0 && (uint64_t)task->snapshots.items[0]->barrier.id < checkpoint)
        drop_oldest(task);
    if (task->final == 0 || checkpoint < task->final)
        return;
    task->final_complete = true;
    if (task->state == EXEC_RUNNING && task->config.input_count == 0 && task->stops_behind > 0)
        exec_task_end_data(task);
    else
        exec_task_finish(task);
}

/* A barrier with a time-out that waits in an output may still turn what is before it into in-flight
 * data. */
static bool waits_for_outputs(const struct exec_task *task, uint64_t checkpoint)
{
    for (uint32_t i = 0; i < task->config.output_count; i++)
        if (result_partition_has_waiting_barrier(&task->outputs[i].partition, (int64_t)checkpoint))
            return true;
    return false;
}

enum snapshot_progress exec_task_write_snapshot(struct exec_task *task, uint64_t checkpoint,
                                                size_t budget)
{
    struct snapshot_work *work = find(task, checkpoint);
    if (!work)
        return SNAPSHOT_WRITTEN;
    if (work->next == work->keyed.count && waits_for_outputs(task, checkpoint))
        return SNAPSHOT_WAITS;
    return snapshot_work_write(work, budget);
}

struct snapshot_work *exec_task_give_snapshot(struct exec_task *task, uint64_t checkpoint)
{
    struct snapshot_work *work = find(task, checkpoint);
    if (!work)
        return NULL;
    CHECK(work->is_written);
    forget(task, work);
    return work;
}
