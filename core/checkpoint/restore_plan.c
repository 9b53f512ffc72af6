/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint laid over a graph of any parallelism. In: what each old task stored, the tasks to be
 * deployed. Out: what each of them reads. First everything is checked, then everything is filled
 * in. Each vertex is checked once, each task costs as much as it has old subtasks to read from.
 */
#include "core/checkpoint/restore_plan.h"

/* What every step looks at. `restored` null: the job starts empty. */
struct restore {
    const struct completed_checkpoint *restored;
    const struct execution_graph *graph;
    struct note *note;
};

/* A vertex with a keyed operator is keyed as a whole: its bytes go by key groups. */
static bool has_keyed_state(const struct job_vertex *vertex)
{
    for (VEC_EACH(const struct job_operator, op, &vertex->operators))
        if (op->keyed_state)
            return true;
    return false;
}

/* A task says one size for all its operators: where kinds of state mix, the kind that is read most
 * widely stands for all. */
static enum operator_state operator_state_of(const struct job_vertex *vertex)
{
    bool seen[OPERATOR_STATE_BROADCAST + 1] = { false };
    for (VEC_EACH(const struct job_operator, op, &vertex->operators))
        seen[op->operator_state] = true;
    if (seen[OPERATOR_STATE_UNION])
        return OPERATOR_STATE_UNION;
    if (seen[OPERATOR_STATE_BROADCAST])
        return OPERATOR_STATE_BROADCAST;
    return OPERATOR_STATE_SPLIT;
}

/* How data in flight at this vertex is mapped: by its first input that can be. What it has written
 * and not handed over may go to any subtask, which deals it out anew
 * (StreamPartitioner.getUpstreamSubtaskStateMapper). */
static enum subtask_mapper mapper_of(const struct job_graph *job, const struct job_vertex *vertex)
{
    for (VEC_EACH(const uint32_t, input, &vertex->inputs)) {
        enum subtask_mapper mapper =
            subtask_mapper_of_partitioner[job->edges.items[*input].partitioner];
        if (mapper != MAPPER_UNSUPPORTED)
            return mapper;
    }
    for (VEC_EACH(const uint32_t, output, &vertex->outputs))
        if (subtask_mapper_of_partitioner[job->edges.items[*output].partitioner] !=
            MAPPER_UNSUPPORTED)
            return MAPPER_ARBITRARY;
    return MAPPER_UNSUPPORTED;
}

static const char *name_of(const struct restore *restore, struct vertex_id vertex)
{
    return restore->graph->job->vertices.items[vertex.n].name;
}

/* VertexFinishedStateChecker: what finished must have been fed by what finished. */
static struct err check_finished(const struct restore *restore, struct vertex_id id)
{
    const struct job_graph *job = restore->graph->job;
    const struct vertex_state *states = restore->restored->vertices.items;
    const struct vertex_state *own = &states[id.n];
    if (own->finished == 0)
        return OK;
    bool whole = own->finished == own->parallelism;
    for (VEC_EACH(const uint32_t, input, &job->vertices.items[id.n].inputs)) {
        const struct job_edge *edge = &job->edges.items[*input];
        const struct vertex_state *producer = &states[edge->producer.n];
        bool needs_all = whole || edge->pattern == DISTRIBUTION_ALL_TO_ALL;
        if (needs_all ? producer->finished < producer->parallelism : producer->finished == 0)
            return err_note(restore->note, ERR_REFUSED_CODE,
                            "checkpoint %llu: %s has finished%s but its producer %s has not%s",
                            (unsigned long long)restore->restored->id, name_of(restore, id),
                            whole ? "" : " in part", name_of(restore, edge->producer),
                            needs_all ? " entirely" : "");
    }
    return OK;
}

/* Its operators may come from several vertices: a part for each; null behind the last. */
static const struct vertex_state *first_part(const struct restore *restore, struct vertex_id id)
{
    return &restore->restored->vertices.items[id.n];
}

static const struct vertex_state *next_part(const struct restore *restore,
                                            const struct vertex_state *part)
{
    return part->next > 0 ? &restore->restored->vertices.items[part->next] : NULL;
}

/* StateAssignmentOperation.checkParallelismPreconditions, and what the channel state mappers
 * refuse. A vertex without state may change as it likes. */
static struct err check_part(const struct restore *restore, struct vertex_id id,
                             const struct vertex_state *then)
{
    const struct execution_vertex_range *now = &restore->graph->vertices[id.n];
    const struct job_vertex *vertex = &restore->graph->job->vertices.items[id.n];
    unsigned long long checkpoint = restore->restored->id;
    bool has_state = then->bytes > 0 || then->in_flight_bytes > 0 || has_keyed_state(vertex);
    if (has_state && now->max_parallelism != then->max_parallelism)
        return err_note(restore->note, ERR_REFUSED_CODE,
                        "checkpoint %llu: the maximum parallelism of %s was %d and is now %d",
                        checkpoint, vertex->name, then->max_parallelism, now->max_parallelism);
    if (then->in_flight_bytes > 0 && now->parallelism != then->parallelism &&
        mapper_of(restore->graph->job, vertex) == MAPPER_UNSUPPORTED)
        return err_note(restore->note, ERR_REFUSED_CODE,
                        "checkpoint %llu: cannot rescale %s from %u to %u with data in flight on a "
                        "pointwise or broadcast edge",
                        checkpoint, vertex->name, then->parallelism, now->parallelism);
    return OK;
}

