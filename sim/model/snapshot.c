/* SPDX-License-Identifier: Apache-2.0
 *
 * The barrier has come to a vertex: planned faults of user code, the synchronous part, as long as a
 * host's speed lets it, then one upload per host for all of the vertex's tasks there, and their
 * acknowledgements when it is done.
 * State is what keys, records and operators need (docs/model.md, state); an incremental checkpoint
 * writes what has changed since the last completed one, and now and then everything.
 */
#include <math.h>

#include "sim/model/end.h"
#include "sim/model/increment.h"
#include "sim/model/state.h"

/* What records leave behind at one vertex ends here: 1024 TiB. */
static const double grown_bytes_most = 0x1p50;

static void sync_is_over(void *context, uint64_t a, uint64_t b);
static void sleep_is_over(void *context, uint64_t a, uint64_t b);
static void upload_is_done(void *context, uint64_t a, uint64_t b);
static void copy_is_done(void *context, uint64_t a, uint64_t b);

/* Of keys seen and records kept among so many; operator state is not in it. */
double snapshot_keyed_bytes(const struct model *model, struct model_vertex *vertex,
                            uint32_t subtask, double records)
{
    const struct vertex_model *spec = vertex->spec;
    double bytes = 0, record_share = 1.0 / vertex->parallelism;
    if (spec->keys > 0) {
        uint32_t first, last;
        if (!vertex->keyspace)
            vertex->keyspace = keyspace_create(spec, vertex->groups);
        shape_key_groups(model, vertex, subtask, &first, &last);
        record_share = keyspace_record_share(vertex->keyspace, first, last);
        bytes += spec->state_per_key * keyspace_distinct(vertex->keyspace, records) *
                 keyspace_key_share(vertex->keyspace, first, last);
    }
    return bytes + fmin(spec->state_growth * records, grown_bytes_most) * record_share;
}

double snapshot_task_bytes(const struct model *model, struct model_vertex *vertex, uint32_t subtask,
                           double records)
{
    return vertex->spec->state_fixed + snapshot_keyed_bytes(model, vertex, subtask, records);
}

/* Deployed as finished (FLIP-147): it has read no state and stores none. */
static bool holds_no_state(const struct model_job *job, const struct model_vertex *vertex)
{
    return job->components.items[vertex->component].as_finished;
}

static const struct planned_fault *fault_of(const struct model_job *job,
                                            enum planned_fault_kind kind, uint32_t vertex,
                                            uint32_t subtask, uint64_t checkpoint)
{
    for (VEC_EACH(const struct planned_fault, fault, &job->spec->faults))
        if (fault->kind == kind && fault->vertex.n == vertex && fault->subtask == subtask &&
            fault->checkpoint_first <= checkpoint && checkpoint <= fault->checkpoint_last)
            return fault;
    return NULL;
}

static uint32_t upload_create(struct model *model, uint32_t job, uint32_t host, uint64_t serial,
                              uint64_t checkpoint)
{
    if (model->free_upload == 0) {
        vec_push(&model->uploads, (struct upload){ 0 });
        model->free_upload = (uint32_t)model->uploads.count;
    }
    uint32_t index = model->free_upload - 1;
    struct upload *upload = &model->uploads.items[index];
    model->free_upload = upload->next_free;
    upload->used = true;
    upload->declined = upload->failed = false;
    upload->job = job;
    upload->host = host;
    upload->serial = serial;
    upload->checkpoint = checkpoint;
    upload->started_at = model_now(model);
    upload->bytes = upload->state_bytes = 0;
    upload->local = false;
    return index;
}

static void upload_release(struct model *model, uint32_t index)
{
    struct upload *upload = &model->uploads.items[index];
    if (upload->transferring) {
        model->life.world.transfer_cancel(model->life.world.context, upload->transfer);
        net_transfer_ends(model, upload->host, TRANSFER_OUT);
    }
    if (upload->copying)
        local_cancel(&model->life, upload->host, &upload->copy);
    upload->transferring = upload->copying = upload->used = false;
    upload->generation++;
    vec_clear(&upload->tasks);
    vec_clear(&upload->acks);
    upload->next_free = model->free_upload;
    model->free_upload = index + 1;
}

