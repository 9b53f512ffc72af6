/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that starts from another one's snapshot: the files become its own first checkpoint, and it
 * goes on with the other's log from the offsets in them. What the other had read behind the
 * snapshot is read a second time.
 */
#include <math.h>

#include "sim/exact/parts.h"

static struct exact_job *former_of(struct exact *exact, const struct exact_job *job)
{
    return job->spec->former > 0 ? &exact->jobs[job->spec->former - 1] : NULL;
}

/* Vertices are the same when their names are; numbers may differ. */
static uint32_t vertex_named(const struct exact_job *job, const char *name)
{
    return job_graph_find_vertex(job->spec->graph, name).n;
}

static const char *name_of(const struct exact_job *job, uint32_t vertex)
{
    return job->spec->graph->vertices.items[vertex].name;
}

/* Unread: what it adds to is not there yet. */
static struct stored_file *copy_of(const struct stored_file *theirs, uint32_t vertex)
{
    struct stored_file *file = mem_create(sizeof *file);
    struct note note;
    *file = (struct stored_file){ .vertex = vertex,
                                  .subtask = theirs->subtask,
                                  .checkpoint = theirs->checkpoint,
                                  .keyed_bytes = theirs->keyed_bytes,
                                  .modelled = theirs->modelled,
                                  .records = theirs->records };
    memcpy(snapshot_bytes_take(&file->bytes, theirs->bytes.count), theirs->bytes.items,
           theirs->bytes.count);
    struct err e = task_snapshot_open(file->bytes.items, file->bytes.count, &file->file, &note);
    CHECK(!err_is(e));
    return file;
}

/* What the job has no vertex for is left behind. */
static void copy_files(struct exact_job *job, const struct exact_job *former,
                       const struct exact_cut *theirs, struct exact_cut *cut)
{
    for (uint32_t v = 0; v < former->vertex_count; v++) {
        uint32_t own = vertex_named(job, name_of(former, v));
        if (own == NONE)
            continue;
        for (VEC_EACH(struct stored_file *, file, &theirs->vertices[v].older))
            stored_cut_bring(job, cut, copy_of(*file, own));
        for (VEC_EACH(struct stored_file *, file, &theirs->vertices[v].own))
            stored_cut_add(job, cut, copy_of(*file, own));
    }
}

/* A savepoint is nobody's base, and what is not claimed must not be needed later. */
static bool can_build_on(const struct exact_job *job, const struct exact_cut *theirs)
{
    return theirs->kind == CHECKPOINT_PERIODIC &&
           job->spec->graph->config.recovery_claim_mode == CLAIM_MODE_CLAIM;
}

static double position_of(const struct exact_source *source)
{
    double sum = 0;
    for (VEC_EACH(const struct split_place, split, &source->splits))
        sum += (double)split->position;
    return sum;
}

/* Splits that no task takes up had been read to their end. What is whose of the records that have
 * arrived: those up to now, or to when the other job ended, were offered to the other one. */
static void take_books(struct exact *exact, const struct exact_job *former,
                       const struct exact_source *theirs, struct exact_source *source,
                       const uint64_t *offsets)
{
    bool ended, is_over = former->ended && !former->failed;
    for (uint32_t s = 0; s < source->log.splits; s++)
        source->splits.items[s] = (struct split_place){ offsets[s], SPLIT_DONE };
    source->taken_over = position_of(source);
    source->offered_before =
        (double)log_arrived(source, is_over ? former->ended_at : exact_now(exact), &ended);
    source->served_before = fmax(position_of(theirs) - source->taken_over, 0);
}

void heir_adopt(struct exact *exact, struct exact_job *job, uint64_t checkpoint)
{
    struct exact_job *former = former_of(exact, job);
    if (checkpoint == 0 || !former || stored_cut_find(job, checkpoint))
        return;
    struct exact_cut *theirs = stored_cut_find(former, checkpoint);
    if (!theirs)
        return; /* the task will say that it is not there */
    if (!theirs->completed)
        stored_cut_complete(former, theirs);
    theirs = stored_cut_find(former, checkpoint);
    struct exact_cut *cut = stored_cut_of(job, checkpoint, CHECKPOINT_PERIODIC);
    cut->completed = true;
    cut->no_base = !can_build_on(job, theirs);
    copy_files(job, former, theirs, cut);
    for (VEC_EACH(const struct exact_gone, gone, &theirs->gone)) {
        struct exact_gone own = *gone;
        own.vertex = vertex_named(job, name_of(former, gone->vertex));
        if (own.vertex != NONE)
            vec_push(&cut->gone, own);
    }
    for (VEC_EACH(struct exact_source, source, &job->sources)) {
        uint32_t vertex = vertex_named(former, name_of(job, source->vertex));
        size_t first = 0;
        if (vertex == NONE || former->vertices[vertex].source == NONE) {
            for (uint32_t s = 0; s < source->log.splits; s++)
                vec_push(&cut->offsets, 0);
            continue;
        }
        const struct exact_source *other = &former->sources.items[former->vertices[vertex].source];
        for (const struct exact_source *before = former->sources.items; before < other; before++)
            first += before->log.splits;
        take_books(exact, former, other, source, theirs->offsets.items + first);
        for (uint32_t s = 0; s < source->log.splits; s++)
            vec_push(&cut->offsets, theirs->offsets.items[first + s]);
        cut->position += source->taken_over;
    }
    job->goes_on = true;
}
