/* SPDX-License-Identifier: Apache-2.0
 *
 * How a snapshot is laid over another job. In: a snapshot of the shelf, the graph of a job that
 * starts. Out: states in the order of that job's vertices. First everything is checked, then
 * everything is laid. An operator's state is found by its id, in whatever vertex it is now; a task
 * says one size for all its operators, so where they part each has a share.
 */
#include "core/base/check.h"
#include "core/checkpoint/snapshot_shelf.h"
#include "core/graph/operator_ids.h"

/* How much of a vertex had finished (VertexFinishedStateChecker). */
enum finished { FINISHED_NONE, FINISHED_IN_PART, FINISHED_WHOLLY };

/* One vertex of the snapshot: its stretch of the states. */
struct old_vertex {
    const struct job_vertex *vertex; /* of the old job */
    const struct task_state *states;
    uint32_t parallelism;
    int32_t max_parallelism;
    bool is_source, has_in_flight;
    enum finished finished;
};

/* What the job brings, and what the vertices of the snapshot have been found to be. */
struct layout {
    const struct job_graph *job;
    const int32_t *parallelism;
    bool ignore_unclaimed;
    struct old_vertex *old; /* by vertex of the old graph */
    uint32_t old_count;
    const struct job_graph *old_job;
    struct note *note;
};

static uint32_t vertex_of(const struct job_graph *job, const struct job_operator *op)
{
    return operator_ids_find(job, op->id).n;
}

static const struct job_operator *tail_of(const struct job_vertex *vertex)
{
    return &vec_last(&vertex->operators);
}

/* Tasks are numbered vertex by vertex. */
static void read_old(struct layout *layout, const struct task_states *states)
{
    for (size_t first = 0; first < states->count;) {
        const struct task_state *head = &states->items[first];
        CHECK(head->subtask == 0 && first + head->parallelism <= states->count);
        struct old_vertex old = { .vertex = &layout->old_job->vertices.items[head->vertex.n],
                                  .states = head,
                                  .parallelism = head->parallelism,
                                  .is_source = job_graph_is_source(layout->old_job, head->vertex) };
        uint32_t finished = 0;
        for (uint32_t i = 0; i < old.parallelism; i++) {
            old.has_in_flight = old.has_in_flight || head[i].in_flight_bytes > 0;
            finished += head[i].finished;
        }
        if (finished > 0)
            old.finished = finished == old.parallelism ? FINISHED_WHOLLY : FINISHED_IN_PART;
        old.max_parallelism = head[old.parallelism - 1].range.last + 1;
        layout->old[head->vertex.n] = old;
        first += old.parallelism;
    }
}

/* State that was registered is there, be it empty (KeyGroupsStateHandle,
 * OperatorStreamStateHandle), unless all subtasks had finished; data in flight is of the ends of a
 * chain. A source's enumerator has some, whatever its readers have stored (OperatorState.
 * getCoordinatorState, which Checkpoints.loadAndValidateCheckpoint asks for first). */
static bool has_state(const struct old_vertex *old, const struct job_operator *op)
{
    bool is_head = op == &old->vertex->operators.items[0];
    bool is_end = is_head || op == tail_of(old->vertex);
    bool keeps_some = op->keyed_state || op->operator_state != OPERATOR_STATE_NONE;
    return (is_head && old->is_source) || (keeps_some && old->finished != FINISHED_WHOLLY) ||
           (is_end && old->has_in_flight);
}

/* An operator without state may be missing: there is nothing to lose. */
static struct err check_unclaimed(const struct layout *layout, const struct old_vertex *old,
                                  const struct job_operator *op)
{
    if (layout->ignore_unclaimed || !has_state(old, op))
        return OK;
    return err_note(layout->note, ERR_REFUSED_CODE,
                    "Cannot map checkpoint/savepoint state for operator %s to the new program, "
                    "because the operator is not available in the new program. If you want to "
                    "allow to skip this, you can set the --allowNonRestoredState option on the CLI",
                    op->name);
}

/* A max parallelism that nobody fixed follows the snapshot's (VertexParallelismInformation.
 * canRescaleMaxParallelism): of all operators that are chained now the same. */
