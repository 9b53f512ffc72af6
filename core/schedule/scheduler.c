/* SPDX-License-Identifier: Apache-2.0
 *
 * What is the same for every scheduler: statuses, the graph, one move of one task with all that
 * hangs on it, the end. In: what the schedulers decide. Out: log lines, calls of the row and of the
 * checkpoint coordinator. Always: a job that has ended runs nothing and owes no answer.
 */
#include "core/schedule/parts.h"

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/checkpoint/coordinator_snapshots.h"

/* INITIALIZING until it is started; the graph, which is not there yet, would be CREATED. */
void scheduler_init(struct scheduler *s, const struct scheduler_row *row,
                    const struct scheduler_parts *parts, uint64_t seed)
{
    CHECK(row != NULL);
    CHECK(parts->job != NULL);
    CHECK(parts->effects != NULL);
    *s = (struct scheduler){ .row = row, .parts = *parts, .job = parts->job->id };
    s->graph_status = JOB_CREATED;
    s->status = JOB_INITIALIZING;
    row->init(s, seed);
}

/* The row first: it may look at the graph. What was lent stays the JobMaster's. */
void scheduler_fini(struct scheduler *s)
{
    s->row->fini(s);
    if (s->graph)
        execution_graph_destroy(s->graph);
    timers_fini(&s->timers);
    vec_fini(&s->slots);
    vec_fini(&s->slot_tasks);
    vec_fini(&s->slot_of_task);
    vec_fini(&s->batches);
    index_map_fini(&s->slot_by_allocation);
    index_map_fini(&s->last_of_node);
}

/* The stamp of the event being worked on: there is no other clock. */
time_ns scheduler_now(const struct scheduler *s)
{
    return s->parts.effects->now;
}

/* The value is left out of the line by those who print it when it is 0. */
void scheduler_log(struct scheduler *s, const char *machine, const char *what, int64_t value,
                   const char *reason)
{
    effects_log(s->parts.effects, &(struct log_line){ .level = LOG_DECISION,
                                                      .machine = machine,
                                                      .what = what,
                                                      .subject = LOG_OF_JOB | LOG_OF_VALUE,
                                                      .job = s->job,
                                                      .value = value,
                                                      .reason = reason });
}

/* No table is asked: what clients see jumps where no graph moves, as from INITIALIZING to CREATED.
 * The graph's own moves are checked in scheduler_move_graph_status. */
void scheduler_show_status(struct scheduler *s, enum job_status status)
{
    CHECK(status < JOB_STATUS_COUNT);
    s->status = status;
}

/* The gate says when, the coordinator does it, and the log says so as Flink's does. */
static void apply_gate(struct scheduler *s, enum gate_outcome outcome)
{
    struct checkpoint_coordinator *checkpoints = s->parts.checkpoints;
    if (outcome == GATE_KEEP || !checkpoint_coordinator_is_periodic(checkpoints))
        return;
    if (outcome == GATE_START) {
        scheduler_log(s, "checkpoint", "starting checkpoint scheduler", 0, NULL);
        checkpoint_coordinator_start_periodic(checkpoints, s->parts.effects);
    } else {
        scheduler_log(s, "checkpoint", "stopping checkpoint scheduler", 0, NULL);
        checkpoint_coordinator_stop_periodic(checkpoints, CHECKPOINT_FAILURE_SUSPENDED,
                                             s->parts.effects);
    }
}

/* JobStatus of the execution graph. The adaptive scheduler has a new graph, and so a new life of
 * the status, after each restart; the default scheduler has one. */
void scheduler_move_graph_status(struct scheduler *s, enum job_status to, const char *reason)
{
    machine_check_move(&job_statuses, s->graph_status, to);
    effects_log(s->parts.effects,
                &(struct log_line){ .level = LOG_DECISION,
                                    .machine = job_statuses.machine,
                                    .what = "move",
                                    .from = state_name(&job_statuses, s->graph_status),
                                    .to = state_name(&job_statuses, to),
                                    .subject = LOG_OF_JOB,
                                    .job = s->job,
                                    .reason = reason });
    s->graph_status = to;
}

/* What the gate counts has been counted all along; from here on it also acts. */
void scheduler_open_gate(struct scheduler *s)
{
    apply_gate(s, checkpoint_gate_on_job_running(&s->gate));
}

/* A rescale may ask for more than key groups that a snapshot has fixed; Flink finds out when the
 * new graph takes its state over (StateAssignmentOperation.checkParallelismPreconditions). */
