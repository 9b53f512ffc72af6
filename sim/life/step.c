/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps: what several tasks of one host do together. A step's event finds out which of its tasks
 * are still meant (others were cancelled or have died), moves them on and reports them at once.
 */
#include "sim/life/life.h"

/* taskmanager.network.netty.client.connectTimeoutSec */
#define CONNECT_TIMEOUT (120 * TIME_S)

/* Who is to be written to is not known yet: its order is on the way. */
#define NEIGHBOUR_RECHECK TIME_MS

static void begin_again(void *context, uint64_t a, uint64_t b);
static void step_is_due(void *context, uint64_t a, uint64_t b);
static void disk_is_through(void *context, uint64_t a, uint64_t b);
static void state_is_here(void *context, uint64_t a, uint64_t b);
static void state_is_read(void *context, uint64_t a, uint64_t b);

/* Each host draws from its own stream, so that one host more moves no draw of the others. */
static time_ns host_draw(struct life *life, uint32_t host, const struct distribution *distribution)
{
    return distribution_draw(distribution, &life_host(life, host)->rng);
}

/* The same of what a CPU does: by its speed as the step begins. */
static time_ns host_work(struct life *life, uint32_t host, const struct distribution *distribution)
{
    return time_at_speed(host_draw(life, host, distribution), life_host(life, host)->speed);
}

/* Canceling and failing take the time of the user's close() on top of the draw; of that nobody
 * knows whether it is work. */
static time_ns step_length(struct life *life, enum life_step_kind kind, uint32_t host,
                           time_ns extra)
{
    const struct timing_spec *timing = &life->scenario->cluster.timing;
    switch (kind) {
    case LIFE_DEPLOY: return host_work(life, host, &timing->deploy);
    case LIFE_INITIALIZE: return host_work(life, host, &timing->initialize);
    case LIFE_CONNECT: return host_draw(life, host, &timing->connection_loss);
    case LIFE_REACH: return CONNECT_TIMEOUT;
    case LIFE_CANCEL:
    case LIFE_FINISH: return time_add(host_work(life, host, &timing->cancel), extra);
    case LIFE_FAIL: return extra;
    case LIFE_RESTORE:
    case LIFE_RECOVER: return TIME_NEVER; /* its transfer ends it */
    case LIFE_KIND_COUNT: break;
    }
    IMPOSSIBLE("kind of step");
}

static uint32_t step_create(struct life *life, enum life_step_kind kind, uint32_t host,
                            uint32_t job, time_ns extra)
{
    if (life->free_step == 0) {
        vec_push(&life->steps, (struct life_step){ .generation = 1 });
        life->free_step = (uint32_t)life->steps.count;
    }
    uint32_t index = life->free_step - 1;
    time_ns length = step_length(life, kind, host, extra);
    struct life_step *step = &life->steps.items[index];
    life->free_step = step->next_free;
    step->kind = kind;
    step->host = host;
    step->job = job;
    step->made_at = life_now(life);
    step->due = time_add(step->made_at, length);
    step->extra = extra;
    if (kind != LIFE_RESTORE && kind != LIFE_RECOVER)
        sim_queue_push(life->queue, step->due, SIM_CLASS_DATA, step_is_due, life, index,
                       step->generation);
    life_host(life, host)->last_step[kind] = index;
    return index;
}

void life_step_add(struct life *life, enum life_step_kind kind, uint32_t task, time_ns extra)
{
    const struct life_task *t = life_task(life, task);
    uint32_t index = life_host(life, t->host)->last_step[kind];
    if (index != NONE) {
        const struct life_step *step = &life->steps.items[index];
        if (step->kind != kind || step->host != t->host || step->job != t->job ||
            step->made_at != life_now(life) || step->extra != extra || step->transferring ||
            step->at_disk || step->tasks.count == 0)
            index = NONE;
    }
    if (index == NONE)
        index = step_create(life, kind, t->host, t->job, extra);
    vec_push(&life->steps.items[index].tasks, task_ref_of(life, task));
}

static void tell_of_reading(struct life *life, uint32_t host, bool begins)
{
    if (life->ops->reading)
        life->ops->reading(life->plane, host, begins);
}

static void forget_restoring(struct life_host *host, uint32_t step)
{
    for (size_t i = 0; i < host->restoring.count; i++)
        if (host->restoring.items[i] == step) {
            vec_remove_swap(&host->restoring, i);
            return;
        }
}

