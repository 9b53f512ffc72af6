/* SPDX-License-Identifier: Apache-2.0
 *
 * The plan of a checkpoint and the acknowledgements it collects. In: the execution graph as it
 * stands, then what tasks say. Out: the tasks to trigger, and when the last one has acknowledged.
 * Always: to_acknowledge is the number of tasks whose bit is clear.
 */
#include "core/checkpoint/pending_checkpoint.h"

#include "core/base/hash.h"

/* From the list of the header, so no reason can lack its words. */
static const struct {
    const char *name, *text;
    bool counted;
} failure_rows[CHECKPOINT_FAILURE_COUNT] = {
#define X(name, flink_name, text, counted) { flink_name, text, counted },
    CHECKPOINT_FAILURES(X)
#undef X
};

const char *const checkpoint_kind_names[CHECKPOINT_KIND_COUNT] = {
    [CHECKPOINT_PERIODIC] = "checkpoint",
    [CHECKPOINT_SAVEPOINT] = "savepoint",
    [CHECKPOINT_STOP_SUSPEND] = "stop with savepoint",
    [CHECKPOINT_STOP_DRAIN] = "stop with savepoint, draining",
};

/* FINALIZING is not safe yet: the metadata may not get written, and a restart does not wait for
 * them. */
static const struct state_row rows[PENDING_STATE_COUNT] = {
    [PENDING_TRIGGERED] = { "TRIGGERED", STATE(PENDING_FINALIZING) | STATE(PENDING_ABORTED),
                            STATE_INITIAL },
    [PENDING_FINALIZING] = { "FINALIZING", STATE(PENDING_COMPLETED) | STATE(PENDING_ABORTED), 0 },
    [PENDING_COMPLETED] = { "COMPLETED", 0, STATE_FINAL },
    [PENDING_ABORTED] = { "ABORTED", 0, STATE_FINAL | STATE_FAILURE },
};

const struct state_table pending_checkpoint_states = { "pending checkpoint", rows,
                                                       PENDING_STATE_COUNT };

const char *checkpoint_failure_text(enum checkpoint_failure failure)
{
    CHECK(failure < CHECKPOINT_FAILURE_COUNT);
    return failure_rows[failure].text;
}

const char *checkpoint_failure_name(enum checkpoint_failure failure)
{
    CHECK(failure < CHECKPOINT_FAILURE_COUNT);
    return failure_rows[failure].name;
}

bool checkpoint_failure_is_counted(enum checkpoint_failure failure)
{
    CHECK(failure < CHECKPOINT_FAILURE_COUNT);
    return failure_rows[failure].counted;
}

/* Savepoints are the user's: the coordinator neither subsumes nor retains nor discards them. */
bool checkpoint_kind_is_savepoint(enum checkpoint_kind kind)
{
    CHECK(kind < CHECKPOINT_KIND_COUNT);
    return kind != CHECKPOINT_PERIODIC;
}

/* Its tasks stand still behind the barrier until they hear how it ended. */
bool checkpoint_kind_is_synchronous(enum checkpoint_kind kind)
{
    CHECK(kind < CHECKPOINT_KIND_COUNT);
    return kind == CHECKPOINT_STOP_SUSPEND || kind == CHECKPOINT_STOP_DRAIN;
}

/* Ranges cost two divisions a task; done once per graph, a checkpoint only copies them. */
void task_states_of_graph(const struct execution_graph *graph, struct task_states *out)
{
    vec_clear(out);
    vec_reserve(out, graph->task_count);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        const struct execution *task = &graph->tasks[t];
        const struct execution_vertex_range *vertex = &graph->vertices[task->vertex.n];
        struct key_group_range range = key_group_range_of(
            (int32_t)task->subtask, (int32_t)vertex->parallelism, vertex->max_parallelism);
        vec_push(out, (struct task_state){ .vertex = task->vertex,
                                           .subtask = task->subtask,
                                           .parallelism = vertex->parallelism,
                                           .range = range });
    }
}

