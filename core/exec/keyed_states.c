/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed states by name: made when asked for, restored from the files of the old subtasks.
 */
#include "core/exec/keyed_states.h"

#include "core/base/text.h"
#include "core/exec/chain.h"

enum { SUBTASK_BITS = 16 }; /* MAX_PARALLELISM_LIMIT */

static uint64_t name_key(uint64_t checkpoint, uint32_t subtask)
{
    return checkpoint << SUBTASK_BITS | subtask;
}

void state_registry_fini(struct state_registry *registry)
{
    for (VEC_EACH(struct keyed_state, state, &registry->states)) {
        state_table_destroy(state->table);
        state_chain_fini(&state->chain);
    }
    vec_fini(&registry->states);
    index_map_fini(&registry->older_by_name);
}

void state_registry_lend(struct state_registry *registry, const struct task_snapshot_file *files,
                         size_t count)
{
    registry->files = files;
    registry->file_count = count;
    if (!files)
        state_registry_lend_older(registry, NULL, 0);
}

void state_registry_lend_older(struct state_registry *registry,
                               const struct task_snapshot_file *older, size_t count)
{
    registry->older = older;
    index_map_fini(&registry->older_by_name);
    registry->older_count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = name_key(older[i].identity.checkpoint, older[i].identity.subtask);
        if (index_map_get(&registry->older_by_name, key) == INDEX_NONE)
            index_map_put(&registry->older_by_name, key, (uint32_t)i);
    }
}

static const struct snapshot_section *section_of(const struct task_snapshot_file *file,
                                                 enum section_kind kind,
                                                 const struct keyed_state *state)
{
    return task_snapshot_find(file, kind, state->op, state->identity.name);
}

/* Old subtasks without a file had finished before the checkpoint: no record of theirs is to come,
 * and their state is gone with them, as in Flink. first: a file in which the state is; those of all
 * others that have it are of the same subtasks (restore_from). */
static void restore_finished(const struct state_registry *registry, const struct keyed_state *state,
                             const struct task_snapshot_identity *first,
                             struct state_restore *restore)
{
    bool *found = mem_create_array(first->parallelism, sizeof *found);
    for (size_t i = 0; i < registry->file_count; i++)
        if (section_of(&registry->files[i], SECTION_KEYED, state))
            found[registry->files[i].identity.subtask] = true;
    for (uint32_t s = 0; s < first->parallelism; s++)
        if (!found[s])
            state_restore_absent(
                restore,
                key_group_range_of((int32_t)s, (int32_t)first->parallelism, first->max_parallelism),
                first->checkpoint);
    mem_destroy(found);
}

/* One file's part of the state, for these key groups; out_added: as state_restore_add_part. */
static MUST_CHECK struct err restore_part(const struct task_snapshot_file *file,
                                          const struct state_part *part,
                                          const struct keyed_state *state,
                                          struct state_restore *restore, uint64_t *out_added,
                                          struct note *note)
{
    const struct snapshot_section *section = section_of(file, SECTION_KEYED, state);
    if (!section)
        return err_note(note, ERR_BAD_VALUE_CODE, "it is not in what subtask %u stored in %llu",
                        part->subtask, (unsigned long long)part->checkpoint);
    return state_restore_add_part(restore, file->bytes + section->offset, section->size,
                                  part->range, out_added, note);
}

/* Where the operators of a task were in several, each had its files: one of them is meant. */
static const struct task_snapshot_file *older_with(const struct state_registry *registry,
                                                   const struct state_part *part,
                                                   const struct keyed_state *state)
{
    uint32_t first =
        index_map_get(&registry->older_by_name, name_key(part->checkpoint, part->subtask));
    for (size_t i = first; first != INDEX_NONE && i < registry->older_count; i++) {
        const struct task_snapshot_identity *of = &registry->older[i].identity;
        if (of->checkpoint == part->checkpoint && of->subtask == part->subtask &&
            section_of(&registry->older[i], SECTION_KEYED, state))
            return &registry->older[i];
    }
    return first == INDEX_NONE ? NULL : &registry->older[first];
}

static MUST_CHECK struct err restore_older(const struct state_registry *registry,
                                           const struct state_part *part, struct keyed_state *state,
                                           struct state_restore *restore, struct note *note)
{
    const struct task_snapshot_file *older = older_with(registry, part, state);
    uint64_t added;
    if (key_group_range_overlap(part->range, registry->groups) == 0)
        return OK;
    if (!older)
        return err_note(note, ERR_MISSING_CODE,
                        "what subtask %u stored in checkpoint %llu is missing", part->subtask,
                        (unsigned long long)part->checkpoint);
    return restore_part(older, part, state, restore, &added, note);
}

/* Of one old subtask: the files that its own adds to, then that; they are its chain. */
static MUST_CHECK struct err restore_chain(const struct state_registry *registry,
                                           const struct task_snapshot_file *file,
                                           struct keyed_state *state, struct state_restore *restore,
                                           struct state_parts *parts, struct note *note)
{
    const struct task_snapshot_identity *of = &file->identity;
    const struct snapshot_section *section = section_of(file, SECTION_CHAIN, state);
    struct state_part own = { .checkpoint = of->checkpoint,
                              .subtask = of->subtask,
                              .range = task_snapshot_groups(of) };
    uint64_t added;
    vec_clear(parts);
    parts->turn = state_turn_full(own.range);
    if (section)
        TRY(state_parts_read(file, section, parts, note));
    for (VEC_EACH(const struct state_part, part, parts))
        TRY(restore_older(registry, part, state, restore, note));
    TRY(restore_part(file, &own, state, restore, &added, note));
    state_parts_end(parts, of, section_of(file, SECTION_KEYED, state)->size, added);
    return OK;
}

