/* SPDX-License-Identifier: Apache-2.0
 *
 * The coordinator and what outlives its job: the snapshot a job starts from, savepoints, retained
 * checkpoints. In: the shelf, the job's settings. Out: the store's first entry, orders to discard.
 * Always: files that another job wrote are removed only by one that has claimed them.
 */
#include "core/checkpoint/coordinator_snapshots.h"

#include "core/checkpoint/coordinator_parts.h"

void checkpoint_coordinator_lend_shelf(struct checkpoint_coordinator *coordinator,
                                       struct snapshot_shelf *shelf)
{
    CHECK(coordinator->graph == NULL);
    coordinator->shelf = shelf;
}

/* The order of restoreSavepoint: resolved, loaded and checked, taken into the store, the number of
 * the next checkpoint set. It can be subsumed like any checkpoint; what becomes of its files then
 * is the claim mode's to say. */
struct err checkpoint_coordinator_restore_snapshot(struct checkpoint_coordinator *coordinator,
                                                   const struct job_graph *job,
                                                   const int32_t *parallelism,
                                                   int32_t *max_parallelism,
                                                   struct effects *effects, struct note *note)
{
    const struct config *config = coordinator->config;
    const char *text = config->recovery_path.text;
    struct snapshot_path path;
    if (!*text || completed_store_latest(&coordinator->store))
        return OK;
    CHECK(coordinator->pending.count == 0);
    const struct kept_snapshot *from = NULL;
    if (coordinator->shelf && snapshot_path_read(text, &path))
        from = snapshot_shelf_find(coordinator->shelf, &path);
    if (!from)
        return err_note(note, ERR_NOT_FOUND_CODE,
                        "Cannot find checkpoint or savepoint file/directory '%s'", text);
    struct completed_checkpoint restored;
    struct err laid = snapshot_lay_out(from, job, parallelism, config->recovery_ignore_unclaimed,
                                       max_parallelism, &restored, note);
    if (err_is(laid))
        return err_prefix(note, laid, "Failed to rollback to checkpoint/savepoint '%s'", text);
    coordinator->restored =
        (struct restored_snapshot){ .id = restored.id,
                                    .job = from->graph->id,
                                    .is_savepoint = from->is_savepoint,
                                    .owned = config->recovery_claim_mode == CLAIM_MODE_CLAIM };
    coordinator->next_id = restored.id + 1;
    completed_store_add(&coordinator->store, &restored);
    effects_log(effects, &(struct log_line){ .level = LOG_DECISION,
                                             .machine = "checkpoint",
                                             .what = "starting from savepoint",
                                             .subject = LOG_OF_JOB | LOG_OF_VALUE,
                                             .job = coordinator->job,
                                             .value = (int64_t)coordinator->restored.id,
                                             .reason = text });
    checkpoint_coordinator_invariant(coordinator);
    return OK;
}

/* CheckpointProperties.forUnclaimedSnapshot: discarded at no occasion. */
void coordinator_discard(struct checkpoint_coordinator *coordinator, uint64_t checkpoint)
{
    const struct restored_snapshot *restored = &coordinator->restored;
    bool is_restored = checkpoint == restored->id;
    CHECK(checkpoint > 0);
    CHECK(checkpoint < coordinator->next_id);
    if (is_restored && !restored->owned)
        return;
    vec_push(&coordinator->orders.queue,
             (struct checkpoint_coordinator_order){
                 .kind = ORDER_DISCARD,
                 .checkpoint = checkpoint,
                 .is_savepoint = is_restored && restored->is_savepoint,
                 .files_of = is_restored ? restored->job : coordinator->job,
                 .by.task = task_id_none() });
}

static void release_shared(struct checkpoint_coordinator *coordinator, uint64_t lowest)
{
    struct shared_state_files files = { 0 };
    shared_state_release(&coordinator->shared, lowest, &files);
    for (VEC_EACH(const struct shared_state_file, file, &files))
        vec_push(&coordinator->orders.queue,
                 (struct checkpoint_coordinator_order){ .kind = ORDER_DISCARD_SHARED,
                                                        .checkpoint = file->checkpoint,
                                                        .files_of = coordinator->job,
                                                        .shared = *file,
                                                        .by.task = task_id_none() });
    vec_fini(&files);
}

/* A pending checkpoint was begun by tasks that may not have heard of newer ones than the newest of
 * then, and adds to that. */
void coordinator_share(struct checkpoint_coordinator *coordinator,
                       const struct pending_checkpoint *completed)
{
    const struct completed_checkpoint *latest = completed_store_latest(&coordinator->store);
    for (VEC_EACH(const struct shared_state_file, file, &completed->shared))
        shared_state_use(&coordinator->shared, file, completed->id);
    uint64_t lowest = latest ? coordinator->store.checkpoints.items[0].id : 0;
    for (VEC_EACH(const struct pending_checkpoint, pending, &coordinator->pending))
        if (pending->stands_on < lowest)
            lowest = pending->stands_on;
    release_shared(coordinator, lowest);
}

void coordinator_discard_all(struct checkpoint_coordinator *coordinator)
{
    for (VEC_EACH(const struct completed_checkpoint, each, &coordinator->store.checkpoints))
        coordinator_discard(coordinator, each->id);
    completed_store_clear(&coordinator->store);
    release_shared(coordinator, UINT64_MAX);
}

/* Copies: the store of a job that has ended can still be looked at. The snapshot the job started
 * from is on the shelf already. */
void coordinator_retain_all(struct checkpoint_coordinator *coordinator)
{
    for (VEC_EACH(const struct completed_checkpoint, each, &coordinator->store.checkpoints)) {
        if (!coordinator->shelf || each->id == coordinator->restored.id)
            continue;
        struct completed_checkpoint copy = *each;
        copy.states = (struct task_states){ 0 };
        copy.vertices.items = NULL;
        copy.vertices.count = copy.vertices.capacity = 0;
        for (VEC_EACH(const struct task_state, state, &each->states))
            vec_push(&copy.states, *state);
        snapshot_shelf_add(coordinator->shelf, coordinator->graph->job, false, &copy);
    }
}

void coordinator_keep_savepoint(struct checkpoint_coordinator *coordinator,
                                struct completed_checkpoint *take)
{
    CHECK(checkpoint_kind_is_savepoint(take->kind));
    if (coordinator->shelf)
        snapshot_shelf_add(coordinator->shelf, coordinator->graph->job, true, take);
    else
        vec_fini(&take->states);
}