static struct err check_claimed(const struct layout *layout, const struct old_vertex *old,
                                const struct job_operator *op, uint32_t v, int32_t *most,
                                bool *is_fixed)
{
    if (*is_fixed && *most != old->max_parallelism)
        return err_note(layout->note, ERR_REFUSED_CODE,
                        "Max parallelism mismatch between checkpoint/savepoint state and new "
                        "program. Cannot map operator %s with max parallelism %d to new program "
                        "with max parallelism %d",
                        op->name, old->max_parallelism, *most);
    if (layout->parallelism[v] > old->max_parallelism)
        return err_note(layout->note, ERR_REFUSED_CODE,
                        "The state for task %s can not be restored. The maximum parallelism (%d) "
                        "of the restored state is lower than the configured parallelism (%d)",
                        op->name, old->max_parallelism, layout->parallelism[v]);
    *is_fixed = true;
    *most = old->max_parallelism;
    return OK;
}

/* What is in flight is of the head's gates and the tail's outputs: they must be the ends of one
 * chain still. */
static struct err check_in_flight(const struct layout *layout, const struct old_vertex *old)
{
    const struct job_operator *head = &old->vertex->operators.items[0];
    const struct job_operator *tail = tail_of(old->vertex);
    uint32_t first = vertex_of(layout->job, head), last = vertex_of(layout->job, tail);
    if (!old->has_in_flight || (first == ID_NONE && last == ID_NONE))
        return OK;
    if (first != ID_NONE && first == last) {
        const struct job_vertex *now = &layout->job->vertices.items[first];
        if (now->operators.items[0].id == head->id && tail_of(now)->id == tail->id)
            return OK;
    }
    return err_note(layout->note, ERR_REFUSED_CODE,
                    "The state for task %s can not be restored. Its operators are chained "
                    "otherwise now, and there is data in flight",
                    old->vertex->name);
}

static struct err check_old(const struct layout *layout, int32_t *most, bool *is_fixed)
{
    for (uint32_t o = 0; o < layout->old_count; o++) {
        const struct old_vertex *old = &layout->old[o];
        for (size_t i = 0; old->vertex && i < old->vertex->operators.count; i++) {
            const struct job_operator *op = &old->vertex->operators.items[i];
            uint32_t v = vertex_of(layout->job, op);
            if (v == ID_NONE)
                TRY(check_unclaimed(layout, old, op));
            else
                TRY(check_claimed(layout, old, op, v, &most[v], &is_fixed[v]));
        }
        if (old->vertex)
            TRY(check_in_flight(layout, old));
    }
    return OK;
}

/* An operator that the snapshot does not know counts as one that had not finished. */
static struct err check_finished(const struct layout *layout)
{
    for (VEC_EACH(const struct job_vertex, vertex, &layout->job->vertices))
        for (size_t i = 0; i < vertex->operators.count; i++) {
            uint32_t head = vertex_of(layout->old_job, &vertex->operators.items[0]);
            uint32_t other = vertex_of(layout->old_job, &vertex->operators.items[i]);
            if ((head == ID_NONE ? FINISHED_NONE : layout->old[head].finished) !=
                (other == ID_NONE ? FINISHED_NONE : layout->old[other].finished))
                return err_note(layout->note, ERR_REFUSED_CODE,
                                "Can not restore vertex %s which contain mixed operator finished "
                                "state",
                                vertex->name);
        }
    return OK;
}

/* What a task has stored is of the operators whose state is read most widely, as at a restore: they
 * share it. */
static int rank_of(const struct job_operator *op)
{
    enum { KEYED = OPERATOR_STATE_BROADCAST + 1 };
    static const int ranks[] = {
        [OPERATOR_STATE_SPLIT] = 1, [OPERATOR_STATE_BROADCAST] = 2, [OPERATOR_STATE_UNION] = 3
    };
    return op->keyed_state ? KEYED : ranks[op->operator_state];
}

