/* SPDX-License-Identifier: Apache-2.0
 *
 * The shelf and how a snapshot is laid over another job. In: completed savepoints, retained
 * checkpoints, the graph of a job that starts. Out: states in the order of that job's vertices.
 * Always: what is on the shelf is complete, and no more than SNAPSHOTS_KEPT_MAX are.
 */
#include "core/checkpoint/snapshot_shelf.h"

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"

static void forget(struct snapshot_shelf *shelf, size_t index)
{
    vec_fini(&shelf->snapshots.items[index].checkpoint.states);
    vec_remove_ordered(&shelf->snapshots, index);
}

void snapshot_shelf_fini(struct snapshot_shelf *shelf)
{
    for (VEC_EACH(struct kept_snapshot, each, &shelf->snapshots))
        vec_fini(&each->checkpoint.states);
    vec_fini(&shelf->snapshots);
}

/* Sums by vertex are the store's business, of the job that starts from it. */
void snapshot_shelf_add(struct snapshot_shelf *shelf, const struct job_graph *graph,
                        bool is_savepoint, struct completed_checkpoint *take)
{
    CHECK(graph != NULL);
    CHECK(take->id > 0);
    if (shelf->snapshots.count == SNAPSHOTS_KEPT_MAX)
        forget(shelf, 0);
    vec_fini(&take->vertices);
    vec_push(&shelf->snapshots, (struct kept_snapshot){ graph, is_savepoint, *take });
    *take = (struct completed_checkpoint){ 0 };
}

void snapshot_shelf_remove(struct snapshot_shelf *shelf, struct job_id job, bool is_savepoint,
                           uint64_t id)
{
    for (size_t i = shelf->snapshots.count; i-- > 0;) {
        const struct kept_snapshot *each = &shelf->snapshots.items[i];
        if (each->graph->id.n == job.n && each->is_savepoint == is_savepoint &&
            each->checkpoint.id == id)
            forget(shelf, i);
    }
}

/* From the newest on, so that the first that fits is the one meant. */
const struct kept_snapshot *snapshot_shelf_find(const struct snapshot_shelf *shelf,
                                                const struct snapshot_path *path)
{
    for (size_t i = shelf->snapshots.count; i-- > 0;) {
        const struct kept_snapshot *each = &shelf->snapshots.items[i];
        if (each->is_savepoint == path->is_savepoint &&
            (path->id == 0 || path->id == each->checkpoint.id) &&
            text_equal(each->graph->name, path->job))
            return each;
    }
    return NULL;
}

/* What each task stored was in the hash of the coordinator when it completed. */
uint64_t snapshot_shelf_hash(const struct snapshot_shelf *shelf, uint64_t hash)
{
    hash = hash_add(hash, shelf->snapshots.count);
    for (VEC_EACH(const struct kept_snapshot, each, &shelf->snapshots)) {
        hash = hash_add(hash, (uint64_t)each->graph->id.n << 1 | each->is_savepoint);
        hash = hash_add(hash, each->checkpoint.id);
    }
    return hash;
}

/* One vertex of the snapshot: its stretch of the states. */
struct old_vertex {
    const char *name;
    const struct task_state *states;
    uint32_t parallelism;
    int32_t max_parallelism;
    bool is_source;
};

/* Tasks are numbered vertex by vertex; `first` moves on behind this one. */
static struct old_vertex next_vertex(const struct kept_snapshot *from, size_t *first)
{
    const struct task_states *states = &from->checkpoint.states;
    const struct task_state *head = &states->items[*first];
    CHECK(head->subtask == 0);
    *first += head->parallelism;
    CHECK(*first <= states->count);
    return (struct old_vertex){ .name = from->graph->vertices.items[head->vertex.n].name,
                                .states = head,
                                .parallelism = head->parallelism,
                                .max_parallelism = states->items[*first - 1].range.last + 1,
                                .is_source = job_graph_is_source(from->graph, head->vertex) };
}

/* A source's enumerator has some, whatever its readers have stored (OperatorState.
 * getCoordinatorState, which Checkpoints.loadAndValidateCheckpoint asks for first). */
static bool has_state(const struct old_vertex *vertex)
{
    if (vertex->is_source)
        return true;
    for (uint32_t i = 0; i < vertex->parallelism; i++)
        if (vertex->states[i].bytes > 0 || vertex->states[i].in_flight_bytes > 0)
            return true;
    return false;
}

