/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that starts from another one's snapshot: the files become its own first checkpoint, and it
 * goes on with the other's log from the offsets in them. What the other had read behind the
 * snapshot is read a second time.
 */
#include <math.h>

#include "core/graph/operator_ids.h"
#include "sim/exact/parts.h"

static struct exact_job *former_of(struct exact *exact, const struct exact_job *job)
{
    return job->spec->former > 0 ? &exact->jobs[job->spec->former - 1] : NULL;
}

/* The vertex that has the operator now, wherever it was; NONE. */
static uint32_t vertex_with(const struct exact_job *job, uint64_t id)
{
    return operator_ids_find(job->spec->graph, id).n;
}

/* What its tasks run first. */
static uint64_t head_of(const struct exact_job *job, uint32_t vertex)
{
    return job->vertices[vertex].program.operators[0].id;
}

/* Unread: what it adds to is not there yet. */
static struct stored_file *copy_of(const struct stored_file *theirs, uint32_t vertex,
                                   uint32_t origin)
{
    struct stored_file *file = mem_create(sizeof *file);
    struct note note;
    *file = (struct stored_file){ .vertex = vertex,
                                  .origin = origin,
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

/* Have a vertex' files anything for the tasks of this one? */
static bool are_for(const struct cut_vertex *theirs, const struct program *program)
{
    return theirs->own.count > 0 &&
           task_snapshot_is_of(&theirs->own.items[0]->file, program->operators, program->count);
}

/* The files of all vertices that its operators were in, whole: a task takes of them what is of its
 * own. A vertex of which there are none is new, unless all of it had finished. seen: by the former
 * job's vertex, 1 + the last that had operators of it. */
static void copy_files_for(struct exact_job *job, uint32_t vertex, const struct exact_job *former,
                           const struct exact_cut *theirs, uint32_t *seen, struct exact_cut *cut)
{
    bool had_finished = false;
    uint32_t origin = 0;
    for (VEC_EACH(const struct job_operator, op,
                  &job->spec->graph->vertices.items[vertex].operators)) {
        uint32_t was = vertex_with(former, op->id);
        if (was == NONE || seen[was] == vertex + 1)
            continue;
        seen[was] = vertex + 1;
        const struct cut_vertex *from = &theirs->vertices[was];
        had_finished = had_finished || from->own.count == 0;
        if (!are_for(from, &job->vertices[vertex].program))
            continue;
        for (VEC_EACH(struct stored_file *, file, &from->older))
            stored_cut_bring(job, cut, copy_of(*file, vertex, origin));
        for (VEC_EACH(struct stored_file *, file, &from->own))
            stored_cut_add(job, cut, copy_of(*file, vertex, origin));
        origin++;
    }
    cut->vertices[vertex].is_new = origin == 0 && !had_finished;
}

/* What the job has no operator for is left behind. */
static void copy_files(struct exact_job *job, const struct exact_job *former,
                       const struct exact_cut *theirs, struct exact_cut *cut)
{
    uint32_t *seen = mem_create_array(former->vertex_count, sizeof *seen);
    for (uint32_t v = 0; v < job->vertex_count; v++)
        copy_files_for(job, v, former, theirs, seen, cut);
    mem_destroy(seen);
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
    cut->no_base = !job_builds_on(job->spec, former->spec, theirs->kind);
    copy_files(job, former, theirs, cut);
    for (VEC_EACH(const struct exact_gone, gone, &theirs->gone)) {
        struct exact_gone own = *gone;
        own.vertex = vertex_with(job, head_of(former, gone->vertex));
        if (own.vertex != NONE)
            vec_push(&cut->gone, own);
    }
    for (VEC_EACH(struct exact_source, source, &job->sources)) {
        uint32_t vertex = vertex_with(former, head_of(job, source->vertex));
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
