/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots of tasks: the order puts a barrier into the sources, the task takes its part when all
 * its barriers are there, its bytes are written, stored and acknowledged. Whatever ends the
 * checkpoint or the task on the way drops them.
 */
#include "sim/exact/parts.h"

enum { WRITE_BUDGET = 1 << 20 };

struct shared_files {
    struct shared_file *items;
    size_t count, capacity;
};

static void upload_is_done(void *context, uint64_t a, uint64_t b);
static void copy_is_done(void *context, uint64_t a, uint64_t b);
static void declined(void *context, uint64_t a, uint64_t b);

static const struct planned_fault *fault_of(const struct exact_job *job,
                                            enum planned_fault_kind kind,
                                            const struct exact_task *task, uint64_t checkpoint)
{
    for (VEC_EACH(const struct planned_fault, fault, &job->spec->faults))
        if (fault->kind == kind && fault->vertex.n == task->life.vertex &&
            fault->subtask == task->life.subtask && fault->checkpoint_first <= checkpoint &&
            checkpoint <= fault->checkpoint_last)
            return fault;
    return NULL;
}

static uint32_t upload_create(struct exact *exact)
{
    if (exact->free_uploads.count == 0) {
        vec_push(&exact->free_uploads, (uint32_t)exact->uploads.count);
        vec_push(&exact->uploads, (struct upload){ .generation = 1 });
    }
    uint32_t index = exact->free_uploads.items[--exact->free_uploads.count];
    uint32_t generation = exact->uploads.items[index].generation;
    exact->uploads.items[index] = (struct upload){ .used = true, .generation = generation };
    return index;
}

static void upload_release(struct exact *exact, uint32_t index)
{
    struct upload *upload = &exact->uploads.items[index];
    CHECK(upload->used);
    if (upload->transferring)
        virtual_cluster_dfs_cancel(exact->cluster, upload->transfer);
    if (upload->copying)
        local_cancel(&exact->life, upload->host, &upload->copy);
    stored_file_destroy(upload->file);
    upload->used = upload->transferring = upload->copying = false;
    upload->file = NULL;
    upload->generation++;
    vec_push(&exact->free_uploads, index);
}

void snapshot_uploads_drop(struct exact *exact, uint32_t job, uint64_t checkpoint)
{
    for (uint32_t i = 0; i < exact->uploads.count; i++) {
        const struct upload *upload = &exact->uploads.items[i];
        if (upload->used && upload->job.n == job && upload->checkpoint == checkpoint)
            upload_release(exact, i);
    }
}

void snapshot_uploads_of_host(struct exact *exact, uint32_t host)
{
    for (uint32_t i = 0; i < exact->uploads.count; i++)
        if (exact->uploads.items[i].used && exact->uploads.items[i].host == host)
            upload_release(exact, i);
}

/* By an event of its own: orders are not answered at once. */
void snapshot_decline(struct exact *exact, uint32_t host, uint32_t job, uint64_t checkpoint,
                      struct task_attempt attempt, enum failure_cause cause)
{
    uint32_t index = upload_create(exact);
    struct upload *upload = &exact->uploads.items[index];
    upload->host = host;
    upload->job = (struct job_id){ job };
    upload->checkpoint = checkpoint;
    upload->attempt = attempt;
    upload->cause = cause;
    exact_push(exact, exact_now(exact), declined, index, upload->generation);
}

static void declined(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct upload *upload = &exact->uploads.items[a];
    if (upload->generation != (uint32_t)b || exact_hold(exact, upload->host, declined, a, b))
        return;
    struct event_data report = { .kind = DATA_CHECKPOINT_DECLINED,
                                 .job = upload->job,
                                 .checkpoint = upload->checkpoint,
                                 .declined_by = upload->attempt,
                                 .cause = upload->cause };
    struct node_id node = { upload->host };
    upload_release(exact, (uint32_t)a);
    virtual_cluster_report(exact->cluster, node, &report);
}

/* CheckpointOptions.forConfig */
static struct checkpoint_barrier barrier_of(const struct config *config,
                                            const struct checkpoint_order *how, time_ns now)
{
    struct checkpoint_barrier barrier = { .id = (int64_t)how->checkpoint,
                                          .at = now,
                                          .aligned_timeout = TIME_NEVER,
                                          .alignment = BARRIER_ALIGNED,
                                          .kind = (uint32_t)how->kind };
    if (config->checkpoint_mode != CHECKPOINT_MODE_EXACTLY_ONCE)
        barrier.alignment = BARRIER_AT_LEAST_ONCE;
    else if (how->unaligned && how->aligned_timeout > 0)
        barrier.aligned_timeout = how->aligned_timeout;
    else if (how->unaligned)
        barrier.alignment = BARRIER_UNALIGNED;
    return barrier;
}

