/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps: what several tasks of one host do together. A step's event finds out which of its tasks
 * are still meant (others were cancelled or have died), moves them on and reports them at once.
 */
#include "sim/model/end.h"
#include "sim/model/state.h"

/* taskmanager.network.netty.client.connectTimeoutSec */
#define CONNECT_TIMEOUT (120 * TIME_S)

static void step_is_due(void *context, uint64_t a, uint64_t b);
static void disk_is_through(void *context, uint64_t a, uint64_t b);
static void state_is_here(void *context, uint64_t a, uint64_t b);
static void state_is_read(void *context, uint64_t a, uint64_t b);

/* Each host draws from its own stream, so that one host more moves no draw of the others. */
static time_ns host_draw(struct model *model, uint32_t host,
                         const struct distribution *distribution)
{
    return distribution_draw(distribution, &model->hosts.items[host].rng);
}

/* The same of what a CPU does: by its speed as the step begins. */
static time_ns host_work(struct model *model, uint32_t host,
                         const struct distribution *distribution)
{
    return time_at_speed(host_draw(model, host, distribution), model->hosts.items[host].speed);
}

/* Canceling and failing take the time of the user's close() on top of the draw; of that nobody
 * knows whether it is work. */
static time_ns step_length(struct model *model, enum step_kind kind, uint32_t host, time_ns extra)
{
    const struct timing_spec *timing = &model->scenario->cluster.timing;
    switch (kind) {
    case STEP_DEPLOY: return host_work(model, host, &timing->deploy);
    case STEP_INITIALIZE: return host_work(model, host, &timing->initialize);
    case STEP_CONNECT: return host_draw(model, host, &timing->connection_loss);
    case STEP_REACH: return CONNECT_TIMEOUT;
    case STEP_CANCEL:
    case STEP_FINISH: return time_add(host_work(model, host, &timing->cancel), extra);
    case STEP_FAIL: return extra;
    case STEP_RESTORE:
    case STEP_RECOVER: return TIME_NEVER; /* its transfer ends it */
    case STEP_KIND_COUNT: break;
    }
    IMPOSSIBLE("kind of step");
}

static uint32_t step_create(struct model *model, enum step_kind kind, uint32_t host, uint32_t job,
                            time_ns extra)
{
    if (model->free_step == 0) {
        vec_push(&model->steps, (struct model_step){ .generation = 1 });
        model->free_step = (uint32_t)model->steps.count;
    }
    uint32_t index = model->free_step - 1;
    time_ns length = step_length(model, kind, host, extra);
    struct model_step *step = &model->steps.items[index];
    model->free_step = step->next_free;
    step->kind = kind;
    step->host = host;
    step->job = job;
    step->made_at = model_now(model);
    step->due = time_add(step->made_at, length);
    step->extra = extra;
    if (kind != STEP_RESTORE && kind != STEP_RECOVER)
        sim_queue_push(model->queue, step->due, SIM_CLASS_DATA, step_is_due, model, index,
                       step->generation);
    model->hosts.items[host].last_step[kind] = index;
    return index;
}

void step_add_task(struct model *model, enum step_kind kind, uint32_t task, time_ns extra)
{
    const struct model_task *t = &model->tasks.items[task];
    uint32_t index = model->hosts.items[t->host].last_step[kind];
    if (index != NONE) {
        const struct model_step *step = &model->steps.items[index];
        if (step->kind != kind || step->host != t->host || step->job != t->job ||
            step->made_at != model_now(model) || step->extra != extra || step->transferring ||
            step->at_disk || step->tasks.count == 0)
            index = NONE;
    }
    if (index == NONE)
        index = step_create(model, kind, t->host, t->job, extra);
    vec_push(&model->steps.items[index].tasks, task_ref_of(model, task));
}

static void forget_restoring(struct model_host *host, uint32_t step)
{
    for (size_t i = 0; i < host->restoring.count; i++)
        if (host->restoring.items[i] == step) {
            vec_remove_swap(&host->restoring, i);
            return;
        }
}

void step_release(struct model *model, uint32_t index)
{
    struct model_step *step = &model->steps.items[index];
    if (step->kind == STEP_RESTORE || step->kind == STEP_RECOVER)
        forget_restoring(&model->hosts.items[step->host], index);
    if (step->at_disk)
        local_cancel(model, step->host, &step->disk);
    if (step->transferring) {
        model->world.transfer_cancel(model->world.context, step->transfer);
        net_transfer_ends(model, step->host, TRANSFER_IN);
    }
    step->transferring = step->at_disk = false;
    step->generation++;
    vec_clear(&step->tasks);
    step->next_free = model->free_step;
    model->free_step = index + 1;
}

/* State is there: input channels are set up (StreamTask.restoreInternal asks for partitions behind
 * its state), and in the end the task runs. */
