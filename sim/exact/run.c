/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps of tasks. A step is carried out at once, and its outcome is there when its cost is over,
 * which takes as long as the host's cores let it; a task that has nothing to do sleeps until
 * something comes. Between steps its time is idle or backpressured, as the last one said; sharing
 * a core is busy, as Flink counts it (busyTimeMsPerSecond is what is left).
 */
#include "sim/exact/parts.h"

#include <math.h>

#include "sim/kernel/guard.h"
#include "sim/kernel/real.h"

/* Records show in a log together, as a broker's clients fetch them. */
#define LOG_TICK (10 * TIME_MS)

enum { FREE_STEPS_MAX = 64 }; /* that cost nothing, in a row */

static void step_is_over(void *context, uint64_t a, uint64_t b);
static void wait_is_over(void *context, uint64_t a, uint64_t b);

bool run_is_latched(const struct exact_task *task)
{
    return task->pace == PACE_WORKS || task->pace == PACE_WAITS;
}

uint64_t log_arrived(struct exact_source *source, time_ns at, bool *ended)
{
    const struct series *series = source->curve.series;
    double amount = curve_amount(&source->curve, at);
    *ended = source->bounded && (series->points.count == 0 || at >= vec_last(&series->points).at);
    return amount > 0 ? (uint64_t)(amount + 1e-6) : 0;
}

void run_account(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_vertex *vertex = &exact->jobs[task->life.job].vertices[task->life.vertex];
    time_ns now = exact_now(exact), length = now - task->since;
    uint64_t in = task->exec ? exec_task_chain(task->exec)->operators[0]->records_in : 0;
    vertex->in_total += in - task->records_in;
    task->records_in = in;
    if (!task->runs)
        return;
    task->since = now;
    if (exact->hosts.items[task->life.host].life.frozen)
        return; /* nobody can ask it */
    debloat_account(task, length);
    struct subtask_time *time = &vertex->times.items[task->life.subtask];
    if (task->pace != PACE_ASLEEP) {
        time->busy += length;
        vertex->busy += (double)length / (double)TIME_S;
    } else if (task->last == STEP_BACKPRESSURED) {
        time->backpressured += length;
        vertex->backpressured += (double)length / (double)TIME_S;
    } else {
        time->idle += length;
        vertex->idle += (double)length / (double)TIME_S;
    }
}

/* A subtask of a paced source goes on from where its splits stand, on average, at its own rate. */
static uint64_t paced_amount(struct exact *exact, struct exact_source *source,
                             const struct exact_task *task)
{
    double made = curve_amount(&source->curve, exact_now(exact)) - task->paced_from;
    if (task->paced_splits == 0)
        return 0;
    return (uint64_t)(task->paced_base + made * source->log.splits / task->paced_splits + 1e-6);
}

void run_begin_paced(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_job *job = &exact->jobs[task->life.job];
    struct exact_source *source = &job->sources.items[job->vertices[task->life.vertex].source];
    const struct operator* op = exec_task_chain(task->exec)->operators[0];
    uint32_t split;
    uint64_t offset;
    double sum = 0;
    task->paced_splits = 0;
    for (; log_source_split(op, task->paced_splits, &split, &offset); task->paced_splits++)
        sum += (double)offset;
    task->paced_from = curve_amount(&source->curve, exact_now(exact));
    task->paced_base = task->paced_splits > 0 ? sum * source->log.splits / task->paced_splits : 0;
}

/* What a source may read: what is in its log by the last tick. */
static void look_at_log(struct exact *exact, struct exact_task *task)
{
    struct exact_job *job = &exact->jobs[task->life.job];
    const struct exact_vertex *vertex = &job->vertices[task->life.vertex];
    bool ended;
    if (vertex->source == NONE)
        return;
    struct exact_source *source = &job->sources.items[vertex->source];
    if (exec_task_waits(task->exec)) {
        if (source->paced)
            run_begin_paced(exact, (uint32_t)(task - exact->tasks.items));
        return;
    }
    if (source->paced) {
        exec_task_set_arrived(task->exec, paced_amount(exact, source, task), false);
        return;
    }
    time_ns at = exact_now(exact) / LOG_TICK * LOG_TICK;
    uint64_t arrived = log_arrived(source, at, &ended);
    exec_task_set_arrived(task->exec, arrived, ended);
}