void snapshot_trigger(struct exact *exact, uint32_t host, const struct effect_data *order)
{
    const struct checkpoint_order *how = &order->checkpoint;
    const struct config *config = &exact->jobs[order->job.n].spec->graph->config;
    struct checkpoint_barrier barrier = barrier_of(config, how, exact_now(exact));
    bool stops = how->kind == CHECKPOINT_STOP_SUSPEND || how->kind == CHECKPOINT_STOP_DRAIN;
    uint32_t hint = 0;
    for (size_t i = 0; i < order->count; i++) {
        uint32_t index = task_find(&exact->life, host, order->job.n, order->attempts[i], &hint);
        struct exact_task *task = index == NONE ? NULL : &exact->tasks.items[index];
        if (!task || task->life.phase != TASK_RUNNING || !task->life.current) {
            snapshot_decline(exact, host, order->job.n, how->checkpoint, order->attempts[i],
                             CAUSE_TASK_UNKNOWN);
            continue;
        }
        stored_cut_of(&exact->jobs[order->job.n], how->checkpoint, how->kind);
        vec_push(&task->triggers, (struct exact_trigger){ barrier, stops });
        run_wake(exact, index);
    }
}

/* To all tasks of the job on this host. */
static void tell_tasks(struct exact *exact, uint32_t host, const struct effect_data *order,
                       void (*tell)(struct exec_task *task, uint64_t checkpoint))
{
    const struct exact_host *h = &exact->hosts.items[host];
    for (size_t i = 0; i < h->life.tasks.count; i++) {
        const struct exact_task *task = &exact->tasks.items[h->life.tasks.items[i]];
        if (task->life.job != order->job.n || task->life.phase != TASK_RUNNING ||
            !task->life.current)
            continue;
        tell(task->exec, order->checkpoint.checkpoint);
        run_wake(exact, h->life.tasks.items[i]);
    }
}

void snapshot_complete(struct exact *exact, uint32_t host, const struct effect_data *order)
{
    struct exact_job *job = &exact->jobs[order->job.n];
    struct exact_cut *cut = stored_cut_find(job, order->checkpoint.checkpoint);
    if (cut && !cut->completed) {
        stored_cut_complete(job, cut);
        stored_cuts_forget(job);
    }
    local_on_complete(&exact->life, host, order->job.n, order->checkpoint.checkpoint);
    tell_tasks(exact, host, order, exec_task_checkpoint_complete);
}

void snapshot_abort(struct exact *exact, uint32_t host, const struct effect_data *order)
{
    struct exact_job *job = &exact->jobs[order->job.n];
    uint64_t checkpoint = order->checkpoint.checkpoint;
    const struct exact_cut *cut = stored_cut_find(job, checkpoint);
    snapshot_uploads_drop(exact, order->job.n, checkpoint);
    if (cut && !cut->completed)
        stored_cut_remove(job, checkpoint);
    local_on_aborted(&exact->life, host, order->job.n, checkpoint);
    tell_tasks(exact, host, order, exec_task_checkpoint_aborted);
}

/* Kept back, or not whole: what is missing would come after its end. */
void snapshot_decline_rest(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    const struct life_task *life = &task->life;
    for (VEC_EACH(const struct exact_trigger, trigger, &task->triggers))
        snapshot_decline(exact, life->host, life->job, (uint64_t)trigger->barrier.id, life->attempt,
                         CAUSE_TASK_UNKNOWN);
    for (VEC_EACH(const uint64_t, checkpoint, &task->syncing))
        snapshot_decline(exact, life->host, life->job, *checkpoint, life->attempt,
                         CAUSE_TASK_UNKNOWN);
    for (VEC_EACH(const uint64_t, checkpoint, &task->gathering))
        snapshot_decline(exact, life->host, life->job, *checkpoint, life->attempt,
                         CAUSE_TASK_UNKNOWN);
}

/* Those of older ones are not built on any more: the coordinator has one that is complete, and some
 * under way. */
static void note_records(struct exact_task *task, uint64_t checkpoint)
{
    uint64_t records = exec_task_chain(task->exec)->operators[0]->records_in;
    if (task->seen.count == STATE_UNSETTLED_MAX)
        vec_remove_ordered(&task->seen, 0);
    vec_push(&task->seen, (struct seen_records){ checkpoint, records });
}

