/* SPDX-License-Identifier: Apache-2.0
 *
 * What several tasks of one host do together: one draw, one event, one report. The event finds out
 * which of its tasks are still meant, moves them on and reports them at once. Draws are those of
 * the model, from the same streams.
 */
#include "sim/exact/parts.h"

/* taskmanager.network.netty.client.connectTimeoutSec */
#define CONNECT_TIMEOUT (120 * TIME_S)
/* Who is to be written to is not known yet: its order is on the way. */
#define NEIGHBOUR_RECHECK TIME_MS

static void step_is_due(void *context, uint64_t a, uint64_t b);
static void state_is_here(void *context, uint64_t a, uint64_t b);
static void begin_again(void *context, uint64_t a, uint64_t b);

static time_ns draw(struct exact *exact, uint32_t host, const struct distribution *distribution)
{
    return distribution_draw(distribution, &exact->hosts.items[host].rng);
}

/* Of what a CPU does: by the host's speed as the step begins. */
static time_ns work(struct exact *exact, uint32_t host, const struct distribution *distribution)
{
    return time_at_speed(draw(exact, host, distribution), exact->hosts.items[host].speed);
}

static time_ns step_length(struct exact *exact, enum exact_step_kind kind, uint32_t host,
                           time_ns extra)
{
    const struct timing_spec *timing = &exact->scenario->cluster.timing;
    switch (kind) {
    case LIFE_DEPLOY: return work(exact, host, &timing->deploy);
    case LIFE_INITIALIZE: return work(exact, host, &timing->initialize);
    case LIFE_CONNECT: return draw(exact, host, &timing->connection_loss);
    case LIFE_REACH: return CONNECT_TIMEOUT;
    case LIFE_CANCEL:
    case LIFE_FINISH: return time_add(work(exact, host, &timing->cancel), extra);
    case LIFE_FAIL: return extra;
    case LIFE_RESTORE: return TIME_NEVER; /* its transfer ends it */
    case LIFE_KIND_COUNT: break;
    }
    IMPOSSIBLE("kind of step");
}

static uint32_t step_create(struct exact *exact, enum exact_step_kind kind, uint32_t host,
                            uint32_t job, time_ns extra)
{
    if (exact->free_steps.count == 0) {
        vec_push(&exact->free_steps, (uint32_t)exact->steps.count);
        vec_push(&exact->steps, (struct life_step){ .generation = 1 });
    }
    uint32_t index = exact->free_steps.items[--exact->free_steps.count];
    time_ns length = step_length(exact, kind, host, extra);
    struct life_step *step = &exact->steps.items[index];
    step->used = true;
    step->transferring = false;
    step->kind = kind;
    step->host = host;
    step->job = job;
    step->made_at = exact_now(exact);
    step->extra = extra;
    if (kind != LIFE_RESTORE)
        exact_push(exact, time_add(step->made_at, length), step_is_due, index, step->generation);
    exact->hosts.items[host].last_step[kind] = index;
    return index;
}

void life_step_add(struct exact *exact, enum exact_step_kind kind, uint32_t task, time_ns extra)
{
    const struct exact_task *t = &exact->tasks.items[task];
    uint32_t index = exact->hosts.items[t->host].last_step[kind];
    if (index != NONE) {
        const struct life_step *step = &exact->steps.items[index];
        if (!step->used || step->kind != kind || step->host != t->host || step->job != t->job ||
            step->made_at != exact_now(exact) || step->extra != extra || step->transferring)
            index = NONE;
    }
    if (index == NONE)
        index = step_create(exact, kind, t->host, t->job, extra);
    vec_push(&exact->steps.items[index].tasks, task_ref_of(exact, task));
}

void life_step_release(struct exact *exact, uint32_t index)
{
    struct life_step *step = &exact->steps.items[index];
    CHECK(step->used);
    if (step->transferring)
        virtual_cluster_dfs_cancel(exact->cluster, step->transfer);
    step->transferring = step->used = false;
    step->generation++;
    vec_clear(&step->tasks);
    vec_push(&exact->free_steps, index);
}

/* State is there: input channels are set up, and in the end the task runs. */
static void begin_initialize(struct exact *exact, uint32_t index)
{
    exact->tasks.items[index].connected = true;
    life_step_add(exact, LIFE_INITIALIZE, index, 0);
    uint32_t ended = wire_loss_awaits(exact, index);
    exact->tasks.items[index].remote = ended;
    if (ended != NONE)
        life_step_add(exact, LIFE_CONNECT, index, 0);
    else if (wire_loss_out_of_reach(exact, index) != NONE)
        life_step_add(exact, LIFE_REACH, index, 0);
}

static bool is_meant(const struct exact *exact, struct exact_ref ref, enum exact_step_kind kind)
{
    static const enum exact_phase phase_of[LIFE_KIND_COUNT] = {
        [LIFE_DEPLOY] = PHASE_DEPLOYING,        [LIFE_RESTORE] = PHASE_INITIALIZING,
        [LIFE_INITIALIZE] = PHASE_INITIALIZING, [LIFE_CANCEL] = PHASE_CANCELING,
        [LIFE_FINISH] = PHASE_CANCELING,        [LIFE_FAIL] = PHASE_CLOSING,
    };
    return task_ref_is_live(exact, ref) && exact->tasks.items[ref.index].phase == phase_of[kind];
}

static void state_is_here(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    if (exact->steps.items[a].generation != (uint32_t)b)
        return;
    exact->steps.items[a].transferring = false;
    if (exact_hold(exact, exact->steps.items[a].host, state_is_here, a, b))
        return;
    for (size_t i = 0; i < exact->steps.items[a].tasks.count; i++) {
        struct exact_ref ref = exact->steps.items[a].tasks.items[i];
        if (is_meant(exact, ref, LIFE_RESTORE))
            begin_initialize(exact, ref.index);
    }
    life_step_release(exact, (uint32_t)a);
}