void uploads_drop(struct model *model, uint64_t serial)
{
    for (uint32_t i = 0; i < model->uploads.count; i++)
        if (model->uploads.items[i].used && model->uploads.items[i].serial == serial)
            upload_release(model, i);
}

void upload_decline(struct model *model, uint32_t host, uint32_t job, uint64_t checkpoint,
                    struct task_attempt attempt)
{
    uint32_t index = upload_create(model, job, host, 0, checkpoint);
    struct upload *upload = &model->uploads.items[index];
    upload->declined = true;
    vec_push(&upload->acks, (struct checkpoint_ack){ .attempt = attempt });
    sim_queue_push(model->queue, model_now(model), SIM_CLASS_DATA, upload_is_done, model, index,
                   upload->generation);
}

/* What is the same for the snapshots of all tasks of a vertex. */
struct snapshot {
    uint64_t serial, checkpoint;
    double records;
    bool is_incremental;
    struct increment on;
    bool local; /* hosts keep copies; of savepoints they do not */
    struct checkpoint_ack like;
};

/* Bytes of the task's state, beside data in flight. */
static struct increment_bytes bytes_of(const struct model *model, struct model_vertex *vertex,
                                       const struct life_task *task,
                                       const struct snapshot *snapshot)
{
    struct increment_bytes bytes = { 0 };
    if (holds_no_state(&model->jobs[task->job], vertex))
        return bytes;
    if (snapshot->is_incremental)
        bytes = increment_take(model, &snapshot->on, vertex, task->subtask);
    else
        bytes.written = snapshot_keyed_bytes(model, vertex, task->subtask, snapshot->records);
    bytes.written += vertex->spec->state_fixed;
    return bytes;
}

/* What one task stores goes to its host's upload of this round. */
static void add_to_upload(struct model *model, struct model_vertex *vertex, uint32_t task,
                          const struct snapshot *snapshot)
{
    struct model_task *t = &model->tasks.items[task];
    struct model_host *host = &model->hosts.items[t->life.host];
    struct increment_bytes bytes = bytes_of(model, vertex, &t->life, snapshot);
    if (host->upload_round != model->upload_round) {
        host->upload_round = model->upload_round;
        host->upload =
            upload_create(model, t->life.job, t->life.host, snapshot->serial, snapshot->checkpoint);
        vec_push(&model->numbers, host->upload);
        model->uploads.items[host->upload].local = snapshot->local;
        model->uploads.items[host->upload].vertex = vertex->id;
    }
    struct upload *upload = &model->uploads.items[host->upload];
    struct checkpoint_ack ack = snapshot->like;
    ack.attempt = t->life.attempt;
    ack.sync = t->sync;
    t->sync = 0;
    ack.state_bytes = (int64_t)(bytes.written + bytes.older);
    ack.written_bytes = (int64_t)bytes.written;
    vec_push(&upload->tasks, task_ref_of(&model->life, task));
    vec_push(&upload->acks, ack);
    double stored = bytes.written + (double)ack.in_flight_bytes;
    upload->bytes += stored > CHECKPOINT_INLINE_BYTES ? stored : 0;
    upload->state_bytes += stored > CHECKPOINT_INLINE_BYTES ? bytes.written : 0;
}

static struct snapshot snapshot_of(struct model_job *job, const struct model_vertex *vertex,
                                   const struct pending *pending)
{
    uint64_t checkpoint = pending->how.checkpoint;
    const struct hop *hop = &pending->hops.items[vertex->id];
    uint32_t tasks = hop->others_passed ? 1 : vertex->parallelism; /* that data in flight is for */
    double in_flight = fmax(hop->in_flight_bytes * hop->held_part, hop->under_way_bytes);
    struct cut *cut = cut_find(job, checkpoint);
    CHECK(cut != NULL);
    struct snapshot snapshot = {
        .serial = pending->serial,
        .checkpoint = checkpoint,
        .records = records_at_cut(job, vertex, cut),
        .is_incremental = config_is_incremental(&job->spec->graph->config) &&
                          pending->how.kind == CHECKPOINT_PERIODIC && vertex->spec->keys > 0,
        .local = local_is_kept(job->spec) && pending->how.kind == CHECKPOINT_PERIODIC,
        .like = { .alignment = hop->alignment, .in_flight_bytes = (int64_t)(in_flight / tasks) },
    };
    if (snapshot.is_incremental)
        snapshot.on = increment_begin(job, vertex, cut);
    return snapshot;
}