time_ns snapshot_begin(struct exact *exact, uint32_t index, uint64_t checkpoint)
{
    struct exact_task *task = &exact->tasks.items[index];
    const struct exact_job *job = &exact->jobs[task->life.job];
    const struct planned_fault *throws = fault_of(job, FAULT_SNAPSHOT_THROW, task, checkpoint);
    if (throws) {
        life_fault_struck(&exact->life, task->life.job, throws);
        task_fail(&exact->life, index, CAUSE_SNAPSHOT);
        return 0;
    }
    const struct planned_fault *sleeps = fault_of(job, FAULT_SNAPSHOT_SLEEP, task, checkpoint);
    if (sleeps)
        life_fault_struck(&exact->life, task->life.job, sleeps);
    double speed = exact->hosts.items[task->life.host].life.speed;
    task->sync =
        time_add(sleeps ? sleeps->sleep : 0,
                 time_at_speed(job->vertices[task->life.vertex].spec->snapshot_sync, speed));
    vec_push(&task->syncing, checkpoint);
    note_records(task, checkpoint);
    told_snapshot(exact, index, "begun", checkpoint, 0);
    return task->sync;
}

/* Into this task when it took a snapshot; 0: it has restored that. */
static double records_at(const struct exact_task *task, uint64_t checkpoint)
{
    for (VEC_EACH(const struct seen_records, seen, &task->seen))
        if (seen->checkpoint == checkpoint)
            return (double)seen->records;
    return 0;
}

/* Records that came in since the snapshot that this one adds to; where there is none, ever. */
static double records_since(const struct exact_task *task, const struct stored_file *file)
{
    struct snapshot_names names = { 0 };
    struct note note;
    struct err e = task_snapshot_older(&file->file, &names, &note);
    CHECK(!err_is(e)); /* as it was written */
    uint64_t base = 0;
    for (VEC_EACH(const struct snapshot_name, name, &names))
        base = name->checkpoint > base ? name->checkpoint : base;
    vec_fini(&names);
    return base == 0 ? file->records : records_at(task, file->checkpoint) - records_at(task, base);
}

static struct stored_file *file_of(struct exact_task *task, struct snapshot_bytes *take,
                                   uint64_t checkpoint, const struct vertex_model *modelled)
{
    struct stored_file *file = mem_create(sizeof *file);
    struct note note;
    *file = (struct stored_file){ .vertex = task->life.vertex,
                                  .subtask = task->life.subtask,
                                  .checkpoint = checkpoint,
                                  .records = task->records_before + records_at(task, checkpoint),
                                  .bytes = *take };
    *take = (struct snapshot_bytes){ 0 };
    struct err e = task_snapshot_open(file->bytes.items, file->bytes.count, &file->file, &note);
    CHECK(!err_is(e));
    files_measure(file, modelled, records_since(task, file));
    return file;
}

static void store(struct exact *exact, uint32_t index, uint64_t checkpoint)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_job *job = &exact->jobs[task->life.job];
    const struct vertex_model *modelled = job->vertices[task->life.vertex].modelled;
    struct snapshot_work *work = exec_task_give_snapshot(task->exec, checkpoint);
    if (!work)
        return; /* aborted meanwhile */
    uint32_t number = upload_create(exact);
    struct upload *upload = &exact->uploads.items[number];
    upload->host = task->life.host;
    upload->task = task_ref_of(&exact->life, index);
    upload->job = (struct job_id){ task->life.job };
    upload->checkpoint = checkpoint;
    upload->began_at = exact_now(exact);
    upload->file = file_of(task, &work->bytes, checkpoint, modelled);
    upload->ack = (struct checkpoint_ack){ .attempt = task->life.attempt,
                                           .alignment = work->alignment,
                                           .in_flight_bytes = (int64_t)work->in_flight_bytes,
                                           .sync = task->sync,
                                           .at_end = work->at_end };
    snapshot_work_destroy(work);
    double bytes =
        (double)upload->file->bytes.count + upload->file->modelled + modelled->state_fixed;
    upload->ack.written_bytes = (int64_t)bytes - upload->ack.in_flight_bytes;
    upload->ack.state_bytes =
        upload->ack.written_bytes + (int64_t)files_older_bytes(job, upload->file);
    told_snapshot(exact, index, "written", checkpoint, (int64_t)bytes);
    if (bytes <= CHECKPOINT_INLINE_BYTES) {
        exact_push(exact, exact_now(exact), upload_is_done, number, upload->generation);
        return;
    }
    const struct exact_cut *cut = stored_cut_find(job, checkpoint);
    upload->transferring = upload->in_storage = true;
    bool copied = cut && cut->kind == CHECKPOINT_PERIODIC && local_is_kept(job->spec);
    double at_disk = local_upload_bytes(job->spec, (double)upload->ack.written_bytes, copied);
    upload->copying = at_disk > 0;
    if (upload->copying)
        upload->copy = local_transfer(&exact->life, upload->host, at_disk, copy_is_done, exact,
                                      number, upload->generation);
    struct transfer_id transfer =
        virtual_cluster_dfs_transfer(exact->cluster, (struct node_id){ upload->host }, TRANSFER_OUT,
                                     bytes, upload_is_done, exact, number, upload->generation);
    exact->uploads.items[number].transfer = transfer;
}

