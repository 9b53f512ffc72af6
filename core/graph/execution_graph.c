/* SPDX-License-Identifier: Apache-2.0
 *
 * The execution graph as flat arrays. In: a finished job graph, parallelisms, moves. Out: log
 * lines. Always: the counters agree with the states, and a task's vertex and subtask with its id.
 */
#include "core/graph/execution_graph.h"

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"

enum { REASON_SIZE = 160 };

/* The state of a task that has not been scheduled yet. What belongs to the task rather than to the
 * attempt (vertex, subtask, version, previous slot) is left alone. */
static void begin_attempt(struct execution *task, uint32_t attempt, time_ns now)
{
    task->state = EXECUTION_CREATED;
    task->cause = CAUSE_NONE;
    task->cancel_sent = false;
    task->attempt = attempt;
    task->node = node_id_none();
    task->remote = node_id_none();
    task->detail = 0;
    task->allocation = allocation_id_none();
    for (int state = 0; state < EXECUTION_STATE_COUNT; state++)
        task->entered[state] = TIME_NEVER;
    task->entered[EXECUTION_CREATED] = now;
}

/* Vertices in topological order take consecutive numbers, so producers have smaller task ids than
 * their consumers. Gives the number of tasks. */
static uint32_t layout_vertices(struct execution_graph *graph, const int32_t *parallelism,
                                const int32_t *max_parallelism)
{
    uint32_t next_task = 0;
    for (size_t v = 0; v < graph->job->vertices.count; v++) {
        CHECK(parallelism[v] > 0);
        CHECK(parallelism[v] <= max_parallelism[v]);
        CHECK(max_parallelism[v] <= MAX_PARALLELISM_LIMIT);
        graph->vertices[v] = (struct execution_vertex_range){
            .first_task = next_task,
            .parallelism = (uint32_t)parallelism[v],
            .max_parallelism = max_parallelism[v],
        };
        next_task += (uint32_t)parallelism[v];
    }
    return next_task;
}

/* Two allocations whatever the number of tasks, filled vertex by vertex. */
struct execution_graph *execution_graph_create(const struct job_graph *job,
                                               const int32_t *parallelism,
                                               const int32_t *max_parallelism,
                                               const uint32_t *attempts, time_ns now)
{
    struct execution_graph *graph = mem_create(sizeof *graph);
    graph->job = job;
    graph->vertices = mem_create_array(job->vertices.count, sizeof *graph->vertices);
    graph->task_count = layout_vertices(graph, parallelism, max_parallelism);
    graph->tasks = mem_create_array(graph->task_count, sizeof *graph->tasks);
    graph->state_counts[EXECUTION_CREATED] = graph->task_count;
    uint32_t t = 0;
    for (uint32_t v = 0; v < job->vertices.count; v++) {
        for (uint32_t subtask = 0; subtask < graph->vertices[v].parallelism; subtask++, t++) {
            struct execution *task = &graph->tasks[t];
            begin_attempt(task, attempts ? attempts[t] : 0, now);
            task->vertex.n = v;
            task->subtask = subtask;
            task->previous = allocation_id_none();
        }
    }
    CHECK(t == graph->task_count);
    return graph;
}

void execution_graph_destroy(struct execution_graph *graph)
{
    if (!graph)
        return;
    mem_destroy(graph->vertices);
    mem_destroy(graph->tasks);
    mem_destroy(graph);
}

/* Ids follow from the layout and hold for this graph only: the next one lays out anew. */
struct task_id execution_graph_task(const struct execution_graph *graph, struct vertex_id vertex,
                                    uint32_t subtask)
{
    CHECK(vertex.n < graph->job->vertices.count);
    CHECK(subtask < graph->vertices[vertex.n].parallelism);
    return (struct task_id){ graph->vertices[vertex.n].first_task + subtask };
}