void life_step_release(struct life *life, uint32_t index)
{
    struct life_step *step = &life->steps.items[index];
    if (step->kind == LIFE_RESTORE || step->kind == LIFE_RECOVER)
        forget_restoring(life_host(life, step->host), index);
    if (step->at_disk)
        local_cancel(life, step->host, &step->disk);
    if (step->transferring) {
        life->world.transfer_cancel(life->world.context, step->transfer);
        tell_of_reading(life, step->host, false);
    }
    step->transferring = step->at_disk = step->failed = false;
    step->generation++;
    vec_clear(&step->tasks);
    step->next_free = life->free_step;
    life->free_step = index + 1;
}

/* State is there: input channels are set up (StreamTask.restoreInternal asks for partitions behind
 * its state), and in the end the task runs. Where nobody is any more the system there refuses, if
 * it is heard. */
static void begin_initialize(struct life *life, uint32_t index)
{
    struct life_task *task = life_task(life, index);
    task->connected = true;
    life_step_add(life, LIFE_INITIALIZE, index, 0);
    task->remote = loss_awaits(life, index);
    if (task->remote != NONE && loss_is_heard(life, task->host, task->remote))
        life_step_add(life, LIFE_CONNECT, index, 0);
    else if (task->remote != NONE || loss_is_out_of_reach(life, index))
        life_step_add(life, LIFE_REACH, index, 0);
}

/* Bytes that pass the disk. What comes from storage RocksDB writes there; a copy it links when the
 * checkpoint is incremental, else it is read and written. */
static double disk_bytes(const struct life *life, const struct life_step *step, double bytes)
{
    const struct job_spec *job = life->jobs[step->job].spec;
    bool on_disk = local_has_state(job);
    if (step->kind == LIFE_RESTORE)
        return on_disk ? bytes : 0;
    if (!on_disk)
        return bytes;
    return config_is_incremental(&job->graph->config) ? 0 : 2 * bytes;
}

static void start_at_disk(struct life *life, uint32_t index, double bytes)
{
    struct life_step *step = &life->steps.items[index];
    step->at_disk = true;
    struct share_handle disk =
        local_transfer(life, step->host, bytes, disk_is_through, life, index, step->generation);
    life->steps.items[index].disk = disk;
}

/* Tasks with state read it together, at the host's NIC or disk: all are through when the last byte
 * is. */
static void start_reading(struct life *life, uint32_t index, double bytes)
{
    struct life_step *step = &life->steps.items[index];
    uint32_t host = step->host, generation = step->generation;
    double at_disk = disk_bytes(life, step, bytes);
    vec_push(&life_host(life, host)->restoring, index);
    if (step->kind == LIFE_RECOVER || at_disk > 0)
        start_at_disk(life, index, at_disk);
    if (life->steps.items[index].kind == LIFE_RECOVER)
        return;
    life->steps.items[index].transferring = true;
    tell_of_reading(life, host, true);
    struct transfer_id transfer =
        life->world.transfer(life->world.context, (struct node_id){ host }, TRANSFER_IN, bytes,
                             state_is_here, life, index, generation);
    life->steps.items[index].transfer = transfer;
}

/* What has to be read, and from where, before these tasks can begin: by what they need next. */
struct reading {
    uint32_t step; /* NONE */
    double bytes;
};

static void add_reading(struct life *life, struct reading *reading, enum life_step_kind kind,
                        uint32_t task, int64_t bytes)
{
    life_step_add(life, kind, task, 0);
    reading->step = life_host(life, life_task(life, task)->host)->last_step[kind];
    reading->bytes += (double)bytes;
}

/* The task has its code: it reads the copy on the disk, the rest from shared storage, and begins.
 */
static void read_next(struct life *life, uint32_t index, struct reading readings[2])
{
    struct life_task *task = life_task(life, index);
    int64_t local = local_bytes(life, task);
    if (local > 0 && !task->recovered) {
        task->recovered = true;
        task->restore_bytes -= local;
        add_reading(life, &readings[0], LIFE_RECOVER, index, local);
    } else if (task->restore_bytes > CHECKPOINT_INLINE_BYTES) {
        add_reading(life, &readings[1], LIFE_RESTORE, index, task->restore_bytes);
        task->restore_bytes = 0;
    } else {
        begin_initialize(life, index);
    }
}

