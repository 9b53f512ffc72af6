/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks whose input has ended wait for one more checkpoint. In: which of them have said so. Out: a
 * request for that checkpoint once all have, so that none waits for the rest of the interval.
 * Source: VertexEndOfDataListener, SchedulerBase.notifyEndOfData, and StateWithExecutionGraph's of
 * the adaptive scheduler, which is the same.
 */
#include "core/checkpoint/coordinator_parts.h"

/* Has each of these tasks said so? What was said of an attempt that is over is forgotten: its
 * successor reads again. */
static bool all_have(struct checkpoint_coordinator *coordinator, uint32_t first, uint32_t count)
{
    const struct execution_graph *graph = coordinator->graph;
    bool all = true;
    for (uint32_t t = first; t < first + count; t++) {
        uint32_t *said = &coordinator->at_end.items[t];
        if (*said == graph->tasks[t].attempt + 1)
            continue;
        all = false;
        coordinator->at_end_of.items[graph->tasks[t].vertex.n] -= *said != 0;
        coordinator->at_end_count -= *said != 0;
        *said = 0;
    }
    return all;
}

/* False: it has said so before, or is over. */
static bool take(struct checkpoint_coordinator *coordinator, struct task_attempt attempt)
{
    const struct execution_graph *graph = coordinator->graph;
    if (attempt.task.n >= graph->task_count ||
        !task_attempt_equal(execution_graph_attempt(graph, attempt.task), attempt))
        return false;
    vec_resize(&coordinator->at_end, graph->task_count);
    vec_resize(&coordinator->at_end_of, graph->job->vertices.count);
    uint32_t *said = &coordinator->at_end.items[attempt.task.n];
    if (*said == attempt.attempt + 1)
        return false;
    coordinator->at_end_of.items[graph->tasks[attempt.task.n].vertex.n] += *said == 0;
    coordinator->at_end_count += *said == 0;
    *said = attempt.attempt + 1;
    CHECK(coordinator->at_end_count <= graph->task_count);
    return true;
}

/* A source that has nothing left works off no backlog, whether it has said so or not. */
static void end_backlog(struct checkpoint_coordinator *coordinator, struct task_attempt attempt,
                        struct effects *effects)
{
    uint32_t v = coordinator->graph->tasks[attempt.task.n].vertex.n;
    const struct execution_vertex_range *vertex = &coordinator->graph->vertices[v];
    if (v < coordinator->in_backlog.count &&
        coordinator->at_end_of.items[v] == vertex->parallelism &&
        all_have(coordinator, vertex->first_task, vertex->parallelism))
        checkpoint_coordinator_on_backlog(coordinator, attempt, false, effects);
}

void checkpoint_coordinator_on_end_of_data(struct checkpoint_coordinator *coordinator,
                                           const struct task_attempt *tasks, size_t count,
                                           struct effects *effects)
{
    const struct execution_graph *graph = coordinator->graph;
    if (!graph || !coordinator->periodic || !coordinator->config->checkpoint_after_finish)
        return;
    bool any = false;
    for (size_t i = 0; i < count; i++)
        if (take(coordinator, tasks[i])) {
            any = true;
            end_backlog(coordinator, tasks[i], effects);
        }
    if (!any || coordinator->at_end_count < graph->task_count ||
        !all_have(coordinator, 0, graph->task_count))
        return;
    if (!coordinator->scheduler_running) /* a savepoint that drains is why, and is the last one */
        return;
    effects_log(effects, &(struct log_line){ .level = LOG_DECISION,
                                             .machine = "checkpoint",
                                             .what = "all input read",
                                             .subject = LOG_OF_JOB,
                                             .job = coordinator->job });
    checkpoint_coordinator_request(coordinator, CHECKPOINT_PERIODIC, 0, effects);
}