/* When a source that has read all may find more. */
static time_ns next_arrival(struct exact *exact, const struct exact_task *task)
{
    struct exact_job *job = &exact->jobs[task->life.job];
    const struct exact_vertex *vertex = &job->vertices[task->life.vertex];
    bool ended;
    if (vertex->source == NONE || task->last == STEP_BACKPRESSURED ||
        exec_task_state(task->exec) != EXEC_RUNNING || exec_task_waits(task->exec))
        return TIME_NEVER;
    struct exact_source *source = &job->sources.items[vertex->source];
    time_ns now = exact_now(exact), tick = (now / LOG_TICK + 1) * LOG_TICK;
    if (source->paced)
        return curve_rate(&source->curve, now) > 0 ? tick : curve_next_change(&source->curve, now);
    uint64_t seen = log_arrived(source, tick - LOG_TICK, &ended);
    if (ended)
        return TIME_NEVER;
    time_ns at = curve_time(&source->curve, (double)seen + 1, 1e-6);
    if (source->bounded) {
        const struct series *series = source->curve.series;
        time_ns end = series->points.count > 0 ? vec_last(&series->points).at : 0;
        at = end < at ? end : at;
    }
    if (at == TIME_NEVER)
        return TIME_NEVER;
    at = (at + LOG_TICK - 1) / LOG_TICK * LOG_TICK;
    return at > tick ? at : tick;
}

/* An exponential service time, or what else was asked for, of so many records: their sum, taken for
 * log-normal, whose mean is right also where they are few. */
static time_ns vary(struct exact *exact, const struct exact_task *task, time_ns cost,
                    uint64_t records)
{
    double cv = exact->jobs[task->life.job].vertices[task->life.vertex].spec->service_cv;
    if (!(cv > 0) || records == 0 || cost == 0)
        return cost;
    double z = distribution_draw_normal(&exact->hosts.items[task->life.host].service);
    double variance = real_log(1 + cv * cv / (double)records);
    return real_time((double)cost * real_exp(sqrt(variance) * z - variance / 2));
}

static bool has_room(const struct exact *exact, const struct exact_task *task)
{
    const struct exact_vertex *vertex = &exact->jobs[task->life.job].vertices[task->life.vertex];
    for (uint32_t o = 0; o < vertex->program.bindings.count; o++)
        if (!result_partition_is_available(exec_task_output(task->exec, o)))
            return false;
    return true;
}

static void sleep_until_more(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_host *host = &exact->hosts.items[task->life.host];
    time_ns now = exact_now(exact), at = exec_task_deadline(task->exec);
    time_ns arrival = next_arrival(exact, task);
    task->pace = PACE_ASLEEP;
    at = arrival < at ? arrival : at;
    at = at < now ? now : at;
    /* An operator may be full although its output has room: its deadline wakes it. */
    if (task->last == STEP_BACKPRESSURED && !task->is_pressed && !has_room(exact, task)) {
        task->is_pressed = true;
        vec_push(&host->pressed, task_ref_of(&exact->life, index));
    }
    if (at == task->wake_at)
        return;
    sim_queue_cancel(exact->queue, &task->wake);
    task->wake_at = at;
    if (at != TIME_NEVER)
        task->wake = sim_queue_push(exact->queue, at, SIM_CLASS_DATA, wait_is_over, exact, index,
                                    task->life.generation);
}

static void wait_is_over(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct exact_task *task = &exact->tasks.items[a];
    if (task->life.generation != (uint32_t)b)
        return;
    task->wake_at = TIME_NEVER;
    task->wake = (struct sim_handle){ 0 };
    if (!exact_hold(exact, task->life.host, wait_is_over, a, b))
        run_wake(exact, (uint32_t)a);
}