/* The move has been made; `from` is what it left. */
static void log_move(const struct execution_graph *graph, const struct execution *task,
                     enum execution_state from, struct effects *effects)
{
    bool failed = task->state == EXECUTION_FAILED;
    enum log_level level = failed ? LOG_DECISION : LOG_TASK;
    if (!effects_wants_log(effects, level))
        return;
    char reason[REASON_SIZE];
    enum failure_cause cause = (enum failure_cause)task->cause;
    if (failed)
        text_format(reason, sizeof reason, "%s: %s", failure_cause_exception(cause),
                    failure_cause_sentence(cause));
    bool placed = !node_id_is_none(task->node);
    bool blames = failed && !node_id_is_none(task->remote);
    effects_log(effects, &(struct log_line){
                             .level = level,
                             .machine = execution_states.machine,
                             .what = "move",
                             .from = state_name(&execution_states, from),
                             .to = state_name(&execution_states, task->state),
                             .subject = LOG_OF_JOB | LOG_OF_TASK | (placed ? LOG_OF_PEER : 0u) |
                                        (blames ? LOG_OF_REMOTE : 0u),
                             .job = graph->job->id,
                             .vertex = task->vertex,
                             .subtask = task->subtask,
                             .attempt = task->attempt,
                             .peer = task->node,
                             .remote = task->remote,
                             .detail = failed ? task->detail : 0,
                             .reason = failed ? reason : NULL,
                         });
}

/* The one place that changes a state: counters, time of entry and log line go with it. */
void execution_graph_move(struct execution_graph *graph, struct task_id id, enum execution_state to,
                          enum failure_cause cause, struct effects *effects)
{
    CHECK(id.n < graph->task_count);
    /* A failure without a cause would be a line nobody can explain. */
    CHECK((to == EXECUTION_FAILED) == (cause != CAUSE_NONE));
    struct execution *task = &graph->tasks[id.n];
    enum execution_state from = (enum execution_state)task->state;
    machine_check_move(&execution_states, from, to);
    CHECK(graph->state_counts[from] > 0);
    graph->state_counts[from]--;
    graph->state_counts[to]++;
    task->state = (uint8_t)to;
    task->cause = (uint8_t)cause;
    task->entered[to] = effects->now;
    log_move(graph, task, from, effects);
}

/* Before the move, which writes the line. */
void execution_graph_blame(struct execution_graph *graph, struct task_id id, struct node_id remote,
                           uint32_t detail)
{
    CHECK(id.n < graph->task_count);
    CHECK(!execution_state_is_terminal((enum execution_state)graph->tasks[id.n].state));
    graph->tasks[id.n].remote = remote;
    graph->tasks[id.n].detail = detail;
}

/* ExecutionVertex.resetForNewExecution, which refuses, too, while the attempt has not ended: its
 * TaskManager would go on to speak of a task that nobody knows. */
void execution_graph_reset(struct execution_graph *graph, struct task_id id, time_ns now)
{
    CHECK(id.n < graph->task_count);
    struct execution *task = &graph->tasks[id.n];
    CHECK(execution_state_is_terminal((enum execution_state)task->state));
    graph->state_counts[task->state]--;
    graph->state_counts[EXECUTION_CREATED]++;
    /* An attempt that never had a slot leaves the one before it as the place to come back to. */
    if (!allocation_id_is_none(task->allocation))
        task->previous = task->allocation;
    begin_attempt(task, task->attempt + 1, now);
}

uint32_t execution_graph_count(const struct execution_graph *graph, enum execution_state state)
{
    CHECK(state < EXECUTION_STATE_COUNT);
    return graph->state_counts[state];
}

bool execution_graph_all_running_or_finished(const struct execution_graph *graph)
{
    /* INITIALIZING does not count (ExecutionTrackingCheckpointCoordinatorDeActivator). */
    const uint32_t *counts = graph->state_counts;
    return counts[EXECUTION_RUNNING] + counts[EXECUTION_FINISHED] == graph->task_count;
}

