/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed states by name: made when asked for, restored from the files of the old subtasks.
 */
#include "core/exec/keyed_states.h"

#include "core/base/text.h"

void state_registry_fini(struct state_registry *registry)
{
    for (VEC_EACH(struct keyed_state, state, &registry->states))
        state_table_destroy(state->table);
    vec_fini(&registry->states);
}

/* Old subtasks without a file had finished before the checkpoint: no record of theirs is to come,
 * and their state is gone with them, as in Flink. */
static void restore_finished(const struct state_registry *registry, struct state_restore *restore)
{
    const struct task_snapshot_identity *first = &registry->files[0].identity;
    bool *found = mem_create_array(first->parallelism, sizeof *found);
    for (size_t i = 0; i < registry->file_count; i++)
        found[registry->files[i].identity.subtask] = true;
    for (uint32_t s = 0; s < first->parallelism; s++)
        if (!found[s])
            state_restore_absent(
                restore,
                key_group_range_of((int32_t)s, (int32_t)first->parallelism, first->max_parallelism),
                first->checkpoint);
    mem_destroy(found);
}

static MUST_CHECK struct err restore_from(const struct state_registry *registry,
                                          const struct keyed_state *state,
                                          struct state_restore *restore, struct note *note)
{
    for (size_t i = 0; i < registry->file_count; i++) {
        const struct task_snapshot_file *file = &registry->files[i];
        const struct snapshot_section *section =
            task_snapshot_find(file, SECTION_KEYED, state->op, state->identity.name);
        if (section)
            TRY(state_restore_add(restore, file->bytes + section->offset, section->size, note));
    }
    restore_finished(registry, restore);
    return OK;
}

static bool is_in_files(const struct state_registry *registry, const struct keyed_state *state)
{
    for (size_t i = 0; i < registry->file_count; i++)
        if (task_snapshot_find(&registry->files[i], SECTION_KEYED, state->op, state->identity.name))
            return true;
    return false;
}

/* A state that is new since the snapshot begins empty, as in Flink. */
static MUST_CHECK struct err restore(const struct state_registry *registry,
                                     const struct keyed_state *state, struct note *note)
{
    if (!is_in_files(registry, state))
        return OK;
    struct state_restore *restore = state_restore_begin(state->table, &state->identity);
    struct err e = restore_from(registry, state, restore, note);
    if (err_is(e)) {
        state_restore_cancel(restore);
        return e;
    }
    return state_restore_finish(restore, true, note);
}

struct state_table *operator_keyed_state(struct operator* op, const struct keyed_state_spec *spec)
{
    struct state_registry *registry = op->task->states;
    struct note note = { { 0 } };
    if (strlen(spec->name) >= SNAPSHOT_NAME_MAX || registry->states.count >= KEYED_STATES_MAX) {
        operator_fail(op, CAUSE_USER_CODE, "state '%s': its name is too long, or too many states",
                      spec->name);
        return NULL;
    }
    for (VEC_EACH(const struct keyed_state, state, &registry->states))
        if (state->op == op->place && text_equal(state->identity.name, spec->name)) {
            operator_fail(op, CAUSE_USER_CODE, "state '%s' is registered twice", spec->name);
            return NULL;
        }
    struct keyed_state state = { .op = op->place,
                                 .identity = { .job = registry->task.job,
                                               .operator_uid = { registry->task.vertex, op->place },
                                               .key = spec->key,
                                               .value = spec->value } };
    text_format(state.identity.name, sizeof state.identity.name, "%s", spec->name);
    state.table =
        state_table_create(&(struct state_spec){ .key_size = spec->key_size,
                                                 .value_size = spec->value_size,
                                                 .key_hash = spec->key_hash,
                                                 .stamped = spec->stamped,
                                                 .max_parallelism = registry->task.max_parallelism,
                                                 .range = registry->groups,
                                                 .incremental = registry->incremental,
                                                 .bytes_max = registry->bytes_max });
    vec_push(&registry->states, state);
    struct err e = restore(registry, &state, &note);
    if (!err_is(e))
        return state.table;
    if (memcmp(note.text, "state '", strlen("state '")) == 0)
        operator_fail(op, CAUSE_RESTORE, "%s", note.text);
    else
        operator_fail(op, CAUSE_RESTORE, "state '%s': %s", spec->name, note.text);
    return NULL;
}

void state_registry_confirm(struct state_registry *registry, uint64_t checkpoint)
{
    for (VEC_EACH(struct keyed_state, state, &registry->states)) {
        /* one that this attempt did not take, or that a newer one has made useless */
        struct err e = state_table_confirm(state->table, checkpoint);
        (void)e;
    }
}

void state_registry_abort(struct state_registry *registry, uint64_t checkpoint)
{
    for (VEC_EACH(struct keyed_state, state, &registry->states))
        state_table_abort(state->table, checkpoint);
}

uint64_t state_registry_bytes(const struct state_registry *registry)
{
    uint64_t bytes = 0;
    for (VEC_EACH(const struct keyed_state, state, &registry->states))
        bytes += state_table_memory(state->table).live_bytes;
    return bytes;
}