void snapshot_store_written(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    size_t kept = 0;
    for (size_t i = 0; i < task->gathering.count; i++) {
        uint64_t checkpoint = task->gathering.items[i];
        enum snapshot_progress progress;
        do
            progress = exec_task_write_snapshot(task->exec, checkpoint, WRITE_BUDGET);
        while (progress == SNAPSHOT_WRITES);
        if (progress == SNAPSHOT_WAITS)
            task->gathering.items[kept++] = checkpoint;
        else
            store(exact, index, checkpoint);
    }
    task->gathering.count = kept;
}

/* The data plane is not told when an ordinary savepoint is complete: when all files are there. A
 * task that finishes meanwhile without a file declines it. */
static void see_savepoint(struct exact_job *job, struct exact_cut *cut)
{
    if (cut->kind != CHECKPOINT_SAVEPOINT || cut->file_count < cut->running)
        return;
    stored_cut_complete(job, cut);
    stored_savepoint_hand_over(job, cut->id);
}

static void copy_is_done(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct upload *upload = &exact->uploads.items[a];
    if (upload->generation != (uint32_t)b)
        return;
    upload->copying = false;
    if (!upload->transferring)
        upload_is_done(context, a, b);
}

/* What the part stands on, for the JobManager's books: keyed state of an incremental checkpoint. */
static void name_shared(const struct exact_job *job, const struct exact_cut *cut,
                        const struct stored_file *file, struct task_id task,
                        struct shared_files *out)
{
    struct snapshot_names names = { 0 };
    struct note note;
    if (!config_is_incremental(&job->spec->graph->config) || cut->kind != CHECKPOINT_PERIODIC ||
        file->keyed_bytes == 0)
        return;
    struct err e = task_snapshot_older(&file->file, &names, &note);
    CHECK(!err_is(e)); /* as it was written */
    for (VEC_EACH(const struct snapshot_name, name, &names))
        vec_push(out, (struct shared_file){ task, name->checkpoint, name->subtask });
    vec_push(out, (struct shared_file){ task, file->checkpoint, file->subtask });
    vec_fini(&names);
}

/* By the last of both, where there is a copy. */
static void upload_is_done(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct upload *upload = &exact->uploads.items[a];
    if (upload->generation != (uint32_t)b)
        return;
    if (upload->transferring)
        upload->is_lost = life_transfer_fails(&exact->life, TRANSFER_OUT);
    upload->transferring = false;
    if (upload->copying || exact_hold(exact, upload->host, upload_is_done, a, b))
        return;
    struct exact_job *job = &exact->jobs[upload->job.n];
    struct exact_cut *cut = stored_cut_find(job, upload->checkpoint);
    struct checkpoint_ack ack = upload->ack;
    struct shared_files shared = { 0 };
    struct event_data report = { .kind = DATA_CHECKPOINT_ACKNOWLEDGED,
                                 .job = upload->job,
                                 .checkpoint = upload->checkpoint,
                                 .acks = &ack,
                                 .ack_count = 1 };
    struct node_id node = { upload->host };
    bool is_lost = upload->is_lost;
    bool counts = task_ref_is_live(&exact->life, upload->task) && cut && !cut->completed &&
                  exact->tasks.items[upload->task.index].life.phase != TASK_CLOSING;
    ack.async = exact_now(exact) - upload->began_at;
    /* What it adds to may have gone with a checkpoint that was subsumed meanwhile. */
    is_lost = is_lost || (counts && !stored_file_has_base(job, upload->file));
    if (counts && is_lost)
        snapshot_decline(exact, node.n, report.job.n, report.checkpoint, ack.attempt,
                         CAUSE_SNAPSHOT);
    counts = counts && !is_lost;
    upload = &exact->uploads.items[a]; /* a decline takes a place among them */
    if (counts) {
        if (upload->in_storage && cut->kind == CHECKPOINT_PERIODIC && local_is_kept(job->spec))
            local_keep(&exact->life, &exact->tasks.items[upload->task.index].life,
                       upload->checkpoint, ack.state_bytes);
        exact->increments += ack.state_bytes > ack.written_bytes;
        name_shared(job, cut, upload->file, ack.attempt.task, &shared);
        stored_cut_add(job, cut, upload->file);
        upload->file = NULL;
        see_savepoint(job, cut);
    }
    uint32_t task = upload->task.index;
    upload_release(exact, (uint32_t)a);
    if (counts)
        told_snapshot(exact, task, "acknowledged", report.checkpoint, ack.state_bytes);
    report.shared = shared.items;
    report.shared_count = shared.count;
    if (counts)
        virtual_cluster_report(exact->cluster, node, &report);
    vec_fini(&shared);
}