/* What the task says behind a step. It may be gone or work no more afterwards. Gives how long the
 * synchronous part of a snapshot goes on. */
static time_ns hear_facts(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct node_id node = { task->life.host };
    struct task_fact fact;
    time_ns sync = 0;
    while (task_works(&task->life) && exec_task_take_fact(task->exec, &fact)) {
        switch (fact.kind) {
        case TASK_FACT_INPUT_RECOVERED: task_input_recovered(exact, index, fact.input); break;
        case TASK_FACT_SNAPSHOT:
            sync = time_add(sync, snapshot_begin(exact, index, fact.checkpoint));
            break;
        case TASK_FACT_DECLINED:
            snapshot_decline(exact, task->life.host, task->life.job, fact.checkpoint,
                             task->life.attempt, CAUSE_TASK_UNKNOWN);
            break;
        case TASK_FACT_END_OF_DATA: {
            struct task_attempt attempt = task->life.attempt;
            struct event_data report = { .kind = DATA_END_OF_DATA,
                                         .job = { task->life.job },
                                         .at_end = &attempt,
                                         .at_end_count = 1 };
            virtual_cluster_report(exact->cluster, node, &report);
            break;
        }
        case TASK_FACT_FINISHED:
            carry_outputs(exact, index);
            task_finish(&exact->life, index, false);
            break;
        case TASK_FACT_FAILED: exact_fail(exact, index); break;
        }
        task = &exact->tasks.items[index];
    }
    return sync;
}

/* The outcome of a step is there. */
static void settle(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    uint32_t host = task->life.host, generation = task->life.generation;
    run_account(exact, index);
    task->pace = PACE_ASLEEP;
    carry_outputs(exact, index);
    carry_credits(exact, index);
    told_blocks(exact, index);
    time_ns sync = hear_facts(exact, index);
    run_look_pressed(exact, host);
    task = &exact->tasks.items[index];
    if (task->life.generation != generation || !task_works(&task->life))
        return;
    if (sync > 0) {
        task->pace = PACE_WAITS;
        exact_push(exact, time_add(exact_now(exact), sync), step_is_over, index, generation);
        return;
    }
    for (VEC_EACH(const uint64_t, checkpoint, &task->syncing)) {
        told_snapshot(exact, index, "synchronous part over", *checkpoint, task->sync);
        vec_push(&task->gathering, *checkpoint);
    }
    vec_clear(&task->syncing);
    snapshot_store_written(exact, index);
    /* What it waited for may have come free when its outputs were carried just now. */
    bool has_room_again = task->last == STEP_BACKPRESSURED && has_room(exact, task) &&
                          chain_has_room(exec_task_chain(task->exec));
    if (task->last == STEP_WORKED || has_room_again || task->is_woken)
        run_wake(exact, index);
    else
        sleep_until_more(exact, index);
}

static void step_is_over(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    const struct exact_task *task = &exact->tasks.items[a];
    if (task->life.generation != (uint32_t)b || !task_works(&task->life) || !task->life.current)
        return;
    if (!exact_hold(exact, task->life.host, step_is_over, a, b))
        settle(exact, (uint32_t)a);
}

/* A SourceFunction that waits for room in its output holds the checkpoint lock, and hears of a
 * checkpoint when a buffer comes free; others hear of it in their mailbox, at once. */
static void hear_triggers(const struct exact *exact, struct exact_task *task)
{
    const struct exact_job *job = &exact->jobs[task->life.job];
    if (job->vertices[task->life.vertex].spec->source_function && !has_room(exact, task))
        return;
    for (VEC_EACH(const struct exact_trigger, trigger, &task->triggers))
        exec_task_trigger_checkpoint(task->exec, &trigger->barrier, trigger->stops);
    vec_clear(&task->triggers);
}

void run_leave_step(void *exact)
{
    longjmp(((struct exact *)exact)->way_out, 1);
}