static struct err check_parallelism(const struct job_graph *job, const int32_t *parallelism,
                                    const int32_t *max_parallelism, struct note *note)
{
    for (size_t v = 0; v < job->vertices.count; v++)
        if (parallelism[v] > max_parallelism[v])
            return err_note(note, ERR_REFUSED_CODE,
                            "The state for task %s can not be restored. The maximum parallelism "
                            "(%d) of the restored state is lower than the configured parallelism "
                            "(%d)",
                            job->vertices.items[v].name, max_parallelism[v], parallelism[v]);
    return OK;
}

/* Before a graph of these parallelisms is made. False: what the job is to start from is not there
 * or does not fit; why has been said, and the job is to end (Flink: JobInitializationException). */
bool scheduler_restore_snapshot(struct scheduler *s, const int32_t *parallelism,
                                int32_t *max_parallelism)
{
    struct note note;
    CHECK(s->graph == NULL || completed_store_latest(&s->parts.checkpoints->store) ||
          !*s->parts.config->recovery_path.text);
    struct err restored = checkpoint_coordinator_restore_snapshot(
        s->parts.checkpoints, s->parts.job, parallelism, max_parallelism, s->parts.effects, &note);
    if (!err_is(restored))
        restored = check_parallelism(s->parts.job, parallelism, max_parallelism, &note);
    if (!err_is(restored))
        return true;
    scheduler_log(s, "job", "restore refused", 0, note.text);
    return false;
}

/* Null, and silence: the tasks begin with nothing. */
const struct completed_checkpoint *scheduler_log_restore(struct scheduler *s)
{
    const struct completed_checkpoint *latest =
        completed_store_latest(&s->parts.checkpoints->store);
    if (latest)
        scheduler_log(s, "checkpoint", "restore from checkpoint", (int64_t)latest->id, NULL);
    return latest;
}

/* A job that ends without its graph doing so, as when it never had one. */
void scheduler_log_archived(struct scheduler *s, enum job_status status, const char *reason)
{
    CHECK(state_is_final(&job_statuses, status));
    if (s->graph_status == status)
        return;
    effects_log(s->parts.effects, &(struct log_line){ .level = LOG_DECISION,
                                                      .machine = job_statuses.machine,
                                                      .what = "archived",
                                                      .to = state_name(&job_statuses, status),
                                                      .subject = LOG_OF_JOB,
                                                      .job = s->job,
                                                      .reason = reason });
}

/* The slots of the old graph were given back as its tasks ended. */
void scheduler_set_graph(struct scheduler *s, struct execution_graph *graph,
                         const struct shared_slots *shared)
{
    CHECK(graph != NULL);
    CHECK(graph != s->graph);
    if (s->graph)
        execution_graph_destroy(s->graph);
    s->graph = graph;
    s->graph->number = s->graph_count++;
    s->gate = (struct checkpoint_gate){ 0 };
    s->announced_deploying = s->announced_running = false;
    vec_resize(&s->slots, shared->slots.count);
    vec_resize(&s->slot_tasks, shared->tasks.count);
    vec_resize(&s->slot_of_task, graph->task_count);
    vec_clear(&s->batches);
    vec_resize(&s->batches, graph->task_count);
    CHECK(s->slot_by_allocation.count == 0); /* the old graph has ended, and so has its use */
    CHECK(s->last_of_node.count == 0);
    CHECK(shared->tasks.count == graph->task_count);
    for (size_t i = 0; i < shared->tasks.count; i++)
        s->slot_tasks.items[i] = shared->tasks.items[i];
    for (uint32_t i = 0; i < shared->slots.count; i++) {
        const struct shared_slot *from = &shared->slots.items[i];
        s->slots.items[i] = (struct task_slot){ .group = from->group,
                                                .first = from->first,
                                                .count = from->count,
                                                .allocation = allocation_id_none(),
                                                .previous = allocation_id_none(),
                                                .node = node_id_none(),
                                                .next_here = ID_NONE,
                                                .before_here = ID_NONE };
        for (uint32_t j = 0; j < from->count; j++)
            s->slot_of_task.items[shared->tasks.items[from->first + j].n] = i;
    }
}

/* The largest of the vertices, as Flink's own line has it. */
static uint32_t graph_parallelism(const struct execution_graph *graph)
{
    uint32_t most = 0;
    for (size_t v = 0; v < graph->job->vertices.count; v++)
        if (graph->vertices[v].parallelism > most)
            most = graph->vertices[v].parallelism;
    return most;
}