static void start_readings(struct life *life, const struct reading readings[2])
{
    for (int i = 0; i < 2; i++)
        if (readings[i].step != NONE)
            start_reading(life, readings[i].step, readings[i].bytes);
}

static void disk_is_through(void *context, uint64_t a, uint64_t b)
{
    struct life *life = context;
    if (life->steps.items[a].generation != (uint32_t)b)
        return;
    life->steps.items[a].at_disk = false;
    state_is_read(context, a, b);
}

static void state_is_here(void *context, uint64_t a, uint64_t b)
{
    struct life *life = context;
    if (life->steps.items[a].generation != (uint32_t)b)
        return;
    life->steps.items[a].transferring = false;
    life->steps.items[a].failed = life_transfer_fails(life, TRANSFER_IN);
    tell_of_reading(life, life->steps.items[a].host, false);
    state_is_read(context, a, b);
}

/* By the last of both. */
static void state_is_read(void *context, uint64_t a, uint64_t b)
{
    struct life *life = context;
    struct reading readings[2] = { { NONE, 0 }, { NONE, 0 } };
    uint32_t index = (uint32_t)a;
    const struct life_step *step = &life->steps.items[index];
    if (step->generation != (uint32_t)b || step->transferring || step->at_disk)
        return;
    if (life_hold(life, life->steps.items[index].host, state_is_read, life, a, b))
        return;
    for (size_t i = 0; i < life->steps.items[index].tasks.count; i++) {
        struct task_ref ref = life->steps.items[index].tasks.items[i];
        if (!task_ref_is_live(life, ref) || life_task(life, ref.index)->phase != TASK_INITIALIZING)
            continue;
        if (life->steps.items[index].failed)
            task_fail(life, ref.index, CAUSE_RESTORE);
        else
            read_next(life, ref.index, readings);
    }
    life_step_release(life, index);
    start_readings(life, readings);
}

/* The tasks of the step that are still in the phase it was made for. */
static bool is_meant(const struct life *life, struct task_ref ref, enum life_step_kind kind)
{
    static const enum task_phase phase_of[LIFE_KIND_COUNT] = {
        [LIFE_DEPLOY] = TASK_DEPLOYING,     [LIFE_RESTORE] = TASK_INITIALIZING,
        [LIFE_RECOVER] = TASK_INITIALIZING, [LIFE_INITIALIZE] = TASK_INITIALIZING,
        [LIFE_CANCEL] = TASK_CANCELING,     [LIFE_FINISH] = TASK_FINISHING,
        [LIFE_FAIL] = TASK_CLOSING,
    };
    return task_ref_is_live(life, ref) && life_task(life, ref.index)->phase == phase_of[kind];
}

/* Nobody answered. */
static void end_connect(struct life *life, uint32_t index)
{
    for (size_t i = 0; i < life->steps.items[index].tasks.count; i++) {
        struct task_ref ref = life->steps.items[index].tasks.items[i];
        if (!task_ref_is_live(life, ref))
            continue;
        uint32_t remote = life_task(life, ref.index)->remote;
        if (remote == NONE)
            remote = loss_out_of_reach(life, ref.index);
        if (remote != NONE)
            task_disconnect(life, ref.index, remote);
    }
}

static void end_deploy(struct life *life, uint32_t index)
{
    struct reading readings[2] = { { NONE, 0 }, { NONE, 0 } };
    for (size_t i = 0; i < life->steps.items[index].tasks.count; i++) {
        struct task_ref ref = life->steps.items[index].tasks.items[i];
        if (!is_meant(life, ref, LIFE_DEPLOY))
            continue;
        struct life_task *task = life_task(life, ref.index);
        task->phase = TASK_INITIALIZING;
        vec_push(&life->reports, (struct task_report){ task->attempt, EXECUTION_INITIALIZING,
                                                       CAUSE_NONE, node_id_none(), 0 });
        read_next(life, ref.index, readings);
    }
    start_readings(life, readings);
}

static void set_running(struct life *life, uint32_t index)
{
    struct life_task *task = life_task(life, index);
    task->phase = TASK_RUNNING;
    vec_push(&life->reports, (struct task_report){ task->attempt, EXECUTION_RUNNING, CAUSE_NONE,
                                                   node_id_none(), 0 });
    if (life->jobs[task->job].spec->faults.count > 0)
        task_plan_faults(life, index);
    life->ops->running(life->plane, index);
}