/* A user's function that does not come back is left where it calls weir.h: nothing is half done
 * then but what belongs to its task, which has failed. */
static struct exec_step step_or_leave(struct exact *exact, struct exec_task *task)
{
    if (setjmp(exact->way_out) == 0)
        return exec_task_step(task, exact_now(exact));
    return exec_task_left(task);
}

static struct exec_step step(struct exact *exact, const struct exact_task *task)
{
    guard_enter(task_put_call, task);
    struct exec_step did = step_or_leave(exact, task->exec);
    guard_leave();
    return did;
}

/* One step, or several that cost nothing. */
static void work(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    const struct exact_job *job = &exact->jobs[task->life.job];
    const struct operator* head = exec_task_chain(task->exec)->operators[0];
    uint64_t before = head->records_in;
    struct exec_step did = { .kind = STEP_NOTHING };
    task->is_woken = false;
    run_account(exact, index);
    look_at_log(exact, task);
    hear_triggers(exact, task);
    memory_allow(exact, index);
    for (int i = 0; i < FREE_STEPS_MAX && did.cost == 0 && !task->awaits_writes; i++) {
        did = step(exact, task);
        write_note(task, &did);
        if (did.kind != STEP_WORKED)
            break;
    }
    memory_take(exact, index);
    task->last = did.kind;
    uint64_t records = head->records_in - before;
    double speed = exact->hosts.items[task->life.host].life.speed;
    time_ns cost = time_at_speed(vary(exact, task, did.cost, records), speed);
    task->wait = (time_ns)(job->vertices[task->life.vertex].spec->wait_ns * (double)records);
    task->pace = PACE_WORKS;
    if (cost > 0)
        cores_begin(exact, index, cost);
    else
        run_work_is_over(exact, index);
}

void run_work_is_over(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    CHECK(task_works(&task->life) && task->life.current && task->pace == PACE_WORKS);
    if (!write_holds(exact, index))
        run_goes_on(exact, index);
}

void run_goes_on(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (task->wait == 0) {
        settle(exact, index);
        return;
    }
    task->pace = PACE_WAITS;
    exact_push(exact, time_add(exact_now(exact), task->wait), step_is_over, index,
               task->life.generation);
}

static void step_begins(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    const struct exact_task *task = &exact->tasks.items[a];
    if (task->life.generation == (uint32_t)b && task->pace == PACE_QUEUED &&
        !exact_hold(exact, task->life.host, step_begins, a, b))
        work(exact, (uint32_t)a);
}

/* By an event of its own: who wakes it may be in the middle of things. */
void run_wake(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (!task_works(&task->life) || !task->life.current)
        return;
    if (task->pace != PACE_ASLEEP) {
        task->is_woken = true;
        return;
    }
    run_account(exact, index);
    task->pace = PACE_QUEUED;
    exact_push(exact, exact_now(exact), step_begins, index, task->life.generation);
}

void run_stop(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    sim_queue_cancel(exact->queue, &task->wake);
    task->wake_at = TIME_NEVER;
    if (task->pace == PACE_WORKS)
        cores_leave(exact, index);
    write_stop(exact, index);
    task->pace = PACE_ASLEEP;
    vec_clear(&task->syncing);
    vec_clear(&task->gathering);
}

void run_look_pressed(struct exact *exact, uint32_t index)
{
    struct exact_host *host = &exact->hosts.items[index];
    size_t kept = 0, count = host->pressed.count;
    for (size_t i = 0; i < count; i++) {
        struct task_ref ref = host->pressed.items[i];
        struct exact_task *task = &exact->tasks.items[ref.index];
        if (!task_ref_is_live(&exact->life, ref))
            continue;
        bool waits = task_works(&task->life) && task->pace == PACE_ASLEEP &&
                     task->last == STEP_BACKPRESSURED;
        if (waits && !has_room(exact, task)) {
            host->pressed.items[kept++] = ref;
            continue;
        }
        task->is_pressed = false;
        run_wake(exact, ref.index);
    }
    host->pressed.count = kept;
}
