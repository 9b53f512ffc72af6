/* SPDX-License-Identifier: Apache-2.0
 *
 * A stored checkpoint's positions: from where the barrier left the sources to what its state stands
 * for. In: the cut, where its sources are now, and later cuts. Out: the cut, settled; no partition
 * is further in it than it is now, or in a later one, so that a restore never goes on. Done when
 * the last snapshot is stored, so a restart behind that makes no difference.
 */
#include <math.h>

#include "sim/model/partition.h"
#include "sim/model/state.h"

/* By group of the cut: the least position of its partitions in the other layout. Another number of
 * partitions (paced only) says nothing of single ones. */
static void limit_by(const struct source_cut *cut, const struct layout *other,
                     const double *positions, double *limits)
{
    uint32_t partitions = cut->layout->partitions;
    if (other->partitions != partitions)
        return;
    uint32_t period = layout_period(partitions, cut->layout->period, other->period);
    for (uint32_t i = 0; i < period; i++) {
        double *limit = &limits[layout_group(cut->layout, i)];
        *limit = fmin(*limit, positions[layout_group(other, i)]);
    }
}

static void limit_by_source(const struct source_cut *cut, struct model_source *source, time_ns now,
                            double *limits)
{
    double *positions = mem_create_array(source->groups.count, sizeof *positions);
    for (size_t g = 0; g < source->groups.count; g++)
        positions[g] = source_read(source, &source->groups.items[g], now);
    limit_by(cut, source->layout, positions, limits);
    mem_destroy(positions);
}

/* The barrier is taken to be through when as much as was before it, in all subtasks together, has
 * drained; some of them have drained less than was before theirs by then. */
static void settle_source(struct model *model, struct model_job *job, struct cut *cut, uint32_t s)
{
    struct source_cut *own = &cut->sources[s];
    struct model_source *source = &job->sources.items[s];
    bool moves = own->ahead > 0, stops = job->stopped_by == cut->id;
    double most = stops ? INFINITY : source_position(source, model_now(model));
    double *limits = mem_create_array(own->group_count, sizeof *limits);
    for (uint32_t g = 0; g < own->group_count; g++)
        limits[g] = INFINITY;
    if (moves && !stops)
        limit_by_source(own, source, model_now(model), limits);
    for (size_t i = job->cuts.count; i-- > 0 && job->cuts.items[i].id > cut->id;) {
        const struct source_cut *newer = &job->cuts.items[i].sources[s];
        most = fmin(most, newer->total);
        if (moves)
            limit_by(own, newer->layout, newer->positions, limits);
    }
    /* Below it only when a region has begun anew meanwhile, and then nobody completes the cut. */
    source_cut_settle(own, fmax(most - own->total, 0), limits);
    if (moves && stops)
        partitions_drain(source, own);
    mem_destroy(limits);
}

void barrier_settle_cut(struct model *model, struct model_job *job, struct cut *cut)
{
    cut->settled = true;
    net_advance(model, (uint32_t)(job - model->jobs));
    for (uint32_t s = 0; s < cut->source_count; s++)
        settle_source(model, job, cut, s);
}