static void begin_initialize(struct model *model, uint32_t task)
{
    model->tasks.items[task].connected = true;
    step_add_task(model, STEP_INITIALIZE, task, 0);
    uint32_t ended = loss_awaits(model, task);
    model->tasks.items[task].remote = ended;
    if (ended != NONE)
        step_add_task(model, STEP_CONNECT, task, 0);
    else if (loss_is_out_of_reach(model, task))
        step_add_task(model, STEP_REACH, task, 0);
}

/* Bytes that pass the disk. What comes from storage RocksDB writes there; a copy it links when the
 * checkpoint is incremental, else it is read and written. */
static double disk_bytes(const struct model *model, const struct model_step *step, double bytes)
{
    const struct model_job *job = &model->jobs[step->job];
    bool on_disk = local_has_state(job);
    if (step->kind == STEP_RESTORE)
        return on_disk ? bytes : 0;
    if (!on_disk)
        return bytes;
    return job->spec->graph->config.checkpoint_incremental ? 0 : 2 * bytes;
}

static void start_at_disk(struct model *model, uint32_t index, double bytes)
{
    struct model_step *step = &model->steps.items[index];
    step->at_disk = true;
    struct share_handle disk =
        local_transfer(model, step->host, bytes, disk_is_through, index, step->generation);
    model->steps.items[index].disk = disk;
}

/* Tasks with state read it together, at the host's NIC or disk: all are through when the last byte
 * is. */
static void start_reading(struct model *model, uint32_t index, double bytes)
{
    struct model_step *step = &model->steps.items[index];
    uint32_t host = step->host, generation = step->generation;
    double at_disk = disk_bytes(model, step, bytes);
    vec_push(&model->hosts.items[host].restoring, index);
    if (step->kind == STEP_RECOVER || at_disk > 0)
        start_at_disk(model, index, at_disk);
    if (model->steps.items[index].kind == STEP_RECOVER)
        return;
    model->steps.items[index].transferring = true;
    net_transfer_begins(model, host, TRANSFER_IN);
    struct transfer_id transfer =
        model->world.transfer(model->world.context, (struct node_id){ host }, TRANSFER_IN, bytes,
                              state_is_here, model, index, generation);
    model->steps.items[index].transfer = transfer;
}

/* What has to be read, and from where, before these tasks can begin: by what they need next. */
struct reading {
    uint32_t step; /* NONE */
    double bytes;
};

static void add_reading(struct model *model, struct reading *reading, enum step_kind kind,
                        uint32_t task, int64_t bytes)
{
    step_add_task(model, kind, task, 0);
    reading->step = model->hosts.items[model->tasks.items[task].host].last_step[kind];
    reading->bytes += (double)bytes;
}

/* The task has its code: it reads the copy on the disk, the rest from shared storage, and begins.
 */
static void read_next(struct model *model, uint32_t index, struct reading readings[2])
{
    struct model_task *task = &model->tasks.items[index];
    int64_t local = local_bytes(model, task);
    if (local > 0 && !task->recovered) {
        task->recovered = true;
        task->restore_bytes -= local;
        add_reading(model, &readings[0], STEP_RECOVER, index, local);
    } else if (task->restore_bytes > 0) {
        add_reading(model, &readings[1], STEP_RESTORE, index, task->restore_bytes);
        task->restore_bytes = 0;
    } else {
        begin_initialize(model, index);
    }
}

static void start_readings(struct model *model, const struct reading readings[2])
{
    for (int i = 0; i < 2; i++)
        if (readings[i].step != NONE)
            start_reading(model, readings[i].step, readings[i].bytes);
}

static void disk_is_through(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    if (model->steps.items[a].generation != (uint32_t)b)
        return;
    model->steps.items[a].at_disk = false;
    state_is_read(context, a, b);
}

static void state_is_here(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    if (model->steps.items[a].generation != (uint32_t)b)
        return;
    model->steps.items[a].transferring = false;
    net_transfer_ends(model, model->steps.items[a].host, TRANSFER_IN);
    state_is_read(context, a, b);
}

/* By the last of both. */
static void state_is_read(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct reading readings[2] = { { NONE, 0 }, { NONE, 0 } };
    uint32_t index = (uint32_t)a;
    const struct model_step *step = &model->steps.items[index];
    if (step->generation != (uint32_t)b || step->transferring || step->at_disk)
        return;
    if (model_hold(model, model->steps.items[index].host, state_is_read, a, b))
        return;
    for (size_t i = 0; i < model->steps.items[index].tasks.count; i++) {
        struct task_ref ref = model->steps.items[index].tasks.items[i];
        if (task_ref_is_live(model, ref) &&
            model->tasks.items[ref.index].phase == TASK_INITIALIZING)
            read_next(model, ref.index, readings);
    }
    step_release(model, index);
    start_readings(model, readings);
}

