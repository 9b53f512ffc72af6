/* SPDX-License-Identifier: Apache-2.0
 *
 * The former job's cut becomes the first of the later job, source by source. What the
 * former job has read up to the cut is taken over; what it read behind it is read again.
 */
#include "sim/model/handover.h"

#include <math.h>
#include <string.h>

#include "core/graph/operator_ids.h"
#include "core/port/snapshot_path.h"
#include "sim/model/increment.h"
#include "sim/model/partition.h"
#include "sim/model/state.h"

static struct model_job *former_of(struct model *model, const struct model_job *job)
{
    return job->spec->former > 0 ? &model->jobs[job->spec->former - 1] : NULL;
}

/* The same source, as a place among the former job's; NONE: it had none. Sources are heads. */
static uint32_t source_of_former(const struct model_job *former, const struct job_vertex *source)
{
    struct vertex_id vertex = operator_ids_find(former->spec->graph, source->operators.items[0].id);
    return vertex_id_is_none(vertex) ? NONE : former->vertices[vertex.n].source;
}

static struct source_cut copy_of(const struct source_cut *cut)
{
    struct source_cut copy = *cut;
    copy.layout->references++;
    copy.positions = mem_create_array(cut->group_count, sizeof *copy.positions);
    copy.counts = mem_create_array(cut->group_count, sizeof *copy.counts);
    copy.aheads = mem_create_array(cut->group_count, sizeof *copy.aheads);
    memcpy(copy.positions, cut->positions, cut->group_count * sizeof *copy.positions);
    memcpy(copy.counts, cut->counts, cut->group_count * sizeof *copy.counts);
    memcpy(copy.aheads, cut->aheads, cut->group_count * sizeof *copy.aheads);
    return copy;
}

/* What is whose of the records that had arrived: offered to the former job, each of them, up to
 * when it gave its log up. What it served behind the snapshot is served a second time. Of a paced
 * load nothing is: the later job makes records of its own. */
static void take_books(struct model_source *source, struct model_source *former,
                       const struct source_cut *cut, time_ns now)
{
    time_ns from = former->given_up_at < now ? former->given_up_at : now;
    source->taken_over = source_position(source, now);
    source->offered_before = 0;
    source->offered_before = source_offered(source, source->paced ? now : from);
    source->served_before = source->read_before = 0;
    if (source->paced)
        return;
    source->served_before = fmax(source_position(former, from) - source->taken_over, 0);
    source->read_before = fmax(source->served_before + former->ahead - cut->ahead, 0);
}

/* Nothing of the job has run yet, or it would have no need of another job's cut. */
static void adopt(struct model *model, struct model_job *job, struct model_job *former,
                  struct cut *theirs)
{
    time_ns now = model_now(model);
    const bool all = true;
    CHECK(theirs->settled);
    net_advance(model, (uint32_t)(former - model->jobs)); /* it may run on */
    cuts_clear(job);                                      /* an earlier guess */
    struct cut cut = { .id = theirs->id,
                       .kind = CHECKPOINT_PERIODIC,
                       .settled = true,
                       .is_taken_over = true,
                       .source_count = (uint32_t)job->sources.count };
    cut.sources = mem_create_array(cut.source_count, sizeof *cut.sources);
    for (uint32_t s = 0; s < cut.source_count; s++) {
        struct model_source *source = &job->sources.items[s];
        uint32_t there =
            source_of_former(former, &job->spec->graph->vertices.items[source->vertex]);
        if (there == NONE) {
            source_cut_take(source, now, &cut.sources[s]);
            continue;
        }
        cut.sources[s] = copy_of(&theirs->sources[there]);
        partitions_restore(source, &cut.sources[s], &all, 1, now);
        take_books(source, &former->sources.items[there], &cut.sources[s], now);
        if (former->ended)
            former->sources.items[there].given_up_at = now;
    }
    if (job_builds_on(job->spec, former->spec, theirs->kind))
        increment_take_over(job, &cut, former, theirs);
    cut_add(job, cut);
    cut_complete(job, cut_find(job, cut.id));
    job->goes_on = true;
}

void handover_take(struct model *model, uint32_t j, uint64_t checkpoint)
{
    struct model_job *job = &model->jobs[j], *former = former_of(model, job);
    if (checkpoint == 0 || !former || cut_find(job, checkpoint))
        return;
    struct cut *theirs = cut_find(former, checkpoint);
    CHECK(theirs != NULL);
    CHECK(job->restored.count == 0);
    adopt(model, job, former, theirs);
}

/* The newest that fits the path, as far as the data plane knows: it is not told that an ordinary
 * savepoint is complete, but it knows when all of it is stored. */
static struct cut *cut_for(struct model_job *former, const struct model_job *job)
{
    struct snapshot_path path;
    struct cut *newest = NULL;
    if (!snapshot_path_read(job->spec->graph->config.recovery_path.text, &path))
        return NULL;
    for (VEC_EACH(struct cut, cut, &former->cuts)) {
        bool is_savepoint = cut->kind != CHECKPOINT_PERIODIC;
        bool fits = is_savepoint == path.is_savepoint && (path.id == 0 || path.id == cut->id) &&
                    (cut->completed || (cut->settled && cut->kind == CHECKPOINT_SAVEPOINT)) &&
                    !cut->is_taken_over;
        if (fits && (!newest || cut->id > newest->id))
            newest = cut;
    }
    return newest;
}

void handover_offer(struct model *model, uint32_t j)
{
    struct model_job *former = &model->jobs[j];
    for (uint32_t k = 0; k < model->job_count; k++) {
        struct model_job *job = &model->jobs[k];
        struct cut *theirs = former_of(model, job) == former && !job->goes_on && !job->ended
                                 ? cut_for(former, job)
                                 : NULL;
        if (theirs)
            adopt(model, job, former, theirs);
    }
}