static bool is_finished(const struct execution_graph *graph, uint32_t task)
{
    return graph->tasks[task].state == EXECUTION_FINISHED;
}

/* Bounded data behind a barrier that cannot pass: no checkpoint while such a producer runs. */
static bool has_blocking_output(const struct execution_graph *graph)
{
    const struct job_graph *job = graph->job;
    for (VEC_EACH(const struct job_edge, edge, &job->edges)) {
        if (result_type_rows[edge->result].constraint != CONSUME_BLOCKING)
            continue;
        const struct execution_vertex_range *producer = &graph->vertices[edge->producer.n];
        for (uint32_t i = 0; i < producer->parallelism; i++)
            if (!is_finished(graph, producer->first_task + i))
                return true;
    }
    return false;
}

/* Of each vertex, the number of subtasks that have not finished; the caller destroys it. */
static uint32_t *count_unfinished(const struct execution_graph *graph)
{
    uint32_t *unfinished = mem_create_array(graph->job->vertices.count, sizeof *unfinished);
    for (uint32_t t = 0; t < graph->task_count; t++)
        unfinished[graph->tasks[t].vertex.n] += !is_finished(graph, t);
    return unfinished;
}

/* Does some producer of the task still run? Then the barrier will come from there. */
static bool waits_for_producer(const struct execution_graph *graph, uint32_t task,
                               const uint32_t *unfinished)
{
    const struct job_graph *job = graph->job;
    const struct job_vertex *vertex = &job->vertices.items[graph->tasks[task].vertex.n];
    for (VEC_EACH(const uint32_t, input, &vertex->inputs)) {
        const struct job_edge *edge = &job->edges.items[*input];
        if (unfinished[edge->producer.n] == 0)
            continue;
        if (edge->pattern == DISTRIBUTION_ALL_TO_ALL)
            return true;
        struct subtask_range from = edge_producers_of(graph, *input, graph->tasks[task].subtask);
        uint32_t first = graph->vertices[edge->producer.n].first_task;
        for (uint32_t i = from.first; i <= from.last; i++)
            if (!is_finished(graph, first + i))
                return true;
    }
    return false;
}

/* Every task runs or will: only sources are triggered. */
static void plan_all_running(struct pending_checkpoint *pending,
                             const struct execution_graph *graph)
{
    for (uint32_t v = 0; v < graph->job->vertices.count; v++) {
        if (!job_graph_is_source(graph->job, (struct vertex_id){ v }))
            continue;
        const struct execution_vertex_range *vertex = &graph->vertices[v];
        for (uint32_t i = 0; i < vertex->parallelism; i++)
            vec_push(&pending->to_trigger.ids, (struct task_id){ vertex->first_task + i });
    }
    pending->to_acknowledge = graph->task_count;
}

/* calculateAfterTasksFinished: a finished task acknowledges nothing and stores nothing, but the
 * checkpoint knows of it. */
static void plan_some_finished(struct pending_checkpoint *pending,
                               const struct execution_graph *graph)
{
    uint32_t *unfinished = count_unfinished(graph);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        if (is_finished(graph, t)) {
            pending->acknowledged.items[t / 32] |= 1u << t % 32;
            pending->states.items[t].finished = true;
            continue;
        }
        pending->to_acknowledge++;
        if (!waits_for_producer(graph, t, unfinished))
            vec_push(&pending->to_trigger.ids, (struct task_id){ t });
    }
    mem_destroy(unfinished);
}

/* checkTasksStarted, over getTasksToWaitFor: each task that is to acknowledge must be RUNNING, not
 * only those that are triggered (the check of Flink 1.17 and later). */
static bool all_waited_for_run(const struct pending_checkpoint *pending,
                               const struct execution_graph *graph)
{
    return pending->to_acknowledge > 0 &&
           execution_graph_count(graph, EXECUTION_RUNNING) == pending->to_acknowledge;
}

