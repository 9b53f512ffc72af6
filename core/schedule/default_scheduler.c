/* SPDX-License-Identifier: Apache-2.0
 *
 * The default scheduler: one execution graph for the whole life of the job, scheduled region by
 * region. In: the calls of scheduler_row. Out: moves, submits and cancels, wishes. Always: the
 * graph's status is the job's status.
 */
#include "core/schedule/default_scheduler.h"

#include "core/base/hash.h"

/* One graph for the whole life of the job, so its status and what clients see never differ. */
void default_scheduler_move(struct scheduler *s, enum job_status to, const char *reason)
{
    scheduler_move_graph_status(s, to, reason);
    scheduler_show_status(s, to);
}

/* The graph is made at the start, not here: a job that is refused later has cost nothing. */
static void default_init(struct scheduler *s, uint64_t seed)
{
    (void)seed; /* the default scheduler draws nothing of its own */
    s->own.pipelined = mem_create(sizeof *s->own.pipelined);
}

/* Regions exist from the start on only. */
static void default_fini(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    default_slots_fini(own);
    default_failover_fini(own);
    vec_fini(&own->stop_attempts);
    if (own->regions)
        regions_destroy(own->regions);
    mem_destroy(own);
}

/* Once for the life of the job, with the parallelism the job says. False: the job cannot start from
 * what it was told to. */
static bool create_graph(struct scheduler *s)
{
    const struct job_graph *job = s->parts.job;
    size_t count = job->vertices.count;
    int32_t *parallelism = mem_create_array(count, sizeof *parallelism);
    int32_t *max_parallelism = mem_create_array(count, sizeof *max_parallelism);
    for (uint32_t v = 0; v < count; v++) {
        parallelism[v] = job->vertices.items[v].parallelism;
        max_parallelism[v] = job_graph_max_parallelism(job, (struct vertex_id){ v });
    }
    struct execution_graph *graph = NULL;
    if (scheduler_restore_snapshot(s, parallelism, max_parallelism))
        graph = execution_graph_create(job, parallelism, max_parallelism, NULL, scheduler_now(s));
    mem_destroy(parallelism);
    mem_destroy(max_parallelism);
    if (!graph)
        return false;
    struct shared_slots shared = { 0 };
    if (config_balance(s->parts.config) == LOAD_BALANCE_TASKS)
        slot_sharing_balanced(graph, &shared);
    else
        slot_sharing_local_input(graph, &shared);
    scheduler_set_graph(s, graph, &shared);
    shared_slots_fini(&shared);
    s->own.pipelined->regions = regions_create(graph);
    checkpoint_coordinator_set_graph(s->parts.checkpoints, graph);
    return true;
}

/* The gate opens before the first task is scheduled: it starts the periodic timer and stops it
 * again in the same instant (as recorded of Flink 2.3; only the last start counts). */
static void default_start(struct scheduler *s)
{
    if (!create_graph(s)) {
        scheduler_remember(s, task_id_none(), CAUSE_GRAPH, true);
        scheduler_log_archived(s, JOB_FAILED, failure_cause_sentence(CAUSE_GRAPH));
        scheduler_end(s, JOB_FAILED);
        return;
    }
    default_slots_init(s);
    default_failover_init(s);
    default_scheduler_move(s, JOB_RUNNING, NULL);
    scheduler_log_restore(s);
    scheduler_open_gate(s);
    struct task_list all = { 0 };
    vec_resize(&all.ids, s->graph->task_count);
    for (uint32_t i = 0; i < s->graph->task_count; i++)
        all.ids.items[i] = (struct task_id){ i };
    default_scheduler_start_regions(s, all.ids.items, all.ids.count);
    vec_fini(&all.ids);
}

/* Streaming regions have no blocking inputs, so each can start at once; each is one bulk of slots.
 * The tasks are complete regions, ascending, and pipelined regions are numbered by their least
 * tasks: meeting a region's first task is meeting the region in its turn. */
void default_scheduler_start_regions(struct scheduler *s, const struct task_id *tasks, size_t count)
{
    const struct regions *regions = s->own.pipelined->regions;
    s->announced_deploying = s->announced_running = false;
    size_t scheduled = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t r = regions->of_task[tasks[i].n].n;
        uint32_t first = regions->first[r], size = regions->first[r + 1] - first;
        if (!task_id_equal(regions->tasks[first], tasks[i]))
            continue;
        default_slots_schedule(s, regions->tasks + first, size);
        scheduled += size;
    }
    CHECK(scheduled == count);
    default_slots_offer(s, NULL, 0);
}

/* On the way to an end nothing is restarted any more. */
static bool is_ending(const struct scheduler *s)
{
    return s->status == JOB_FAILING || s->status == JOB_CANCELLING;
}

/* Graph first: its line in the log is the end of the job's story, what is let go comes after. */
static void end(struct scheduler *s, enum job_status status, const char *reason)
{
    scheduler_move_graph_status(s, status, reason);
    scheduler_end(s, status);
}

/* The last task to end decides when, the status says as what. */
static void end_when_all_ended(struct scheduler *s)
{
    if (!execution_graph_all_ended(s->graph))
        return;
    if (s->status == JOB_FAILING)
        end(s, JOB_FAILED, failure_cause_sentence(s->own.pipelined->end_cause));
    else if (s->status == JOB_CANCELLING)
        end(s, JOB_CANCELED, NULL);
}