static void start_copy(struct model *model, uint32_t index)
{
    struct upload *upload = &model->uploads.items[index];
    double bytes =
        local_upload_bytes(model->jobs[upload->job].spec, upload->state_bytes, upload->local);
    if (!(bytes > 0))
        return;
    upload->copying = true;
    struct share_handle copy = local_transfer(&model->life, upload->host, bytes, copy_is_done,
                                              model, index, upload->generation);
    model->uploads.items[index].copy = copy;
}

static void start_uploads(struct model *model)
{
    for (size_t i = 0; i < model->numbers.count; i++) {
        uint32_t index = model->numbers.items[i];
        struct upload *upload = &model->uploads.items[index];
        if (!(upload->bytes > 0)) { /* inside the acknowledgement */
            sim_queue_push(model->queue, model_now(model), SIM_CLASS_DATA, upload_is_done, model,
                           index, upload->generation);
            continue;
        }
        upload->transferring = true;
        net_transfer_begins(model, upload->host, TRANSFER_OUT);
        struct transfer_id transfer = model->life.world.transfer(
            model->life.world.context, (struct node_id){ upload->host }, TRANSFER_OUT,
            upload->bytes, upload_is_done, model, index, upload->generation);
        model->uploads.items[index].transfer = transfer;
        start_copy(model, index);
    }
    vec_clear(&model->numbers);
}

/* Snapshots of one task, or of all of the vertex but one whose user code does not sleep and whose
 * synchronous part ends now. */
static void store(struct model *model, uint32_t j, uint64_t serial, uint32_t v, uint32_t only,
                  uint32_t but)
{
    struct model_job *job = &model->jobs[j];
    struct model_vertex *vertex = &job->vertices[v];
    const struct pending *pending = barrier_find(job, serial);
    if (!pending)
        return;
    const struct snapshot snapshot = snapshot_of(job, vertex, pending);
    model->upload_round++;
    vec_clear(&model->numbers); /* scratch that solving leaves filled */
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        uint32_t task = vertex->life.current.items[s];
        if (task == NONE || model->tasks.items[task].life.phase != TASK_RUNNING)
            continue;
        bool is_over = vertex->spec->snapshot_sync == 0 ||
                       model->tasks.items[task].sync_until == model_now(model);
        bool sleeps = fault_of(job, FAULT_SNAPSHOT_SLEEP, v, s, snapshot.checkpoint);
        if (only == NONE ? !sleeps && is_over && s != but : s == only)
            add_to_upload(model, vertex, task, &snapshot);
    }
    start_uploads(model);
}

/* Says whether some task failed, which ends the checkpoint. */
static bool throw_as_planned(struct model *model, struct model_job *job, uint32_t v,
                             uint64_t checkpoint)
{
    bool any = false;
    for (size_t i = 0; i < job->spec->faults.count; i++) {
        const struct planned_fault *fault = &job->spec->faults.items[i];
        const struct model_vertex *vertex = &job->vertices[v];
        if (fault->kind != FAULT_SNAPSHOT_THROW || fault->vertex.n != v ||
            fault->subtask >= vertex->parallelism ||
            vertex->life.current.items[fault->subtask] == NONE ||
            checkpoint < fault->checkpoint_first || checkpoint > fault->checkpoint_last)
            continue;
        life_fault_struck(&model->life, (uint32_t)(job - model->jobs), fault);
        task_fail(&model->life, vertex->life.current.items[fault->subtask], CAUSE_SNAPSHOT);
        any = true;
    }
    return any;
}

/* The synchronous part is work, so it takes as long as the host's speed lets it; asleep it does not
 * matter. */
static void begin_sync_of(struct model *model, uint32_t index, time_ns sleep)
{
    struct model_task *task = &model->tasks.items[index];
    const struct vertex_model *spec = model->jobs[task->life.job].vertices[task->life.vertex].spec;
    double speed = model->hosts.items[task->life.host].life.speed;
    task->sync = time_add(sleep, time_at_speed(spec->snapshot_sync, speed));
    task->sync_until = time_add(model_now(model), task->sync);
}