/* Files of old subtasks that had none of the key groups are not looked into. */
static MUST_CHECK struct err restore_from(const struct state_registry *registry,
                                          struct keyed_state *state, uint32_t parallelism,
                                          struct state_restore *restore, struct note *note)
{
    for (size_t i = 0; i < registry->file_count; i++) {
        const struct task_snapshot_file *file = &registry->files[i];
        struct key_group_range range = task_snapshot_groups(&file->identity);
        if (!section_of(file, SECTION_KEYED, state))
            continue;
        if (file->identity.parallelism != parallelism)
            return err_note(note, ERR_BAD_VALUE_CODE, "files of different snapshots");
        if (key_group_range_overlap(range, registry->groups) > 0)
            TRY(restore_chain(registry, file, state, restore, &state->chain.confirmed, note));
    }
    return OK;
}

/* Null: it is in none. */
static const struct task_snapshot_identity *first_with(const struct state_registry *registry,
                                                       const struct keyed_state *state)
{
    for (size_t i = 0; i < registry->file_count; i++)
        if (section_of(&registry->files[i], SECTION_KEYED, state))
            return &registry->files[i].identity;
    return NULL;
}

/* Had an old subtask just the key groups of this one, at whatever parallelism? A table that is put
 * together from others' files, or from a part of one, is in no file of its own: the next snapshot
 * is a full one. Source: RocksDBIncrementalRestoreOperation.initBaseDBFromSingleStateHandle. */
static bool has_own_file(const struct state_registry *registry, const struct keyed_state *state)
{
    for (size_t i = 0; i < registry->file_count; i++) {
        struct key_group_range range = task_snapshot_groups(&registry->files[i].identity);
        if (range.first == registry->groups.first && range.last == registry->groups.last &&
            section_of(&registry->files[i], SECTION_KEYED, state))
            return true;
    }
    return false;
}

/* A state that is new since the snapshot begins empty, as in Flink. */
static MUST_CHECK struct err restore(const struct state_registry *registry,
                                     struct keyed_state *state, struct note *note)
{
    const struct task_snapshot_identity *first = first_with(registry, state);
    if (!first)
        return OK;
    struct state_restore *restore = state_restore_begin(state->table, &state->identity);
    struct err e = restore_from(registry, state, first->parallelism, restore, note);
    if (err_is(e)) {
        state_restore_cancel(restore);
        return e;
    }
    restore_finished(registry, state, first, restore);
    bool is_base = registry->builds_on_restored && has_own_file(registry, state);
    if (!is_base)
        vec_clear(&state->chain.confirmed);
    return state_restore_finish(restore, is_base, note);
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
        if (state->place == op->place && text_equal(state->identity.name, spec->name)) {
            operator_fail(op, CAUSE_USER_CODE, "state '%s' is registered twice", spec->name);
            return NULL;
        }
    struct keyed_state state = { .op = op->spec->id,
                                 .place = op->place,
                                 .timers = spec->timers,
                                 .identity = { .job = registry->task.job,
                                               .operator_uid = { op->spec->id },
                                               .key = spec->key,
                                               .value = spec->value,
                                               .form = spec->form } };
    text_format(state.identity.name, sizeof state.identity.name, "%s", spec->name);
    state.table =
        state_table_create(&(struct state_spec){ .key_size = spec->key_size,
                                                 .value_size = spec->value_size,
                                                 .key_hash = spec->key_hash,
                                                 .stamped = spec->stamped,
                                                 .max_parallelism = registry->task.max_parallelism,
                                                 .range = registry->groups,
                                                 .incremental = registry->incremental });
    vec_push(&registry->states, state);
    struct err e = restore(registry, &vec_last(&registry->states), &note);
    if (!err_is(e))
        return state.table;
    if (memcmp(note.text, "state '", strlen("state '")) == 0)
        operator_fail(op, CAUSE_RESTORE, "%s", note.text);
    else
        operator_fail(op, CAUSE_RESTORE, "state '%s': %s", spec->name, note.text);
    return NULL;
}

/* Not of one that this attempt did not take, that nothing may build on, or that a newer one has
 * made useless. */
void state_registry_confirm(struct state_registry *registry, uint64_t checkpoint)
{
    for (VEC_EACH(struct keyed_state, state, &registry->states)) {
        if (!state_chain_awaits(&state->chain, checkpoint))
            continue;
        if (!err_is(state_table_confirm(state->table, checkpoint)))
            state_chain_confirm(&state->chain, checkpoint);
    }
}

void state_registry_abort(struct state_registry *registry, uint64_t checkpoint)
{
    for (VEC_EACH(struct keyed_state, state, &registry->states)) {
        state_chain_abort(&state->chain, checkpoint);
        state_table_abort(state->table, checkpoint);
    }
}

uint64_t state_registry_bytes(const struct state_registry *registry)
{
    uint64_t bytes = 0;
    for (VEC_EACH(const struct keyed_state, state, &registry->states))
        bytes += state_table_memory(state->table).live_bytes;
    return bytes;
}

uint64_t state_registry_timers(const struct state_registry *registry)
{
    uint64_t timers = 0;
    for (VEC_EACH(const struct keyed_state, state, &registry->states))
        timers += state->timers ? state_table_memory(state->table).entries : 0;
    return timers;
}