void task_recovered(struct life *life, uint32_t index)
{
    uint32_t host = life_task(life, index)->host, job = life_task(life, index)->job;
    CHECK(life_task(life, index)->phase == TASK_RECOVERING);
    CHECK(life->reports.count == 0);
    set_running(life, index);
    life_report_tasks(life, host, job);
}

/* It runs, unless those that read from it are not known yet, or what it was to restore is wrong. */
static void begin(struct life *life, uint32_t index)
{
    enum life_begun begun = life->ops->begin(life->plane, index);
    struct life_task *task = life_task(life, index);
    if (begun == LIFE_BEGUN_LATER)
        sim_queue_push(life->queue, time_add(life_now(life), NEIGHBOUR_RECHECK), SIM_CLASS_DATA,
                       begin_again, life, index, task->generation);
    if (begun == LIFE_BEGUN)
        set_running(life, index);
    else if (begun == LIFE_BEGUN_RECOVERS)
        task->phase = TASK_RECOVERING;
    if (task_works(task) && life->ops->works)
        life->ops->works(life->plane, index);
}

static void begin_again(void *context, uint64_t a, uint64_t b)
{
    struct life *life = context;
    struct task_ref ref = { (uint32_t)a, (uint32_t)b };
    if (!is_meant(life, ref, LIFE_INITIALIZE))
        return;
    uint32_t host = life_task(life, ref.index)->host, job = life_task(life, ref.index)->job;
    if (life_hold(life, host, begin_again, life, a, b))
        return;
    begin(life, ref.index);
    life_report_tasks(life, host, job);
}

static void end_initialize(struct life *life, uint32_t index)
{
    for (size_t i = 0; i < life->steps.items[index].tasks.count; i++) {
        struct task_ref ref = life->steps.items[index].tasks.items[i];
        if (is_meant(life, ref, LIFE_INITIALIZE))
            begin(life, ref.index);
    }
}

static void end_of_tasks(struct life *life, uint32_t index)
{
    enum life_step_kind kind = life->steps.items[index].kind;
    for (size_t i = 0; i < life->steps.items[index].tasks.count; i++) {
        struct task_ref ref = life->steps.items[index].tasks.items[i];
        if (!is_meant(life, ref, kind))
            continue;
        const struct life_task *task = life_task(life, ref.index);
        struct task_report report = { task->attempt, EXECUTION_CANCELED, CAUSE_NONE, node_id_none(),
                                      0 };
        if (kind == LIFE_FINISH && !task->cancel_asked)
            report.state = EXECUTION_FINISHED;
        if (kind == LIFE_FAIL && !task->cancel_asked) {
            report.state = EXECUTION_FAILED;
            report.cause = task->cause;
            report.detail = task->detail;
            if (task->cause == CAUSE_CONNECTION_LOST)
                report.remote = (struct node_id){ task->remote };
        }
        vec_push(&life->reports, report);
        if (report.state == EXECUTION_FINISHED && life->ops->finished(life->plane, ref.index))
            life_task(life, ref.index)->phase = TASK_LINGERING;
        else
            task_destroy(life, ref.index);
    }
}

static void step_is_due(void *context, uint64_t a, uint64_t b)
{
    struct life *life = context;
    uint32_t index = (uint32_t)a;
    const struct life_step *step = &life->steps.items[index];
    if (step->generation != (uint32_t)b)
        return;
    uint32_t host = step->host, job = step->job;
    if (life_hold(life, host, step_is_due, life, a, b))
        return;
    CHECK(life->reports.count == 0);
    switch (step->kind) {
    case LIFE_DEPLOY: end_deploy(life, index); break;
    case LIFE_INITIALIZE: end_initialize(life, index); break;
    case LIFE_CONNECT:
    case LIFE_REACH: end_connect(life, index); break;
    case LIFE_CANCEL:
    case LIFE_FINISH:
    case LIFE_FAIL: end_of_tasks(life, index); break;
    case LIFE_RESTORE:
    case LIFE_RECOVER:
    case LIFE_KIND_COUNT: IMPOSSIBLE("kind of step");
    }
    life_step_release(life, index);
    life_report_tasks(life, host, job);
}