static struct err check_vertex(const struct restore *restore, struct vertex_id id)
{
    for (const struct vertex_state *part = first_part(restore, id); part;
         part = next_part(restore, part))
        TRY(check_part(restore, id, part));
    return check_finished(restore, id);
}

/* Before anything is filled in, so that a refusal leaves the deployments as they were. */
static struct err check_all(const struct restore *restore,
                            const struct task_deployment *deployments, size_t count)
{
    size_t vertex_count = restore->graph->job->vertices.count;
    if (restore->restored->vertex_count != vertex_count)
        return err_note(restore->note, ERR_REFUSED_CODE,
                        "checkpoint %llu is of a job of %zu vertices, this one has %zu",
                        (unsigned long long)restore->restored->id, restore->restored->vertex_count,
                        vertex_count);
    bool *checked = mem_create_array(vertex_count, sizeof *checked);
    struct err result = OK;
    for (size_t i = 0; i < count && !err_is(result); i++) {
        struct vertex_id vertex = deployments[i].vertex;
        CHECK(vertex.n < vertex_count);
        if (!checked[vertex.n])
            result = check_vertex(restore, vertex);
        checked[vertex.n] = true;
    }
    mem_destroy(checked);
    return result;
}

/* The old subtasks that own some of the new range are neighbours. A file of RocksDB's own holds
 * whatever key groups there were: who needs one of them downloads them all, and cuts off what is
 * not its own (RocksDBStateDownloader.transferAllStateDataToDirectory). */
static int64_t keyed_bytes(const struct restore *restore, const struct vertex_state *then,
                           struct key_group_range range)
{
    int32_t old = (int32_t)then->parallelism;
    uint32_t first = (uint32_t)key_group_subtask(range.first, old, then->max_parallelism);
    uint32_t last = (uint32_t)key_group_subtask(range.last, old, then->max_parallelism);
    int64_t bytes = 0;
    for (uint32_t i = first; i <= last; i++) {
        const struct task_state *state = &restore->restored->states.items[then->first + i];
        bytes += restore->restored->is_incremental ? state->bytes : keyed_state_share(state, range);
    }
    return bytes;
}

/* What overlaps in part is read whole and filtered, so the sum over all can exceed what is there.
 */
static int64_t channel_bytes(const struct restore *restore, const struct task_deployment *task,
                             const struct vertex_state *then, struct subtask_list *scratch)
{
    const struct task_state *old = restore->restored->states.items + then->first;
    if (task->parallelism == then->parallelism)
        return old[task->subtask].in_flight_bytes;
    if (then->in_flight_bytes == 0)
        return 0;
    const struct job_graph *job = restore->graph->job;
    enum subtask_mapper mapper = mapper_of(job, &job->vertices.items[task->vertex.n]);
    if (mapper == MAPPER_FULL)
        return then->in_flight_bytes;
    struct err mapped =
        subtask_mapper_old(mapper, task->subtask, then->parallelism, task->parallelism, scratch);
    CHECK(!err_is(mapped)); /* check_vertex was here */
    int64_t bytes = 0;
    for (VEC_EACH(const uint32_t, i, &scratch->subtasks))
        bytes += old[*i].in_flight_bytes;
    return bytes;
}

/* A task whose whole vertex had finished reads nothing: there is nothing of it. */
static void fill_one(const struct restore *restore, struct task_deployment *task,
                     struct subtask_list *scratch)
{
    const struct job_vertex *vertex = &restore->graph->job->vertices.items[task->vertex.n];
    struct key_group_range range = { .first = 1, .last = 0 };
    bool keyed = has_keyed_state(vertex);
    if (keyed)
        range = key_group_range_of((int32_t)task->subtask, (int32_t)task->parallelism,
                                   restore->graph->vertices[task->vertex.n].max_parallelism);
    task->key_group_first = (uint32_t)range.first;
    task->key_group_last = (uint32_t)range.last;
    task->restore_checkpoint = 0;
    task->restore_bytes = 0;
    if (restore->restored == NULL)
        return;
    task->restore_checkpoint = restore->restored->id;
    for (const struct vertex_state *then = first_part(restore, task->vertex); then;
         then = next_part(restore, then)) {
        task->restore_bytes += keyed ? keyed_bytes(restore, then, range)
                                     : operator_state_share(operator_state_of(vertex), then,
                                                            &restore->restored->states,
                                                            task->subtask, task->parallelism);
        task->restore_bytes += channel_bytes(restore, task, then, scratch);
    }
}

/* Deployments of some tasks are a region's restart: vertices without one are not looked at. */
struct err restore_plan_fill(const struct completed_checkpoint *restored,
                             const struct execution_graph *graph,
                             struct task_deployment *deployments, size_t count, struct note *note)
{
    struct restore restore = { .restored = restored, .graph = graph, .note = note };
    if (restored)
        TRY(check_all(&restore, deployments, count));
    struct subtask_list scratch = { 0 };
    for (size_t i = 0; i < count; i++) {
        CHECK(deployments[i].parallelism == graph->vertices[deployments[i].vertex.n].parallelism);
        fill_one(&restore, &deployments[i], &scratch);
    }
    vec_fini(&scratch.subtasks);
    return OK;
}