/* How many operators share it, and how many of them are in vertex v now. */
static void count_shares(const struct layout *layout, const struct old_vertex *old, uint32_t v,
                         int64_t *all, int64_t *here)
{
    int highest = 0;
    *all = *here = 0;
    for (VEC_EACH(const struct job_operator, op, &old->vertex->operators))
        highest = rank_of(op) > highest ? rank_of(op) : highest;
    for (VEC_EACH(const struct job_operator, op, &old->vertex->operators))
        if (rank_of(op) == highest) {
            ++*all;
            *here += vertex_of(layout->job, op) == v;
        }
}

static void lay_part(const struct layout *layout, const struct old_vertex *old, uint32_t v,
                     struct completed_checkpoint *out)
{
    bool has_head = vertex_of(layout->job, &old->vertex->operators.items[0]) == v;
    int64_t all, here;
    count_shares(layout, old, v, &all, &here);
    for (uint32_t i = 0; i < old->parallelism; i++) {
        struct task_state state = old->states[i];
        state.vertex = (struct vertex_id){ v };
        state.bytes = here == all ? state.bytes : state.bytes / all * here;
        if (!has_head)
            state.in_flight_bytes = 0;
        vec_push(&out->states, state);
    }
}

/* A part for each vertex that its operators were in. One that the snapshot does not know stands in
 * the list as one that stored nothing. laid: by vertex of the snapshot, 1 + the last that had a
 * part of it. */
static void lay_vertex(const struct layout *layout, uint32_t v, int32_t max_parallelism,
                       uint32_t *laid, struct completed_checkpoint *out)
{
    const struct job_vertex *vertex = &layout->job->vertices.items[v];
    bool any = false;
    for (VEC_EACH(const struct job_operator, op, &vertex->operators)) {
        uint32_t was = vertex_of(layout->old_job, op);
        if (was == ID_NONE || laid[was] == v + 1 || !layout->old[was].vertex)
            continue;
        laid[was] = v + 1;
        any = true;
        lay_part(layout, &layout->old[was], v, out);
    }
    if (!any)
        vec_push(&out->states, (struct task_state){ .vertex = { v },
                                                    .parallelism = 1,
                                                    .range = { 0, max_parallelism - 1 } });
}

static struct err lay_out(const struct layout *layout, const struct completed_checkpoint *taken,
                          int32_t *max_parallelism, struct completed_checkpoint *out)
{
    size_t count = layout->job->vertices.count;
    int32_t *most = mem_create_array(count, sizeof *most);
    bool *is_fixed = mem_create_array(count, sizeof *is_fixed);
    uint32_t *laid = mem_create_array(layout->old_count, sizeof *laid);
    memcpy(most, max_parallelism, count * sizeof *most);
    for (size_t v = 0; v < count; v++)
        is_fixed[v] = layout->job->vertices.items[v].max_parallelism != PARALLELISM_UNSET;
    struct err e = check_old(layout, most, is_fixed);
    if (!err_is(e))
        e = check_finished(layout);
    if (!err_is(e)) {
        memcpy(max_parallelism, most, count * sizeof *most);
        *out = (struct completed_checkpoint){ .id = taken->id,
                                              .kind = CHECKPOINT_PERIODIC,
                                              .is_incremental = taken->is_incremental,
                                              .triggered_at = taken->triggered_at,
                                              .completed_at = taken->completed_at,
                                              .summary = taken->summary };
        for (uint32_t v = 0; v < count; v++)
            lay_vertex(layout, v, most[v], laid, out);
    }
    mem_destroy(most);
    mem_destroy(laid);
    mem_destroy(is_fixed);
    return e;
}

/* Converted to a checkpoint, so that the job can fall back to it. */
struct err snapshot_lay_out(const struct kept_snapshot *from, const struct job_graph *job,
                            const int32_t *parallelism, bool ignore_unclaimed,
                            int32_t *max_parallelism, struct completed_checkpoint *out,
                            struct note *note)
{
    struct layout layout = { .job = job,
                             .parallelism = parallelism,
                             .ignore_unclaimed = ignore_unclaimed,
                             .old_count = (uint32_t)from->graph->vertices.count,
                             .old_job = from->graph,
                             .note = note };
    layout.old = mem_create_array(layout.old_count, sizeof *layout.old);
    read_old(&layout, &from->checkpoint.states);
    struct err e = lay_out(&layout, &from->checkpoint, max_parallelism, out);
    mem_destroy(layout.old);
    return e;
}
