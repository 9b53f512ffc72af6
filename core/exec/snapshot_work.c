/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a task's snapshot, in the order of its file: operator state, keyed state, in-flight
 * data.
 */
#include "core/exec/snapshot_work.h"

enum { OF_INPUTS, OF_OUTPUTS };

static void save_lists(struct snapshot_work *work, const struct chain *chain)
{
    struct state_list list = { 0 };
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct operator* op = chain->operators[i];
        if (!op->class->save)
            continue;
        state_list_clear(&list);
        op->class->save(op, &list);
        task_snapshot_add_list(&work->writer, op->spec->id, &list);
    }
    state_list_fini(&list);
}

/* A savepoint holds everything, and nothing builds on it (SavepointType: canonical format). */
static void share(struct snapshot_work *work, struct keyed_state *state,
                  const struct state_registry *states, uint64_t checkpoint)
{
    bool counts = states->incremental && work->barrier.kind == CHECKPOINT_PERIODIC;
    struct chain_plan plan = { 0 };
    if (counts)
        plan = state_chain_plan(&state->chain, states->groups);
    struct shared_state shared = { .op = state->op,
                                   .name = state->identity.name,
                                   .snapshot = state_snapshot_begin(state->table, &state->identity,
                                                                    checkpoint, plan.is_increment),
                                   .chain = counts ? &state->chain : NULL };
    if (counts)
        state_chain_begin(&state->chain, checkpoint, &plan);
    if (plan.is_increment) {
        state_snapshot_write_whole(shared.snapshot, plan.whole);
        state_chain_write(&state->chain, checkpoint, state->op, state->identity.name,
                          &work->writer);
    }
    vec_push(&work->keyed, shared);
}

struct snapshot_work *snapshot_work_create(const struct task_snapshot_identity *identity,
                                           const struct checkpoint_barrier *barrier,
                                           const struct chain *chain, struct state_registry *states,
                                           time_ns now)
{
    struct snapshot_work *work = mem_create(sizeof *work);
    struct task_snapshot_identity own = *identity;
    own.checkpoint = (uint64_t)barrier->id;
    work->barrier = *barrier;
    work->began_at = now;
    task_snapshot_begin(&work->writer, &own, &work->bytes);
    save_lists(work, chain);
    for (VEC_EACH(struct keyed_state, state, &states->states))
        share(work, state, states, own.checkpoint);
    return work;
}

void snapshot_work_destroy(struct snapshot_work *work)
{
    for (size_t i = work->next; i < work->keyed.count; i++)
        state_snapshot_end(work->keyed.items[i].snapshot);
    for (int way = OF_INPUTS; way <= OF_OUTPUTS; way++) {
        for (VEC_EACH(struct stored_buffer, stored, &work->in_flight[way]))
            buffer_release(stored->buffer);
        vec_fini(&work->in_flight[way]);
        vec_fini(&work->places[way]);
    }
    vec_fini(&work->keyed);
    task_snapshot_writer_fini(&work->writer);
    snapshot_bytes_fini(&work->bytes);
    mem_destroy(work);
}

void snapshot_work_add(struct snapshot_work *work, enum section_kind kind,
                       struct in_flight_place place, const struct stored_buffer *take)
{
    int way = kind == SECTION_INPUT ? OF_INPUTS : OF_OUTPUTS;
    CHECK(!work->is_complete || kind == SECTION_OUTPUT);
    struct stored_buffer own = *take;
    own.buffer = buffer_copy(take->buffer);
    buffer_release(take->buffer);
    vec_push(&work->in_flight[way], own);
    vec_push(&work->places[way], place);
    work->in_flight_bytes += own.buffer->used;
}

static void write_keyed(struct snapshot_work *work, size_t budget)
{
    struct shared_state *state = &work->keyed.items[work->next];
    if (!work->is_open)
        task_snapshot_open_section(&work->writer, SECTION_KEYED, state->op, state->name);
    work->is_open = true;
    if (state_snapshot_write(state->snapshot, &work->bytes, budget))
        return;
    task_snapshot_close_section(&work->writer);
    if (state->chain)
        state_chain_written(state->chain, &work->writer.identity,
                            vec_last(&work->writer.sections).size,
                            state_snapshot_added(state->snapshot));
    state_snapshot_end(state->snapshot);
    work->is_open = false;
    work->next++;
}

/* A section for each gate or output that has some. */
static void write_in_flight(struct snapshot_work *work, int way, enum section_kind kind)
{
    uint32_t most = 0;
    for (VEC_EACH(const struct in_flight_place, place, &work->places[way]))
        most = place->number + 1 > most ? place->number + 1 : most;
    for (uint32_t number = 0; number < most; number++) {
        bool any = false;
        for (size_t i = 0; i < work->in_flight[way].count; i++) {
            const struct in_flight_place *place = &work->places[way].items[i];
            if (place->number != number)
                continue;
            if (!any)
                task_snapshot_open_in_flight(&work->writer, kind, number, &place->serializer);
            any = true;
            task_snapshot_add_buffer(&work->writer, work->in_flight[way].items[i].channel,
                                     work->in_flight[way].items[i].buffer);
        }
        if (any)
            task_snapshot_close_section(&work->writer);
    }
}

enum snapshot_progress snapshot_work_write(struct snapshot_work *work, size_t budget)
{
    if (work->is_written)
        return SNAPSHOT_WRITTEN;
    if (work->next < work->keyed.count) {
        write_keyed(work, budget);
        return SNAPSHOT_WRITES;
    }
    if (!work->is_complete)
        return SNAPSHOT_WAITS;
    write_in_flight(work, OF_INPUTS, SECTION_INPUT);
    write_in_flight(work, OF_OUTPUTS, SECTION_OUTPUT);
    task_snapshot_finish(&work->writer);
    work->is_written = true;
    return SNAPSHOT_WRITTEN;
}