/* A sleeping task does nothing else meanwhile. */
static void sleep_as_planned(struct model *model, struct model_job *job, uint64_t serial,
                             uint32_t v, uint64_t checkpoint)
{
    bool any = false;
    const struct model_vertex *vertex = &job->vertices[v];
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        const struct planned_fault *fault = fault_of(job, FAULT_SNAPSHOT_SLEEP, v, s, checkpoint);
        uint32_t task = vertex->life.current.items[s];
        if (!fault || task == NONE || model->tasks.items[task].life.phase != TASK_RUNNING)
            continue;
        struct task_ref ref = task_ref_of(&model->life, task);
        life_fault_struck(&model->life, (uint32_t)(job - model->jobs), fault);
        model->tasks.items[task].blocked = any = true;
        begin_sync_of(model, task, fault->sleep);
        sim_queue_push(model->queue, model->tasks.items[task].sync_until, SIM_CLASS_DATA,
                       sleep_is_over, model, (uint64_t)ref.index << 32 | ref.generation, serial);
    }
    if (any)
        net_rebuild(model, (uint32_t)(job - model->jobs), vertex->component);
}

/* Tasks on hosts of equal speed are through together. */
static void begin_sync(struct model *model, uint32_t j, uint64_t serial, uint32_t v,
                       uint64_t checkpoint)
{
    struct model_job *job = &model->jobs[j];
    struct model_vertex *vertex = &job->vertices[v];
    const struct component *component = &job->components.items[vertex->component];
    uint32_t in_sync = 0, ends = 0;
    struct intern lengths = { 0 };
    CHECK(component->epoch < UINT32_MAX && vertex->flow.in_sync == 0);
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        uint32_t index = vertex->life.current.items[s];
        if (index == NONE || model->tasks.items[index].life.phase != TASK_RUNNING ||
            fault_of(job, FAULT_SNAPSHOT_SLEEP, v, s, checkpoint))
            continue;
        const struct model_task *task = &model->tasks.items[index];
        begin_sync_of(model, index, 0);
        uint64_t word = (uint64_t)task->sync;
        in_sync++;
        if (intern_number(&lengths, &word, 1) < ends)
            continue;
        ends++;
        sim_queue_push(model->queue, task->sync_until, SIM_CLASS_DATA, sync_is_over, model,
                       (uint64_t)component->epoch << 32 | (uint64_t)j << 16 | v, serial);
    }
    intern_fini(&lengths);
    component_set_in_sync(model, j, v, in_sync);
}

void snapshot_vertex(struct model *model, uint32_t j, uint64_t serial, uint32_t v)
{
    struct model_job *job = &model->jobs[j];
    const struct model_vertex *vertex = &job->vertices[v];
    uint64_t checkpoint = barrier_find(job, serial)->how.checkpoint;
    if (job->spec->faults.count > 0) {
        if (throw_as_planned(model, job, v, checkpoint))
            return;
        sleep_as_planned(model, job, serial, v, checkpoint);
    }
    const struct hop *hop = &barrier_find(job, serial)->hops.items[v];
    if (vertex->spec->snapshot_sync == 0)
        store(model, j, serial, v, hop->others_passed ? hop->slowest : NONE, NONE);
    else
        begin_sync(model, j, serial, v, checkpoint);
}

/* Those that stop the vertex, or user code or sinks of it, wait for each other. */
bool snapshot_others(struct model *model, uint32_t j, uint64_t serial, uint32_t v)
{
    const struct model_job *job = &model->jobs[j];
    uint32_t slowest = barrier_find(&model->jobs[j], serial)->hops.items[v].slowest;
    const struct vertex_model *spec = job->vertices[v].spec;
    if (job->spec->faults.count > 0 || spec->snapshot_sync > 0 || spec->sink_bytes > 0)
        return false;
    store(model, j, serial, v, NONE, slowest);
    return true;
}

static void sync_is_over(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t j = (uint32_t)(a >> 16) & 0xffff, v = (uint32_t)a & 0xffff, left = 0;
    const struct model_vertex *vertex = &model->jobs[j].vertices[v];
    if (model->jobs[j].components.items[vertex->component].epoch != a >> 32)
        return; /* its tasks have ended */
    for (VEC_EACH(const uint32_t, task, &vertex->life.current))
        left += *task != NONE && model->tasks.items[*task].life.phase == TASK_RUNNING &&
                !model->tasks.items[*task].blocked &&
                model->tasks.items[*task].sync_until > model_now(model);
    component_set_in_sync(model, j, v, left);
    store(model, j, b, v, NONE, NONE);
}

