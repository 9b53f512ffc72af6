/* SPDX-License-Identifier: Apache-2.0
 *
 * The cuts of a job: those in progress, those that a restart may restore, and savepoints that a
 * later job may start from. Always by id; none is walked over to find another.
 */
#include "sim/model/cuts.h"

#include "sim/model/state.h"

static void cut_fini(struct cut *cut)
{
    for (uint32_t s = 0; s < cut->source_count; s++)
        source_cut_fini(&cut->sources[s]);
    mem_destroy(cut->sources);
    for (VEC_EACH(struct vertex_chains, chains, &cut->chains))
        vec_fini(chains);
    vec_fini(&cut->chains);
    vec_fini(&cut->finished);
}

void cuts_fini(struct model_job *job)
{
    cuts_clear(job);
    vec_fini(&job->cuts);
    vec_fini(&job->restorable);
}

void cuts_clear(struct model_job *job)
{
    for (VEC_EACH(struct cut, cut, &job->cuts))
        cut_fini(cut);
    vec_clear(&job->cuts);
    vec_clear(&job->restorable);
    job->cuts_kept = 0;
    job->cuts_checked = 0;
}

/* Of the first one with that id or a higher one. */
static size_t place_of(const struct model_job *job, uint64_t id)
{
    size_t first = 0, end = job->cuts.count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (job->cuts.items[middle].id < id)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

struct cut *cut_find(const struct model_job *job, uint64_t id)
{
    size_t place = place_of(job, id);
    return place < job->cuts.count && job->cuts.items[place].id == id ? &job->cuts.items[place]
                                                                      : NULL;
}

void cut_add(struct model_job *job, struct cut cut)
{
    size_t place = place_of(job, cut.id);
    vec_push(&job->cuts, cut);
    for (size_t i = job->cuts.count - 1; i > place; i--)
        job->cuts.items[i] = job->cuts.items[i - 1];
    job->cuts.items[place] = cut;
}

static void remove_at(struct model_job *job, size_t place)
{
    cut_fini(&job->cuts.items[place]);
    vec_remove_ordered(&job->cuts, place);
    if (place < job->cuts_kept)
        job->cuts_kept--;
}

void cut_remove(struct model_job *job, uint64_t id)
{
    CHECK(cut_find(job, id) != NULL);
    remove_at(job, place_of(job, id));
}

/* Savepoints are not in the store, a synchronous one neither: when its stop fails after all, the
 * job goes back to the checkpoint before it (CheckpointCoordinator.completePendingCheckpoint). */
void cut_complete(struct model_job *job, struct cut *cut)
{
    CHECK(!cut->completed);
    cut->completed = true;
    if (cut->kind != CHECKPOINT_PERIODIC)
        return;
    vec_push(&job->restorable, cut->id);
    for (size_t i = job->restorable.count - 1; i > 0 && job->restorable.items[i - 1] > cut->id;
         i--) {
        job->restorable.items[i] = job->restorable.items[i - 1];
        job->restorable.items[i - 1] = cut->id;
        job->cuts_checked = 0;
    }
}

const struct cut *cut_newest(const struct model_job *job)
{
    return job->restorable.count > 0 ? cut_find(job, vec_last(&job->restorable)) : NULL;
}

static bool is_pending(const struct model_job *job, uint64_t checkpoint)
{
    bool any = false;
    for (VEC_EACH(const struct pending, pending, &job->pending))
        any |= pending->how.checkpoint == checkpoint;
    return any;
}

/* Savepoints belong to whoever asked for them. */
static bool is_kept(const struct model_job *job, const struct cut *cut)
{
    return job->has_heirs && cut->kind != CHECKPOINT_PERIODIC;
}

void cuts_forget(struct model_job *job)
{
    size_t wanted = (size_t)job->spec->graph->config.checkpoint_retained;
    wanted = wanted > 0 ? wanted : 1;
    while (job->restorable.count > wanted) {
        cut_remove(job, job->restorable.items[0]);
        vec_remove_ordered(&job->restorable, 0);
    }
    if (job->restorable.count < wanted)
        return;
    for (size_t i = place_of(job, job->restorable.items[0]); i-- > job->cuts_kept;)
        if (!is_pending(job, job->cuts.items[i].id) && !is_kept(job, &job->cuts.items[i]))
            remove_at(job, i);
    while (is_kept(job, &job->cuts.items[job->cuts_kept]))
        job->cuts_kept++;
}