/* Tasks that were deployed together read their state together: all have it with the last byte. */
static void start_reading(struct exact *exact, uint32_t host, double bytes)
{
    uint32_t index = exact->hosts.items[host].last_step[LIFE_RESTORE];
    exact->steps.items[index].transferring = true;
    struct transfer_id transfer = virtual_cluster_dfs_transfer(
        exact->cluster, (struct node_id){ host }, TRANSFER_IN, bytes, state_is_here, exact, index,
        exact->steps.items[index].generation);
    exact->steps.items[index].transfer = transfer;
}

static void end_deploy(struct exact *exact, uint32_t index)
{
    double bytes = 0;
    uint32_t host = exact->steps.items[index].host;
    for (size_t i = 0; i < exact->steps.items[index].tasks.count; i++) {
        struct exact_ref ref = exact->steps.items[index].tasks.items[i];
        if (!is_meant(exact, ref, LIFE_DEPLOY))
            continue;
        struct exact_task *task = &exact->tasks.items[ref.index];
        task->phase = PHASE_INITIALIZING;
        vec_push(&exact->reports, (struct task_report){ task->attempt, EXECUTION_INITIALIZING,
                                                        CAUSE_NONE, node_id_none() });
        if (task->restore_bytes > 0) {
            life_step_add(exact, LIFE_RESTORE, ref.index, 0);
            bytes += (double)exact->tasks.items[ref.index].restore_bytes;
        } else {
            begin_initialize(exact, ref.index);
        }
    }
    if (bytes > 0)
        start_reading(exact, host, bytes);
}

/* It runs, unless those that read from it are not known yet, or what it was to restore is wrong. */
static void begin(struct exact *exact, uint32_t index)
{
    if (!task_begin(exact, index)) {
        exact_push(exact, time_add(exact_now(exact), NEIGHBOUR_RECHECK), begin_again, index,
                   exact->tasks.items[index].generation);
        return;
    }
    const struct exact_task *task = &exact->tasks.items[index];
    if (task->phase == PHASE_RUNNING)
        vec_push(&exact->reports, (struct task_report){ task->attempt, EXECUTION_RUNNING,
                                                        CAUSE_NONE, node_id_none() });
}

static void begin_again(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct exact_ref ref = { (uint32_t)a, (uint32_t)b };
    if (!is_meant(exact, ref, LIFE_INITIALIZE))
        return;
    uint32_t host = exact->tasks.items[a].host, job = exact->tasks.items[a].job;
    if (exact_hold(exact, host, begin_again, a, b))
        return;
    begin(exact, ref.index);
    exact_report_tasks(exact, host, job);
}

static void end_initialize(struct exact *exact, uint32_t index)
{
    for (size_t i = 0; i < exact->steps.items[index].tasks.count; i++) {
        struct exact_ref ref = exact->steps.items[index].tasks.items[i];
        if (is_meant(exact, ref, LIFE_INITIALIZE))
            begin(exact, ref.index);
    }
}

/* Nobody answered. */
static void end_connect(struct exact *exact, uint32_t index)
{
    enum exact_step_kind kind = exact->steps.items[index].kind;
    for (size_t i = 0; i < exact->steps.items[index].tasks.count; i++) {
        struct exact_ref ref = exact->steps.items[index].tasks.items[i];
        if (!task_ref_is_live(exact, ref))
            continue;
        uint32_t remote = kind == LIFE_CONNECT ? exact->tasks.items[ref.index].remote
                                               : wire_loss_out_of_reach(exact, ref.index);
        if (remote != NONE)
            life_disconnect(exact, ref.index, remote);
    }
}

static void end_of_task(struct exact *exact, uint32_t index, enum exact_step_kind kind)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct task_report report = { task->attempt, EXECUTION_CANCELED, CAUSE_NONE, node_id_none() };
    if (kind == LIFE_FINISH)
        report.state = EXECUTION_FINISHED;
    if (kind == LIFE_FAIL && !task->cancel_asked) {
        report.state = EXECUTION_FAILED;
        report.cause = task->cause;
        if (task->cause == CAUSE_CONNECTION_LOST)
            report.remote = (struct node_id){ task->remote };
    }
    vec_push(&exact->reports, report);
    if (kind != LIFE_FINISH) {
        life_destroy(exact, index);
        return;
    }
    task->phase = PHASE_LINGERING;
    life_look_lingering(exact, index);
}

static void step_is_due(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    uint32_t index = (uint32_t)a;
    const struct life_step *step = &exact->steps.items[index];
    if (step->generation != (uint32_t)b)
        return;
    uint32_t host = step->host, job = step->job;
    enum exact_step_kind kind = step->kind;
    if (exact_hold(exact, host, step_is_due, a, b))
        return;
    CHECK(exact->reports.count == 0);
    switch (kind) {
    case LIFE_DEPLOY: end_deploy(exact, index); break;
    case LIFE_INITIALIZE: end_initialize(exact, index); break;
    case LIFE_CONNECT:
    case LIFE_REACH: end_connect(exact, index); break;
    case LIFE_CANCEL:
    case LIFE_FINISH:
    case LIFE_FAIL:
        for (size_t i = 0; i < exact->steps.items[index].tasks.count; i++)
            if (is_meant(exact, exact->steps.items[index].tasks.items[i], kind))
                end_of_task(exact, exact->steps.items[index].tasks.items[i].index, kind);
        break;
    case LIFE_RESTORE:
    case LIFE_KIND_COUNT: IMPOSSIBLE("kind of step");
    }
    life_step_release(exact, index);
    exact_report_tasks(exact, host, job);
}
