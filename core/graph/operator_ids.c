/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving ids to operators, and finding them. In: a graph that is being finished. Always, behind
 * that: each operator has an id, no two have the same.
 */
#include "core/graph/operator_ids.h"

#include "core/base/check.h"
#include "core/base/hash.h"

/* Whose it is, while ids are given. */
struct taken {
    struct index_map by_id;
    VEC(const char *) names;
};

static bool is_taken(const struct taken *taken, uint64_t id)
{
    return index_map_get(&taken->by_id, id) != INDEX_NONE;
}

static MUST_CHECK struct err take(struct taken *taken, const struct job_operator *op,
                                  struct note *note)
{
    if (is_taken(taken, op->id))
        return err_note(note, ERR_DUPLICATE_CODE, "operators '%s' and '%s' have the same uid",
                        taken->names.items[index_map_get(&taken->by_id, op->id)], op->name);
    index_map_put(&taken->by_id, op->id, (uint32_t)taken->names.count);
    vec_push(&taken->names, op->name);
    return OK;
}

static uint64_t id_of_name(uint64_t within, const char *name)
{
    enum { NAMED = 1 };
    return hash_add_text(hash_add(NAMED, within), name);
}

/* Those that have brought their own come first, then heads, whose names are all different. */
enum round { ROUND_OWN, ROUND_HEADS, ROUND_CHAINED, ROUND_COUNT };

static MUST_CHECK struct err give(struct taken *taken, struct job_vertex *vertex, enum round round,
                                  struct note *note)
{
    for (uint32_t place = 0; place < vertex->operators.count; place++) {
        struct job_operator *op = &vertex->operators.items[place];
        bool is_own = op->id != 0;
        if (round == ROUND_OWN ? !is_own : is_own || (round == ROUND_HEADS) != (place == 0))
            continue;
        if (!is_own)
            op->id = id_of_name(0, op->name);
        if (round == ROUND_CHAINED && is_taken(taken, op->id))
            op->id = id_of_name(hash_add(vertex->operators.items[0].id, place), op->name);
        TRY(take(taken, op, note));
    }
    return OK;
}

struct err operator_ids_give(struct job_graph *graph, struct note *note)
{
    struct taken taken = { 0 };
    struct err e = OK;
    for (enum round round = ROUND_OWN; round < ROUND_COUNT; round++)
        for (size_t v = 0; v < graph->vertices.count && !err_is(e); v++)
            e = give(&taken, &graph->vertices.items[v], round, note);
    vec_fini(&taken.names);
    index_map_fini(&taken.by_id);
    return e;
}

void operator_ids_map(struct job_graph *graph)
{
    index_map_clear(&graph->vertex_by_operator);
    for (uint32_t v = 0; v < graph->vertices.count; v++)
        for (VEC_EACH(const struct job_operator, op, &graph->vertices.items[v].operators))
            index_map_put(&graph->vertex_by_operator, op->id, v);
}

bool operator_ids_are_joined(const struct job_graph *from, const struct job_graph *to)
{
    for (VEC_EACH(const struct job_vertex, vertex, &to->vertices)) {
        struct vertex_id first = vertex_id_none();
        for (VEC_EACH(const struct job_operator, op, &vertex->operators)) {
            struct vertex_id was = operator_ids_find(from, op->id);
            if (vertex_id_is_none(first))
                first = was;
            else if (!vertex_id_is_none(was) && was.n != first.n)
                return true;
        }
    }
    return false;
}

struct vertex_id operator_ids_find(const struct job_graph *graph, uint64_t id)
{
    uint32_t vertex = index_map_get(&graph->vertex_by_operator, id);
    return vertex == INDEX_NONE ? vertex_id_none() : (struct vertex_id){ vertex };
}
