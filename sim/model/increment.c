/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains of increments by cut, vertex and subtask. What is in no chain is in no file to build on.
 */
#include "sim/model/increment.h"

#include <math.h>

#include "core/graph/operator_ids.h"

double records_at_cut(const struct model_job *job, const struct model_vertex *vertex,
                      const struct cut *cut)
{
    const struct component *component = &job->components.items[vertex->component];
    double sum = 0;
    for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
        sum += vertex->shape.gain[*k] * cut->sources[component->sources.items[*k]].total;
    return sum;
}

/* A savepoint is nobody's base. */
static const struct cut *completed_before(const struct model_job *job, uint64_t checkpoint)
{
    size_t i = job->restorable.count;
    while (i > 0 && job->restorable.items[i - 1] >= checkpoint)
        i--;
    return i > 0 ? cut_find(job, job->restorable.items[i - 1]) : NULL;
}

static struct vertex_chains *chains_in(struct cut *cut, const struct model_job *job,
                                       const struct model_vertex *vertex)
{
    if (cut->chains.count == 0)
        vec_resize(&cut->chains, job->vertex_count);
    struct vertex_chains *chains = &cut->chains.items[vertex->id];
    if (chains->count == 0)
        vec_resize(chains, vertex->parallelism);
    return chains;
}

struct increment increment_begin(const struct model_job *job, const struct model_vertex *vertex,
                                 struct cut *cut)
{
    const struct cut *before = completed_before(job, cut->id);
    struct increment increment = { .chains = chains_in(cut, job, vertex),
                                   .records = records_at_cut(job, vertex, cut) };
    if (!before || before->chains.count == 0)
        return increment;
    increment.before = &before->chains.items[vertex->id];
    increment.records_before = records_at_cut(job, vertex, before);
    return increment;
}

/* Of the subtask that had the same key groups, at whatever parallelism. A table that is put
 * together from others' files, or from a part of one, is in no file of its own. Null: there is
 * none. */
static const struct chain_bytes *chain_before(const struct vertex_chains *before,
                                              const struct model_vertex *vertex, uint32_t subtask)
{
    if (!before || before->count == 0)
        return NULL;
    int32_t groups = (int32_t)vertex->groups, old = (int32_t)before->count;
    struct key_group_range now =
        key_group_range_of((int32_t)subtask, (int32_t)vertex->parallelism, groups);
    int32_t owner = key_group_subtask(now.first, old, groups);
    CHECK(0 <= owner && owner < old);
    struct key_group_range then = key_group_range_of(owner, old, groups);
    return then.first == now.first && then.last == now.last ? &before->items[owner] : NULL;
}

/* The part of the key groups that is written whole: that of the state that was added, and it has
 * been added for longest. */
static double take_turn(struct chain_bytes *chain, double size, uint32_t groups)
{
    const double least = 1.0 / CHECKPOINT_ROUND_MOST;
    chain->due = fmin(chain->due + fmax(chain->added < size ? chain->added / size : 1, least), 1);
    double due = floor(chain->due * groups), left = groups - chain->next;
    chain->due = due < left ? chain->due - due / groups : 0;
    chain->next = due < left ? chain->next + (uint32_t)due : 0;
    return fmin(due, left) / groups;
}

/* What was added since is the more, the longer ago a group's turn was: from nothing to twice the
 * mean. Files hold no less than the state. */
static void write_turn(struct chain_bytes *chain, double part, double size, double changed)
{
    chain->added = changed * (1 - part);
    chain->whole += (size - chain->whole) * part;
    chain->since = chain->since * (1 - part) * (1 - part) + chain->added;
    chain->since = fmax(chain->since, size - chain->whole);
}

static uint32_t groups_of(const struct model_vertex *vertex, uint32_t subtask)
{
    struct key_group_range range =
        key_group_range_of((int32_t)subtask, (int32_t)vertex->parallelism, (int32_t)vertex->groups);
    return (uint32_t)key_group_range_size(range);
}

struct increment_bytes increment_take(const struct model *model, const struct increment *increment,
                                      struct model_vertex *vertex, uint32_t subtask)
{
    const struct chain_bytes *before = chain_before(increment->before, vertex, subtask);
    struct chain_bytes *own = &increment->chains->items[subtask];
    CHECK(!own->is_known);
    double size = snapshot_keyed_bytes(model, vertex, subtask, increment->records);
    double part = 1;
    if (before && before->is_known) {
        *own = *before;
        part = take_turn(own, size, groups_of(vertex, subtask));
    }
    if (part == 1) {
        *own = (struct chain_bytes){ .is_known = true, .whole = size };
        return (struct increment_bytes){ .written = size };
    }
    /* never more than all of it */
    double records = fmax(increment->records - increment->records_before, 0);
    write_turn(own, part, size, snapshot_keyed_bytes(model, vertex, subtask, records));
    double written = own->added + size * part;
    return (struct increment_bytes){ .written = written,
                                     .older = fmax(own->whole + own->since - written, 0) };
}

/* The vertex that had state of one of these operators, of a job whose chains were no others. */
static const struct vertex_chains *chains_of_former(const struct model_job *former,
                                                    const struct cut *theirs,
                                                    const struct job_vertex *vertex)
{
    for (VEC_EACH(const struct job_operator, op, &vertex->operators)) {
        struct vertex_id was = operator_ids_find(former->spec->graph, op->id);
        if (!vertex_id_is_none(was))
            return &theirs->chains.items[was.n];
    }
    return NULL;
}

void increment_take_over(const struct model_job *job, struct cut *cut,
                         const struct model_job *former, const struct cut *theirs)
{
    if (theirs->chains.count == 0)
        return;
    vec_resize(&cut->chains, job->vertex_count);
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        const struct vertex_chains *from =
            chains_of_former(former, theirs, &job->spec->graph->vertices.items[v]);
        for (size_t s = 0; from && s < from->count; s++)
            vec_push(&cut->chains.items[v], from->items[s]);
    }
}