/* The tasks of the step that are still in the phase it was made for. */
static bool is_meant(const struct model *model, struct task_ref ref, enum step_kind kind)
{
    static const enum task_phase phase_of[STEP_KIND_COUNT] = {
        [STEP_DEPLOY] = TASK_DEPLOYING,     [STEP_RESTORE] = TASK_INITIALIZING,
        [STEP_RECOVER] = TASK_INITIALIZING, [STEP_INITIALIZE] = TASK_INITIALIZING,
        [STEP_CANCEL] = TASK_CANCELING,     [STEP_FINISH] = TASK_CANCELING,
        [STEP_FAIL] = TASK_CLOSING,
    };
    return task_ref_is_live(model, ref) && model->tasks.items[ref.index].phase == phase_of[kind];
}

/* Nobody answered. */
static void end_connect(struct model *model, uint32_t index)
{
    enum step_kind kind = model->steps.items[index].kind;
    for (size_t i = 0; i < model->steps.items[index].tasks.count; i++) {
        struct task_ref ref = model->steps.items[index].tasks.items[i];
        if (!task_ref_is_live(model, ref))
            continue;
        uint32_t remote = kind == STEP_CONNECT ? model->tasks.items[ref.index].remote
                                               : loss_out_of_reach(model, ref.index);
        if (remote != NONE)
            task_disconnect(model, ref.index, remote);
    }
}

static void end_deploy(struct model *model, uint32_t index)
{
    struct reading readings[2] = { { NONE, 0 }, { NONE, 0 } };
    for (size_t i = 0; i < model->steps.items[index].tasks.count; i++) {
        struct task_ref ref = model->steps.items[index].tasks.items[i];
        if (!is_meant(model, ref, STEP_DEPLOY))
            continue;
        struct model_task *task = &model->tasks.items[ref.index];
        task->phase = TASK_INITIALIZING;
        vec_push(&model->reports, (struct task_report){ task->attempt, EXECUTION_INITIALIZING,
                                                        CAUSE_NONE, node_id_none() });
        read_next(model, ref.index, readings);
    }
    start_readings(model, readings);
}

static void end_initialize(struct model *model, uint32_t index)
{
    const struct model_step *step = &model->steps.items[index];
    bool has_faults = model->jobs[step->job].spec->faults.count > 0;
    for (size_t i = 0; i < model->steps.items[index].tasks.count; i++) {
        struct task_ref ref = model->steps.items[index].tasks.items[i];
        if (!is_meant(model, ref, STEP_INITIALIZE))
            continue;
        struct model_task *task = &model->tasks.items[ref.index];
        task->phase = TASK_RUNNING;
        task->fresh = true;
        vec_push(&model->reports, (struct task_report){ task->attempt, EXECUTION_RUNNING,
                                                        CAUSE_NONE, node_id_none() });
        if (has_faults)
            task_plan_faults(model, ref.index);
        component_on_running(model, ref.index);
    }
}

static void end_of_tasks(struct model *model, uint32_t index)
{
    enum step_kind kind = model->steps.items[index].kind;
    for (size_t i = 0; i < model->steps.items[index].tasks.count; i++) {
        struct task_ref ref = model->steps.items[index].tasks.items[i];
        if (!is_meant(model, ref, kind))
            continue;
        const struct model_task *task = &model->tasks.items[ref.index];
        struct task_report report = { task->attempt, EXECUTION_CANCELED, CAUSE_NONE,
                                      node_id_none() };
        if (kind == STEP_FINISH)
            report.state = EXECUTION_FINISHED;
        if (kind == STEP_FAIL && !task->cancel_asked) {
            report.state = EXECUTION_FAILED;
            report.cause = task->cause;
            if (task->cause == CAUSE_CONNECTION_LOST)
                report.remote = (struct node_id){ task->remote };
        }
        vec_push(&model->reports, report);
        if (report.state == EXECUTION_FINISHED)
            end_take(model, ref.index);
        task_destroy(model, ref.index);
    }
}

static void step_is_due(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t index = (uint32_t)a;
    const struct model_step *step = &model->steps.items[index];
    if (step->generation != (uint32_t)b)
        return;
    uint32_t host = step->host, job = step->job;
    if (model_hold(model, host, step_is_due, a, b))
        return;
    CHECK(model->reports.count == 0);
    switch (step->kind) {
    case STEP_DEPLOY: end_deploy(model, index); break;
    case STEP_INITIALIZE: end_initialize(model, index); break;
    case STEP_CONNECT:
    case STEP_REACH: end_connect(model, index); break;
    case STEP_CANCEL:
    case STEP_FINISH:
    case STEP_FAIL: end_of_tasks(model, index); break;
    case STEP_RESTORE:
    case STEP_RECOVER:
    case STEP_KIND_COUNT: IMPOSSIBLE("kind of step");
    }
    step_release(model, index);
    model_report_tasks(model, host, job);
}