static void sleep_is_over(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct task_ref ref = { (uint32_t)(a >> 32), (uint32_t)a };
    if (!task_ref_is_live(&model->life, ref))
        return;
    struct model_task *task = &model->tasks.items[ref.index];
    if (life_hold(&model->life, task->life.host, sleep_is_over, model, a, b))
        return;
    uint32_t j = task->life.job, v = task->life.vertex, subtask = task->life.subtask;
    task->blocked = false;
    net_rebuild(model, j, model->jobs[j].vertices[v].component);
    const struct pending *pending = barrier_find(&model->jobs[j], b);
    if (pending &&
        fault_of(&model->jobs[j], FAULT_SNAPSHOT_SLEEP, v, subtask, pending->how.checkpoint))
        store(model, j, b, v, subtask, NONE);
}

/* Acknowledged by those who still run; their copies count from now on. */
static size_t take_acks(struct model *model, struct upload *upload)
{
    size_t count = 0;
    for (size_t i = 0; i < upload->acks.count && !upload->declined; i++) {
        struct task_ref ref = upload->tasks.items[i];
        if (!task_ref_is_live(&model->life, ref) ||
            model->tasks.items[ref.index].life.phase != TASK_RUNNING)
            continue;
        upload->acks.items[i].async = model_now(model) - upload->started_at;
        upload->acks.items[count++] = upload->acks.items[i];
        if (upload->local && !upload->failed)
            local_keep(&model->life, &model->tasks.items[ref.index].life, upload->checkpoint,
                       upload->acks.items[count - 1].state_bytes);
    }
    return count;
}

static void upload_end(struct model *model, uint32_t index, uint32_t generation)
{
    struct upload *upload = &model->uploads.items[index];
    size_t count = take_acks(model, upload);
    struct event_data report = { .kind = DATA_CHECKPOINT_ACKNOWLEDGED,
                                 .job = { upload->job },
                                 .checkpoint = upload->checkpoint,
                                 .acks = upload->acks.items,
                                 .ack_count = count };
    if (upload->declined || upload->failed) {
        report =
            (struct event_data){ .kind = DATA_CHECKPOINT_DECLINED,
                                 .job = { upload->job },
                                 .checkpoint = upload->checkpoint,
                                 .declined_by = upload->acks.items[0].attempt,
                                 .cause = upload->failed ? CAUSE_SNAPSHOT : CAUSE_TASK_UNKNOWN };
    }
    struct node_id node = { upload->host };
    uint32_t job = upload->job, vertex = upload->vertex;
    uint64_t serial = upload->serial;
    bool is_stored = count > 0 && !upload->failed;
    /* The list must outlive the report, so the upload is given back behind it; its tasks' answers
     * cannot reach it, because it has no event left. */
    if (upload->declined || count > 0)
        model->life.world.report(model->life.world.context, node, &report);
    if (model->uploads.items[index].generation == generation)
        upload_release(model, index);
    if (is_stored)
        end_on_stored(model, job, vertex, serial, (uint32_t)count);
}

static void upload_is_done(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct upload *upload = &model->uploads.items[a];
    if (upload->generation != (uint32_t)b)
        return;
    if (upload->transferring) {
        net_transfer_ends(model, upload->host, TRANSFER_OUT);
        upload->failed = life_transfer_fails(&model->life, TRANSFER_OUT);
    }
    upload->transferring = false;
    if (!life_hold(&model->life, upload->host, upload_is_done, model, a, b) && !upload->copying)
        upload_end(model, (uint32_t)a, (uint32_t)b);
}

static void copy_is_done(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct upload *upload = &model->uploads.items[a];
    if (upload->generation != (uint32_t)b)
        return;
    upload->copying = false;
    if (!life_hold(&model->life, upload->host, copy_is_done, model, a, b) && !upload->transferring)
        upload_end(model, (uint32_t)a, (uint32_t)b);
}
