/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a chosen request: trigger, acknowledgements, metadata, completion; or abortion,
 * and what it means for the job (CheckpointFailureManager). In: the chosen request, what tasks and
 * the store say. Out: orders and log lines. Always: `pending` is in order of ids.
 */
#include "core/checkpoint/coordinator_parts.h"

/* "By" nobody: the failure is the job's, not a task's. */
static const struct task_attempt nobody = { .task = { ID_NONE } };

/* One line of the machine "checkpoint". checkpoint 0, value below 0: the line has none. */
static void coordinator_log(const struct checkpoint_coordinator *coordinator, enum log_level level,
                            const char *what, uint64_t checkpoint, int64_t value,
                            const char *reason, struct effects *effects)
{
    unsigned subject = LOG_OF_JOB | (checkpoint ? LOG_OF_CHECKPOINT : 0u);
    if (value >= 0)
        subject |= LOG_OF_VALUE;
    effects_log(effects, &(struct log_line){ .level = level,
                                             .machine = "checkpoint",
                                             .what = what,
                                             .subject = subject,
                                             .job = coordinator->job,
                                             .checkpoint = checkpoint,
                                             .value = value,
                                             .reason = reason });
}

/* CheckpointOptions.forConfig: savepoints are aligned, at-least-once aligns nothing. */
static struct checkpoint_order how_of(const struct checkpoint_coordinator *coordinator, uint64_t id,
                                      enum checkpoint_kind kind)
{
    const struct config *config = coordinator->config;
    struct checkpoint_order how = { .checkpoint = id, .kind = kind };
    how.unaligned = config->checkpoint_unaligned &&
                    config->checkpoint_mode == CHECKPOINT_MODE_EXACTLY_ONCE &&
                    !checkpoint_kind_is_savepoint(kind);
    how.aligned_timeout = how.unaligned ? config->checkpoint_aligned_timeout : 0;
    return how;
}

/* Adds an order with what is known of the checkpoint. The pointer holds until the next one. */
static struct checkpoint_coordinator_order *order(struct checkpoint_coordinator *coordinator,
                                                  enum checkpoint_order_kind kind,
                                                  const struct pending_checkpoint *pending)
{
    bool savepoint = checkpoint_kind_is_savepoint(pending->kind);
    const struct checkpoint_summary *summary = &pending->summary;
    vec_push(&coordinator->orders.queue,
             (struct checkpoint_coordinator_order){
                 .kind = kind,
                 .checkpoint = pending->id,
                 .how = how_of(coordinator, pending->id, pending->kind),
                 .is_savepoint = savepoint,
                 .tell_tasks = !savepoint || checkpoint_kind_is_synchronous(pending->kind),
                 .request = pending->request,
                 .client_token = pending->client_token,
                 .bytes = summary->state_bytes + summary->in_flight_bytes,
                 .by = nobody });
    return &vec_last(&coordinator->orders.queue);
}

/* Index of the pending checkpoint, or INDEX_MAX: ids ascend. */
#define INDEX_MAX SIZE_MAX