/* The job's end begins: nothing restarts, nothing waits for slots, what runs is cancelled. */
void default_scheduler_fail(struct scheduler *s, enum failure_cause cause, const char *reason)
{
    s->own.pipelined->end_cause = cause;
    default_failover_drop_all(s);
    default_slots_drop_all(s);
    default_scheduler_move(s, JOB_FAILING, reason);
    checkpoint_coordinator_abort_pending(s->parts.checkpoints, CHECKPOINT_FAILURE_JOB_FAILURE,
                                         s->parts.effects);
    scheduler_cancel_all_tasks(s);
    end_when_all_ended(s);
}

/* The failover of the failed task comes before a stop-with-savepoint sees that it has failed: in
 * Flink the latter waits for the end of all tasks. */
static void default_failed(struct scheduler *s, struct task_id task, enum failure_cause cause)
{
    if (is_ending(s)) {
        end_when_all_ended(s);
        return;
    }
    default_failover_on_failure(s, task, cause);
    if (!task_id_is_none(task))
        default_stop_on_ended(s, task);
}

/* Only ends matter: of all tasks to the job, of one to the restart it belongs to. */
static void default_task_moved(struct scheduler *s, struct task_id task)
{
    enum execution_state state = (enum execution_state)s->graph->tasks[task.n].state;
    if (!execution_state_is_terminal(state))
        return;
    if (is_ending(s)) {
        end_when_all_ended(s);
    } else if (execution_graph_count(s->graph, EXECUTION_FINISHED) == s->graph->task_count) {
        end(s, JOB_FINISHED, NULL);
    } else {
        if (state != EXECUTION_FINISHED)
            default_failover_on_ended(s, task);
        default_stop_on_ended(s, task);
    }
}

/* The row's names for what default_slots.c does. */
static void default_slots_gained(struct scheduler *s, const struct allocation_id *gained,
                                 size_t count)
{
    default_slots_offer(s, gained, count);
}

/* After the start-up period this may come 50 ms after each restart, for as long as a TaskManager is
 * missing: the loop that was recorded of Flink 2.3 (surprise 10). */
static void default_resources_refused(struct scheduler *s, uint32_t missing)
{
    default_slots_refuse_all(s, missing);
}

/* What waits for a restart or for slots is dropped before tasks are cancelled, so that no end of a
 * task can bring it back. A failing job has its tasks cancelled already; all that changes is what
 * it ends as (DefaultExecutionGraph.cancel, failJob). */
static void default_cancel(struct scheduler *s)
{
    if (s->status == JOB_CANCELLING)
        return;
    default_failover_drop_all(s);
    default_slots_drop_all(s);
    default_scheduler_move(s, JOB_CANCELLING, NULL);
    checkpoint_coordinator_abort_pending(s->parts.checkpoints, CHECKPOINT_FAILURE_SUSPENDED,
                                         s->parts.effects);
    scheduler_cancel_all_tasks(s);
    end_when_all_ended(s);
}

/* The dispatcher has stored the bounds by now: Flink, too, finds out only here. */
static struct err default_require(struct scheduler *s, const struct vertex_bounds *bounds,
                                  size_t count, struct note *note)
{
    (void)s;
    (void)bounds;
    (void)count;
    return err_note(note, ERR_REFUSED_CODE,
                    "the default scheduler cannot change a job's parallelism, "
                    "jobmanager.scheduler must be adaptive");
}

/* Handles of timers are cancelled with what they belong to, so whatever fires is still meant. */
static void default_on_timer(struct scheduler *s, const struct timer *timer)
{
    switch ((enum default_timer)timer->kind) {
    case TIMER_BULK_TIMEOUT: default_slots_on_timeout(s, timer->subject); break;
    case TIMER_RESTART_DELAY: default_failover_on_delay(s, timer->subject); break;
    case TIMER_DEPLOY: default_slots_deploy(s); break;
    case TIMER_STABLE: default_slots_offer(s, NULL, 0); break;
    }
}

/* No clock of its own beside the shared timers. */
static void default_on_time(struct scheduler *s)
{
    (void)s;
}

static time_ns default_deadline(const struct scheduler *s)
{
    (void)s;
    return TIME_NEVER;
}

/* It has no states beside the job's statuses. */
static const char *default_state_name(const struct scheduler *s)
{
    return state_name(&job_statuses, s->status);
}

/* The attempts a stop waits for follow from the graph at its time; how many are left is enough. */
static uint64_t default_hash(const struct scheduler *s)
{
    const struct default_scheduler *own = s->own.pipelined;
    uint64_t hash = hash_add(own->end_cause, own->stop_waiting);
    hash = default_slots_hash(own, hash);
    return default_failover_hash(own, hash);
}

/* A stop is over when its tasks have ended and its savepoint is known, so one that is open lacks
 * one of them. */
static void default_check(const struct scheduler *s)
{
    if (!s->graph) {
        CHECK(scheduler_is_ended(s)); /* it could not be made */
        return;
    }
    CHECK(s->status == s->graph_status);
    CHECK(s->stop_token == 0 || s->own.pipelined->stop_waiting > 0 || s->stop_savepoint == 0);
    default_slots_check(s);
    default_failover_check(s);
}

const struct scheduler_row default_scheduler_row = {
    .name = "Default",
    .init = default_init,
    .fini = default_fini,
    .start = default_start,
    .slots_gained = default_slots_gained,
    .resources_refused = default_resources_refused,
    .failed = default_failed,
    .task_moved = default_task_moved,
    .slot_left = default_slots_left,
    .checkpoint_ended = default_stop_on_checkpoint,
    .cancel = default_cancel,
    .stop = default_stop,
    .require = default_require,
    .on_timer = default_on_timer,
    .on_time = default_on_time,
    .deadline = default_deadline,
    .state_name = default_state_name,
    .hash = default_hash,
    .check = default_check,
};