/* CREATED counts: what was never scheduled has nothing that could end. */
bool execution_graph_all_ended(const struct execution_graph *graph)
{
    const uint32_t *counts = graph->state_counts;
    return counts[EXECUTION_FINISHED] + counts[EXECUTION_CANCELED] + counts[EXECUTION_FAILED] +
               counts[EXECUTION_CREATED] ==
           graph->task_count;
}

/* Vertex and subtask follow from the layout and need no place in the hash. Members go in one by
 * one, since there is padding between them. */
uint64_t execution_graph_hash(const struct execution_graph *graph)
{
    uint64_t hash = hash_mix(graph->task_count);
    for (size_t v = 0; v < graph->job->vertices.count; v++) {
        hash = hash_add(hash, graph->vertices[v].parallelism);
        hash = hash_add(hash, (uint64_t)graph->vertices[v].max_parallelism);
    }
    for (uint32_t t = 0; t < graph->task_count; t++) {
        const struct execution *task = &graph->tasks[t];
        hash = hash_add(hash, (uint64_t)task->state << 16 | (uint64_t)task->cause << 8 |
                                  task->cancel_sent);
        hash = hash_add(hash, (uint64_t)task->attempt << 32 | task->version);
        hash = hash_add(hash, (uint64_t)task->node.n << 32 | task->allocation.n);
        hash = hash_add(hash, task->previous.n);
        for (int state = 0; state < EXECUTION_STATE_COUNT; state++)
            hash = hash_add(hash, (uint64_t)task->entered[state]);
    }
    return hash;
}

/* The parallelisms at both ends of an edge. */
struct edge_ends {
    const struct job_edge *edge;
    uint64_t producers, consumers;
};

/* 64 bits, since products of two parallelisms and one more pass 31. */
static struct edge_ends ends_of(const struct execution_graph *graph, uint32_t edge)
{
    CHECK(edge < graph->job->edges.count);
    const struct job_edge *e = &graph->job->edges.items[edge];
    return (struct edge_ends){ e, graph->vertices[e->producer.n].parallelism,
                               graph->vertices[e->consumer.n].parallelism };
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

/* Pointwise with S producers and T consumers (EdgeManagerBuildUtil.connectPointwise): S >= T:
 * consumer i reads floor(i S / T) up to floor((i + 1) S / T) - 1; S < T: producer p is read by
 * ceil(p T / S) up to ceil((p + 1) T / S) - 1. The other two cases are these turned round. */
struct subtask_range edge_producers_of(const struct execution_graph *graph, uint32_t edge,
                                       uint32_t consumer_subtask)
{
    struct edge_ends ends = ends_of(graph, edge);
    uint64_t s = ends.producers, t = ends.consumers, i = consumer_subtask;
    CHECK(i < t);
    if (ends.edge->pattern == DISTRIBUTION_ALL_TO_ALL)
        return (struct subtask_range){ 0, (uint32_t)s - 1 };
    uint64_t first = i * s / t, end = s < t ? first + 1 : (i + 1) * s / t;
    return (struct subtask_range){ (uint32_t)first, (uint32_t)end - 1 };
}

/* Consumers are neighbours as well, since the ranges of neighbouring consumers only move up. */
struct subtask_range edge_consumers_of(const struct execution_graph *graph, uint32_t edge,
                                       uint32_t producer_subtask)
{
    struct edge_ends ends = ends_of(graph, edge);
    uint64_t s = ends.producers, t = ends.consumers, p = producer_subtask;
    CHECK(p < s);
    if (ends.edge->pattern == DISTRIBUTION_ALL_TO_ALL)
        return (struct subtask_range){ 0, (uint32_t)t - 1 };
    uint64_t end = divide_up((p + 1) * t, s), first = s < t ? divide_up(p * t, s) : end - 1;
    return (struct subtask_range){ (uint32_t)first, (uint32_t)end - 1 };
}
