/* SPDX-License-Identifier: Apache-2.0
 *
 * Values, and what all kinds have in common: their tables, their names, their clean-up.
 */
#include "core/exec/user_state.h"

#include "core/exec/user_state_parts.h"

enum { SLOTS_PER_ENTRY = 64 }; /* empty ones passed at most for one entry looked at, about */

static uint32_t table_value_size(const struct user_state *state)
{
    const struct user_state_spec *spec = state->spec;
    if (spec->kind == USER_LIST || spec->value_size == 0)
        return 0;
    return user_has_ttl(state) ? STAMP_SIZE + record_padded(spec->value_size) : spec->value_size;
}

/* The table's values begin with their stamp and stand for themselves. */
static bool is_stamped(const struct user_state *state)
{
    enum user_state_kind kind = state->spec->kind;
    return user_has_ttl(state) && (kind == USER_VALUE || kind == USER_REDUCING);
}

static bool is_declared_well(const struct user_state *state)
{
    const struct user_state_spec *spec = state->spec;
    const char *wrong = NULL;
    if (spec->kind == USER_REDUCING && (spec->value_size == 0 || !spec->reduce))
        wrong = "what is reduced needs a fixed size and a function";
    if (spec->kind == USER_MAP &&
        (spec->map_key_size == 0 || spec->map_key_size > USER_MAP_KEY_MAX))
        wrong = "keys of a map have a fixed size of 1 to 64 bytes";
    if (spec->ttl.time < 0)
        wrong = "a time to live is not negative";
    if (wrong)
        operator_fail(state->op, CAUSE_USER_CODE, "state '%s': %s", spec->name, wrong);
    return !wrong;
}

bool user_state_open(struct user_state *state, struct operator* op,
                     const struct user_state_spec *spec, const struct key_spec *key)
{
    CHECK(key->size > 0);
    CHECK(spec->kind < USER_STATE_KIND_COUNT);
    *state = (struct user_state){ .op = op, .spec = spec, .key_size = key->size };
    if (!is_declared_well(state))
        return false;
    struct keyed_state_spec table = { .name = spec->name,
                                      .key_size = key->size,
                                      .value_size = table_value_size(state),
                                      .key_hash = key->hash,
                                      .value = spec->value,
                                      .form = { spec->kind, spec->ttl.time > 0 },
                                      .stamped = is_stamped(state) };
    state->scratch = mem_create((size_t)key->size + USER_MAP_KEY_MAX);
    if (spec->kind == USER_MAP) {
        if (!user_map_open(state, &table))
            return false;
    } else {
        state->table = operator_keyed_state(op, &table);
    }
    if (!state->table)
        return false;
    state->cleaned.group = state_table_spec(state->table)->range.first;
    user_state_clean(state, UINT32_MAX); /* what has expired since the snapshot */
    return true;
}

void user_state_close(struct user_state *state)
{
    mem_destroy(state->scratch);
    *state = (struct user_state){ 0 };
}

uint8_t *user_state_write(struct user_state *state, struct state_table *table, struct state_key key,
                          uint32_t size)
{
    struct note note = { { 0 } };
    void *value = NULL;
    struct err e = state_table_spec(table)->value_size > 0
                       ? state_table_resolve_one(table, key, &value, NULL, &note)
                       : state_table_resize(table, key, size, &value, &note);
    if (!err_is(e))
        return value;
    operator_fail(state->op, CAUSE_USER_CODE, "state '%s': %s", state->spec->name, note.text);
    return NULL;
}

/* The entry that the cursor has just found, if it has expired. */
static void clean_entry(struct user_state *state, const struct state_entry *entry)
{
    struct state_key key = { state->scratch, entry->key_size, state->cleaned.group };
    bool is_list = state->spec->kind == USER_LIST;
    if (is_list ? user_list_is_clean(state, entry->value, entry->value_size)
                : !user_is_expired(state, entry->value))
        return;
    memcpy(state->scratch, entry->key, entry->key_size);
    if (is_list)
        user_list_clean(state, key);
    else if (state->spec->kind == USER_MAP)
        user_map_unlink(state, key);
    else
        state_table_remove(state->table, key);
    state->cleaned.next--; /* another entry may have come to its place */
}

void user_state_clean(struct user_state *state, uint32_t entries)
{
    struct key_group_range range = state_table_spec(state->table)->range;
    struct state_entry entry;
    uint64_t slots = 0;
    if (!user_has_ttl(state))
        return;
    int32_t groups = key_group_range_size(range);
    while (groups > 0 && entries > 0 && slots / SLOTS_PER_ENTRY <= entries) {
        uint64_t before = state->cleaned.next;
        if (state_table_next(state->table, &state->cleaned, &entry)) {
            slots += state->cleaned.next - before;
            clean_entry(state, &entry);
            entries--;
            continue;
        }
        slots += state->cleaned.next - before;
        int32_t group = state->cleaned.group;
        state->cleaned =
            (struct state_cursor){ .group = group == range.last ? range.first : group + 1 };
        groups--;
    }
}

void user_state_prepare(struct user_state *state)
{
    if (is_stamped(state))
        state_table_set_horizon(state->table, state->op->task->now - state->spec->ttl.time);
}

void user_state_clear(struct user_state *state, struct state_key key)
{
    state->changes++;
    if (state->spec->kind == USER_MAP)
        user_map_clear(state, key);
    else
        state_table_remove(state->table, key);
}

const void *user_value_get(struct user_state *state, struct state_key key, uint32_t *size)
{
    uint32_t all, head = user_stamp_size(state);
    const uint8_t *value = state_table_get(state->table, key, &all);
    if (!value)
        return NULL;
    if (user_is_expired(state, value)) {
        state_table_remove(state->table, key);
        return NULL;
    }
    if (user_renews_on_read(state)) {
        uint8_t *stamped = user_state_write(state, state->table, key, all);
        user_stamp(state, stamped);
        value = stamped;
    }
    if (size)
        *size = state->spec->value_size ? state->spec->value_size : all - head;
    return value + head;
}

void *user_value_put(struct user_state *state, struct state_key key, uint32_t size)
{
    const struct user_state_spec *spec = state->spec;
    if (spec->value_size > 0 && size != spec->value_size) {
        operator_fail(state->op, CAUSE_USER_CODE, "state '%s': a value of %u bytes, not %u",
                      spec->name, size, spec->value_size);
        return NULL;
    }
    if (size > STATE_VALUE_MAX - STAMP_SIZE) {
        operator_fail(state->op, CAUSE_USER_CODE, "state '%s': a value of %u bytes is too large",
                      spec->name, size);
        return NULL;
    }
    uint8_t *value = user_state_write(state, state->table, key, user_stamp_size(state) + size);
    if (!value)
        return NULL;
    user_stamp(state, value);
    return value + user_stamp_size(state);
}

void user_reduce_add(struct user_state *state, struct state_key key, const void *value)
{
    const struct user_state_spec *spec = state->spec;
    CHECK(spec->kind == USER_REDUCING);
    void *copy = NULL;
    value = state_table_set_aside(state->table, key.group, value, spec->value_size, &copy);
    bool is_first = !user_value_get(state, key, NULL);
    void *into = user_value_put(state, key, spec->value_size);
    if (into && is_first)
        memcpy(into, value, spec->value_size);
    else if (into)
        spec->reduce(spec->context, into, value);
    mem_destroy(copy);
}