static size_t find(const struct checkpoint_coordinator *coordinator, uint64_t id)
{
    size_t low = 0, high = coordinator->pending.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (coordinator->pending.items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < coordinator->pending.count && coordinator->pending.items[low].id == id;
    return found ? low : INDEX_MAX;
}

/* An empty checkpoint, with the memory of an ended one where there is one. */
static struct pending_checkpoint take_spare(struct checkpoint_coordinator *coordinator)
{
    struct pending_checkpoint fresh = { 0 };
    if (coordinator->spare.count > 0) {
        fresh = vec_last(&coordinator->spare);
        coordinator->spare.count--;
    }
    if (fresh.states.capacity == 0)
        fresh.states = completed_store_give_states(&coordinator->store);
    return fresh;
}

/* The last of a checkpoint: no timer is left, its memory goes to the spares while these are few. */
static void recycle(struct checkpoint_coordinator *coordinator, struct pending_checkpoint *ended)
{
    timers_cancel(&coordinator->timers, &ended->expiry);
    if (coordinator->spare.count < SPARE_CHECKPOINTS_MAX)
        vec_push(&coordinator->spare, *ended);
    else
        pending_checkpoint_fini(ended);
}

/* Nobody waits for a periodic request, so an order tells of its refusal only if that counts: as
 * what failed at the trigger does (CheckpointStatsListener.onFailedCheckpoint, by way of
 * reportFailedCheckpointsWithoutInProgress), unlike what only leaves the queue. */
static void refuse(struct checkpoint_coordinator *coordinator,
                   const struct checkpoint_request *request, enum checkpoint_failure why,
                   bool at_trigger, struct effects *effects)
{
    CHECK(why != CHECKPOINT_FAILURE_NONE);
    CHECK(request->kind < CHECKPOINT_KIND_COUNT);
    /* Flink reports what failed at the trigger; what only leaves the queue it fails silently. */
    bool silent = why == CHECKPOINT_FAILURE_MIN_PAUSE || why == CHECKPOINT_FAILURE_SUSPENDED ||
                  why == CHECKPOINT_FAILURE_SHUTDOWN;
    if (effects)
        coordinator_log(coordinator, silent ? LOG_MESSAGE : LOG_DECISION, "refused", 0, -1,
                        checkpoint_failure_text(why), effects);
    if (request->periodic && !at_trigger)
        return;
    vec_push(&coordinator->orders.queue,
             (struct checkpoint_coordinator_order){ .kind = ORDER_REFUSED,
                                                    .how = how_of(coordinator, 0, request->kind),
                                                    .failure = why,
                                                    .counted = at_trigger,
                                                    .is_savepoint =
                                                        checkpoint_kind_is_savepoint(request->kind),
                                                    .request = request->seq,
                                                    .client_token = request->client_token,
                                                    .by = nobody });
}

void coordinator_refuse(struct checkpoint_coordinator *coordinator,
                        const struct checkpoint_request *request, enum checkpoint_failure why,
                        struct effects *effects)
{
    refuse(coordinator, request, why, false, effects);
}

/* Flink asks whether the periodic scheduler still runs only after the plan, when it creates the
 * pending checkpoint: tasks that do not run are the reason that shows. */
static enum checkpoint_failure plan(struct checkpoint_coordinator *coordinator,
                                    struct pending_checkpoint *fresh)
{
    if (coordinator->graph == NULL)
        return CHECKPOINT_FAILURE_NOT_ALL_RUNNING;
    enum checkpoint_failure failure =
        pending_checkpoint_plan(fresh, coordinator->graph, &coordinator->template_states,
                                coordinator->config->checkpoint_after_finish);
    if (failure == CHECKPOINT_FAILURE_NONE && coordinator->chosen.periodic &&
        !coordinator->scheduler_running)
        failure = CHECKPOINT_FAILURE_SCHEDULER_SHUTDOWN;
    return failure;
}

/* startTriggeringCheckpoint to triggerTasks, in one go: there are no operator coordinators or
 * master hooks that it would have to wait for. Ends with the next choice, as onTriggerSuccess and
 * onTriggerFailure do. */
void coordinator_trigger_chosen(struct checkpoint_coordinator *coordinator, struct effects *effects)
{
    CHECK(coordinator->triggering);
    const struct checkpoint_request *request = &coordinator->chosen;
    struct pending_checkpoint fresh = take_spare(coordinator);
    enum checkpoint_failure failure = plan(coordinator, &fresh);
    coordinator->triggering = false;
    if (failure != CHECKPOINT_FAILURE_NONE) {
        recycle(coordinator, &fresh);
        refuse(coordinator, request, failure, true, effects);
    } else {
        fresh.id = coordinator->next_id++;
        fresh.state = PENDING_TRIGGERED;
        fresh.kind = request->kind;
        fresh.periodic = request->periodic;
        fresh.request = request->seq;
        fresh.client_token = request->client_token;
        fresh.triggered_at = effects->now;
        fresh.summary = (struct checkpoint_summary){ 0 };
        vec_clear(&fresh.shared);
        const struct completed_checkpoint *latest = completed_store_latest(&coordinator->store);
        fresh.stands_on = latest ? latest->id : UINT64_MAX;
        time_ns expires_at = time_add(effects->now, coordinator->config->checkpoint_timeout);
        if (expires_at != TIME_NEVER)
            fresh.expiry = timers_set(
                &coordinator->timers,
                (struct timer){ .at = expires_at, .kind = TIMER_EXPIRY, .epoch = fresh.id });
        pending_checkpoint_invariant(&fresh);
        vec_push(&coordinator->pending, fresh);
        order(coordinator, ORDER_TRIGGER, &fresh);
        coordinator_log(coordinator, LOG_DECISION, "triggered", fresh.id, -1,
                        checkpoint_kind_is_savepoint(fresh.kind) ? checkpoint_kind_names[fresh.kind]
                                                                 : NULL,
                        effects);
    }
    coordinator_choose(coordinator, effects);
}

/* None when the checkpoint ended before its order was carried out. */
void checkpoint_coordinator_tasks_to_trigger(const struct checkpoint_coordinator *coordinator,
                                             uint64_t checkpoint, struct task_list *out)
{
    size_t index = find(coordinator, checkpoint);
    if (index == INDEX_MAX)
        return;
    const struct task_list *tasks = &coordinator->pending.items[index].to_trigger;
    for (VEC_EACH(const struct task_id, task, &tasks->ids))
        vec_push(&out->ids, *task);
}

/* Counts the failure and orders the job's if it is one too many. A failure on the way to the tasks
 * is the job's, and of no account for a savepoint; one at a task is that task's, and a synchronous
 * savepoint that fails there would never let go of the sources (CheckpointFailureManager).
 * IO_EXCEPTION belongs to the way even when a task reports it: Flink calls it pre-flight. */
static void judge(struct checkpoint_coordinator *coordinator,
                  const struct pending_checkpoint *pending, enum checkpoint_failure failure,
                  struct task_attempt by)
{
    bool at_task = !task_id_is_none(by.task) && failure != CHECKPOINT_FAILURE_IO_EXCEPTION;
    bool fatal = at_task && checkpoint_kind_is_synchronous(pending->kind);
    if (fatal) {
        by = nobody;
    } else {
        bool ignored = !at_task && checkpoint_kind_is_savepoint(pending->kind);
        if (ignored || pending->id <= coordinator->last_success ||
            !checkpoint_failure_is_counted(failure))
            return;
        coordinator->failure_count++;
        int64_t tolerable = coordinator->config->checkpoint_tolerable_failures;
        if ((int64_t)coordinator->failure_count <= tolerable)
            return;
        coordinator->failure_count = 0;
    }
    struct checkpoint_coordinator_order *fail = order(coordinator, ORDER_FAIL_JOB, pending);
    fail->failure = failure;
    fail->by = at_task ? by : nobody;
    coordinator->fail_ordered = true;
}

/* All of an abortion but taking it out of the list, which is the caller's. */
static void end_aborted(struct checkpoint_coordinator *coordinator,
                        struct pending_checkpoint *pending, enum checkpoint_failure failure,
                        struct task_attempt by, struct effects *effects)
{
    pending_checkpoint_move(pending, PENDING_ABORTED, coordinator->job, effects);
    if (failure == CHECKPOINT_FAILURE_EXPIRED)
        coordinator_log(coordinator, LOG_DECISION, "expired", pending->id, -1, NULL, effects);
    coordinator_log(coordinator, LOG_DECISION, "failed", pending->id,
                    effects->now - pending->triggered_at, checkpoint_failure_text(failure),
                    effects);
    struct checkpoint_coordinator_order *aborted = order(coordinator, ORDER_ABORTED, pending);
    aborted->failure = failure;
    aborted->counted =
        failure != CHECKPOINT_FAILURE_SUSPENDED && failure != CHECKPOINT_FAILURE_SHUTDOWN;
    judge(coordinator, pending, failure, by);
    recycle(coordinator, pending);
}

/* abortPendingCheckpoint; the caller gives the queue its chance. */
static void abort_one(struct checkpoint_coordinator *coordinator, size_t index,
                      enum checkpoint_failure failure, struct task_attempt by,
                      struct effects *effects)
{
    struct pending_checkpoint pending = coordinator->pending.items[index];
    vec_remove_ordered(&coordinator->pending, index);
    end_aborted(coordinator, &pending, failure, by, effects);
}

/* No task is to blame: it counts as a failure on the way to the tasks (CheckpointCanceller). */
void coordinator_expire(struct checkpoint_coordinator *coordinator, uint64_t checkpoint,
                        struct effects *effects)
{
    size_t index = find(coordinator, checkpoint);
    CHECK(index != INDEX_MAX); /* ending a checkpoint cancels its timer */
    abort_one(coordinator, index, CHECKPOINT_FAILURE_EXPIRED, nobody, effects);
    coordinator_choose(coordinator, effects);
}

/* Which pending checkpoints a common abortion hits. */
struct abortion {
    uint64_t below;         /* ids from here on stay */
    bool spares_savepoints; /* subsumption does */
};

/* Subsumption hits what is older, a stop and a restart everything. */
static bool is_hit(const struct abortion *abortion, const struct pending_checkpoint *pending)
{
    return pending->id < abortion->below &&
           !(abortion->spares_savepoints && checkpoint_kind_is_savepoint(pending->kind));
}

/* One pass, order kept. */
static void abort_some(struct checkpoint_coordinator *coordinator, const struct abortion *abortion,
                       enum checkpoint_failure why, struct effects *effects)
{
    size_t kept = 0;
    for (size_t i = 0; i < coordinator->pending.count; i++) {
        struct pending_checkpoint pending = coordinator->pending.items[i];
        if (is_hit(abortion, &pending))
            end_aborted(coordinator, &pending, why, nobody, effects);
        else
            coordinator->pending.items[kept++] = pending;
    }
    coordinator->pending.count = kept;
}

void coordinator_abort_all(struct checkpoint_coordinator *coordinator, enum checkpoint_failure why,
                           struct effects *effects)
{
    abort_some(coordinator, &(struct abortion){ .below = UINT64_MAX }, why, effects);
}

/* No move and no line: the machines end with their graph, only those who wait must hear. */
void coordinator_drop_all(struct checkpoint_coordinator *coordinator, enum checkpoint_failure why)
{
    CHECK(why != CHECKPOINT_FAILURE_NONE);
    for (VEC_EACH(struct pending_checkpoint, pending, &coordinator->pending)) {
        order(coordinator, ORDER_ABORTED, pending)->failure = why;
        recycle(coordinator, pending);
    }
    vec_clear(&coordinator->pending);
}

void checkpoint_coordinator_abort_pending(struct checkpoint_coordinator *coordinator,
                                          enum checkpoint_failure why, struct effects *effects)
{
    CHECK(why < CHECKPOINT_FAILURE_COUNT);
    CHECK(why != CHECKPOINT_FAILURE_NONE);
    coordinator_abort_all(coordinator, why, effects);
    coordinator_choose(coordinator, effects);
    checkpoint_coordinator_invariant(coordinator);
}

/* The last task has acknowledged. From here on it cannot expire: Flink writes the metadata under
 * the coordinator's lock, which the canceller waits for. */
static void finalize(struct checkpoint_coordinator *coordinator, size_t index,
                     struct effects *effects)
{
    struct pending_checkpoint *pending = &coordinator->pending.items[index];
    if (pending_checkpoint_splits_union(pending, coordinator->graph->job)) {
        abort_one(coordinator, index, CHECKPOINT_FAILURE_TASK_CLOSING, nobody, effects);
        coordinator_choose(coordinator, effects);
        return;
    }
    timers_cancel(&coordinator->timers, &pending->expiry);
    pending_checkpoint_move(pending, PENDING_FINALIZING, coordinator->job, effects);
    order(coordinator, ORDER_WRITE_METADATA, pending);
}

void checkpoint_coordinator_on_shared(struct checkpoint_coordinator *coordinator,
                                      uint64_t checkpoint, const struct shared_file *files,
                                      size_t count)
{
    size_t index = find(coordinator, checkpoint);
    if (index != INDEX_MAX)
        pending_checkpoint_add_shared(&coordinator->pending.items[index], files, count);
}

/* Acknowledgements come in batches, a TaskManager's at a time. Those of an ended checkpoint, of an
 * earlier attempt, or sent twice are dropped; their state files are nobody's business here. */
void checkpoint_coordinator_on_acknowledge(struct checkpoint_coordinator *coordinator,
                                           uint64_t checkpoint, const struct checkpoint_ack *acks,
                                           size_t count, struct effects *effects)
{
    size_t index = find(coordinator, checkpoint), taken = 0;
    if (index != INDEX_MAX) {
        struct pending_checkpoint *pending = &coordinator->pending.items[index];
        for (size_t i = 0; i < count; i++)
            taken += pending_checkpoint_acknowledge(pending, &acks[i]);
        if (taken > 0 && pending->to_acknowledge == 0)
            finalize(coordinator, index, effects);
    }
    if (taken < count)
        coordinator_log(coordinator, LOG_MESSAGE, "late acknowledgement", checkpoint,
                        (int64_t)(count - taken), NULL, effects);
    checkpoint_coordinator_invariant(coordinator);
}

/* Once all have acknowledged, nobody can decline any more. */
static bool is_collecting(const struct checkpoint_coordinator *coordinator, size_t index)
{
    return index != INDEX_MAX && coordinator->pending.items[index].state == PENDING_TRIGGERED;
}

/* The first one ends it and gives the reason; those that follow are late. */
void checkpoint_coordinator_on_decline(struct checkpoint_coordinator *coordinator,
                                       uint64_t checkpoint, struct task_attempt by,
                                       enum checkpoint_failure failure, struct effects *effects)
{
    CHECK(failure != CHECKPOINT_FAILURE_NONE);
    size_t index = find(coordinator, checkpoint);
    if (!is_collecting(coordinator, index)) {
        coordinator_log(coordinator, LOG_MESSAGE, "late decline", checkpoint, -1, NULL, effects);
        return;
    }
    abort_one(coordinator, index, failure, by, effects);
    coordinator_choose(coordinator, effects);
    checkpoint_coordinator_invariant(coordinator);
}

/* A TaskManager could not be reached, which is no failure of a task. */
void checkpoint_coordinator_on_trigger_failed(struct checkpoint_coordinator *coordinator,
                                              uint64_t checkpoint, struct effects *effects)
{
    checkpoint_coordinator_on_decline(coordinator, checkpoint, nobody,
                                      CHECKPOINT_FAILURE_TRIGGER_FAILURE, effects);
}

/* Into the store, unless it is a savepoint; what falls out may be discarded. */
static uint64_t keep(struct checkpoint_coordinator *coordinator, struct pending_checkpoint *pending,
                     time_ns now)
{
    bool is_incremental =
        pending->kind == CHECKPOINT_PERIODIC && config_is_incremental(coordinator->config);
    struct completed_checkpoint completed = { .id = pending->id,
                                              .kind = pending->kind,
                                              .is_incremental = is_incremental,
                                              .triggered_at = pending->triggered_at,
                                              .completed_at = now,
                                              .summary = pending->summary,
                                              .states = pending->states };
    pending->states = (struct task_states){ 0 };
    if (checkpoint_kind_is_savepoint(pending->kind)) {
        coordinator_keep_savepoint(coordinator, &completed);
        return 0;
    }
    return completed_store_add(&coordinator->store, &completed);
}

/* completePendingCheckpoint and its clean-up. The order matters: the scheduler hears of the
 * completion before it hears that older ones failed by it, or its countdown would go on. A
 * savepoint, too, begins the pause and ends a row of failures; but unless it is synchronous it
 * subsumes nothing and the tasks are not told. */
static void complete(struct checkpoint_coordinator *coordinator, size_t index,
                     struct effects *effects)
{
    struct pending_checkpoint pending = coordinator->pending.items[index];
    vec_remove_ordered(&coordinator->pending, index);
    pending_checkpoint_move(&pending, PENDING_COMPLETED, coordinator->job, effects);
    time_ns duration = effects->now - pending.triggered_at;
    coordinator->last_completed_at = effects->now;
    if (pending.id > coordinator->last_success) {
        coordinator->last_success = pending.id;
        coordinator->failure_count = 0;
    }
    struct checkpoint_coordinator_order *completed = order(coordinator, ORDER_COMPLETED, &pending);
    completed->duration = duration;
    bool subsumes = completed->tell_tasks;
    coordinator_log(coordinator, LOG_DECISION, "completed", pending.id, duration, NULL, effects);
    uint64_t fell_out = keep(coordinator, &pending, effects->now);
    if (subsumes)
        abort_some(coordinator,
                   &(struct abortion){ .below = pending.id, .spares_savepoints = true },
                   CHECKPOINT_FAILURE_SUBSUMED, effects);
    if (fell_out)
        coordinator_discard(coordinator, fell_out);
    coordinator_share(coordinator, &pending);
    recycle(coordinator, &pending);
}

/* The answer to WRITE_METADATA. Late when the tasks were restarted meanwhile: what was written is
 * then never restored from. */
void checkpoint_coordinator_on_stored(struct checkpoint_coordinator *coordinator,
                                      uint64_t checkpoint, bool failed, struct effects *effects)
{
    size_t index = find(coordinator, checkpoint);
    if (index == INDEX_MAX) {
        coordinator_log(coordinator, LOG_MESSAGE, "late metadata", checkpoint, -1, NULL, effects);
        return;
    }
    CHECK(coordinator->pending.items[index].state == PENDING_FINALIZING);
    if (failed)
        abort_one(coordinator, index, CHECKPOINT_FAILURE_FINALIZE, nobody, effects);
    else
        complete(coordinator, index, effects);
    coordinator_choose(coordinator, effects);
    checkpoint_coordinator_invariant(coordinator);
}