/* Whatever an earlier checkpoint left in this memory is overwritten here. */
static void copy_template(struct pending_checkpoint *pending, const struct execution_graph *graph,
                          const struct task_states *template_states)
{
    CHECK(template_states->count == graph->task_count);
    vec_clear(&pending->to_trigger.ids);
    vec_clear(&pending->acknowledged);
    vec_resize(&pending->acknowledged, (graph->task_count + 31) / 32);
    vec_resize(&pending->attempts, graph->task_count);
    for (uint32_t t = 0; t < graph->task_count; t++)
        pending->attempts.items[t] = graph->tasks[t].attempt;
    vec_resize(&pending->states, graph->task_count);
    memcpy(pending->states.items, template_states->items,
           graph->task_count * sizeof *template_states->items);
    pending->to_acknowledge = 0;
}

/* Nothing is spent on a plan that is refused: number and timer come after it. What it leaves in
 * `pending` the next one overwrites. */
enum checkpoint_failure pending_checkpoint_plan(struct pending_checkpoint *pending,
                                                const struct execution_graph *graph,
                                                const struct task_states *template_states,
                                                bool allow_finished)
{
    bool some_finished = execution_graph_count(graph, EXECUTION_FINISHED) > 0;
    if (some_finished && !allow_finished)
        return CHECKPOINT_FAILURE_NOT_ALL_RUNNING;
    if (has_blocking_output(graph))
        return CHECKPOINT_FAILURE_BLOCKING_OUTPUT;
    copy_template(pending, graph, template_states);
    if (some_finished)
        plan_some_finished(pending, graph);
    else
        plan_all_running(pending, graph);
    if (!all_waited_for_run(pending, graph))
        return CHECKPOINT_FAILURE_NOT_ALL_RUNNING;
    return CHECKPOINT_FAILURE_NONE;
}

/* At the level of those who follow one checkpoint; what it means for the job is a line of the
 * coordinator's. */
void pending_checkpoint_move(struct pending_checkpoint *pending, enum pending_state to,
                             struct job_id job, struct effects *effects)
{
    machine_check_move(&pending_checkpoint_states, pending->state, to);
    effects_log(effects,
                &(struct log_line){ .level = LOG_TASK,
                                    .machine = pending_checkpoint_states.machine,
                                    .what = "move",
                                    .from = state_name(&pending_checkpoint_states, pending->state),
                                    .to = state_name(&pending_checkpoint_states, to),
                                    .subject = LOG_OF_JOB | LOG_OF_CHECKPOINT,
                                    .job = job,
                                    .checkpoint = pending->id });
    pending->state = to;
    pending_checkpoint_invariant(pending);
}

/* By attempt: what a task's attempt before the restart has sent may still be on its way. */
bool pending_checkpoint_waits_for(const struct pending_checkpoint *pending,
                                  struct task_attempt attempt)
{
    uint32_t task = attempt.task.n;
    return pending->state == PENDING_TRIGGERED && task < pending->states.count &&
           pending->attempts.items[task] == attempt.attempt &&
           !(pending->acknowledged.items[task / 32] >> task % 32 & 1);
}

static time_ns longest(time_ns a, time_ns b)
{
    return a > b ? a : b;
}

/* Bytes of tasks add up. Their times run side by side, so the longest is the checkpoint's. */
bool pending_checkpoint_acknowledge(struct pending_checkpoint *pending,
                                    const struct checkpoint_ack *ack)
{
    struct task_id task = ack->attempt.task;
    if (!pending_checkpoint_waits_for(pending, ack->attempt))
        return false;
    CHECK(pending->to_acknowledge > 0);
    pending->acknowledged.items[task.n / 32] |= 1u << task.n % 32;
    pending->to_acknowledge--;
    struct task_state *state = &pending->states.items[task.n];
    state->bytes = ack->state_bytes;
    state->in_flight_bytes = ack->in_flight_bytes;
    state->at_end = ack->at_end != 0;
    struct checkpoint_summary *summary = &pending->summary;
    summary->state_bytes += ack->state_bytes;
    summary->written_bytes += ack->written_bytes;
    summary->in_flight_bytes += ack->in_flight_bytes;
    summary->alignment_max = longest(summary->alignment_max, ack->alignment);
    summary->sync_max = longest(summary->sync_max, ack->sync);
    summary->async_max = longest(summary->async_max, ack->async);
    return true;
}