/* What the job brings to the check of one vertex. */
struct claimant {
    const struct job_graph *job;
    const int32_t *parallelism;
    const int32_t *max_parallelism;
    bool ignore_unclaimed;
};

/* A vertex without state may be missing: there is nothing to lose. */
static struct err check_unclaimed(const struct claimant *claimant, const struct old_vertex *old,
                                  struct note *note)
{
    if (claimant->ignore_unclaimed || !has_state(old))
        return OK;
    return err_note(note, ERR_REFUSED_CODE,
                    "Cannot map checkpoint/savepoint state for operator %s to the new program, "
                    "because the operator is not available in the new program. If you want to "
                    "allow to skip this, you can set the --allowNonRestoredState option on the CLI",
                    old->name);
}

/* A max parallelism that nobody fixed follows the snapshot's (VertexParallelismInformation.
 * canRescaleMaxParallelism). */
static struct err check_claimed(const struct claimant *claimant, const struct old_vertex *old,
                                uint32_t v, struct note *note)
{
    bool is_fixed = claimant->job->vertices.items[v].max_parallelism != PARALLELISM_UNSET;
    if (is_fixed && claimant->max_parallelism[v] != old->max_parallelism)
        return err_note(note, ERR_REFUSED_CODE,
                        "Max parallelism mismatch between checkpoint/savepoint state and new "
                        "program. Cannot map operator %s with max parallelism %d to new program "
                        "with max parallelism %d",
                        old->name, old->max_parallelism, claimant->max_parallelism[v]);
    if (claimant->parallelism[v] > old->max_parallelism)
        return err_note(note, ERR_REFUSED_CODE,
                        "The state for task %s can not be restored. The maximum parallelism (%d) "
                        "of the restored state is lower than the configured parallelism (%d)",
                        old->name, old->max_parallelism, claimant->parallelism[v]);
    return OK;
}

static struct err check_all(const struct claimant *claimant, const struct kept_snapshot *from,
                            struct note *note)
{
    for (size_t first = 0; first < from->checkpoint.states.count;) {
        struct old_vertex old = next_vertex(from, &first);
        struct vertex_id v = job_graph_find_vertex(claimant->job, old.name);
        if (vertex_id_is_none(v))
            TRY(check_unclaimed(claimant, &old, note));
        else
            TRY(check_claimed(claimant, &old, v.n, note));
    }
    return OK;
}

/* A vertex the snapshot does not know stands in the list as one that stored nothing. */
static void lay_vertex(struct completed_checkpoint *out, uint32_t v, const struct old_vertex *old,
                       int32_t *max_parallelism)
{
    if (!old->states) {
        vec_push(&out->states, (struct task_state){ .vertex = { v },
                                                    .parallelism = 1,
                                                    .range = { 0, max_parallelism[v] - 1 } });
        return;
    }
    max_parallelism[v] = old->max_parallelism;
    for (uint32_t i = 0; i < old->parallelism; i++) {
        vec_push(&out->states, old->states[i]);
        vec_last(&out->states).vertex = (struct vertex_id){ v };
    }
}

/* Converted to a checkpoint, so that the job can fall back to it. */
struct err snapshot_lay_out(const struct kept_snapshot *from, const struct job_graph *job,
                            const int32_t *parallelism, bool ignore_unclaimed,
                            int32_t *max_parallelism, struct completed_checkpoint *out,
                            struct note *note)
{
    const struct completed_checkpoint *taken = &from->checkpoint;
    TRY(check_all(&(struct claimant){ job, parallelism, max_parallelism, ignore_unclaimed }, from,
                  note));
    uint32_t count = (uint32_t)job->vertices.count;
    struct old_vertex *old_of = mem_create_array(count, sizeof *old_of);
    for (size_t first = 0; first < taken->states.count;) {
        struct old_vertex old = next_vertex(from, &first);
        struct vertex_id v = job_graph_find_vertex(job, old.name);
        if (!vertex_id_is_none(v))
            old_of[v.n] = old;
    }
    *out = (struct completed_checkpoint){ .id = taken->id,
                                          .kind = CHECKPOINT_PERIODIC,
                                          .triggered_at = taken->triggered_at,
                                          .completed_at = taken->completed_at,
                                          .summary = taken->summary };
    for (uint32_t v = 0; v < count; v++)
        lay_vertex(out, v, &old_of[v], max_parallelism);
    mem_destroy(old_of);
    return OK;
}