/* The lines by which a person, and a recording of Flink, tells how far a deployment is. */
static void announce(struct scheduler *s, enum execution_state to)
{
    if (to == EXECUTION_DEPLOYING && !s->announced_deploying) {
        s->announced_deploying = true;
        scheduler_log(s, "job", "first task DEPLOYING", s->graph->task_count, NULL);
    }
    if (to == EXECUTION_RUNNING && !s->announced_running &&
        execution_graph_all_running_or_finished(s->graph)) {
        s->announced_running = true;
        char text[48];
        text_format(text, sizeof text, "parallelism %u", graph_parallelism(s->graph));
        scheduler_log(s, "job", "all tasks RUNNING",
                      execution_graph_count(s->graph, EXECUTION_RUNNING), text);
    }
}

/* The periodic timer has two switches (Flink 2.3): the first task that reports RUNNING starts it if
 * it does not run, whatever the job waits for (another region's restart), and the gate starts it
 * afresh when all run. */
static void start_checkpoints(struct scheduler *s, enum execution_state to)
{
    struct checkpoint_coordinator *checkpoints = s->parts.checkpoints;
    if (to != EXECUTION_RUNNING || !checkpoint_coordinator_is_periodic(checkpoints) ||
        checkpoints->scheduler_running)
        return;
    checkpoint_coordinator_start_periodic(checkpoints, s->parts.effects);
    /* Without a delay the tick, and the plan it makes, come before the next task's report: Flink
     * has a message per task, and they run in between. Behind the last task's report there is no
     * next one: the gate starts the timer afresh in the same turn. */
    bool is_last = execution_graph_all_running_or_finished(s->graph);
    for (int turn = 0; turn < 2 && !is_last; turn++)
        if (checkpoint_coordinator_deadline(checkpoints) <= scheduler_now(s))
            checkpoint_coordinator_on_time(checkpoints, s->parts.effects);
}

/* Order matters where a log can show it: the task's own line, then the timer's, then what the end
 * of the slot's use leads to. */
void scheduler_move_task(struct scheduler *s, struct task_id task, enum execution_state to,
                         enum failure_cause cause)
{
    struct execution *execution = &s->graph->tasks[task.n];
    enum execution_state from = (enum execution_state)execution->state;
    execution_graph_move(s->graph, task, to, cause, s->parts.effects);
    uint32_t slot = s->slot_of_task.items[task.n];
    struct task_slot *own = &s->slots.items[slot];
    bool occupied = execution_occupies_slot(from), occupies = execution_occupies_slot(to);
    if (occupies && !occupied)
        own->live++;
    start_checkpoints(s, to);
    apply_gate(s, checkpoint_gate_on_move(&s->gate, from, to));
    announce(s, to);
    if (occupies || !occupied)
        return;
    CHECK(own->live > 0);
    if (--own->live > 0)
        return;
    scheduler_leave_slot(s, slot, true);
    s->row->slot_left(s, slot);
}

/* The coordinator hears nothing: a checkpoint that waits for the task can expire, be declined, or
 * end with the task's restart (DefaultScheduler; failUnacknowledgedPendingCheckpointsFor has no
 * caller left). */
void scheduler_fail_task(struct scheduler *s, struct task_id task, enum failure_cause cause)
{
    CHECK(cause != CAUSE_NONE);
    scheduler_move_task(s, task, EXECUTION_FAILED, cause);
    s->row->failed(s, task, cause);
}

/* Where it ran is written down now; a restart forgets it. */
void scheduler_remember(struct scheduler *s, struct task_id task, enum failure_cause cause,
                        bool is_root)
{
    CHECK(cause < CAUSE_COUNT);
    CHECK(cause != CAUSE_NONE);
    struct exception_entry entry = { .at = scheduler_now(s),
                                     .cause = cause,
                                     .task = { .task = task },
                                     .vertex = vertex_id_none(),
                                     .node = node_id_none(),
                                     .remote = node_id_none(),
                                     .is_root = is_root };
    if (!task_id_is_none(task)) {
        entry.task = execution_graph_attempt(s->graph, task);
        entry.vertex = s->graph->tasks[task.n].vertex;
        entry.subtask = s->graph->tasks[task.n].subtask;
        entry.node = s->graph->tasks[task.n].node;
        entry.remote = s->graph->tasks[task.n].remote;
        entry.detail = s->graph->tasks[task.n].detail;
    }
    if (is_root)
        exception_history_add_root(s->parts.exceptions, &entry);
    else
        exception_history_add_concurrent(s->parts.exceptions, &entry);
}

