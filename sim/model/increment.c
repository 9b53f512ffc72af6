/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains of increments by cut and vertex. A cut without a chain is a full file.
 */
#include "sim/model/increment.h"

#include <math.h>

double records_at_cut(const struct model_job *job, const struct model_vertex *vertex,
                      const struct cut *cut)
{
    const struct component *component = &job->components.items[vertex->component];
    double sum = 0;
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
        sum += vertex->shape.gain[*k] * cut->sources[component->sources.items[*k]].total;
    return sum;
}

/* What an incremental checkpoint builds on; a savepoint is nobody's base. */
static struct cut *completed_before(const struct model_job *job, uint64_t checkpoint)
{
    size_t i = job->restorable.count;
    while (i > 0 && job->restorable.items[i - 1] >= checkpoint)
        i--;
    struct cut *newest = i > 0 ? cut_find(job, job->restorable.items[i - 1]) : NULL;
    return newest && !newest->no_base ? newest : NULL; /* such a one is a former job's: the first */
}

static double keyed_bytes(const struct model *model, struct model_vertex *vertex, double records)
{
    double sum = 0;
    for (uint32_t s = 0; s < vertex->parallelism; s++)
        sum += snapshot_keyed_bytes(model, vertex, s, records);
    return sum;
}

/* The files of this vertex; those of a cut that was no incremental one are one full file each. */
static struct chain_bytes *chain_of(const struct model *model, struct model_job *job,
                                    struct model_vertex *vertex, struct cut *cut)
{
    if (cut->chains.count == 0)
        vec_resize(&cut->chains, job->vertex_count);
    struct chain_bytes *chain = &cut->chains.items[vertex->id];
    if (!chain->is_known)
        *chain = (struct chain_bytes){
            .is_known = true, .full = keyed_bytes(model, vertex, records_at_cut(job, vertex, cut))
        };
    return chain;
}

static bool goes_on(const struct chain_bytes *chain)
{
    return chain->added <= chain->full && chain->increments < CHECKPOINT_INCREMENTS_MAX;
}

/* The cut's own files, on those of `before`. */
static void put_chain(const struct model *model, struct model_job *job, struct model_vertex *vertex,
                      struct cut *cut, const struct chain_bytes *before, double records_before)
{
    double records = records_at_cut(job, vertex, cut);
    if (cut->chains.count == 0)
        vec_resize(&cut->chains, job->vertex_count);
    if (cut->chains.items[vertex->id].is_known)
        return;
    struct chain_bytes chain = *before;
    chain.added += keyed_bytes(model, vertex, fmax(records - records_before, 0));
    chain.increments++;
    cut->chains.items[vertex->id] = chain;
}

struct increment increment_take(const struct model *model, struct model_job *job,
                                struct model_vertex *vertex, struct cut *cut)
{
    struct cut *before = completed_before(job, cut->id);
    const struct chain_bytes *chain = before ? chain_of(model, job, vertex, before) : NULL;
    if (!chain || !goes_on(chain))
        return (struct increment){ 0 };
    double records_before = records_at_cut(job, vertex, before);
    struct increment increment = { .is_one = true,
                                   .records_before = records_before,
                                   .older = chain->full + chain->added,
                                   .keyed = keyed_bytes(model, vertex,
                                                        records_at_cut(job, vertex, cut)) };
    put_chain(model, job, vertex, cut, chain, records_before);
    return increment;
}