/* What comes late, or twice, was said by an attempt whose part is in already. */
void pending_checkpoint_add_shared(struct pending_checkpoint *pending,
                                   const struct shared_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t task = files[i].task.n;
        bool is_late = task >= pending->states.count ||
                       pending->acknowledged.items[task / 32] & 1u << task % 32;
        if (is_late || files[i].checkpoint > pending->id)
            continue;
        vec_push(&pending->shared,
                 (struct shared_state_file){ .vertex = pending->states.items[task].vertex,
                                             .checkpoint = files[i].checkpoint,
                                             .subtask = files[i].subtask });
    }
}

/* Union list state of the subtasks that finished is gone, and the others' cannot stand for it. Nor
 * may some finish behind this checkpoint, and others not: there would be no further one for these
 * (PartialFinishingNotSupportedByStateException, for tasks and for operators that have finished).
 */
static bool has_union_state(const struct job_vertex *vertex)
{
    for (VEC_EACH(const struct job_operator, op, &vertex->operators))
        if (op->operator_state == OPERATOR_STATE_UNION)
            return true;
    return false;
}

/* The states of a vertex are neighbours, and each says how many they are. */
bool pending_checkpoint_splits_union(const struct pending_checkpoint *pending,
                                     const struct job_graph *job)
{
    const struct task_states *states = &pending->states;
    for (size_t first = 0; first < states->count; first += states->items[first].parallelism) {
        uint32_t parallelism = states->items[first].parallelism, finished = 0;
        for (uint32_t i = 0; i < parallelism; i++)
            finished += states->items[first + i].finished || states->items[first + i].at_end;
        if (finished > 0 && finished < parallelism &&
            has_union_state(&job->vertices.items[states->items[first].vertex.n]))
            return true;
    }
    return false;
}

/* Linear in tasks / 32; run at each move, not at each acknowledgement. */
void pending_checkpoint_invariant(const struct pending_checkpoint *pending)
{
    uint32_t clear = (uint32_t)pending->states.count;
    for (VEC_EACH(const uint32_t, word, &pending->acknowledged))
        for (uint32_t bits = *word; bits; bits &= bits - 1)
            clear--;
    CHECK(clear == pending->to_acknowledge);
    CHECK(pending->state == PENDING_TRIGGERED || pending->state == PENDING_ABORTED || clear == 0);
}

uint64_t pending_checkpoint_hash(const struct pending_checkpoint *pending, uint64_t hash)
{
    hash = hash_add(hash, pending->id);
    hash = hash_add(hash, (uint64_t)pending->state << 8 | (uint64_t)pending->kind << 1 |
                              pending->periodic);
    hash = hash_add(hash, pending->request);
    hash = hash_add(hash, pending->client_token);
    hash = hash_add(hash, (uint64_t)pending->triggered_at);
    for (VEC_EACH(const uint32_t, word, &pending->acknowledged))
        hash = hash_add(hash, *word);
    for (VEC_EACH(const struct task_state, state, &pending->states))
        hash = hash_add(hash_add(hash, (uint64_t)state->bytes), (uint64_t)state->in_flight_bytes);
    return hash;
}

void pending_checkpoint_fini(struct pending_checkpoint *pending)
{
    vec_fini(&pending->acknowledged);
    vec_fini(&pending->attempts);
    vec_fini(&pending->to_trigger.ids);
    vec_fini(&pending->states);
    vec_fini(&pending->shared);
}