/* Flink's delays are whole milliseconds, and its clock goes on while it restarts. Ours stands still
 * in a step: where nothing else takes time (no latency, a delay of 0, or what is left of a planned
 * one), a job that fails at once would fail for ever in the same instant. */
time_ns scheduler_restart_delay(const struct scheduler *s)
{
    const time_ns least = TIME_MS;
    time_ns delay = restart_strategy_backoff(s->parts.restarts, scheduler_now(s));
    CHECK(delay >= 0);
    return delay > least ? delay : least;
}

void scheduler_begin_stop(struct scheduler *s, bool drain, uint64_t token)
{
    CHECK(token != 0);
    CHECK(s->stop_token == 0);
    s->stop_token = token;
    s->stop_savepoint = 0;
    s->stop_request = checkpoint_coordinator_request(
        s->parts.checkpoints, drain ? CHECKPOINT_STOP_DRAIN : CHECKPOINT_STOP_SUSPEND, token,
        s->parts.effects);
}

/* Not by the asker's token: one that asks again before it is answered may use the same. */
bool scheduler_is_of_stop(const struct scheduler *s,
                          const struct checkpoint_coordinator_order *order)
{
    return s->stop_token != 0 && order->request == s->stop_request;
}

/* Once: whoever comes second finds no token. */
void scheduler_answer_stop(struct scheduler *s, bool failed)
{
    if (s->stop_token == 0)
        return;
    CHECK(!s->wishes.answer_stop);
    s->wishes.answer_stop = true;
    s->wishes.stop_failed = failed;
    s->wishes.stop_token = s->stop_token;
    s->wishes.stop_savepoint = s->stop_savepoint;
    s->stop_token = 0;
}

/* Nothing is left pending: a stop is answered, checkpoints are shut down and kept or not, and the
 * JobMaster is told. */
void scheduler_end(struct scheduler *s, enum job_status status)
{
    CHECK(state_is_final(&job_statuses, status));
    scheduler_answer_stop(s, status != JOB_FINISHED || s->stop_savepoint == 0);
    scheduler_show_status(s, status);
    enum checkpoint_job_end end = JOB_END_FAILED;
    if (status == JOB_FINISHED)
        end = JOB_END_FINISHED;
    else if (status == JOB_CANCELED)
        end = JOB_END_CANCELED;
    checkpoint_coordinator_shutdown(s->parts.checkpoints, end, s->parts.effects);
    s->wishes.ended = true;
}

/* Globally terminal, SUSPENDED included: nothing leads out of it. */
bool scheduler_is_ended(const struct scheduler *s)
{
    return state_is_final(&job_statuses, s->status);
}

/* The rings of TaskManagers and the index by allocation follow from the slots. */
static uint64_t hash_slots(const struct scheduler *s, uint64_t hash)
{
    for (VEC_EACH(const struct task_slot, slot, &s->slots)) {
        hash = hash_add(hash, (uint64_t)slot->live << 32 | slot->allocation.n);
        hash = hash_add(hash, (uint64_t)slot->previous.n << 32 | slot->node.n);
    }
    for (VEC_EACH(const struct task_batches, batches, &s->batches))
        hash = hash_add(hash, (uint64_t)batches->submit << 32 | batches->cancel);
    return hash;
}

/* The parts that are lent have hashes of their own (job_master_hash). */
uint64_t scheduler_hash(const struct scheduler *s)
{
    uint64_t hash = hash_add(s->status, s->graph_status);
    hash = hash_add(hash, (uint64_t)s->restart_count << 32 | s->rescale_count);
    hash = hash_add(hash, (uint64_t)s->gate.open << 1 | s->gate.active);
    hash = hash_add(hash, (uint64_t)s->announced_deploying << 1 | s->announced_running);
    hash = hash_add(hash, s->next_batch);
    hash = hash_add(hash, s->stop_token);
    hash = hash_add(hash, s->stop_request);
    hash = hash_add(hash, s->stop_savepoint);
    hash = hash_add(hash, (uint64_t)timers_next(&s->timers));
    if (s->graph)
        hash = hash_add(hash, execution_graph_hash(s->graph));
    return hash_add(hash_slots(s, hash), s->row->hash(s));
}

/* The invariant of what all schedulers share, then the row's own. */
void scheduler_check(const struct scheduler *s)
{
    if (s->graph)
        scheduler_check_slots(s);
    CHECK(!scheduler_is_ended(s) || !s->graph || execution_graph_all_ended(s->graph));
    CHECK(!scheduler_is_ended(s) || s->stop_token == 0);
    CHECK(s->rescale_count <= s->restart_count);
    s->row->check(s);
}
