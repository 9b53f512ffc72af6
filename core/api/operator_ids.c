/* SPDX-License-Identifier: Apache-2.0
 *
 * From the sources on, breadth first; an operator's turn comes behind all that it reads from.
 */
#include "core/api/operator_ids.h"

#include "core/base/hash.h"

/* What an id is made of: ids of different kinds are never the same. */
enum id_kind { ID_OF_UID = 2, ID_OF_SINK, ID_OF_PLACE };

struct visit {
    VEC(struct api_operator *) queue;
    VEC(struct api_operator *) * readers; /* by operator, in the order in which they were built */
    uint32_t given;
};

static bool is_chained_to(const struct api_operator *reader, const struct api_operator *of)
{
    return reader->vertex == of->vertex && reader->place == of->place + 1;
}

/* generateDeterministicHash. */
static uint64_t id_of_place(const struct visit *visit, const struct api_operator *op)
{
    uint64_t id = hash_add(ID_OF_PLACE, visit->given);
    for (VEC_EACH(struct api_operator *, reader, &visit->readers[op->number]))
        if (is_chained_to(*reader, op))
            id = hash_add(id, visit->given);
    for (VEC_EACH(const struct api_input, input, &op->inputs))
        id = hash_add(id, input->part.from->id);
    return id;
}

/* generateNodeHash. False: not all that it reads from have theirs. */
static bool give(const struct visit *visit, struct api_operator *op)
{
    for (VEC_EACH(const struct api_input, input, &op->inputs))
        if (input->part.from->id == 0)
            return false;
    if (op->uid)
        op->id = hash_add_text(ID_OF_UID, op->uid);
    else if (op->outputs.count == 0)
        op->id = hash_add_text(ID_OF_SINK, op->name);
    else
        op->id = id_of_place(visit, op);
    return true;
}

/* One that is not ready is met again, behind the last that it reads from. */
static void walk(struct visit *visit)
{
    for (size_t next = 0; next < visit->queue.count; next++) {
        struct api_operator *op = visit->queue.items[next];
        if (op->id != 0 || !give(visit, op))
            continue;
        visit->given++;
        for (VEC_EACH(struct api_operator *, reader, &visit->readers[op->number]))
            vec_push(&visit->queue, *reader);
    }
}

void api_give_ids(struct api_job *job)
{
    struct visit visit = { 0 };
    visit.readers = mem_create_array(job->operators.count, sizeof *visit.readers);
    for (VEC_EACH(struct api_operator *, op, &job->operators)) {
        (*op)->id = 0;
        for (VEC_EACH(const struct api_input, input, &(*op)->inputs))
            vec_push(&visit.readers[input->part.from->number], *op);
        if ((*op)->inputs.count == 0)
            vec_push(&visit.queue, *op);
    }
    walk(&visit);
    for (VEC_EACH(struct api_operator *, op, &job->operators)) {
        CHECK((*op)->id != 0); /* readers are built behind those they read from */
        vec_fini(&visit.readers[(*op)->number]);
    }
    mem_destroy(visit.readers);
    vec_fini(&visit.queue);
}
